#pragma once

#include "Scenario.h"

#include <algorithm>
#include <map>
#include <set>

namespace graphtest
{

/** Follows a scenario's edits without playing it: what there is, and which wires fade. */
class ScenarioState
{
public:
    struct WireKey
    {
        int source = 0, channel = 0, destination = 0, input = 0; // nodes by instance

        auto operator<=> (const WireKey&) const = default;
    };

    /** @param scenarioToFollow  stays where it is */
    explicit ScenarioState (const Scenario& scenarioToFollow);

    /** Whether the nodes and wires are there for it, as GraphInstance looks at it. */
    bool isPossible (const Action&) const;

    /** Whether the definition tells what becomes of it: no cycle among what sounds, nothing that comes back after it went but
        before it is gone, no MIDI past a bypassed node. */
    bool isDefined (const Action&, int sample) const;

    void apply (const Action&);

    /** All of an edit's actions have been applied. */
    void commit (int sample);

    /** Events multiply where paths split and join: the most paths that lead from where events are made to one node. */
    int countMidiPaths() const;

    /** By which the wires of the present model are delayed. */
    std::map<WireKey, int> findDelays() const;

    WireKey keyOf (const host::Wire&) const;

    std::map<host::NodeId, NodeSpec> nodes;
    std::set<host::Wire> wires;
    std::map<int, NodeSpec> instances; ///< all that ever were

private:
    struct Fade
    {
        int position = 0, direction = 0, since = 0;
        bool isPresent = false;
        int endedAt = 0; ///< when it is not present

        int positionAt (int sample) const { return std::clamp (position + direction * (sample - since), 0, 256); }
    };

    bool mayComeBack (const host::Wire&, int sample) const;

    const Scenario& scenario;
    std::map<WireKey, Fade> fades;
    std::map<host::NodeId, NodeSpec> removed;
    int drain = 0; ///< no wire is delayed by more
    bool isFirst = true;
};

/** Whether the definition tells what a scenario sounds like (see ScenarioState::isDefined). */
bool isDefined (const Scenario&);

} // namespace graphtest
