#include "GraphFixture.h"

#include <chrono>
#include <limits>

TEST_CASE_METHOD (GraphFixture, "an unwired input is silence, and so is an unwired output")
{
    addFunction (1, { 1, 1, false, false },
                 [] (host::ProcessContext& context)
                 {
                     for (int i = 0; i < context.numSamples; ++i)
                         context.channels[0][i] += 0.5f;
                 });
    addOutput (2, 2);
    connect ("1:0", "2:0");
    compile();

    for (int i = 0; i < 3; ++i) // nothing may pile up from block to block
    {
        const auto output = render (juce::AudioBuffer<float> (0, 64), 2, 64);
        REQUIRE (output.getSample (0, 63) == 0.5f);
        REQUIRE (output.getSample (1, 63) == 0.0f);
    }
}

TEST_CASE_METHOD (GraphFixture, "several outputs add up")
{
    addInput (1, 1);
    addOutput (2, 1);
    addOutput (3, 1);
    connect ("1:0", "2:0");
    connect ("1:0", "3:0");
    compile();
    const auto input = makeNoise (1, 64);
    const auto output = render (input, 1, 64);
    REQUIRE (output.getSample (0, 10) == input.getSample (0, 10) + input.getSample (0, 10));
}

TEST_CASE_METHOD (GraphFixture, "missing device channels are silence and are not written")
{
    addInput (1, 4);
    addOutput (2, 4);

    for (const auto* channel : { ":0", ":1", ":2", ":3" })
        connect (std::string ("1") + channel, std::string ("2") + channel);

    compile();
    const auto output = render (makeNoise (2, 64), 3, 64);
    REQUIRE (output.getMagnitude (1, 0, 64) > 0.0f);
    REQUIRE (output.getMagnitude (2, 0, 64) == 0.0f);
}

TEST_CASE_METHOD (GraphFixture, "NaN and infinity reach nobody, and from the next block on their node is found, muted and counted")
{
    const auto bad = GENERATE (std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                               -std::numeric_limits<float>::infinity());
    int block = 0;
    addInput (1, 1);
    const auto node = addFunction (2, { 1, 2, false, false },
                                   [&] (host::ProcessContext& context)
                                   {
                                       if (block >= 1 && block <= 3)
                                           context.channels[0][context.numSamples / 2] = bad;

                                       ++block;
                                       juce::FloatVectorOperations::fill (context.channels[1], 0.25f, context.numSamples);
                                   });
    addOutput (3, 3);
    addOutput (4, 3);
    connect ("1:0", "2:0");
    connect ("2:0", "3:0");
    connect ("2:1", "3:1");
    connect ("1:0", "4:2");
    compile();

    const auto input = makeNoise (1, 5 * 64);
    const auto output = render (input, 3, 64);
    REQUIRE (model.find (3)->mutedBlocks == 1);
    REQUIRE (node->mutedBlocks == 2);

    for (int i = 0; i < input.getNumSamples(); ++i)
    {
        const auto isMuted = i >= 64 && i < 4 * 64;
        REQUIRE (output.getSample (0, i) == (isMuted ? 0.0f : input.getSample (0, i)));
        REQUIRE (output.getSample (1, i) == (isMuted ? 0.0f : 0.25f));
        REQUIRE (output.getSample (2, i) == input.getSample (0, i));
    }
}

TEST_CASE_METHOD (GraphFixture, "in a chain it is the node that gives NaN which is muted, not those that hear it")
{
    int block = 0;
    addInput (1, 1);
    const auto node = addFunction (2, { 1, 1, false, false },
                                   [&] (host::ProcessContext& context)
                                   {
                                       if (++block > 20)
                                           context.channels[0][5] = std::numeric_limits<float>::quiet_NaN();
                                   });
    const auto behind = addFunction (3, { 1, 1, false, false }, [] (auto&) {});
    addOutput (4, 1);
    connect ("1:0", "2:0");
    connect ("2:0", "3:0");
    connect ("3:0", "4:0");
    compile();
    const auto output = render (makeNoise (1, 24 * 64), 1, 64);
    REQUIRE (node->mutedBlocks == 3); // the first one was muted at the output
    REQUIRE (behind->mutedBlocks == 0);
    REQUIRE (output.getMagnitude (0, 20 * 64, 4 * 64) == 0.0f);
    REQUIRE (output.getMagnitude (0, 19 * 64, 64) > 0.0f);
}

