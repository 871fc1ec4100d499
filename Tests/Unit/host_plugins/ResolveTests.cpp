#include "PluginFixture.h"

#include <host_plugins/Vst3Bundle.h>

#include <elf.h>

using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;

namespace
{
struct ResolveFixture : PluginFixture
{
    std::string resolveError (const juce::String& ref)
    {
        return errorOf ([&] { formats.resolve (ref); });
    }

    /** A bundle of this name with a copy of a test plugin's binary in the given architecture folder. */
    juce::File makeBundle (const juce::String& name, const juce::String& architecture, const juce::String& binaryName)
    {
        const auto bundle = folder.getChildFile (name + ".vst3");
        const auto binary = bundle.getChildFile ("Contents").getChildFile (architecture).getChildFile (binaryName);
        REQUIRE (binary.getParentDirectory().createDirectory());
        REQUIRE (host::Vst3Bundle::getBinaryOf (testPlugin ("TestGain.vst3")).copyFileTo (binary));
        return bundle;
    }
};

const juce::String gainId = "VST3:41484F53544553540000000000000001";
const auto ours = host::Vst3Bundle::getArchitectureFolder();
} // namespace

TEST_CASE_METHOD (ResolveFixture, "a path resolves to its plugin, whichever part of the bundle it names")
{
    for (const auto* path : { "TestGain.vst3", "TestGain.vst3/", "TestGain.vst3/Contents" })
        CHECK (formats.resolve (pathOf (path)).id == gainId);

    const auto info = formats.resolve (host::Vst3Bundle::getBinaryOf (testPlugin ("TestGain.vst3")).getFullPathName());
    CHECK (info.id == gainId);
    CHECK (info.name == "TestGain");
    CHECK (info.format == "VST3");
    CHECK (info.manufacturer == "AudioHost");
    CHECK (info.file == pathOf ("TestGain.vst3"));
    CHECK (info.inputs == 2);
    CHECK (info.outputs == 2);
    CHECK_FALSE (info.isInstrument);

    CHECK (formats.resolve (pathOf ("TestSynth.vst3")).isInstrument);
    CHECK (formats.resolve (pathOf ("ladspa/TestLadspaGain.so")).id == "LADSPA:TestLadspaGain.so:test_gain");
    CHECK (formats.resolve (pathOf ("TestLv2Gain.lv2")).id == "LV2:urn:audiohost:test:lv2-gain");
    CHECK (formats.resolve (pathOf ("TestLv2Gain.lv2/TestLv2Gain.so")).file == "urn:audiohost:test:lv2-gain");
}

TEST_CASE_METHOD (ResolveFixture, "a file with several plugins lists their ids, and a name or id after # picks one")
{
    const auto file = pathOf ("TestTwoPlugins.vst3");
    CHECK_THAT (resolveError (file), Contains ("has 2 plugins") && Contains ("VST3:41484F53544553540000000000000011  Two A")
                                         && Contains ("VST3:41484F53544553540000000000000012  Two B"));
    CHECK (formats.resolve (file + "#Two B").id.endsWith ("12"));
    CHECK (formats.resolve (file + "#two a").id.endsWith ("11"));
    CHECK (formats.resolve (file + "#41484f53544553540000000000000012").id.endsWith ("12"));
    CHECK_THAT (resolveError (file + "#Two C"), Contains ("no plugin named Two C") && Contains ("Two A"));
    CHECK (formats.resolve (pathOf ("ladspa/TestLadspaGain.so") + "#test_gain").name == "TestLadspaGain");
}

