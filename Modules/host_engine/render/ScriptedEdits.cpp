#include "ScriptedEdits.h"

#include "../session/PlaceholderNode.h"
#include "OfflineRender.h"

namespace host
{

namespace
{
using Verb = EditScript::Verb;

bool isOfGraph (Verb verb) { return verb != Verb::set && verb != Verb::bypass; }

/** An error in the work gets the line in front. */
template <typename Work>
auto inLine (const std::string& what, const Work& work)
{
    try
    {
        return work();
    }
    catch (const Error& error)
    {
        throw Error (what + ": " + error.what(), error.getKind());
    }
}
} // namespace

ScriptedEdits::ScriptedEdits (EditScript scriptToUse, const Session& session, NodeFactory& factory, SessionGraph& made)
    : script (std::move (scriptToUse))
{
    made.notes.insert (made.notes.end(), script.notes.begin(), script.notes.end());

    // For the ports of placeholders.
    const auto sessionOfAll = session.withWires (script.getConnectedWires());

    for (const auto& edit : script.edits)
    {
        edits.push_back ({ edit, {}, 0 });

        if (edit.verb == Verb::add)
            makeNode (edits.back(), sessionOfAll, factory, made);
    }

    groupEdits();
}

void ScriptedEdits::makeNode (Edit& edit, const Session& session, NodeFactory& factory, SessionGraph& result)
{
    const auto made = inLine (script.describe (edit), [&] { return factory.make (edit.newNode, session); });
    edit.runtime = made.runtime;
    newNodes.push_back (made.runtime);

    if (! made.missing.empty())
        result.missing.push_back ({ made.runtime->id, made.runtime->name, made.missing });

    if (made.musicSeconds)
        result.musicSeconds = std::max (result.musicSeconds.value_or (0.0), *made.musicSeconds);

    result.notes.insert (result.notes.end(), made.notes.begin(), made.notes.end());
}

void ScriptedEdits::groupEdits()
{
    for (std::size_t i = 0; i < edits.size(); ++i)
    {
        if (transactions.empty() || transactions.back().at != edits[i].at)
            transactions.push_back ({ edits[i].at, i, i });

        transactions.back().end = i + 1;
        transactions.back().changesGraph |= isOfGraph (edits[i].verb);
    }
}

//======================================================================================================================
void ScriptedEdits::check (Engine& engine)
{
    prepareNodes (engine.getInfo());
    auto graph = engine.getGraph();
    longestTail = findLongestTail (graph);

    for (const auto& transaction : transactions)
        checkTransaction (transaction, graph, engine);
}

void ScriptedEdits::prepareNodes (const PrepareInfo& info)
{
    for (auto& edit : edits)
    {
        if (edit.verb != Verb::add)
            continue;

        // As the engine does; that finds them ready then. One that cannot be prepared is told before anything sounds.
        auto& node = *edit.runtime;
        inLine (script.describe (edit), [&] { node.processor->prepare (info); });
        node.preparedFor = info;
        node.isWarm = false;
    }
}

void ScriptedEdits::checkTransaction (const Transaction& transaction, GraphModel& graph, Engine& engine)
{
    int numParameters = 0;
    const Edit* lastConnection = nullptr;

    for (auto i = transaction.first; i < transaction.end; ++i)
    {
        auto& edit = edits[i];
        checkEdit (edit, graph);
        inLine (script.describe (edit), [&] { change (graph, edit); });

        if (edit.verb == Verb::connect)
            lastConnection = &edit;

        if (edit.verb == Verb::set && ++numParameters > mostParameters)
            throw Error (script.describe (edit),
                         "more than " + std::to_string (mostParameters) + " parameters are set at one sample",
                         "set some of them a sample later");
    }

    if (lastConnection != nullptr)
    {
        inLine (script.describe (*lastConnection),
                [&] { compileGraph (graph, engine.getInfo(), engine.getCollector(), nullptr); });
        engine.getCollector().collect(); // nobody else does before it plays, and the script may be long
    }

    if (transaction.changesGraph)
        longestTail = std::max (longestTail, findLongestTail (graph));
}

GraphModel::Node ScriptedEdits::require (NodeId id, const GraphModel& graph, const std::string& what)
{
    auto node = graph.find (id);

    if (! node)
        throw Error (what, "there is no node " + std::to_string (id), "give the id of a node that is there at that time");

    return node;
}

void ScriptedEdits::checkEdit (Edit& edit, const GraphModel& graph)
{
    const auto what = script.describe (edit);

    switch (edit.verb)
    {
        case Verb::remove: require (edit.id, graph, what); break;

        case Verb::bypass:
            edit.runtime = require (edit.id, graph, what);

            if (edit.runtime->role != NodeRole::processor)
                throw Error (what, "node " + std::to_string (edit.id) + " (" + edit.runtime->name + ") cannot be bypassed",
                             "connect around it in place of that");
            break;

        case Verb::set: checkSet (edit, graph); break;

        case Verb::connect:
        case Verb::disconnect:
        case Verb::add: break; // the model knows
    }
}

void ScriptedEdits::checkSet (Edit& edit, const GraphModel& graph)
{
    const auto what = script.describe (edit);
    const auto node = SessionGraph::findNode (graph, edit.node, what);

    // It has no parameters, and that it is missing was told.
    if (dynamic_cast<const PlaceholderNode*> (node->processor.get()) != nullptr)
    {
        notes.push_back (what + ": node " + std::to_string (node->id) + " (" + node->name
                         + ") is missing, and its parameters cannot be set");
        return;
    }

    edit.index = SessionGraph::findParameter (*node, edit.parameter, what);
    SessionGraph::checkValue (node->processor->getParameters()[std::size_t (edit.index)], edit.value, edit.valueText, what);
    edit.runtime = node;
}

void ScriptedEdits::change (GraphModel& graph, const Edit& edit)
{
    switch (edit.verb)
    {
        case Verb::connect: graph.connect (edit.wire); break;
        case Verb::disconnect: graph.disconnect (edit.wire); break;
        case Verb::add: graph.addNode (edit.runtime); break;
        case Verb::remove: graph.removeNode (edit.id); break;
        case Verb::set:
        case Verb::bypass: break;
    }
}

//======================================================================================================================
void ScriptedEdits::apply (std::size_t index, Engine& engine)
{
    const auto& transaction = transactions[index];
    auto graph = engine.getGraph();

    const auto forAll = [&] (Verb verb, const auto& work)
    {
        for (auto i = transaction.first; i < transaction.end; ++i)
            if (edits[i].verb == verb && edits[i].runtime)
                work (edits[i]);
    };

    // A node that goes takes its parameters before, one that comes after.
    const auto setParameters = [&] (bool isBefore)
    {
        forAll (Verb::set,
                [&] (const Edit& edit)
                {
                    const auto wasThere = graph.find (edit.runtime->id) == edit.runtime;

                    if (wasThere == isBefore && ! engine.setParameter (edit.runtime->id, edit.index, edit.value))
                        throw Error (script.describe (edit), "the engine cannot take so many parameters at once",
                                     "set some of them a sample later", Error::Kind::failed);
                });
    };

    setParameters (true);

    if (transaction.changesGraph)
    {
        auto next = graph;

        for (auto i = transaction.first; i < transaction.end; ++i)
        {
            if (edits[i].verb == Verb::remove)
                removedNodes.push_back (next.find (edits[i].id));

            change (next, edits[i]);
        }

        engine.setGraph (std::move (next), Transition::fade);
    }

    setParameters (false);
    forAll (Verb::bypass, [] (const Edit& edit) { edit.runtime->bypassed.store (edit.on, std::memory_order_relaxed); });
}

std::string ScriptedEdits::describeLeftOut (std::size_t firstTransaction, std::int64_t samples) const
{
    const auto& transaction = transactions[firstTransaction];
    const auto numEdits = edits.size() - transaction.first;

    return script.describe (edits[transaction.first]) + ": the edit at " + std::to_string (transaction.at)
           + (numEdits > 1 ? " and " + std::to_string (numEdits - 1) + " more come" : " comes") + " after the end: "
           + std::to_string (samples) + " samples were rendered; give more --seconds, or an earlier \"at\"";
}

} // namespace host
