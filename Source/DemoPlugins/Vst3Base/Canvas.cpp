#include "Canvas.h"

#include <ft2build.h>
#include FT_FREETYPE_H

#include <algorithm>
#include <cmath>
#include <dlfcn.h>
#include <numbers>

namespace vst3
{

/** A sans of this machine, drawn by FreeType. Both are looked for when the first view opens, so that a machine without them,
    or a host that shows no view, needs neither. */
class Canvas::Font
{
public:
    Font()
    {
        static const auto freetype = Functions::load();

        if (! freetype.isComplete || freetype.initialise (&library) != 0)
            return;

        functions = &freetype;

        static constexpr const char* files[] = { "/usr/share/fonts/opentype/inter/Inter-Regular.otf",
                                                 "/usr/share/fonts/inter/Inter-Regular.otf",
                                                 "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
                                                 "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
                                                 "/usr/share/fonts/TTF/DejaVuSans.ttf",
                                                 "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf",
                                                 "/usr/share/fonts/liberation-sans/LiberationSans-Regular.ttf",
                                                 "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
                                                 "/usr/share/fonts/noto/NotoSans-Regular.ttf",
                                                 "/usr/share/fonts/truetype/freefont/FreeSans.ttf" };

        for (const auto* file : files)
            if (functions->openFace (library, file, 0, &face) == 0)
                return;

        face = nullptr;
    }

    ~Font()
    {
        if (functions != nullptr)
        {
            if (face != nullptr)
                functions->closeFace (face);

            functions->finish (library);
        }
    }

    Font (const Font&) = delete;
    Font& operator= (const Font&) = delete;

    bool isThere() const noexcept { return face != nullptr; }

    void setSize (float size) { functions->setSize (face, 0, static_cast<FT_UInt> (std::lround (size))); }

    /** The glyph of a character as grey levels, or null. Valid until the next call. */
    FT_GlyphSlot getGlyph (char character, bool draw)
    {
        const auto code = static_cast<FT_ULong> (static_cast<unsigned char> (character));
        const auto flags = (draw ? FT_LOAD_RENDER : FT_LOAD_DEFAULT) | FT_LOAD_TARGET_LIGHT;
        return functions->loadCharacter (face, code < 128 ? code : '?', static_cast<FT_Int32> (flags)) == 0 ? face->glyph
                                                                                                            : nullptr;
    }

    float getWidth (const std::string& text)
    {
        auto sum = 0.0f;

        for (const auto character : text)
            if (const auto* glyph = getGlyph (character, false))
                sum += static_cast<float> (glyph->advance.x) / 64.0f;

        return sum;
    }

private:
    struct Functions
    {
        decltype (&FT_Init_FreeType) initialise = nullptr;
        decltype (&FT_Done_FreeType) finish = nullptr;
        decltype (&FT_New_Face) openFace = nullptr;
        decltype (&FT_Done_Face) closeFace = nullptr;
        decltype (&FT_Set_Pixel_Sizes) setSize = nullptr;
        decltype (&FT_Load_Char) loadCharacter = nullptr;
        bool isComplete = false;

        static Functions load()
        {
            Functions f;
            auto* handle = ::dlopen ("libfreetype.so.6", RTLD_NOW | RTLD_LOCAL);

            if (handle == nullptr)
                return f;

            const auto find = [handle] (const char* name, auto& function)
            { return (function = reinterpret_cast<std::decay_t<decltype (function)>> (::dlsym (handle, name))) != nullptr; };

            f.isComplete = find ("FT_Init_FreeType", f.initialise) && find ("FT_Done_FreeType", f.finish)
                           && find ("FT_New_Face", f.openFace) && find ("FT_Done_Face", f.closeFace)
                           && find ("FT_Set_Pixel_Sizes", f.setSize) && find ("FT_Load_Char", f.loadCharacter);
            return f;
        }
    };