TEST_CASE_METHOD (ResolveFixture, "what is no plugin is told with its cause")
{
    const auto text = folder.getChildFile ("text.so");
    text.replaceWithText ("not a library");
    const auto note = folder.getChildFile ("note.txt");
    note.replaceWithText ("hello");
    folder.getChildFile ("empty.vst3").createDirectory();

    CHECK_THAT (resolveError (folder.getChildFile ("none.vst3").getFullPathName()), Contains ("does not exist"));
    CHECK_THAT (resolveError (text.getFullPathName()), Contains ("is not a shared library"));
    CHECK_THAT (resolveError (note.getFullPathName()), Contains ("is no plugin"));
    CHECK_THAT (resolveError (folder.getFullPathName()), Contains ("is a folder"));
    CHECK_THAT (resolveError (folder.getChildFile ("empty.vst3").getFullPathName()), Contains ("no folder Contents"));
    CHECK_THAT (resolveError ("/usr/lib/x86_64-linux-gnu/libm.so.6"), Contains ("is no plugin"));
    CHECK_THAT (resolveError (""), Contains ("is empty"));
    CHECK_THAT (resolveError ("VST3:41484F535"), Contains ("no VST3 class id"));
    CHECK_THAT (resolveError ("VST3:FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"), Contains ("neither the catalogue"));
    CHECK_THAT (resolveError ("LADSPA:none.so:none"), Contains ("has the file none.so"));
    CHECK_THAT (resolveError ("LADSPA:nonsense"), Contains ("no LADSPA id"));
    CHECK_THAT (resolveError ("LADSPA:" + pathOf ("ladspa/TestLadspaGain.so") + ":other"),
                Contains ("no plugin labelled other"));
    CHECK_THAT (resolveError ("urn:audiohost:none"), Contains ("no LV2 bundle"));
    CHECK_THAT (resolveError ("LV2:urn:audiohost:none"), Contains ("no LV2 bundle"));
}

TEST_CASE_METHOD (ResolveFixture, "a library without a plugin's entry function is no plugin of its format")
{
    const auto ladspa = folder.getChildFile ("vst3-inside.so");
    REQUIRE (host::Vst3Bundle::getBinaryOf (testPlugin ("TestGain.vst3")).copyFileTo (ladspa));
    CHECK_THAT (resolveError (ladspa.getFullPathName()), Contains ("lacks the function ladspa_descriptor"));

    const auto bundle = makeBundle ("Ladspa", ours, "Ladspa.so");
    REQUIRE (testPlugin ("ladspa/TestLadspaGain.so").copyFileTo (host::Vst3Bundle::getBinaryOf (bundle)));
    CHECK_THAT (resolveError (bundle.getFullPathName()), Contains ("lacks the function GetPluginFactory"));
}

TEST_CASE_METHOD (ResolveFixture, "a VST3 bundle without a binary for this machine says which it has")
{
    CHECK_THAT (resolveError (makeBundle ("Other", "aarch64-linux", "Other.so").getFullPathName()),
                Contains ("no binary for this machine (" + ours.toStdString() + ")") && Contains ("aarch64-linux"));
    CHECK_THAT (resolveError (makeBundle ("Name", ours, "Wrong.so").getFullPathName()),
                Contains ("lacks Contents/") && Contains ("Wrong.so"));

    // A right one, made the same way, shows that the causes above are the only ones.
    CHECK (formats.resolve (makeBundle ("Right", ours, "Right.so").getFullPathName()).id == gainId);
}

TEST_CASE_METHOD (ResolveFixture, "a truncated or foreign binary in a bundle is an error and not a crash")
{
    const auto bundle = makeBundle ("Broken", ours, "Broken.so");
    const auto binary = host::Vst3Bundle::getBinaryOf (bundle);
    juce::MemoryBlock contents;
    REQUIRE (binary.loadFileAsData (contents));

    SECTION ("truncated")
    {
        binary.replaceWithData (contents.getData(), 3000); // it may end in debug information, which is not loaded
        CHECK_THAT (resolveError (bundle.getFullPathName()), Contains ("Broken.so is truncated"));
        CHECK (formats.inspect (bundle.getFullPathName()).isUnreadable);
    }

    SECTION ("foreign")
    {
        static_cast<Elf64_Ehdr*> (contents.getData())->e_machine = EM_AARCH64;
        binary.replaceWithData (contents.getData(), contents.getSize());
        CHECK_THAT (resolveError (bundle.getFullPathName()), Contains ("Broken.so is for aarch64"));
    }

    SECTION ("one that only the loader can judge")
    {
        // The name of a library that it needs becomes one that is not there.
        const std::string needed = "libc.so.6", missing = "libc.no.6";
        auto* start = static_cast<char*> (contents.getData());
        const auto found = std::search (start, start + contents.getSize(), needed.begin(), needed.end());
        REQUIRE (found != start + contents.getSize());
        std::copy (missing.begin(), missing.end(), found);
        binary.replaceWithData (contents.getData(), contents.getSize());
        CHECK_THAT (resolveError (bundle.getFullPathName()), Contains ("cannot be loaded") && Contains ("libc.no.6"));
    }
}

