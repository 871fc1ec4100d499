#include "Doctor.h"

#include "../devices/JackDevice.h"
#include "../devices/MonotonicClock.h"
#include "../devices/ThreadScheduling.h"

#include <juce_gui_basics/juce_gui_basics.h>

#include <algorithm>
#include <cmath>
#include <thread>
#include <utility>

#include <grp.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace host
{

namespace
{

DoctorCheck checkResult (const char* name, bool ok, const juce::String& value, const juce::String& cure)
{
    return { name, ok, value, ok ? juce::String() : cure };
}

juce::String limitText (rlim_t limit)
{
    return limit == RLIM_INFINITY ? juce::String ("unlimited") : juce::String (static_cast<juce::uint64> (limit));
}

/** Runs the work on a thread of its own, so that what it changes about its scheduling ends with it. */
template <typename Work>
void onScratchThread (Work&& work)
{
    std::thread (std::forward<Work> (work)).join();
}

} // namespace

Doctor::Doctor (juce::File rootToUse) : root (std::move (rootToUse)) {}

std::vector<DoctorCheck> Doctor::examine() const
{
    return { checkScheduling(), checkMemoryLock(), checkAudioGroup(), checkCores(),   checkGovernor(),
             checkSwappiness(), checkKernel(),     checkThrottling(), checkTimer(),   checkSoundCard(),
             checkSequencer(),  checkJack(),       checkPipeWire(),   checkDisplay(), checkFonts() };
}

DoctorCheck Doctor::checkScheduling() const
{
    auto granted = false;
    onScratchThread ([&granted] { granted = makeThisThreadRealtime (RealtimePriority::audio); });

    rlimit limit{};
    getrlimit (RLIMIT_RTPRIO, &limit);

    return checkResult ("realtime-scheduling", granted,
                        granted ? juce::String (limit.rlim_cur == 0 ? "allowed (root or CAP_SYS_NICE)"
                                                                    : "allowed up to " + limitText (limit.rlim_cur))
                                : juce::String ("refused"),
                        "Put the line \"@audio - rtprio 95\" into /etc/security/limits.d/95-audio.conf, join the group with "
                        "\"sudo usermod -aG audio $USER\", then log out and in.");
}

DoctorCheck Doctor::checkMemoryLock() const
{
    // Enough for our buffers and a good sampler; less makes JACK's clients and plugins that lock their memory fail.
    constexpr rlim_t enough = rlim_t (512) << 20;

    rlimit limit{};
    getrlimit (RLIMIT_MEMLOCK, &limit);
    const auto isRoot = geteuid() == 0;

    return checkResult (
        "memory-lock", isRoot || limit.rlim_cur >= enough,
        isRoot ? juce::String ("unlimited (root)")
               : (limit.rlim_cur == RLIM_INFINITY ? juce::String ("unlimited") : limitText (limit.rlim_cur / 1024) + " KiB"),
        "Put the line \"@audio - memlock unlimited\" into /etc/security/limits.d/95-audio.conf, then log out and "
        "in.");
}

DoctorCheck Doctor::checkAudioGroup() const
{
    if (geteuid() == 0)
        return checkResult ("audio-group", true, "not needed by root", {});

    const auto* group = getgrnam ("audio");

    if (group == nullptr)
        return checkResult ("audio-group", true, "unknown (no such group)", {});

    std::vector<gid_t> groups (static_cast<std::size_t> (std::max (0, getgroups (0, nullptr))) + 1);
    groups.resize (static_cast<std::size_t> (std::max (0, getgroups (static_cast<int> (groups.size()), groups.data()))));
    const auto isMember =
        getegid() == group->gr_gid || std::find (groups.begin(), groups.end(), group->gr_gid) != groups.end();

    return checkResult (
        "audio-group", isMember, isMember ? "member" : "not a member",
        "Run \"sudo usermod -aG audio $USER\", then log out and in: sound cards and real-time limits belong to "
        "that group.");
}

DoctorCheck Doctor::checkCores() const
{
    const auto cores = std::max (1u, std::thread::hardware_concurrency());

    return checkResult ("cores", cores >= 2, juce::String (cores),
                        "Use a machine with two cores or more: on one, every window that is drawn competes with the sound.");
}

DoctorCheck Doctor::checkGovernor() const
{
    juce::StringArray governors;

    for (auto& cpu : file ("sys/devices/system/cpu").findChildFiles (juce::File::findDirectories, false, "cpu*"))
        if (const auto governor = cpu.getChildFile ("cpufreq/scaling_governor").loadFileAsString().trim();
            governor.isNotEmpty())
            governors.addIfNotAlreadyThere (governor);

    governors.sort (false);
    const auto ok = governors.isEmpty() || (governors.size() == 1 && governors[0] == "performance");

    return checkResult (
        "cpu-governor", ok, governors.isEmpty() ? juce::String ("unknown") : governors.joinIntoString (", "),
        "Run \"echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor\" before you "
        "play: a core that first has to speed up is late.");
}

DoctorCheck Doctor::checkSwappiness() const
{
    const auto text = read ("proc/sys/vm/swappiness");
    const auto swaps = juce::StringArray::fromLines (read ("proc/swaps"));

    // The first line is the heading.
    const auto hasSwap = swaps.size() > 1;

    if (text.isEmpty())
        return checkResult ("swappiness", true, "unknown", {});

    return checkResult (
        "swappiness", ! hasSwap || text.getIntValue() <= 10, text + (hasSwap ? "" : " (no swap)"),
        "Run \"sudo sysctl vm.swappiness=10\", and put vm.swappiness=10 into /etc/sysctl.d/90-audio.conf to keep "
        "it: a sample that has been swapped out is a click.");
}

DoctorCheck Doctor::checkKernel() const
{
    utsname name{};
    uname (&name);

    const auto commandLine = juce::StringArray::fromTokens (read ("proc/cmdline"), false);
    const auto configuration = juce::StringArray::fromLines (read ("boot/config-" + juce::String (name.release)));
    const juce::String version (name.version);
    const auto isRealtime = read ("sys/kernel/realtime") == "1" || version.contains ("PREEMPT_RT");
    const auto threadedInterrupts = commandLine.contains ("threadirqs");

    // Of several, the kernel heeds the last.
    juce::String chosen;

    for (auto& argument : commandLine)
        if (argument.startsWith ("preempt="))
            chosen = argument.fromFirstOccurrenceOf ("=", false, false);

    const auto isDynamic = version.contains ("PREEMPT_DYNAMIC");
    const auto isPreemptible =
        isRealtime || chosen == "full"
        || (chosen.isEmpty()
            && (configuration.contains ("CONFIG_PREEMPT=y") || (version.contains ("PREEMPT") && ! isDynamic)));

    juce::String hertz;

    for (auto& line : configuration)
        if (line.startsWith ("CONFIG_HZ="))
            hertz = line.fromFirstOccurrenceOf ("=", false, false);

    const auto preemption = isRealtime            ? juce::String ("PREEMPT_RT")
                            : chosen.isNotEmpty() ? "preempt=" + chosen
                            : isPreemptible       ? juce::String ("PREEMPT")
                            : isDynamic           ? juce::String ("PREEMPT_DYNAMIC, its default")
                                                  : juce::String ("no preemption");

    const auto value = juce::String (name.release) + ", " + preemption + (threadedInterrupts ? ", threadirqs" : "")
                       + (hertz.isNotEmpty() ? ", HZ " + hertz : juce::String());

    return checkResult ("kernel", isPreemptible, value,
                        isDynamic ? juce::String ("Add \"preempt=full threadirqs\" to GRUB_CMDLINE_LINUX_DEFAULT in "
                                                  "/etc/default/grub, run \"sudo update-grub\" and restart; or install "
                                                  "linux-image-rt-amd64. In a virtual machine this is up to its host.")
                                  : juce::String ("Install linux-image-rt-amd64 and restart: this kernel does not let sound "
                                                  "interrupt its own work. In a virtual machine this is up to its host."));
}

DoctorCheck Doctor::checkThrottling() const
{
    const auto runtime = read ("proc/sys/kernel/sched_rt_runtime_us"), period = read ("proc/sys/kernel/sched_rt_period_us");

    if (runtime.isEmpty() || period.isEmpty())
        return checkResult ("realtime-throttling", true, "unknown", {});

    const auto microseconds = runtime.getLargeIntValue(), outOf = period.getLargeIntValue();

    return checkResult (
        "realtime-throttling", microseconds < 0 || microseconds * 10 >= outOf * 9,
        microseconds < 0 ? juce::String ("off") : runtime + " of " + period + " us",
        "Run \"sudo sysctl kernel.sched_rt_runtime_us=950000\": real-time threads are stopped for part of every "
        "second.");
}

DoctorCheck Doctor::checkTimer() const
{
    constexpr std::size_t numWakes = 200;
    constexpr std::int64_t interval = 1'000'000;
    std::vector<std::int64_t> lateness (numWakes);
    auto realtime = false;

    onScratchThread (
        [&]
        {
            realtime = makeThisThreadRealtime (RealtimePriority::audio);
            auto due = monotonicNanoseconds();

            for (auto& late : lateness)
            {
                due += interval;
                sleepUntilMonotonic (due);
                const auto now = monotonicNanoseconds();
                late = std::max<std::int64_t> (0, now - due);

                // Each wake is judged by itself.
                due = std::max (due, now - interval);
            }
        });

    std::sort (lateness.begin(), lateness.end());
    const auto p99 = lateness[numWakes * 99 / 100];

    return checkResult (
        "timer", p99 <= interval,
        "99 % of wakes at most " + juce::String (p99 / 1000) + " us late, all at most "
            + juce::String (lateness.back() / 1000) + " us" + (realtime ? "" : ", without real-time scheduling"),
        realtime ? "Play with blocks of 256 samples or more, close other programs, and look at the kernel and "
                   "governor lines; a virtual machine cannot do much better."
                 : "Cure realtime-scheduling first.");
}

bool Doctor::hasSoundCard() const { return juce::CharacterFunctions::isDigit (read ("proc/asound/cards")[0]); }

DoctorCheck Doctor::checkSoundCard() const
{
    juce::StringArray cards;

    // " 0 [PCH            ]: HDA-Intel - HDA Intel PCH", then a line with more.
    for (auto& line : juce::StringArray::fromLines (file ("proc/asound/cards").loadFileAsString()))
        if (line.contains ("]: "))
            cards.add (line.fromFirstOccurrenceOf ("]: ", false, false).trim());

    return checkResult (
        "sound-card", ! cards.isEmpty(), cards.isEmpty() ? juce::String ("none") : cards.joinIntoString (", "),
        "Connect a sound card; until then \"--device Virtual\" runs everything without sound, and \"render\" "
        "writes files.");
}

DoctorCheck Doctor::checkSequencer() const
{
    const auto present = file ("dev/snd/seq").exists();

    return checkResult ("midi-sequencer", present, present ? "/dev/snd/seq" : "absent",
                        "Run \"sudo modprobe snd-seq\" to have MIDI inputs and outputs, and put snd-seq into "
                        "/etc/modules-load.d/audio.conf to keep it.");
}

DoctorCheck Doctor::checkJack() const
{
    const auto running = JackDeviceType::isServerRunning();
    const auto card = hasSoundCard();

    // With a card, ALSA does.
    return checkResult (
        "jack-server", running || card, running ? "running" : (card ? "not running; ALSA is used" : "not running"),
        "Start \"jackd -R -d dummy -r 48000 -p 64\" if you want to play with other audio programs on a machine "
        "without a sound card.");
}

DoctorCheck Doctor::checkPipeWire() const
{
    const auto runtimeFolder = juce::SystemStats::getEnvironmentVariable ("XDG_RUNTIME_DIR", {});
    const auto running =
        runtimeFolder.isNotEmpty() && file (runtimeFolder.trimCharactersAtStart ("/") + "/pipewire-0").exists();
    const auto installed = file ("usr/bin/pipewire").exists();
    const auto actsAsJack = file ("usr/bin/pw-jack").exists();

    return checkResult ("pipewire", ! running || actsAsJack,
                        juce::String (running ? "running" : (installed ? "installed, not running" : "not installed"))
                            + (actsAsJack ? ", pw-jack is there" : ""),
                        "Install pipewire-jack and start with \"pw-jack AudioHost\": through PipeWire's ALSA the latency is "
                        "higher.");
}

DoctorCheck Doctor::checkDisplay() const
{
    const auto present = ! juce::Desktop::getInstance().getDisplays().displays.isEmpty();

    return checkResult (
        "display", present, present ? "present: the desktop app is available" : "none",
        "Only the desktop app needs one: log in on a desktop, use \"ssh -X\", or run it under Xvfb. All commands "
        "work without.");
}

DoctorCheck Doctor::checkFonts() const
{
    auto found = false;

    for (auto* folder : { "usr/share/fonts", "usr/local/share/fonts" })
        for (const auto& entry : juce::RangedDirectoryIterator (file (folder), true, "*.ttf;*.otf;*.pfb",
                                                                juce::File::findFiles, juce::File::FollowSymlinks::noCycles))
            if (found = entry.getFile().existsAsFile(); found)
                break;

    return checkResult ("fonts", found, found ? "present" : "none",
                        "Run \"sudo apt-get install fonts-dejavu-core\": without a font the desktop app shows no text.");
}

juce::String Doctor::toJson (const std::vector<DoctorCheck>& checks)
{
    juce::Array<juce::var> list;

    for (auto& check : checks)
    {
        auto object = std::make_unique<juce::DynamicObject>();
        object->setProperty ("name", check.name);
        object->setProperty ("ok", check.ok);
        object->setProperty ("value", check.value);
        object->setProperty ("cure", check.cure);
        list.add (object.release());
    }

    auto document = std::make_unique<juce::DynamicObject>();
    document->setProperty ("checks", list);
    return juce::JSON::toString (document.release());
}

juce::String Doctor::toTable (const std::vector<DoctorCheck>& checks)
{
    auto width = 0, problems = 0;

    for (auto& check : checks)
        width = std::max (width, check.name.length());

    juce::String table;

    for (auto& check : checks)
    {
        table << (check.ok ? "  ok  " : "  !!  ") << check.name.paddedRight (' ', width) << "  " << check.value << "\n";

        if (! check.ok)
        {
            table << "      " << juce::String().paddedRight (' ', width) << "  -> " << check.cure << "\n";
            ++problems;
        }
    }

    if (problems == 0)
        return table + "\nThis machine is ready for real-time audio.\n";

    return table + "\n" + (problems == 1 ? juce::String ("One thing needs") : juce::String (problems) + " things need")
           + " attention (!!); the cure is under each.\n";
}

} // namespace host
