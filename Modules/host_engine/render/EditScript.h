#pragma once

#include "../session/Session.h"

#include <cstdint>
#include <string>
#include <vector>

namespace host
{

/** The file of `render --edits`: a JSON line for each change of the graph, in the order in which they are made. A value.

        {"at":48000,"do":"connect","from":"1:0","to":"2:0"}       also "disconnect"
        {"at":48000,"do":"add","node":{"id":7,"type":"gain"}}     the node as in a session
        {"at":96000,"do":"remove","id":7}                         and its wires
        {"at":96000,"do":"set","node":2,"param":"Gain","value":0.5}
        {"at":96000,"do":"bypass","id":2,"on":true}

    `at` counts rendered samples from the first one on. Lines may be blank. What the graph makes of it is not asked here;
    see ScriptedEdits.
*/
struct EditScript
{
    enum class Verb
    {
        connect,
        disconnect,
        add,
        remove,
        set,
        bypass
    };

    /** One line. What its verb has no use for is empty. */
    struct Edit
    {
        int line = 0; ///< counted from 1
        std::int64_t at = 0;
        Verb verb = Verb::connect;

        Wire wire;                   ///< connect, disconnect
        Session::Json newNode;       ///< add: with a type and a valid id
        NodeId id = 0;               ///< add, remove, bypass
        std::string node, parameter; ///< set: the node's id or name, the parameter's name or #id
        float value = 0.0f;          ///< set
        std::string valueText;       ///< set: the value as it was written
        bool on = false;             ///< bypass
    };

    /** Throws host::Error for a file that cannot be read, and with the line for what parse() refuses. */
    static EditScript load (const juce::File&);

    /** Throws host::Error that names the line of what is not JSON, lacks a key or has one twice, has a value that makes no
        sense or no verb, or comes before the line above it. A key that is not known is left out with a note.
        @param location  the file it came from, for messages and relative paths */
    static EditScript parse (const std::string& text, const juce::File& location);

    /** That are connected at some time. */
    std::vector<Wire> getConnectedWires() const;

    /** "FILE, line N": what an error about the edit is about. */
    std::string describe (const Edit&) const;

    juce::File location;
    std::vector<Edit> edits;
    std::vector<std::string> notes; ///< one line each that the person should see
};

} // namespace host