TEST_CASE_METHOD (GraphFixture, "MIDI merges by sample, then by source")
{
    const auto addSource = [&] (host::NodeId id)
    {
        addFunction (id, { 0, 0, false, true },
                     [id] (host::ProcessContext& context)
                     {
                         context.midi.clear();
                         context.midi.addEvent (juce::MidiMessage::noteOn (1, int (id), 1.0f), 3);
                         context.midi.addEvent (juce::MidiMessage::noteOn (2, int (id), 1.0f), 1);
                     });
    };

    addSource (30);
    addSource (10);
    addSource (20);
    addMidiOutput (40);

    for (const auto* id : { "20", "30", "10" })
        connect (std::string (id) + ":midi", "40:midi");

    compile();
    juce::MidiBuffer events;
    render (juce::AudioBuffer<float> (0, 64), 0, 64, {}, &events);

    std::vector<std::pair<int, int>> order;

    for (const auto event : events)
        order.emplace_back (event.samplePosition, event.getMessage().getNoteNumber());

    REQUIRE (order == std::vector<std::pair<int, int>>{ { 1, 10 }, { 1, 20 }, { 1, 30 }, { 3, 10 }, { 3, 20 }, { 3, 30 } });
}

TEST_CASE_METHOD (GraphFixture, "what a node without a MIDI output leaves in its buffer reaches no other node")
{
    renderer.setMeasuring (GENERATE (false, true));
    int heard = 0;
    const auto work = [&] (host::ProcessContext& context)
    {
        heard += context.midi.getNumEvents();
        context.midi.addEvent (juce::MidiMessage::noteOn (1, 60, 1.0f), 0);
    };
    addInput (1, 1);
    addFunction (2, { 1, 1, false, false }, work);
    addFunction (3, { 1, 1, false, false }, work);
    addOutput (4, 1);
    connect ("1:0", "2:0");
    connect ("2:0", "3:0");
    connect ("3:0", "4:0");
    compile();
    render (makeNoise (1, 64 * 64), 1, 64);
    REQUIRE (heard == 0);
}

TEST_CASE_METHOD (GraphFixture, "events that do not fit are dropped and counted, never allocated for")
{
    addMidiInput (1);
    const auto through = addFunction (2, { 0, 0, true, true }, [] (auto&) {});
    addMidiOutput (3);
    connect ("1:midi", "2:midi");
    connect ("2:midi", "3:midi");
    compile();

    juce::MidiBuffer flood;

    for (int i = 0; i < 5000; ++i)
        flood.addEvent (juce::MidiMessage::noteOn (1, i % 128, 1.0f), i % 64);

    rt::guard::reset();
    juce::MidiBuffer events;
    const auto before = rt::guard::getViolationCount();
    render (juce::AudioBuffer<float> (0, 64), 0, 64, flood, &events);
    REQUIRE (rt::guard::getViolationCount() == before);

    const auto inNode = model.find (1)->droppedEvents.load();
    REQUIRE (inNode > 0);
    REQUIRE (std::uint64_t (events.getNumEvents()) + inNode == 5000);
}

TEST_CASE_METHOD (GraphFixture, "rendering allocates nothing, whatever the graph, and the guard would see it")
{
    addInput (1, 2);
    add (2, host::NodeRole::processor, std::make_unique<host::GainNode> (2));
    add (3, host::NodeRole::processor, std::make_unique<host::MixerNode> (2));
    add (4, host::NodeRole::feedback, std::make_unique<host::FeedbackNode> (2));
    add (5, host::NodeRole::processor, std::make_unique<host::ToneNode> (2));
    addLateNode (6, 33, 2);
    addMidiInput (7);
    addFunction (8, { 2, 2, true, true }, [] (auto&) {});
    addMidiOutput (9);
    addOutput (10, 2);
    bool allocates = false;
    addFunction (11, { 1, 1, false, false },
                 [&] (auto&)
                 {
                     if (allocates)
                     {
                         int* volatile escaping = new int; // or the compiler would leave both calls out
                         delete escaping;
                     }
                 });

    for (const auto& [from, to] : std::vector<std::pair<const char*, const char*>>{ { "1:0", "2:0" },
                                                                                    { "2:0", "3:0" },
                                                                                    { "5:1", "3:2" },
                                                                                    { "4:0", "3:1" },
                                                                                    { "3:0", "4:0" },
                                                                                    { "3:0", "6:0" },
                                                                                    { "6:0", "8:0" },
                                                                                    { "1:1", "8:1" },
                                                                                    { "7:midi", "8:midi" },
                                                                                    { "8:midi", "9:midi" },
                                                                                    { "8:0", "10:0" },
                                                                                    { "8:1", "10:1" },
                                                                                    { "1:0", "11:0" },
                                                                                    { "11:0", "10:0" } })
        connect (from, to);

    compile();
    renderer.warmUp (*plan);
    renderer.setMeasuring (true);

    rt::guard::setMode (rt::guard::Mode::count);
    rt::guard::warmUp();
    rt::guard::reset();
    juce::MidiBuffer midi;

    for (int i = 0; i < 200; ++i)
        midi.addEvent (juce::MidiMessage::noteOn (1, i % 128, 1.0f), i * 3);

    const auto input = makeNoise (2, 640);
    render (input, 2, 64, midi);
    render (input, 2, 17, midi);
    REQUIRE (rt::guard::getViolationCount() == 0);

    allocates = true;
    render (input, 2, 64, midi);
    const auto snapshot = rt::guard::getSnapshot();
    REQUIRE (snapshot.total == 20); // 10 blocks, a new and a delete each
    REQUIRE (snapshot.violations.front().node == 11);
}

