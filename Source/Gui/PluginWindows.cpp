#include "PluginWindows.h"
#include "ParameterList.h"

#include <juce_gui_extra/juce_gui_extra.h>

namespace gui
{

namespace
{

constexpr int parametersWidth = 360, mostParametersHeight = 640, leastParametersHeight = 120;
constexpr int usualTitleHeight = 28; ///< before the window manager has told its own
constexpr int cascade = 28;
constexpr int editPollPeriod = 300; // ms

/** An editor may make its window some time after it was shown, but not this late. */
constexpr int emptyEditorDelay = 1000; // ms

} // namespace

juce::Rectangle<int> keepInside (juce::Rectangle<int> window, juce::Rectangle<int> area, int titleHeight)
{
    area.removeFromTop (std::min (titleHeight, area.getHeight() - 1));
    const auto x = std::max (area.getX(), std::min (window.getX(), area.getRight() - window.getWidth()));
    const auto y = std::max (area.getY(), std::min (window.getY(), area.getBottom() - window.getHeight()));
    return window.withPosition (x, y);
}

//======================================================================================================================
class PluginWindows::PluginWindow final : public juce::DocumentWindow, private juce::KeyListener, private juce::Timer
{
public:
    PluginWindow (PluginWindows& ownerToUse, host::SessionEditor::NodePtr nodeToUse)
        : DocumentWindow (ownerToUse.getTitle (*nodeToUse), colour (Token::background), closeButton, false),
          owner (ownerToUse), node (std::move (nodeToUse)), placeKey (ownerToUse.getPlaceKey (node->getId()))
    {
        setTitle (getName());
        setUsingNativeTitleBar (true);
        setConstrainer (&constrainer);
        setResizable (true, false);
        addKeyListener (this);

        if (auto* plugin = node->getPlugin())
            editor = plugin->createEditor();

        if (editor != nullptr)
        {
            listenToKeysOf (*editor);
            setContentNonOwned (editor.get(), true);
        }
        else
        {
            showParameters();
        }
    }

    ~PluginWindow() override
    {
        setVisible (false);
        removeEditor();
        clearContentComponent();
    }

    host::NodeId getId() const noexcept { return node->getId(); }
    bool isOf (const host::SessionEditor::Node& n) const noexcept { return n.runtime.get() == node->runtime.get(); }
    bool isNative() const noexcept { return editor != nullptr; }
    const std::string& getPlaceKey() const noexcept { return placeKey; }

    void setNames (const juce::String& name)
    {
        setName (name);
        setTitle (name);
    }

    /** @param place  where it was, or empty */
    void show (juce::Rectangle<int> place, juce::Point<int> usualMiddle)
    {
        if (place.isEmpty())
            setCentrePosition (usualMiddle);
        else if (isNative())
            setTopLeftPosition (place.getPosition());
        else
            setBounds (place);

        addToDesktop();
        stayOnScreen();
        setVisible (true); // an editor comes to life here

        if (isNative())
        {
            findWhetherEditorResizes();
            stayOnScreen();
            startTimer (emptyEditorDelay);
        }

        toFront (true);
    }

    void showParameters()
    {
        removeEditor();
        clearContentComponent();

        auto list = std::make_unique<ParameterList> (owner.workspace);
        list->show (getId());
        list->setSize (parametersWidth, juce::jlimit (leastParametersHeight, mostParametersHeight, list->getIdealHeight()));
        constrainer.setSizeLimits (parametersWidth / 2, leastParametersHeight, 4 * parametersWidth, 1 << 14);
        setContentOwned (list.release(), true);
        stayOnScreen();
    }

    void closeButtonPressed() override { owner.closeSoon (getId()); }

    void lookAndFeelChanged() override
    {
        DocumentWindow::lookAndFeelChanged();
        setBackgroundColour (colour (Token::background));
    }

    void resized() override
    {
        DocumentWindow::resized();

        // A window manager need not keep to the size that we allow.
        if (isFixed && ! fixedSize.isEmpty() && getContentComponent() != nullptr
            && getContentComponent()->getBounds().withZeroOrigin() != fixedSize)
            setContentComponentSize (fixedSize.getWidth(), fixedSize.getHeight());
    }

