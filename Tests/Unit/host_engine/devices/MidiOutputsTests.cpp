#include "../FakeMidiPorts.h"
#include "CountingCallback.h"

#include <host_engine/devices/MonotonicClock.h>
#include <host_engine/midi/MidiOutputs.h>

#include <juce_events/juce_events.h>

#include <catch2/catch.hpp>

namespace
{

constexpr std::int64_t millisecond = 1'000'000;

using Log = FakeMidiPorts::Log;

std::vector<std::unique_ptr<host::MidiSink>> recordInto (Log& log)
{
    std::vector<std::unique_ptr<host::MidiSink>> sinks;
    sinks.push_back (std::make_unique<FakeMidiPorts::Sink> ("recorder", log));
    return sinks;
}

bool pushNote (host::MidiOutputs& outputs, int note, int velocity, std::int64_t due, int channel = 0)
{
    const std::uint8_t bytes[]{ static_cast<std::uint8_t> (0x90 | channel), static_cast<std::uint8_t> (note),
                                static_cast<std::uint8_t> (velocity) };
    return outputs.push (bytes, 3, due);
}

} // namespace

TEST_CASE ("Messages go out in the order of their times, none before its time, and equals as they were pushed")
{
    Log log;
    host::MidiOutputs outputs (recordInto (log));
    CHECK (outputs.getNames() == juce::StringArray{ "recorder" });

    const auto now = host::monotonicNanoseconds();
    const auto due = [&] (int milliseconds) { return now + 20 * millisecond + milliseconds * millisecond; };
    pushNote (outputs, 3, 1, due (30));
    pushNote (outputs, 1, 1, due (10));
    pushNote (outputs, 4, 1, due (30));
    pushNote (outputs, 0, 1, due (0));
    pushNote (outputs, 2, 1, due (10));
    pushNote (outputs, 5, 1, due (30));
    outputs.start();
    REQUIRE (CountingCallback::waitUntil ([&] { return log.size() == 6; }));

    const std::lock_guard lock (log.mutex);
    const int expectedDue[]{ 0, 10, 10, 30, 30, 30 };

    for (std::size_t i = 0; i < 6; ++i)
    {
        CHECK (log.sent[i].bytes == std::vector<std::uint8_t>{ 0x90, static_cast<std::uint8_t> (i), 1 });
        CHECK (log.sent[i].time >= due (expectedDue[i]));
    }

    CHECK (outputs.getNumSent() == 6);
}

TEST_CASE ("The events of a block are due at their samples")
{
    Log log;
    host::MidiOutputs outputs (recordInto (log));
    outputs.start();

    juce::MidiBuffer block;
    block.addEvent (juce::MidiMessage::noteOn (1, 60, 1.0f), 0);
    block.addEvent (juce::MidiMessage::noteOn (1, 61, 1.0f), 960);
    const std::uint8_t sysex[]{ 0xf0, 1, 2, 3, 4, 5, 6, 7, 8, 0xf7 };
    block.addEvent (sysex, 10, 961);

    const auto start = host::monotonicNanoseconds() + 5 * millisecond;
    outputs.push (block, start, 48000.0);
    REQUIRE (CountingCallback::waitUntil ([&] { return log.size() == 3; }));

    const std::lock_guard lock (log.mutex);
    CHECK (log.sent[0].time >= start);
    CHECK (log.sent[1].time >= start + 20 * millisecond);
    CHECK (log.sent[1].bytes[1] == 61);
    CHECK (log.sent[2].bytes == std::vector<std::uint8_t> (std::begin (sysex), std::end (sysex)));
}