TEST_CASE_METHOD (GraphFixture,
                  "a new node is warmed up once, in silence, for the same number of samples whatever the block size")
{
    info.maxBlockSize = GENERATE (1, 17, 64, 4096);
    int samples = 0, calls = 0;
    float loudest = 0.0f;
    const auto node = addFunction (1, { 1, 1, true, false },
                                   [&] (host::ProcessContext& context)
                                   {
                                       ++calls;
                                       samples += context.numSamples;
                                       loudest = std::max (loudest, std::abs (context.channels[0][0]));
                                   });
    compile();
    renderer.warmUp (*plan);
    REQUIRE (samples == host::SerialRenderer::warmUpSamples);
    REQUIRE (loudest == 0.0f);
    REQUIRE (node->isWarm);

    const auto before = calls;
    renderer.warmUp (*plan);
    REQUIRE (calls == before);
}

TEST_CASE_METHOD (GraphFixture, "nodes are timed in one block of 16, and in every one when asked")
{
    const auto node = addFunction (1, { 0, 1, false, false }, [] (auto&) {});
    compile();
    render (juce::AudioBuffer<float> (0, 160 * 64), 0, 64);
    REQUIRE (node->time.getCount() == 10);
    renderer.setMeasuring (true);
    render (juce::AudioBuffer<float> (0, 640), 0, 64);
    REQUIRE (node->time.getCount() == 20);
}

TEST_CASE_METHOD (GraphFixture, "what is timed is recorded, while there is a recording")
{
    addInput (1, 1);
    addFunction (2, { 1, 1, false, false }, [] (auto&) {});
    addFunction (3, { 1, 1, true, false }, [] (auto&) {});
    addOutput (4, 1);
    connect ("1:0", "2:0");
    connect ("2:0", "3:0");
    connect ("3:0", "4:0");
    compile();

    host::FlightRecorder recorder (1);
    renderer.setRecorder (recorder);
    renderer.setMeasuring (true);
    const auto start = std::chrono::steady_clock::now().time_since_epoch();
    render (makeNoise (1, 32 * 64), 1, 64);
    const auto end = std::chrono::steady_clock::now().time_since_epoch();
    recorder.freeze();
    render (makeNoise (1, 32 * 64), 1, 64);

    const auto runs = recorder.copy().runs;
    REQUIRE (runs.size() == 64);
    REQUIRE (std::chrono::nanoseconds (runs.front().startNanos) > start - std::chrono::microseconds (1));
    REQUIRE (std::chrono::nanoseconds (runs.back().startNanos) < end + std::chrono::microseconds (1));

    for (std::size_t i = 0; i < runs.size(); ++i)
    {
        REQUIRE (runs[i].block == i / 2);
        REQUIRE (runs[i].node == 2 + i % 2);
        REQUIRE (runs[i].thread == 0);
        REQUIRE (runs[i].lengthNanos >= 0);

        if (i % 2 == 1)
            REQUIRE (runs[i].startNanos >= runs[i - 1].startNanos + runs[i - 1].lengthNanos);
    }
}

namespace
{
/** Passes its input on, and says how long it sounds. */
struct TailNode : GraphFixture::FunctionNode
{
    TailNode (host::NodePorts nodePorts, std::optional<double> tail, Work nodeWork)
        : FunctionNode (nodePorts, std::move (nodeWork)), tailSeconds (tail)
    {
    }