    const Functions* functions = nullptr;
    FT_Library library = nullptr;
    FT_Face face = nullptr;
};

Canvas::Canvas() : font (std::make_unique<Font>()) {}
Canvas::~Canvas() = default;

void Canvas::begin (int w, int h, std::uint32_t colour)
{
    width = std::max (1, w);
    height = std::max (1, h);
    pixels.assign (static_cast<std::size_t> (width) * static_cast<std::size_t> (height), colour);
    undrawn.clear();
}

void Canvas::blend (int x, int y, std::uint32_t colour, float amount)
{
    if (x < 0 || y < 0 || x >= width || y >= height || amount <= 0.0f)
        return;

    auto& pixel = pixels[static_cast<std::size_t> (y * width + x)];
    const auto weight = static_cast<std::uint32_t> (std::lround (std::min (amount, 1.0f) * 256.0f));
    std::uint32_t result = 0;

    for (const auto shift : { 0u, 8u, 16u })
        result |= (((pixel >> shift & 0xff) * (256 - weight) + (colour >> shift & 0xff) * weight) >> 8) << shift;

    pixel = result;
}

template <typename Coverage>
void Canvas::shade (float left, float top, float right, float bottom, std::uint32_t colour, Coverage&& coverage)
{
    const auto firstX = std::max (0, static_cast<int> (left) - 1),
               lastX = std::min (width - 1, static_cast<int> (right) + 1);
    const auto firstY = std::max (0, static_cast<int> (top) - 1),
               lastY = std::min (height - 1, static_cast<int> (bottom) + 1);

    for (int y = firstY; y <= lastY; ++y)
        for (int x = firstX; x <= lastX; ++x)
            blend (x, y, colour, coverage (static_cast<float> (x) + 0.5f, static_cast<float> (y) + 0.5f));
}

void Canvas::line (float x0, float y0, float x1, float y1, float thickness, std::uint32_t colour)
{
    const auto dx = x1 - x0, dy = y1 - y0, squared = std::max (dx * dx + dy * dy, 1.0e-6f), half = thickness / 2.0f;

    shade (std::min (x0, x1) - half, std::min (y0, y1) - half, std::max (x0, x1) + half, std::max (y0, y1) + half, colour,
           [&] (float x, float y)
           {
               const auto along = std::clamp (((x - x0) * dx + (y - y0) * dy) / squared, 0.0f, 1.0f);
               return half + 0.5f - std::hypot (x - x0 - along * dx, y - y0 - along * dy);
           });
}

void Canvas::arc (float centreX, float centreY, float radius, float from, float to, float thickness, std::uint32_t colour)
{
    const auto half = thickness / 2.0f, extent = radius + half;
    const auto fromX = centreX + radius * std::cos (from), fromY = centreY + radius * std::sin (from);
    const auto toX = centreX + radius * std::cos (to), toY = centreY + radius * std::sin (to);

    shade (centreX - extent, centreY - extent, centreX + extent, centreY + extent, colour,
           [&] (float x, float y)
           {
               const auto distance = std::abs (std::hypot (x - centreX, y - centreY) - radius);

               if (distance > half + 0.5f)
                   return 0.0f;

               auto angle = std::atan2 (y - centreY, x - centreX);

               while (angle < from)
                   angle += 2.0f * std::numbers::pi_v<float>;

               const auto nearest =
                   angle <= to ? distance : std::min (std::hypot (x - fromX, y - fromY), std::hypot (x - toX, y - toY));
               return half + 0.5f - nearest;
           });
}

void Canvas::disc (float centreX, float centreY, float radius, std::uint32_t colour)
{
    shade (centreX - radius, centreY - radius, centreX + radius, centreY + radius, colour,
           [&] (float x, float y) { return radius + 0.5f - std::hypot (x - centreX, y - centreY); });
}

void Canvas::text (float x, float baseline, float size, Align align, std::uint32_t colour, const std::string& wanted,
                   float maxWidth)
{
    if (! font->isThere())
    {
        undrawn.push_back ({ x, baseline, align, colour, wanted });
        return;
    }

    font->setSize (size);
    auto text = wanted;

    for (auto length = wanted.size(); length > 0 && font->getWidth (text) > maxWidth;)
        text = wanted.substr (0, --length) + "...";

    const auto textWidth = font->getWidth (text);
    auto pen = std::round (x - (align == Align::left ? 0.0f : align == Align::right ? textWidth : textWidth / 2.0f));
    const auto bottom = static_cast<int> (std::lround (baseline));

    for (const auto character : text)
    {
        const auto* glyph = font->getGlyph (character, true);

        if (glyph == nullptr)
            continue;

        const auto& bitmap = glyph->bitmap;
        const auto left = static_cast<int> (std::lround (pen)) + glyph->bitmap_left;

        for (int row = 0; row < static_cast<int> (bitmap.rows); ++row)
            for (int column = 0; column < static_cast<int> (bitmap.width); ++column)
                blend (left + column, bottom - glyph->bitmap_top + row, colour,
                       static_cast<float> (bitmap.buffer[row * bitmap.pitch + column]) / 255.0f);

        pen += static_cast<float> (glyph->advance.x) / 64.0f;
    }
}

} // namespace vst3
