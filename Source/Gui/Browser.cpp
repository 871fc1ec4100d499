#include "Browser.h"

#include "Words.h"

#include <array>

namespace gui
{

namespace
{
constexpr int rowHeight = 38;
constexpr int margin = 16;
constexpr int retryWidth = 56; ///< the right end of a row that failed

juce::String explain (const host::ScanFailure& failure)
{
    if (failure.reason == "crashed")
        return "crashed while scanned";

    if (failure.reason == "timed-out")
        return "no answer while scanned";

    if (failure.reason == "no-plugin")
        return "holds no plugin";

    return "cannot be loaded here";
}

/** A maker's name without the addresses that some write behind it. */
juce::String trimMaker (const juce::String& maker)
{
    auto name = maker.upToFirstOccurrenceOf ("\n", false, false);

    for (const auto* opening : { " <", " (" })
        if (const auto start = name.indexOf (opening); start > 0)
            name = name.substring (0, start);

    return name.trim();
}

juce::String tipFor (const juce::String& type)
{
    static constexpr std::array<std::pair<const char*, const char*>, 9> tips{
        { { "gain", "Makes two channels louder or softer" },
          { "mixer", "Adds pairs of channels, each with level and place" },
          { "tone", "A test tone: sine, square, noise or impulse" },
          { "feedback", "Brings sound back to the front of the graph, one block late" },
          { "midiPlayer", "Plays a MIDI file" },
          { "audioInput", "What comes from the audio device" },
          { "audioOutput", "What goes to the audio device" },
          { "midiInput", "What comes from keyboards and other MIDI devices" },
          { "midiOutput", "What goes to MIDI devices" } }
    };

    for (const auto& [key, tip] : tips)
        if (type == key)
            return tip;

    return {};
}
} // namespace

//======================================================================================================================
/** Keys that the list has beyond JUCE's. */
struct Browser::List final : public juce::ListBox
{
    explicit List (Browser& b) : juce::ListBox ("Plugins", &b), browser (b)
    {
        setRowHeight (gui::rowHeight);
        setTitle ("Plugins and built-in nodes");
        setColour (backgroundColourId, juce::Colours::transparentBlack);
    }

    bool keyPressed (const juce::KeyPress& key) override
    {
        const auto before = getSelectedRow();

        if (key == juce::KeyPress::escapeKey || (key == juce::KeyPress::upKey && browser.findAddable (before - 1, -1) < 0))
        {
            deselectAllRows();
            browser.focusSearch();
            return true;
        }

        if (! juce::ListBox::keyPressed (key))
            return false;

        browser.leaveHeading (before);
        return true;
    }

    void focusGained (FocusChangeType cause) override
    {
        // Not by the mouse: the list would move away under it.
        if (cause == focusChangedByTabKey && getSelectedRow() < 0)
            selectRow (browser.findAddable (0, 1));

        juce::ListBox::focusGained (cause);
        repaint();
    }

    void focusLost (FocusChangeType cause) override
    {
        juce::ListBox::focusLost (cause);
        repaint();
    }

    void paint (juce::Graphics& g) override
    {
        juce::ListBox::paint (g);

        if (const auto text = browser.getEmptyText(); text.isNotEmpty())
        {
            g.setColour (colour (Token::muted));
            g.setFont (font (12.0f));
            g.drawFittedText (text,
                              getLocalBounds().withTrimmedTop (browser.getNumRows() * gui::rowHeight).reduced (margin, 12),
                              juce::Justification::topLeft, 6);
        }
    }

    Browser& browser;
};

/** How far the scan is, and its end. */
struct Browser::ScanStrip final : public juce::Component, public juce::SettableTooltipClient
{
    explicit ScanStrip (PluginScan& s) : scanner (s)
    {
        setLook (stop, ButtonLook::link, 10.0f);
        stop.setTitle ("Stop scanning");
        stop.onClick = [this] { scanner.stop(); };
        addAndMakeVisible (stop);
        setTitle ("Scan");
    }

    void update()
    {
        const auto& progress = scanner.getProgress();
        const auto newText = progress.numFiles > 0 ? "Scanning " + withThousands (std::uint64_t (progress.numDone)) + " of "
                                                         + withThousands (std::uint64_t (progress.numFiles))
                                                   : juce::String ("Looking for plugin files");

        if (text != newText)
        {
            text = newText;
            setDescription (text);
            repaint();
        }

        setTooltip (progress.current == juce::File() ? juce::String() : progress.current.getFullPathName());
    }

