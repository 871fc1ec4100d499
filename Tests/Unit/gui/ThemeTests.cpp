#include <Gui/Theme.h>

#include <catch2/catch.hpp>

#include <array>
#include <set>

using gui::Palette;
using gui::Token;

namespace
{
constexpr std::array palettes{ Palette::dark, Palette::light, Palette::highContrast };
constexpr std::array grounds{ Token::background, Token::panel, Token::card };
constexpr std::array accents{ Token::audio, Token::midi, Token::sideChain, Token::focus, Token::good, Token::bad };

void checkContrast (Token ink, Token ground, double least)
{
    for (const auto palette : palettes)
    {
        CAPTURE (int (palette), int (ink), int (ground));
        CHECK (gui::getContrast (gui::colour (ink, palette), gui::colour (ground, palette)) >= least);
    }
}
} // namespace

TEST_CASE ("Contrast is reckoned as WCAG has it")
{
    CHECK (gui::getContrast (juce::Colours::black, juce::Colours::white) == Approx (21.0));
    CHECK (gui::getContrast (juce::Colours::white, juce::Colours::black) == Approx (21.0));
    CHECK (gui::getContrast (juce::Colours::red, juce::Colours::red) == Approx (1.0));

    // The grey that is known for being the lightest to pass on white.
    CHECK (gui::getContrast (juce::Colour (0xff767676), juce::Colours::white) == Approx (4.54).margin (0.01));
}

TEST_CASE ("Both text colours can be read on background, panel and card in every palette")
{
    for (const auto ground : grounds)
    {
        checkContrast (Token::text, ground, 7.0);
        checkContrast (Token::muted, ground, 4.5);
    }
}

TEST_CASE ("Accents are used for words, so they can be read as well")
{
    for (const auto accent : accents)
        for (const auto ground : grounds)
            checkContrast (accent, ground, 4.5);
}

TEST_CASE ("Text on an accent can be read")
{
    for (const auto accent : accents)
        checkContrast (Token::onAccent, accent, 4.5);
}

TEST_CASE ("Text on what is raised can be read") { checkContrast (Token::text, Token::raised, 7.0); }

TEST_CASE ("The high-contrast palette is one")
{
    const auto contrast = [] (Token ink, Token ground)
    { return gui::getContrast (gui::colour (ink, Palette::highContrast), gui::colour (ground, Palette::highContrast)); };

    for (const auto ground : grounds)
    {
        CHECK (contrast (Token::text, ground) >= 15.0);
        CHECK (contrast (Token::muted, ground) >= 10.0);
        CHECK (contrast (Token::line, ground) >= 3.0); // borders count there
    }
}

TEST_CASE ("The five depths are five")
{
    for (const auto palette : palettes)
    {
        std::set<juce::uint32> depths;

        for (const auto token : { Token::background, Token::panel, Token::card, Token::raised, Token::line })
            depths.insert (gui::colour (token, palette).getARGB());

        CHECK (depths.size() == 5);
    }
}

TEST_CASE ("The dark palette is the one of the design")
{
    CHECK (gui::colour (Token::background, Palette::dark) == juce::Colour (0xff14171a));
    CHECK (gui::colour (Token::panel, Palette::dark) == juce::Colour (0xff1a1e23));
    CHECK (gui::colour (Token::muted, Palette::dark) == juce::Colour (0xff8d98a4));
    CHECK (gui::colour (Token::audio, Palette::dark) == juce::Colour (0xff58c7ae));
    CHECK (gui::colour (Token::bad, Palette::dark) == juce::Colour (0xffff6b66));
}

TEST_CASE ("Widgets take their colours from the palette in use, and from a new one at once")
{
    const juce::ScopedJuceInitialiser_GUI juce;
    gui::Theme theme;

    for (const auto palette : palettes)
    {
        theme.setPalette (palette);
        CHECK (theme.getPalette() == palette);
        CHECK (gui::colour (Token::text) == gui::colour (Token::text, palette));
        CHECK (theme.findColour (juce::TextEditor::backgroundColourId) == gui::colour (Token::card, palette));
        CHECK (theme.findColour (juce::Slider::trackColourId) == gui::colour (Token::focus, palette));
        CHECK (theme.findColour (juce::ResizableWindow::backgroundColourId) == gui::colour (Token::panel, palette));
    }

    theme.setPalette (Palette::dark);
}

TEST_CASE ("Figures are laid out in cells of one width")
{
    const juce::ScopedJuceInitialiser_GUI juce;
    const auto font = gui::font (13.0f);
    const auto width = gui::getFiguresWidth (font, "000.0");

    CHECK (width > 0.0f);

    for (const auto* text : { "111.1", "487.2", "999.9" })
        CHECK (gui::getFiguresWidth (font, text) == Approx (width).margin (0.01));

    CHECK (gui::getFiguresWidth (font, "1000.0") > width);
}

TEST_CASE ("A font's size is that of its em")
{
    const juce::ScopedJuceInitialiser_GUI juce;

    for (const auto size : { 10.0f, 11.0f, 12.0f, 13.0f, 15.0f })
        CHECK (gui::font (size).getHeightInPoints() == Approx (size).margin (0.01));
}
