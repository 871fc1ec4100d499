#include <host_engine/doctor/Doctor.h>

#include <juce_events/juce_events.h>

#include <catch2/catch.hpp>

#include <set>

#include <sys/utsname.h>

using Catch::Matchers::Contains;

namespace
{

/** A folder that looks like a machine's root. */
struct FakeMachine
{
    FakeMachine() { root.createDirectory(); }
    ~FakeMachine() { root.deleteRecursively(); }

    void write (const juce::String& path, const juce::String& text) const
    {
        const auto file = root.getChildFile (path);
        REQUIRE (file.getParentDirectory().createDirectory());
        REQUIRE (file.replaceWithText (text));
    }

    host::Doctor doctor() const { return host::Doctor (root); }

    const juce::File root = juce::File::createTempFile ("machine");
};

} // namespace

TEST_CASE ("The doctor's JSON has exactly the promised keys, and a cure where something is wrong")
{
    juce::ScopedJuceInitialiser_GUI juceInitialiser;
    const auto checks = host::Doctor().examine();
    const auto document = juce::JSON::parse (host::Doctor::toJson (checks));

    REQUIRE (document.getDynamicObject() != nullptr);
    REQUIRE (document.getDynamicObject()->getProperties().size() == 1);
    const auto* list = document["checks"].getArray();
    REQUIRE (list != nullptr);
    REQUIRE (list->size() == static_cast<int> (checks.size()));
    std::set<juce::String> names;

    for (auto& check : *list)
    {
        REQUIRE (check.getDynamicObject() != nullptr);
        CHECK (check.getDynamicObject()->getProperties().size() == 4);
        CHECK (check["name"].isString());
        CHECK (check["ok"].isBool());
        CHECK (check["value"].isString());
        CHECK (check["cure"].isString());
        CAPTURE (check["name"].toString().toStdString());
        CHECK (check["value"].toString().isNotEmpty());
        CHECK (check["cure"].toString().isEmpty() == static_cast<bool> (check["ok"]));
        names.insert (check["name"].toString());
    }

    CHECK (names.size() == checks.size());

    for (auto* name :
         { "realtime-scheduling", "memory-lock", "audio-group", "cores", "cpu-governor", "swappiness", "kernel",
           "realtime-throttling", "timer", "sound-card", "midi-sequencer", "jack-server", "pipewire", "display", "fonts" })
        CHECK (names.count (name) == 1);
}

TEST_CASE ("The table shows every check, and the cure under a problem")
{
    const auto table =
        host::Doctor::toTable ({ { "fine", true, "42", {} }, { "bad", false, "none", "Do this." } }).toStdString();
    CHECK_THAT (table, Contains ("ok  fine  42\n"));
    CHECK_THAT (table, Contains ("!!  bad   none\n") && Contains ("-> Do this.\n"));
    CHECK_THAT (table, Contains ("One thing needs attention"));
    CHECK_THAT (host::Doctor::toTable ({ { "fine", true, "42", {} } }).toStdString(),
                Contains ("ready for real-time audio"));
}

TEST_CASE ("What a machine does not tell is unknown, and no fault")
{
    const FakeMachine machine;
    const auto doctor = machine.doctor();
    CHECK (doctor.checkGovernor().ok);
    CHECK (doctor.checkGovernor().value == "unknown");
    CHECK (doctor.checkSwappiness().ok);
    CHECK (doctor.checkThrottling().ok);
}

TEST_CASE ("The governor is fine when all cores have performance")
{
    const FakeMachine machine;
    machine.write ("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
    machine.write ("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "performance\n");
    CHECK (machine.doctor().checkGovernor().ok);
    CHECK (machine.doctor().checkGovernor().value == "performance");

    machine.write ("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "powersave\n");
    const auto check = machine.doctor().checkGovernor();
    CHECK_FALSE (check.ok);
    CHECK (check.value == "performance, powersave");
    CHECK_THAT (check.cure.toStdString(), Contains ("scaling_governor"));
}

TEST_CASE ("Swappiness matters only where there is swap")
{
    const FakeMachine machine;
    machine.write ("proc/sys/vm/swappiness", "60\n");
    machine.write ("proc/swaps", "Filename Type Size Used Priority\n");
    CHECK (machine.doctor().checkSwappiness().ok);

    machine.write ("proc/swaps", "Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n");
    CHECK_FALSE (machine.doctor().checkSwappiness().ok);

    machine.write ("proc/sys/vm/swappiness", "10\n");
    CHECK (machine.doctor().checkSwappiness().ok);
}

TEST_CASE ("Sound cards are named as the kernel names them")
{
    const FakeMachine machine;
    CHECK_FALSE (machine.doctor().checkSoundCard().ok);
    CHECK (machine.doctor().checkSoundCard().value == "none");

    machine.write ("proc/asound/cards", "--- no soundcards ---\n");
    CHECK_FALSE (machine.doctor().checkSoundCard().ok);

    machine.write ("proc/asound/cards", " 0 [PCH            ]: HDA-Intel - HDA Intel PCH\n"
                                        "                      HDA Intel PCH at 0xdf340000 irq 139\n"
                                        " 1 [USB            ]: USB-Audio - Scarlett\n                      Focusrite\n");
    CHECK (machine.doctor().checkSoundCard().ok);
    CHECK (machine.doctor().checkSoundCard().value == "HDA-Intel - HDA Intel PCH, USB-Audio - Scarlett");
}

TEST_CASE ("Throttling that leaves most of a second is fine")
{
    const FakeMachine machine;
    machine.write ("proc/sys/kernel/sched_rt_period_us", "1000000\n");

    const auto okWith = [&] (const char* runtime)
    {
        machine.write ("proc/sys/kernel/sched_rt_runtime_us", runtime);
        return machine.doctor().checkThrottling().ok;
    };

    CHECK (okWith ("950000\n"));
    CHECK (okWith ("-1\n"));
    CHECK_FALSE (okWith ("500000\n"));
    CHECK_FALSE (okWith ("0\n"));
}

TEST_CASE ("The kernel's command line decides about preemption, its last word counting")
{
    const FakeMachine machine;
    machine.write ("proc/cmdline", "quiet preempt=none preempt=full threadirqs");
    CHECK (machine.doctor().checkKernel().ok);
    CHECK_THAT (machine.doctor().checkKernel().value.toStdString(), Contains ("preempt=full, threadirqs"));

    machine.write ("sys/kernel/realtime", "1\n");
    machine.write ("proc/cmdline", "quiet");
    CHECK (machine.doctor().checkKernel().ok);
    CHECK_THAT (machine.doctor().checkKernel().value.toStdString(), Contains ("PREEMPT_RT"));

    machine.write ("sys/kernel/realtime", "0\n");
    utsname name{};
    uname (&name);

    if (! juce::String (name.version).contains ("PREEMPT_RT"))
    {
        machine.write ("proc/cmdline", "preempt=none");
        CHECK_FALSE (machine.doctor().checkKernel().ok);
    }

    machine.write ("boot/config-" + juce::String (name.release), "CONFIG_HZ=1000\n");
    CHECK_THAT (machine.doctor().checkKernel().value.toStdString(), Contains ("HZ 1000"));
}

TEST_CASE ("The sequencer and the fonts are looked for where they would be")
{
    const FakeMachine machine;
    CHECK_FALSE (machine.doctor().checkSequencer().ok);
    CHECK_FALSE (machine.doctor().checkFonts().ok);
    machine.write ("dev/snd/seq", {});
    machine.write ("usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "x");
    CHECK (machine.doctor().checkSequencer().ok);
    CHECK (machine.doctor().checkFonts().ok);
}
