#include "RandomGraph.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <sstream>

namespace graphtest
{

using host::NodeId;
using host::NodeRole;
using host::PortRef;
using host::Wire;

//==============================================================================
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

//==============================================================================
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

std::string Action::toString() const
{
    switch (kind)
    {
        case Kind::add: return "add " + spec.toString();
        case Kind::remove: return "remove " + std::to_string (node);
        case Kind::restore: return "restore " + std::to_string (node);
        case Kind::connect: return "connect " + wire.toString();
        case Kind::disconnect: return "disconnect " + wire.toString();
        case Kind::bypass: return (value != 0 ? "bypass " : "do not bypass ") + std::to_string (node);
        case Kind::latency: return "latency of " + std::to_string (node) + " is " + std::to_string (value);
    }

    return {};
}

int Scenario::countSamples() const { return std::accumulate (blocks.begin(), blocks.end(), 0); }

float Scenario::getInput (int channel, int sample) const
{
    auto value = (seed * 0x85ebca6bu) ^ (std::uint32_t (sample) * 0x9e3779b1u) ^ (std::uint32_t (channel + 1) * 0xc2b2ae35u);
    value ^= value >> 15;
    value *= 0x2c1b3c6du;
    value ^= value >> 12;
    return float (value >> 8) / 8388608.0f - 1.0f;
}

bool Scenario::isCompensated (const Wire& wire) const
{
    const auto value = wire.from.node * 31 + NodeId (wire.from.channel + 1) * 7 + wire.to.node * 17 + NodeId (wire.to.channel + 1) * 3;
    return ! hasUncompensated || value % 5 != 0;
}

std::string Scenario::toString() const
{
    std::ostringstream text;
    text << "seed " << seed << ", " << countSamples() << " samples, largest block " << info.maxBlockSize << "\n";

    for (const auto& node : nodes)
        text << "  " << node.toString() << "\n";

    for (const auto& wire : wires)
        text << "  " << wire.toString() << (isCompensated (wire) ? "" : " uncompensated") << "\n";

    for (const auto& edit : edits)
        for (const auto& action : edit.actions)
            text << "  at " << edit.sample << ": " << action.toString() << "\n";

    if (midi.size() <= 20)
    {
        for (const auto& event : midi)
        {
            text << "  MIDI at " << event.sample << ":" << std::hex;

            for (const auto byte : event.bytes)
                text << " " << int (byte);

            text << std::dec << "\n";
        }
    }

    return text.str();
}

//==============================================================================
GraphInstance::GraphInstance (const Scenario& scenarioToPlay, rt::Collector& collectorToUse)
    : scenario (scenarioToPlay), collector (collectorToUse)
{
    for (const auto& spec : scenario.nodes)
        add (spec);

    for (const auto& wire : scenario.wires)
        connect (wire);
}

void GraphInstance::connect (const Wire& wire)
{
    model.connect (wire);
    model.setCompensated (wire, scenario.isCompensated (wire));
}

void GraphInstance::add (const NodeSpec& spec)
{
    std::unique_ptr<host::NodeProcessor> processor;

    if (spec.role == NodeRole::processor)
        processor = std::make_unique<TestNode> (spec);
    else if (spec.role == NodeRole::feedback)
        processor = std::make_unique<host::FeedbackNode> (spec.ports.audioInputs);
    else
        processor = std::make_unique<host::IoNode> ("io", spec.ports);

    processor->prepare (scenario.info);
    auto node = rt::makeShared<host::NodeRuntime> (collector, spec.id, spec.role, "n" + std::to_string (spec.id),
                                                   std::move (processor));
    node->isWarm = true; // its state is to begin with the first sample
    node->bypassed = spec.bypassed;
    model.addNode (node);
}

bool GraphInstance::apply (const Edit& edit)
{
    bool hasChanged = false;

    for (const auto& action : edit.actions)
        hasChanged = apply (action) || hasChanged;

    return hasChanged;
}

bool GraphInstance::apply (const Action& action)
{
    const auto& wire = action.wire;
    const auto& present = model.getWires();
    const auto node = model.find (action.node);

    switch (action.kind)
    {
        case Action::Kind::add:
            if (node)
                return false;

            add (action.spec);
            return true;

        case Action::Kind::remove:
            if (! node)
                return false;

            removed[action.node] = node;
            model.removeNode (action.node);
            return true;

        case Action::Kind::restore:
            if (node || ! removed.contains (action.node))
                return false;

            model.addNode (removed[action.node]);
            return true;

        case Action::Kind::connect:
            if (! model.find (wire.from.node) || ! model.find (wire.to.node)
                || std::find (present.begin(), present.end(), wire) != present.end())
                return false;

            connect (wire);
            return true;

        case Action::Kind::disconnect:
            if (std::find (present.begin(), present.end(), wire) == present.end())
                return false;

            model.disconnect (wire);
            return true;

        case Action::Kind::bypass:
            if (node)
                node->bypassed = action.value != 0;

            return false;

        case Action::Kind::latency:
            if (! node)
                return false;

            static_cast<TestNode&> (*node->processor).setLatency (action.value);
            return true;
    }

    return false;
}

//==============================================================================
ScenarioState::ScenarioState (const Scenario& scenarioToFollow) : scenario (scenarioToFollow)
{
    for (const auto& spec : scenario.nodes)
        apply ({ Action::Kind::add, spec.id, spec, {}, 0 });

    wires.insert (scenario.wires.begin(), scenario.wires.end());
    commit (0);
}

ScenarioState::WireKey ScenarioState::keyOf (const Wire& wire) const
{
    return { nodes.at (wire.from.node).instance, wire.from.channel, nodes.at (wire.to.node).instance, wire.to.channel };
}

bool ScenarioState::isPossible (const Action& action) const
{
    const auto isThere = [&] (NodeId id) { return nodes.contains (id); };

    switch (action.kind)
    {
        case Action::Kind::add: return ! isThere (action.node);
        case Action::Kind::restore: return ! isThere (action.node) && removed.contains (action.node);
        case Action::Kind::connect:
            return isThere (action.wire.from.node) && isThere (action.wire.to.node) && ! wires.contains (action.wire);
        case Action::Kind::disconnect: return wires.contains (action.wire);
        case Action::Kind::remove:
        case Action::Kind::bypass:
        case Action::Kind::latency: return isThere (action.node);
    }

    return false;
}

bool ScenarioState::mayComeBack (const Wire& wire, int sample) const
{
    const auto found = fades.find (keyOf (wire));

    if (found == fades.end() || found->second.isPresent)
        return true;

    const auto& fade = found->second;

    if (! wire.from.isMidi() && fade.positionAt (sample) > 0)
        return true;

    return sample > fade.endedAt + drain;
}

bool ScenarioState::isDefined (const Action& action, int sample) const
{
    switch (action.kind)
    {
        case Action::Kind::connect:
        {
            const auto &from = nodes.at (action.wire.from.node), &to = nodes.at (action.wire.to.node);
            const auto isInOrder =
                from.role == NodeRole::feedback || to.role == NodeRole::feedback || from.position < to.position;
            return isInOrder && mayComeBack (action.wire, sample);
        }

        case Action::Kind::restore:
        {
            // It must be certain that it still runs: one of its wires into a node that is there has not faded.
            const auto instance = removed.at (action.node).instance;

            return std::any_of (fades.begin(), fades.end(),
                                [&] (const auto& entry)
                                {
                                    const auto& [key, fade] = entry;

                                    if (key.source != instance || key.channel == PortRef::midi || fade.direction >= 0
                                        || fade.positionAt (sample) == 0)
                                        return false;

                                    const auto& destination = instances.at (key.destination);
                                    const auto there = nodes.find (destination.id);
                                    return there != nodes.end() && there->second.instance == key.destination;
                                });
        }

        case Action::Kind::bypass: return nodes.at (action.node).mayBeBypassed;
        case Action::Kind::latency: return ! nodes.at (action.node).mayBeBypassed;
        case Action::Kind::add:
        case Action::Kind::remove:
        case Action::Kind::disconnect: return true;
    }

    return false;
}

void ScenarioState::apply (const Action& action)
{
    switch (action.kind)
    {
        case Action::Kind::add:
            nodes[action.node] = action.spec;
            instances[action.spec.instance] = action.spec;
            drain += action.spec.latency;
            break;

        case Action::Kind::remove:
            removed[action.node] = nodes.at (action.node);
            nodes.erase (action.node);
            std::erase_if (wires,
                           [&] (const Wire& wire) { return wire.from.node == action.node || wire.to.node == action.node; });
            break;

        case Action::Kind::restore: nodes[action.node] = removed.at (action.node); break;
        case Action::Kind::connect: wires.insert (action.wire); break;
        case Action::Kind::disconnect: wires.erase (action.wire); break;
        case Action::Kind::bypass: nodes.at (action.node).bypassed = action.value != 0; break;
        case Action::Kind::latency:
            nodes.at (action.node).latency = action.value;
            drain += action.value;
            break;
    }
}

void ScenarioState::commit (int sample)
{
    std::set<WireKey> present;
    std::set<int> presentNodes;

    for (const auto& wire : wires)
        present.insert (keyOf (wire));

    for (const auto& [id, spec] : nodes)
        presentNodes.insert (spec.instance);

    for (auto& [key, fade] : fades)
    {
        const auto position = fade.positionAt (sample);
        const auto isMidi = key.channel == PortRef::midi;

        if (! presentNodes.contains (key.destination))
        {
            fade = { position, 0, sample, fade.isPresent, fade.endedAt };
        }
        else if (present.contains (key))
        {
            const auto isNew = ! fade.isPresent && (isMidi || position == 0);
            fade = { isNew ? 0 : position, 1, sample, true, 0 };
        }
        else if (fade.isPresent || fade.direction == 0)
        {
            fade = { position, -1, sample, false, sample + (isMidi ? 0 : position) };
        }
    }

    for (const auto& key : present)
        if (! fades.contains (key))
            fades[key] = { isFirst ? 256 : 0, 1, sample, true, 0 };

    isFirst = false;
}

int ScenarioState::countMidiPaths() const
{
    std::map<NodeId, int> paths;
    int most = 0;

    const std::function<int (NodeId)> count = [&] (NodeId id) -> int
    {
        if (const auto known = paths.find (id); known != paths.end())
            return known->second;

        const auto& spec = nodes.at (id);
        int sum = spec.ports.midiInput ? 0 : 1;

        for (const auto& wire : wires)
            if (wire.to.node == id && wire.to.isMidi())
                sum += count (wire.from.node);

        most = std::max (most, sum);
        return paths[id] = sum;
    };

    for (const auto& [id, spec] : nodes)
        if (spec.ports.midiInput || spec.ports.midiOutput)
            count (id);

    return most;
}

std::map<ScenarioState::WireKey, int> ScenarioState::findDelays() const
{
    std::map<NodeId, int> arrivals;

    const std::function<int (NodeId)> arrivalOf = [&] (NodeId id) -> int
    {
        if (const auto known = arrivals.find (id); known != arrivals.end())
            return known->second;

        int arrival = 0;

        for (const auto& wire : wires)
            if (wire.to.node == id && scenario.isCompensated (wire))
                if (const auto& from = nodes.at (wire.from.node); from.role != NodeRole::feedback)
                    arrival = std::max (arrival, arrivalOf (wire.from.node) + from.latency);

        return arrivals[id] = arrival;
    };

    int total = 0;
    const auto isSink = [] (const NodeSpec& spec)
    { return spec.role == NodeRole::audioOutput || spec.role == NodeRole::midiOutput; };

    for (const auto& [id, spec] : nodes)
        if (const auto arrival = arrivalOf (id); isSink (spec))
            total = std::max (total, arrival);

    std::map<WireKey, int> delays;

    for (const auto& wire : wires)
    {
        const auto &from = nodes.at (wire.from.node), &to = nodes.at (wire.to.node);
        const auto departure = from.role == NodeRole::feedback ? 0 : arrivals.at (from.id) + from.latency;
        const auto arrival = isSink (to) ? total : arrivals.at (to.id);
        delays[keyOf (wire)] = scenario.isCompensated (wire) ? arrival - departure : 0;
    }

    return delays;
}

bool isDefined (const Scenario& scenario)
{
    ScenarioState state (scenario);

    for (const auto& edit : scenario.edits)
    {
        for (const auto& action : edit.actions)
        {
            if (! state.isPossible (action))
                continue;

            if (! state.isDefined (action, edit.sample))
                return false;

            state.apply (action);
        }

        state.commit (edit.sample);
    }

    return true;
}

//==============================================================================
namespace
{
class Generator
{
public:
    Generator (std::uint32_t seed, const Limits& limitsToUse) : random (seed * 2654435761u + 12345u), limits (limitsToUse)
    {
        scenario.seed = seed;
    }

