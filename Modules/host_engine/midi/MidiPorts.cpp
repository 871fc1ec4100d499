#include "MidiPorts.h"

#include "../devices/DriverNoise.h"

namespace host
{

namespace
{

class DeviceSource final : public MidiSource, private juce::MidiInputCallback
{
public:
    DeviceSource (const juce::MidiDeviceInfo& info, MidiPorts::Receiver receiverToUse)
        : receiver (std::move (receiverToUse)), input (juce::MidiInput::openDevice (info.identifier, this))
    {
        if (input != nullptr)
            input->start();
    }

    bool isOpen() const noexcept { return input != nullptr; }

private:
    void handleIncomingMidiMessage (juce::MidiInput*, const juce::MidiMessage& message) override { receiver (message); }

    const MidiPorts::Receiver receiver;
    const std::unique_ptr<juce::MidiInput> input; // goes first
};

class DeviceSink final : public MidiSink
{
public:
    explicit DeviceSink (std::unique_ptr<juce::MidiOutput> outputToUse) : output (std::move (outputToUse)) {}

    juce::String getName() const override { return output->getName(); }

    void send (const std::uint8_t* bytes, int numBytes) override
    {
        output->sendMessageNow (juce::MidiMessage (bytes, numBytes));
    }

private:
    const std::unique_ptr<juce::MidiOutput> output;
};

class MachinesPorts final : public MidiPorts
{
public:
    juce::Array<juce::MidiDeviceInfo> findInputs() override
    {
        silenceDriverNoise();
        return juce::MidiInput::getAvailableDevices();
    }

    juce::Array<juce::MidiDeviceInfo> findOutputs() override
    {
        silenceDriverNoise();
        auto found = juce::MidiOutput::getAvailableDevices();
        found.removeIf ([] (const auto& info) { return info.name.startsWith ("Midi Through"); });
        return found;
    }

    std::unique_ptr<MidiSource> openInput (const juce::MidiDeviceInfo& info, Receiver receiver) override
    {
        auto source = std::make_unique<DeviceSource> (info, std::move (receiver));
        return source->isOpen() ? std::move (source) : nullptr;
    }

    std::unique_ptr<MidiSink> openOutput (const juce::MidiDeviceInfo& info) override
    {
        auto output = juce::MidiOutput::openDevice (info.identifier);
        return output != nullptr ? std::make_unique<DeviceSink> (std::move (output)) : nullptr;
    }
};

} // namespace

MidiPorts& MidiPorts::ofThisMachine()
{
    static MachinesPorts ports;
    return ports;
}

} // namespace host
