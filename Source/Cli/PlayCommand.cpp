#include "Commands.h"
#include "RunOptions.h"
#include "StopSignal.h"

#include <host_engine/devices/ThreadScheduling.h>
#include <host_engine/play/LiveHost.h>
#include <host_plugins/PluginPaths.h>
#include <rt_guard/rt_guard.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <memory>
#include <unistd.h>
#include <vector>

namespace cli
{

namespace
{
struct PlayOptions
{
    RunOptions run;
    std::string session, device;
    bool bounded = false;
    std::optional<int> osc;
};

juce::File findDemo()
{
    const auto folder = host::PluginPaths::getProgramFolder();

    for (const auto* place : { "demo", "../share/audiohost/demo" })
        if (const auto demo = folder.getChildFile (place).getChildFile ("demo.audiohost"); demo.existsAsFile())
            return demo;

    throw host::Error ("the demo session", "is not beside the program", "name a session: AudioHost play SESSION");
}

void check (const PlayOptions& options)
{
    options.run.apply();

    if (options.bounded && options.run.threads.value_or (2) < 2)
        throw host::Error ("--bounded", "keeps plugins off the audio thread, and there is no other with --threads 1",
                           "give --threads 2 or more, or leave --bounded out");

    if (options.bounded && host::countUsableProcessors() < 2)
        throw host::Error (
            "--bounded",
            "needs a second processor for the plugins while the audio thread waits, and this program may use one",
            "leave --bounded out, or let the program have another (taskset, or the machine's own settings)");

    if (options.osc)
        refuseForNow ("--osc");
}

/** Which node made a block late, as far as is known: a line now and then. Timing every node in every block costs something, so where
    nobody asked for it that begins with the first late block and ends with the next one, which has a name then. */
class LateBlocks
{
public:
    LateBlocks (host::Engine& engineToAsk, bool areNodesTimedAnyway, std::chrono::seconds betweenLines)
        : engine (engineToAsk), isTimedAnyway (areNodesTimedAnyway), pause (betweenLines)
    {
    }

