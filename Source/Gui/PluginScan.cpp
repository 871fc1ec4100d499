#include "PluginScan.h"

#include "Words.h"

#include <host_graph/Error.h>

namespace gui
{

PluginScan::~PluginScan()
{
    shouldStop = true;
    jobs.dropWaiting();
    jobs.wait();
    cancelPendingUpdate();
}

void PluginScan::begin()
{
    jobs.post ([this] { publish (read()); });

    if (! host::Catalogue::getFile().existsAsFile())
        if (const auto own = host::PluginPaths::getOwnFolder(); own.isDirectory())
            addScan (host::PluginPaths::getFormats(), { own.getFullPathName() });
}

void PluginScan::loadNow()
{
    known = read();

    if (onKnownChanged)
        onKnownChanged();
}

void PluginScan::scan() { addScan (host::PluginPaths::getFormats(), {}); }

void PluginScan::scan (const juce::String& format, const juce::File& file)
{
    addScan ({ format }, { file.getFullPathName() });
}

void PluginScan::stop() { shouldStop = true; }

void PluginScan::addScan (juce::StringArray formats, juce::StringArray paths)
{
    if (numScans++ == 0)
    {
        shouldStop = false;
        progress = {};
    }

    jobs.post ([this, formats = std::move (formats), paths = std::move (paths)] { scanHere (formats, paths); });

    if (onProgress)
        onProgress();
}

void PluginScan::scanHere (const juce::StringArray& formats, const juce::StringArray& paths)
{
    Finish finish;

    try
    {
        finish = scanAndMerge (formats, paths);
    }
    catch (const std::exception& error)
    {
        finish = { toJuce (error.what()), true };
    }

    auto after = read();

    {
        const std::lock_guard lock (mutex);
        newKnown = std::move (after);
        finishes.push_back (std::move (finish));
    }

    triggerAsyncUpdate();
}

PluginScan::Finish PluginScan::scanAndMerge (const juce::StringArray& formats, const juce::StringArray& paths)
{
    publish (Progress{});
    juce::Array<juce::File> roots;
    const auto files = host::Scanner::findJobs (formats, paths, roots);
    const auto catalogueFile = host::Catalogue::getFile();

    host::Scanner::Options options;
    options.stop = &shouldStop;
    options.journal = catalogueFile.getSiblingFile ("scan-in-progress.jsonl");
    options.progress = [this] (int done, int total, const juce::File& current)
    { publish (Progress{ done, total, current }); };
    const auto outcome = host::Scanner (options).run (files);

    std::size_t numPlugins = 0, numFailures = 0;
    juce::StringArray seen;

    for (const auto& file : files)
        seen.add (file.file.getFullPathName());

    for (const auto& file : outcome.files)
    {
        numPlugins += file.plugins.size();
        numFailures += file.failures.size();
    }

    juce::String notice;
    host::Catalogue::update (
        catalogueFile, [&] (host::Catalogue& catalogue) { catalogue.merge (outcome.files, formats, roots, seen); }, notice);

    auto text = outcome.isComplete ? "Looked at " + countOf (files.size(), "file") + ": "
                                   : "Stopped after " + withThousands (outcome.files.size()) + " of "
                                         + countOf (files.size(), "file") + ": ";
    text << countOf (numPlugins, "plugin");

    if (numFailures > 0)
        text << ", " << withThousands (numFailures) << " not usable";

    if (notice.isNotEmpty())
        text << ". " << notice;

    return { text + ".", notice.isNotEmpty() };
}

PluginScan::Known PluginScan::read()
{
    const auto file = host::Catalogue::getFile();
    Known result;
    result.isThere = file.existsAsFile();

    try
    {
        const auto catalogue = host::Catalogue::load (file);
        result.plugins = catalogue.getPlugins();
        result.failures = catalogue.getFailures();
    }
    catch (const std::exception& error)
    {
        result.trouble = toJuce (error.what());
    }

    return result;
}

void PluginScan::publish (Known fresh)
{
    {
        const std::lock_guard lock (mutex);
        newKnown = std::move (fresh);
    }

    triggerAsyncUpdate();
}

void PluginScan::publish (const Progress& fresh)
{
    {
        const std::lock_guard lock (mutex);
        newProgress = fresh;
    }

    triggerAsyncUpdate();
}

void PluginScan::handleAsyncUpdate()
{
    std::optional<Known> freshKnown;
    std::optional<Progress> freshProgress;
    std::vector<Finish> freshFinishes;

    {
        const std::lock_guard lock (mutex);
        freshKnown.swap (newKnown);
        freshProgress.swap (newProgress);
        freshFinishes.swap (finishes);
    }

    numScans -= int (freshFinishes.size());

    if (freshProgress)
        progress = std::move (*freshProgress);

    if (freshKnown)
    {
        known = std::move (*freshKnown);

        if (onKnownChanged)
            onKnownChanged();
    }

    if ((freshProgress || ! freshFinishes.empty()) && onProgress)
        onProgress();

    for (const auto& finish : freshFinishes)
        if (onFinished)
            onFinished (finish.outcome, finish.isError);
}

} // namespace gui
