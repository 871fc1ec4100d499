#include "LadspaPlugin.h"

#include <host_graph/Error.h>

#include <ladspa.h>

#include <atomic>
#include <cmath>
#include <cstring>

namespace host
{

namespace ladspa
{
static juce::String text (const char* utf8OrNull)
{
    return juce::String::fromUTF8 (utf8OrNull != nullptr ? utf8OrNull : "").trim();
}

/** A control input's range in its own units at a sample rate. */
struct Range
{
    Range (const LADSPA_PortRangeHint& hint, double sampleRate)
    {
        const auto flags = hint.HintDescriptor;
        const auto scale = LADSPA_IS_HINT_SAMPLE_RATE (flags) ? static_cast<float> (sampleRate) : 1.0f;
        const auto hasLower = LADSPA_IS_HINT_BOUNDED_BELOW (flags) != 0;
        const auto hasUpper = LADSPA_IS_HINT_BOUNDED_ABOVE (flags) != 0;

        isToggled = LADSPA_IS_HINT_TOGGLED (flags) != 0;
        isInteger = LADSPA_IS_HINT_INTEGER (flags) != 0;
        lower = hasLower ? hint.LowerBound * scale : 0.0f;
        upper = hasUpper ? hint.UpperBound * scale : 1.0f;

        if (isToggled)
        {
            lower = 0.0f;
            upper = 1.0f;
        }

        standard = getDefault (flags, hasLower, hasUpper);

        // A side without a bound is put where the default and a decade beyond it still fit.
        if (! isToggled && ! hasUpper)
            upper = std::max (lower + 1.0f, standard > 0.0f ? 10.0f * standard : lower + 10.0f);

        if (! isToggled && ! hasLower)
            lower = std::min (standard, hasUpper ? std::min (0.0f, upper - 1.0f) : -upper);

        if (! (upper > lower))
            upper = lower + 1.0f;

        standard = std::clamp (standard, lower, upper);
        isLogarithmic = LADSPA_IS_HINT_LOGARITHMIC (flags) != 0 && lower > 0.0f;
    }

    float toPlain (float normalised) const noexcept
    {
        if (isToggled)
            return normalised < 0.5f ? 0.0f : 1.0f;

        const auto plain =
            isLogarithmic ? lower * std::pow (upper / lower, normalised) : lower + (upper - lower) * normalised;
        return std::clamp (isInteger ? std::round (plain) : plain, lower, upper);
    }

    float toNormalised (float plain) const noexcept
    {
        const auto inside = std::clamp (plain, lower, upper);
        return isLogarithmic ? std::log (inside / lower) / std::log (upper / lower) : (inside - lower) / (upper - lower);
    }

    int getNumSteps() const
    {
        if (isToggled)
            return 2;

        return isInteger ? static_cast<int> (upper) - static_cast<int> (lower) + 1 : 0;
    }

