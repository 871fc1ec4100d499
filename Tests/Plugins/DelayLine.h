#pragma once

#include <cstddef>
#include <vector>

namespace test
{

/** A delay of exactly n samples, 0 to its capacity; a change of n reads from elsewhere at once. */
class DelayLine
{
public:
    void prepare (int capacity) { samples.assign (static_cast<std::size_t> (capacity) + 1, 0.0f); }
    void reset() noexcept { samples.assign (samples.size(), 0.0f); }

    float process (float input, int delay) noexcept
    {
        samples[position] = input;
        const auto back = static_cast<std::size_t> (delay);
        const auto output = samples[position >= back ? position - back : position + samples.size() - back];
        position = position + 1 == samples.size() ? 0 : position + 1;
        return output;
    }

private:
    std::vector<float> samples;
    std::size_t position = 0;
};

} // namespace test
