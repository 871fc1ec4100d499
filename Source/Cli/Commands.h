#pragma once

#include <CLI/CLI.hpp>

namespace cli
{

/** A command's outcome; Main.cpp returns it. Commands throw host::Error for what a person must be told. */
struct Outcome
{
    int exitCode = 0;
};

/** Each adds its command to the parser; the command runs in its parse callback, on the message thread, after JUCE has been
    initialised, and leaves its exit code in the outcome. A file a command. */
void addScanCommand (CLI::App&, Outcome&);
void addListCommand (CLI::App&, Outcome&);
void addDescribeCommand (CLI::App&, Outcome&);
void addRenderCommand (CLI::App&, Outcome&);
void addCheckCommand (CLI::App&, Outcome&);
void addPlayCommand (CLI::App&, Outcome&);
void addDoctorCommand (CLI::App&, Outcome&);
void addScreenshotCommand (CLI::App&, Outcome&);

} // namespace cli
