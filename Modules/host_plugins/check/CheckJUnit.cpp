#include "CheckJUnit.h"

#include "CheckWords.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string_view>

namespace host
{

struct CheckJUnit::Case
{
    std::string name;
    double seconds = 0.0;
    bool isReached = true;
    std::string death; ///< how it ended here
    std::string deathText{};
    std::vector<std::string> kinds{}, sentences{}, texts{}; ///< of failures
};

namespace check
{

static std::string toXmlTime (double seconds)
{
    char text[32];
    std::snprintf (text, sizeof (text), "%.3f", seconds);
    return text;
}

/** The bytes that a text begins with and that are one character of XML's; 0 if there is none. */
static std::size_t getXmlCharacter (std::string_view text)
{
    const auto byte = [&text] (std::size_t i) { return i < text.size() ? static_cast<unsigned char> (text[i]) : 0u; };
    const auto first = byte (0);
    const auto length = first < 0x80u ? 1u : first >= 0xf0u ? 4u : first >= 0xe0u ? 3u : 2u;

    if (length == 1)
        return first >= 0x20u || first == '\t' || first == '\n' || first == '\r' ? 1 : 0;

    if (first < 0xc2u || first > 0xf4u)
        return 0;

    auto code = static_cast<std::uint32_t> (first & (0xffu >> (length + 1)));

    for (std::size_t i = 1; i < length; ++i)
    {
        if ((byte (i) & 0xc0u) != 0x80u)
            return 0;

        code = (code << 6) | (byte (i) & 0x3fu);
    }

    constexpr std::uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const auto isSurrogate = code >= 0xd800 && code <= 0xdfff;
    return code < least[length] || isSurrogate || code == 0xfffe || code == 0xffff || code > 0x10ffff ? 0 : length;
}

static std::string escapeForXml (const std::string& text, bool isAttribute)
{
    std::string result;

    for (std::string_view rest (text); ! rest.empty();)
    {
        const auto length = getXmlCharacter (rest);

        if (length == 0)
            result += "\xef\xbf\xbd";
        else if (length > 1)
            result += rest.substr (0, length);
        else
        {
            switch (rest[0])
            {
                case '&': result += "&amp;"; break;
                case '<': result += "&lt;"; break;
                case '>': result += "&gt;"; break;
                case '"': result += isAttribute ? "&quot;" : "\""; break;
                case '\t': result += isAttribute ? "&#9;" : "\t"; break; // in attributes plain ones become spaces
                case '\n': result += isAttribute ? "&#10;" : "\n"; break;
                case '\r': result += "&#13;"; break;
                default: result += rest[0]; break;
            }
        }

        rest.remove_prefix (std::max<std::size_t> (length, 1));
    }

    return result;
}

} // namespace check

std::string CheckJUnit::escapeForAttribute (const std::string& text) { return check::escapeForXml (text, true); }
std::string CheckJUnit::escapeForElement (const std::string& text) { return check::escapeForXml (text, false); }

void CheckJUnit::add (const CheckReport& report)
{
    std::vector<Case> cases{ { "loading", report.loadingSeconds, true, {} } };
    const auto last = std::find (report.phases.begin(), report.phases.end(), report.lastPhase.value_or (report.phases[0]));

    for (std::size_t i = 0; i < report.phases.size(); ++i)
        cases.push_back ({ toString (report.phases[i]),
                           report.phaseSeconds[i],
                           report.lastPhase && report.phases.begin() + static_cast<std::ptrdiff_t> (i) <= last,
                           {} });

    const auto caseOf = [&] (rt::guard::Phase phase) -> Case&
    { return *std::find_if (cases.begin(), cases.end(), [&] (auto& c) { return c.name == toString (phase); }); };

    if (report.hasDied())
    {
        auto& where = report.lastPhase ? caseOf (*report.lastPhase) : cases.front();
        where.death = report.getDeath();
        where.deathText = report.lastWords;
    }

    std::string output;

    for (const auto& violation : report.violations)
    {
        const auto sentence = describeViolation (violation);

        if (violation.by == "host")
        {
            output += "the host: " + sentence + "\n";
            continue;
        }

        auto text = sentence + "\n";

        for (const auto& frame : getTellingFrames (violation))
            text += "    " + frame + "\n";

        auto& where = caseOf (violation.phase);
        where.kinds.push_back (violation.function);
        where.sentences.push_back (sentence);
        where.texts.push_back (text);
    }

    for (const auto& finding : report.findings)
    {
        const auto sentence = finding.kind + ": " + finding.detail;

        if (finding.isWarning())
        {
            output += std::string ("warning, ") + toString (finding.phase) + ": " + sentence + "\n";
            continue;
        }

        auto& where = caseOf (finding.phase);
        where.kinds.push_back (finding.kind);
        where.sentences.push_back (sentence);
        where.texts.push_back (sentence + "\n");
    }

    for (const auto& note : report.notes)
        output += note + "\n";

    addSuite (report.name.empty() ? report.ref : report.name, report.ref, cases, output);
}

void CheckJUnit::addUnchecked (const std::string& ref, const std::string& error)
{
    std::vector<Case> cases{ { "loading", 0.0, true, error } };

    for (const auto phase : CheckReport::phases)
        cases.push_back ({ toString (phase), 0.0, false, {} });

    addSuite (ref, ref, cases, {});
}

void CheckJUnit::addSuite (const std::string& name, const std::string& ref, const std::vector<Case>& cases,
                           const std::string& output)
{
    std::string body;
    int failed = 0, died = 0, missed = 0;
    double time = 0.0;

    for (const auto& c : cases)
    {
        time += c.seconds;
        body += "    <testcase classname=\"" + escapeForAttribute (name) + "\" name=\"" + c.name + "\" time=\""
                + check::toXmlTime (c.seconds) + "\">\n";

        // An error takes a failure's place, for most readers know one of them a case.
        std::string text;

        for (const auto& t : c.texts)
            text += t;

        if (! c.death.empty())
        {
            ++died;
            body += "      <error message=\"" + escapeForAttribute (c.death) + "\" type=\"death\">"
                    + escapeForElement (c.deathText + text) + "</error>\n";
        }
        else if (! c.sentences.empty())
        {
            ++failed;
            const auto more = c.sentences.size() > 1 ? ", and " + std::to_string (c.sentences.size() - 1) + " more" : "";
            body += "      <failure message=\"" + escapeForAttribute (c.sentences[0] + more) + "\" type=\""
                    + escapeForAttribute (c.kinds[0]) + "\">" + escapeForElement (text) + "</failure>\n";
        }
        else if (! c.isReached)
        {
            ++missed;
            body += "      <skipped/>\n";
        }

        body += "    </testcase>\n";
    }

    const auto numbers = [] (std::size_t numTests, int numFailures, int numErrors, int numSkipped, double numSeconds)
    {
        return " tests=\"" + std::to_string (numTests) + "\" failures=\"" + std::to_string (numFailures) + "\" errors=\""
               + std::to_string (numErrors) + "\" skipped=\"" + std::to_string (numSkipped) + "\" time=\""
               + check::toXmlTime (numSeconds) + "\"";
    };

    suites += "  <testsuite name=\"" + escapeForAttribute (name) + "\"" + numbers (cases.size(), failed, died, missed, time)
              + ">\n";
    suites += "    <properties><property name=\"ref\" value=\"" + escapeForAttribute (ref) + "\"/></properties>\n" + body;

    if (! output.empty())
        suites += "    <system-out>" + escapeForElement (output) + "</system-out>\n";

    suites += "  </testsuite>\n";
    tests += static_cast<int> (cases.size());
    failures += failed;
    errors += died;
    skipped += missed;
    seconds += time;
}

std::string CheckJUnit::toXml() const
{
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"AudioHost check\" tests=\""
           + std::to_string (tests) + "\" failures=\"" + std::to_string (failures) + "\" errors=\"" + std::to_string (errors)
           + "\" skipped=\"" + std::to_string (skipped) + "\" time=\"" + check::toXmlTime (seconds) + "\">\n" + suites
           + "</testsuites>\n";
}

} // namespace host
