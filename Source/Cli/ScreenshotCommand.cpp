#include "Commands.h"

#include "../Gui/App.h"

#include <host_graph/Error.h>
#include <host_plugins/WriteFile.h>
#include <juce_graphics/juce_graphics.h>

#include <charconv>
#include <memory>

namespace cli
{

namespace
{
struct ScreenshotOptions
{
    std::string session, output, size = "1440x900";
};

constexpr int smallest = 100, largest = 8192;

/** "1440x900" */
std::pair<int, int> parseSize (const std::string& text)
{
    int width = 0, height = 0;
    const auto* end = text.data() + text.size();
    const auto first = std::from_chars (text.data(), end, width);
    const auto isValid = first.ec == std::errc() && first.ptr != end && (*first.ptr == 'x' || *first.ptr == 'X');

    if (isValid)
        if (const auto second = std::from_chars (first.ptr + 1, end, height); second.ec == std::errc() && second.ptr == end)
            if (width >= smallest && width <= largest && height >= smallest && height <= largest)
                return { width, height };

    throw host::Error ("--size", "\"" + text + "\" is no size",
                       "give WIDTHxHEIGHT, " + std::to_string (smallest) + " to " + std::to_string (largest) + " each");
}

void drawScreenshot (const ScreenshotOptions& options)
{
    const auto [width, height] = parseSize (options.size);
    const auto folder = juce::File::getCurrentWorkingDirectory();
    const auto image =
        gui::drawScreenshot (folder.getChildFile (juce::String::fromUTF8 (options.session.c_str())), width, height);

    juce::MemoryOutputStream png;
    juce::PNGImageFormat().writeImageToStream (image, png);
    host::writeFileAtomically (folder.getChildFile (juce::String::fromUTF8 (options.output.c_str())),
                               { static_cast<const char*> (png.getData()), png.getDataSize() });
}
} // namespace

void addScreenshotCommand (CLI::App& app, Outcome&)
{
    auto* command = app.add_subcommand ("screenshot", "Draw the desktop app with a session, without a display");
    const auto options = std::make_shared<ScreenshotOptions>();
    command->add_option ("SESSION", options->session, "The session to show")->required();
    command->add_option ("--output", options->output, "The picture to write (PNG)")->type_name ("PNG")->required();
    command->add_option ("--size", options->size, "Its size in pixels")->type_name ("WxH")->capture_default_str();
    command->callback ([options] { drawScreenshot (*options); });
}

} // namespace cli
