#pragma once

#include "Rig.h"

namespace host::check
{

/** @name The four phases: what a demanding host does to a plugin. Each goes on until its budget is used up. Audio thread, in a job
    of the rig's. */
/**@{*/

/** Silence before anything else; then silence, noise, full scale and denormals at six sample rates, in blocks of 1 to 4096
    samples; resets; and silence again until the tail is over. */
void playProcessPhase (Rig&);

/** Dense notes, all controllers, bends and pressure, at two sample rates, for plugins that take MIDI; noise for the others. */
void playMidiPhase (Rig&);

/** Every parameter swept and jumped, between blocks and inside them, which are cut for it, and put back to where it was; then
    the plugin bypassed and not. */
void playParameterPhase (Rig&);

/** State saved and restored: between blocks, and by the message thread while this one goes on playing. */
void playStatePhase (Rig&);

/**@}*/

} // namespace host::check
