#include "SessionFiles.h"

#include <host_plugins/PluginPaths.h>

namespace gui
{

namespace
{
constexpr const char* pattern = "*.audiohost";
}

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
    chooser = std::make_unique<juce::FileChooser> ("Open a session", workspace.settings.getLastFolder(), pattern);
    chooser->launchAsync (juce::FileBrowserComponent::openMode | juce::FileBrowserComponent::canSelectFiles,
                          [this] (const juce::FileChooser& chosen)
                          {
                              if (const auto file = chosen.getResult(); file != juce::File())
                                  open (file);
                          });
}

void SessionFiles::open (const juce::File& file, bool play)
{
    leave ([this, file, play] { load (file, play); });
}

void SessionFiles::load (const juce::File& file, bool play)
{
    workspace.attempt (
        [&]
        {
            auto session = host::Session::load (file);
            loader = std::make_unique<SessionLoader> (std::move (session), workspace.formats, workspace.live.getEngine());
            loader->onDone = [this, file, play] { finish (file, play); };
        });
}

void SessionFiles::openNow (const juce::File& file)
{
    SessionLoader now (host::Session::load (file), workspace.formats, workspace.live.getEngine());
    now.finishNow();
    workspace.editor.open (now.takeSession(), now.getNodes(), file);
}

void SessionFiles::finish (const juce::File& file, bool play)
{
    const auto done = std::exchange (loader, nullptr);
    auto& engine = workspace.live.getEngine();
    onLeaving();
    workspace.select ({});

    workspace.attempt (
        [&]
        {
            auto notes = done->getNotes();

            for (const auto& note : workspace.editor.open (done->takeSession(), done->getNodes(), file))
                notes.add (juce::String::fromUTF8 (note.c_str()));

            engine.setPlaying (play);
            engine.rewind();
            workspace.settings.addRecentSession (file);
            workspace.settings.setLastFolder (file.getParentDirectory());

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
