#include "CheckText.h"

#include <host_plugins/check/CheckWords.h>

#include <algorithm>
#include <sstream>

namespace cli
{

namespace
{

std::string toVerdict (const host::CheckReport& report)
{
    if (report.hasDied())
        return report.getDeath();

    if (report.hasFailed())
        return "FAILED";

    return report.findings.empty() ? "clean" : "clean, with a warning";
}

/** The last lines of what it printed. */
std::string toLastWords (const std::string& words)
{
    constexpr std::size_t most = 5;
    std::istringstream stream (words);
    std::vector<std::string> lines;

    for (std::string line; std::getline (stream, line);)
        lines.push_back (line);

    std::string text;

    for (std::size_t i = lines.size() - std::min (most, lines.size()); i < lines.size(); ++i)
        text += "      " + lines[i] + "\n";

    return text;
}

} // namespace

std::string toText (const host::CheckReport& report)
{
    using host::countOf;
    std::ostringstream text;
    text << (report.name.empty() ? report.ref : report.name + " (" + report.ref + ")") << ": " << toVerdict (report) << ", "
         << countOf (static_cast<std::uint64_t> (report.blocks), "block") << "\n";

    std::uint64_t numOfHost = 0;

    for (const auto& violation : report.violations)
    {
        if (violation.by == "host")
        {
            numOfHost += violation.count;
            continue;
        }

        text << "  " << host::describeViolation (violation) << "\n";

        for (const auto& frame : host::getTellingFrames (violation))
            text << "      " << frame << "\n";
    }

    for (const auto& finding : report.findings)
        text << "  " << (finding.isWarning() ? "warning: " : "") << finding.kind << " (" << toString (finding.phase)
             << "): " << finding.detail << "\n";

    if (numOfHost > 0)
        text << "  Besides, the host's wrapper did so " << countOf (numOfHost, "time")
             << " around this plugin. That is not the plugin's fault and does not fail it; --json has the stacks.\n";

    for (const auto& note : report.notes)
        text << "  " << note << "\n";

    if (! report.lastWords.empty())
        text << "  The last it printed:\n" << toLastWords (report.lastWords);

    return text.str();
}

std::string toText (const std::vector<rt::guard::Suppression>& suppressions, const std::vector<host::CheckReport>& reports)
{
    std::string text;

    for (const auto& suppression : suppressions)
    {
        std::uint64_t calls = 0;

        for (const auto& report : reports)
            for (const auto& use : report.suppressions)
                calls += use.suppression.origin == suppression.origin ? use.calls : 0;

        text += "  " + suppression.origin + ": " + (calls > 0 ? host::countOf (calls, "call") : "not needed") + "\n";
    }

    return text.empty() ? text : "Suppressed:\n" + text;
}

} // namespace cli
