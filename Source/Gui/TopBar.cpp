#include "TopBar.h"

#include "Words.h"

#include <cmath>

namespace gui
{

//======================================================================================================================
class TopBar::TransportButton final : public juce::Button
{
public:
    enum class Shape
    {
        square,
        triangle
    };

    TransportButton (Shape s, const juce::String& title, const juce::String& tip) : juce::Button (title), shape (s)
    {
        setTitle (title);
        setTooltip (tip);
        setMouseClickGrabsKeyboardFocus (false);
    }

    void paintButton (juce::Graphics& g, bool isOver, bool isDown) override
    {
        const auto area = getLocalBounds().toFloat();
        g.setColour (colour (isOver || isDown || getToggleState() ? Token::raised : Token::card));
        g.fillRoundedRectangle (area, cornerSize);

        if (getToggleState() || isDown)
        {
            g.setColour (colour (shape == Shape::triangle ? Token::good : Token::focus));
            g.drawRoundedRectangle (area.reduced (0.5f), cornerSize, 1.0f);
        }

        if (hasKeyboardFocus (false))
            drawFocus (g, area, cornerSize);

        const auto box = area.withSizeKeepingCentre (10.0f, 10.0f);
        juce::Path path;

        if (shape == Shape::square)
            path.addRectangle (box.reduced (0.5f));
        else
            path.addTriangle (box.getX(), box.getY() - 1.0f, box.getX(), box.getBottom() + 1.0f, box.getRight() + 1.0f,
                              box.getCentreY());

        g.setColour (colour (shape == Shape::square ? Token::muted : Token::good));
        g.fillPath (path);
    }

private:
    const Shape shape;
};

//======================================================================================================================
/** A caption and a value below it, or a bar; a button that opens what explains it. */
class TopBar::Value final : public juce::Button
{
public:
    explicit Value (const juce::String& captionToUse) : juce::Button (captionToUse), caption (captionToUse)
    {
        setMouseClickGrabsKeyboardFocus (false);
    }

    void set (const juce::String& newCaption, const juce::String& newText, Token newInk, const juce::String& tip)
    {
        if (caption == newCaption && text == newText && ink == newInk && getTooltip() == tip)
            return;

        caption = newCaption;
        text = newText;
        ink = newInk;
        setTitle (caption + " " + text);
        setTooltip (tip);
        repaint();
    }

    void setBar (float newShare)
    {
        // A step that shows.
        if (std::abs (newShare - share) < 0.005f)
            return;

        share = newShare;
        repaint();
    }

    void paintButton (juce::Graphics& g, bool isOver, bool isDown) override
    {
        const auto area = getLocalBounds();
        const auto inner = area.reduced (6, 0);

        if (isOver || isDown)
        {
            g.setColour (colour (Token::card));
            g.fillRoundedRectangle (area.toFloat(), cornerSize);
        }

        if (hasKeyboardFocus (false))
            drawFocus (g, area.toFloat(), cornerSize);

        g.setFont (font (10.0f));
        g.setColour (colour (Token::muted));
        g.drawText (caption, inner.withY (4).withHeight (14), juce::Justification::centredLeft, true);

        if (share >= 0.0f)
        {
            g.setColour (colour (Token::text));
            drawFigures (g, text, inner.withY (4).withHeight (14).toFloat(), juce::Justification::centredRight);

            const auto bar = inner.withY (22).withHeight (6).toFloat();
            g.setColour (colour (Token::line));
            g.fillRoundedRectangle (bar, 3.0f);
            g.setColour (colour (ink));
            g.fillRoundedRectangle (bar.withWidth (bar.getWidth() * juce::jlimit (0.0f, 1.0f, share)), 3.0f);
        }
        else
        {
            g.setColour (colour (ink));
            g.setFont (font (13.0f, ink != Token::text && ink != Token::muted));
            drawFigures (g, text, inner.withY (18).withHeight (18).toFloat(), juce::Justification::centredLeft);
        }
    }

private:
    juce::String caption, text;
    Token ink = Token::text;
    float share = -1.0f; ///< below 0: there is no bar
};

//======================================================================================================================
/** Bars, beats and sixteenths, and the time. */
class TopBar::Position final : public juce::Component
{
public:
    void set (double quarterNotes, double seconds)
    {
        const auto sixteenths = std::int64_t (std::floor (std::max (0.0, quarterNotes) * 4.0 + 1.0e-6));
        const auto hundredths = std::int64_t (std::max (0.0, seconds) * 100.0);

        const auto newMusic = juce::String (sixteenths / 16 + 1) + " . " + juce::String (sixteenths / 4 % 4 + 1) + " . "
                              + juce::String (sixteenths % 4 + 1);
        const auto newTime = juce::String (hundredths / 6000) + ":"
                             + juce::String (hundredths / 100 % 60).paddedLeft ('0', 2) + "."
                             + juce::String (hundredths % 100).paddedLeft ('0', 2);

        if (music == newMusic && time == newTime)
            return;

        music = newMusic;
        time = newTime;
        repaint();
    }

