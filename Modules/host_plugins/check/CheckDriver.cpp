#include "CheckDriver.h"

#include "detail/Phases.h"

#include <rt_guard/rt_guard.h>

#include <juce_events/juce_events.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace host
{

struct CheckDriver::Pimpl
{
    using Phase = rt::guard::Phase;

    struct Step
    {
        Phase phase;
        void (*play) (check::Rig&);
    };

    static constexpr std::array steps{ Step{ Phase::process, check::playProcessPhase },
                                       Step{ Phase::midi, check::playMidiPhase },
                                       Step{ Phase::parameter, check::playParameterPhase },
                                       Step{ Phase::state, check::playStatePhase } };

    Pimpl (PluginInstance& plugin, const CheckOptions& optionsToUse, Callbacks callbacksToUse)
        : options (optionsToUse), callbacks (std::move (callbacksToUse)), rig (plugin, options)
    {
    }

    void run()
    {
        rt::guard::warmUp();
        rig.plugin.prepare ({ rig.getSetup().sampleRate, rig.getSetup().maxBlockSize, false });
        report (true);
        onAudioThread ([this] { rig.warmUp(); });
        rt::guard::reset();

        for (const auto& step : steps)
        {
            phase = step.phase;
            rig.beginPhase (phase);
            report (true);
            onAudioThread ([this, &step] { step.play (rig); });
            report (true);
            ++numPhasesDone;
            callbacks.onPhaseEnd();

            if (rig.budget.isCutShort())
                break;
        }

        rig.plugin.release();
    }

    void onAudioThread (std::function<void()> job)
    {
        const auto idle = [this]
        {
            juce::MessageManager::getInstance()->runDispatchLoopUntil (0);
            report (false);
        };

        rig.thread.run (std::move (job), idle);
        idle();
    }

    /** @param always  whether or not it is time and there is anything new to tell */
    void report (bool always)
    {
        const auto now = std::chrono::steady_clock::now();
        const auto blocks = rig.budget.getNumBlocks();

        if (! always && (now < nextReport || blocks == reportedBlocks))
            return;

        nextReport = now + std::chrono::milliseconds (100);
        reportedBlocks = blocks;
        callbacks.onProgress (
            { blocks, phase, (numPhasesDone + rig.budget.getFractionOfPhase()) / static_cast<double> (steps.size()) });
    }

    const CheckOptions options;
    const Callbacks callbacks;
    Phase phase = Phase::process;
    int numPhasesDone = 0, reportedBlocks = 0;
    std::chrono::steady_clock::time_point nextReport;
    check::Rig rig;
};

CheckDriver::CheckDriver (PluginInstance& plugin, const CheckOptions& options, Callbacks callbacks)
    : pimpl (std::make_unique<Pimpl> (plugin, options, std::move (callbacks)))
{
}

CheckDriver::~CheckDriver() = default;

void CheckDriver::run() { pimpl->run(); }

int CheckDriver::getNumBlocks() const noexcept { return pimpl->rig.budget.getNumBlocks(); }

std::vector<CheckFinding> CheckDriver::getFindings() const
{
    const auto& rig = pimpl->rig;
    std::vector<CheckFinding> all, inOrder;

    for (const auto& some : { rig.output.getFindings(), rig.findings, rig.times.getFindings() })
        all.insert (all.end(), some.begin(), some.end());

    if (rig.budget.isCutShort())
        all.push_back ({ "cut-short",
                         "not done within " + std::to_string (pimpl->options.wallLimit.count()) + " s; "
                             + std::to_string (getNumBlocks()) + " blocks were made",
                         pimpl->phase });

    for (const auto& step : Pimpl::steps)
        std::copy_if (all.begin(), all.end(), std::back_inserter (inOrder),
                      [&step] (const CheckFinding& finding) { return finding.phase == step.phase; });

    return inOrder;
}

std::vector<std::string> CheckDriver::getNotes() const { return pimpl->rig.notes; }

} // namespace host
