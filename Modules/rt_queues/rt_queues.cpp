// Nearly all of this module is in its headers; compiling them here shows that they stand on their own.
#include "rt_queues.h"

// What a MirroredRing asks the system for.
#include "FileLock.cpp"
#include "MirroredMemory.cpp"
#include "MirroredRing.cpp"
#include "SharedFile.cpp"
#include "SharedFutex.cpp"
