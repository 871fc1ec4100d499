#pragma once

#include "RenderPlan.h"

#include <rt_memory/Collector.h>

namespace host
{

/** How a new plan follows the one before. */
enum class Transition
{
    automatic, ///< fade if the plan before has been rendered
    fade,      ///< wires that come or go fade within 256 samples; a node that goes runs on as long as it is heard
    cut        ///< all is as the model says from the first sample on
};

/** Turns a model into a plan. Message thread; allocates. O((n + w) log (n + w)) in nodes and wires.

    Nodes run in an order that respects the wires and is otherwise by ascending id. Sources of an input add in ascending
    (node, channel), so that the output is the same whatever the order of execution. Paths of different latency are
    aligned at every fan-in and at the sinks, audio and MIDI alike (plugin delay compensation).

    @param previous  the plan before, or null: what has to go on sounding or fading is carried over, and so are the buffers
    @param carriesBuffers  false where a thread may still be at work on the buffers of the plan before
    Throws host::Error that names the nodes of a cycle without a feedback node.
*/
rt::Shared<const RenderPlan> compileGraph (const GraphModel&, const PrepareInfo&, rt::Collector&, const RenderPlan* previous,
                                           Transition = Transition::automatic, bool carriesBuffers = true);

} // namespace host
