#include "Support/Expect.h"
#include "Support/PluginFiles.h"
#include "Support/Wav.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <limits>
#include <regex>
#include <sched.h>
#include <set>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

using Catch::Matchers::Contains;
using Arguments = std::vector<std::string>;

namespace
{

struct BadInput : Program
{
    /** Expects one clear line that names the thing, long before any time limit, and that nothing new is in the folder. */
    void refuse (const Arguments& arguments, int exitCode, const std::string& thing)
    {
        CAPTURE (arguments);
        const auto before = listFiles();
        result = run (arguments, std::chrono::seconds (30));
        expectError (result, exitCode, thing);
        REQUIRE (listFiles() == before);
    }

    void refuseRender (const Arguments& arguments, const std::string& thing, int exitCode = 2)
    {
        Arguments all{ "render", "--output", "out.wav", "--seconds", "0.1" };
        all.insert (all.end(), arguments.begin(), arguments.end());
        refuse (all, exitCode, thing);
    }

    void refusePlay (const std::string& session, const std::string& thing)
    {
        refuse ({ "play", session, "--device", "Virtual", "--seconds", "0.1" }, 2, thing);
    }

    std::string writeSession (const std::string& nodes, const std::string& connections)
    {
        return folder.write ("test.audiohost", R"({"audiohost":1,"name":"Test","tempo":120,"nodes":[)" + nodes
                                                   + R"(],"connections":[)" + connections + "]}");
    }

    /** What the test itself and the runs leave behind is not counted. */
    std::set<std::string> listFiles() const
    {
        std::set<std::string> names;

        for (const auto& entry : std::filesystem::recursive_directory_iterator (folder.path))
            if (const auto name = entry.path().filename(); name != "stdout" && name != "stderr")
                names.insert (entry.path().string());

        return names;
    }

