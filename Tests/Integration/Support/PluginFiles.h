#pragma once

#include <filesystem>
#include <string>

/** Copies of the test plugins, whole or broken, in a folder of a test. */
struct PluginFiles
{
    /** The bundle NAME.vst3 of the test plugins. @returns the copy's path */
    static std::string copy (const std::string& name, const std::filesystem::path& folder);

    /** The shared library of a bundle for this machine. */
    static std::filesystem::path getBinary (const std::filesystem::path& bundle);

    /** Leaves the first 8 KiB of a file. (Its second half would not do: that is debug information, which nobody misses.) */
    static void truncate (const std::filesystem::path& file);

    /** Makes an ELF file one for another processor: aarch64, whose files differ from ours in two bytes of the header. */
    static void makeForeign (const std::filesystem::path& file);
};
