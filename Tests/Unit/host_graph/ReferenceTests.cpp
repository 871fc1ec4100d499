#include "GraphFixture.h"
#include "GraphPlayer.h"

using namespace graphtest;

namespace
{
/** The reference alone, against what can be worked out by hand. */
struct Reference : GraphFixture
{
    using Signal = std::function<float (int sample)>;

    /** The first output, in blocks of 64 or less. */
    std::vector<float> renderNext (int numSamples, int numOutputs = 1)
    {
        std::vector<float> result;

        for (int left = numSamples; left > 0;)
        {
            const auto length = std::min (left, info.maxBlockSize);
            std::vector<float> in (std::size_t (length), 0.0f), out (in), other (in);
            midiIn.clear();

            for (int i = 0; i < length; ++i)
            {
                in[std::size_t (i)] = input (now + i);

                for (const auto& event : events)
                    if (event.sample == now + i)
                        midiIn.addEvent (event.bytes.data(), int (event.bytes.size()), i);
            }

            const float* inputs[] = { in.data() };
            float* outputs[] = { out.data(), other.data() };
            reference.render ({ inputs, 1, outputs, numOutputs, length, midiIn, midiOut, {} });
            result.insert (result.end(), out.begin(), out.end());

            for (const auto event : midiOut)
                midi.push_back ({ now + event.samplePosition, { event.data, event.data + event.numBytes } });

            now += length;
            left -= length;
        }

        return result;
    }

    void edit() { reference.setModel (model); }

    void disconnect (const std::string& from, const std::string& to)
    {
        model.disconnect ({ host::PortRef::parse (from), host::PortRef::parse (to) });
    }

    /** Gives the number of the sample, from 1 on. */
    void addCounter (host::NodeId id, float start = 0.0f)
    {
        addFunction (id, { 0, 1, false, false },
                     [count = start] (host::ProcessContext& context) mutable
                     {
                         for (int i = 0; i < context.numSamples; ++i)
                             context.channels[0][i] = (count += 1.0f);
                     });
    }

    void addThrough (host::NodeId id, int latency)
    {
        NodeSpec spec;
        spec.ports = { 1, 1, false, false };
        spec.latency = latency;
        add (id, host::NodeRole::processor, std::make_unique<TestNode> (spec));
    }

    void setLatency (host::NodeId id, int latency)
    {
        static_cast<TestNode&> (*model.find (id)->processor).setLatency (latency);
    }

    ReferenceGraph reference{ info };
    Signal input = [] (int) { return 1.0f; };
    std::vector<TimedEvent> events, midi;
    juce::MidiBuffer midiIn, midiOut;
    int now = 0;
};

float part (int position) { return float (position) / 256.0f; }
} // namespace

TEST_CASE_METHOD (Reference, "reference: what is there from the start does not fade", "[reference]")
{
    addInput (1, 1);
    addOutput (2, 1);
    connect ("1:0", "2:0");
    edit();
    REQUIRE (renderNext (3) == std::vector<float>{ 1.0f, 1.0f, 1.0f });
}

TEST_CASE_METHOD (Reference, "reference: a wire fades in and out, turns in mid-fade, and is new when it had ended",
                  "[reference]")
{
    addInput (1, 1);
    addOutput (2, 1);
    edit();
    REQUIRE (renderNext (10) == std::vector<float> (10, 0.0f));

    connect ("1:0", "2:0");
    edit();
    const auto up = renderNext (300);

    for (int i = 0; i < 300; ++i)
        REQUIRE (up[std::size_t (i)] == part (std::min (256, i + 1)));

    disconnect ("1:0", "2:0");
    edit();
    const auto down = renderNext (56);
    REQUIRE (down[0] == part (255));
    REQUIRE (down[55] == part (200));

    connect ("1:0", "2:0");
    edit();
    REQUIRE (renderNext (1)[0] == part (201));

    disconnect ("1:0", "2:0");
    edit();
    const auto end = renderNext (300);
    REQUIRE (end[0] == part (200));
    REQUIRE (end[199] == part (1));
    REQUIRE (end[200] == 0.0f);
    REQUIRE (end[299] == 0.0f);

    connect ("1:0", "2:0");
    edit();
    REQUIRE (renderNext (1)[0] == part (1));
}