    Scenario run()
    {
        scenario.info = { 48000.0, random.oneOf (std::vector<int>{ 1, 7, 16, 32, 48, 64, 100, 128, 256 }), false };
        scenario.numInputs = random.between (0, 3);
        scenario.numOutputs = random.between (1, 4);
        scenario.hasUncompensated = scenario.seed % 3 == 0 && ! limits.onlySines && ! limits.hasFixedPart;
        hasLatencies = limits.maxLatency > 0 && ! random.oneIn (4);
        numSamples = random.between (limits.minSamples, limits.maxSamples);

        makeNodes();
        ScenarioState state (scenario);
        makeWires (state);
        addWideMixes (state);
        addFixedPart (state);
        scenario.wires.assign (state.wires.begin(), state.wires.end());
        makeMidi();
        makeEdits();
        setBlocks (scenario, numSamples, 0, std::uint32_t (random.below (1 << 30)));
        return std::move (scenario);
    }

private:
    using Kind = NodeSpec::Kind;

    NodeId makeId()
    {
        // Ids say nothing of the order in which nodes run.
        for (;;)
            if (const auto id = NodeId (random.between (1, 10 * limits.maxNodes + 50)); usedIds.insert (id).second)
                return id;
    }

    int makeLatency()
    {
        if (! hasLatencies || ! random.oneIn (3))
            return 0;

        return random.between (1, random.oneIn (4) ? limits.maxLatency : std::min (20, limits.maxLatency));
    }

