#pragma once

#include "SpelledJson.h"

#include <host_graph/host_graph.h>
#include <juce_core/juce_core.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace host
{

/** A session file (.audiohost): the document itself, checked, with nothing in it dropped or reordered, so that keys and
    nodes this version does not know survive load and save. Message thread.
*/
class Session
{
public:
    using Json = nlohmann::ordered_json;

    static constexpr int formatVersion = 1;
    static constexpr double defaultTempo = 120.0;

    /** An empty session. */
    Session();

    /** Reads a session, or an AudioPluginHost graph (.filtergraph; see importFiltergraph()) as one: that then has no file of
        its own to be saved to. Throws host::Error for a file that cannot be read or is neither; see parse(). */
    static Session load (const juce::File&);

    /** A whole file. Throws host::Error. */
    static std::string readFile (const juce::File&);

    /** @param text      JSON
        @param location  the file it came from, for messages and relative paths
        Throws host::Error, with the line where it can, for what is not JSON, no session, of a newer version, or holds a
        node without an id or type, an id twice, or a connection that is not two ports. What node types and ports exist is
        not asked here. */
    static Session parse (const std::string& text, const juce::File& location);

    /** Writes aside, syncs and renames: after a crash either the old or the new file is there, whole. Throws host::Error
        (failed) and leaves the old file. What is as it was read is written as it was spelled there; see SpelledJson. */
    void save (const juce::File&) const;

    /** What save() writes. Any thread. */
    std::string write() const { return spelling.write (document); }

    /** This session's spelling and folder with another document. */
    Session withDocument (Json) const;

    /** This session with these wires, too. */
    Session withWires (const std::vector<Wire>&) const;

    /** Whether JSON text is nested more deeply than any session: reading or writing it could use up the stack. */
    static bool isTooDeep (const std::string& json);

    /** Throws host::Error about `what` for a node without a type and an id from 1 to 2^31 - 1. */
    static void checkNode (const Json& node, const std::string& what);

    std::string getName() const;
    double getTempo() const;

    const Json& getNodes() const { return document.at ("nodes"); }
    std::vector<Wire> getWires() const;

    /** Those with "compensate": false, which are not delayed to align with others (low-latency monitoring). */
    std::vector<Wire> getUncompensatedWires() const;

    /** The file a path in the session means: relative ones are relative to the session's folder. */
    juce::File resolvePath (const std::string& path) const;

    Json document;

private:
    void check() const;

    juce::File location;
    SpelledJson spelling;
};

} // namespace host
