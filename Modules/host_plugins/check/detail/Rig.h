#pragma once

#include "AudioThread.h"
#include "BlockTimes.h"
#include "Budget.h"
#include "OutputWatch.h"
#include "TestEvents.h"
#include "TestSignal.h"

#include "../../PluginInstance.h"

#include <rt_guard/Phase.h>

#include <atomic>
#include <utility>
#include <vector>

namespace host::check
{

/** What a plugin is made ready for: Hz and samples. */
struct Setup
{
    double sampleRate;
    int maxBlockSize;
};

/** A plugin in a host of its own, which calls it block by block under the guard, watches what it puts out, and answers to what
    it says of itself. The phases (see Phases.h) say what shall happen; they run on the audio thread. */
class Rig
{
public:
    static constexpr int largestBlock = 4096;

    Rig (PluginInstance&, const CheckOptions&);

    PluginInstance& plugin;
    const NodePorts ports;
    Budget budget;
    AudioThread thread;
    BlockTimes times;
    OutputWatch output;
    TestEvents events;
    juce::MidiBuffer midi; ///< of the block to come

    /** Something that a phase has found out by itself. Audio thread. */
    std::vector<CheckFinding> findings;

    /** What the plugin refused, for a person. Audio thread. */
    std::vector<std::string> notes;

    /** While no job runs. */
    void beginPhase (rt::guard::Phase);

    /** @name Audio thread, in a job */
    /**@{*/

    /** Makes the plugin ready, on the message thread; its transport starts anew.
        @returns whether it would: if not, it is still as it was, and `notes` say why */
    bool prepare (const Setup&);

    /** Blocks outside the guard, twice with messages delivered in between: what a thread's first calls into a plugin allocate is
        not the plugin's, a module's thread-local variables above all, and what it does on its first blocks may depend on messages.
        So a parameter is moved a little, too, and back. Notes are not played: what a first note allocates shall be found. */
    void warmUp();

    const Setup& getSetup() const noexcept { return setup; }

    /** The size that the next block has, if none is asked for: they change from block to block, from 1 to the largest. */
    int getNextSize() const noexcept;

    /** The number that the next block has. */
    int getNextBlock() const noexcept { return budget.getNumBlocks() + 1; }

    /** A parameter's place in its range, 0 to 1, as a value. */
    float scale (int parameter, float proportion) const;

    /** With the block to come. */
    void change (int parameter, float value) { changes.push_back ({ parameter, value }); }

    /** Plays a block, with the events in `midi` and the changes since the last.
        @param size  0 is getNextSize()
        @returns how much it sounds, see OutputWatch::examine()
    */
    float playBlock (TestSignal::Kind, int size = 0);

    /** Lets time go by without calling the plugin, as a host does that bypasses it. */
    void passBy (int numBlocks);

    /** Adds a note now and then, for plugins that take MIDI, so that something sounds. */
    void playNotes();

    /** Ends all notes in a block outside the guard: it only makes a clean start for what comes next. */
    void endNotes();

    /** The next parameter in turn, and a value for it; nothing is changed if there is no parameter for automation. */
    void jump();

    /**@}*/

    /** Those that are for automation. */
    const std::vector<int>& getAutomatable() const noexcept { return automatable; }

    /** The plugin's own, or -1. */
    int getBypassParameter() const noexcept { return bypassParameter; }

private:
    void fill (TestSignal::Kind, int size);
    void callPlugin (int block, int size);
    void callUnguarded (int size);
    void advance (int size);
    void followLatency();

    rt::guard::Phase phase = rt::guard::Phase::process;
    const int numChannels;
    std::vector<float> samples;
    std::vector<float*> channels;
    std::vector<int> automatable;
    int bypassParameter = -1;

    Setup setup{ 48000.0, largestBlock };
    TestSignal signal;
    TransportPosition transport;
    std::vector<std::pair<int, float>> changes;
    int jumps = 0, latency = 0, numRestarts = 0;
};

} // namespace host::check
