#include "LiveHost.h"

#include "../devices/ThreadScheduling.h"

#include <algorithm>

namespace host
{

namespace
{
PrepareInfo infoFor (const OpenDevice& device)
{
    return { device.getSampleRate(), std::max (1, device.getBlockSize()), false };
}
} // namespace

LiveHost::LiveHost (const DeviceRequest& request, const MidiPortsOff& off, MidiPorts& ports)
    : midiPorts (&ports), device (devices.open (request)), engine (std::make_unique<Engine> (infoFor (*device))),
      midiOutputs (std::make_unique<MidiOutputs> (std::vector<std::unique_ptr<MidiSink>>())), current (request)
{
    openMidi (off);
    midiOutputs->start();
}

LiveHost::LiveHost (const PrepareInfo& info, MidiPorts* ports)
    : midiPorts (ports), engine (std::make_unique<Engine> (info)),
      midiOutputs (std::make_unique<MidiOutputs> (std::vector<std::unique_ptr<MidiSink>>()))
{
}

void LiveHost::openMidi (const MidiPortsOff& off)
{
    if (midiPorts == nullptr)
        return;

    midiInputs.openAll (off.inputs, *midiPorts);
    midiOutputs->openAll (off.outputs, *midiPorts);
}

int LiveHost::getDefaultThreads()
{
    return std::min (countUsableProcessors(), ParallelRenderer::mostThreads);
}

void LiveHost::setThreads (int numThreads, bool isBounded)
{
    Engine::Threads threads;
    threads.number = numThreads;
    threads.isBounded = isBounded;
    threads.isRecording = true;
    threads.onWorkerStart = [ordinary = ordinaryWorkers]
    {
        juce::Thread::setCurrentThreadName ("render");

        if (! makeThisThreadRealtime (RealtimePriority::worker))
            ordinary->fetch_add (1);
    };
    engine->setThreads (threads);
}

std::string LiveHost::takeThreadWarning()
{
    if (ordinaryWorkers->exchange (0) == 0)
        return {};

    return "the render workers: are not real-time, so other programs can hold them up; see the cure with \"AudioHost doctor\", or "
           "render on the audio thread alone with --threads 1";
}

LiveHost::~LiveHost()
{
    const auto hasEnded = stop() && ! engine->hasStuckWorkers();
    midiInputs.closeAll();

    if (hasEnded)
    {
        midiOutputs->stop();
        return;
    }

    // A callback that never comes back goes on using them.
    device.reset();
    static_cast<void> (player.release());
    static_cast<void> (engine.release());
    static_cast<void> (midiOutputs.release());
}

void LiveHost::start()
{
    if (device == nullptr || isPlaying)
        return;

    player = std::make_unique<LivePlayer> (*engine, midiInputs, *midiOutputs);
    xrunsAtStart = device->getXrunCount();
    device->start (*player);
    isPlaying = true;
}

bool LiveHost::stop()
{
    if (! isPlaying)
        return true;

    player->fadeOut();

    for (int i = 0; i < 200 && ! player->isSilent() && ! device->hasFailed(); ++i)
        juce::Thread::sleep (5);

    if (! device->stop())
        return false;

    before = countNow();
    isPlaying = false;
    return true;
}

void LiveHost::changeDevice (const DeviceRequest& request)
{
    const auto wasPlaying = isPlaying;

    if (! stop())
        throw Error ("the audio device",
                     "node " + std::to_string (engine->getRunningNode()) + " has not come back from its block",
                     "take that node out, or quit and start again", Error::Kind::failed);

    const auto resume = [&]
    {
        if (wasPlaying && device != nullptr)
            start();
    };

    try
    {
        // Most devices can be open only once, so the old one closes first.
        device.reset();
        device = devices.open (request);
        engine->changeInfo (infoFor (*device));
    }
    catch (const Error&)
    {
        device.reset();

        try
        {
            if (current)
                device = devices.open (*current);
        }
        catch (const Error&) // the old one has gone as well: without a device, until another is chosen
        {
        }

        if (device != nullptr)
            engine->changeInfo (infoFor (*device));

        resume();
        throw;
    }

    current = request;
    resume();
}

LiveHost::Counts LiveHost::countNow() const
{
    auto counts = before;

    if (isPlaying)
    {
        counts.xruns += std::uint64_t (std::max (0, device->getXrunCount() - xrunsAtStart));
        counts.deadlineMisses += player->getDeadlineMisses();
        counts.limitedSamples += player->getLimitedSamples();
    }

    return counts;
}

std::uint64_t LiveHost::getXruns() const { return countNow().xruns; }
std::uint64_t LiveHost::getDeadlineMisses() const { return countNow().deadlineMisses; }
std::uint64_t LiveHost::getLimitedSamples() const { return countNow().limitedSamples; }
float LiveHost::getPeak() const { return player != nullptr ? player->getPeak() : 0.0f; }

} // namespace host
