#include <host_plugins/check/CheckDriver.h>
#include <rt_guard/rt_guard.h>

#include <catch2/catch.hpp>
#include <juce_events/juce_events.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <set>
#include <thread>

using rt::guard::Phase;

namespace
{

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
    }

    juce::String getName() const override { return "Driven"; }
    host::NodePorts getPorts() const override { return ports; }
    void prepare (const host::PrepareInfo& how) override { prepared = how; }

    void release() override { isReleased = true; }

    void process (host::ProcessContext& context) noexcept override
    {
        isProcessing = true;
        audioThread = std::this_thread::get_id();
        ++numBlocks;
        {
            const rt::guard::Permit permit; // for the test's own notes
            sizes.insert (context.numSamples);

            for (const auto event : context.midi)
            {
                const auto message = event.getMessage();
                isEveryEventInside = isEveryEventInside && event.samplePosition < context.numSamples;
                hasNotes = hasNotes || message.isNoteOn();

                if (message.isController())
                    controllers.insert (message.getControllerNumber());
            }

            for (int i = 0; i < context.numSamples && ports.audioInputs > 0; ++i)
                loudestInput = std::max (loudestInput, std::abs (context.channels[0][i]));
        }

        if (onBlock)
            onBlock (context);

        isProcessing = false;
    }

    const std::vector<host::ParameterInfo>& getParameters() const override { return parameters; }

    void setParameter (int index, float value) noexcept override
    {
        const auto i = static_cast<std::size_t> (index);
        values[i] = value;
        lowest[i] = std::min (lowest[i], value);
        highest[i] = std::max (highest[i], value);

        if (onParameter)
            onParameter();
    }

    float getParameter (int index) const override { return values[static_cast<std::size_t> (index)]; }
    const host::PluginInfo& getInfo() const override { return info; }
    std::vector<host::BusInfo> getBuses() const override { return {}; }
    juce::StringArray getPrograms() const override { return {}; }

    juce::MemoryBlock getState() override
    {
        noteState();
        ++numSaved;
        return { values.data(), values.size() * sizeof (float) };
    }

    void setState (const juce::MemoryBlock& state) override
    {
        noteState();
        ++numRestored;
        CHECK (state.getSize() == values.size() * sizeof (float));
        std::copy_n (static_cast<const float*> (state.getData()), values.size(), values.begin());
    }

    host::NodePorts ports{ 2, 2, true, false };
    std::function<void (host::ProcessContext&)> onBlock;
    std::function<void()> onParameter;

    host::PrepareInfo prepared;
    bool isReleased = false, hasNotes = false, isEveryEventInside = true, wasDisturbed = false;
    int numBlocks = 0, numSaved = 0, numRestored = 0;
    float loudestInput = 0.0f;
    std::set<int> sizes, controllers;
    std::vector<float> values, lowest, highest;
    std::thread::id audioThread;

private:
    void noteState()
    {
        wasDisturbed = wasDisturbed || isProcessing;
        CHECK (juce::MessageManager::getInstance()->isThisTheMessageThread());
    }

    host::PluginInfo info;
    std::vector<host::ParameterInfo> parameters;
    std::atomic<bool> isProcessing{ false };
};

struct Outcome
{
    int blocks = 0;
    std::vector<host::CheckFinding> findings;
    rt::guard::Snapshot guard;
    std::vector<double> fractions;
    std::set<Phase> phases;
};

Outcome drive (DrivenPlugin& plugin, host::CheckOptions options = { .seconds = 0.1 })
{
    const juce::ScopedJuceInitialiser_GUI juce;
    rt::guard::setMode (rt::guard::Mode::count);
    Outcome outcome;

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
    outcome.guard = rt::guard::getSnapshot();
    return outcome;
}

/** Through a volatile pointer, so that no compiler leaves the pair out. */
void allocate()
{
    static void* volatile kept = nullptr;
    kept = std::malloc (64);
    std::free (kept);
}

} // namespace

TEST_CASE ("A plugin without fault is driven through all phases and found clean")
{
    DrivenPlugin plugin (7);
    const auto outcome = drive (plugin);

    CHECK (outcome.blocks >= 4 * 400);
    CHECK (outcome.blocks <= 20000);
    CHECK (plugin.numBlocks > outcome.blocks); // the warm-up
    CHECK (outcome.findings.empty());
    CHECK (outcome.guard.total == 0);
    CHECK (plugin.isReleased);
    CHECK (outcome.phases.size() == 4);
    CHECK (std::is_sorted (outcome.fractions.begin(), outcome.fractions.end()));
    CHECK (outcome.fractions.back() <= 1.0);

    CHECK (*plugin.sizes.begin() == 1);
    CHECK (*plugin.sizes.rbegin() == plugin.prepared.maxBlockSize);
    CHECK (plugin.sizes.size() > 8);
    CHECK (plugin.loudestInput == 1.0f);
    CHECK (plugin.audioThread != std::this_thread::get_id());

    CHECK (plugin.hasNotes);
    CHECK (plugin.isEveryEventInside);
    CHECK (plugin.controllers.size() == 128);

    for (std::size_t i = 0; i < 7; ++i)
    {
        CHECK (plugin.lowest[i] == 0.0f);
        CHECK (plugin.highest[i] == 1.0f);
    }

    CHECK (plugin.numSaved > 20);
    CHECK (plugin.numRestored > 20);
    CHECK_FALSE (plugin.wasDisturbed);
}

