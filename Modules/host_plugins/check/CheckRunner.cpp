#include "CheckRunner.h"

#include "../PluginFormats.h"
#include "../process/ChildProcess.h"

#include <host_graph/Error.h>
#include <rt_guard/rt_guard.h>

#include <nlohmann/json.hpp>

#include <array>
#include <charconv>

// The child's records, a JSON object a line:
//   {"name":"Echo"}                                            the plugin is made
//   {"progress":{"blocks":12,"phase":"midi","fraction":0.25}}
//   {"results":{...}}                                          as in the report, after each phase; a later one replaces it
//   {"error":{"message":"...","kind":2}}                       nothing to check
//   {"done":true}                                              only what says this was not ended by the plugin

namespace host
{

namespace
{

using nlohmann::ordered_json;

void sendRecord (const ordered_json& record)
{
    // Names and stacks may hold anything.
    ChildSide::send (record.dump (-1, ' ', false, ordered_json::error_handler_t::replace));
}

std::string toText (double number)
{
    std::array<char, 40> text;
    return { text.begin(), std::to_chars (text.begin(), text.end(), number).ptr };
}

/** The error as the child's resolve() or create() threw it: the same parts make the same message. */
[[noreturn]] void throwError (const ordered_json& record)
{
    const auto message = record.at ("message").get<std::string>();
    const auto kind = record.at ("kind").get<int>() == 1 ? Error::Kind::failed : Error::Kind::unusable;
    const auto first = message.find (": "), last = message.rfind ("; ");

    if (first == std::string::npos || last == std::string::npos || last < first + 2)
        throw Error ("check", message, "try another plugin", kind);

    throw Error (message.substr (0, first), message.substr (first + 2, last - first - 2), message.substr (last + 2), kind);
}

} // namespace

CheckRunner::CheckRunner (const CheckOptions& optionsToUse) : options (optionsToUse) {}

CheckReport CheckRunner::run (const std::string& ref, const OnProgress& onProgress) const
{
    // The child ends itself at its limit; this is for one that does not.
    const auto lastResort = std::chrono::steady_clock::now() + options.wallLimit + 3 * options.hangLimit;

    ChildProcess child (
        { { "check-child", "--seconds", toText (options.seconds), "--", ref }, ChildProcess::Output::capture, {}, {} });
    CheckReport report;
    report.ref = ref;
    bool isDone = false;
    std::string line;

    while (! isDone)
    {
        const auto read = child.readLine (line, options.hangLimit);

        if (read == ChildProcess::Read::closed)
            break;

        if (read == ChildProcess::Read::timeout)
        {
            report.hung = true;
            break;
        }

        // What a plugin may have written into our pipe is no record.
        const auto record = ordered_json::parse (line, nullptr, false);

        if (! record.is_object())
            continue;

        if (record.contains ("error"))
        {
            child.kill();
            throwError (record["error"]);
        }

        if (record.contains ("name"))
            report.name = record["name"].get<std::string>();

        if (record.contains ("results"))
            report.readResults (record["results"]);

        if (record.contains ("progress"))
        {
            const auto& json = record["progress"];
            const auto phase =
                rt::guard::parsePhase (json.at ("phase").get<std::string>()).value_or (rt::guard::Phase::process);
            report.lastPhase = phase;
            report.blocks = json.at ("blocks").get<int>();
            onProgress ({ report.blocks, phase, json.at ("fraction").get<double>() });
        }

        isDone = record.contains ("done");

        if (std::chrono::steady_clock::now() > lastResort)
        {
            report.findings.push_back ({ "cut-short", "it neither ended nor hung; it was killed",
                                         report.lastPhase.value_or (rt::guard::Phase::process) });
            isDone = true;
        }
    }

    if (isDone)
    {
        child.kill();
        return report;
    }

    if (report.hung)
        child.kill();
    else if (const auto end = child.wait (options.hangLimit); ! end)
        report.hung = true; // it closed its pipe and stayed
    else if (end->signal)
    {
        report.crashed = true;
        report.signal = end->signal;
    }
    else
        report.exited = true;

    report.lastWords = child.getOutput();
    return report;
}

void CheckRunner::runChild (const std::string& ref, const CheckOptions& options)
{
    ChildSide::becomeChild();
    rt::guard::setMode (rt::guard::Mode::count);

    try
    {
        PluginFormats formats;
        const auto plugin = formats.create (formats.resolve (juce::String::fromUTF8 (ref.c_str())), 48000.0, 1024);
        sendRecord ({ { "name", plugin->getName().toStdString() } });

        {
            CheckDriver* running = nullptr;

            const auto sendProgress = [] (const CheckDriver::Progress& progress)
            {
                sendRecord ({ { "progress",
                                { { "blocks", progress.blocks },
                                  { "phase", toString (progress.phase) },
                                  { "fraction", progress.fraction } } } });
            };

            const auto sendResults = [&running]
            {
                CheckReport report;
                report.blocks = running->getNumBlocks();
                report.violations = rt::guard::getSnapshot().violations;
                report.findings = running->getFindings();
                sendRecord ({ { "results", report.toJson() } });
            };

            CheckDriver driver (*plugin, options, { sendProgress, sendResults });
            running = &driver;
            driver.run();
        }
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