    void childBoundsChanged (juce::Component* child) override
    {
        // The editor has changed its size by itself.
        if (isFixed && child == editor.get())
        {
            if (const auto* embedded = findEmbedded())
            {
                fixedSize = embedded->getBounds().withZeroOrigin();
                limitTo (fixedSize);
            }
        }

        DocumentWindow::childBoundsChanged (child);

        if (isVisible())
            stayOnScreen();
    }

private:
    void timerCallback() override
    {
        stopTimer();

        if (auto* embedded = findEmbedded(); embedded != nullptr && countChildWindows (embedded->getHostWindowID()) == 0)
            owner.replaceByParameters (getId());
    }

    using DocumentWindow::keyPressed;

    bool keyPressed (const juce::KeyPress& key, juce::Component*) override
    {
        const auto closes = key == juce::KeyPress (juce::KeyPress::escapeKey)
                            || key == juce::KeyPress ('w', juce::ModifierKeys::ctrlModifier, 0);

        if (closes)
            owner.closeSoon (getId());

        return closes;
    }

    /** JUCE's editors swallow every key, and a listener comes before them. */
    void listenToKeysOf (juce::Component& component)
    {
        component.addKeyListener (this);

        for (auto* child : component.getChildren())
            listenToKeysOf (*child);
    }

    void stopListeningToKeysOf (juce::Component& component)
    {
        component.removeKeyListener (this);

        for (auto* child : component.getChildren())
            stopListeningToKeysOf (*child);
    }

    void removeEditor()
    {
        if (editor == nullptr)
            return;

        isFixed = false;
        stopListeningToKeysOf (*editor);

        if (auto* embedded = findEmbedded())
            embedded->removeClient();

        clearContentComponent();
        owner.bury ({ node, std::move (editor) });
    }

    /** The part of the editor that holds the plugin's own window; null where its
   * editor is made of JUCE's components. */
    juce::XEmbedComponent* findEmbedded() const
    {
        if (editor != nullptr)
            for (auto* child : editor->getChildren())
                if (auto* embedded = dynamic_cast<juce::XEmbedComponent*> (child))
                    return embedded;

        return nullptr;
    }

    /** JUCE does not pass on a VST3 view's canResize(), so the editor is asked
     for one pixel more: where the view is to follow, JUCE lets what is embedded
     follow as well. */
    void findWhetherEditorResizes()
    {
        const auto* embedded = findEmbedded();

        if (embedded == nullptr)
            return;

        const auto size = editor->getBounds();
        editor->setSize (size.getWidth() + 1, size.getHeight() + 1);
        const auto follows = embedded->getBounds().withZeroOrigin() == editor->getBounds().withZeroOrigin();
        editor->setSize (size.getWidth(), size.getHeight());

        if (! follows)
        {
            isFixed = true;
            fixedSize = embedded->getBounds().withZeroOrigin();
            limitTo (fixedSize);
        }
    }

    void limitTo (juce::Rectangle<int> content)
    {
        juce::BorderSize<int> frame;

        // JUCE takes the frame off again before it tells the window manager.
        if (auto* peer = getPeer())
            if (const auto& known = peer->getFrameSizeIfPresent())
                frame = *known;

        const auto width = content.getWidth() + frame.getLeftAndRight(),
                   height = content.getHeight() + frame.getTopAndBottom();
        constrainer.setSizeLimits (width, height, width, height);

        if (auto* peer = getPeer())
            peer->updateBounds();
    }

    void stayOnScreen()
    {
        const auto* display = juce::Desktop::getInstance().getDisplays().getDisplayForRect (getBounds());

        if (display == nullptr)
            return;

        auto titleHeight = usualTitleHeight;

        if (auto* peer = getPeer())
            if (const auto& frame = peer->getFrameSizeIfPresent())
                titleHeight = frame->getTop();

        auto bounds = getBounds();

        // An editor knows best how large it is; parameters scroll.
        if (! isNative())
            bounds.setHeight (std::min (bounds.getHeight(), display->userArea.getHeight() - titleHeight));

        setBounds (keepInside (bounds, display->userArea, titleHeight));
    }

