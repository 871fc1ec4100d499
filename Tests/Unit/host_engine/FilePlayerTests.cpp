#include "StreamFiles.h"

#include <catch2/catch.hpp>
#include <host_engine/host_engine.h>
#include <rt_guard/rt_guard.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <thread>

using Catch::Matchers::Contains;

namespace
{
constexpr double tau = 2.0 * std::numbers::pi;

/** A node as an engine drives it. */
struct Player
{
    Player (const juce::File& file, const host::FilePlayerNode::Settings& settings, const host::PrepareInfo& info)
        : node (file, settings), channels (settings.channels)
    {
        node.prepare (info);
    }

    /** Plays on, in blocks of that size, each within a real-time scope. */
    std::vector<std::vector<float>> play (std::int64_t from, int length, int blockSize)
    {
        std::vector<std::vector<float>> result;
        result.assign (std::size_t (channels), std::vector<float> (std::size_t (length), 0.0f));

        for (int done = 0; done < length;)
        {
            const auto count = std::min (blockSize, length - done);
            std::vector<float*> pointers;

            for (auto& channel : result)
                pointers.push_back (channel.data() + done);

            juce::MidiBuffer midi;
            host::TransportPosition transport;
            transport.samples = from + done;
            transport.playing = true;
            host::ProcessContext context{ pointers.data(), channels, count, midi, transport };
            const rt::guard::RealtimeScope scope (1);
            node.process (context);
            done += count;
        }

        return result;
    }

    host::FilePlayerNode node;
    int channels;
};

const host::PrepareInfo offline{ 48000.0, 16384, true };
} // namespace

TEST_CASE ("a file player gives the samples of its file, whatever the block size, and silence behind its end")
{
    StreamFiles files;
    const auto kind = GENERATE (as<std::string>(), "wav", "aiff", "flac");
    const auto bits = kind == "wav" ? 32 : 24;
    const auto file = files.make ("in." + kind, 2, 70000, 48000.0, StreamFiles::noise, bits);
    const auto expected = host::AudioFile::load (file);
    const auto blockSize = GENERATE (1, 64, 333, 16384);
    CAPTURE (kind, blockSize);

    Player player (file, {}, offline);
    const auto played = player.play (0, 71000, blockSize);

    for (int channel = 0; channel < 2; ++channel)
        for (int i = 0; i < 71000; ++i)
            if (played[std::size_t (channel)][std::size_t (i)]
                != (i < 70000 ? expected.samples.getSample (channel, i) : 0.0f))
                FAIL ("channel " << channel << ", sample " << i);
}

TEST_CASE ("an Ogg file is played as it is read as a whole")
{
    StreamFiles files;
    const auto file = files.make ("in.ogg", 2, 70000, 48000.0, StreamFiles::noise, 16);
    const auto expected = host::AudioFile::load (file);
    Player player (file, {}, offline);
    const auto played = player.play (0, 60000, 512);

    for (int i = 0; i < 60000; ++i)
        if (played[1][std::size_t (i)] != expected.samples.getSample (1, i))
            FAIL ("sample " << i);
}

TEST_CASE ("a file player begins where it is told, and loops from there")
{
    StreamFiles files;
    const auto file = files.make ("in.wav", 1, 30000, 48000.0, StreamFiles::noise, 32);
    const auto expected = host::AudioFile::load (file);
    const auto at = [&] (std::int64_t i) { return expected.samples.getSample (0, int (i)); };

    host::FilePlayerNode::Settings settings;
    settings.startSeconds = 0.25; // 12000 samples
    settings.loop = true;
    Player player (file, settings, offline);
    CHECK (player.node.getLengthSamples (48000.0) == 18000);
    const auto played = player.play (0, 60000, 500);

    for (std::size_t i = 0; i < 60000; ++i)
        if (played[0][i] != at (12000 + std::int64_t (i) % 18000) || played[1][i] != played[0][i])
            FAIL ("sample " << i); // a mono file is heard on both sides

    // From the middle of the third round.
    const auto later = player.play (41000, 100, 64);

    for (std::size_t i = 0; i < 100; ++i)
        REQUIRE (later[0][i] == at (12000 + 5000 + std::int64_t (i)));

    settings.startSeconds = 0.625; // the end
    Player silent (file, settings, offline);
    CHECK (silent.node.getLengthSamples (48000.0) == 0);

    const auto nothing = silent.play (0, 1000, 100);

    for (const auto value : nothing[0])
        REQUIRE (value == 0.0f);
}

TEST_CASE ("a loop of one sample is played")
{
    StreamFiles files;
    const auto file = files.make ("in.wav", 2, 1, 48000.0, [] (int, std::int64_t) { return 0.5f; }, 32);
    Player player (file, { 2, 0.0, true }, offline);

    const auto played = player.play (0, 3000, 512);

    for (const auto value : played[1])
        REQUIRE (value == 0.5f);
}

