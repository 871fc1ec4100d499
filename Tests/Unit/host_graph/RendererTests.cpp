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
