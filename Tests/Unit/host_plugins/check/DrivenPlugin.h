#pragma once

#include <host_graph/Error.h>
#include <host_plugins/check/CheckDriver.h>
#include <rt_guard/rt_guard.h>

#include <catch2/catch.hpp>
#include <juce_events/juce_events.h>

#include <atomic>
#include <bit>
#include <cmath>
#include <map>
#include <set>
#include <thread>

/** A plugin that notes down how it is driven, and misbehaves on demand. */
class DrivenPlugin : public host::PluginInstance
{
public:
    explicit DrivenPlugin (int numParameters)
    {
        parameters.resize (static_cast<std::size_t> (numParameters));
        values.assign (parameters.size(), 0.3f);
        lowest.assign (parameters.size(), 1.0f);
        highest.assign (parameters.size(), 0.0f);
        info.format = "LV2";
    }

    juce::String getName() const override { return "Driven"; }
    host::NodePorts getPorts() const override { return ports; }

    void prepare (const host::PrepareInfo& how) override
    {
        CHECK (juce::MessageManager::getInstance()->isThisTheMessageThread());
        CHECK_FALSE (isProcessing);

        if (how.sampleRate == refusedRate)
            throw host::Error ("Driven", "it refuses this rate", "use another", host::Error::Kind::failed);

        prepared = how;
        ++numPrepared;
        rates.insert (how.sampleRate);
        expectedPosition = -1;

        if (onPrepare)
            onPrepare();
    }

    void release() override { isReleased = true; }

    void process (host::ProcessContext& context) noexcept override
    {
        isProcessing = true;
        audioThread = std::this_thread::get_id();
        ++numBlocks;
        {
            const rt::guard::Permit permit; // for the test's own notes
            note (context);
        }

        if (onBlock)
            onBlock (context);

        isProcessing = false;
    }

    void reset() override
    {
        CHECK_FALSE (isProcessing);
        ++numResets;
    }

    const std::vector<host::ParameterInfo>& getParameters() const override { return parameters; }

    void setParameter (int index, float value) noexcept override
    {
        const auto i = static_cast<std::size_t> (index);
        values[i] = value;
        lowest[i] = std::min (lowest[i], value);
        highest[i] = std::max (highest[i], value);
        {
            const rt::guard::Permit permit;
            pending.insert (index);
        }

        if (onParameter)
            onParameter();
    }

    float getParameter (int index) const override { return values[static_cast<std::size_t> (index)]; }
    int getLatencySamples() const override { return latency; }
    std::optional<double> getTailSeconds() const override { return tail; }
    const host::PluginInfo& getInfo() const override { return info; }
    std::vector<host::BusInfo> getBuses() const override { return {}; }
    juce::StringArray getPrograms() const override { return {}; }

    juce::MemoryBlock getState() override
    {
        noteStateCall();
        ++numSaved;
        awaitBlocks();
        return { values.data(), values.size() * sizeof (float) };
    }

    void setState (const juce::MemoryBlock& state) override
    {
        noteStateCall();
        ++numRestored;
        awaitBlocks();
        CHECK (state.getSize() == values.size() * sizeof (float));
    }

    Snapshot takeSnapshot() override
    {
        CHECK (juce::MessageManager::getInstance()->isThisTheMessageThread());
        ++numSnapshots;
        awaitBlocks();
        return { 7, {} };
    }

    void restore (const Snapshot& snapshot) override
    {
        CHECK (juce::MessageManager::getInstance()->isThisTheMessageThread());
        CHECK (snapshot.program == 7);
        ++numSnapshotsRestored;
        awaitBlocks();
    }

    host::NodePorts ports{ 2, 2, true, false };
    host::PluginInfo info;
    std::vector<host::ParameterInfo> parameters;
    double refusedRate = 0.0;
    std::atomic<int> latency{ 0 };
    std::optional<double> tail;
    bool awaitsBlocksInState = false;
    std::function<void (host::ProcessContext&)> onBlock;
    std::function<void()> onParameter, onPrepare;

