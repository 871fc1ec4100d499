#include "CompilerOrdering.h"

#include <algorithm>
#include <functional>
#include <queue>

namespace host::detail::compiler
{

namespace
{
Kind kindOf (NodeRole role)
{
    switch (role)
    {
        case NodeRole::audioInput: return Kind::audioInput;
        case NodeRole::audioOutput: return Kind::audioOutput;
        case NodeRole::midiInput: return Kind::midiInput;
        case NodeRole::midiOutput: return Kind::midiOutput;
        case NodeRole::feedback: return Kind::feedbackRead;
        case NodeRole::processor: break;
    }

    return Kind::process;
}

void makeVertices (CompilerState& state)
{
    const auto& nodes = state.shared->nodes;
    auto& outputVertex = state.outputVertex;
    outputVertex.resize (nodes.size());
    state.vertices.reserve (nodes.size() + 16);
    std::size_t firstWire = 0;

    for (std::size_t i = 0; i < nodes.size(); ++i)
    {
        auto* node = nodes[i].get();
        auto lastWire = firstWire;

        while (lastWire < state.candidates.size() && state.candidates[lastWire].toIndex == i)
            ++lastWire;

        // Other nodes read a feedback node from its reading half, which waits for nothing.
        outputVertex[i] = state.vertices.size();

        if (node->role == NodeRole::feedback)
        {
            state.vertices.push_back ({ node, Kind::feedbackRead, i, 0, 0 });
            state.vertices.push_back ({ node, Kind::feedbackWrite, i, firstWire, lastWire - firstWire });

            // What is stored has to be read before it is written over.
            state.addWait (outputVertex[i], outputVertex[i] + 1);
        }
        else
        {
            state.vertices.push_back ({ node, kindOf (node->role), i, firstWire, lastWire - firstWire });
        }

        firstWire = lastWire;
    }

    state.sourceVertex.resize (state.candidates.size());

    for (std::size_t i = 0; i < state.candidates.size(); ++i)
        state.sourceVertex[i] = outputVertex[state.candidates[i].fromIndex];

    findOutgoing (state);
}

/** Puts the vertices in an order of execution.
    @param counts  whether a wire, by its number, is there
    @returns false when some are left over, for they lie in a cycle or behind one */
template <typename Counts>
bool trySort (CompilerState& state, Counts&& counts)
{
    // The graph's own inputs first: they are done before the rest begins. What adds up comes while its sources are at hand.
    const auto rankOf = [&] (std::size_t vertex)
    {
        const auto kind = state.vertices[vertex].kind;
        return vertex + state.vertices.size() * (isSource (kind) ? 0u : kind == Kind::accumulate ? 1u : 2u);
    };
    std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;

    const auto meet = [&] (std::size_t vertex)
    {
        if (--state.vertices[vertex].numUnmet == 0)
            ready.push (rankOf (vertex));
    };

    state.order.clear();

    for (std::size_t v = 0; v < state.vertices.size(); ++v)
    {
        auto& vertex = state.vertices[v];
        vertex.numUnmet = 1 + vertex.numAwaited;

        for (auto w = vertex.firstWire; w < vertex.firstWire + vertex.numWires; ++w)
            vertex.numUnmet += counts (w) ? 1 : 0;

        meet (v);
    }

    while (! ready.empty())
    {
        const auto v = ready.top() % state.vertices.size();
        ready.pop();
        state.order.push_back (v);

        for (const auto& [wire, successor] : state.getOutgoing (v))
            if (counts (wire))
                meet (successor);

        for (const auto later : state.getWaits (v))
            meet (later);
    }

    return state.order.size() == state.vertices.size();
}

std::string describeCycle (const CompilerState& state)
{
    // Every vertex left over has a predecessor that is left over too: walking back must come round.
    const auto isLeft = [&] (std::size_t index) { return state.vertices[index].numUnmet > 0; };
    std::size_t index = 0;

    while (! isLeft (index))
        ++index;

    std::vector<std::size_t> walk;

    while (std::find (walk.begin(), walk.end(), index) == walk.end())
    {
        walk.push_back (index);
        const auto& vertex = state.vertices[index];

        for (auto w = vertex.firstWire; w < vertex.firstWire + vertex.numWires; ++w)
        {
            if (isInModel (state.candidates[w]) && isLeft (state.sourceVertex[w]))
            {
                index = state.sourceVertex[w];
                break;
            }
        }
    }

    const auto describe = [&] (std::size_t i)
    { return std::to_string (state.vertices[i].node->id) + " (" + state.vertices[i].node->name + ")"; };

    auto text = describe (index);

    for (auto step = walk.rbegin(); step != walk.rend(); ++step)
    {
        text += " -> " + describe (*step);

        if (*step == index)
            break;
    }

    return text;
}
} // namespace

void findOutgoing (CompilerState& state)
{
    state.firstOutgoing.assign (state.vertices.size() + 1, 0);

    for (const auto source : state.sourceVertex)
        ++state.firstOutgoing[source + 1];

    for (std::size_t i = 1; i < state.firstOutgoing.size(); ++i)
        state.firstOutgoing[i] += state.firstOutgoing[i - 1];

    state.outgoing.resize (state.candidates.size());
    auto next = state.firstOutgoing;

    for (std::size_t v = 0; v < state.vertices.size(); ++v)
        for (auto w = state.vertices[v].firstWire; w < state.vertices[v].firstWire + state.vertices[v].numWires; ++w)
            state.outgoing[next[state.sourceVertex[w]]++] = { w, v };
}

bool trySort (CompilerState& state)
{
    return trySort (state, [] (std::size_t) { return true; });
}

void sortVertices (CompilerState& state)
{
    makeVertices (state);

    if (trySort (state))
        return;

    // Without what fades out there must be none, or the model itself has a cycle.
    if (! trySort (state, [&] (std::size_t wire) { return isInModel (state.candidates[wire]); }))
        throw Error ("the graph", "has a cycle: " + describeCycle (state),
                     "put a feedback node in the loop, or take one of its wires out");

    // The new wires that would close one wait for those that go.
    trySort (state);
    std::vector<bool> isWaiting (state.candidates.size());

    for (std::size_t v = 0; v < state.vertices.size(); ++v)
        for (const auto& [wire, successor] : state.getOutgoing (v))
            isWaiting[wire] =
                state.candidates[wire].isNew && state.vertices[v].numUnmet > 0 && state.vertices[successor].numUnmet > 0;

    std::vector<Candidate> staying;

    for (std::size_t i = 0; i < state.candidates.size(); ++i)
        if (! isWaiting[i])
            staying.push_back (state.candidates[i]);

    state.candidates = std::move (staying);
    state.shared->isDeferring = true;
    state.vertices.clear();
    state.waits.clear();
    makeVertices (state);
    trySort (state);
}

} // namespace host::detail::compiler
