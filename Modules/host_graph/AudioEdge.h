#pragma once

#include "DelayLine.h"
#include "Fade.h"

#include <rt_memory/Shared.h>

#include <array>
#include <atomic>
#include <cstdint>

namespace host
{

/** The part of an audio wire that lives on from plan to plan: its fade, and the delay that compensates for latency.

    The fade lies before the delay, so that an edit is heard at one moment on all paths, however late each of them is. A change of
    delay fills a line of the new length beside the old one, and fades over once it is filled: nothing jumps, and nothing is
    silent meanwhile.

    Made by the message thread; used by the thread that runs the op it leads to. Wait-free, time linear in the block.
*/
class AudioEdge
{
public:
    /** What a plan wants of the edge. */
    struct Wish
    {
        rt::Shared<DelayLine> line; ///< null: no delay
        bool isPresent = true;      ///< false: fades out
    };

    /** @param isHeard  whether it begins at full gain; else it fades in */
    AudioEdge (bool isHeard, const rt::Shared<DelayLine>& line) noexcept : fade (isHeard ? Fade::samples : 0)
    {
        stages[0].line = line;
    }

    /** Writes what comes out of the edge; source and destination may be the same.
        @param isSourceSilent  whether the source is known to be all zero
        @returns whether what was written is known to be */
    bool write (const Wish& wish, const float* source, bool isSourceSilent, float* destination, int numSamples) noexcept
    {
        return process (wish, source, isSourceSilent, numSamples, [=] (int offset, const float* samples, int length)
                        { std::copy_n (samples, length, destination + offset); });
    }

    /** Adds it. */
    bool add (const Wish& wish, const float* source, bool isSourceSilent, float* destination, int numSamples) noexcept
    {
        return process (wish, source, isSourceSilent, numSamples,
                        [=] (int offset, const float* samples, int length)
                        {
                            for (int i = 0; i < length; ++i)
                                destination[offset + i] += samples[i];
                        });
    }

    /** Takes in what nobody hears yet, so that it is there when somebody does. */
    void feed (const Wish& wish, const float* source, int numSamples) noexcept
    {
        process (wish, source, false, numSamples, [] (int, const float*, int) {});
    }

    /** Whether it has faded out and its delay has drained: it gives nothing any more. */
    bool isOver (const Wish& wish) const noexcept
    {
        return ! wish.isPresent && fade.isZero() && samplesDrained >= getLongestDelay();
    }

    /** Whether nothing is under way: the wish is fulfilled. */
    bool isSettled (const Wish& wish) const noexcept
    {
        return wish.isPresent ? fade.isFull() && numStages == 1 && stages[0].line == wish.line : isOver (wish);
    }

    /** The last plan in which the edge was settled, by number. Written by the rendering thread, read by the message thread. */
    std::atomic<std::uint64_t> settledIn{ 0 };

private:
    /** Lines that sound together while the delay changes. More changes than that within one fade wait. */
    static constexpr int mostStages = 8;
    static constexpr int pieceSamples = 64;

    struct Stage
    {
        rt::Shared<DelayLine> line;
        std::int64_t fed = 0; ///< samples that it holds
        Fade fade{ 0 };       ///< from what the stages before it give to what it gives

        int getDelay() const noexcept { return line ? line->getDelay() : 0; }

        void process (const float* source, float* destination, int length) noexcept
        {
            if (line)
                line->process (source, destination, length);
            else if (source != destination)
                std::copy_n (source, length, destination);
        }
    };

    int getLongestDelay() const noexcept
    {
        int longest = 0;

        for (int i = 0; i < numStages; ++i)
            longest = std::max (longest, stages[std::size_t (i)].getDelay());

        return longest;
    }

    /** Begins to fill the line that is wished for, unless that is under way. */
    void follow (const Wish& wish) noexcept
    {
        auto& last = stages[std::size_t (numStages - 1)];

        if (last.line == wish.line || ! wish.isPresent)
            return;

        // One that nobody has heard yet is not worth a fade.
        if (numStages > 1 && last.fade.isZero())
            last = Stage{ wish.line, 0, Fade (0) };
        else if (numStages < mostStages)
            stages[std::size_t (numStages++)] = Stage{ wish.line, 0, Fade (0) };
    }

    template <typename Give>
    bool process (const Wish& wish, const float* source, bool isSourceSilent, int numSamples, Give&& give) noexcept
    {
        follow (wish);
        const auto longest = getLongestDelay();
        const auto isSilent = isSourceSilent && samplesOfSilence >= longest;
        const auto isDraining = ! wish.isPresent && fade.isZero();

        for (int done = 0; done < numSamples; done += pieceSamples)
        {
            const auto length = std::min (pieceSamples, numSamples - done);
            std::array<float, pieceSamples> samples;
            std::copy_n (source + done, length, samples.data());

            if (! (wish.isPresent && fade.isFull()))
                for (int i = 0; i < length; ++i)
                    samples[std::size_t (i)] *= fade.next (wish.isPresent);

            if (numStages > 1)
                processStages (samples.data(), length);
            else
                stages[0].process (samples.data(), samples.data(), length);

            give (done, samples.data(), length);
        }

        constexpr auto longEnough = 1 << 28; // longer than any delay
        samplesOfSilence = isSourceSilent ? std::min (samplesOfSilence + numSamples, longEnough) : 0;
        samplesDrained = isDraining ? std::min (samplesDrained + numSamples, longEnough) : 0;
        return isSilent;
    }

    void processStages (float* samples, int length) noexcept
    {
        std::array<float, pieceSamples> result, late;
        stages[0].process (samples, result.data(), length);

        for (int s = 1; s < numStages; ++s)
        {
            auto& stage = stages[std::size_t (s)];
            stage.process (samples, late.data(), length);

            for (int i = 0; i < length; ++i, ++stage.fed)
            {
                if (stage.fed < stage.getDelay())
                    continue;

                const auto gain = stage.fade.next (true);
                auto& sample = result[std::size_t (i)];
                sample = stage.fade.isFull() ? late[std::size_t (i)] : sample + (late[std::size_t (i)] - sample) * gain;
            }
        }

        std::copy_n (result.data(), length, samples);

        // What lies before a line that has taken over is not heard any more.
        for (int s = numStages - 1; s > 0; --s)
        {
            if (! stages[std::size_t (s)].fade.isFull())
                continue;

            for (int i = s; i < numStages; ++i)
                stages[std::size_t (i - s)] = std::move (stages[std::size_t (i)]);

            for (int i = numStages - s; i < numStages; ++i)
                stages[std::size_t (i)] = Stage{};

            numStages -= s;
            break;
        }
    }

    Fade fade;
    std::array<Stage, mostStages> stages;
    int numStages = 1;
    int samplesOfSilence = 0; ///< of the source, up to now
    int samplesDrained = 0;   ///< since the fade-out was over
};

} // namespace host
