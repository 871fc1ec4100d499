#include "RenderPlan.h"

#include <algorithm>

namespace host
{

const RenderPlan::Op* RenderPlan::findOp (const NodeRuntime* node) const noexcept
{
    auto found = std::lower_bound (nodes.begin(), nodes.end(), node->id,
                                   [] (const auto& candidate, NodeId id) { return candidate->id < id; });

    while (found != nodes.end() && (*found)->id == node->id && found->get() != node)
        ++found;

    if (found == nodes.end() || found->get() != node)
        return nullptr;

    return &ops[std::size_t (opOfNode[std::size_t (found - nodes.begin())])];
}

namespace
{
template <typename T>
std::size_t bytesOf (const std::vector<T>& list) noexcept
{
    return list.capacity() * sizeof (T);
}
} // namespace

std::size_t RenderPlan::getMemoryBytes() const noexcept
{
    auto bytes = sizeof (RenderPlan) + bytesOf (ops) + bytesOf (sinks) + bytesOf (initialOps) + bytesOf (channelSlots)
                 + bytesOf (copies) + bytesOf (mixes) + bytesOf (sources) + bytesOf (midiSources) + bytesOf (plainSources) + bytesOf (successors)
                 + bytesOf (nodes) + bytesOf (opOfNode) + bytesOf (wires) + bytesOf (audioEdges) + bytesOf (midiEdges)
                 + bytesOf (bypassDelays) + bytesOf (newOps) + bytesOf (fadingAudio) + bytesOf (fadingMidi)
                 + bytesOf (channelPointers) + bytesOf (sourcePointers);

    bytes += sizeof (Workspace) + bytesOf (workspace->samples) + bytesOf (workspace->isSilent)
             + bytesOf (workspace->unmetInputs)
             + workspace->midiBuffers.size() * (sizeof (juce::MidiBuffer) + std::size_t (midiCapacityBytes));

    const auto addLines = [&] (const auto& uses)
    {
        for (const auto& use : uses)
            bytes += sizeof (AudioEdge) + (use.wish.line ? std::size_t (use.wish.line->getDelay()) * sizeof (float) : 0);
    };

    addLines (audioEdges);
    addLines (bypassDelays);

    for (const auto& use : midiEdges)
        bytes += sizeof (MidiEdge) + (use.wish.line ? 2 * std::size_t (midiCapacityBytes) : 0);

    return bytes;
}

} // namespace host
