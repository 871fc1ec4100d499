#include "Commands.h"
#include "PluginTables.h"

#include <iostream>
#include <memory>

namespace cli
{

void addListCommand (CLI::App& app, Outcome& outcome)
{
    auto* command = app.add_subcommand ("list", "What the catalogue knows: the plugins that scans have found");
    auto asJson = std::make_shared<bool> (false);
    command->add_flag ("--json", *asJson, "One JSON document on stdout");

    command->callback (
        [asJson, &outcome]
        {
            const auto catalogue = host::Catalogue::load (host::Catalogue::getFile());
            const auto plugins = catalogue.getPlugins();
            const auto failures = catalogue.getFailures();

            if (*asJson)
                std::cout << host::Catalogue::print (host::Catalogue::toJson (plugins, failures)) << std::endl;
            else if (plugins.empty() && failures.empty())
                std::cout << "The catalogue is empty. 'AudioHost scan' fills it." << std::endl;
            else
                std::cout << toTable (plugins, failures) << std::flush;

            outcome.exitCode = 0;
        });
}

} // namespace cli
