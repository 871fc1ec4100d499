// Plugins whose editors are not as a host would have them. All pass sound through.
//
// Editor Grows     asks for 300 to 500 pixels of width and height as its parameter goes from 0 to 1
// Editor Fixed     does not let the host change its size
// Editor Refuses   does not attach to the host's window
// Editor Vanishes  destroys its window once its parameter is above 0.5
// Editor Errs      makes the X server complain of a bad window as it opens, and again when its parameter changes

#include "TestPlugin.h"

#include <Vst3Base/View.h>

#include <X11/Xlib.h>

#include <cmath>
#include <dlfcn.h>

#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

using namespace Steinberg;

namespace
{

/** A connection to the X server of its own. */
class X11
{
public:
    ~X11() { find<decltype (XCloseDisplay)> ("XCloseDisplay") (display); }

    template <typename Function>
    Function* find (const char* name) const
    {
        return reinterpret_cast<Function*> (::dlsym (library, name));
    }

    void* const library = ::dlopen ("libX11.so.6", RTLD_NOW | RTLD_LOCAL);
    Display* const display = find<decltype (XOpenDisplay)> ("XOpenDisplay") (nullptr);
};

class Grows final : public vst3::View
{
public:
    using View::View;

private:
    void valuesChanged() override
    {
        const auto size = 300 + static_cast<int> (std::lround (200.0 * controls.getValue (0)));
        requestSize (size, size);
    }
};

class Fixed final : public vst3::View
{
public:
    using View::View;

    tresult PLUGIN_API canResize() override { return kResultFalse; }
};

class Refuses final : public vst3::View
{
public:
    using View::View;

    tresult PLUGIN_API attached (void*, FIDString) override { return kResultFalse; }
};

class Vanishes final : public vst3::View
{
public:
    using View::View;

    tresult PLUGIN_API attached (void* host, FIDString type) override
    {
        parent = reinterpret_cast<unsigned long> (host);
        return View::attached (host, type);
    }

private:
    void valuesChanged() override
    {
        if (controls.getValue (0) < 0.5)
            return;

        const X11 x;
        ::Window root = 0, above = 0, *children = nullptr;
        unsigned numChildren = 0;
        x.find<decltype (XQueryTree)> ("XQueryTree") (x.display, parent, &root, &above, &children, &numChildren);

        for (unsigned i = 0; i < numChildren; ++i)
            x.find<decltype (XDestroyWindow)> ("XDestroyWindow") (x.display, children[i]);

        if (children != nullptr)
            x.find<decltype (XFree)> ("XFree") (children);
    }

    unsigned long parent = 0;
};

class Errs final : public vst3::View
{
public:
    using View::View;

    tresult PLUGIN_API attached (void* host, FIDString type) override
    {
        complain();
        return View::attached (host, type);
    }

private:
    void valuesChanged() override { complain(); }

    static void complain()
    {
        const X11 x;
        x.find<decltype (XMapWindow)> ("XMapWindow") (x.display, 1);
        x.find<decltype (XSync)> ("XSync") (x.display, False);
    }
};

template <typename View>
vst3::PluginClass make (std::uint32_t number, const char* name)
{
    auto plugin = test::makeEffect<test::PassThrough> (number, name, { { .name = "Amount" }, { .name = "Other" } });
    plugin.createView = [] (const vst3::PluginClass& description, vst3::Controls& controls) -> IPlugView*
    { return new View (description, controls); };
    return plugin;
}

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    return { make<Grows> (32, "Editor Grows"), make<Fixed> (33, "Editor Fixed"), make<Refuses> (34, "Editor Refuses"),
             make<Vanishes> (35, "Editor Vanishes"), make<Errs> (36, "Editor Errs") };
}
