#pragma once

#include "RenderPlan.h"

#include <rt_memory/Collector.h>

namespace host
{

/** Turns a model into a plan. Message thread; allocates.

    Nodes run in an order that respects the wires and is otherwise by ascending id. Sources of an input add in ascending
    (node, channel), so that the output is the same whatever the order of execution. Paths of different latency are
    aligned at every fan-in and at the sinks, audio and MIDI alike (plugin delay compensation).

    @param previous  the plan before, or null: delay lines of wires that stay as they were are carried over
    Throws host::Error that names the nodes of a cycle without a feedback node.
*/
rt::Shared<const RenderPlan> compileGraph (const GraphModel&, const PrepareInfo&, rt::Collector&,
                                           const RenderPlan* previous);

} // namespace host