    std::optional<double> getTailSeconds() const override { return tailSeconds; }
    void setParameter (int, float value) noexcept override { onParameter (value); }

    std::optional<double> tailSeconds;
    std::function<void (float)> onParameter = [] (float) {};
};
} // namespace

TEST_CASE_METHOD (GraphFixture,
                  "a parameter changes at its sample, for a node that begins and for one that has long been running")
{
    const auto blocksBefore = GENERATE (0, 1, 20);
    addInput (1, 1);
    float parameter = 0.0f;
    auto owned = std::make_unique<TailNode> (
        host::NodePorts{ 1, 1, false, false }, std::nullopt,
        [&] (host::ProcessContext& context)
        { juce::FloatVectorOperations::fill (context.channels[0], parameter, context.numSamples); });
    owned->onParameter = [&] (float value) { parameter = value; };
    const auto node = add (2, host::NodeRole::processor, std::move (owned));
    addOutput (3, 1);
    connect ("1:0", "2:0");
    connect ("2:0", "3:0");
    compile();
    render (makeNoise (1, 64 * blocksBefore), 1, 64);

    const host::ParameterEvent second{ 40, 0, 0.75f }, first{ 10, 0, 0.5f, &second };
    node->firstEvent = &first;
    const auto output = render (makeNoise (1, 128), 1, 64);

    for (int i = 0; i < 128; ++i)
        REQUIRE (output.getSample (0, i) == (i < 10 ? 0.0f : i < 40 ? 0.5f : 0.75f));
}

TEST_CASE_METHOD (GraphFixture, "levels are taken of all nodes while somebody looks", "[meter]")
{
    addInput (1, 1);
    const auto node = addFunction (2, { 1, 1, false, false },
                                   [] (host::ProcessContext& context)
                                   { juce::FloatVectorOperations::fill (context.channels[0], -0.5f, context.numSamples); });
    addOutput (3, 1);
    connect ("1:0", "2:0");
    connect ("2:0", "3:0");
    compile();
    juce::AudioBuffer<float> input (1, 64 * 20);
    juce::FloatVectorOperations::fill (input.getWritePointer (0), 0.25f, input.getNumSamples());
    render (input, 1, 64);
    REQUIRE (node->peaks[0] == 0.0f);

    renderer.setMetering (true);
    render (input, 1, 64);
    REQUIRE (model.find (1)->peaks[0] == 0.25f);
    REQUIRE (node->peaks[0] == 0.5f);
    REQUIRE (model.find (3)->peaks[0] == 0.5f);
}

TEST_CASE_METHOD (GraphFixture, "a node is not run once its input is silent and its tail has ended, if it says when that is",
                  "[idle]")
{
    const auto [tail, ports, sleeps] =
        GENERATE (table<std::optional<double>, host::NodePorts, bool> ({ { 0.0, { 1, 1, false, false }, true },
                                                                         { 0.5, { 1, 1, false, false }, true },
                                                                         { std::nullopt, { 1, 1, false, false }, false },
                                                                         { 0.0, { 1, 1, true, false }, false },
                                                                         { 0.0, { 0, 1, false, false }, false } }));
    int calls = 0;
    addInput (1, 1);
    add (2, host::NodeRole::processor, std::make_unique<TailNode> (ports, tail, [&] (auto&) { ++calls; }))->prepare (info);
    add (3, host::NodeRole::processor, std::make_unique<host::GainNode> (1))->prepare (info);
    addOutput (4, 1);

    if (ports.audioInputs > 0)
        connect ("1:0", "2:0");

    connect ("2:0", "3:0");
    connect ("3:0", "4:0");
    compile();

    juce::AudioBuffer<float> silence (1, 64 * 1600); // 2.1 s
    silence.clear();
    render (silence, 1, 64);
    const auto wasCalled = calls;
    calls = 0;
    render (silence, 1, 64);
    REQUIRE (calls == (sleeps ? 0 : 1600));
    REQUIRE (wasCalled > int ((1.0 + tail.value_or (0.0)) * 48000.0 / 64.0));

    // The first sound wakes it.
    auto sound = makeNoise (1, 64);
    calls = 0;
    const auto output = render (sound, 1, 64);
    REQUIRE (calls == 1);

    if (ports.audioInputs > 0)
        REQUIRE (isSame (output.getReadPointer (0), sound.getReadPointer (0), 64));
}

