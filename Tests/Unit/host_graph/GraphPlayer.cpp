#include "GraphPlayer.h"

#include "ScenarioState.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>
#include <utility>

namespace graphtest
{

namespace
{
std::string describeBlock (const Scenario& scenario, int sample)
{
    int start = 0;

    for (std::size_t i = 0; i < scenario.blocks.size(); ++i)
    {
        if (sample < start + scenario.blocks[i])
            return "in block " + std::to_string (i) + " of " + std::to_string (scenario.blocks[i]) + " samples from "
                   + std::to_string (start);

        start += scenario.blocks[i];
    }

    return "after the end";
}

std::string describeEvent (const std::vector<TimedEvent>& events, std::size_t index)
{
    if (index >= events.size())
        return "no more";

    std::ostringstream text;
    text << std::hex;

    for (const auto byte : events[index].bytes)
        text << int (byte) << " ";

    text << std::dec << "at " << events[index].sample;
    return text.str();
}

void cutTo (Scenario& scenario, int numSamples)
{
    int start = 0;

    for (std::size_t i = 0; i < scenario.blocks.size(); ++i)
    {
        const auto left = numSamples - start;

        if (scenario.blocks[i] >= left)
        {
            scenario.blocks.resize (i + 1);
            scenario.blocks[i] = left;
            break;
        }

        start += scenario.blocks[i];
    }

    std::erase_if (scenario.edits, [&] (const Edit& edit) { return edit.sample >= numSamples; });
    std::erase_if (scenario.midi, [&] (const TimedEvent& event) { return event.sample >= numSamples; });
}

void dropNode (Scenario& scenario, std::size_t index)
{
    const auto id = scenario.nodes[index].id;
    scenario.nodes.erase (scenario.nodes.begin() + std::ptrdiff_t (index));
    std::erase_if (scenario.wires, [&] (const host::Wire& wire) { return wire.from.node == id || wire.to.node == id; });
}
} // namespace

namespace
{
/** The samples before a feedback loop has grown out of bounds: there the watch for infinity mutes blocks. */
int countSaneSamples (const Scenario& scenario, const Rendering& rendering)
{
    constexpr auto bound = 1.0e20f;
    auto end = scenario.countSamples();

    for (const auto& output : rendering.outputs)
    {
        const auto first = std::find_if (output.begin(), output.end(), [] (float sample) { return ! (std::abs (sample) < bound); });

        if (first != output.end())
            end = std::min (end, int (first - output.begin()) - *std::max_element (scenario.blocks.begin(), scenario.blocks.end()));
    }

    return std::max (0, end);
}
} // namespace

std::optional<std::string> findDifference (const Scenario& scenario, const Rendering& expected, const Rendering& actual)
{
    const auto numSamples = countSaneSamples (scenario, expected);
    auto first = numSamples;
    std::size_t channel = 0;

    for (std::size_t i = 0; i < expected.outputs.size(); ++i)
    {
        const auto &a = expected.outputs[i], &b = actual.outputs[i];
        const auto position = int (std::mismatch (a.begin(), a.begin() + numSamples, b.begin()).first - a.begin());

        if (position < first)
        {
            first = position;
            channel = i;
        }
    }

    std::ostringstream text;

    if (first < numSamples)
    {
        const auto index = std::size_t (first);
        text << std::setprecision (9) << "output " << channel << " differs at sample " << first << " ("
             << describeBlock (scenario, first) << "): " << expected.outputs[channel][index] << " is expected, not "
             << actual.outputs[channel][index];
        return text.str();
    }

    if (expected.midi == actual.midi || numSamples < scenario.countSamples())
        return {};

    std::size_t event = 0;

    while (event < expected.midi.size() && event < actual.midi.size() && expected.midi[event] == actual.midi[event])
        ++event;

    const auto sample = std::min (event < expected.midi.size() ? expected.midi[event].sample : numSamples,
                                  event < actual.midi.size() ? actual.midi[event].sample : numSamples);
    text << "MIDI event " << event << " differs (" << describeBlock (scenario, sample)
         << "): " << describeEvent (expected.midi, event) << " is expected, not " << describeEvent (actual.midi, event);
    return text.str();
}

Scenario shrink (Scenario scenario, const std::function<bool (const Scenario&)>& fails)
{
    int trialsLeft = 1500;

    const auto accept = [&] (const Scenario& smaller)
    {
        if (trialsLeft-- <= 0 || ! isDefined (smaller) || ! fails (smaller))
            return false;

        scenario = smaller;
        return true;
    };

    const auto halve = [&]
    {
        for (int step = scenario.countSamples() / 2; step > 0;)
        {
            auto smaller = scenario;
            cutTo (smaller, std::max (1, scenario.countSamples() - step));

            if (! accept (smaller))
                step /= 2;
            else
                step = std::min (step, scenario.countSamples() / 2);
        }
    };

    // Takes out runs of what there are `count` of, halving their length.
    const auto thin = [&] (const auto& count, const auto& drop)
    {
        bool hasShrunk = false;

        for (auto run = std::max<std::size_t> (1, count (scenario) / 2);; run /= 2)
        {
            for (auto end = count (scenario); end > 0;)
            {
                const auto start = end > run ? end - run : 0;
                auto smaller = scenario;

                for (auto i = end; i-- > start;)
                    drop (smaller, i);

                hasShrunk = accept (smaller) || hasShrunk;
                end = start;
            }

            if (run <= 1)
                return hasShrunk;
        }
    };

    const auto eraseAt = [] (auto& values, std::size_t index) { values.erase (values.begin() + std::ptrdiff_t (index)); };

    for (bool goOn = true; goOn && trialsLeft > 0;)
    {
        halve();
        goOn = thin ([] (const Scenario& s) { return s.edits.size(); },
                     [&] (Scenario& s, std::size_t i) { eraseAt (s.edits, i); });

        for (std::size_t edit = 0; edit < scenario.edits.size(); ++edit)
            goOn = thin ([&] (const Scenario& s) { return edit < s.edits.size() ? s.edits[edit].actions.size() : 0; },
                         [&] (Scenario& s, std::size_t i) { eraseAt (s.edits[edit].actions, i); })
                   || goOn;

        goOn = thin ([] (const Scenario& s) { return s.nodes.size(); }, dropNode) || goOn;
        goOn = thin ([] (const Scenario& s) { return s.wires.size(); },
                     [&] (Scenario& s, std::size_t i) { eraseAt (s.wires, i); })
               || goOn;
        goOn = thin ([] (const Scenario& s) { return s.midi.size(); },
                     [&] (Scenario& s, std::size_t i) { eraseAt (s.midi, i); })
               || goOn;

        for (auto node = scenario.nodes.size(); node-- > 0;)
        {
            auto smaller = scenario;

            if (std::exchange (smaller.nodes[node].latency, 0) != 0)
                goOn = accept (smaller) || goOn;
        }
    }

    return scenario;
}

} // namespace graphtest
