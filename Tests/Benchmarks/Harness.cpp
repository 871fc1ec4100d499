#include "Harness.h"
#include "Threads.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <set>
#include <string_view>

namespace bench
{

namespace
{
constexpr int defaultRounds = 11;
constexpr int maxRepetitions = 3;
constexpr double nearBelow = 300.0; // nanoseconds for a cache line's round trip

/** Nanoseconds for a cache line to go to the other core and back: the median over some batches. */
double probeCacheLine()
{
    constexpr int numBatches = 9;
    constexpr std::uint32_t roundTrips = 1000;

    alignas (128) std::atomic<std::uint32_t> ball{ 0 };
    std::array<double, numBatches> batches{};

    const auto serve = [&]
    {
        for (auto& batch : batches)
        {
            const auto start = Clock::now();

            for (std::uint32_t i = 0; i < roundTrips; ++i)
            {
                const auto next = ball.load (std::memory_order_relaxed) + 1;
                ball.store (next, std::memory_order_release);
                spinUntil ([&] { return ball.load (std::memory_order_acquire) != next; });
            }

            batch = nanosecondsSince (start) / roundTrips;
        }
    };

    const auto answer = [&ball]
    {
        for (std::uint32_t i = 0; i < numBatches * roundTrips; ++i)
        {
            const auto expected = 2 * i + 1;
            spinUntil ([&] { return ball.load (std::memory_order_acquire) == expected; });
            ball.store (expected + 1, std::memory_order_release);
        }
    };

    runOnTwoCores (serve, answer);
    std::nth_element (batches.begin(), batches.begin() + numBatches / 2, batches.end());
    return batches[numBatches / 2];
}

struct Round
{
    double probe = 0.0;
    const char* placement = "solo";
    std::vector<std::vector<Value>> values; // by contender
};

Round playRound (const Bench& bench, int number)
{
    const auto numContenders = bench.contenders.size();
    Round round;

    for (int attempt = 0; attempt <= maxRepetitions; ++attempt)
    {
        round.values.assign (numContenders, {});
        const auto before = probeCacheLine();
        bindToCore (0);

        // A different one begins each time, so that no contender always follows the same one.
        for (std::size_t i = 0; i < numContenders; ++i)
        {
            const auto which = (i + static_cast<std::size_t> (number)) % numContenders;
            round.values[which] = bench.contenders[which].measure();
        }

        const auto after = probeCacheLine();
        round.probe = 0.5 * (before + after);

        if (! bench.contended)
            return round;

        if ((before < nearBelow) == (after < nearBelow))
        {
            round.placement = before < nearBelow ? "near" : "far";
            return round;
        }
    }

    round.placement = "mixed";
    return round;
}

const std::string& nameOf (const Bench& bench, const Contender& contender)
{
    return contender.bench.empty() ? bench.name : contender.bench;
}

void printRows (const Bench& bench, const Round& round, int number)
{
    for (std::size_t i = 0; i < bench.contenders.size(); ++i)
        for (const auto& value : round.values[i])
            std::printf (R"({"bench":"%s","impl":"%s","metric":"%s","value":%.6g,"round":%d,"placement":"%s","probe":%.1f})"
                         "\n",
                         nameOf (bench, bench.contenders[i]).c_str(), bench.contenders[i].impl.c_str(), value.metric.c_str(),
                         value.value, number, round.placement, round.probe);

    std::fflush (stdout);
}

/** The bench's own, and those in its rows. */
std::set<std::string> getNames (const Bench& bench)
{
    std::set<std::string> names{ bench.name };

    for (const auto& contender : bench.contenders)
        names.insert (nameOf (bench, contender));

    return names;
}

void play (const Bench& bench, int numRounds)
{
    std::fprintf (stderr, "%s ", bench.name.c_str());

    // The first run of anything pays for page faults and cold caches.
    for (const auto& contender : bench.contenders)
        contender.measure();

    for (int number = 1; number <= numRounds; ++number)
    {
        printRows (bench, playRound (bench, number), number);
        std::fputc ('.', stderr);
    }

    std::fputc ('\n', stderr);
}

std::optional<int> parseRounds (std::string_view text)
{
    int number = 0;
    const auto [end, error] = std::from_chars (text.data(), text.data() + text.size(), number);
    const auto isUsable = error == std::errc() && end == text.data() + text.size() && number >= 1 && number <= 1000;
    return isUsable ? std::optional (number) : std::nullopt;
}
} // namespace

int runProgram (int argc, char** argv, const std::vector<Bench>& benches)
{
    auto numRounds = defaultRounds;
    std::vector<std::string_view> prefixes;

    for (int i = 1; i < argc; ++i)
    {
        const std::string_view argument (argv[i]);

        if (argument == "--list")
        {
            for (const auto& bench : benches)
                for (const auto& name : getNames (bench))
                    std::puts (name.c_str());

            return 0;
        }

        if (argument == "--rounds" && i + 1 < argc && parseRounds (argv[i + 1]))
        {
            numRounds = *parseRounds (argv[++i]);
        }
        else if (argument.starts_with ("-"))
        {
            std::fprintf (stderr, "usage: %s [--list] [--rounds 1...1000] [PREFIX...]\n", argv[0]);
            return 2;
        }
        else
        {
            prefixes.push_back (argument);
        }
    }

    if (prefixes.empty())
        prefixes.emplace_back();

    auto numPlayed = 0;

    for (const auto& bench : benches)
    {
        const auto names = getNames (bench);
        const auto isAsked = std::any_of (prefixes.begin(), prefixes.end(),
                                          [&] (auto prefix)
                                          {
                                              return std::any_of (names.begin(), names.end(), [&] (const auto& name)
                                                                  { return name.starts_with (prefix); });
                                          });

        if (! isAsked)
            continue;

        ++numPlayed;

        if (bench.contended && getNumCores() < 2)
            std::fprintf (stderr, "%s left out: it needs two cores\n", bench.name.c_str());
        else
            play (bench, numRounds);
    }

    return numPlayed > 0 ? 0 : 2;
}

} // namespace bench
