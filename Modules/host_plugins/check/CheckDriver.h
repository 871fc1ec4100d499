#pragma once

#include "CheckFinding.h"
#include "CheckOptions.h"

#include "../PluginInstance.h"

#include <functional>
#include <memory>
#include <vector>

namespace host
{

/** Drives a plugin as a demanding host does, every block of it under the guard, and watches what it puts out.

    The plugin is prepared once (48 kHz, blocks of at most 1024 samples, real-time), warmed up with silence, and then goes
    through four phases on an audio thread of its own, while this thread delivers messages:

    process    silence, noise, full scale and denormals, in blocks of 1 to 1024 samples
    midi       dense notes, all controllers, bends and pressure, for plugins that take MIDI
    parameter  every parameter swept and jumped, and put back to where it was
    state      saved and restored between blocks

    The guard is what rt::guard::getSnapshot() tells afterwards; the driver's block numbers begin with 1 after the warm-up.
    The plugin must outlive it. Message thread.
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

    /** All phases, or until the wall limit. Throws what the plugin's prepare() and setState() throw. */
    void run();

    int getNumBlocks() const noexcept;

    /** At most one a kind and phase. Between phases and after run(). */
    std::vector<CheckFinding> getFindings() const;

private:
    struct Pimpl;
    std::unique_ptr<Pimpl> pimpl;
};

} // namespace host
