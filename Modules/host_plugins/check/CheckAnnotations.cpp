#include "CheckAnnotations.h"

#include "CheckWords.h"

namespace host
{

namespace check
{

/** As GitHub's own toolkit does (actions/toolkit, command.ts): of a command's text and its properties. */
static std::string escapeAnnotation (const std::string& text, bool isProperty)
{
    std::string result;

    for (const auto c : text)
    {
        switch (c)
        {
            case '%': result += "%25"; break;
            case '\r': result += "%0D"; break;
            case '\n': result += "%0A"; break;
            case ':': result += isProperty ? "%3A" : ":"; break;
            case ',': result += isProperty ? "%2C" : ","; break;
            default: result += c; break;
        }
    }

    return result;
}

static std::string makeAnnotation (const char* kind, const std::string& place, const std::string& name,
                                   const std::string& text)
{
    return std::string ("::") + kind + " " + place + "title=" + escapeAnnotation ("AudioHost check: " + name, true)
           + "::" + escapeAnnotation (text, false) + "\n";
}

static std::string describePlace (const rt::guard::Violation& violation, const std::string& folder)
{
    auto frame = findCulprit (violation, folder);

    if (! frame)
        return {};

    if (frame->file.starts_with (folder + "/"))
        frame->file.erase (0, folder.size() + 1);

    return "file=" + escapeAnnotation (frame->file, true) + ",line=" + std::to_string (frame->line) + ",";
}

} // namespace check

std::string toAnnotations (const CheckReport& report, const std::string& folder)
{
    using check::makeAnnotation;
    const auto name = report.name.empty() ? report.ref : report.name;
    std::string lines;

    if (report.hasDied())
        lines += makeAnnotation ("error", {}, name,
                                 report.getDeath() + (report.lastWords.empty() ? "" : "\n" + report.lastWords));

    for (const auto& violation : report.violations)
    {
        if (violation.by == "host")
            continue;

        auto text = describeViolation (violation);

        for (const auto& frame : getTellingFrames (violation))
            text += "\n" + frame;

        lines += makeAnnotation ("error", check::describePlace (violation, folder), name, text);
    }

    for (const auto& finding : report.findings)
        lines += makeAnnotation (finding.isWarning() ? "warning" : "error", {}, name,
                                 finding.kind + " (" + toString (finding.phase) + "): " + finding.detail);

    return lines;
}

std::string toAnnotation (const std::string& ref, const std::string& error)
{
    return check::makeAnnotation ("error", {}, ref, error);
}

} // namespace host
