#include "FeedbackNode.h"

namespace host
{

void FeedbackNode::prepare (const PrepareInfo& info)
{
    lines.assign (std::size_t (channels), DelayLine (info.maxBlockSize));
}

void FeedbackNode::reset()
{
    if (! lines.empty())
        lines.assign (lines.size(), DelayLine (lines.front().getDelay()));
}

void FeedbackNode::read (float* const* destination, int numSamples) noexcept
{
    for (std::size_t i = 0; i < lines.size(); ++i)
        lines[i].read (destination[i], numSamples);
}

void FeedbackNode::write (const float* const* source, int numSamples) noexcept
{
    for (std::size_t i = 0; i < lines.size(); ++i)
        lines[i].write (source[i], numSamples);
}

} // namespace host
