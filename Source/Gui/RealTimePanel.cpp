#include "RealTimePanel.h"

#include "Words.h"

namespace gui
{

namespace
{
constexpr std::array modeValues{ rt::guard::Mode::off, rt::guard::Mode::count, rt::guard::Mode::report,
                                 rt::guard::Mode::rescue };
constexpr int rowHeight = 38;
constexpr int modeStep = 55, modeWidth = 53;
constexpr int barStep = 20, barWidth = 14;

/** A frame of a stack without the folders of its file. */
juce::String shortenFrame (const std::string& frame)
{
    const auto text = toJuce (frame);
    const auto place = text.lastIndexOf (" at ");
    return place < 0 ? text
                     : text.substring (0, place + 4) + text.substring (place + 4).fromLastOccurrenceOf ("/", false, false);
}

/** The innermost frame that is not the C++ library's, whose functions say nothing new. */
juce::String getTellingFrame (const std::vector<std::string>& stack)
{
    const auto isTelling = [] (const std::string& frame)
    { return frame.find (" at /usr/include/") == std::string::npos && ! frame.starts_with ("std::"); };
    const auto frame = std::find_if (stack.begin(), stack.end(), isTelling);
    return frame != stack.end() ? dot() + shortenFrame (*frame) : juce::String();
}

/** How often, and how long where that can be felt. */
juce::String countCalls (const rt::guard::Violation& violation)
{
    constexpr auto longCall = 100.0; // microseconds
    auto text = countOf (violation.count, "call");

    if (violation.contended > 0)
        text << ", " << withThousands (violation.contended) << " waited";

    if (violation.worstMicros >= longCall)
        text << ", up to " << toDuration (violation.worstMicros);

    return text;
}
} // namespace

RealTimePanel::RealTimePanel (Workspace& w) : workspace (w), findings ("Findings", this)
{
    setTitle ("Real time");
    setFocusContainerType (FocusContainerType::focusContainer);

    findings.setTitle ("Findings");
    findings.setRowHeight (rowHeight);
    addAndMakeVisible (findings);

    setLook (clear, ButtonLook::link, 11.0f);
    clear.setTitle ("Clear findings");
    clear.setTooltip ("Forgets the findings so far and counts anew");
    clear.onClick = [this] { guard->clear(); };
    addChildComponent (clear);

    constexpr std::array tips{
        "Nothing is watched", "Calls that could make the audio thread wait are counted",
        "As Count, and each new finding is told on standard error",
        "As Report, and what plugins allocate in a block comes from memory set aside, without a wait"
    };

    for (std::size_t i = 0; i < modes.size(); ++i)
    {
        auto& button = modes[i];
        setLook (button, ButtonLook::normal, 11.0f);
        button.setTitle ("Guard " + button.getButtonText().toLowerCase());
        button.setTooltip (tips[i]);
        button.onClick = [this, i] { setMode (modeValues[i]); };
        addAndMakeVisible (button);
    }

    xruns = workspace.live.getXruns();
    lateBlocks = workspace.live.getDeadlineMisses();
    stats = workspace.live.getEngine().getCollector().getStats();
    collected = stats.collected;
    secondBegan = juce::Time::getMillisecondCounter();
    verdict = getVerdict();
    isVerdictBad = xruns + lateBlocks > 0;
    showMode();

    workspace.addListener (*this);
    workspace.editor.addListener (*this);
}

RealTimePanel::~RealTimePanel()
{
    workspace.editor.removeListener (*this);
    workspace.removeListener (*this);
    findings.setModel (nullptr);
}

void RealTimePanel::setMode (rt::guard::Mode mode)
{
    rt::guard::setMode (mode);
    showMode();
}

void RealTimePanel::showMode()
{
    shownMode = rt::guard::getMode();

    for (std::size_t i = 0; i < modes.size(); ++i)
        modes[i].setToggleState (shownMode == modeValues[i], juce::dontSendNotification);
}

//======================================================================================================================
void RealTimePanel::frame()
{
    current.load = std::max (current.load, workspace.live.getEngine().getLoad());

    if (const auto version = guard->poll(); version != guardVersion)
    {
        guardVersion = version;
        clear.setVisible (getNumRows() > 0);
        findings.updateContent();
        findings.repaint();
        repaint (findingsArea);
    }

    if (juce::Time::getMillisecondCounter() - secondBegan >= 1000)
        countSecond();
}

void RealTimePanel::countSecond()
{
    secondBegan = juce::Time::getMillisecondCounter();

    const auto& live = workspace.live;
    const auto newXruns = live.getXruns(), newLate = live.getDeadlineMisses();
    current.wasLate = newXruns != xruns || newLate != lateBlocks;
    xruns = newXruns;
    lateBlocks = newLate;

    const auto old = stats;
    stats = workspace.live.getEngine().getCollector().getStats();
    freed.push_back (stats.collected >= collected ? stats.collected - collected : 0); // another engine counts anew
    collected = stats.collected;
    seconds.push_back (current);
    current = {};

    if (seconds.size() > mostSeconds)
        seconds.erase (seconds.begin());

    if (freed.size() > mostSeconds)
        freed.erase (freed.begin());

    if (rt::guard::getMode() != shownMode)
        showMode();

    if (! isShowing())
        return;

    if (const auto newVerdict = getVerdict(); newVerdict != verdict)
    {
        verdict = newVerdict;
        isVerdictBad = xruns + lateBlocks > 0;
        repaint (verdictArea);
    }

    const auto isSame = [] (const auto& list, auto&& equal)
    {
        return list.size() >= mostSeconds
               && std::adjacent_find (list.begin(), list.end(), std::not_fn (equal)) == list.end();
    };

    if (const auto newFacts = getGuardFacts(); newFacts != guardFacts)
    {
        guardFacts = newFacts;
        repaint (guardArea);
    }

    // A history of all the same moves on unseen.
    if (! isSame (seconds, [] (const Second& a, const Second& b) { return a.load == b.load && a.wasLate == b.wasLate; }))
        repaint (loadArea);

    if (old.allocated != stats.allocated || old.collected != stats.collected || old.pending != stats.pending
        || ! isSame (freed, std::equal_to<>()))
        repaint (collectorArea);
}

juce::String RealTimePanel::getVerdict() const
{
    const auto& live = workspace.live;
    const auto numXruns = live.getXruns(), numLate = live.getDeadlineMisses();

    if (workspace.live.getDevice() == nullptr)
        return "No audio device is open, so nothing plays.";

    if (numXruns == 0 && numLate == 0)
        return "Every block was in time since the program began.";

    juce::StringArray words;

    if (numLate > 0)
        words.add (countOf (numLate, "block") + " took longer than there was time");

    if (numXruns > 0)
        words.add (countOf (numXruns, "gap") + " (xrun" + (numXruns == 1 ? "" : "s") + ") reached the speakers");

    return words.joinIntoString (", ") + " since the program began.";
}

juce::String RealTimePanel::getGuardFacts() const
{
    juce::StringArray words;

    if (shownMode == rt::guard::Mode::rescue)
    {
        const auto rescue = rt::guard::getRescueStatistics();
        words.add (withThousands (rescue.served + rescue.deferred) + " rescued");

        if (const auto missed = rescue.exhausted + rescue.tooLarge; missed > 0)
            words.add (withThousands (missed) + " not");
    }

    if (const auto suppressed = guard->getSnapshot().suppressed; suppressed > 0)
        words.add (withThousands (suppressed) + " suppressed");

    return words.joinIntoString (dot());
}

juce::String RealTimePanel::getNodeName (std::uint32_t id) const
{
    if (id == 0)
        return "AudioHost itself";

    if (const auto node = workspace.editor.find (id))
        return toJuce (node->getName());

    return "node " + juce::String (id) + ", gone";
}

//======================================================================================================================
void RealTimePanel::resized()
{
    const auto width = getWidth();
    const auto left = std::max (200, width - 439); // of the middle column
    const auto right = std::max (left + 240, width - 195);

    verdictArea = { 18, 2, left - 36, 20 };
    loadArea = { 18, 28, left - 36, std::max (0, getHeight() - 40) };
    findingsArea = { left, 2, right - left - 24, std::max (0, getHeight() - 74) };
    guardArea = { left, getHeight() - 64, right - left - 24, 52 };
    collectorArea = { right, 2, std::max (0, std::min (177, width - right - 18)), std::max (0, getHeight() - 14) };

    clear.setBounds (findingsArea.getRight() - 40, 2, 40, 18);
    findings.setBounds (findingsArea.withTrimmedTop (22));

    for (std::size_t i = 0; i < modes.size(); ++i)
        modes[i].setBounds (left + int (i) * modeStep, guardArea.getBottom() - 24, modeWidth, 24);
}

void RealTimePanel::paint (juce::Graphics& g)
{
    g.fillAll (colour (Token::panel));

    g.setFont (font (12.0f, true));
    g.setColour (colour (isVerdictBad ? Token::bad : workspace.live.getDevice() == nullptr ? Token::muted : Token::good));
    g.drawFittedText (verdict, verdictArea, juce::Justification::centredLeft, 1, 0.9f);

    g.setFont (font (11.0f, true));
    g.setColour (colour (Token::muted));
    g.drawText ("Findings", findingsArea.withHeight (18), juce::Justification::centredLeft, false);
    g.drawText ("Guard", guardArea.withHeight (20), juce::Justification::centredLeft, false);
    g.drawText ("Collector", collectorArea.withHeight (18), juce::Justification::centredLeft, false);

    g.setFont (font (10.0f));
    g.drawText (guardFacts, guardArea.withHeight (20).withTrimmedLeft (40), juce::Justification::centredRight, true);

    if (guard->getSnapshot().violations.empty())
    {
        g.setFont (font (11.0f));
        const auto isOff = shownMode == rt::guard::Mode::off;
        g.drawFittedText (isOff ? "The guard is off: nothing is watched."
                                : "None: nothing could have made the audio thread wait.",
                          findingsArea.withTrimmedTop (24), juce::Justification::topLeft, 3, 1.0f);
    }

    paintLoad (g);
    paintCollector (g);
}

void RealTimePanel::paintLoad (juce::Graphics& g) const
{
    g.setFont (font (10.0f));
    g.setColour (colour (Token::muted));
    g.drawText ("Load a second, at its most", loadArea.withHeight (14), juce::Justification::centredLeft, false);

    const auto area = loadArea.withTrimmedTop (20);
    const auto room = std::size_t (std::max (0, area.getWidth() + barStep - barWidth) / barStep);
    const auto count = std::min (room, seconds.size());

    for (std::size_t i = 0; i < room; ++i)
    {
        const auto isThere = i + count >= room;
        const auto second = isThere ? seconds[seconds.size() - (room - i)] : Second{};
        const auto least = second.wasLate ? 16.0f : 2.0f; // it is seen, however small the load was
        const auto height = std::max (least, float (area.getHeight()) * juce::jlimit (0.0f, 1.0f, second.load));
        const auto isBad = second.wasLate || second.load > 0.9f;
        g.setColour (colour (isBad ? Token::bad : second.load > 0.7f ? Token::sideChain : Token::raised));
        g.fillRoundedRectangle (float (area.getX() + int (i) * barStep), float (area.getBottom()) - height, float (barWidth),
                                height, std::min (2.0f, 0.5f * height));
    }

    if (count > 0)
    {
        g.setColour (colour (Token::muted));
        drawFigures (g, juce::String (juce::roundToInt (seconds.back().load * 100.0f)) + " %",
                     loadArea.withHeight (14).toFloat(), juce::Justification::centredRight);
    }
}

void RealTimePanel::paintCollector (juce::Graphics& g) const
{
    const auto live = stats.allocated - std::min (stats.allocated, stats.collected + stats.pending);
    const std::array<std::pair<const char*, std::uint64_t>, 3> numbers{
        { { "live", live }, { "waiting", stats.pending }, { "freed a second", freed.empty() ? 0 : freed.back() } }
    };

    g.setFont (font (11.0f));
    auto area = collectorArea.withTrimmedTop (22);

    for (const auto& [name, value] : numbers)
    {
        const auto row = area.removeFromTop (20).toFloat();
        g.setColour (colour (Token::muted));
        g.drawText (name, row, juce::Justification::centredLeft, false);
        g.setColour (colour (Token::text));
        drawFigures (g, withThousands (value), row, juce::Justification::centredRight);
    }

    const auto chart = area.withTrimmedTop (16).withHeight (std::min (44, std::max (0, area.getHeight() - 16))).toFloat();

    if (freed.size() < 2 || chart.getHeight() < 8.0f)
        return;

    const auto most = float (std::max<std::uint64_t> (10, *std::max_element (freed.begin(), freed.end())));
    const auto step = chart.getWidth() / float (mostSeconds - 1);
    juce::Path path;

    for (std::size_t i = 0; i < freed.size(); ++i)
    {
        const juce::Point<float> point (chart.getRight() - step * float (freed.size() - 1 - i),
                                        chart.getBottom() - 1.0f - (chart.getHeight() - 2.0f) * float (freed[i]) / most);

        if (i == 0)
            path.startNewSubPath (point);
        else
            path.lineTo (point);
    }

    g.setColour (colour (Token::audio));
    g.strokePath (path, juce::PathStrokeType (1.5f));
}

//======================================================================================================================
int RealTimePanel::getNumRows() { return int (guard->getSnapshot().violations.size()); }

void RealTimePanel::paintListBoxItem (int row, juce::Graphics& g, int w, int h, bool isSelected)
{
    const auto& violations = guard->getSnapshot().violations;

    if (! juce::isPositiveAndBelow (row, violations.size()))
        return;

    const auto& violation = violations[std::size_t (row)];
    const auto card = juce::Rectangle<int> (0, 0, w, h).withTrimmedBottom (4);
    g.setColour (colour (Token::card));
    g.fillRoundedRectangle (card.toFloat(), cornerSize);

    if (isSelected && findings.hasKeyboardFocus (true))
    {
        g.setColour (colour (Token::focus));
        g.drawRoundedRectangle (card.toFloat().reduced (0.5f), cornerSize, 1.0f);
    }

    const auto inner = card.reduced (10, 2);
    g.setColour (colour (Token::text));
    g.setFont (font (11.0f, true));
    g.drawText (getNodeName (violation.node) + dot() + toJuce (violation.function), inner.withHeight (15),
                juce::Justification::centredLeft, true);
    g.setColour (colour (Token::muted));
    g.setFont (font (10.0f));
    g.drawText (countCalls (violation) + getTellingFrame (violation.stack), inner.withTop (inner.getBottom() - 14),
                juce::Justification::centredLeft, true);
}

juce::String RealTimePanel::getNameForRow (int row)
{
    const auto& violations = guard->getSnapshot().violations;

    if (! juce::isPositiveAndBelow (row, violations.size()))
        return {};

    const auto& violation = violations[std::size_t (row)];
    return getNodeName (violation.node) + " called " + toJuce (violation.function) + ", " + countOf (violation.count, "time")
           + (violation.contended > 0 ? ", and waited " + countOf (violation.contended, "time") : juce::String());
}

juce::String RealTimePanel::getTooltipForRow (int row)
{
    const auto& violations = guard->getSnapshot().violations;

    if (! juce::isPositiveAndBelow (row, violations.size()))
        return {};

    juce::StringArray lines;
    lines.add ("First in block " + withThousands (violations[std::size_t (row)].firstBlock)
               + (violations[std::size_t (row)].worstMicros > 0.0
                      ? ", the longest took " + toDuration (violations[std::size_t (row)].worstMicros)
                      : juce::String()));

    for (const auto& frame : violations[std::size_t (row)].stack)
        lines.add (toJuce (frame));

    return lines.joinIntoString ("\n");
}

void RealTimePanel::selectNode (int row)
{
    const auto& violations = guard->getSnapshot().violations;

    if (juce::isPositiveAndBelow (row, violations.size()) && violations[std::size_t (row)].node != 0)
        workspace.select ({ violations[std::size_t (row)].node });
}

void RealTimePanel::listBoxItemClicked (int row, const juce::MouseEvent&) { selectNode (row); }

void RealTimePanel::returnKeyPressed (int row) { selectNode (row); }

} // namespace gui
