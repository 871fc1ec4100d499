#pragma once

#include "Session.h"

#include <host_plugins/PluginFormats.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace host
{

/** A session, or a chain of plugins, made into a graph that can run. Message thread. */
struct SessionGraph
{
    struct Missing
    {
        NodeId id = 0;
        std::string name, why;
    };

    GraphModel graph;
    double tempo = Session::defaultTempo;
    std::vector<Missing> missing;       ///< plugins that could not be made: silent placeholders hold their places
    std::vector<std::string> notes;     ///< one line each that the person should see
    std::optional<double> musicSeconds; ///< of the longest file that the session itself plays once

    /** Called with the ref of every plugin before it is loaded; may throw host::Error to keep it out. */
    using BeforeLoading = std::function<void (const std::string& ref)>;

    /** Makes every node. Throws host::Error for an unknown node type, a bad value, an unknown port, a wire that is there
        twice; plugins that are missing are no error.
        @param laterWires  will be added while it runs: placeholders get their ports, too */
    static SessionGraph build (
        const Session&, PluginFormats&, const PrepareInfo&, rt::Collector&,
        const BeforeLoading& = [] (const std::string&) {}, const std::vector<Wire>& laterWires = {});

    /** audioInput, then the plugins in order, then audioOutput, then midiInput to every plugin that takes MIDI: nodes 1, 2,
        ... Channels are joined one to one, as many as both sides have; what is left over is in the notes. Throws
        host::Error when a plugin cannot be made. */
    static SessionGraph buildChain (
        const std::vector<std::string>& refs, PluginFormats&, const PrepareInfo&, rt::Collector&,
        const BeforeLoading& = [] (const std::string&) {});

    /** Sets NODE.PARAM=VALUE as the command line gives it, before the graph runs. NODE is an id or a unique name, PARAM an
        exact name or #id. Throws host::Error that names what is wrong. */
    void setParameter (const std::string& assignment);

    /** @name What a person calls nodes, parameters and values. These throw host::Error about `what`. */
    /**@{*/

    /** By id, else by a name that no other node has. */
    static GraphModel::Node findNode (const GraphModel&, const std::string& idOrName, const std::string& what);

    /** The index of the parameter of this exact name or #id. */
    static int findParameter (const NodeRuntime&, const std::string& name, const std::string& what);

    /** Whether it is a number in the parameter's range.
        @param text  the value as it was written */
    static void checkValue (const ParameterInfo&, float value, const std::string& text, const std::string& what);

    /**@}*/
};

} // namespace host
