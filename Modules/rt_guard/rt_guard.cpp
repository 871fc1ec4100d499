#include "rt_guard.h"

#include "Records.cpp"
#include "Symbols.cpp"
