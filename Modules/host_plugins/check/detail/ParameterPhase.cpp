#include "Phases.h"

#include <algorithm>
#include <array>
#include <span>

namespace host::check
{

/** A sweep and five jumps. */
static constexpr std::array valuesBetweenBlocks{ 0.0f, 0.1f, 0.2f, 0.3f, 0.4f, 0.5f,  0.6f,  0.7f,
                                                 0.8f, 0.9f, 1.0f, 0.0f, 1.0f, 0.25f, 0.99f, 0.01f };

/** One block of 512 samples cut for a sweep, one for jumps. Hosts cut no piece shorter than 16 samples. */
static constexpr std::array valuesInside{ 0.0f, 0.15f, 0.3f, 0.45f, 0.6f, 0.75f, 0.9f, 1.0f };
static constexpr std::array jumpsInside{ 0.0f, 1.0f, 0.1f, 0.9f, 0.0f, 0.5f, 1.0f, 0.3f };
static constexpr std::array pieceSizes{ 16, 64, 100, 17, 128, 33, 90, 64 };
static_assert (pieceSizes.size() == valuesInside.size() && pieceSizes.size() == jumpsInside.size());

static constexpr int numStepsOfParameter =
    static_cast<int> (valuesBetweenBlocks.size() + valuesInside.size() + jumpsInside.size()) + 1;

/** Some parameters at a time, each along the values in its turn, and back. */
static void sweep (Rig& rig, std::span<const int> parameters)
{
    std::vector<float> original;

    for (const auto p : parameters)
        original.push_back (rig.plugin.getParameter (p));

    const auto play = [&] (float proportion, int size)
    {
        if (rig.budget.isCutShort())
            return;

        for (const auto p : parameters)
            rig.change (p, rig.scale (p, proportion));

        rig.playNotes();
        rig.playBlock (TestSignal::Kind::noise, size);
    };

    for (const auto value : valuesBetweenBlocks)
        play (value, 0);

    for (const auto& values : { valuesInside, jumpsInside })
        for (std::size_t i = 0; i < values.size(); ++i)
            play (values[i], pieceSizes[i]);

    for (std::size_t i = 0; i < parameters.size(); ++i)
        rig.change (parameters[i], original[i]);

    rig.playNotes();
    rig.playBlock (TestSignal::Kind::noise);
}

/** On and off again, by the plugin's own parameter, or as the graph does it: the plugin is not called. */
static void playBypass (Rig& rig)
{
    constexpr int numTimes = 4, numBlocks = 4;
    const auto bypass = rig.getBypassParameter();

    for (int i = 0; i < numTimes && rig.budget.hasRoom(); ++i)
    {
        for (const auto isOn : { true, false })
        {
            if (bypass < 0 && isOn)
            {
                rig.passBy (numBlocks);
                continue;
            }

            if (bypass >= 0)
                rig.change (bypass, rig.scale (bypass, isOn ? 1.0f : 0.0f));
            else if (rig.ports.midiInput)
                rig.events.addRelease (rig.midi);

            for (int j = 0; j < numBlocks; ++j)
            {
                rig.playNotes();
                rig.playBlock (TestSignal::Kind::noise);
            }
        }
    }
}

void playParameterPhase (Rig& rig)
{
    constexpr int blocksForBypass = 4 * 4 * 2;
    constexpr std::array setups{ Setup{ 48000.0, 1024 }, Setup{ 192000.0, 128 }, Setup{ 44100.0, 4096 } };
    const std::span all (rig.getAutomatable());
    const auto numParameters = static_cast<int> (all.size());

    // A plugin of very many parameters has several changed at a time.
    constexpr auto mostGroups = (Budget::maxBlocksPerPhase - blocksForBypass) / numStepsOfParameter;
    const auto width = std::max (1, (numParameters + mostGroups - 1) / mostGroups);
    rig.budget.need ((numParameters + width - 1) / width * numStepsOfParameter + blocksForBypass);

    for (std::size_t pass = 0; pass == 0 || rig.budget.isToGoOn(); ++pass)
    {
        // Once each: to be made ready takes some plugins long.
        if (pass < setups.size() && ! rig.prepare (setups[pass]) && pass > 0)
            continue;

        for (std::size_t first = 0; first < all.size() && (pass == 0 || rig.budget.isToGoOn()) && rig.budget.hasRoom();
             first += static_cast<std::size_t> (width))
            sweep (rig, all.subspan (first, std::min (static_cast<std::size_t> (width), all.size() - first)));

        if (pass == 0)
            playBypass (rig);

        for (int i = 0; all.empty() && i < 32 && rig.budget.isToGoOn(); ++i)
            rig.playBlock (TestSignal::Kind::noise);
    }

    rig.endNotes();
}

} // namespace host::check