    float lower = 0.0f, upper = 1.0f, standard = 0.0f;
    bool isToggled = false, isInteger = false, isLogarithmic = false;

private:
    /** As ladspa.h has it: low, middle and high are a quarter, half and three quarters of the way. */
    float getDefault (LADSPA_PortRangeHintDescriptor flags, bool hasLower, bool hasUpper) const
    {
        const auto between = [&] (float part)
        {
            return LADSPA_IS_HINT_LOGARITHMIC (flags) && lower > 0.0f && upper > 0.0f
                       ? std::exp (std::log (lower) * (1.0f - part) + std::log (upper) * part)
                       : lower * (1.0f - part) + upper * part;
        };

        switch (flags & LADSPA_HINT_DEFAULT_MASK)
        {
            case LADSPA_HINT_DEFAULT_MINIMUM: return lower;
            case LADSPA_HINT_DEFAULT_LOW: return between (0.25f);
            case LADSPA_HINT_DEFAULT_MIDDLE: return between (0.5f);
            case LADSPA_HINT_DEFAULT_HIGH: return between (0.75f);
            case LADSPA_HINT_DEFAULT_MAXIMUM: return upper;
            case LADSPA_HINT_DEFAULT_0: return 0.0f;
            case LADSPA_HINT_DEFAULT_1: return 1.0f;
            case LADSPA_HINT_DEFAULT_100: return 100.0f;
            case LADSPA_HINT_DEFAULT_440: return 440.0f;
            default: break;
        }

        // No default is given: zero where that is allowed, else the bound nearest to it.
        if (hasLower && lower > 0.0f)
            return lower;

        return hasUpper && upper < 0.0f ? upper : 0.0f;
    }
};

/** The descriptor of a label, or null. The list ends where the library says so, or where we lose patience. */
template <typename Visitor>
void visitDescriptors (const SharedLibrary& library, Visitor&& visit)
{
    const auto getDescriptor = library.getFunction<LADSPA_Descriptor_Function> ("ladspa_descriptor");

    for (unsigned long i = 0; getDescriptor != nullptr && i < 10000; ++i)
    {
        const auto* descriptor = getDescriptor (i);

        if (descriptor == nullptr || ! visit (*descriptor))
            break;
    }
}

static bool isUsable (const LADSPA_Descriptor& d)
{
    return d.Label != nullptr && d.instantiate != nullptr && d.connect_port != nullptr
           && (d.run != nullptr || d.run_adding != nullptr)
           && (d.PortCount == 0 || (d.PortDescriptors != nullptr && d.PortNames != nullptr && d.PortRangeHints != nullptr));
}

static PluginInfo describe (const juce::File& file, const LADSPA_Descriptor& descriptor)
{
    PluginInfo info;
    info.id = "LADSPA:" + file.getFileName() + ":" + text (descriptor.Label);
    info.name = text (descriptor.Name).isNotEmpty() ? text (descriptor.Name) : text (descriptor.Label);
    info.format = "LADSPA";
    info.manufacturer = text (descriptor.Maker);
    info.category = "Effect";
    info.file = file.getFullPathName();

    for (unsigned long i = 0; i < descriptor.PortCount; ++i)
    {
        if (! LADSPA_IS_PORT_AUDIO (descriptor.PortDescriptors[i]))
            continue;

        ++(LADSPA_IS_PORT_INPUT (descriptor.PortDescriptors[i]) ? info.inputs : info.outputs);
    }

    return info;
}
} // namespace ladspa

//======================================================================================================================
struct LadspaPlugin::Pimpl
{
    struct Control
    {
        Control (unsigned long portToUse, const LADSPA_PortRangeHint& hintToUse, double sampleRate)
            : port (portToUse), hint (hintToUse), range (hintToUse, sampleRate), plain (range.standard),
              normalised (range.toNormalised (range.standard))
        {
        }

        unsigned long port;
        LADSPA_PortRangeHint hint;
        ladspa::Range range;
        float plain;                   ///< the plugin reads this: rendering thread while prepared
        std::atomic<float> normalised; ///< what was set last
    };

    Pimpl (const PluginInfo& infoToUse, std::shared_ptr<SharedLibrary> libraryToUse,
           const LADSPA_Descriptor& descriptorToUse)
        : info (infoToUse), library (std::move (libraryToUse)), descriptor (descriptorToUse)
    {
    }

    ~Pimpl() { destroyHandle(); }

    void destroyHandle()
    {
        // Some plugins (swh's filters) free in cleanup() what only activate() sets up.
        if (handle != nullptr && ! wasActive)
            activate();

        deactivate();

        if (handle != nullptr && descriptor.cleanup != nullptr)
            descriptor.cleanup (handle);

        handle = nullptr;
        wasActive = false;
    }

    void instantiate (double newRate)
    {
        destroyHandle();
        handle = descriptor.instantiate (&descriptor, static_cast<unsigned long> (newRate));

        if (handle == nullptr)
            throw Error (info.name.toStdString(),
                         "the plugin refuses to be made at " + std::to_string (static_cast<int> (newRate)) + " Hz",
                         "try another sample rate", Error::Kind::failed);

        rate = newRate;

        for (auto& control : controls)
        {
            const auto wasStandard = control->plain == control->range.standard;
            control->range = ladspa::Range (control->hint, newRate);

            // Ranges may go with the sample rate, and so do defaults; a value that was set keeps its units.
            control->plain = wasStandard ? control->range.standard
                                         : std::clamp (control->plain, control->range.lower, control->range.upper);
            control->normalised = control->range.toNormalised (control->plain);
            descriptor.connect_port (handle, control->port, &control->plain);
        }

        for (std::size_t i = 0; i < controlOutputs.size(); ++i)
            descriptor.connect_port (handle, controlOutputs[i], &controlOutputValues[i]);
    }

