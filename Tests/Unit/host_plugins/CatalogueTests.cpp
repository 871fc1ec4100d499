#include "FileSizeLimit.h"
#include "PluginFixture.h"

#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using Catch::Matchers::Contains;
using json = nlohmann::ordered_json;

namespace
{
host::PluginInfo info (const juce::String& format, const juce::String& file, const juce::String& name)
{
    host::PluginInfo i;
    i.id = format + ":" + name;
    i.name = name;
    i.format = format;
    i.file = file;
    i.manufacturer = "Somebody";
    i.inputs = 2;
    i.outputs = 1;
    return i;
}

host::ScannedFile good (const juce::String& format, const juce::String& file, const juce::String& name)
{
    return { format, file, { info (format, file, name) }, {} };
}

host::ScannedFile bad (const juce::String& format, const juce::String& file)
{
    return { format, file, {}, { { format, file, "crashed", "signal SIGSEGV" } } };
}

juce::StringArray names (const host::Catalogue& catalogue)
{
    juce::StringArray result;

    for (const auto& plugin : catalogue.getPlugins())
        result.add (plugin.name);

    return result;
}

const juce::StringArray both{ "VST3", "LADSPA" };
} // namespace

TEST_CASE_METHOD (PluginFixture, "the catalogue lives where the environment says")
{
    CHECK (host::Catalogue::getFolder() == folder.getChildFile ("home"));
    unsetenv ("AUDIOHOST_HOME");
    setenv ("XDG_CONFIG_HOME", folder.getFullPathName().toRawUTF8(), 1);
    CHECK (host::Catalogue::getFile() == folder.getChildFile ("AudioHost/catalogue.json"));
    unsetenv ("XDG_CONFIG_HOME");
    CHECK (host::Catalogue::getFolder() == juce::File ("~/.config/AudioHost"));
}

TEST_CASE ("merging adds, replaces, and keeps what was not scanned")
{
    host::Catalogue catalogue;
    catalogue.merge ({ good ("VST3", "/a/One.vst3", "One"), good ("LADSPA", "/b/two.so", "Two") }, both,
                     { juce::File ("/a"), juce::File ("/b") }, { "/a/One.vst3", "/b/two.so" });
    CHECK (names (catalogue) == juce::StringArray{ "One", "Two" });

    catalogue.merge ({ good ("VST3", "/c/Three.vst3", "Three") }, both, { juce::File ("/c") }, { "/c/Three.vst3" });
    CHECK (names (catalogue) == juce::StringArray{ "One", "Three", "Two" });

    catalogue.merge (
        { { "VST3", "/a/One.vst3", { info ("VST3", "/a/One.vst3", "Uno"), info ("VST3", "/a/One.vst3", "Due") }, {} } },
        both, { juce::File ("/a") }, { "/a/One.vst3" });
    CHECK (names (catalogue) == juce::StringArray{ "Due", "Three", "Uno", "Two" });
}

TEST_CASE ("vanished files are forgotten under the formats and paths scanned, and nowhere else")
{
    host::Catalogue catalogue;
    const juce::Array<juce::File> everywhere{ juce::File ("/a"), juce::File ("/ab") };
    catalogue.merge ({ good ("VST3", "/a/One.vst3", "One"), good ("VST3", "/a/b/Two.vst3", "Two"),
                       good ("VST3", "/ab/Three.vst3", "Three"), good ("LADSPA", "/a/four.so", "Four"),
                       bad ("VST3", "/a/Five.vst3") },
                     both, everywhere, { "/a/One.vst3", "/a/b/Two.vst3", "/ab/Three.vst3", "/a/four.so", "/a/Five.vst3" });

    SECTION ("one format in one folder")
    {
        catalogue.merge ({}, { "VST3" }, { juce::File ("/a") }, {});
        CHECK (names (catalogue) == juce::StringArray{ "Three", "Four" }); // /ab is not below /a
        CHECK (catalogue.getFailures().empty());
    }

    SECTION ("a file that was seen but not reached stays")
    {
        catalogue.merge ({}, { "VST3" }, { juce::File ("/a") }, { "/a/One.vst3", "/a/Five.vst3" });
        CHECK (names (catalogue) == juce::StringArray{ "One", "Three", "Four" });
        CHECK (catalogue.getFailures().size() == 1);
    }

    SECTION ("a single file as the path")
    {
        catalogue.merge ({ bad ("VST3", "/a/One.vst3") }, both, { juce::File ("/a/One.vst3") }, { "/a/One.vst3" });
        CHECK (names (catalogue) == juce::StringArray{ "Three", "Two", "Four" });
        CHECK (catalogue.getFailures().size() == 2);
    }

    SECTION ("a plugin that was repaired loses its failure")
    {
        catalogue.merge ({ good ("VST3", "/a/Five.vst3", "Five") }, both, { juce::File ("/a/Five.vst3") },
                         { "/a/Five.vst3" });
        CHECK (names (catalogue).contains ("Five"));
        CHECK (catalogue.getFailures().empty());
    }
}

