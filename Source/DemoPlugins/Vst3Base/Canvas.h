#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace vst3
{

/** A picture that is drawn by hand: shapes with smooth edges, and text. Needs no display. Coordinates are pixels from the
    top left, y downwards; a colour is 0xRRGGBB. */
class Canvas
{
public:
    enum class Align
    {
        left,
        centre,
        right
    };

    /** A line of text that could not be drawn here, as there is no font: a window may have one of its own. */
    struct Text
    {
        float x = 0.0f, baseline = 0.0f;
        Align align = Align::left;
        std::uint32_t colour = 0;
        std::string text;
    };

    Canvas();
    ~Canvas();

    Canvas (const Canvas&) = delete;
    Canvas& operator= (const Canvas&) = delete;

    /** Begins a picture of this size, at least 1 x 1, in one colour. */
    void begin (int width, int height, std::uint32_t colour);

    void line (float x0, float y0, float x1, float y1, float thickness, std::uint32_t colour);

    /** Part of a circle with round ends, clockwise from one angle to another, in radians from the right. */
    void arc (float x, float y, float radius, float from, float to, float thickness, std::uint32_t colour);

    void disc (float x, float y, float radius, std::uint32_t colour);

    /** @param text      ASCII; anything else is drawn as "?"
        @param maxWidth  what is wider ends in "..." */
    void text (float x, float baseline, float size, Align, std::uint32_t colour, const std::string& text, float maxWidth);

    int getWidth() const noexcept { return width; }
    int getHeight() const noexcept { return height; }

    /** Rows of 0x00RRGGBB, without padding. */
    std::uint32_t* getPixels() noexcept { return pixels.data(); }
    std::uint32_t getPixel (int x, int y) const { return pixels[static_cast<std::size_t> (y * width + x)]; }

    const std::vector<Text>& getUndrawnTexts() const noexcept { return undrawn; }

private:
    class Font;

    /** Blends the colour in by a coverage that is a function of each pixel's middle. */
    template <typename Coverage>
    void shade (float left, float top, float right, float bottom, std::uint32_t colour, Coverage&&);

    void blend (int x, int y, std::uint32_t colour, float amount);

    int width = 1, height = 1;
    std::vector<std::uint32_t> pixels = std::vector<std::uint32_t> (1);
    std::vector<Text> undrawn;
    const std::unique_ptr<Font> font;
};

} // namespace vst3
