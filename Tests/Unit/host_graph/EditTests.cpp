#include "GraphFixture.h"
#include "GraphPlayer.h"
#include "ScenarioState.h"

#include <cmath>

using namespace graphtest;

//==============================================================================
// Sine sources: how large may a step between two samples be?

namespace
{
/** What may come out of a place in the graph: no larger than `size`, and no step larger than `step`. */
struct Bound
{
    double size = 0.0, step = 0.0;
};

/** The bounds of a scenario of sines, one a stretch from edit to edit.

    A sine of amplitude A steps by 2 A sin (pi f / fs) at most. A fade of a signal no larger than A adds A / 256, a fade between
    two such signals (a change of delay, bypass) 2 A / 256. Sums add up; gains and delays do not make a step larger. An edit is
    felt while its fade goes on and until that has come through all delays after it.
*/
class StepBounds
{
public:
    explicit StepBounds (const Scenario& scenario) : sampleRate (scenario.info.sampleRate)
    {
        ScenarioState state (scenario);
        note (state, 0, {});

        for (const auto& edit : scenario.edits)
        {
            std::set<int> bypassed;

            for (const auto& action : edit.actions)
            {
                if (! state.isPossible (action))
                    continue;

                if (action.kind == Action::Kind::bypass)
                    bypassed.insert (state.nodes.at (action.node).instance);
                else if (action.kind == Action::Kind::latency)
                    latencies += action.value;

                state.apply (action);
            }

            state.commit (edit.sample);
            note (state, edit.sample, bypassed);
        }

        instances = state.instances;

        for (const auto& [instance, spec] : instances)
            latencies += spec.latency;

        // The latest sum of all latencies is more than any path's. A second line is filled first, then its fade is delayed.
        for (std::size_t i = 0; i < models.size(); ++i)
            bounds.push_back (findBound (i, 256 + 2 * latencies + 1));
    }

    /** Until the first samples have come through, what begins at full level steps. */
    int getStart() const { return latencies + 1; }

    double getBound (int sample) const
    {
        std::size_t i = models.size() - 1;

        while (models[i].sample > sample)
            --i;

        return bounds[i];
    }

private:
    using WireKey = ScenarioState::WireKey;

    struct Model
    {
        int sample = 0;
        std::map<WireKey, int> delays; // of the wires that there are
        std::set<int> bypassed;        // nodes whose bypass changes there
    };

    void note (const ScenarioState& state, int sample, const std::set<int>& bypassed)
    {
        models.push_back ({ sample, state.findDelays(), bypassed });
    }

