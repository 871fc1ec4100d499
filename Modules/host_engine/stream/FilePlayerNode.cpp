#include "FilePlayerNode.h"

#include "../render/AudioFile.h"

#include <host_graph/Error.h>

#include <cmath>

namespace host
{

namespace
{
/** A disk that sleeps has to wake up first; one that does not come leaves the rest of the session alone. */
constexpr auto longestPriming = std::chrono::seconds (3);
} // namespace

FilePlayerNode::FilePlayerNode (const juce::File& fileToPlay, const Settings& settingsToUse)
    : file (fileToPlay), settings (settingsToUse), reader (AudioFile::open (file))
{
    fileChannels = int (reader->numChannels);
    fileSeconds = double (reader->lengthInSamples) / reader->sampleRate;
}

std::int64_t FilePlayerNode::getLengthSamples (double sampleRate) const noexcept
{
    return std::llround (fileSeconds * sampleRate) - std::llround (settings.startSeconds * sampleRate);
}

void FilePlayerNode::prepare (const PrepareInfo& info)
{
    isOffline = info.offline;

    if (stream == nullptr || stream->getDecoder().getRate() != info.sampleRate)
    {
        if (reader == nullptr)
            reader = AudioFile::open (file);

        if (const auto ratio = info.sampleRate / reader->sampleRate;
            ratio > FileDecoder::mostRatio || ratio < 1.0 / FileDecoder::mostRatio)
            throw Error (file.getFullPathName().toStdString(),
                         "its rate of " + std::to_string (reader->sampleRate) + " Hz is too far from "
                             + std::to_string (info.sampleRate) + " Hz",
                         "convert it to a usual rate");

        FileStream::Settings wanted;
        wanted.start = std::llround (settings.startSeconds * info.sampleRate);
        wanted.loop = settings.loop;
        wanted.name = file.getFullPathName().toStdString();
        stream = nullptr;
        stream = FileStream::make (
            *streams, std::make_unique<FileDecoder> (std::move (reader), settings.channels, info.sampleRate), wanted);
    }

    if (! isOffline)
        stream->prime (longestPriming);
}

void FilePlayerNode::process (ProcessContext& context) noexcept RT_NONBLOCKING
{
    const auto& transport = context.transport;
    auto numPlayed = 0;

    if (! transport.playing)
        stream->cue (transport.samples);
    else if (isOffline)
        numPlayed = stream->playOffline (context.channels, context.numChannels, context.numSamples, transport.samples);
    else
        numPlayed = stream->play (context.channels, context.numChannels, context.numSamples, transport.samples);

    for (int channel = numPlayed; channel < context.numChannels; ++channel)
    {
        if (numPlayed == 1 && fileChannels == 1)
            juce::FloatVectorOperations::copy (context.channels[channel], context.channels[0], context.numSamples);
        else
            juce::FloatVectorOperations::clear (context.channels[channel], context.numSamples);
    }
}

} // namespace host
