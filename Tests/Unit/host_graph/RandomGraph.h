#pragma once

#include "Scenario.h"

#include <cstdint>
#include <random>
#include <set>
#include <vector>

namespace graphtest
{

/** The same numbers with every library. */
class Random
{
public:
    explicit Random (std::uint32_t seed) : engine (seed) {}

    int below (int end) { return int (engine() % std::uint32_t (end)); }
    int between (int first, int last) { return first + below (last - first + 1); }
    bool oneIn (int n) { return below (n) == 0; }
    float between (float low, float high) { return low + (high - low) * (float (engine() >> 8) / 16777216.0f); }

    template <typename T>
    const T& oneOf (const std::vector<T>& values)
    {
        return values[std::size_t (below (int (values.size())))];
    }

private:
    std::mt19937 engine;
};

struct Limits
{
    int maxNodes = 200;
    int minSamples = 300, maxSamples = 2000;
    int maxEdits = 0;
    int maxLatency = 120;   ///< of a node
    bool hasWideMixes = false; ///< inputs with dozens of sources, which are summed up step by step
    bool onlySines = false; ///< sines through gains of at most 1 and delays, no MIDI, no loops, sinks that stay
    bool hasFixedPart =
        false; ///< beside the rest: nodes with an outlet of their own, outlets last, that no edit touches and
               ///< whose path is the latest of all, so that no edit moves it
};

/** The same for the same seed and limits. */
Scenario makeScenario (std::uint32_t seed, const Limits&);

/** Cut into blocks of other lengths: 0 is random. */
void setBlocks (Scenario&, int numSamples, int blockLength, std::uint32_t seed);

} // namespace graphtest
