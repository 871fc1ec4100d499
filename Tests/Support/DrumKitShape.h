#pragma once

#include "GraphShape.h"

#include <array>

namespace shapes
{

/** A drum sampler's mixer with 678 nodes and 1,950 wires, a size that users of juce::AudioProcessorGraph have reported as too
    slow to edit. The kit itself is made up:

        midi in -> note filter -> 4 players -> 4 microphones -> piece bus, overheads, room -> master -> out
                   (one a piece)                                    \-> send -> reverb ------/

    A kit of 32 pieces: 14 drums (bass drums, snares, toms), 18 cymbals and percussion. A piece (21 nodes, 57 wires) has

    - a note filter and 4 players, one an articulation, each with 6 outputs: two close microphones, overhead and room in stereo;
    - a strip of trim, equaliser and compressor for each of its 4 microphones, the players being summed at the trim; the close
      ones end in a panner;
    - a bus for the panned close microphones, which goes to the master, and to the reverb by way of a send.

    The overhead and room strips of all pieces meet in two buses, which go to the master as the reverb does (6 nodes with the
    two ends, 8 wires). The drums send overhead and room to the reverb, too (56 wires). What else is played bleeds into both
    close microphones of the first snare (62 wires).
*/
inline Shape makeDrumKit()
{
    constexpr int numPieces = 32, numDrums = 14, snare = 2;
    constexpr int numPlayers = 4;

    struct Microphone
    {
        const char* name;
        int firstChannel, numChannels; // of the players
    };

    constexpr std::array<Microphone, 4> microphones{
        { { "close", 0, 1 }, { "under", 1, 1 }, { "overhead", 2, 2 }, { "room", 4, 2 } }
    };

    Shape shape;
    const auto addStereo = [&shape] (const std::string& name) { return shape.add ({ name, Kind::processor, 2, 2 }); };

    const auto midiIn = shape.add ({ "midi in", Kind::midiInput, 0, 0, false, true });
    const auto out = shape.add ({ "out", Kind::audioOutput, 2, 0 });
    const auto master = addStereo ("master"), overheads = addStereo ("overheads"), room = addStereo ("room"),
               reverb = addStereo ("reverb");

    for (const auto bus : { overheads, room, reverb })
        shape.connect (bus, master, 2);

    shape.connect (master, out, 2);

    std::vector<int> firstPlayers;
    std::array<int, 2> snareTrims{};

    for (int i = 0; i < numPieces; ++i)
    {
        const auto piece = "piece " + std::to_string (i + 1) + " ";
        const auto filter = shape.add ({ piece + "notes", Kind::processor, 0, 0, true, true });
        shape.connectMidi (midiIn, filter);

        std::vector<int> players;

        for (int j = 0; j < numPlayers; ++j)
        {
            players.push_back (shape.add ({ piece + "player", Kind::processor, 0, 6, true, false }));
            shape.connectMidi (filter, players.back());
        }

        firstPlayers.push_back (players.front());

        const auto bus = addStereo (piece + "bus");
        const auto send = addStereo (piece + "send");
        shape.connect (bus, master, 2);
        shape.connect (bus, send, 2);
        shape.connect (send, reverb, 2);

        for (std::size_t j = 0; j < microphones.size(); ++j)
        {
            const auto& [name, firstChannel, numChannels] = microphones[j];
            const auto addStage = [&, numIns = numChannels] (const char* stage)
            { return shape.add ({ piece + name + " " + stage, Kind::processor, numIns, numIns }); };

            const auto trim = addStage ("trim"), equaliser = addStage ("equaliser"), compressor = addStage ("compressor");

            for (const auto player : players)
                shape.connect (player, trim, numChannels, firstChannel);

            shape.connect (trim, equaliser, numChannels);
            shape.connect (equaliser, compressor, numChannels);

            if (numChannels == 1)
            {
                const auto panner = shape.add ({ piece + name + " panner", Kind::processor, 1, 2 });
                shape.connect (compressor, panner, 1);
                shape.connect (panner, bus, 2);

                if (i == snare)
                    snareTrims[j] = trim;
            }
            else
            {
                shape.connect (compressor, firstChannel == 2 ? overheads : room, 2);

                if (i < numDrums)
                    shape.connect (compressor, reverb, 2);
            }
        }
    }

    for (int i = 0; i < numPieces; ++i)
        for (std::size_t j = 0; j < snareTrims.size() && i != snare; ++j)
            shape.connect (firstPlayers[static_cast<std::size_t> (i)], snareTrims[j], 1, static_cast<int> (j));

    return shape;
}

} // namespace shapes
