#include "EngineFixture.h"
#include "StreamFiles.h"

#include <catch2/catch.hpp>
#include <host_engine/host_engine.h>
#include <rt_guard/rt_guard.h>

#include <cstring>
#include <fcntl.h>
#include <future>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using Catch::Matchers::Contains;

namespace
{

/** A node as an engine drives it. */
struct Recorder
{
    Recorder (const juce::File& file, int numChannels, const host::PrepareInfo& info)
        : node (file, numChannels), channels (numChannels)
    {
        node.prepare (info);
    }

    /** The samples from that one on, in blocks of that size, each within a real-time scope. */
    void record (std::int64_t from, std::int64_t length, int blockSize, bool isPlaying = true)
    {
        for (std::int64_t done = 0; done < length;)
        {
            const auto count = int (std::min (std::int64_t (blockSize), length - done));
            std::vector<std::vector<float>> block;
            block.assign (std::size_t (channels), std::vector<float> (std::size_t (count), 0.0f));
            std::vector<float*> pointers;

            for (int channel = 0; channel < channels; ++channel)
            {
                for (int i = 0; i < count; ++i)
                    block[std::size_t (channel)][std::size_t (i)] = StreamFiles::noise (channel, from + done + i);

                pointers.push_back (block[std::size_t (channel)].data());
            }

            juce::MidiBuffer midi;
            host::TransportPosition transport;
            transport.samples = from + done;
            transport.playing = isPlaying;
            host::ProcessContext context{ pointers.data(), channels, count, midi, transport };
            const rt::guard::RealtimeScope scope (1);
            node.process (context);
            done += count;
        }
    }

    host::RecorderNode node;
    int channels;
};

void requireNoise (const juce::AudioBuffer<float>& samples, int place, std::int64_t from, int length)
{
    for (int channel = 0; channel < samples.getNumChannels(); ++channel)
        for (int i = 0; i < length; ++i)
            if (samples.getSample (channel, place + i) != StreamFiles::noise (channel, from + i))
                FAIL ("channel " << channel << ", sample " << place + i);
}

const host::PrepareInfo live{ 48000.0, 512, false }, offline{ 48000.0, 512, true };

/** What somebody reads from a pipe. */
struct PipeReader
{
    explicit PipeReader (const juce::File& file) : path (file.getFullPathName().toStdString())
    {
        REQUIRE (::mkfifo (path.c_str(), 0600) == 0);
    }

    /** Opens it, waits for the gate, and reads until nobody writes any more. */
    std::future<std::string> readAll (std::shared_future<void> gate) const
    {
        return std::async (std::launch::async,
                           [this, gate]
                           {
                               const auto descriptor = ::open (path.c_str(), O_RDONLY);
                               gate.wait();
                               std::string bytes;
                               std::vector<char> piece (65536);

                               for (ssize_t count = 0; (count = ::read (descriptor, piece.data(), piece.size())) > 0;)
                                   bytes.append (piece.data(), std::size_t (count));

                               ::close (descriptor);
                               return bytes;
                           });
    }

    std::string path;
};

float sampleOf (const std::string& bytes, std::size_t frame, std::size_t channel)
{
    float value = 0.0f;
    std::memcpy (&value, bytes.data() + host::RecordingFile::headerBytes + (frame * 2 + channel) * sizeof (float),
                 sizeof (float));
    return value;
}
} // namespace

TEST_CASE ("a recorder writes every sample, in any blocks, without a violation")
{
    const juce::ScopedJuceInitialiser_GUI juce;
    StreamFiles files;
    const auto file = files.folder.getChildFile ("take.wav");
    const auto info = GENERATE (live, offline);
    const auto numChannels = GENERATE (1, 2, 8);
    rt::guard::warmUp();
    rt::guard::setMode (rt::guard::Mode::count);
    rt::guard::reset();

    {
        Recorder recorder (file, numChannels, info);
        recorder.record (0, 100000, 333);
        recorder.record (500, 700, 512, false); // stopped: not recorded
        recorder.record (100000, 50000, 512);
        recorder.node.finish();
        CHECK (recorder.node.getLost() == 0);
        CHECK (rt::guard::getSnapshot().total == 0);
        rt::guard::reset();
    }

    const auto take = host::AudioFile::load (file);
    CHECK (take.sampleRate == 48000.0);
    REQUIRE (take.samples.getNumChannels() == numChannels);
    REQUIRE (take.samples.getNumSamples() == 150000);
    requireNoise (take.samples, 0, 0, 150000);
}