TEST_CASE ("a file at another rate is resampled, the same in any order and without a seam")
{
    StreamFiles files;
    const auto rate = GENERATE (44100.0, 22050.0, 96000.0, 47999.0, 11025.0);
    CAPTURE (rate);
    const auto seconds = 2.5;
    const auto sine = [rate] (int, std::int64_t i) { return float (0.5 * std::sin (tau * 1000.0 * double (i) / rate)); };
    const auto file = files.make ("in.wav", 2, std::int64_t (seconds * rate), rate, sine, 32);
    Player player (file, {}, offline);
    const auto length = int (seconds * 48000.0);
    const auto played = player.play (0, length, 480);

    // Away from the file's ends it is the sine, to the precision of 24 bits.
    double worst = 0.0;

    for (int i = 2000; i < length - 2000; ++i)
        worst = std::max (
            worst, std::abs (double (played[0][std::size_t (i)]) - 0.5 * std::sin (tau * 1000.0 * double (i) / 48000.0)));

    CHECK (worst < 2.0e-6);

    // Another player, backwards, block by block.
    Player other (file, {}, offline);

    for (int place = length - 1000; place >= 0; place -= 7777)
    {
        const auto piece = other.play (place, 1000, 1000);
        REQUIRE (std::equal (piece[1].begin(), piece[1].end(), played[1].begin() + place));
    }
}

TEST_CASE ("live, a file player is ready when it is prepared, makes no violation, and counts what is late")
{
    const juce::ScopedJuceInitialiser_GUI juce;
    StreamFiles files;
    const auto file = files.make ("in.wav", 2, 2000000, 48000.0, StreamFiles::noise, 16);
    const auto expected = host::AudioFile::load (file);
    rt::guard::warmUp();
    rt::guard::setMode (rt::guard::Mode::count);
    rt::guard::reset();

    Player player (file, {}, { 48000.0, 64, false });
    const auto before = host::DiskStreams::findShared()->getTotals();
    CHECK (before.hasStreamed);
    const auto played = player.play (0, 16000, 64);
    CHECK (player.node.getUnderruns() == 0);

    for (int i = 0; i < 16000; ++i)
        if (played[0][std::size_t (i)] != expected.samples.getSample (0, i))
            FAIL ("sample " << i);

    // Far away nothing has been read: silence, a count, and then the sound.
    const auto far = player.play (1900000, 64, 64);
    CHECK (player.node.getUnderruns() == 1);
    CHECK (std::all_of (far[0].begin(), far[0].end(), [] (float value) { return value == 0.0f; }));
    auto isThere = false;

    for (int tries = 0; tries < 2000 && ! isThere; ++tries)
    {
        std::this_thread::sleep_for (std::chrono::milliseconds (5));
        const auto again = player.play (1900000, 64, 64);
        isThere = again[0][5] == expected.samples.getSample (0, 1900005);
    }

    CHECK (isThere);
    const auto totals = host::DiskStreams::findShared()->getTotals();
    CHECK (totals.hits > before.hits);
    CHECK (totals.misses > before.misses);
    CHECK (totals.underruns - before.underruns == player.node.getUnderruns());

    const auto snapshot = rt::guard::getSnapshot();
    CHECK (snapshot.total == 0);
    rt::guard::reset();
}

TEST_CASE ("more players than the memory has room for are refused, and those that play share it")
{
    StreamFiles files;
    const auto file = files.make ("in.wav", 2, 200000, 48000.0, StreamFiles::noise, 16);
    const auto expected = host::AudioFile::load (file);
    host::DiskStreams::Limits limits;
    limits.blocks = 16; // for five
    host::DiskStreams streams (limits);
    std::vector<std::unique_ptr<host::FileStream, host::DiskTask::Ending>> players;

    const auto make = [&]
    {
        return host::FileStream::make (streams,
                                       std::make_unique<host::FileDecoder> (host::AudioFile::open (file), 2, 48000.0), {});
    };

    for (int i = 0; i < 5; ++i)
    {
        players.push_back (make());
        players.back()->prime (std::chrono::seconds (30));
    }

    CHECK_THROWS_WITH (make(), Contains ("more than 5"));
    CHECK (streams.getShare() == 3);

    // Each a block after the other, from places of their own.
    std::vector<float> left (1000, 0.0f), right (1000, 0.0f);
    float* channels[] = { left.data(), right.data() };

    for (int block = 0; block < 190; ++block)
        for (std::size_t i = 0; i < players.size(); ++i)
        {
            const auto place = (block * 1000 + int (i) * 40000) % 190000;
            players[i]->playOffline (channels, 2, 1000, place);
            REQUIRE (left[0] == expected.samples.getSample (0, place));
            REQUIRE (right[999] == expected.samples.getSample (1, place + 999));
            REQUIRE (streams.getCache().getBytesUsed() <= 16 * 65536);
        }

    players.erase (players.begin());
    players.push_back (make());
    CHECK (players.size() == 5);
    players.clear();
}

