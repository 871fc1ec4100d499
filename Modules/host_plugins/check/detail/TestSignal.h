#pragma once

#include <cstdint>

namespace host::check
{

/** What goes into a plugin. Never above 1. */
class TestSignal
{
public:
    enum class Kind
    {
        silence,
        noise,     ///< white, up to 0.5
        fullScale, ///< a square wave of 48 samples
        denormals
    };

    /** The next samples of a channel. Wait-free. */
    void fill (Kind kind, float* samples, int numSamples, std::int64_t position) noexcept
    {
        for (int i = 0; i < numSamples; ++i)
            samples[i] = make (kind, position + i);
    }

private:
    float make (Kind kind, std::int64_t position) noexcept
    {
        switch (kind)
        {
            case Kind::silence: return 0.0f;
            case Kind::fullScale: return position % 48 < 24 ? 1.0f : -1.0f;
            case Kind::denormals: return position % 2 == 0 ? 1.0e-39f : -1.0e-39f;
            case Kind::noise: break;
        }

        // Marsaglia's xorshift (2003): the same noise in every run.
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        return static_cast<float> (static_cast<std::int32_t> (seed)) * (0.5f / 2147483648.0f);
    }

    std::uint32_t seed = 2463534242u;
};

} // namespace host::check
