#include "FlightRecorder.h"

#include <algorithm>

namespace host
{

FlightRecorder::Recording FlightRecorder::copy() const
{
    Recording recording;

    for (auto i = nextBlock < numBlocks ? 0 : nextBlock - numBlocks; i < nextBlock; ++i)
        recording.blocks.push_back (blocks[std::size_t (i % numBlocks)]);

    const auto oldest = recording.blocks.empty() ? 0 : recording.blocks.front().number;

    for (const auto& lane : lanes)
        for (auto i = lane.next < numRunsPerThread ? 0 : lane.next - numRunsPerThread; i < lane.next; ++i)
            if (const auto& run = lane.runs[std::size_t (i % numRunsPerThread)]; run.block >= oldest)
                recording.runs.push_back (run);

    std::sort (recording.runs.begin(), recording.runs.end(),
               [] (const Run& a, const Run& b) { return a.startNanos < b.startNanos; });
    return recording;
}

} // namespace host
