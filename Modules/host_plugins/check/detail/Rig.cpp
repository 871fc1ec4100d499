#include "Rig.h"

#include <host_graph/Error.h>
#include <host_graph/RenderPlan.h>
#include <rt_guard/rt_guard.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace host::check
{

/** VST3 wants a plugin whose latency has changed to be made inactive and active again (IComponentHandler, kLatencyChanged); in LV2
    and LADSPA latency is an output like others. */
static bool demandsRestartForLatency (const juce::String& format) { return format == "VST3"; }

/** A plugin that changes its latency each time it is made ready would never come to play. */
static constexpr int mostRestartsPerPhase = 64;

Rig::Rig (PluginInstance& pluginToCheck, const CheckOptions& options)
    : plugin (pluginToCheck), ports (plugin.getPorts()), budget (options),
      numChannels (std::max (ports.audioInputs, ports.audioOutputs)),
      samples (static_cast<std::size_t> (numChannels) * largestBlock)
{
    for (int c = 0; c < numChannels; ++c)
        channels.push_back (samples.data() + c * largestBlock);

    const auto& parameters = plugin.getParameters();

    for (std::size_t i = 0; i < parameters.size(); ++i)
    {
        if (parameters[i].isAutomatable)
            automatable.push_back (static_cast<int> (i));

        if (parameters[i].isBypass)
            bypassParameter = static_cast<int> (i);
    }

    midi.ensureSize (RenderPlan::midiCapacityBytes);
    changes.reserve (parameters.size());
}

void Rig::beginPhase (rt::guard::Phase newPhase)
{
    phase = newPhase;
    numRestarts = 0;
    budget.beginPhase();
}

bool Rig::prepare (const Setup& newSetup)
{
    bool isReady = true;

    thread.onMessageThread (
        [&]
        {
            try
            {
                plugin.prepare ({ newSetup.sampleRate, newSetup.maxBlockSize, false });
                setup = newSetup;
            }
            catch (const Error& error)
            {
                notes.push_back (error.what());
                isReady = false;
                plugin.prepare ({ setup.sampleRate, setup.maxBlockSize, false });
            }

            latency = plugin.getLatencySamples();
        });

    transport = {};
    return isReady;
}

void Rig::warmUp()
{
    const auto hasParameters = ! automatable.empty();
    const auto parameter = hasParameters ? automatable.front() : 0;
    const auto original = hasParameters ? plugin.getParameter (parameter) : 0.0f;
    const auto step = hasParameters ? scale (parameter, 0.01f) - scale (parameter, 0.0f) : 0.0f;
    const auto nearby = hasParameters && original > scale (parameter, 0.5f) ? original - step : original + step;

    for (int i = 0; i < 2; ++i)
    {
        for (auto size : { 1024, 1024, 64, 1, 1024, 1024 })
        {
            if (hasParameters)
                plugin.setParameter (parameter, size == 64 ? nearby : original);

            fill (TestSignal::Kind::silence, size);
            callUnguarded (size);
        }

        thread.onMessageThread ([] {});
    }
}

int Rig::getNextSize() const noexcept
{
    static constexpr std::array sizes{ 512, 64, 1, 480, 17, 256, 1024, 3, 128, 333, 32, 1000, largestBlock, 2048 };
    return std::min (sizes[static_cast<std::size_t> (getNextBlock()) % sizes.size()], setup.maxBlockSize);
}

float Rig::scale (int parameter, float proportion) const
{
    const auto& info = plugin.getParameters()[static_cast<std::size_t> (parameter)];
    return info.minimum + proportion * (info.maximum - info.minimum);
}

float Rig::playBlock (TestSignal::Kind kind, int size)
{
    const auto block = getNextBlock();

    if (size == 0)
        size = getNextSize();

    fill (kind, size);
    events.track (midi);

    const auto start = BlockTimes::getThreadTime();
    callPlugin (block, size);
    times.add (phase, setup.sampleRate, size, BlockTimes::getThreadTime() - start);

    const auto level = output.examine (phase, block, channels.data(), ports.audioOutputs, size);
    changes.clear();
    advance (size);
    budget.countBlock (size, setup.sampleRate);
    followLatency();
    return level;
}

/** All that is under the guard. The stacks that it records end here, so this must be one function with one caller: inlined or
    cloned into others it would make each site several. */
[[gnu::noinline]] void Rig::callPlugin (int block, int size)
{
    const rt::guard::RealtimeScope scope (static_cast<std::uint64_t> (block));
    const rt::guard::NodeScope node (1, phase);

    for (const auto& [parameter, value] : changes)
        plugin.setParameter (parameter, value);

    ProcessContext context{ channels.data(), numChannels, size, midi, transport };
    plugin.process (context);
}

void Rig::callUnguarded (int size)
{
    ProcessContext context{ channels.data(), numChannels, size, midi, transport };
    plugin.process (context);
    advance (size);
}

void Rig::fill (TestSignal::Kind kind, int size)
{
    for (int c = 0; c < numChannels; ++c)
        signal.fill (c < ports.audioInputs ? kind : TestSignal::Kind::silence, channels[static_cast<std::size_t> (c)], size,
                     transport.samples);
}

void Rig::advance (int size)
{
    midi.clear();
    transport.playing = true;
    transport.samples += size;
    transport.quarterNotes = static_cast<double> (transport.samples) / setup.sampleRate * transport.tempo / 60.0;
}

/** As a host does: it looks at the latency anew, and starts the plugin anew where its format asks for that. */
void Rig::followLatency()
{
    if (plugin.getLatencySamples() == latency || thread.isMessageThreadBusy())
        return;

    latency = plugin.getLatencySamples();

    if (! demandsRestartForLatency (plugin.getInfo().format) || ++numRestarts > mostRestartsPerPhase)
        return;

    thread.onMessageThread (
        [this]
        {
            plugin.prepare ({ setup.sampleRate, setup.maxBlockSize, false });
            latency = plugin.getLatencySamples();
        });
}

void Rig::passBy (int numBlocks)
{
    for (int i = 0; i < numBlocks; ++i)
        advance (getNextSize());
}

void Rig::playNotes()
{
    if (ports.midiInput)
        events.addNotes (midi, getNextBlock());
}

void Rig::endNotes()
{
    if (! ports.midiInput)
        return;

    events.addEnd (midi);
    fill (TestSignal::Kind::silence, setup.maxBlockSize);
    callUnguarded (setup.maxBlockSize);
}

void Rig::jump()
{
    if (automatable.empty())
        return;

    const auto parameter = automatable[static_cast<std::size_t> (jumps++) % automatable.size()];
    change (parameter, scale (parameter, jumps % 3 == 0 ? 0.2f : jumps % 3 == 1 ? 0.5f : 0.8f));
}

} // namespace host::check
