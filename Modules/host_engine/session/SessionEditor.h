#pragma once

#include "../Engine.h"
#include "NodeFactory.h"

#include <juce_graphics/juce_graphics.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace host
{

/** An open session while it plays: every edit changes the session's document and the running graph together, as one step
    that can be undone.

    The model is a value whose parts are shared and never changed, so a step of history is a whole model and costs a list of
    pointers. A node that was removed stays alive in the history: undoing brings back the very plugin with all its settings.

    Message thread. An edit that cannot be made throws host::Error and changes nothing.
*/
class SessionEditor
{
public:
    /** Edits what the engine runs. Both must outlive it. */
    SessionEditor (Engine&, PluginFormats&);
    ~SessionEditor();

    SessionEditor (const SessionEditor&) = delete;
    SessionEditor& operator= (const SessionEditor&) = delete;

    class Listener
    {
    public:
        virtual ~Listener() = default;

        /** Nodes, wires, names, places or bypass are others now: read anew what is shown. */
        virtual void sessionChanged() {}

        /** A parameter was set by an edit, an undo or a redo. */
        virtual void parameterChanged (NodeId, int /*index*/) {}

        /** A plugin changed something of its own; 0 where it is not known which. */
        virtual void pluginChanged (NodeId) {}

        /** What isEdited(), getFile() or the names of undo and redo say may be different. */
        virtual void sessionStatusChanged() {}
    };

    void addListener (Listener& listener) { listeners.add (&listener); }
    void removeListener (Listener& listener) { listeners.remove (&listener); }

    /** @name The session as a whole */
    /**@{*/

    /** Starts a session with the ends only: audio in, audio out, MIDI in. The history begins anew. */
    void startNew();

    /** Runs this in place of what was there. The history begins anew.

        @param nodes  made from the session's nodes, in their order
        @param from   the file it came from; a nonexistent one for a session that has none of its own yet
        @returns a line for each wire that is left out, because its port is not there any more; it stays in the file
        Throws host::Error for a wire that is there twice or a cycle, and goes on with what was there. */
    std::vector<std::string> open (Session, const std::vector<MadeNode>& nodes, const juce::File& from);

    /** The running plugins' states and parameters are taken into the document, then it is written aside and renamed. */
    void save (const juce::File&);

    /** Not existing for a session that was never saved. */
    const juce::File& getFile() const noexcept { return file; }

    std::string getName() const;
    void setName (const std::string&);
    double getTempo() const;
    void setTempo (double quarterNotesPerMinute);

    /** Whether something is different from the file. */
    bool isEdited() const noexcept { return pluginEdited || model.version != savedVersion; }

    /** A plugin changed something of its own, which the history does not know: the session differs from its file.
        @param plugin  0 where it is not known which */
    void markEdited (NodeId plugin = 0);
    /**@}*/

    /** @name What is there */
    /**@{*/

    /** A node as the session knows it. Never changed once made. */
    struct Node
    {
        Session::Json json;
        rt::Shared<NodeRuntime> runtime;
        std::string missing; ///< why the plugin could not be made: a silent placeholder keeps its place; else empty

        NodeId getId() const noexcept { return runtime->id; }
        std::string getType() const;
        std::string getName() const;             ///< its own, or the plugin's, or the type's
        juce::Point<double> getPosition() const; ///< of its middle; 0 to 1 each is the first screenful
        bool isBypassed() const;

        /** Null where the node is no plugin, or a missing one. */
        PluginInstance* getPlugin() const noexcept;
    };

    using NodePtr = std::shared_ptr<const Node>;

    /** In the document's order. */
    const std::vector<NodePtr>& getNodes() const noexcept { return model.nodes; }
    NodePtr find (NodeId) const;

    /** What a node's processor has now, as save() puts it into the node: "state" and "parameters", where there is something
        to write. Asks the plugin. */
    static Session::Json captureSettings (const Node&);

    class Snapshot;

    /** The session as it is, but for the settings of its nodes; costs lists of pointers. */
    Snapshot takeSnapshot() const;

    /** Those that the graph has. */
    std::vector<Wire> getWires() const;

    /** Whether connect() would take it. */
    bool canConnect (const Wire&) const;
    /**@}*/

    /** @name Edits: each is one step of history */
    /**@{*/

    /** Makes and adds a node; the place is that of its middle.

        @param description  a node as in the session file, without "id": {"type":"gain"}, {"type":"plugin","ref":...}
        @param insertInto   wires to be cut: each one's source goes to the new node's input of the same number, the node's
                            outputs to where the wires went */
    NodeId addNode (Session::Json description, juce::Point<double> position, const std::vector<Wire>& insertInto = {});

    /** As addNode() for a node that exists and has no wires yet. */
    void insertIntoWires (NodeId, juce::Point<double> position, const std::vector<Wire>&);

    void removeNodes (const std::set<NodeId>&);

    /** Adds copies with their settings and the wires among them, beside the originals.
        @returns the copies */
    std::set<NodeId> duplicateNodes (const std::set<NodeId>&);

    void connect (const std::vector<Wire>&);
    void disconnect (const std::vector<Wire>&);

    /** Takes wires away and connects others in one step. */
    void reconnect (const std::vector<Wire>& removed, const std::vector<Wire>& added);

    void moveNodes (const std::vector<std::pair<NodeId, juce::Point<double>>>&);
    void setBypassed (const std::set<NodeId>&, bool);
    void rename (NodeId, const std::string&);

    /** Changes of one parameter that follow each other within a gesture are one step. */
    void setParameter (NodeId, int index, float value);

    /** Has a plugin take one of its programs, and all settings that belong to it. Undoing brings back what the plugin had
        before, also what its editor had changed, and redoing what it had when that was undone. The plugin is silent for the
        moment of the change. */
    void setProgram (NodeId, int program);

    /** The next setParameter() begins a new step, even for the same parameter. */
    void endGesture();
    /**@}*/

    bool undo();
    bool redo();

    /** "Undo Connect" has the name "Connect"; nullopt if there is nothing. */
    std::optional<std::string> getUndoName() const;
    std::optional<std::string> getRedoName() const;

private:
    struct WireEntry
    {
        Wire wire;
        Session::Json json;
        bool isBroken = false; ///< its port is not there any more: kept in the file, left out of the graph
    };

    using WirePtr = std::shared_ptr<const WireEntry>;

    /** All that a step of history holds. */
    struct Model
    {
        std::vector<NodePtr> nodes;
        std::vector<WirePtr> wires;
        std::string name;
        double tempo = Session::defaultTempo;
        std::uint64_t version = 0; ///< models of one number are the same
    };

    struct ParameterChange
    {
        rt::Shared<NodeRuntime> node;
        int index = 0;
        float before = 0.0f, after = 0.0f;
    };

    /** A plugin's settings on the other side of the step, not those it has. */
    struct PluginChange
    {
        rt::Shared<NodeRuntime> node;
        PluginInstance::Snapshot settings;
    };

    struct Step
    {
        std::string name;
        Model before, after;
        std::optional<ParameterChange> parameter;
        std::optional<PluginChange> plugin;
        std::string mergesWith; ///< the next step of this key becomes part of this one; empty for none
    };

    static constexpr std::size_t longestHistory = 500;
    static constexpr std::size_t largestHistory = 64 * 1024 * 1024; ///< bytes of plugins' states, but for the last step

    Model edit() const;
    void perform (const std::string& name, Model, const std::string& mergesWith = {});
    void rewire (const std::string& name, const std::vector<Wire>& removed, const std::vector<Wire>& added);
    void record (Step);
    void show (const Model&);
    bool go (std::deque<Step>& from, std::deque<Step>& to, bool back);
    void resetHistory();
    void restoreSettings (PluginChange&);
    void limitHistory();
    void updateStatus();
    void captureDocument (const juce::File& destination);
    NodePtr makeNode (Session::Json);
    NodeId getFreeId (const Model&) const;

    static GraphModel makeGraph (const Model&);
    void nameNodes (const Model& next) const; ///< for the guard: a person may have renamed them
    static bool hasWire (const Model&, const Wire&);
    static void addWire (Model&, const Wire&);
    static void removeWire (Model&, const Wire&);
    static void cutInto (Model&, const Node&, const std::vector<Wire>&);
    static NodePtr withJson (const Node&, Session::Json);
    static NodePtr findIn (const Model&, NodeId);
    static void place (Session::Json&, juce::Point<double>);

    Engine& engine;
    PluginFormats& formats;
    juce::ListenerList<Listener> listeners;
    Session session; ///< as it was opened or saved: what the model does not have is kept from there
    juce::File file;
    Model model;
    std::deque<Step> undoSteps, redoSteps;
    std::uint64_t lastVersion = 0, savedVersion = 0;
    bool pluginEdited = false;
};

/** A session at a moment, which another thread can write while the person goes on. */
class SessionEditor::Snapshot
{
public:
    /** What captureSettings() said of nodes; those that are not among them are written as they are in the document. */
    std::map<NodeId, std::shared_ptr<const Session::Json>> settings;

    /** The session's document, for a file at this place: relative paths go from there. Any thread. */
    Session::Json makeDocument (const juce::File& destination) const;

    /** The session's document with a key added, as text. Any thread. */
    std::string write (const juce::File& destination, const std::string& key, const Session::Json& value) const;

private:
    friend class SessionEditor;

    Session::Json placeNode (const Node&, const juce::File& destination) const;

    Session session; ///< without nodes and wires
    Model model;
};

} // namespace host
