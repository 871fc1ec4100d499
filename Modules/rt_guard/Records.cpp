#include "detail/Records.h"
#include "detail/ThreadState.h"
#include "TickClock.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <thread>

namespace rt::guard::detail
{

constinit thread_local ThreadState threadState;

/** A place in the table. `key` is claimed by one exchange, the fields are then written by that thread alone, and `ready`
    tells the others that they may look. */
struct alignas (64) Site
{
    std::atomic<std::uint64_t> key{ 0 };
    std::atomic<std::uint64_t> count{ 0 }, contended{ 0 }, worstTicks{ 0 };
    std::atomic<bool> ready{ false };
    std::atomic<Verdict> verdict{ Verdict::unknown };
    Phase phase = Phase::process;
    std::uint32_t node = 0;
    const char* function = nullptr;
    std::uintptr_t distance = 0; ///< from the frame near the call to the scope's
    std::uint64_t firstBlock = 0;
    std::uint64_t order = 0;
    Stack stack;
};

namespace
{

/** Beyond this many occupied places a new site counts as overflow: it bounds the time of a hit in a full table. */
constexpr std::size_t maxProbes = 64;

constinit std::array<Site, maxSites> sites{};

/** Where a call that looks like this was found last: the site's place plus 1. Anything may stand here, as it is checked against the
    site. It spares the walk for every call of a site but the first. */
constinit std::array<std::atomic<std::uint16_t>, 2 * maxSites> shortcuts{};

constinit std::atomic<std::uint64_t> numOverflows{ 0 }, nextOrder{ 1 }, numResets{ 0 };

/** Release after the site is ready, acquire before the table is looked at: whoever sees the number sees the sites. */
constinit std::atomic<std::uint64_t> numSitesMade{ 0 };

constinit std::atomic<std::uint32_t> numWriters{ 0 };
constinit std::atomic<bool> resetting{ false };
constinit std::mutex resetMutex;

/** The finaliser of SplitMix64 (Steele, Lea and Flood, 2014). */
std::uint64_t mix (std::uint64_t x) noexcept
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

std::uint64_t makeKey (const char* function, std::uint32_t node, const Stack& stack) noexcept
{
    auto key = mix (reinterpret_cast<std::uintptr_t> (function)) + node;

    for (std::size_t i = 0; i < stack.size; ++i)
        key = mix (key + stack.frames[i]);

    return std::max (key, std::uint64_t{ 1 }); // 0 is a free place
}

/** A writer from its construction to its end, unless a reset is at work. */
class Writer
{
public:
    // Either the reset sees this writer and waits for it, or this sees the reset and keeps out: both are sequentially consistent.
    Writer() noexcept
    {
        numWriters.fetch_add (1);
        isIn = ! resetting.load();
    }

    ~Writer() { numWriters.fetch_sub (1, std::memory_order_release); }

    Writer (const Writer&) = delete;
    Writer& operator= (const Writer&) = delete;

    bool isAllowed() const noexcept { return isIn; }

private:
    bool isIn;
};

/** What is known of a call before its stack is walked. */
struct Call
{
    const char* function;
    const void* returnAddress;
    const void* scopeFrame;
    std::uint32_t node;
    std::uintptr_t distance;

    std::atomic<std::uint16_t>& getShortcut() const noexcept
    {
        const auto place = reinterpret_cast<std::uintptr_t> (returnAddress) + (std::uint64_t{ node } << 48);
        const auto hash = mix (reinterpret_cast<std::uintptr_t> (function) + mix (place) + distance);
        return shortcuts[hash % shortcuts.size()];
    }

    Site* findByShortcut() const noexcept
    {
        const auto place = getShortcut().load (std::memory_order_relaxed);

        if (! Stack::hasSlots || place == 0 || distance > Stack::mostDistance)
            return nullptr;

        auto& site = sites[place - 1u];
        const auto isIt = site.ready.load (std::memory_order_acquire) && site.function == function && site.node == node
                          && site.distance == distance && site.stack.matches (returnAddress, scopeFrame);
        return isIt ? &site : nullptr;
    }

