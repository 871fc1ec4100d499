// Sound and events go out as they came in: notes, polyphonic pressure and system exclusive, each at its sample. (Controllers
// reach a VST3 as parameters, never as events, so there are none to pass.)

#include "TestPlugin.h"

namespace
{

class Pass final : public test::PassThrough
{
public:
    void handleEvent (const Steinberg::Vst::Event& event, Steinberg::Vst::IEventList* output) noexcept override
    {
        if (output != nullptr)
        {
            auto copy = event;
            output->addEvent (copy);
        }
    }
};

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    auto c = test::makeEffect<Pass> (4, "TestPass");
    c.notesIn = c.notesOut = true;
    return { c };
}
