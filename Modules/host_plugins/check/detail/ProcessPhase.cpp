#include "Phases.h"
#include "SilenceWatch.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace host::check
{

using Kind = TestSignal::Kind;

/** Sample rates, each with another largest block: larger than the one before, or smaller, so that all buffers change. */
static constexpr std::array processSetups{ Setup{ 48000.0, 4096 }, Setup{ 44100.0, 512 },   Setup{ 88200.0, 1024 },
                                           Setup{ 96000.0, 64 },   Setup{ 176400.0, 2048 }, Setup{ 192000.0, 4096 } };

/** Whether silence in must make silence out: a plugin that takes sound, and is no source of it by its own word. */
static bool isEffect (const Rig& rig)
{
    const auto& info = rig.plugin.getInfo();

    if (rig.ports.audioInputs == 0 || rig.ports.audioOutputs == 0 || info.isInstrument)
        return false;

    const std::array sources{ "generator", "oscillator", "instrument", "synth" };
    return std::none_of (sources.begin(), sources.end(),
                         [&info] (auto* word) { return info.category.containsIgnoreCase (word); });
}

static void addSilenceFinding (Rig& rig, const std::string& verdict)
{
    if (! verdict.empty() && isEffect (rig) && rig.findings.empty())
        rig.findings.push_back ({ "output-without-input", verdict, rt::guard::Phase::process });
}

/** A second of silence, before the plugin has heard anything. */
static void playUntouched (Rig& rig)
{
    constexpr std::size_t numBlocks = 12;
    SilenceWatch watch (numBlocks);

    for (std::size_t i = 0; i < numBlocks && rig.budget.hasRoom(); ++i)
        watch.add (rig.playBlock (Kind::silence, Rig::largestBlock));

    addSilenceFinding (rig, watch.judgeUntouched());
}

/** Noise, then silence for longer than the tail may last, or until there is some. */
static void playTail (Rig& rig)
{
    constexpr int numBlocksOfNoise = 12;
    constexpr double shortest = 10.0, longest = 30.0; // seconds

    for (int i = 0; i < numBlocksOfNoise && rig.budget.hasRoom(); ++i)
        rig.playBlock (Kind::noise);

    std::optional<double> tail;
    rig.thread.onMessageThread ([&] { tail = rig.plugin.getTailSeconds(); });

    const auto blockSeconds = Rig::largestBlock / rig.getSetup().sampleRate;
    const auto seconds = std::clamp (2.0 * tail.value_or (0.0), shortest, longest);
    const auto numBlocks = static_cast<std::size_t> (std::ceil (seconds / blockSeconds));
    SilenceWatch watch (numBlocks);

    for (std::size_t i = 0; i < numBlocks; ++i)
    {
        if (! rig.budget.hasRoom())
            return;

        watch.add (rig.playBlock (Kind::silence, Rig::largestBlock));

        if (watch.hasFallenSilent (blockSeconds))
            return;
    }

    // A VST3 may say that its tail never ends; LV2 and LADSPA plugins cannot say.
    if ((tail && *tail <= longest) || rig.plugin.getInfo().format != "VST3")
        addSilenceFinding (rig, watch.judgeAfterTail (blockSeconds));
}

void playProcessPhase (Rig& rig)
{
    constexpr std::array kinds{ Kind::silence, Kind::noise, Kind::fullScale, Kind::denormals };
    constexpr int fewestBlocks = 12;     // a step: most of the sizes
    constexpr auto shareOfSetups = 0.85; // of the phase
    constexpr auto numSteps = static_cast<double> (processSetups.size() * kinds.size());
    auto step = 0.0;

    playUntouched (rig);

    for (const auto& setup : processSetups)
    {
        const auto isReady = rig.prepare (setup);

        for (const auto kind : kinds)
        {
            const auto end = ++step / numSteps * shareOfSetups;

            for (int i = 0; isReady && (i < fewestBlocks || rig.budget.getFractionOfPhase() < end) && rig.budget.hasRoom();
                 ++i)
                rig.playBlock (kind);
        }
    }

    rig.prepare ({ 48000.0, Rig::largestBlock });

    for (int i = 0; (i < 3 || rig.budget.getFractionOfPhase() < 0.95) && rig.budget.hasRoom(); ++i)
    {
        for (int j = 0; j < 6; ++j)
            rig.playBlock (Kind::noise);

        rig.thread.onMessageThread ([&rig] { rig.plugin.reset(); });

        for (int j = 0; j < 4; ++j)
            rig.playBlock (Kind::silence);
    }

    playTail (rig);

    while (rig.budget.isToGoOn())
        rig.playBlock (Kind::silence);
}

} // namespace host::check
