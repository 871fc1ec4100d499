#include "InterleavedPolicy.h"
#include "Linearizability.h"
#include "Specifications.h"

#include <catch2/catch.hpp>

#include <memory>
#include <stdexcept>

using test::FifoSpecification;
using test::InterleavedPolicy;
using test::Interleaving;

namespace
{

using Call = FifoSpecification::Call;

/** A queue that is right as long as nobody else comes in between. */
class NaiveQueue
{
public:
    void push (int value)
    {
        const auto end = last.load();
        items[end] = value;
        last.store (end + 1);
    }

    std::optional<int> pop()
    {
        const auto begin = first.load();

        if (begin == last.load())
            return {};

        first.store (begin + 1);
        return items[begin];
    }

private:
    int items[16]{};
    InterleavedPolicy::Atomic<std::size_t> first{ 0 }, last{ 0 };
};

} // namespace

TEST_CASE ("The same seed gives the same interleaving, another one another")
{
    const auto play = [] (std::uint64_t seed)
    {
        InterleavedPolicy::Atomic<int> shared{ 0 };
        std::vector<std::size_t> order;
        Interleaving interleaving (seed);

        for (std::size_t fiber = 0; fiber < 3; ++fiber)
            interleaving.add (
                [&, fiber]
                {
                    for (int i = 0; i < 20; ++i)
                    {
                        shared.fetch_add (1);
                        order.push_back (fiber);
                    }
                });

        REQUIRE (interleaving.run());
        CHECK (shared.load() == 60);
        return order;
    };

    CHECK (play (1) == play (1));
    CHECK (play (1) != play (2));
}

TEST_CASE ("A frozen fiber goes on when the others have ended, and the one that waits for it is found out")
{
    InterleavedPolicy::Atomic<int> shared{ 0 };
    Interleaving interleaving (3);
    auto seen = 0;
    interleaving.add ([&] { shared.store (1); });
    interleaving.add ([&] { seen = shared.load(); });
    interleaving.freeze (0, 1);
    REQUIRE (interleaving.run());
    CHECK (interleaving.hasFrozen());
    CHECK (seen == 0);
    CHECK (shared.load() == 1);

    auto flag = std::make_unique<InterleavedPolicy::Atomic<int>> (0);
    Interleaving waiting (3);
    waiting.add ([&] { flag->store (1); });
    waiting.add (
        [&]
        {
            while (flag->load() == 0)
            {
            }
        });
    waiting.freeze (0, 1);
    CHECK_FALSE (waiting.run());
    static_cast<void> (flag.release()); // the fiber that waits for ever still knows it
}

TEST_CASE ("What throws in a fiber arrives, and steps are counted")
{
    InterleavedPolicy::Atomic<int> shared{ 0 };
    Interleaving interleaving (1);
    std::uint64_t steps = 0;
    interleaving.add (
        [&]
        {
            const auto before = Interleaving::getSteps();
            shared.store (1);
            shared.fetch_add (1);
            steps = Interleaving::getSteps() - before;
        });
    interleaving.add ([] { throw std::runtime_error ("as expected"); });
    CHECK_THROWS_WITH (interleaving.run(), "as expected");
    CHECK (steps == 2);
}

TEST_CASE ("The checker of histories tells a queue from what is none")
{
    const auto push = [] (int value) { return Call{ Call::Kind::push, value }; };
    const auto pop = [] (std::optional<int> value) { return Call{ Call::Kind::pop, value }; };

    test::History<Call> right;
    right.record ([&] { return push (1); });
    right.record ([&] { return push (2); });
    right.record ([&] { return pop (1); });
    right.record ([&] { return pop (2); });
    right.record ([&] { return pop ({}); });
    CHECK (test::isLinearizable<FifoSpecification> (right));

    test::History<Call> reordered;
    reordered.record ([&] { return push (1); });
    reordered.record ([&] { return push (2); });
    reordered.record ([&] { return pop (2); });
    CHECK_FALSE (test::isLinearizable<FifoSpecification> (reordered));

    test::History<Call> lost;
    lost.record ([&] { return push (1); });
    lost.record ([&] { return pop ({}); });
    CHECK_FALSE (test::isLinearizable<FifoSpecification> (lost));

    // At once: any order will do, but each value comes out once.
    test::History<Call> nested;
    nested.record (
        [&]
        {
            nested.record ([&] { return pop (1); });
            return push (1);
        });
    CHECK (test::isLinearizable<FifoSpecification> (nested));

    test::History<Call> doubled;
    doubled.record ([&] { return push (1); });
    doubled.record (
        [&]
        {
            doubled.record ([&] { return pop (1); });
            return pop (1);
        });
    CHECK_FALSE (test::isLinearizable<FifoSpecification> (doubled));
}

TEST_CASE ("A queue that is not made for several threads is found out within a few histories")
{
    auto numWrong = 0;

    for (std::uint64_t seed = 1; seed <= 1000; ++seed)
    {
        NaiveQueue queue;
        test::History<Call> history;
        Interleaving interleaving (seed);

        for (int fiber = 0; fiber < 3; ++fiber)
            interleaving.add (
                [&, fiber]
                {
                    for (int i = 0; i < 2; ++i)
                    {
                        const auto value = fiber * 10 + i;
                        history.record (
                            [&]
                            {
                                queue.push (value);
                                return Call{ Call::Kind::push, value };
                            });
                        history.record ([&] { return Call{ Call::Kind::pop, queue.pop() }; });
                    }
                });

        REQUIRE (interleaving.run());
        numWrong += test::isLinearizable<FifoSpecification> (history) ? 0 : 1;
    }

    CHECK (numWrong > 100);
    CHECK (numWrong < 1000);
}
