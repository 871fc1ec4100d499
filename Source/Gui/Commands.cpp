#include "Commands.h"

namespace gui
{

namespace
{
struct Key
{
    int code = 0, modifiers = 0;
};

struct Description
{
    Commands::Id id;
    const char* name;
    const char* group;
    std::vector<Key> keys;
};

constexpr auto ctrl = juce::ModifierKeys::commandModifier;
constexpr auto shift = juce::ModifierKeys::shiftModifier;

const std::vector<Description>& getDescriptions()
{
    using K = juce::KeyPress;
    static const std::vector<Description> list{
        { Commands::newSession, "New", "Session", { { 'n', ctrl } } },
        { Commands::openSession, "Open...", "Session", { { 'o', ctrl } } },
        { Commands::openDemo, "Open the Demo", "Session", {} },
        { Commands::saveSession, "Save", "Session", { { 's', ctrl } } },
        { Commands::saveSessionAs, "Save As...", "Session", { { 's', ctrl | shift } } },
        { Commands::quit, "Quit", "Session", { { 'q', ctrl } } },
        { Commands::undo, "Undo", "Edit", { { 'z', ctrl } } },
        { Commands::redo, "Redo", "Edit", { { 'z', ctrl | shift }, { 'y', ctrl } } },
        { Commands::deleteSelection, "Delete", "Edit", { { K::deleteKey, 0 }, { K::backspaceKey, 0 } } },
        { Commands::duplicateSelection, "Duplicate", "Edit", { { 'd', ctrl } } },
        { Commands::selectAll, "Select All", "Edit", { { 'a', ctrl } } },
        { Commands::bypass, "Bypass", "Edit", { { 'b', 0 } } },
        { Commands::openEditor, "Open Editor", "Edit", { { 'e', ctrl } } },
        { Commands::connect, "Connect...", "Edit", { { 'c', 0 } } },
        { Commands::disconnect, "Disconnect...", "Edit", { { 'x', 0 } } },
        { Commands::addNode, "Add...", "Edit", { { 'i', ctrl } } },
        { Commands::play, "Play or Stop", "Transport", { { K::spaceKey, 0 } } },
        { Commands::rewind, "Go to the Start", "Transport", { { K::homeKey, 0 } } },
        { Commands::panic, "Panic: End All Notes", "Transport", { { '.', ctrl } } },
        { Commands::zoomIn, "Zoom In", "View", { { '=', ctrl }, { '+', ctrl } } },
        { Commands::zoomOut, "Zoom Out", "View", { { '-', ctrl } } },
        { Commands::zoomFit, "Zoom to Fit", "View", { { '9', ctrl } } },
        { Commands::zoomNormal, "Zoom to 100 %", "View", { { '0', ctrl } } },
        { Commands::findPlugin, "Find a Plugin", "View", { { 'f', ctrl } } },
        { Commands::showRealTime, "Real Time", "View", { { 'r', ctrl } } },
        { Commands::showKeyboard, "Keyboard", "View", { { 'k', ctrl } } },
        { Commands::settings, "Audio, MIDI and Appearance...", "View", { { ',', ctrl } } },
        { Commands::scan, "Scan for Plugins", "View", { { K::F5Key, 0 } } },
        { Commands::darkPalette, "Dark", "Appearance", {} },
        { Commands::lightPalette, "Light", "Appearance", {} },
        { Commands::highContrastPalette, "High Contrast", "Appearance", {} },
        { Commands::listKeys, "Keys...", "View", { { K::F1Key, 0 } } },
    };
    return list;
}
} // namespace

Commands::Commands()
{
    manager.registerAllCommandsForTarget (this);
    manager.setFirstCommandTarget (this);
}

void Commands::bind (Id id, Action action) { actions[id] = std::move (action); }

void Commands::getAllCommands (juce::Array<juce::CommandID>& ids)
{
    for (const auto& description : getDescriptions())
        ids.add (description.id);
}

void Commands::getCommandInfo (juce::CommandID id, juce::ApplicationCommandInfo& info)
{
    for (const auto& description : getDescriptions())
    {
        if (description.id != id)
            continue;

        info.setInfo (description.name, {}, description.group, 0);

        for (const auto& key : description.keys)
            info.addDefaultKeypress (key.code, juce::ModifierKeys (key.modifiers));

        if (const auto found = actions.find (id); found != actions.end())
        {
            if (const auto name = found->second.name(); name.isNotEmpty())
                info.shortName = name;

            info.setActive (found->second.isEnabled());
            info.setTicked (found->second.isTicked());
        }
    }
}

bool Commands::perform (const InvocationInfo& info)
{
    const auto found = actions.find (info.commandID);

    if (found == actions.end())
        return false;

    found->second.perform();
    return true;
}

void Commands::addTo (juce::PopupMenu& menu, Id id) { menu.addCommandItem (&manager, id); }

juce::String Commands::describeKeys()
{
    juce::StringArray lines;

    for (const auto& description : getDescriptions())
        for (const auto& key : manager.getKeyMappings()->getKeyPressesAssignedToCommand (description.id))
            lines.add (key.getTextDescription() + "\t" + description.name);

    return lines.joinIntoString ("\n");
}

} // namespace gui
