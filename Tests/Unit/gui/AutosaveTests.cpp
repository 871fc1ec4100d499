#include <Gui/Autosave.h>
#include <Gui/Journal.h>
#include <catch2/catch.hpp>

#include <set>

using gui::Journal;
using Json = host::Session::Json;

namespace
{
struct Autosaving
{
    Autosaving() { folder.createDirectory(); }

    ~Autosaving()
    {
        autosave.reset();
        folder.deleteRecursively();
    }

    void open (const juce::File& file)
    {
        auto session = host::Session::load (file);
        host::NodeFactory factory (formats, engine.getInfo(), engine.getCollector());
        std::vector<host::MadeNode> made;

        for (const auto& node : session.getNodes())
            made.push_back (factory.make (node, session));

        editor.open (std::move (session), made, file);
    }

    /** As long as it takes for a journal to be written, if one is to be. */
    void pass (double duration = 30.0)
    {
        for (const auto end = seconds + duration; seconds < end; seconds += 0.25)
        {
            autosave->advance (seconds);
            autosave->finishWriting();
        }
    }

    /** As if the program had ended at once: the journal is what it was. */
    void crash (const juce::File& journal)
    {
        const auto text = journal.loadFileAsString();
        autosave.reset();
        const auto started = juce::String (Journal::describeOwner()["started"].get<std::string>());
        REQUIRE (text.contains (started));
        journal.replaceWithText (text.replace (started, "0"));
    }

    juce::File write (const juce::String& name, const std::string& nodes = "") const
    {
        const auto file = folder.getChildFile (name);
        file.replaceWithText (R"({"audiohost":1,"name":"Set","tempo":100,"strange":1.10,"nodes":[)" + nodes
                              + R"(],"connections":[]})");
        return file;
    }

    juce::File journalOf (const juce::File& file) const { return Journal::getPlace (file, folder); }

    juce::ScopedJuceInitialiser_GUI juce;
    host::PluginFormats formats;
    host::Engine engine{ { 48000.0, 64, false } };
    host::SessionEditor editor{ engine, formats };
    juce::File folder = juce::File::createTempFile ("autosave");
    std::unique_ptr<gui::Autosave> autosave = std::make_unique<gui::Autosave> (editor, folder);
    double seconds = 100.0;
};

const std::string gain = R"({"id":1,"type":"gain","x":0.5,"y":0.5,"note":"kept"})";
} // namespace

TEST_CASE_METHOD (Autosaving, "autosave: a journal has what was edited, beside the session, and goes when it is saved")
{
    const auto file = write ("evening.audiohost", gain);
    const auto journal = folder.getChildFile (".evening.audiohost.autosave");
    open (file);
    pass();
    REQUIRE_FALSE (journal.exists());

    editor.setTempo (133.0);
    editor.setParameter (1, 0, 2.5f);
    const auto before = file.loadFileAsString();
    pass();
    REQUIRE (journal.existsAsFile());
    CHECK (file.loadFileAsString() == before);

    const auto kept = Journal::load (journal);
    CHECK (kept.getTempo() == 133.0);
    CHECK (kept.getNodes()[0]["note"] == "kept");
    CHECK_FALSE (kept.document.contains (Journal::ownerKey));

    // What nobody touched stays as it was spelled.
    CHECK (journal.loadFileAsString().contains ("\"strange\":1.10"));

    editor.save (file);
    autosave->finishWriting();
    CHECK_FALSE (journal.exists());
    pass();
    CHECK_FALSE (journal.exists());
}

