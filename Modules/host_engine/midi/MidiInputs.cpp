#include "MidiInputs.h"

#include "../devices/MonotonicClock.h"

#include <algorithm>

namespace host
{

namespace
{
constexpr int sustainPedal = 64;
} // namespace

MidiInputs::MidiInputs (int messagesUnderWay) : deviceLane (messagesUnderWay), messageLane (messagesUnderWay) {}

MidiInputs::~MidiInputs() { closeAll(); }

void MidiInputs::openAll (const juce::StringArray& switchedOff, MidiPorts& ports)
{
    const auto available = ports.findInputs();
    namesFound.clear();

    for (auto& info : available)
        namesFound.addIfNotAlreadyThere (info.name);

    std::erase_if (inputs,
                   [&] (auto& input)
                   {
                       if (available.contains (input->info) && ! switchedOff.contains (input->info.name))
                           return false;

                       close (*input);
                       return true;
                   });

    for (auto& info : available)
    {
        if (switchedOff.contains (info.name)
            || std::any_of (inputs.begin(), inputs.end(), [&] (auto& input) { return input->info == info; }))
            continue;

        auto input = std::make_unique<Input>();
        input->info = info;
        input->source =
            ports.openInput (info, [this, &added = *input] (const juce::MidiMessage& message) { receive (added, message); });

        if (input->source != nullptr)
            inputs.push_back (std::move (input));
    }
}

void MidiInputs::closeAll()
{
    for (auto& input : inputs)
        close (*input);

    inputs.clear();
}

void MidiInputs::close (Input& input)
{
    input.source = nullptr;
    const auto now = monotonicNanoseconds();

    for (std::size_t i = 0; i < input.sounding.size(); ++i)
        if (input.sounding[i])
            send (messageLane, juce::MidiMessage::noteOff (int (i / 128) + 1, int (i % 128)), now);

    for (std::size_t i = 0; i < input.pedals.size(); ++i)
        if (input.pedals[i])
            send (messageLane, juce::MidiMessage::controllerEvent (int (i) + 1, sustainPedal, 0), now);
}

juce::StringArray MidiInputs::getNames() const
{
    juce::StringArray names;

    for (auto& input : inputs)
        names.add (input->info.name);

    return names;
}

void MidiInputs::inject (const juce::MidiMessage& message, std::int64_t time) { send (messageLane, message, time); }

void MidiInputs::receive (Input& input, const juce::MidiMessage& message) noexcept
{
    if (const auto channel = message.getChannel(); channel > 0)
    {
        if (message.isNoteOnOrOff())
            input.sounding.set (std::size_t ((channel - 1) * 128 + message.getNoteNumber()), message.isNoteOn());
        else if (message.isControllerOfType (sustainPedal))
            input.pedals.set (std::size_t (channel - 1), message.getControllerValue() >= 64);
    }

    // JUCE's own time stamp counts whole milliseconds: 48 samples.
    send (deviceLane, message, monotonicNanoseconds());
}

void MidiInputs::send (Lane& lane, const juce::MidiMessage& message, std::int64_t time) noexcept
{
    received.fetch_add (1, std::memory_order_relaxed);
    const auto size = message.getRawDataSize();

    if (size > TimedMidi::maxBytes)
    {
        tooLong.fetch_add (1, std::memory_order_relaxed);
        return;
    }

    if (auto node = lane.store.take())
    {
        node->set (message.getRawData(), size, time);
        lane.queue.push (std::move (node));
    }
    else
    {
        dropped.fetch_add (1, std::memory_order_relaxed);
    }
}

MidiInputs::Lane* MidiInputs::findEarliest() noexcept
{
    Lane* earliest = nullptr;

    for (auto* lane : { &deviceLane, &messageLane })
    {
        if (! lane->next)
            lane->next = lane->queue.pop();

        if (lane->next && (earliest == nullptr || lane->next->time < earliest->next->time))
            earliest = lane;
    }

    return earliest;
}

void MidiInputs::drainInto (juce::MidiBuffer& buffer, int capacityBytes, const Block& block) noexcept
{
    // Dated so far ahead, a message tells of a broken clock; waiting for its time would hold up the lane.
    constexpr std::int64_t furthestAhead = 1'000'000'000;

    // juce::MidiBuffer keeps a 32-bit position and a 16-bit size with each event.
    constexpr auto bytesPerEvent = static_cast<int> (sizeof (std::int32_t) + sizeof (std::uint16_t));

    const auto samplesPerNanosecond = block.sampleRate * 1.0e-9;
    auto earliestPosition = 0;

    for (int i = 0; i < maxEventsPerBlock; ++i)
    {
        auto* lane = findEarliest();

        if (lane == nullptr)
            return;

        const auto& event = *lane->next;
        const auto sinceBlockStart = event.time - block.startTime;

        if (sinceBlockStart >= 0 && sinceBlockStart < furthestAhead)
            return;

        const auto needed = bytesPerEvent + event.numBytes;

        if (needed > capacityBytes)
        {
            tooLong.fetch_add (1, std::memory_order_relaxed);
        }
        else
        {
            if (buffer.data.size() + needed > capacityBytes)
                return;

            const auto exact = double (block.numSamples) + double (sinceBlockStart) * samplesPerNanosecond;
            const auto position =
                static_cast<int> (std::clamp (exact, double (earliestPosition), double (block.numSamples - 1)));
            buffer.addEvent (event.bytes.data(), event.numBytes, position);
            earliestPosition = position;
        }

        lane->store.give (std::move (lane->next));
    }
}

} // namespace host