TEST_CASE ("Allocations are counted exactly and told with their phase")
{
    DrivenPlugin plugin (3);

    SECTION ("in every block")
    {
        plugin.onBlock = [] (auto&) { allocate(); };
        const auto outcome = drive (plugin);

        // The blocks between phases that only end the notes are not under the guard.
        CHECK (outcome.guard.total == 2 * static_cast<std::uint64_t> (outcome.blocks));
        REQUIRE (outcome.guard.violations.size() == 2);
        CHECK (outcome.guard.violations[0].firstBlock == 1);
        CHECK (outcome.guard.violations[0].phase == Phase::process);
        CHECK (outcome.guard.violations[0].count == static_cast<std::uint64_t> (outcome.blocks));
    }

    SECTION ("for every parameter change")
    {
        plugin.onParameter = [] { allocate(); };
        const auto outcome = drive (plugin);

        REQUIRE (outcome.guard.violations.size() == 2);
        CHECK (outcome.guard.violations[0].phase == Phase::parameter);
        CHECK (outcome.guard.violations[0].firstBlock > 800);
    }

    SECTION ("for every event")
    {
        plugin.onBlock = [] (auto& context)
        {
            if (context.midi.getNumEvents() > 8)
                allocate();
        };

        const auto outcome = drive (plugin);
        REQUIRE (outcome.guard.violations.size() == 2);
        CHECK (outcome.guard.violations[0].phase == Phase::midi);
        CHECK (outcome.guard.violations[0].firstBlock > 400);
    }

    SECTION ("after a state was restored")
    {
        auto seen = 0;

        plugin.onBlock = [&] (auto&)
        {
            if (std::exchange (seen, plugin.numRestored) != plugin.numRestored)
                allocate();
        };

        const auto outcome = drive (plugin);
        REQUIRE (outcome.guard.violations.size() == 2);
        CHECK (outcome.guard.violations[0].phase == Phase::state);
    }
}

TEST_CASE ("Output that is no sound is found, once a phase")
{
    DrivenPlugin plugin (1);

    SECTION ("NaN while a parameter is high")
    {
        plugin.onBlock = [&] (auto& context)
        {
            if (plugin.values[0] > 0.9f)
                context.channels[1][0] = std::numeric_limits<float>::quiet_NaN();
        };

        const auto outcome = drive (plugin);
        REQUIRE (outcome.findings.size() == 1);
        CHECK (outcome.findings[0].kind == "nan");
        CHECK (outcome.findings[0].phase == Phase::parameter);
    }

    SECTION ("infinity")
    {
        plugin.onBlock = [&] (auto& context) { context.channels[0][0] = -std::numeric_limits<float>::infinity(); };
        const auto outcome = drive (plugin);
        REQUIRE (outcome.findings.size() == 4);
        CHECK (outcome.findings[0].kind == "nan");
        CHECK (outcome.findings[0].phase == Phase::process);
    }

    SECTION ("a level that nobody wants")
    {
        plugin.onBlock = [&] (auto& context) { context.channels[0][0] *= 1.0e6f; };
        const auto outcome = drive (plugin);
        REQUIRE (outcome.findings.size() == 4);
        CHECK (outcome.findings[0].kind == "runaway");
        CHECK (outcome.findings[0].detail.find ("120 dBFS") != std::string::npos);
    }

    SECTION ("but what is in an input without an output is not")
    {
        plugin.ports.audioOutputs = 1;
        plugin.onBlock = [&] (auto& context) { context.channels[1][0] = std::numeric_limits<float>::quiet_NaN(); };
        CHECK (drive (plugin).findings.empty());
    }
}

TEST_CASE ("A plugin of very many parameters has each of them swept within the limits")
{
    DrivenPlugin plugin (5000);
    const auto outcome = drive (plugin);

    CHECK (outcome.blocks <= 20000);
    CHECK (*std::max_element (plugin.lowest.begin(), plugin.lowest.end()) == 0.0f);
    CHECK (*std::min_element (plugin.highest.begin(), plugin.highest.end()) == 1.0f);
}

TEST_CASE ("The time asked for is kept within the limits")
{
    DrivenPlugin plugin (2);
    CHECK (drive (plugin, { .seconds = 1.0e-9 }).blocks >= 1600);

    DrivenPlugin other (2);
    const auto blocks = drive (other, { .seconds = 1.0e9 }).blocks;
    CHECK (blocks <= 20000);
    CHECK (blocks > 15000);
}

TEST_CASE ("A check that takes too long is cut short")
{
    DrivenPlugin plugin (2);
    const auto outcome = drive (plugin, { .seconds = 1.0, .wallLimit = std::chrono::seconds (0) });

    CHECK (outcome.blocks < 1600);
    REQUIRE (outcome.findings.size() == 1);
    CHECK (outcome.findings[0].kind == "cut-short");
}

TEST_CASE ("Plugins without audio, parameters or MIDI are driven too")
{
    DrivenPlugin plugin (0);
    plugin.ports = { 0, 0, false, false };
    const auto outcome = drive (plugin);

    CHECK (outcome.blocks >= 1600);
    CHECK (outcome.findings.empty());
    CHECK_FALSE (plugin.hasNotes);
}