    PluginWindows& owner;
    const host::SessionEditor::NodePtr node; ///< keeps the plugin alive for as long as its editor
    const std::string placeKey;
    juce::ComponentBoundsConstrainer constrainer;
    std::unique_ptr<juce::Component> editor;
    juce::Rectangle<int> fixedSize;
    bool isFixed = false;
};

//======================================================================================================================
PluginWindows::PluginWindows (Workspace& workspaceToUse)
    : workspace (workspaceToUse),
      xErrors (
          [this] (const juce::String& text)
          {
              if (workspace.tell)
                  workspace.tell (text.substring (0, 1).toUpperCase() + text.substring (1) + ".", true);
          })
{
    workspace.editor.addListener (*this);
    startTimer (editPollPeriod);
}

PluginWindows::~PluginWindows()
{
    closeAll();
    graves.clear();
    workspace.editor.removeListener (*this);
}

void PluginWindows::open (host::NodeId id)
{
    const auto node = workspace.editor.find (id);

    if (node == nullptr)
        return;

    if (const auto found = windows.find (id); found != windows.end())
    {
        closing.erase (id);
        found->second->setMinimised (false);
        found->second->toFront (true);
        return;
    }

    if (std::any_of (graves.begin(), graves.end(),
                     [&] (const Grave& g) { return g.node->runtime.get() == node->runtime.get(); }))
    {
        opening.insert (id);
        return;
    }

    auto window = std::make_unique<PluginWindow> (*this, node);
    xErrors.install();

    juce::Rectangle<int> area;

    if (const auto* active = juce::TopLevelWindow::getActiveTopLevelWindow())
        area = active->getScreenBounds();
    else if (const auto* display = juce::Desktop::getInstance().getDisplays().getPrimaryDisplay())
        area = display->userArea;

    const auto step = cascade * (getNumOpen() % 8);
    const auto place = places.find (getPlaceKey (id));
    auto& shown = *windows.emplace (id, std::move (window)).first->second;
    shown.show (place != places.end() ? place->second : juce::Rectangle<int>(), area.getCentre().translated (step, step));
    xErrors.install();
}

void PluginWindows::bury (Grave grave)
{
    graves.push_back (std::move (grave));

    juce::MessageManager::callAsync (
        [self = juce::WeakReference (this)]
        {
            if (self == nullptr)
                return;

            self->graves.pop_front();

            for (const auto id : std::exchange (self->opening, {}))
                self->open (id);
        });
}

void PluginWindows::close (host::NodeId id)
{
    opening.erase (id);
    const auto found = windows.find (id);
    closing.erase (id);

    if (found == windows.end())
        return;

    // The last change that its editor made still counts.
    timerCallback();

    const auto window = std::move (found->second);
    windows.erase (found);
    places[window->getPlaceKey()] = window->getBounds();
}

void PluginWindows::closeAll()
{
    opening.clear();

    while (! windows.empty())
        close (windows.begin()->first);
}

juce::DocumentWindow* PluginWindows::find (host::NodeId id) const
{
    const auto found = windows.find (id);
    return found != windows.end() ? found->second.get() : nullptr;
}

bool PluginWindows::isNative (host::NodeId id) const
{
    const auto found = windows.find (id);
    return found != windows.end() && found->second->isNative();
}

void PluginWindows::closeSoon (host::NodeId id)
{
    closing.insert (id);
    triggerAsyncUpdate();
}

void PluginWindows::handleAsyncUpdate()
{
    for (const auto id : std::exchange (closing, {}))
        close (id);
}

void PluginWindows::replaceByParameters (host::NodeId id)
{
    const auto found = windows.find (id);

    if (found == windows.end())
        return;

    found->second->showParameters();

    if (workspace.tell)
        if (const auto node = workspace.editor.find (id))
            workspace.tell (juce::String::fromUTF8 (node->getName().c_str())
                                + " could not show an editor of its own; here are its parameters.",
                            true);
}

void PluginWindows::sessionChanged()
{
    std::vector<host::NodeId> gone;

    for (const auto& [id, window] : windows)
    {
        const auto node = workspace.editor.find (id);

        if (node == nullptr || ! window->isOf (*node))
            gone.push_back (id);
        else
            window->setNames (getTitle (*node));
    }

    for (const auto id : gone)
        close (id);
}

void PluginWindows::sessionStatusChanged()
{
    for (const auto& [id, window] : windows)
        if (const auto node = workspace.editor.find (id))
            window->setNames (getTitle (*node));
}

void PluginWindows::timerCallback()
{
    for (const auto& node : workspace.editor.getNodes())
        if (auto* plugin = node->getPlugin(); plugin != nullptr && plugin->takeEdited())
            workspace.editor.markEdited (node->getId());
}

std::string PluginWindows::getPlaceKey (host::NodeId id) const
{
    return workspace.editor.getFile().getFullPathName().toStdString() + "#" + std::to_string (id);
}

juce::String PluginWindows::getTitle (const host::SessionEditor::Node& node) const
{
    return juce::String::fromUTF8 (node.getName().c_str()) + " - "
           + juce::String::fromUTF8 (workspace.editor.getName().c_str());
}

} // namespace gui