TEST_CASE ("a recorder does not come to rest in silence, as other nodes do")
{
    StreamFiles files;
    const auto file = files.folder.getChildFile ("take.wav");
    const auto blockSize = GENERATE (64, 500);
    GraphEngine graph ({ 48000.0, 512, true });
    graph.addInput (1);
    const auto node = graph.add (2, host::NodeRole::processor, std::make_unique<host::RecorderNode> (file, 1));
    graph.connect ("1:0", "2:0");
    graph.apply();
    graph.engine.setPlaying (true);
    graph.play (10001, blockSize, 0.5f);
    graph.play (300003, blockSize, 0.0f); // six seconds
    graph.play (5005, blockSize, 0.25f);
    graph.play (200002, blockSize, 0.0f);
    static_cast<host::RecorderNode&> (*node->processor).finish();

    const auto take = host::AudioFile::load (file);
    REQUIRE (take.samples.getNumSamples() == 10001 + 300003 + 5005 + 200002);
    auto numOther = 0;

    for (int i = 0; i < take.samples.getNumSamples(); ++i)
    {
        const auto expected = i < 10001 ? 0.5f : i < 310004 ? 0.0f : i < 315009 ? 0.25f : 0.0f;
        numOther += take.samples.getSample (0, i) == expected ? 0 : 1;
    }

    CHECK (numOther == 0);
}

TEST_CASE ("a recorder leaves what is there until the first sample comes")
{
    StreamFiles files;
    const auto file = files.make ("take.wav", 2, 100, 44100.0, StreamFiles::noise, 16);

    {
        Recorder recorder (file, 2, live);
        recorder.record (0, 1000, 64, false);
        recorder.node.finish();
    }

    CHECK (host::AudioFile::load (file).sampleRate == 44100.0);

    {
        Recorder recorder (file, 2, live);
        recorder.record (0, 10, 10);
    } // its end is as good as finish()

    CHECK (host::AudioFile::load (file).samples.getNumSamples() == 10);
}

TEST_CASE ("what is being recorded can be read all the time")
{
    StreamFiles files;
    const auto file = files.folder.getChildFile ("take.wav");
    Recorder recorder (file, 2, live);
    int last = 0;

    for (int i = 0; i < 40; ++i)
    {
        recorder.record (i * 4800, 4800, 480);
        std::this_thread::sleep_for (std::chrono::milliseconds (3));

        if (! file.existsAsFile() || file.getSize() <= 80)
            continue;

        // As another program sees it at this moment, and as it would find it if this one were killed now.
        const auto take = host::AudioFile::load (file);
        CHECK (take.samples.getNumSamples() >= last);
        last = take.samples.getNumSamples();
        requireNoise (take.samples, 0, 0, last);
    }

    CHECK (last > 0);
}

TEST_CASE ("a recorder on a pipe that takes nothing for more than two seconds of sound loses nothing")
{
    StreamFiles files;
    const auto file = files.folder.getChildFile ("pipe");
    const PipeReader reader (file);
    std::promise<void> gate;
    auto bytes = reader.readAll (gate.get_future().share());

    Recorder recorder (file, 2, live);
    recorder.record (0, 3 * 48000, 64); // 1.1 MB; the pipe holds 64 KiB
    gate.set_value();
    recorder.record (3 * 48000, 48000, 64);
    recorder.node.finish();
    CHECK (recorder.node.getLost() == 0);

    const auto result = bytes.get();
    REQUIRE (result.size() == host::RecordingFile::headerBytes + 4 * 48000 * 8);
    CHECK (result.substr (0, 4) == "RIFF");

    for (std::size_t i = 0; i < 4 * 48000; ++i)
        if (sampleOf (result, i, 0) != StreamFiles::noise (0, std::int64_t (i))
            || sampleOf (result, i, 1) != StreamFiles::noise (1, std::int64_t (i)))
            FAIL ("sample " << i);
}

TEST_CASE ("what a ring cannot hold is counted, and silence takes its place")
{
    StreamFiles files;
    const auto file = files.folder.getChildFile ("pipe");
    const PipeReader reader (file);
    std::promise<void> gate;
    auto bytes = reader.readAll (gate.get_future().share());

    Recorder recorder (file, 2, live);
    recorder.record (0, 20 * 48000, 64);
    const auto lost = recorder.node.getLost();
    CHECK (lost > 5 * 48000);
    CHECK (lost < 11 * 48000); // a part of the ring is words in front of messages
    gate.set_value();

    // What comes when there is room again lies where it belongs.
    auto end = 20 * 48000;

    for (auto before = recorder.node.getLost();; before = recorder.node.getLost())
    {
        recorder.record (end, 64, 64);
        end += 64;

        if (recorder.node.getLost() == before)
            break;

        std::this_thread::sleep_for (std::chrono::milliseconds (1));
    }

    recorder.node.finish();
    const auto result = bytes.get();
    REQUIRE (result.size() == host::RecordingFile::headerBytes + std::size_t (end) * 8);
    std::uint64_t numSilent = 0;

    for (std::size_t i = 0; i < std::size_t (end); ++i)
    {
        const auto isSilent = sampleOf (result, i, 0) == 0.0f && sampleOf (result, i, 1) == 0.0f;
        numSilent += isSilent ? 1 : 0;

        if (! isSilent && sampleOf (result, i, 1) != StreamFiles::noise (1, std::int64_t (i)))
            FAIL ("sample " << i);
    }

    CHECK (numSilent == recorder.node.getLost());
}

