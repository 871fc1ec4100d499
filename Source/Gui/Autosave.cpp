#include "Autosave.h"

#include "Journal.h"

#include <host_plugins/WriteFile.h>

#include <mutex>

namespace gui
{

namespace
{
constexpr double secondsBetween = 10.0; ///< two journals
constexpr double secondsToSettle = 1.0; ///< after a change: the plugin has to have got it, and more may follow
constexpr int tickMilliseconds = 50;
} // namespace

/** What touches the files: in the background, one thing after the other. */
class Autosave::Writer
{
public:
    void write (host::SessionEditor::Snapshot snapshot, const juce::File& wanted)
    {
        post (
            [this, wanted, snapshot = std::move (snapshot)]
            {
                const auto file = Journal::getFreePlace (wanted);
                host::writeFileAtomically (file, snapshot.write (file, Journal::ownerKey, Journal::describeOwner()));
                files.erase (file);
                removeFiles();
                files.insert (file);
            });
    }

    /** The files written and adopted so far. */
    void remove()
    {
        post ([this] { removeFiles(); });
    }

    void adopt (const juce::File& file)
    {
        post ([this, file] { files.insert (file); });
    }

    bool isBusy() const { return jobs.isBusy(); }
    void wait() { jobs.wait(); }

    /** How the last journal failed; empty if it did not. */
    std::string getError() const
    {
        const std::scoped_lock lock (mutex);
        return error;
    }

private:
    void post (std::function<void()> job)
    {
        jobs.post (
            [this, job = std::move (job)]
            {
                auto why = perform (job);
                const std::scoped_lock lock (mutex);
                error = std::move (why);
            });
    }

    static std::string perform (const std::function<void()>& job)
    {
        try
        {
            job();
            return {};
        }
        catch (const std::exception& e)
        {
            return e.what();
        }
    }

    void removeFiles()
    {
        for (const auto& file : files)
            file.deleteFile();

        files.clear();
    }

    mutable std::mutex mutex;
    std::string error;
    std::set<juce::File> files; ///< the jobs' own
    juce::SharedResourcePointer<host::BackgroundPool> pool;
    host::JobSequence jobs{ *pool }; ///< the last: it does first what there is to do, and that uses the others
};

//======================================================================================================================
Autosave::Autosave (host::SessionEditor& editorToWatch, const juce::File& folderToUse)
    : editor (editorToWatch), folder (folderToUse), place (Journal::getPlace (editor.getFile(), folder)),
      writer (std::make_unique<Writer>())
{
    editor.addListener (*this);
    sessionStatusChanged();
}

Autosave::~Autosave()
{
    editor.removeListener (*this);

    if (editor.isEdited() && ! isLetGo)
        writeNow();
    else
        remove();
}

void Autosave::letGo()
{
    isLetGo = true;
    remove();
}

void Autosave::adopt (const juce::File& journal) { writer->adopt (journal); }

void Autosave::sessionStatusChanged()
{
    if (const auto now = Journal::getPlace (editor.getFile(), folder); now != place)
    {
        remove();
        place = now;
    }

    if (editor.isEdited())
        noteChange();
    else
        remove();
}

void Autosave::parameterChanged (host::NodeId id, int) { stale.insert (id); }

void Autosave::pluginChanged (host::NodeId id)
{
    if (id != 0)
        stale.insert (id);
    else
        for (const auto& node : editor.getNodes())
            stale.insert (node->getId());

    noteChange();
}

void Autosave::noteChange()
{
    isChanged = true;
    isLetGo = false;

    if (! isTimerRunning())
        startTimer (tickMilliseconds);
}

void Autosave::remove()
{
    writer->remove();
    captured.clear();
    stale.clear();
    pending.clear();
    isChanged = isDueKnown = isCapturing = false;
    nextWrite = 0.0;
}

void Autosave::timerCallback()
{
    const auto wasBusy = writer->isBusy();
    advance (juce::Time::getMillisecondCounterHiRes() * 0.001);

    if (! isChanged && ! isCapturing && ! wasBusy && ! writer->isBusy())
        stopTimer();
}

void Autosave::advance (double seconds)
{
    if (const auto error = writer->getError(); error.empty())
        isErrorTold = false;
    else if (! std::exchange (isErrorTold, true) && onError)
        onError ("What is not saved cannot be kept safe: " + juce::String::fromUTF8 (error.c_str()));

    if (isChanged && ! std::exchange (isDueKnown, true))
        dueAt = std::max (nextWrite, seconds + secondsToSettle);

    if (! isCapturing && isChanged && seconds >= dueAt && ! writer->isBusy())
        begin();

    if (! isCapturing || ! captureSome())
        return;

    isCapturing = false;
    nextWrite = seconds + secondsBetween;
    write();
}

void Autosave::begin()
{
    isCapturing = true;
    isChanged = isDueKnown = false;

    // What changes from now on is for the next time: a knob that is always turned must not keep this one from its end.
    pending = std::exchange (stale, {});
}

/** @returns whether nothing is left to be asked */
bool Autosave::captureSome()
{
    const auto end = juce::Time::getMillisecondCounterHiRes() + 2.0;

    for (const auto& node : editor.getNodes())
    {
        auto& known = captured[node->getId()];

        if (known.runtime == node->runtime && known.settings != nullptr && pending.erase (node->getId()) == 0)
            continue;

        known.runtime = node->runtime;
        known.settings = std::make_shared<const host::Session::Json> (host::SessionEditor::captureSettings (*node));

        if (node->getPlugin() != nullptr || juce::Time::getMillisecondCounterHiRes() > end)
            return false;
    }

    return true;
}

void Autosave::write()
{
    auto snapshot = editor.takeSnapshot();
    std::erase_if (captured, [this] (const auto& entry) { return editor.find (entry.first) == nullptr; });

    for (const auto& [id, known] : captured)
        snapshot.settings[id] = known.settings;

    writer->write (std::move (snapshot), place);
}

void Autosave::writeNow()
{
    captured.clear();
    begin();

    while (! captureSome())
        continue;

    isCapturing = false;
    write();
    finishWriting();
}

void Autosave::finishWriting() { writer->wait(); }

} // namespace gui
