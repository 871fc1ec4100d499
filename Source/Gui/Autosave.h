#pragma once

#include <host_engine/host_engine.h>

#include <functional>
#include <map>
#include <memory>
#include <set>

namespace gui
{

/** Keeps what is not saved in a journal beside the session, so that a crash costs some seconds and not the evening.

    While the session is edited, its document goes there some time after each change, at the most every ten seconds. Plugins
    are asked for their state one at a time between the window's events, and only those that may have changed since they were
    asked last; the text is made and written in the background. The journal goes when the session is saved, left for
    another or let go of.

    Message thread. The editor must outlive it. */
class Autosave final : private host::SessionEditor::Listener, private juce::Timer
{
public:
    /** @param folder  for the journals of sessions that have no file yet */
    Autosave (host::SessionEditor&, const juce::File& folder);

    /** Writes what is not saved, for the next start to offer: who ends the program knowingly calls letGo() before. */
    ~Autosave() override;

    /** The person knows that what is not saved is lost. */
    void letGo();

    /** The session in the editor is what this journal had; the file stays until there is a newer one. */
    void adopt (const juce::File& journal);

    /** What the timer does: goes on by at most one plugin.
        @param seconds  of any clock that goes steadily */
    void advance (double seconds);

    /** Asks all plugins and writes, before it returns. */
    void writeNow();

    /** Waits until everything that was begun to be written or removed is. */
    void finishWriting();

    /** A line for the person when a journal cannot be written; once until it can again. */
    std::function<void (const juce::String&)> onError;

private:
    class Writer;

    struct Captured
    {
        rt::Shared<host::NodeRuntime> runtime;
        std::shared_ptr<const host::Session::Json> settings;
    };

    void sessionStatusChanged() override;
    void parameterChanged (host::NodeId, int) override;
    void pluginChanged (host::NodeId) override;
    void timerCallback() override;
    void noteChange();
    void begin();
    bool captureSome();
    void write();
    void remove();

    host::SessionEditor& editor;
    const juce::File folder;
    juce::File place; ///< of the journal
    std::map<host::NodeId, Captured> captured;
    std::set<host::NodeId> stale;   ///< changed since they were captured
    std::set<host::NodeId> pending; ///< of those, what the capture in hand has still to ask
    std::unique_ptr<Writer> writer;
    double nextWrite = 0.0;
    double dueAt = 0.0;
    bool isChanged = false, isDueKnown = false, isCapturing = false, isLetGo = false, isErrorTold = false;
};

} // namespace gui