TEST_CASE_METHOD (Reference, "reference: the fade lies before the delay and a new wire's delay is empty", "[reference]")
{
    addInput (1, 1);
    addThrough (2, 5);
    addFunction (3, { 1, 1, false, false },
                 [] (host::ProcessContext& context) { context.channels[0][0] = 0.0f; }); // hears nothing of 2
    addOutput (4, 1);
    connect ("1:0", "2:0");
    connect ("2:0", "3:0");
    connect ("3:0", "4:0");
    edit();
    renderNext (20);

    connect ("1:0", "4:0");
    edit();
    const auto up = renderNext (300);

    for (int i = 0; i < 300; ++i)
        REQUIRE (up[std::size_t (i)] == part (std::clamp (i - 4, 0, 256)));

    disconnect ("1:0", "4:0");
    edit();
    const auto down = renderNext (300);

    for (int i = 0; i < 300; ++i)
        REQUIRE (down[std::size_t (i)] == part (std::clamp (260 - i, 0, 256)));
}

namespace
{
/** The input counts samples; beside it runs a path whose latency sets the delay of the wire that is heard. */
struct ChangingDelay : Reference
{
    ChangingDelay()
    {
        input = [] (int sample) { return float (sample + 1); };
        addInput (1, 1);
        addThrough (2, 10);
        addOutput (3, 2);
        connect ("1:0", "2:0");
        connect ("2:0", "3:1");
        connect ("1:0", "3:0");
        edit();
        renderNext (1000);
    }

    void change (int latency)
    {
        setLatency (2, latency);
        edit();
    }

    /** What a delay gives for the so many-th sample that is rendered. */
    static float late (int sample, int delay) { return float (sample + 1 - delay); }
};
} // namespace

TEST_CASE_METHOD (ChangingDelay, "reference: a change of delay fades from the one line to the other once it is filled",
                  "[reference]")
{
    change (30);
    const auto output = renderNext (400);

    for (int i = 0; i < 400; ++i)
    {
        const auto a = late (1000 + i, 10), b = late (1000 + i, 30);
        const auto q = i - 30 + 1;
        REQUIRE (output[std::size_t (i)] == (q <= 0 ? a : q >= 256 ? b : a + (b - a) * part (q)));
    }
}

TEST_CASE_METHOD (ChangingDelay, "reference: a delay that goes away leaves the samples as they are", "[reference]")
{
    change (0);
    const auto output = renderNext (300);
    REQUIRE (output[0] == late (1000, 10) + 10.0f * part (1));
    REQUIRE (output[254] == late (1254, 10) + 10.0f * part (255));
    REQUIRE (output[255] == late (1255, 0));
    REQUIRE (output[299] == late (1299, 0));
}

TEST_CASE_METHOD (ChangingDelay, "reference: a line that has not begun to sound is dropped for the next", "[reference]")
{
    change (200);
    renderNext (200); // one more sample, and it would begin
    change (50);
    const auto output = renderNext (400);
    REQUIRE (output[49] == late (1249, 10));
    REQUIRE (output[50] == late (1250, 10) - 40.0f * part (1));
    REQUIRE (output[305] == late (1505, 50));
    REQUIRE (output[399] == late (1599, 50));
}

TEST_CASE_METHOD (ChangingDelay, "reference: a change in the middle of a change fades from both together", "[reference]")
{
    change (20);
    renderNext (100); // the fade is at 80
    change (4);
    const auto output = renderNext (400);

    for (int i = 0; i < 400; ++i)
    {
        const auto t = 1100 + i;
        const auto a = late (t, 10), b = late (t, 20), c = late (t, 4);
        const auto q1 = std::min (256, i + 81), q2 = std::clamp (i - 4 + 1, 0, 256);
        const auto both = q1 == 256 ? b : a + (b - a) * part (q1);
        REQUIRE (output[std::size_t (i)] == (q2 == 256 ? c : both + (c - both) * part (q2)));
    }
}

