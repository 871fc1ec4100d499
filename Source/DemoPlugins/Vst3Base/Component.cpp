#include "Component.h"
#include "State.h"
#include "View.h"

#include <pluginterfaces/vst/ivstaudioprocessor.h>
#include <pluginterfaces/vst/ivstcomponent.h>
#include <pluginterfaces/vst/ivsteditcontroller.h>
#include <pluginterfaces/vst/ivstevents.h>
#include <pluginterfaces/vst/ivstparameterchanges.h>
#include <pluginterfaces/vst/ivstprocesscontext.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <memory>

// VST3's interfaces have no virtual destructor: release() is how their objects die.
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

namespace vst3
{

using namespace Steinberg;
using namespace Steinberg::Vst;

namespace
{

/** One object that is component, processor and controller ("single component effect").

    Two sets of normalised values: `processed` is what the audio thread last applied, and what is saved; `shown` is what
    the host told the controller half. A host that changes a parameter tells both halves, each in its own time, so neither
    half may overwrite the other's.
*/
class Component final : public IComponent,
                        public IAudioProcessor,
                        public IEditController,
                        public IMidiMapping,
                        public IProcessContextRequirements,
                        private Controls
{
public:
    explicit Component (const PluginClass& c)
        : description (c), plugin (c.create()), processed (c.parameters.size()), shown (c.parameters.size()),
          plainValues (c.parameters.size()), cursors (c.parameters.size())
    {
        for (std::size_t i = 0; i < processed.size(); ++i)
        {
            const auto& p = description.parameters[i];
            processed[i] = shown[i] = p.toNormalised (p.defaultValue);
        }
    }

    virtual ~Component() { setComponentHandler (nullptr); }

    // FUnknown
    tresult PLUGIN_API queryInterface (const TUID wanted, void** object) override
    {
        if (offer<IComponent> (wanted, FUnknown_iid, object) || offer<IComponent> (wanted, IPluginBase_iid, object)
            || offer<IComponent> (wanted, IComponent_iid, object)
            || offer<IAudioProcessor> (wanted, IAudioProcessor_iid, object)
            || offer<IEditController> (wanted, IEditController_iid, object)
            || offer<IProcessContextRequirements> (wanted, IProcessContextRequirements_iid, object)
            || (hasMidiControllers() && offer<IMidiMapping> (wanted, IMidiMapping_iid, object)))
            return kResultOk;

        *object = nullptr;
        return kNoInterface;
    }

    uint32 PLUGIN_API addRef() override { return ++references; }

    uint32 PLUGIN_API release() override
    {
        const auto left = --references;

        if (left == 0)
            delete this;

        return left;
    }

    // IPluginBase
    tresult PLUGIN_API initialize (FUnknown* host) override
    {
        plugin->setHost (host);
        return kResultOk;
    }

    tresult PLUGIN_API terminate() override { return kResultOk; }

    // IComponent
    tresult PLUGIN_API getControllerClassId (TUID) override { return kNotImplemented; }
    tresult PLUGIN_API setIoMode (IoMode) override { return kNotImplemented; }
    tresult PLUGIN_API getRoutingInfo (RoutingInfo&, RoutingInfo&) override { return kNotImplemented; }

    int32 PLUGIN_API getBusCount (MediaType type, BusDirection direction) override
    {
        if (type == kEvent)
            return hasEvents (direction) ? 1 : 0;

        return type == kAudio ? static_cast<int32> (buses (direction).size()) : 0;
    }

    tresult PLUGIN_API getBusInfo (MediaType type, BusDirection direction, int32 index, BusInfo& info) override
    {
        if (index < 0 || index >= getBusCount (type, direction))
            return kInvalidArgument;

        info = {};
        info.mediaType = type;
        info.direction = direction;
        info.busType = index == 0 ? kMain : kAux;
        info.flags = BusInfo::kDefaultActive;

        if (type == kEvent)
        {
            info.channelCount = 16;
            copyText (direction == kInput ? "MIDI In" : "MIDI Out", info.name);
        }
        else
        {
            const auto& bus = buses (direction)[static_cast<std::size_t> (index)];
            info.channelCount = bus.channels;
            copyText (bus.name, info.name);
        }

        return kResultOk;
    }

    tresult PLUGIN_API activateBus (MediaType type, BusDirection direction, int32 index, TBool) override
    {
        return index >= 0 && index < getBusCount (type, direction) ? kResultOk : kInvalidArgument;
    }

    tresult PLUGIN_API setActive (TBool state) override
    {
        if (state != 0)
        {
            if (! prepared)
                return kNotInitialized;

            plugin->reset();
            stateLoaded = false;
            applyAll();
        }

        return kResultOk;
    }

    // IComponent and IEditController: both halves save the same, the component's.
    tresult PLUGIN_API setState (IBStream* stream) override
    {
        if (! readState (stream, processed))
            return kResultFalse;

        for (std::size_t i = 0; i < shown.size(); ++i)
            shown[i] = processed[i].load();

        ++changeCount;
        stateLoaded = true;
        return kResultOk;
    }

    tresult PLUGIN_API getState (IBStream* stream) override
    {
        return writeState (stream, processed) ? kResultOk : kResultFalse;
    }

    // IAudioProcessor
    tresult PLUGIN_API setBusArrangements (SpeakerArrangement* inputs, int32 numIns, SpeakerArrangement* outputs,
                                           int32 numOuts) override
    {
        return matches (kInput, inputs, numIns) && matches (kOutput, outputs, numOuts) ? kResultTrue : kResultFalse;
    }

    tresult PLUGIN_API getBusArrangement (BusDirection direction, int32 index, SpeakerArrangement& arrangement) override
    {
        if (index < 0 || index >= getBusCount (kAudio, direction))
            return kInvalidArgument;

        arrangement = arrangementOf (buses (direction)[static_cast<std::size_t> (index)]);
        return kResultOk;
    }

    tresult PLUGIN_API canProcessSampleSize (int32 size) override { return size == kSample32 ? kResultTrue : kResultFalse; }
    uint32 PLUGIN_API getLatencySamples() override { return plugin->getLatencySamples(); }
    uint32 PLUGIN_API getTailSamples() override { return prepared ? plugin->getTailSamples (readPlainValues()) : 0; }

    tresult PLUGIN_API setupProcessing (ProcessSetup& setup) override
    {
        if (setup.symbolicSampleSize != kSample32 || setup.maxSamplesPerBlock < 1 || ! (setup.sampleRate > 0.0))
            return kInvalidArgument;

        maxBlockSize = setup.maxSamplesPerBlock;
        silence.assign (static_cast<std::size_t> (maxBlockSize), 0.0f);
        unheard.assign (static_cast<std::size_t> (maxBlockSize), 0.0f);
        plugin->prepare ({ setup.sampleRate, maxBlockSize, readPlainValues() });
        prepared = true;
        return kResultOk;
    }

    tresult PLUGIN_API setProcessing (TBool) override { return kResultOk; }

    tresult PLUGIN_API process (ProcessData& data) override
    {
        if (! prepared || data.symbolicSampleSize != kSample32 || data.numSamples < 0 || data.numSamples > maxBlockSize)
            return kInvalidArgument;

        if (stateLoaded.exchange (false))
            applyAll();

        std::fill (cursors.begin(), cursors.end(), 0);
        nextEvent = 0;
        auto block = connect (data);

        for (int32 position = 0;;)
        {
            const auto next = applyChangesAt (position, data);

            if (position == data.numSamples)
                return kResultOk;

            block.numSamples = next - position;
            plugin->process (block);
            block.isFirst = false;

            for (auto& channel : block.in)
                channel += block.numSamples;

            for (auto& channel : block.out)
                channel += block.numSamples;

            position = next;
        }
    }

    // IProcessContextRequirements
    uint32 PLUGIN_API getProcessContextRequirements() override { return kNeedTempo; }

    // IEditController
    tresult PLUGIN_API setComponentState (IBStream* stream) override
    {
        if (! readState (stream, shown))
            return kResultFalse;

        ++changeCount;
        return kResultOk;
    }

    int32 PLUGIN_API getParameterCount() override { return static_cast<int32> (description.parameters.size()); }

    tresult PLUGIN_API setComponentHandler (IComponentHandler* newHandler) override
    {
        if (newHandler != nullptr)
            newHandler->addRef();

        if (handler != nullptr)
            handler->release();

        handler = newHandler;
        return kResultOk;
    }

    IPlugView* PLUGIN_API createView (FIDString name) override
    {
        if (name == nullptr || std::strcmp (name, ViewType::kEditor) != 0)
            return nullptr;

        return description.createView ? description.createView (description, *this) : new View (description, *this);
    }

    tresult PLUGIN_API getParameterInfo (int32 index, ParameterInfo& info) override
    {
        const auto* p = find (static_cast<ParamID> (index));

        if (p == nullptr)
            return kInvalidArgument;

        info = {};
        info.id = static_cast<ParamID> (index);
        copyText (p->name, info.title);
        copyText (p->name, info.shortTitle);
        copyText (p->unit, info.units);
        info.stepCount = p->steps;
        info.defaultNormalizedValue = p->toNormalised (p->defaultValue);
        info.unitId = 0;
        info.flags = ParameterInfo::kCanAutomate | (p->choices.empty() ? 0 : ParameterInfo::kIsList);
        return kResultOk;
    }

    tresult PLUGIN_API getParamStringByValue (ParamID id, ParamValue normalised, String128 text) override
    {
        const auto* p = find (id);

        if (p == nullptr || ! std::isfinite (normalised))
            return kInvalidArgument;

        const auto shownText = p->toText (normalised);
        const auto length = std::min<std::size_t> (shownText.size(), 127);
        std::copy_n (shownText.begin(), length, text);
        text[length] = 0;
        return kResultOk;
    }

    tresult PLUGIN_API getParamValueByString (ParamID id, TChar* text, ParamValue& normalised) override
    {
        const auto* p = find (id);

        if (p == nullptr || text == nullptr)
            return kInvalidArgument;

        std::string narrow;

        for (; *text != 0 && narrow.size() < 127; ++text)
            narrow += *text < 128 ? static_cast<char> (*text) : '?';

        return p->fromText (narrow, normalised) ? kResultOk : kResultFalse;
    }

    ParamValue PLUGIN_API normalizedParamToPlain (ParamID id, ParamValue value) override
    {
        const auto* p = find (id);
        return p != nullptr ? p->toPlain (value) : value;
    }

    ParamValue PLUGIN_API plainParamToNormalized (ParamID id, ParamValue value) override
    {
        const auto* p = find (id);
        return p != nullptr ? p->toNormalised (value) : value;
    }

    ParamValue PLUGIN_API getParamNormalized (ParamID id) override { return find (id) != nullptr ? shown[id].load() : 0.0; }

    tresult PLUGIN_API setParamNormalized (ParamID id, ParamValue value) override
    {
        if (find (id) == nullptr || ! std::isfinite (value))
            return kInvalidArgument;

        shown[id] = std::clamp (value, 0.0, 1.0);
        ++changeCount;
        return kResultOk;
    }

    // IMidiMapping
    tresult PLUGIN_API getMidiControllerAssignment (int32 bus, int16, CtrlNumber controller, ParamID& id) override
    {
        for (std::size_t i = 0; bus == 0 && i < description.parameters.size(); ++i)
        {
            if (description.parameters[i].midiController == controller)
            {
                id = static_cast<ParamID> (i);
                return kResultTrue;
            }
        }

        return kResultFalse;
    }

private:
    // Controls
    double getValue (std::size_t index) const override { return shown[index]; }
    std::uint32_t getChangeCount() const override { return changeCount; }
    FUnknown& getObject() override { return static_cast<IEditController&> (*this); }

    void beginEdit (std::size_t index) override
    {
        if (handler != nullptr)
            handler->beginEdit (static_cast<ParamID> (index));
    }

    void performEdit (std::size_t index, double value) override
    {
        setParamNormalized (static_cast<ParamID> (index), value);

        // The processor half hears of it with a block: from the host, not from here.
        if (handler != nullptr)
            handler->performEdit (static_cast<ParamID> (index), value);
    }

    void endEdit (std::size_t index) override
    {
        if (handler != nullptr)
            handler->endEdit (static_cast<ParamID> (index));
    }

    template <typename Interface>
    bool offer (const TUID wanted, const TUID offered, void** object)
    {
        if (! FUnknownPrivate::iidEqual (wanted, offered))
            return false;

        addRef();
        *object = static_cast<Interface*> (this);
        return true;
    }

    const std::vector<Bus>& buses (BusDirection direction) const
    {
        return direction == kInput ? description.inputs : description.outputs;
    }

    bool hasEvents (BusDirection direction) const
    {
        return direction == kInput ? description.notesIn : description.notesOut;
    }

    bool hasMidiControllers() const
    {
        return std::any_of (description.parameters.begin(), description.parameters.end(),
                            [] (const Parameter& p) { return p.midiController >= 0; });
    }

    static SpeakerArrangement arrangementOf (const Bus& bus)
    {
        return bus.channels == 1 ? kSpeakerM : kSpeakerL | kSpeakerR;
    }

    bool matches (BusDirection direction, const SpeakerArrangement* wanted, int32 count) const
    {
        const auto& ours = buses (direction);
        return count == static_cast<int32> (ours.size())
               && std::equal (ours.begin(), ours.end(), wanted, [] (const Bus& bus, SpeakerArrangement arrangement)
                              { return arrangementOf (bus) == arrangement; });
    }

    const Parameter* find (ParamID id) const
    {
        return id < description.parameters.size() ? &description.parameters[id] : nullptr;
    }

    /** Main thread. */
    std::span<const double> readPlainValues()
    {
        for (std::size_t i = 0; i < plainValues.size(); ++i)
            plainValues[i] = description.parameters[i].toPlain (processed[i]);

        return plainValues;
    }

    void apply (std::size_t index) noexcept
    {
        plugin->parameterChanged (static_cast<int> (index), description.parameters[index].toPlain (processed[index]));
    }

    void applyAll() noexcept
    {
        for (std::size_t i = 0; i < processed.size(); ++i)
            apply (i);
    }

    /** The channels of all buses in a row; what a host leaves out is silence, or goes unheard. */
    Block connect (const ProcessData& data) noexcept
    {
        Block block;
        block.in.fill (silence.data());
        block.out.fill (unheard.data());

        const auto connectBuses =
            [] (const std::vector<Bus>& ours, const AudioBusBuffers* theirs, int32 numTheirs, auto& channels)
        {
            std::size_t channel = 0;

            for (std::size_t b = 0; b < ours.size(); ++b)
            {
                for (int32 c = 0; c < ours[b].channels && channel < channels.size(); ++c, ++channel)
                {
                    if (static_cast<int32> (b) < numTheirs && c < theirs[b].numChannels
                        && theirs[b].channelBuffers32 != nullptr && theirs[b].channelBuffers32[c] != nullptr)
                        channels[channel] = theirs[b].channelBuffers32[c];
                }
            }
        };

        connectBuses (description.inputs, data.inputs, data.numInputs, block.in);
        connectBuses (description.outputs, data.outputs, data.numOutputs, block.out);

        for (int32 b = 0; b < data.numOutputs; ++b)
            data.outputs[b].silenceFlags = 0;

        if (data.processContext != nullptr && (data.processContext->state & ProcessContext::kTempoValid) != 0
            && data.processContext->tempo > 0.0)
            block.tempo = data.processContext->tempo;

        return block;
    }

    /** Applies every parameter point and event due at or before a position (parameters first: a note hears the new value)
        and tells where the next one is, or the end of the block. Each list is in order by itself, so a cursor into each
        merges them without a copy. */
    int32 applyChangesAt (int32 position, const ProcessData& data) noexcept
    {
        // What is due at the very end or later belongs to the last sample: nothing is lost.
        const auto isDue = [&] (int32 offset) { return offset <= position || position == data.numSamples; };
        auto next = data.numSamples;

        if (auto* changes = data.inputParameterChanges)
        {
            const auto numQueues = std::min (changes->getParameterCount(), static_cast<int32> (cursors.size()));

            for (int32 q = 0; q < numQueues; ++q)
            {
                auto* queue = changes->getParameterData (q);

                if (queue == nullptr || find (queue->getParameterId()) == nullptr)
                    continue;

                auto& cursor = cursors[static_cast<std::size_t> (q)];
                int32 offset = 0;
                ParamValue value = 0.0;

                for (; cursor < queue->getPointCount() && queue->getPoint (cursor, offset, value) == kResultOk; ++cursor)
                {
                    if (! isDue (offset))
                    {
                        next = std::min (next, offset);
                        break;
                    }

                    if (std::isfinite (value))
                    {
                        processed[queue->getParameterId()] = std::clamp (value, 0.0, 1.0);
                        apply (queue->getParameterId());
                    }
                }
            }
        }

        if (auto* events = data.inputEvents; events != nullptr && description.notesIn)
        {
            Event event{};

            for (; nextEvent < events->getEventCount() && events->getEvent (nextEvent, event) == kResultOk; ++nextEvent)
            {
                if (! isDue (event.sampleOffset))
                {
                    next = std::min (next, event.sampleOffset);
                    break;
                }

                plugin->handleEvent (event, data.outputEvents);
            }
        }

        return next;
    }

    const PluginClass& description;
    const std::unique_ptr<Plugin> plugin;
    std::atomic<uint32> references{ 1 };

    std::vector<std::atomic<double>> processed;
    std::vector<std::atomic<double>> shown;
    std::atomic<std::uint32_t> changeCount{ 0 }; ///< of `shown`
    IComponentHandler* handler = nullptr;
    std::atomic<bool> stateLoaded{ false };

    std::vector<double> plainValues;
    std::vector<int32> cursors;
    int32 nextEvent = 0;
    int32 maxBlockSize = 0;
    bool prepared = false;
    std::vector<float> silence, unheard;
};

} // namespace

FUnknown* createComponent (const PluginClass& c) { return static_cast<IComponent*> (new Component (c)); }

} // namespace vst3
