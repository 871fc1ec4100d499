#pragma once

#include <juce_gui_basics/juce_gui_basics.h>

namespace gui
{

/** The colours of the program, by what they are for. */
enum class Token
{
    background, ///< five depths, and no other greys
    panel,
    card,
    raised,
    line,
    text,
    muted, ///< of lesser text; contrast at least 4.5 on background, panel and card
    audio, ///< wires and ports
    midi,
    sideChain,
    focus, ///< selection and controls
    good,
    bad,     ///< needs you
    onAccent ///< text on any of the six above
};

constexpr int numTokens = 14;

/** The tokens' values: one table for all of the program. */
enum class Palette
{
    dark,
    light,
    highContrast
};

/** How a text button looks; the rest of it is JUCE's. */
enum class ButtonLook
{
    normal, ///< a card with a border
    link,   ///< a word in the colour of controls
    tab     ///< a word that is underlined while it is on
};

/** Look and feel of the whole program: every JUCE widget in our tokens, Inter where it is installed. Message thread. */
class Theme final : public juce::LookAndFeel_V4
{
public:
    Theme();

    /** Repaints every window. */
    void setPalette (Palette);
    Palette getPalette() const noexcept { return palette; }

    // Buttons
    void drawButtonBackground (juce::Graphics&, juce::Button&, const juce::Colour&, bool isOver, bool isDown) override;
    void drawButtonText (juce::Graphics&, juce::TextButton&, bool isOver, bool isDown) override;
    juce::Font getTextButtonFont (juce::TextButton&, int height) override;
    void drawToggleButton (juce::Graphics&, juce::ToggleButton&, bool isOver, bool isDown) override;
    void drawTickBox (juce::Graphics&, juce::Component&, float x, float y, float w, float h, bool isTicked, bool isEnabled,
                      bool isOver, bool isDown) override;

    // Text
    void fillTextEditorBackground (juce::Graphics&, int width, int height, juce::TextEditor&) override;
    void drawTextEditorOutline (juce::Graphics&, int width, int height, juce::TextEditor&) override;
    void drawLabel (juce::Graphics&, juce::Label&) override;

    // Values
    int getSliderThumbRadius (juce::Slider&) override { return thumbRadius; }
    void drawLinearSlider (juce::Graphics&, int x, int y, int width, int height, float position, float minPosition,
                           float maxPosition, juce::Slider::SliderStyle, juce::Slider&) override;
    void drawComboBox (juce::Graphics&, int width, int height, bool isDown, int buttonX, int buttonY, int buttonWidth,
                       int buttonHeight, juce::ComboBox&) override;
    juce::Font getComboBoxFont (juce::ComboBox&) override;
    void positionComboBoxText (juce::ComboBox&, juce::Label&) override;
    void drawProgressBar (juce::Graphics&, juce::ProgressBar&, int width, int height, double progress,
                          const juce::String&) override;

    // Menus, windows and what scrolls
    void drawPopupMenuBackground (juce::Graphics&, int width, int height) override;
    void drawPopupMenuItem (juce::Graphics&, const juce::Rectangle<int>&, bool isSeparator, bool isActive,
                            bool isHighlighted, bool isTicked, bool hasSubMenu, const juce::String& text,
                            const juce::String& shortcut, const juce::Drawable* icon,
                            const juce::Colour* textColour) override;
    void getIdealPopupMenuItemSize (const juce::String& text, bool isSeparator, int standardHeight, int& idealWidth,
                                    int& idealHeight) override;
    juce::Font getPopupMenuFont() override;
    int getDefaultScrollbarWidth() override { return 10; }
    void drawScrollbar (juce::Graphics&, juce::ScrollBar&, int x, int y, int width, int height, bool isVertical,
                        int thumbStart, int thumbSize, bool isOver, bool isDown) override;
    juce::Rectangle<int> getTooltipBounds (const juce::String&, juce::Point<int> screenPosition,
                                           juce::Rectangle<int> parentArea) override;
    void drawTooltip (juce::Graphics&, const juce::String&, int width, int height) override;
    void drawAlertBox (juce::Graphics&, juce::AlertWindow&, const juce::Rectangle<int>& textArea,
                       juce::TextLayout&) override;
    juce::Font getAlertWindowTitleFont() override;
    juce::Font getAlertWindowMessageFont() override;
    juce::Font getAlertWindowFont() override;
    void drawCallOutBoxBackground (juce::CallOutBox&, juce::Graphics&, const juce::Path&, juce::Image&) override;
    void drawTabButton (juce::TabBarButton&, juce::Graphics&, bool isOver, bool isDown) override;
    juce::Font getTabButtonFont (juce::TabBarButton&, float height) override;

private:
    static constexpr int thumbRadius = 6;

    void applyColours();

    Palette palette = Palette::dark;
};

/** The colour of a token in the palette in use. */
juce::Colour colour (Token);

/** The colour of a token in a palette. */
juce::Colour colour (Token, Palette);

/** How far two colours are apart, 1 to 21, by the rule of WCAG 2: text needs 4.5. */
double getContrast (juce::Colour, juce::Colour);

/** One of the sizes 10, 11, 12, 13, 15: pixels of the em, as in a browser. */
juce::Font font (float size, bool semiBold = false);

/** Draws a line of text in the font set, each figure in a cell of the same width, so that numbers that count do not
    tremble. */
void drawFigures (juce::Graphics&, const juce::String&, juce::Rectangle<float>, juce::Justification);

/** The width that drawFigures() takes. */
float getFiguresWidth (const juce::Font&, const juce::String&);

/** Draws a small heading in capitals. */
void drawHeading (juce::Graphics&, const juce::String&, juce::Rectangle<int>);

/** Draws the border that shows where the keyboard is. */
void drawFocus (juce::Graphics&, juce::Rectangle<float>, float corner);

/** Sets how a text button looks, and the size of its words. It will not take the keyboard when it is clicked. */
void setLook (juce::TextButton&, ButtonLook, float fontSize = 12.0f);

constexpr int gap = 4; ///< spacing is in steps of it
constexpr float cornerSize = 6.0f;

} // namespace gui
