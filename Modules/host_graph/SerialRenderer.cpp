#include "SerialRenderer.h"

namespace host
{

void SerialRenderer::render (const RenderPlan& plan, const BlockIO& io) noexcept RT_NONBLOCKING
{
    const juce::ScopedNoDenormals noDenormals;
    const auto context = beginBlock (plan, io);
    detail::OpRunner::begin (context, io);

    {
        rt::guard::NodeSequence nodes;
        detail::OpRunner::runAll (context, audioThread, nodes);
    }

    endBlock (context, io);
}

} // namespace host
