#include "JucePluginInstance.h"

#include <host_graph/DelayLine.h>
#include <host_graph/Error.h>
#include <host_graph/RenderPlan.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace host
{

std::vector<bool> findMidiControllerParameters (const juce::StringArray& names)
{
    constexpr int numChannels = 16, numControllers = 130;
    std::vector<bool> result (static_cast<std::size_t> (names.size()), false);

    // -1, or the number of a text that holds nothing but digits.
    const auto toNumber = [] (const juce::String& digits)
    {
        return digits.isNotEmpty() && digits.length() <= 3 && digits.containsOnly ("0123456789") ? digits.getIntValue() : -1;
    };

    const auto markSet = [&] (const juce::String& prefix, const juce::String& separator, int firstChannel)
    {
        std::vector<int> indexOf (static_cast<std::size_t> (numChannels * numControllers), -1);
        int numFound = 0;

        for (int i = 0; i < names.size(); ++i)
        {
            if (! names[i].startsWith (prefix) || ! names[i].contains (separator))
                continue;

            const auto rest = names[i].substring (prefix.length());
            const auto channel = toNumber (rest.upToFirstOccurrenceOf (separator, false, false)) - firstChannel;
            const auto controller = toNumber (rest.fromFirstOccurrenceOf (separator, false, false));

            if (! juce::isPositiveAndBelow (channel, numChannels) || ! juce::isPositiveAndBelow (controller, numControllers))
                continue;

            auto& index = indexOf[static_cast<std::size_t> (channel * numControllers + controller)];
            numFound += index < 0 ? 1 : 0;

            // Frameworks append theirs to the plugin's own, so of two of one name the later is theirs.
            index = i;
        }

        if (numFound == numChannels * numControllers)
            for (const auto index : indexOf)
                result[static_cast<std::size_t> (index)] = true;
    };

    markSet ("MIDI CC ", "|", 0);
    markSet ("MIDI Ch. ", " CC ", 1);
    return result;
}

/** Whether a parameter is one of those by which a DPF plugin's two halves tell each other the host's set-up: hidden, read-only,
    always the first three, and nothing that a person should set. JUCE passes on neither flag. */
static bool isDpfInternal (const ParameterInfo& parameter)
{
    static constexpr std::array names{ "Buffer Size", "Sample Rate", "Latency" };
    const auto index = parameter.id.getIntValue();

    return ! parameter.isAutomatable && parameter.label == "frames" && juce::isPositiveAndBelow (index, names.size())
           && parameter.id == juce::String (index) && parameter.name == names[static_cast<std::size_t> (index)];
}

//======================================================================================================================
juce::Optional<juce::AudioPlayHead::PositionInfo> JucePluginInstance::PlayHead::getPosition() const
{
    constexpr double quarterNotesPerBar = 4.0;
    const auto bar = std::floor (position.quarterNotes / quarterNotesPerBar);

    PositionInfo result;
    result.setTimeInSamples (position.samples);
    result.setTimeInSeconds (static_cast<double> (position.samples) / sampleRate);
    result.setPpqPosition (position.quarterNotes);
    result.setPpqPositionOfLastBarStart (bar * quarterNotesPerBar);
    result.setBarCount (static_cast<juce::int64> (bar));
    result.setBpm (position.tempo);
    result.setTimeSignature (juce::AudioPlayHead::TimeSignature{ 4, 4 });
    result.setIsPlaying (position.playing);
    return result;
}

//======================================================================================================================
/** Keeps the rendering thread out of the plugin. Message thread. */
class JucePluginInstance::Hold
{
public:
    explicit Hold (JucePluginInstance& ownerToUse) : owner (ownerToUse)
    {
        constexpr int longestWait = 500; // ms; a block that takes longer than its own time is an accident already

        for (int i = 0; owner.isHeld.exchange (true, std::memory_order_acquire); ++i)
        {
            if (i == longestWait)
                throw Error (owner.info.name.toStdString(), "has not come back from its block, so it cannot be set",
                             "take the plugin out, or quit and start again", Error::Kind::failed);

            juce::Thread::sleep (1);
        }
    }

    ~Hold() { owner.isHeld.store (false, std::memory_order_release); }

    Hold (const Hold&) = delete;
    Hold& operator= (const Hold&) = delete;

private:
    JucePluginInstance& owner;
};

//======================================================================================================================
JucePluginInstance::JucePluginInstance (const PluginInfo& infoToUse, std::unique_ptr<juce::AudioPluginInstance> pluginToUse)
    : info (infoToUse), plugin (std::move (pluginToUse))
{
    // A plugin may refuse, for a side-chain that it takes only in some layouts; then it keeps the buses it came with.
    plugin->enableAllBuses();

    ports.audioInputs = plugin->getTotalNumInputChannels();
    ports.audioOutputs = plugin->getTotalNumOutputChannels();
    ports.midiInput = plugin->acceptsMidi();
    ports.midiOutput = plugin->producesMidi();
    info.inputs = ports.audioInputs;
    info.outputs = ports.audioOutputs;

    collectParameters();
    latency = std::max (0, plugin->getLatencySamples());
    kept.ensureSize (RenderPlan::midiCapacityBytes);
    plugin->setPlayHead (&playHead);
    plugin->addListener (this);
}

JucePluginInstance::~JucePluginInstance()
{
    release();
    plugin->removeListener (this);
    plugin->setPlayHead (nullptr);
}

void JucePluginInstance::collectParameters()
{
    juce::StringArray names;

    for (auto* parameter : plugin->getParameters())
        names.add (parameter->getName (1024).trim());

    const auto isMidiController = findMidiControllerParameters (names);

    for (auto* parameter : plugin->getParameters())
    {
        const auto index = parameter->getParameterIndex();

        if (isMidiController[static_cast<std::size_t> (index)])
            continue;

        ParameterInfo p;

        if (const auto* hosted = dynamic_cast<juce::HostedAudioProcessorParameter*> (parameter))
            p.id = hosted->getParameterID();
        else
            p.id = juce::String (index);

        p.name = names[index].isNotEmpty() ? names[index] : "Parameter " + p.id;
        p.label = parameter->getLabel().trim();
        p.defaultValue = parameter->getDefaultValue();
        p.steps = parameter->isDiscrete() && parameter->getNumSteps() < juce::AudioProcessor::getDefaultNumParameterSteps()
                      ? parameter->getNumSteps()
                      : 0;
        p.isAutomatable = parameter->isAutomatable();
        p.isBypass = parameter == plugin->getBypassParameter();

        if (info.format == "VST3" && isDpfInternal (p))
            continue;

        parameters.push_back (p);
        juceParameters.push_back (parameter);
    }

    makeParameterNamesUnique (parameters);
}

void JucePluginInstance::exemptFromAutomation (const juce::StringArray& parameterIds)
{
    for (auto& parameter : parameters)
        parameter.isAutomatable = parameter.isAutomatable && ! parameterIds.contains (parameter.id);
}

juce::String JucePluginInstance::getName() const { return info.name; }

NodePorts JucePluginInstance::getPorts() const { return ports; }

void JucePluginInstance::prepare (const PrepareInfo& prepareInfo)
{
    release();

    playHead.sampleRate = prepareInfo.sampleRate;
    plugin->setNonRealtime (prepareInfo.offline);
    makeReady (prepareInfo.sampleRate, prepareInfo.maxBlockSize);

    if (plugin->getTotalNumInputChannels() != ports.audioInputs || plugin->getTotalNumOutputChannels() != ports.audioOutputs)
    {
        release();
        throw Error (info.name.toStdString(), "the plugin changed its channels while it was made ready",
                     "use it with another sample rate, or another plugin", Error::Kind::failed);
    }

    const auto numChannels = std::max (ports.audioInputs, ports.audioOutputs);
    wide.setSize (numChannels >= 32 ? numChannels : 0, prepareInfo.maxBlockSize);
    latency = std::max (0, plugin->getLatencySamples());
}

void JucePluginInstance::makeReady (double sampleRate, int maxBlockSize)
{
    plugin->setRateAndBufferSizeDetails (sampleRate, maxBlockSize);

    // JUCE makes an LV2 plugin anew here, from a state that lacks the changes no block has consumed yet.
    std::vector<float> values;

    if (info.format == "LV2")
        for (const auto* parameter : juceParameters)
            values.push_back (parameter->getValue());

    plugin->prepareToPlay (sampleRate, maxBlockSize);
    isPrepared = true;

    for (std::size_t i = 0; i < values.size(); ++i)
        if (juceParameters[i]->getValue() != values[i])
            juceParameters[i]->setValue (values[i]);
}

void JucePluginInstance::release()
{
    if (isPrepared)
        plugin->releaseResources();

    isPrepared = false;
}

void JucePluginInstance::process (ProcessContext& context) noexcept RT_NONBLOCKING
{
    if (isHeld.exchange (true, std::memory_order_acquire))
    {
        for (int i = 0; i < context.numChannels; ++i)
            juce::FloatVectorOperations::clear (context.channels[i], context.numSamples);

        for (const auto event : context.midi)
            addWithinCapacity (kept, event, 0, RenderPlan::midiCapacityBytes);

        context.midi.clear();
        return;
    }

    if (! kept.isEmpty())
    {
        // The older ones first: a late note-off must not end this block's note.
        for (const auto event : context.midi)
            addWithinCapacity (kept, event, event.samplePosition, RenderPlan::midiCapacityBytes);

        context.midi.swapWith (kept);
        kept.clear();
    }

    playHead.position = context.transport;

    if (wide.getNumChannels() == 0)
    {
        juce::AudioBuffer<float> buffer (context.channels, context.numChannels, context.numSamples);
        plugin->processBlock (buffer, context.midi);
    }
    else
    {
        // A view of 32 channels or more is one that AudioBuffer allocates for.
        const auto numBytes = static_cast<std::size_t> (context.numSamples) * sizeof (float);
        wide.setSize (context.numChannels, context.numSamples, false, false, true);

        for (int i = 0; i < context.numChannels; ++i)
            std::memcpy (wide.getWritePointer (i), context.channels[i], numBytes);

        plugin->processBlock (wide, context.midi);

        for (int i = 0; i < context.numChannels; ++i)
            std::memcpy (context.channels[i], wide.getReadPointer (i), numBytes);
    }

    isHeld.store (false, std::memory_order_release);

    if (! ports.midiOutput)
        context.midi.clear();
}

void JucePluginInstance::reset()
{
    if (! isPrepared)
        return;

    if (info.format == "VST3")
    {
        plugin->reset();
        return;
    }

    // JUCE's LV2 wrapper has no reset; being prepared anew, it makes the plugin anew with the state it had.
    const auto sampleRate = plugin->getSampleRate();
    const auto blockSize = plugin->getBlockSize();
    release();
    makeReady (sampleRate, blockSize);
}

int JucePluginInstance::getLatencySamples() const { return latency.load (std::memory_order_relaxed); }

std::optional<double> JucePluginInstance::getTailSeconds() const
{
    // LV2 cannot say, and JUCE answers 0 for it.
    if (info.format != "VST3")
        return {};

    const auto seconds = plugin->getTailLengthSeconds();
    return std::isfinite (seconds) && seconds >= 0.0 ? std::optional (seconds) : std::nullopt;
}

const std::vector<ParameterInfo>& JucePluginInstance::getParameters() const { return parameters; }

void JucePluginInstance::setParameter (int index, float value) noexcept
{
    if (juce::isPositiveAndBelow (index, juceParameters.size()))
        juceParameters[static_cast<std::size_t> (index)]->setValue (value >= 0.0f ? std::min (value, 1.0f) : 0.0f); // NaN: 0
}

float JucePluginInstance::getParameter (int index) const
{
    return juce::isPositiveAndBelow (index, juceParameters.size())
               ? juceParameters[static_cast<std::size_t> (index)]->getValue()
               : 0.0f;
}

juce::String JucePluginInstance::getParameterText (int index, float value) const
{
    if (! juce::isPositiveAndBelow (index, juceParameters.size()))
        return {};

    // Some plugins put the unit into their text, others leave it to the label.
    const auto text = juceParameters[static_cast<std::size_t> (index)]->getText (value, 128).trim();
    const auto& unit = parameters[static_cast<std::size_t> (index)].label;
    const auto isNumber = text.isNotEmpty() && text.containsOnly ("+-0123456789.,e");
    return unit.isEmpty() || ! isNumber ? text : text + " " + unit;
}

void JucePluginInstance::audioProcessorChanged (juce::AudioProcessor*, const ChangeDetails& details)
{
    if (details.latencyChanged)
        latency.store (std::max (0, plugin->getLatencySamples()), std::memory_order_relaxed);

    if (details.nonParameterStateChanged && std::this_thread::get_id() == messageThread && ! isSettingState)
        edited = true;
}

void JucePluginInstance::audioProcessorParameterChanged (juce::AudioProcessor*, int, float)
{
    // On the thread that renders this is a MIDI controller; what setParameter() sets does not come here at all. Without an
    // editor it is no person's doing: some plugins tell all their values again some time after they were made.
    if (std::this_thread::get_id() == messageThread && ! isSettingState && plugin->getActiveEditor() != nullptr)
        edited = true;
}

const PluginInfo& JucePluginInstance::getInfo() const { return info; }

std::vector<BusInfo> JucePluginInstance::getBuses() const
{
    std::vector<BusInfo> buses;

    for (const auto isInput : { true, false })
        for (int i = 0; i < plugin->getBusCount (isInput); ++i)
            if (const auto* bus = plugin->getBus (isInput, i))
                buses.push_back ({ isInput, bus->getNumberOfChannels(), bus->getName() });

    return buses;
}

juce::StringArray JucePluginInstance::getPrograms() const
{
    juce::StringArray programs;

    if (info.format == "LV2")
    {
        readLv2Programs();

        for (const auto& program : lv2Programs)
            programs.add (program.first);

        return programs;
    }

    for (int i = 0, end = plugin->getNumPrograms(); i < end; ++i)
        programs.add (plugin->getProgramName (i));

    return programs;
}

void JucePluginInstance::readLv2Programs() const
{
    if (! lv2Programs.empty())
        return;

    for (int i = 0, end = plugin->getNumPrograms(); i < end; ++i)
        lv2Programs.emplace_back (plugin->getProgramName (i), i);

    // JUCE has them in another order each time.
    std::sort (lv2Programs.begin(), lv2Programs.end(),
               [] (auto& a, auto& b)
               {
                   const auto order = a.first.compareNatural (b.first);
                   return order != 0 ? order < 0 : a.second < b.second;
               });
}

int JucePluginInstance::getProgram()
{
    // JUCE tells of an LV2 plugin's first preset as if it had been chosen.
    if (info.format == "LV2")
        return lv2Program;

    return plugin->getNumPrograms() > 0 ? plugin->getCurrentProgram() : -1;
}

void JucePluginInstance::setProgram (int program)
{
    if (! juce::isPositiveAndBelow (program, plugin->getNumPrograms()))
        return;

    const Hold hold (*this);
    const juce::ScopedValueSetter setting (isSettingState, true);
    applyProgram (program);
}

void JucePluginInstance::applyProgram (int program)
{
    if (info.format == "LV2")
    {
        readLv2Programs();
        plugin->setCurrentProgram (lv2Programs[static_cast<std::size_t> (program)].second);
        lv2Program = program;
    }
    else
    {
        plugin->setCurrentProgram (program);
    }

    settle();

    // Not every VST3 tells that the program has changed its parameters, and JUCE asks for them all only with a state.
    if (info.format == "VST3")
        setState (getState());
}

void JucePluginInstance::settle()
{
    // JUCE gives a VST3's controller the changes that wait for it before it looks at a state; this one holds nothing.
    const auto tellController = [this] { plugin->setStateInformation (nullptr, 0); };

    tellController();

    if (isPrepared)
    {
        // The processor gets them with a block.
        juce::AudioBuffer<float> silence (std::max (ports.audioInputs, ports.audioOutputs), plugin->getBlockSize());
        juce::MidiBuffer noEvents;
        silence.clear();
        plugin->processBlock (silence, noEvents);
    }

    tellController();
}

PluginInstance::Snapshot JucePluginInstance::takeSnapshot()
{
    const Hold hold (*this);
    const juce::ScopedValueSetter setting (isSettingState, true);
    settle();
    return { getProgram(), getState() };
}

void JucePluginInstance::restore (const Snapshot& snapshot)
{
    const Hold hold (*this);
    const juce::ScopedValueSetter setting (isSettingState, true);

    if (snapshot.program >= 0 && snapshot.program != getProgram())
        applyProgram (snapshot.program);

    setState (snapshot.state);
    lv2Program = snapshot.program;
}

juce::MemoryBlock JucePluginInstance::getState()
{
    juce::MemoryBlock state;
    plugin->getStateInformation (state);
    return state;
}

void JucePluginInstance::setState (const juce::MemoryBlock& state)
{
    // JUCE passes silently over a VST3 state that it cannot read.
    if (info.format == "VST3"
        && juce::AudioProcessor::getXmlFromBinary (state.getData(), static_cast<int> (state.getSize())) == nullptr)
        throw Error (info.name.toStdString(), "its saved state is unreadable", "the plugin keeps its present settings");

    const juce::ScopedValueSetter setting (isSettingState, true);
    plugin->setStateInformation (state.getData(), static_cast<int> (state.getSize()));
}

std::unique_ptr<juce::Component> JucePluginInstance::createEditor()
{
    // Several LV2 editors end the process that shows them.
    if (info.format != "VST3" || plugin->getActiveEditor() != nullptr)
        return {};

    return std::unique_ptr<juce::Component> (plugin->createEditorIfNeeded());
}

bool JucePluginInstance::takeEdited() { return std::exchange (edited, false); }

} // namespace host