    ProgramResult result;
};

/** One line on standard error that names the thing, and this exit code; standard output is as it is. */
void expectOneLine (const ProgramResult& result, int exitCode, const std::string& thing)
{
    // A busy machine may make blocks of a play late, which is told as well.
    auto errorOnly = result;
    errorOnly.out.clear();
    errorOnly.err = std::regex_replace (result.err, std::regex ("AudioHost: block [0-9]+ was late [^\n]*\n"), "");
    expectError (errorOnly, exitCode, thing);
}

std::string le (std::uint32_t value, int bytes)
{
    std::string text;

    for (int i = 0; i < bytes; ++i)
        text += char (value >> (8 * i));

    return text;
}

/** A WAV file of any header, sane or not. */
std::string makeWav (std::uint32_t channels, std::uint32_t rate, std::uint32_t bits, std::uint32_t formatTag,
                     const std::string& data, std::uint32_t claimedSize)
{
    const auto frame = channels * bits / 8;
    return "RIFF" + le (36 + std::uint32_t (data.size()), 4) + "WAVEfmt " + le (16, 4) + le (formatTag, 2) + le (channels, 2)
           + le (rate, 4) + le (rate * frame, 4) + le (frame, 2) + le (bits, 2) + "data" + le (claimedSize, 4) + data;
}

/** A small file system of its own, gone with the test. Not everybody may mount one. */
class SmallDisk
{
public:
    SmallDisk (const std::filesystem::path& folder, const char* options) : path (folder)
    {
        std::filesystem::create_directories (path);
        isMounted = ::unshare (CLONE_NEWNS) == 0 && ::mount ("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0
                    && ::mount ("tmpfs", path.c_str(), "tmpfs", 0, options) == 0;
    }

    ~SmallDisk()
    {
        if (isMounted)
            ::umount (path.c_str());
    }

    SmallDisk (const SmallDisk&) = delete;
    SmallDisk& operator= (const SmallDisk&) = delete;

    void makeReadOnly() { isReadOnly = ::mount ("none", path.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0; }

    const std::filesystem::path path;
    bool isMounted = false, isReadOnly = false;
};

} // namespace

//======================================================================================================================
TEST_CASE_METHOD (BadInput, "bad input: a path that is no plugin, a bundle without a binary for us, a broken library")
{
    struct Bad
    {
        std::string path, word, reason;
    };

    std::vector<Bad> all{ { folder.file ("nowhere.vst3"), "does not exist", {} },
                          { folder.write ("text.vst3", "I am a song\n"), "not a shared library", "unreadable" },
                          { folder.write ("notes.txt", "I am a song\n"), "no plugin", "no-plugin" },
                          { folder.write ("text.so", "I am a song\n"), "not a shared library", "unreadable" },
                          { folder.write ("empty.so", ""), "empty", "unreadable" },
                          { folder.write ("header.so", std::string ("\x7f"
                                                                    "ELF\2\1\1",
                                                                    7)),
                            "truncated", "unreadable" } };

    const auto truncated = PluginFiles::copy ("TestGain", folder.path);
    PluginFiles::truncate (PluginFiles::getBinary (truncated));
    all.push_back ({ truncated, "truncated", "unreadable" });

    const auto foreign = PluginFiles::copy ("TestPass", folder.path);
    PluginFiles::makeForeign (PluginFiles::getBinary (foreign));
    all.push_back ({ foreign, "aarch64", "unreadable" });

    const auto without = PluginFiles::copy ("TestDelay", folder.path);
    const auto ours = PluginFiles::getBinary (without).parent_path();
    std::filesystem::rename (ours, ours.parent_path() / "riscv64-linux");
    all.push_back ({ without, "riscv64-linux", "unreadable" });

    const auto library = folder.file ("library.so");
    std::filesystem::copy_file (PluginFiles::getBinary (testPlugin ("TestMono")), library);
    all.push_back ({ library, "no LADSPA plugins", "no-plugin" });

    const auto ladspa = folder.file ("ladspa.so");
    std::filesystem::copy_file (std::string (TEST_PLUGINS) + "/ladspa/TestLadspaGain.so", ladspa);
    PluginFiles::truncate (ladspa);
    all.push_back ({ ladspa, "truncated", "unreadable" });

    std::filesystem::create_directories (folder.path / "Hollow.vst3");
    all.push_back ({ folder.file ("Hollow.vst3"), "Contents", "no-plugin" });

    std::filesystem::create_directories (folder.path / "sub");
    all.push_back ({ folder.file ("sub"), "folder", {} });

    const auto lv2 = folder.path / "broken.lv2", lv2Text = folder.path / "text.lv2";
    std::filesystem::copy (std::string (TEST_PLUGINS) + "/TestLv2Gain.lv2", lv2);
    PluginFiles::truncate (lv2 / "TestLv2Gain.so");
    all.push_back ({ lv2.string(), "truncated", "unreadable" });

    std::filesystem::create_directories (lv2Text);
    folder.write ("text.lv2/manifest.ttl", "I am no manifest\n");
    all.push_back ({ lv2Text.string(), "manifest", "unreadable" });

    for (const auto& bad : all)
    {
        CAPTURE (bad.path);
        const auto name = std::filesystem::path (bad.path).filename().string();

        for (const auto& arguments :
             std::vector<Arguments>{ { "render", "--plugin", bad.path, "--seconds", "0.1", "--output", "out.wav" },
                                     { "describe", bad.path, "--json" },
                                     { "check", bad.path, "--json" } })
        {
            refuse (arguments, 2, bad.word);
            REQUIRE_THAT (result.err, Contains (name) || Contains ("TestLv2Gain"));
        }

        if (bad.reason.empty())
            continue;

        const auto scanned = run ({ "scan", bad.path, "--json" }, std::chrono::seconds (60));
        expectQuietSuccess (scanned);
        CAPTURE (scanned.out);
        REQUIRE (scanned.json()["plugins"].empty());
        REQUIRE (scanned.json()["failures"].size() == 1);
        REQUIRE (scanned.json()["failures"][0]["reason"] == bad.reason);
        std::filesystem::remove_all (folder.path / "home");
    }
}

TEST_CASE_METHOD (BadInput, "bad input: a session's plugin that is missing or broken is told, and makes exit code 1")
{
    const auto foreign = PluginFiles::copy ("TestPass", folder.path);
    PluginFiles::makeForeign (PluginFiles::getBinary (foreign));

    for (const auto& [ref, word] :
         std::vector<std::pair<std::string, std::string>>{ { "/nowhere/Lost.vst3", "does not exist" },
                                                           { foreign, "aarch64" },
                                                           { "VST3:41484F53544553540000000000000FFF", "catalogue" },
                                                           { "", "ref" } })
    {
        const auto session = writeSession (R"({"id":1,"type":"tone"},{"id":2,"type":"plugin","name":"Lost Reverb","ref":")"
                                               + ref + R"("},{"id":3,"type":"audioOutput"})",
                                           R"({"from":"1:0","to":"2:0"},{"from":"2:0","to":"3:0"})");

