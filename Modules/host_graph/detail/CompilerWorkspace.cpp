#include "CompilerWorkspace.h"

#include <cstdint>

namespace host::detail::compiler
{

namespace
{
rt::Shared<RenderPlan::Workspace> makeWorkspace (const CompilerState& state, std::size_t stride, std::size_t numOps,
                                                 std::size_t numSlots, std::size_t numMidi)
{
    // A new graph gets what it needs; one that grows gets more, or every node that is added would bring new buffers.
    const auto withRoom = [&] (std::size_t size) { return state.previous == nullptr ? size : size + size / 4 + 8; };
    auto workspace = rt::makeShared<RenderPlan::Workspace> (state.collector);
    workspace->stride = stride;
    workspace->samples.resize (withRoom (numSlots) * stride + 15);
    workspace->isSilent.resize (withRoom (numOps));
    workspace->unmetInputs = std::vector<std::atomic<int>> (withRoom (numOps));
    workspace->midiBuffers.resize (numMidi == 0 ? 0 : withRoom (numMidi));

    const auto address = reinterpret_cast<std::uintptr_t> (workspace->samples.data());
    workspace->firstSlot = workspace->samples.data() + (((address + 63) & ~std::uintptr_t (63)) - address) / sizeof (float);

    for (auto& buffer : workspace->midiBuffers)
        buffer.ensureSize (RenderPlan::midiCapacityBytes);

    return workspace;
}
} // namespace

void addWorkspace (CompilerState& state)
{
    auto& plan = *state.shared;
    const auto numOps = plan.ops.size(), numSlots = std::size_t (plan.numSlots),
               numMidi = std::size_t (state.numMidiBuffers);

    // Slots start on cache lines.
    const auto stride = (std::size_t (state.info.maxBlockSize) + 15) & ~std::size_t (15);
    const auto fits = [&] (const RenderPlan::Workspace& space)
    {
        return space.stride == stride && space.samples.size() >= numSlots * stride + 15
               && space.midiBuffers.size() >= numMidi && space.isSilent.size() >= numOps;
    };

    if (state.carriesBuffers && state.previous != nullptr && fits (*state.previous->workspace))
        plan.workspace = state.previous->workspace;
    else
        plan.workspace = makeWorkspace (state, stride, numOps, numSlots, numMidi);

    auto* first = plan.workspace->firstSlot;
    plan.channelPointers.reserve (plan.channelSlots.size());
    plan.sourcePointers.reserve (plan.sources.size());

    for (const auto slot : plan.channelSlots)
        plan.channelPointers.push_back (first + std::size_t (slot) * stride);

    for (auto& op : plan.ops)
        op.channels = plan.channelPointers.data() + op.firstChannel;

    for (const auto& source : plan.sources)
        plan.sourcePointers.push_back (first + std::size_t (source.slot) * stride);

    for (std::size_t i = 0; i < state.copySlots.size(); ++i)
    {
        plan.copies[i].to = first + std::size_t (state.copySlots[i].first) * stride;
        plan.copies[i].from = first + std::size_t (state.copySlots[i].second) * stride;
    }
}

} // namespace host::detail::compiler
