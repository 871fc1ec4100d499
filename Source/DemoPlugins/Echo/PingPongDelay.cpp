#include "PingPongDelay.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace demo
{

namespace
{

constexpr auto smoothingSeconds = 0.02;
constexpr auto fadeSeconds = 0.05;
constexpr auto rumbleCutoff = 90.0; // Hz
constexpr auto silence = 1.0e-6f;   // -120 dB: repeats below it are dropped

float poleFor (double cutoff, double sampleRate)
{
    return static_cast<float> (std::exp (-2.0 * std::numbers::pi * cutoff / sampleRate));
}

} // namespace

float PingPongDelay::Damping::process (float input, float lowPass, float highPass) noexcept
{
    low = input + (low - input) * lowPass;
    rumble = low + (rumble - low) * highPass;
    return low - rumble;
}

void PingPongDelay::prepare (double newSampleRate)
{
    sampleRate = newSampleRate;
    fadeLength = static_cast<int> (fadeSeconds * sampleRate);
    rumblePole = poleFor (rumbleCutoff, sampleRate);

    for (auto& line : lines)
        line.assign (static_cast<std::size_t> (maxDelaySeconds * sampleRate) + 1, 0.0f);

    for (auto* value : { &feedback, &dry, &wet, &tonePole })
        value->prepare (smoothingSeconds, sampleRate);

    reset();
}

void PingPongDelay::reset() noexcept
{
    for (auto& line : lines)
        std::fill (line.begin(), line.end(), 0.0f);

    isAsleep = true;
}

void PingPongDelay::wakeUp() noexcept
{
    for (auto* value : { &feedback, &dry, &wet, &tonePole })
        value->snap();

    damping = {};
    delay = wantedDelay;
    fade = 0;
    position = 0;
    silentSamples = 0;
    isAsleep = false;
}

void PingPongDelay::setDelay (double samples) noexcept
{
    const auto longest = static_cast<double> (lines[0].size()) - 1.0;
    wantedDelay = static_cast<std::size_t> (std::clamp (std::round (samples), 1.0, longest));
}

void PingPongDelay::setMix (float mix) noexcept
{
    dry.setTarget (std::min (1.0f, 2.0f - 2.0f * mix));
    wet.setTarget (std::min (1.0f, 2.0f * mix));
}

void PingPongDelay::setTone (float cutoff) noexcept
{
    tonePole.setTarget (poleFor (static_cast<double> (cutoff), sampleRate));
}

float PingPongDelay::read (std::size_t line, std::size_t back) const noexcept
{
    const auto& samples = lines[line];
    return samples[position >= back ? position - back : position + samples.size() - back];
}

float PingPongDelay::readFaded (std::size_t line) const noexcept
{
    if (fade == 0)
        return read (line, delay);

    const auto old = static_cast<float> (fade) / static_cast<float> (fadeLength);
    return old * read (line, delayBefore) + (1.0f - old) * read (line, delay);
}

void PingPongDelay::process (const float* inLeft, const float* inRight, float* outLeft, float* outRight,
                             int numSamples) noexcept
{
    for (int i = 0; i < numSamples; ++i)
    {
        const auto left = inLeft[i], right = inRight[i];
        const auto isSilent = left == 0.0f && right == 0.0f;

        if (isAsleep)
        {
            if (isSilent)
            {
                outLeft[i] = outRight[i] = 0.0f;
                continue;
            }

            wakeUp();
        }

        // One fade at a time; a delay that was asked for meanwhile follows.
        if (fade == 0 && delay != wantedDelay)
        {
            delayBefore = delay;
            delay = wantedDelay;
            fade = fadeLength;
        }

        const auto echoLeft = readFaded (0), echoRight = readFaded (1);
        const auto gain = feedback.next(), dryGain = dry.next(), wetGain = wet.next(), pole = tonePole.next();

        // Sound enters on the left; what the left repeats goes on to the right, and back.
        auto nextLeft = 0.5f * (left + right) + gain * damping[0].process (echoRight, pole, rumblePole);
        auto nextRight = gain * damping[1].process (echoLeft, pole, rumblePole);

        if (isSilent && std::abs (nextLeft) < silence)
            nextLeft = 0.0f;

        if (isSilent && std::abs (nextRight) < silence)
            nextRight = 0.0f;

        lines[0][position] = nextLeft;
        lines[1][position] = nextRight;
        outLeft[i] = dryGain * left + wetGain * echoLeft;
        outRight[i] = dryGain * right + wetGain * echoRight;

        position = position + 1 == lines[0].size() ? 0 : position + 1;
        fade = std::max (fade - 1, 0);

        // Only once the lines hold nothing but zeros: sleep then changes nothing that could be heard.
        silentSamples = isSilent && nextLeft == 0.0f && nextRight == 0.0f ? silentSamples + 1 : 0;
        isAsleep = silentSamples >= lines[0].size();
    }
}

double PingPongDelay::getTailSeconds (double delaySeconds, double feedback)
{
    const auto repeats = feedback < 1.0e-4 ? 1.0 : 1.0 + std::ceil (std::log (1.0e-4) / std::log (feedback));
    return delaySeconds * repeats;
}

} // namespace demo