TEST_CASE ("an LV2 plugin stands and falls with its bundle")
{
    host::Catalogue catalogue;
    catalogue.merge ({ { "LV2", "/lv2/foo.lv2", { info ("LV2", "urn:foo", "Foo") }, {} } }, { "LV2" },
                     { juce::File ("/lv2") }, { "/lv2/foo.lv2" });
    CHECK (catalogue.getBundle ("urn:foo") == juce::File ("/lv2/foo.lv2"));
    CHECK (catalogue.getPlugins()[0].file == "urn:foo");
    CHECK (catalogue.getBundle ("urn:bar") == juce::File());
    catalogue.merge ({}, { "LV2" }, { juce::File ("/elsewhere") }, {});
    CHECK (names (catalogue).size() == 1);
    catalogue.merge ({}, { "LV2" }, { juce::File ("/lv2") }, {});
    CHECK (names (catalogue).isEmpty());
}

TEST_CASE_METHOD (PluginFixture, "a saved catalogue is read back the same, unknown keys included")
{
    const auto file = folder.getChildFile ("deep/er/catalogue.json");
    host::Catalogue catalogue;
    catalogue.merge ({ good ("VST3", "/a/One.vst3", "One"), bad ("VST3", "/a/Bad.vst3") }, both, { juce::File ("/a") },
                     { "/a/One.vst3", "/a/Bad.vst3" });
    catalogue.save (file);
    CHECK (host::Catalogue::load (file).getPlugins() == catalogue.getPlugins());
    CHECK (host::Catalogue::load (file).getFailures() == catalogue.getFailures());
    CHECK (folder.getChildFile ("deep/er").getNumberOfChildFiles (juce::File::findFiles) == 1);

    auto document = json::parse (file.loadFileAsString().toStdString());
    document["colour"] = "green";
    document["plugins"][0]["favourite"] = true;
    document["failures"][0]["ticket"] = 12;
    file.replaceWithText (document.dump());

    auto again = host::Catalogue::load (file);
    again.merge ({ good ("VST3", "/a/One.vst3", "One"), good ("VST3", "/b/New.vst3", "New") }, both, { juce::File ("/b") },
                 { "/b/New.vst3" });
    again.save (file);
    document = json::parse (file.loadFileAsString().toStdString());
    CHECK (document["colour"] == "green");
    CHECK (document["failures"][0]["ticket"] == 12);
    CHECK (document["plugins"][0]["name"] == "One");
    CHECK (document["plugins"][0]["favourite"] == true);
    CHECK (document["plugins"].size() == 2);
}

TEST_CASE_METHOD (PluginFixture, "a damaged catalogue is an error that names the file, and is never overwritten")
{
    const auto file = folder.getChildFile ("catalogue.json");
    const auto* contents = GENERATE ("", "{", "[]", "{}", "null", R"({"audiohostCatalogue":1})",
                                     R"({"audiohostCatalogue":"1","plugins":[],"failures":[]})",
                                     R"({"audiohostCatalogue":1,"plugins":{},"failures":[]})",
                                     R"({"audiohostCatalogue":1,"plugins":[3],"failures":[]})",
                                     R"({"audiohostCatalogue":1,"plugins":[{"id":"x"}],"failures":[]})",
                                     R"({"audiohostCatalogue":99,"plugins":[],"failures":[]})");
    CAPTURE (contents);
    file.replaceWithText (contents);
    CHECK_THAT (errorOf ([&] { host::Catalogue::load (file); }), Contains (file.getFullPathName().toStdString()));

    juce::String notice;
    host::Catalogue::update (
        file, [] (host::Catalogue& c) { c.merge ({ good ("VST3", "/a/One.vst3", "One") }, both, {}, {}); }, notice);
    CHECK_THAT (notice.toStdString(), Contains ("catalogue.json.damaged-") && Contains ("moved"));
    CHECK (names (host::Catalogue::load (file)) == juce::StringArray{ "One" });

    const auto aside = folder.findChildFiles (juce::File::findFiles, false, "catalogue.json.damaged-*");
    REQUIRE (aside.size() == 1);
    CHECK (aside[0].loadFileAsString() == juce::String (contents));
}

TEST_CASE_METHOD (PluginFixture, "a catalogue that cannot be written is an error, and the old one stays whole")
{
    const auto file = folder.getChildFile ("catalogue.json");
    host::Catalogue().save (file);
    const auto before = file.loadFileAsString();

    {
        const FileSizeLimit limit (10);
        CHECK_THAT (errorOf ([&] { host::Catalogue().save (file); }, host::Error::Kind::failed),
                    Contains ("cannot be written"));
    }

    CHECK (file.loadFileAsString() == before);

    CHECK_THAT (
        errorOf ([&] { host::Catalogue().save (juce::File ("/proc/none/catalogue.json")); }, host::Error::Kind::failed),
        Contains ("cannot be written"));
}

TEST_CASE_METHOD (PluginFixture, "names that are no UTF-8 do not stop a catalogue from being written")
{
    json value{ { "name", "bad \xff\xfe name" } };
    CHECK_NOTHROW (json::parse (host::Catalogue::print (value)));
}

TEST_CASE ("lists have the contract's keys and no others")
{
    const auto document =
        host::Catalogue::toJson ({ info ("VST3", "/a/One.vst3", "One") }, { { "VST3", "/b", "crashed", "why" } });
    CHECK (
        document.dump()
        == R"({"plugins":[{"id":"VST3:One","name":"One","format":"VST3","manufacturer":"Somebody","version":"","category":"",)"
           R"("file":"/a/One.vst3","isInstrument":false,"inputs":2,"outputs":1}],"failures":[{"file":"/b","reason":"crashed","detail":"why"}]})");
}
