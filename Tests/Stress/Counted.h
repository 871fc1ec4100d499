#pragma once

#include <atomic>

namespace test
{

/** Base of a value whose living instances are counted, moved-from ones included. The counting orders nothing between
    threads, so that it hides no race.
*/
template <typename Tag>
class Counted
{
public:
    Counted() noexcept { alive.fetch_add (1, std::memory_order_relaxed); }
    Counted (const Counted&) noexcept : Counted() {}
    Counted& operator= (const Counted&) noexcept { return *this; }
    ~Counted() { alive.fetch_sub (1, std::memory_order_relaxed); }

    static int getNumAlive() noexcept { return alive.load (std::memory_order_relaxed); }

private:
    inline static std::atomic<int> alive{ 0 };
};

} // namespace test
