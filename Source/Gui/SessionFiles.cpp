#include "SessionFiles.h"

#include "Journal.h"

#include <host_plugins/PluginPaths.h>
#include <host_plugins/catalogue/Catalogue.h>

#include <algorithm>
#include <map>

namespace gui
{

namespace
{
constexpr const char* pattern = "*.audiohost";
constexpr const char* patternToOpen = "*.audiohost;*.filtergraph";

/** The file that a session which was read from there is saved to: a graph of another program is only read. */
juce::File getOwnFile (const juce::File& file) { return file.hasFileExtension ("filtergraph") ? juce::File() : file; }
} // namespace

SessionFiles::SessionFiles (Workspace& workspaceToUse) : workspace (workspaceToUse) {}

juce::File SessionFiles::findDemo()
{
    const auto folder = host::PluginPaths::getProgramFolder();

    for (const auto* place : { "demo", "../share/audiohost/demo" })
        if (const auto demo = folder.getChildFile (place).getChildFile ("demo.audiohost"); demo.existsAsFile())
            return demo;

    return {};
}

void SessionFiles::startNew()
{
    leave (
        [this]
        {
            cancelLoading();
            onLeaving();
            workspace.select ({});
            workspace.live.getEngine().setPlaying (false);
            workspace.live.getEngine().rewind();
            workspace.attempt ([this] { workspace.editor.startNew(); });
        });
}

void SessionFiles::open()
{
    chooser = std::make_unique<juce::FileChooser> ("Open a session", workspace.settings.getLastFolder(), patternToOpen);
    chooser->launchAsync (juce::FileBrowserComponent::openMode | juce::FileBrowserComponent::canSelectFiles,
                          [this] (const juce::FileChooser& chosen)
                          {
                              if (const auto file = chosen.getResult(); file != juce::File())
                                  open (file);
                          });
}

void SessionFiles::open (const juce::File& file, bool play)
{
    leave ([this, file, play] { loadOrOffer (file, play); });
}

void SessionFiles::loadOrOffer (const juce::File& file, bool play)
{
    // Several instances may have left one each: the person is asked about one after the other, and then gets the file.
    if (const auto journals = Journal::findAbandoned (file); ! journals.empty())
        offer ({ getOwnFile (file), journals.front() }, [this, file, play] { loadOrOffer (file, play); });
    else
        load ({ file, {}, play });
}

void SessionFiles::offerAbandoned()
{
    auto journals = Journal::findAbandonedInFolder (host::Catalogue::getFolder());
    std::map<juce::File, juce::File> sessions;

    for (const auto& session : workspace.settings.getRecentSessions())
        for (const auto& journal : Journal::findAbandoned (session))
        {
            sessions[journal] = session;
            journals.push_back (journal);
        }

    if (journals.empty())
        return;

    const auto newest = *std::max_element (journals.begin(), journals.end(), [] (const juce::File& a, const juce::File& b)
                                           { return a.getLastModificationTime() < b.getLastModificationTime(); });
    offer ({ getOwnFile (sessions[newest]), newest }, [this] { offerAbandoned(); });
}

void SessionFiles::offer (const Source& source, const std::function<void()>& ifDiscarded)
{
    if (std::exchange (isAsking, true))
        return;

    const auto when = source.journal.getLastModificationTime().toString (true, true, false, true);
    const auto options =
        juce::MessageBoxOptions()
            .withIconType (juce::MessageBoxIconType::NoIcon)
            .withTitle ("AudioHost ended before this was saved. Restore it?")
            .withMessage (source.file != juce::File() ? source.file.getFullPathName() + ", as it was on " + when
                                                      : "A session without a file, as it was on " + when)
            .withButton ("Restore")
            .withButton ("Discard")
            .withButton ("Cancel");

    juce::AlertWindow::showAsync (options,
                                  [this, source, ifDiscarded] (int button)
                                  {
                                      isAsking = false;

                                      if (button == 1)
                                      {
                                          load (source);
                                      }
                                      else if (button == 2)
                                      {
                                          if (source.journal.deleteFile())
                                              ifDiscarded();
                                          else
                                              workspace.tell (source.journal.getFullPathName() + " cannot be removed", true);
                                      }
                                  });
}

void SessionFiles::load (const Source& source)
{
    workspace.attempt (
        [&]
        {
            auto session =
                source.journal != juce::File() ? Journal::load (source.journal) : host::Session::load (source.file);
            loader = std::make_unique<SessionLoader> (std::move (session), workspace.formats, workspace.live.getEngine());
            loader->onDone = [this, source] { finish (source); };
        });
}

void SessionFiles::openNow (const juce::File& file)
{
    SessionLoader now (host::Session::load (file), workspace.formats, workspace.live.getEngine());
    now.finishNow();
    workspace.editor.open (now.takeSession(), now.getNodes(), getOwnFile (file));
}

void SessionFiles::finish (const Source& source)
{
    const auto done = std::exchange (loader, nullptr);
    auto& engine = workspace.live.getEngine();
    onLeaving();
    workspace.select ({});

    workspace.attempt (
        [&]
        {
            auto notes = done->getNotes();

            for (const auto& note : workspace.editor.open (done->takeSession(), done->getNodes(), getOwnFile (source.file)))
                notes.add (juce::String::fromUTF8 (note.c_str()));

            engine.setPlaying (source.play);
            engine.rewind();

            if (source.journal != juce::File())
            {
                if (onRestored)
                    onRestored (source.journal);

                workspace.editor.markEdited();
            }

            if (source.file != juce::File())
            {
                workspace.settings.addRecentSession (source.file);
                workspace.settings.setLastFolder (source.file.getParentDirectory());
            }

            if (! notes.isEmpty())
                workspace.tell (notes.joinIntoString ("\n"), true);
        });
}

SessionLoader::Progress SessionFiles::getProgress() const
{
    return loader != nullptr ? loader->getProgress() : SessionLoader::Progress();
}

void SessionFiles::cancelLoading()
{
    if (loader != nullptr)
        loader->cancel();
}

void SessionFiles::save (bool as, std::function<void (bool)> then)
{
    auto& editor = workspace.editor;

    const auto saveTo = [this] (const juce::File& file)
    {
        return workspace.attempt (
            [&]
            {
                workspace.editor.save (file);
                workspace.settings.addRecentSession (file);
                workspace.settings.setLastFolder (file.getParentDirectory());
                workspace.tell ("Saved " + file.getFullPathName(), false);
            });
    };

    if (! as && editor.getFile() != juce::File())
    {
        then (saveTo (editor.getFile()));
        return;
    }

    const auto name = juce::String::fromUTF8 (editor.getName().c_str());
    const auto proposed = editor.getFile() != juce::File()
                              ? editor.getFile()
                              : workspace.settings.getLastFolder().getChildFile (
                                    juce::File::createLegalFileName (name.isEmpty() ? "Untitled" : name) + ".audiohost");

    chooser = std::make_unique<juce::FileChooser> ("Save the session", proposed, pattern);
    chooser->launchAsync (juce::FileBrowserComponent::saveMode | juce::FileBrowserComponent::canSelectFiles
                              | juce::FileBrowserComponent::warnAboutOverwriting,
                          [this, saveTo, then = std::move (then)] (const juce::FileChooser& chosen)
                          {
                              auto file = chosen.getResult();

                              if (file == juce::File())
                              {
                                  then (false);
                                  return;
                              }

                              if (! file.hasFileExtension ("audiohost"))
                                  file = file.getSiblingFile (file.getFileName() + ".audiohost");

                              // A session without a name of its own is called like its file.
                              if (workspace.editor.getFile() == juce::File() && workspace.editor.getName() == "Untitled")
                                  workspace.editor.setName (file.getFileNameWithoutExtension().toStdString());

                              then (saveTo (file));
                          });
}

void SessionFiles::leave (std::function<void()> then)
{
    if (! workspace.editor.isEdited())
    {
        then();
        return;
    }

    if (std::exchange (isAsking, true))
        return;

    const auto name = juce::String::fromUTF8 (workspace.editor.getName().c_str());
    const auto options = juce::MessageBoxOptions()
                             .withIconType (juce::MessageBoxIconType::NoIcon)
                             .withTitle ("Save the changes to \"" + (name.isEmpty() ? "Untitled" : name) + "\"?")
                             .withMessage ("What is not saved is lost.")
                             .withButton ("Save")
                             .withButton ("Don't save")
                             .withButton ("Cancel");

    juce::AlertWindow::showAsync (options,
                                  [this, then = std::move (then)] (int button)
                                  {
                                      isAsking = false;

                                      // JUCE numbers three buttons 1, 2 and, for the last, 0.
                                      if (button == 1)
                                          save (false,
                                                [then] (bool isSaved)
                                                {
                                                    if (isSaved)
                                                        then();
                                                });
                                      else if (button == 2)
                                          then();
                                  });
}

} // namespace gui