        for (const auto& arguments :
             std::vector<Arguments>{ { "render", session, "--seconds", "0.1", "--output", "out.wav" },
                                     { "play", session, "--seconds", "0.1", "--device", "Virtual" } })
        {
            CAPTURE (arguments, ref);
            result = run (arguments, std::chrono::seconds (30));
            expectOneLine (result, 1, "Lost Reverb");
            REQUIRE_THAT (result.err, Contains (word));
        }
    }
}

//======================================================================================================================
TEST_CASE_METHOD (BadInput, "bad input: what is no session at all")
{
    std::string deep (100000, '[');

    for (const auto& contents :
         { std::string ("This is a song.\n"), std::string(),
           std::string ("\x7f"
                        "ELF\0\1\2\xff\xfe",
                        9),
           std::string ("\0\0\0\0", 4), readText (AUDIOHOST_BINARY).substr (0, 4096), std::string ("{\"audiohost\":1,"),
           deep, std::string ("[]"), std::string ("{}"), std::string ("7"), std::string ("null"),
           std::string (R"({"audiohost":"1","nodes":[],"connections":[]})"),
           std::string (R"({"audiohost":2,"nodes":[],"connections":[]})"), std::string (R"({"audiohost":1,"nodes":[]})"),
           std::string (R"({"audiohost":1,"nodes":{},"connections":[]})"),
           std::string (R"({"audiohost":1,"tempo":0,"nodes":[],"connections":[]})"),
           std::string (R"({"audiohost":1,"tempo":"fast","nodes":[],"connections":[]})"),
           std::string (R"({"audiohost":1,"name":")") + "\xff\xfe" + R"(","nodes":[],"connections":[]})" })
    {
        CAPTURE (contents.substr (0, 100));
        const auto session = folder.write ("test.audiohost", contents);
        refuseRender ({ session }, session);
        refusePlay (session, session);
    }

    for (const auto& path : { folder.file ("nowhere.audiohost"), folder.path.string(), std::string ("/dev/null") })
    {
        refuseRender ({ path }, path);
        refusePlay (path, path);
    }
}

TEST_CASE_METHOD (BadInput, "bad input: a session whose graph is wrong, and what is wrong with it is named")
{
    const std::string ends = R"({"id":1,"type":"audioInput"},{"id":9,"type":"audioOutput"})";
    const auto with = [&ends] (const std::string& node) { return ends + (node.empty() ? "" : "," + node); };
    const std::string gains = R"({"id":2,"type":"gain"},{"id":3,"type":"gain"})";

    struct Bad
    {
        std::string nodes, wires, thing;
    };

    const std::vector<Bad> all{
        // A cycle, of one, two and many.
        { with (gains), R"({"from":"2:0","to":"3:0"},{"from":"3:0","to":"2:0"})", "cycle" },
        { with (gains), R"({"from":"2:0","to":"2:1"})", "cycle" },

        // Ids.
        { with (R"({"id":1,"type":"gain"})"), "", "id 1" },
        { with (R"({"id":0,"type":"gain"})"), "", "id 0" },
        { with (R"({"id":-3,"type":"gain"})"), "", "-3" },
        { with (R"({"id":99999999999,"type":"gain"})"), "", "99999999999" },
        { with (R"({"id":"2","type":"gain"})"), "", "id" },
        { with (R"({"id":2.5,"type":"gain"})"), "", "id" },
        { with (R"({"type":"gain"})"), "", "id" },

        // Types.
        { with (R"({"id":2,"type":"warpDrive"})"), "", "warpDrive" },
        { with (R"({"id":2,"type":3})"), "", "type" },
        { with (R"({"id":2})"), "", "type" },
        { with (R"(7)"), "", "node" },
        { with (R"({"id":2,"type":"filePlayer"})"), "", "filePlayer" },
        { with (R"({"id":2,"type":"filePlayer","file":"x.wav","start":-1})"), "", "start" },
        { with (R"({"id":2,"type":"recorder"})"), "", "recorder" },

        // What a node says of itself.
        { with (R"({"id":2,"type":"gain","channels":0})"), "", "channels" },
        { with (R"({"id":2,"type":"gain","channels":1000000000})"), "", "channels" },
        { with (R"({"id":2,"type":"gain","channels":"two"})"), "", "channels" },
        { with (R"({"id":2,"type":"mixer","inputs":-1})"), "", "inputs" },
        { with (R"({"id":2,"type":"gain","parameters":[1]})"), "", "parameters" },
        { with (R"({"id":2,"type":"tone","parameters":{"Shape":"square dance"}})"), "", "square dance" },
        { with (R"({"id":2,"type":"midiPlayer"})"), "", "file" },
        { with (R"({"id":2,"type":"midiPlayer","file":"nowhere.mid"})"), "", "nowhere.mid" },

        // Wires.
        { with (gains), R"({"from":"1:0","to":"2:0"},{"from":"1:0","to":"2:0"})", "1:0" },
        { with (gains), R"({"from":"1:0","to":"7:0"})", "node 7" },
        { with (gains), R"({"from":"1:0","to":"2:2"})", "input 2" },
        { with (gains), R"({"from":"1:5","to":"2:0"})", "output 5" },
        { with (gains), R"({"from":"1:0","to":"2:midi"})", "1:0" },
        { with (gains), R"({"from":"9:0","to":"2:0"})", "9:0" },
        { with (gains), R"({"from":"1:0","to":"2"})", "\"2\"" },
        { with (gains), R"({"from":"1:0","to":"2:"})", "\"2:\"" },
        { with (gains), R"({"from":"1:0","to":"2:-1"})", "\"2:-1\"" },
        { with (gains), R"({"from":"1:0","to":"2:0:0"})", "\"2:0:0\"" },
        { with (gains), R"({"from":"1:0","to":"2:99999999999"})", "2:99999999999" },
        { with (gains), R"({"from":"1:0"})", "to" },
        { with (gains), R"({"from":1,"to":2})", "from" },
        { with (gains), R"("1:0")", "connection" }
    };

    for (const auto& bad : all)
    {
        CAPTURE (bad.nodes, bad.wires);
        const auto session = writeSession (bad.nodes, bad.wires);
        refuseRender ({ session }, bad.thing);
        refusePlay (session, bad.thing);
    }
}

TEST_CASE_METHOD (BadInput, "bad input: a cycle is named by its nodes, and a feedback node makes it legal")
{
    const auto nodes = [] (const char* type)
    {
        return std::string (R"({"id":2,"type":"gain","name":"Here"},{"id":3,"type":"gain","name":"There"},{"id":4,"type":")")
               + type + R"(","name":"Back"},{"id":9,"type":"audioOutput"})";
    };
    const std::string wires =
        R"({"from":"2:0","to":"3:0"},{"from":"3:0","to":"4:0"},{"from":"4:0","to":"2:0"},{"from":"3:0","to":"9:0"})";
    const auto session = writeSession (nodes ("gain"), wires);
    refuseRender ({ session }, "cycle");
    REQUIRE_THAT (result.err, Contains ("Here") && Contains ("There") && Contains ("Back"));

    writeSession (nodes ("feedback"), wires);
    REQUIRE (run ({ "render", session, "--seconds", "0.1", "--output", "out.wav" }).exitCode == 0);
}

