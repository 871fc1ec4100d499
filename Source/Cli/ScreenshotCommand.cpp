#include "Commands.h"

#include <host_graph/Error.h>

namespace cli
{

void addScreenshotCommand (CLI::App& app, Outcome&)
{
    auto* command = app.add_subcommand ("screenshot", "Draw the desktop app without a display (not in this version yet)");
    command->allow_extras();
    command->callback (
        [] {
            throw host::Error ("screenshot", "the desktop app does not exist yet in this version",
                               "wait for a later version");
        });
}

} // namespace cli
