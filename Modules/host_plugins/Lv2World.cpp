#include "Lv2World.h"

#include "ErrorOutputCapture.h"
#include "PluginPaths.h"

#include <lilv/lilv.h>
#include <lv2/core/lv2.h>
#include <lv2/port-props/port-props.h>

#include <array>

namespace host
{

namespace
{
struct FreeNode
{
    void operator() (LilvNode* node) const { lilv_node_free (node); }
};

using Node = std::unique_ptr<LilvNode, FreeNode>;

juce::File fileFromUriNode (const LilvNode* node)
{
    if (node == nullptr || ! lilv_node_is_uri (node))
        return {};

    auto* path = lilv_file_uri_parse (lilv_node_as_uri (node), nullptr);
    const auto text = juce::String::fromUTF8 (path != nullptr ? path : "");
    lilv_free (path);
    return juce::File::isAbsolutePath (text) ? juce::File (text) : juce::File();
}
} // namespace

struct Lv2World::Pimpl
{
    Pimpl() : world (lilv_world_new()) {}
    ~Pimpl() { lilv_world_free (world); }

    Node uri (const char* text) const { return Node (lilv_new_uri (world, text)); }

    juce::String getInteger (const LilvPlugin* plugin, const char* predicate) const
    {
        auto* values = lilv_plugin_get_value (plugin, uri (predicate).get());
        juce::String result;

        if (values != nullptr && lilv_nodes_size (values) > 0)
            if (const auto* first = lilv_nodes_get_first (values); lilv_node_is_int (first))
                result = juce::String (lilv_node_as_int (first));

        lilv_nodes_free (values);
        return result;
    }

    LilvWorld* world;
    juce::String trouble;
};

Lv2World::Lv2World() : pimpl (std::make_unique<Pimpl>())
{
    // Bundle by bundle: lilv reports every other folder among them as an error on stderr.
    for (const auto& folder : PluginPaths::getFolders ("LV2"))
        for (const auto& bundle : PluginPaths::findPluginFiles ("LV2", folder))
            addBundle (bundle);
}

Lv2World::Lv2World (const juce::File& bundle) : pimpl (std::make_unique<Pimpl>()) { addBundle (bundle); }

void Lv2World::addBundle (const juce::File& bundle)
{
    const auto path = juce::File::addTrailingSeparator (bundle.getFullPathName());
    const Node uri (lilv_new_file_uri (pimpl->world, nullptr, path.toRawUTF8()));

    // A manifest that is no Turtle is reported by printing alone.
    const ErrorOutputCapture capture;
    lilv_world_load_bundle (pimpl->world, uri.get());
    pimpl->trouble = juce::String::fromUTF8 (capture.getFirstLine().c_str());

    for (const auto* prefix : { "error: ", "warning: " })
        if (pimpl->trouble.startsWith (prefix))
            pimpl->trouble = pimpl->trouble.substring (juce::String (prefix).length());
}

juce::String Lv2World::getTrouble() const { return pimpl->trouble; }

Lv2World::~Lv2World() = default;

juce::StringArray Lv2World::getPluginUris() const
{
    juce::StringArray uris;
    const auto* plugins = lilv_world_get_all_plugins (pimpl->world);

    for (auto* i = lilv_plugins_begin (plugins); ! lilv_plugins_is_end (plugins, i); i = lilv_plugins_next (plugins, i))
        uris.add (juce::String::fromUTF8 (lilv_node_as_uri (lilv_plugin_get_uri (lilv_plugins_get (plugins, i)))));

    uris.sort (false);
    return uris;
}

std::optional<Lv2World::Plugin> Lv2World::find (const juce::String& uri) const
{
    if (! isUri (uri))
        return {};

    const auto* plugin =
        lilv_plugins_get_by_uri (lilv_world_get_all_plugins (pimpl->world), pimpl->uri (uri.toRawUTF8()).get());

    if (plugin == nullptr)
        return {};

    Plugin result;
    result.uri = uri;
    result.bundle = fileFromUriNode (lilv_plugin_get_bundle_uri (plugin));
    result.binary = fileFromUriNode (lilv_plugin_get_library_uri (plugin));

    const auto minor = pimpl->getInteger (plugin, LV2_CORE__minorVersion);
    const auto micro = pimpl->getInteger (plugin, LV2_CORE__microVersion);

    if (minor.isNotEmpty() || micro.isNotEmpty())
        result.version = (minor.isEmpty() ? "0" : minor) + "." + (micro.isEmpty() ? "0" : micro);

    const auto cv = pimpl->uri (LV2_CORE__CVPort);
    const auto audio = pimpl->uri (LV2_CORE__AudioPort);
    const auto input = pimpl->uri (LV2_CORE__InputPort);
    const auto optional = pimpl->uri (LV2_CORE__connectionOptional);
    const std::array notForAutomation{ pimpl->uri (LV2_PORT_PROPS__notAutomatic), pimpl->uri (LV2_PORT_PROPS__expensive),
                                       pimpl->uri (LV2_PORT_PROPS__notOnGUI) };

    for (std::uint32_t i = 0, end = lilv_plugin_get_num_ports (plugin); i < end; ++i)
    {
        const auto* port = lilv_plugin_get_port_by_index (plugin, i);

        if (port == nullptr)
            continue;

        if (lilv_port_is_a (plugin, port, audio.get()))
            ++(lilv_port_is_a (plugin, port, input.get()) ? result.audioInputs : result.audioOutputs);
        else if (lilv_port_is_a (plugin, port, cv.get()) && ! lilv_port_has_property (plugin, port, optional.get()))
            result.needsCv = true;

        for (const auto& property : notForAutomation)
            if (lilv_port_has_property (plugin, port, property.get()))
                result.notForAutomation.addIfNotAlreadyThere (
                    juce::String::fromUTF8 (lilv_node_as_string (lilv_port_get_symbol (plugin, port))));
    }

    return result;
}

bool Lv2World::isUri (const juce::String& text)
{
    // RFC 3986: a letter, then letters, digits, '+', '-' or '.', then a colon. One letter alone is no scheme anyone uses.
    const auto scheme = text.upToFirstOccurrenceOf (":", false, false);
    return scheme.length() > 1 && scheme.length() < text.length() && juce::CharacterFunctions::isLetter (scheme[0])
           && scheme.containsOnly ("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.")
           && ! text.startsWithIgnoreCase ("VST3:") && ! text.startsWithIgnoreCase ("LADSPA:")
           && ! text.startsWithIgnoreCase ("LV2:");
}

} // namespace host
