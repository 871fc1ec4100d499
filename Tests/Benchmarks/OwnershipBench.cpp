#include "OwnershipBench.h"
#include "Threads.h"

#include <rt_memory/rt_memory.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>

namespace bench
{

namespace
{
// About the size of a small node's state.
struct Payload
{
    std::array<std::uint64_t, 8> numbers{};
};

/** A program in which there was another thread: until then libstdc++ counts without atomic operations. */
void haveHadAnotherThread()
{
    std::thread ([] {}).join();
}

/** A copy made and destroyed again while another pointer keeps the object. */
template <typename Pointer>
std::vector<Value> measureCopy (Pointer pointer)
{
    haveHadAnotherThread();
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
    haveHadAnotherThread();
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

/** What one thread reads from a cell while another one may be doing the same; nobody writes.
    @param prepare gives a thread its function, which reads once
*/
template <typename Prepare>
std::vector<Value> measureCell (bool isContended, Prepare prepare)
{
    haveHadAnotherThread();
    constexpr int numReads = 1'000'000;
    std::atomic<bool> isOver{ false };

    const auto timed = [&]
    {
        auto readOnce = prepare();

        for (int i = 0; i < numReads; ++i)
            readOnce();

        isOver.store (true, std::memory_order_relaxed);
    };

    const auto other = [&]
    {
        auto readOnce = prepare();

        while (! isOver.load (std::memory_order_relaxed))
            readOnce();
    };

    if (isContended)
        return { { "ns_per_op", runOnTwoCores (timed, other) / numReads } };

    const auto start = Clock::now();
    timed();
    return { { "ns_per_op", nanosecondsSince (start) / numReads } };
}

struct OurCell
{
    rt::Collector collector;
    rt::SharedCellSlots slots;
    rt::SharedCell<Payload> cell{ slots, rt::makeShared<Payload> (collector) };
};

std::vector<Value> getOurs (bool isContended)
{
    OurCell ours;
    return measureCell (isContended,
                        [&]
                        {
                            return [&ours, slot = ours.slots.attach()]() mutable
                            {
                                auto pointer = ours.cell.get (slot);
                                keep (*pointer);
                            };
                        });
}

std::vector<Value> readOurs (bool isContended)
{
    OurCell ours;
    return measureCell (isContended,
                        [&]
                        {
                            return [&ours, slot = ours.slots.attach()]() mutable
                            {
                                const auto read = ours.cell.read (slot);
                                keep (*read);
                            };
                        });
}

std::vector<Value> loadStd (bool isContended)
{
    std::atomic<std::shared_ptr<Payload>> cell{ std::make_shared<Payload>() };
    return measureCell (isContended,
                        [&]
                        {
                            return [&cell]
                            {
                                auto pointer = cell.load();
                                keep (*pointer);
                            };
                        });
}

Bench getCellBench (const char* name, bool isContended)
{
    return { name,
             isContended,
             { { "ours", [=] { return getOurs (isContended); } },
               { "ours/scoped", [=] { return readOurs (isContended); } },
               { "std", [=] { return loadStd (isContended); } } } };
}
} // namespace

std::vector<Bench> getOwnershipBenches()
{
    return {
        { "ownership.copy", false, { { "ours", copyOurs }, { "std", copyStd } } },
        { "ownership.drop", false, { { "ours", dropOurs }, { "std", dropStd } } },
        getCellBench ("ownership.cell.1", false),
        getCellBench ("ownership.cell.2", true),
    };
}

} // namespace bench
