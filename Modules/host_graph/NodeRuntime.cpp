#include "NodeRuntime.h"

#include "RenderPlan.h"

#include <cmath>

namespace host
{

void NodeRuntime::prepare (const PrepareInfo& info)
{
    if (preparedFor == info)
        return;

    preparedFor = {};
    processor->prepare (info);
    preparedFor = info;
    isWarm = false;
    isIdle = false;
    silentSamples = 0;
    idleAfter = -1;

    if (ports.midiInput || ports.midiOutput)
    {
        pieceMidi.ensureSize (RenderPlan::midiCapacityBytes);
        midiOfPieces.ensureSize (RenderPlan::midiCapacityBytes);
    }

    // An instrument may play without a note, and a plugin whose tail is not known may sound whenever it likes. A second longer than
    // it says, in which nothing at all may come out, is for those who do not say what they do.
    constexpr auto patienceSeconds = 1.0;
    const auto tail = role == NodeRole::processor ? processor->getTailSeconds() : std::nullopt;

    if (ports.audioInputs > 0 && ! ports.midiInput && tail.has_value() && std::isfinite (*tail))
        idleAfter = std::int64_t (std::ceil ((*tail + patienceSeconds) * info.sampleRate)) + processor->getLatencySamples();
}

} // namespace host
