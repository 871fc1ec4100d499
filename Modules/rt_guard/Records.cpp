#include "Guard.h"
#include "detail/Records.h"

#include <unistd.h>
#include <unwind.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <mutex>
#include <thread>

namespace rt::guard
{

namespace detail
{

constinit thread_local ThreadState threadState;

namespace
{

/** A place in the table. `key` is claimed by one exchange, the fields are then written by that thread alone, and `ready`
    tells readers that they may look. */
struct Site
{
    std::atomic<std::uint64_t> key{ 0 };
    std::atomic<std::uint64_t> count{ 0 };
    std::atomic<bool> ready{ false };
    bool told = false; ///< under readersMutex
    Phase phase = Phase::process;
    std::uint32_t node = 0;
    std::uint32_t numFrames = 0;
    const char* function = nullptr;
    std::uint64_t firstBlock = 0;
    std::uint64_t order = 0;
    std::array<const void*, maxFrames> frames{};
};

/** Beyond this many occupied places a new site counts as overflow: it bounds the time of a hit in a full table. */
constexpr std::size_t maxProbes = 64;

constinit std::array<Site, maxSites> sites{};
constinit std::atomic<Mode> currentMode{ Mode::count };
constinit std::atomic<std::uint64_t> numCalls{ 0 }, numOverflows{ 0 }, nextOrder{ 0 };
constinit std::atomic<std::uint32_t> numWriters{ 0 };
constinit std::atomic<bool> resetting{ false };
constinit std::mutex readersMutex; ///< snapshots and resets, never writers

struct Stack
{
    const void* returnAddress = nullptr;
    const void* scopeFrame = nullptr;
    bool begun = false;
    std::size_t size = 0;
    std::array<const void*, maxFrames> frames;

    void push (std::uintptr_t address) noexcept
    {
        frames[size++] = reinterpret_cast<const void*> (address); // NOLINT: an address, never followed
    }
};

_Unwind_Reason_Code visitFrame (_Unwind_Context* context, void* userData)
{
    auto& stack = *static_cast<Stack*> (userData);

    int isBeforeInstruction = 0;
    const auto address = static_cast<std::uintptr_t> (_Unwind_GetIPInfo (context, &isBeforeInstruction));

    // The frames of the guard itself come first.
    stack.begun = stack.begun || address == reinterpret_cast<std::uintptr_t> (stack.returnAddress);

    if (! stack.begun)
        return _URC_NO_REASON;

    // This is the stack pointer within the visited frame. The frame that opened the scope has its own address above that,
    // and is the last; its callers say nothing about the call and would split sites.
    if (static_cast<std::uintptr_t> (_Unwind_GetCFA (context)) > reinterpret_cast<std::uintptr_t> (stack.scopeFrame))
        return _URC_END_OF_STACK;

    // A return address may already belong to the next line or function; the call is just before.
    stack.push (isBeforeInstruction != 0 ? address : address - 1);
    return stack.size < maxFrames ? _URC_NO_REASON : _URC_END_OF_STACK;
}

void walk (Stack& stack) noexcept
{
    _Unwind_Backtrace (visitFrame, &stack);

    // A stack that cannot be unwound still knows its caller.
    if (stack.size == 0)
        stack.push (reinterpret_cast<std::uintptr_t> (stack.returnAddress) - 1);
}

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
        key = mix (key + reinterpret_cast<std::uintptr_t> (stack.frames[i]));

    return std::max (key, std::uint64_t{ 1 }); // 0 is a free place
}

void enter (const ThreadState& thread, const char* function, const Stack& stack) noexcept
{
    const auto key = makeKey (function, thread.node, stack);
    numCalls.fetch_add (1, std::memory_order_relaxed);

    for (std::size_t probe = 0; probe < maxProbes; ++probe)
    {
        auto& site = sites[(key + probe) % maxSites];
        std::uint64_t present = site.key.load (std::memory_order_relaxed);

        if (present == 0 && site.key.compare_exchange_strong (present, key, std::memory_order_relaxed))
        {
            site.function = function;
            site.node = thread.node;
            site.phase = thread.phase;
            site.firstBlock = thread.block;
            site.order = nextOrder.fetch_add (1, std::memory_order_relaxed);
            site.numFrames = static_cast<std::uint32_t> (stack.size);
            std::copy_n (stack.frames.begin(), stack.size, site.frames.begin());
            site.ready.store (true, std::memory_order_release);
            present = key;
        }

        if (present == key)
        {
            site.count.fetch_add (1, std::memory_order_relaxed);
            return;
        }
    }

    numOverflows.fetch_add (1, std::memory_order_relaxed);
}

/** A line of text that is built without allocating. */
class Line
{
public:
    Line& operator<< (const char* text) noexcept
    {
        const auto length = std::min (std::strlen (text), sizeof (characters) - size);
        std::memcpy (characters + size, text, length);
        size += length;
        return *this;
    }

