#include "CanvasLayout.h"

#include <algorithm>
#include <functional>
#include <set>

namespace gui
{

namespace
{
constexpr double left = 20.0, top = 40.0, columnDistance = 176.0, rowGap = 40.0, clearance = 20.0;
constexpr int looseColumns = 5;

/** Who feeds whom, without what closes a circle. */
struct Flow
{
    Flow (const std::vector<NodeShape>& shapes, const std::vector<host::Wire>& wires)
    {
        std::set<host::NodeId> known;

        for (const auto& shape : shapes)
            known.insert (shape.getId());

        std::map<host::NodeId, std::set<host::NodeId>> all;

        for (const auto& wire : wires)
            if (wire.from.node != wire.to.node && known.contains (wire.from.node) && known.contains (wire.to.node))
                all[wire.from.node].insert (wire.to.node);

        // Depth first; a way back to a node that is on the path closes a circle. A list of its own in place of recursion:
        // a chain may be thousands of nodes long.
        std::map<host::NodeId, bool> isDone;
        std::vector<std::pair<host::NodeId, std::vector<host::NodeId>>> path;
        std::vector<host::NodeId> finished;

        const auto enter = [&] (host::NodeId id)
        {
            isDone[id] = false;
            path.push_back ({ id, { all[id].begin(), all[id].end() } });
        };

        for (const auto& shape : shapes)
        {
            if (isDone.contains (shape.getId()))
                continue;

            enter (shape.getId());

            while (! path.empty())
            {
                auto& [id, rest] = path.back();

                if (rest.empty())
                {
                    isDone[id] = true;
                    finished.push_back (id);
                    path.pop_back();
                    continue;
                }

                const auto next = rest.back();
                rest.pop_back();
                const auto seen = isDone.find (next);

                if (seen != isDone.end() && ! seen->second)
                    continue;

                sources[next].push_back (id);
                hasOutput.insert (id);

                if (seen == isDone.end())
                    enter (next);
            }
        }

        // Finished last comes first: every node after its sources.
        for (auto id = finished.rbegin(); id != finished.rend(); ++id)
        {
            auto& column = columns[*id];

            for (const auto source : sources[*id])
                column = std::max (column, columns[source] + 1);
        }
    }

    std::map<host::NodeId, std::vector<host::NodeId>> sources;
    std::set<host::NodeId> hasOutput;
    std::map<host::NodeId, int> columns;
};
} // namespace

juce::Rectangle<double> getCardArea (const NodeShape& shape, juce::Point<double> middle)
{
    return juce::Rectangle<double> (double (NodeShape::width), double (shape.getHeight())).withCentre (middle);
}

std::map<host::NodeId, juce::Point<double>> layOutNodes (const std::vector<NodeShape>& shapes,
                                                         const std::vector<host::Wire>& wires,
                                                         const std::vector<juce::Rectangle<double>>& taken)
{
    Flow flow (shapes, wires);
    std::map<int, std::vector<const NodeShape*>> columns;
    std::vector<const NodeShape*> loose;

    for (const auto& shape : shapes)
    {
        if (flow.sources[shape.getId()].empty() && ! flow.hasOutput.contains (shape.getId()))
            loose.push_back (&shape);
        else
            columns[flow.columns[shape.getId()]].push_back (&shape);
    }

    std::map<host::NodeId, juce::Point<double>> result;
    auto bottom = top;

    const auto place = [&] (const NodeShape& shape, double x, double cardTop)
    {
        auto area = juce::Rectangle<double> (x, cardTop, double (NodeShape::width), double (shape.getHeight()));

        for (bool isFree = false; ! isFree;)
        {
            isFree = true;

            for (const auto& other : taken)
            {
                if (other.expanded (clearance).intersects (area))
                {
                    area.setY (other.getBottom() + clearance);
                    isFree = false;
                }
            }
        }

        result[shape.getId()] = area.getCentre();
        bottom = std::max (bottom, area.getBottom() + rowGap);
        return area.getBottom();
    };

    for (auto& [column, members] : columns)
    {
        std::vector<std::pair<double, const NodeShape*>> wanted;

        for (const auto* shape : members)
        {
            const auto& sources = flow.sources[shape->getId()];
            auto middle = 0.0;

            for (const auto source : sources)
                middle += result[source].y / double (sources.size());

            wanted.push_back ({ sources.empty() ? top : middle - 0.5 * shape->getHeight(), shape });
        }

        std::sort (wanted.begin(), wanted.end(), [] (const auto& a, const auto& b)
                   { return a.first != b.first ? a.first < b.first : a.second->getId() < b.second->getId(); });
        auto next = top;

        for (const auto& [cardTop, shape] : wanted)
            next = place (*shape, left + columnDistance * column, std::max (cardTop, next)) + rowGap;
    }

    // Nodes without wires stand in rows below all others.
    for (std::size_t i = 0; i < loose.size();)
    {
        const auto rowTop = bottom;

        for (int column = 0; column < looseColumns && i < loose.size(); ++column, ++i)
            place (*loose[i], left + columnDistance * column, rowTop);
    }

    return result;
}

juce::Point<double> findFreePlace (juce::Point<double> wished, juce::Point<double> size,
                                   const std::vector<juce::Rectangle<double>>& taken)
{
    constexpr double step = 4.0;
    constexpr int farthest = 500; // steps

    const auto isFree = [&] (juce::Point<double> place)
    {
        const auto area = juce::Rectangle<double> (size.x, size.y).withCentre (place).expanded (0.5 * clearance);
        return std::none_of (taken.begin(), taken.end(), [&] (const auto& other) { return other.intersects (area); });
    };

    for (int i = 0; i < farthest; ++i)
        for (const auto way : { step * i, -step * i })
            if (const auto place = wished.translated (0.0, way); isFree (place))
                return place;

    return wished;
}

int findNeighbour (const std::vector<juce::Point<double>>& places, int from, juce::Point<int> direction)
{
    if (from < 0 || from >= int (places.size()))
        return -1;

    const auto origin = places[std::size_t (from)];
    int best = -1;
    auto bestCost = std::numeric_limits<double>::max();

    for (int i = 0; i < int (places.size()); ++i)
    {
        const auto way = places[std::size_t (i)] - origin;
        const auto along = way.x * direction.x + way.y * direction.y;
        const auto aside = std::abs (way.x * direction.y) + std::abs (way.y * direction.x);

        if (i == from || along <= 0.5 || aside > 2.0 * along)
            continue;

        if (const auto cost = along + 2.0 * aside; cost < bestCost)
        {
            bestCost = cost;
            best = i;
        }
    }

    return best;
}

} // namespace gui
