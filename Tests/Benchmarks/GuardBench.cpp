#include "Harness.h"
#include "Threads.h"

#include <rt_guard/detail/RescueHeap.h>
#include <rt_guard/rt_guard.h>

#include <malloc.h>
#include <time.h>

#include <cstdlib>

// What the C library calls malloc when an executable interposes it.
extern "C" void* __libc_malloc (std::size_t) noexcept;
extern "C" void* __libc_calloc (std::size_t, std::size_t) noexcept;
extern "C" void* __libc_realloc (void*, std::size_t) noexcept;
extern "C" void* __libc_memalign (std::size_t, std::size_t) noexcept;
extern "C" void __libc_free (void*) noexcept;

namespace
{

using Values = std::vector<bench::Value>;

/** What this thread has used of a processor: no matter what else the machine has to do. */
double readThreadNanoseconds()
{
    timespec now{};
    ::clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double> (now.tv_sec) * 1e9 + static_cast<double> (now.tv_nsec);
}

/** A block of 64 bytes allocated and freed. */
template <typename Allocate, typename Free>
Values measurePairs (Allocate allocate, Free release)
{
    constexpr int numPairs = 2'000'000;
    const auto start = readThreadNanoseconds();

    for (int i = 0; i < numPairs; ++i)
    {
        auto* memory = allocate (std::size_t{ 64 });
        bench::keep (memory);
        release (memory);
    }

    return { { "ns_per_op", (readThreadNanoseconds() - start) / numPairs } };
}

/** Off the audio thread: the guard looks and does nothing. */
Values measureOutside()
{
    return measurePairs ([] (std::size_t size) { return std::malloc (size); }, [] (void* memory) { std::free (memory); });
}

Values measureGlibc()
{
    return measurePairs ([] (std::size_t size) { return __libc_malloc (size); },
                         [] (void* memory) { __libc_free (memory); });
}

/** Calls the work from so many frames further down; each bit of `path` says by which of two ways, so that there are many stacks. */
template <typename Work>
[[gnu::noinline]] void descend (int numFrames, unsigned path, Work& work)
{
    if (numFrames == 0)
        work();
    else if (path % 2 == 0)
        descend (numFrames - 1, path / 2, work);
    else
    {
        descend (numFrames - 1, path / 2, work);
        asm volatile ("# another return address" : : : "memory");
    }

    bench::keep (path); // this frame is still needed after the call
}

/** On the audio thread: both calls of a pair are recorded with their stacks, of about a dozen frames as in a plugin.
    @param numPaths  the different stacks that take turns
*/
Values measureInside (unsigned numPaths)
{
    constexpr int numPairs = 20'000;
    rt::guard::warmUp();
    rt::guard::reset();
    rt::guard::setMode (rt::guard::Mode::count);
    const auto makePair = []
    {
        auto* memory = std::malloc (64);
        bench::keep (memory);
        std::free (memory);
    };

    const rt::guard::RealtimeScope scope (1);
    const rt::guard::NodeScope node (1, rt::guard::Phase::process);
    const auto start = readThreadNanoseconds();

    for (unsigned i = 0; i < numPairs; ++i)
        descend (10, i % numPaths, makePair);

    const auto nanoseconds = readThreadNanoseconds() - start;
    const rt::guard::Permit permit;
    return { { "ns_per_op", nanoseconds / numPairs } };
}

Values measureInsideAgain() { return measureInside (1); }
Values measureInsideWalked() { return measureInside (512); }

using Heap = rt::guard::detail::RescueHeap;

/** Rescue's memory, with glibc's behind it. */
Heap& getRescueHeap()
{
    static auto* const heap = new Heap ({ .allocate = __libc_malloc,
                                          .allocateZeroed = [] (std::size_t size) { return __libc_calloc (1, size); },
                                          .allocateAligned = __libc_memalign,
                                          .reallocate = __libc_realloc,
                                          .release = __libc_free,
                                          .getUsableSize = ::malloc_usable_size });

    return *heap;
}

Values measureRescue (Heap::Thread* thread)
{
    auto& heap = getRescueHeap();
    return measurePairs ([&heap, thread] (std::size_t size) { return heap.allocate (thread, size); },
                         [&heap, thread] (void* memory) { heap.release (thread, memory); });
}

Values measureRescueAttached()
{
    static auto* const thread = getRescueHeap().getArena().attach();
    return measureRescue (thread);
}

Values measureRescueUnattached() { return measureRescue (nullptr); }

} // namespace

/** The guard's price: this executable interposes malloc and free, as AudioHost does. */
int main (int argc, char** argv)
{
    return bench::runProgram (
        argc, argv,
        { { "guard.malloc.outside", false, { { "ours", measureOutside }, { "glibc", measureGlibc } } },
          { "guard.malloc.inside", false, { { "ours", measureInsideAgain }, { "glibc", measureGlibc } } },
          { "guard.malloc.inside.walked", false, { { "ours", measureInsideWalked }, { "glibc", measureGlibc } } },
          { "guard.rescue",
            false,
            { { "ours", measureRescueAttached },
              { "ours/no-magazines", measureRescueUnattached },
              { "glibc", measureGlibc } } } });
}