TEST_CASE ("offline a recorder waits for a slow pipe, and its wait is no violation")
{
    const juce::ScopedJuceInitialiser_GUI juce;
    StreamFiles files;
    rt::guard::warmUp();
    rt::guard::setMode (rt::guard::Mode::count);
    const auto file = files.folder.getChildFile ("pipe");
    const PipeReader reader (file);
    std::promise<void> gate;
    auto bytes = reader.readAll (gate.get_future().share());
    Recorder recorder (file, 2, offline);
    const auto later = std::async (std::launch::async,
                                   [&]
                                   {
                                       std::this_thread::sleep_for (std::chrono::milliseconds (200));
                                       gate.set_value();
                                   });
    rt::guard::reset();
    recorder.record (0, 30 * 48000, 512); // three rings
    recorder.node.finish();
    CHECK (rt::guard::getSnapshot().total == 0);
    rt::guard::reset();
    CHECK (recorder.node.getLost() == 0);
    CHECK (bytes.get().size() == host::RecordingFile::headerBytes + 30 * 48000 * 8);
}

TEST_CASE ("a pipe whose reader has gone is an error, and not the program's end")
{
    StreamFiles files;
    const auto file = files.folder.getChildFile ("pipe");
    const PipeReader pipe (file);
    const auto descriptor = ::open (pipe.path.c_str(), O_RDONLY | O_NONBLOCK);
    Recorder recorder (file, 2, live);
    recorder.record (0, 4800, 64);
    char byte = 0;

    while (::read (descriptor, &byte, 1) != 1)
        std::this_thread::sleep_for (std::chrono::milliseconds (1));

    ::close (descriptor);
    recorder.record (0, 48000, 64);
    CHECK_THROWS_WITH (recorder.node.finish(), Contains ("pipe: cannot be recorded to: Broken pipe"));
}

TEST_CASE ("two recorders do not write one file")
{
    StreamFiles files;
    const auto file = files.folder.getChildFile ("take.wav");
    Recorder first (file, 2, live);
    first.record (0, 4800, 64);

    while (! file.existsAsFile() || file.getSize() < 1000)
        std::this_thread::sleep_for (std::chrono::milliseconds (1));

    {
        Recorder second (file, 2, live);
        second.record (0, 4800, 64);
        CHECK_THROWS_WITH (second.node.finish(), Contains ("another recorder is writing it"));
    }

    first.node.finish();
    CHECK (host::AudioFile::load (file).samples.getNumSamples() == 4800);
}

TEST_CASE ("a recording goes on in a file of its own when the rate changes")
{
    StreamFiles files;
    const auto file = files.folder.getChildFile ("take.wav");
    Recorder recorder (file, 2, live);
    recorder.record (0, 1000, 64);
    recorder.node.prepare ({ 48000.0, 128, false }); // smaller blocks: nothing new
    recorder.record (1000, 1000, 64);
    recorder.node.prepare ({ 44100.0, 512, false });
    recorder.record (5000, 300, 64);
    recorder.node.finish();
    CHECK (host::AudioFile::load (file).samples.getNumSamples() == 2000);
    const auto second = host::AudioFile::load (files.folder.getChildFile ("take-2.wav"));
    CHECK (second.sampleRate == 44100.0);
    CHECK (second.samples.getNumSamples() == 300);
    requireNoise (second.samples, 0, 5000, 300);
}

TEST_CASE ("recordings of more than 4 GB have a header that says so")
{
    StreamFiles files;
    const auto numFrames =
        GENERATE (std::int64_t (536870901), std::int64_t (536870902), std::int64_t (536870912), std::int64_t (700000000));
    CAPTURE (numFrames);
    const auto file = files.folder.getChildFile ("long.wav");
    const auto header = host::RecordingFile::makeHeader (2, 48000.0, numFrames * 8);
    file.replaceWithData (header.data(), header.size());
    REQUIRE (::truncate (file.getFullPathName().toRawUTF8(), off_t (header.size()) + numFrames * 8) == 0); // takes no room

    // A sample at its end.
    {
        const auto descriptor = ::open (file.getFullPathName().toRawUTF8(), O_WRONLY);
        const float value = 0.75f;
        REQUIRE (::pwrite (descriptor, &value, sizeof (value), off_t (header.size()) + numFrames * 8 - 4) == 4);
        ::close (descriptor);
    }

    const auto reader = host::AudioFile::open (file);
    REQUIRE (reader->lengthInSamples == numFrames);
    CHECK (reader->numChannels == 2);
    juce::AudioBuffer<float> end (2, 1);
    REQUIRE (reader->read (&end, 0, 1, numFrames - 1, true, true));
    CHECK (end.getSample (1, 0) == 0.75f);
    CHECK (std::string (header.data(), 4) == (numFrames > 536870901 ? "RF64" : "RIFF"));
}
