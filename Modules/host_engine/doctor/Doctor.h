#pragma once

#include <juce_core/juce_core.h>

#include <vector>

namespace host
{

/** One thing that real-time audio needs of a machine. */
struct DoctorCheck
{
    juce::String name; ///< short and fixed: scripts look for it
    bool ok = true;
    juce::String value; ///< what was found
    juce::String cure;  ///< what to do, in plain words; empty when all is well
};

/** Examines the machine it runs on: what it lacks for real-time audio, and the cure. Message thread; takes about half a
    second, most of which measures the timer. Never throws: what cannot be read is "unknown", and no fault. */
class Doctor
{
public:
    /** @param root  where proc, sys, dev, boot and the like are found: another folder for tests */
    explicit Doctor (juce::File root = juce::File ("/"));

    std::vector<DoctorCheck> examine() const;

    /** @name The single checks */
    /**@{*/
    DoctorCheck checkScheduling() const;
    DoctorCheck checkMemoryLock() const;
    DoctorCheck checkAudioGroup() const;
    DoctorCheck checkCores() const;
    DoctorCheck checkGovernor() const;
    DoctorCheck checkSwappiness() const;
    DoctorCheck checkKernel() const;
    DoctorCheck checkThrottling() const;
    DoctorCheck checkTimer() const;
    DoctorCheck checkSoundCard() const;
    DoctorCheck checkSequencer() const;
    DoctorCheck checkJack() const;
    DoctorCheck checkPipeWire() const;
    DoctorCheck checkDisplay() const;
    DoctorCheck checkFonts() const;
    /**@}*/

    /** {"checks":[{"name","ok","value","cure"}]} */
    static juce::String toJson (const std::vector<DoctorCheck>&);

    /** A line a check, and under each problem its cure. */
    static juce::String toTable (const std::vector<DoctorCheck>&);

private:
    juce::File file (const juce::String& path) const { return root.getChildFile (path); }
    juce::String read (const juce::String& path) const { return file (path).loadFileAsString().trim(); }
    bool hasSoundCard() const;

    const juce::File root;
};

} // namespace host
