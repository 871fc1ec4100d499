#pragma once

#include "../Dsp/Chorus.h"
#include "../Dsp/Envelope.h"
#include "../Dsp/LowPass.h"
#include "../Dsp/Oscillator.h"
#include "../Dsp/Smoothed.h"

#include <array>
#include <cstdint>

namespace demo
{

/** The sound of AudioHost Poly: 16 voices of two detuned oscillators, a low-pass with an envelope, and a chorus over all.

    What moves slower than the wave (filter, pitch, levels) is worked out every 16 samples, counted from the first note out of
    silence. So the sound depends on the notes and their distances alone: neither on how the host cuts its blocks, nor on how
    long it has been silent before.

    prepare() allocates; the rest does not, and belongs to one thread.
*/
class PolySynth
{
public:
    static constexpr int numVoices = 16;

    struct Settings
    {
        float wave = 0.2f;         ///< 0 saw to 1 square
        float detune = 12.0f;      ///< cents between the two oscillators
        float cutoff = 900.0f;     ///< Hz, at middle C
        float resonance = 0.15f;   ///< 0 to 1
        float filterAmount = 2.5f; ///< octaves that the filter's envelope opens it
        float filterDecay = 0.6f;  ///< seconds
        Envelope::Times amplitude;
        float chorus = 0.5f;    ///< 0 to 1
        float level = 1.0f;     ///< linear
        float pitchBend = 0.0f; ///< semitones
    };

    void prepare (double sampleRate);
    void reset() noexcept;

    /** Heard from the next of the 16-sample steps on, smoothly. */
    void setSettings (const Settings&) noexcept;

    /** A note ends with its own channel and pitch, so that parts on different channels may share a key. */
    void noteOn (int channel, int pitch, float velocity) noexcept;
    void noteOff (int channel, int pitch) noexcept;
    void setSustainPedal (bool down) noexcept;

    void process (float* left, float* right, int numSamples) noexcept;

    /** Samples from the last note's release until silence. */
    static std::uint32_t getTailSamples (double releaseSeconds, double sampleRate);

private:
    static constexpr int grid = 16; // samples between control steps

    struct Voice
    {
        Oscillator oscillators[2];
        LowPass filter;
        Envelope amplitude, brightness;
        int channel = 0;
        int pitch = 0;
        float velocity = 0.0f;
        float loudness = 0.0f;
        std::uint32_t age = 0; // the number of the note, to find the oldest
        bool isHeld = false;   // its key is down
        bool isDying = false;  // gave its place away and fades
    };

    void updateControls() noexcept;
    void updatePitch (Voice&) noexcept;
    float getFilterGain (const Voice&) const noexcept;
    Voice& findVoiceForNewNote() noexcept;
    void wakeUp() noexcept;

    double sampleRate = 48000.0;
    Envelope::Shape amplitudeShape, brightnessShape, dyingShape;
    Chorus chorus;

    // More than can sound as notes: those that gave their place away need a moment to fade.
    std::array<Voice, numVoices + 8> voices;

    Smoothed wave, detune, octave, damping, filterAmount, chorusAmount, level, pitchBend;
    float levelBefore = 0.0f, chorusBefore = 0.0f;

    int step = 0; // 0 to grid - 1
    bool stepHasSound = false;
    int silentSamples = 0;
    bool isAsleep = true;
    bool pedalIsDown = false;
    std::uint32_t noteCount = 0;
};

} // namespace demo