TEST_CASE_METHOD (Autosaving, "autosave: settings are captured as they are, anew for what has changed")
{
    const auto file = write ("set.audiohost", gain + R"(,{"id":2,"type":"gain","parameters":{"Gain":0.25}})");
    open (file);
    const auto gainOf = [&] (std::size_t index)
    { return Journal::load (journalOf (file)).getNodes()[index].value ("parameters", Json::object()).value ("Gain", -1.0); };
    const auto set = [&] (host::NodeId id, float value)
    {
        editor.setParameter (id, 0, value);
        juce::AudioBuffer<float> buffer (2, 64);
        juce::MidiBuffer in, out;
        engine.process ({ buffer.getArrayOfReadPointers(), 2, buffer.getArrayOfWritePointers(), 2, 64, in, out, {} });
    };

    set (1, 2.0f);
    pass();
    CHECK (gainOf (0) == 2.0);
    CHECK (gainOf (1) == 0.25);
    set (2, 3.0f);
    pass();
    CHECK (gainOf (0) == 2.0);
    CHECK (gainOf (1) == 3.0);

    // A session that is written anew from the journal is the same as the one that would have been saved.
    const auto kept = Journal::load (journalOf (file));
    editor.save (file);
    CHECK (host::Session::load (file).document == kept.document);
}

TEST_CASE_METHOD (Autosaving, "autosave: at the most every ten seconds, and only after changes")
{
    const auto file = write ("set.audiohost", gain);
    open (file);
    editor.setTempo (120.0);
    pass (5.0);
    const auto journal = journalOf (file);
    const auto tempo = [&] { return Journal::load (journal).getTempo(); };
    REQUIRE (tempo() == 120.0);

    editor.setTempo (121.0);
    pass (4.0);
    CHECK (tempo() == 120.0);
    pass (6.0);
    CHECK (tempo() == 121.0);

    journal.deleteFile();
    pass (60.0);
    CHECK_FALSE (journal.exists());
}

TEST_CASE_METHOD (Autosaving, "autosave: undoing everything, opening another session and letting go take the journal away")
{
    const auto file = write ("set.audiohost", gain), other = write ("other.audiohost");
    open (file);
    const auto journal = journalOf (file);
    const auto edit = [&]
    {
        editor.setTempo (editor.getTempo() + 1.0);
        pass();
        REQUIRE (journal.existsAsFile());
    };

    edit();
    REQUIRE (editor.undo());
    autosave->finishWriting();
    CHECK_FALSE (journal.exists());

    edit();
    open (other);
    autosave->finishWriting();
    CHECK_FALSE (journal.exists());

    open (file);
    edit();
    autosave->letGo();
    autosave.reset();
    CHECK_FALSE (journal.exists());
}

TEST_CASE_METHOD (Autosaving, "autosave: an end that nobody was asked about leaves what is not saved")
{
    const auto file = write ("set.audiohost", gain);
    open (file);
    editor.setTempo (77.0);
    autosave.reset();
    REQUIRE (journalOf (file).existsAsFile());
    CHECK (Journal::load (journalOf (file)).getTempo() == 77.0);

    // This process still runs: nobody may take it.
    CHECK (Journal::findAbandoned (file).empty());
}

TEST_CASE_METHOD (Autosaving, "autosave: a session without a file is kept in the folder, and found there")
{
    editor.startNew();
    editor.setTempo (99.0);
    pass();
    const auto journal = journalOf ({});
    REQUIRE (journal.existsAsFile());
    CHECK (journal.getParentDirectory() == folder);
    CHECK (Journal::findAbandonedInFolder (folder).empty());

    crash (journal);
    REQUIRE (Journal::findAbandonedInFolder (folder) == std::vector{ journal });
    CHECK (Journal::load (journal).getTempo() == 99.0);
}

TEST_CASE_METHOD (Autosaving, "autosave: what a crash left is offered, until something newer is saved")
{
    const auto file = write ("set.audiohost", gain);
    CHECK (Journal::findAbandoned (file).empty());
    open (file);
    editor.setTempo (99.0);
    pass();
    const auto journal = journalOf (file);
    crash (journal);
    CHECK (Journal::findAbandoned (file) == std::vector{ journal });

    // Neither of another session, nor what is no journal.
    CHECK (Journal::findAbandoned (write ("set.audiohost.audiohost")).empty());
    folder.getChildFile (".set.audiohost.77.autosave").replaceWithText ("half a jour");
    folder.getChildFile (".set.audiohost.old.autosave").replaceWithText (journal.loadFileAsString());
    CHECK (Journal::findAbandoned (file) == std::vector{ journal });

    file.setLastModificationTime (journal.getLastModificationTime() + juce::RelativeTime::minutes (1));
    CHECK (Journal::findAbandoned (file).empty());

    file.deleteFile();
    CHECK (Journal::findAbandoned (file) == std::vector{ journal });
}

