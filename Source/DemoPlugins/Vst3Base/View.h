#pragma once

#include "Plugin.h"
#include "Window.h"

#include <pluginterfaces/gui/iplugview.h>
#include <pluginterfaces/vst/ivsteditcontroller.h>

#include <atomic>
#include <memory>
#include <optional>

// VST3's interfaces have no virtual destructor: release() is how their objects die.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

namespace vst3
{

/** What a view needs of its plugin. Values are normalised. Main thread. */
class Controls
{
public:
    virtual double getValue (std::size_t index) const = 0;

    /** Grows with every change of a value, whoever made it. */
    virtual std::uint32_t getChangeCount() const = 0;

    /** A gesture of the person at the view: the host is told of each of the three. */
    virtual void beginEdit (std::size_t index) = 0;
    virtual void performEdit (std::size_t index, double value) = 0;
    virtual void endEdit (std::size_t index) = 0;

    /** What a view keeps a reference to. */
    virtual Steinberg::FUnknown& getObject() = 0;

protected:
    ~Controls() = default;
};

/** The editor of any plugin of this base: a knob for each parameter that no MIDI controller moves, with its name and value.
    Drag a knob up or down (with shift: finely) or turn the wheel over it; a double click brings back its default.

    It lives on the host's run loop, and opens only in hosts that offer one. */
class View : public Steinberg::IPlugView,
             public Steinberg::Linux::IEventHandler,
             public Steinberg::Linux::ITimerHandler,
             private Window::Listener
{
public:
    /** Begins with one reference, held by the caller. */
    View (const PluginClass&, Controls&);

    View (const View&) = delete;
    View& operator= (const View&) = delete;

    Steinberg::tresult PLUGIN_API queryInterface (const Steinberg::TUID wanted, void** object) override;
    Steinberg::uint32 PLUGIN_API addRef() override;
    Steinberg::uint32 PLUGIN_API release() override;

    Steinberg::tresult PLUGIN_API isPlatformTypeSupported (Steinberg::FIDString type) override;
    Steinberg::tresult PLUGIN_API attached (void* parent, Steinberg::FIDString type) override;
    Steinberg::tresult PLUGIN_API removed() override;
    Steinberg::tresult PLUGIN_API onWheel (float) override { return Steinberg::kResultFalse; }
    Steinberg::tresult PLUGIN_API onKeyDown (Steinberg::char16, Steinberg::int16, Steinberg::int16) override;
    Steinberg::tresult PLUGIN_API onKeyUp (Steinberg::char16, Steinberg::int16, Steinberg::int16) override;
    Steinberg::tresult PLUGIN_API getSize (Steinberg::ViewRect*) override;
    Steinberg::tresult PLUGIN_API onSize (Steinberg::ViewRect*) override;
    Steinberg::tresult PLUGIN_API onFocus (Steinberg::TBool) override { return Steinberg::kResultTrue; }
    Steinberg::tresult PLUGIN_API setFrame (Steinberg::IPlugFrame*) override;
    Steinberg::tresult PLUGIN_API canResize() override { return Steinberg::kResultTrue; }
    Steinberg::tresult PLUGIN_API checkSizeConstraint (Steinberg::ViewRect*) override;

    void PLUGIN_API onFDIsSet (Steinberg::Linux::FileDescriptor) override;
    void PLUGIN_API onTimer() override;

protected:
    virtual ~View();

    /** Called on the host's timer after a value has changed. */
    virtual void valuesChanged() {}

    /** Asks the host for another size; the answer is onSize(). */
    void requestSize (int newWidth, int newHeight);

    Controls& controls;

private:
    struct Cell
    {
        float x = 0.0f, y = 0.0f, width = 0.0f, height = 0.0f;
    };

    /** A knob under the mouse. */
    struct Drag
    {
        std::size_t knob = 0;
        int lastY = 0;
        double value = 0.0; ///< before it is cut to 0 to 1: the mouse has to come back as far as it went
    };

    void mousePressed (int x, int y, unsigned long milliseconds) override;
    void mouseDragged (int x, int y, bool isFine) override;
    void mouseReleased() override;
    void wheelTurned (int x, int y, int steps, bool isFine) override;

    std::optional<std::size_t> findKnob (int x, int y) const;
    Cell getCell (std::size_t knob) const;
    int getNumColumns() const;
    void change (std::size_t knob, double value);
    void draw();
    void drawKnob (std::size_t knob);
    void close();

    const PluginClass& description;
    std::vector<std::size_t> knobs; ///< which parameter each one is
    std::atomic<Steinberg::uint32> references{ 1 };
    Steinberg::IPlugFrame* frame = nullptr;
    Steinberg::Linux::IRunLoop* runLoop = nullptr;
    int width = 0, height = 0;
    Canvas canvas;
    std::unique_ptr<Window> window;
    std::uint32_t drawnCount = 0;
    std::optional<Drag> drag;
    std::optional<std::size_t> lastPressed;
    unsigned long lastPressTime = 0;
};

} // namespace vst3

#pragma GCC diagnostic pop
