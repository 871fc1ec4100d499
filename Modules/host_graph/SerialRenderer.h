#pragma once

#include "Renderer.h"

#include <rt_guard/Nonblocking.h>

namespace host
{

/** Runs a plan on the calling thread, op by op: the reference for every other way of running it.

    render() allocates nothing, takes no lock and makes no system call; what the plugins in the plan do is theirs, and the
    guard knows which node is running. Time: linear in the plan. One thread at a time renders a plan.
*/
class SerialRenderer final : public Renderer
{
public:
    void render (const RenderPlan&, const BlockIO&) noexcept RT_NONBLOCKING;
};

} // namespace host
