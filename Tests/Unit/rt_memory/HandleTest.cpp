#include <rt_memory/rt_memory.h>

#include "Stress/Counted.h"
#include "Unit/rt_queues/Allocations.h"

#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace
{
struct Value : test::Counted<struct HandleTestTag>
{
};
} // namespace

TEST_CASE ("A handle makes objects of its collector")
{
    rt::Collector collector;
    const auto handle = collector.getHandle();
    rt::makeShared<Value> (handle);
    std::thread ([copy = handle] { rt::makeOwned<Value> (copy); }).join();
    CHECK (collector.getStats().allocated == 2);
    CHECK (collector.collect() == 2);
    CHECK (collector.getStats().pending == 0);
    CHECK (Value::getNumAlive() == 0);
}

TEST_CASE ("Handles are no objects, and copying and dropping them allocates and frees nothing")
{
    rt::Collector collector;
    std::optional<rt::Handle> handle = collector.getHandle();
    CHECK (test::countAllocations (
               [&]
               {
                   auto copy = *handle;
                   auto moved = std::move (copy);
                   copy = moved;
                   handle.reset();
               })
           == 0);
    CHECK (collector.getStats().allocated == 0);
    CHECK (collector.getStats().pending == 0);
    CHECK (collector.collect() == 0);
}

TEST_CASE ("A handle works after its collector's end, and nothing is left after the last of all", "[teardown]")
{
    const std::string last = GENERATE ("handle", "object", "weak pointer", "handle on another thread", "nothing made");
    test::Expect expect;
    std::thread ([] {}).join();
    CHECK (test::countLeaks (
               [&]
               {
                   auto collector = std::make_unique<rt::Collector>();
                   std::optional<rt::Handle> handle = collector->getHandle();
                   collector.reset();

                   if (last == "nothing made")
                       return;

                   rt::makeShared<Value> (*handle);
                   expect (Value::getNumAlive() == 0);

                   auto copy = *handle;
                   auto object = rt::makeShared<Value> (copy);
                   rt::Weak<Value> weak;

                   if (last == "handle")
                   {
                       object.reset();
                   }
                   else if (last == "handle on another thread")
                   {
                       object.reset();
                       handle.reset();
                       std::thread ([h = std::move (copy)] {}).join();
                   }
                   else
                   {
                       if (last == "weak pointer")
                           weak = object;

                       handle.reset();
                       auto moved = std::move (copy);
                   }
               })
           == 0);
    CHECK (expect.getFirstWrong() == 0);
    CHECK (Value::getNumAlive() == 0);
}
