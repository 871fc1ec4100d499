#include "rt_guard.h"

#include "Records.cpp"
#include "Suppressions.cpp"
#include "Symbols.cpp"
