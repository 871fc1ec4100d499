#pragma once

#include <host_engine/devices/MonotonicClock.h>
#include <host_engine/midi/MidiPorts.h>

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

/** MIDI ports of a test's own: it says what is plugged in, plays the inputs and reads what came out of the outputs. */
struct FakeMidiPorts final : host::MidiPorts
{
    struct Sent
    {
        std::vector<std::uint8_t> bytes;
        std::int64_t time;
    };

    struct Log
    {
        std::size_t size() const
        {
            const std::lock_guard lock (mutex);
            return sent.size();
        }

        mutable std::mutex mutex;
        std::vector<Sent> sent;
    };

    struct Sink final : host::MidiSink
    {
        Sink (juce::String nameToUse, Log& logToUse, std::atomic<int>* countToUse = nullptr)
            : name (std::move (nameToUse)), log (logToUse), count (countToUse)
        {
            if (count != nullptr)
                ++*count;
        }

        ~Sink() override
        {
            if (count != nullptr)
                --*count;
        }

        juce::String getName() const override { return name; }

        void send (const std::uint8_t* bytes, int numBytes) override
        {
            const std::lock_guard lock (log.mutex);
            log.sent.push_back ({ { bytes, bytes + numBytes }, host::monotonicNanoseconds() });
        }

        const juce::String name;
        Log& log;
        std::atomic<int>* const count;
    };

    struct Source final : host::MidiSource
    {
        Source (FakeMidiPorts& portsToUse, std::string identifierToUse, Receiver receiver)
            : ports (portsToUse), identifier (std::move (identifierToUse))
        {
            ports.receivers[identifier] = std::move (receiver);
        }

        ~Source() override { ports.receivers.erase (identifier); }

        FakeMidiPorts& ports;
        const std::string identifier;
    };

    juce::Array<juce::MidiDeviceInfo> findInputs() override { return { inputs.data(), int (inputs.size()) }; }
    juce::Array<juce::MidiDeviceInfo> findOutputs() override { return { outputs.data(), int (outputs.size()) }; }

    std::unique_ptr<host::MidiSource> openInput (const juce::MidiDeviceInfo& info, Receiver receiver) override
    {
        if (info.name == refused)
            return nullptr;

        return std::make_unique<Source> (*this, info.identifier.toStdString(), std::move (receiver));
    }

    std::unique_ptr<host::MidiSink> openOutput (const juce::MidiDeviceInfo& info) override
    {
        if (info.name == refused)
            return nullptr;

        return std::make_unique<Sink> (info.name, logs[info.identifier.toStdString()], &numOpen);
    }

    /** As if the device of this identifier sent it; nothing happens unless the input is open. */
    void play (const std::string& identifier, const juce::MidiMessage& message)
    {
        if (const auto found = receivers.find (identifier); found != receivers.end())
            found->second (message);
    }

    std::vector<juce::MidiDeviceInfo> inputs, outputs;
    juce::String refused; ///< a name that cannot be opened
    std::map<std::string, Receiver> receivers;
    std::map<std::string, Log> logs; ///< by identifier
    std::atomic<int> numOpen{ 0 };   ///< outputs
};
