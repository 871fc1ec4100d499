#pragma once

#include "GuardWatch.h"
#include "Theme.h"
#include "Workspace.h"

#include <array>

namespace gui
{

/** How the audio thread does: gaps and late blocks in plain words, the load second by second, what the guard has found, and
    the collector. */
class RealTimePanel final : public juce::Component,
                            public juce::SettableTooltipClient,
                            private juce::ListBoxModel,
                            private Workspace::Listener,
                            private host::SessionEditor::Listener
{
public:
    explicit RealTimePanel (Workspace&);
    ~RealTimePanel() override;

    void paint (juce::Graphics&) override;
    void resized() override;
    void lookAndFeelChanged() override { repaint(); }

private:
    /** What a second was like. */
    struct Second
    {
        float load = 0.0f; ///< the most
        bool wasLate = false;
    };

    void frame() override;
    void sessionChanged() override { findings.repaint(); }
    void countSecond();
    void setMode (rt::guard::Mode);
    void showMode();
    juce::String getVerdict() const;
    juce::String getGuardFacts() const;
    juce::String getNodeName (std::uint32_t) const;
    void paintLoad (juce::Graphics&) const;
    void paintCollector (juce::Graphics&) const;

    int getNumRows() override;
    void paintListBoxItem (int, juce::Graphics&, int w, int h, bool isSelected) override;
    juce::String getNameForRow (int) override;
    juce::String getTooltipForRow (int) override;
    void listBoxItemClicked (int, const juce::MouseEvent&) override;
    void returnKeyPressed (int) override;
    void selectNode (int row);

    static constexpr std::size_t mostSeconds = 60;

    Workspace& workspace;
    juce::SharedResourcePointer<GuardWatch> guard;
    juce::ListBox findings;
    juce::TextButton clear{ "Clear" };
    std::array<juce::TextButton, 4> modes{ juce::TextButton ("Off"), juce::TextButton ("Count"), juce::TextButton ("Report"),
                                           juce::TextButton ("Rescue") };

    juce::Rectangle<int> verdictArea, loadArea, findingsArea, guardArea, collectorArea;
    juce::String verdict, guardFacts;
    bool isVerdictBad = false;
    std::vector<Second> seconds; ///< oldest first
    std::vector<std::uint64_t> freed;
    Second current;
    juce::uint32 secondBegan = 0;
    std::uint64_t xruns = 0, lateBlocks = 0, collected = 0;
    rt::Collector::Stats stats{};
    int guardVersion = 0;
    rt::guard::Mode shownMode = rt::guard::Mode::count;
};

} // namespace gui