TEST_CASE_METHOD (GraphFixture, "a node that still sounds goes on, whatever it says of its tail", "[idle]")
{
    int calls = 0;
    addInput (1, 1);
    add (2, host::NodeRole::processor,
         std::make_unique<TailNode> (host::NodePorts{ 1, 1, false, false }, 0.0,
                                     [&] (host::ProcessContext& context)
                                     { context.channels[0][0] += ++calls % 700 == 0 ? 1.0f : 0.0f; }))
        ->prepare (info);
    addOutput (3, 1);
    connect ("1:0", "2:0");
    connect ("2:0", "3:0");
    compile();
    juce::AudioBuffer<float> silence (1, 64 * 3000);
    silence.clear();
    render (silence, 1, 64);
    REQUIRE (calls == 3000);
}

TEST_CASE_METHOD (GraphFixture, "an echo comes back whole, whether the node was at rest before, or nearly, or not at all",
                  "[idle]")
{
    constexpr int delay = 24000;
    const auto silentBlocks = GENERATE (0, 10, 1120, 1600); // after 1125 it is at rest
    const auto line = std::make_shared<host::DelayLine> (delay);
    int calls = 0;
    addInput (1, 1);
    add (2, host::NodeRole::processor,
         std::make_unique<TailNode> (host::NodePorts{ 1, 1, false, false }, double (delay) / 48000.0,
                                     [&calls, line] (host::ProcessContext& context)
                                     {
                                         ++calls;
                                         line->process (context.channels[0], context.channels[0], context.numSamples);
                                     }))
        ->prepare (info);
    addOutput (3, 1);
    connect ("1:0", "2:0");
    connect ("2:0", "3:0");
    compile();

    juce::AudioBuffer<float> silence (1, 64 * 1600);
    silence.clear();

    // Twice: a node that has been woken comes to rest again.
    for (int i = 0; i < 2; ++i)
    {
        juce::AudioBuffer<float> before (1, 64 * silentBlocks);
        before.clear();
        render (before, 1, 64);
        const auto sound = makeNoise (1, 64);
        render (sound, 1, 64);
        const auto output = render (silence, 1, 64);
        REQUIRE (isSame (output.getReadPointer (0) + delay - 64, sound.getReadPointer (0), 64));
    }

    calls = 0;
    render (silence, 1, 64);
    render (silence, 1, 64);
    REQUIRE (calls < 1600);
}

TEST_CASE_METHOD (GraphFixture, "a node whose inputs come from several is woken by any one of them", "[idle]")
{
    // One comes at once, the other long after the node has come to rest again.
    constexpr int delay = 96000;
    const auto late = GENERATE (0, 1);
    const auto line = std::make_shared<host::DelayLine> (delay);
    int calls = 0;
    addInput (1, 1);
    add (2, host::NodeRole::processor, std::make_unique<host::GainNode> (1))->prepare (info);
    add (3, host::NodeRole::processor,
         std::make_unique<TailNode> (host::NodePorts{ 1, 1, false, false }, double (delay) / 48000.0,
                                     [line] (host::ProcessContext& context)
                                     { line->process (context.channels[0], context.channels[0], context.numSamples); }))
        ->prepare (info);
    add (4, host::NodeRole::processor,
         std::make_unique<TailNode> (host::NodePorts{ 2, 2, false, false }, 0.0,
                                     [&] (host::ProcessContext& context)
                                     {
                                         ++calls;

                                         for (int i = 0; i < 2; ++i)
                                             juce::FloatVectorOperations::multiply (context.channels[i], 0.5f,
                                                                                    context.numSamples);
                                     }))
        ->prepare (info);
    addOutput (5);
    connect ("1:0", "2:0");
    connect ("1:0", "3:0");
    connect ("2:0", late == 0 ? "4:1" : "4:0");
    connect ("3:0", late == 0 ? "4:0" : "4:1");
    connect ("4:0", "5:0");
    connect ("4:1", "5:1");
    compile();

    juce::AudioBuffer<float> input (1, 64 * 1600);
    input.clear();
    auto sound = makeNoise (1, 64);
    input.copyFrom (0, 0, sound, 0, 0, 64);
    const auto output = render (input, 2, 64);
    sound.applyGain (0.5f);
    REQUIRE (isSame (output.getReadPointer (1 - late), sound.getReadPointer (0), 64));
    REQUIRE (isSame (output.getReadPointer (late) + delay, sound.getReadPointer (0), 64));
    REQUIRE (calls < 1200); // it was at rest between the two
}

