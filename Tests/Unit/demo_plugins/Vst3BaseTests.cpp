#include <Vst3Base/Plugin.h>

#include <pluginterfaces/base/ibstream.h>
#include <pluginterfaces/base/ipluginbase.h>
#include <pluginterfaces/vst/ivstaudioprocessor.h>
#include <pluginterfaces/vst/ivstcomponent.h>
#include <pluginterfaces/vst/ivsteditcontroller.h>
#include <pluginterfaces/vst/ivstparameterchanges.h>

#include <catch2/catch.hpp>

#include <algorithm>

// The SDK's interfaces have no virtual destructor.
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

using namespace Steinberg;
using namespace Steinberg::Vst;

namespace
{

/** Writes "Level" to its output, plus 100 for each note that is held. */
class Recorder final : public vst3::Plugin
{
public:
    void parameterChanged (int index, double value) noexcept override
    {
        if (index == 0)
            level = static_cast<float> (value);
    }

    void noteOn (int, int, float) noexcept override { notes += 100.0f; }
    void noteOff (int, int) noexcept override { notes -= 100.0f; }

    void process (const vst3::Block& block) noexcept override
    {
        std::fill_n (block.out[0], block.numSamples, level + notes);
        std::copy_n (block.in[0], block.numSamples, block.out[1]);
    }

private:
    float level = 0.0f, notes = 0.0f;
};

/** On a test's stack: counts nothing. */
template <typename Interface>
class OnStack : public Interface
{
public:
    tresult PLUGIN_API queryInterface (const TUID, void**) override { return kNoInterface; }
    uint32 PLUGIN_API addRef() override { return 1; }
    uint32 PLUGIN_API release() override { return 1; }
};

class MemoryStream final : public OnStack<IBStream>
{
public:
    explicit MemoryStream (std::vector<char> initial = {}) : bytes (std::move (initial)) {}

    tresult PLUGIN_API read (void* destination, int32 wanted, int32* done) override
    {
        // A byte at a time, as a stream is allowed to.
        const auto n = std::min<std::size_t> (static_cast<std::size_t> (std::min (wanted, 1)), bytes.size() - position);
        std::copy_n (bytes.data() + position, n, static_cast<char*> (destination));
        position += n;
        *done = static_cast<int32> (n);
        return kResultOk;
    }

    tresult PLUGIN_API write (void* source, int32 size, int32* done) override
    {
        bytes.insert (bytes.end(), static_cast<char*> (source), static_cast<char*> (source) + size);
        *done = size;
        return kResultOk;
    }

    tresult PLUGIN_API seek (int64, int32, int64*) override { return kNotImplemented; }
    tresult PLUGIN_API tell (int64*) override { return kNotImplemented; }

    std::vector<char> bytes;

private:
    std::size_t position = 0;
};

struct Point
{
    int32 offset;
    ParamValue value;
};

class Changes final : public OnStack<IParameterChanges>
{
public:
    Changes (ParamID id, std::vector<Point> points) : queue (id, std::move (points)) {}

    int32 PLUGIN_API getParameterCount() override { return 1; }
    IParamValueQueue* PLUGIN_API getParameterData (int32) override { return &queue; }
    IParamValueQueue* PLUGIN_API addParameterData (const ParamID&, int32&) override { return nullptr; }

private:
    class Queue final : public OnStack<IParamValueQueue>
    {
    public:
        Queue (ParamID i, std::vector<Point> p) : id (i), points (std::move (p)) {}

        ParamID PLUGIN_API getParameterId() override { return id; }
        int32 PLUGIN_API getPointCount() override { return static_cast<int32> (points.size()); }

        tresult PLUGIN_API getPoint (int32 index, int32& offset, ParamValue& value) override
        {
            offset = points[static_cast<std::size_t> (index)].offset;
            value = points[static_cast<std::size_t> (index)].value;
            return kResultOk;
        }

        tresult PLUGIN_API addPoint (int32, ParamValue, int32&) override { return kNotImplemented; }

    private:
        const ParamID id;
        const std::vector<Point> points;
    };

    Queue queue;
};

class Notes final : public OnStack<IEventList>
{
public:
    explicit Notes (std::vector<Event> e) : events (std::move (e)) {}

    int32 PLUGIN_API getEventCount() override { return static_cast<int32> (events.size()); }