    host::PrepareInfo prepared;
    bool isReleased = false, hasNotes = false, isEveryEventInside = true, isEverySizeAllowed = true;
    int numPrepared = 0, numResets = 0, numGaps = 0;
    std::atomic<int> numBlocks{ 0 }, numSaved{ 0 }, numRestored{ 0 }, numSnapshots{ 0 }, numSnapshotsRestored{ 0 };
    std::atomic<int> numCallsWithBlocks{ 0 }, numStateCallsInBlocks{ 0 };
    float loudestInput = 0.0f;
    std::set<int> sizes, controllers;
    std::set<double> rates;
    std::map<double, std::set<std::string>> signals; ///< by sample rate
    std::map<int, std::set<int>> sizesAfterChange;   ///< by parameter, of the blocks that it changed before
    std::vector<float> values, lowest, highest;
    std::thread::id audioThread;

private:
    void note (host::ProcessContext& context)
    {
        sizes.insert (context.numSamples);
        isEverySizeAllowed = isEverySizeAllowed && context.numSamples <= prepared.maxBlockSize;
        numGaps += expectedPosition >= 0 && context.transport.samples > expectedPosition ? 1 : 0;
        expectedPosition = context.transport.samples + context.numSamples;

        for (const auto event : context.midi)
        {
            const auto message = event.getMessage();
            isEveryEventInside = isEveryEventInside && event.samplePosition < context.numSamples;
            hasNotes = hasNotes || message.isNoteOn();

            if (message.isController())
                controllers.insert (message.getControllerNumber());
        }

        for (const auto parameter : pending)
            sizesAfterChange[parameter].insert (context.numSamples);

        pending.clear();

        if (ports.audioInputs == 0 || context.numSamples < 64)
            return;

        // By their bits: on this thread denormals count as zero.
        std::uint32_t peak = 0;

        for (int i = 0; i < context.numSamples; ++i)
            peak = std::max (peak, std::bit_cast<std::uint32_t> (context.channels[0][i]) & 0x7fffffffu);

        loudestInput = std::max (loudestInput, std::bit_cast<float> (peak));
        signals[prepared.sampleRate].insert (peak == 0u            ? "silence"
                                             : peak < 0x00800000u  ? "denormals"
                                             : peak == 0x3f800000u ? "full scale"
                                                                   : "noise");
    }

    void noteStateCall()
    {
        CHECK (juce::MessageManager::getInstance()->isThisTheMessageThread());
        numStateCallsInBlocks += isProcessing ? 1 : 0;
    }

    /** Stays until blocks have gone by, so that a driver that waits for this call is found out. */
    void awaitBlocks()
    {
        const auto before = numBlocks.load();

        for (int i = 0; awaitsBlocksInState && i < 100 && numBlocks < before + 2; ++i)
            std::this_thread::sleep_for (std::chrono::milliseconds (1));

        numCallsWithBlocks += numBlocks >= before + 2 ? 1 : 0;
    }

    std::atomic<bool> isProcessing{ false };
    std::int64_t expectedPosition = -1;
    std::set<int> pending;
};

/** What came of driving a plugin. */
struct DriveOutcome
{
    int blocks = 0;
    std::vector<host::CheckFinding> findings;
    std::vector<std::string> notes;
    rt::guard::Snapshot guard;
    std::vector<double> fractions;
    std::set<rt::guard::Phase> phases;

    std::set<std::string> getKinds() const
    {
        std::set<std::string> kinds;

        for (const auto& finding : findings)
            kinds.insert (finding.kind);

        return kinds;
    }
};

inline DriveOutcome drive (DrivenPlugin& plugin, host::CheckOptions options = { .seconds = 0.1 })
{
    const juce::ScopedJuceInitialiser_GUI juce;
    rt::guard::setMode (rt::guard::Mode::count);
    DriveOutcome outcome;

    host::CheckDriver driver (plugin, options,
                              { [&] (auto& progress)
                                {
                                    outcome.fractions.push_back (progress.fraction);
                                    outcome.phases.insert (progress.phase);
                                },
                                [] {} });

    driver.run();
    outcome.blocks = driver.getNumBlocks();
    outcome.findings = driver.getFindings();
    outcome.notes = driver.getNotes();
    outcome.guard = rt::guard::getSnapshot();
    return outcome;
}
