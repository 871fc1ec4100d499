#pragma once

#include "Recording.h"

#include <host_graph/NodeProcessor.h>

namespace host
{

/** Records its inputs to a WAV file of 32-bit float while the transport plays. What is there is replaced when the first sample
    comes; when the transport stops and plays again, the recording goes on where it stopped.

    Should the rate change on the way, the rest goes to a file of its own: "take.wav" and "take-2.wav".
*/
class RecorderNode : public NodeProcessor
{
public:
    /** Throws host::Error if a file could certainly not be made there. */
    RecorderNode (const juce::File&, int numChannels);
    ~RecorderNode() override;

    juce::String getName() const override { return "Recorder"; }
    NodePorts getPorts() const override { return { channels, 0, false, false }; }
    void prepare (const PrepareInfo&) override;
    void process (ProcessContext&) noexcept RT_NONBLOCKING override;

    /** Not known: silence is recorded, too. */
    std::optional<double> getTailSeconds() const override { return {}; }

    /** Has everything written that was recorded. Throws host::Error (failed) if it could not be. Message thread, when nobody
        renders the node any more. */
    void finish();

    /** Samples that are missing in the file, for the disk was too slow, or failed. Message thread. */
    std::uint64_t getLost() const noexcept { return lostBefore + (recording != nullptr ? recording->getLost() : 0); }

private:
    juce::File getFile() const;
    void end();

    const juce::File file;
    const int channels;
    bool isOffline = false, wasPlaying = false;
    int numFiles = 0;
    std::uint64_t lostBefore = 0;

    std::shared_ptr<DiskStreams> streams = DiskStreams::getShared();
    std::unique_ptr<Recording, DiskTask::Ending> recording;
};

} // namespace host
