#pragma once

#include "PluginInstance.h"

#include <juce_audio_processors/juce_audio_processors.h>

#include <atomic>
#include <memory>
#include <thread>

namespace host
{

/** A plugin in this process, behind JUCE's wrapper for its format (VST3 or LV2).

    process() and setParameter() allocate nothing of their own; what JUCE 7.0.5 does in them is its own: a spin lock and
    three uncontended mutexes a block for VST3, one mutex a parameter change.

    Not every format bears that its state is set while it renders, so programs and snapshots take the plugin away from the
    rendering thread for as long as they work in it. That thread never waits for them: it plays silence and keeps the events
    of those blocks for the next.
*/
class JucePluginInstance : public PluginInstance, private juce::AudioProcessorListener
{
public:
    /** Takes over an instance that is not prepared, and enables all its buses. Message thread. */
    JucePluginInstance (const PluginInfo&, std::unique_ptr<juce::AudioPluginInstance>);
    ~JucePluginInstance() override;

    /** For parameters of which the format knows, but JUCE does not, that they are not for automation. Message thread. */
    void exemptFromAutomation (const juce::StringArray& parameterIds);

    juce::String getName() const override;
    NodePorts getPorts() const override;
    void prepare (const PrepareInfo&) override;
    void release() override;
    void process (ProcessContext&) noexcept override;
    void reset() override;
    int getLatencySamples() const override;
    std::optional<double> getTailSeconds() const override;
    const std::vector<ParameterInfo>& getParameters() const override;
    void setParameter (int index, float value) noexcept override;
    float getParameter (int index) const override;
    juce::String getParameterText (int index, float value) const override;

    const PluginInfo& getInfo() const override;
    std::vector<BusInfo> getBuses() const override;
    juce::StringArray getPrograms() const override;
    int getProgram() override;
    void setProgram (int) override;
    Snapshot takeSnapshot() override;
    void restore (const Snapshot&) override;
    juce::MemoryBlock getState() override;
    void setState (const juce::MemoryBlock&) override;
    std::unique_ptr<juce::Component> createEditor() override;
    bool takeEdited() override;

private:
    /** Tells the plugin the transport's position at the start of the block in hand. Rendering thread. */
    struct PlayHead : public juce::AudioPlayHead
    {
        juce::Optional<PositionInfo> getPosition() const override;

        TransportPosition position;
        double sampleRate = 48000.0;
    };

    void audioProcessorParameterChanged (juce::AudioProcessor*, int, float) override;
    void audioProcessorChanged (juce::AudioProcessor*, const ChangeDetails&) override;
    class Hold;

    void collectParameters();
    void readLv2Programs() const;
    void applyProgram (int);
    void settle();
    void makeReady (double sampleRate, int maxBlockSize);

    PluginInfo info;
    PlayHead playHead;
    std::unique_ptr<juce::AudioPluginInstance> plugin;
    NodePorts ports;
    std::vector<ParameterInfo> parameters;
    std::vector<juce::AudioProcessorParameter*> juceParameters; ///< the plugin's own, one for each of `parameters`
    std::atomic<int> latency{ 0 };
    const std::thread::id messageThread = std::this_thread::get_id();
    bool isSettingState = false, edited = false; ///< message thread
    std::atomic<bool> isHeld{ false }; ///< by whichever thread works in the plugin: a block's, or the message thread
    juce::MidiBuffer kept;             ///< the rendering thread's: events of blocks that were silent
    mutable std::vector<std::pair<juce::String, int>> lv2Programs; ///< names, each from a file, and JUCE's indices
    int lv2Program = -1;
    juce::AudioBuffer<float> wide; ///< for plugins of so many channels that JUCE would allocate to refer to them
    bool isPrepared = false;
};

/** Marks the parameters that stand for MIDI controllers and not for anything of the plugin's own.

    VST3 has no controllers in its events, so the JUCE and DPF frameworks give every plugin with MIDI input 16 * 130 extra
    parameters, one a channel and controller: JUCE calls them "MIDI CC <0..15>|<0..129>", DPF "MIDI Ch. <1..16> CC <0..129>".
    They are recognised only where the whole set is there, so that no single parameter of such a name is lost.

    @returns one flag a name, true where it is such a parameter
*/
std::vector<bool> findMidiControllerParameters (const juce::StringArray& names);

} // namespace host
