#pragma once

#include "SessionLoader.h"
#include "Workspace.h"

#include <functional>
#include <memory>

namespace gui
{

/** New, open, save and recent sessions, with the questions that keep a person from losing work. Message thread. */
class SessionFiles
{
public:
    explicit SessionFiles (Workspace&);

    void startNew();

    /** Lets the person choose. */
    void open();

    /** @param play  whether the transport starts when it is open */
    void open (const juce::File&, bool play = false);

    /** Opens while the caller waits, without a question. Throws host::Error. */
    void openNow (const juce::File&);

    /** Where it has no file yet, or `as` is true, the person is asked for one.
        @param then  called with whether it was saved */
    void save (bool as, std::function<void (bool)> then = [] (bool) {});

    /** Asks what to do about unsaved changes, if there are any.
        @param then  called unless the person wants to go on with this session */
    void leave (std::function<void()> then);

    /** Asks whether to restore the newest session that this program ended without saving: one that never had a file, or one
        of the recent ones. Nothing happens if there is none. */
    void offerAbandoned();

    /** The demo session beside the program; an invalid File if there is none. */
    static juce::File findDemo();

    bool isLoading() const noexcept { return loader != nullptr; }
    SessionLoader::Progress getProgress() const;
    void cancelLoading();

    /** Called before a session goes, so that windows on its plugins can be closed. */
    std::function<void()> onLeaving;

    /** Called when what a journal had is in the editor, and before it is marked as edited. */
    std::function<void (const juce::File& journal)> onRestored;

private:
    /** Where a session is read from, and what is to become of it. */
    struct Source
    {
        juce::File file;    ///< its own; a nonexistent one for none
        juce::File journal; ///< read in place of the file; a nonexistent one for none
        bool play = false;
    };

    void loadOrOffer (const juce::File&, bool play);
    void load (const Source&);
    void finish (const Source&);
    void offer (const Source&, const std::function<void()>& ifDiscarded);

    Workspace& workspace;
    std::unique_ptr<SessionLoader> loader;
    std::unique_ptr<juce::FileChooser> chooser;
    bool isAsking = false;
};

} // namespace gui