TEST_CASE ("Stopping ends every sounding note, drops what was not due, and resets the channels")
{
    Log log;
    host::MidiOutputs outputs (recordInto (log));
    outputs.start();
    const auto now = host::monotonicNanoseconds();
    pushNote (outputs, 60, 100, now);
    pushNote (outputs, 61, 100, now);
    pushNote (outputs, 62, 100, now, 9);
    pushNote (outputs, 61, 0, now + 1);
    pushNote (outputs, 99, 100, now + 3'600'000 * millisecond);
    REQUIRE (CountingCallback::waitUntil ([&] { return log.size() == 4; }));
    outputs.stop();

    std::vector<std::vector<std::uint8_t>> after;

    for (std::size_t i = 4; i < log.sent.size(); ++i)
        after.push_back (log.sent[i].bytes);

    REQUIRE (after.size() == 2 + 32);
    CHECK (after[0] == std::vector<std::uint8_t>{ 0x80, 60, 0 });
    CHECK (after[1] == std::vector<std::uint8_t>{ 0x89, 62, 0 });
    CHECK (after[2] == std::vector<std::uint8_t>{ 0xb0, 64, 0 });
    CHECK (after[3] == std::vector<std::uint8_t>{ 0xb0, 123, 0 });
    CHECK (after[33] == std::vector<std::uint8_t>{ 0xbf, 123, 0 });

    // Nothing is left over for the next start.
    outputs.start();
    pushNote (outputs, 50, 1, host::monotonicNanoseconds());
    REQUIRE (CountingCallback::waitUntil ([&] { return log.size() == 4 + 34 + 1; }));
    CHECK (log.sent.back().bytes[1] == 50);
}

TEST_CASE ("Too many or too long messages are refused and counted, spent nodes serve again")
{
    Log log;
    host::MidiOutputs outputs (recordInto (log), 16);

    for (int i = 0; i < 20; ++i)
        CHECK (pushNote (outputs, i, 1, 0) == (i < 16));

    CHECK (outputs.getNumDropped() == 4);

    const std::vector<std::uint8_t> longMessage (host::TimedMidi::maxBytes + 1, 0xf0);
    outputs.start();
    CHECK_FALSE (outputs.push (longMessage.data(), static_cast<int> (longMessage.size()), 0));
    CHECK (outputs.getNumDropped() == 5);

    REQUIRE (CountingCallback::waitUntil ([&] { return log.size() == 16; }));
    std::size_t pushed = 16;

    for (int round = 0; round < 20; ++round)
    {
        for (int i = 0; i < 16; ++i)
            pushed += pushNote (outputs, i, 1, 0) ? 1u : 0u;

        REQUIRE (CountingCallback::waitUntil ([&] { return log.size() == pushed; }));
    }

    CHECK (pushed == 16 + 20 * 16);
}

TEST_CASE ("Every output gets every message")
{
    Log first, second;
    auto sinks = recordInto (first);
    sinks.push_back (std::make_unique<FakeMidiPorts::Sink> ("second", second));
    host::MidiOutputs outputs (std::move (sinks));
    outputs.start();
    pushNote (outputs, 60, 1, 0);
    CHECK (CountingCallback::waitUntil ([&] { return first.size() == 1 && second.size() == 1; }));
}

TEST_CASE ("Without outputs nothing is kept and nothing counts as lost")
{
    juce::ScopedJuceInitialiser_GUI juceInitialiser;

    host::MidiOutputs outputs ({}, 4);
    outputs.openAll();

    if (! juce::File ("/dev/snd/seq").exists())
        CHECK (outputs.getNamesFound().isEmpty());
    else
        outputs.openAll (outputs.getNamesFound());

    CHECK (outputs.getNames().isEmpty());
    outputs.start();

    for (int i = 0; i < 100; ++i)
        CHECK (pushNote (outputs, i, 1, 0));

    CHECK (outputs.getNumDropped() == 0);
    outputs.stop();
}

