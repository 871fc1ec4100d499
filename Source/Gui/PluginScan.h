#pragma once

#include <host_engine/background/JobSequence.h>
#include <host_plugins/host_plugins.h>
#include <juce_events/juce_events.h>

#include <atomic>
#include <functional>
#include <mutex>

namespace gui
{

/** The plugins of this machine as the catalogue has them, and scans for more: both in the background.

    Nothing happens before one of begin(), loadNow() or scan() is called. It may be destroyed at any time; a scan under way is
    stopped then. Message thread. */
class PluginScan final : private juce::AsyncUpdater
{
public:
    ~PluginScan() override;

    /** What the catalogue has. */
    struct Known
    {
        std::vector<host::PluginInfo> plugins;   ///< by format and name
        std::vector<host::ScanFailure> failures; ///< by format and file
        juce::String trouble;                    ///< why the catalogue could not be read; else empty
        bool isThere = false;                    ///< a scan has been before
    };

    struct Progress
    {
        int numDone = 0, numFiles = 0; ///< no files yet: it is still looking for them
        juce::File current;
    };

    /** Reads the catalogue, and when there is none yet scans the program's own plugins, so that there is something to play. */
    void begin();

    /** Reads the catalogue here and now: for a picture. */
    void loadNow();

    /** Looks through the standard folders. */
    void scan();

    /** Looks at one file or folder again. */
    void scan (const juce::String& format, const juce::File&);

    /** Ends the scan under way soon; what it has found is kept. */
    void stop();

    bool isScanning() const noexcept { return numScans > 0; }
    const Known& getKnown() const noexcept { return known; }
    const Progress& getProgress() const noexcept { return progress; }

    std::function<void()> onProgress;                                           ///< also when a scan begins
    std::function<void()> onKnownChanged;                                       ///< getKnown() is something else
    std::function<void (const juce::String& outcome, bool isError)> onFinished; ///< a line for the person

private:
    struct Finish
    {
        juce::String outcome;
        bool isError = false;
    };

    void addScan (juce::StringArray formats, juce::StringArray paths);
    void handleAsyncUpdate() override;
    void scanHere (const juce::StringArray& formats, const juce::StringArray& paths);
    Finish scanAndMerge (const juce::StringArray& formats, const juce::StringArray& paths);
    void publish (Known);
    void publish (const Progress&);
    static Known read();

    Known known;
    Progress progress;
    int numScans = 0; ///< asked for and not finished

    std::atomic<bool> shouldStop{ false };
    std::mutex mutex;
    std::optional<Known> newKnown; ///< from here on under the mutex
    std::optional<Progress> newProgress;
    std::vector<Finish> finishes;

    juce::SharedResourcePointer<host::BackgroundPool> pool;
    host::JobSequence jobs{ *pool }; ///< the last: its jobs use the others
};

} // namespace gui
