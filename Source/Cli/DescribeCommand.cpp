#include "Commands.h"
#include "PluginTables.h"

#include <host_graph/Error.h>

#include <iostream>
#include <memory>

namespace cli
{

namespace
{

using json = nlohmann::ordered_json;

json describe (host::PluginInstance& plugin)
{
    auto buses = json::array(), parameters = json::array(), programs = json::array();

    for (const auto& bus : plugin.getBuses())
        buses.push_back ({ { "direction", bus.isInput ? "input" : "output" },
                           { "channels", bus.channels },
                           { "name", bus.name.toStdString() } });

    for (const auto& p : plugin.getParameters())
        parameters.push_back ({ { "id", p.id.toStdString() },
                                { "name", p.name.toStdString() },
                                { "label", p.label.toStdString() },
                                { "default", p.defaultValue },
                                { "min", p.minimum },
                                { "max", p.maximum },
                                { "steps", p.steps } });

    for (const auto& program : plugin.getPrograms())
        programs.push_back (program.toStdString());

    const auto tail = plugin.getTailSeconds();
    const auto& info = plugin.getInfo();

    return { { "id", info.id.toStdString() },
             { "name", info.name.toStdString() },
             { "format", info.format.toStdString() },
             { "buses", buses },
             { "parameters", parameters },
             { "latency", plugin.getLatencySamples() },
             { "tail", tail ? json (*tail) : json() },
             { "programs", programs } };
}

std::string toText (const json& d)
{
    const auto text = [] (const json& value)
    { return juce::String::fromUTF8 (value.is_string() ? value.get<std::string>().c_str() : value.dump().c_str()); };

    std::vector<std::vector<juce::String>> facts{ { "  id", text (d["id"]) } };

    for (const auto& bus : d["buses"])
        facts.push_back (
            { "  " + text (bus["direction"]),
              text (bus["channels"]) + (bus["channels"] == 1 ? " channel   " : " channels  ") + text (bus["name"]) });

    facts.push_back ({ "  latency", text (d["latency"]) + " samples" });
    facts.push_back (
        { "  tail", d["tail"].is_null() ? "infinite or unknown" : juce::String (d["tail"].get<double>(), 3) + " s" });
    auto result = text (d["name"]).toStdString() + "\n" + toTable (facts, 100);

    if (! d["parameters"].empty())
    {
        std::vector<std::vector<juce::String>> rows{ { "PARAMETER", "DEFAULT", "STEPS", "UNIT", "ID" } };

        for (const auto& p : d["parameters"])
            rows.push_back ({ text (p["name"]), juce::String (p["default"].get<double>(), 4),
                              p["steps"] == 0 ? "-" : text (p["steps"]), text (p["label"]), text (p["id"]) });

        result += "\n" + toTable (rows, 48);
    }

    if (! d["programs"].empty())
    {
        std::vector<std::vector<juce::String>> rows{ { "PROGRAM", "" } };

        for (const auto& program : d["programs"])
            rows.push_back ({ juce::String (static_cast<int> (rows.size()) - 1), text (program) });

        result += "\n" + toTable (rows);
    }

    return result;
}

/** The child's part: whatever the plugin does then happens there. */
[[noreturn]] void runDescribeChild (const std::string& ref)
{
    host::ChildSide::becomeChild();
    json record;

    try
    {
        host::PluginFormats formats;
        const auto plugin = formats.create (formats.resolve (juce::String::fromUTF8 (ref.c_str())), 48000.0, 512);

        // Latency and tail are known only once it has been made ready to run.
        plugin->prepare ({ 48000.0, 512, false });
        record["plugin"] = describe (*plugin);
        host::ChildSide::send (host::Catalogue::print (record, -1));
    }
    catch (const host::Error& error)
    {
        record["error"] = error.what();
        record["exitCode"] = static_cast<int> (error.getKind());
        host::ChildSide::send (host::Catalogue::print (record, -1));
    }

    host::ChildSide::finish (0);
}

/** The parent's part: nothing of the plugin is loaded here. */
int runDescribe (const std::string& ref, bool asJson)
{
    constexpr auto patience = std::chrono::seconds (30);

    host::ChildProcess::Options options;
    options.arguments = { "describe-child", "--", ref };
    host::ChildProcess child (options);
    std::string line;

    switch (child.readLine (line, patience))
    {
        case host::ChildProcess::Read::timeout:
            throw host::Error (ref, "the plugin gave no answer for 30 seconds and was stopped", "try it in another host",
                               host::Error::Kind::failed);

        case host::ChildProcess::Read::closed:
            throw host::Error (ref, "the plugin ended its process with " + child.wait().toString(),
                               "try it in another host, or see what 'AudioHost check' says", host::Error::Kind::failed);

        case host::ChildProcess::Read::line: break;
    }

    const auto record = json::parse (line, nullptr, false);

    if (record.is_object() && record.contains ("error"))
    {
        std::cerr << "AudioHost: " << record["error"].get<std::string>() << std::endl;
        return record["exitCode"].get<int>();
    }

    if (! record.is_object() || ! record.contains ("plugin"))
        throw host::Error (ref, "the plugin disturbed its own description", "try it in another host",
                           host::Error::Kind::failed);

    std::cout << (asJson ? host::Catalogue::print (record["plugin"]) + "\n" : toText (record["plugin"])) << std::flush;
    return 0;
}

} // namespace

void addDescribeCommand (CLI::App& app, Outcome& outcome)
{
    struct Options
    {
        std::string ref;
        bool asJson = false;
    };

    auto* command = app.add_subcommand ("describe", "A plugin's buses, parameters, latency and programs");
    auto options = std::make_shared<Options>();
    command->add_option ("REF", options->ref, "A path, an LV2 URI, an id from the catalogue, or FILE#name")->required();
    command->add_flag ("--json", options->asJson, "One JSON document on stdout");
    command->callback ([options, &outcome] { outcome.exitCode = runDescribe (options->ref, options->asJson); });

    auto* child = app.add_subcommand ("describe-child", "The process that makes the plugin")->group ("");
    auto childRef = std::make_shared<std::string>();
    child->add_option ("REF", *childRef)->required();
    child->callback ([childRef] { runDescribeChild (*childRef); });
}

} // namespace cli