    NodeSpec makeSpec (NodeRole role)
    {
        NodeSpec spec;
        spec.id = makeId();
        spec.instance = nextInstance++;
        spec.role = role;
        const auto place = double (random.between (0.0f, 1.0f));

        switch (role)
        {
            case NodeRole::audioInput:
                spec.ports.audioOutputs = random.between (1, 4);
                spec.position = place;
                break;
            case NodeRole::midiInput:
                spec.ports.midiOutput = true;
                spec.position = place;
                break;
            case NodeRole::audioOutput:
                spec.ports.audioInputs = limits.onlySines || limits.hasFixedPart ? 1 : random.between (1, 4);
                spec.position = 2.0 + place;
                break;
            case NodeRole::midiOutput:
                spec.ports.midiInput = true;
                spec.position = 2.0 + place;
                break;
            case NodeRole::feedback:
                spec.ports.audioInputs = spec.ports.audioOutputs = random.between (1, 3);
                spec.position = 1.0 + place;
                break;
            case NodeRole::processor:
                spec.position = 1.0 + place;

                if (limits.onlySines)
                    makeLinear (spec);
                else
                    makeProcessor (spec);
                break;
        }

        return spec;
    }

    void makeLinear (NodeSpec& spec)
    {
        spec.frequency = double (random.between (20.0f, 150.0f));

        if (random.oneIn (3))
        {
            spec.kind = Kind::sine;
            spec.ports = { 0, 1, false, false };
            spec.amplitude = random.between (0.25f, 1.0f);
        }
        else
        {
            const auto channels = random.between (1, 2);
            spec.kind = Kind::gain;
            spec.ports = { channels, channels, false, false };
            spec.gain = random.between (0.3f, 1.0f);
        }

        spec.mayBeBypassed = random.oneIn (2);

        // When it comes back, a delay inside would give what it held when it was bypassed: a step.
        if (! spec.mayBeBypassed || spec.kind == Kind::sine)
            spec.latency = makeLatency();
    }

