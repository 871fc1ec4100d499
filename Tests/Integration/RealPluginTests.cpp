// Plugins that people use, from Debian's packages (Scripts/packages, set test). The whole of those packages is the slow
// test "scripts: every plugin of the test packages".

#include "Support/Program.h"
#include "Support/Wav.h"

#include <catch2/catch.hpp>

#include <cmath>

namespace
{

struct RealPlugins : Program
{
    Wav render (const std::string& ref, std::vector<std::string> more)
    {
        std::vector<std::string> arguments{ "render",   "--plugin", ref,        "--bits",     "32f",
                                            "--output", "out.wav",  "--report", "report.json" };
        arguments.insert (arguments.end(), more.begin(), more.end());
        const auto result = run (arguments);
        INFO (result.err);
        REQUIRE (result.exitCode == 0);
        const auto report = nlohmann::ordered_json::parse (readText (folder.path / "report.json"));
        REQUIRE (report["guard"]["host"] == 0);
        REQUIRE (report["nodes"][1]["mutedBlocks"] == 0);
        return Wav::read (folder.file ("out.wav"));
    }

    static double level (const Wav& wav)
    {
        double sum = 0.0;

        for (const auto sample : wav.channels[0])
            sum += double (sample) * double (sample);

        return std::sqrt (sum / double (wav.length()));
    }
};

} // namespace

TEST_CASE_METHOD (RealPlugins, "real plugins: an amplifier at its default passes every sample")
{
    const auto ref = GENERATE (as<std::string>(), "/usr/lib/ladspa/cmt.so#Amplifier (Mono)", "/usr/lib/ladspa/amp_1181.so");
    const auto input = Wav::makeNoise (2, 5000);
    input.write (folder.file ("in.wav"));
    const auto output = render (ref, { "--input", "in.wav", "--seconds", "0.1" });

    for (std::size_t i = 0; i < 4800; ++i)
        REQUIRE (output.channels[0][i] == input.channels[0][i]);
}

TEST_CASE_METHOD (RealPlugins, "real plugins: effects sound, and neither explode nor fall silent")
{
    const auto ref =
        GENERATE (as<std::string>(), "http://drobilla.net/plugins/mda/Ambience", "http://drobilla.net/plugins/mda/Delay",
                  "http://gareus.org/oss/lv2/fil4#stereo", "https://github.com/michaelwillis/dragonfly-reverb",
                  "urn:zamaudio:ZamComp", "urn:zamaudio:ZamDelay", "/usr/lib/ladspa/plate_1423.so");
    CAPTURE (ref);
    Wav::makeNoise (2, 48000).write (folder.file ("in.wav"));
    const auto output = render (ref, { "--input", "in.wav", "--seconds", "1" });
    REQUIRE (level (output) > 0.005);
    REQUIRE (output.peak() < 4.0f);
}

TEST_CASE_METHOD (RealPlugins, "real plugins: instruments play the demo's notes")
{
    const auto ref = GENERATE (as<std::string>(), "http://drobilla.net/plugins/mda/EPiano",
                               "http://drobilla.net/plugins/mda/DX10", "http://drobilla.net/plugins/mda/JX10");
    CAPTURE (ref);
    const auto output = render (
        ref, { "--midi", std::filesystem::path (DEMO_SESSION).replace_filename ("demo.mid").string(), "--seconds", "4" });
    REQUIRE (level (output) > 0.005);
    REQUIRE (output.peak() < 8.0f);
}
