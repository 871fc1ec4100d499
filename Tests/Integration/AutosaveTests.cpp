// What survives when the program ends without having been asked to: the real one on a screen, killed in the middle of work.

#include "Support/Display.h"
#include "Support/Expect.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <csignal>
#include <future>

namespace
{

using Json = nlohmann::ordered_json;

/** AudioHost on a screen of its own; it ends with the test. */
struct Desk
{
    explicit Desk (const std::string& nameToUse) : name (nameToUse)
    {
        program.environment.push_back ("DISPLAY=" + display.getName());
        program.environment.push_back ("HOME=" + program.folder.path.string());
        std::filesystem::create_directories (SCREENSHOTS);
    }

    ~Desk()
    {
        if (! result.valid())
            return;

        takeScreenshot ("failed");
        isEnding = true;
        result.wait();
    }

    void start (const std::vector<std::string>& arguments, const std::string& title)
    {
        isEnding = false;
        result = std::async (std::launch::async, [this, arguments]
                             { return program.runAndSignalWhen (arguments, SIGKILL, [this] { return isEnding.load(); }); });
        main = display.awaitWindow (title);
        display.activate (main);
    }

    ProgramResult kill()
    {
        isEnding = true;
        return result.get();
    }

    bool hasEnded() const { return result.wait_for (std::chrono::seconds (0)) == std::future_status::ready; }

    ProgramResult awaitEnd() { return result.get(); }

    void takeScreenshot (const std::string& what) const
    {
        display.takeScreenshot (std::string (SCREENSHOTS) + "/autosave-" + name + "-" + what + ".png");
    }

    bool isTitled (const std::string& title) const { return display.findWindow (title).has_value(); }

    /** Presses a key in the question that is shown, and sees it go. */
    void answer (const std::string& key, const std::string& what)
    {
        // A question is a window beside the main one.
        REQUIRE (waitUntil ([this] { return display.countShownWindows() >= 2; }));
        takeScreenshot (what);
        display.press (key);
        REQUIRE (waitUntil ([this] { return display.countShownWindows() <= 1; }));
    }

    /** The journals in a folder. */
    static std::vector<std::filesystem::path> findJournals (const std::filesystem::path& folder)
    {
        std::vector<std::filesystem::path> found;

        for (const auto& entry : std::filesystem::directory_iterator (folder))
            if (entry.path().extension() == ".autosave")
                found.push_back (entry.path());

        return found;
    }

    TestDisplay display{ 1500, 950 };
    Program program;
    TestDisplay::Window main;

private:
    const std::string name;
    std::atomic<bool> isEnding{ false };
    std::future<ProgramResult> result;
};

Json parseIfWhole (const std::filesystem::path& file) { return Json::parse (readText (file), nullptr, false); }

/** Whether the node of this id is bypassed in a session or a journal. */
bool isBypassed (const Json& session, int id)
{
    if (session.is_object())
        for (const auto& node : session["nodes"])
            if (node["id"] == id)
                return node.value ("bypassed", false);

    return false;
}

const std::string gainToOut = R"({"audiohost":1,"name":"evening","tempo":120,
    "nodes":[{"id":1,"type":"audioInput","x":0.1,"y":0.5},{"id":2,"type":"gain","x":0.4,"y":0.5},
             {"id":3,"type":"audioOutput","x":0.9,"y":0.5})";
const std::string wires = R"("connections":[{"from":"1:0","to":"2:0"},{"from":"2:0","to":"3:0"}])";

} // namespace