    void makeProcessor (NodeSpec& spec)
    {
        auto& ports = spec.ports;
        ports.midiInput = random.oneIn (4);
        ports.midiOutput = random.oneIn (5);
        ports.audioInputs = random.between (0, 4);
        ports.audioOutputs = random.between (0, 4);
        spec.kind = random.oneOf (ports.audioInputs > 0 ? std::vector<Kind>{ Kind::gain, Kind::gain, Kind::mix, Kind::mix,
                                                                             Kind::onePole, Kind::counter, Kind::noise }
                                                        : std::vector<Kind>{ Kind::counter, Kind::noise, Kind::sine });

        if (ports.midiInput && ! random.oneIn (3))
            spec.kind = Kind::synth;

        spec.gain = random.between (0.2f, 0.9f);

        if (random.oneIn (2))
            spec.gain = -spec.gain;

        spec.amplitude = random.between (0.1f, 0.7f);
        spec.frequency = double (random.between (50.0f, 5000.0f));
        spec.transpose = random.between (-5, 7);
        spec.period = random.between (8, 300);
        spec.latency = makeLatency();
        spec.mayBeBypassed = ! ports.midiInput && ! ports.midiOutput && ports.audioOutputs > 0 && random.oneIn (2);
        spec.bypassed = spec.mayBeBypassed && random.oneIn (8);
    }