    void activate()
    {
        if (! isActive && descriptor.activate != nullptr)
            descriptor.activate (handle);

        isActive = wasActive = true;
    }

    void deactivate()
    {
        if (isActive && handle != nullptr && descriptor.deactivate != nullptr)
            descriptor.deactivate (handle);

        isActive = false;
    }

    const PluginInfo info;
    const std::shared_ptr<SharedLibrary> library;
    const LADSPA_Descriptor& descriptor;

    LADSPA_Handle handle = nullptr;
    double rate = 0.0;
    bool isActive = false, wasActive = false;

    std::vector<unsigned long> audioInputs, audioOutputs, controlOutputs;
    std::vector<float> controlOutputValues;
    std::vector<std::unique_ptr<Control>> controls;
    std::vector<ParameterInfo> parameters;
    std::optional<std::size_t> latencyOutput;
    std::atomic<int> latency{ 0 };

    juce::AudioBuffer<float> inputCopies; ///< for plugins that cannot process in place
    juce::AudioBuffer<float> added;       ///< for plugins that can only add to their outputs
};

//======================================================================================================================
std::vector<PluginInfo> LadspaPlugin::findIn (const juce::File& file, juce::String& whyNot)
{
    std::vector<PluginInfo> results;
    const auto library = SharedLibrary::load (file, whyNot);

    if (library == nullptr)
        return results;

    if (library->getFunction<LADSPA_Descriptor_Function> ("ladspa_descriptor") == nullptr)
    {
        whyNot = "has no LADSPA plugins: it lacks the function ladspa_descriptor";
        return results;
    }

    ladspa::visitDescriptors (*library,
                              [&] (const LADSPA_Descriptor& descriptor)
                              {
                                  if (ladspa::isUsable (descriptor))
                                      results.push_back (ladspa::describe (file, descriptor));

                                  return true;
                              });

    if (results.empty())
        whyNot = "has no LADSPA plugins: its list of them is empty";

    return results;
}

std::unique_ptr<LadspaPlugin> LadspaPlugin::create (const PluginInfo& info, double sampleRate, int maxBlockSize)
{
    juce::String whyNot;
    const juce::File file (info.file);
    auto library = SharedLibrary::load (file, whyNot);

    if (library == nullptr)
        throw Error (info.file.toStdString(), "the file " + whyNot.toStdString(), "reinstall the plugin, or scan again");

    const auto id = splitId (info.id);
    const LADSPA_Descriptor* found = nullptr;

    ladspa::visitDescriptors (*library,
                              [&] (const LADSPA_Descriptor& descriptor)
                              {
                                  if (ladspa::isUsable (descriptor) && id && ladspa::text (descriptor.Label) == id->second)
                                      found = &descriptor;

                                  return found == nullptr;
                              });

    if (found == nullptr)
        throw Error (info.id.toStdString(), "the file " + info.file.toStdString() + " has no such plugin any more",
                     "scan again to see what it has");

    std::unique_ptr<LadspaPlugin> plugin (new LadspaPlugin (info, std::move (library), *found, sampleRate));
    juce::ignoreUnused (maxBlockSize);
    return plugin;
}

std::optional<std::pair<juce::String, juce::String>> LadspaPlugin::splitId (const juce::String& id)
{
    if (! id.startsWith ("LADSPA:"))
        return {};

    const auto rest = id.substring (7);
    const auto afterFile = rest.indexOf (".so:");
    const auto colon = afterFile >= 0 ? afterFile + 3 : rest.lastIndexOfChar (':');

    if (colon <= 0 || colon + 1 >= rest.length())
        return {};

    return std::make_pair (rest.substring (0, colon), rest.substring (colon + 1));
}

LadspaPlugin::LadspaPlugin (const PluginInfo& info, std::shared_ptr<SharedLibrary> library,
                            const LADSPA_Descriptor& descriptor, double sampleRate)
    : pimpl (std::make_unique<Pimpl> (info, std::move (library), descriptor))
{
    for (unsigned long i = 0; i < descriptor.PortCount; ++i)
    {
        const auto kind = descriptor.PortDescriptors[i];
        const auto name = ladspa::text (descriptor.PortNames[i]);

        if (LADSPA_IS_PORT_AUDIO (kind))
        {
            (LADSPA_IS_PORT_INPUT (kind) ? pimpl->audioInputs : pimpl->audioOutputs).push_back (i);
        }
        else if (LADSPA_IS_PORT_CONTROL (kind) && LADSPA_IS_PORT_INPUT (kind))
        {
            auto control = std::make_unique<Pimpl::Control> (i, descriptor.PortRangeHints[i], sampleRate);

            ParameterInfo parameter;
            parameter.id = juce::String (static_cast<juce::int64> (i));
            parameter.name = name.isNotEmpty() ? name : "Control " + parameter.id;
            parameter.defaultValue = control->normalised;
            parameter.steps = control->range.getNumSteps();
            pimpl->parameters.push_back (parameter);
            pimpl->controls.push_back (std::move (control));
        }
        else if (LADSPA_IS_PORT_CONTROL (kind))
        {
            // By custom a plugin tells its latency through an output of this name.
            if (name == "latency" || name == "_latency")
                pimpl->latencyOutput = pimpl->controlOutputs.size();

            pimpl->controlOutputs.push_back (i);
        }
    }

    makeParameterNamesUnique (pimpl->parameters);
    pimpl->controlOutputValues.resize (pimpl->controlOutputs.size());
    pimpl->instantiate (sampleRate);
}

LadspaPlugin::~LadspaPlugin() = default;

juce::String LadspaPlugin::getName() const { return pimpl->info.name; }

NodePorts LadspaPlugin::getPorts() const
{
    return { static_cast<int> (pimpl->audioInputs.size()), static_cast<int> (pimpl->audioOutputs.size()), false, false };
}

void LadspaPlugin::prepare (const PrepareInfo& info)
{
    if (pimpl->rate != info.sampleRate)
        pimpl->instantiate (info.sampleRate);

    const auto mustCopy = LADSPA_IS_INPLACE_BROKEN (pimpl->descriptor.Properties) || pimpl->descriptor.run == nullptr;
    pimpl->inputCopies.setSize (mustCopy ? static_cast<int> (pimpl->audioInputs.size()) : 0, info.maxBlockSize);
    pimpl->added.setSize (pimpl->descriptor.run == nullptr ? static_cast<int> (pimpl->audioOutputs.size()) : 0,
                          info.maxBlockSize);

    pimpl->deactivate();
    pimpl->activate();

    // Latency is known only once the plugin has run; a run of no samples is allowed and leaves the sound alone, but not
    // every plugin copes without its buffers, so they are all there.
    if (pimpl->latencyOutput)
    {
        juce::AudioBuffer<float> silence (std::max (1, std::max (getPorts().audioInputs, getPorts().audioOutputs)),
                                          info.maxBlockSize);
        silence.clear();
        juce::MidiBuffer midi;
        const TransportPosition transport;
        ProcessContext context{ silence.getArrayOfWritePointers(), silence.getNumChannels(), info.maxBlockSize, midi,
                                transport };
        process (context);
        reset();
    }
}

void LadspaPlugin::release() { pimpl->deactivate(); }

void LadspaPlugin::process (ProcessContext& context) noexcept RT_NONBLOCKING
{
    auto& p = *pimpl;
    const auto numSamples = static_cast<std::size_t> (context.numSamples);
    const auto run = p.descriptor.run;

    for (std::size_t i = 0; i < p.audioInputs.size(); ++i)
    {
        auto* channel = context.channels[i];

        if (p.inputCopies.getNumChannels() > 0)
        {
            auto* copy = p.inputCopies.getWritePointer (static_cast<int> (i));
            std::memcpy (copy, channel, numSamples * sizeof (float));
            channel = copy;
        }

        p.descriptor.connect_port (p.handle, p.audioInputs[i], channel);
    }

    for (std::size_t i = 0; i < p.audioOutputs.size(); ++i)
    {
        auto* channel = context.channels[i];

        if (run == nullptr)
        {
            channel = p.added.getWritePointer (static_cast<int> (i));
            std::memset (channel, 0, numSamples * sizeof (float));
        }

        p.descriptor.connect_port (p.handle, p.audioOutputs[i], channel);
    }

    if (run != nullptr)
    {
        run (p.handle, numSamples);
    }
    else
    {
        if (p.descriptor.set_run_adding_gain != nullptr)
            p.descriptor.set_run_adding_gain (p.handle, 1.0f);

        p.descriptor.run_adding (p.handle, numSamples);

        for (std::size_t i = 0; i < p.audioOutputs.size(); ++i)
            std::memcpy (context.channels[i], p.added.getReadPointer (static_cast<int> (i)), numSamples * sizeof (float));
    }

    if (p.latencyOutput)
    {
        const auto latency = p.controlOutputValues[*p.latencyOutput];
        p.latency.store (latency > 0.0f && latency < 1.0e7f ? static_cast<int> (std::lround (latency)) : 0,
                         std::memory_order_relaxed);
    }

    context.midi.clear();
}

void LadspaPlugin::reset()
{
    if (pimpl->isActive)
    {
        pimpl->deactivate();
        pimpl->activate();
    }
}

int LadspaPlugin::getLatencySamples() const { return pimpl->latency.load (std::memory_order_relaxed); }

std::optional<double> LadspaPlugin::getTailSeconds() const { return {}; } // LADSPA has no word for it

const std::vector<ParameterInfo>& LadspaPlugin::getParameters() const { return pimpl->parameters; }

void LadspaPlugin::setParameter (int index, float value) noexcept
{
    if (! juce::isPositiveAndBelow (index, pimpl->controls.size()))
        return;

    auto& control = *pimpl->controls[static_cast<std::size_t> (index)];
    const auto clamped = value >= 0.0f ? std::min (value, 1.0f) : 0.0f; // a NaN becomes 0
    control.normalised.store (clamped, std::memory_order_relaxed);
    control.plain = control.range.toPlain (clamped);
}

float LadspaPlugin::getParameter (int index) const
{
    return juce::isPositiveAndBelow (index, pimpl->controls.size())
               ? pimpl->controls[static_cast<std::size_t> (index)]->normalised.load (std::memory_order_relaxed)
               : 0.0f;
}

juce::String LadspaPlugin::getParameterText (int index, float value) const
{
    if (! juce::isPositiveAndBelow (index, pimpl->controls.size()))
        return {};

    const auto& range = pimpl->controls[static_cast<std::size_t> (index)]->range;
    const auto plain = range.toPlain (value);

    if (range.isToggled)
        return plain > 0.5f ? "on" : "off";

    return toParameterText (plain, pimpl->parameters[static_cast<std::size_t> (index)].label, range.isInteger);
}

const PluginInfo& LadspaPlugin::getInfo() const { return pimpl->info; }

std::vector<BusInfo> LadspaPlugin::getBuses() const
{
    std::vector<BusInfo> buses;
    const auto ports = getPorts();

    if (ports.audioInputs > 0)
        buses.push_back ({ true, ports.audioInputs, "Input" });

    if (ports.audioOutputs > 0)
        buses.push_back ({ false, ports.audioOutputs, "Output" });

    return buses;
}

juce::StringArray LadspaPlugin::getPrograms() const { return {}; }

juce::MemoryBlock LadspaPlugin::getState()
{
    juce::MemoryOutputStream out;

    for (const auto& control : pimpl->controls)
        out << juce::String (static_cast<juce::int64> (control->port)) << " "
            << juce::String (static_cast<double> (control->plain), 9, true) << "\n";

    return out.getMemoryBlock();
}

void LadspaPlugin::setState (const juce::MemoryBlock& state)
{
    const auto unreadable = [&] (const char* why)
    {
        return Error (pimpl->info.name.toStdString(), std::string ("its saved state ") + why,
                      "the plugin keeps its present settings");
    };

    if (! juce::CharPointer_UTF8::isValidString (static_cast<const char*> (state.getData()),
                                                 static_cast<int> (state.getSize())))
        throw unreadable ("is not text");

    std::vector<std::pair<Pimpl::Control*, float>> values;

    for (const auto& line : juce::StringArray::fromLines (state.toString()))
    {
        if (line.trim().isEmpty())
            continue;

        const auto port = line.upToFirstOccurrenceOf (" ", false, false);
        const auto value = line.fromFirstOccurrenceOf (" ", false, false);

        if (port.isEmpty() || ! port.containsOnly ("0123456789") || value.isEmpty()
            || ! value.containsOnly ("0123456789+-.eE"))
            throw unreadable ("has a line that is no port and value");

        for (const auto& control : pimpl->controls)
            if (static_cast<juce::int64> (control->port) == port.getLargeIntValue())
                values.emplace_back (control.get(), value.getFloatValue());
    }

    for (const auto& [control, value] : values)
    {
        control->plain = std::clamp (value, control->range.lower, control->range.upper);
        control->normalised = control->range.toNormalised (control->plain);
    }
}

} // namespace host
