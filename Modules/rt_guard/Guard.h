#pragma once

#include "Mode.h"
#include "Snapshot.h"

#include <cstdint>
#include <string>
#include <vector>

namespace rt::guard
{

/** Once, before the first RealtimeScope, on any thread: makes the first violation as cheap as the others (the unwinder's
    first use loads and allocates; the table's pages are touched). */
void warmUp();

/** Whether violations shall have their stacks: the first that leads through a large module takes a tenth of a second, for that module's
    debug information. */
enum class Stacks
{
    none, ///< left empty
    named
};

/** All that was recorded, made readable. Not real-time; any thread but the audio thread, while others go on recording. A module
    that has been unloaded since can no longer be named, so ask before unloading. */
Snapshot getSnapshot (Stacks = Stacks::named);

/** The sites first seen since the last call of this; their counts are as of now. Not real-time. */
std::vector<Violation> takeNewSites (Stacks = Stacks::named);

/** Forgets everything recorded. Not real-time; calls that others make meanwhile are forgotten too. */
void reset();

/** Calls recorded since the start or the last reset, overflow and what suppressions cover included: a change says that there is
    something new to look at. Any thread. Wait-free, some microseconds. */
std::uint64_t getViolationCount() noexcept;

/** The name that violations of this node show, and suppressions match; an empty one takes it away. Not real-time; any thread. */
void setNodeName (std::uint32_t node, std::string name);

/** The linker's names of what the executable interposes. Empty in sanitizer builds, where the sanitizer's own interceptors
    stay and its allocation hooks feed the guard. */
std::vector<std::string> getInterposedSymbols();

} // namespace rt::guard
