#include "CountingCallback.h"

#include <host_engine/devices/AudioDevices.h>
#include <host_engine/devices/JackDevice.h>
#include <host_engine/devices/ThreadScheduling.h>
#include <host_graph/Error.h>

#include <juce_events/juce_events.h>

#include <catch2/catch.hpp>

#include <jack/jack.h>

#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

using Catch::Matchers::Contains;

namespace
{

/** A JACK server of our own, with JACK's dummy driver, that libjack in this process finds by default. */
class Server
{
public:
    explicit Server (std::string frames = "64", std::string rate = "48000")
    {
        const auto name = "audiohost-test-" + std::to_string (::getpid());
        ::setenv ("JACK_DEFAULT_SERVER", name.c_str(), 1);
        ::setenv ("JACK_NO_AUDIO_RESERVATION", "1", 1);
        process = ::fork();

        if (process == 0)
        {
            const auto nowhere = ::open ("/dev/null", O_RDWR);
            ::dup2 (nowhere, STDOUT_FILENO);
            ::dup2 (nowhere, STDERR_FILENO);
            ::execlp ("jackd", "jackd", "-n", name.c_str(), "-R", "-P", "70", "-d", "dummy", "-r", rate.c_str(), "-p",
                      frames.c_str(), nullptr);
            ::_exit (127);
        }
    }

    ~Server() { end (SIGTERM); }

    /** Waits for its answer; false when there is none (is jackd2 installed?). */
    static bool answers()
    {
        return CountingCallback::waitUntil ([] { return host::JackDeviceType::isServerRunning(); });
    }

    void end (int signal)
    {
        if (process > 0)
        {
            ::kill (process, signal);
            ::waitpid (process, nullptr, 0);
            process = 0;
        }
    }

private:
    ::pid_t process = 0;
};

/** A second client, as another program would be. */
struct OtherClient
{
    OtherClient() : client (jack_client_open ("other", JackNoStartServer, nullptr)) {}

    ~OtherClient()
    {
        if (client != nullptr)
            jack_client_close (client);
    }

    juce::StringArray connectionsOf (const char* port) const
    {
        juce::StringArray result;

        if (auto** names = jack_port_get_all_connections (client, jack_port_by_name (client, port)))
        {
            for (auto** name = names; *name != nullptr; ++name)
                result.add (*name);

            jack_free (names);
        }

        return result;
    }

    jack_client_t* client;
};

} // namespace

TEST_CASE ("A JACK server is found, described and played to, and all ports are wired")
{
    juce::ScopedJuceInitialiser_GUI juceInitialiser;
    Server server;
    REQUIRE (Server::answers());

    host::AudioDevices devices;
    CHECK (devices.getDeviceNames ("jack") == juce::StringArray{ "system" });

    const auto spec = GENERATE ("", "jack", "JACK:system", "JACK:SYS");
    auto device = devices.open ({ spec, {}, {} });
    CHECK_THAT (device->getDescription().toStdString(), Contains ("JACK system, 48 kHz, 64 samples, 2 in 2 out, "));
    CHECK (device->getSampleRate() == 48000.0);
    CHECK (device->getBlockSize() == 64);

    CountingCallback callback;
    device->start (callback);
    CHECK (callback.rateAtStart == 48000.0);
    REQUIRE (callback.waitFor (500));
    CHECK (callback.smallest == 64);
    CHECK (callback.largest == 64);
    CHECK (callback.lastNumInputs == 2);
    CHECK (callback.lastNumOutputs == 2);
    CHECK_FALSE (callback.timeWentBack);

    OtherClient other;
    REQUIRE (other.client != nullptr);
    CHECK (other.connectionsOf ("AudioHost:out_1") == juce::StringArray{ "system:playback_1" });
    CHECK (other.connectionsOf ("AudioHost:out_2") == juce::StringArray{ "system:playback_2" });
    CHECK (other.connectionsOf ("AudioHost:in_1") == juce::StringArray{ "system:capture_1" });
    CHECK (other.connectionsOf ("AudioHost:in_2") == juce::StringArray{ "system:capture_2" });

    CHECK (device->stop());
    CHECK_FALSE (callback.calledWhileStopped);
    CHECK_FALSE (device->hasFailed());
    CHECK (device->getXrunCount() >= 0);
    CHECK (device->getOutputLatency() >= 0);
}