    void paint (juce::Graphics& g) override
    {
        g.setColour (colour (Token::card));
        g.fillRoundedRectangle (getLocalBounds().toFloat(), cornerSize);
        g.setColour (colour (Token::muted));
        g.setFont (font (10.0f));
        drawFigures (g, text, getLocalBounds().reduced (10, 0).withHeight (19).withTrimmedRight (40).toFloat(),
                     juce::Justification::centredLeft);

        const auto bar = juce::Rectangle<int> (10, 20, getWidth() - 20, 3).toFloat();
        const auto& progress = scanner.getProgress();
        const auto share = progress.numFiles > 0 ? float (progress.numDone) / float (progress.numFiles) : 0.0f;
        g.setColour (colour (Token::line));
        g.fillRoundedRectangle (bar, 1.5f);
        g.setColour (colour (Token::focus));
        g.fillRoundedRectangle (bar.withWidth (bar.getWidth() * share), 1.5f);
    }

    void resized() override { stop.setBounds (getWidth() - 44, 2, 40, 17); }

    PluginScan& scanner;
    juce::TextButton stop{ "Stop" };
    juce::String text;
};

//======================================================================================================================
Browser::Browser (Workspace& w)
    : workspace (w), list (std::make_unique<List> (*this)), strip (std::make_unique<ScanStrip> (scanner))
{
    setTitle ("Browser");
    setFocusContainerType (FocusContainerType::focusContainer);

    search.setTitle ("Search plugins");
    search.setTextToShowWhenEmpty ("Search", colour (Token::muted));
    search.setFont (font (13.0f));
    search.setIndents (10, 0);
    search.setJustification (juce::Justification::centredLeft);
    search.setSelectAllWhenFocused (true);
    search.addKeyListener (this);
    search.onTextChange = [this] { filter(); };
    addAndMakeVisible (search);

    count.setFont (font (10.0f));
    count.setJustificationType (juce::Justification::centredRight);
    count.setInterceptsMouseClicks (false, false);
    count.setColour (juce::Label::textColourId, colour (Token::muted));
    addAndMakeVisible (count);

    setLook (scanButton, ButtonLook::link);
    scanButton.setTitle ("Scan for plugins");
    scanButton.setTooltip ("Looks through the usual folders for plugins, each in a process of its own");
    scanButton.onClick = [this] { scanner.scan(); };
    addAndMakeVisible (scanButton);

    addAndMakeVisible (*list);
    addChildComponent (*strip);

    scanner.onProgress = [this] { updateScan(); };
    scanner.onKnownChanged = [this] { collectItems(); };
    scanner.onFinished = [this] (const juce::String& outcome, bool isError)
    {
        if (workspace.tell)
            workspace.tell (outcome, isError);
    };

    collectItems();
}

Browser::~Browser()
{
    search.removeKeyListener (this);
    list->setModel (nullptr);
}

void Browser::lookAndFeelChanged()
{
    search.setTextToShowWhenEmpty ("Search", colour (Token::muted));
    count.setColour (juce::Label::textColourId, colour (Token::muted));
    repaint();
}

void Browser::focusSearch() { search.grabKeyboardFocus(); }

void Browser::paint (juce::Graphics& g)
{
    g.fillAll (colour (Token::panel));
    g.setColour (colour (Token::line));
    g.fillRect (getWidth() - 1, 0, 1, getHeight());

    g.setColour (colour (Token::text));
    g.setFont (font (12.0f, true));
    g.drawText ("Plugins", margin, 11, 100, 18, juce::Justification::centredLeft, true);
    g.setColour (colour (Token::focus));
    g.fillRoundedRectangle (float (margin), 33.0f, 46.0f, 2.0f, 1.0f);
}

void Browser::resized()
{
    const auto inner = getWidth() - 1;
    scanButton.setBounds (inner - 52, 10, 44, 20);
    search.setBounds (12, 45, inner - 23, 30);
    count.setBounds (inner - 101, 46, 86, 28);

    const auto bottom = strip->isVisible() ? getHeight() - 50 : getHeight();
    list->setBounds (0, 85, inner, std::max (0, bottom - 85));
    strip->setBounds (12, getHeight() - 42, inner - 23, 28);
}

void Browser::updateScan()
{
    const auto isScanning = scanner.isScanning();
    scanButton.setEnabled (! isScanning);
    strip->update();

    if (strip->isVisible() != isScanning)
    {
        strip->setVisible (isScanning);
        resized();
        list->repaint(); // with it come and go the words to try again
    }
    else if (isScanning)
    {
        strip->repaint();
    }
}

//======================================================================================================================
void Browser::collectItems()
{
    items.clear();

    const auto addHeading = [this] (const juce::String& title)
    {
        Item heading;
        heading.kind = Kind::heading;
        heading.title = title;
        items.push_back (std::move (heading));
    };

    const auto add = [this] (Item item)
    {
        item.searched = (item.title + " " + item.detail + " " + item.format).toLowerCase();
        items.push_back (std::move (item));
    };

    addHeading ("Built in");

    for (const auto* type :
         { "gain", "mixer", "tone", "feedback", "midiPlayer", "audioInput", "audioOutput", "midiInput", "midiOutput" })
        add ({ Kind::addable, getNodeTypeName (type), "AudioHost", {}, "node:" + juce::String (type), tipFor (type), {} });

    for (const auto isInstrument : { true, false })
    {
        addHeading (isInstrument ? "Instruments" : "Effects");

        std::vector<const host::PluginInfo*> plugins;

        for (const auto& plugin : scanner.getKnown().plugins)
            if (plugin.isInstrument == isInstrument)
                plugins.push_back (&plugin);

        // By name, whatever their format; of one name in the catalogue's order.
        std::sort (plugins.begin(), plugins.end(),
                   [] (const auto* a, const auto* b)
                   {
                       const auto order = a->name.compareNatural (b->name);
                       return order != 0 ? order < 0 : std::less<>() (a, b);
                   });

        for (const auto* plugin : plugins)
            add ({ Kind::addable,
                   plugin->name,
                   trimMaker (plugin->manufacturer),
                   plugin->format,
                   "plugin:" + plugin->id,
                   plugin->file,
                   {} });
    }

    addHeading ("Not loaded");

    for (const auto& failure : scanner.getKnown().failures)
    {
        const auto name = juce::File::isAbsolutePath (failure.file) ? juce::File (failure.file).getFileNameWithoutExtension()
                                                                    : failure.file;
        add ({ Kind::failure,
               name,
               explain (failure),
               failure.format,
               failure.file,
               failure.file + (failure.detail.isEmpty() ? "" : "\n" + failure.detail),
               {} });
    }

    numAddable = int (std::count_if (items.begin(), items.end(), [] (const Item& i) { return i.kind == Kind::addable; }));
    filter();
}

void Browser::filter()
{
    const auto words = juce::StringArray::fromTokens (search.getText().toLowerCase(), " ", {});
    shown.clear();
    numShownAddable = 0;

    for (int i = 0; i < int (items.size()); ++i)
    {
        const auto& item = items[std::size_t (i)];

        if (item.kind == Kind::heading)
        {
            // One that has nothing below it makes room for the next.
            if (! shown.empty() && items[std::size_t (shown.back())].kind == Kind::heading)
                shown.pop_back();

            shown.push_back (i);
        }
        else if (std::all_of (words.begin(), words.end(),
                              [&] (const juce::String& word) { return item.searched.contains (word); }))
        {
            shown.push_back (i);
            numShownAddable += item.kind == Kind::addable ? 1 : 0;
        }
    }

    if (! shown.empty() && items[std::size_t (shown.back())].kind == Kind::heading)
        shown.pop_back();

    count.setText (withThousands (std::uint64_t (numShownAddable)) + " of " + withThousands (std::uint64_t (numAddable)),
                   juce::dontSendNotification);
    list->deselectAllRows();
    list->updateContent();
    list->repaint();
}

juce::String Browser::getEmptyText() const
{
    const auto& known = scanner.getKnown();

    if (shown.empty())
        return toJuce ("Nothing here is called “") + search.getText().trim() + toJuce ("”. Escape shows everything.");

    if (known.trouble.isNotEmpty())
        return known.trouble;

    if (search.isEmpty() && known.plugins.empty() && ! scanner.isScanning())
        return known.isThere ? "No plugins were found. Install some, then scan again."
                             : "No plugins yet. Scan looks through the usual folders.";

    return {};
}

//======================================================================================================================
bool Browser::isHeading (int row) const
{
    return juce::isPositiveAndBelow (row, shown.size())
           && items[std::size_t (shown[std::size_t (row)])].kind == Kind::heading;
}

int Browser::findAddable (int row, int step) const
{
    while (isHeading (row))
        row += step;

    return juce::isPositiveAndBelow (row, shown.size()) ? row : -1;
}

void Browser::leaveHeading (int rowBefore)
{
    const auto row = list->getSelectedRow();

    if (! isHeading (row))
        return;

    auto next = findAddable (row, row >= rowBefore ? 1 : -1);

    if (next < 0)
        next = findAddable (row, 1);

    list->selectRow (next);
}

void Browser::activate (int row)
{
    if (! juce::isPositiveAndBelow (row, shown.size()))
        return;

    const auto item = items[std::size_t (shown[std::size_t (row)])];

    if (item.kind == Kind::addable && onAdd)
        onAdd (item.description);
    else if (item.kind == Kind::failure && ! scanner.isScanning())
        scanner.scan (item.format,
                      juce::File::isAbsolutePath (item.description) ? juce::File (item.description) : juce::File());
}

bool Browser::keyPressed (const juce::KeyPress& key, juce::Component*)
{
    if (key == juce::KeyPress::downKey)
    {
        list->selectRow (findAddable (0, 1));
        list->grabKeyboardFocus();
        return true;
    }

    if (key == juce::KeyPress::returnKey)
    {
        // What was typed means the first that it finds; nothing typed means nothing.
        if (! search.getText().trim().isEmpty())
            activate (findAddable (0, 1));

        return true;
    }

    if (key == juce::KeyPress::escapeKey && ! search.isEmpty())
    {
        search.clear();
        return true;
    }

    return false;
}

//======================================================================================================================
int Browser::getNumRows() { return int (shown.size()); }

void Browser::paintListBoxItem (int row, juce::Graphics& g, int w, int h, bool isSelected)
{
    if (! juce::isPositiveAndBelow (row, shown.size()))
        return;

    const auto& item = items[std::size_t (shown[std::size_t (row)])];
    const auto right = w - margin;

    if (item.kind == Kind::heading)
    {
        drawHeading (g, item.title, { margin, h - 22, w - 2 * margin, 18 });
        return;
    }

    if (isSelected)
    {
        const auto area = juce::Rectangle<int> (0, 0, w, h).reduced (8, 1).toFloat();
        g.setColour (colour (Token::card));
        g.fillRoundedRectangle (area, cornerSize);

        if (list->hasKeyboardFocus (true))
        {
            g.setColour (colour (Token::focus));
            g.drawRoundedRectangle (area.reduced (0.5f), cornerSize, 1.0f);
        }
    }

    const auto isFailure = item.kind == Kind::failure;
    const auto canRetry = isFailure && ! scanner.isScanning();
    const auto textWidth = right - margin - (isFailure ? retryWidth : 48);
    g.setColour (colour (isFailure ? Token::muted : Token::text));
    g.setFont (font (13.0f));
    g.drawText (item.title, margin, 2, textWidth, 18, juce::Justification::centredLeft, true);
    g.setColour (colour (isFailure ? Token::sideChain : Token::muted));
    g.setFont (font (10.0f));
    g.drawText (item.detail, margin, 19, right - margin - (isFailure ? retryWidth : 0), 14, juce::Justification::centredLeft,
                true);

    if (canRetry)
    {
        g.setColour (colour (Token::focus));
        g.setFont (font (11.0f));
        g.drawText ("Retry", right - retryWidth, 0, retryWidth, h, juce::Justification::centredRight, false);
    }
    else if (! isFailure)
    {
        g.setColour (colour (Token::muted));
        g.drawText (item.format, right - 48, 8, 48, 14, juce::Justification::centredRight, false);
    }
}

juce::String Browser::getNameForRow (int row)
{
    if (! juce::isPositiveAndBelow (row, shown.size()))
        return {};

    const auto& item = items[std::size_t (shown[std::size_t (row)])];

    switch (item.kind)
    {
        case Kind::heading: break;
        case Kind::addable: return item.title + ", " + item.detail + (item.format.isEmpty() ? "" : ", " + item.format);
        case Kind::failure: return item.title + ", not loaded: " + item.detail + ". Enter tries again.";
    }

    return item.title;
}

juce::String Browser::getTooltipForRow (int row)
{
    return juce::isPositiveAndBelow (row, shown.size()) ? items[std::size_t (shown[std::size_t (row)])].tip : juce::String();
}

juce::var Browser::getDragSourceDescription (const juce::SparseSet<int>& rows)
{
    if (rows.isEmpty() || ! juce::isPositiveAndBelow (rows[0], shown.size()))
        return {};

    const auto& item = items[std::size_t (shown[std::size_t (rows[0])])];
    return item.kind == Kind::addable ? juce::var (item.description) : juce::var();
}

void Browser::listBoxItemClicked (int row, const juce::MouseEvent& e)
{
    if (isHeading (row))
    {
        list->deselectAllRows();
        return;
    }

    const auto isFailure =
        juce::isPositiveAndBelow (row, shown.size()) && items[std::size_t (shown[std::size_t (row)])].kind == Kind::failure;

    if (isFailure && e.x >= e.eventComponent->getWidth() - margin - retryWidth)
        activate (row);
}

void Browser::listBoxItemDoubleClicked (int row, const juce::MouseEvent&)
{
    if (juce::isPositiveAndBelow (row, shown.size()) && items[std::size_t (shown[std::size_t (row)])].kind == Kind::addable)
        activate (row);
}

void Browser::returnKeyPressed (int row) { activate (row); }

} // namespace gui
