#include "SessionLoader.h"

namespace gui
{

SessionLoader::SessionLoader (host::Session toLoad, host::PluginFormats& formatsToUse, host::Engine& engineToUse)
    : session (std::move (toLoad)), formats (formatsToUse), engine (engineToUse)
{
    std::vector<std::string> refs;

    for (const auto& node : session.getNodes())
        refs.push_back (host::NodeFactory::getRef (node, session));

    trials = std::make_unique<PluginTrials> (std::move (refs));
    startTimer (5);
}

SessionLoader::~SessionLoader() = default;

SessionLoader::Progress SessionLoader::getProgress() const
{
    const auto& all = session.getNodes();
    Progress progress{ int (nodes.size()), int (all.size()), {} };

    if (! isDone())
    {
        const auto& json = all[nodes.size()];
        const auto* key = json.contains ("name") && json["name"].is_string() ? "name" : "type";
        progress.name = juce::String::fromUTF8 (json[key].get<std::string>().c_str());
    }

    return progress;
}

bool SessionLoader::makeNext()
{
    const auto& json = session.getNodes()[nodes.size()];
    const auto ref = host::NodeFactory::getRef (json, session);
    const auto outcome = isCancelled
                             ? std::optional<std::string> ("The loading was stopped before it; open the session again.")
                             : trials->getOutcome (ref);

    if (! outcome)
        return false;

    host::NodeFactory factory (formats, engine.getInfo(), engine.getCollector(), &host::CrashReport::setActivity);

    // The ends of the graph are nothing that takes time or fails: they are there even where the loading was stopped.
    const auto isTried = outcome->empty() || (isCancelled && json["type"] != "plugin");

    try
    {
        nodes.push_back (isTried ? factory.make (json, session) : factory.makePlaceholder (json, session, *outcome));
    }
    catch (const host::Error& error)
    {
        nodes.push_back (factory.makePlaceholder (json, session, error.what()));
    }

    host::CrashReport::setActivity ({});
    return true;
}

void SessionLoader::finishNow()
{
    stopTimer();

    while (! isDone())
        if (! makeNext())
            juce::Thread::sleep (5);
}

void SessionLoader::timerCallback()
{
    // As many as fit well within a frame.
    const auto end = juce::Time::getMillisecondCounterHiRes() + 15.0;

    while (! isDone() && juce::Time::getMillisecondCounterHiRes() < end)
        if (! makeNext())
            return;

    if (! isDone())
        return;

    stopTimer();

    if (onDone)
        onDone();
}

juce::StringArray SessionLoader::getNotes() const
{
    juce::StringArray notes;

    for (const auto& node : nodes)
    {
        if (! node.missing.empty())
            notes.add (juce::String::fromUTF8 (node.runtime->name.c_str())
                       + " is missing and stays silent; its place, wires and " + "settings are kept. "
                       + juce::String::fromUTF8 (node.missing.c_str()));

        for (const auto& note : node.notes)
            notes.add (juce::String::fromUTF8 (note.c_str()));
    }

    return notes;
}

} // namespace gui