//======================================================================================================================
TEST_CASE_METHOD (BadInput, "bad input: an input WAV that is none, or one without sound, or with NaN")
{
    const auto samples = std::string (4000, '\1');
    const auto whole = makeWav (2, 48000, 16, 1, samples, 4000);
    const auto floats = [] (float odd)
    {
        auto wav = Wav::makeNoise (2, 1000);
        wav.channels[1][500] = odd;
        return wav.encode();
    };

    struct Bad
    {
        std::string contents, word;
    };

    for (const auto& bad : std::vector<Bad>{ { "", "empty" },
                                             { makeWav (2, 48000, 16, 1, "", 0), "empty" },
                                             { whole.substr (0, whole.size() - 100), "cut short" },
                                             { whole.substr (0, 44), "cut short" },
                                             { whole.substr (0, 40), "" },
                                             { whole.substr (0, 30), "" },
                                             { whole.substr (0, 12), "" },
                                             { whole.substr (0, 3), "" },
                                             { makeWav (0, 48000, 16, 1, samples, 4000), "without channels" },
                                             { makeWav (2, 0, 16, 1, samples, 4000), "rate" },
                                             { makeWav (2, 48000, 0, 1, samples, 4000), "0 bits" },
                                             { makeWav (2, 48000, 7, 1, samples, 4000), "7 bits" },
                                             { makeWav (2, 48000, 64, 3, samples, 4000), "64 bits" },
                                             { makeWav (2, 48000, 16, 1, "\1", 1), "" },
                                             { floats (std::numeric_limits<float>::quiet_NaN()), "NaN" },
                                             { floats (std::numeric_limits<float>::infinity()), "infinity" },
                                             { "I am a song, not a WAV file.\n", "no audio file" },
                                             { std::string (10000, '\0'), "no audio file" },
                                             { readText (AUDIOHOST_BINARY).substr (0, 10000), "no audio file" } })
    {
        const auto file = folder.write ("in.wav", bad.contents);
        CAPTURE (bad.word, bad.contents.size());
        refuseRender ({ "--plugin", testPlugin ("TestGain"), "--input", file }, "in.wav");
        REQUIRE_THAT (result.err, Contains (bad.word));
    }

    for (const auto& path : { folder.file ("nowhere.wav"), folder.path.string(), std::string ("/dev/null") })
        refuseRender ({ "--plugin", testPlugin ("TestGain"), "--input", path }, path);
}

