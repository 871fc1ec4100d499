#include "CompilerMixes.h"

#include "CompilerOrdering.h"

#include <algorithm>
#include <utility>

namespace host::detail::compiler
{

namespace
{
/** A channel with at least so many sources is summed up step by step, so many in one; and sources of one step wait for the sums of so
    many steps before. */
constexpr std::size_t leastWideSources = 32, sourcesPerStep = 16, stepsAhead = 2;

constexpr auto noVertex = std::size_t (-1);

/** The step that reads a channel's source of this number: so many in the first one, then one less beside the sum so far. */
std::size_t getStepOf (std::size_t source) { return source < sourcesPerStep ? 0 : (source - 1) / (sourcesPerStep - 1); }

std::size_t getFirstOf (std::size_t step) { return step == 0 ? 0 : (sourcesPerStep - 1) * step + 1; }

/** A channel that very many sources are mixed into is summed up in steps, by a chain of accumulate ops: each adds a few sources to the
    sum, and what it has read is free for sources that come later. So the buffers stay in the first-level cache, where a thousand
    outputs that all live until the end of the block do not. The order of the sum stays, so it is the same to the bit. */
class WideMixSplitter
{
public:
    explicit WideMixSplitter (CompilerState& stateToUse) : state (stateToUse) {}

    void run()
    {
        const auto isWide = [] (const Vertex& vertex) { return vertex.numWires >= leastWideSources; };

        if (std::none_of (state.vertices.begin(), state.vertices.end(), isWide))
            return;

        findOnlySources();
        const auto wires = std::exchange (state.candidates, {});
        const auto sources = std::exchange (state.sourceVertex, {});
        state.candidates.reserve (wires.size() + wires.size() / 4);
        std::vector<std::pair<std::size_t, std::size_t>> toWait; // an accumulate op and what comes after it

        for (std::size_t v = 0, numVertices = state.vertices.size(); v < numVertices; ++v)
        {
            const auto first = state.vertices[v].firstWire, last = first + state.vertices[v].numWires;

            if (isWide (state.vertices[v]))
            {
                splitWideMix (v, { wires.data() + first, last - first }, { sources.data() + first, last - first }, toWait);
                continue;
            }

            state.vertices[v].firstWire = state.candidates.size();
            state.candidates.insert (state.candidates.end(), wires.begin() + std::ptrdiff_t (first),
                                     wires.begin() + std::ptrdiff_t (last));
            state.sourceVertex.insert (state.sourceVertex.end(), sources.begin() + std::ptrdiff_t (first),
                                       sources.begin() + std::ptrdiff_t (last));
        }

        std::sort (toWait.begin(), toWait.end());

        for (const auto& [sum, later] : toWait)
            state.addWait (sum, later);

        findOutgoing (state);
        [[maybe_unused]] const auto isSorted = trySort (state);
        jassert (isSorted);
    }

private:
    void findOnlySources()
    {
        onlySource.assign (state.vertices.size(), noVertex);

        for (std::size_t v = 0; v < state.vertices.size(); ++v)
        {
            const auto first = state.sourceVertex.begin() + std::ptrdiff_t (state.vertices[v].firstWire);
            const auto last = first + std::ptrdiff_t (state.vertices[v].numWires);

            if (first != last && std::all_of (first, last, [first] (std::size_t source) { return source == *first; }))
                onlySource[v] = *first;
        }
    }

