#pragma once

#include "RandomGraph.h"
#include "ReferenceGraph.h"

#include <catch2/catch.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

/** Plays scenarios with anything that renders, and compares what comes out. */
namespace graphtest
{

/** The one place where these tests compile a plan. An edit fades if the plan before has been rendered. */
inline rt::Shared<const host::RenderPlan> compile (const host::GraphModel& model, const host::PrepareInfo& info,
                                                   rt::Collector& collector, const host::RenderPlan* previous)
{
    return host::compileGraph (model, info, collector, previous);
}

/** The engine as a player: compiles each model and gives the plan to the renderer. */
template <typename Renderer>
class EnginePlayer
{
public:
    template <typename... Arguments>
    EnginePlayer (const host::PrepareInfo& infoToUse, rt::Collector& collectorToUse, Arguments&&... arguments)
        : info (infoToUse), collector (collectorToUse), renderer (std::forward<Arguments> (arguments)...)
    {
    }

    void setModel (const host::GraphModel& model)
    {
        plan = compile (model, info, collector, plan.get());
        renderer.warmUp (*plan);
    }

    void render (const host::BlockIO& io)
    {
        if constexpr (std::is_same_v<Renderer, host::SerialRenderer>)
            renderer.render (*plan, io);
        else
            renderer.render (plan, io);
    }

private:
    host::PrepareInfo info;
    rt::Collector& collector;
    Renderer renderer;
    rt::Shared<const host::RenderPlan> plan;
};

/** @name Ways to play a scenario, for play() */
/**@{*/
inline const auto withReference = [] (const host::PrepareInfo& info, rt::Collector&) { return ReferenceGraph (info); };

inline const auto withSerialRenderer = [] (const host::PrepareInfo& info, rt::Collector& collector)
{ return EnginePlayer<host::SerialRenderer> (info, collector); };

/** Always in parallel, also where that is slower. */
inline auto withThreads (int numThreads)
{
    return [numThreads] (const host::PrepareInfo& info, rt::Collector& collector)
    {
        host::ParallelRenderer::Options options;
        options.numThreads = numThreads;
        options.isAlwaysParallel = true;
        return EnginePlayer<host::ParallelRenderer> (info, collector, options);
    };
}
/**@}*/

struct Rendering
{
    std::vector<std::vector<float>> outputs;
    std::vector<TimedEvent> midi;
};

/** Plays a scenario from its start to its end. */
template <typename MakePlayer>
Rendering play (const Scenario& scenario, const MakePlayer& makePlayer)
{
    rt::Collector collector;
    GraphInstance graph (scenario, collector);
    auto player = makePlayer (scenario.info, collector);
    player.setModel (graph.getModel());

    const auto numSamples = std::size_t (scenario.countSamples());
    Rendering result;
    result.outputs.resize (std::size_t (scenario.numOutputs), std::vector<float> (numSamples));

    std::vector<std::vector<float>> inputs (std::size_t (scenario.numInputs), std::vector<float> (numSamples));

    for (std::size_t i = 0; i < inputs.size(); ++i)
        for (std::size_t t = 0; t < numSamples; ++t)
            inputs[i][t] = scenario.getInput (int (i), int (t));

    juce::MidiBuffer midiIn, midiOut;
    midiIn.ensureSize (host::RenderPlan::midiCapacityBytes);
    midiOut.ensureSize (host::RenderPlan::midiCapacityBytes);
    host::TransportPosition transport;
    auto edit = scenario.edits.begin();
    auto event = scenario.midi.begin();
    int start = 0;

    for (const auto length : scenario.blocks)
    {
        for (; edit != scenario.edits.end() && edit->sample <= start; ++edit)
            if (graph.apply (*edit))
                player.setModel (graph.getModel());

        midiIn.clear();

        for (; event != scenario.midi.end() && event->sample < start + length; ++event)
            midiIn.addEvent (event->bytes.data(), int (event->bytes.size()), event->sample - start);

        std::vector<const float*> in;
        std::vector<float*> out;

        for (const auto& channel : inputs)
            in.push_back (channel.data() + start);

        for (auto& channel : result.outputs)
            out.push_back (channel.data() + start);

        transport.samples = start;
        player.render ({ in.data(), int (in.size()), out.data(), int (out.size()), length, midiIn, midiOut, transport });

        for (const auto message : midiOut)
            result.midi.push_back ({ start + message.samplePosition, { message.data, message.data + message.numBytes } });

        start += length;
    }

    return result;
}

/** The first difference, told, or nothing. */
std::optional<std::string> findDifference (const Scenario&, const Rendering& expected, const Rendering& actual);

/** A scenario that still fails, with as few nodes, wires, edits and samples as some hundred trials find. */
Scenario shrink (Scenario, const std::function<bool (const Scenario&)>& fails);

/** Plays the scenarios of `count` seeds from `first` on in both ways. Fails at the first that differs, with all that is needed to
    see why; the environment's GRAPH_SEED plays that seed alone. */
template <typename MakeExpected, typename MakeActual>
void compareOverSeeds (std::uint32_t first, int count, const Limits& limits, const MakeExpected& makeExpected,
                       const MakeActual& makeActual)
{
    const auto wish = juce::SystemStats::getEnvironmentVariable ("GRAPH_SEED", {});

    if (wish.isNotEmpty())
    {
        first = std::uint32_t (wish.getLargeIntValue());
        count = 1;
    }

    const auto compare = [&] (const Scenario& scenario)
    { return findDifference (scenario, play (scenario, makeExpected), play (scenario, makeActual)); };

    for (auto seed = first; seed < first + std::uint32_t (count); ++seed)
    {
        const auto scenario = makeScenario (seed, limits);
        const auto difference = compare (scenario);

        if (! difference)
            continue;

        const auto small = shrink (scenario, [&] (const Scenario& other) { return compare (other).has_value(); });
        FAIL ("GRAPH_SEED=" << seed << " (" << scenario.nodes.size() << " nodes, " << scenario.edits.size()
                            << " edits): " << *difference << "\nThe smallest that fails: "
                            << compare (small).value_or ("it does not fail each time") << "\n"
                            << small.toString());
    }

    SUCCEED();
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool isSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool isSanitized = true;
#else
constexpr bool isSanitized = false;
#endif
#else
constexpr bool isSanitized = false;
#endif

/** Sanitizers are slow: they see a part of the seeds. */
constexpr int scaled (int count) { return isSanitized ? count / 10 : count; }

} // namespace graphtest
