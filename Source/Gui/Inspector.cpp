#include "Inspector.h"

#include "Words.h"

#include <cmath>

namespace gui
{

namespace
{
constexpr int margin = 18;
constexpr int lineHeight = 19;
constexpr std::size_t mostFindings = 3;
constexpr int firstProgramId = 1;

/** Ids and paths are longer than a line, and a line is only broken between words. */
juce::String breakLongWords (const juce::String& text)
{
    constexpr int longest = 32;
    juce::String result;
    int length = 0;

    for (auto character = text.getCharPointer(); ! character.isEmpty();)
    {
        const auto c = character.getAndAdvance();
        length = juce::CharacterFunctions::isWhitespace (c) ? 0 : length + 1;

        if (length > longest)
        {
            result << "\n";
            length = 1;
        }

        result << juce::String::charToString (c);
    }

    return result;
}
} // namespace

Inspector::Inspector (Workspace& w) : workspace (w), parameters (w)
{
    setTitle ("Inspector");
    setFocusContainerType (FocusContainerType::focusContainer);

    name.setFont (font (15.0f, true));
    name.setMinimumHorizontalScale (1.0f);
    name.setBorderSize ({ 1, 4, 1, 4 });
    name.onTextChange = [this] { renamed(); };
    name.setRepaintsOnMouseActivity (true);
    name.onEditorShow = [this]
    {
        if (auto* editor = name.getCurrentTextEditor())
            editor->setIndents (2, 0);
    };
    addAndMakeVisible (name);

    setLook (open, ButtonLook::link);
    open.setTooltip ("Opens the plugin's own window");
    open.onClick = [this]
    {
        if (node != nullptr && workspace.openEditor)
            workspace.openEditor (node->getId());
    };
    addChildComponent (open);

    programs.setTitle ("Program of the plugin");
    programs.setTooltip ("Brings all the settings of a program; can be undone");
    programs.setTextWhenNothingSelected ("Choose a program");
    programs.onChange = [this]
    {
        const auto id = node != nullptr ? node->getId() : 0;
        const auto program = programs.getSelectedId() - firstProgramId;
        workspace.attempt ([&] { workspace.editor.setProgram (id, program); });
        updatePrograms();
    };
    addChildComponent (programs);

    bypass.setTooltip ("Lets sound and events pass by");
    bypass.setMouseClickGrabsKeyboardFocus (false);
    bypass.onClick = [this]
    {
        const auto on = bypass.getToggleState();
        workspace.attempt ([&] { workspace.editor.setBypassed (workspace.getSelection(), on); });
        refresh();
    };
    addChildComponent (bypass);

    setLook (remove, ButtonLook::normal);
    remove.setTooltip ("Takes the nodes and their wires away; can be undone");
    remove.onClick = [this] { workspace.attempt ([&] { workspace.editor.removeNodes (workspace.getSelection()); }); };
    addChildComponent (remove);

    addChildComponent (parameters);

    workspace.addListener (*this);
    workspace.editor.addListener (*this);
    refresh();
}

Inspector::~Inspector()
{
    workspace.editor.removeListener (*this);
    workspace.removeListener (*this);
}

void Inspector::focusName() { name.showEditor(); }

void Inspector::renamed()
{
    const auto text = name.getText().trim().toStdString();

    if (node != nullptr)
        workspace.attempt ([&] { workspace.editor.rename (node->getId(), text); });
    else
        workspace.attempt ([&] { workspace.editor.setName (text); });

    refresh();
}

//======================================================================================================================
void Inspector::refresh()
{
    node = workspace.editor.find (workspace.getSingleSelection());
    isSeveral = workspace.getSelection().size() > 1;
    explanation.clear();
    open.setVisible (false);
    bypass.setVisible (false);
    remove.setVisible (false);
    name.setEditable (! isSeveral);

    if (node != nullptr)
        refreshNode();
    else if (isSeveral)
        refreshSeveral();
    else
        refreshSession();

    parameters.show (node != nullptr && node->missing.empty() ? node->getId() : 0);
    parameters.setVisible (parameters.getNumParameters() > 0);
    updatePrograms();
    updateFacts();
    layOut();
    repaint();
}

void Inspector::updatePrograms()
{
    auto* plugin = node != nullptr && node->missing.empty() ? node->getPlugin() : nullptr;
    const auto names = plugin != nullptr ? plugin->getPrograms() : juce::StringArray();

    if (names != programNames)
    {
        programNames = names;
        programs.clear (juce::dontSendNotification);

        // A box takes no item without a text.
        for (int i = 0; i < names.size(); ++i)
            programs.addItem (names[i].isNotEmpty() ? names[i] : "Program " + juce::String (i + 1), firstProgramId + i);
    }

    if (programs.isVisible() != (names.size() > 1))
    {
        programs.setVisible (names.size() > 1);
        layOut();
    }

    if (plugin != nullptr && ! programs.isPopupActive())
        programs.setSelectedId (firstProgramId + plugin->getProgram(), juce::dontSendNotification);
}

void Inspector::refreshNode()
{
    const auto type = toJuce (node->getType());
    name.setTitle ("Name of the node");
    name.setTooltip ("Click to rename");

    if (! name.isBeingEdited())
        name.setText (toJuce (node->getName()), juce::dontSendNotification);

    if (auto* plugin = node->getPlugin())
    {
        const auto& info = plugin->getInfo();
        juce::StringArray words;
        words.add (info.manufacturer.upToFirstOccurrenceOf ("\n", false, false).trim());
        words.add ((info.format + " " + info.version).trim());
        words.removeEmptyStrings();
        subtitle = words.joinIntoString (dot());
        open.setVisible (true);
    }
    else
    {
        subtitle = node->missing.empty() ? "AudioHost" + dot() + getNodeTypeName (type) : juce::String ("Not loaded");
    }

    if (! node->missing.empty())
        explanation = breakLongWords (toJuce (node->missing))
                      + "\n\nIts place, wires and settings are kept in the session. Install the plugin, scan, and open the "
                        "session again; or delete the node.";

    bypass.setVisible (node->missing.empty() && node->runtime->role == host::NodeRole::processor);
    bypass.setToggleState (node->isBypassed(), juce::dontSendNotification);
}

void Inspector::refreshSeveral()
{
    const auto& selection = workspace.getSelection();
    name.setTitle ("Selection");
    name.setTooltip ({});
    name.setText (countOf (selection.size(), "node") + " selected", juce::dontSendNotification);
    juce::StringArray names;
    auto areBypassed = true;

    for (const auto id : selection)
    {
        if (const auto selected = workspace.editor.find (id))
        {
            names.add (toJuce (selected->getName()));
            areBypassed = areBypassed && selected->isBypassed();
        }
    }

    subtitle.clear();
    explanation = breakLongWords (names.joinIntoString (", "));
    bypass.setVisible (true);
    bypass.setToggleState (areBypassed, juce::dontSendNotification);
    remove.setVisible (true);
}

void Inspector::refreshSession()
{
    const auto& file = workspace.editor.getFile();
    name.setTitle ("Name of the session");
    name.setTooltip ("Click to rename");

    if (! name.isBeingEdited())
        name.setText (toJuce (workspace.editor.getName()), juce::dontSendNotification);

    subtitle = file == juce::File() ? juce::String ("Session, not saved yet") : "Session" + dot() + file.getFileName();
    explanation = "Select a node to see its parameters.";
}

//======================================================================================================================
void Inspector::frame()
{
    guard->poll();

    if (frameCount++ % 8 == 0 && isShowing())
    {
        updatePrograms();
        updateFacts();
    }
}

void Inspector::updateFacts()
{
    factsHeading = node != nullptr ? (node->missing.empty() ? "Real time" : "") : isSeveral ? "" : "Session";
    auto fresh = node != nullptr && node->missing.empty() ? getRealTimeFacts()
                 : node == nullptr && ! isSeveral         ? getSessionFacts()
                                                          : std::vector<Line>();

    if (fresh == facts)
        return;

    const auto isSameSize = fresh.size() == facts.size();
    facts = std::move (fresh);

    if (! isSameSize)
        layOut();

    repaint (factsArea);
}

std::vector<Inspector::Line> Inspector::getRealTimeFacts() const
{
    std::vector<Line> lines;
    const auto& runtime = *node->runtime;
    const auto& time = runtime.time;

    // The graph's ends do no work of their own.
    if (runtime.role == host::NodeRole::processor || runtime.role == host::NodeRole::feedback)
    {
        if (time.getCount() > 0)
            lines.push_back ({ "p50 " + toDuration (time.getPercentileMicros (0.5)) + "   p99 "
                               + toDuration (time.getPercentileMicros (0.99)) + "   max "
                               + toDuration (time.getMaxMicros()) });
        else
            lines.push_back ({ "Not measured yet", Token::muted });
    }

    addGuardFacts (lines);

    if (const auto latency = runtime.processor->getLatencySamples(); latency > 0)
        lines.push_back ({ "Latency " + countOf (std::uint64_t (latency), "sample") + ", "
                               + juce::String (1000.0 * latency / workspace.live.getEngine().getInfo().sampleRate, 1, false)
                               + " ms",
                           Token::muted });

    if (const auto muted = runtime.mutedBlocks.load (std::memory_order_relaxed); muted > 0)
        lines.push_back ({ countOf (muted, "block") + " muted: NaN came out", Token::bad });

    if (const auto dropped = runtime.droppedEvents.load (std::memory_order_relaxed); dropped > 0)
        lines.push_back ({ countOf (dropped, "MIDI event") + " dropped: too many at once", Token::bad });

    return lines;
}

void Inspector::addGuardFacts (std::vector<Line>& lines) const
{
    std::uint64_t numCalls = 0;
    std::vector<const rt::guard::Violation*> mine;

    for (const auto& violation : guard->getSnapshot().violations)
    {
        if (violation.node == node->getId())
        {
            mine.push_back (&violation);
            numCalls += violation.count;
        }
    }

    if (mine.empty())
    {
        if (rt::guard::getMode() == rt::guard::Mode::off)
            lines.push_back ({ "Not watched: the guard is off", Token::muted });
        else
            lines.push_back (
                { "No findings in " + countOf (workspace.live.getEngine().getBlockCount(), "block"), Token::good });

        return;
    }

    lines.push_back ({ countOf (mine.size(), "finding") + ", " + countOf (numCalls, "call"), Token::sideChain });

    for (std::size_t i = 0; i < std::min (mine.size(), mostFindings); ++i)
        lines.push_back ({ toJuce (mine[i]->function) + dot() + withThousands (mine[i]->count)
                               + (mine[i]->contended > 0 ? ", " + withThousands (mine[i]->contended) + " waited" : ""),
                           Token::muted });
}

std::vector<Inspector::Line> Inspector::getSessionFacts() const
{
    const auto& nodes = workspace.editor.getNodes();
    const auto& engine = workspace.live.getEngine();
    const auto latency = engine.getLatencySamples();
    const auto missing = std::count_if (nodes.begin(), nodes.end(), [] (const auto& n) { return ! n->missing.empty(); });

    std::vector<Line> lines;
    lines.push_back ({ countOf (nodes.size(), "node") + ", " + countOf (workspace.editor.getWires().size(), "wire") });
    lines.push_back ({ "Latency " + countOf (std::uint64_t (std::max (0, latency)), "sample") + ", "
                       + juce::String (1000.0 * latency / engine.getInfo().sampleRate, 1, false) + " ms" });

    if (missing > 0)
        lines.push_back (
            { countOf (std::uint64_t (missing), "plugin") + " not loaded: select it to see why", Token::sideChain });

    return lines;
}

int Inspector::getFactsHeight() const { return facts.empty() ? 0 : 22 + int (facts.size()) * lineHeight; }

//======================================================================================================================
void Inspector::resized() { layOut(); }

void Inspector::layOut()
{
    const auto inner = getWidth() - 2 * margin;
    auto y = 10;
    const auto linkWidth = open.isVisible() ? 48 : 0;
    name.setBounds (margin - 4, y, inner + 8 - linkWidth, 24);
    open.setBounds (getWidth() - margin - 40, y + 1, 44, 22);
    y = 60;

    if (programs.isVisible())
    {
        programs.setBounds (margin - 1, y, inner + 2, 30);
        y += 42;
    }

    if (bypass.isVisible() || remove.isVisible())
    {
        bypass.setBounds (margin, y, 90, 26);
        remove.setBounds (margin + 100, y - 1, 78, 28);
        y += 40;
    }

    explanationArea = {};

    if (explanation.isNotEmpty())
    {
        juce::AttributedString words;
        words.append (explanation, font (12.0f), colour (Token::muted));
        juce::TextLayout layout;
        layout.createLayout (words, float (inner));
        const auto height = std::min (int (std::ceil (layout.getHeight())) + 4, std::max (0, getHeight() - y - 60));
        explanationArea = { margin, y, inner, height };
        y += height + 12;
    }

    if (parameters.isVisible())
    {
        const auto room = std::max (0, getHeight() - y - getFactsHeight() - 16);
        const auto height = std::min (parameters.getIdealHeight(), room);
        parameters.setBounds (0, y, getWidth(), height);
        y += height + 8;
    }

    const auto newArea = juce::Rectangle<int> (margin, y, inner, getFactsHeight());

    if (newArea != factsArea)
    {
        factsArea = newArea;
        repaint();
    }
}

void Inspector::paint (juce::Graphics& g)
{
    g.fillAll (colour (Token::panel));
    g.setColour (colour (Token::line));
    g.fillRect (0, 0, 1, getHeight());

    g.setColour (colour (Token::muted));
    g.setFont (font (11.0f));
    g.drawText (subtitle, margin, 34, getWidth() - 2 * margin, 17, juce::Justification::centredLeft, true);

    if (! explanationArea.isEmpty())
    {
        const auto isMissing = node != nullptr && ! node->missing.empty();
        juce::AttributedString words;
        words.append (explanation, font (12.0f), colour (isMissing ? Token::text : Token::muted));
        juce::TextLayout layout;
        layout.createLayout (words, float (explanationArea.getWidth()));
        const juce::Graphics::ScopedSaveState state (g);
        g.reduceClipRegion (explanationArea);
        layout.draw (g, explanationArea.toFloat());
    }

    if (facts.empty())
        return;

    auto area = factsArea;
    drawHeading (g, factsHeading, area.removeFromTop (22));
    g.setFont (font (12.0f));

    for (const auto& line : facts)
    {
        g.setColour (colour (line.ink));
        drawFigures (g, line.text, area.removeFromTop (lineHeight).toFloat(), juce::Justification::centredLeft);
    }
}

} // namespace gui
