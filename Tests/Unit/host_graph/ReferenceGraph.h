#pragma once

#include <host_graph/host_graph.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace graphtest
{

/** What a graph renders, written down from the definition alone and as plainly as that allows: one sample at a time, every
    wire and every input with the whole of its history. Slow, and right by inspection. What all renderers are compared with.

    Nodes that were taken out run on for good: what they do can be heard for as long only as the definition wants them to run.
    What the definition leaves open is marked with "Open:".
*/
class ReferenceGraph
{
public:
    static constexpr int fadeSamples = 256;

    explicit ReferenceGraph (const host::PrepareInfo& infoToUse) : info (infoToUse) {}

    /** Takes effect at the next sample; the first one is there from the start. Latencies are those that the processors report
        now. */
    void setModel (const host::GraphModel&);

    /** One block. Where blocks begin does not matter. */
    void render (const host::BlockIO&);

    /** Of the present model. */
    int getTotalLatency() const { return total; }

    /** By which a node's inputs are late once they are aligned. */
    int getArrival (host::NodeId) const;

private:
    using Bytes = std::vector<juce::uint8>;

    struct Node;

    /** A delay that a wire was given at some sample. */
    struct Line
    {
        int delay = 0;
        std::int64_t since = 0;
    };

    struct Wire
    {
        Node* source = nullptr;
        Node* destination = nullptr;
        int channel = 0, input = 0; // PortRef::midi both, or none
        int age = 0;
        bool isWanted = true; // by the present model
        std::int64_t firstSample = 0;
        std::vector<Line> lines; // each fades from what those before it deliver

        int position = 0, target = 0;
        std::vector<float> fed; // from firstSample on

        struct Waiting
        {
            std::int64_t due = 0;
            Bytes bytes;
        };

        std::vector<Waiting> waiting;
        std::size_t numDelivered = 0;
        std::set<std::pair<int, int>> notes; // (channel, note) that sound
        std::set<int> pedals;                // channels

        bool isMidi() const { return channel == host::PortRef::midi; }
        bool hasEnded() const { return isMidi() ? ! isWanted : position == 0 && target == 0; }
    };

    struct Node
    {
        host::GraphModel::Node runtime;
        int age = 0, latency = 0;
        bool isInModel = true;
        std::int64_t firstSample = 0;

        std::vector<std::vector<Wire*>> audioWires; // by input, in the order of the sum
        std::vector<Wire*> midiWires;

        std::vector<std::vector<float>> inputs; // from firstSample on
        std::vector<float> outputs;             // of the present sample
        std::vector<Bytes> midi;                // of the present sample: its inputs' or, if it has one, its output's
        std::int64_t samplesMade = 0;

        int wet = -1, wetTarget = fadeSamples; // in 256ths; -1 has not been rendered

        host::NodeRole role() const { return runtime->role; }
        bool isFeedback() const { return role() == host::NodeRole::feedback; }
    };

    void findLatencies (const host::GraphModel&);
    int arrivalOf (const host::GraphModel&, host::NodeId);
    int departureOf (const host::GraphModel&, host::NodeId);

    Node& findOrAddNode (const host::GraphModel::Node&);
    Wire* findWire (Node& source, int channel, Node& destination, int input);
    void vanish (Wire&);
    void sortWires();

    void make (Node&, const host::BlockIO&, int sample);
    void gatherInputs (Node&, const host::BlockIO&, int sample);
    void process (Node&, const host::BlockIO&);
    float deliver (Wire&, float);
    float delayed (const Wire&, std::size_t numLines) const;
    static float valueAt (const std::vector<float>& history, std::int64_t index);
    void feedMidi (Wire&, const Bytes&);
    void sendThrough (Wire&, const Bytes&);

    host::PrepareInfo info;
    std::int64_t now = 0;
    bool isFirstModel = true;
    int total = 0, nextAge = 0;
    std::map<host::NodeId, int> arrivals;
    std::vector<std::unique_ptr<Node>> nodes;
    std::vector<std::unique_ptr<Wire>> wires;
};

} // namespace graphtest