    double findBound (std::size_t last, int horizon) const
    {
        // Changes that are felt still, and the models that they changed: those from `first` on.
        auto first = last;

        while (first > 0 && models[first].sample > models[last].sample - horizon)
            --first;

        std::map<int, std::vector<WireKey>> wiresInto;
        std::set<WireKey> all;
        std::set<int> sinks;

        for (auto i = first; i <= last; ++i)
            for (const auto& [key, delay] : models[i].delays)
                if (all.insert (key).second)
                    wiresInto[key.destination].push_back (key);

        std::map<int, std::vector<Bound>> known; // inputs, by node

        const auto isBypassChanged = [&] (int instance)
        {
            for (auto i = first + 1; i <= last; ++i)
                if (models[i].bypassed.contains (instance))
                    return true;

            return false;
        };

        std::function<Bound (int, int)> outputOf;

        const std::function<const std::vector<Bound>&(int)> inputsOf = [&] (int instance) -> const std::vector<Bound>&
        {
            if (const auto found = known.find (instance); found != known.end())
                return found->second;

            std::vector<Bound> inputs (std::size_t (instances.at (instance).ports.audioInputs));

            for (const auto& key : wiresInto[instance])
            {
                int presenceChanges = 0, delayChanges = 0;

                for (auto i = first + 1; i <= last; ++i)
                {
                    const auto before = models[i - 1].delays.find (key), after = models[i].delays.find (key);
                    const auto wasThere = before != models[i - 1].delays.end(), isThere = after != models[i].delays.end();
                    presenceChanges += wasThere != isThere ? 1 : 0;
                    delayChanges += wasThere && isThere && before->second != after->second ? 1 : 0;
                }

                // One that comes back in mid-fade may come back with another delay.
                if (presenceChanges > 1)
                    delayChanges += presenceChanges / 2;

                const auto source = outputOf (key.source, key.channel);
                auto& input = inputs[std::size_t (key.input)];
                input.size += source.size;
                input.step += source.step + source.size * ((presenceChanges > 0 ? 1.0 : 0.0) + 2.0 * delayChanges) / 256.0;
            }

            return known[instance] = inputs;
        };

        outputOf = [&] (int instance, int channel) -> Bound
        {
            const auto& spec = instances.at (instance);
            Bound output;

            if (spec.kind == NodeSpec::Kind::sine)
            {
                output.size = double (spec.amplitude);
                output.step = 2.0 * output.size * std::sin (juce::MathConstants<double>::pi * spec.frequency / sampleRate);
            }
            else
            {
                output = inputsOf (instance)[std::size_t (channel)];

                if (! spec.mayBeBypassed)
                {
                    output.size *= double (spec.gain);
                    output.step *= double (spec.gain);
                }
            }

            if (isBypassChanged (instance))
                output.step += 2.0 * output.size / 256.0;

            return output;
        };

        double sum = 0.0;

        for (const auto& [instance, spec] : instances)
            if (spec.role == host::NodeRole::audioOutput)
                for (const auto& input : inputsOf (instance))
                    sum += input.step;

        return sum;
    }

    double sampleRate;
    int latencies = 0;
    std::map<int, NodeSpec> instances;
    std::vector<Model> models;
    std::vector<double> bounds;
};

/** Random edits to graphs of sines, played and held against the bounds. */
template <typename MakePlayer>
void checkSteps (const MakePlayer& makePlayer, int numScripts)
{
    Limits limits;
    limits.maxNodes = 12;
    limits.minSamples = limits.maxSamples = 4000;
    limits.maxEdits = 12;
    limits.maxLatency = 8;
    limits.onlySines = true;
    double closest = 0.0;
    int numHeard = 0, numEdits = 0;

    for (std::uint32_t seed = 1; seed <= std::uint32_t (numScripts); ++seed)
    {
        auto scenario = makeScenario (seed, limits);
        scenario.numOutputs = 1;
        const StepBounds bounds (scenario);
        const auto output = play (scenario, makePlayer).outputs[0];

        for (int i = bounds.getStart(); i < scenario.countSamples(); ++i)
        {
            const auto step = double (std::abs (output[std::size_t (i)] - output[std::size_t (i) - 1]));
            const auto bound = bounds.getBound (i);
            const auto rounding = 1.0e-5 * (1.0 + double (std::abs (output[std::size_t (i)])));

            if (step > bound + rounding)
                FAIL ("seed " << seed << ": a step of " << step << " to sample " << i << ", where " << bound
                              << " are allowed\n"
                              << scenario.toString());

            if (bound > 0.0)
                closest = std::max (closest, step / bound);
        }

        numEdits += int (scenario.edits.size());
        numHeard += std::any_of (output.begin(), output.end(), [] (float value) { return value != 0.0f; }) ? 1 : 0;
    }

    // Else the bounds prove nothing.
    CAPTURE (closest, numHeard, numEdits);
    REQUIRE (closest > 0.9);
    REQUIRE (numHeard * 2 > numScripts);
    REQUIRE (numEdits > numScripts * 4);
}
} // namespace

TEST_CASE ("edits of sines make no step that sine and fade do not allow: reference", "[edits]")
{
    checkSteps (withReference, scaled (100));
}

TEST_CASE ("edits of sines make no step that sine and fade do not allow: serial", "[edits]")
{
    checkSteps (withSerialRenderer, scaled (1000));
}

