#pragma once

#include "Error.h"
#include "NodeRuntime.h"

#include <rt_memory/Shared.h>

#include <algorithm>
#include <compare>
#include <string>
#include <vector>

namespace host
{

/** One end of a wire: "id:channel" or "id:midi" in the session file. */
struct PortRef
{
    static constexpr int midi = -1;

    NodeId node = 0;
    int channel = 0;

    bool isMidi() const noexcept { return channel == midi; }
    std::string toString() const;

    /** Throws host::Error when the text is not "id:channel" or "id:midi". */
    static PortRef parse (const std::string&);

    auto operator<=> (const PortRef&) const = default;
};

struct Wire
{
    PortRef from, to;

    std::string toString() const { return from.toString() + " -> " + to.toString(); }
    auto operator<=> (const Wire&) const = default;
};

/** The graph as a value: nodes by ascending id, wires sorted by destination, then source. Message thread.

    Copying a model copies references to the nodes, not the nodes: an edit is a changed copy that is compiled and published.
*/
class GraphModel
{
public:
    using Node = rt::Shared<NodeRuntime>;

    /** Throws host::Error for id 0 or one in use. */
    void addNode (Node);

    /** Takes the node's wires away too. */
    void removeNode (NodeId);

    /** Throws host::Error for an unknown node or port, MIDI into audio, or a wire that is there already. Cycles are told by
        the compiler. */
    void connect (const Wire&);

    /** Throws host::Error when there is no such wire. */
    void disconnect (const Wire&);

    /** Whether a wire is delayed to align with others; they all are to begin with. One that is not (low-latency monitoring) comes
        as early as it can, and makes no other path later. Throws host::Error when there is no such wire. */
    void setCompensated (const Wire&, bool isCompensated);

    bool isCompensated (const Wire& wire) const noexcept
    {
        return uncompensated.empty() || std::find (uncompensated.begin(), uncompensated.end(), wire) == uncompensated.end();
    }

    const std::vector<Node>& getNodes() const noexcept { return nodes; }
    const std::vector<Wire>& getWires() const noexcept { return wires; }

    /** Null when there is none. */
    Node find (NodeId) const;

private:
    std::vector<Node> nodes;
    std::vector<Wire> wires;
    std::vector<Wire> uncompensated; ///< a few at most
};

} // namespace host
