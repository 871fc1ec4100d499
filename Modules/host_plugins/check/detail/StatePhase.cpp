#include "Phases.h"

#include <chrono>
#include <functional>
#include <thread>

namespace host::check
{

/** VST3 says that IComponent::getState() and setState() may come while the plugin is processing. LV2 forbids it for restore();
    LADSPA has no state but its ports. */
static bool mayHaveStateSetWhileProcessing (const juce::String& format) { return format == "VST3"; }

/** Some blocks with something that sounds, and one change: states hold what blocks have consumed. */
static void playBetweenStates (Rig& rig)
{
    for (int i = 0; i < 8 && rig.budget.hasRoom(); ++i)
    {
        if (i == 0)
            rig.jump();

        rig.playNotes();
        rig.playBlock (TestSignal::Kind::noise);
    }
}

/** Has the message thread do something with the state while this thread plays: at least one block, at most some, and not so
    fast that they are over before the other has begun. */
static void playWhile (Rig& rig, std::function<void()> withState)
{
    constexpr int mostBlocks = 12;
    int numBlocks = 0;

    rig.thread.whileMessageThread (std::move (withState),
                                   [&]
                                   {
                                       if (! rig.budget.hasRoom())
                                           return false;

                                       rig.playNotes();
                                       rig.playBlock (TestSignal::Kind::noise);

                                       if (++numBlocks > 2)
                                           std::this_thread::sleep_for (std::chrono::microseconds (500));

                                       return numBlocks < mostBlocks;
                                   });
}

void playStatePhase (Rig& rig)
{
    auto& plugin = rig.plugin;
    juce::MemoryBlock state, older;
    PluginInstance::Snapshot snapshot;
    const auto isRawAllowed = mayHaveStateSetWhileProcessing (plugin.getInfo().format);

    rig.prepare ({ 48000.0, 1024 });
    rig.thread.onMessageThread ([&] { older = plugin.getState(); });

    while (rig.budget.isToGoOn())
    {
        // Between blocks, as a session is loaded.
        playBetweenStates (rig);
        rig.thread.onMessageThread (
            [&]
            {
                state = plugin.getState();
                plugin.setState (older);
                older.swapWith (state);
            });

        // While it plays.
        playBetweenStates (rig);

        if (isRawAllowed)
        {
            playWhile (rig, [&] { state = plugin.getState(); });
            playWhile (rig, [&] { plugin.setState (older); });
            older.swapWith (state);
        }
        else
        {
            // As this program does it, for an autosave and for undo: the plugin is left out of blocks for as long as it takes.
            playWhile (rig, [&] { snapshot = plugin.takeSnapshot(); });
            rig.jump();
            playWhile (rig, [&] { plugin.restore (snapshot); });
        }
    }

    rig.endNotes();
}

} // namespace host::check
