#include "PluginFiles.h"

#include "Program.h"

#include <array>
#include <fstream>
#include <stdexcept>

std::string PluginFiles::copy (const std::string& name, const std::filesystem::path& folder)
{
    const auto bundle = folder / (name + ".vst3");
    std::filesystem::create_directories (folder);
    std::filesystem::copy (testPlugin (name), bundle, std::filesystem::copy_options::recursive);
    return bundle.string();
}

std::filesystem::path PluginFiles::getBinary (const std::filesystem::path& bundle)
{
    for (const auto& entry : std::filesystem::recursive_directory_iterator (bundle))
        if (entry.path().extension() == ".so")
            return entry.path();

    throw std::runtime_error (bundle.string() + " has no binary");
}

void PluginFiles::truncate (const std::filesystem::path& file) { std::filesystem::resize_file (file, 8192); }

void PluginFiles::makeForeign (const std::filesystem::path& file)
{
    constexpr std::streamoff machine = 18; // e_machine, 16 bits
    constexpr std::array<char, 2> aarch64{ char (183), 0 };

    std::fstream stream (file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp (machine);
    stream.write (aarch64.data(), aarch64.size());

    if (! stream.flush())
        throw std::runtime_error (file.string() + " cannot be changed");
}
