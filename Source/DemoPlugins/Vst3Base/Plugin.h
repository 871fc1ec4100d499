#pragma once

#include "Parameter.h"

#include <pluginterfaces/vst/ivstevents.h>

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace Steinberg
{
class FUnknown;
class IPlugView;
} // namespace Steinberg

namespace vst3
{

class Controls;
struct PluginClass;

/** What a plugin is made ready for. */
struct Setup
{
    double sampleRate = 48000.0;
    int maxBlockSize = 512;
    std::span<const double> parameters; ///< plain values, in the order of PluginClass::parameters
};

/** A stretch of a block in which nothing changes: no note and no parameter falls inside it. Channels are counted over all
    buses. A host may give an output the memory of an input, so read a sample's inputs before writing its outputs. */
struct Block
{
    static constexpr int maxChannels = 16;

    std::array<const float*, maxChannels> in{};
    std::array<float*, maxChannels> out{};
    int numSamples = 0;
    double tempo = 120.0; ///< quarter notes a minute
    bool isFirst = true;  ///< the first stretch of the host's block
};

/** A plugin's sound, free of VST3's ceremony.

    prepare() and the queries come from the host's main thread while nothing is processed. The rest comes from the audio
    thread: the base cuts each block where a note or a parameter falls, so that process() may treat both as constant and
    every event lands on its exact sample.
*/
class Plugin
{
public:
    static constexpr std::uint32_t infiniteTail = std::numeric_limits<std::uint32_t>::max();

    virtual ~Plugin() = default;

    /** The host's own interfaces, for plugins that ask it for something; they live as long as the plugin. Before all else. */
    virtual void setHost (Steinberg::FUnknown* /*host, or null*/) {}

    /** The only place to allocate. Called again when the rate or the block size change. */
    virtual void prepare (const Setup&) {}

    /** Forgets everything that sounds; every parameter's value follows by parameterChanged(). */
    virtual void reset() noexcept {}

    virtual void process (const Block&) noexcept = 0;

    virtual void parameterChanged (int /*index*/, double /*plainValue*/) noexcept {}
    virtual void noteOn (int /*channel*/, int /*pitch*/, float /*velocity*/) noexcept {}
    virtual void noteOff (int /*channel*/, int /*pitch*/) noexcept {}

    /** The raw events, with sample offsets into the host's block, for plugins that answer with events. */
    virtual void handleEvent (const Steinberg::Vst::Event& event, Steinberg::Vst::IEventList* /*output, or null*/) noexcept
    {
        if (event.type == Steinberg::Vst::Event::kNoteOnEvent)
        {
            // A note-on without velocity is a note-off, as in MIDI.
            if (event.noteOn.velocity > 0.0f)
                noteOn (event.noteOn.channel, event.noteOn.pitch, event.noteOn.velocity);
            else
                noteOff (event.noteOn.channel, event.noteOn.pitch);
        }
        else if (event.type == Steinberg::Vst::Event::kNoteOffEvent)
        {
            noteOff (event.noteOff.channel, event.noteOff.pitch);
        }
    }

    /** Fixed from one prepare() to the next. */
    virtual std::uint32_t getLatencySamples() const { return 0; }

    /** From the last input to silence, for these plain values. */
    virtual std::uint32_t getTailSamples (std::span<const double> /*parameters*/) const { return 0; }
};

/** An audio bus: the first of a direction is the main one, the others are side-chains or extra outputs. */
struct Bus
{
    std::string name;
    int channels = 2; ///< 1 or 2
};

/** One plugin of a module, as the factory tells it to a host. */
struct PluginClass
{
    std::array<std::uint32_t, 4> id{}; ///< for ever: sessions refer to it
    std::string name;
    std::string categories; ///< such as "Fx|Delay" or "Instrument|Synth"
    std::vector<Bus> inputs;
    std::vector<Bus> outputs;
    bool notesIn = false;
    bool notesOut = false;
    std::vector<Parameter> parameters;
    std::function<std::unique_ptr<Plugin>()> create;

    /** Makes its editor, with one reference held by the caller; empty: a View, which suits every plugin. */
    std::function<Steinberg::IPlugView*(const PluginClass&, Controls&)> createView{};
};

/** A module's plugins. Each module defines this; it is called once, at the factory's first use. */
std::vector<PluginClass> getPluginClasses();

/** Who made them. */
inline constexpr const char* vendor = "AudioHost";

} // namespace vst3
