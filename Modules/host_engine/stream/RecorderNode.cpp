#include "RecorderNode.h"

#include <host_graph/Error.h>

#include <cstdio>

namespace host
{

RecorderNode::RecorderNode (const juce::File& fileToWrite, int numChannels) : file (fileToWrite), channels (numChannels)
{
    RecordingFile::check (file);
}

RecorderNode::~RecorderNode()
{
    try
    {
        end();
    }
    catch (const std::exception& error)
    {
        std::fprintf (stderr, "AudioHost: %s\n", error.what());
    }
}

juce::File RecorderNode::getFile() const
{
    return numFiles == 0 ? file
                         : file.getSiblingFile (file.getFileNameWithoutExtension() + "-" + juce::String (numFiles + 1)
                                                + file.getFileExtension());
}

void RecorderNode::end()
{
    if (recording == nullptr)
        return;

    const auto ended = std::move (recording);
    lostBefore += ended->getLost();
    numFiles += ended->hasBegun() ? 1 : 0;

    if (! ended->isFinished())
        ended->finish();
}

void RecorderNode::prepare (const PrepareInfo& info)
{
    isOffline = info.offline;
    wasPlaying = false;

    if (recording != nullptr && ! recording->isFinished() && recording->getRate() == info.sampleRate
        && recording->getMaxBlockSize() >= info.maxBlockSize)
        return;

    end();

    try
    {
        recording = Recording::make (*streams, getFile(), channels, info.sampleRate, info.maxBlockSize);
    }
    catch (const rt::MirroredRingError& error)
    {
        throw Error (file.getFullPathName().toStdString(), std::string ("cannot be recorded to: ") + error.what(),
                     "record fewer channels", Error::Kind::failed);
    }
}

void RecorderNode::process (ProcessContext& context) noexcept RT_NONBLOCKING
{
    if (! context.transport.playing)
    {
        if (wasPlaying)
            recording->flush();
    }
    else if (isOffline)
    {
        recording->recordOffline (context.channels, context.numSamples);
    }
    else
    {
        recording->record (context.channels, context.numSamples);
    }

    wasPlaying = context.transport.playing;
}

void RecorderNode::finish()
{
    if (recording != nullptr)
        recording->finish();
}

} // namespace host
