#include "Workspace.h"

#include <host_plugins/host_plugins.h>

namespace gui
{

Workspace::Workspace (host::LiveHost& liveToUse, host::PluginFormats& formatsToUse, Settings& settingsToUse)
    : live (liveToUse), formats (formatsToUse), settings (settingsToUse), editor (liveToUse.getEngine(), formatsToUse)
{
}

void Workspace::select (std::set<host::NodeId> ids)
{
    std::erase_if (ids, [this] (host::NodeId id) { return editor.find (id) == nullptr; });

    if (ids == selection)
        return;

    selection = std::move (ids);
    listeners.call ([] (Listener& l) { l.selectionChanged(); });
}

host::NodeId Workspace::getSingleSelection() const { return selection.size() == 1 ? *selection.begin() : 0; }

bool Workspace::attempt (const std::function<void()>& edit)
{
    try
    {
        edit();
        return true;
    }
    catch (const host::Error& error)
    {
        if (tell)
            tell (juce::String::fromUTF8 (error.what()), true);
    }

    return false;
}

bool Workspace::isInCatalogue (const juce::String& id) const
{
    try
    {
        return host::Catalogue::load (host::Catalogue::getFile()).find (id).has_value();
    }
    catch (const host::Error&)
    {
        return false;
    }
}

void Workspace::callFrame()
{
    listeners.call ([] (Listener& l) { l.frame(); });
}

} // namespace gui