TEST_CASE_METHOD (BadInput, "bad input: WAV files with odd headers never bring the program down")
{
    const auto whole = makeWav (2, 48000, 16, 1, std::string (4000, '\1'), 4000);

    // Every 16-bit word of the header in turn, set to its extremes: it may be refused or read, but it must end well.
    for (std::size_t at = 0; at + 2 <= 44; at += 2)
    {
        for (const auto& word : { std::string ("\xff\xff", 2), std::string ("\0\0", 2), std::string ("\xff\x7f", 2) })
        {
            auto contents = whole;
            contents.replace (at, 2, word);
            folder.write ("in.wav", contents);
            CAPTURE (at, int (static_cast<unsigned char> (word[0])));
            result = run ({ "render", "--plugin", testPlugin ("TestGain"), "--input", "in.wav", "--seconds", "0.01",
                            "--output", "out.wav" },
                          std::chrono::seconds (30));
            CAPTURE (result.err);
            REQUIRE (! result.timedOut);
            REQUIRE (result.signal == 0);
            REQUIRE ((result.exitCode == 0 || result.exitCode == 2));

            if (result.exitCode == 2)
                expectError (result, 2, "in.wav");

            std::filesystem::remove (folder.path / "out.wav");
        }
    }
}

TEST_CASE_METHOD (BadInput, "bad input: a MIDI file that is none")
{
    const std::string head ("MThd\0\0\0\6\0\0\0\1\1\xe0", 14);
    const std::string track ("MTrk\0\0\0\x0c\0\x90\x3c\x64\x60\x80\x3c\0\0\xff\x2f\0", 20);

    for (const auto& contents :
         { std::string(), std::string ("I am a song.\n"), std::string (5000, '\xff'), std::string (5000, '\0'),
           head.substr (0, 9), head, std::string ("MThd\0\0\0\6\0\0\0\1\0\0", 14) + track,
           head + std::string ("MTrk\x7f\xff\xff\xff", 8) + "abc", head + track.substr (0, 11) })
    {
        CAPTURE (contents.substr (0, 40), contents.size());
        const auto file = folder.write ("song.mid", contents);
        refuseRender ({ "--plugin", testPlugin ("TestSynth"), "--midi", file }, "song.mid");

        const auto session = writeSession (R"({"id":2,"type":"midiPlayer","file":"song.mid"})", "");
        refuseRender ({ session }, "song.mid");
        refusePlay (session, "song.mid");
    }

    for (const auto& path : { folder.file ("nowhere.mid"), folder.path.string(), std::string ("/dev/null") })
        refuseRender ({ "--plugin", testPlugin ("TestSynth"), "--midi", path }, path);
}

//======================================================================================================================
TEST_CASE_METHOD (BadInput, "bad input: an output path that cannot be written")
{
    folder.write ("file", "");
    std::filesystem::create_directories (folder.path / "folder");
    const auto fifo = folder.file ("fifo");
    REQUIRE (::mkfifo (fifo.c_str(), 0666) == 0);

    for (const auto& path : { folder.file ("nowhere/out.wav"), folder.file ("folder"), folder.file ("file/out.wav"),
                              std::string ("/proc/out.wav"), fifo, folder.file (std::string (300, 'x')) })
    {
        refuse ({ "render", DEMO_SESSION, "--seconds", "0.1", "--output", path }, 1, path);
        REQUIRE_THAT (result.err, Contains ("cannot be written"));
    }

    refuse ({ "render", DEMO_SESSION, "--seconds", "0.1", "--output", "" }, 1, "is a folder");

    // A report that cannot be written is an error, too; the sound is there by then.
    result = run ({ "render", DEMO_SESSION, "--seconds", "0.1", "--output", "out.wav", "--report", "nowhere/report.json" });
    expectOneLine (result, 1, "nowhere/report.json");
    REQUIRE (Wav::read (folder.file ("out.wav")).length() == 4800);

    result = run ({ "play", DEMO_SESSION, "--seconds", "0.1", "--device", "Virtual", "--report", "nowhere/report.json" });
    expectOneLine (result, 1, "nowhere/report.json");
}

