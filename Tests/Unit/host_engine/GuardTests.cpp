#include <catch2/catch.hpp>
#include <host_engine/host_engine.h>
#include <rt_guard/rt_guard.h>

#include <cstdlib>
#include <sys/mman.h>

using Catch::Matchers::StartsWith;

namespace
{

/** What the guard calls a node that allocates. */
std::string getGuardsName (host::NodeId id)
{
    rt::guard::warmUp();
    rt::guard::setMode (rt::guard::Mode::count);
    rt::guard::reset();

    {
        const rt::guard::RealtimeScope scope (1);
        const rt::guard::NodeScope node (id, rt::guard::Phase::process);
        auto* volatile block = std::malloc (16);
        const rt::guard::Permit permit;
        std::free (block);
    }

    const auto snapshot = rt::guard::getSnapshot();
    rt::guard::reset();
    REQUIRE (snapshot.violations.size() == 1);
    return snapshot.violations[0].nodeName;
}

/** Touches so many new pages. */
void touchPages (std::size_t count)
{
    constexpr std::size_t pageSize = 4096;
    auto* memory = static_cast<volatile char*> (
        ::mmap (nullptr, count * pageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ::madvise (const_cast<char*> (memory), count * pageSize, MADV_NOHUGEPAGE);

    for (std::size_t i = 0; i < count; ++i)
        memory[i * pageSize] = 1;

    ::munmap (const_cast<char*> (memory), count * pageSize);
}

} // namespace

TEST_CASE ("guard: nodes are known by the names that people give them, and keeps those of nodes that have gone")
{
    const juce::ScopedJuceInitialiser_GUI juce;
    host::PluginFormats formats;
    host::Engine engine{ { 48000.0, 64, false } };
    host::SessionEditor editor (engine, formats);
    auto session = host::Session::parse (
        R"({"audiohost":1,"nodes":[{"id":71,"type":"gain"},{"id":72,"type":"gain","name":"Loud"}],"connections":[]})", {});
    host::NodeFactory factory (formats, engine.getInfo(), engine.getCollector());
    std::vector<host::MadeNode> made;

    for (const auto& node : session.getNodes())
        made.push_back (factory.make (node, session));

    editor.open (std::move (session), made, {});
    CHECK (getGuardsName (71) == editor.find (71)->getName());
    CHECK (getGuardsName (72) == "Loud");

    editor.rename (71, "Quiet");
    CHECK (getGuardsName (71) == "Quiet");
    CHECK (getGuardsName (72) == "Loud");
    editor.undo();
    CHECK (getGuardsName (71) == editor.find (71)->getName());

    // What was taken out comes back with the name it had then.
    editor.redo();
    editor.removeNodes ({ 71 });
    CHECK (getGuardsName (71) == "Quiet");
    editor.undo();
    CHECK (getGuardsName (71) == "Quiet");
}

TEST_CASE ("guard: page faults are counted from a thread's second block on")
{
    host::PageFaultMeter::Totals totals;
    host::PageFaultMeter meter (totals);

    touchPages (64);
    meter.endBlock(); // the first sets the mark
    CHECK (totals.minor == 0);
    CHECK (totals.blocks == 0);

    touchPages (64);
    meter.endBlock();
    const auto counted = totals.minor.load();
    CHECK (counted >= 64);
    CHECK (totals.blocks == 1);

    // Another's work in between.
    touchPages (64);
    meter.beginBlock();
    meter.endBlock();
    CHECK (totals.minor < counted + 64);
    CHECK (totals.blocks == 2);

    // Another thread's mark.
    meter.forget();
    touchPages (64);
    meter.endBlock();
    CHECK (totals.minor < counted + 64);
    CHECK (totals.blocks == 2);
}

TEST_CASE ("guard: a site is told with its caller and its stack")
{
    rt::guard::Violation violation;
    violation.function = "malloc";
    violation.stack = { "grow at a.cpp:1 [it+0x1]", "process [it+0x2]" };
    CHECK (host::describeSite (violation)
           == "the host itself: called malloc on the audio thread\n    grow at a.cpp:1 [it+0x1]\n    process [it+0x2]");

    violation.node = 7;
    CHECK_THAT (host::describeSite (violation), StartsWith ("node 7: called malloc"));
    violation.nodeName = "Reverb";
    CHECK_THAT (host::describeSite (violation), StartsWith ("node 7 (Reverb): called malloc"));
}
