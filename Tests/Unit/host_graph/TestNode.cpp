#include "TestNode.h"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace graphtest
{

using host::NodeRole;

std::string NodeSpec::toString() const
{
    static constexpr const char* roles[] = {
        "processor", "audioInput", "audioOutput", "midiInput", "midiOutput", "feedback"
    };
    static constexpr const char* kinds[] = { "gain", "mix", "onePole", "counter", "noise", "sine", "synth" };

    std::ostringstream text;
    text << id << " " << roles[int (role)];

    if (role == NodeRole::processor)
        text << " " << kinds[int (kind)];

    text << " " << ports.audioInputs << " in " << ports.audioOutputs << " out" << (ports.midiInput ? " midi-in" : "")
         << (ports.midiOutput ? " midi-out" : "");

    if (latency > 0)
        text << " latency " << latency;

    if (bypassed)
        text << " bypassed";

    text << " (instance " << instance << ")";
    return text.str();
}

TestNode::TestNode (const NodeSpec& specToUse)
    : spec (specToUse), latency (specToUse.latency), noise (0x9e3779b9u * std::uint32_t (specToUse.instance + 1)),
      delays (std::size_t (specToUse.ports.audioOutputs), std::vector<float> (std::size_t (std::max (1, specToUse.latency))))
{
}

void TestNode::prepare (const host::PrepareInfo& info) { sampleRate = info.sampleRate; }

void TestNode::send (int status, int data1, int data2)
{
    if (spec.ports.midiOutput)
        waiting.push_back ({ now + spec.latency, { juce::uint8 (status), juce::uint8 (data1), juce::uint8 (data2) } });
}

void TestNode::handle (const juce::MidiMessageMetadata& event)
{
    const auto status = int (event.data[0]), kind = status & 0xf0;

    if (kind == 0x90)
        level = float (event.data[2]) / 127.0f;
    else if (kind == 0x80)
        level *= 0.25f;
    else if (kind == 0xb0)
        level += 0.01f;

    if (kind == 0x90 || kind == 0x80)
        send (status, (event.data[1] + spec.transpose) & 0x7f, event.data[2]);
    else
        send (status, event.data[1], event.data[2]);
}

void TestNode::play()
{
    const auto channel = spec.instance % 3;
    const auto number = int (now / spec.period), place = int (now % spec.period),
               note = 40 + (number * 7 + spec.instance) % 40;

    if (place == 0)
        send (0x90 | channel, note, 1 + (number * 31) % 127);
    else if (place == spec.period * 3 / 4)
        send (0x90 | channel, note, 0); // that is a note-off
    else if (place == spec.period / 2 && number % 3 != 0)
        send (0xb0 | channel, 64, number % 3 == 1 ? 127 : 0);
}

float TestNode::makeOutput (int channel, const float* inputs)
{
    using Kind = NodeSpec::Kind;
    const auto numInputs = spec.ports.audioInputs;
    const auto in = numInputs > 0 ? inputs[channel % numInputs] * spec.gain : 0.0f;

    switch (spec.kind)
    {
        case Kind::gain: return in;

        case Kind::mix:
        {
            auto sum = 0.0f;

            for (int i = 0; i < numInputs; ++i)
                sum += inputs[i] * (spec.gain * float (i + channel + 1) * 0.2f);

            if (numInputs > 2)
                sum *= 1.0f - 0.5f * std::min (1.0f, std::abs (inputs[numInputs - 1]));

            return sum;
        }

        case Kind::onePole:
        {
            auto& filter = filters[channel];
            filter += 0.2f * (in - filter);
            return filter;
        }

        case Kind::counter: return in + spec.amplitude * (float (now % 64) / 64.0f - 0.5f);

        case Kind::noise:
            noise ^= noise << 13;
            noise ^= noise >> 17;
            noise ^= noise << 5;
            return in + spec.amplitude * (float (noise >> 8) / 8388608.0f - 1.0f);

        case Kind::sine: return in + spec.amplitude * float (std::sin (phase + channel));

        case Kind::synth: return in + spec.amplitude * level * float (std::sin (phase));
    }

    return 0.0f;
}

void TestNode::makeBlock (host::ProcessContext& context)
{
    juce::MidiBuffer outgoing;
    auto event = context.midi.begin();
    const auto end = context.midi.end();

    for (int i = 0; i < context.numSamples; ++i, ++now)
    {
        for (; event != end && (*event).samplePosition == i; ++event)
            handle (*event);

        if (spec.ports.midiOutput && ! spec.ports.midiInput)
            play();

        for (; ! waiting.empty() && waiting.front().due == now; waiting.pop_front())
            outgoing.addEvent (waiting.front().bytes, 3, i);

        float inputs[4]{}, outputs[4]{};

        for (int channel = 0; channel < spec.ports.audioInputs; ++channel)
            inputs[channel] = context.channels[channel][i];

        for (int channel = 0; channel < spec.ports.audioOutputs; ++channel)
            outputs[channel] = std::clamp (makeOutput (channel, inputs), -4.0f, 4.0f);

        phase += 6.283185307179586 * spec.frequency / sampleRate;

        for (int channel = 0; channel < spec.ports.audioOutputs; ++channel)
        {
            auto& output = context.channels[channel][i];

            if (spec.latency == 0)
            {
                output = outputs[channel];
                continue;
            }

            auto& ring = delays[std::size_t (channel)];
            auto& late = ring[std::size_t (now % spec.latency)];
            output = late;
            late = outputs[channel];
        }
    }

    if (spec.ports.midiOutput)
    {
        context.midi.clear();
        context.midi.addEvents (outgoing, 0, context.numSamples, 0);
    }
}

} // namespace graphtest
