#include "Report.h"

#include "stream/DiskStreams.h"
#include "stream/RecorderNode.h"

#include <rt_guard/rt_guard.h>

#include <algorithm>
#include <utility>

namespace host
{

namespace
{
using Json = nlohmann::ordered_json;

template <typename T>
Json orNull (const std::optional<T>& value)
{
    return value ? Json (*value) : Json();
}

Json toJson (const rt::guard::Violation& violation)
{
    return { { "function", violation.function },
             { "by", violation.by },
             { "count", violation.count },
             { "firstBlock", violation.firstBlock },
             { "phase", toString (violation.phase) },
             { "module", violation.module },
             { "stack", violation.stack },
             { "node", violation.node },
             { "contended", violation.contended },
             { "worstMicros", violation.worstMicros } };
}

/** One for each origin: a place that locks and unlocks is two suppressions, and one thing to know. */
Json toJson (const std::vector<rt::guard::SuppressionUse>& uses)
{
    auto result = Json::array();

    for (const auto& use : uses)
    {
        const auto& origin = use.suppression.origin;
        const auto same = std::find_if (result.begin(), result.end(), [&] (const Json& r) { return r["origin"] == origin; });

        if (same == result.end())
            result.push_back ({ { "origin", origin }, { "calls", use.calls } });
        else
            (*same)["calls"] = (*same)["calls"].get<std::uint64_t>() + use.calls;
    }

    return result;
}

/** Null where nobody counts. */
Json pageFaultsToJson (const Engine& engine)
{
    if (! engine.isCountingPageFaults())
        return {};

    const auto& faults = engine.getPageFaults();
    return { { "minor", faults.minor.load() }, { "major", faults.major.load() }, { "blocks", faults.blocks.load() } };
}

/** Null where nobody is rescued. */
Json rescueToJson()
{
    if (rt::guard::getMode() != rt::guard::Mode::rescue)
        return {};

    const auto statistics = rt::guard::getRescueStatistics();
    return { { "served", statistics.served },   { "inUse", statistics.inUse },         { "deferred", statistics.deferred },
             { "pending", statistics.pending }, { "exhausted", statistics.exhausted }, { "tooLarge", statistics.tooLarge },
             { "invalid", statistics.invalid } };
}

const char* toString (FlightRecorder::Outcome outcome)
{
    switch (outcome)
    {
        case FlightRecorder::Outcome::late: return "late";
        case FlightRecorder::Outcome::busy: return "busy";
        case FlightRecorder::Outcome::complete: break;
    }

    return "complete";
}

/** The last blocks before each missed deadline and before the end, with which node ran when on which thread; null where nobody
    recorded. Hundreds of thousands of numbers: as text, a block a line, for as a document they would take more memory than all that
    plays. */
void appendFlight (std::string& text, const std::vector<FlightRecorder::Recording>& recordings)
{
    if (recordings.empty())
    {
        text += "null";
        return;
    }

    const auto toMicros = [] (std::int64_t nanos) { return double (nanos) / 1000.0; };
    auto isFirst = true;

    for (const auto& recording : recordings)
    {
        text += std::exchange (isFirst, false) ? "[\n    [" : ",\n    [";
        auto isFirstBlock = true;

        for (const auto& block : recording.blocks)
        {
            auto runs = Json::array();

            for (const auto& run : recording.runs)
                if (run.block == block.number)
                    runs.push_back ({ { "node", run.node },
                                      { "thread", run.thread },
                                      { "start", toMicros (run.startNanos - block.startNanos) },
                                      { "micros", toMicros (run.lengthNanos) } });

            text += std::exchange (isFirstBlock, false) ? "\n      " : ",\n      ";
            text += Json{
                { "number", block.number },
                { "micros", toMicros (block.lengthNanos) },
                { "period", toMicros (block.periodNanos) },
                { "outcome", toString (block.outcome) },
                { "parallel", block.isParallel },
                { "ready", block.mostReady },
                { "pageFaults", block.pageFaults },
                { "violations", block.violations },
                { "culprit", block.culprit == 0 ? Json() : Json (block.culprit) },
                { "runs", std::move (runs) }
            }.dump();
        }

        text += isFirstBlock ? "]" : "\n    ]";
    }

    text += "\n  ]";
}

/** Null where nothing streams. */
Json cacheToJson()
{
    DiskStreams::Totals totals;

    if (const auto streams = DiskStreams::findShared())
        totals = streams->getTotals();

    const auto figure = [&] (std::uint64_t number) { return totals.hasStreamed ? Json (number) : Json(); };
    return { { "hits", figure (totals.hits) },
             { "misses", figure (totals.misses) },
             { "underruns", figure (totals.underruns) } };
}

/** Null for what is no recorder. */
Json lostSamplesToJson (const NodeRuntime& node)
{
    const auto* recorder = dynamic_cast<const RecorderNode*> (node.processor.get());
    return recorder != nullptr ? Json (recorder->getLost()) : Json();
}

Json guardToJson (const Engine& engine)
{
    const auto snapshot = rt::guard::getSnapshot();
    auto violations = Json::array();

    for (const auto& violation : snapshot.violations)
        violations.push_back (toJson (violation));

    return { { "mode", toString (rt::guard::getMode()) },
             { "total", snapshot.total },
             { "host", snapshot.host },
             { "suppressed", snapshot.suppressed },
             { "violations", std::move (violations) },
             { "overflow", snapshot.overflow },
             { "suppressions", toJson (snapshot.suppressions) },
             { "pageFaults", pageFaultsToJson (engine) },
             { "rescue", rescueToJson() } };
}
} // namespace

std::string Report::toText (const Engine& engine, rt::Collector::Stats collector) const
{
    auto text = toJson (engine, collector).dump (2);
    text.resize (text.size() - 2); // the last line's end and brace
    text += ",\n  \"flight\": ";
    appendFlight (text, recordings);
    text += "\n}\n";
    return text;
}

Json Report::toJson (const Engine& engine, rt::Collector::Stats collector) const
{
    const auto& times = engine.getBlockTimes();
    auto nodes = Json::array();

    for (const auto& node : engine.getGraph().getNodes())
    {
        const auto isMissing = std::find (missing.begin(), missing.end(), node->id) != missing.end();
        const auto& time = node->time;
        const auto isMeasured = time.getCount() > 0;

        nodes.push_back ({ { "id", node->id },
                           { "name", node->name },
                           { "isolation", "in-process" },
                           { "latency", node->processor->getLatencySamples() },
                           { "micros",
                             { { "p50", isMeasured ? Json (time.getPercentileMicros (0.5)) : Json() },
                               { "p99", isMeasured ? Json (time.getPercentileMicros (0.99)) : Json() },
                               { "max", isMeasured ? Json (time.getMaxMicros()) : Json() } } },
                           { "crashes", nullptr },
                           { "restarts", nullptr },
                           { "misses", nullptr },
                           { "mutedBlocks", node->mutedBlocks.load() },
                           { "droppedEvents", node->droppedEvents.load() },
                           { "lostSamples", lostSamplesToJson (*node) },
                           { "state", isMissing               ? "missing"
                                      : node->bypassed.load() ? "bypassed"
                                                              : "running" } });
    }

    return {
        { "blocks", engine.getBlockCount() },
        { "sampleRate", engine.getInfo().sampleRate },
        { "blockSize", engine.getInfo().maxBlockSize },
        { "threads", engine.getNumThreads() },
        { "xruns", orNull (xruns) },
        { "deadlineMisses", orNull (deadlineMisses) },
        { "clipped", clipped },
        { "blockMicros",
          { { "p50", times.getPercentileMicros (0.5) },
            { "p99", times.getPercentileMicros (0.99) },
            { "p999", times.getPercentileMicros (0.999) },
            { "max", times.getMaxMicros() } } },
        { "outputHash", orNull (outputHash) },
        { "nodes", std::move (nodes) },
        { "guard", guardToJson (engine) },
        { "collector",
          { { "allocated", collector.allocated }, { "collected", collector.collected }, { "pending", collector.pending } } },
        { "cache", cacheToJson() },
        { "latency", engine.getLatencySamples() },
        { "load", engine.getLoad() },
        { "droppedBlocks", engine.getDroppedBlocks() }
    };
}

std::string describeNode (const GraphModel& graph, NodeId id)
{
    const auto node = graph.find (id);
    return "node " + std::to_string (id) + (node ? " (" + node->name + ")" : "");
}

std::string describeLateBlock (const FlightRecorder::Recording& recording, const FlightRecorder::Block& block,
                               const GraphModel& graph)
{
    const auto toMillis = [] (std::int64_t nanos) { return juce::String (double (nanos) * 1.0e-6, 2).toStdString(); };
    auto text = "block " + std::to_string (block.number) + " was late (" + toMillis (block.lengthNanos) + " of "
                + toMillis (block.periodNanos) + " ms): ";

    if (block.culprit != 0)
        return text + describeNode (graph, block.culprit) + " had not come back";

    const FlightRecorder::Run* longest = nullptr;

    for (const auto& run : recording.runs)
        if (run.block == block.number && (longest == nullptr || run.lengthNanos > longest->lengthNanos))
            longest = &run;

    if (longest == nullptr)
        return text + "its nodes were not timed";

    return text + describeNode (graph, longest->node) + " took " + toMillis (longest->lengthNanos) + " ms on "
           + (longest->thread == 0 ? std::string ("the audio thread") : "worker " + std::to_string (longest->thread));
}

} // namespace host
