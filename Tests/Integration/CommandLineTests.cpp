#include "Support/Expect.h"

#include <catch2/catch.hpp>

using Catch::Matchers::Contains;
using Arguments = std::vector<std::string>;

namespace
{

const std::vector<std::string> commands{ "scan", "list", "describe", "render", "check", "play", "doctor", "screenshot" };

} // namespace

TEST_CASE_METHOD (Program, "command line: --help names every command, and each has a help of its own")
{
    const auto help = run ({ "--help" });
    expectQuietSuccess (help);

    for (const auto& command : commands)
    {
        CAPTURE (command);
        REQUIRE_THAT (help.out, Contains ("\n  " + command + " "));
        const auto own = run ({ command, "--help" });
        expectQuietSuccess (own);
        REQUIRE_THAT (own.out, Contains ("Usage: AudioHost " + command));
    }

    // What the program starts itself with is nobody's business.
    REQUIRE_THAT (help.out, ! Contains ("-child"));
}

TEST_CASE_METHOD (Program, "command line: every option of the contract is in its command's help")
{
    const std::vector<std::pair<std::string, Arguments>> options{
        { "scan", { "--format", "--timeout", "--json" } },
        { "list", { "--json" } },
        { "describe", { "--json" } },
        { "render",
          { "--plugin", "--input", "--midi", "--output", "--rate", "--block", "--seconds", "--bits", "--keep-latency",
            "--set", "--edits", "--isolation", "--threads", "--guard", "--guard-syscalls", "--page-faults", "--suppressions",
            "--report" } },
        { "check", { "--seconds", "--json", "--junit", "--annotations", "--suppressions" } },
        { "play",
          { "--device", "--rate", "--block", "--seconds", "--threads", "--bounded", "--guard", "--guard-syscalls",
            "--page-faults", "--suppressions", "--report", "--osc" } },
        { "doctor", { "--json" } }
    };

    for (const auto& [command, names] : options)
    {
        const auto help = run ({ command, "--help" }).out;

        for (const auto& name : names)
            REQUIRE_THAT (help, Contains ("  " + name));
    }
}

