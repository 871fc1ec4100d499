#include "ParameterList.h"

#include "Words.h"

#include <cmath>

namespace gui
{

namespace
{
constexpr int margin = 18;
constexpr int framesToWait = 9; ///< until what was set has surely reached the plugin
} // namespace

//======================================================================================================================
class ParameterList::Row final : public juce::Component, public juce::SettableTooltipClient
{
public:
    explicit Row (ParameterList& o) : owner (o)
    {
        slider.setSliderStyle (juce::Slider::LinearHorizontal);
        slider.setTextBoxStyle (juce::Slider::NoTextBox, true, 0, 0);
        slider.setScrollWheelEnabled (false); // the wheel is for the list
        slider.onValueChange = [this] { edited(); };
        slider.onDragStart = [this] { owner.workspace.editor.endGesture(); };
        slider.onDragEnd = [this] { owner.workspace.editor.endGesture(); };
        slider.textFromValueFunction = [this] (double v) { return getText (float (v)); };
        slider.onFocus = [this] { owner.list.scrollToEnsureRowIsOnscreen (row); };
        addAndMakeVisible (slider);
    }

    void setParameter (int newRow, int newIndex)
    {
        row = newRow;

        if (index == newIndex && node == owner.node)
        {
            poll (true);
            return;
        }

        index = newIndex;
        node = owner.node;
        hold = 0;
        const auto& info = getInfo();
        const auto interval = info.steps > 1 ? double (info.maximum - info.minimum) / double (info.steps - 1) : 0.0;
        slider.setRange (double (info.minimum), double (std::max (info.maximum, info.minimum + 1.0e-6f)), interval);

        // Frequencies over decades: an octave is as wide at the left as at the right.
        if (info.label == "Hz" && info.minimum > 0.0f && info.maximum > 100.0f * info.minimum)
            slider.setSkewFactorFromMidPoint (std::sqrt (double (info.minimum) * double (info.maximum)));
        else
            slider.setSkewFactor (1.0);

        slider.setDoubleClickReturnValue (true, double (info.defaultValue));
        slider.setTitle (info.name);
        setTooltip (info.name);
        poll (true);
        repaint();
    }

    /** Follows the node's value, but not while the person moves it or what was set is still on its way. */
    void poll (bool evenIfSame)
    {
        if (node == nullptr || index < 0)
            return;

        if (slider.isMouseButtonDown())
            return;

        if (hold > 0 && --hold > 0)
            return;

        const auto now = node->runtime->processor->getParameter (index);

        if (now == value && ! evenIfSame)
            return;

        value = now;
        slider.setValue (double (now), juce::dontSendNotification);
        setText (getText (now));
    }

    void paint (juce::Graphics& g) override
    {
        if (node == nullptr)
            return;

        const auto area = getLocalBounds().reduced (margin, 0).withHeight (17);
        g.setFont (font (12.0f));
        const auto valueWidth =
            std::min (area.getWidth() / 2, int (std::ceil (getFiguresWidth (g.getCurrentFont(), text))) + 2);
        g.setColour (colour (Token::muted));
        drawFigures (g, text, area.withLeft (area.getRight() - valueWidth).toFloat(), juce::Justification::centredRight);
        g.setColour (colour (Token::text));
        g.drawText (getInfo().name, area.withTrimmedRight (valueWidth + 8), juce::Justification::centredLeft, true);
    }

    void resized() override { slider.setBounds (margin, 14, getWidth() - 2 * margin, 16); }

    int getIndex() const noexcept { return index; }

private:
    struct FollowedSlider final : juce::Slider
    {
        void focusGained (FocusChangeType cause) override
        {
            juce::Slider::focusGained (cause);
            repaint();

            if (cause == focusChangedByTabKey && onFocus)
                onFocus();
        }

        void focusLost (FocusChangeType cause) override
        {
            juce::Slider::focusLost (cause);
            repaint();
        }

        std::function<void()> onFocus;
    };

    const host::ParameterInfo& getInfo() const { return node->runtime->processor->getParameters()[std::size_t (index)]; }

    juce::String getText (float v) const
    {
        return node == nullptr ? juce::String() : node->runtime->processor->getParameterText (index, v);
    }

    void setText (const juce::String& newText)
    {
        if (text == newText)
            return;

        text = newText;
        repaint();
    }

    void edited()
    {
        value = float (slider.getValue());
        hold = framesToWait;
        owner.edit (index, value);
        setText (getText (value));
    }

