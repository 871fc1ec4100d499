#include "AudioSettings.h"

#include "Words.h"

namespace gui
{

namespace
{
constexpr std::array rates{ 44100, 48000, 88200, 96000, 176400, 192000 };
constexpr std::array blocks{ 16, 32, 64, 128, 256, 512, 1024, 2048, 4096 };
constexpr std::array paletteValues{ Palette::dark, Palette::light, Palette::highContrast };
constexpr int chosenById = 1; ///< the first item of every box: leave it to the program or the device
constexpr int margin = 20;

/** Shows a number in a box that may not be among its items. */
void choose (juce::ComboBox& box, int number, const juce::String& text)
{
    if (box.indexOfItemId (number) < 0)
        box.addItem (text, number);

    box.setSelectedId (number, juce::dontSendNotification);
}
} // namespace

/** The MIDI ports of one direction, with a switch for each name. */
class AudioSettings::PortSwitches final : public juce::Component
{
public:
    explicit PortSwitches (const juce::String& directionToUse) : direction (directionToUse)
    {
        setTitle ("MIDI " + direction + "s");
        viewport.setViewedComponent (&rows, false);
        viewport.setScrollBarsShown (true, false);
        viewport.setWantsKeyboardFocus (false);
        addAndMakeVisible (viewport);
    }

    /** A port was switched; its name. */
    std::function<void (const juce::String&, bool isOn)> onSwitch;

    /** @param open  those that are open; one that is on and not open could not be opened */
    void show (const juce::StringArray& found, const juce::StringArray& off, const juce::StringArray& open)
    {
        // The switch that was just used keeps the keyboard.
        if (found != names)
        {
            names = found;
            switches.clear();

            for (const auto& portName : names)
            {
                auto& added = *switches.emplace_back (std::make_unique<Switch> (viewport));
                added.setButtonText (portName);
                added.setTitle ("MIDI " + direction + " " + portName);
                added.onClick = [this, &added, portName] { onSwitch (portName, added.getToggleState()); };
                rows.addAndMakeVisible (added);
            }

            resized();
        }

        for (auto& port : switches)
        {
            const auto& portName = port->getButtonText();
            const auto isOn = ! off.contains (portName);
            const auto isOpen = open.contains (portName);
            port->setToggleState (isOn, juce::dontSendNotification);
            port->isBroken = isOn && ! isOpen;
            port->setTooltip (port->isBroken ? "Does not open: another program may use it. Close that and look again."
                              : isOn         ? "On; click to switch it off"
                                             : "Off; click to switch it on");
            port->setDescription (port->isBroken ? "does not open" : juce::String());
            port->repaint();
        }

        repaint();
    }

    void resized() override
    {
        constexpr int rowHeight = 26;
        viewport.setBounds (getLocalBounds().withTrimmedTop (18));
        const auto isScrolling = int (switches.size()) * rowHeight > viewport.getHeight();
        rows.setSize (viewport.getWidth() - (isScrolling ? viewport.getScrollBarThickness() : 0),
                      int (switches.size()) * rowHeight);

        for (int i = 0; i < int (switches.size()); ++i)
            switches[std::size_t (i)]->setBounds (0, i * rowHeight, rows.getWidth(), rowHeight);
    }

    void paint (juce::Graphics& g) override
    {
        g.setFont (font (12.0f));
        g.setColour (colour (Token::muted));
        auto area = getLocalBounds();
        g.drawText (direction == "input" ? "Inputs" : "Outputs", area.removeFromTop (18), juce::Justification::topLeft,
                    false);

        if (names.isEmpty())
            g.drawText ("None found", area.removeFromTop (22), juce::Justification::centredLeft, false);
    }

private:
    /** Comes into view with the keyboard. */
    struct Switch final : juce::ToggleButton
    {
        explicit Switch (juce::Viewport& viewportToUse) : viewport (viewportToUse) {}

        void focusGained (FocusChangeType cause) override
        {
            ToggleButton::focusGained (cause);
            const auto top = viewport.getViewPositionY();
            const auto y =
                getBottom() > top + viewport.getHeight() ? getBottom() - viewport.getHeight() : std::min (top, getY());
            viewport.setViewPosition (0, y);
        }

        void paint (juce::Graphics& g) override
        {
            ToggleButton::paint (g);

            if (isBroken)
            {
                g.setFont (font (11.0f));
                g.setColour (colour (Token::bad));
                g.drawText ("does not open", getLocalBounds().withTrimmedRight (4), juce::Justification::centredRight,
                            false);
            }
        }

        juce::Viewport& viewport;
        bool isBroken = false;
    };