    void paint (juce::Graphics& g) override
    {
        g.setColour (colour (Token::text));
        g.setFont (font (15.0f, true));
        drawFigures (g, music, getLocalBounds().withHeight (20).toFloat(), juce::Justification::centredLeft);
        g.setColour (colour (Token::muted));
        g.setFont (font (10.0f));
        drawFigures (g, time, getLocalBounds().withTop (19).withHeight (14).toFloat(), juce::Justification::centredLeft);
    }

    std::unique_ptr<juce::AccessibilityHandler> createAccessibilityHandler() override
    {
        // Asked for when somebody listens, rather than told sixteen times a bar.
        struct Handler final : juce::AccessibilityHandler
        {
            explicit Handler (Position& p) : juce::AccessibilityHandler (p, juce::AccessibilityRole::label), position (p) {}
            juce::String getTitle() const override { return "Position " + position.music + ", " + position.time; }
            Position& position;
        };

        return std::make_unique<Handler> (*this);
    }

private:
    juce::String music, time;
};

//======================================================================================================================
TopBar::TopBar (Workspace& w)
    : workspace (w), stopButton (std::make_unique<TransportButton> (TransportButton::Shape::square, "Stop",
                                                                    "Stops; when stopped, goes to the start")),
      playButton (std::make_unique<TransportButton> (TransportButton::Shape::triangle, "Play", "Plays; again, pauses")),
      position (std::make_unique<Position>()), load (std::make_unique<Value> ("Load")),
      xruns (std::make_unique<Value> ("Xruns")), findings (std::make_unique<Value> ("Real time")),
      device (std::make_unique<Value> ("Device"))
{
    setTitle ("Top bar");
    setFocusContainerType (FocusContainerType::focusContainer);

    setLook (menu, ButtonLook::normal);
    menu.setTooltip ("Sessions, settings and everything else");
    menu.onClick = [this]
    {
        if (onMenu)
            onMenu (menu);
    };

    name.setFont (font (15.0f, true));
    name.setMinimumHorizontalScale (1.0f);
    edited.setFont (font (11.0f));
    edited.setText ("edited", juce::dontSendNotification);

    setLook (panic, ButtonLook::normal);
    panic.setTooltip ("Ends every note that sounds");
    panic.onClick = [this] { told (workspace.live.getEngine().panic()); };

    stopButton->onClick = [this] { stop(); };
    playButton->onClick = [this] { play(); };

    tempo.setFont (font (15.0f, true));
    tempo.setTitle ("Tempo, quarter notes a minute");
    tempo.setTooltip ("Quarter notes a minute, 1 to 999: click to change");
    tempo.setEditable (true, true, false);
    tempo.setBorderSize ({ 1, 2, 1, 2 });
    tempo.setRepaintsOnMouseActivity (true);
    tempo.onEditorShow = [this]
    {
        if (auto* editor = tempo.getCurrentTextEditor())
        {
            editor->setInputRestrictions (8, "0123456789.,");
            editor->setIndents (0, 0);
            editor->setBorder ({ 1, 2, 1, 2 });
        }
    };
    tempo.onTextChange = [this] { editTempo(); };

    const auto connect = [] (Value& value, std::function<void()>& callback)
    {
        value.onClick = [&callback]
        {
            if (callback)
                callback();
        };
    };

    connect (*load, onLoad);
    connect (*xruns, onXruns);
    connect (*findings, onFindings);
    connect (*device, onDevice);
    load->setBar (0.0f);

    for (auto* child :
         std::initializer_list<juce::Component*>{ &menu, &name, &edited, stopButton.get(), playButton.get(), position.get(),
                                                  &tempo, &panic, load.get(), xruns.get(), findings.get(), device.get() })
        addAndMakeVisible (child);

    workspace.addListener (*this);
    workspace.editor.addListener (*this);
    lookAndFeelChanged();
    updateSession();
    frame();
}

TopBar::~TopBar()
{
    workspace.editor.removeListener (*this);
    workspace.removeListener (*this);
}

void TopBar::lookAndFeelChanged()
{
    edited.setColour (juce::Label::textColourId, colour (Token::muted));
    repaint();
}

void TopBar::paint (juce::Graphics& g)
{
    g.fillAll (colour (Token::panel));
    g.setColour (colour (Token::line));
    g.fillRect (0, getHeight() - 1, getWidth(), 1);

    g.setColour (colour (Token::muted));
    g.setFont (font (10.0f));
    g.drawText ("bpm 4/4", tempoX, 27, 60, 14, juce::Justification::centredLeft, false);
}

void TopBar::resized()
{
    const auto right = getWidth();

    // From the right edge, so that they stay put while the window grows.
    load->setBounds (right - 443, 5, 102, 38);
    xruns->setBounds (right - 333, 5, 47, 38);
    findings->setBounds (right - 286, 5, 86, 38);
    device->setBounds (right - 200, 5, 192, 38);

    const auto start = std::max (84, std::min (right / 2 - 124, right - 443 - 340));
    stopButton->setBounds (start, 9, 32, 30);
    playButton->setBounds (start + 38, 9, 32, 30);
    position->setBounds (start + 94, 7, 84, 34);
    tempoX = start + 184;
    tempo.setBounds (tempoX - 2, 6, 62, 21);
    panic.setBounds (start + 256, 9, 62, 30);

    menu.setBounds (12, 9, 58, 30);
    updateSession();
    repaint();
}

void TopBar::updateSession()
{
    const auto text = toJuce (workspace.editor.getName());
    name.setText (text, juce::dontSendNotification);
    name.setTooltip (workspace.editor.getFile() == juce::File() ? "Not saved yet"
                                                                : workspace.editor.getFile().getFullPathName());
    edited.setVisible (workspace.editor.isEdited());

    const auto room = std::max (0, stopButton->getX() - 82 - (edited.isVisible() ? 52 : 8));
    const auto wanted = int (std::ceil (name.getFont().getStringWidthFloat (text))) + 12;
    name.setBounds (78, 9, std::min (wanted, room), 30);
    edited.setBounds (name.getRight(), 10, 48, 30);

    if (! tempo.isBeingEdited())
        tempo.setText (juce::String (workspace.editor.getTempo(), 1, false), juce::dontSendNotification);
}

void TopBar::editTempo()
{
    const auto text = tempo.getText().replaceCharacter (',', '.').trim();
    const auto value = text.getDoubleValue();

    if (text.isEmpty() || ! (value >= 1.0 && value <= 999.0))
    {
        if (workspace.tell)
            workspace.tell ("The tempo stays as it was: give 1 to 999 quarter notes a minute.", true);
    }
    else
    {
        workspace.attempt ([&] { workspace.editor.setTempo (value); });
    }

    updateSession();
}

void TopBar::told (bool wasSent)
{
    if (! wasSent && workspace.tell)
        workspace.tell ("The audio thread takes no commands at the moment: is the device running?", true);
}

void TopBar::stop()
{
    auto& engine = workspace.live.getEngine();
    told (engine.isPlaying() ? engine.setPlaying (false) : engine.rewind());
}

void TopBar::play()
{
    auto& engine = workspace.live.getEngine();
    told (engine.setPlaying (! engine.isPlaying()));
}

//======================================================================================================================
void TopBar::frame()
{
    auto& live = workspace.live;
    const auto& engine = live.getEngine();

    position->set (engine.getQuarterNotes(), double (engine.getPosition()) / engine.getInfo().sampleRate);
    playButton->setToggleState (engine.isPlaying(), juce::dontSendNotification);
    guard->poll();

    // The rest need not be read faster than one can read.
    if (frameCount++ % 8 != 0)
        return;

    const auto share = engine.getLoad();
    const auto level = share < 0.7f ? Token::good : share < 0.9f ? Token::sideChain : Token::bad;
    load->setBar (share);
    load->set ("Load", juce::String (juce::roundToInt (share * 100.0f)) + " %", level,
               "How much of the time for a block the graph takes");

    const auto numXruns = live.getXruns();
    xruns->set ("Xruns", withThousands (numXruns), numXruns == 0 ? Token::text : Token::sideChain,
                "Gaps in the sound since the program began");

    const auto mode = rt::guard::getMode();
    const auto numFindings = guard->getSnapshot().violations.size();

    if (mode == rt::guard::Mode::off && numFindings == 0)
        findings->set ("Real time", "not watched", Token::muted, "The guard is off");
    else if (numFindings == 0)
        findings->set ("Real time", "no findings", Token::text, "Nothing could have made the audio thread wait");
    else
        findings->set ("Real time", countOf (numFindings, "finding"), Token::sideChain,
                       "What could have made the audio thread wait");

    updateDevice();
}

void TopBar::updateDevice()
{
    auto& live = workspace.live;
    auto* open = live.getDevice();

    if (open == nullptr)
    {
        device->set ("Device", "none", Token::muted, "No audio device is open");
        return;
    }

    const auto description = open->getDescription();
    const auto type = description.initialSectionNotContaining (" ,");

    if (live.hasFailed())
    {
        device->set (type, open->getFailure(), Token::bad, open->getFailure());
        return;
    }

    const auto rate = open->getSampleRate();
    const auto block = open->getBlockSize();
    device->set (type,
                 toRate (rate) + dot() + juce::String (block) + dot()
                     + juce::String (1000.0 * double (block) / rate, 1, false) + " ms",
                 Token::text, description);
}

} // namespace gui
