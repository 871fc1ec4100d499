#pragma once

#include <rt_guard/PageFaults.h>

#include <atomic>
#include <cstdint>
#include <optional>

namespace host
{

/** Page faults of an audio thread, block by block. It asks the kernel, so call it outside real-time scopes only. */
class PageFaultMeter
{
public:
    /** What was counted; read by any thread. */
    struct Totals
    {
        std::atomic<std::uint64_t> minor{ 0 }, major{ 0 }, blocks{ 0 };
    };

    explicit PageFaultMeter (Totals& totalsToUse) noexcept : totals (totalsToUse) {}

    /** Another thread calls next. */
    void forget() noexcept { before.reset(); }

    /** What came before is not the blocks'. For threads that do other work between them. */
    void beginBlock() noexcept
    {
        if (before)
            before = rt::guard::PageFaults::read();
    }

    /** Adds what came since beginBlock() or the last block's end. The first block only sets the mark: what a thread touches for
        the first time there, it touches once. */
    void endBlock() noexcept
    {
        const auto now = rt::guard::PageFaults::read();

        if (before)
        {
            const auto faults = now - *before;
            totals.minor.fetch_add (faults.minor, std::memory_order_relaxed);
            totals.major.fetch_add (faults.major, std::memory_order_relaxed);
            totals.blocks.fetch_add (1, std::memory_order_relaxed);
        }

        before = now;
    }

private:
    Totals& totals;
    std::optional<rt::guard::PageFaults> before;
};

} // namespace host