TEST_CASE_METHOD (Autosaving, "autosave: what is restored is edited, and its journal goes only when there is a newer one")
{
    const auto file = write ("set.audiohost", gain);
    open (file);
    editor.setTempo (99.0);
    pass();
    auto journal = journalOf (file);
    crash (journal);

    // As another program's would be called, so that it can be told from the new one.
    const auto old = folder.getChildFile (".set.audiohost.77.autosave");
    REQUIRE (journal.moveFileTo (old));

    autosave = std::make_unique<gui::Autosave> (editor, folder);
    editor.startNew();
    auto session = Journal::load (old);
    host::NodeFactory factory (formats, engine.getInfo(), engine.getCollector());
    const std::vector made{ factory.make (session.getNodes()[0], session) };
    editor.open (std::move (session), made, file);
    autosave->adopt (old);
    editor.markEdited();
    autosave->finishWriting();
    CHECK (editor.isEdited());
    CHECK (editor.getFile() == file);
    CHECK (old.existsAsFile());

    pass();
    CHECK_FALSE (old.exists());
    REQUIRE (journal.existsAsFile());
    CHECK (Journal::load (journal).getTempo() == 99.0);

    editor.save (file);
    autosave->finishWriting();
    CHECK_FALSE (journal.exists());
    CHECK (host::Session::load (file).getTempo() == 99.0);
    CHECK (file.loadFileAsString().contains ("1.10"));
    CHECK_FALSE (file.loadFileAsString().contains (Journal::ownerKey));
}

TEST_CASE_METHOD (Autosaving, "autosave: the journal of another program that runs is left alone")
{
    const auto file = write ("set.audiohost", gain);
    open (file);

    // Process 1 is always there.
    auto owner = Journal::describeOwner();
    owner["pid"] = 1;
    const auto status = juce::File ("/proc/1/stat").loadFileAsString().fromLastOccurrenceOf (")", false, false).trim();
    owner["started"] = juce::StringArray::fromTokens (status, false)[19].toStdString();
    const auto place = journalOf (file);
    const auto text = juce::String (Json ({ { Journal::ownerKey, owner } }).dump());
    REQUIRE (place.replaceWithText (text));
    CHECK (Journal::findAbandoned (file).empty());

    editor.setTempo (99.0);
    pass();
    CHECK (place.loadFileAsString() == text);
    const auto own = Journal::getFreePlace (place);
    REQUIRE (own != place);
    REQUIRE (own.existsAsFile());
    CHECK (Journal::load (own).getTempo() == 99.0);

    crash (own);
    CHECK (Journal::findAbandoned (file) == std::vector{ own });
}

TEST_CASE_METHOD (Autosaving, "autosave: the person is told once when a journal cannot be written")
{
    const auto inner = folder.getChildFile ("inner");
    inner.createDirectory();
    const auto file = inner.getChildFile ("set.audiohost");
    write ("set.audiohost", gain).moveFileTo (file);
    open (file);
    std::vector<juce::String> errors;
    autosave->onError = [&] (const juce::String& error) { errors.push_back (error); };

    REQUIRE (inner.deleteRecursively());
    editor.setTempo (99.0);
    pass();
    REQUIRE (errors.size() == 1);
    CHECK (errors[0].contains (".set.audiohost.autosave"));
    editor.setTempo (100.5);
    pass();
    CHECK (errors.size() == 1);

    inner.createDirectory();
    editor.setTempo (101.0);
    pass();
    CHECK (errors.size() == 1);
    CHECK (journalOf (file).existsAsFile());
}