TEST_CASE_METHOD (GraphFixture, "a node at rest takes parameters, and is bypassed at once for what comes later", "[idle]")
{
    addInput (1, 1);
    auto owned = std::make_unique<TailNode> (
        host::NodePorts{ 1, 1, false, false }, 0.0,
        [] (host::ProcessContext& context)
        { juce::FloatVectorOperations::multiply (context.channels[0], 0.5f, context.numSamples); });
    float parameter = 0.0f;
    owned->onParameter = [&] (float value) { parameter = value; };
    auto node = add (2, host::NodeRole::processor, std::move (owned));
    node->prepare (info);
    addOutput (3, 1);
    connect ("1:0", "2:0");
    connect ("2:0", "3:0");
    compile();
    juce::AudioBuffer<float> silence (1, 64 * 1600), shorter (1, 512);
    silence.clear();
    shorter.clear();
    render (silence, 1, 64);
    REQUIRE (node->isIdle);

    const host::ParameterEvent event{ 0, 0, 0.25f };
    node->firstEvent = &event;
    render (shorter, 1, 64);
    node->firstEvent = nullptr;
    REQUIRE (parameter == 0.25f);

    render (silence, 1, 64);
    REQUIRE (node->isIdle);
    node->bypassed = true;
    render (shorter, 1, 64);
    const auto sound = makeNoise (1, 64);
    const auto output = render (sound, 1, 64);
    REQUIRE (isSame (output.getReadPointer (0), sound.getReadPointer (0), 64));
}

TEST_CASE_METHOD (GraphFixture, "behind a node at rest there is silence, whoever else uses its buffer", "[idle]")
{
    float loudest = 0.0f;
    addInput (1, 1);
    const auto resting = add (2, host::NodeRole::processor,
                              std::make_unique<TailNode> (host::NodePorts{ 1, 1, false, false }, 0.0, [] (auto&) {}));
    resting->prepare (info);
    addFunction (3, { 1, 1, false, false }, [] (auto&) {});
    addFunction (4, { 1, 1, false, false },
                 [&] (host::ProcessContext& context) {
                     loudest = std::max (loudest,
                                         juce::FloatVectorOperations::findMaximum (context.channels[0], context.numSamples));
                 });
    addFunction (5, { 2, 1, false, false }, [] (auto&) {});
    const auto loud = addFunction (6, { 1, 2, false, false },
                                   [] (host::ProcessContext& context)
                                   { juce::FloatVectorOperations::fill (context.channels[1], 1.0f, context.numSamples); });
    addOutput (7, 2);

    const std::pair<const char*, const char*> wires[]{ { "1:0", "2:0" }, { "1:0", "3:0" }, { "2:0", "4:0" },
                                                       { "3:0", "5:0" }, { "4:0", "5:1" }, { "5:0", "6:0" },
                                                       { "6:0", "7:0" }, { "6:1", "7:1" } };

    for (const auto& [from, to] : wires)
        connect (from, to);

    compile();
    REQUIRE (plan->findOp (resting.get())->channels[0] == plan->findOp (loud.get())->channels[1]);

    juce::AudioBuffer<float> silence (1, 64 * 1600);
    silence.clear();
    render (silence, 2, 64);
    REQUIRE (resting->isIdle);
    REQUIRE (loudest == 0.0f);
}

TEST_CASE_METHOD (GraphFixture, "nodes stay at rest when the graph around them changes", "[idle]")
{
    int calls = 0;
    const auto addTail = [&] (host::NodeId id)
    {
        add (id, host::NodeRole::processor,
             std::make_unique<TailNode> (host::NodePorts{ 1, 1, false, false }, 0.0, [&] (auto&) { ++calls; }))
            ->prepare (info);
    };
    const auto sound = [] (host::ProcessContext& context) { context.channels[0][0] = 1.0f; };
    addInput (1, 1);
    addFunction (2, { 0, 1, false, false }, sound);
    addTail (5);
    addTail (6);
    addOutput (7, 2);
    connect ("1:0", "5:0");
    connect ("5:0", "6:0");
    connect ("6:0", "7:0");
    connect ("2:0", "7:1");
    compile();

    juce::AudioBuffer<float> silence (1, 64 * 1600);
    silence.clear();
    render (silence, 2, 64);
    calls = 0;

    // Their places in the plan are others', which sounded.
    model.removeNode (2);

    for (int edit = 0; edit < 3; ++edit)
    {
        compile();
        render (silence, 2, 64);
    }

    REQUIRE (plan->ops.size() == 4);

    for (host::NodeId id = 10; id < 40; ++id)
        addFunction (id, { 0, 1, false, false }, sound);

    compile();
    render (silence, 2, 64);
    REQUIRE (calls == 0);
}