TEST_CASE_METHOD (Reference,
                  "reference: a node that was taken out runs on until its wires have faded, and so do its sources",
                  "[reference]")
{
    addCounter (1);
    addFunction (2, { 1, 1, false, false }, [] (auto&) {});
    addOutput (3, 1);
    connect ("1:0", "2:0");
    connect ("2:0", "3:0");
    edit();
    REQUIRE (renderNext (10).back() == 10.0f);

    model.removeNode (2);
    model.removeNode (1);
    edit();
    const auto output = renderNext (300);

    for (int i = 0; i < 300; ++i)
        REQUIRE (output[std::size_t (i)] == float (11 + i) * part (std::max (0, 255 - i)));
}

TEST_CASE_METHOD (Reference, "reference: wires into a node that was taken out do not fade", "[reference]")
{
    addInput (1, 1);
    addThrough (2, 0);
    addOutput (3, 1);
    connect ("1:0", "2:0");
    connect ("2:0", "3:0");
    edit();
    renderNext (10);
    model.removeNode (2);
    edit();
    REQUIRE (renderNext (100).back() == part (156)); // and not its square
}

TEST_CASE_METHOD (Reference, "reference: of two nodes with one id both sound while the one goes and the other comes",
                  "[reference]")
{
    addCounter (1);
    addOutput (2, 1);
    connect ("1:0", "2:0");
    edit();
    renderNext (9);
    model.removeNode (1);
    addCounter (1, 1000.0f);
    connect ("1:0", "2:0");
    edit();
    const auto output = renderNext (2);
    REQUIRE (output[0] == 10.0f * part (255) + 1001.0f * part (1));
    REQUIRE (output[1] == 11.0f * part (254) + 1002.0f * part (2));
}

TEST_CASE_METHOD (Reference, "reference: a node that comes back in mid-fade goes on", "[reference]")
{
    addCounter (1);
    addOutput (2, 1);
    connect ("1:0", "2:0");
    edit();
    renderNext (9);
    const auto before = model;
    model.removeNode (1);
    edit();
    renderNext (100);
    model = before;
    edit();
    REQUIRE (renderNext (1)[0] == 110.0f * part (157));
}

TEST_CASE_METHOD (Reference, "reference: inputs add up in ascending id", "[reference]")
{
    const auto addConstant = [&] (host::NodeId id, float value)
    {
        addFunction (id, { 0, 1, false, false }, [value] (host::ProcessContext& context)
                     { juce::FloatVectorOperations::fill (context.channels[0], value, context.numSamples); });
    };

    addConstant (30, 1.0f);
    addConstant (10, 1.0e8f);
    addConstant (20, -1.0e8f);
    addOutput (40, 1);

    for (const auto* id : { "30:0", "10:0", "20:0" })
        connect (id, "40:0");

    edit();
    REQUIRE (renderNext (1)[0] == 1.0f); // 1e8 + 1 would be 1e8
}

TEST_CASE_METHOD (Reference, "reference: MIDI goes through and wires that vanish end their notes, late as they are",
                  "[reference]")
{
    addMidiInput (1);
    addInput (2, 1);
    addThrough (3, 7);
    addMidiOutput (4);
    addOutput (5, 1);
    connect ("2:0", "3:0");
    connect ("3:0", "5:0");
    connect ("1:midi", "4:midi");
    events = { { 0, { 0x92, 64, 100 } }, { 1, { 0x91, 70, 100 } }, { 2, { 0x91, 60, 100 } }, { 3, { 0x91, 61, 100 } },
               { 4, { 0x91, 61, 0 } },   { 5, { 0xb0, 64, 127 } }, { 30, { 0x91, 65, 100 } } };
    edit();
    renderNext (30);
    REQUIRE (midi.size() == 6);
    REQUIRE (midi[0] == TimedEvent{ 7, { 0x92, 64, 100 } });
    REQUIRE (midi[5] == TimedEvent{ 12, { 0xb0, 64, 127 } });

    midi.clear();
    disconnect ("1:midi", "4:midi");
    edit();
    renderNext (30);
    REQUIRE (midi
             == std::vector<TimedEvent>{ { 37, { 0x81, 60, 0 } },
                                         { 37, { 0x81, 70, 0 } },
                                         { 37, { 0x82, 64, 0 } },
                                         { 37, { 0xb0, 64, 0 } },
                                         { 37, { 0xb1, 64, 0 } },
                                         { 37, { 0xb2, 64, 0 } } });
}

