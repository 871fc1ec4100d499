#include "NodeCard.h"

#include "Words.h"

namespace gui
{

namespace
{
class CardAccessibility final : public juce::AccessibilityHandler
{
public:
    explicit CardAccessibility (NodeCard& cardToUse)
        : AccessibilityHandler (
              cardToUse, juce::AccessibilityRole::button,
              juce::AccessibilityActions()
                  .addAction (juce::AccessibilityActionType::press, [&cardToUse] { cardToUse.onPress(); })
                  .addAction (juce::AccessibilityActionType::showMenu, [&cardToUse] { cardToUse.onMenu(); })
                  .addAction (juce::AccessibilityActionType::focus, [&cardToUse] { cardToUse.grabKeyboardFocus(); })),
          card (cardToUse)
    {
    }

    juce::String getTitle() const override { return card.describe(); }

    juce::AccessibleState getCurrentState() const override
    {
        const auto state = AccessibilityHandler::getCurrentState().withSelectable();
        return card.isSelected() ? state.withSelected() : state;
    }

private:
    NodeCard& card;
};
} // namespace

NodeCard::NodeCard (host::SessionEditor::NodePtr nodeToUse) : node (std::move (nodeToUse))
{
    setWantsKeyboardFocus (true);
    setInterceptsMouseClicks (false, false); // the canvas sees wires and ports together with cards
    setPaintingIsUnclipped (true);           // there is nothing to paint
    readPorts();
}

juce::String NodeCard::getNodeName() const { return toJuce (node->getName()); }

void NodeCard::readPorts()
{
    std::vector<int> inputs, outputs;
    auto hasMainBus = false;

    if (const auto* plugin = node->getPlugin())
    {
        hasMainBus = true;

        for (const auto& bus : plugin->getBuses())
            (bus.isInput ? inputs : outputs).push_back (bus.channels);
    }
    else if (node->getType() == "mixer")
    {
        inputs.assign (std::size_t (node->runtime->ports.audioInputs / 2), 2); // stereo pairs
    }

    basicShape = NodeShape (node->getId(), node->runtime->ports, inputs, outputs, hasMainBus);
}

void NodeCard::focusGained (FocusChangeType cause) { onFocus (cause); }

void NodeCard::focusLost (FocusChangeType cause) { onFocus (cause); }

std::unique_ptr<juce::AccessibilityHandler> NodeCard::createAccessibilityHandler()
{
    return std::make_unique<CardAccessibility> (*this);
}

} // namespace gui
