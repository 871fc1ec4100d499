#include "Helpers.h"

#include <array>
#include <atomic>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace guard = rt::guard;

namespace
{

/** Plugins that are known by their function: number n breaks the rules in breakRules<n>(). */
template <int plugin>
[[gnu::noinline]] void breakRules()
{
    auto* block = std::malloc (static_cast<std::size_t> (plugin) + 8);
    keep (block);
    std::free (block);
}

constexpr int numPlugins = 16;

template <int... plugins>
constexpr auto makeTable (std::integer_sequence<int, plugins...>)
{
    return std::array<void (*)(), sizeof...(plugins)>{ &breakRules<plugins>... };
}

constexpr auto table = makeTable (std::make_integer_sequence<int, numPlugins>());

/** The frames end here, so that each plugin has one site a function. */
[[gnu::noinline]] void runNode (std::uint32_t node, std::uint64_t block)
{
    const guard::RealtimeScope scope (block);
    const guard::NodeScope nodeScope (node, guard::Phase::process);
    table[node - 1]();
}

} // namespace

TEST_CASE ("Four threads that run nodes in turn: a million violations, and each is its node's")
{
    const FreshGuard fresh;
    constexpr int numThreads = 4, numRounds = 125'000; // two violations a round
    std::array<std::array<std::uint64_t, numPlugins>, numThreads> expected{};
    std::atomic<int> numReady{ 0 };
    std::vector<std::thread> threads;

    for (int t = 0; t < numThreads; ++t)
        threads.emplace_back (
            [&expected, &numReady, t]
            {
                auto& mine = expected[static_cast<std::size_t> (t)];
                std::uint32_t random = 12345u + static_cast<std::uint32_t> (t);
                ++numReady;

                while (numReady < numThreads)
                    std::this_thread::yield();

                for (int i = 0; i < numRounds; ++i)
                {
                    random = random * 1664525u + 1013904223u;
                    const auto node = 1 + (random >> 16) % numPlugins;
                    runNode (node, static_cast<std::uint64_t> (i));
                    ++mine[node - 1];
                }
            });

    for (auto& thread : threads)
        thread.join();

    const auto snapshot = guard::getSnapshot();
    CHECK (snapshot.total == 2u * numThreads * numRounds);
    CHECK (snapshot.overflow == 0);

    std::map<std::pair<std::uint32_t, std::string>, std::uint64_t> counts;

    for (const auto& violation : snapshot.violations)
    {
        counts[{ violation.node, violation.function }] += violation.count;

        if (! isInterposed)
            continue;

        INFO (violation.stack[0]);
        REQUIRE (violation.stack[0].find ("breakRules<" + std::to_string (violation.node - 1) + ">") != std::string::npos);
    }

    for (std::uint32_t node = 1; node <= numPlugins; ++node)
    {
        std::uint64_t sum = 0;

        for (const auto& mine : expected)
            sum += mine[node - 1];

        INFO (node);
        CHECK (counts[{ node, "malloc" }] == sum);
        CHECK (counts[{ node, "free" }] == sum);
    }
}