TEST_CASE ("JACK's own rate and block size are used, and the difference is told")
{
    juce::ScopedJuceInitialiser_GUI juceInitialiser;
    Server server ("128", "44100");
    REQUIRE (Server::answers());

    host::AudioDevices devices;
    auto device = devices.open ({ "JACK", 96000.0, 512 });
    CHECK (device->getSampleRate() == 44100.0);
    CHECK (device->getBlockSize() == 128);
    CHECK_THAT (device->getDescription().toStdString(),
                Contains ("44.1 kHz, 128 samples")
                    && Contains ("asked for 96 kHz and 512 samples, but the device has its own"));

    try
    {
        devices.open ({ "JACK:nobody", {}, {} });
        FAIL ("opened");
    }
    catch (const host::Error& error)
    {
        CHECK_THAT (error.what(), Contains ("--device JACK:nobody") && Contains ("use one of \"system\""));
    }
}

TEST_CASE ("A server that ends or is killed makes the device fail with a clear text, without a hang or crash")
{
    juce::ScopedJuceInitialiser_GUI juceInitialiser;
    const auto signal = GENERATE (SIGTERM, SIGKILL);
    const auto isPlaying = GENERATE (true, false);
    CAPTURE (signal, isPlaying);

    Server server;
    REQUIRE (Server::answers());
    host::AudioDevices devices;
    auto device = devices.open ({ "JACK", {}, {} });
    CountingCallback callback;

    if (isPlaying)
    {
        device->start (callback);
        REQUIRE (callback.waitFor (10));
    }

    REQUIRE_FALSE (device->hasFailed());
    server.end (signal);
    REQUIRE (CountingCallback::waitUntil ([&] { return device->hasFailed(); }));
    CHECK_THAT (device->getFailure().toStdString(), Contains ("JACK system: the JACK server has gone; "));

    // Everything may still be asked.
    CHECK (device->getSampleRate() == 48000.0);
    CHECK (device->getBlockSize() == 64);
    device->getOutputLatency();
    device->getDescription();
    CHECK (device->stop());
    CHECK (callback.stops == (isPlaying ? 1 : 0));
    device.reset();

    // And a new server is as good as the first.
    Server next ("256");
    REQUIRE (Server::answers());
    auto again = devices.open ({ "JACK", {}, {} });
    CHECK (again->getBlockSize() == 256);
    CountingCallback second;
    again->start (second);
    CHECK (second.waitFor (10));
    CHECK_FALSE (again->hasFailed());
}

TEST_CASE ("A block size that changes while we play arrives as other numbers of samples, without a restart")
{
    juce::ScopedJuceInitialiser_GUI juceInitialiser;
    Server server;
    REQUIRE (Server::answers());
    host::AudioDevices devices;
    auto device = devices.open ({ "JACK", {}, {} });
    CountingCallback callback;
    device->start (callback);
    REQUIRE (callback.waitFor (10));

    OtherClient other;
    REQUIRE (other.client != nullptr);

    for (const auto size : { 1024, 32, 512, 64 })
    {
        REQUIRE (jack_set_buffer_size (other.client, static_cast<jack_nframes_t> (size)) == 0);
        REQUIRE (CountingCallback::waitUntil ([&] { return callback.lastNumSamples == size; }));
        CHECK (device->getBlockSize() == size);
    }

    CHECK (callback.starts == 1);
    CHECK (callback.stops == 0);
    CHECK_FALSE (device->hasFailed());
    CHECK (device->stop());
}

TEST_CASE ("Rewiring us from outside neither stops nor restarts the callback, even with no wire left")
{
    juce::ScopedJuceInitialiser_GUI juceInitialiser;
    Server server;
    REQUIRE (Server::answers());
    host::AudioDevices devices;
    auto device = devices.open ({ "JACK", {}, {} });
    CountingCallback callback;
    device->start (callback);
    REQUIRE (callback.waitFor (10));

    OtherClient other;
    REQUIRE (other.client != nullptr);
    REQUIRE (jack_disconnect (other.client, "AudioHost:out_1", "system:playback_1") == 0);
    REQUIRE (jack_disconnect (other.client, "AudioHost:out_2", "system:playback_2") == 0);
    REQUIRE (jack_disconnect (other.client, "system:capture_1", "AudioHost:in_1") == 0);
    REQUIRE (jack_disconnect (other.client, "system:capture_2", "AudioHost:in_2") == 0);
    REQUIRE (callback.waitFor (callback.count + 50));
    CHECK (callback.lastNumOutputs == 2);
    CHECK (callback.lastNumInputs == 2);
    REQUIRE (jack_connect (other.client, "AudioHost:out_1", "AudioHost:in_2") == 0);
    REQUIRE (CountingCallback::waitUntil ([&] { return callback.heardSomething.load(); }));
    CHECK (callback.starts == 1);
    CHECK (callback.stops == 0);
}

