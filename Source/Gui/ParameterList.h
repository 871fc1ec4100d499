#pragma once

#include "Workspace.h"

#include <juce_gui_basics/juce_gui_basics.h>

namespace gui
{

/** A node's parameters, each with a slider: only the rows that are seen exist, and only they follow the node's values. With
    many parameters there is a field to search in. */
class ParameterList final : public juce::Component,
                            private juce::ListBoxModel,
                            private Workspace::Listener,
                            private host::SessionEditor::Listener
{
public:
    explicit ParameterList (Workspace&);
    ~ParameterList() override;

    /** 0 shows nothing. */
    void show (host::NodeId);

    /** What is needed to show all of them. */
    int getIdealHeight() const;
    int getNumParameters() const;

    /** From here on there is a search field. */
    static constexpr int manyParameters = 21;

    void resized() override;
    void lookAndFeelChanged() override;

private:
    class Row;

    static constexpr int rowHeight = 40, searchHeight = 36;

    void filter();
    bool hasSearch() const { return getNumParameters() >= manyParameters; }
    const std::vector<host::ParameterInfo>& getInfos() const;
    void edit (int index, float value);
    void pollRows();

    void frame() override;
    void sessionChanged() override;
    void parameterChanged (host::NodeId, int) override;

    int getNumRows() override { return int (shown.size()); }
    void paintListBoxItem (int, juce::Graphics&, int, int, bool) override {}
    juce::Component* refreshComponentForRow (int, bool, juce::Component*) override;
    juce::String getNameForRow (int) override;

    Workspace& workspace;
    host::NodeId id = 0;
    host::SessionEditor::NodePtr node;
    std::vector<int> shown; ///< rows as indices of parameters
    juce::TextEditor search;
    juce::Label nothing;
    juce::ListBox list;
};

} // namespace gui
