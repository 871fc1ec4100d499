#include "MidiOutputs.h"

#include "../devices/DriverNoise.h"
#include "../devices/MonotonicClock.h"
#include "../devices/ThreadScheduling.h"

#include <algorithm>

namespace host
{

namespace
{

class DeviceSink final : public MidiSink
{
public:
    explicit DeviceSink (std::unique_ptr<juce::MidiOutput> outputToUse) : output (std::move (outputToUse)) {}

    juce::String getName() const override { return output->getName(); }

    void send (const std::uint8_t* bytes, int numBytes) override
    {
        output->sendMessageNow (juce::MidiMessage (bytes, numBytes));
    }

private:
    std::unique_ptr<juce::MidiOutput> output;
};

} // namespace

MidiOutputs::MidiOutputs (std::vector<std::unique_ptr<MidiSink>> sinksToUse, int messagesUnderWay)
    : sinks (std::move (sinksToUse)), store (static_cast<std::size_t> (messagesUnderWay))
{
    waiting.reserve (static_cast<std::size_t> (messagesUnderWay));
}

MidiOutputs::~MidiOutputs() { stop(); }

std::vector<std::unique_ptr<MidiSink>> MidiOutputs::openAll()
{
    silenceDriverNoise();
    std::vector<std::unique_ptr<MidiSink>> opened;

    for (auto& info : juce::MidiOutput::getAvailableDevices())
        if (! info.name.startsWith ("Midi Through"))
            if (auto output = juce::MidiOutput::openDevice (info.identifier))
                opened.push_back (std::make_unique<DeviceSink> (std::move (output)));

    return opened;
}

juce::StringArray MidiOutputs::getNames() const
{
    juce::StringArray names;

    for (auto& sink : sinks)
        names.add (sink->getName());

    return names;
}

void MidiOutputs::start()
{
    if (thread.joinable() || sinks.empty())
        return;

    shouldStop = false;
    thread = std::thread ([this] { run(); });
}

void MidiOutputs::stop()
{
    if (! thread.joinable())
        return;

    shouldStop = true;
    thread.join();
}

bool MidiOutputs::push (const std::uint8_t* bytes, int numBytes, std::int64_t due) noexcept
{
    // Nobody listens, so nothing is lost.
    if (sinks.empty())
        return true;

    if (numBytes <= TimedMidi::maxBytes)
    {
        if (auto node = store.take())
        {
            node->set (bytes, numBytes, due);
            queue.push (std::move (node));
            return true;
        }
    }

    dropped.fetch_add (1, std::memory_order_relaxed);
    return false;
}

void MidiOutputs::push (const juce::MidiBuffer& events, std::int64_t start, double sampleRate) noexcept
{
    for (const auto event : events)
        push (event.data, event.numBytes, start + static_cast<std::int64_t> (event.samplePosition * 1.0e9 / sampleRate));
}

void MidiOutputs::run()
{
    constexpr std::int64_t pollInterval = 1'000'000;

    makeThisThreadRealtime (RealtimePriority::midiOutput);

    while (! shouldStop)
    {
        while (auto node = queue.pop())
        {
            // Latest first, and of one time the last pushed first: then sending takes from the back.
            const auto place = std::partition_point (waiting.begin(), waiting.end(),
                                                     [&] (auto& other) { return other->time > node->time; });
            waiting.insert (place, std::move (node));
        }

        auto now = monotonicNanoseconds();

        while (! waiting.empty() && waiting.back()->time <= now)
        {
            sendToAll (waiting.back()->bytes.data(), waiting.back()->numBytes);
            sent.fetch_add (1, std::memory_order_relaxed);
            store.give (std::move (waiting.back()));
            waiting.pop_back();
        }

        now = monotonicNanoseconds();
        sleepUntilMonotonic (waiting.empty() ? now + pollInterval : std::min (now + pollInterval, waiting.back()->time));
    }

    while (auto node = queue.pop())
        store.give (std::move (node));

    for (auto& node : waiting)
        store.give (std::move (node));

    waiting.clear();
    endAllNotes();
}

void MidiOutputs::sendToAll (const std::uint8_t* bytes, int numBytes)
{
    if (numBytes == 3 && (bytes[0] & 0xe0) == 0x80)
    {
        const auto isNoteOn = (bytes[0] & 0x10) != 0 && bytes[2] != 0;
        sounding.set (static_cast<std::size_t> ((bytes[0] & 15) * 128 + (bytes[1] & 127)), isNoteOn);
    }

    for (auto& sink : sinks)
        sink->send (bytes, numBytes);
}

void MidiOutputs::endAllNotes()
{
    // One by one first: not every instrument knows the controller that ends all.
    for (std::size_t i = 0; i < sounding.size(); ++i)
    {
        if (sounding[i])
        {
            const std::uint8_t noteOff[]{ static_cast<std::uint8_t> (0x80 | (i / 128)), static_cast<std::uint8_t> (i % 128),
                                          0 };
            sendToAll (noteOff, 3);
        }
    }

    constexpr std::uint8_t sustainPedal = 64, allNotesOff = 123;

    for (int channel = 0; channel < 16; ++channel)
    {
        for (const auto controller : { sustainPedal, allNotesOff })
        {
            const std::uint8_t message[]{ static_cast<std::uint8_t> (0xb0 | channel), controller, 0 };
            sendToAll (message, 3);
        }
    }
}

} // namespace host
