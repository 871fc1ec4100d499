#pragma once

#include "../DelayLine.h"
#include "../NodeProcessor.h"

#include <vector>

namespace host
{

/** Closes a loop: what comes in goes out one block later, that is after as many samples as the node was prepared for as
    the largest block, whatever the lengths of the blocks that come. The renderer calls its two halves apart. */
class FeedbackNode : public NodeProcessor
{
public:
    explicit FeedbackNode (int numChannels) : channels (numChannels) {}

    juce::String getName() const override { return "Feedback"; }
    NodePorts getPorts() const override { return { channels, channels, false, false }; }
    void prepare (const PrepareInfo&) override;
    void process (ProcessContext&) noexcept override {}
    void reset() override;

    /** Rendering thread, first: what was written one block ago. */
    void read (float* const* destination, int numSamples) noexcept;

    /** Rendering thread, then. */
    void write (const float* const* source, int numSamples) noexcept;

private:
    int channels;
    std::vector<DelayLine> lines;
};

} // namespace host
