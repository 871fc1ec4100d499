#include "PluginTables.h"

#include <algorithm>

namespace cli
{

std::string toTable (const std::vector<std::vector<juce::String>>& rows, int widest)
{
    std::vector<int> widths;

    for (const auto& row : rows)
        for (std::size_t c = 0; c < row.size(); ++c)
        {
            widths.resize (std::max (widths.size(), c + 1));
            widths[c] = std::max (widths[c], std::min (row[c].length(), widest));
        }

    juce::String text;

    for (const auto& row : rows)
    {
        juce::String line;

        for (std::size_t c = 0; c < row.size(); ++c)
        {
            if (c + 1 == row.size())
                line << row[c];
            else if (row[c].length() > widths[c])
                line << row[c].substring (0, widths[c] - 3) << "...  ";
            else
                line << row[c].paddedRight (' ', widths[c] + 2);
        }

        text << line.trimEnd() << "\n";
    }

    return text.toStdString();
}

std::string toTable (const std::vector<host::PluginInfo>& plugins, const std::vector<host::ScanFailure>& failures)
{
    std::string text;

    if (! plugins.empty())
    {
        std::vector<std::vector<juce::String>> rows{ { "NAME", "KIND", "IN", "OUT", "BY", "ID" } };

        for (const auto& plugin : plugins)
            rows.push_back ({ plugin.name, plugin.isInstrument ? "instrument" : "effect", juce::String (plugin.inputs),
                              juce::String (plugin.outputs), plugin.manufacturer.upToFirstOccurrenceOf ("\n", false, false),
                              plugin.id });

        text += toTable (rows, 32);
    }

    if (! failures.empty())
    {
        std::vector<std::vector<juce::String>> rows{ { "NOT USABLE", "FILE", "WHY" } };

        for (const auto& failure : failures)
            rows.push_back ({ failure.reason, failure.file, failure.detail });

        text += (text.empty() ? "" : "\n") + toTable (rows, 1000);
    }

    const auto count = [] (std::size_t n, const char* what)
    { return std::to_string (n) + " " + what + (n == 1 ? "" : "s"); };
    text += (text.empty() ? "" : "\n") + count (plugins.size(), "plugin")
            + (failures.empty() ? std::string() : ", " + count (failures.size(), "failure")) + "\n";
    return text;
}

} // namespace cli
