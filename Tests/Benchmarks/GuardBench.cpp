#include "Harness.h"
#include "Threads.h"

#include <cstdlib>

// What the C library calls malloc when an executable interposes it.
extern "C" void* __libc_malloc (std::size_t) noexcept;
extern "C" void __libc_free (void*) noexcept;

namespace
{

/** A block of 64 bytes allocated and freed, on a thread that is not real-time. */
template <typename Allocate, typename Free>
std::vector<bench::Value> measureMalloc (Allocate allocate, Free release)
{
    constexpr int numPairs = 2'000'000;
    const auto start = bench::Clock::now();

    for (int i = 0; i < numPairs; ++i)
    {
        auto* memory = allocate (std::size_t{ 64 });
        bench::keep (memory);
        release (memory);
    }

    return { { "ns_per_op", bench::nanosecondsSince (start) / numPairs } };
}

std::vector<bench::Value> measureOurs()
{
    return measureMalloc ([] (std::size_t size) { return std::malloc (size); }, [] (void* memory) { std::free (memory); });
}

std::vector<bench::Value> measureGlibc()
{
    return measureMalloc ([] (std::size_t size) { return __libc_malloc (size); },
                          [] (void* memory) { __libc_free (memory); });
}

} // namespace

/** The guard's price: this executable interposes malloc and free, as AudioHost does. */
int main (int argc, char** argv)
{
    return bench::runProgram (argc, argv,
                              { { "guard.malloc.outside", false, { { "ours", measureOurs }, { "glibc", measureGlibc } } } });
}
