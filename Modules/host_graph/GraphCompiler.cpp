#include "GraphCompiler.h"

#include "detail/CompilerEdges.h"
#include "detail/CompilerGathering.h"
#include "detail/CompilerLinks.h"
#include "detail/CompilerMixes.h"
#include "detail/CompilerOps.h"
#include "detail/CompilerOrdering.h"
#include "detail/CompilerWorkspace.h"

#include <utility>

namespace host
{

rt::Shared<const RenderPlan> compileGraph (const GraphModel& model, const PrepareInfo& info, rt::Collector& collector,
                                           const RenderPlan* previous, Transition transition, bool carriesBuffers)
{
    using namespace detail::compiler;
    CompilerState state (model, info, collector, previous, transition, carriesBuffers);
    gatherNodesAndWires (state);
    sortVertices (state);
    findLatencies (state);
    addWires (state);
    splitWideMixes (state);
    emitOps (state);
    findSuccessors (state);
    findNewOps (state);
    addWorkspace (state);
    return std::move (state.shared);
}

} // namespace host
