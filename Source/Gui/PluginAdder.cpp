#include "PluginAdder.h"

namespace gui
{

PluginAdder::PluginAdder (Workspace& workspaceToUse) : workspace (workspaceToUse) {}

PluginAdder::~PluginAdder() = default;

void PluginAdder::add (Request request)
{
    requests.push_back (std::move (request));
    startTimer (10);
}

void PluginAdder::cancel()
{
    stopTimer();
    trial.reset();
    requests.clear();
}

void PluginAdder::timerCallback()
{
    const auto ref = requests.front().ref.toStdString();

    if (trial == nullptr)
        trial = std::make_unique<PluginTrials> (std::vector{ ref });

    const auto outcome = trial->getOutcome (ref);

    if (! outcome)
        return;

    trial.reset();
    const auto request = std::move (requests.front());
    requests.pop_front();

    if (requests.empty())
        stopTimer();

    if (! outcome->empty())
    {
        workspace.tell (juce::String::fromUTF8 (outcome->c_str()), true);
        return;
    }

    workspace.attempt (
        [&]
        {
            host::CrashReport::setActivity ("loading " + ref);
            auto info = workspace.formats.resolve (request.ref);
            host::Session::Json json{ { "type", "plugin" },
                                      { "ref", ref },
                                      { "format", info.format.toStdString() },
                                      { "name", info.name.toStdString() } };

            // By its id where it has one that will be found again: files move.
            if (workspace.isInCatalogue (info.id))
                json["ref"] = info.id.toStdString();

            workspace.select ({ workspace.editor.addNode (std::move (json), request.position, request.insertInto) });
        });

    host::CrashReport::setActivity ({});
}

} // namespace gui