TEST_CASE ("A switched-off output closes with an end to its notes, the others play on")
{
    FakeMidiPorts ports;
    ports.outputs = { { "Piano", "20-0" }, { "Organ", "24-0" } };
    host::MidiOutputs outputs ({});
    outputs.start();
    outputs.openAll ({}, ports);
    CHECK (outputs.getNames() == juce::StringArray{ "Piano", "Organ" });
    auto &piano = ports.logs["20-0"], &organ = ports.logs["24-0"];

    pushNote (outputs, 60, 100, 0);
    REQUIRE (CountingCallback::waitUntil ([&] { return piano.size() == 1 && organ.size() == 1; }));

    outputs.openAll ({ "Piano" }, ports);
    CHECK (outputs.getNames() == juce::StringArray{ "Organ" });
    CHECK (outputs.getNamesFound() == juce::StringArray{ "Piano", "Organ" });
    CHECK (ports.numOpen == 1);
    REQUIRE (piano.size() == 1 + 1 + 32);
    CHECK (piano.sent[1].bytes == std::vector<std::uint8_t>{ 0x80, 60, 0 });
    CHECK (piano.sent[2].bytes == std::vector<std::uint8_t>{ 0xb0, 64, 0 });
    CHECK (organ.size() == 1);

    pushNote (outputs, 61, 100, 0);
    REQUIRE (CountingCallback::waitUntil ([&] { return organ.size() == 2; }));
    CHECK (piano.size() == 34);

    // On again, it plays what comes now and nothing that came meanwhile.
    outputs.openAll ({}, ports);
    pushNote (outputs, 62, 100, 0);
    REQUIRE (CountingCallback::waitUntil ([&] { return organ.size() == 3 && piano.size() == 35; }));
    CHECK (piano.sent.back().bytes[1] == 62);
}

TEST_CASE ("With every output off nothing is kept, and one that comes later hears nothing old")
{
    FakeMidiPorts ports;
    ports.outputs = { { "Piano", "20-0" } };
    host::MidiOutputs outputs ({}, 16);
    outputs.start();
    outputs.openAll ({ "Piano" }, ports);
    CHECK (outputs.getNames().isEmpty());

    for (int i = 0; i < 100; ++i)
        CHECK (pushNote (outputs, i, 1, 0));

    // One of another name is plugged in.
    ports.outputs.push_back ({ "Organ", "24-0" });
    outputs.openAll ({ "Piano" }, ports);
    CHECK (outputs.getNames() == juce::StringArray{ "Organ" });
    pushNote (outputs, 60, 1, 0);
    REQUIRE (CountingCallback::waitUntil ([&] { return ports.logs["24-0"].size() == 1; }));

    // Unplugged, it goes, and the end of its notes is sent to where nobody hears it.
    ports.outputs.clear();
    outputs.openAll ({}, ports);
    CHECK (outputs.getNames().isEmpty());
    CHECK (outputs.getNamesFound().isEmpty());
    CHECK (ports.numOpen == 0);
    CHECK (outputs.getNumDropped() == 0);
}

TEST_CASE ("Outputs come and go while another thread pushes, as the audio thread does")
{
    FakeMidiPorts ports;
    ports.outputs = { { "Piano", "20-0" }, { "Organ", "24-0" } };
    host::MidiOutputs outputs ({});
    outputs.start();
    std::atomic<bool> done{ false };

    std::thread audio (
        [&]
        {
            for (int i = 0; ! done; ++i)
            {
                pushNote (outputs, i % 128, 1, 0);
                std::this_thread::yield();
            }
        });

    for (int i = 0; i <= 200; ++i)
        outputs.openAll (i % 3 == 0   ? juce::StringArray{ "Piano" }
                         : i % 3 == 1 ? juce::StringArray{ "Piano", "Organ" }
                                      : juce::StringArray(),
                         ports);

    done = true;
    audio.join();
    outputs.stop();
    CHECK (outputs.getNames() == juce::StringArray{ "Piano", "Organ" });
    CHECK (ports.numOpen == 2);
    CHECK (ports.logs["20-0"].size() > 0);
}
