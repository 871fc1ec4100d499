#include "Commands.h"

#include <host_engine/doctor/Doctor.h>

#include <iostream>
#include <memory>

namespace cli
{

void addDoctorCommand (CLI::App& app, Outcome& outcome)
{
    auto* command = app.add_subcommand ("doctor", "What this machine lacks for real-time audio, and the cure");
    auto asJson = std::make_shared<bool> (false);
    command->add_flag ("--json", *asJson, "One JSON document on stdout");

    command->callback (
        [&outcome, asJson]
        {
            const auto checks = host::Doctor().examine();
            std::cout << (*asJson ? host::Doctor::toJson (checks) + "\n" : host::Doctor::toTable (checks)) << std::flush;
            outcome.exitCode = 0;
        });
}

} // namespace cli
