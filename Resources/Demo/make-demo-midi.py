#!/usr/bin/env python3
"""Writes demo.mid, the piece that AudioHost plays to a newcomer.

Run it again after a change:  python3 make-demo-midi.py [FILE]

Thirteen bars in A minor that end in A major: an arpeggio alone, then bass and chords, then a melody. Each part is a track on
a channel of its own. There are no controllers in it, and no chance: the same file comes out every time.
"""

import struct
import sys
from pathlib import Path

TEMPO = 116  # quarter notes a minute
TICKS = 480  # a quarter note
BAR = 4.0  # quarter notes

CHORDS, BASS, ARPEGGIO, MELODY = range(4)  # MIDI channels, counted from 0

# Name: root of the bass, voicing of the chords. Voices move by a step or not at all from one chord to the next.
HARMONY = {
    "Am9": (45, (55, 59, 60, 64)),
    "Fmaj9": (41, (55, 57, 60, 64)),
    "Cmaj9": (48, (55, 59, 62, 64)),
    "G6": (43, (55, 59, 62, 64)),
    "Dm9": (50, (53, 57, 60, 64)),
    "E7sus4": (40, (57, 59, 62, 64)),
    "E7": (40, (56, 59, 62, 64)),
    "A": (45, (57, 61, 64, 71)),
}

# Each bar: its chords, each with its length in quarter notes.
BARS = [
    [("Am9", 4)],
    [("Fmaj9", 4)],
    [("Am9", 4)],
    [("Fmaj9", 4)],
    [("Cmaj9", 4)],
    [("G6", 4)],
    [("Am9", 4)],
    [("Fmaj9", 4)],
    [("Dm9", 4)],
    [("E7sus4", 2), ("E7", 2)],
    [("Fmaj9", 4)],
    [("G6", 2), ("E7", 2)],
    [("A", 4)],
]

# (bar counted from 1, beat counted from 1, length in quarter notes, pitch, velocity)
TUNE = [
    (5, 4.0, 0.5, 76, 66), (5, 4.5, 0.5, 79, 72),
    (6, 1.0, 2.5, 81, 82), (6, 4.0, 0.5, 79, 66), (6, 4.5, 0.5, 74, 62),
    (7, 1.0, 1.5, 76, 80), (7, 2.5, 0.5, 74, 68), (7, 3.0, 2.0, 72, 74),
    (8, 1.5, 0.5, 72, 64), (8, 2.0, 0.5, 74, 68), (8, 2.5, 1.0, 76, 78), (8, 3.5, 1.5, 79, 84),
    (9, 1.0, 1.5, 77, 86), (9, 2.5, 0.5, 76, 74), (9, 3.0, 1.0, 74, 74), (9, 4.0, 1.0, 69, 68),
    (10, 1.0, 2.0, 71, 76), (10, 3.0, 0.5, 74, 72), (10, 3.5, 0.5, 76, 76), (10, 4.0, 1.0, 80, 86),
    (11, 1.0, 1.5, 81, 92), (11, 2.5, 0.5, 79, 78), (11, 3.0, 1.0, 76, 76), (11, 4.0, 1.0, 72, 70),
    (12, 1.0, 1.5, 74, 76), (12, 2.5, 0.5, 71, 68), (12, 3.0, 1.0, 68, 66), (12, 4.0, 1.0, 71, 70),
    (13, 1.0, 6.0, 69, 76), (13, 1.5, 5.5, 76, 62), (13, 2.0, 5.0, 81, 56),
]

# Sixteenths of a bar: which chord tone (4 and above: an octave up), and how much louder than the part.
ARPEGGIO_PATTERN = [(0, 12), (2, -4), (3, 0), (1, 8), (4, -2), (3, -8), (2, 8), (1, -6),
                    (0, 4), (2, -6), (5, 10), (3, -4), (4, 6), (3, -8), (2, 2), (1, -6)]

# Start and length in quarter notes, octaves above the root, velocity.
BASS_PATTERN = [(0.0, 1.4, 0, 84), (1.5, 0.4, 0, 66), (2.0, 0.9, 0, 76), (3.0, 0.4, 1, 70), (3.5, 0.45, 0, 62)]