    ParameterList& owner;
    FollowedSlider slider;
    host::SessionEditor::NodePtr node;
    juce::String text;
    float value = 0.0f;
    int row = 0, index = -1, hold = 0;
};

//======================================================================================================================
ParameterList::ParameterList (Workspace& w) : workspace (w), list ("Parameters", this)
{
    setTitle ("Parameters");

    search.setTitle ("Search parameters");
    search.setFont (font (12.0f));
    search.setIndents (8, 0);
    search.setJustification (juce::Justification::centredLeft);
    search.onTextChange = [this] { filter(); };
    search.onEscapeKey = [this]
    {
        search.clear();
        filter();
    };
    addChildComponent (search);

    nothing.setFont (font (12.0f));
    addChildComponent (nothing);

    list.setTitle ("Parameters");
    list.setRowHeight (rowHeight);
    list.setWantsKeyboardFocus (false); // its sliders take it
    list.setRowSelectedOnMouseDown (false);
    addAndMakeVisible (list);

    lookAndFeelChanged();
    workspace.addListener (*this);
    workspace.editor.addListener (*this);
}

ParameterList::~ParameterList()
{
    workspace.editor.removeListener (*this);
    workspace.removeListener (*this);
    list.setModel (nullptr);
}

void ParameterList::lookAndFeelChanged()
{
    search.setTextToShowWhenEmpty ("Search parameters", colour (Token::muted));
    nothing.setColour (juce::Label::textColourId, colour (Token::muted));
    repaint();
}

void ParameterList::show (host::NodeId newId)
{
    auto newNode = newId == 0 ? nullptr : workspace.editor.find (newId);

    if (newId == id && newNode == node)
        return;

    const auto isSameNode = newNode != nullptr && node != nullptr && newNode->runtime == node->runtime;
    id = newId;
    node = std::move (newNode);

    if (! isSameNode)
    {
        search.setText ({}, false);
        list.setVerticalPosition (0.0);
    }

    filter();
}

const std::vector<host::ParameterInfo>& ParameterList::getInfos() const
{
    static const std::vector<host::ParameterInfo> none;
    return node == nullptr ? none : node->runtime->processor->getParameters();
}

int ParameterList::getNumParameters() const { return int (getInfos().size()); }

int ParameterList::getIdealHeight() const { return getNumParameters() * rowHeight + (hasSearch() ? searchHeight : 0); }

void ParameterList::filter()
{
    const auto& infos = getInfos();
    const auto words = juce::StringArray::fromTokens (search.getText().toLowerCase(), " ", {});
    shown.clear();

    for (int i = 0; i < int (infos.size()); ++i)
    {
        const auto name = infos[std::size_t (i)].name.toLowerCase();

        if (std::all_of (words.begin(), words.end(), [&] (const juce::String& word) { return name.contains (word); }))
            shown.push_back (i);
    }

    search.setVisible (hasSearch());
    nothing.setVisible (shown.empty() && ! search.isEmpty());
    nothing.setText ("No parameter of this name.", juce::dontSendNotification);
    resized();
    list.updateContent();
}

void ParameterList::resized()
{
    auto area = getLocalBounds();

    if (hasSearch())
        search.setBounds (area.removeFromTop (searchHeight).reduced (margin, 0).withTrimmedBottom (8));

    nothing.setBounds (area.reduced (margin - 4, 0).withHeight (24));
    list.setBounds (area);
}

void ParameterList::edit (int index, float value)
{
    workspace.attempt ([&] { workspace.editor.setParameter (id, index, value); });
}

void ParameterList::pollRows()
{
    const auto first = list.getViewport()->getViewPositionY() / rowHeight;
    const auto last = std::min (int (shown.size()) - 1, first + list.getHeight() / rowHeight + 1);

    for (int row = first; row <= last; ++row)
        if (auto* component = dynamic_cast<Row*> (list.getComponentForRowNumber (row)))
            component->poll (false);
}

void ParameterList::frame()
{
    if (node != nullptr && isShowing())
        pollRows();
}

void ParameterList::sessionChanged()
{
    if (id != 0)
        show (id);
}

void ParameterList::parameterChanged (host::NodeId changed, int)
{
    if (changed == id && node != nullptr)
        pollRows();
}

juce::Component* ParameterList::refreshComponentForRow (int row, bool, juce::Component* existing)
{
    std::unique_ptr<juce::Component> old (existing);

    if (! juce::isPositiveAndBelow (row, shown.size()))
        return nullptr;

    auto* component = dynamic_cast<Row*> (old.get());

    if (component == nullptr)
    {
        old = std::make_unique<Row> (*this);
        component = static_cast<Row*> (old.get());
    }

    component->setParameter (row, shown[std::size_t (row)]);
    return old.release();
}

juce::String ParameterList::getNameForRow (int row)
{
    return juce::isPositiveAndBelow (row, shown.size()) ? getInfos()[std::size_t (shown[std::size_t (row)])].name
                                                        : juce::String();
}

} // namespace gui
