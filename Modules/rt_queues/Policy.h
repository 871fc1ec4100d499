#pragma once

#include <atomic>
#include <utility>

namespace rt
{

/** What the structures of rt_queues and rt_memory touch shared memory through, as it is in a program: std::atomic and nothing
    else.

    Every structure has a Policy as its last template parameter, so that the headers that ship are also the ones that the
    model checker (relacy) and the deterministic scheduler of the tests run. A policy has
    - `Atomic<T>`: with the interface of std::atomic<T>;
    - `Cell<T>`: a plain variable of one thread at a time, `get()` and `set()`. A checker reports a race on it;
    - `Watch`: stands beside a value that is made in place; `read()` and `write()` tell a checker that it is looked at or
      changed. Empty here;
    - `prefetchToWrite()`, `prefetchToRead()`: hints, nothing to a checker;
    - `pause()`: what a bounded wait between two tries consists of.
*/
struct StdPolicy
{
    template <typename T>
    using Atomic = std::atomic<T>;

    template <typename T>
    class Cell
    {
    public:
        Cell() noexcept = default;
        explicit Cell (T initial) noexcept : value (std::move (initial)) {}

        const T& get() const noexcept { return value; }
        void set (T newValue) noexcept { value = std::move (newValue); }

    private:
        T value{};
    };

    struct Watch
    {
        void read() const noexcept {}
        void write() noexcept {}
    };

    /** Asks for the cache line to be brought here for writing, so that reading it first does not cost a second way. */
    static void prefetchToWrite (const void* address) noexcept
    {
#if defined(__GNUC__) && defined(__x86_64__)
        // Compilers that build for every x86-64 make a prefetch for reading of the builtin, after which the store has to ask
        // once more. Processors that do not know this one take it for a nop.
        asm volatile("prefetchw %0" : : "m"(*static_cast<const char*> (address)));
#elif defined(__GNUC__)
        __builtin_prefetch (address, 1);
#else
        static_cast<void> (address);
#endif
    }

    /** Asks for the cache line to be brought here, because it will be read soon. */
    static void prefetchToRead (const void* address) noexcept
    {
#if defined(__GNUC__)
        __builtin_prefetch (address);
#else
        static_cast<void> (address);
#endif
    }

    static void pause() noexcept
    {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        asm volatile("isb" ::: "memory");
#endif
    }
};

} // namespace rt
