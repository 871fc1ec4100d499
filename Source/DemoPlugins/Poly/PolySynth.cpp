#include "PolySynth.h"

#include "../Dsp/SoftLimit.h"

#include <algorithm>
#include <cmath>

namespace demo
{

namespace
{

constexpr auto smoothingSeconds = 0.01;
constexpr auto fadeOfStolenVoice = 0.006; // seconds
constexpr auto filterAttack = 0.002;      // seconds
constexpr auto keyTracking = 0.6f;        // octaves of cutoff for an octave of pitch
constexpr auto voiceGain = 0.4f;
constexpr auto oscillatorSpread = 0.3f; // how far the two oscillators of a voice are apart in stereo

/** From one start phase to the next: the golden ratio spreads them evenly. */
constexpr auto phaseStep = 0.6180339887498949;

} // namespace

void PolySynth::prepare (double newSampleRate)
{
    sampleRate = newSampleRate;
    chorus.prepare (sampleRate);

    for (auto* value : { &wave, &detune, &octave, &damping, &filterAmount, &chorusAmount, &level, &pitchBend })
        value->prepare (smoothingSeconds, sampleRate / grid);

    dyingShape = { { .release = fadeOfStolenVoice }, sampleRate };
    reset();
}

void PolySynth::reset() noexcept
{
    for (auto& voice : voices)
        voice = {};

    pedalIsDown = false;
    isAsleep = true;
}

void PolySynth::setSettings (const Settings& settings) noexcept
{
    amplitudeShape = { settings.amplitude, sampleRate };
    brightnessShape = { { filterAttack, settings.filterDecay, 0.0, settings.filterDecay }, sampleRate };
    wave.setTarget (settings.wave);
    detune.setTarget (settings.detune);
    octave.setTarget (std::log2 (settings.cutoff));
    damping.setTarget (2.0f - 1.85f * settings.resonance);
    filterAmount.setTarget (settings.filterAmount);
    chorusAmount.setTarget (settings.chorus);
    level.setTarget (settings.level);
    pitchBend.setTarget (settings.pitchBend);
}

void PolySynth::wakeUp() noexcept
{
    chorus.reset();

    for (auto* value : { &wave, &detune, &octave, &damping, &filterAmount, &chorusAmount, &level, &pitchBend })
        value->snap();

    levelBefore = level.getValue();
    chorusBefore = chorusAmount.getValue();
    step = 0;
    stepHasSound = false;
    silentSamples = 0;
    noteCount = 0;
    isAsleep = false;
}

PolySynth::Voice& PolySynth::findVoiceForNewNote() noexcept
{
    const auto isSounding = [] (const Voice& v) { return v.amplitude.isActive() && ! v.isDying; };

    if (std::count_if (voices.begin(), voices.end(), isSounding) >= numVoices)
    {
        // The one that is missed least: released before held, then the oldest.
        auto* victim = &voices[0];

        for (auto& v : voices)
            if (isSounding (v)
                && (! isSounding (*victim) || std::pair (v.isHeld, v.age) < std::pair (victim->isHeld, victim->age)))
                victim = &v;

        victim->isDying = true;
        victim->amplitude.release();
    }

    // A free one, or in a great crowd the one that has faded most.
    return *std::min_element (
        voices.begin(), voices.end(), [&] (const Voice& a, const Voice& b)
        { return std::pair (isSounding (a), a.amplitude.getValue()) < std::pair (isSounding (b), b.amplitude.getValue()); });
}

void PolySynth::noteOn (int channel, int pitch, float velocity) noexcept
{
    if (isAsleep)
        wakeUp();

    auto& voice = findVoiceForNewNote();
    voice = {};
    voice.channel = channel;
    voice.pitch = pitch;
    voice.velocity = velocity;
    voice.loudness = voiceGain * std::pow (velocity, 1.4f);
    voice.age = ++noteCount;
    voice.isHeld = true;

    for (auto& oscillator : voice.oscillators)
    {
        const auto index = 2.0 * noteCount + (&oscillator == &voice.oscillators[1] ? 1.0 : 0.0);
        oscillator.start (phaseStep * index - std::floor (phaseStep * index));
    }

    voice.amplitude.start();
    voice.brightness.start();
    updatePitch (voice);
    voice.filter.start (getFilterGain (voice));
}

void PolySynth::noteOff (int channel, int pitch) noexcept
{
    for (auto& voice : voices)
    {
        if (voice.isHeld && voice.channel == channel && voice.pitch == pitch)
        {
            voice.isHeld = false;

            if (! pedalIsDown)
            {
                voice.amplitude.release();
                voice.brightness.release();
            }
        }
    }
}

void PolySynth::setSustainPedal (bool down) noexcept
{
    pedalIsDown = down;

    if (down)
        return;

    for (auto& voice : voices)
    {
        if (! voice.isHeld)
        {
            voice.amplitude.release();
            voice.brightness.release();
        }
    }
}

float PolySynth::getFilterGain (const Voice& voice) const noexcept
{
    const auto opening = filterAmount.getValue() * voice.brightness.getValue() * (0.3f + 0.7f * voice.velocity);
    const auto key = keyTracking * static_cast<float> (voice.pitch - 60) / 12.0f;
    return LowPass::gainFor (std::exp2 (static_cast<double> (octave.getValue() + opening + key)), sampleRate);
}

void PolySynth::updatePitch (Voice& voice) noexcept
{
    const auto pitch = static_cast<double> (static_cast<float> (voice.pitch - 69) + pitchBend.getValue());
    const auto spread = 0.005 * static_cast<double> (detune.getValue()); // semitones to either side
    const auto increment = [&] (double semitones)
    { return std::min (440.0 * std::exp2 (semitones / 12.0) / sampleRate, 0.45); };

    voice.oscillators[0].setIncrement (increment (pitch - spread));
    voice.oscillators[1].setIncrement (increment (pitch + spread));
}

void PolySynth::updateControls() noexcept
{
    levelBefore = level.getValue();
    chorusBefore = chorusAmount.getValue();

    for (auto* value : { &wave, &detune, &octave, &damping, &filterAmount, &chorusAmount, &level, &pitchBend })
        value->next();

    chorus.advance (grid);

    for (auto& voice : voices)
    {
        if (voice.amplitude.isActive())
        {
            updatePitch (voice);
            voice.filter.glideTo (getFilterGain (voice), grid);
        }
    }
}

void PolySynth::process (float* left, float* right, int numSamples) noexcept
{
    for (int done = 0; done < numSamples;)
    {
        if (isAsleep)
        {
            std::fill (left + done, left + numSamples, 0.0f);
            std::fill (right + done, right + numSamples, 0.0f);
            return;
        }

        if (step == 0)
            updateControls();

        const auto count = std::min (numSamples - done, grid - step);
        float mix[2][grid] = {};

        for (auto& voice : voices)
        {
            if (! voice.amplitude.isActive())
                continue;

            stepHasSound = true;
            const auto& shape = voice.isDying ? dyingShape : amplitudeShape;

            for (int i = 0; i < count; ++i)
            {
                const auto first = voice.oscillators[0].next (wave.getValue());
                const auto second = voice.oscillators[1].next (wave.getValue());
                auto l = (0.5f + oscillatorSpread) * first + (0.5f - oscillatorSpread) * second;
                auto r = (0.5f - oscillatorSpread) * first + (0.5f + oscillatorSpread) * second;

                voice.brightness.next (brightnessShape);
                voice.filter.process (l, r, damping.getValue());

                const auto gain = voice.amplitude.next (shape) * voice.loudness;
                mix[0][i] += gain * l;
                mix[1][i] += gain * r;
            }
        }

        for (int i = 0; i < count; ++i)
        {
            const auto between = static_cast<float> (step + i + 1) / grid;
            const auto currentLevel = levelBefore + between * (level.getValue() - levelBefore);
            const auto currentChorus = chorusBefore + between * (chorusAmount.getValue() - chorusBefore);

            chorus.process (mix[0][i], mix[1][i], currentChorus);
            left[done + i] = softLimit (currentLevel * mix[0][i]);
            right[done + i] = softLimit (currentLevel * mix[1][i]);
        }

        done += count;
        step += count;

        if (step == grid)
        {
            step = 0;
            silentSamples = stepHasSound ? 0 : silentSamples + grid;
            isAsleep = silentSamples >= chorus.getLength();
            stepHasSound = false;
        }
    }
}

std::uint32_t PolySynth::getTailSamples (double releaseSeconds, double sampleRate)
{
    return static_cast<std::uint32_t> (std::ceil ((releaseSeconds + 0.05) * sampleRate));
}

} // namespace demo
