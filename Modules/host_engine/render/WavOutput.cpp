#include "WavOutput.h"

#include <host_graph/Error.h>

#include <cmath>
#include <fcntl.h>
#include <sha2.h>
#include <sys/stat.h>
#include <unistd.h>

namespace host
{

static_assert (std::endian::native == std::endian::little, "the hash is of little-endian samples");

struct WavOutput::Hasher
{
    Hasher() { SHA256Init (&context); }

    SHA2_CTX context;
};

WavOutput::WavOutput (const juce::File& file, double sampleRate, int numChannels, Bits bits)
    : target (file), channelCount (numChannels), format (bits), converted (std::size_t (numChannels)),
      hasher (std::make_unique<Hasher>())
{
    struct stat status{};
    isDevice = ::stat (target.getFullPathName().toRawUTF8(), &status) == 0 && ! S_ISREG (status.st_mode);

    if (isDevice && ! S_ISCHR (status.st_mode))
        fail (S_ISDIR (status.st_mode) ? "is a folder" : "is no regular file");

    temporary = isDevice ? target : target.getSiblingFile (target.getFileName() + "." + juce::String (::getpid()) + ".part");

    auto output = std::make_unique<juce::FileOutputStream> (temporary);

    if (output->failedToOpen())
        fail (output->getStatus().getErrorMessage().toStdString());

    stream = output.get();
    writer.reset (
        juce::WavAudioFormat().createWriterFor (output.get(), sampleRate, unsigned (numChannels), int (bits), {}, 0));

    if (writer == nullptr)
        fail ("a WAV file cannot hold " + std::to_string (numChannels) + " channels at this rate");

    output.release(); // the writer has it now
}

WavOutput::~WavOutput()
{
    writer = nullptr;

    if (! isFinished && ! isDevice)
        temporary.deleteFile();
}

void WavOutput::fail (const std::string& why) const
{
    // A write that stops half way leaves no error of the system's.
    throw Error (target.getFullPathName().toStdString(),
                 "cannot be written: " + (why.empty() ? "a part of it fits, the rest does not" : why),
                 "check the folder, who may write there, and the free space", Error::Kind::failed);
}

void WavOutput::write (const float* const* channels, int numSamples)
{
    interleaved.resize (std::size_t (numSamples) * std::size_t (channelCount));

    for (int channel = 0; channel < channelCount; ++channel)
        for (int i = 0; i < numSamples; ++i)
            interleaved[std::size_t (i * channelCount + channel)] = channels[channel][i];

    SHA256Update (&hasher->context, reinterpret_cast<const std::uint8_t*> (interleaved.data()),
                  interleaved.size() * sizeof (float));

    std::vector<const int*> pointers;

    for (int channel = 0; channel < channelCount; ++channel)
    {
        if (format == Bits::float32)
        {
            pointers.push_back (reinterpret_cast<const int*> (channels[channel]));
            continue;
        }

        // Rounded here and not by the writer, whose scaling would not return the samples of a PCM file unchanged.
        const auto shift = 32 - int (format);
        const auto scale = double (1u << (int (format) - 1));
        auto& samples = converted[std::size_t (channel)];
        samples.resize (std::size_t (numSamples));

        for (int i = 0; i < numSamples; ++i)
        {
            const auto sample = channels[channel][i];
            clipped += std::uint64_t (std::abs (sample) > 1.0f);
            const auto value = std::clamp (std::nearbyint (double (sample) * scale), -scale, scale - 1.0);
            samples[std::size_t (i)] = int (unsigned (int (value)) << shift);
        }

        pointers.push_back (samples.data());
    }

    pointers.push_back (nullptr);

    if (numSamples > 0 && ! writer->write (pointers.data(), numSamples))
        fail (stream->getStatus().getErrorMessage().toStdString());
}

void WavOutput::finish()
{
    // A device cannot be synced; going back to its start writes out what is buffered all the same.
    if (isDevice)
        stream->setPosition (0);
    else if (! writer->flush())
        fail (stream->getStatus().getErrorMessage().toStdString());
    else
        stream->flush();

    if (const auto status = stream->getStatus(); status.failed())
        fail (status.getErrorMessage().toStdString());

    writer = nullptr; // rewrites the header, whose size is the same
    stream = nullptr;

    if (! isDevice)
    {
        const auto path = temporary.getFullPathName().toStdString();
        const auto fd = ::open (path.c_str(), O_RDONLY | O_CLOEXEC);
        const auto isSynced = fd >= 0 && ::fsync (fd) == 0;
        const auto reason = std::string (std::strerror (errno));

        if (fd >= 0)
            ::close (fd);

        if (! isSynced)
            fail (reason);

        if (::rename (path.c_str(), target.getFullPathName().toRawUTF8()) != 0)
            fail (std::strerror (errno));
    }

    char hex[SHA256_DIGEST_STRING_LENGTH]{};
    hash = SHA256End (&hasher->context, hex);
    isFinished = true;
}

} // namespace host
