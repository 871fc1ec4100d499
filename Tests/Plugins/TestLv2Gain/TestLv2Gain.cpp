// A stereo gain as an LV2 plugin: output is input times "Gain", 0 to 1. The ports are told in TestLv2Gain.ttl.

#include <lv2/core/lv2.h>

#include <array>
#include <cstddef>

namespace
{

enum Port : std::size_t
{
    inputLeft,
    inputRight,
    outputLeft,
    outputRight,
    gain,
    numPorts
};

using Ports = std::array<float*, numPorts>;

LV2_Handle instantiate (const LV2_Descriptor*, double, const char*, const LV2_Feature* const*) { return new Ports{}; }

void connectPort (LV2_Handle handle, uint32_t port, void* data)
{
    if (port < numPorts)
        (*static_cast<Ports*> (handle))[port] = static_cast<float*> (data);
}

void run (LV2_Handle handle, uint32_t numSamples)
{
    const auto& ports = *static_cast<Ports*> (handle);

    for (std::size_t c = 0; c < 2; ++c)
        for (std::size_t i = 0; i < numSamples; ++i)
            ports[outputLeft + c][i] = ports[inputLeft + c][i] * *ports[gain];
}

void cleanup (LV2_Handle handle) { delete static_cast<Ports*> (handle); }

constexpr LV2_Descriptor descriptor{ .URI = "urn:audiohost:test:lv2-gain",
                                     .instantiate = instantiate,
                                     .connect_port = connectPort,
                                     .activate = nullptr,
                                     .run = run,
                                     .deactivate = nullptr,
                                     .cleanup = cleanup,
                                     .extension_data = nullptr };

} // namespace

extern "C" __attribute__ ((visibility ("default"))) const LV2_Descriptor* lv2_descriptor (uint32_t index)
{
    return index == 0 ? &descriptor : nullptr;
}
