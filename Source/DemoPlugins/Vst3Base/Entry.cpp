// What a VST3 module exports: its factory, and the two calls around a module's life on Linux.

#include "Component.h"

#include <pluginterfaces/base/ipluginbase.h>
#include <pluginterfaces/vst/ivstaudioprocessor.h>
#include <pluginterfaces/vst/ivstcomponent.h>

// VST3's interfaces have no virtual destructor: release() is how their objects die.
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

namespace vst3
{

using namespace Steinberg;

namespace
{

constexpr const char* version = VST3_MODULE_VERSION;

class Factory final : public IPluginFactory3
{
public:
    virtual ~Factory() = default;

    tresult PLUGIN_API queryInterface (const TUID wanted, void** object) override
    {
        using FUnknownPrivate::iidEqual;

        if (iidEqual (wanted, FUnknown_iid) || iidEqual (wanted, IPluginFactory_iid)
            || iidEqual (wanted, IPluginFactory2_iid) || iidEqual (wanted, IPluginFactory3_iid))
        {
            *object = this;
            return kResultOk;
        }

        *object = nullptr;
        return kNoInterface;
    }

    // It lives as long as the module.
    uint32 PLUGIN_API addRef() override { return 1; }
    uint32 PLUGIN_API release() override { return 1; }

    tresult PLUGIN_API getFactoryInfo (PFactoryInfo* info) override
    {
        *info = PFactoryInfo (vendor, "", "", PFactoryInfo::kUnicode);
        return kResultOk;
    }

    int32 PLUGIN_API countClasses() override { return static_cast<int32> (classes.size()); }

    tresult PLUGIN_API getClassInfo (int32 index, PClassInfo* info) override
    {
        if (! isValid (index))
            return kInvalidArgument;

        const auto& c = classes[static_cast<std::size_t> (index)];
        *info = PClassInfo (Id (c).bytes, PClassInfo::kManyInstances, kVstAudioEffectClass, c.name.c_str());
        return kResultOk;
    }

    tresult PLUGIN_API getClassInfo2 (int32 index, PClassInfo2* info) override
    {
        if (! isValid (index))
            return kInvalidArgument;

        const auto& c = classes[static_cast<std::size_t> (index)];
        *info = PClassInfo2 (Id (c).bytes, PClassInfo::kManyInstances, kVstAudioEffectClass, c.name.c_str(), 0,
                             c.categories.c_str(), vendor, version, kVstVersionString);
        return kResultOk;
    }

    tresult PLUGIN_API getClassInfoUnicode (int32 index, PClassInfoW* info) override
    {
        PClassInfo2 ascii;

        if (getClassInfo2 (index, &ascii) != kResultOk)
            return kInvalidArgument;

        info->fromAscii (ascii);
        return kResultOk;
    }

    tresult PLUGIN_API setHostContext (FUnknown*) override { return kResultOk; }

    tresult PLUGIN_API createInstance (FIDString cid, FIDString wanted, void** object) override
    {
        *object = nullptr;

        for (const auto& c : classes)
        {
            if (FUnknownPrivate::iidEqual (cid, Id (c).bytes))
            {
                auto* component = createComponent (c);
                const auto result = component->queryInterface (wanted, object);
                component->release();
                return result;
            }
        }

        return kNoInterface;
    }

private:
    struct Id
    {
        explicit Id (const PluginClass& c)
        {
            for (std::size_t i = 0; i < 16; ++i)
                bytes[i] = static_cast<char> (c.id[i / 4] >> (24 - 8 * (i % 4)));
        }

        TUID bytes;
    };

    bool isValid (int32 index) const { return index >= 0 && index < static_cast<int32> (classes.size()); }

    const std::vector<PluginClass> classes = getPluginClasses();
};

} // namespace
} // namespace vst3

extern "C"
{
    SMTG_EXPORT_SYMBOL Steinberg::IPluginFactory* PLUGIN_API GetPluginFactory()
    {
        static vst3::Factory factory;
        return &factory;
    }

    // Weak, so that a test plugin can misbehave here.
    SMTG_EXPORT_SYMBOL __attribute__ ((weak)) bool ModuleEntry (void* sharedLibraryHandle);
    SMTG_EXPORT_SYMBOL bool ModuleExit();

    bool ModuleEntry (void*) { return true; }

    bool ModuleExit() { return true; }
}
