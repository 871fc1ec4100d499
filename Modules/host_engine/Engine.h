#pragma once

#include "DropoutFader.h"
#include "PageFaultMeter.h"

#include <host_graph/host_graph.h>
#include <juce_events/juce_events.h>
#include <rt_guard/Nonblocking.h>
#include <rt_memory/rt_memory.h>
#include <rt_queues/rt_queues.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace host
{

/** The running graph: the message thread edits and sends, one audio thread processes.

    A new plan reaches the audio thread by one atomic exchange and takes effect at the next block; parameters and transport
    commands travel on recycled queue nodes. What the audio thread lets go of (plans, nodes, references in messages) goes
    to the collector, which a timer drains on the message thread; so it does with the guard's rescued releases.
*/
class Engine : private juce::Timer
{
public:
    /** Message thread. */
    explicit Engine (const PrepareInfo&);

    /** Message thread, after the audio thread has stopped calling process(). */
    ~Engine() override;

    /** @name Message thread */
    /**@{*/

    /** Who renders beside the audio thread, and for how long it waits for them. */
    struct Threads
    {
        int number = 1;         ///< 1 to ParallelRenderer::mostThreads; the audio thread counts
        bool isBounded = false; ///< plugins never run on the audio thread, so that none can hold it up; needs 2 threads
        bool isRecording = false; ///< what runs when is recorded, to tell which plugin caused an xrun
        std::function<void()> onWorkerStart = [] {}; ///< called by each worker at its start
    };

    /** Before anybody calls process() for the first time. */
    void setThreads (const Threads&);

    /** Prepares the nodes that are new, compiles and publishes. What is new or has gone fades, see GraphCompiler. Throws host::Error
        and leaves the old graph running. */
    void setGraph (GraphModel, Transition = Transition::automatic);

    const GraphModel& getGraph() const noexcept { return graph; }

    /** Applied at the start of the next block. False when too many are under way (1,024): try again later. */
    bool setParameter (NodeId, int parameterIndex, float value);

    /** Starts or stops the transport where it is. False as above. */
    bool setPlaying (bool shouldPlay);

    bool setTempo (double quarterNotesPerMinute);

    /** Puts the transport back to the start; it goes on playing if it was. False as above. */
    bool rewind();

    /** Tells every node to end all notes that it plays. False as above. */
    bool panic();

    /** Prepares every node for another rate or block size; the audio thread must have stopped calling process(). Throws
        host::Error, with all as it was, when a node cannot be prepared. */
    void changeInfo (const PrepareInfo&);

    /** Compiles and publishes again if a node's latency is no longer what the plan reckons with. */
    void updateLatencies();

    /** Compiles and publishes again if the running plan has faded what it had to fade: without it, and with what had to wait. Called
        now and then by a timer, and by an offline render where the sample matters. */
    void publishSettled();

    /** Whether the last plan had to leave out wires until others have faded out. */
    bool isDeferring() const noexcept { return published->isDeferring; }

    /** What happened around a deadline that was missed, once for each call that finds the recorder stopped by one. */
    std::optional<FlightRecorder::Recording> takeRecording();

    /** The same at the end, after the audio thread has stopped. Empty where nothing is recorded. */
    FlightRecorder::Recording copyRecording() const;

    rt::Collector& getCollector() noexcept { return collector; }

    /**@}*/
    /** @name Audio thread */
    /**@{*/

    /** Takes the newest plan and warms up its new nodes, outside the guard's scope. process() does it too; an offline
        render calls it first, so that latencies are known before the first sample. */
    void takePlan() noexcept;

    /** Any length; cut up where it is longer than the engine was prepared for. The engine fills in the transport. */
    void process (const BlockIO&) noexcept RT_NONBLOCKING;

    /**@}*/
    /** @name Any thread */
    /**@{*/

    const PrepareInfo& getInfo() const noexcept { return info; }
    std::int64_t getPosition() const noexcept { return sharedPosition.load (std::memory_order_relaxed); }
    std::uint64_t getBlockCount() const noexcept { return blockCount.load (std::memory_order_relaxed); }
    int getLatencySamples() const noexcept { return latency.load (std::memory_order_relaxed); }
    NodeId getRunningNode() const noexcept { return renderer->getRunningNode(); }

    /** Blocks that were silent, in whole or in part, because workers were late. */
    std::uint64_t getDroppedBlocks() const noexcept { return droppedBlocks.load (std::memory_order_relaxed); }

    /** The node that held up the last of them; 0: none ever. */
    NodeId getCulprit() const noexcept { return renderer->getCulprit(); }

    /** Whether a worker is still in a node that has not come back in time. Then the engine must not be destroyed. */
    bool hasStuckWorkers() const noexcept { return renderer->hasStuckWorkers(); }

    int getNumThreads() const noexcept { return renderer->getNumThreads(); }

    /** Whether the plan that is rendered has faded all that it has to fade. Audio thread. */
    bool isPlanSettled() const noexcept { return plan->isSettled.load (std::memory_order_relaxed); }

    bool isPlaying() const noexcept { return sharedPlaying.load (std::memory_order_relaxed); }
    double getTempo() const noexcept { return sharedTempo.load (std::memory_order_relaxed); }
    double getQuarterNotes() const noexcept { return sharedQuarterNotes.load (std::memory_order_relaxed); }

    /** process()'s share of the block's period, smoothed over a third of a second. */
    float getLoad() const noexcept { return load.load (std::memory_order_relaxed); }

    /** Whether levels are taken, for somebody who looks. */
    void setMetering (bool shouldMeter) noexcept { renderer->setMetering (shouldMeter); }

    /** Whether nodes and blocks are timed, for a report. */
    void setMeasuring (bool shouldMeasure) noexcept { renderer->setMeasuring (shouldMeasure); }

    /** The whole of process(), a call at a time. */
    const TimeHistogram& getBlockTimes() const noexcept { return blockTimes; }

    /** Whether whoever calls process() shall count the page faults of its thread; before it begins to. */
    void setCountingPageFaults (bool shouldCount) noexcept { countingPageFaults = shouldCount; }
    bool isCountingPageFaults() const noexcept { return countingPageFaults; }
    PageFaultMeter::Totals& getPageFaults() noexcept { return pageFaults; }
    const PageFaultMeter::Totals& getPageFaults() const noexcept { return pageFaults; }

    /**@}*/

private:
    struct Message
    {
        enum class Type
        {
            parameter,
            play,
            stop,
            rewind,
            panic,
            tempo
        };

        Type type = Type::stop;
        rt::Shared<NodeRuntime> node;
        int index = 0;
        double value = 0.0;
    };

    /** A parameter change on its way: it waits for as long as the audio that it belongs to. */
    struct Pending
    {
        rt::NodePtr<Message> message;
        std::int64_t due = 0; ///< as sampleClock
    };

    static constexpr int mostMessages = 1024;

    bool send (Message);
    void publish (const GraphModel&, Transition = Transition::automatic);
    void warmUpHere (NodeRuntime&) const;
    void drainMessages() noexcept;
    void delayParameter (rt::NodePtr<Message>) noexcept;
    void applyNow (rt::NodePtr<Message>) noexcept;
    void handOutParameters (int numSamples) noexcept;
    void takeBackParameters() noexcept;
    void record (const FlightRecorder::Block&) noexcept;
    void shareTransport() noexcept;
    int processPart (const BlockIO&, int offset) noexcept;
    void processPiece (const BlockIO&) noexcept;
    static std::vector<int> getLatencies (const GraphModel&);
    void timerCallback() override;

    PrepareInfo info; ///< changed only while nobody calls process()
    rt::Collector collector;

    // Message thread
    GraphModel graph;
    rt::Shared<const RenderPlan> published;
    std::vector<int> publishedLatencies; ///< of the nodes, as the published plan reckons with them

    // Between the two
    rt::SharedMailbox<const RenderPlan> plans;
    rt::NodeStore<Message> messageStore{ mostMessages };
    rt::NodeQueue<Message> messages;

    // Audio thread
    rt::Shared<const RenderPlan> plan, nextPlan; ///< the next one waits while workers are still at the buffers of this one
    std::unique_ptr<FlightRecorder> recorder;
    std::unique_ptr<ParallelRenderer> renderer = std::make_unique<ParallelRenderer> (1);
    std::vector<Pending> pending; ///< by their arrival; room for all messages
    int numPending = 0;
    std::array<ParameterEvent, mostMessages> events{}; ///< of this piece
    std::array<rt::Shared<NodeRuntime>, mostMessages> nodesWithEvents; ///< held: the plan that has them may go before the events do
    int numEvents = 0;
    std::int64_t sampleClock = 0; ///< samples rendered; it never stands still
    DropoutFader dropoutFader;
    bool wantsFreeze = false;
    FlightRecorder::Outcome outcome = FlightRecorder::Outcome::complete; ///< the worst of this block's pieces
    std::chrono::steady_clock::time_point deadline{};
    TransportPosition transport, tempoStart;
    juce::MidiBuffer pieceMidiIn, pieceMidiOut;

    // Written by the audio thread, read by any
    std::atomic<std::int64_t> sharedPosition{ 0 };
    std::atomic<std::uint64_t> blockCount{ 0 };
    std::atomic<int> latency{ 0 };
    std::atomic<bool> sharedPlaying{ false };
    std::atomic<double> sharedTempo{ 120.0 }, sharedQuarterNotes{ 0.0 };
    std::atomic<float> load{ 0.0f };
    TimeHistogram blockTimes;
    PageFaultMeter::Totals pageFaults;
    std::atomic<bool> countingPageFaults{ false };
    std::atomic<std::uint64_t> droppedBlocks{ 0 };
};

} // namespace host
