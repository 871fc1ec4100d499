#include "CompilerLinks.h"

#include <algorithm>

namespace host::detail::compiler
{

namespace
{
/** The most ops that are equally many steps away from the inputs. */
void findWidth (RenderPlan& plan)
{
    std::vector<int> depths (plan.ops.size(), 0), widths (plan.ops.size() + 1, 0);

    for (std::size_t i = std::size_t (plan.numInputOps); i < plan.ops.size(); ++i)
    {
        const auto& op = plan.ops[i];
        plan.width = std::max (plan.width, ++widths[std::size_t (depths[i])]);
        plan.hasPlugins = plan.hasPlugins || op.isPlugin;

        for (int s = op.firstSuccessor; s < op.firstSuccessor + op.numSuccessors; ++s)
        {
            auto& depth = depths[std::size_t (plan.successors[std::size_t (s)])];
            depth = std::max (depth, depths[i] + 1);
        }
    }
}
} // namespace

void findSuccessors (CompilerState& state)
{
    auto& plan = *state.shared;
    std::vector<int> lastSeen (plan.ops.size(), none);

    for (std::size_t place = 0; place < plan.ops.size(); ++place)
    {
        const auto v = state.order[place];
        auto& op = plan.ops[place];
        op.firstSuccessor = int (plan.successors.size());

        const auto add = [&] (std::size_t vertex)
        {
            const auto successor = state.places[vertex];

            // The graph's own inputs are done before anybody begins.
            if (int (place) < plan.numInputOps || lastSeen[successor] == int (place))
                return;

            lastSeen[successor] = int (place);
            plan.successors.push_back (int (successor));
            ++plan.ops[successor].numPredecessors;
        };

        for (const auto& [wire, successor] : state.getOutgoing (v))
            add (successor);

        for (const auto later : state.getWaits (v))
            add (later);

        op.numSuccessors = int (plan.successors.size()) - op.firstSuccessor;
    }

    findWidth (plan);

    for (std::size_t place = std::size_t (plan.numInputOps); place < plan.ops.size(); ++place)
        if (plan.ops[place].numPredecessors == 0)
            plan.initialOps.push_back (int (place));
}

void findNewOps (CompilerState& state)
{
    for (std::size_t place = 0; place < state.shared->ops.size(); ++place)
    {
        const auto& op = state.shared->ops[place];

        // A plan that nobody has taken yet may never be.
        if (op.kind == Kind::process
            && (state.previous == nullptr || ! state.previous->isTaken.load (std::memory_order_acquire)
                || state.opsBefore[state.vertices[state.order[place]].nodeIndex] == nullptr))
            state.shared->newOps.push_back (int (place));
    }
}

} // namespace host::detail::compiler
