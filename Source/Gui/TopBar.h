#pragma once

#include "GuardWatch.h"
#include "Workspace.h"

#include <juce_gui_basics/juce_gui_basics.h>

namespace gui
{

/** The bar with what a musician needs at all times: the session, transport, tempo, and how the machine is doing. */
class TopBar final : public juce::Component, private Workspace::Listener, private host::SessionEditor::Listener
{
public:
    explicit TopBar (Workspace&);
    ~TopBar() override;

    static constexpr int height = 48;

    /** Opens the menu below the button. */
    std::function<void (juce::Component& button)> onMenu;

    /** Each opens the place that explains what was clicked on. */
    std::function<void()> onLoad, onXruns, onFindings, onDevice;

    /** Stops, or goes to the start when it is stopped already. */
    void stop();

    /** Plays, or pauses. */
    void play();

    void paint (juce::Graphics&) override;
    void resized() override;
    void lookAndFeelChanged() override;

private:
    class TransportButton;
    class Value;
    class Position;

    void sessionStatusChanged() override { updateSession(); }
    void sessionChanged() override { updateSession(); }
    void frame() override;
    void updateSession();
    void updateDevice();
    void editTempo();
    void told (bool wasSent);

    Workspace& workspace;
    juce::SharedResourcePointer<GuardWatch> guard;

    juce::TextButton menu{ "Menu" }, panic{ "Panic" };
    juce::Label name, edited, tempo;
    std::unique_ptr<TransportButton> stopButton, playButton;
    std::unique_ptr<Position> position;
    std::unique_ptr<Value> load, xruns, findings, device;
    int tempoX = 0, frameCount = 0;
};

} // namespace gui
