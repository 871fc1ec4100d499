// A stereo gain as a LADSPA plugin, label "test_gain": output is input times "Gain", 0 to 1.

#include <ladspa.h>

#include <array>

namespace
{

enum Port : unsigned long
{
    inputLeft,
    inputRight,
    outputLeft,
    outputRight,
    gain,
    numPorts
};

using Ports = std::array<LADSPA_Data*, numPorts>;

LADSPA_Handle instantiate (const LADSPA_Descriptor*, unsigned long) { return new Ports{}; }

void connectPort (LADSPA_Handle handle, unsigned long port, LADSPA_Data* data)
{
    if (port < numPorts)
        (*static_cast<Ports*> (handle))[port] = data;
}

void run (LADSPA_Handle handle, unsigned long numSamples)
{
    const auto& ports = *static_cast<Ports*> (handle);

    for (unsigned long c = 0; c < 2; ++c)
        for (unsigned long i = 0; i < numSamples; ++i)
            ports[outputLeft + c][i] = ports[inputLeft + c][i] * *ports[gain];
}

void cleanup (LADSPA_Handle handle) { delete static_cast<Ports*> (handle); }

constexpr std::array<LADSPA_PortDescriptor, numPorts> portDescriptors{
    LADSPA_PORT_INPUT | LADSPA_PORT_AUDIO, LADSPA_PORT_INPUT | LADSPA_PORT_AUDIO, LADSPA_PORT_OUTPUT | LADSPA_PORT_AUDIO,
    LADSPA_PORT_OUTPUT | LADSPA_PORT_AUDIO, LADSPA_PORT_INPUT | LADSPA_PORT_CONTROL
};

constexpr std::array<const char*, numPorts> portNames{ "Input Left", "Input Right", "Output Left", "Output Right", "Gain" };

constexpr std::array<LADSPA_PortRangeHint, numPorts> portRanges{
    LADSPA_PortRangeHint{}, LADSPA_PortRangeHint{}, LADSPA_PortRangeHint{}, LADSPA_PortRangeHint{},
    LADSPA_PortRangeHint{ LADSPA_HINT_BOUNDED_BELOW | LADSPA_HINT_BOUNDED_ABOVE | LADSPA_HINT_DEFAULT_1, 0.0f, 1.0f }
};

constexpr LADSPA_Descriptor descriptor{ .UniqueID = 0,
                                        .Label = "test_gain",
                                        .Properties = LADSPA_PROPERTY_HARD_RT_CAPABLE,
                                        .Name = "TestLadspaGain",
                                        .Maker = "AudioHost",
                                        .Copyright = "GPL-3.0-or-later",
                                        .PortCount = numPorts,
                                        .PortDescriptors = portDescriptors.data(),
                                        .PortNames = portNames.data(),
                                        .PortRangeHints = portRanges.data(),
                                        .ImplementationData = nullptr,
                                        .instantiate = instantiate,
                                        .connect_port = connectPort,
                                        .activate = nullptr,
                                        .run = run,
                                        .run_adding = nullptr,
                                        .set_run_adding_gain = nullptr,
                                        .deactivate = nullptr,
                                        .cleanup = cleanup };

} // namespace

extern "C" __attribute__ ((visibility ("default"))) const LADSPA_Descriptor* ladspa_descriptor (unsigned long index)
{
    return index == 0 ? &descriptor : nullptr;
}