TEST_CASE ("edits of sines make no step that sine and fade do not allow: parallel", "[edits][parallel]")
{
    checkSteps (withThreads (3), scaled (200));
}

//==============================================================================
namespace
{
/** Beside a graph that is edited runs a part, with an outlet of its own, that is not. */
template <typename MakePlayer>
void checkUntouchedPaths (const MakePlayer& makePlayer, int numScripts)
{
    Limits limits;
    limits.maxNodes = 15;
    limits.minSamples = 1500;
    limits.maxSamples = 3000;
    limits.maxEdits = 10;
    limits.maxLatency = 15;
    limits.hasFixedPart = true;
    int numChanged = 0;

    for (std::uint32_t seed = 1; seed <= std::uint32_t (numScripts); ++seed)
    {
        const auto scenario = makeScenario (seed, limits);
        auto unedited = scenario;
        unedited.edits.clear();

        auto expected = play (unedited, makePlayer), actual = play (scenario, makePlayer);
        numChanged += expected.outputs[0] != actual.outputs[0] ? 1 : 0;

        for (const auto output : { 1, 2 })
            REQUIRE (std::any_of (expected.outputs[std::size_t (output)].begin(),
                                  expected.outputs[std::size_t (output)].end(), [] (float value) { return value != 0.0f; }));

        expected.outputs[0] = actual.outputs[0]; // that of the part that is edited
        expected.midi = actual.midi;

        if (const auto difference = findDifference (scenario, expected, actual))
            FAIL ("seed " << seed << ": " << *difference << "\n" << scenario.toString());
    }

    REQUIRE (numChanged * 3 > numScripts);
}
} // namespace

TEST_CASE ("paths that no edit touches sound the same as without edits bit for bit: reference", "[edits]")
{
    checkUntouchedPaths (withReference, scaled (50));
}

TEST_CASE ("paths that no edit touches sound the same as without edits bit for bit: serial", "[edits]")
{
    checkUntouchedPaths (withSerialRenderer, scaled (500));
}

TEST_CASE ("paths that no edit touches sound the same as without edits bit for bit: parallel", "[edits][parallel]")
{
    checkUntouchedPaths (withThreads (3), scaled (100));
}

//==============================================================================
namespace
{
/** MIDI in -> MIDI out, 9 samples late because of what runs beside. */
template <typename MakePlayer>
std::vector<TimedEvent> cutMidiWire (const MakePlayer& makePlayer, bool removesSource)
{
    Scenario scenario;
    const auto add = [&] (host::NodeId id, host::NodeRole role, host::NodePorts ports, int latency)
    {
        NodeSpec spec;
        spec.id = id;
        spec.instance = int (id);
        spec.role = role;
        spec.ports = ports;
        spec.latency = latency;
        scenario.nodes.push_back (spec);
    };

    constexpr auto midi = host::PortRef::midi;
    add (1, host::NodeRole::midiInput, { 0, 0, false, true }, 0);
    add (2, host::NodeRole::midiOutput, { 0, 0, true, false }, 0);
    add (3, host::NodeRole::processor, { 0, 1, false, false }, 9);
    add (4, host::NodeRole::audioOutput, { 1, 0, false, false }, 0);
    scenario.wires = { { { 1, midi }, { 2, midi } }, { { 3, 0 }, { 4, 0 } } };
    scenario.midi = { { 3, { 0x91, 70, 90 } },   { 5, { 0x90, 60, 90 } },   { 6, { 0x91, 65, 90 } }, { 20, { 0x91, 65, 0 } },
                      { 30, { 0xb3, 64, 127 } }, { 100, { 0x90, 61, 90 } }, { 150, { 0x80, 60, 0 } } };

    Action cut;
    cut.kind = removesSource ? Action::Kind::remove : Action::Kind::disconnect;
    cut.node = 1;
    cut.wire = scenario.wires[0];
    scenario.edits = { { 100, { cut } } };
    scenario.info.maxBlockSize = 32;
    setBlocks (scenario, 400, 32, 1);
    return play (scenario, makePlayer).midi;
}
} // namespace

