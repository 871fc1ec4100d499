#include "Theme.h"

#include <juce_audio_utils/juce_audio_utils.h>

#include <array>
#include <cmath>

namespace gui
{

namespace
{
// In the order of Token; a column a palette.
constexpr std::array<std::array<juce::uint32, 3>, numTokens> table{ {
    //  dark        light       high contrast
    { 0xff14171a, 0xffe9edf1, 0xff000000 }, // background
    { 0xff1a1e23, 0xfff4f6f8, 0xff0a0a0a }, // panel
    { 0xff232931, 0xffffffff, 0xff161616 }, // card
    { 0xff2b323b, 0xffdde3ea, 0xff333333 }, // raised
    { 0xff313a44, 0xffc3ccd6, 0xff8c8c8c }, // line
    { 0xffe7ebef, 0xff171c22, 0xffffffff }, // text
    { 0xff8d98a4, 0xff525d69, 0xffdcdcdc }, // muted
    { 0xff58c7ae, 0xff0b735d, 0xff4dffd5 }, // audio
    { 0xffaf8cff, 0xff6a3fd0, 0xffd3b8ff }, // midi
    { 0xfff0b25c, 0xff8a4f00, 0xffffa640 }, // side-chain
    { 0xff7fb4ff, 0xff1758b8, 0xffffe94a }, // focus
    { 0xff5cc986, 0xff1a6e38, 0xff66ff96 }, // good
    { 0xffff6b66, 0xffb3261e, 0xffff8d88 }, // bad
    { 0xff14171a, 0xffffffff, 0xff000000 }, // on accent
} };

Palette paletteInUse = Palette::dark;

constexpr const char* lookProperty = "look";
constexpr const char* sizeProperty = "textSize";

ButtonLook getLook (const juce::Button& button)
{
    return static_cast<ButtonLook> (int (button.getProperties().getWithDefault (lookProperty, 0)));
}

bool hasInter()
{
    static const bool found = juce::Font::findAllTypefaceNames().contains ("Inter");
    return found;
}

/** "Semi Bold" is written with and without a space; where a family has none, bold it is. */
juce::String findSemiBold()
{
    if (hasInter())
        for (const auto& style : juce::Font::findAllTypefaceStyles ("Inter"))
            if (style.removeCharacters (" -").equalsIgnoreCase ("SemiBold"))
                return style;

    return "Bold";
}

const juce::String& getSemiBold()
{
    static const auto style = findSemiBold();
    return style;
}

juce::Font makeFont (float height, bool semiBold)
{
    return { hasInter() ? juce::String ("Inter") : juce::Font::getDefaultSansSerifFontName(),
             semiBold ? getSemiBold() : juce::String ("Regular"), height };
}

juce::TextLayout layOutTooltip (const juce::String& text)
{
    juce::AttributedString words;
    words.setJustification (juce::Justification::centredLeft);
    words.append (text, font (11.0f), colour (Token::text));

    juce::TextLayout layout;
    layout.createLayout (words, 360.0f);
    return layout;
}

/** Calls what it is given with each character, its place from the left, and whether it is a figure in a cell. */
template <typename Function>
float forEachCharacter (const juce::Font& f, const juce::String& text, Function&& function)
{
    static const juce::String digits ("0123456789");
    auto cell = 0.0f;

    for (int i = 0; i < digits.length(); ++i)
        cell = std::max (cell, f.getStringWidthFloat (digits.substring (i, i + 1)));

    auto x = 0.0f;
    juce::String run;

    const auto flush = [&]
    {
        if (run.isEmpty())
            return;

        function (run, x);
        x += f.getStringWidthFloat (run);
        run.clear();
    };

    for (auto character = text.getCharPointer(); ! character.isEmpty();)
    {
        const auto c = character.getAndAdvance();

        if (c < '0' || c > '9')
        {
            run << juce::String::charToString (c);
            continue;
        }

        flush();
        const auto digit = juce::String::charToString (c);
        function (digit, x + 0.5f * (cell - f.getStringWidthFloat (digit)));
        x += cell;
    }

    flush();
    return x;
}
} // namespace

//======================================================================================================================
juce::Colour colour (Token token, Palette palette)
{
    return juce::Colour (table[static_cast<std::size_t> (token)][static_cast<std::size_t> (palette)]);
}

juce::Colour colour (Token token) { return colour (token, paletteInUse); }

double getContrast (juce::Colour a, juce::Colour b)
{
    const auto luminance = [] (juce::Colour c)
    {
        const auto linear = [] (juce::uint8 value)
        {
            const auto v = value / 255.0;
            return v <= 0.04045 ? v / 12.92 : std::pow ((v + 0.055) / 1.055, 2.4);
        };

        return 0.2126 * linear (c.getRed()) + 0.7152 * linear (c.getGreen()) + 0.0722 * linear (c.getBlue());
    };

    const auto [low, high] = std::minmax ({ luminance (a), luminance (b) });
    return (high + 0.05) / (low + 0.05);
}

juce::Font font (float size, bool semiBold)
{
    static const auto heightOfEm = makeFont (10.0f, false).withPointHeight (1.0f).getHeight();
    return makeFont (size * heightOfEm, semiBold);
}

void drawFigures (juce::Graphics& g, const juce::String& text, juce::Rectangle<float> area,
                  juce::Justification justification)
{
    const auto f = g.getCurrentFont();
    const auto width = getFiguresWidth (f, text);

    if (width > area.getWidth() + 0.5f)
    {
        g.drawText (text, area, justification, true);
        return;
    }

    const auto box = justification.appliedToRectangle (juce::Rectangle<float> (width, f.getHeight()), area);
    const auto baseline = box.getY() + f.getAscent();
    juce::GlyphArrangement glyphs;
    forEachCharacter (f, text,
                      [&] (const juce::String& run, float x) { glyphs.addLineOfText (f, run, box.getX() + x, baseline); });
    glyphs.draw (g);
}

float getFiguresWidth (const juce::Font& f, const juce::String& text)
{
    return forEachCharacter (f, text, [] (const juce::String&, float) {});
}

void drawHeading (juce::Graphics& g, const juce::String& text, juce::Rectangle<int> area)
{
    g.setColour (colour (Token::muted));
    g.setFont (font (10.0f, true).withExtraKerningFactor (0.06f));
    g.drawText (text.toUpperCase(), area, juce::Justification::centredLeft, true);
}

void drawFocus (juce::Graphics& g, juce::Rectangle<float> area, float corner)
{
    g.setColour (colour (Token::focus));
    g.drawRoundedRectangle (area.reduced (1.0f), corner, 2.0f);
}

void setLook (juce::TextButton& button, ButtonLook look, float fontSize)
{
    button.getProperties().set (lookProperty, static_cast<int> (look));
    button.getProperties().set (sizeProperty, fontSize);
    button.setMouseClickGrabsKeyboardFocus (false);
}

//======================================================================================================================
Theme::Theme()
{
    if (hasInter())
        setDefaultSansSerifTypefaceName ("Inter");

    paletteInUse = palette;
    applyColours();
}

static void recolourEditors (juce::Component& component)
{
    if (auto* editor = dynamic_cast<juce::TextEditor*> (&component))
        editor->applyColourToAllText (editor->findColour (juce::TextEditor::textColourId));

    for (auto* child : component.getChildren())
        recolourEditors (*child);
}

void Theme::setPalette (Palette newPalette)
{
    palette = paletteInUse = newPalette;
    applyColours();

    auto& desktop = juce::Desktop::getInstance();

    for (int i = desktop.getNumComponents(); --i >= 0;)
    {
        // What a component does about it may close windows.
        if (auto* window = desktop.getComponent (i))
        {
            window->sendLookAndFeelChange();
            recolourEditors (*window);
            window->repaint();
        }
    }
}

void Theme::applyColours()
{
    const auto c = [] (Token token) { return colour (token).getARGB(); };
    const auto clear = juce::Colours::transparentBlack;

    setColourScheme ({ c (Token::panel), c (Token::card), c (Token::card), c (Token::line), c (Token::text),
                       c (Token::raised), c (Token::text), c (Token::focus), c (Token::text) });

    const auto set = [this] (int id, Token token) { setColour (id, colour (token)); };

    set (juce::ResizableWindow::backgroundColourId, Token::panel);
    set (juce::DocumentWindow::textColourId, Token::text);

    set (juce::TextButton::buttonColourId, Token::card);
    set (juce::TextButton::buttonOnColourId, Token::raised);
    set (juce::TextButton::textColourOffId, Token::text);
    set (juce::TextButton::textColourOnId, Token::text);
    set (juce::ToggleButton::textColourId, Token::text);
    set (juce::ToggleButton::tickColourId, Token::focus);
    set (juce::ToggleButton::tickDisabledColourId, Token::muted);
    set (juce::HyperlinkButton::textColourId, Token::focus);

    set (juce::TextEditor::backgroundColourId, Token::card);
    set (juce::TextEditor::textColourId, Token::text);
    setColour (juce::TextEditor::highlightColourId, colour (Token::focus).withAlpha (0.35f));
    set (juce::TextEditor::highlightedTextColourId, Token::text);
    set (juce::TextEditor::outlineColourId, Token::line);
    set (juce::TextEditor::focusedOutlineColourId, Token::focus);
    setColour (juce::TextEditor::shadowColourId, clear);
    set (juce::CaretComponent::caretColourId, Token::focus);

    set (juce::Label::textColourId, Token::text);
    setColour (juce::Label::backgroundColourId, clear);
    setColour (juce::Label::outlineColourId, clear);
    set (juce::Label::textWhenEditingColourId, Token::text);
    set (juce::Label::backgroundWhenEditingColourId, Token::card);
    set (juce::Label::outlineWhenEditingColourId, Token::focus);

    set (juce::ComboBox::backgroundColourId, Token::card);
    set (juce::ComboBox::textColourId, Token::text);
    set (juce::ComboBox::outlineColourId, Token::line);
    set (juce::ComboBox::focusedOutlineColourId, Token::focus);
    set (juce::ComboBox::buttonColourId, Token::card);
    set (juce::ComboBox::arrowColourId, Token::muted);

    set (juce::PopupMenu::backgroundColourId, Token::card);
    set (juce::PopupMenu::textColourId, Token::text);
    set (juce::PopupMenu::headerTextColourId, Token::muted);
    set (juce::PopupMenu::highlightedBackgroundColourId, Token::raised);
    set (juce::PopupMenu::highlightedTextColourId, Token::text);

    set (juce::Slider::backgroundColourId, Token::line);
    set (juce::Slider::trackColourId, Token::focus);
    set (juce::Slider::thumbColourId, Token::text);
    set (juce::Slider::rotarySliderFillColourId, Token::focus);
    set (juce::Slider::rotarySliderOutlineColourId, Token::line);
    set (juce::Slider::textBoxTextColourId, Token::text);
    set (juce::Slider::textBoxBackgroundColourId, Token::card);
    setColour (juce::Slider::textBoxHighlightColourId, colour (Token::focus).withAlpha (0.35f));
    set (juce::Slider::textBoxOutlineColourId, Token::line);

    setColour (juce::ListBox::backgroundColourId, clear);
    setColour (juce::ListBox::outlineColourId, clear);
    set (juce::ListBox::textColourId, Token::text);
    setColour (juce::TreeView::backgroundColourId, clear);
    set (juce::TreeView::linesColourId, Token::line);
    set (juce::TreeView::selectedItemBackgroundColourId, Token::raised);
    set (juce::ScrollBar::thumbColourId, Token::line);
    setColour (juce::ScrollBar::trackColourId, clear);
    setColour (juce::ScrollBar::backgroundColourId, clear);

    set (juce::TooltipWindow::backgroundColourId, Token::raised);
    set (juce::TooltipWindow::textColourId, Token::text);
    set (juce::TooltipWindow::outlineColourId, Token::line);
    set (juce::AlertWindow::backgroundColourId, Token::panel);
    set (juce::AlertWindow::textColourId, Token::text);
    set (juce::AlertWindow::outlineColourId, Token::line);
    set (juce::ProgressBar::backgroundColourId, Token::line);
    set (juce::ProgressBar::foregroundColourId, Token::focus);
    set (juce::GroupComponent::outlineColourId, Token::line);
    set (juce::GroupComponent::textColourId, Token::muted);
    set (juce::BubbleComponent::backgroundColourId, Token::raised);
    set (juce::BubbleComponent::outlineColourId, Token::line);

    set (juce::TabbedComponent::backgroundColourId, Token::panel);
    set (juce::TabbedComponent::outlineColourId, Token::line);
    set (juce::TabbedButtonBar::tabTextColourId, Token::muted);
    set (juce::TabbedButtonBar::frontTextColourId, Token::text);
    setColour (juce::TabbedButtonBar::tabOutlineColourId, clear);
    setColour (juce::TabbedButtonBar::frontOutlineColourId, clear);

    set (juce::DirectoryContentsDisplayComponent::highlightColourId, Token::raised);
    set (juce::DirectoryContentsDisplayComponent::textColourId, Token::text);
    set (juce::DirectoryContentsDisplayComponent::highlightedTextColourId, Token::text);
    set (juce::FileBrowserComponent::currentPathBoxBackgroundColourId, Token::card);
    set (juce::FileBrowserComponent::currentPathBoxTextColourId, Token::text);
    set (juce::FileBrowserComponent::currentPathBoxArrowColourId, Token::muted);
    set (juce::FileBrowserComponent::filenameBoxBackgroundColourId, Token::card);
    set (juce::FileBrowserComponent::filenameBoxTextColourId, Token::text);
    set (juce::FileChooserDialogBox::titleTextColourId, Token::text);
    set (juce::PropertyComponent::backgroundColourId, Token::panel);
    set (juce::PropertyComponent::labelTextColourId, Token::text);

    // Keys are white and black in every palette, for that is what keys are; in tones of ours.
    const auto isLight = palette == Palette::light;
    set (juce::MidiKeyboardComponent::whiteNoteColourId, isLight ? Token::card : Token::text);
    set (juce::MidiKeyboardComponent::blackNoteColourId, isLight ? Token::text : Token::background);
    set (juce::MidiKeyboardComponent::keySeparatorLineColourId, isLight ? Token::line : Token::muted);
    setColour (juce::MidiKeyboardComponent::mouseOverKeyOverlayColourId, colour (Token::focus).withAlpha (0.35f));
    setColour (juce::MidiKeyboardComponent::keyDownOverlayColourId, colour (Token::focus).withAlpha (0.85f));
    set (juce::MidiKeyboardComponent::textLabelColourId, isLight ? Token::muted : Token::background);
    setColour (juce::MidiKeyboardComponent::shadowColourId, clear);
    set (juce::KeyboardComponentBase::upDownButtonBackgroundColourId, Token::card);
    set (juce::KeyboardComponentBase::upDownButtonArrowColourId, Token::text);
}

//======================================================================================================================
void Theme::drawButtonBackground (juce::Graphics& g, juce::Button& button, const juce::Colour&, bool isOver, bool isDown)
{
    const auto area = button.getLocalBounds().toFloat();
    const auto isOn = button.getToggleState();

    switch (getLook (button))
    {
        case ButtonLook::normal:
            g.setColour (colour (isOn || isOver || isDown ? Token::raised : Token::card));
            g.fillRoundedRectangle (area.reduced (0.5f), cornerSize);
            g.setColour (colour (isOn || isDown ? Token::focus : Token::line));
            g.drawRoundedRectangle (area.reduced (0.5f), cornerSize, 1.0f);
            break;

        case ButtonLook::link: break;

        case ButtonLook::tab:
            if (isOn)
            {
                g.setColour (colour (Token::focus));
                g.fillRoundedRectangle (area.withTop (area.getBottom() - 2.0f), 1.0f);
            }

            break;
    }

    if (button.hasKeyboardFocus (false))
        drawFocus (g, area, cornerSize);
}

juce::Font Theme::getTextButtonFont (juce::TextButton& button, int)
{
    const auto size = float (button.getProperties().getWithDefault (sizeProperty, 12.0f));
    return font (size, getLook (button) == ButtonLook::tab && button.getToggleState());
}

void Theme::drawButtonText (juce::Graphics& g, juce::TextButton& button, bool isOver, bool)
{
    auto ink =
        button.findColour (button.getToggleState() ? juce::TextButton::textColourOnId : juce::TextButton::textColourOffId);

    if (getLook (button) == ButtonLook::link)
        ink = colour (isOver ? Token::text : Token::focus);
    else if (getLook (button) == ButtonLook::tab)
        ink = colour (button.getToggleState() || isOver ? Token::text : Token::muted);

    const auto margin = getLook (button) == ButtonLook::normal ? gap : 0;
    g.setColour (ink.withMultipliedAlpha (button.isEnabled() ? 1.0f : 0.45f));
    g.setFont (getTextButtonFont (button, button.getHeight()));
    g.drawFittedText (button.getButtonText(), button.getLocalBounds().reduced (margin, 0), juce::Justification::centred, 1,
                      0.9f);
}

void Theme::drawToggleButton (juce::Graphics& g, juce::ToggleButton& button, bool isOver, bool isDown)
{
    constexpr auto size = 16.0f;
    const auto height = float (button.getHeight());
    drawTickBox (g, button, 1.0f, 0.5f * (height - size), size, size, button.getToggleState(), button.isEnabled(), isOver,
                 isDown);

    g.setColour (
        button.findColour (juce::ToggleButton::textColourId).withMultipliedAlpha (button.isEnabled() ? 1.0f : 0.45f));
    g.setFont (font (12.0f));
    g.drawFittedText (button.getButtonText(), button.getLocalBounds().withTrimmedLeft (25).withTrimmedRight (2),
                      juce::Justification::centredLeft, 1);

    if (button.hasKeyboardFocus (false))
        drawFocus (g, { -1.0f, 0.5f * height - 10.0f, 20.0f, 20.0f }, 5.0f);
}

void Theme::drawTickBox (juce::Graphics& g, juce::Component&, float x, float y, float w, float h, bool isTicked,
                         bool isEnabled, bool isOver, bool)
{
    const juce::Rectangle<float> box (x, y, w, h);
    const auto alpha = isEnabled ? 1.0f : 0.45f;
    g.setColour (colour (isTicked ? Token::focus : isOver ? Token::raised : Token::card).withMultipliedAlpha (alpha));
    g.fillRoundedRectangle (box.reduced (0.5f), 4.0f);

    if (! isTicked)
    {
        g.setColour (colour (Token::muted).withMultipliedAlpha (alpha));
        g.drawRoundedRectangle (box.reduced (0.5f), 4.0f, 1.0f);
        return;
    }

    juce::Path tick;
    tick.startNewSubPath (box.getRelativePoint (0.26f, 0.52f));
    tick.lineTo (box.getRelativePoint (0.44f, 0.70f));
    tick.lineTo (box.getRelativePoint (0.76f, 0.32f));
    g.setColour (colour (Token::onAccent).withMultipliedAlpha (alpha));
    g.strokePath (tick, juce::PathStrokeType (2.0f));
}

//======================================================================================================================
void Theme::fillTextEditorBackground (juce::Graphics& g, int width, int height, juce::TextEditor& editor)
{
    const auto fill = editor.findColour (juce::TextEditor::backgroundColourId);

    if (! fill.isTransparent())
    {
        g.setColour (fill);
        g.fillRoundedRectangle (juce::Rectangle<int> (width, height).toFloat().reduced (0.5f), cornerSize);
    }
}

void Theme::drawTextEditorOutline (juce::Graphics& g, int width, int height, juce::TextEditor& editor)
{
    const auto isFocused = editor.hasKeyboardFocus (true) && ! editor.isReadOnly();
    const auto ink =
        editor.findColour (isFocused ? juce::TextEditor::focusedOutlineColourId : juce::TextEditor::outlineColourId);

    if (! ink.isTransparent())
    {
        g.setColour (ink);
        g.drawRoundedRectangle (juce::Rectangle<int> (width, height).toFloat().reduced (0.5f), cornerSize, 1.0f);
    }
}

void Theme::drawLabel (juce::Graphics& g, juce::Label& label)
{
    g.fillAll (label.findColour (juce::Label::backgroundColourId));

    if (! label.isBeingEdited())
    {
        g.setColour (label.findColour (juce::Label::textColourId).withMultipliedAlpha (label.isEnabled() ? 1.0f : 0.45f));
        g.setFont (getLabelFont (label));
        const auto area = getLabelBorderSize (label).subtractedFrom (label.getLocalBounds());
        const auto numLines = std::max (1, int (float (area.getHeight()) / label.getFont().getHeight()));
        g.drawFittedText (label.getText(), area, label.getJustificationType(), numLines, label.getMinimumHorizontalScale());

        // A name that can be clicked on shows it.
        if (label.isEditable() && label.isMouseOver (true))
        {
            g.setColour (colour (Token::line));
            g.drawRoundedRectangle (label.getLocalBounds().toFloat().reduced (0.5f), 4.0f, 1.0f);
        }
    }

    const auto outline = label.findColour (juce::Label::outlineColourId);

    if (! outline.isTransparent())
    {
        g.setColour (outline);
        g.drawRoundedRectangle (label.getLocalBounds().toFloat().reduced (0.5f), 4.0f, 1.0f);
    }
}

//======================================================================================================================
void Theme::drawLinearSlider (juce::Graphics& g, int x, int y, int width, int height, float position, float minPosition,
                              float maxPosition, juce::Slider::SliderStyle style, juce::Slider& slider)
{
    if (slider.isBar() || slider.isTwoValue() || slider.isThreeValue())
    {
        LookAndFeel_V4::drawLinearSlider (g, x, y, width, height, position, minPosition, maxPosition, style, slider);
        return;
    }

    constexpr auto thickness = 4.0f;
    const auto area = juce::Rectangle<int> (x, y, width, height).toFloat();
    const auto alpha = slider.isEnabled() ? 1.0f : 0.45f;
    const auto isHorizontal = slider.isHorizontal();
    const auto bar = isHorizontal ? area.expanded (float (thumbRadius), 0.0f)
                                        .withSizeKeepingCentre (area.getWidth() + 2.0f * float (thumbRadius), thickness)
                                  : area.withSizeKeepingCentre (thickness, area.getHeight() + 2.0f * float (thumbRadius));
    const auto filled = isHorizontal ? bar.withRight (position) : bar.withTop (position);
    const auto centre =
        isHorizontal ? juce::Point<float> (position, bar.getCentreY()) : juce::Point<float> (bar.getCentreX(), position);

    g.setColour (slider.findColour (juce::Slider::backgroundColourId));
    g.fillRoundedRectangle (bar, 0.5f * thickness);
    g.setColour (slider.findColour (juce::Slider::trackColourId).withMultipliedAlpha (alpha));
    g.fillRoundedRectangle (filled, 0.5f * thickness);
    g.setColour (slider.findColour (juce::Slider::thumbColourId).withMultipliedAlpha (alpha));
    g.fillEllipse (juce::Rectangle<float> (12.0f, 12.0f).withCentre (centre));

    if (slider.hasKeyboardFocus (true))
    {
        g.setColour (colour (Token::focus));
        g.drawEllipse (juce::Rectangle<float> (14.0f, 14.0f).withCentre (centre), 2.0f);
    }
}

void Theme::drawComboBox (juce::Graphics& g, int width, int height, bool isDown, int, int, int, int, juce::ComboBox& box)
{
    const auto area = juce::Rectangle<int> (width, height).toFloat();
    const auto alpha = box.isEnabled() ? 1.0f : 0.45f;
    g.setColour (isDown || box.isMouseOver (true) ? colour (Token::raised)
                                                  : box.findColour (juce::ComboBox::backgroundColourId));
    g.fillRoundedRectangle (area.reduced (0.5f), cornerSize);
    g.setColour (box.findColour (juce::ComboBox::outlineColourId));
    g.drawRoundedRectangle (area.reduced (0.5f), cornerSize, 1.0f);

    juce::Path arrow;
    const auto x = area.getRight() - 15.0f, y = area.getCentreY();
    arrow.addTriangle (x - 4.0f, y - 2.0f, x + 4.0f, y - 2.0f, x, y + 3.0f);
    g.setColour (box.findColour (juce::ComboBox::arrowColourId).withMultipliedAlpha (alpha));
    g.fillPath (arrow);

    if (box.hasKeyboardFocus (true))
        drawFocus (g, area, cornerSize);
}

juce::Font Theme::getComboBoxFont (juce::ComboBox&) { return font (12.0f); }

void Theme::positionComboBoxText (juce::ComboBox& box, juce::Label& label)
{
    label.setBounds (gap, 1, box.getWidth() - 28, box.getHeight() - 2);
    label.setFont (getComboBoxFont (box));
}

void Theme::drawProgressBar (juce::Graphics& g, juce::ProgressBar& bar, int width, int height, double progress,
                             const juce::String&)
{
    const auto area = juce::Rectangle<int> (width, height).toFloat();
    const auto corner = 0.5f * area.getHeight();
    g.setColour (bar.findColour (juce::ProgressBar::backgroundColourId));
    g.fillRoundedRectangle (area, corner);
    g.setColour (bar.findColour (juce::ProgressBar::foregroundColourId));
    g.fillRoundedRectangle (area.withWidth (area.getWidth() * float (juce::jlimit (0.0, 1.0, progress))), corner);
}

//======================================================================================================================
void Theme::drawPopupMenuBackground (juce::Graphics& g, int width, int height)
{
    g.fillAll (findColour (juce::PopupMenu::backgroundColourId));
    g.setColour (colour (Token::line));
    g.drawRect (0, 0, width, height, 1);
}

juce::Font Theme::getPopupMenuFont() { return font (13.0f); }

void Theme::getIdealPopupMenuItemSize (const juce::String& text, bool isSeparator, int standardHeight, int& idealWidth,
                                       int& idealHeight)
{
    idealWidth = isSeparator ? 50 : int (std::ceil (getPopupMenuFont().getStringWidthFloat (text))) + 64;
    idealHeight = isSeparator ? 9 : standardHeight > 0 ? standardHeight : 26;
}

void Theme::drawPopupMenuItem (juce::Graphics& g, const juce::Rectangle<int>& area, bool isSeparator, bool isActive,
                               bool isHighlighted, bool isTicked, bool hasSubMenu, const juce::String& text,
                               const juce::String& shortcut, const juce::Drawable* icon, const juce::Colour* textColour)
{
    if (isSeparator)
    {
        g.setColour (colour (Token::line));
        g.fillRect (area.withSizeKeepingCentre (area.getWidth() - 16, 1));
        return;
    }

    const auto isLit = isHighlighted && isActive;

    if (isLit)
    {
        g.setColour (findColour (juce::PopupMenu::highlightedBackgroundColourId));
        g.fillRoundedRectangle (area.reduced (4, 1).toFloat(), 4.0f);
    }

    const auto ink =
        (textColour != nullptr ? *textColour : colour (Token::text)).withMultipliedAlpha (isActive ? 1.0f : 0.45f);
    auto inner = area.reduced (8, 0);
    const auto mark = inner.removeFromLeft (20).toFloat().withSizeKeepingCentre (12.0f, 12.0f);

    if (icon != nullptr)
    {
        icon->drawWithin (g, mark, juce::RectanglePlacement::centred | juce::RectanglePlacement::onlyReduceInSize, 1.0f);
    }
    else if (isTicked)
    {
        juce::Path tick;
        tick.startNewSubPath (mark.getRelativePoint (0.1f, 0.5f));
        tick.lineTo (mark.getRelativePoint (0.4f, 0.8f));
        tick.lineTo (mark.getRelativePoint (0.9f, 0.2f));
        g.setColour (colour (Token::focus));
        g.strokePath (tick, juce::PathStrokeType (1.8f));
    }

    if (hasSubMenu)
    {
        const auto place = inner.removeFromRight (12).toFloat();
        juce::Path arrow;
        arrow.startNewSubPath (place.getCentreX() - 2.0f, place.getCentreY() - 4.0f);
        arrow.lineTo (place.getCentreX() + 2.0f, place.getCentreY());
        arrow.lineTo (place.getCentreX() - 2.0f, place.getCentreY() + 4.0f);
        g.setColour (colour (Token::muted));
        g.strokePath (arrow, juce::PathStrokeType (1.5f));
    }

    g.setColour (ink);
    g.setFont (getPopupMenuFont());
    g.drawFittedText (text, inner, juce::Justification::centredLeft, 1);

    if (shortcut.isNotEmpty())
    {
        g.setColour (colour (Token::muted));
        g.setFont (font (11.0f));
        g.drawText (shortcut, inner, juce::Justification::centredRight, true);
    }
}

void Theme::drawScrollbar (juce::Graphics& g, juce::ScrollBar& bar, int x, int y, int width, int height, bool isVertical,
                           int thumbStart, int thumbSize, bool isOver, bool isDown)
{
    const auto area = isVertical ? juce::Rectangle<int> (x, thumbStart, width, thumbSize).reduced (2, 1)
                                 : juce::Rectangle<int> (thumbStart, y, thumbSize, height).reduced (1, 2);
    g.setColour (isOver || isDown ? colour (Token::muted) : bar.findColour (juce::ScrollBar::thumbColourId));
    g.fillRoundedRectangle (area.toFloat(), 3.0f);
}

juce::Rectangle<int> Theme::getTooltipBounds (const juce::String& text, juce::Point<int> position,
                                              juce::Rectangle<int> parentArea)
{
    const auto layout = layOutTooltip (text);
    const auto w = int (std::ceil (layout.getWidth())) + 16, h = int (std::ceil (layout.getHeight())) + 10;
    const auto isRight = position.x > parentArea.getCentreX(), isLow = position.y > parentArea.getCentreY();

    return juce::Rectangle<int> (isRight ? position.x - (w + 12) : position.x + 20,
                                 isLow ? position.y - (h + 6) : position.y + 10, w, h)
        .constrainedWithin (parentArea);
}

void Theme::drawTooltip (juce::Graphics& g, const juce::String& text, int width, int height)
{
    g.fillAll (findColour (juce::TooltipWindow::backgroundColourId));
    g.setColour (findColour (juce::TooltipWindow::outlineColourId));
    g.drawRect (0, 0, width, height, 1);
    layOutTooltip (text).draw (g, juce::Rectangle<int> (width, height).reduced (8, 5).toFloat());
}

void Theme::drawAlertBox (juce::Graphics& g, juce::AlertWindow& alert, const juce::Rectangle<int>& textArea,
                          juce::TextLayout& layout)
{
    g.fillAll (alert.findColour (juce::AlertWindow::backgroundColourId));
    g.setColour (alert.findColour (juce::AlertWindow::outlineColourId));
    g.drawRect (alert.getLocalBounds(), 1);

    if (alert.getAlertType() == juce::MessageBoxIconType::WarningIcon)
    {
        const juce::Rectangle<float> mark (24.0f, float (textArea.getY()) + 4.0f, 32.0f, 32.0f);
        g.setColour (colour (Token::sideChain));
        g.fillEllipse (mark);
        g.setColour (colour (Token::onAccent));
        g.setFont (font (15.0f, true));
        g.drawText ("!", mark, juce::Justification::centred, false);
    }

    g.setColour (alert.findColour (juce::AlertWindow::textColourId));
    layout.draw (g, textArea.toFloat());
}

juce::Font Theme::getAlertWindowTitleFont() { return font (15.0f, true); }
juce::Font Theme::getAlertWindowMessageFont() { return font (13.0f); }
juce::Font Theme::getAlertWindowFont() { return font (12.0f); }

void Theme::drawCallOutBoxBackground (juce::CallOutBox&, juce::Graphics& g, const juce::Path& shape, juce::Image&)
{
    g.setColour (colour (Token::panel));
    g.fillPath (shape);
    g.setColour (colour (Token::line));
    g.strokePath (shape, juce::PathStrokeType (1.0f));
}

juce::Font Theme::getTabButtonFont (juce::TabBarButton& button, float) { return font (12.0f, button.isFrontTab()); }

void Theme::drawTabButton (juce::TabBarButton& button, juce::Graphics& g, bool isOver, bool)
{
    const auto area = button.getActiveArea();
    const auto isFront = button.isFrontTab();
    g.setColour (colour (isFront || isOver ? Token::text : Token::muted));
    g.setFont (getTabButtonFont (button, float (area.getHeight())));
    g.drawFittedText (button.getButtonText(), area.reduced (gap, 0), juce::Justification::centred, 1);

    if (isFront)
    {
        g.setColour (colour (Token::focus));
        g.fillRect (area.withTop (area.getBottom() - 2).reduced (2 * gap, 0));
    }

    if (button.hasKeyboardFocus (false))
        drawFocus (g, area.toFloat(), cornerSize);
}

} // namespace gui
