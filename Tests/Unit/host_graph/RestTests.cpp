#include "GraphFixture.h"

#include <array>

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

TEST_CASE_METHOD (GraphFixture,
                  "what goes past a node when it is bypassed comes in time, also while its silence is being counted",
                  "[idle]")
{
    constexpr int latency = 1000;
    const auto silentBlocks = GENERATE (1, 8, 2000); // at the end it rests
    addInput (1, 1);
    auto owned =
        std::make_unique<TailNode> (host::NodePorts{ 1, 1, false, false }, 0.0,
                                    [] (host::ProcessContext& context)
                                    { juce::FloatVectorOperations::clear (context.channels[0], context.numSamples); });
    owned->latency = latency;
    const auto node = add (2, host::NodeRole::processor, std::move (owned));
    node->prepare (info);
    addOutput (3, 1);
    connect ("1:0", "2:0");
    connect ("2:0", "3:0");
    compile();

    juce::AudioBuffer<float> silence (1, 64 * silentBlocks), later (1, 64 * 40);
    silence.clear();
    later.clear();
    auto sound = makeNoise (1, 64);
    render (silence, 1, 64);
    render (sound, 1, 64);
    render (silence, 1, 64);
    REQUIRE (node->isIdle == (silentBlocks == 2000));

    node->bypassed = true;
    later.copyFrom (0, 1024, sound, 0, 0, 64);
    const auto output = render (later, 1, 64);
    REQUIRE (isSame (output.getReadPointer (0) + 1024 + latency, sound.getReadPointer (0), 64));

    // What came before, as far as the fade into the bypass is over by then.
    const auto start = latency - 64 * (silentBlocks + 1);

    if (start > host::Fade::samples)
        REQUIRE (isSame (output.getReadPointer (0) + start, sound.getReadPointer (0), 64));

    REQUIRE (output.getMagnitude (0, latency, 1024) == 0.0f);
}
