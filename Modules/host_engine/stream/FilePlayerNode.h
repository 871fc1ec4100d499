#pragma once

#include "FileStream.h"

#include <host_graph/NodeProcessor.h>

#include <memory>
#include <string>
#include <vector>

namespace host
{

/** Plays an audio file from the disk while the transport does, from where the transport is. WAV, AIFF, FLAC and Ogg Vorbis, at any
    rate. A mono file is heard on every channel.

    Live, a block that is late is silence, and counted; offline the disk is waited for, and the samples are the same.
*/
class FilePlayerNode : public NodeProcessor
{
public:
    struct Settings
    {
        int channels = 2;
        double startSeconds = 0.0; ///< where in the file it begins; a loop goes from there to the end
        bool loop = false;
    };

    /** Opens the file. Throws host::Error when it cannot be played. */
    FilePlayerNode (const juce::File&, const Settings&);

    juce::String getName() const override { return "File Player"; }
    NodePorts getPorts() const override { return { 0, settings.channels, false, false }; }
    void prepare (const PrepareInfo&) override;
    void process (ProcessContext&) noexcept RT_NONBLOCKING override;

    /** Of the file, from where it begins; of a loop, one round; 0 or less if it begins behind the file's end. Message thread. */
    std::int64_t getLengthSamples (double sampleRate) const noexcept;
    int getFileChannels() const noexcept { return fileChannels; }

    /** Whether reading the file failed on the way. Message thread. */
    bool hasFailed() const noexcept { return stream != nullptr && stream->hasFailed(); }

    /** Blocks of the audio thread in which something was late. Message thread. */
    std::uint64_t getUnderruns() const noexcept { return stream == nullptr ? 0 : stream->getUnderruns(); }

private:
    const juce::File file;
    const Settings settings;
    double fileSeconds = 0.0;
    int fileChannels = 0;
    bool isOffline = false;

    std::unique_ptr<juce::AudioFormatReader> reader; ///< opened, for the first stream
    std::shared_ptr<DiskStreams> streams = DiskStreams::getShared();
    std::unique_ptr<FileStream, DiskTask::Ending> stream;
};

} // namespace host