    tresult PLUGIN_API getEvent (int32 index, Event& event) override
    {
        event = events[static_cast<std::size_t> (index)];
        return kResultOk;
    }

    tresult PLUGIN_API addEvent (Event&) override { return kNotImplemented; }

    static Event on (int32 offset)
    {
        Event event{};
        event.type = Event::kNoteOnEvent;
        event.sampleOffset = offset;
        event.noteOn.velocity = 1.0f;
        return event;
    }

private:
    const std::vector<Event> events;
};

/** The recorder as a host holds it: component, processor and controller of one object. */
class Instance
{
public:
    Instance()
    {
        auto* factory = GetPluginFactory();
        PClassInfo info;
        REQUIRE (factory->countClasses() == 1);
        REQUIRE (factory->getClassInfo (0, &info) == kResultOk);
        REQUIRE (factory->createInstance (info.cid, IComponent_iid, reinterpret_cast<void**> (&component)) == kResultOk);
        REQUIRE (component->queryInterface (IAudioProcessor_iid, reinterpret_cast<void**> (&processor)) == kResultOk);
        REQUIRE (component->queryInterface (IEditController_iid, reinterpret_cast<void**> (&controller)) == kResultOk);

        ProcessSetup setup{ kRealtime, kSample32, 64, 48000.0 };
        REQUIRE (processor->setupProcessing (setup) == kResultOk);
        REQUIRE (component->setActive (1) == kResultOk);
    }

    ~Instance()
    {
        processor->release();
        controller->release();
        CHECK (component->release() == 0);
    }

    tresult process (int numSamples, IParameterChanges* changes = nullptr, IEventList* events = nullptr)
    {
        float* in[] = { input.data(), input.data() };
        float* out[] = { left.data(), right.data() };
        AudioBusBuffers inputs, outputs;
        inputs.numChannels = outputs.numChannels = 2;
        inputs.channelBuffers32 = in;
        outputs.channelBuffers32 = out;

        ProcessData data;
        data.symbolicSampleSize = kSample32;
        data.numSamples = numSamples;
        data.numInputs = data.numOutputs = 1;
        data.inputs = &inputs;
        data.outputs = &outputs;
        data.inputParameterChanges = changes;
        data.inputEvents = events;
        return processor->process (data);
    }

    IComponent* component = nullptr;
    IAudioProcessor* processor = nullptr;
    IEditController* controller = nullptr;
    std::vector<float> input = std::vector<float> (64, 0.25f);
    std::vector<float> left = std::vector<float> (64), right = std::vector<float> (64);
};

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    return { { .id = { 1, 2, 3, 4 },
               .name = "Recorder",
               .categories = "Fx",
               .inputs = { { "Input" } },
               .outputs = { { "Output" } },
               .notesIn = true,
               .notesOut = false,
               .parameters = { { .name = "Level", .unit = "dB", .minimum = -10.0, .maximum = 10.0, .defaultValue = 5.0 },
                               Parameter::choice ("Colour", { "Red", "Green", "Blue" }, 1) },
               .create = [] { return std::make_unique<Recorder>(); } } };
}

TEST_CASE ("Parameter points and notes take effect at their samples")
{
    Instance instance;
    Changes changes (0, { { 0, 0.5 }, { 10, 1.0 }, { 11, 0.0 } });
    Notes notes ({ Notes::on (11), Notes::on (63) });
    REQUIRE (instance.process (64, &changes, &notes) == kResultOk);

    for (std::size_t i = 0; i < 64; ++i)
    {
        const auto level = i < 10 ? 0.0f : i < 11 ? 10.0f : -10.0f;
        const auto held = i < 11 ? 0.0f : i < 63 ? 100.0f : 200.0f;
        REQUIRE (instance.left[i] == level + held);
        REQUIRE (instance.right[i] == 0.25f);
    }
}

TEST_CASE ("What falls behind the block's end is not lost")
{
    Instance instance;
    Changes changes (0, { { 64, 1.0 } });
    Notes notes ({ Notes::on (200) });
    REQUIRE (instance.process (64, &changes, &notes) == kResultOk);
    CHECK (instance.left[63] == 5.0f);
    REQUIRE (instance.process (64) == kResultOk);
    CHECK (instance.left[0] == 110.0f);
}