TEST_CASE_METHOD (ResolveFixture, "an id is looked up in the catalogue first, whatever its case")
{
    auto info = formats.resolve (pathOf ("TestGain.vst3"));
    const auto lv2 = formats.resolve (pathOf ("TestLv2Gain.lv2"));
    const auto ladspa = formats.resolve (pathOf ("ladspa/TestLadspaGain.so"));

    host::Catalogue catalogue;
    catalogue.merge ({ { "VST3", info.file, { info }, {} },
                       { "LV2", pathOf ("TestLv2Gain.lv2"), { lv2 }, {} },
                       { "LADSPA", ladspa.file, { ladspa }, {} } },
                     {}, {}, {});
    catalogue.save (host::Catalogue::getFile());

    // Fresh ones, which have not seen the files.
    CHECK (host::PluginFormats().resolve (gainId) == info);
    CHECK (host::PluginFormats().resolve ("VST3:41484f53544553540000000000000001") == info);
    CHECK (host::PluginFormats().resolve (ladspa.id) == ladspa);
    CHECK (host::PluginFormats().resolve (lv2.id) == lv2);
    CHECK (host::PluginFormats().resolve (lv2.file) == lv2);
    CHECK (host::PluginFormats().create (lv2, 48000.0, 64)->getPorts().audioOutputs == 2);

    host::Catalogue::getFile().replaceWithText ("{ damaged");
    CHECK_THAT (errorOf ([&] { host::PluginFormats().resolve (gainId); }),
                Contains ("catalogue cannot be read") && Contains ("catalogue.json"));
}

TEST_CASE_METHOD (ResolveFixture, "making a plugin whose file has gone names the plugin and the file")
{
    auto info = formats.resolve (pathOf ("TestGain.vst3"));
    info.file = folder.getChildFile ("Gone.vst3").getFullPathName();
    CHECK_THAT (errorOf ([&] { formats.create (info, 48000.0, 512); }),
                Contains ("TestGain") && Contains ("Gone.vst3 does not exist"));

    info.format = "VST2";
    CHECK_THAT (errorOf ([&] { formats.create (info, 48000.0, 512); }), Contains ("no plugin format named VST2"));
}

TEST_CASE_METHOD (ResolveFixture, "an LV2 plugin whose ports cannot all be connected is refused, not run")
{
    const auto bundle = folder.getChildFile ("Changed.lv2");
    REQUIRE (testPlugin ("TestLv2Gain.lv2").copyDirectoryTo (bundle));
    const auto description = bundle.getChildFile ("TestLv2Gain.ttl");

    const auto change = [&] (const juce::String& from, const juce::String& to)
    {
        const auto before = description.loadFileAsString();
        REQUIRE (before.contains (from));
        description.replaceWithText (before.replace (from, to));
    };

    SECTION ("two ports of one designation")
    {
        const juce::String left = " ; lv2:designation <http://lv2plug.in/ns/ext/port-groups#left>";
        change ("\"Input Left\"", "\"Input Left\"" + left);
        change ("\"Input Right\"", "\"Input Right\"" + left);
        CHECK_THAT (errorOf ([&] { make (bundle.getFullPathName()); }, host::Error::Kind::failed),
                    Contains ("TestLv2Gain") && Contains ("2 in, 2 out"));
    }

    SECTION ("a control-voltage port")
    {
        change ("a lv2:InputPort , lv2:AudioPort ; lv2:index 1", "a lv2:InputPort , lv2:CVPort ; lv2:index 1");
        CHECK_THAT (errorOf ([&] { make (bundle.getFullPathName()); }), Contains ("control-voltage"));
    }

    SECTION ("as it was") { CHECK (make (bundle.getFullPathName())->getPorts().audioInputs == 2); }
}
