#include "OpRunner.h"

#include "../nodes/FeedbackNode.h"
#include "InputMixer.h"

#include <rt_guard/TickClock.h>
#include <rt_guard/rt_guard.h>

#include <array>
#include <bit>
#include <cmath>

namespace host::detail
{

namespace
{
using Kind = RenderPlan::Kind;
using Op = RenderPlan::Op;
constexpr auto none = RenderPlan::none;

/** NaN and infinity times zero are NaN, all else is zero: one pass without a branch a sample. */
bool isFinite (const float* samples, int numSamples) noexcept
{
    float sum = 0.0f;

    for (int i = 0; i < numSamples; ++i)
        sum += samples[i] * 0.0f;

    return sum == 0.0f;
}

bool areFinite (float* const* channels, int numChannels, int numSamples) noexcept
{
    for (int i = 0; i < numChannels; ++i)
        if (! isFinite (channels[i], numSamples))
            return false;

    return true;
}

bool areSilent (const float* const* channels, int numChannels, int numSamples) noexcept
{
    for (int i = 0; i < numChannels; ++i)
    {
        // Most that sounds does so in the first sample; the rest without a branch a sample.
        if (numSamples > 0 && channels[i][0] != 0.0f)
            return false;

        std::uint32_t bits = 0;

        for (int j = 0; j < numSamples; ++j)
            bits |= std::bit_cast<std::uint32_t> (channels[i][j]);

        if ((bits & 0x7fffffffu) != 0)
            return false;
    }

    return true;
}

void clear (float* const* channels, int numChannels, int numSamples) noexcept
{
    for (int i = 0; i < numChannels; ++i)
        juce::FloatVectorOperations::clear (channels[i], numSamples);
}

void countDropped (NodeRuntime& node, int numEvents) noexcept
{
    if (numEvents > 0)
        node.droppedEvents.fetch_add (std::uint64_t (numEvents), std::memory_order_relaxed);
}

bool addMidi (juce::MidiBuffer& buffer, const juce::MidiMessageMetadata& event, int sample) noexcept
{
    return addWithinCapacity (buffer, event, sample, RenderPlan::midiCapacityBytes);
}
} // namespace

/** One op of a block. */
class OpRunner::Step
{
public:
    Step (const BlockContext& contextToUse, int opIndex) noexcept
        : context (contextToUse), plan (*contextToUse.plan), index (std::size_t (opIndex)), op (plan.ops[index]),
          node (*op.node), channels (op.channels), numSamples (contextToUse.numSamples)
    {
    }

    void run (RenderThread& thread) noexcept
    {
        auto isSilent = false;
        const auto isInputSilent = gatherAudio();

        if (op.midi != none)
            gatherMidi();

        switch (op.kind)
        {
            case Kind::process: isSilent = process (isInputSilent, thread); break;
            case Kind::feedbackRead: static_cast<FeedbackNode&> (*node.processor).read (channels, numSamples); break;
            case Kind::feedbackWrite: static_cast<FeedbackNode&> (*node.processor).write (channels, numSamples); break;
            case Kind::accumulate: context.isSilent[index] = areInputsSilent() ? 1 : 0; return;
            case Kind::audioInput:
            case Kind::midiInput:
            case Kind::audioOutput:
            case Kind::midiOutput: break; // begin() and finish() do these
        }

        context.isSilent[index] = isSilent ? 1 : 0;

        if (context.isMetering)
            meter();
    }

