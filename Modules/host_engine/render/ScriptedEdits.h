#pragma once

#include "../Engine.h"
#include "../session/NodeFactory.h"
#include "../session/SessionGraph.h"
#include "EditScript.h"

#include <cstdint>
#include <string>
#include <vector>

namespace host
{

/** The edits of a script for one graph: checked from the first to the last before anything sounds, then made one
    transaction at a time. Edits with the same `at` are one transaction. Message thread.

    Must be gone before the engine and its collector are.
*/
class ScriptedEdits
{
public:
    /** What one transaction may set: fewer than the engine lets be under way. */
    static constexpr int mostParameters = 1000;

    /** Makes the nodes that the script adds. Paths in them are relative to the session's folder. What is missing (a silent
        placeholder then), the notes and the length of music go into `made`; its graph stays as it is. Throws host::Error
        with the line for a node that makes no sense.
        @param session  that `made` was made from */
    ScriptedEdits (EditScript, const Session&, NodeFactory&, SessionGraph& made);

    /** Prepares the new nodes, and makes all edits on a copy of the engine's graph, which sees nothing of it. Throws
        host::Error with the line of the first edit that cannot be made at that point of the script: an unknown node, port or
        parameter, a value out of range, an id in use, a wire that is there or is not, a cycle. */
    void check (Engine&);

    std::size_t getNumTransactions() const noexcept { return transactions.size(); }

    /** In rendered samples; ascending. */
    std::int64_t getTime (std::size_t transaction) const { return transactions[transaction].at; }

    /** Changes the engine's graph, parameters and bypasses; in ascending order, once each, after check(). The thread that
        renders stands at getTime() meanwhile. */
    void apply (std::size_t transaction, Engine&);

    /** A line for the person about the transactions from this one on, which came too late.
        @param samples  how many were rendered */
    std::string describeLeftOut (std::size_t firstTransaction, std::int64_t samples) const;

    /** What check() saw: the longest tail of all graphs that the script makes, the first one too, in seconds. */
    double getLongestTail() const noexcept { return longestTail; }

    /** What check() has to tell, one line each. */
    const std::vector<std::string>& getNotes() const noexcept { return notes; }

    /** That the script adds. */
    const std::vector<GraphModel::Node>& getNewNodes() const noexcept { return newNodes; }

    /** That apply() took out. */
    const std::vector<GraphModel::Node>& getRemovedNodes() const noexcept { return removedNodes; }

private:
    struct Edit : EditScript::Edit
    {
        GraphModel::Node runtime; ///< add: the new node; set, bypass: the node of that point; null: to be left out
        int index = 0;            ///< set: of the parameter
    };

    struct Transaction
    {
        std::int64_t at = 0;
        std::size_t first = 0, end = 0; ///< into edits
        bool changesGraph = false;
    };

    void makeNode (Edit&, const Session&, NodeFactory&, SessionGraph&);
    void groupEdits();
    void prepareNodes (const PrepareInfo&);
    void checkEdit (Edit&, const GraphModel&);
    void checkSet (Edit&, const GraphModel&);
    void checkTransaction (const Transaction&, GraphModel&, Engine&);
    static GraphModel::Node require (NodeId, const GraphModel&, const std::string& what);
    static void change (GraphModel&, const Edit&);

    EditScript script;
    std::vector<Edit> edits;
    std::vector<Transaction> transactions;
    std::vector<GraphModel::Node> newNodes, removedNodes;
    std::vector<std::string> notes;
    double longestTail = 0.0;
};

} // namespace host