    void tellOf (const host::FlightRecorder::Recording& recording)
    {
        const auto missed = std::find_if (recording.blocks.rbegin(), recording.blocks.rend(),
                                          [] (const auto& block) { return block.isMissed(); });
        const auto now = std::chrono::steady_clock::now();

        if (missed == recording.blocks.rend() || now < nextLine)
            return;

        tell (host::describeLateBlock (recording, *missed, engine.getGraph()));

        if (isTimedAnyway || isTiming)
            nextLine = now + pause;

        isTiming = ! isTiming;
        engine.setMeasuring (isTimedAnyway || isTiming);
    }

private:
    host::Engine& engine;
    const bool isTimedAnyway;
    const std::chrono::seconds pause;
    std::chrono::steady_clock::time_point nextLine{};
    bool isTiming = false;
};

/** One line that lives, on a terminal. */
void showStatus (host::LiveHost& live)
{
    const auto& engine = live.getEngine();
    const auto& device = *live.getDevice();
    const auto period = 1.0e6 * device.getBlockSize() / device.getSampleRate();
    const auto seconds = double (engine.getPosition()) / engine.getInfo().sampleRate;

    std::cerr << "\r\033[K" << juce::String (seconds, 1) << " s  load "
              << int (100.0 * engine.getBlockTimes().getPercentileMicros (0.5) / period) << " %  worst "
              << int (100.0 * engine.getBlockTimes().getMaxMicros() / period) << " %  xruns " << live.getXruns()
              << "  findings " << rt::guard::getViolationCount() << "  peak "
              << juce::String (20.0 * std::log10 (std::max (1.0e-5, double (live.getPeak()))), 1) << " dBFS" << std::flush;
}

int play (const PlayOptions& options)
{
    using Clock = std::chrono::steady_clock;

    check (options);
    const StopSignal stop;

    const auto file =
        options.session.empty()
            ? findDemo()
            : juce::File::getCurrentWorkingDirectory().getChildFile (juce::String::fromUTF8 (options.session.c_str()));
    const auto session = host::Session::load (file);

    host::PluginFormats formats;
    host::LiveHost live (
        host::DeviceRequest{ juce::String::fromUTF8 (options.device.c_str()), options.run.rate, options.run.block });
    auto& engine = live.getEngine();
    auto& device = *live.getDevice();
    const host::CrashReport crashReport (engine);

    const auto numThreads =
        options.run.threads.value_or (std::max (options.bounded ? 2 : 1, host::LiveHost::getDefaultThreads()));
    live.setThreads (numThreads, options.bounded);

    auto made = host::SessionGraph::build (session, formats, engine.getInfo(), engine.getCollector(), prepareToLoad);
    auto exitCode = tellNotes (made);
    engine.setGraph (made.graph);
    engine.setTempo (made.tempo);
    engine.setMeasuring (! options.run.report.empty());
    engine.setCountingPageFaults (options.run.pageFaults);
    engine.setPlaying (true);

    live.start();
    std::vector<host::FlightRecorder::Recording> recordings;

    std::cout << "Playing " << (session.getName().empty() ? file.getFileName().toStdString() : session.getName()) << " on "
              << device.getDescription() << std::endl;

    if (const auto names = live.getMidiInputs().getNames(); ! names.isEmpty())
        std::cout << "MIDI from " << names.joinIntoString (", ") << std::endl;

    if (! options.run.seconds)
        std::cout << "Ctrl-C ends it." << std::endl;

    const auto isTerminal = ::isatty (STDERR_FILENO) != 0;
    const auto end = options.run.seconds
                         ? Clock::now() + std::chrono::nanoseconds (std::llround (*options.run.seconds * 1.0e9))
                         : Clock::time_point::max();
    auto nextStatus = Clock::now() + std::chrono::seconds (1);
    LateBlocks lateBlocks (engine, ! options.run.report.empty(),
                           std::chrono::seconds (isTerminal ? 1 : 10)); // a log is for hours

    while (! stop.flag() && Clock::now() < end && ! live.hasFailed())
    {
        juce::MessageManager::getInstance()->runDispatchLoopUntil (20);

        tellNewSites (! options.run.report.empty());

        if (auto recording = engine.takeRecording())
        {
            lateBlocks.tellOf (*recording);

            if (recordings.size() < host::Report::mostRecordings)
                recordings.push_back (std::move (*recording));
        }

        if (const auto warning = live.takeThreadWarning(); ! warning.empty())
            tell (warning);

        if (isTerminal && Clock::now() >= nextStatus)
        {
            nextStatus = Clock::now() + std::chrono::milliseconds (250);
            showStatus (live);
        }
    }

    if (isTerminal)
        std::cerr << "\r\033[K" << std::flush;

    if (! live.stop())
        host::CrashReport::reportHang (engine, engine.getRunningNode(), 2);

    if (engine.getDroppedBlocks() > 0)
    {
        const auto culprit = engine.getCulprit();
        tell (
            std::to_string (engine.getDroppedBlocks()) + " blocks were silent because "
            + (culprit == 0
                   ? "no processor was free for the workers; end other programs that are real-time, or give fewer --threads"
                   : host::describeNode (engine.getGraph(), culprit)
                         + " was late; bypass it, or give it more time with a larger --block"));
    }

    if (live.hasFailed())
    {
        tell (device.getFailure().toStdString());
        exitCode = 1;
    }

    if (live.getLimitedSamples() > 0)
        tell ("the output: " + std::to_string (live.getLimitedSamples())
              + " samples were above +12 dBFS and were limited; turn it down");

    if (! engine.hasStuckWorkers() && ! finishStreams (engine))
        exitCode = 1;

    tellFindings (engine);

    host::Report report;
    report.xruns = live.getXruns();
    report.deadlineMisses = live.getDeadlineMisses();
    report.clipped = live.getLimitedSamples();
    report.recordings = std::move (recordings);
    report.recordings.push_back (engine.copyRecording());

    for (const auto& missing : made.missing)
        report.missing.push_back (missing.id);

    writeReport (options.run.report, report, engine);

    // A thread that is in there for good takes all that it uses along.
    if (engine.hasStuckWorkers())
        host::CrashReport::reportHang (engine, engine.getCulprit(), 1);

    const auto count = [] (std::uint64_t number, const std::string& what)
    { return std::to_string (number) + " " + what + (number == 1 ? "" : "s"); };
    std::cout << "Played " << count (engine.getBlockCount(), "block") << ", " << count (*report.xruns, "xrun") << ", "
              << count (*report.deadlineMisses, "late block") << std::endl;
    return exitCode;
}
} // namespace

void addPlayCommand (CLI::App& app, Outcome& outcome)
{
    auto* command = app.add_subcommand ("play", "Play a session live; the demo where none is named");
    const auto options = std::make_shared<PlayOptions>();

    command->add_option ("SESSION", options->session, "The session to play");
    command->add_option ("--device", options->device, "JACK, ALSA or Virtual; the best there is where not given")
        ->type_name ("TYPE[:NAME]");
    options->run.addTo (*command);
    command->add_flag ("--bounded", options->bounded, "Plugins off the audio thread, so that none can hold it up");
    command->add_option ("--osc", options->osc, "Remote control (not in this version yet)")->type_name ("PORT");
    command->callback ([options, &outcome] { outcome.exitCode = play (*options); });
}

} // namespace cli
