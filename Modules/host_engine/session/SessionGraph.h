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
        twice; plugins that are missing are no error. */
    static SessionGraph build (
        const Session&, PluginFormats&, const PrepareInfo&, rt::Collector&,
        const BeforeLoading& = [] (const std::string&) {});

    /** audioInput, then the plugins in order, then audioOutput, then midiInput to every plugin that takes MIDI: nodes 1, 2,
        ... Channels are joined one to one, as many as both sides have; what is left over is in the notes. Throws
        host::Error when a plugin cannot be made. */
    static SessionGraph buildChain (
        const std::vector<std::string>& refs, PluginFormats&, const PrepareInfo&, rt::Collector&,
        const BeforeLoading& = [] (const std::string&) {});

    /** Sets NODE.PARAM=VALUE as the command line gives it, before the graph runs. NODE is an id or a unique name, PARAM an
        exact name or #id. Throws host::Error that names what is wrong. */
    void setParameter (const std::string& assignment);
};

} // namespace host
