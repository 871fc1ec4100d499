#pragma once

#include <host_engine/host_engine.h>

#include <vector>

namespace gui
{

/** The files that hold what of sessions is not saved, in case the program ends without asking: where they are, whose they
    are, and which of them nobody looks after any more. A journal is a session with one key more, that says which process
    writes it. Any thread. */
struct Journal
{
    /** In a journal's document. */
    static constexpr const char* ownerKey = "audiohostAutosave";

    /** `.<name>.audiohost.autosave` beside a session; for one without a file, a name of this process in the folder. */
    static juce::File getPlace (const juce::File& session, const juce::File& folder);

    /** The place, or, where another program that is running has its journal there, one beside it. */
    static juce::File getFreePlace (const juce::File& place);

    /** What ownerKey has for this process. */
    static host::Session::Json describeOwner();

    /** A session's journals that no running program writes and that are as new as its file or newer. The newest first. */
    static std::vector<juce::File> findAbandoned (const juce::File& session);

    /** As findAbandoned(), of sessions that have no file. */
    static std::vector<juce::File> findAbandonedInFolder (const juce::File& folder);

    /** The session as it was. Throws host::Error for what is no journal. */
    static host::Session load (const juce::File& journal);
};

} // namespace gui
