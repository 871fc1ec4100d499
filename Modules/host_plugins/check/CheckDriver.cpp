#include "CheckDriver.h"

#include <rt_guard/rt_guard.h>

#include <juce_events/juce_events.h>

#include <array>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace host
{

struct CheckDriver::Pimpl
{
    using Phase = rt::guard::Phase;
    using Clock = std::chrono::steady_clock;

    static constexpr double sampleRate = 48000.0;
    static constexpr int maxBlockSize = 1024;
    static constexpr int minBlocksPerPhase = 400, maxBlocksPerPhase = 4900;
    static constexpr std::array blockSizes{ 512, 64, 1, 480, 17, 256, 1024, 3, 128, 333, 32, 1000 };
    static constexpr std::array phases{ Phase::process, Phase::midi, Phase::parameter, Phase::state };

    /** Input never exceeds 1, so that this is +60 dB: no gain that anybody wants. */
    static constexpr float runawayLevel = 1000.0f;

    static std::size_t toIndex (Phase phaseToUse) { return static_cast<std::size_t> (phaseToUse); }

    /** A thread that does one job after the other, as a device's callback thread would. */
    class AudioThread
    {
    public:
        ~AudioThread()
        {
            {
                const std::lock_guard lock (mutex);
                ending = true;
            }

            wake.notify_all();
            thread.join();
        }

        void begin (std::function<void()> jobToDo)
        {
            {
                const std::lock_guard lock (mutex);
                job = std::move (jobToDo);
            }

            wake.notify_all();
        }

        /** @returns whether the job is done */
        bool waitFor (std::chrono::milliseconds timeout)
        {
            std::unique_lock lock (mutex);
            return wake.wait_for (lock, timeout, [this] { return job == nullptr; });
        }

    private:
        void run()
        {
            // As every host has it on its audio thread.
            const juce::ScopedNoDenormals noDenormals;
            std::unique_lock lock (mutex);

            for (;;)
            {
                wake.wait (lock, [this] { return ending || job != nullptr; });

                if (job == nullptr)
                    return;

                lock.unlock();
                job();
                lock.lock();
                job = nullptr;
                wake.notify_all();
            }
        }

        std::mutex mutex;
        std::condition_variable wake;
        std::function<void()> job;
        bool ending = false;
        std::thread thread{ [this] { run(); } };
    };

    enum class Signal
    {
        silence,
        noise,
        fullScale,
        denormals
    };

    /** Counts the blocks of a phase whose output was bad in one way. */
    struct Badness
    {
        int blocks = 0, firstBlock = 0;
        float peak = 0.0f;

        void count (int block, float level)
        {
            firstBlock = blocks++ == 0 ? block : firstBlock;
            peak = std::max (peak, level);
        }
    };

    Pimpl (PluginInstance& pluginToCheck, const CheckOptions& optionsToUse, Callbacks callbacksToUse)
        : plugin (pluginToCheck), options (optionsToUse), callbacks (std::move (callbacksToUse)), ports (plugin.getPorts()),
          numChannels (std::max (ports.audioInputs, ports.audioOutputs)),
          samples (static_cast<std::size_t> (numChannels) * maxBlockSize), deadline (Clock::now() + options.wallLimit)
    {
        for (int c = 0; c < numChannels; ++c)
            channels.push_back (samples.data() + c * maxBlockSize);

        midi.ensureSize (1 << 16);
    }

    //==================================================================================================================
    // Message thread

    void run()
    {
        rt::guard::warmUp();
        plugin.prepare ({ sampleRate, maxBlockSize, false });

        // Twice, with messages delivered in between: what the plugin does on its first blocks may depend on them.
        for (int i = 0; i < 2; ++i)
            onAudioThread ([this] { warmUp(); });

        rt::guard::reset();

        for (std::size_t i = 0; i < phases.size() && ! isCutShort; ++i)
        {
            phase = phases[i];
            phaseIndex = static_cast<int> (i);
            blocksOfPhase = 0;
            samplesOfPhase = 0;
            report (true);

            switch (phase)
            {
                case Phase::process: onAudioThread ([this] { doProcess(); }); break;
                case Phase::midi: onAudioThread ([this] { doMidi(); }); break;
                case Phase::parameter: onAudioThread ([this] { doParameters(); }); break;
                case Phase::state: doState(); break;
            }

            report (true);
            callbacks.onPhaseEnd();
        }

        plugin.release();
    }

    void onAudioThread (std::function<void()> job)
    {
        audioThread.begin (std::move (job));

        while (! audioThread.waitFor (std::chrono::milliseconds (2)))
        {
            juce::MessageManager::getInstance()->runDispatchLoopUntil (0);
            report (false);
        }

        juce::MessageManager::getInstance()->runDispatchLoopUntil (0);
    }

    /** @param always  whether or not it is time and there is anything new to tell */
    void report (bool always)
    {
        const auto now = Clock::now();
        const auto blocks = numBlocks.load (std::memory_order_relaxed);

        if (! always && (now < nextReport || blocks == reportedBlocks))
            return;

        nextReport = now + std::chrono::milliseconds (100);
        reportedBlocks = blocks;
        callbacks.onProgress ({ blocks, phase, (phaseIndex + getFractionOfPhase()) / static_cast<double> (phases.size()) });
    }

    void doState()
    {
        constexpr int blocksBetween = 8;
        auto older = plugin.getState();

        while (isToGoOn())
        {
            onAudioThread (
                [this]
                {
                    // A change between any two states, and blocks after it: states hold what blocks have consumed.
                    for (int i = 0; i < blocksBetween && isToGoOn(); ++i)
                    {
                        playNotes();
                        processBlock (Signal::noise, i == 0 ? getNextJump() : std::nullopt);
                    }
                });

            auto newer = plugin.getState();
            plugin.setState (older);
            older.swapWith (newer);
        }

        onAudioThread ([this] { endNotes(); });
    }

    //==================================================================================================================
    // Audio thread

    struct Change
    {
        int parameter = 0;
        float value = 0.0f;
    };

    bool isToGoOn()
    {
        if (Clock::now() >= deadline)
            isCutShort = true;

        return ! isCutShort && getFractionOfPhase() < 1.0;
    }

    double getFractionOfPhase() const
    {
        const auto blocks = static_cast<double> (blocksOfPhase.load (std::memory_order_relaxed));
        const auto needed = minBlocksNeeded.load (std::memory_order_relaxed);
        const auto seconds = static_cast<double> (samplesOfPhase.load (std::memory_order_relaxed)) / sampleRate;

        const auto fraction = std::max (blocks / std::max (maxBlocksPerPhase, needed),
                                        std::min (blocks / std::max (minBlocksPerPhase, needed), seconds / options.seconds));
        return std::min (1.0, fraction);
    }

    /** What a thread's first calls into a plugin allocate is not the plugin's: a module's thread-local variables above all.
        So a parameter is moved a little, too, and back. Notes are not played: what a first note allocates shall be found. */
    void warmUp()
    {
        const auto hasParameters = ! plugin.getParameters().empty();
        const auto original = hasParameters ? plugin.getParameter (0) : 0.0f;

        for (auto size : { maxBlockSize, maxBlockSize, 64, 1, maxBlockSize, maxBlockSize })
        {
            if (hasParameters)
                plugin.setParameter (0, size == 64 ? original + scale (0, original > scale (0, 0.5f) ? -0.01f : 0.01f)
                                                         - scale (0, 0.0f)
                                                   : original);

            fill (Signal::silence, size);
            ProcessContext context{ channels.data(), numChannels, size, midi, transport };
            plugin.process (context);
            advance (size);
        }
    }

    void doProcess()
    {
        constexpr std::array signals{ Signal::silence, Signal::noise, Signal::fullScale, Signal::denormals };
        constexpr double numSignals = signals.size();

        while (isToGoOn())
            processBlock (signals[static_cast<std::size_t> (getFractionOfPhase() * numSignals)]);
    }

    void doMidi()
    {
        while (isToGoOn())
        {
            if (ports.midiInput)
                addDenseMidi();

            processBlock (Signal::noise);
        }

        endNotes();
    }

    /** Of each parameter: a sweep over 11 values, five jumps, and back. */
    void doParameters()
    {
        constexpr std::array values{ 0.0f, 0.1f, 0.2f, 0.3f, 0.4f, 0.5f,  0.6f,  0.7f,
                                     0.8f, 0.9f, 1.0f, 0.0f, 1.0f, 0.25f, 0.99f, 0.01f };
        const auto numParameters = static_cast<int> (plugin.getParameters().size());
        const auto numSteps = static_cast<int> (values.size()) + 1;

        // A plugin of very many parameters has several changed at a time.
        const auto width = std::max (1, (numParameters * numSteps + maxBlocksPerPhase - 1) / maxBlocksPerPhase);
        minBlocksNeeded = (numParameters + width - 1) / width * numSteps;
        std::vector<float> original (static_cast<std::size_t> (width));

        for (int first = 0; isToGoOn(); first = first + width < numParameters ? first + width : 0)
        {
            const auto last = std::min (first + width, numParameters);

            for (int p = first; p < last; ++p)
                original[static_cast<std::size_t> (p - first)] = plugin.getParameter (p);

            for (std::size_t step = 0; step <= values.size(); ++step)
            {
                for (int p = first; p < last; ++p)
                    changes.push_back ({ p, step < values.size() ? scale (p, values[step])
                                                                 : original[static_cast<std::size_t> (p - first)] });

                playNotes();
                processBlock (Signal::noise);

                if (isCutShort)
                    break;
            }
        }

        minBlocksNeeded = 0;
        endNotes();
    }

    /** Plugins' parameters go from 0 to 1; built-in nodes' do not. */
    float scale (int parameter, float value) const
    {
        const auto& info = plugin.getParameters()[static_cast<std::size_t> (parameter)];
        return info.minimum + value * (info.maximum - info.minimum);
    }

    std::optional<Change> getNextJump()
    {
        const auto numParameters = static_cast<int> (plugin.getParameters().size());

        if (numParameters == 0)
            return {};

        const auto parameter = jumps++ % numParameters;
        return Change{ parameter, scale (parameter, jumps % 3 == 0 ? 0.2f : jumps % 3 == 1 ? 0.5f : 0.8f) };
    }

    /** All that is under the guard. The stacks that it records end here, so this must be one function with one caller:
        inlined or cloned into the phases' functions it would make each site several. */
    [[gnu::noinline]] void callPlugin (int block, int size)
    {
        const rt::guard::RealtimeScope scope (static_cast<std::uint64_t> (block));
        const rt::guard::NodeScope node (1, phase);

        for (const auto& [parameter, value] : changes)
            plugin.setParameter (parameter, value);

        ProcessContext context{ channels.data(), numChannels, size, midi, transport };
        plugin.process (context);
    }

    /** A block with the events in `midi` and the changes in `changes`. */
    void processBlock (Signal signal, std::optional<Change> change = {})
    {
        const auto block = numBlocks.load (std::memory_order_relaxed) + 1;
        const auto size = blockSizes[static_cast<std::size_t> (block) % blockSizes.size()];
        fill (signal, size);

        if (change)
            changes.push_back (*change);

        callPlugin (block, size);
        examine (block, size);
        changes.clear();
        advance (size);
        samplesOfPhase.fetch_add (size, std::memory_order_relaxed);
        blocksOfPhase.fetch_add (1, std::memory_order_relaxed);
        numBlocks.store (block, std::memory_order_relaxed);
    }

    void fill (Signal signal, int size)
    {
        for (int c = 0; c < numChannels; ++c)
        {
            auto* channel = channels[static_cast<std::size_t> (c)];

            for (int i = 0; i < size; ++i)
                channel[i] = c < ports.audioInputs ? makeSample (signal, i) : 0.0f;
        }
    }

    float makeSample (Signal signal, int i)
    {
        switch (signal)
        {
            case Signal::silence: return 0.0f;
            case Signal::fullScale: return (i + static_cast<int> (transport.samples % 48)) % 48 < 24 ? 1.0f : -1.0f;
            case Signal::denormals: return i % 2 == 0 ? 1.0e-39f : -1.0e-39f;
            case Signal::noise: break;
        }

        // Marsaglia's xorshift (2003): the same noise in every run.
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        return static_cast<float> (static_cast<std::int32_t> (seed)) * (0.5f / 2147483648.0f);
    }

    void examine (int block, int size)
    {
        bool isFinite = true;
        float peak = 0.0f;

        for (int c = 0; c < ports.audioOutputs; ++c)
            for (int i = 0; i < size; ++i)
            {
                const auto level = std::abs (channels[static_cast<std::size_t> (c)][i]);
                isFinite = isFinite && std::isfinite (level);
                peak = std::max (peak, level);
            }

        if (! isFinite)
            notFinite[toIndex (phase)].count (block, 0.0f);
        else if (peak > runawayLevel)
            tooLoud[toIndex (phase)].count (block, peak);
    }

    void advance (int size)
    {
        midi.clear();
        transport.playing = true;
        transport.samples += size;
        transport.quarterNotes = static_cast<double> (transport.samples) / sampleRate * transport.tempo / 60.0;
    }

    //==================================================================================================================
    // MIDI for the block to come, whose size it looks up

    int getNextSize() const
    {
        return blockSizes[static_cast<std::size_t> (numBlocks.load (std::memory_order_relaxed) + 1) % blockSizes.size()];
    }

    void addDenseMidi()
    {
        constexpr int numGroups = 8;
        const auto size = getNextSize();

        for (int group = 0; group < numGroups; ++group)
        {
            const auto position = group * size / numGroups;
            const auto n = midiCount++;
            const auto channel = n % 16 + 1, note = 24 + n * 7 % 84;

            midi.addEvent (juce::MidiMessage::noteOn (channel, note, static_cast<juce::uint8> (1 + n * 11 % 127)), position);
            midi.addEvent (juce::MidiMessage::controllerEvent (channel, n % 128, n * 13 % 128), position);
            midi.addEvent (juce::MidiMessage::pitchWheel (channel, n * 977 % 16384), position);
            midi.addEvent (juce::MidiMessage::channelPressureChange (channel, n * 5 % 128), position);
            midi.addEvent (juce::MidiMessage::aftertouchChange (channel, note, n * 3 % 128), position);

            // Ends the note of four groups ago, so that chords sound.
            if (n >= 4)
                midi.addEvent (juce::MidiMessage::noteOff ((n - 4) % 16 + 1, 24 + (n - 4) * 7 % 84), position);
        }
    }

    /** Something that sounds while parameters and states change. */
    void playNotes()
    {
        if (! ports.midiInput)
            return;

        const auto beat = numBlocks.load (std::memory_order_relaxed) % 16;

        if (beat == 0)
            midi.addEvent (juce::MidiMessage::noteOn (1, 60, static_cast<juce::uint8> (100)), 0);
        else if (beat == 12)
            midi.addEvent (juce::MidiMessage::noteOff (1, 60), 0);
    }

    /** Not counted: it only makes a clean start for the next phase. */
    void endNotes()
    {
        if (! ports.midiInput)
            return;

        for (int channel = 1; channel <= 16; ++channel)
        {
            midi.addEvent (juce::MidiMessage::controllerEvent (channel, 121, 0), 0);
            midi.addEvent (juce::MidiMessage::allNotesOff (channel), 0);
            midi.addEvent (juce::MidiMessage::pitchWheel (channel, 0x2000), 0);
        }

        fill (Signal::silence, maxBlockSize);
        ProcessContext context{ channels.data(), numChannels, maxBlockSize, midi, transport };
        plugin.process (context);
        advance (maxBlockSize);
    }

    //==================================================================================================================
    PluginInstance& plugin;
    const CheckOptions options;
    const Callbacks callbacks;
    const NodePorts ports;
    const int numChannels;

    std::vector<float> samples;
    std::vector<float*> channels;
    juce::MidiBuffer midi;
    TransportPosition transport;
    std::vector<Change> changes;
    std::uint32_t seed = 2463534242u;
    int midiCount = 0, jumps = 0;
    std::array<Badness, phases.size()> notFinite, tooLoud;

    Phase phase = Phase::process; ///< written while the audio thread has no job
    int phaseIndex = 0;
    std::atomic<int> numBlocks{ 0 }, blocksOfPhase{ 0 };
    std::atomic<std::int64_t> samplesOfPhase{ 0 };
    std::atomic<int> minBlocksNeeded{ 0 }; ///< of a phase that cannot do its work in the usual number
    std::atomic<bool> isCutShort{ false };

    const Clock::time_point deadline;
    Clock::time_point nextReport;
    int reportedBlocks = 0;

    AudioThread audioThread; ///< the last member: it uses the others
};

CheckDriver::CheckDriver (PluginInstance& plugin, const CheckOptions& options, Callbacks callbacks)
    : pimpl (std::make_unique<Pimpl> (plugin, options, std::move (callbacks)))
{
}

CheckDriver::~CheckDriver() = default;

void CheckDriver::run() { pimpl->run(); }

int CheckDriver::getNumBlocks() const noexcept { return pimpl->numBlocks.load (std::memory_order_relaxed); }

std::vector<CheckFinding> CheckDriver::getFindings() const
{
    std::vector<CheckFinding> findings;

    const auto describe = [] (const Pimpl::Badness& badness)
    {
        return " in " + std::to_string (badness.blocks) + (badness.blocks == 1 ? " block, " : " blocks, the first is ")
               + std::to_string (badness.firstBlock);
    };

    for (auto phase : Pimpl::phases)
    {
        if (const auto& bad = pimpl->notFinite[Pimpl::toIndex (phase)]; bad.blocks > 0)
            findings.push_back ({ "nan", "NaN or infinity in the output" + describe (bad), phase });

        if (const auto& bad = pimpl->tooLoud[Pimpl::toIndex (phase)]; bad.blocks > 0)
            findings.push_back ({ "runaway",
                                  "output up to "
                                      + std::to_string (std::lround (20.0 * std::log10 (static_cast<double> (bad.peak))))
                                      + " dBFS for input of at most 0" + describe (bad),
                                  phase });
    }

    if (pimpl->isCutShort)
        findings.push_back ({ "cut-short",
                              "not done within " + std::to_string (pimpl->options.wallLimit.count()) + " s; "
                                  + std::to_string (getNumBlocks()) + " blocks were made",
                              pimpl->phase });

    return findings;
}

} // namespace host
