#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <thread>
#include <vector>

namespace stress
{

/** Ends the program with 1 and a line on stderr if what must be is not. */
inline void require (bool isRight, const char* what)
{
    if (! isRight)
    {
        std::fprintf (stderr, "FAILED: %s\n", what);
        std::fflush (nullptr);
        std::_Exit (1);
    }
}

/** A thread's own random numbers (xorshift), and the pauses they decide on. */
class Random
{
public:
    explicit Random (std::uint64_t seed) noexcept : state (seed * 0x9e3779b97f4a7c15u + 1) {}

    /** 0 to limit - 1 */
    std::uint64_t below (std::uint64_t limit) noexcept
    {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return (state >> 11) % limit;
    }

    /** Mostly nothing, sometimes a few empty turns, now and then the processor goes to somebody else. */
    void maybePause() noexcept
    {
        const auto dice = below (64);

        if (dice == 0)
            std::this_thread::yield();
        else if (dice < 8)
            for (auto turns = below (200); turns > 0; --turns)
                std::atomic_signal_fence (std::memory_order_seq_cst);
    }

private:
    std::uint64_t state;
};

/** Runs the functions at once, each on its own thread, and waits for all. */
inline void runTogether (std::vector<std::function<void()>> functions)
{
    std::vector<std::thread> threads;

    for (auto& function : functions)
        threads.emplace_back (std::move (function));

    for (auto& thread : threads)
        thread.join();
}

/** A scenario, played in rounds; each gets another seed. */
struct Scenario
{
    const char* name;
    void (*playRound) (std::uint64_t seed);
};

/** Plays every scenario: `PROGRAM [SECONDS]`, one round after the other until the seconds (default: none) have passed, and
    at least 100 rounds of each; or `PROGRAM SECONDS NAME` for one of them.
*/
inline int playAll (const std::vector<Scenario>& scenarios, int numArguments, char** arguments)
{
    const auto seconds = numArguments > 1 ? std::atof (arguments[1]) : 0.0;
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double> (seconds);
    const auto chosen = [&] (const Scenario& s) { return numArguments < 3 || std::string_view (arguments[2]) == s.name; };
    std::uint64_t numRounds = 0;

    do
    {
        ++numRounds;

        for (const auto& scenario : scenarios)
            if (chosen (scenario))
                scenario.playRound (numRounds);
    } while (numRounds < 100 || std::chrono::steady_clock::now() < end);

    for (const auto& scenario : scenarios)
        if (chosen (scenario))
            std::printf ("%s: %llu rounds\n", scenario.name, static_cast<unsigned long long> (numRounds));

    return 0;
}

} // namespace stress