class Track:
    def __init__(self, name):
        self.name = name
        self.events = []

    def note(self, channel, start, length, pitch, velocity):
        """Start and length in quarter notes."""
        velocity = max(1, min(127, round(velocity)))
        begin, end = round(start * TICKS), round((start + length) * TICKS)
        # At the same tick a note ends before the next begins.
        self.events.append((begin, 1, bytes([0x90 | channel, pitch, velocity])))
        self.events.append((end, 0, bytes([0x80 | channel, pitch, 0])))

    def encode(self):
        name = self.name.encode("ascii")
        data = b"\x00\xff\x03" + variable_length(len(name)) + name
        now = 0
        for tick, _, message in sorted(self.events):
            data += variable_length(tick - now) + message
            now = tick
        data += b"\x00\xff\x2f\x00"
        return b"MTrk" + struct.pack(">I", len(data)) + data


class TempoTrack(Track):
    def __init__(self, name):
        super().__init__(name)
        self.events.append((0, 0, b"\xff\x51\x03" + round(60_000_000 / TEMPO).to_bytes(3, "big")))
        self.events.append((0, 1, b"\xff\x58\x04\x04\x02\x18\x08"))  # 4/4


def variable_length(value):
    encoded = bytes([value & 0x7F])
    while value := value >> 7:
        encoded = bytes([0x80 | (value & 0x7F)]) + encoded
    return encoded


def write_chords(track):
    for bar, chords in enumerate(BARS):
        if bar < 2:  # the arpeggio has the first two bars to itself
            continue
        start = bar * BAR
        for name, length in chords:
            last = name == "A"
            for voice, pitch in enumerate(HARMONY[name][1]):
                # Rolled a little from below, and ended in time to breathe.
                roll = (0.06 if last else 0.012) * voice
                track.note(CHORDS, start + roll, (6.0 if last else length - 0.1) - roll, pitch, 50 + 2 * bar / 3 + voice)
            start += length


def write_bass(track):
    for bar, chords in enumerate(BARS):
        if bar == 0:
            continue
        first = bar * BAR
        if bar == len(BARS) - 1:
            track.note(BASS, first, 6.0, HARMONY["A"][0] - 12, 84)
            continue
        for start, length, octave, velocity in BASS_PATTERN:
            name = chords[-1][0] if len(chords) > 1 and start >= 2.0 else chords[0][0]
            root = HARMONY[name][0] - (12 if HARMONY[name][0] >= 48 else 0)
            track.note(BASS, first + start, length, root + 12 * octave, velocity - (14 if bar == 1 else 0))


def write_arpeggio(track):
    for bar, chords in enumerate(BARS[:-1]):
        for sixteenth, (tone, accent) in enumerate(ARPEGGIO_PATTERN):
            name = chords[-1][0] if len(chords) > 1 and sixteenth >= 8 else chords[0][0]
            pitches = [p + 12 for p in HARMONY[name][1]]
            pitch = pitches[tone % 4] + 12 * (tone // 4)
            # Soft at first, up to the melody's entry, then behind it.
            level = (44, 50, 56, 60)[bar] if bar < 4 else 52
            track.note(ARPEGGIO, bar * BAR + sixteenth / 4, 0.22, pitch, level + accent)
    for step, pitch in enumerate((69, 73, 76, 81, 83, 88)):
        track.note(ARPEGGIO, (len(BARS) - 1) * BAR + step / 4, 0.6, pitch, 58 - 4 * step)


def write_melody(track):
    for bar, beat, length, pitch, velocity in TUNE:
        track.note(MELODY, (bar - 1) * BAR + beat - 1, length * 0.95, pitch, velocity)


def main():
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("demo.mid")
    parts = {"Chords": write_chords, "Bass": write_bass, "Arpeggio": write_arpeggio, "Melody": write_melody}
    tracks = [TempoTrack("AudioHost demo")]
    for name, write in parts.items():
        tracks.append(Track(name))
        write(tracks[-1])
    header = b"MThd" + struct.pack(">IHHH", 6, 1, len(tracks), TICKS)
    file.write_bytes(header + b"".join(track.encode() for track in tracks))


if __name__ == "__main__":
    main()
