#pragma once

#include "CheckFinding.h"
#include "CheckOptions.h"

#include "../PluginInstance.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace host
{

/** Drives a plugin as a demanding host does, every block of it under the guard, and watches what it puts out.

    One instance lives through four phases, made ready anew for each sample rate and block size, on an audio thread of its own,
    while this thread delivers messages:

    process    silence before anything else; then silence, noise, full scale and denormals at 44.1 to 192 kHz in blocks of 1 to
               4096 samples; resets; the tail
    midi       dense notes, all controllers, bends and pressure, for plugins that take MIDI
    parameter  every parameter that is for automation swept and jumped, between blocks and inside them, and put back to where it
               was; bypass
    state      saved and restored, between blocks and while they are played

    A block is one call of the plugin's; where a block is cut for a parameter, each piece counts. When the plugin's latency changes
    the driver does what the format asks of a host. The guard is what rt::guard::getSnapshot() tells afterwards, with the plugin
    as node 1; the driver's block numbers begin with 1 after a warm-up. The plugin must outlive it. Message thread.
*/
class CheckDriver
{
public:
    struct Progress
    {
        int blocks = 0; ///< under the guard, so far
        rt::guard::Phase phase = rt::guard::Phase::process;
        double fraction = 0.0; ///< of the whole, 0 to 1
    };

    struct Callbacks
    {
        std::function<void (const Progress&)>
            onProgress; ///< when blocks were made since the last call, about ten times a second
        std::function<void()> onPhaseEnd;
    };

    CheckDriver (PluginInstance&, const CheckOptions&, Callbacks);
    ~CheckDriver();

    /** All phases, or until the wall limit. Throws what the plugin throws when it is made ready for 48 kHz, and when its state is
        set. */
    void run();

    int getNumBlocks() const noexcept;

    /** At most one a kind and phase, ordered by phase. Between phases and after run(). */
    std::vector<CheckFinding> getFindings() const;

    /** What could not be tried, and why: sentences for a person. Between phases and after run(). */
    std::vector<std::string> getNotes() const;

private:
    struct Pimpl;
    std::unique_ptr<Pimpl> pimpl;
};

} // namespace host
