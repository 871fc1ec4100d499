#include "GraphPlayer.h"
#include "ScenarioState.h"

using namespace graphtest;

// Ranges of seeds are tests of their own, so that they run side by side and one that fails is found sooner.

namespace
{
constexpr int numGraphs = scaled (500);

Limits edited()
{
    Limits limits;
    limits.maxEdits = 8;
    return limits;
}

Limits withWideMixes (int maxEdits)
{
    Limits limits;
    limits.hasWideMixes = true;
    limits.maxEdits = maxEdits;
    return limits;
}
} // namespace

TEST_CASE ("random graphs: the serial renderer gives what the reference gives bit for bit (1 of 4)", "[equivalence]")
{
    compareOverSeeds (1, numGraphs, {}, withReference, withSerialRenderer);
}

TEST_CASE ("random graphs: the serial renderer gives what the reference gives bit for bit (2 of 4)", "[equivalence]")
{
    compareOverSeeds (501, numGraphs, {}, withReference, withSerialRenderer);
}

TEST_CASE ("random graphs: the serial renderer gives what the reference gives bit for bit (3 of 4)", "[equivalence]")
{
    compareOverSeeds (1001, numGraphs, {}, withReference, withSerialRenderer);
}

TEST_CASE ("random graphs: the serial renderer gives what the reference gives bit for bit (4 of 4)", "[equivalence]")
{
    compareOverSeeds (1501, numGraphs, {}, withReference, withSerialRenderer);
}

TEST_CASE ("random edits: the serial renderer gives what the reference gives bit for bit (1 of 4)", "[equivalence][edits]")
{
    compareOverSeeds (1, numGraphs, edited(), withReference, withSerialRenderer);
}

TEST_CASE ("random edits: the serial renderer gives what the reference gives bit for bit (2 of 4)", "[equivalence][edits]")
{
    compareOverSeeds (501, numGraphs, edited(), withReference, withSerialRenderer);
}

TEST_CASE ("random edits: the serial renderer gives what the reference gives bit for bit (3 of 4)", "[equivalence][edits]")
{
    compareOverSeeds (1001, numGraphs, edited(), withReference, withSerialRenderer);
}

TEST_CASE ("random edits: the serial renderer gives what the reference gives bit for bit (4 of 4)", "[equivalence][edits]")
{
    compareOverSeeds (1501, numGraphs, edited(), withReference, withSerialRenderer);
}

TEST_CASE ("random edits: 2 threads give what one gives bit for bit", "[equivalence][edits][parallel]")
{
    compareOverSeeds (1, scaled (2000), edited(), withSerialRenderer, withThreads (2));
}

TEST_CASE ("random edits: 3 threads give what one gives bit for bit", "[equivalence][edits][parallel]")
{
    compareOverSeeds (1, scaled (2000), edited(), withSerialRenderer, withThreads (3));
}

TEST_CASE ("random edits: 4 threads give what one gives bit for bit", "[equivalence][edits][parallel]")
{
    compareOverSeeds (1, scaled (2000), edited(), withSerialRenderer, withThreads (4));
}

TEST_CASE ("random edits: 8 threads give what one gives bit for bit", "[equivalence][edits][parallel]")
{
    compareOverSeeds (1, scaled (2000), edited(), withSerialRenderer, withThreads (8));
}

TEST_CASE ("wide mixes: the serial renderer gives what the reference gives bit for bit", "[equivalence]")
{
    compareOverSeeds (1, scaled (150), withWideMixes (0), withReference, withSerialRenderer);
}

TEST_CASE ("wide mixes with random edits: the serial renderer gives what the reference gives bit for bit",
           "[equivalence][edits]")
{
    compareOverSeeds (1, scaled (150), withWideMixes (4), withReference, withSerialRenderer);
}

TEST_CASE ("wide mixes with random edits: 4 threads give what one gives bit for bit", "[equivalence][edits][parallel]")
{
    compareOverSeeds (1, scaled (300), withWideMixes (4), withSerialRenderer, withThreads (4));
}

TEST_CASE ("a scenario is the same each time and most of them sound", "[equivalence]")
{
    int silent = 0, withMidi = 0, large = 0, withLoops = 0;

    for (std::uint32_t seed = 1; seed <= 60; ++seed)
    {
        const auto scenario = makeScenario (seed, edited());
        REQUIRE (scenario.toString() == makeScenario (seed, edited()).toString());
        REQUIRE (isDefined (scenario));

        const auto rendering = play (scenario, withReference);
        REQUIRE (! findDifference (scenario, rendering, play (scenario, withReference)));

        bool isSilent = true;

        for (const auto& output : rendering.outputs)
            isSilent = isSilent && std::all_of (output.begin(), output.end(), [] (float value) { return value == 0.0f; });

        silent += isSilent ? 1 : 0;
        withMidi += rendering.midi.empty() ? 0 : 1;
        large += scenario.nodes.size() > 60 ? 1 : 0;
        withLoops += std::any_of (scenario.wires.begin(), scenario.wires.end(),
                                  [&] (const host::Wire& wire)
                                  {
                                      const auto position = [&] (host::NodeId id)
                                      {
                                          return std::find_if (scenario.nodes.begin(), scenario.nodes.end(),
                                                               [&] (const NodeSpec& spec) { return spec.id == id; })
                                              ->position;
                                      };

                                      return position (wire.from.node) >= position (wire.to.node);
                                  })
                         ? 1
                         : 0;
    }

    CAPTURE (silent, withMidi, large, withLoops);
    REQUIRE (silent < 12);
    REQUIRE (withMidi > 20);
    REQUIRE (large > 1);
    REQUIRE (withLoops > 25);
}
