#pragma once

#include <cstddef>

namespace test
{

/** What operator new and delete have done so far on the calling thread; Allocations.cpp counts. */
struct Allocations
{
    std::size_t allocated;
    std::size_t freed;

    static Allocations now() noexcept;

    std::size_t getTotal() const noexcept { return allocated + freed; }
};

/** How often the function, run on this thread, allocates or frees. */
template <typename Function>
std::size_t countAllocations (Function&& function)
{
    const auto before = Allocations::now().getTotal();
    function();
    return Allocations::now().getTotal() - before;
}

/** How many allocations of any thread are not freed yet. */
std::ptrdiff_t getNumOutstanding() noexcept;

/** How many more allocations are outstanding after the function than before it. Catch's own macros may allocate, so the
    function says what it thinks through Expect.
*/
template <typename Function>
std::ptrdiff_t countLeaks (Function&& function)
{
    const auto before = getNumOutstanding();
    function();
    return getNumOutstanding() - before;
}

/** Remembers, without allocating, which of a series of expectations failed first. */
class Expect
{
public:
    void operator() (bool isRight) noexcept
    {
        ++numSeen;

        if (! isRight && firstWrong == 0)
            firstWrong = numSeen;
    }

    /** 0 if none failed; else the first that did, counted from 1. */
    int getFirstWrong() const noexcept { return firstWrong; }

private:
    int numSeen = 0;
    int firstWrong = 0;
};

} // namespace test
