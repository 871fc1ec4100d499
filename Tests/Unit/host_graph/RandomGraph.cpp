#include "RandomGraph.h"

#include "ScenarioState.h"

#include <algorithm>

namespace graphtest
{

using host::NodeId;
using host::NodeRole;
using host::PortRef;
using host::Wire;

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
