#include <rt_memory/rt_memory.h>

#include "Stress/Counted.h"
#include "Unit/rt_queues/Allocations.h"

#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>
#include <memory_resource>
#include <new>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace
{

struct Element : test::Counted<struct ArrayTestTag>
{
    explicit Element (std::vector<const Element*>* logToUse = nullptr) : log (logToUse) {}
    Element (const Element& other) : Counted (other), log (other.log) {}

    ~Element()
    {
        if (log != nullptr)
            log->push_back (this);
    }

    std::vector<const Element*>* log;
};

struct alignas (64) Wide
{
    int value = 7;
};

struct ThrowsAtThird : test::Counted<struct ArrayTestTag>
{
    ThrowsAtThird()
    {
        if (getNumAlive() == 3)
            throw std::runtime_error ("no");
    }
};

/** Counts, and checks that what comes back is what went out. */
struct CountingResource : std::pmr::memory_resource
{
    std::size_t bytesOut = 0;
    int numAllocations = 0;

private:
    void* do_allocate (std::size_t bytes, std::size_t alignment) override
    {
        bytesOut += bytes;
        ++numAllocations;
        return std::pmr::new_delete_resource()->allocate (bytes, alignment);
    }

    void do_deallocate (void* address, std::size_t bytes, std::size_t alignment) override
    {
        bytesOut -= bytes;
        std::pmr::new_delete_resource()->deallocate (address, bytes, alignment);
    }

    bool do_is_equal (const memory_resource& other) const noexcept override { return this == &other; }
};

static_assert (std::is_constructible_v<rt::Shared<const int[]>, rt::Shared<int[]>>);
static_assert (! std::is_constructible_v<rt::Shared<int[]>, rt::Shared<const int[]>>);
static_assert (! std::is_constructible_v<rt::Shared<int>, rt::Shared<int[]>>);

struct Base
{
};

struct Derived : Base
{
};

// Elements of another size: this must not be.
static_assert (! std::is_constructible_v<rt::Shared<Base[]>, rt::Shared<Derived[]>>);
static_assert (! std::is_constructible_v<rt::Owned<Base[]>, rt::Owned<Derived[]>&&>);

} // namespace

TEST_CASE ("Arrays have a size and elements")
{
    rt::Collector collector;
    auto zeros = rt::makeSharedArray<int> (collector, 5);
    CHECK (zeros.size() == 5);
    CHECK (std::accumulate (zeros.begin(), zeros.end(), 0) == 0);
    zeros[3] = 4;
    rt::Shared<const int[]> constant = zeros;
    CHECK (constant[3] == 4);
    CHECK (constant.size() == 5);

    auto nines = rt::makeOwnedArray<const int> (collector, 3, 9);
    CHECK (std::accumulate (nines.begin(), nines.end(), 0) == 27);
    rt::Shared<const int[]> shared = std::move (nines);
    CHECK (shared.size() == 3);
    CHECK (nines.size() == 0);

    auto empty = rt::makeSharedArray<Element> (collector, 0);
    CHECK (empty != nullptr);
    CHECK (empty.begin() == empty.end());
    CHECK (rt::Shared<int[]>().size() == 0);

    auto wide = rt::makeSharedArray<Wide> (collector, 3);
    CHECK (reinterpret_cast<std::uintptr_t> (wide.get()) % 64 == 0);
    CHECK (wide[2].value == 7);
}

TEST_CASE ("An array's elements die last to first, when all of it is dropped")
{
    rt::Collector collector;
    std::vector<const Element*> log;
    auto array = rt::makeSharedArray<Element> (collector, 3, Element{ &log });
    log.clear();
    const auto* first = array.get();
    rt::Weak<Element[]> weak = array;
    auto copy = array;
    array.reset();
    CHECK (collector.collect() == 0);
    CHECK (weak.lock().size() == 3);
    copy.reset();
    CHECK (collector.collect() == 1);
    CHECK (log == std::vector<const Element*>{ first + 2, first + 1, first });
    CHECK (Element::getNumAlive() == 0);
}

TEST_CASE ("An array whose elements throw leaves nothing behind, and one that cannot be is refused")
{
    rt::Collector collector;
    auto numThrown = 0;
    CHECK (test::countLeaks (
               [&]
               {
                   try
                   {
                       rt::makeSharedArray<ThrowsAtThird> (collector, 5);
                   }
                   catch (const std::runtime_error&)
                   {
                       ++numThrown;
                   }
               })
           == 0);
    CHECK (numThrown == 1);
    CHECK (ThrowsAtThird::getNumAlive() == 0);
    CHECK_THROWS_AS (rt::makeSharedArray<int> (collector, std::numeric_limits<std::size_t>::max()),
                     std::bad_array_new_length);
    CHECK (collector.getStats().allocated == 0);
}

TEST_CASE ("Objects live in a memory resource and go back to it when they are collected")
{
    CountingResource resource;
    rt::Collector collector;

    SECTION ("single ones")
    {
        auto owned = rt::allocateOwned<Element> (collector, resource);
        auto shared = rt::allocateShared<Element> (collector.getHandle(), resource);
        rt::Weak<Element> weak = shared;
        CHECK (resource.numAllocations == 2);
        owned.reset();
        shared.reset();
        const auto before = resource.bytesOut;
        CHECK (collector.collect() == 2);
        CHECK (resource.bytesOut < before);
        CHECK (resource.bytesOut > 0); // there is a weak pointer
        weak.reset();
        CHECK (collector.collect() == 1);
    }

    SECTION ("arrays")
    {
        rt::allocateOwnedArray<Element> (collector, resource, 4);
        auto wide = rt::allocateSharedArray<Wide> (collector, resource, 3, Wide{ 5 });
        CHECK (wide[2].value == 5);
        CHECK (reinterpret_cast<std::uintptr_t> (wide.get()) % 64 == 0);
        wide.reset();
        CHECK (resource.bytesOut > 0);
        CHECK (collector.collect() == 2);
    }

    SECTION ("those that allocate by themselves get the resource too")
    {
        auto strings = rt::allocateShared<std::pmr::vector<std::pmr::string>> (collector, resource);
        strings->emplace_back ("longer than what fits in a string without allocating");
        CHECK (resource.numAllocations == 3);
        strings.reset();
        CHECK (collector.collect() == 1);
    }

    SECTION ("if they can be made")
    {
        struct Throws
        {
            Throws() { throw std::runtime_error ("no"); }
        };

        CHECK_THROWS (rt::allocateShared<Throws> (collector, resource));
        CHECK_THROWS (rt::allocateSharedArray<Throws> (collector, resource, 2));
    }

    CHECK (resource.bytesOut == 0);
    CHECK (Element::getNumAlive() == 0);
}
