#pragma once

#include "../devices/AudioDevices.h"
#include "LivePlayer.h"

#include <atomic>
#include <memory>
#include <string>

namespace host
{

/** The names of the MIDI ports that a person has switched off; all others are on, also those that are plugged in later. */
struct MidiPortsOff
{
    juce::StringArray inputs, outputs;

    bool operator== (const MidiPortsOff&) const = default;
};

/** An engine that plays: it keeps the device, the MIDI ports and the player together through changes of device.
    Message thread. */
class LiveHost
{
public:
    /** Opens the device, and with it the engine, and plays nothing yet. Throws host::Error as AudioDevices::open(). */
    explicit LiveHost (const DeviceRequest&, const MidiPortsOff& = {}, MidiPorts& = MidiPorts::ofThisMachine());

    /** Without a device, as for a picture: nothing plays. And without MIDI ports, but for those given. */
    explicit LiveHost (const PrepareInfo&, MidiPorts* = nullptr);

    ~LiveHost();

    /** As many as there are processors that this program may use. */
    static int getDefaultThreads();

    /** Before the first start(): how many threads render, the audio thread included, and whether plugins are kept off that one. The
        workers are real-time, one step below the audio thread, where that is allowed. */
    void setThreads (int numThreads, bool isBounded = false);

    /** What a person should know of the workers, once; else empty. */
    std::string takeThreadWarning();

    /** Begins to play what the engine runs, with a fade. */
    void start();

    /** Fades out and stops; the device stays open. Waits for as long as the fade takes, up to a second.
        @returns false when the callback hangs in a node: getEngine().getRunningNode() tells which */
    bool stop();

    /** Fades out, changes the device and goes on playing if it played. Where the rate or the longest block differ the
        engine's nodes are prepared anew. Throws host::Error and goes on with the old device if the new one does not open. */
    void changeDevice (const DeviceRequest&);

    /** Looks for MIDI ports and has all open but these, while it plays. Some milliseconds. getMidiInputs() and
        getMidiOutputs() then tell what was found and what is open. */
    void openMidi (const MidiPortsOff&);

    /** Null without a device. */
    OpenDevice* getDevice() noexcept { return device.get(); }

    /** True once the device has gone; changeDevice() brings back sound. */
    bool hasFailed() { return device != nullptr && device->hasFailed(); }

    Engine& getEngine() noexcept { return *engine; }
    AudioDevices& getDevices() noexcept { return devices; }
    MidiInputs& getMidiInputs() noexcept { return midiInputs; }
    MidiOutputs& getMidiOutputs() noexcept { return *midiOutputs; }

    /** @name Since the program began, through changes of device */
    /**@{*/
    std::uint64_t getXruns() const;
    std::uint64_t getDeadlineMisses() const;
    std::uint64_t getLimitedSamples() const;
    float getPeak() const; ///< the loudest sample of the output, linear, since the last start()
    /**@}*/

private:
    struct Counts
    {
        std::uint64_t xruns = 0, deadlineMisses = 0, limitedSamples = 0;
    };

    Counts countNow() const;

    MidiPorts* midiPorts = nullptr;
    AudioDevices devices;
    std::unique_ptr<OpenDevice> device;
    std::unique_ptr<Engine> engine;
    MidiInputs midiInputs;
    std::unique_ptr<MidiOutputs> midiOutputs;
    std::unique_ptr<LivePlayer> player;
    std::optional<DeviceRequest> current; ///< what the device was opened with
    Counts before;
    std::shared_ptr<std::atomic<int>> ordinaryWorkers = std::make_shared<std::atomic<int>> (0); ///< that may not be real-time
    int xrunsAtStart = 0;
    bool isPlaying = false;
};

} // namespace host