TEST_CASE_METHOD (GraphFixture, "a node that gives silence while its input sounds goes on, beside others that hear the same",
                  "[idle]")
{
    addInput (1, 1);
    addOutput (9, 1);
    std::array<int, 3> calls{};

    for (std::size_t i = 0; i < calls.size(); ++i)
    {
        const auto id = host::NodeId (2 + i);
        const auto work = [&count = calls[i]] (host::ProcessContext& context)
        {
            if (++count <= 3000)
                juce::FloatVectorOperations::clear (context.channels[0], context.numSamples);
        };
        add (id, host::NodeRole::processor, std::make_unique<TailNode> (host::NodePorts{ 1, 1, false, false }, 0.0, work))
            ->prepare (info);
        connect ("1:0", std::to_string (id) + ":0");
        connect (std::to_string (id) + ":0", "9:0");
    }

    compile();
    render (makeNoise (1, 64 * 3000), 1, 64);
    REQUIRE (calls == std::array<int, 3>{ 3000, 3000, 3000 });
    const auto sound = makeNoise (1, 64);
    const auto output = render (sound, 1, 64);

    for (int i = 0; i < 64; ++i)
        REQUIRE (output.getSample (0, i) == sound.getSample (0, i) + sound.getSample (0, i) + sound.getSample (0, i));
}

TEST_CASE_METHOD (GraphFixture, "behind a mix of many sources a node comes to rest, and is woken by any one of them",
                  "[idle]")
{
    constexpr host::NodeId numSources = 100, last = numSources + 10;
    const auto loud = GENERATE (0, 15, 16, 50, 99);
    auto sounds = false;
    int calls = 0;
    addInput (1, 1);
    add (last, host::NodeRole::processor,
         std::make_unique<TailNode> (host::NodePorts{ 1, 1, false, false }, 0.0, [&] (auto&) { ++calls; }))
        ->prepare (info);
    addOutput (last + 1, 1);

    for (host::NodeId i = 0; i < numSources; ++i)
    {
        add (2 + i, host::NodeRole::processor,
             std::make_unique<TailNode> (host::NodePorts{ 1, 1, false, false }, 0.0,
                                         [&, isLoud = int (i) == loud] (host::ProcessContext& context)
                                         {
                                             if (! (isLoud && sounds))
                                                 juce::FloatVectorOperations::clear (context.channels[0],
                                                                                     context.numSamples);
                                         }))
            ->prepare (info);
        connect ("1:0", std::to_string (2 + i) + ":0");
        connect (std::to_string (2 + i) + ":0", std::to_string (last) + ":0");
    }

    connect (std::to_string (last) + ":0", std::to_string (last + 1) + ":0");
    compile();

    juce::AudioBuffer<float> silence (1, 64 * 1600);
    silence.clear();
    render (silence, 1, 64);
    calls = 0;
    render (silence, 1, 64);
    REQUIRE (calls == 0);

    sounds = true;
    const auto sound = makeNoise (1, 64);
    const auto output = render (sound, 1, 64);
    REQUIRE (calls == 1);
    REQUIRE (isSame (output.getReadPointer (0), sound.getReadPointer (0), 64));
}

namespace
{
juce::AudioBuffer<float> makeOnes (int samples)
{
    juce::AudioBuffer<float> buffer (1, samples);
    juce::FloatVectorOperations::fill (buffer.getWritePointer (0), 1.0f, samples);
    return buffer;
}

float getLargestStep (const juce::AudioBuffer<float>& buffer)
{
    float step = 0.0f;

    for (int i = 1; i < buffer.getNumSamples(); ++i)
        step = std::max (step, std::abs (buffer.getSample (0, i) - buffer.getSample (0, i - 1)));

    return step;
}

constexpr auto stepOfFade = 1.0f / float (host::Fade::samples);
} // namespace

