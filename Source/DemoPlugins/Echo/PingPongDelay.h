#pragma once

#include "../Dsp/Smoothed.h"

#include <array>
#include <vector>

namespace demo
{

/** The sound of AudioHost Echo: repeats that bounce from left to right, each darker and softer than the one before.

    A new delay time fades in over the old one, so that the pitch of what is in the air does not bend. Everything counts in
    samples from the first sound out of silence, so how the host cuts its blocks makes no difference.

    prepare() allocates; the rest does not, and belongs to one thread.
*/
class PingPongDelay
{
public:
    static constexpr double maxDelaySeconds = 8.0;
    static constexpr float maxFeedback = 0.95f;

    void prepare (double sampleRate);
    void reset() noexcept;

    /** Rounded to whole samples and held within 1 and maxDelaySeconds. */
    void setDelay (double samples) noexcept;
    void setFeedback (float gain) noexcept { feedback.setTarget (gain); }

    /** 0 is dry; 0.5 both in full; 1 is wet. */
    void setMix (float mix) noexcept;

    /** Where the repeats lose their highs, in Hz. */
    void setTone (float cutoff) noexcept;

    void process (const float* inLeft, const float* inRight, float* outLeft, float* outRight, int numSamples) noexcept;

    /** Seconds until the repeats of a full-scale sound are below -80 dB. */
    static double getTailSeconds (double delaySeconds, double feedback);

private:
    /** What each repeat loses: highs and rumble, by one-pole filters whose poles are given. */
    struct Damping
    {
        float low = 0.0f;
        float rumble = 0.0f;

        float process (float input, float lowPass, float highPass) noexcept;
    };

    void wakeUp() noexcept;
    float read (std::size_t line, std::size_t delay) const noexcept;
    float readFaded (std::size_t line) const noexcept;

    double sampleRate = 48000.0;
    std::array<std::vector<float>, 2> lines;
    std::array<Damping, 2> damping{};
    std::size_t position = 0;

    std::size_t delay = 1, delayBefore = 1, wantedDelay = 1;
    int fade = 0; // samples of the fade from delayBefore to delay that remain
    int fadeLength = 1;
    float rumblePole = 0.0f;

    Smoothed feedback, dry, wet, tonePole;

    std::size_t silentSamples = 0;
    bool isAsleep = true;
};

} // namespace demo