TEST_CASE_METHOD (Reference, "reference: MIDI never overtakes when its delay becomes less", "[reference]")
{
    addMidiInput (1);
    addInput (2, 1);
    addThrough (3, 20);
    addMidiOutput (4);
    addOutput (5, 1);
    connect ("2:0", "3:0");
    connect ("3:0", "5:0");
    connect ("1:midi", "4:midi");
    events = { { 5, { 0x90, 60, 1 } }, { 10, { 0x90, 61, 1 } }, { 30, { 0x90, 62, 1 } } };
    edit();
    renderNext (10);
    setLatency (3, 2);
    edit();
    renderNext (50);
    REQUIRE (midi == std::vector<TimedEvent>{ { 25, { 0x90, 60, 1 } }, { 25, { 0x90, 61, 1 } }, { 32, { 0x90, 62, 1 } } });
}

TEST_CASE_METHOD (Reference, "reference: bypass fades to what comes in as late as the node, which then stops", "[reference]")
{
    input = [] (int sample) { return float (sample); };
    int samplesRun = 0;
    addInput (1, 1);
    const auto node = addFunction (
        2, { 1, 2, false, false },
        [&] (host::ProcessContext& context)
        {
            samplesRun += context.numSamples;
            context.channels[0][0] = context.channels[1][0] = -1.0f;
        },
        10);
    addOutput (3, 1);
    connect ("1:0", "2:0");
    connect ("2:0", "3:0");
    edit();
    REQUIRE (renderNext (100).back() == -1.0f);

    node->bypassed = true;
    const auto going = renderNext (320);

    for (int i = 0; i < 320; ++i)
    {
        const auto dry = float (90 + i), wet = -1.0f;
        const auto p = std::max (0, 255 - i);
        REQUIRE (going[std::size_t (i)] == (p == 0 ? dry : dry + (wet - dry) * part (p)));
    }

    REQUIRE (samplesRun == 100 + 256); // blocks of 64
    node->bypassed = false;
    REQUIRE (renderNext (1)[0] == 410.0f + (-1.0f - 410.0f) * part (1));
    REQUIRE (samplesRun == 357);
}

TEST_CASE_METHOD (Reference, "reference: what goes into a feedback node comes out the largest block later", "[reference]")
{
    addInput (1, 1);
    add (2, host::NodeRole::feedback, std::make_unique<host::FeedbackNode> (1));
    addThrough (3, 0);
    addOutput (4, 1);
    connect ("1:0", "3:0");
    connect ("2:0", "3:0");
    connect ("3:0", "2:0");
    connect ("3:0", "4:0");
    edit();
    const auto output = renderNext (300);

    for (int i = 0; i < 300; ++i)
        REQUIRE (output[std::size_t (i)] == std::min (4.0f, float (1 + i / 64))); // the node clips at 4
}

TEST_CASE_METHOD (Reference, "reference: latencies are those of the definition", "[reference]")
{
    addInput (1, 1);
    addThrough (2, 10);
    addThrough (3, 5);
    add (4, host::NodeRole::feedback, std::make_unique<host::FeedbackNode> (1));
    addOutput (5, 1);
    addOutput (6, 1);
    addThrough (7, 100); // leads nowhere
    connect ("1:0", "2:0");
    connect ("2:0", "3:0");
    connect ("1:0", "3:0");
    connect ("3:0", "4:0");
    connect ("4:0", "2:0");
    connect ("3:0", "5:0");
    connect ("1:0", "6:0");
    connect ("3:0", "7:0");
    model.find (2)->bypassed = true;
    edit();
    REQUIRE (reference.getArrival (2) == 0);
    REQUIRE (reference.getArrival (3) == 10);
    REQUIRE (reference.getArrival (4) == 15);
    REQUIRE (reference.getArrival (6) == 15);
    REQUIRE (reference.getTotalLatency() == 15);
}
