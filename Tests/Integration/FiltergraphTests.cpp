// Graphs of JUCE's AudioPluginHost, opened by the program.

#include "Support/Expect.h"
#include "Support/Program.h"
#include "Support/Wav.h"

#include <catch2/catch.hpp>

using Catch::Matchers::Contains;

namespace
{

struct Graphs : Program
{
    static std::string demoPlugin (const std::string& name)
    {
        return (std::filesystem::path (AUDIOHOST_BINARY).parent_path() / "plugins" / (name + ".vst3")).string();
    }

    /** As juce::MemoryBlock::toBase64Encoding() writes: the number of bytes, a dot, and six bits a character from the lowest
        bit on. */
    static std::string encodeForJuce (const std::string& bytes)
    {
        static const std::string letters = ".ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+";
        auto text = std::to_string (bytes.size()) + ".";

        for (std::size_t bit = 0; bit < bytes.size() * 8; bit += 6)
        {
            unsigned value = 0;

            for (std::size_t i = 0; i < 6 && bit + i < bytes.size() * 8; ++i)
                value |= ((static_cast<unsigned char> (bytes[(bit + i) / 8]) >> ((bit + i) % 8)) & 1u) << i;

            text += letters[value];
        }

        return text;
    }

    static std::string decode (const std::string& base64)
    {
        static const std::string letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        std::string bytes;
        unsigned value = 0;
        int bits = 0;

        for (const auto letter : base64)
        {
            if (letter == '=')
                break;

            value = (value << 6) | static_cast<unsigned> (letters.find (letter));

            if ((bits += 6) >= 8)
                bytes += static_cast<char> ((value >> (bits -= 8)) & 0xffu);
        }

        return bytes;
    }

    static std::string filter (int uid, const std::string& name, const std::string& format, const std::string& file,
                               const std::string& state = "0.")
    {
        return "  <FILTER uid=\"" + std::to_string (uid) + "\" x=\"0.5\" y=\"0." + std::to_string (uid)
               + "\" useARA=\"0\">\n" + "    <PLUGIN name=\"" + name + "\" format=\"" + format
               + "\" category=\"\" manufacturer=\"\" version=\"1.0\" file=\"" + file
               + "\" uniqueId=\"0\" isInstrument=\"0\" fileTime=\"0\" infoUpdateTime=\"0\" numInputs=\"2\" numOutputs=\"2\""
               + " isShell=\"0\" hasARAExtension=\"0\" uid=\"0\"/>\n    <STATE>" + state + "</STATE>\n  </FILTER>\n";
    }

    static std::string connect (int from, int fromChannel, int to, int toChannel)
    {
        return "  <CONNECTION srcFilter=\"" + std::to_string (from) + "\" srcChannel=\"" + std::to_string (fromChannel)
               + "\" dstFilter=\"" + std::to_string (to) + "\" dstChannel=\"" + std::to_string (toChannel) + "\"/>\n";
    }