    /** @param wires    into the vertex
        @param sources  their vertices */
    void splitWideMix (std::size_t v, std::span<const Candidate> wires, std::span<const std::size_t> sources,
                       std::vector<std::pair<std::size_t, std::size_t>>& toWait)
    {
        // The channels that are wide, as ranges of the wires.
        std::vector<std::pair<std::size_t, std::size_t>> channels;
        std::size_t numSteps = 0;

        for (std::size_t first = 0, last = 0; first < wires.size(); first = last)
        {
            while (last < wires.size() && wires[last].wire.toChannel == wires[first].wire.toChannel)
                ++last;

            if (last - first < leastWideSources || wires[first].wire.isMidi())
                continue;

            channels.emplace_back (first, last);
            numSteps = std::max (numSteps, getStepOf (last - first - 1));
        }

        const auto firstSum = state.vertices.size();

        // The sum so far, as a wire from one step to the next. Only what the ops are made of counts from here on.
        const auto addSum = [&] (std::size_t step, std::size_t channel, int toChannel)
        {
            Candidate sum;
            sum.wire.from = sum.wire.to = state.vertices[v].node;
            sum.wire.fromChannel = int (channel);
            sum.wire.toChannel = toChannel;
            state.candidates.push_back (sum);
            state.sourceVertex.push_back (firstSum + step);
        };

        const auto addWire = [&] (std::size_t wire)
        {
            state.candidates.push_back (wires[wire]);
            state.sourceVertex.push_back (sources[wire]);
        };

        for (std::size_t step = 0; step < numSteps; ++step)
        {
            Vertex sum{ state.vertices[v].node, Kind::accumulate, state.vertices[v].nodeIndex, state.candidates.size(), 0 };
            sum.arrival = state.vertices[v].arrival;
            sum.numSums = int (channels.size());

            for (std::size_t channel = 0; channel < channels.size(); ++channel)
            {
                const auto [first, last] = channels[channel];

                if (step > 0)
                    addSum (step - 1, channel, int (channel));

                // The last of a channel's sources are the vertex' own.
                if (step < getStepOf (last - first - 1))
                {
                    for (auto i = first + getFirstOf (step); i < first + getFirstOf (step + 1); ++i)
                    {
                        addWire (i);
                        state.candidates.back().wire.toChannel = int (channel);
                    }
                }
            }

            sum.numWires = state.candidates.size() - sum.firstWire;
            state.vertices.push_back (sum);
        }

        const auto firstWire = state.candidates.size();
        auto nextWide = channels.begin();

        for (std::size_t i = 0; i < wires.size();)
        {
            if (nextWide != channels.end() && i == nextWide->first)
            {
                addSum (numSteps - 1, std::size_t (nextWide - channels.begin()), wires[i].wire.toChannel);
                i += getFirstOf (getStepOf (nextWide->second - nextWide->first - 1));
                ++nextWide;
            }

            addWire (i++);
        }

        state.vertices[v].firstWire = firstWire;
        state.vertices[v].numWires = state.candidates.size() - firstWire;

        // Sources, and the first step that reads each.
        std::vector<std::pair<std::size_t, std::size_t>> reads;

        for (const auto& [first, last] : channels)
            for (auto i = first; i < last; ++i)
                reads.emplace_back (sources[i], getStepOf (i - first));

        std::sort (reads.begin(), reads.end());
        reads.erase (
            std::unique (reads.begin(), reads.end(), [] (const auto& a, const auto& b) { return a.first == b.first; }),
            reads.end());

        for (const auto& [source, step] : reads)
            if (step >= stepsAhead)
                if (const auto head = findHead (source, v); head != noVertex)
                    toWait.emplace_back (firstSum + step - stepsAhead, head);
    }

    /** Where the branch begins that leads from one of our own nodes to the next and by way of the source into the vertex, and nowhere
        else; noVertex where it does not, or has a plugin in it. Those take longer than a cache misses, and nobody is to wait for them
        who need not. Called with what goes out as it was without accumulate ops. */
    std::size_t findHead (std::size_t source, std::size_t vertex) const
    {
        const auto leadsOnlyTo = [&] (std::size_t from, std::size_t to)
        {
            const auto ways = state.getOutgoing (from);
            return state.vertices[from].kind == Kind::process
                   && std::all_of (ways.begin(), ways.end(), [to] (const auto& way) { return way.to == to; });
        };

        if (! leadsOnlyTo (source, vertex))
            return noVertex;

        for (auto head = source;;)
        {
            if (state.vertices[head].node->processor->isPlugin())
                return noVertex;

            const auto before = onlySource[head];

            if (before == noVertex || ! leadsOnlyTo (before, head))
                return head;

            head = before;
        }
    }

    CompilerState& state;
    std::vector<std::size_t> onlySource; ///< by vertex: where all its wires come from; or noVertex
};
} // namespace

void splitWideMixes (CompilerState& state) { WideMixSplitter (state).run(); }

} // namespace host::detail::compiler
