#include "DrivenPlugin.h"

#include <limits>

using rt::guard::Phase;

namespace
{

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
    CHECK (outcome.notes.empty());
    CHECK (outcome.guard.total == 0);
    CHECK (plugin.isReleased);
    CHECK (outcome.phases.size() == 4);
    CHECK (std::is_sorted (outcome.fractions.begin(), outcome.fractions.end()));
    CHECK (outcome.fractions.back() == 1.0);
    CHECK (plugin.audioThread != std::this_thread::get_id());
}

TEST_CASE ("Every sample rate is played with every signal, and blocks of 1 to 4096 samples within what was prepared")
{
    DrivenPlugin plugin (1);
    drive (plugin);

    CHECK (plugin.rates == std::set<double>{ 44100.0, 48000.0, 88200.0, 96000.0, 176400.0, 192000.0 });

    for (const auto& [rate, signals] : plugin.signals)
    {
        CAPTURE (rate);
        CHECK (signals == std::set<std::string>{ "silence", "noise", "full scale", "denormals" });
    }

    CHECK (plugin.signals.size() == plugin.rates.size());
    CHECK (*plugin.sizes.begin() == 1);
    CHECK (*plugin.sizes.rbegin() == 4096);
    CHECK (plugin.sizes.size() > 12);
    CHECK (plugin.isEverySizeAllowed);
    CHECK (plugin.loudestInput == 1.0f);
    CHECK (plugin.numResets >= 3);
}

TEST_CASE ("MIDI is dense, with all controllers, and inside its blocks")
{
    DrivenPlugin plugin (1);
    drive (plugin);

    CHECK (plugin.hasNotes);
    CHECK (plugin.isEveryEventInside);
    CHECK (plugin.controllers.size() == 128);
}

TEST_CASE ("Parameters are swept and jumped between blocks and inside them, but not those that are not for automation")
{
    DrivenPlugin plugin (7);
    plugin.parameters[3].isAutomatable = false;
    drive (plugin);

    for (int i = 0; i < 7; ++i)
    {
        CAPTURE (i);
        const auto index = static_cast<std::size_t> (i);
        CHECK (plugin.lowest[index] == (i == 3 ? 1.0f : 0.0f));
        CHECK (plugin.highest[index] == (i == 3 ? 0.0f : 1.0f));

        // The pieces that a block of 512 samples was cut into.
        const std::set pieces{ 16, 17, 33, 64, 90, 100, 128 };
        const auto& sizes = plugin.sizesAfterChange[i];
        CHECK (std::includes (sizes.begin(), sizes.end(), pieces.begin(), pieces.end()) == (i != 3));
    }
}

TEST_CASE ("After the sweeps each parameter is where it was")
{
    DrivenPlugin plugin (40);
    std::vector<float> atEnd;
    const juce::ScopedJuceInitialiser_GUI juce;
    int numPhases = 0;

    host::CheckDriver driver (plugin, { .seconds = 0.1 },
                              { [] (auto&) {},
                                [&]
                                {
                                    if (++numPhases == 3)
                                        atEnd = plugin.values;
                                } });
    driver.run();
    CHECK (atEnd == std::vector<float> (40, 0.3f));
    CHECK (*std::max_element (plugin.lowest.begin(), plugin.lowest.end()) == 0.0f);
}

TEST_CASE ("A plugin is bypassed by its own parameter, and one that has none is not called for a while")
{
    DrivenPlugin without (3);
    drive (without);
    CHECK (without.numGaps == 4);

    DrivenPlugin with (3);
    with.parameters[1].isBypass = true;
    with.parameters[1].isAutomatable = false; // so that nothing else moves it
    drive (with);
    CHECK (with.numGaps == 0);
    CHECK (with.lowest[1] == 0.0f);
    CHECK (with.highest[1] == 1.0f);
}