TEST_CASE_METHOD (GraphFixture, "a wire that is turned round fades out before the other way comes")
{
    addInput (1, 1);
    addFunction (2, { 1, 1, false, false }, [] (auto&) {});
    addFunction (3, { 1, 1, false, false }, [] (auto&) {});
    addOutput (4, 1);
    connect ("1:0", "2:0");
    connect ("2:0", "3:0");
    connect ("3:0", "4:0");
    compile();
    REQUIRE (render (makeOnes (128), 1, 64).getSample (0, 127) == 1.0f);

    model.disconnect ({ { 2, 0 }, { 3, 0 } });
    connect ("3:0", "2:0");
    compile();
    REQUIRE (plan->isDeferring);
    const auto output = render (makeOnes (512), 1, 64);
    REQUIRE (output.getSample (0, 0) > 0.9f);
    REQUIRE (getLargestStep (output) <= stepOfFade);
    REQUIRE (output.getSample (0, 511) == 0.0f);

    compile();
    REQUIRE_FALSE (plan->isDeferring);
    REQUIRE (std::any_of (plan->wires.begin(), plan->wires.end(),
                          [] (const auto& wire) { return wire.to->id == 2 && wire.from->id == 3; }));
}

TEST_CASE_METHOD (GraphFixture,
                  "what comes out of a new delay begins with a fade, too, long after its own wires have faded in")
{
    constexpr int delay = 1000;
    addInput (1, 1);
    addOutput (4, 1);
    connect ("1:0", "4:0");
    compile();
    render (makeOnes (128), 1, 64);

    const auto line = std::make_shared<host::DelayLine> (delay);
    add (2, host::NodeRole::processor,
         std::make_unique<TailNode> (host::NodePorts{ 1, 1, false, false }, 0.5,
                                     [line] (host::ProcessContext& context)
                                     { line->process (context.channels[0], context.channels[0], context.numSamples); }))
        ->prepare (info);
    connect ("1:0", "2:0");
    connect ("2:0", "4:0");
    compile();
    const auto output = render (makeOnes (2048), 1, 64);
    REQUIRE (output.getSample (0, delay - 1) == 1.0f);
    REQUIRE (output.getSample (0, 2047) == 2.0f);
    REQUIRE (getLargestStep (output) <= stepOfFade);
}

TEST_CASE_METHOD (GraphFixture, "what is still in a wire's delay comes out, however long the source has been silent",
                  "[idle]")
{
    constexpr int delay = 96000; // longer than the second after which the node behind it may rest
    const auto addTail = [&] (host::NodeId id, host::NodePorts ports, int latency, FunctionNode::Work work)
    {
        auto node = std::make_unique<TailNode> (ports, 0.0, std::move (work));
        node->latency = latency;
        add (id, host::NodeRole::processor, std::move (node))->prepare (info);
    };
    addInput (1, 1);
    int calls = 0;
    addTail (2, { 1, 1, false, false }, delay,
             [&] (host::ProcessContext& context)
             {
                 ++calls;
                 juce::FloatVectorOperations::clear (context.channels[0], context.numSamples);
             });
    addTail (3, { 2, 2, false, false }, 0,
             [] (host::ProcessContext& context)
             { juce::FloatVectorOperations::multiply (context.channels[1], 0.5f, context.numSamples); });
    addOutput (4, 1);
    connect ("1:0", "2:0");
    connect ("2:0", "3:0");
    connect ("1:0", "3:1");
    connect ("3:1", "4:0");
    compile();

    juce::AudioBuffer<float> input (1, 64 * 8000);
    input.clear();
    auto sound = makeNoise (1, 64);
    constexpr int start = 64 * 3000;
    input.copyFrom (0, start, sound, 0, 0, 64);
    const auto output = render (input, 1, 64);
    sound.applyGain (0.5f);
    REQUIRE (isSame (output.getReadPointer (0) + start + delay, sound.getReadPointer (0), 64));
    REQUIRE (output.getMagnitude (0, 0, start + delay) == 0.0f);
    REQUIRE (calls == 2 * ((48000 + delay) / 64 + 1) + 1); // a node that has a latency rests, too
}

TEST_CASE_METHOD (GraphFixture, "a node is warmed up although the plan that it came with was never played")
{
    addInput (1, 1);
    addOutput (2, 1);
    connect ("1:0", "2:0");
    compile();
    renderer.warmUp (*plan);

    const auto node = addFunction (3, { 1, 1, false, false }, [] (auto&) {});
    compile();
    connect ("1:0", "3:0");
    compile();
    renderer.warmUp (*plan);
    REQUIRE (node->isWarm);
    compile();
    REQUIRE (plan->newOps.empty());
}
