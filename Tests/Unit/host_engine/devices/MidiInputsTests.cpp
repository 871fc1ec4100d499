#include "../FakeMidiPorts.h"

#include <host_engine/devices/MonotonicClock.h>
#include <host_engine/midi/MidiInputs.h>

#include <juce_events/juce_events.h>

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>
#include <vector>

namespace
{

constexpr std::int64_t millisecond = 1'000'000;
constexpr int capacity = 4096;

struct Event
{
    int sample;
    int note;

    bool operator== (const Event&) const = default;
};

std::ostream& operator<< (std::ostream& stream, const Event& event)
{
    return stream << event.note << " at " << event.sample;
}

struct Drained
{
    Drained() { buffer.ensureSize (capacity); }

    std::vector<Event> operator() (host::MidiInputs& inputs, const host::MidiInputs::Block& block, int bytes = capacity)
    {
        buffer.clear();
        inputs.drainInto (buffer, bytes, block);
        std::vector<Event> events;

        for (const auto event : buffer)
            events.push_back ({ event.samplePosition, event.getMessage().getNoteNumber() });

        return events;
    }

    juce::MidiBuffer buffer;
};

juce::MidiMessage note (int number) { return juce::MidiMessage::noteOn (1, number, 0.5f); }

} // namespace

TEST_CASE ("A message lands one block after it arrived, at its sample")
{
    host::MidiInputs inputs;
    Drained drain;

    // Blocks of 480 samples at 48 kHz are 10 ms.
    inputs.inject (note (1), 1000 * millisecond);
    inputs.inject (note (2), 1002 * millisecond + millisecond / 2);
    inputs.inject (note (3), 1009 * millisecond + 999'999);
    inputs.inject (note (4), 1010 * millisecond);

    CHECK (drain (inputs, { 480, 48000.0, 1010 * millisecond }) == std::vector<Event>{ { 0, 1 }, { 120, 2 }, { 479, 3 } });
    CHECK (drain (inputs, { 480, 48000.0, 1020 * millisecond }) == std::vector<Event>{ { 0, 4 } });
    CHECK (drain (inputs, { 480, 48000.0, 1030 * millisecond }).empty());
    CHECK (inputs.getNumReceived() == 4);
}

TEST_CASE ("A message that comes too late for its sample comes first, and none overtakes another")
{
    host::MidiInputs inputs;
    Drained drain;
    inputs.inject (note (1), 5 * millisecond);
    inputs.inject (note (2), 95 * millisecond);
    inputs.inject (note (3), 93 * millisecond);

    CHECK (drain (inputs, { 480, 48000.0, 100 * millisecond }) == std::vector<Event>{ { 0, 1 }, { 240, 2 }, { 240, 3 } });
}

TEST_CASE ("A message dated far ahead does not hold up the others")
{
    host::MidiInputs inputs;
    Drained drain;
    inputs.inject (note (1), 5'000'000 * millisecond);
    inputs.inject (note (2), 95 * millisecond);

    CHECK (drain (inputs, { 480, 48000.0, 100 * millisecond }) == std::vector<Event>{ { 479, 1 }, { 479, 2 } });
}

TEST_CASE ("Block sizes may change from block to block, down to one sample")
{
    host::MidiInputs inputs;
    Drained drain;
    std::vector<Event> all;

    for (int i = 0; i < 100; ++i)
        inputs.inject (note (i), (1000 + i) * millisecond + 1);

    std::int64_t start = 1000 * millisecond;

    for (int block = 0; block < 10000; ++block)
    {
        const auto size = block % 3 == 0 ? 1 : (block % 3 == 1 ? 64 : 17);
        start += size * millisecond / 48;

        for (auto event : drain (inputs, { size, 48000.0, start }))
        {
            REQUIRE (event.sample >= 0);
            REQUIRE (event.sample < size);
            all.push_back ({ 0, event.note });
        }
    }

    REQUIRE (all.size() == 100);

    for (int i = 0; i < 100; ++i)
        CHECK (all[static_cast<std::size_t> (i)].note == i);
}

TEST_CASE ("Too many messages at once wait for the next block, in order, the buffer never grows")
{
    host::MidiInputs inputs;
    Drained drain;

    for (int i = 0; i < 100; ++i)
        inputs.inject (note (i), 95 * millisecond);

    // Nine bytes each.
    const auto* storage = drain.buffer.data.begin();
    const auto first = drain (inputs, { 480, 48000.0, 100 * millisecond }, 90);
    const auto second = drain (inputs, { 480, 48000.0, 110 * millisecond });
    REQUIRE (first.size() == 10);
    REQUIRE (second.size() == 90);
    CHECK (first[9].note == 9);
    CHECK (second[0] == Event{ 0, 10 });
    CHECK (second[89].note == 99);
    CHECK (drain.buffer.data.begin() == storage);
    CHECK (inputs.getNumDropped() == 0);
}

TEST_CASE ("One block takes a bounded number of messages")
{
    host::MidiInputs inputs (2000);
    juce::MidiBuffer buffer;
    buffer.ensureSize (32768);

    for (int i = 0; i < 1000; ++i)
        inputs.inject (note (i % 128), 95 * millisecond);

    inputs.drainInto (buffer, 32768, { 480, 48000.0, 100 * millisecond });
    CHECK (buffer.getNumEvents() == host::MidiInputs::maxEventsPerBlock);
}

TEST_CASE ("When all nodes are under way, messages are dropped and counted, spent nodes serve again")
{
    host::MidiInputs inputs (8);
    Drained drain;

    for (int i = 0; i < 11; ++i)
        inputs.inject (note (i), 95 * millisecond);

    CHECK (inputs.getNumDropped() == 3);
    CHECK (drain (inputs, { 480, 48000.0, 100 * millisecond }).size() == 8);

    // Many times the stock: only recycled nodes can carry them.
    for (int i = 0; i < 1000; ++i)
    {
        for (int k = 0; k < 8; ++k)
            inputs.inject (note (k), 95 * millisecond);

        REQUIRE (drain (inputs, { 480, 48000.0, 100 * millisecond }).size() == 8);
    }

    CHECK (inputs.getNumDropped() == 3);
    CHECK (inputs.getNumReceived() == 8011);
}

TEST_CASE ("System exclusive up to the limit travels whole, longer is dropped and counted")
{
    host::MidiInputs inputs;
    juce::MidiBuffer buffer;
    buffer.ensureSize (capacity);

    std::vector<std::uint8_t> data (host::TimedMidi::maxBytes - 2);

    for (std::size_t i = 0; i < data.size(); ++i)
        data[i] = static_cast<std::uint8_t> (i % 128);

    const auto fits = juce::MidiMessage::createSysExMessage (data.data(), static_cast<int> (data.size()));
    data.push_back (1);
    const auto tooLong = juce::MidiMessage::createSysExMessage (data.data(), static_cast<int> (data.size()));
    REQUIRE (fits.getRawDataSize() == host::TimedMidi::maxBytes);

    inputs.inject (fits, 95 * millisecond);
    inputs.inject (tooLong, 95 * millisecond);
    inputs.inject (note (7), 95 * millisecond);
    CHECK (inputs.getNumTooLong() == 1);

    inputs.drainInto (buffer, capacity, { 480, 48000.0, 100 * millisecond });
    REQUIRE (buffer.getNumEvents() == 2);
    const auto first = (*buffer.begin()).getMessage();
    REQUIRE (first.getRawDataSize() == fits.getRawDataSize());
    CHECK (std::equal (first.getRawData(), first.getRawData() + first.getRawDataSize(), fits.getRawData()));

    // One that is larger than the whole buffer must not block the way either.
    buffer.clear();
    inputs.inject (fits, 95 * millisecond);
    inputs.inject (note (8), 95 * millisecond);
    inputs.drainInto (buffer, 100, { 480, 48000.0, 100 * millisecond });
    CHECK (buffer.getNumEvents() == 1);
    CHECK (inputs.getNumTooLong() == 2);
}

TEST_CASE ("Messages cross to another thread complete and in order")
{
    constexpr int numMessages = 50000;
    host::MidiInputs inputs (256);
    std::atomic<bool> done{ false };
    auto numSeen = 0, wrong = 0;

    std::thread audio (
        [&]
        {
            juce::MidiBuffer buffer;
            buffer.ensureSize (capacity);
            std::int64_t time = 0;
            auto last = false;

            while (! last)
            {
                last = done;
                time += millisecond;
                buffer.clear();
                inputs.drainInto (buffer, capacity, { 48, 48000.0, time });

                for (const auto event : buffer)
                {
                    wrong += event.data[1] != numSeen % 128 || event.data[2] != (numSeen / 128) % 128 ? 1 : 0;
                    ++numSeen;
                }

                last = last && buffer.isEmpty();
            }
        });

    for (int i = 0; i < numMessages;)
    {
        const auto droppedBefore = inputs.getNumDropped();
        inputs.inject (juce::MidiMessage (0x90, i % 128, (i / 128) % 128), 0);

        if (inputs.getNumDropped() == droppedBefore)
            ++i;
        else
            std::this_thread::yield();
    }

    done = true;
    audio.join();
    CHECK (numSeen == numMessages);
    CHECK (wrong == 0);
}

TEST_CASE ("Inputs can be opened, opened again and closed, on a machine without a sequencer too")
{
    juce::ScopedJuceInitialiser_GUI juceInitialiser;
    host::MidiInputs inputs;
    inputs.openAll();
    const auto names = inputs.getNames();
    inputs.openAll();
    CHECK (inputs.getNames() == names);
    inputs.closeAll();
    CHECK (inputs.getNames().isEmpty());

    if (! juce::File ("/dev/snd/seq").exists())
        CHECK (names.isEmpty());
}

TEST_CASE ("Inputs that are switched off stay closed, one that is plugged in later comes on")
{
    FakeMidiPorts ports;
    ports.inputs = { { "Keys", "20-0" }, { "Pads", "24-0" } };
    host::MidiInputs inputs;
    inputs.openAll ({ "Pads" }, ports);
    CHECK (inputs.getNames() == juce::StringArray{ "Keys" });
    CHECK (inputs.getNamesFound() == juce::StringArray{ "Keys", "Pads" });

    ports.play ("20-0", note (60));
    ports.play ("24-0", note (61));
    CHECK (inputs.getNumReceived() == 1);

    // Two devices of one name come, the keys go, and one of the new ones cannot be opened.
    ports.inputs = { { "Pads", "24-0" }, { "Knobs", "28-0" }, { "Knobs", "32-0" }, { "Busy", "36-0" } };
    ports.refused = "Busy";
    inputs.openAll ({ "Pads" }, ports);
    CHECK (inputs.getNames() == juce::StringArray{ "Knobs", "Knobs" });
    CHECK (inputs.getNamesFound() == juce::StringArray{ "Pads", "Knobs", "Busy" });

    inputs.openAll ({ "Knobs" }, ports);
    CHECK (inputs.getNames() == juce::StringArray{ "Pads" });

    ports.refused.clear();
    inputs.openAll ({ "Knobs" }, ports);
    CHECK (inputs.getNames() == juce::StringArray{ "Pads", "Busy" });
}

TEST_CASE ("An input that closes leaves no note sounding and no pedal down")
{
    FakeMidiPorts ports;
    ports.inputs = { { "Keys", "20-0" }, { "Pads", "24-0" } };
    host::MidiInputs inputs;
    inputs.openAll ({}, ports);
    ports.play ("20-0", juce::MidiMessage::noteOn (1, 60, 0.5f));
    ports.play ("20-0", juce::MidiMessage::noteOn (3, 61, 0.5f));
    ports.play ("20-0", juce::MidiMessage::noteOn (1, 62, 0.5f));
    ports.play ("20-0", juce::MidiMessage::noteOff (1, 62));
    ports.play ("20-0", juce::MidiMessage::controllerEvent (2, 64, 127));
    ports.play ("24-0", juce::MidiMessage::noteOn (1, 63, 0.5f));
    inputs.openAll ({ "Keys" }, ports);

    juce::MidiBuffer buffer;
    buffer.ensureSize (capacity);
    inputs.drainInto (buffer, capacity, { 480, 48000.0, host::monotonicNanoseconds() + millisecond });
    std::vector<juce::MidiMessage> messages;

    for (const auto event : buffer)
        messages.push_back (event.getMessage());

    REQUIRE (messages.size() == 9);
    CHECK (messages[6].isNoteOff());
    CHECK (messages[6].getNoteNumber() == 60);
    CHECK (messages[6].getChannel() == 1);
    CHECK (messages[7].isNoteOff());
    CHECK (messages[7].getNoteNumber() == 61);
    CHECK (messages[7].getChannel() == 3);
    CHECK (messages[8].isSustainPedalOff());
    CHECK (messages[8].getChannel() == 2);
}
