#pragma once

#include "Program.h"
#include "Wav.h"

#include <catch2/catch.hpp>

/** A fixture that renders. */
struct Render : Program
{
    /** Renders to out.wav with a report, and expects success. */
    Wav render (std::vector<std::string> arguments, int exitCode = 0)
    {
        arguments.insert (arguments.begin(), "render");
        arguments.insert (arguments.end(), { "--output", "out.wav", "--report", "report.json" });
        result = run (arguments);
        INFO (result.err);
        REQUIRE (result.exitCode == exitCode);
        report = nlohmann::ordered_json::parse (readText (folder.path / "report.json"));
        return Wav::read (folder.file ("out.wav"));
    }

    std::string writeInput (const Wav& wav)
    {
        wav.write (folder.file ("in.wav"));
        return folder.file ("in.wav");
    }

    std::string writeSession (const std::string& nodes, const std::string& connections)
    {
        return folder.write ("test.audiohost", R"({"audiohost":1,"name":"Test","tempo":120,"nodes":[)" + nodes
                                                   + R"(],"connections":[)" + connections + "]}");
    }

    ProgramResult result;
    nlohmann::ordered_json report;
};