TEST_CASE ("A block without samples still takes parameters")
{
    Instance instance;
    Changes changes (0, { { 0, 1.0 } });
    REQUIRE (instance.process (0, &changes) == kResultOk);
    REQUIRE (instance.process (1) == kResultOk);
    CHECK (instance.left[0] == 10.0f);
}

TEST_CASE ("Unknown parameters and values that are no number are left out, too long a block is refused")
{
    Instance instance;
    Changes unknown (77, { { 0, 1.0 } });
    Changes notANumber (0, { { 0, std::nan ("") } });
    REQUIRE (instance.process (8, &unknown) == kResultOk);
    REQUIRE (instance.process (8, &notANumber) == kResultOk);
    CHECK (instance.left[7] == 5.0f);
    CHECK (instance.process (65) == kInvalidArgument);
}

TEST_CASE ("State goes from one instance to another")
{
    MemoryStream saved;

    {
        Instance instance;
        Changes changes (0, { { 0, 0.75 } });
        instance.process (8, &changes);
        REQUIRE (instance.component->getState (&saved) == kResultOk);
    }

    Instance instance;
    MemoryStream forComponent (saved.bytes), forController (saved.bytes);
    REQUIRE (instance.component->setState (&forComponent) == kResultOk);
    REQUIRE (instance.controller->setComponentState (&forController) == kResultOk);
    CHECK (instance.controller->getParamNormalized (0) == 0.75);
    instance.process (8);
    CHECK (instance.left[0] == 5.0f); // 0.75 of -10 to 10
    CHECK (instance.controller->getParamNormalized (1) == 0.5);
}

TEST_CASE ("Garbage in place of state changes nothing")
{
    Instance instance;
    MemoryStream original;
    REQUIRE (instance.component->getState (&original) == kResultOk);
    auto seed = 7u;
    const auto random = [&seed] { return (seed = seed * 1664525u + 1013904223u) >> 16; };

    for (std::size_t length = 0; length < original.bytes.size(); ++length)
    {
        MemoryStream cut (
            std::vector<char> (original.bytes.begin(), original.bytes.begin() + static_cast<std::ptrdiff_t> (length)));
        REQUIRE (instance.component->setState (&cut) == kResultFalse);
    }

    for (int i = 0; i < 2000; ++i)
    {
        auto bytes = original.bytes;
        bytes[random() % bytes.size()] = static_cast<char> (random());
        MemoryStream broken (bytes);
        instance.component->setState (&broken);
        REQUIRE (instance.process (8) == kResultOk);
        REQUIRE (instance.left[0] >= -10.0f);
        REQUIRE (instance.left[0] <= 10.0f);
        REQUIRE (instance.controller->getParamNormalized (0) >= 0.0);
        REQUIRE (instance.controller->getParamNormalized (0) <= 1.0);
    }
}

TEST_CASE ("Parameters read as a person would write them")
{
    const vst3::Parameter cutoff{ .name = "Cutoff",
                                  .unit = "Hz",
                                  .minimum = 20.0,
                                  .maximum = 20000.0,
                                  .defaultValue = 200.0,
                                  .curve = vst3::Parameter::Curve::exponential,
                                  .decimals = 0 };
    CHECK (cutoff.toNormalised (200.0) == Approx (1.0 / 3.0));
    CHECK (cutoff.toPlain (0.0) == Approx (20.0));
    CHECK (cutoff.toPlain (1.0) == Approx (20000.0));
    CHECK (cutoff.toText (2.0 / 3.0) == "2000");

    const auto colour = vst3::Parameter::choice ("Colour", { "Red", "Green", "Blue" }, 2);
    auto normalised = 0.0;
    CHECK (colour.toText (0.5) == "Green");
    CHECK (colour.fromText ("Blue", normalised));
    CHECK (normalised == 1.0);
    CHECK_FALSE (colour.fromText ("Mauve", normalised));

    for (const auto& text : { "2000", "2000 Hz", " 2000" })
    {
        CHECK (cutoff.fromText (text, normalised));
        CHECK (normalised == Approx (2.0 / 3.0));
    }

    CHECK_FALSE (cutoff.fromText ("nan", normalised));
    CHECK_FALSE (cutoff.fromText ("", normalised));
    CHECK (cutoff.fromText ("1e9", normalised));
    CHECK (normalised == 1.0);
}
