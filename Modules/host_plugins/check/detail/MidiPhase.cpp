#include "Phases.h"

namespace host::check
{

void playMidiPhase (Rig& rig)
{
    constexpr int fewestBlocks = 150;
    auto end = 0.0;

    for (const auto& setup : { Setup{ 48000.0, 1024 }, Setup{ 96000.0, 256 } })
    {
        end += 0.5;

        if (! rig.prepare (setup))
            continue;

        for (int i = 0; (i < fewestBlocks || rig.budget.getFractionOfPhase() < end) && rig.budget.hasRoom(); ++i)
        {
            if (rig.ports.midiInput)
                rig.events.addDense (rig.midi, rig.getNextSize());

            rig.playBlock (TestSignal::Kind::noise);
        }

        rig.endNotes();
    }
}

} // namespace host::check
