// 32 stereo stems of ten minutes from the disk, on the Virtual device at 64 frames: played by the program, by file players alone,
// and through juce::BufferingAudioSource, each in a process of its own, whose memory is told.
//
//     stress_stream_stems [SECONDS [STEMS [PROGRAM]]]     plays for so long; the files are as long as that, too

#include <host_engine/devices/VirtualDevice.h>
#include <host_engine/host_engine.h>
#include <nlohmann/json.hpp>
#include <rt_guard/rt_guard.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace
{
constexpr double rate = 48000.0;
constexpr int blockSize = 64;
constexpr double bufferedSeconds = 4.0; ///< by JUCE's; ours reads as far ahead with 32 stems
constexpr long mostKiloBytes = 128 * 1024;

struct Counts
{
    std::uint64_t blocks = 0, underruns = 0;
};

/** What is heard and how often it was late. Audio thread. */
class Stem
{
public:
    virtual ~Stem() = default;
    virtual bool play (float* left, float* right, std::int64_t position) noexcept = 0;
};

class OurStem : public Stem
{
public:
    explicit OurStem (const juce::File& file) : node (file, {}) { node.prepare ({ rate, blockSize, false }); }

    bool play (float* left, float* right, std::int64_t position) noexcept override
    {
        float* channels[] = { left, right };
        host::TransportPosition transport;
        transport.samples = position;
        transport.playing = true;
        host::ProcessContext context{ channels, 2, blockSize, midi, transport };
        const auto before = node.getUnderruns();
        node.process (context);
        return node.getUnderruns() == before;
    }

private:
    host::FilePlayerNode node;
    juce::MidiBuffer midi;
};

class JuceStem : public Stem
{
public:
    JuceStem (const juce::File& file, juce::TimeSliceThread& thread)
        : source (host::AudioFile::open (file).release(), true),
          buffering (&source, thread, false, int (bufferedSeconds * rate))
    {
        buffering.prepareToPlay (blockSize, rate);
    }

    bool play (float* left, float* right, std::int64_t) noexcept override
    {
        float* channels[] = { left, right };
        juce::AudioBuffer<float> buffer (channels, 2, blockSize);
        const juce::AudioSourceChannelInfo info (&buffer, 0, blockSize);
        const auto isReady = buffering.waitForNextAudioBlockReady (info, 0);
        buffering.getNextAudioBlock (info);
        return isReady;
    }

private:
    juce::AudioFormatReaderSource source;
    juce::BufferingAudioSource buffering;
};

class Playing : public juce::AudioIODeviceCallback
{
public:
    explicit Playing (std::vector<std::unique_ptr<Stem>>& stemsToPlay) : stems (stemsToPlay) {}

    void audioDeviceIOCallbackWithContext (const float* const*, int, float* const* outputs, int numOutputs, int numSamples,
                                           const juce::AudioIODeviceCallbackContext&) override
    {
        const rt::guard::RealtimeScope scope (counts.blocks);

        for (int channel = 0; channel < numOutputs; ++channel)
            juce::FloatVectorOperations::clear (outputs[channel], numSamples);

        for (auto& stem : stems)
        {
            counts.underruns += stem->play (left.data(), right.data(), std::int64_t (counts.blocks) * blockSize) ? 0u : 1u;

            for (int channel = 0; channel < numOutputs; ++channel)
                juce::FloatVectorOperations::addWithMultiply (outputs[channel], channel == 0 ? left.data() : right.data(),
                                                              0.02f, numSamples);
        }

        ++counts.blocks;
    }

    void audioDeviceAboutToStart (juce::AudioIODevice*) override {}
    void audioDeviceStopped() override {}

    Counts counts;

private:
    std::vector<std::unique_ptr<Stem>>& stems;
    std::array<float, blockSize> left{}, right{};
};

/** Noise of 16 bits. */
void makeStem (const std::string& path, int seconds)
{
    const auto numBytes = std::uint32_t (seconds) * 192000u;
    std::string header ("RIFF....WAVEfmt \20\0\0\0\1\0\2\0\x80\xbb\0\0\0\xee\2\0\4\0\20\0data....", 44);
    const auto size = 36 + numBytes;
    std::memcpy (header.data() + 4, &size, 4);
    std::memcpy (header.data() + 40, &numBytes, 4);
    std::ofstream file (path, std::ios::binary);
    file << header;
    std::vector<std::int16_t> second (96000);
    std::uint32_t state = 1;

    for (int i = 0; i < seconds; ++i)
    {
        for (auto& value : second)
        {
            state = state * 1664525u + 1013904223u;
            value = std::int16_t (int (state >> 22) - 512); // 36 dB below the most: there are many of them
        }

        file.write (reinterpret_cast<const char*> (second.data()), 192000);
    }

    if (! file.flush())
    {
        std::perror (path.c_str());
        std::exit (1);
    }
}

void forget (const std::string& path)
{
    const auto descriptor = ::open (path.c_str(), O_RDONLY);
    ::fdatasync (descriptor);
    ::posix_fadvise (descriptor, 0, 0, POSIX_FADV_DONTNEED);
    ::close (descriptor);
}

long findMostKiloBytes()
{
    std::ifstream status ("/proc/self/status");

    for (std::string line; std::getline (status, line);)
        if (line.starts_with ("VmHWM:"))
            return std::stol (line.substr (6));

    return 0;
}

/** What is to be without a fault in ours, and is only told of JUCE's. */
struct Result
{
    Counts counts;
    std::uint64_t xruns = 0, violations = 0;
    long kiloBytes = 0;

    bool isFine() const
    {
        return counts.blocks > 0 && counts.underruns == 0 && violations == 0 && kiloBytes <= mostKiloBytes;
    }

    void print (const char* name, int numStems) const
    {
        std::printf ("%-28s %d stems, %llu blocks: %llu underruns, %llu xruns, %.1f MB at most, %llu violations\n", name,
                     numStems, static_cast<unsigned long long> (counts.blocks),
                     static_cast<unsigned long long> (counts.underruns), static_cast<unsigned long long> (xruns),
                     double (kiloBytes) / 1024.0, static_cast<unsigned long long> (violations));
        std::fflush (stdout);
    }
};

/** The program itself, its report with all else that is in it included. */
bool playWithProgram (const std::string& program, const std::string& folder, int seconds, int numStems)
{
    auto nodes = nlohmann::json::array(), wires = nlohmann::json::array();
    nodes.push_back ({ { "id", 1 }, { "type", "audioOutput" } });

    for (int i = 0; i < numStems; ++i)
    {
        const auto id = std::to_string (i + 2);
        nodes.push_back ({ { "id", i + 2 }, { "type", "filePlayer" }, { "file", std::to_string (i) + ".wav" } });

        for (const auto* channel : { ":0", ":1" })
            wires.push_back ({ { "from", id + channel }, { "to", std::string ("1") + channel } });
    }

    const auto session = folder + "/stems.audiohost", report = folder + "/report.json";
    std::ofstream (session) << nlohmann::json{ { "audiohost", 1 }, { "nodes", nodes }, { "connections", wires } };
    const auto child = ::fork();

    if (child == 0)
    {
        ::execl (program.c_str(), program.c_str(), "play", session.c_str(), "--device", "Virtual", "--rate", "48000",
                 "--block", "64", "--seconds", std::to_string (seconds).c_str(), "--report", report.c_str(), nullptr);
        ::_exit (127);
    }

    int status = 0;
    rusage usage{};
    ::wait4 (child, &status, 0, &usage);

    if (! WIFEXITED (status) || WEXITSTATUS (status) != 0)
        return false;

    const auto told = nlohmann::json::parse (std::ifstream (report));
    const Result result{
        { told["blocks"], told["cache"]["underruns"] }, told["xruns"], told["guard"]["total"], usage.ru_maxrss
    }; // never less than this process had at the fork, which is little
    result.print ("AudioHost play", numStems);
    return result.isFine();
}

int play (const std::string& folder, bool isOurs, int seconds, int numStems)
{
    const juce::ScopedJuceInitialiser_GUI juce;
    rt::guard::warmUp();
    rt::guard::setMode (rt::guard::Mode::count);
    juce::TimeSliceThread thread ("JUCE reads");
    thread.startThread();

    Result result;

    {
        std::vector<std::unique_ptr<Stem>> stems;

        for (int i = 0; i < numStems; ++i)
        {
            const juce::File file (folder + "/" + std::to_string (i) + ".wav");

            if (isOurs)
                stems.push_back (std::make_unique<OurStem> (file));
            else
                stems.push_back (std::make_unique<JuceStem> (file, thread));
        }

        Playing playing (stems);
        host::VirtualDevice device;
        juce::BigInteger outputs;
        outputs.setRange (0, 2, true);
        device.open ({}, outputs, rate, blockSize);
        device.start (&playing);
        std::this_thread::sleep_for (std::chrono::seconds (seconds));
        device.stop();
        result.counts = playing.counts;
        result.xruns = std::uint64_t (device.getXRunCount());
    }

    result.kiloBytes = findMostKiloBytes();
    result.violations = rt::guard::getSnapshot().total;
    result.print (isOurs ? "file players" : "juce::BufferingAudioSource", numStems);
    return ! isOurs || result.isFine() ? 0 : 1;
}

/** From the disk means: not from the system's memory. */
void forgetAll (const std::string& folder, int numStems)
{
    for (int i = 0; i < numStems; ++i)
        forget (folder + "/" + std::to_string (i) + ".wav");
}
} // namespace

int main (int numArguments, char** arguments)
{
    const auto seconds = numArguments > 1 ? std::atoi (arguments[1]) : 5;
    const auto numStems = numArguments > 2 ? std::atoi (arguments[2]) : 32;
    const auto file = juce::File::createTempFile ({});
    const auto folder = file.getFullPathName().toStdString();
    file.createDirectory();
    auto isFine = true;

    for (int i = 0; i < numStems; ++i)
        makeStem (folder + "/" + std::to_string (i) + ".wav", seconds);

    if (numArguments > 3)
    {
        forgetAll (folder, numStems);
        isFine = playWithProgram (arguments[3], folder, seconds, numStems);
    }

    for (const auto isOurs : { true, false })
    {
        forgetAll (folder, numStems);
        const auto child = ::fork();

        if (child == 0)
            ::_exit (play (folder, isOurs, seconds, numStems));

        int status = 0;
        ::waitpid (child, &status, 0);
        isFine = isFine && WIFEXITED (status) && WEXITSTATUS (status) == 0;
    }

    file.deleteRecursively();
    return isFine ? 0 : 1;
}
