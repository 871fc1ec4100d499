#include "OwnershipBench.h"
#include "Threads.h"

#include <rt_memory/rt_memory.h>

#include <array>
#include <memory>

namespace bench
{

namespace
{
// About the size of a small node's state.
struct Payload
{
    std::array<std::uint64_t, 8> numbers{};
};

/** A copy made and destroyed again while another pointer keeps the object. */
template <typename Pointer>
std::vector<Value> measureCopy (Pointer pointer)
{
    constexpr int numCopies = 2'000'000;
    const auto start = Clock::now();

    for (int i = 0; i < numCopies; ++i)
    {
        auto copy = pointer;
        keep (copy);
    }

    return { { "ns_per_op", nanosecondsSince (start) / numCopies } };
}

/** The last pointer to an object dropped. What a collector does later, on another thread, is not in it. */
template <typename Make, typename Afterwards>
std::vector<Value> measureDrop (Make make, Afterwards afterwards)
{
    constexpr int numBatches = 200;
    constexpr std::size_t batchSize = 1000;
    std::vector<decltype (make())> pointers (batchSize);
    auto nanoseconds = 0.0;

    for (int batch = 0; batch < numBatches; ++batch)
    {
        for (auto& pointer : pointers)
            pointer = make();

        const auto start = Clock::now();

        for (auto& pointer : pointers)
            pointer.reset();

        nanoseconds += nanosecondsSince (start);
        afterwards();
    }

    return { { "ns_per_op", nanoseconds / (numBatches * batchSize) } };
}

std::vector<Value> copyOurs()
{
    rt::Collector collector;
    return measureCopy (rt::makeShared<Payload> (collector));
}

std::vector<Value> dropOurs()
{
    rt::Collector collector;
    return measureDrop ([&] { return rt::makeShared<Payload> (collector); }, [&] { collector.collect(); });
}

std::vector<Value> copyStd() { return measureCopy (std::make_shared<Payload>()); }

std::vector<Value> dropStd()
{
    return measureDrop ([] { return std::make_shared<Payload>(); }, [] {});
}
} // namespace

std::vector<Bench> getOwnershipBenches()
{
    return {
        { "ownership.copy", false, { { "ours", copyOurs }, { "std", copyStd } } },
        { "ownership.drop", false, { { "ours", dropOurs }, { "std", dropStd } } },
    };
}

} // namespace bench
