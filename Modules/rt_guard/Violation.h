#pragma once

#include "Phase.h"

#include <cstdint>
#include <string>
#include <vector>

namespace rt::guard
{

/** A site: one function called by one node with one stack, however often. */
struct Violation
{
    std::string
        function; ///< "malloc", "operator new", "pthread_mutex_lock", ...; "syscall futex" if the system call net saw it
    std::uint32_t node = 0;       ///< 0: the host itself, outside any node
    std::string nodeName;         ///< as setNodeName() gave it; else empty
    Phase phase = Phase::process; ///< of the first call
    std::uint64_t count = 0;
    std::uint64_t contended = 0;    ///< calls of `count` that had to wait for a lock that another thread held
    std::uint64_t firstBlock = 0;   ///< the RealtimeScope's block of the first call
    double worstMicros = 0.0;       ///< the longest that the call itself took
    std::string module;             ///< file name of the innermost module that is not the C or C++ library or the guard
    std::string by;                 ///< "host" when that module is the executable, else "plugin"
    std::string caller;             ///< the module's function that made the call; named only when a suppression asks for it
    std::vector<std::string> stack; ///< innermost first, from the caller of `function` to whoever opened the scope
};

} // namespace rt::guard
