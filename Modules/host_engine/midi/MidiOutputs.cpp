#include "MidiOutputs.h"

#include "../devices/MonotonicClock.h"
#include "../devices/ThreadScheduling.h"

#include <algorithm>

namespace host
{

MidiOutputs::MidiOutputs (std::vector<std::unique_ptr<MidiSink>> sinks, int messagesUnderWay)
    : store (static_cast<std::size_t> (messagesUnderWay))
{
    for (auto& sink : sinks)
        outputs.push_back ({ {}, std::move (sink) });

    hasOutputs = ! outputs.empty();
    waiting.reserve (static_cast<std::size_t> (messagesUnderWay));
}

MidiOutputs::~MidiOutputs() { stop(); }

void MidiOutputs::openAll (const juce::StringArray& switchedOff, MidiPorts& ports)
{
    const auto available = ports.findOutputs();
    namesFound.clear();

    for (auto& info : available)
        namesFound.addIfNotAlreadyThere (info.name);

    // Opening takes its time, so it is done outside the mutex.
    Outputs added, closed;

    for (auto& info : available)
    {
        if (switchedOff.contains (info.name)
            || std::any_of (outputs.begin(), outputs.end(), [&] (auto& output) { return output.info == info; }))
            continue;

        if (auto sink = ports.openOutput (info))
            added.push_back ({ info, std::move (sink) });
    }

    {
        const std::lock_guard lock (mutex);
        Outputs kept;

        for (auto& output : outputs)
        {
            const auto stays = output.info == juce::MidiDeviceInfo()
                               || (available.contains (output.info) && ! switchedOff.contains (output.info.name));
            (stays ? kept : closed).push_back (std::move (output));
        }

        // Under the mutex, as JUCE sends to all outputs by one client of the sequencer.
        endAllNotes (closed);

        for (auto& output : added)
            kept.push_back (std::move (output));

        outputs = std::move (kept);
    }

    if (outputs.empty())
    {
        hasOutputs = false;
        stopThread();
        return;
    }

    if (! hasOutputs)
    {
        // A message that was on its way while the last output closed is not for those that come now.
        discardQueue();
        hasOutputs = true;
    }

    if (isStarted)
        startThread();
}

juce::StringArray MidiOutputs::getNames() const
{
    juce::StringArray names;

    for (auto& output : outputs)
        names.add (output.sink->getName());

    return names;
}

void MidiOutputs::start()
{
    isStarted = true;

    if (hasOutputs)
        startThread();
}

void MidiOutputs::stop()
{
    isStarted = false;
    stopThread();
}

void MidiOutputs::startThread()
{
    if (thread.joinable())
        return;

    shouldStop = false;
    thread = std::thread ([this] { run(); });
}

void MidiOutputs::stopThread()
{
    if (! thread.joinable())
        return;

    shouldStop = true;
    thread.join();
}

void MidiOutputs::discardQueue()
{
    while (auto node = queue.pop())
        store.give (std::move (node));
}

bool MidiOutputs::push (const std::uint8_t* bytes, int numBytes, std::int64_t due) noexcept
{
    // Nobody listens, so nothing is lost.
    if (! hasOutputs.load (std::memory_order_relaxed))
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

    discardQueue();

    for (auto& node : waiting)
        store.give (std::move (node));

    waiting.clear();
    const std::lock_guard lock (mutex);
    endAllNotes (outputs);
    sounding.reset();
}

void MidiOutputs::sendToAll (const std::uint8_t* bytes, int numBytes)
{
    const std::lock_guard lock (mutex);

    if (numBytes == 3 && (bytes[0] & 0xe0) == 0x80)
    {
        const auto isNoteOn = (bytes[0] & 0x10) != 0 && bytes[2] != 0;
        sounding.set (static_cast<std::size_t> ((bytes[0] & 15) * 128 + (bytes[1] & 127)), isNoteOn);
    }

    for (auto& output : outputs)
        output.sink->send (bytes, numBytes);
}

void MidiOutputs::endAllNotes (const Outputs& those) const
{
    const auto send = [&] (int status, int first)
    {
        const std::uint8_t message[]{ static_cast<std::uint8_t> (status), static_cast<std::uint8_t> (first), 0 };

        for (auto& output : those)
            output.sink->send (message, 3);
    };

    // One by one first: not every instrument knows the controller that ends all.
    for (int i = 0; i < int (sounding.size()); ++i)
        if (sounding[std::size_t (i)])
            send (0x80 | (i / 128), i % 128);

    constexpr int pedalController = 64, allNotesOffController = 123;

    for (int channel = 0; channel < 16; ++channel)
        for (const auto controller : { pedalController, allNotesOffController })
            send (0xb0 | channel, controller);
}

} // namespace host