TEST_CASE_METHOD (BadInput, "bad input: block 0 and 1e9, rate 1")
{
    for (const auto& [option, value] : std::vector<std::pair<std::string, std::string>>{
             { "--block", "0" }, { "--block", "1000000000" }, { "--block", "1e9" }, { "--rate", "1" } })
    {
        refuse ({ "render", DEMO_SESSION, "--output", "out.wav", option, value }, 2, option);
        refuse ({ "play", DEMO_SESSION, "--device", "Virtual", "--seconds", "0.1", option, value }, 2, option);
    }
}

TEST_CASE_METHOD (BadInput, "bad input: a full disk")
{
    // 3 s of demo are 864 kB.
    const Arguments start{ "render", DEMO_SESSION, "--seconds", "3", "--output" };
    const auto render = [&] (const std::string& output, int exitCode, const std::string& word)
    {
        auto arguments = start;
        arguments.push_back (output);
        refuse (arguments, exitCode, output);
        REQUIRE_THAT (result.err, Contains (word));
    };

    render ("/dev/full", 1, "space");

    SmallDisk disk (folder.path / "disk", "size=256k");

    if (! disk.isMounted)
    {
        WARN ("no file system can be mounted here: /dev/full alone was tried");
        return;
    }

    const auto output = (disk.path / "out.wav").string();
    render (output, 1, "space");

    // What was there before is there still.
    folder.write ("disk/out.wav", "an older file");
    render (output, 1, "space");
    REQUIRE (readText (output) == "an older file");

    // The catalogue, as well.
    environment = { "AUDIOHOST_HOME=" + disk.path.string() };
    REQUIRE (run ({ "scan", testPlugin ("TestGain") }).exitCode == 0);
    const auto catalogue = readText (disk.path / "catalogue.json");
    folder.write ("disk/filler", std::string (300000, 'x'));
    const auto scanned = run ({ "scan", testPlugin ("TestPass") });
    expectOneLine (scanned, 1, (disk.path / "catalogue.json").string());
    REQUIRE_THAT (scanned.err, Contains ("space"));
    REQUIRE (readText (disk.path / "catalogue.json") == catalogue);

    // And the report.
    result = run ({ "render", DEMO_SESSION, "--seconds", "0.1", "--output", "out.wav", "--report",
                    (disk.path / "report.json").string() });
    expectOneLine (result, 1, "report.json");
    REQUIRE (! std::filesystem::exists (disk.path / "report.json"));
}

TEST_CASE_METHOD (BadInput, "bad input: a read-only disk")
{
    SmallDisk disk (folder.path / "disk", "size=64k");
    disk.makeReadOnly();

    if (! disk.isReadOnly)
    {
        WARN ("no file system can be mounted here");
        return;
    }

    refuse ({ "render", DEMO_SESSION, "--seconds", "0.1", "--output", (disk.path / "out.wav").string() }, 1, "Read-only");

    environment = { "AUDIOHOST_HOME=" + disk.path.string() };
    const auto scanned = run ({ "scan", testPlugin ("TestGain"), "--json" });
    expectOneLine (scanned, 1, "catalogue.json");
    REQUIRE (scanned.json()["plugins"].size() == 1);
}

TEST_CASE_METHOD (BadInput,
                  "bad input: a limit on the size of files is an error like a full disk, not the end of the program")
{
    beforeExec = []
    {
        const rlimit limit{ 100000, 100000 };
        ::setrlimit (RLIMIT_FSIZE, &limit);
    };

    refuse ({ "render", DEMO_SESSION, "--seconds", "3", "--output", folder.file ("out.wav") }, 1, folder.file ("out.wav"));
    REQUIRE_THAT (result.err, Contains ("a part of it"));
}