    void meter() noexcept
    {
        if (op.kind != Kind::feedbackWrite)
        {
            const auto numChannels =
                std::min (int (node.peaks.size()), op.kind == Kind::audioOutput ? op.numInputs : op.numOutputs);

            for (int i = 0; i < numChannels; ++i)
            {
                const auto range = juce::FloatVectorOperations::findMinAndMax (channels[i], numSamples);
                auto& peak = node.peaks[std::size_t (i)];
                peak.store (std::max ({ -range.getStart(), range.getEnd(),
                                        peak.load (std::memory_order_relaxed) * context.peakFall }),
                            std::memory_order_relaxed);
            }
        }

        if (op.midi != none && ! midiBuffer().isEmpty())
            node.midiEvents.store (node.midiEvents.load (std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }

    juce::MidiBuffer& midiBuffer() noexcept { return plan.workspace->midiBuffers[std::size_t (op.midi)]; }

private:
    bool areInputsSilent() const noexcept
    {
        for (int i = op.firstMix; i < op.firstMix + op.numMixes; ++i)
            if (plan.mixes[std::size_t (i)].hasEdges)
                return false;

        for (int i = op.firstPlainSource; i < op.firstPlainSource + op.numPlainSources; ++i)
            if (context.isSilent[std::size_t (plan.plainSources[std::size_t (i)])] == 0)
                return false;

        return true;
    }

    /** @returns whether the inputs of a node that may come to rest are silent */
    bool gatherAudio() noexcept
    {
        auto isInputSilent = node.idleAfter >= 0;

        for (int i = op.firstPlainSource; isInputSilent && i < op.firstPlainSource + op.numPlainSources; ++i)
            isInputSilent = context.isSilent[std::size_t (plan.plainSources[std::size_t (i)])] != 0;

        for (int i = op.firstCopy; i < op.firstCopy + op.numCopies; ++i)
        {
            const auto& copy = plan.copies[std::size_t (i)];

            if (context.isSilent[std::size_t (copy.op)] == 0)
                juce::FloatVectorOperations::copy (copy.to, copy.from, numSamples);
            else
                juce::FloatVectorOperations::clear (copy.to, numSamples);
        }

        InputMixer mixer (plan, context.isSilent, numSamples, isInputSilent);

        for (int i = op.firstMix; i < op.firstMix + op.numMixes; ++i)
            mixer.mix (plan.mixes[std::size_t (i)]);

        return mixer.isSilent();
    }

    void gatherMidi() noexcept
    {
        auto& buffer = midiBuffer();
        buffer.clear();
        int dropped = 0;

        for (int i = 0; i < op.numMidiSources; ++i)
        {
            const auto& source = plan.midiSources[std::size_t (op.firstMidiSource + i)];
            const auto& use = plan.midiEdges[std::size_t (source.edge)];
            dropped += use.edge->process (use.wish, plan.workspace->midiBuffers[std::size_t (source.buffer)], buffer,
                                          numSamples, RenderPlan::midiCapacityBytes);
        }

        countDropped (node, dropped);
    }

    bool isStuck() const noexcept
    {
        for (int i = 0; i < context.numStuck; ++i)
            if (context.stuck[i] == &node)
                return true;

        return false;
    }

    /** @returns whether the outputs are known to be silent */
    bool process (bool isInputSilent, RenderThread& thread) noexcept
    {
        // A node that is still inside an earlier block is nobody's to touch.
        if (context.numStuck > 0 && isStuck()) [[unlikely]]
        {
            clear (channels, op.numOutputs, numSamples);
            return true;
        }

        const auto isSilent = processFree (isInputSilent, thread);
        node.isSteady = node.isWetKnown && node.wet.isFull() && ! node.isIdle && node.silentSamples == 0;
        return isSilent;
    }

    bool processFree (bool isInputSilent, RenderThread& thread) noexcept
    {
        const auto goesWet = ! node.bypassed.load (std::memory_order_relaxed);

        if (! node.isWetKnown)
        {
            node.wet.jump (goesWet);
            node.isWetKnown = true;
        }

        const auto isPlainlyWet = op.midi == none && goesWet && node.wet.isFull() && node.firstEvent == nullptr;

        if (isPlainlyWet && node.idleAfter >= 0 && isInputSilent)
            return processSilence (thread);

        node.isIdle = false;
        node.silentSamples = 0;

        if (isPlainlyWet && op.firstBypassDelay == none) [[likely]]
            call (thread.noMidi, thread);
        else
            processFully (goesWet, thread);

        return false;
    }

    /** The input is silent: does nothing once the node has come to rest. */
    bool processSilence (RenderThread& thread) noexcept
    {
        if (node.isIdle)
            return true; // the inputs have been gathered: what lies in the channels is silence

        // By the time that the node rests there is nothing but silence in it: its latency is part of that time.
        if (op.firstBypassDelay != none)
            feedDry (0, numSamples);

        call (thread.noMidi, thread);
        const auto isQuiet = areSilent (channels, op.numOutputs, numSamples);
        node.silentSamples = isQuiet ? node.silentSamples + numSamples : 0;
        node.isIdle = node.silentSamples > node.idleAfter;
        return isQuiet;
    }

    /** With bypass, parameter changes and MIDI. */
    void processFully (bool goesWet, RenderThread& thread) noexcept
    {
        const auto start = node.wet.getPosition();
        const auto wasBypassed = node.wet.isZero();
        const auto toGo = goesWet ? Fade::samples - start : start;
        const auto fadeLength = std::min (numSamples, toGo);
        const auto activeLength = goesWet ? numSamples : fadeLength; // the samples for which the processor runs
        feedDry (fadeLength, activeLength);

        auto& midi = op.midi == none ? thread.noMidi : midiBuffer();

        if (activeLength == 0)
        {
            applyEvents();
            clear (channels + std::min (node.getNumDryChannels(), op.numOutputs),
                   op.numOutputs - std::min (node.getNumDryChannels(), op.numOutputs), numSamples);

            if (! (node.ports.midiInput && node.ports.midiOutput))
                midi.clear();

            node.load.store (0.0f, std::memory_order_relaxed);
            return;
        }

        if (node.ports.midiInput)
            trackNotes (midi, wasBypassed);

        if (node.firstEvent != nullptr || activeLength < numSamples)
            callInPieces (midi, activeLength, thread);
        else
            call (midi, thread);

        if (fadeLength > 0)
            fade (goesWet, fadeLength);
    }

    void trackNotes (juce::MidiBuffer& midi, bool wasBypassed) noexcept
    {
        // What it was playing when it was bypassed ended long ago.
        if (context.isReleasing || wasBypassed)
        {
            node.notes.release (
                [&] (const juce::uint8 (&bytes)[3])
                {
                    if (! addMidi (midi, { bytes, 3, 0 }, 0))
                        countDropped (node, 1);
                });
        }

        node.notes.update (midi);
    }

    /** Keeps what goes past the processor: `fadeLength` samples of it beside the channels, and what comes after the
        processor has stopped in them. It is as late as what comes out of the processor, so its delay is fed all the time. */
    void feedDry (int fadeLength, int activeLength) noexcept
    {
        for (int i = 0; i < node.getNumDryChannels(); ++i)
        {
            auto* channel = channels[i];
            auto* dry = node.dry.data() + std::ptrdiff_t (i) * Fade::samples;

            if (op.firstBypassDelay == none)
            {
                juce::FloatVectorOperations::copy (dry, channel, fadeLength);
                continue;
            }

            const auto& use = plan.bypassDelays[std::size_t (op.firstBypassDelay + i)];
            use.edge->write (use.wish, channel, false, dry, fadeLength);

            if (activeLength > fadeLength)
                use.edge->feed (use.wish, channel + fadeLength, numSamples - fadeLength);
            else
                use.edge->write (use.wish, channel + fadeLength, false, channel + fadeLength, numSamples - fadeLength);
        }
    }

    void fade (bool goesWet, int fadeLength) noexcept
    {
        const auto numDry = node.getNumDryChannels();
        auto wet = node.wet;

        for (int i = 0; i < op.numOutputs; ++i)
        {
            wet = node.wet;
            const auto* dry = i < numDry ? node.dry.data() + std::ptrdiff_t (i) * Fade::samples : nullptr;

            for (int j = 0; j < fadeLength; ++j)
            {
                const auto gain = wet.next (goesWet);
                const auto past = dry != nullptr ? dry[j] : 0.0f;
                auto& sample = channels[i][j];

                if (wet.isZero())
                    sample = past;
                else if (! wet.isFull())
                    sample = past + (sample - past) * gain;
            }

            // Behind the fade-out lies what goes past, or nothing.
            if (! goesWet && i >= numDry)
                juce::FloatVectorOperations::clear (channels[i] + fadeLength, numSamples - fadeLength);
        }

        if (op.numOutputs == 0)
            for (int j = 0; j < fadeLength; ++j)
                wet.next (goesWet);

        node.wet = wet;
    }

    void apply (const ParameterEvent& event) noexcept
    {
        const rt::guard::NodeScope scope (node.id, rt::guard::Phase::parameter);
        node.processor->setParameter (event.index, event.value);
    }

    void applyEvents() noexcept
    {
        for (const auto* event = node.firstEvent; event != nullptr; event = event->next)
            apply (*event);

        node.firstEvent = nullptr;
    }

    /** Cuts the block at parameter changes, and where the processor stops. */
    void callInPieces (juce::MidiBuffer& midi, int length, RenderThread& thread) noexcept
    {
        const auto shortest = node.processor->getShortestPiece();
        const auto hasMidi = op.midi != none;
        const auto* event = node.firstEvent;
        std::array<float*, 64> pieceChannels;
        node.midiOfPieces.clear();

        // More channels than anybody has: changes come at the start of the block.
        const auto canCut = op.numChannels <= int (pieceChannels.size());

        for (int start = 0; start < length;)
        {
            for (; event != nullptr && (event->sample <= start || ! canCut); event = event->next)
                apply (*event);

            const auto end = event == nullptr ? length : std::min (length, std::max (event->sample, start + shortest));

            if (canCut)
                for (int i = 0; i < op.numChannels; ++i)
                    pieceChannels[std::size_t (i)] = channels[i] + start;

            node.pieceMidi.clear();

            for (const auto midiEvent : midi)
                if (hasMidi && midiEvent.samplePosition >= start && midiEvent.samplePosition < end)
                    addMidi (node.pieceMidi, midiEvent, midiEvent.samplePosition - start);

            auto transport = context.transport;

            if (transport.playing)
            {
                transport.samples += start;
                transport.quarterNotes += double (start) / plan.info.sampleRate * transport.tempo / 60.0;
            }

            ProcessContext piece{ canCut ? pieceChannels.data() : channels, op.numChannels, end - start, node.pieceMidi,
                                  transport };
            callWith (piece, thread);

            for (const auto midiEvent : node.pieceMidi)
                if (hasMidi && ! addMidi (node.midiOfPieces, midiEvent, midiEvent.samplePosition + start))
                    countDropped (node, 1);

            start = end;
        }

        for (; event != nullptr; event = event->next)
            apply (*event);

        node.firstEvent = nullptr;

        if (! hasMidi)
            return;

        // Once it has stopped, events go past it as samples do.
        if (node.ports.midiInput && node.ports.midiOutput)
            for (const auto midiEvent : midi)
                if (midiEvent.samplePosition >= length)
                    addMidi (node.midiOfPieces, midiEvent, midiEvent.samplePosition);

        midi.swapWith (node.midiOfPieces);
    }

    void call (juce::MidiBuffer& midi, RenderThread& thread) noexcept
    {
        ProcessContext whole{ channels, op.numChannels, numSamples, midi, context.transport };
        callWith (whole, thread);
    }

    void callWith (ProcessContext& processContext, RenderThread& thread) noexcept
    {
        thread.enter (node.id);

        if (isTimeTaken (context, index))
            callTimed (context, op, processContext, thread);
        else
            invoke (processContext);

        thread.leave();

        if (&processContext.midi == &thread.noMidi)
            thread.noMidi.clear();

        if (context.isHunting && ! areFinite (processContext.channels, op.numOutputs, processContext.numSamples))
        {
            clear (processContext.channels, op.numOutputs, processContext.numSamples);
            node.mutedBlocks.fetch_add (1, std::memory_order_relaxed);
        }
    }

    void invoke (ProcessContext& processContext) noexcept
    {
        const rt::guard::NodeScope scope (node.id, rt::guard::Phase::process);
        node.processor->process (processContext);
    }

    const BlockContext& context;
    const RenderPlan& plan;
    const std::size_t index;
    const Op& op;
    NodeRuntime& node;
    float* const* const channels;
    const int numSamples;
};

void OpRunner::begin (const BlockContext& context, const BlockIO& io) noexcept
{
    const auto& plan = *context.plan;

    for (int index = 0; index < plan.numInputOps; ++index)
    {
        const auto& op = plan.ops[std::size_t (index)];
        auto* const* channels = op.channels;
        Step step (context, index);

        for (int i = 0; i < op.numOutputs; ++i)
        {
            if (i < io.numInputs)
                juce::FloatVectorOperations::copy (channels[i], io.inputs[i], io.numSamples);
            else
                juce::FloatVectorOperations::clear (channels[i], io.numSamples);
        }

        context.isSilent[std::size_t (index)] = areSilent (channels, op.numOutputs, io.numSamples) ? 1 : 0;

        if (op.kind == Kind::midiInput)
        {
            int dropped = 0;
            step.midiBuffer().clear();

            for (const auto event : io.midiInput)
                dropped += addMidi (step.midiBuffer(), event, event.samplePosition) ? 0 : 1;

            countDropped (*op.node, dropped);
        }

        if (context.isMetering)
            step.meter();
    }
}

void OpRunner::runFully (const BlockContext& context, int op, RenderThread& thread) noexcept
{
    Step (context, op).run (thread);
}

void OpRunner::callTimed (const BlockContext& context, const Op& op, ProcessContext& block, RenderThread& thread) noexcept
{
    auto& node = *op.node;
    const auto before = rt::guard::TickClock::read();
    {
        const rt::guard::NodeScope scope (op.id, rt::guard::Phase::process);
        op.processor->process (block);
    }
    const auto nanoseconds = double (rt::guard::TickClock::read() - before) * context.nanosecondsPerTick;
    node.time.add (std::uint64_t (nanoseconds));

    const auto share = context.isMeasuring ? context.smoothing : std::min (1.0f, context.smoothing * float (measuredBlocks));
    const auto load = node.load.load (std::memory_order_relaxed);
    node.load.store (load + share * (float (nanoseconds) * context.loadPerNanosecond - load), std::memory_order_relaxed);

    if (context.isRecording && thread.lane != nullptr)
    {
        const auto sinceStart = double (std::int64_t (before - context.start.ticks)) * context.nanosecondsPerTick;
        thread.lane->add ({ context.number, op.id, thread.index,
                            std::int64_t (context.start.nanoseconds) + std::int64_t (sinceStart),
                            std::int64_t (nanoseconds) });
    }
}

bool OpRunner::finish (const BlockContext& context, const BlockIO& io) noexcept
{
    const auto& plan = *context.plan;
    auto areAllFinite = true;
    clear (io.outputs, io.numOutputs, io.numSamples);
    io.midiOutput.clear();

    for (const auto index : plan.sinks)
    {
        const auto& op = plan.ops[std::size_t (index)];
        auto* const* channels = op.channels;

        if (op.kind == Kind::midiOutput)
        {
            for (const auto event : plan.workspace->midiBuffers[std::size_t (op.midi)])
                if (! addMidi (io.midiOutput, event, event.samplePosition))
                    countDropped (*op.node, 1);
        }
        else if (areFinite (channels, op.numInputs, io.numSamples))
        {
            for (int i = 0; i < std::min (op.numInputs, io.numOutputs); ++i)
                juce::FloatVectorOperations::add (io.outputs[i], channels[i], io.numSamples);
        }
        else
        {
            op.node->mutedBlocks.fetch_add (1, std::memory_order_relaxed);
            areAllFinite = false;
        }
    }

    return areAllFinite;
}

void OpRunner::noteSettledEdges (const RenderPlan& plan) noexcept
{
    if (plan.isSettled.load (std::memory_order_relaxed))
        return;

    auto isAll = true;

    const auto note = [&] (const auto& uses, const auto& indices)
    {
        for (const auto index : indices)
        {
            const auto& use = uses[std::size_t (index)];

            if (use.edge->isSettled (use.wish))
                use.edge->settledIn.store (plan.number, std::memory_order_release); // with the compiler's loads
            else
                isAll = false;
        }
    };

    note (plan.audioEdges, plan.fadingAudio);
    note (plan.midiEdges, plan.fadingMidi);
    plan.isSettled.store (isAll, std::memory_order_release);
}

} // namespace host::detail
