#pragma once

#include "SharedLibrary.h"

#include <vector>

namespace host
{

/** A class of audio effect or instrument in a VST3 module's factory. */
struct Vst3Class
{
    juce::String id;   ///< the class id, 32 upper-case hex digits, byte by byte as moduleinfo.json has it
    juce::String name; ///< by which, and by the id's hash, JUCE finds the class again
};

/** Where a VST3 bundle keeps the binary for this machine, and which classes that binary has. Message thread. */
struct Vst3Bundle
{
    /** Whether a file is called as a bundle is. The folder ~/.vst3 is not: that is where the bundles lie. */
    static bool isBundleName (const juce::File&);

    /** The bundle that a path means: the bundle folder itself, or one that a .so or a folder inside it belongs to.
        An invalid File when the path leads into no bundle. */
    static juce::File findBundleOf (const juce::File&);

    /** Where this machine's binary of a bundle belongs, whether it is there or not. */
    static juce::File getBinaryOf (const juce::File& bundle);

    /** Why a bundle has no binary that this machine can load; empty if it has one. Reads headers only. */
    static juce::String whyNotLoadable (const juce::File& bundle);

    /** The audio classes of a module that JUCE has loaded and entered already. JUCE keeps modules to itself and its
        descriptions have a class id's hash only, so this asks the module's factory once more.

        @param binary  a module with the function GetPluginFactory
    */
    static std::vector<Vst3Class> readClasses (const SharedLibrary& binary);

    /** The number by which JUCE's PluginDescription tells classes apart, made of a class id's hex digits.
        Source: juce_VST3PluginFormat.cpp, getHashForRange (getNormalisedTUID (cid)). */
    static int getJuceHash (const juce::String& classId);

    /** The name of the folder in Contents for this machine, such as x86_64-linux. */
    static juce::String getArchitectureFolder();
};

} // namespace host
