#pragma once

#include "PluginScan.h"
#include "Workspace.h"

#include <juce_gui_basics/juce_gui_basics.h>

namespace gui
{

/** What can be added: the built-in nodes and the plugins of the catalogue, found by typing, and the scan for more.

    Rows can be dragged onto whatever takes them, within a juce::DragAndDropContainer: the description is a string,
    "plugin:<ref>" or "node:<type>". */
class Browser final : public juce::Component, private juce::ListBoxModel, private juce::KeyListener
{
public:
    explicit Browser (Workspace&);
    ~Browser() override;

    static constexpr int width = 248;

    /** Reads the catalogue aside, and scans the program's own plugins when there is none yet: once, when the window opens. */
    void begin() { scanner.begin(); }

    /** Reads the catalogue here and now: for a picture. */
    void loadNow() { scanner.loadNow(); }

    /** Puts the keyboard into the search field. */
    void focusSearch();

    /** Adds what was chosen; the description is that of a drag. A "node:midiPlayer" needs a file to be asked for. */
    std::function<void (const juce::String& description)> onAdd;

    PluginScan& getScan() noexcept { return scanner; }

    void paint (juce::Graphics&) override;
    void resized() override;
    void lookAndFeelChanged() override;

private:
    enum class Kind
    {
        heading,
        addable,
        failure
    };

    struct Item
    {
        Kind kind = Kind::addable;
        juce::String title, detail, format;
        juce::String description; ///< of a drag; of a failure its file
        juce::String tip;
        juce::String searched; ///< in lower case
    };

    struct List;
    struct ScanStrip;

    void collectItems();
    void filter();
    void updateScan();
    void activate (int row);
    bool isHeading (int row) const;
    int findAddable (int row, int step) const;
    void leaveHeading (int rowBefore);
    juce::String getEmptyText() const;

    bool keyPressed (const juce::KeyPress&, juce::Component*) override;
    using juce::Component::keyPressed;

    int getNumRows() override;
    void paintListBoxItem (int, juce::Graphics&, int w, int h, bool isSelected) override;
    juce::String getNameForRow (int) override;
    juce::String getTooltipForRow (int) override;
    juce::var getDragSourceDescription (const juce::SparseSet<int>&) override;
    void listBoxItemClicked (int, const juce::MouseEvent&) override;
    void listBoxItemDoubleClicked (int, const juce::MouseEvent&) override;
    void returnKeyPressed (int) override;

    Workspace& workspace;
    PluginScan scanner;
    std::vector<Item> items; ///< all, with their headings, in order
    std::vector<int> shown;  ///< rows as indices into items
    int numAddable = 0, numShownAddable = 0;

    juce::TextEditor search;
    juce::Label count;
    juce::TextButton scanButton{ "Scan" };
    std::unique_ptr<List> list;
    std::unique_ptr<ScanStrip> strip;
};

} // namespace gui
