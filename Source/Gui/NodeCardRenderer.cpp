#include "NodeCardRenderer.h"

#include "Theme.h"

#include <cmath>
#include <cstring>

namespace gui
{

namespace
{
// Pixels at 100 %, from the card's corner.
constexpr double padding = 12.0, meterTop = 52.0, meterDistance = 6.0, meterHeight = 3.0, cardCorner = 8.0, portRadius = 4.0;
constexpr double loadWidth = 30.0, loadTop = 9.0, loadHeight = 15.0, lampSize = 8.0, lampTop = 31.0;
constexpr float lowestLevel = -60.0f; ///< dB
constexpr int shadowReach = 14, shadowDrop = 4;

juce::Colour getColour (NodePortGroup::Kind kind)
{
    switch (kind)
    {
        case NodePortGroup::Kind::midi: return colour (Token::midi);
        case NodePortGroup::Kind::sideChain: return colour (Token::sideChain);
        case NodePortGroup::Kind::audio: break;
    }

    return colour (Token::audio);
}

void copyPixels (juce::Image& destination, juce::Point<int> place, const juce::Image& source, juce::Rectangle<int> part)
{
    const auto way = place - part.getPosition();
    part = part.getIntersection (source.getBounds());
    part = (part + way).getIntersection (destination.getBounds()) - way;

    if (part.isEmpty())
        return;

    const auto corner = part.getPosition() + way;
    const juce::Image::BitmapData to (destination, corner.x, corner.y, part.getWidth(), part.getHeight(),
                                      juce::Image::BitmapData::writeOnly);
    const juce::Image::BitmapData from (source, part.getX(), part.getY(), part.getWidth(), part.getHeight());

    for (int y = 0; y < part.getHeight(); ++y)
        std::memcpy (to.getLinePointer (y), from.getLinePointer (y), std::size_t (part.getWidth() * to.pixelStride));
}

juce::Image makeOpaque (juce::Rectangle<int> area)
{
    juce::Image result (juce::Image::ARGB, std::max (1, area.getWidth()), std::max (1, area.getHeight()), false);
    result.clear (result.getBounds(), colour (Token::card));
    return result;
}
} // namespace

int NodeCardRenderer::scaled (double value) const noexcept { return juce::roundToInt (value * scale); }

juce::Rectangle<int> NodeCardRenderer::scaled (double x, double y, double width, double height) const noexcept
{
    return { getMargin() + scaled (x), getMargin() + scaled (y), std::max (1, scaled (width)),
             std::max (1, scaled (height)) };
}

void NodeCardRenderer::setScale (double newScale)
{
    scale = newScale;
    loads.clear();
    shadows.clear();

    const auto bar = scaled (0.0, 0.0, NodeShape::width - 2.0 * padding, meterHeight).withZeroOrigin();
    const auto size = bar.toFloat();
    const auto radius = 0.5f * size.getHeight();

    const auto drawBar = [&] (Token token, juce::Image image, juce::Rectangle<float> area)
    {
        juce::Graphics g (image);
        g.setColour (colour (token));
        g.fillRoundedRectangle (area, radius);
        return image;
    };

    emptyMeter = drawBar (Token::line, makeOpaque (bar), size);
    fullMeter = drawBar (Token::audio, drawBar (Token::line, makeOpaque (bar), size), size);

    // The end of a bar that is shorter than the track: round, on the track's colour.
    auto end = makeOpaque (bar.withWidth (bar.getHeight()));
    end.clear (end.getBounds(), colour (Token::line));
    meterEnd = drawBar (Token::audio, end, size.withWidth (3.0f * size.getHeight()).withRightX (size.getHeight()));

    lampOn = drawLamp (true);
    lampOff = drawLamp (false);
}

juce::Image NodeCardRenderer::drawLamp (bool isOn) const
{
    auto image = makeOpaque (scaled (0.0, 0.0, lampSize, lampSize));

    if (isOn)
    {
        juce::Graphics g (image);
        g.setColour (colour (Token::midi));
        g.fillEllipse (image.getBounds().toFloat().reduced (0.1f * float (image.getWidth())));
    }

    return image;
}

juce::Image NodeCardRenderer::drawLoad (int percent) const
{
    auto image = makeOpaque (scaled (0.0, 0.0, loadWidth, loadHeight));

    if (percent >= 0)
    {
        juce::Graphics g (image);
        g.addTransform (juce::AffineTransform::scale (float (scale)));
        g.setColour (colour (Token::muted));
        g.setFont (font (10.0f));
        drawFigures (g, juce::String (percent) + " %", { 0.0f, 0.0f, float (loadWidth), float (loadHeight) },
                     juce::Justification::centredRight);
    }

    return image;
}

const juce::Image& NodeCardRenderer::getShadow (int cardHeight) const
{
    auto& shadow = shadows[cardHeight];

    if (shadow.isNull())
    {
        shadow = juce::Image (juce::Image::ARGB, scaled (NodeShape::width) + 2 * getMargin(),
                              scaled (cardHeight) + 2 * getMargin(), true);
        juce::Graphics g (shadow);
        g.addTransform (juce::AffineTransform::scale (float (scale)).translated (float (getMargin()), float (getMargin())));

        // Sheets that are laid on each other, ever smaller, make a soft edge.
        const auto isLight = colour (Token::background).getPerceivedBrightness() > 0.5f;
        const auto strength = isLight ? 0.12f : 0.35f;
        const juce::Rectangle<float> card (0.0f, float (shadowDrop), float (NodeShape::width), float (cardHeight));

        for (int i = shadowReach; i > 0; i -= 2)
        {
            g.setColour (juce::Colours::black.withAlpha (2.0f * strength * float (shadowReach + 2 - i)
                                                         / float (shadowReach * (shadowReach + 2) / 2)));
            g.fillRoundedRectangle (card.expanded (float (i) - 0.4f * float (shadowReach)), float (cardCorner) + float (i));
        }
    }

    return shadow;
}

NodeCardPicture NodeCardRenderer::draw (const NodeCardLook& look) const
{
    const auto height = look.shape.getHeight();
    NodeCardPicture picture;
    picture.image = getShadow (height).createCopy();

    {
        juce::Graphics g (picture.image);
        const auto inPixels = scaled (0.0, 0.0, NodeShape::width, height).toFloat();
        const auto width = float (NodeShape::width);

        // Frames at whole pixels are crisp at any zoom.
        const auto frameWidth = float (std::max (1, scaled (look.isSelected ? 2.0 : 1.0)));
        const auto cornerInPixels = float (cardCorner * scale);
        g.setColour (colour (look.isSelected ? Token::focus : look.isBad ? Token::bad : Token::line));
        g.fillRoundedRectangle (inPixels, cornerInPixels);
        g.setColour (colour (Token::card));
        g.fillRoundedRectangle (inPixels.reduced (frameWidth), std::max (0.0f, cornerInPixels - frameWidth));

        g.addTransform (juce::AffineTransform::scale (float (scale)).translated (float (getMargin()), float (getMargin())));

        const auto nameWidth = width - 2.0f * float (padding) - (look.showsLoad ? float (loadWidth) : 0.0f);
        g.setColour (colour (look.isDimmed ? Token::muted : Token::text));
        g.setFont (font (13.0f, true));
        g.drawFittedText (look.name, juce::Rectangle<float> (float (padding), 8.0f, nameWidth, 18.0f).toNearestInt(),
                          juce::Justification::centredLeft, 1, 0.88f);

        const auto pillFont = font (10.0f, true);
        const auto pillWidth = look.pill.isEmpty() ? 0.0f : pillFont.getStringWidthFloat (look.pill) + 12.0f;
        const auto detailFont = font (10.0f);
        const auto room = width - 2.0f * float (padding) - (look.pill.isEmpty() ? 0.0f : pillWidth + 6.0f)
                          - (look.showsMidi ? float (lampSize) + 4.0f : 0.0f);
        const auto detailWidth = std::min (room, detailFont.getStringWidthFloat (look.detail) + 1.0f);
        g.setColour (colour (look.isBad ? Token::bad : Token::muted));
        g.setFont (detailFont);
        g.drawText (look.detail, juce::Rectangle<float> (float (padding), 27.0f, detailWidth, 15.0f),
                    juce::Justification::centredLeft, true);

        if (look.pill.isNotEmpty())
        {
            const juce::Rectangle<float> pill (float (padding) + detailWidth + 6.0f, 26.5f, pillWidth, 16.0f);
            g.setColour (colour (Token::sideChain));
            g.fillRoundedRectangle (pill, 8.0f);
            g.setColour (colour (Token::onAccent));
            g.setFont (pillFont);
            g.drawText (look.pill, pill, juce::Justification::centred, false);
        }

        for (const auto isOutput : { false, true })
        {
            for (const auto& group : look.shape.getSide (isOutput))
            {
                const auto circle = juce::Rectangle<float> (2.0f * float (portRadius), 2.0f * float (portRadius))
                                        .withCentre ({ isOutput ? width : 0.0f, float (look.shape.getPortY (group)) });
                g.setColour (getColour (group.kind));
                g.fillEllipse (circle);

                // One that nothing is connected to is a ring.
                if (! look.connected.contains (group))
                {
                    g.setColour (colour (Token::card));
                    g.fillEllipse (circle.reduced (1.5f));
                }
            }
        }
    }

    drawMeter (picture.image, 0, 0);
    drawMeter (picture.image, 1, 0);
    return picture;
}

void NodeCardRenderer::drawMeter (juce::Image& image, int index, int length) const
{
    const auto area = scaled (padding, meterTop + meterDistance * index, NodeShape::width - 2.0 * padding, meterHeight);
    const auto end = meterEnd.getWidth();
    const auto isShort = length < 2 * end;
    const auto body = isShort ? length : length - end;

    copyPixels (image, area.getPosition(), fullMeter, { body, area.getHeight() });

    if (length >= area.getWidth())
    {
        copyPixels (image, area.getPosition().translated (body, 0), fullMeter,
                    { body, 0, area.getWidth() - body, area.getHeight() });
        return;
    }

    if (! isShort)
        copyPixels (image, area.getPosition().translated (body, 0), meterEnd, meterEnd.getBounds());

    copyPixels (image, area.getPosition().translated (length, 0), emptyMeter,
                { length, 0, area.getWidth() - length, area.getHeight() });
}

int NodeCardRenderer::getMeterLength (float level) const noexcept
{
    const auto decibels = juce::Decibels::gainToDecibels (level, lowestLevel);
    const auto width = scaled (NodeShape::width - 2.0 * padding);
    return juce::jlimit (0, width, juce::roundToInt (double (width) * (1.0 - double (decibels) / double (lowestLevel))));
}

juce::Rectangle<int> NodeCardRenderer::update (NodeCardPicture& picture, std::array<int, 2> lengths, int load, bool midi)
{
    juce::Rectangle<int> changed;
    const auto add = [&] (juce::Rectangle<int> area) { changed = changed.isEmpty() ? area : changed.getUnion (area); };

    for (int i = 0; i < 2; ++i)
    {
        const auto before = std::exchange (picture.meters[i], lengths[std::size_t (i)]);
        const auto now = lengths[std::size_t (i)];

        if (now == before)
            continue;

        drawMeter (picture.image, i, now);
        const auto bar = scaled (padding, meterTop + meterDistance * i, NodeShape::width - 2.0 * padding, meterHeight);
        const auto first = std::max (0, std::min (before, now) - meterEnd.getWidth());
        add (bar.withX (bar.getX() + first).withWidth (std::max (before, now) - first));
    }

    if (std::exchange (picture.load, load) != load)
    {
        auto& image = loads[load];

        if (image.isNull())
            image = drawLoad (load);

        const auto area = scaled (NodeShape::width - padding - loadWidth, loadTop, loadWidth, loadHeight);
        copyPixels (picture.image, area.getPosition(), image, image.getBounds());
        add (area);
    }

    if (std::exchange (picture.midi, midi) != midi)
    {
        const auto& image = midi ? lampOn : lampOff;
        const auto area = scaled (NodeShape::width - padding - lampSize, lampTop, lampSize, lampSize);
        copyPixels (picture.image, area.getPosition(), image, image.getBounds());
        add (area);
    }

    return changed;
}

} // namespace gui
