#pragma once

#include "PluginInstance.h"
#include "SharedLibrary.h"

#include <memory>
#include <optional>
#include <vector>

struct _LADSPA_Descriptor;

namespace host
{

/** A LADSPA plugin, hosted by ourselves.

    JUCE 7.0.5's wrapper instantiates every LADSPA plugin at 44100 Hz whatever the rate, runs those in place that say they
    cannot be, and takes a wrong number for many a default; so this stands in its place. Nothing here allocates or locks in
    process() and setParameter().

    The state is text: a line "<port number> <value in the port's own units>" for each control input.
*/
class LadspaPlugin : public PluginInstance
{
public:
    /** The plugins in a file. Message thread.

        @param whyNot  receives the reason when the file cannot be loaded, or is no LADSPA file
    */
    static std::vector<PluginInfo> findIn (const juce::File&, juce::String& whyNot);

    /** Makes the plugin that an info from findIn() describes. Throws host::Error. Message thread. */
    static std::unique_ptr<LadspaPlugin> create (const PluginInfo&, double sampleRate, int maxBlockSize);

    /** An id's file and label: "LADSPA:<file>:<label>"; the file is a name to be found in LADSPA's folders, or a path. */
    static std::optional<std::pair<juce::String, juce::String>> splitId (const juce::String& id);

    ~LadspaPlugin() override;

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
    juce::MemoryBlock getState() override;
    void setState (const juce::MemoryBlock&) override;

private:
    LadspaPlugin (const PluginInfo&, std::shared_ptr<SharedLibrary>, const _LADSPA_Descriptor&, double sampleRate);

    struct Pimpl;
    std::unique_ptr<Pimpl> pimpl;
};

} // namespace host