    const juce::String direction;
    juce::StringArray names;
    juce::Component rows;
    std::vector<std::unique_ptr<Switch>> switches;
    juce::Viewport viewport; // goes before what it shows
};

//======================================================================================================================
AudioSettings::AudioSettings (Workspace& w) : workspace (w)
{
    setTitle ("Audio, MIDI and appearance");

    type.setTitle ("Kind of device");
    type.addItem ("Best there is", chosenById);
    const auto types = workspace.live.getDevices().getTypeNames();

    for (int i = 0; i < types.size(); ++i)
        type.addItem (types[i], chosenById + 1 + i);

    name.setTitle ("Device");
    name.setTextWhenNothingSelected ("Its default");
    rate.setTitle ("Sample rate");
    rate.addItem ("As the device likes", chosenById);

    for (const auto value : rates)
        rate.addItem (toRate (value), value);

    block.setTitle ("Block size");
    block.addItem ("As the device likes", chosenById);

    for (const auto value : blocks)
        block.addItem (countOf (std::uint64_t (value), "sample"), value);

    const auto request = workspace.settings.getDevice();
    const auto wantedType = request.spec.upToFirstOccurrenceOf (":", false, false);
    const auto index = types.indexOf (wantedType, true);
    type.setSelectedId (index < 0 ? chosenById : chosenById + 1 + index, juce::dontSendNotification);
    showType();

    if (request.spec.containsChar (':'))
    {
        name.addItem (request.spec.fromFirstOccurrenceOf (":", false, false), chosenById + 1);
        name.setSelectedId (chosenById + 1, juce::dontSendNotification);
    }

    if (request.rate)
        choose (rate, juce::roundToInt (*request.rate), toRate (*request.rate));
    else
        rate.setSelectedId (chosenById, juce::dontSendNotification);

    if (request.block)
        choose (block, *request.block, countOf (std::uint64_t (*request.block), "sample"));
    else
        block.setSelectedId (chosenById, juce::dontSendNotification);

    type.onChange = [this] { showType(); };

    setLook (look, ButtonLook::normal);
    look.setTooltip ("Asks the machine which devices of this kind it has; may take a moment");
    look.onClick = [this] { lookForDevices(); };

    setLook (applyButton, ButtonLook::normal);
    applyButton.setTooltip ("Opens this device in place of the one that plays, with a fade");
    applyButton.onClick = [this] { apply(); };

    setLook (midiLook, ButtonLook::normal);
    midiLook.setTitle ("Look again for MIDI ports");
    midiLook.setTooltip ("Opens MIDI inputs and outputs that were plugged in since");
    midiLook.onClick = [this] { lookForMidi(); };

    midiInputs = std::make_unique<PortSwitches> ("input");
    midiOutputs = std::make_unique<PortSwitches> ("output");

    for (const auto isInput : { true, false })
    {
        (isInput ? midiInputs : midiOutputs)->onSwitch = [this, isInput] (const juce::String& port, bool isOn)
        {
            auto off = workspace.settings.getMidiPortsOff();
            auto& names = isInput ? off.inputs : off.outputs;
            names.removeString (port);

            if (! isOn)
                names.add (port);

            workspace.settings.setMidiPortsOff (off);
            lookForMidi();
        };
    }

    for (std::size_t i = 0; i < palettes.size(); ++i)
    {
        setLook (palettes[i], ButtonLook::normal);
        palettes[i].setTitle (palettes[i].getButtonText() + " appearance");
        palettes[i].onClick = [this, i]
        {
            workspace.settings.setPalette (paletteValues[i]);
            showPalette();

            if (onPalette)
                onPalette (paletteValues[i]);
        };
    }

    for (auto* child : std::initializer_list<juce::Component*>{ &type, &name, &look, &rate, &block, &applyButton, &midiLook,
                                                                midiInputs.get(), midiOutputs.get() })
        addAndMakeVisible (child);

    for (auto& button : palettes)
        addAndMakeVisible (button);

    showMidi();
    showDevice();
    showPalette();
    setSize (480, 600);
}

AudioSettings::~AudioSettings() = default;

void AudioSettings::lookAndFeelChanged() { repaint(); }

void AudioSettings::showType()
{
    name.clear (juce::dontSendNotification);
    name.addItem ("Its default", chosenById);
    name.setSelectedId (chosenById, juce::dontSendNotification);

    // The program chooses kind and device together.
    const auto isChosen = type.getSelectedId() != chosenById;
    name.setEnabled (isChosen);
    look.setEnabled (isChosen);
}

void AudioSettings::lookForDevices()
{
    const auto typeName = type.getText();
    const auto before = name.getText();
    const auto found = workspace.live.getDevices().getDeviceNames (typeName);
    showType();

    for (int i = 0; i < found.size(); ++i)
    {
        name.addItem (found[i], chosenById + 1 + i);

        if (found[i] == before)
            name.setSelectedId (chosenById + 1 + i, juce::dontSendNotification);
    }

    if (found.isEmpty())
        say (typeName == "JACK" ? "No JACK server runs here. Start one, or PipeWire's, and look again."
                                : "There is no " + typeName + " device here.",
             Token::sideChain);
    else
        say ("Found " + countOf (std::uint64_t (found.size()), typeName + " device") + ": " + found.joinIntoString (", ")
                 + ".",
             Token::muted);
}

void AudioSettings::lookForMidi()
{
    workspace.live.openMidi (workspace.settings.getMidiPortsOff());
    showMidi();
}

void AudioSettings::showMidi()
{
    const auto off = workspace.settings.getMidiPortsOff();
    const auto& inputs = workspace.live.getMidiInputs();
    const auto& outputs = workspace.live.getMidiOutputs();
    midiInputs->show (inputs.getNamesFound(), off.inputs, inputs.getNames());
    midiOutputs->show (outputs.getNamesFound(), off.outputs, outputs.getNames());
}

host::DeviceRequest AudioSettings::getRequest() const
{
    host::DeviceRequest request;

    if (type.getSelectedId() != chosenById)
    {
        request.spec = type.getText();

        if (name.getSelectedId() != chosenById)
            request.spec << ":" << name.getText();
    }

    if (rate.getSelectedId() != chosenById)
        request.rate = double (rate.getSelectedId());

    if (block.getSelectedId() != chosenById)
        request.block = block.getSelectedId();

    return request;
}

void AudioSettings::apply()
{
    applyButton.setEnabled (false);
    say ("Opening the device.", Token::muted);

    // The words are seen before the wait for the device.
    juce::Timer::callAfterDelay (30,
                                 [safe = juce::Component::SafePointer<AudioSettings> (this)]
                                 {
                                     if (safe != nullptr)
                                         safe->applyNow();
                                 });
}

void AudioSettings::applyNow()
{
    const auto request = getRequest();

    try
    {
        workspace.live.changeDevice (request);
        workspace.settings.setDevice (request);
        say ("This device plays now.", Token::good);

        if (onDeviceChanged)
            onDeviceChanged();
    }
    catch (const std::exception& error)
    {
        say (toJuce (error.what()), Token::bad);
    }

    applyButton.setEnabled (true);
    showMidi();
    showDevice();
}

void AudioSettings::say (const juce::String& text, Token ink)
{
    message = text;
    messageInk = ink;
    repaint (messageArea);
    juce::AccessibilityHandler::postAnnouncement (text, juce::AccessibilityHandler::AnnouncementPriority::medium);
}

void AudioSettings::showDevice()
{
    auto* device = workspace.live.getDevice();
    running = device == nullptr            ? juce::String ("No device is open.")
              : workspace.live.hasFailed() ? device->getFailure()
                                           : "Now: " + device->getDescription();
    repaint();
}

void AudioSettings::showPalette()
{
    const auto palette = workspace.settings.getPalette();

    for (std::size_t i = 0; i < palettes.size(); ++i)
        palettes[i].setToggleState (palette == paletteValues[i], juce::dontSendNotification);
}

void AudioSettings::resized()
{
    auto area = getLocalBounds().reduced (margin);
    constexpr int rowStep = 36, labelWidth = 110;

    const auto place = [&] (std::size_t label, juce::ComboBox& box, juce::Component* beside)
    {
        auto row = area.removeFromTop (rowStep).withTrimmedBottom (8);
        labels[label] = row.removeFromLeft (labelWidth);

        if (beside != nullptr)
            beside->setBounds (row.removeFromRight (128));

        box.setBounds (beside != nullptr ? row.withTrimmedRight (8) : row);
    };

    deviceHeading = area.removeFromTop (24);
    runningArea = area.removeFromTop (38);
    place (0, type, nullptr);
    place (1, name, &look);
    place (2, rate, nullptr);
    place (3, block, nullptr);
    applyButton.setBounds (area.removeFromTop (28).removeFromRight (88));
    messageArea = area.removeFromTop (56).withTrimmedTop (6);
    area.removeFromTop (8);

    auto midiRow = area.removeFromTop (30);
    midiLook.setBounds (midiRow.removeFromRight (88).withHeight (28));
    midiHeading = midiRow.withHeight (24);
    midiRow = area.removeFromTop (140);
    midiInputs->setBounds (midiRow.removeFromLeft (midiRow.getWidth() / 2 - 6));
    midiOutputs->setBounds (midiRow.withTrimmedLeft (12));
    area.removeFromTop (8);

    paletteHeading = area.removeFromTop (28);
    auto row = area.removeFromTop (28);

    for (auto& button : palettes)
    {
        button.setBounds (row.removeFromLeft (108));
        row.removeFromLeft (4);
    }
}

void AudioSettings::paint (juce::Graphics& g)
{
    g.fillAll (colour (Token::panel));
    drawHeading (g, "Audio", deviceHeading);
    drawHeading (g, "MIDI", midiHeading);
    drawHeading (g, "Appearance", paletteHeading);

    g.setFont (font (12.0f));
    g.setColour (colour (workspace.live.hasFailed() ? Token::bad : Token::muted));
    g.drawFittedText (running, runningArea, juce::Justification::topLeft, 2, 1.0f);

    g.setColour (colour (Token::text));
    constexpr std::array words{ "Kind", "Device", "Sample rate", "Block size" };

    for (std::size_t i = 0; i < words.size(); ++i)
        g.drawText (words[i], labels[i], juce::Justification::centredLeft, false);

    g.setColour (colour (messageInk));
    g.drawFittedText (message, messageArea, juce::Justification::topLeft, 3, 1.0f);
}

} // namespace gui
