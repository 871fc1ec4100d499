#pragma once

#include "Session.h"

#include <host_plugins/PluginFormats.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace host
{

/** A node that was made from its description in a session. */
struct MadeNode
{
    rt::Shared<NodeRuntime> runtime;
    std::string missing;                ///< why the plugin, or its file, could not be had, and a silent placeholder was made; else empty
    std::vector<std::string> notes;     ///< one line each that the person should see
    std::optional<double> musicSeconds; ///< of a file that the node plays once
};

/** Makes nodes of every type from their descriptions. Message thread. */
class NodeFactory
{
public:
    /** Called with the ref of every plugin before it is loaded; may throw host::Error to keep it out. */
    using BeforeLoading = std::function<void (const std::string& ref)>;

    NodeFactory (PluginFormats&, const PrepareInfo&, rt::Collector&, BeforeLoading = {});

    /** @param node     as in the session file, with "id"
        @param session  whose wires tell a placeholder's ports, and whose folder relative paths begin in
        Throws host::Error for an unknown node type or a bad value; a plugin that cannot be made, or an audio file that
        cannot be played or recorded to, is no error. */
    MadeNode make (const Session::Json& node, const Session& session);

    /** A silent placeholder, whatever the node is; the plugin is not tried. */
    MadeNode makePlaceholder (const Session::Json& node, const Session& session, const std::string& why);

    /** The path or id of the plugin that make() would load; empty for other nodes. */
    static std::string getRef (const Session::Json& node, const Session& session);

    /** The index of the parameter of this name or "#id"; -1 if there is none. */
    static int findParameter (const std::vector<ParameterInfo>&, const std::string& name);

private:
    class Maker;

    PluginFormats& formats;
    PrepareInfo info;
    rt::Collector& collector;
    BeforeLoading beforeLoading;
};

} // namespace host