TEST_CASE ("Two of us on one server do not get in each other's way")
{
    juce::ScopedJuceInitialiser_GUI juceInitialiser;
    Server server;
    REQUIRE (Server::answers());
    host::AudioDevices devices;
    auto first = devices.open ({ "JACK", {}, {} });
    auto second = devices.open ({ "JACK", {}, {} });
    CountingCallback callback;
    second->start (callback);
    REQUIRE (callback.waitFor (10));
    first.reset();
    REQUIRE (callback.waitFor (callback.count + 10));
    CHECK_FALSE (second->hasFailed());
    CHECK (devices.getDeviceNames ("JACK") == juce::StringArray{ "system" });
}

TEST_CASE ("Opening and closing JACK many times leaves nothing behind")
{
    juce::ScopedJuceInitialiser_GUI juceInitialiser;
    Server server;
    REQUIRE (Server::answers());
    host::AudioDevices devices;

    for (int i = 0; i < 30; ++i)
    {
        auto device = devices.open ({ "JACK", {}, {} });
        CountingCallback callback;
        device->start (callback);
        REQUIRE (callback.waitFor (3));
    }

    OtherClient other;
    REQUIRE (other.client != nullptr);
    CHECK (jack_port_by_name (other.client, "AudioHost:out_1") == nullptr);
}

TEST_CASE ("ALSA plays through JUCE's driver on a real-time thread where that is allowed")
{
    // ALSA's plugin that plays into JACK stands in for a sound card.
    auto pluginIsThere = false;

    for (auto& folder : juce::File ("/usr/lib").findChildFiles (juce::File::findDirectories, false, "*-linux-*"))
        pluginIsThere = pluginIsThere || folder.getChildFile ("alsa-lib/libasound_module_pcm_jack.so").exists();

    if (! pluginIsThere)
    {
        WARN ("libasound2-plugins is not installed: not tried");
        return;
    }

    juce::ScopedJuceInitialiser_GUI juceInitialiser;
    const juce::TemporaryFile configuration (".conf");
    REQUIRE (configuration.getFile().replaceWithText (
        "</usr/share/alsa/alsa.conf>\n"
        "pcm.card { type jack playback_ports { 0 system:playback_1 1 system:playback_2 } "
        "capture_ports { 0 system:capture_1 1 system:capture_2 } hint { show on description \"A card, of sorts\" } }\n"));
    ::setenv ("ALSA_CONFIG_PATH", configuration.getFile().getFullPathName().toRawUTF8(), 1);

    Server server;
    REQUIRE (Server::answers());
    host::AudioDevices devices;
    auto device = devices.open ({ "alsa:of sorts", 44100.0, 256 });

    // The nearest rate it has, and that is the one it runs at.
    CHECK (device->getSampleRate() == 48000.0);
    CHECK_THAT (device->getDescription().toStdString(),
                Contains ("ALSA A card, of sorts, 48 kHz, 256 samples, 2 in 2 out") && Contains ("asked for 44.1 kHz"));

    auto allowed = false;
    std::thread ([&allowed] { allowed = host::makeThisThreadRealtime (host::RealtimePriority::audio); }).join();
    CHECK (device->isRealtime() == allowed);

    CountingCallback callback;
    device->start (callback);
    REQUIRE (callback.waitFor (100));
    CHECK (callback.smallest == 256);
    CHECK (callback.largest == 256);
    CHECK_FALSE (callback.timeWentBack);
    REQUIRE_FALSE (device->hasFailed());

    // Not tried: to end the server here. alsa-lib's JACK plugin then crashes now and then, which no card does.
    CHECK (device->stop());
    device.reset();
    ::unsetenv ("ALSA_CONFIG_PATH");
}