    std::string writeGraph (const std::string& name, const std::string& inner) const
    {
        return folder.write (name,
                             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\n<FILTERGRAPH>\n" + inner + "</FILTERGRAPH>\n");
    }

    std::string renderHash (const std::string& session, int exitCode = 0)
    {
        const auto result = run ({ "render", session, "--midi", SOURCE_FOLDER "/Resources/Demo/demo.mid", "--seconds", "4",
                                   "--output", "out.wav", "--report", "report.json" });
        INFO (result.err);
        REQUIRE (result.exitCode == exitCode);
        lastError = result.err;
        CHECK (Wav::read (folder.file ("out.wav")).peak() > 0.001f);
        return nlohmann::json::parse (readText (folder.path / "report.json"))["outputHash"];
    }

    std::string lastError;
};

constexpr int midi = 0x1000;

/** AudioHost Poly's, with a low cutoff and level, as our sessions write it. */
constexpr const char* polyState =
    "VkMyIfoCAAA8P3htbCB2ZXJzaW9uPSIxLjAiIGVuY29kaW5nPSJVVEYtOCI/PiA8VlNUM1BsdWdpblN0YXRlPjxJQ29tcG9uZW50"
    "PjIzMi5BZ2pjdzMuLi4uLi4uLi4uLi4uLi5MeUx5THlMeUw4T0EuLi4uLi4uLi5mQldPSmI4bnZ3K0guLi4uLi4uLi4uLi4uLi5N"
    "eUxDK3kuLi4uLi4uLi4ubnYwaUJXT0piN09ELi4uLi4uLi4udkx5THlMeUx5MytULi4uLi4uLi4uLmNzbWRLcW9TaCtpQS4uLi4u"
    "Li4uLlRmQjVPLjh1ZjdPRy4uLi4uLi4uLmZyWnhVeVFBbzQrZi4uLi4uLi4uLi4uLi4uLi4uLmYrU0IuLi4uLi4uLi5UdjYxK1dB"
    "Sk85T0ouLi4uLi4uLi4uLi4uLi4uLi4zK3IuLi4uLi4uLi4uLi4uLmZsWWxZK0NDLi4uLi4uLi4uLi4uLi4uLi4uOU9NLi4uLi4u"
    "Li4uLi4uLi4uLi4uLi4uPC9JQ29tcG9uZW50PjxJRWRpdENvbnRyb2xsZXI+MjMyLkFnamN3My4uLi4uLi4uLi4uLi4uLkx5THlM"
    "eUx5TDhPQS4uLi4uLi4uLmZCV09KYjhudncrSC4uLi4uLi4uLi4uLi4uLk15TEMreS4uLi4uLi4uLi5udjBpQldPSmI3T0QuLi4u"
    "Li4uLi52THlMeUx5THkzK1QuLi4uLi4uLi4uY3NtZEtxb1NoK2lBLi4uLi4uLi4uVGZCNU8uOHVmN09HLi4uLi4uLi4uZnJaeFV5"
    "UUFvNCtmLi4uLi4uLi4uLi4uLi4uLi4uZitTQi4uLi4uLi4uLlR2NjErV0FKTzlPSi4uLi4uLi4uLi4uLi4uLi4uLjMrci4uLi4u"
    "Li4uLi4uLi4uZmxZbFkrQ0MuLi4uLi4uLi4uLi4uLi4uLi45T00uLi4uLi4uLi4uLi4uLi4uLi4uLi48L0lFZGl0Q29udHJvbGxl"
    "cj48L1ZTVDNQbHVnaW5TdGF0ZT4A";

} // namespace

TEST_CASE_METHOD (Graphs, "filtergraph: renders the same samples as the session that says the same, settings included")
{
    const auto poly = demoPlugin ("AudioHost Poly"), echo = demoPlugin ("AudioHost Echo");
    const std::string connections = R"([{"from":"1:midi","to":"2:midi"},{"from":"2:0","to":"3:0"},{"from":"2:1","to":"3:1"},
                                        {"from":"3:0","to":"4:0"},{"from":"3:1","to":"4:1"}])";

    const auto wires = connect (1, midi, 2, midi) + connect (2, 0, 3, 0) + connect (2, 1, 3, 1) + connect (3, 0, 4, 0)
                       + connect (3, 1, 4, 1);
    std::vector<std::string> hashes;

    for (const auto* state : { "", polyState })
    {
        const auto stateKey = *state != 0 ? ",\"state\":\"" + std::string (state) + "\"" : std::string();
        const auto session =
            folder.write ("same.audiohost", R"({"audiohost":1,"name":"same","tempo":120,"nodes":[{"id":1,"type":"midiInput"},
                {"id":2,"type":"plugin","ref":")"
                                                + poly + "\"" + stateKey + R"(},{"id":3,"type":"plugin","ref":")" + echo
                                                + R"("},{"id":4,"type":"audioOutput"}],"connections":)" + connections + "}");
        const auto graph =
            writeGraph ("same.filtergraph", filter (1, "MIDI Input", "Internal", "")
                                                + filter (2, "AudioHost Poly", "VST3", poly, encodeForJuce (decode (state)))
                                                + filter (3, "AudioHost Echo", "VST3", echo)
                                                + filter (4, "Audio Output", "Internal", "") + wires);
        hashes.push_back (renderHash (session));
        CHECK (renderHash (graph) == hashes.back());
        CHECK (lastError.empty());
    }

    // The state is heard.
    CHECK (hashes[0] != hashes[1]);
}

TEST_CASE_METHOD (
    Graphs, "filtergraph: what is not there is told by name, and the rest is rendered, and play and screenshot open it too")
{
    const auto graph = writeGraph (
        "old.filtergraph",
        filter (1, "MIDI Input", "Internal", "") + filter (2, "AudioHost Poly", "VST3", demoPlugin ("AudioHost Poly"))
            + filter (3, "Reverb", "Internal", "Reverb") + filter (5, "Chorus", "VST", "/nowhere/chorus.so")
            + filter (4, "Audio Output", "Internal", "") + connect (1, midi, 2, midi) + connect (2, 0, 4, 0)
            + connect (2, 1, 4, 1) + connect (2, 0, 3, 0));
    renderHash (graph, 1);
    CHECK_THAT (lastError, Contains ("node 3 (Reverb)") && Contains ("AudioPluginHost"));
    CHECK_THAT (lastError, Contains ("node 5 (Chorus)") && Contains ("\"VST\""));

    const auto played = run ({ "play", graph, "--device", "Virtual", "--seconds", "0.2" });
    CHECK_THAT (played.out, Contains ("Playing old"));
    CHECK_FALSE (played.timedOut);

    REQUIRE (run ({ "screenshot", graph, "--output", "out.png" }).exitCode == 0);
    CHECK (std::filesystem::file_size (folder.path / "out.png") > 10000);
}

TEST_CASE_METHOD (Graphs, "filtergraph: what is no graph is an error that names the file")
{
    for (const auto* text : { "", "{}", "<FILTERGRAPH><FILTER/></FILTERGRAPH>", "<FILTERGRAPH>", "<html/>" })
    {
        CAPTURE (text);
        const auto file = folder.write ("bad.filtergraph", text);
        expectError (run ({ "render", file, "--seconds", "1", "--output", "out.wav" }), 2, "bad.filtergraph");
    }
}
