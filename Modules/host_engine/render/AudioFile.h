#pragma once

#include <juce_audio_basics/juce_audio_basics.h>
#include <juce_audio_formats/juce_audio_formats.h>
#include <juce_core/juce_core.h>

#include <memory>

namespace host
{

/** An audio file read whole into memory, as float32. */
struct AudioFile
{
    juce::AudioBuffer<float> samples;
    double sampleRate = 0.0; ///< Hz

    /** Reads WAV, AIFF, FLAC or Ogg Vorbis. Throws host::Error (unusable) for a file that is missing, no audio, empty, cut
        short, without channels, or that holds NaN or infinity. Message or background thread. */
    static AudioFile load (const juce::File&);

    /** Opens a file of these kinds and reads nothing but what it says of itself. Throws as load() does, but for what only the samples
        tell. Message or background thread. */
    static std::unique_ptr<juce::AudioFormatReader> open (const juce::File&);

    /** At another rate, by libsamplerate's best band-limited interpolation; the same file where the rate is the same. */
    AudioFile resampledTo (double newRate) const;
};

} // namespace host