TEST_CASE ("State is saved and restored between blocks, and while they are played")
{
    DrivenPlugin plugin (3);
    plugin.awaitsBlocksInState = true;

    SECTION ("in VST3, which says that it may be")
    {
        plugin.info.format = "VST3";
        drive (plugin);
        CHECK (plugin.numCallsWithBlocks > 8);
        CHECK (plugin.numSnapshots == 0);
        CHECK (plugin.numSnapshotsRestored == 0);
    }

    SECTION ("elsewhere as this program does it")
    {
        drive (plugin);
        CHECK (plugin.numCallsWithBlocks == plugin.numSnapshots + plugin.numSnapshotsRestored);
        CHECK (plugin.numStateCallsInBlocks == 0);
        CHECK (plugin.numSnapshots > 4);
        CHECK (plugin.numSnapshotsRestored > 4);
    }

    CHECK (plugin.numSaved > 4);
    CHECK (plugin.numRestored > 4);
}

TEST_CASE ("A changed latency is answered as the format asks: by starting anew in VST3, by looking in LV2")
{
    const auto countOfPrepares = [] (const char* format, bool changes)
    {
        DrivenPlugin plugin (3);
        plugin.info.format = format;
        auto isNext = false;

        // One change, by a parameter, when all is ready; the plugin can keep to it only once it is started anew.
        plugin.onParameter = [&] { isNext = changes && plugin.numBlocks > 100; };
        plugin.onBlock = [&] (auto&)
        {
            if (isNext)
                plugin.latency = 64;
        };

        const auto outcome = drive (plugin);
        CHECK (outcome.findings.empty());
        return plugin.numPrepared;
    };

    CHECK (countOfPrepares ("VST3", true) == countOfPrepares ("VST3", false) + 1);
    CHECK (countOfPrepares ("LV2", true) == countOfPrepares ("LV2", false));
}

TEST_CASE ("A latency that changes whenever the plugin is started does not hold up the check")
{
    DrivenPlugin plugin (3);
    plugin.info.format = "VST3";
    plugin.onBlock = [&] (auto&) { plugin.latency = plugin.latency + 1; };
    const auto outcome = drive (plugin);
    CHECK (outcome.findings.empty());
    CHECK (plugin.numPrepared > 4 * 64);
    CHECK (plugin.numPrepared < 5 * 64);
}

TEST_CASE ("A sample rate that a plugin refuses is told, and the others are played")
{
    DrivenPlugin plugin (3);
    plugin.refusedRate = 192000.0;
    const auto outcome = drive (plugin);

    CHECK (outcome.findings.empty());
    CHECK (outcome.blocks >= 4 * 400);
    REQUIRE_FALSE (outcome.notes.empty());
    CHECK (outcome.notes[0].find ("it refuses this rate") != std::string::npos);
    CHECK (plugin.signals.size() == 5);

    plugin.refusedRate = 48000.0; // without which nothing goes
    CHECK_THROWS_AS (drive (plugin), host::Error);
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
        CHECK (outcome.guard.violations[0].node == 1);
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
            if (std::exchange (seen, plugin.numRestored.load()) != seen)
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
        CHECK (outcome.getKinds() == std::set<std::string>{ "nan" });
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

    SECTION ("a frequency that an audio port tells in hertz is none, up to the highest that there is")
    {
        plugin.onBlock = [&] (auto& context) { context.channels[0][0] = 96000.0f; };
        CHECK_FALSE (drive (plugin).getKinds().contains ("runaway"));
    }

    SECTION ("but what is in an input without an output is not")
    {
        plugin.ports.audioOutputs = 1;
        plugin.onBlock = [&] (auto& context) { context.channels[1][0] = std::numeric_limits<float>::quiet_NaN(); };
        CHECK (drive (plugin).findings.empty());
    }
}

