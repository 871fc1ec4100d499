#pragma once

#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

namespace test
{

/** The amplitude of a sine of that frequency in a signal: one bin of a discrete Fourier transform. Exact if a whole number of
    its cycles fits. */
inline double amplitudeAt (const std::vector<float>& signal, double frequency, double sampleRate)
{
    std::complex<double> sum;

    for (std::size_t i = 0; i < signal.size(); ++i)
        sum += static_cast<double> (signal[i])
               * std::polar (1.0, -2.0 * std::numbers::pi * frequency * static_cast<double> (i) / sampleRate);

    return 2.0 * std::abs (sum) / static_cast<double> (signal.size());
}

inline double toDecibels (double gain) { return 20.0 * std::log10 (gain); }

} // namespace test