    NodeRole makeRole()
    {
        const auto roll = random.below (100);

        if (limits.onlySines)
            return roll < 10 ? NodeRole::audioOutput : NodeRole::processor;

        return roll < 6    ? NodeRole::audioInput
               : roll < 14 ? NodeRole::audioOutput
               : roll < 18 ? NodeRole::midiInput
               : roll < 22 ? NodeRole::midiOutput
               : roll < 28 ? NodeRole::feedback
                           : NodeRole::processor;
    }

    void makeNodes()
    {
        // Large ones are the rarer: small ones find the same faults, and tell more of them.
        const auto most =
            std::max (3, random.oneIn (8) ? limits.maxNodes : std::min (limits.maxNodes, random.oneIn (2) ? 12 : 40));
        const auto count = limits.hasWideMixes ? random.between (60, limits.maxNodes) : random.between (3, most);

        for (int i = 0; i < count; ++i)
            scenario.nodes.push_back (makeSpec (i == 0 ? NodeRole::audioOutput : makeRole()));

        if (! limits.onlySines && random.oneIn (2))
        {
            scenario.nodes.push_back (makeSpec (NodeRole::midiInput));
            scenario.nodes.push_back (makeSpec (NodeRole::midiOutput));
        }
    }

    //==============================================================================
    const NodeSpec& pickNode (const ScenarioState& state)
    {
        return std::next (state.nodes.begin(), random.below (int (state.nodes.size())))->second;
    }

    /** One that may be connected at the sample, or none after some tries. */
    std::optional<Wire> pickWire (ScenarioState& state, int sample, std::optional<NodeId> atOneEnd = {})
    {
        for (int attempt = 0; attempt < 12; ++attempt)
        {
            auto from = pickNode (state).id, to = pickNode (state).id;

            if (atOneEnd)
                (random.oneIn (2) ? from : to) = *atOneEnd;

            // Of several sources the nearest: long chains.
            for (int i = random.below (4); i > 0 && ! atOneEnd; --i)
                if (const auto& other = pickNode (state);
                    other.position > state.nodes.at (from).position && other.position < state.nodes.at (to).position)
                    from = other.id;

            if (const auto wire = joinNodes (state, from, to, sample))
                return wire;
        }

        return {};
    }

    std::optional<Wire> joinNodes (ScenarioState& state, NodeId fromId, NodeId toId, int sample, int mostSources = 5)
    {
        const auto &from = state.nodes.at (fromId), &to = state.nodes.at (toId);
        const auto canAudio = from.ports.audioOutputs > 0 && to.ports.audioInputs > 0;
        const auto canMidi = from.ports.midiOutput && to.ports.midiInput;

        if (from.isFixed || to.isFixed || (! canAudio && ! canMidi))
            return {};

        const auto isMidi = canMidi && (! canAudio || random.oneIn (2));
        const Wire wire{ { fromId, isMidi ? PortRef::midi : random.below (from.ports.audioOutputs) },
                         { toId, isMidi ? PortRef::midi : random.below (to.ports.audioInputs) } };
        const Action action{ Action::Kind::connect, 0, {}, wire, 0 };

        if (! state.isPossible (action) || ! state.isDefined (action, sample))
            return {};

        const auto fanIn =
            std::count_if (state.wires.begin(), state.wires.end(), [&] (const Wire& other) { return other.to == wire.to; });

        if (fanIn >= mostSources)
            return {};

        if (isMidi)
        {
            state.wires.insert (wire);
            const auto isTooMuch = state.countMidiPaths() > 8;
            state.wires.erase (wire);

            if (isTooMuch)
                return {};
        }

        return wire;
    }

