#include "EngineFixture.h"

#include <fstream>
#include <string>

namespace
{
/** The most memory that this process has had at once since the last resetMost(), in bytes. */
std::size_t findMost()
{
    std::ifstream status ("/proc/self/status");

    for (std::string line; std::getline (status, line);)
        if (line.starts_with ("VmHWM:"))
            return std::stoul (line.substr (6)) * 1024;

    return 0;
}

void resetMost() { std::ofstream ("/proc/self/clear_refs") << 5; }

/** As many blocks as are kept, each with so many nodes. */
host::FlightRecorder::Recording makeRecording (int numNodes)
{
    host::FlightRecorder::Recording recording;

    for (int i = 0; i < host::FlightRecorder::numBlocks; ++i)
    {
        host::FlightRecorder::Block block;
        block.number = std::uint64_t (1000 + i);
        block.startNanos = std::int64_t (i) * 1'333'333;
        block.lengthNanos = 1'000'001;
        block.periodNanos = 1'333'333;
        block.outcome = host::FlightRecorder::Outcome::late;
        block.culprit = 2;
        recording.blocks.push_back (block);

        for (int node = 0; node < numNodes; ++node)
            recording.runs.push_back (
                { block.number, host::NodeId (node + 1), node % 2, block.startNanos + node * 20'123, 12'345 });
    }

    return recording;
}
} // namespace

TEST_CASE ("a report has every run of every block that was recorded, and takes little memory for it")
{
    const juce::ScopedJuceInitialiser_GUI juce;
    constexpr int numNodes = 34;
    GraphEngine graph ({ 48000.0, 64, false });
    host::Report report;

    for (std::size_t i = 0; i <= host::Report::mostRecordings; ++i)
        report.recordings.push_back (makeRecording (numNodes));

    resetMost();
    const auto before = findMost();
    const auto text = report.toText (graph.engine, {});
    const auto most = findMost() - before;
    INFO (text.size() << " bytes of text, " << most << " bytes of memory");
#if ! AUDIOHOST_SANITIZED // they keep memory of their own for each byte
    CHECK (most < 3 * text.size());
#endif

    const auto document = nlohmann::ordered_json::parse (text);
    CHECK (document.items().begin().key() == "blocks");
    REQUIRE (document["flight"].size() == host::Report::mostRecordings + 1);

    for (const auto& recording : document["flight"])
    {
        REQUIRE (recording.size() == std::size_t (host::FlightRecorder::numBlocks));

        for (std::size_t i = 0; i < recording.size(); ++i)
        {
            const auto& block = recording[i];
            REQUIRE (block["number"] == 1000 + i);
            REQUIRE (block["micros"] == 1000.001);
            REQUIRE (block["outcome"] == "late");
            REQUIRE (block["culprit"] == 2);
            REQUIRE (block["runs"].size() == std::size_t (numNodes));
            REQUIRE (
                block["runs"][33]
                == nlohmann::ordered_json{ { "node", 34 }, { "thread", 1 }, { "start", 664.059 }, { "micros", 12.345 } });
        }
    }
}

TEST_CASE ("a report without recordings says so")
{
    const juce::ScopedJuceInitialiser_GUI juce;
    GraphEngine graph ({ 48000.0, 64, false });
    CHECK (nlohmann::ordered_json::parse (host::Report().toText (graph.engine, {}))["flight"].is_null());

    host::Report empty;
    empty.recordings.emplace_back();
    CHECK (nlohmann::ordered_json::parse (empty.toText (graph.engine, {}))["flight"]
           == nlohmann::ordered_json::parse ("[[]]"));
}