TEST_CASE_METHOD (Program, "command line: --version")
{
    const auto version = run ({ "--version" });
    expectQuietSuccess (version);
    REQUIRE_THAT (version.out, Catch::Matchers::Matches ("AudioHost [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST_CASE_METHOD (Program, "command line: the desktop app says that there is no display")
{
    for (const auto& arguments : std::vector<Arguments>{ {}, { "Song.audiohost" }, { "Old.filtergraph" } })
        expectError (run (arguments), 2, "no display");

    environment.push_back ("DISPLAY=");
    expectError (run ({}), 2, "no display");
}

TEST_CASE_METHOD (Program, "command line: any other first argument that is no command is wrong usage, and named")
{
    for (const std::string word : { "rendre", "song.wav", "--fast", "-x", "audiohost", "Song.audiohost.bak", "" })
    {
        CAPTURE (word);
        expectError (run ({ word }), 2, "\"" + word + "\"");
    }

    // A session is the only argument, or none.
    expectError (run ({ "Song.audiohost", "Other.audiohost" }), 2, "Song.audiohost");
    expectError (run ({ "Song.audiohost", "--json" }), 2, "Song.audiohost");
}

TEST_CASE_METHOD (Program, "command line: unknown options, missing values, one positional too many or too few")
{
    for (const auto& command : commands)
    {
        CAPTURE (command);
        expectError (run ({ command, "--no-such-option" }), 2,
                     command == "list" || command == "doctor" ? "--no-such-option" : "");
    }

    const std::vector<std::pair<Arguments, std::string>> wrong{
        { { "list", "something" }, "something" },
        { { "doctor", "something" }, "something" },
        { { "describe", "one", "two" }, "two" },
        { { "play", "one", "two" }, "two" },
        { { "render", "one", "two", "--output", "x.wav" }, "two" },
        { { "describe" }, "REF" },
        { { "screenshot" }, "SESSION" },
        { { "screenshot", DEMO_SESSION }, "--output" },
        { { "check" }, "REF" },
        { { "render", DEMO_SESSION }, "--output" },
        { { "render", "--output", "x.wav" }, "nothing to render" },
        { { "render", DEMO_SESSION, "--plugin", testPlugin ("TestGain"), "--output", "x.wav" }, "--plugin" },
        { { "scan", "--timeout" }, "--timeout" },
        { { "scan", "--format" }, "--format" },
        { { "scan", "--format", "AU" }, "AU" },
        { { "check", "x", "--seconds" }, "--seconds" },
        { { "render", DEMO_SESSION, "--output" }, "--output" },
        { { "render", DEMO_SESSION, "--output", "x.wav", "--bits", "12" }, "12" },
        { { "render", DEMO_SESSION, "--output", "x.wav", "--guard", "loud" }, "loud" },
        { { "render", DEMO_SESSION, "--output", "x.wav", "--isolation", "none" }, "none" },
        { { "play", "--device" }, "--device" },
        { { "play", "--guard", "loud" }, "loud" },
        { { "play", "--output", "x.wav" }, "--output" }
    };

    for (const auto& [arguments, thing] : wrong)
    {
        CAPTURE (arguments);
        expectError (run (arguments), 2, thing);
        REQUIRE (! std::filesystem::exists (folder.path / "x.wav"));
    }
}

TEST_CASE_METHOD (Program, "command line: bad numbers")
{
    const std::vector<std::pair<std::string, Arguments>> numbers{
        { "--rate", { "x", "", "1", "7999", "384001", "-48000", "nan", "inf", "1e9", "48000Hz" } },
        { "--block", { "x", "", "0", "-1", "16385", "1e9", "1000000000", "99999999999999999999", "0.5" } },
        { "--seconds", { "x", "", "0", "-1", "nan", "inf", "1e300" } },
        { "--threads", { "x", "", "0", "-1", "1e9" } }
    };

    for (const std::string command : { "render", "play" })
    {
        for (const auto& [option, values] : numbers)
        {
            for (const auto& value : values)
            {
                CAPTURE (command, option, value);
                Arguments arguments{ command, DEMO_SESSION, option, value };

                if (command == "render")
                    arguments.insert (arguments.end(), { "--output", "x.wav" });

                expectError (run (arguments), 2, option);
            }
        }
    }

    for (const std::string value : { "x", "", "0", "-1", "nan" })
    {
        CAPTURE (value);
        expectError (run ({ "scan", "--timeout", value, TEST_PLUGINS }), 2, "--timeout");
        expectError (run ({ "check", testPlugin ("TestGain"), "--seconds", value }), 2, "--seconds");
    }
}

TEST_CASE_METHOD (Program, "command line: screenshot draws a session without a display, in the size that was asked for")
{
    expectQuietSuccess (run ({ "screenshot", DEMO_SESSION, "--output", "a.png", "--size", "800x600" }));
    expectQuietSuccess (run ({ "screenshot", DEMO_SESSION, "--output", "b.png" }));

    const auto sizeOf = [this] (const char* name)
    {
        const auto png = readText (folder.path / name);
        REQUIRE (png.size() > 10000);
        REQUIRE (png.substr (1, 3) == "PNG");
        const auto number = [&] (std::size_t at) // big-endian, in the header chunk
        {
            const auto byte = [&] (std::size_t i) { return int (static_cast<unsigned char> (png[at + i])); };
            return (byte (2) << 8) + byte (3);
        };
        return std::pair (number (16), number (20));
    };

    REQUIRE (sizeOf ("a.png") == std::pair (800, 600));
    REQUIRE (sizeOf ("b.png") == std::pair (1440, 900));

    for (const std::string size : { "800", "800x", "x600", "800x600x", "99x600", "800x9000", "-800x600", "" })
        expectError (run ({ "screenshot", DEMO_SESSION, "--output", "x.png", "--size", size }), 2, "--size");

    expectError (run ({ "screenshot", "nowhere.audiohost", "--output", "x.png" }), 2, "nowhere.audiohost");
    expectError (run ({ "screenshot", DEMO_SESSION, "--output", "no/such/folder/x.png" }), 1, "no/such/folder");
}

TEST_CASE_METHOD (Program, "command line: what does not exist yet exits 2 and says so")
{
    const auto result = run ({ "play", "--osc", "9000" });
    expectError (result, 2, "--osc");
    REQUIRE_THAT (result.err, Contains ("not exist yet"));
}

TEST_CASE_METHOD (Program, "command line: the program's own child commands refuse a person")
{
    for (const auto& arguments : std::vector<Arguments>{ { "scan-child", "VST3", testPlugin ("TestGain"), "0" },
                                                         { "describe-child", testPlugin ("TestGain") },
                                                         { "check-child", testPlugin ("TestGain") } })
    {
        CAPTURE (arguments);
        expectError (run (arguments), 2, "own use");
    }
}

TEST_CASE_METHOD (Program, "command line: --json is one document and nothing else, even of a plugin that prints")
{
    const auto chatty = testPlugin ("TestPrints");
    const auto known = folder.write ("known.supp", "function: write; module: TestPrints.so\n");

    for (const auto& arguments :
         std::vector<Arguments>{ { "scan", chatty, "--json" },
                                 { "list", "--json" },
                                 { "describe", chatty, "--json" },
                                 { "check", chatty, "--seconds", "0.1", "--suppressions", known, "--json" },
                                 { "doctor", "--json" } })
    {
        CAPTURE (arguments);
        const auto result = run (arguments);
        CAPTURE (result.out);
        expectQuietSuccess (result);
        REQUIRE (result.json().is_object());
        REQUIRE_THAT (result.out, ! Contains ("TestPrints processes") && ! Contains ("is loaded"));
    }

    REQUIRE (run ({ "list", "--json" }).json()["plugins"][0]["name"] == "TestPrints");
}

TEST_CASE_METHOD (Program, "command line: without --json a plugin's own chatter stays away as well")
{
    for (const auto& arguments : std::vector<Arguments>{
             { "scan", testPlugin ("TestPrints") }, { "list" }, { "describe", testPlugin ("TestPrints") } })
    {
        CAPTURE (arguments);
        const auto result = run (arguments);
        expectQuietSuccess (result);
        REQUIRE_THAT (result.out, ! Contains ("is loaded") && ! Contains ("is made"));
    }
}

TEST_CASE_METHOD (Program, "command line: output that cannot be written to its end is an error")
{
    run ({ "scan", testPlugin ("TestGain") });
    standardOutput = "/dev/full";

    for (const auto& arguments : std::vector<Arguments>{ { "--help" },
                                                         { "list" },
                                                         { "list", "--json" },
                                                         { "describe", testPlugin ("TestGain"), "--json" },
                                                         { "doctor" } })
    {
        CAPTURE (arguments);
        expectError (run (arguments), 1, "standard output");
    }
}
