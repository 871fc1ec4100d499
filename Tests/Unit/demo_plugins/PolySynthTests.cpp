#include "Spectrum.h"

#include <Poly/PolySynth.h>
#include <rt_guard/rt_guard.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <functional>

namespace
{

constexpr auto sampleRate = 48000.0;

struct Event
{
    int at;
    std::function<void (demo::PolySynth&)> apply;
};

demo::PolySynth::Settings plainSettings()
{
    demo::PolySynth::Settings settings;
    settings.detune = 0.0f;
    settings.chorus = 0.0f;
    settings.filterAmount = 0.0f;
    settings.cutoff = 8000.0f;
    settings.amplitude = { 0.005, 0.3, 0.6, 0.2 };
    return settings;
}

struct Sound
{
    std::vector<float> left, right;
};

Sound render (demo::PolySynth& synth, const std::vector<Event>& events, int length, int blockSize)
{
    Sound sound{ std::vector<float> (static_cast<std::size_t> (length)),
                 std::vector<float> (static_cast<std::size_t> (length)) };
    auto event = events.begin();

    for (int position = 0; position < length;)
    {
        for (; event != events.end() && event->at <= position; ++event)
            event->apply (synth);

        auto end = std::min (length, position + blockSize - position % blockSize);

        if (event != events.end())
            end = std::min (end, event->at);

        synth.process (sound.left.data() + position, sound.right.data() + position, end - position);
        position = end;
    }

    return sound;
}

Event on (int at, int pitch, float velocity = 0.8f)
{
    return { at, [=] (demo::PolySynth& s) { s.noteOn (0, pitch, velocity); } };
}

Event off (int at, int pitch)
{
    return { at, [=] (demo::PolySynth& s) { s.noteOff (0, pitch); } };
}

demo::PolySynth makeSynth (const demo::PolySynth::Settings& settings)
{
    demo::PolySynth synth;
    synth.prepare (sampleRate);
    synth.setSettings (settings);
    return synth;
}

float peakOf (const std::vector<float>& sound, int from, int to)
{
    return std::abs (*std::max_element (sound.begin() + from, sound.begin() + to,
                                        [] (float a, float b) { return std::abs (a) < std::abs (b); }));
}

} // namespace

TEST_CASE ("The synth plays in tune")
{
    auto synth = makeSynth (plainSettings());
    const auto sound = render (synth, { on (0, 69) }, 96000, 512);
    const std::vector<float> second (sound.left.begin() + 48000, sound.left.end());

    const auto at440 = test::amplitudeAt (second, 440.0, sampleRate);
    CHECK (at440 > 0.03);

    // Off by 1 Hz, a second of it would leave nothing in this bin.
    CHECK (test::amplitudeAt (second, 439.0, sampleRate) < 0.001 * at440);
    CHECK (test::amplitudeAt (second, 441.0, sampleRate) < 0.001 * at440);
}

TEST_CASE ("Pitch bend moves the pitch by semitones")
{
    auto settings = plainSettings();
    settings.pitchBend = 12.0f;
    auto synth = makeSynth (settings);
    const auto sound = render (synth, { on (0, 57) }, 96000, 512);
    const std::vector<float> second (sound.left.begin() + 48000, sound.left.end());

    CHECK (test::amplitudeAt (second, 440.0, sampleRate) > 0.03);
    CHECK (test::amplitudeAt (second, 220.0, sampleRate) < 1.0e-4);
}

TEST_CASE ("A note begins at its sample and ends in exact silence")
{
    demo::PolySynth::Settings settings;
    settings.amplitude.release = 0.3;
    auto synth = makeSynth (settings);
    const auto tail = static_cast<int> (demo::PolySynth::getTailSamples (0.3, sampleRate));
    const auto sound = render (synth, { on (1001, 60), off (20000, 60) }, 60000, 512);

    CHECK (peakOf (sound.left, 0, 1001) == 0.0f);
    CHECK (peakOf (sound.left, 1001, 1011) > 0.0f);
    CHECK (peakOf (sound.left, 19000, 20000) > 0.02f);
    CHECK (peakOf (sound.left, 20000 + tail, 60000) == 0.0f);
    CHECK (peakOf (sound.right, 20000 + tail, 60000) == 0.0f);
}

