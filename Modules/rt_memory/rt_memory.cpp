// All of this module is in its headers; compiling them here shows that they stand on their own.
#include "rt_memory.h"
