#pragma once

#include <pluginterfaces/base/ibstream.h>

#include <atomic>
#include <vector>

namespace vst3
{

/** Saves normalised values, each with its parameter's id. Any thread. */
bool writeState (Steinberg::IBStream*, const std::vector<std::atomic<double>>& values);

/** Reads what writeState() wrote, today's version or one with fewer or more parameters. Whatever else it is given, it
    returns false and changes nothing. Values that are no number are left out. */
bool readState (Steinberg::IBStream*, std::vector<std::atomic<double>>& values);

} // namespace vst3
