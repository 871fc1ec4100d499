// LADSPA plugins that a host can get wrong, each in one way.

#include <ladspa.h>

#include <array>
#include <cstring>
#include <vector>

namespace
{

struct Instance
{
    std::vector<LADSPA_Data*> ports;
    unsigned long sampleRate = 0;
    bool wasActivated = false;
};

Instance& get (LADSPA_Handle handle) { return *static_cast<Instance*> (handle); }

LADSPA_Handle instantiate (const LADSPA_Descriptor* descriptor, unsigned long sampleRate)
{
    return new Instance{ std::vector<LADSPA_Data*> (descriptor->PortCount), sampleRate };
}

LADSPA_Handle refuse (const LADSPA_Descriptor*, unsigned long) { return nullptr; }

void connectPort (LADSPA_Handle handle, unsigned long port, LADSPA_Data* data) { get (handle).ports[port] = data; }
void activate (LADSPA_Handle handle) { get (handle).wasActivated = true; }

void cleanup (LADSPA_Handle handle)
{
    // Some plugins free here what activate() sets up.
    if (! get (handle).wasActivated)
        __builtin_trap();

    delete static_cast<Instance*> (handle);
}

// "rate": the output is the sample rate that it was made for.
void runRate (LADSPA_Handle handle, unsigned long numSamples)
{
    for (unsigned long i = 0; i < numSamples; ++i)
        get (handle).ports[0][i] = static_cast<float> (get (handle).sampleRate);
}

// "reverse": the block backwards. Cannot work in place, and says so.
void runReverse (LADSPA_Handle handle, unsigned long numSamples)
{
    auto& p = get (handle).ports;

    for (unsigned long i = 0; i < numSamples; ++i)
        p[1][i] = p[0][numSamples - 1 - i];
}

// "adding": has no run(), only run_adding().
void runAdding (LADSPA_Handle handle, unsigned long numSamples)
{
    auto& p = get (handle).ports;

    for (unsigned long i = 0; i < numSamples; ++i)
        p[1][i] += 2.0f * p[0][i];
}

// "controls": the outputs are the values of its control inputs, port by port. Latency: 12.
constexpr unsigned long numControls = 9;

void runControls (LADSPA_Handle handle, unsigned long numSamples)
{
    auto& p = get (handle).ports;

    for (unsigned long c = 0; c < numControls; ++c)
        for (unsigned long i = 0; i < numSamples; ++i)
            p[numControls + 1 + c][i] = *p[c];

    *p[numControls] = 12.0f;
}

constexpr LADSPA_PortDescriptor audioIn = LADSPA_PORT_INPUT | LADSPA_PORT_AUDIO,
                                audioOut = LADSPA_PORT_OUTPUT | LADSPA_PORT_AUDIO,
                                controlIn = LADSPA_PORT_INPUT | LADSPA_PORT_CONTROL,
                                controlOut = LADSPA_PORT_OUTPUT | LADSPA_PORT_CONTROL;

constexpr std::array<LADSPA_PortDescriptor, 1> outPorts{ audioOut };
constexpr std::array<LADSPA_PortDescriptor, 2> inOutPorts{ audioIn, audioOut };
constexpr std::array<const char*, 2> names{ "A", "B" };
constexpr std::array<LADSPA_PortRangeHint, 2> noHints{};

constexpr int both = LADSPA_HINT_BOUNDED_BELOW | LADSPA_HINT_BOUNDED_ABOVE;

constexpr std::array<LADSPA_PortRangeHint, 2 * numControls + 1> controlHints{ {
    { both | LADSPA_HINT_DEFAULT_LOW, 0.0f, 8.0f },                                // 2
    { both | LADSPA_HINT_DEFAULT_MIDDLE | LADSPA_HINT_LOGARITHMIC, 1.0f, 100.0f }, // 10
    { both | LADSPA_HINT_DEFAULT_0, -70.0f, 70.0f },                               // 0
    { LADSPA_HINT_TOGGLED | LADSPA_HINT_DEFAULT_1, 0.0f, 0.0f },                   // 1
    { both | LADSPA_HINT_INTEGER | LADSPA_HINT_DEFAULT_HIGH, 0.0f, 8.0f },         // 6
    { both | LADSPA_HINT_SAMPLE_RATE | LADSPA_HINT_DEFAULT_MAXIMUM, 0.0f, 0.5f },  // half the rate
    { LADSPA_HINT_DEFAULT_440, 0.0f, 0.0f },                                       // 440, without bounds
    { LADSPA_HINT_BOUNDED_BELOW | LADSPA_HINT_DEFAULT_1, 0.0f, 0.0f },             // 1, without an upper bound
    { both, 3.0f, 5.0f }                                                           // none given: the nearest to 0
} };

constexpr std::array<LADSPA_PortDescriptor, 2 * numControls + 1> controlPorts{
    controlIn, controlIn, controlIn, controlIn, controlIn, controlIn, controlIn, controlIn, controlIn, controlOut,
    audioOut,  audioOut,  audioOut,  audioOut,  audioOut,  audioOut,  audioOut,  audioOut,  audioOut
};

constexpr std::array<const char*, 2 * numControls + 1> controlNames{ "low",  "middle",    "zero",   "toggle",  "integer",
                                                                     "rate", "unbounded", "no top", "no hint", "latency",
                                                                     "0",    "1",         "2",      "3",       "4",
                                                                     "5",    "6",         "7",      "8" };

LADSPA_Descriptor make (const char* label, LADSPA_Properties properties, unsigned long numPorts,
                        const LADSPA_PortDescriptor* ports, const char* const* portNames, const LADSPA_PortRangeHint* hints)
{
    LADSPA_Descriptor d{};
    d.Label = label;
    d.Name = label;
    d.Properties = properties;
    d.PortCount = numPorts;
    d.PortDescriptors = ports;
    d.PortNames = portNames;
    d.PortRangeHints = hints;
    d.instantiate = instantiate;
    d.connect_port = connectPort;
    d.activate = activate;
    d.cleanup = cleanup;
    return d;
}

const std::array<LADSPA_Descriptor, 5>& getDescriptors()
{
    static const auto descriptors = []
    {
        std::array<LADSPA_Descriptor, 5> d{
            make ("rate", 0, 1, outPorts.data(), names.data(), noHints.data()),
            make ("reverse", LADSPA_PROPERTY_INPLACE_BROKEN, 2, inOutPorts.data(), names.data(), noHints.data()),
            make ("adding", 0, 2, inOutPorts.data(), names.data(), noHints.data()),
            make ("controls", 0, 2 * numControls + 1, controlPorts.data(), controlNames.data(), controlHints.data()),
            make ("refuses", 0, 2, inOutPorts.data(), names.data(), noHints.data())
        };
        d[0].run = runRate;
        d[1].run = runReverse;
        d[2].run_adding = runAdding;
        d[3].run = runControls;
        d[4].run = runRate;
        d[4].instantiate = refuse;
        return d;
    }();

    return descriptors;
}

} // namespace

extern "C" __attribute__ ((visibility ("default"))) const LADSPA_Descriptor* ladspa_descriptor (unsigned long index)
{
    return index < getDescriptors().size() ? &getDescriptors()[index] : nullptr;
}