    Site* findOrMake (const ThreadState& thread) const noexcept
    {
        Stack stack;
        stack.walk (returnAddress, scopeFrame);
        const auto key = makeKey (function, node, stack);

        for (std::size_t probe = 0; probe < maxProbes; ++probe)
        {
            const auto place = (key + probe) % maxSites;
            auto& site = sites[place];
            std::uint64_t present = site.key.load (std::memory_order_relaxed);

            if (present == 0 && site.key.compare_exchange_strong (present, key, std::memory_order_relaxed))
            {
                site.function = function;
                site.node = node;
                site.phase = thread.phase;
                site.firstBlock = thread.block;
                site.order = nextOrder.fetch_add (1, std::memory_order_relaxed);
                site.distance = distance;
                site.stack = stack;
                site.ready.store (true, std::memory_order_release);
                numSitesMade.fetch_add (1, std::memory_order_release);
                present = key;
            }

            if (present == key)
            {
                getShortcut().store (static_cast<std::uint16_t> (place + 1), std::memory_order_relaxed);
                return &site;
            }
        }

        return nullptr;
    }
};

} // namespace

Site* enterCall (const char* function, const void* returnAddress, const void* nearFrame) noexcept
{
    const auto& thread = threadState;
    const Writer writer;

    if (! writer.isAllowed())
        return nullptr;

    const Call call{ function, returnAddress, thread.frame, thread.node,
                     reinterpret_cast<std::uintptr_t> (thread.frame) - reinterpret_cast<std::uintptr_t> (nearFrame) };
    auto* site = call.findByShortcut();

    if (site == nullptr)
        site = call.findOrMake (thread);

    (site != nullptr ? site->count : numOverflows).fetch_add (1, std::memory_order_relaxed);
    return site;
}

void finishCall (Site* site, std::uint64_t generation, std::uint64_t ticks, bool wasContended) noexcept
{
    // Mostly there is nothing new to tell.
    if (site == nullptr || (! wasContended && ticks <= site->worstTicks.load (std::memory_order_relaxed)))
        return;

    const Writer writer;

    if (! writer.isAllowed() || generation != getGeneration())
        return;

    if (wasContended)
        site->contended.fetch_add (1, std::memory_order_relaxed);

    auto worst = site->worstTicks.load (std::memory_order_relaxed);

    while (worst < ticks && ! site->worstTicks.compare_exchange_weak (worst, ticks, std::memory_order_relaxed))
    {
    }
}

std::uint64_t getGeneration() noexcept { return numResets.load (std::memory_order_relaxed); }

RawSite copySite (const Site& site)
{
    const Writer keepsResetOut;

    if (! keepsResetOut.isAllowed() || ! site.ready.load (std::memory_order_acquire))
        return {};

    return { site.function,
             site.node,
             site.phase,
             site.count.load (std::memory_order_relaxed),
             site.contended.load (std::memory_order_relaxed),
             site.worstTicks.load (std::memory_order_relaxed),
             site.firstBlock,
             site.order,
             std::vector (site.stack.frames.begin(), site.stack.frames.begin() + std::ptrdiff_t (site.stack.size)) };
}

RawRecords copyRecords()
{
    const std::lock_guard lock (resetMutex);
    RawRecords result;

    for (const auto& site : sites)
        if (site.ready.load (std::memory_order_relaxed))
            if (auto copy = copySite (site); copy.order != 0)
                result.sites.push_back (std::move (copy));

    std::sort (result.sites.begin(), result.sites.end(), [] (auto& a, auto& b) { return a.order < b.order; });
    result.overflow = numOverflows.load (std::memory_order_relaxed);
    return result;
}

std::uint64_t countSitesMade() noexcept { return numSitesMade.load (std::memory_order_acquire); }

Verdict getVerdict (const Site& site) noexcept { return site.verdict.load (std::memory_order_relaxed); }
void setVerdict (Site& site, Verdict verdict) noexcept { site.verdict.store (verdict, std::memory_order_relaxed); }

void forgetVerdicts() noexcept
{
    for (auto& site : sites)
        setVerdict (site, Verdict::unknown);
}

void clearRecords()
{
    const std::lock_guard lock (resetMutex);
    resetting.store (true);

    while (numWriters.load() != 0)
        std::this_thread::yield();

    for (auto& site : sites)
    {
        site.ready.store (false, std::memory_order_relaxed);
        site.count.store (0, std::memory_order_relaxed);
        site.contended.store (0, std::memory_order_relaxed);
        site.worstTicks.store (0, std::memory_order_relaxed);
        setVerdict (site, Verdict::unknown);
        site.key.store (0, std::memory_order_relaxed);
    }

    numOverflows.store (0, std::memory_order_relaxed);
    numResets.fetch_add (1, std::memory_order_relaxed);
    resetting.store (false);
}

} // namespace rt::guard::detail

namespace rt::guard
{

std::uint64_t getViolationCount() noexcept
{
    auto count = detail::numOverflows.load (std::memory_order_relaxed);

    for (const auto& site : detail::sites)
        count += site.count.load (std::memory_order_relaxed);

    return count;
}

void warmUp()
{
    TickClock::warmUp();
    detail::Stack stack;
    stack.walk (__builtin_return_address (0), __builtin_frame_address (0));

    // An atomic write of what is there already touches the page and disturbs nobody.
    for (auto& site : detail::sites)
        site.count.fetch_add (0, std::memory_order_relaxed);

    for (auto& shortcut : detail::shortcuts)
        shortcut.fetch_add (0, std::memory_order_relaxed);
}

} // namespace rt::guard