    Line& operator<< (std::uint64_t number) noexcept
    {
        char digits[24]{};
        std::to_chars (digits, digits + sizeof (digits) - 1, number);
        return *this << digits;
    }

    void writeToStderr() const noexcept
    {
        for (std::size_t written = 0; written < size;)
        {
            const auto result = ::write (STDERR_FILENO, characters + written, size - written);

            if (result < 0 && errno != EINTR)
                return;

            written += result > 0 ? static_cast<std::size_t> (result) : 0;
        }
    }

private:
    char characters[400];
    std::size_t size = 0;
};

[[noreturn]] void endProcess (const ThreadState& thread, const char* function) noexcept
{
    static constinit std::atomic<bool> ending{ false };

    // One line, from the first thread that gets here.
    while (ending.exchange (true))
        ::pause();

    Line line;
    line << program_invocation_short_name << ": guard: ";

    if (thread.node != 0)
        line << "node " << std::uint64_t{ thread.node };
    else
        line << "the host";

    line << " called " << function << " on the audio thread (block " << thread.block << ", " << toString (thread.phase)
         << "); run with guard mode report to see the stack\n";

    line.writeToStderr();
    ::_exit (1);
}

} // namespace

void recordCall (const char* function, const void* returnAddress) noexcept
{
    auto& thread = threadState;

    if (thread.permitDepth != 0 || thread.recording)
        return;

    const auto mode = currentMode.load (std::memory_order_relaxed);

    if (mode == Mode::off)
        return;

    const auto keptErrno = errno;
    thread.recording = true;

    if (mode == Mode::abort)
        endProcess (thread, function);

    // Either reset() sees this writer and waits for it, or this sees the reset and keeps out: both are sequentially
    // consistent.
    numWriters.fetch_add (1);

    if (! resetting.load())
    {
        Stack stack;
        stack.returnAddress = returnAddress;
        stack.scopeFrame = thread.frame;
        walk (stack);
        enter (thread, function, stack);
    }

    numWriters.fetch_sub (1, std::memory_order_release);

    thread.recording = false;
    errno = keptErrno;
}

RawRecords copyRecords (bool onlyNew)
{
    const std::lock_guard lock (readersMutex);
    RawRecords result;

    for (auto& site : sites)
    {
        if (! site.ready.load (std::memory_order_acquire) || (onlyNew && site.told))
            continue;

        site.told = site.told || onlyNew;
        result.sites.push_back ({ site.function, site.node, site.phase, site.count.load (std::memory_order_relaxed),
                                  site.firstBlock, site.order,
                                  std::vector (site.frames.begin(), site.frames.begin() + site.numFrames) });
    }

    std::sort (result.sites.begin(), result.sites.end(), [] (auto& a, auto& b) { return a.order < b.order; });
    result.overflow = numOverflows.load (std::memory_order_relaxed);
    return result;
}

} // namespace detail

void setMode (Mode mode) noexcept { detail::currentMode.store (mode, std::memory_order_relaxed); }
Mode getMode() noexcept { return detail::currentMode.load (std::memory_order_relaxed); }
std::uint64_t getViolationCount() noexcept { return detail::numCalls.load (std::memory_order_relaxed); }

void warmUp()
{
    detail::Stack stack;
    stack.returnAddress = __builtin_return_address (0);
    detail::walk (stack);

    // An atomic write of what is there already touches the page and disturbs nobody.
    for (auto& site : detail::sites)
        site.count.fetch_add (0, std::memory_order_relaxed);
}

void reset()
{
    using namespace detail;
    const std::lock_guard lock (readersMutex);
    resetting.store (true);

    while (numWriters.load() != 0)
        std::this_thread::yield();

    for (auto& site : sites)
    {
        site.ready.store (false, std::memory_order_relaxed);
        site.count.store (0, std::memory_order_relaxed);
        site.told = false;
        site.key.store (0, std::memory_order_relaxed);
    }

    numCalls.store (0, std::memory_order_relaxed);
    numOverflows.store (0, std::memory_order_relaxed);
    nextOrder.store (0, std::memory_order_relaxed);
    resetting.store (false);
}

std::vector<std::string> getInterposedSymbols()
{
    if (detail::listInterposedSymbols == nullptr)
        return {};

    const auto names = detail::listInterposedSymbols();
    return { names.begin(), names.end() };
}

} // namespace rt::guard