TEST_CASE ("autosave: what was edited before the program was killed is restored at the next start, or discarded")
{
    Desk desk ("killed");
    auto& display = desk.display;
    const auto& folder = desk.program.folder;
    const auto file = folder.write ("evening.audiohost", gainToOut + "]," + wires + "}");
    const auto before = readText (file);
    const auto journal = folder.path / ".evening.audiohost.autosave";

    const auto editAndKill = [&]
    {
        desk.start ({ file }, "evening - AudioHost");
        display.press ("ctrl+a");
        display.press ("b");
        REQUIRE (waitUntil ([&] { return desk.isTitled ("*evening"); }));
        REQUIRE (waitUntil ([&] { return isBypassed (parseIfWhole (journal), 2); }));
        CHECK (desk.kill().signal == SIGKILL);
        CHECK (readText (file) == before);
        REQUIRE (std::filesystem::exists (journal));
    };

    editAndKill();

    // Without being told which session: it is one of the recent ones.
    desk.start ({}, "Untitled - AudioHost");
    desk.answer ("r", "asked");
    REQUIRE (waitUntil ([&] { return desk.isTitled ("*evening"); }));
    CHECK (readText (file) == before);
    desk.takeScreenshot ("restored");
    display.activate (desk.main);
    display.press ("ctrl+s");
    REQUIRE (waitUntil ([&] { return isBypassed (parseIfWhole (file), 2) && ! desk.isTitled ("*evening"); }));
    REQUIRE (waitUntil ([&] { return ! std::filesystem::exists (journal); }));
    display.press ("ctrl+q");
    expectQuietSuccess (desk.awaitEnd());

    // The other answer.
    folder.write ("evening.audiohost", before);
    editAndKill();
    desk.start ({ file }, "Untitled - AudioHost");
    desk.answer ("d", "asked-again");
    REQUIRE (waitUntil ([&] { return desk.isTitled ("evening - AudioHost"); }));
    CHECK_FALSE (desk.isTitled ("*evening"));
    CHECK_FALSE (std::filesystem::exists (journal));
    display.press ("ctrl+q");
    expectQuietSuccess (desk.awaitEnd());
    CHECK (readText (file) == before);
}

TEST_CASE ("autosave: a session that was never saved comes back, and leaving it without saving lets it go")
{
    Desk desk ("untitled");
    auto& display = desk.display;
    const auto home = desk.program.folder.path / "home";
    const auto edit = [&]
    {
        desk.start ({}, "Untitled - AudioHost");
        display.press ("ctrl+a");
        display.press ("Delete");
        REQUIRE (waitUntil ([&] { return desk.isTitled ("*Untitled"); }));
        REQUIRE (waitUntil ([&] { return Desk::findJournals (home).size() == 1; }));
    };

    edit();
    CHECK (desk.kill().signal == SIGKILL);
    const auto journal = Desk::findJournals (home).at (0);
    CHECK (parseIfWhole (journal)["nodes"].empty());

    desk.start ({}, "Untitled - AudioHost");
    desk.answer ("r", "asked");
    REQUIRE (waitUntil ([&] { return desk.isTitled ("*Untitled"); }));

    // Its journal is this program's own now.
    REQUIRE (waitUntil (
        [&]
        {
            const auto journals = Desk::findJournals (home);
            return journals.size() == 1 && journals[0] != journal;
        }));

    display.activate (desk.main);
    display.press ("ctrl+q");
    desk.answer ("d", "leaving");
    expectQuietSuccess (desk.awaitEnd());
    CHECK (Desk::findJournals (home).empty());
}

TEST_CASE ("autosave: a plugin that takes the program with it takes none of the work")
{
    Desk desk ("crashed");
    auto& display = desk.display;
    const auto& folder = desk.program.folder;

    const auto file =
        folder.write ("evening.audiohost", R"({"audiohost":1,"name":"evening","nodes":[{"id":1,"type":"plugin","ref":")"
                                               + testPlugin ("TestCrashInProcess")
                                               + R"(","format":"VST3","name":"Bad","x":0.3,"y":0.4}],"connections":[]})");
    const auto journal = folder.path / ".evening.audiohost.autosave";
    const auto countNodes = [] (const std::filesystem::path& path)
    {
        const auto session = parseIfWhole (path);
        return session.is_object() ? session["nodes"].size() : 0;
    };

    desk.start ({ file }, "evening - AudioHost");
    display.press ("ctrl+a");
    display.press ("ctrl+d");
    REQUIRE (waitUntil ([&] { return countNodes (journal) == 2; }));

    // The copy is selected, and its one parameter, which makes it crash, is somewhere in the inspector.
    constexpr int inspector = 304, margin = 24;
    const auto right = desk.main.x + desk.main.width - margin;

    for (int y = desk.main.y + 100; y < desk.main.y + 560 && ! desk.hasEnded(); y += 8)
        display.drag (right - inspector + 2 * margin, y, right, y);

    REQUIRE (waitUntil ([&] { return desk.hasEnded(); }));
    const auto end = desk.awaitEnd();
    CHECK (end.exitCode == 1);
    CHECK_THAT (end.err, Catch::Matchers::Contains ("(Bad)"));
    CHECK (countNodes (file) == 1);

    desk.start ({ file }, "Untitled - AudioHost");
    desk.answer ("r", "asked");
    REQUIRE (waitUntil ([&] { return desk.isTitled ("*evening"); }));
    display.activate (desk.main);
    display.press ("ctrl+s");
    REQUIRE (waitUntil ([&] { return countNodes (file) == 2; }));
    display.press ("ctrl+q");
    expectQuietSuccess (desk.awaitEnd());
}
