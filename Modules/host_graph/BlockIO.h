#pragma once

#include "NodeProcessor.h"

namespace host
{

/** What a block takes from outside and gives back. Missing channels read as silence and are not written. */
struct BlockIO
{
    const float* const* inputs = nullptr;
    int numInputs = 0;
    float* const* outputs = nullptr; ///< overwritten: the sum of the audioOutput nodes
    int numOutputs = 0;
    int numSamples = 0; ///< 0 to the plan's maxBlockSize

    const juce::MidiBuffer& midiInput;
    juce::MidiBuffer& midiOutput; ///< cleared, then filled within RenderPlan::midiCapacityBytes, which the caller reserves
    TransportPosition transport;
};

} // namespace host