    void makeWires (ScenarioState& state)
    {
        for (int left = int (double (scenario.nodes.size()) * double (random.between (0.7f, 3.0f))) + 3; left >= 0; --left)
            if (const auto wire = pickWire (state, 0))
                state.wires.insert (*wire);
    }

    /** Inputs that most of the nodes lead into, the channels alike or not. */
    void addWideMixes (ScenarioState& state)
    {
        if (! limits.hasWideMixes)
            return;

        for (int left = random.between (1, 3); left > 0; --left)
        {
            auto to = pickNode (state).id;

            // A late one has more that can lead there.
            for (int i = 0; i < 4; ++i)
                if (const auto& other = pickNode (state);
                    other.ports.audioInputs > 0 && other.position > state.nodes.at (to).position)
                    to = other.id;

            const auto rarity = random.between (2, 10);

            for (const auto& [from, spec] : std::map (state.nodes))
                for (int wires = state.nodes.at (to).ports.audioInputs; wires > 0; --wires)
                    if (! random.oneIn (rarity))
                        if (const auto wire = joinNodes (state, from, to, 0, limits.maxNodes))
                            state.wires.insert (*wire);
        }
    }

    void addFixedPart (ScenarioState& state)
    {
        if (! limits.hasFixedPart)
            return;

        // noise -> loop with a feedback node -> long delay -> an outlet that nothing else uses
        scenario.numOutputs = 3;
        const auto add = [&] (NodeRole role, host::NodePorts ports, Kind kind, int latency)
        {
            NodeSpec spec;
            spec.id = makeId();
            spec.instance = nextInstance++;
            spec.role = role;
            spec.ports = ports;
            spec.kind = kind;
            spec.gain = 0.7f;
            spec.latency = latency;
            spec.isFixed = true;
            scenario.nodes.push_back (spec);
            state.apply ({ Action::Kind::add, spec.id, spec, {}, 0 });
            return spec.id;
        };

        // A path in the rest has all of the rest's nodes at most, and those that edits add.
        const auto latest = limits.maxLatency * (limits.maxNodes + 4 * limits.maxEdits + 1);
        const auto noise = add (NodeRole::processor, { 0, 1, false, false }, Kind::noise, 0);
        const auto loop = add (NodeRole::feedback, { 1, 1, false, false }, Kind::gain, 0);
        const auto mix = add (NodeRole::processor, { 2, 2, false, false }, Kind::onePole, 3);
        const auto late = add (NodeRole::processor, { 2, 2, false, false }, Kind::gain, latest);
        const auto outlet = add (NodeRole::audioOutput, { 3, 0, false, false }, Kind::gain, 0);

        for (const auto& wire :
             { Wire{ { noise, 0 }, { mix, 0 } }, Wire{ { loop, 0 }, { mix, 1 } }, Wire{ { mix, 0 }, { loop, 0 } },
               Wire{ { noise, 0 }, { mix, 1 } }, Wire{ { mix, 0 }, { late, 0 } }, Wire{ { mix, 1 }, { late, 1 } },
               Wire{ { late, 0 }, { outlet, 1 } }, Wire{ { late, 1 }, { outlet, 2 } } })
            state.wires.insert (wire);
    }

    void makeMidi()
    {
        auto& events = scenario.midi;

        const auto add = [&] (int sample, int status, int data1, int data2)
        {
            const auto position =
                std::upper_bound (events.begin(), events.end(), sample,
                                  [] (int limit, const TimedEvent& event) { return limit < event.sample; });

            if (sample < numSamples)
                events.insert (position, { sample, { juce::uint8 (status), juce::uint8 (data1), juce::uint8 (data2) } });
        };

        for (int t = random.below (50); t < numSamples; t += random.below (200))
        {
            const auto channel = random.below (3), note = random.between (30, 90);
            add (t, 0x90 | channel, note, random.between (1, 127));
            const auto off = random.oneIn (2) ? 0x80 | channel : 0x90 | channel;
            add (t + random.below (400), off, note, 0);

            if (random.oneIn (3))
            {
                add (t, 0xb0 | channel, 64, 127);
                add (t + random.below (600), 0xb0 | channel, 64, 0);
            }
        }
    }

