#include "CheckRunner.h"

#include "../PluginFormats.h"
#include "../SuppressionFile.h"
#include "../process/ChildProcess.h"

#include <host_graph/Error.h>
#include <rt_guard/rt_guard.h>

#include <nlohmann/json.hpp>

#include <array>
#include <charconv>
#include <optional>

// The child's records, a JSON object each:
//   {"name":"Echo"}                                            the plugin is made
//   {"progress":{"blocks":12,"phase":"midi","fraction":0.25}}
//   {"results":{...}}                                          after each phase; a later one replaces it
//   {"closing":true}                                           all phases are done
//   {"error":{"message":"...","kind":2}}                       nothing to check
//   {"done":true}                                              only what says this was not ended by the plugin

namespace host
{

namespace check
{

/** The exit code of a child that has lost the way to report. */
static constexpr int lostTouch = 97;

static void sendRecord (const ordered_json& record)
{
    // Names and stacks may hold anything.
    if (! ChildSide::send (record.dump (-1, ' ', false, ordered_json::error_handler_t::replace)))
        ChildSide::finish (lostTouch);
}

static std::string toText (double number)
{
    std::array<char, 40> text;
    return { text.begin(), std::to_chars (text.begin(), text.end(), number).ptr };
}

/** Adds up the time that goes by to where the plugin was last heard of. */
class Stopwatch
{
public:
    void assignTo (CheckReport& report)
    {
        const auto now = std::chrono::steady_clock::now();
        auto& seconds = report.lastPhase
                            ? report.phaseSeconds[static_cast<std::size_t> (
                                  std::find (CheckReport::phases.begin(), CheckReport::phases.end(), *report.lastPhase)
                                  - CheckReport::phases.begin())]
                            : report.loadingSeconds;
        seconds += std::chrono::duration<double> (now - last).count();
        last = now;
    }

private:
    std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();
};

} // namespace check

CheckRunner::CheckRunner (const CheckOptions& optionsToUse) : options (optionsToUse) {}

CheckReport CheckRunner::run (const std::string& ref, const OnProgress& onProgress) const
{
    // The child ends itself at its limit; this is for one that does not.
    const auto lastResort = std::chrono::steady_clock::now() + options.wallLimit + 3 * options.hangLimit;

    ChildProcess::Options childOptions;
    childOptions.arguments = { "check-child", "--seconds", check::toText (options.seconds) };

    if (! options.suppressions.empty())
        childOptions.arguments.insert (childOptions.arguments.end(), { "--suppressions", options.suppressions });

    childOptions.arguments.insert (childOptions.arguments.end(), { "--", ref });
    childOptions.output = ChildProcess::Output::capture;

    ChildProcess child (childOptions);
    CheckReport report;
    report.ref = ref;
    check::Stopwatch stopwatch;
    bool isDone = false;
    std::string line;

    while (! isDone)
    {
        const auto read = child.readLine (line, options.hangLimit);
        stopwatch.assignTo (report);

        if (read == ChildProcess::Read::closed)
            break;

        if (read == ChildProcess::Read::timeout)
        {
            report.hung = true;
            break;
        }

        try
        {
            isDone = readRecord (line, report, onProgress);
        }
        catch (const nlohmann::json::exception&)
        {
            // What a plugin may have written into our pipe is no record.
        }

        if (! isDone && std::chrono::steady_clock::now() > lastResort)
        {
            report.findings.push_back ({ "cut-short", "it neither ended nor hung; it was killed",
                                         report.lastPhase.value_or (rt::guard::Phase::process) });
            isDone = true;
        }
    }

    if (isDone || report.hung)
        child.kill();
    else if (const auto end = child.wait (options.hangLimit); ! end)
        report.hung = true; // it closed its pipe and stayed
    else if (end->signal)
    {
        report.crashed = true;
        report.signal = end->signal;
    }
    else if (end->exitCode == check::lostTouch)
        report.findings.push_back (
            { "cut-short",
              "the plugin closed or flooded a descriptor that is not its own, by which the check is told; "
              "what came after that is not known",
              report.lastPhase.value_or (rt::guard::Phase::process) });
    else
        report.exited = true;

    if (! isDone)
        report.lastWords = child.getOutput();

    return report;
}

bool CheckRunner::readRecord (const std::string& line, CheckReport& report, const OnProgress& onProgress)
{
    const auto record = nlohmann::ordered_json::parse (line);

    if (record.contains ("error"))
    {
        const auto& json = record["error"];
        const auto kind = json.at ("kind").get<int>();
        throw Error (json.at ("message").get<std::string>(), kind == 1 ? Error::Kind::failed : Error::Kind::unusable);
    }

    if (record.contains ("name"))
        report.name = record["name"].get<std::string>();

    if (record.contains ("results"))
        report.readResults (record["results"]);

    if (record.contains ("progress"))
    {
        const auto& json = record["progress"];
        const auto blocks = json.at ("blocks").get<int>();
        const auto fraction = json.at ("fraction").get<double>();
        const auto phase = rt::guard::parsePhase (json.at ("phase").get<std::string>()).value_or (rt::guard::Phase::process);
        report.blocks = blocks;
        report.lastPhase = phase;
        onProgress ({ blocks, phase, fraction });
    }

    report.isClosing = report.isClosing || record.contains ("closing");
    return record.contains ("done");
}

void CheckRunner::runChild (const std::string& ref, const CheckOptions& options)
{
    using check::sendRecord;
    ChildSide::becomeChild();
    rt::guard::setMode (rt::guard::Mode::count);

    try
    {
        useSuppressions (options.suppressions);

        PluginFormats formats;
        const auto plugin = formats.create (formats.resolve (juce::String::fromUTF8 (ref.c_str())), 48000.0, 1024);
        sendRecord ({ { "name", plugin->getName().toStdString() } });

        rt::guard::setNodeName (1, plugin->getName().toStdString());
        const auto whyNoNet = rt::guard::SystemCallNet::setEnabled (true);

        {
            CheckDriver* running = nullptr;

            const auto sendProgress = [] (const CheckDriver::Progress& progress)
            {
                sendRecord ({ { "progress",
                                { { "blocks", progress.blocks },
                                  { "phase", toString (progress.phase) },
                                  { "fraction", progress.fraction } } } });
            };

            const auto sendResults = [&]
            {
                auto snapshot = rt::guard::getSnapshot();

                CheckReport report;
                report.blocks = running->getNumBlocks();
                report.violations = std::move (snapshot.violations);
                report.findings = running->getFindings();
                report.notes = running->getNotes();
                report.suppressed = snapshot.suppressed;
                report.suppressions = std::move (snapshot.suppressions);

                if (! whyNoNet.empty())
                    report.notes.push_back ("Calls were watched by function only, not by system call: " + whyNoNet);

                if (snapshot.overflow > 0)
                    report.notes.push_back (std::to_string (snapshot.overflow)
                                            + " more calls, from too many places to record.");

                sendRecord ({ { "results", report.toResults() } });
            };

            CheckDriver driver (*plugin, options, { sendProgress, sendResults });
            running = &driver;
            driver.run();
        }

        sendRecord ({ { "closing", true } });
    }
    catch (const Error& error)
    {
        sendRecord ({ { "error", { { "message", error.what() }, { "kind", static_cast<int> (error.getKind()) } } } });
        ChildSide::finish (static_cast<int> (error.getKind()));
    }

    // The plugin was deleted before this: a crash in its destructor is a crash.
    sendRecord ({ { "done", true } });
    ChildSide::finish (0);
}

} // namespace host
