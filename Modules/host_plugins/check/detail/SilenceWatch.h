#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace host::check
{

/** Judges what an effect puts out while nothing goes in. It is given one stretch of silence, block by block, in blocks of one
    length that is long enough to hold a period of whatever sounds. */
class SilenceWatch
{
public:
    /** -60 dBFS: far above any dither, and above the hum that some effects put in on purpose. */
    static constexpr float audible = 0.001f;

    /** @param maxBlocks  of the stretch: room for them is made now */
    explicit SilenceWatch (std::size_t maxBlocks) { levels.reserve (maxBlocks); }

    /** @param level  as OutputWatch::examine() returns it. Wait-free. */
    void add (float level) noexcept
    {
        if (levels.size() < levels.capacity())
            levels.push_back (level);
    }

    /** Whether the last blocks, half a second of them, were all silent.
        @param blockSeconds  of one block */
    bool hasFallenSilent (double blockSeconds) const noexcept;

    /** For a plugin that never got any input: what it puts out, if it sounds, and not only when it starts. Empty if it is as
        it should be. */
    std::string judgeUntouched() const;

    /** For a plugin whose input has ended, and with it, in time, its tail: what it puts out, if it sounds to the end and grows no
        quieter. A tail that is only long does. Empty if it is as it should be. */
    std::string judgeAfterTail (double blockSeconds) const;

private:
    std::vector<float> levels;
};

} // namespace host::check