TEST_CASE ("a MIDI wire that goes ends the notes that sound on it and lifts the pedal", "[edits][midi]")
{
    const auto removesSource = GENERATE (false, true);
    const std::vector<TimedEvent> expected{ { 12, { 0x91, 70, 90 } }, { 14, { 0x90, 60, 90 } },  { 15, { 0x91, 65, 90 } },
                                            { 29, { 0x91, 65, 0 } },  { 39, { 0xb3, 64, 127 } }, { 109, { 0x80, 60, 0 } },
                                            { 109, { 0x81, 70, 0 } }, { 109, { 0xb0, 64, 0 } },  { 109, { 0xb1, 64, 0 } },
                                            { 109, { 0xb3, 64, 0 } } };
    REQUIRE (cutMidiWire (withReference, removesSource) == expected);
    REQUIRE (cutMidiWire (withSerialRenderer, removesSource) == expected);
    REQUIRE (cutMidiWire (withThreads (2), removesSource) == expected);
}

//======================================================================================================================
// One edit each.

namespace
{
juce::AudioBuffer<float> makeOnes (int samples)
{
    juce::AudioBuffer<float> buffer (1, samples);
    juce::FloatVectorOperations::fill (buffer.getWritePointer (0), 1.0f, samples);
    return buffer;
}

float getLargestStep (const juce::AudioBuffer<float>& buffer)
{
    float step = 0.0f;

    for (int i = 1; i < buffer.getNumSamples(); ++i)
        step = std::max (step, std::abs (buffer.getSample (0, i) - buffer.getSample (0, i - 1)));

    return step;
}

constexpr auto stepOfFade = 1.0f / float (host::Fade::samples);
} // namespace

TEST_CASE_METHOD (GraphFixture, "a wire that is turned round fades out before the other way comes", "[edits]")
{
    addInput (1, 1);
    addFunction (2, { 1, 1, false, false }, [] (auto&) {});
    addFunction (3, { 1, 1, false, false }, [] (auto&) {});
    addOutput (4, 1);
    connect ("1:0", "2:0");
    connect ("2:0", "3:0");
    connect ("3:0", "4:0");
    compile();
    REQUIRE (render (makeOnes (128), 1, 64).getSample (0, 127) == 1.0f);

    model.disconnect ({ { 2, 0 }, { 3, 0 } });
    connect ("3:0", "2:0");
    compile();
    REQUIRE (plan->isDeferring);
    const auto output = render (makeOnes (512), 1, 64);
    REQUIRE (output.getSample (0, 0) > 0.9f);
    REQUIRE (getLargestStep (output) <= stepOfFade);
    REQUIRE (output.getSample (0, 511) == 0.0f);

    compile();
    REQUIRE_FALSE (plan->isDeferring);
    REQUIRE (std::any_of (plan->wires.begin(), plan->wires.end(),
                          [] (const auto& wire) { return wire.to->id == 2 && wire.from->id == 3; }));
}

TEST_CASE_METHOD (GraphFixture,
                  "what comes out of a new delay begins with a fade, too, long after its own wires have faded in")
{
    constexpr int delay = 1000;
    addInput (1, 1);
    addOutput (4, 1);
    connect ("1:0", "4:0");
    compile();
    render (makeOnes (128), 1, 64);

    const auto line = std::make_shared<host::DelayLine> (delay);
    add (2, host::NodeRole::processor,
         std::make_unique<TailNode> (host::NodePorts{ 1, 1, false, false }, 0.5,
                                     [line] (host::ProcessContext& context)
                                     { line->process (context.channels[0], context.channels[0], context.numSamples); }))
        ->prepare (info);
    connect ("1:0", "2:0");
    connect ("2:0", "4:0");
    compile();
    const auto output = render (makeOnes (2048), 1, 64);
    REQUIRE (output.getSample (0, delay - 1) == 1.0f);
    REQUIRE (output.getSample (0, 2047) == 2.0f);
    REQUIRE (getLargestStep (output) <= stepOfFade);
}
