#pragma once

#include <string>
#include <vector>

/** Graphs as plain lists, for tests and benchmarks to build with whatever they examine. */
namespace shapes
{

/** What a wire's channel is when it carries MIDI. */
constexpr int midi = -1;

/** The graph's own ends, and all that is between them. */
enum class Kind
{
    audioInput,
    audioOutput,
    midiInput,
    processor
};

struct Node
{
    std::string name;
    Kind kind = Kind::processor;
    int audioInputs = 0, audioOutputs = 0;
    bool midiInput = false, midiOutput = false;
};

/** From an output of one node to an input of another; nodes are indices into Shape::nodes. */
struct Wire
{
    int fromNode = 0, fromChannel = 0;
    int toNode = 0, toChannel = 0;
};

struct Shape
{
    std::vector<Node> nodes;
    std::vector<Wire> wires;

    /** @returns its index */
    int add (Node node)
    {
        nodes.push_back (std::move (node));
        return static_cast<int> (nodes.size()) - 1;
    }

    /** So many wires side by side, channel by channel from the two given. */
    void connect (int from, int to, int numChannels, int firstFrom = 0, int firstTo = 0)
    {
        for (int i = 0; i < numChannels; ++i)
            wires.push_back ({ from, firstFrom + i, to, firstTo + i });
    }

    void connectMidi (int from, int to) { wires.push_back ({ from, midi, to, midi }); }
};

/** Stereo: the input, so many nodes one after the other, the output. */
inline Shape makeChain (int length)
{
    Shape shape;
    auto last = shape.add ({ "in", Kind::audioInput, 0, 2 });

    for (int i = 0; i <= length; ++i)
    {
        const auto next =
            shape.add (i < length ? Node{ "link", Kind::processor, 2, 2 } : Node{ "out", Kind::audioOutput, 2, 0 });
        shape.connect (last, next, 2);
        last = next;
    }

    return shape;
}

/** Stereo: the input into so many nodes side by side, all of them summed at the output. */
inline Shape makeWide (int width)
{
    Shape shape;
    const auto in = shape.add ({ "in", Kind::audioInput, 0, 2 });
    const auto out = shape.add ({ "out", Kind::audioOutput, 2, 0 });

    for (int i = 0; i < width; ++i)
    {
        const auto branch = shape.add ({ "branch", Kind::processor, 2, 2 });
        shape.connect (in, branch, 2);
        shape.connect (branch, out, 2);
    }

    return shape;
}

} // namespace shapes