    //==============================================================================
    void makeEdits()
    {
        if (limits.maxEdits == 0)
            return;

        ScenarioState state (scenario);
        int sample = 0;

        for (int left = random.between (1, limits.maxEdits); left > 0; --left)
        {
            // In the middle of the fades of the edit before, or after them.
            sample += random.oneIn (3) ? random.between (1, 700) : random.between (1, 200);

            if (sample >= numSamples)
                return;

            Edit edit{ sample, {} };

            for (int actions = random.between (1, 4); actions > 0; --actions)
                addActions (state, edit);

            state.commit (sample);

            if (! edit.actions.empty())
                scenario.edits.push_back (edit);
        }
    }

    NodeId touchedOr (const ScenarioState& state, NodeId other) const
    {
        const auto found = state.nodes.find (touched.back());
        return found != state.nodes.end() && mayTouch (found->second, true) ? found->first : other;
    }

    bool tryTo (ScenarioState& state, Edit& edit, const Action& action)
    {
        if (! state.isPossible (action) || ! state.isDefined (action, edit.sample))
            return false;

        if (action.kind == Action::Kind::connect || action.kind == Action::Kind::disconnect)
            touched.push_back (action.wire.to.node);

        state.apply (action);
        edit.actions.push_back (action);
        return true;
    }

    void connectSome (ScenarioState& state, Edit& edit, NodeId id)
    {
        for (int left = random.between (1, 4); left > 0; --left)
            if (const auto wire = pickWire (state, edit.sample, id))
                tryTo (state, edit, { Action::Kind::connect, 0, {}, *wire, 0 });
    }

    bool mayTouch (const NodeSpec& spec, bool toRemove) const
    {
        return ! spec.isFixed && ! (toRemove && limits.onlySines && spec.role == NodeRole::audioOutput);
    }

    void addActions (ScenarioState& state, Edit& edit)
    {
        const auto add = [&] (const NodeSpec& spec) { tryTo (state, edit, { Action::Kind::add, spec.id, spec, {}, 0 }); };

        switch (state.nodes.empty() ? 2 : random.below (13))
        {
            case 0:
            case 1: // a wire comes
                if (const auto wire = pickWire (state, edit.sample))
                    tryTo (state, edit, { Action::Kind::connect, 0, {}, *wire, 0 });
                break;

            case 2: // a node comes
            {
                const auto spec = makeSpec (makeRole());
                add (spec);
                connectSome (state, edit, spec.id);
                break;
            }

            case 3:
            case 4: // a wire goes
                if (! state.wires.empty())
                {
                    const auto wire = *std::next (state.wires.begin(), random.below (int (state.wires.size())));

                    if (mayTouch (state.nodes.at (wire.from.node), false) && mayTouch (state.nodes.at (wire.to.node), false))
                    {
                        tryTo (state, edit, { Action::Kind::disconnect, 0, {}, wire, 0 });
                        gone.push_back (wire);
                    }
                }
                break;

            case 5: // a node goes: often one with a wire that came or went a moment ago
                if (const auto spec = pickNode (state); mayTouch (spec, true))
                    remove (state, edit, touched.empty() || random.oneIn (2) ? spec.id : touchedOr (state, spec.id));
                break;

            case 6: // another takes its id, and its wires
                if (const auto spec = pickNode (state);
                    mayTouch (spec, true) && edited.insert ({ edit.sample, spec.id }).second)
                {
                    const auto before = state.wires;
                    remove (state, edit, spec.id);
                    auto other = spec;
                    other.instance = nextInstance++;
                    other.gain *= 0.75f;

                    if (other.role == NodeRole::processor && ! other.mayBeBypassed)
                        other.latency = makeLatency();

                    add (other);

                    for (const auto& wire : before)
                        if ((wire.from.node == spec.id || wire.to.node == spec.id) && ! random.oneIn (6))
                            tryTo (state, edit, { Action::Kind::connect, 0, {}, wire, 0 });
                }
                break;

            case 7: // one that went comes back, as when an edit is undone
                if (! removals.empty())
                {
                    const auto& [id, wires] =
                        removals[removals.size() - 1 - std::size_t (random.below (std::min (2, int (removals.size()))))];

                    if (! edited.contains ({ edit.sample, id })
                        && tryTo (state, edit, { Action::Kind::restore, id, {}, {}, 0 }))
                        for (const auto& wire : wires)
                            if (! random.oneIn (5))
                                tryTo (state, edit, { Action::Kind::connect, 0, {}, wire, 0 });
                }
                break;

            case 8: // a wire that went comes back
                if (! gone.empty())
                {
                    const auto index = std::size_t (random.below (int (gone.size())));

                    if (tryTo (state, edit, { Action::Kind::connect, 0, {}, gone[index], 0 }))
                        gone.erase (gone.begin() + std::ptrdiff_t (index));
                }
                break;

            case 9:
            case 10: // rather one that is bypassed than one that is not
            {
                auto spec = pickNode (state);

                for (int i = 0; i < 6 && ! spec.bypassed; ++i)
                    if (const auto& other = pickNode (state); other.mayBeBypassed)
                        spec = other;

                if (spec.mayBeBypassed && mayTouch (spec, false))
                    tryTo (state, edit, { Action::Kind::bypass, spec.id, {}, {}, spec.bypassed ? 0 : 1 });
                break;
            }

            case 11:
            case 12: // rather one whose latency has changed before than another
            {
                auto spec = pickNode (state);

                for (int i = 0; i < 8 && ! changedLatency.contains (spec.id); ++i)
                    if (const auto& other = pickNode (state); other.role == NodeRole::processor && ! other.mayBeBypassed)
                        spec = other;

                if (hasLatencies && spec.role == NodeRole::processor && ! spec.mayBeBypassed && mayTouch (spec, false)
                    && tryTo (state, edit,
                              { Action::Kind::latency, spec.id, {}, {}, random.between (0, limits.maxLatency) }))
                    changedLatency.insert (spec.id);
                break;
            }

            default: break;
        }
    }

