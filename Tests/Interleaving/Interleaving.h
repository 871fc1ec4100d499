#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace test
{

/** Random numbers (xorshift) that are the same for the same seed everywhere. */
class SeededRandom
{
public:
    explicit SeededRandom (std::uint64_t seed) noexcept : state (seed * 0x9e3779b97f4a7c15u + 1) {}

    std::uint64_t next() noexcept
    {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state >> 11;
    }

    /** 0 to limit - 1 */
    std::uint64_t below (std::uint64_t limit) noexcept { return next() % limit; }

private:
    std::uint64_t state;
};

/** Runs functions "at once" on one thread: each is a fiber, and before every atomic operation (of InterleavedPolicy) a seeded
    random number decides which of them goes on. So a pause can be anywhere, and a seed that finds something finds it again.

    A fiber can be frozen before any of its steps until all others have ended, which they must be able to do if what they run
    is lock-free; and how many steps an operation takes can be asked for, which has a bound if it is wait-free. A step is one
    atomic operation. Memory is sequentially consistent here: weaker orders are the model checker's business.

    What throws in a fiber is thrown by run(). After more than `mostSteps` the run is given up: run() says false.
*/
class Interleaving
{
public:
    static constexpr std::uint64_t mostSteps = 100'000;

    explicit Interleaving (std::uint64_t seed) : random (seed) {}

    /** Adds a fiber. Fibers are numbered from 0. */
    void add (std::function<void()> function);

    /** Stops the fiber before its `step`-th atomic operation, counted from 1, until every other fiber has ended. */
    void freeze (std::size_t fiber, std::uint64_t step);

    /** Runs all to their ends. False if that took too many steps, as when fibers wait for a frozen one; the fibers that
        have not ended are then simply left behind.
    */
    [[nodiscard]] bool run();

    /** Whether the fiber that is to freeze got as far as that. After run(). */
    bool hasFrozen() const noexcept { return frozeAtLast; }

    /** What InterleavedPolicy calls before each atomic operation. Does nothing outside of run(). */
    static void step();

    /** The steps of the running fiber so far; 0 outside of run(). */
    static std::uint64_t getSteps() noexcept;

    /** The number of the running fiber; in run() only. */
    static std::size_t getFiber() noexcept;

    /** A number that grows with each call, for the order of events. */
    static std::uint64_t tick() noexcept;

private:
    struct Fiber;
    friend struct Fiber;

    void switchTo (std::size_t next);
    std::size_t choose (std::size_t current);

    SeededRandom random;
    std::vector<std::function<void()>> functions;
    std::vector<Fiber*> fibers;
    std::size_t frozenFiber = ~std::size_t{ 0 };
    std::uint64_t frozenStep = 0;
    std::uint64_t totalSteps = 0;
    std::uint64_t switchChance = 2;
    bool isFrozen = false;
    bool frozeAtLast = false;
    bool hasGivenUp = false;
};

} // namespace test
