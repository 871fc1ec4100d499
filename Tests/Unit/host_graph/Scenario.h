#pragma once

#include "TestNode.h"

#include <map>
#include <string>
#include <vector>

namespace graphtest
{

struct Action
{
    enum class Kind
    {
        add,
        remove,
        restore, ///< the node that was taken out last under this id comes back as it is
        connect,
        disconnect,
        bypass,
        latency
    };

    Kind kind = Kind::add;
    host::NodeId node = 0; ///< not of wires
    NodeSpec spec;         ///< of add
    host::Wire wire;       ///< of connect and disconnect
    int value = 0;         ///< of bypass and latency

    std::string toString() const;
};

struct Edit
{
    int sample = 0;
    std::vector<Action> actions;
};

struct TimedEvent
{
    int sample = 0;
    std::vector<juce::uint8> bytes;

    bool operator== (const TimedEvent&) const = default;
};

/** A graph, what comes into it, and what is done to it while it plays. A value: the same one is played by any renderer. */
struct Scenario
{
    std::uint32_t seed = 0;
    host::PrepareInfo info;
    std::vector<NodeSpec> nodes;
    std::vector<host::Wire> wires;
    std::vector<Edit> edits;
    std::vector<TimedEvent> midi;
    std::vector<int> blocks; ///< lengths; a block begins at every edit
    int numInputs = 0, numOutputs = 0;
    bool hasUncompensated = false; ///< some wires are there for low-latency monitoring

    int countSamples() const;

    /** A wire is one or the other as often as it comes. */
    bool isCompensated (const host::Wire&) const;

    /** Noise. */
    float getInput (int channel, int sample) const;

    std::string toString() const;
};

/** One life of a scenario's graph: nodes of its own, and the model as edits change it. What an edit cannot do (for a smaller
    scenario has lost the node) it leaves out. */
class GraphInstance
{
public:
    /** @param scenarioToPlay  stays where it is */
    GraphInstance (const Scenario& scenarioToPlay, rt::Collector&);

    /** @returns whether the model has changed, or a latency in it */
    bool apply (const Edit&);

    const host::GraphModel& getModel() const { return model; }

private:
    void add (const NodeSpec&);
    bool apply (const Action&);

    void connect (const host::Wire&);

    const Scenario& scenario;
    rt::Collector& collector;
    host::GraphModel model;
    std::map<host::NodeId, host::GraphModel::Node> removed;
};

} // namespace graphtest
