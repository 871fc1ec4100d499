#include "Vst3Bundle.h"

#include "BinaryFile.h"

#include <pluginterfaces/base/ipluginbase.h>

#include <sys/utsname.h>

#include <cstring>

namespace host
{

namespace
{
/** A class name in a factory is a field of fixed size, which a careless plugin may leave unterminated. */
template <std::size_t size>
juce::String fixedString (const char (&text)[size])
{
    return juce::String::fromUTF8 (text, static_cast<int> (strnlen (text, size)));
}
} // namespace

juce::String Vst3Bundle::getArchitectureFolder()
{
    utsname names{};
    return (uname (&names) == 0 ? juce::String (names.machine) : juce::String ("unknown")) + "-linux";
}

bool Vst3Bundle::isBundleName (const juce::File& file)
{
    return file.hasFileExtension (".vst3") && file.getFileName().length() > 5;
}

juce::File Vst3Bundle::findBundleOf (const juce::File& file)
{
    // Contents/<architecture>/<name>.so is three levels deep.
    auto candidate = file;

    for (int level = 0; level <= 3; ++level)
    {
        if (isBundleName (candidate))
            return candidate;

        candidate = candidate.getParentDirectory();
    }

    return {};
}

juce::File Vst3Bundle::getBinaryOf (const juce::File& bundle)
{
    return bundle.getChildFile ("Contents")
        .getChildFile (getArchitectureFolder())
        .getChildFile (bundle.getFileNameWithoutExtension() + ".so");
}

juce::String Vst3Bundle::whyNotLoadable (const juce::File& bundle)
{
    if (! bundle.isDirectory())
    {
        const auto why = whyBinaryCannotLoad (bundle);
        return why.isNotEmpty() ? why
                                : juce::String ("is a single file; here a VST3 plugin is a folder with Contents/")
                                      + getArchitectureFolder() + " in it";
    }

    const auto contents = bundle.getChildFile ("Contents");

    if (! contents.isDirectory())
        return "is no VST3 bundle: it has no folder Contents";

    const auto ours = contents.getChildFile (getArchitectureFolder());

    if (! ours.isDirectory())
    {
        juce::StringArray others;

        for (const auto& child : contents.findChildFiles (juce::File::findDirectories, false))
            if (child.getFileName() != "Resources")
                others.add (child.getFileName());

        others.sort (false);
        return "has no binary for this machine (" + getArchitectureFolder() + "); it has "
               + (others.isEmpty() ? juce::String ("none at all") : others.joinIntoString (", "));
    }

    const auto binary = getBinaryOf (bundle);

    if (! binary.existsAsFile())
    {
        juce::StringArray others;

        for (const auto& child : ours.findChildFiles (juce::File::findFiles, false, "*.so"))
            others.add (child.getFileName());

        others.sort (false);
        return "lacks Contents/" + getArchitectureFolder() + "/" + binary.getFileName()
               + (others.isEmpty() ? juce::String() : " (its folder has " + others.joinIntoString (", ") + ")");
    }

    const auto why = whyBinaryCannotLoad (binary);
    return why.isEmpty() ? why : "its binary " + binary.getFileName() + " " + why;
}

std::vector<Vst3Class> Vst3Bundle::readClasses (const SharedLibrary& binary)
{
    using FactoryFunction = Steinberg::IPluginFactory*(PLUGIN_API*) ();
    std::vector<Vst3Class> classes;

    const auto getFactory = binary.getFunction<FactoryFunction> ("GetPluginFactory");
    auto* factory = getFactory != nullptr ? getFactory() : nullptr;

    if (factory == nullptr)
        return classes;

    for (Steinberg::int32 i = 0, end = factory->countClasses(); i < end; ++i)
    {
        Steinberg::PClassInfo info;

        if (factory->getClassInfo (i, &info) == Steinberg::kResultOk && fixedString (info.category) == "Audio Module Class")
            classes.push_back ({ juce::String::toHexString (info.cid, sizeof (info.cid), 0).toUpperCase(),
                                 fixedString (info.name).trim() });
    }

    factory->release();
    return classes;
}

int Vst3Bundle::getJuceHash (const juce::String& classId)
{
    std::uint32_t hash = 0;

    for (int i = 0; i < 4; ++i)
        hash = hash * 31 + static_cast<std::uint32_t> (classId.substring (i * 8, i * 8 + 8).getHexValue64());

    return static_cast<int> (hash);
}

} // namespace host
