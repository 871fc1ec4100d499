#include "InputMixer.h"

#include "Clones.h"

#include <array>

namespace host::detail
{

namespace
{

/** Sums so many sources in their order in one pass. The destination may be one of them. */
template <int numSources, bool isFirst>
[[gnu::always_inline]] inline void sum (float* destination, const float* const* sources, int numSamples) noexcept
{
    std::array<const float*, std::size_t (numSources)> from;
    std::copy_n (sources, numSources, from.begin());

    // Where the destination is a source, each sample is read before it is written.
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed" // a sanitizer's build has no vectors
#pragma clang loop vectorize(assume_safety)
#else
#pragma GCC ivdep
#endif
    for (int i = 0; i < numSamples; ++i)
    {
        auto value = isFirst ? from[0][i] : destination[i] + from[0][i];

        for (std::size_t s = 1; s < from.size(); ++s)
            value += from[s][i];

        destination[i] = value;
    }
}

/** @param isFirst  the destination holds nothing yet */
HOST_AVX2_CLONES void sum (float* destination, const float* const* sources, int numSources, bool isFirst,
                           int numSamples) noexcept
{
    switch (isFirst ? numSources : numSources + 8)
    {
        case 1:
            if (sources[0] != destination)
                juce::FloatVectorOperations::copy (destination, sources[0], numSamples);

            return;
        case 2: return sum<2, true> (destination, sources, numSamples);
        case 3: return sum<3, true> (destination, sources, numSamples);
        case 4: return sum<4, true> (destination, sources, numSamples);
        case 5: return sum<5, true> (destination, sources, numSamples);
        case 6: return sum<6, true> (destination, sources, numSamples);
        case 7: return sum<7, true> (destination, sources, numSamples);
        case 8: return sum<8, true> (destination, sources, numSamples);
        case 9: return sum<1, false> (destination, sources, numSamples);
        case 10: return sum<2, false> (destination, sources, numSamples);
        case 11: return sum<3, false> (destination, sources, numSamples);
        case 12: return sum<4, false> (destination, sources, numSamples);
        case 13: return sum<5, false> (destination, sources, numSamples);
        case 14: return sum<6, false> (destination, sources, numSamples);
        case 15: return sum<7, false> (destination, sources, numSamples);
        case 16: return sum<8, false> (destination, sources, numSamples);
        default: jassertfalse;
    }
}

} // namespace

void InputMixer::mix (const RenderPlan::Mix& input) noexcept
{
    auto* destination = plan.channelPointers[std::size_t (input.channel)];
    const auto* sources = plan.sources.data() + input.firstSource;
    const auto* pointers = plan.sourcePointers.data() + input.firstSource;

    const auto isEmpty = input.hasEdges ? mixEdges (destination, sources, pointers, input.numSources)
                                        : mixPlain (destination, sources, pointers, input.numSources);

    if (isEmpty)
        juce::FloatVectorOperations::clear (destination, numSamples);
}

bool InputMixer::mixPlain (float* destination, const RenderPlan::Source* sources, float* const* pointers,
                           int numSources) const noexcept
{
    constexpr int most = 8;
    std::array<const float*, most> batch{};
    int numInBatch = 0;
    auto isFirst = true;

    const auto flush = [&]
    {
        sum (destination, batch.data(), numInBatch, isFirst, numSamples);
        isFirst = false;
        numInBatch = 0;
    };

    for (int i = 0; i < numSources; ++i)
    {
        if (isSilent (sources[i].op))
            continue;

        batch[std::size_t (numInBatch++)] = pointers[i];

        if (numInBatch == most)
            flush();
    }

    if (numInBatch > 0)
        flush();

    return isFirst;
}

bool InputMixer::mixEdges (float* destination, const RenderPlan::Source* sources, float* const* pointers,
                           int numSources) noexcept
{
    auto isFirst = true;

    for (int i = 0; i < numSources; ++i)
    {
        const auto& source = sources[i];
        const float* const from = pointers[i];

        if (source.edge == RenderPlan::none)
        {
            sum (destination, &from, 1, isFirst, numSamples);
        }
        else
        {
            const auto& use = plan.audioEdges[std::size_t (source.edge)];

            if (use.edge->isOver (use.wish))
                continue;

            const auto isSourceSilent = isSilent (source.op);
            const auto isQuiet = isFirst ? use.edge->write (use.wish, from, isSourceSilent, destination, numSamples)
                                         : use.edge->add (use.wish, from, isSourceSilent, destination, numSamples);
            isInputSilent = isInputSilent && isQuiet;
        }

        isFirst = false;
    }

    return isFirst;
}

} // namespace host::detail