TEST_CASE ("The synth's sound does not depend on the block size, nor on the silence before")
{
    auto brighter = plainSettings();
    brighter.cutoff = 3000.0f;
    brighter.detune = 20.0f;

    std::vector<Event> events;

    // A crowd, so that voices are taken away as well; a long pause, so that the synth falls asleep and wakes.
    for (int i = 0; i < 30; ++i)
        events.push_back (on (i * 701, 40 + (i * 7) % 40, 0.3f + 0.02f * static_cast<float> (i)));

    events.push_back ({ 22222, [=] (demo::PolySynth& s) { s.setSettings (brighter); } });

    for (int i = 0; i < 30; ++i)
        events.push_back (off (25000 + i * 333, 40 + (i * 7) % 40));

    events.push_back (on (80001, 64));
    events.push_back (off (90007, 64));
    events.push_back (on (90013, 71));

    const auto reference = makeSynth (demo::PolySynth::Settings{});
    auto copy = reference;
    const auto expected = render (copy, events, 100000, 512);
    REQUIRE (peakOf (expected.left, 0, 80000) > 0.1f);
    REQUIRE (peakOf (expected.left, 79000, 80001) == 0.0f);

    for (const auto blockSize : { 1, 17, 64, 4096 })
    {
        copy = reference;
        const auto sound = render (copy, events, 100000, blockSize);
        CHECK (sound.left == expected.left);
        CHECK (sound.right == expected.right);
    }

    // As a host's warm-up would be: some silence first.
    copy = reference;
    render (copy, {}, 1234, 100);
    CHECK (render (copy, events, 100000, 512).left == expected.left);
}

TEST_CASE ("A crowd of notes stays within full scale, and a taken voice does not click")
{
    auto settings = plainSettings();
    settings.cutoff = 400.0f; // so dull that a click would stand out
    settings.amplitude = { 0.02, 1.0, 1.0, 1.0 };
    settings.level = 0.5f;
    auto synth = makeSynth (settings);

    std::vector<Event> events;

    for (int i = 0; i < 60; ++i)
        events.push_back (on (i * 1000, 36 + i % 12, 0.5f));

    const auto sound = render (synth, events, 70000, 512);
    // A step shows as a corner: in the second difference, where the dull sound itself has next to nothing.
    auto corner = 0.0f;

    for (std::size_t i = 2; i < sound.left.size(); ++i)
        corner = std::max (corner, std::abs (sound.left[i] - 2.0f * sound.left[i - 1] + sound.left[i - 2]));

    CHECK (peakOf (sound.left, 0, 70000) <= 1.0f);
    CHECK (peakOf (sound.left, 0, 70000) > 0.3f);
    CHECK (corner < 0.006f);
}

TEST_CASE ("The sustain pedal holds notes until it is lifted")
{
    auto synth = makeSynth (plainSettings());
    const auto pedal = [] (int at, bool down)
    { return Event{ at, [=] (demo::PolySynth& s) { s.setSustainPedal (down); } }; };
    const auto sound = render (synth, { pedal (0, true), on (0, 60), off (1000, 60), pedal (48000, false) }, 96000, 512);

    CHECK (peakOf (sound.left, 40000, 48000) > 0.02f);
    CHECK (peakOf (sound.left, 80000, 96000) == 0.0f);
}

TEST_CASE ("A note-off ends its own channel's note only")
{
    auto synth = makeSynth (plainSettings());
    const auto sound = render (
        synth, { on (0, 60), { 1000, [] (demo::PolySynth& s) { s.noteOff (1, 60); } }, off (24000, 60) }, 72000, 512);

    CHECK (peakOf (sound.left, 20000, 24000) > 0.02f);
    CHECK (peakOf (sound.left, 60000, 72000) == 0.0f);
}

TEST_CASE ("The synth calls nothing forbidden while it plays")
{
    auto synth = makeSynth (demo::PolySynth::Settings{});
    std::vector<float> left (4096), right (4096);
    rt::guard::warmUp();
    const auto before = rt::guard::getViolationCount();

    {
        const rt::guard::RealtimeScope scope (0);

        for (int i = 0; i < 40; ++i)
        {
            synth.noteOn (0, 40 + i, 0.7f);
            synth.process (left.data(), right.data(), 4096);
            synth.setSettings ({});
            synth.noteOff (0, 40 + i);
        }
    }

    CHECK (rt::guard::getViolationCount() == before);

    // The guard does see this thread.
    {
        const rt::guard::RealtimeScope scope (0);
        left = std::vector<float> (1);
    }

    CHECK (rt::guard::getViolationCount() > before);
}
