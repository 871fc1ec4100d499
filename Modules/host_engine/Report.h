#pragma once

#include "Engine.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace host
{

/** What a render or a live run says of itself at its end: `--report FILE`. What does not exist yet is null, not 0. */
struct Report
{
    std::optional<std::uint64_t> xruns, deadlineMisses; ///< empty where nobody counts them
    std::uint64_t clipped = 0;
    std::optional<std::string> outputHash;
    std::vector<NodeId> missing; ///< nodes whose plugin could not be made

    /** Around missed deadlines, and at the end. */
    std::vector<FlightRecorder::Recording> recordings;
    static constexpr std::size_t mostRecordings = 8;

    /** One JSON document. Message thread, after the audio thread has stopped. The keys are the program's contract. */
    std::string toText (const Engine&, rt::Collector::Stats) const;

private:
    nlohmann::ordered_json toJson (const Engine&, rt::Collector::Stats) const;
};

/** "node 3 (Echo)", for a person. */
std::string describeNode (const GraphModel&, NodeId);

/** Which nodes took the most of a block that was late, for a person. */
std::string describeLateBlock (const FlightRecorder::Recording&, const FlightRecorder::Block&, const GraphModel&);

} // namespace host
