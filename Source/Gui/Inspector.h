#pragma once

#include "GuardWatch.h"
#include "ParameterList.h"
#include "Theme.h"

namespace gui
{

/** What is selected: a node with its parameters and how it does in real time; several nodes; or the session. */
class Inspector final : public juce::Component, private Workspace::Listener, private host::SessionEditor::Listener
{
public:
    explicit Inspector (Workspace&);
    ~Inspector() override;

    static constexpr int width = 301;

    /** Puts the keyboard into the name of what is shown. */
    void focusName();

    void paint (juce::Graphics&) override;
    void resized() override;
    void lookAndFeelChanged() override { repaint(); }

private:
    struct Line
    {
        juce::String text;
        Token ink = Token::text;

        bool operator== (const Line&) const = default;
    };

    void selectionChanged() override { refresh(); }
    void sessionChanged() override { refresh(); }
    void sessionStatusChanged() override { refresh(); }
    void frame() override;

    void refresh();
    void refreshNode();
    void refreshSession();
    void refreshSeveral();
    void updatePrograms();
    void updateFacts();
    std::vector<Line> getRealTimeFacts() const;
    std::vector<Line> getSessionFacts() const;
    void addGuardFacts (std::vector<Line>&) const;
    int getFactsHeight() const;
    void renamed();
    void layOut();

    Workspace& workspace;
    juce::SharedResourcePointer<GuardWatch> guard;
    host::SessionEditor::NodePtr node; ///< the one that is shown, if it is one
    bool isSeveral = false;

    juce::Label name;
    juce::StringArray programNames; ///< in the box
    juce::String subtitle, explanation;
    juce::ComboBox programs;
    juce::TextButton open{ "Open" }, remove{ "Delete" };
    juce::ToggleButton bypass{ "Bypass" };
    ParameterList parameters;
    juce::String factsHeading;
    std::vector<Line> facts;
    juce::Rectangle<int> explanationArea, factsArea;
    int frameCount = 0;
};

} // namespace gui
