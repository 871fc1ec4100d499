#pragma once

#include "NodeCardLook.h"
#include "NodeCardPicture.h"

#include <host_engine/session/SessionEditor.h>
#include <juce_gui_basics/juce_gui_basics.h>

#include <functional>

namespace gui
{

/** A node on the canvas: what is known of it, its place, and its picture. The canvas draws it and takes its clicks; as a
    component it is what the keyboard and screen readers reach. Message thread. */
class NodeCard final : public juce::Component
{
public:
    explicit NodeCard (host::SessionEditor::NodePtr);

    host::NodeId getId() const noexcept { return node->getId(); }
    juce::String getNodeName() const;

    /** What is known of the node. A new one may be another object with the same id. */
    host::SessionEditor::NodePtr node;

    /** Its ports as far as buses tell, before wires split them. Worked out once for each runtime, for asking a plugin may
        take its time. */
    NodeShape basicShape;

    NodeShape shape;
    juce::Point<double> place; ///< of its middle, world pixels
    bool isPlaced = false;     ///< the session knows its place; else it was laid out for display

    NodeCardLook look;
    NodeCardPicture picture;

    /** @name Of frames that went by */
    /**@{*/
    std::uint64_t mutedBlocks = 0;
    int mutedFrames = 0; ///< that "muted" is still shown for
    std::uint32_t midiEvents = 0;
    int midiFrames = 0; ///< that the lamp is still lit for
    /**@}*/

    /** Makes basicShape from the node. */
    void readPorts();

    std::function<void (FocusChangeType)> onFocus;
    std::function<void()> onPress, onMenu;
    std::function<bool()> isSelected;

    /** For screen readers: name, what it is, load, what it is connected to. */
    std::function<juce::String()> describe;

    void focusGained (FocusChangeType) override;
    void focusLost (FocusChangeType) override;
    std::unique_ptr<juce::AccessibilityHandler> createAccessibilityHandler() override;
};

} // namespace gui