TEST_CASE ("Sound that nothing was put in for is found")
{
    DrivenPlugin plugin (1);
    auto hasHeard = false;
    auto level = 0.0f;
    std::uint32_t noise = 1;

    const auto addSound = [&noise] (host::ProcessContext& context, float loudness)
    {
        for (int i = 0; i < context.numSamples; ++i)
            context.channels[0][i] +=
                loudness * static_cast<float> (static_cast<std::int32_t> (noise = noise * 1664525u + 1013904223u))
                / 2147483648.0f;
    };

    const auto listen = [&] (const host::ProcessContext& context)
    {
        for (int i = 0; i < context.numSamples; ++i)
            if (std::abs (context.channels[0][i]) > 0.1f)
            {
                hasHeard = true;
                level = 0.5f;
            }
    };

    std::set<std::string> expected;

    SECTION ("before anything was put in")
    {
        plugin.onBlock = [&] (auto& context) { addSound (context, 0.01f); };
        expected = { "output-without-input" };

        SECTION ("which is what instruments are for")
        {
            plugin.info.isInstrument = true;
            expected = {};
        }

        SECTION ("which is what generators are for, even those with an input")
        {
            plugin.info.category = "Fx|Generator";
            expected = {};
        }

        SECTION ("where there is no input at all")
        {
            plugin.ports.audioInputs = 0;
            expected = {};
        }
    }

    SECTION ("and never ends")
    {
        plugin.onBlock = [&] (auto& context)
        {
            listen (context);

            if (hasHeard)
                addSound (context, 0.1f);
        };

        expected = { "output-without-input" };

        SECTION ("as the plugin says of itself")
        {
            plugin.info.format = "VST3"; // and no tail told: an infinite one
            expected = {};
        }

        SECTION ("though the plugin says that it does")
        {
            plugin.info.format = "VST3";
            plugin.tail = 0.5;
        }
    }

    SECTION ("but a tail of half a minute ends")
    {
        plugin.onBlock = [&] (auto& context)
        {
            listen (context);
            addSound (context, level);
            level *= static_cast<float> (std::pow (0.001, context.numSamples / plugin.prepared.sampleRate / 30.0));
        };
    }

    SECTION ("but dither is no sound")
    {
        plugin.onBlock = [&] (auto& context) { addSound (context, 0.00003f); };
    }

    SECTION ("but a constant is none")
    {
        plugin.onBlock = [&] (auto& context)
        {
            for (int i = 0; i < context.numSamples; ++i)
                context.channels[0][i] += 0.5f;
        };
    }

    SECTION ("but a start may be heard")
    {
        plugin.onBlock = [&] (auto& context)
        {
            if (context.transport.samples < 4096 * 4)
                addSound (context, 0.5f);
        };
    }

    const auto outcome = drive (plugin);
    CHECK (outcome.getKinds() == expected);
    CHECK (outcome.findings.size() == expected.size());

    for (const auto& finding : outcome.findings)
        CHECK (finding.phase == Phase::process);
}

TEST_CASE ("A plugin is slow by the processor time of its blocks, not by the time that goes by")
{
    DrivenPlugin plugin (1);

    // Blocks of one size and rate, so that the test does not take long itself.
    const auto isMeant = [&] (const host::ProcessContext& context)
    { return context.numSamples == 64 && plugin.prepared.sampleRate == 96000.0; };

    SECTION ("for it computes longer than the block lasts")
    {
        plugin.onBlock = [&] (auto& context)
        {
            timespec start{}, now{};
            ::clock_gettime (CLOCK_THREAD_CPUTIME_ID, &start);

            do
                ::clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
            while (isMeant (context)
                   && 1.0e9 * static_cast<double> (now.tv_sec - start.tv_sec)
                              + static_cast<double> (now.tv_nsec - start.tv_nsec)
                          < 1.0e6);
        };

        const auto outcome = drive (plugin);
        REQUIRE (outcome.findings.size() >= 1);
        CHECK (outcome.findings[0].kind == "slow");
        CHECK (outcome.findings[0].isWarning());
        CHECK (outcome.findings[0].phase == Phase::process);
        CHECK (outcome.findings[0].detail.find ("at 96000 Hz") != std::string::npos);
    }

    SECTION ("not for sleeping, which the guard tells in its own way")
    {
        plugin.onBlock = [&] (auto& context)
        {
            const rt::guard::Permit permit;

            if (isMeant (context))
                std::this_thread::sleep_for (std::chrono::milliseconds (2));
        };

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
