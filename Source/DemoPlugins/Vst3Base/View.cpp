#include "View.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

namespace vst3
{

using namespace Steinberg;

namespace
{

constexpr std::uint32_t background = 0x14171a, knobColour = 0x232931, track = 0x313a44, accent = 0x58c7ae,
                        textColour = 0xe7ebef, muted = 0x8d98a4;

constexpr int margin = 16, headerHeight = 40, mostColumns = 6;
constexpr int usualCellWidth = 100, usualCellHeight = 116, smallestCellWidth = 64, smallestCellHeight = 84;
constexpr Linux::TimerInterval framePeriod = 33; // ms
constexpr unsigned long doubleClickTime = 400;   // ms
constexpr double dragDistance = 160.0;           // pixels from 0 to 1
constexpr double fineFactor = 0.1;

} // namespace

View::View (const PluginClass& d, Controls& c) : controls (c), description (d)
{
    for (std::size_t i = 0; i < d.parameters.size(); ++i)
        if (d.parameters[i].midiController < 0)
            knobs.push_back (i);

    const auto columns = std::clamp (static_cast<int> (knobs.size()), 1, mostColumns);
    const auto rows = std::max (1, (static_cast<int> (knobs.size()) + columns - 1) / columns);
    width = columns * usualCellWidth + 2 * margin;
    height = rows * usualCellHeight + headerHeight + margin;

    controls.getObject().addRef();
}

View::~View()
{
    close();
    setFrame (nullptr);
    controls.getObject().release();
}

tresult PLUGIN_API View::queryInterface (const TUID wanted, void** object)
{
    using FUnknownPrivate::iidEqual;

    if (iidEqual (wanted, FUnknown_iid) || iidEqual (wanted, IPlugView_iid))
        *object = static_cast<IPlugView*> (this);
    else if (iidEqual (wanted, Linux::IEventHandler_iid))
        *object = static_cast<Linux::IEventHandler*> (this);
    else if (iidEqual (wanted, Linux::ITimerHandler_iid))
        *object = static_cast<Linux::ITimerHandler*> (this);
    else
    {
        *object = nullptr;
        return kNoInterface;
    }

    addRef();
    return kResultOk;
}

uint32 PLUGIN_API View::addRef() { return ++references; }

uint32 PLUGIN_API View::release()
{
    const auto left = --references;

    if (left == 0)
        delete this;

    return left;
}

tresult PLUGIN_API View::isPlatformTypeSupported (FIDString type)
{
    return type != nullptr && std::strcmp (type, kPlatformTypeX11EmbedWindowID) == 0 ? kResultTrue : kResultFalse;
}

tresult PLUGIN_API View::attached (void* parent, FIDString type)
{
    if (isPlatformTypeSupported (type) != kResultTrue || window != nullptr || frame == nullptr)
        return kResultFalse;

    if (frame->queryInterface (Linux::IRunLoop_iid, reinterpret_cast<void**> (&runLoop)) != kResultOk || runLoop == nullptr)
    {
        runLoop = nullptr;
        return kResultFalse;
    }

    window = Window::open (reinterpret_cast<unsigned long> (parent), width, height, *this);

    if (window == nullptr)
    {
        close();
        return kResultFalse;
    }

    runLoop->registerEventHandler (this, window->getFileDescriptor());
    runLoop->registerTimer (this, framePeriod);
    draw();
    return kResultOk;
}

tresult PLUGIN_API View::removed()
{
    close();
    return kResultOk;
}

void View::close()
{
    mouseReleased();

    if (runLoop != nullptr)
    {
        if (window != nullptr)
        {
            runLoop->unregisterTimer (this);
            runLoop->unregisterEventHandler (this);
        }

        runLoop->release();
        runLoop = nullptr;
    }

    window.reset();
}

tresult PLUGIN_API View::onKeyDown (char16, int16, int16) { return kResultFalse; }
tresult PLUGIN_API View::onKeyUp (char16, int16, int16) { return kResultFalse; }

tresult PLUGIN_API View::getSize (ViewRect* size)
{
    if (size == nullptr)
        return kInvalidArgument;

    *size = ViewRect (0, 0, width, height);
    return kResultOk;
}

tresult PLUGIN_API View::onSize (ViewRect* size)
{
    if (size == nullptr)
        return kInvalidArgument;

    width = std::max (1, size->getWidth());
    height = std::max (1, size->getHeight());

    if (window != nullptr)
    {
        window->setSize (width, height);
        draw();
    }

    return kResultOk;
}

tresult PLUGIN_API View::setFrame (IPlugFrame* newFrame)
{
    if (newFrame != nullptr)
        newFrame->addRef();

    if (frame != nullptr)
        frame->release();

    frame = newFrame;
    return kResultOk;
}

tresult PLUGIN_API View::checkSizeConstraint (ViewRect* rect)
{
    if (rect == nullptr)
        return kInvalidArgument;

    const auto columns = std::clamp (static_cast<int> (knobs.size()), 1, mostColumns);
    const auto rows = std::max (1, (static_cast<int> (knobs.size()) + columns - 1) / columns);
    rect->right = rect->left + std::max (rect->getWidth(), columns * smallestCellWidth + 2 * margin);
    rect->bottom = rect->top + std::max (rect->getHeight(), rows * smallestCellHeight + headerHeight + margin);
    return kResultTrue;
}

void View::requestSize (int newWidth, int newHeight)
{
    ViewRect size (0, 0, newWidth, newHeight);

    if (frame != nullptr)
        frame->resizeView (this, &size);
}

void PLUGIN_API View::onFDIsSet (Linux::FileDescriptor)
{
    if (window != nullptr)
        window->handleEvents();
}

void PLUGIN_API View::onTimer()
{
    // Events that came with the answer to a request are already read, and show on no file descriptor.
    if (window != nullptr)
        window->handleEvents();

    if (window != nullptr && drawnCount != controls.getChangeCount())
    {
        draw();
        valuesChanged();
    }
}

//======================================================================================================================
int View::getNumColumns() const
{
    // As many columns as give the largest knobs in this window.
    const auto count = static_cast<int> (knobs.size());
    auto best = 1;
    auto bestSize = 0.0f;

    for (int columns = 1; columns <= count; ++columns)
    {
        const auto rows = (count + columns - 1) / columns;
        const auto cellWidth = static_cast<float> (width - 2 * margin) / static_cast<float> (columns);
        const auto cellHeight = static_cast<float> (height - headerHeight - margin) / static_cast<float> (rows);
        const auto size = std::min (cellWidth / usualCellWidth, cellHeight / usualCellHeight);

        if (size > bestSize)
        {
            best = columns;
            bestSize = size;
        }
    }

    return best;
}

View::Cell View::getCell (std::size_t knob) const
{
    const auto columns = getNumColumns();
    const auto rows = (static_cast<int> (knobs.size()) + columns - 1) / columns;

    Cell cell;
    cell.width = static_cast<float> (width - 2 * margin) / static_cast<float> (columns);
    cell.height = static_cast<float> (height - headerHeight - margin) / static_cast<float> (rows);
    cell.x = static_cast<float> (margin) + cell.width * static_cast<float> (static_cast<int> (knob) % columns);
    cell.y = static_cast<float> (headerHeight) + cell.height * static_cast<float> (static_cast<int> (knob) / columns);
    return cell;
}

std::optional<std::size_t> View::findKnob (int x, int y) const
{
    for (std::size_t knob = 0; knob < knobs.size(); ++knob)
    {
        const auto cell = getCell (knob);
        const auto inX = static_cast<float> (x) - cell.x, inY = static_cast<float> (y) - cell.y;

        if (inX >= 0.0f && inY >= 0.0f && inX < cell.width && inY < cell.height)
            return knob;
    }

    return {};
}

void View::change (std::size_t knob, double value)
{
    const auto& p = description.parameters[knobs[knob]];
    auto v = std::clamp (value, 0.0, 1.0);

    if (p.steps > 0)
        v = std::round (v * p.steps) / p.steps;

    if (v != controls.getValue (knobs[knob]))
        controls.performEdit (knobs[knob], v);
}

void View::mousePressed (int x, int y, unsigned long milliseconds)
{
    mouseReleased();
    const auto knob = findKnob (x, y);
    const auto isDouble = knob.has_value() && knob == lastPressed && milliseconds - lastPressTime < doubleClickTime;
    lastPressed = isDouble ? std::nullopt : knob;
    lastPressTime = milliseconds;

    if (! knob.has_value())
        return;

    const auto parameter = knobs[*knob];
    controls.beginEdit (parameter);

    if (isDouble)
    {
        const auto& p = description.parameters[parameter];
        change (*knob, p.toNormalised (p.defaultValue));
    }

    drag = Drag{ *knob, y, controls.getValue (parameter) };
    draw();
}

void View::mouseDragged (int, int y, bool isFine)
{
    if (! drag.has_value())
        return;

    drag->value += (drag->lastY - y) / dragDistance * (isFine ? fineFactor : 1.0);
    drag->lastY = y;
    lastPressed.reset();
    change (drag->knob, drag->value);
    draw();
}

void View::mouseReleased()
{
    if (! drag.has_value())
        return;

    const auto knob = drag->knob;
    drag.reset();
    controls.endEdit (knobs[knob]);

    if (window != nullptr)
        draw();
}

void View::wheelTurned (int x, int y, int steps, bool isFine)
{
    const auto knob = findKnob (x, y);

    if (! knob.has_value() || drag.has_value())
        return;

    const auto parameter = knobs[*knob];
    const auto numSteps = description.parameters[parameter].steps;
    const auto distance = numSteps > 0 ? 1.0 / numSteps : isFine ? 0.002 : 0.02;

    controls.beginEdit (parameter);
    change (*knob, controls.getValue (parameter) + steps * distance);
    controls.endEdit (parameter);
    draw();
}

//======================================================================================================================
void View::draw()
{
    drawnCount = controls.getChangeCount();
    canvas.begin (width, height, background);

    const auto right = static_cast<float> (width - margin);
    const auto middle = static_cast<float> (width) / 2.0f;
    canvas.text (margin, 27.0f, 15.0f, Canvas::Align::left, textColour, description.name, middle);
    canvas.text (right, 27.0f, 11.0f, Canvas::Align::right, muted, vendor, middle - 2.0f * margin);

    for (std::size_t knob = 0; knob < knobs.size(); ++knob)
        drawKnob (knob);

    window->show (canvas);
}

void View::drawKnob (std::size_t knob)
{
    constexpr auto pi = std::numbers::pi_v<float>;
    constexpr auto lowest = 0.75f * pi, range = 1.5f * pi;
    constexpr auto textHeight = 44.0f;

    const auto& p = description.parameters[knobs[knob]];
    const auto value = controls.getValue (knobs[knob]);
    const auto cell = getCell (knob);
    const auto x = cell.x + cell.width / 2.0f;
    const auto radius = std::max (6.0f, std::min (0.30f * cell.width, (cell.height - textHeight - 12.0f) / 2.0f));
    const auto y = cell.y + (cell.height - textHeight) / 2.0f;
    const auto angle = lowest + range * static_cast<float> (value);
    const auto isHeld = drag.has_value() && drag->knob == knob;

    canvas.disc (x, y, radius - 5.0f, isHeld ? track : knobColour);
    canvas.arc (x, y, radius, lowest, lowest + range, 3.0f, track);

    // What has a middle is drawn from there.
    const auto hasMiddle = p.curve == Parameter::Curve::linear && p.choices.empty() && p.minimum == -p.maximum;
    const auto origin = hasMiddle ? lowest + range / 2.0f : lowest;

    if (angle != origin)
        canvas.arc (x, y, radius, std::min (origin, angle), std::max (origin, angle), 3.0f, accent);

    const auto inner = 0.30f * radius, outer = radius - 8.0f;
    canvas.line (x + inner * std::cos (angle), y + inner * std::sin (angle), x + outer * std::cos (angle),
                 y + outer * std::sin (angle), 2.0f, textColour);

    auto shown = p.toText (value);

    if (! p.unit.empty())
        shown += " " + p.unit;

    const auto bottom = cell.y + cell.height;
    canvas.text (x, bottom - 25.0f, 11.0f, Canvas::Align::centre, muted, p.name, cell.width - 6.0f);
    canvas.text (x, bottom - 10.0f, 12.0f, Canvas::Align::centre, textColour, shown, cell.width - 6.0f);
}

} // namespace vst3