TEST_CASE ("NaN and infinity in a file are silence")
{
    StreamFiles files;
    const auto bad = [] (int, std::int64_t i)
    {
        return i == 5 ? std::nanf ("") : i == 6 ? std::numeric_limits<float>::infinity() : 0.25f;
    };
    const auto file = files.make ("in.wav", 2, 1000, 48000.0, bad, 32);
    Player player (file, {}, offline);
    const auto played = player.play (0, 10, 10);
    CHECK (played[0] == std::vector<float>{ 0.25f, 0.25f, 0.25f, 0.25f, 0.25f, 0.0f, 0.0f, 0.25f, 0.25f, 0.25f });
}

TEST_CASE ("a file that cannot be read any more is silent")
{
    host::DiskStreams::Limits limits;
    limits.blocks = 4;
    host::DiskStreams streams (limits);
    auto stream = host::FileStream::make (
        streams, std::make_unique<host::FileDecoder> (std::make_unique<BrokenReader>(), 2, 48000.0), { 0, false, "broken" });
    std::vector<float> left (100, 0.0f), right (100, 0.0f);
    float* channels[] = { left.data(), right.data() };
    left[3] = 1.0f;
    stream->playOffline (channels, 2, 100, 0);
    CHECK (left[3] == 0.0f);
    CHECK (stream->hasFailed());
    CHECK (stream->getUnderruns() == 1);
}

TEST_CASE ("sessions: file players and recorders whose files cannot be had keep their places, bad values are refused")
{
    const juce::ScopedJuceInitialiser_GUI juce;
    StreamFiles files;
    files.make ("in.wav", 2, 48000, 48000.0, StreamFiles::noise, 16);
    host::PluginFormats formats;
    rt::Collector collector;
    const auto build = [&] (const std::string& node)
    {
        const auto session =
            host::Session::parse (R"({"audiohost":1,"nodes":[{"id":1,"type":"audioInput"},{"id":2,)" + node
                                      + R"(},{"id":3,"type":"audioOutput"}],"connections":[{"from":"2:0","to":"3:1"}]})",
                                  files.folder.getChildFile ("a.audiohost"));
        return host::SessionGraph::build (session, formats, offline, collector, [] (const std::string&) {});
    };

    auto made = build (R"("type":"filePlayer","file":"in.wav","start":0.25)");
    CHECK (made.missing.empty());
    CHECK (made.notes.empty());
    REQUIRE (made.musicSeconds);
    CHECK (std::ceil (*made.musicSeconds * 48000.0) == 36000.0);

    made = build (R"("type":"filePlayer","file":"in.wav","loop":true)");
    CHECK_FALSE (made.musicSeconds);

    made = build (R"("type":"filePlayer","file":"gone.wav")");
    REQUIRE (made.missing.size() == 1);
    CHECK_THAT (made.missing[0].why, Contains ("gone.wav: there is no such file"));
    CHECK (made.graph.find (2)->ports.audioOutputs == 1);

    made = build (R"("type":"filePlayer","file":"in.wav","start":3)");
    CHECK (made.missing.empty());
    REQUIRE (made.notes.size() == 1);
    CHECK_THAT (made.notes[0], Contains ("behind the end"));

    made = build (R"("type":"filePlayer","file":"in.wav","channels":1)");
    REQUIRE (made.notes.size() == 1);
    CHECK_THAT (made.notes[0], Contains ("dropped"));

    CHECK_THROWS_WITH (build (R"("type":"filePlayer")"), Contains ("has no \"file\""));
    CHECK_THROWS_WITH (build (R"("type":"filePlayer","file":"in.wav","start":-1)"), Contains ("\"start\" is -1"));
    CHECK_THROWS_WITH (build (R"("type":"filePlayer","file":"in.wav","start":"soon")"), Contains ("\"start\""));

    // (The wire that it has in this session is from a recorder's output, which is none.)
    const auto recorder = [&] (const std::string& path)
    {
        const auto session = host::Session::parse (R"({"audiohost":1,"nodes":[{"id":2,"type":"recorder","file":")" + path
                                                       + R"("}],"connections":[]})",
                                                   files.folder.getChildFile ("a.audiohost"));
        return host::SessionGraph::build (session, formats, offline, collector, [] (const std::string&) {});
    };
    CHECK (recorder ("take.wav").missing.empty());
    CHECK_FALSE (files.folder.getChildFile ("take.wav").exists());
    made = recorder ("nowhere/take.wav");
    REQUIRE (made.missing.size() == 1);
    CHECK_THAT (made.missing[0].why, Contains ("cannot be recorded to"));
    CHECK (recorder (files.folder.getFullPathName().toStdString()).missing.size() == 1);
}