    void remove (ScenarioState& state, Edit& edit, NodeId id)
    {
        std::vector<Wire> wires;

        for (const auto& wire : state.wires)
            if (wire.from.node == id || wire.to.node == id)
                wires.push_back (wire);

        if (tryTo (state, edit, { Action::Kind::remove, id, {}, {}, 0 }))
        {
            edited.insert ({ edit.sample, id });
            removals.emplace_back (id, wires);
        }
    }

    Random random;
    Limits limits;
    Scenario scenario;
    bool hasLatencies = true;
    int numSamples = 0, nextInstance = 1;
    std::set<NodeId> usedIds, changedLatency;
    std::set<std::pair<int, NodeId>> edited;
    std::vector<Wire> gone;
    std::vector<NodeId> touched; // by wires that came or went, the last one last
    std::vector<std::pair<NodeId, std::vector<Wire>>> removals;
};
} // namespace

Scenario makeScenario (std::uint32_t seed, const Limits& limits) { return Generator (seed, limits).run(); }

void setBlocks (Scenario& scenario, int numSamples, int blockLength, std::uint32_t seed)
{
    Random random (seed);
    const auto largest = scenario.info.maxBlockSize;
    const auto way = blockLength > 0 ? 0 : random.between (1, 4);
    std::size_t nextEdit = 0;
    scenario.blocks.clear();

    for (int start = 0; start < numSamples;)
    {
        const auto wish = way == 0   ? blockLength
                          : way == 1 ? largest
                          : way == 2 ? random.between (1, largest)
                          : way == 3 ? random.between (1, std::min (3, largest))
                                     : (random.oneIn (2)   ? largest
                                        : random.oneIn (3) ? 1
                                                           : random.between (1, largest));

        while (nextEdit < scenario.edits.size() && scenario.edits[nextEdit].sample <= start)
            ++nextEdit;

        const auto end = nextEdit < scenario.edits.size() ? scenario.edits[nextEdit].sample : numSamples;
        const auto length = std::min ({ wish, largest, end - start, numSamples - start });
        scenario.blocks.push_back (length);
        start += length;
    }
}

} // namespace graphtest
