// What is promised to real-time threads, done under the guard.

#include <rt_memory/rt_memory.h>

#include "Unit/rt_guard/Helpers.h"

#include <catch2/catch.hpp>

#include <array>
#include <optional>

namespace
{

struct Object
{
    std::array<int, 16> numbers{};
    rt::Shared<Object> next;
};

} // namespace

TEST_CASE ("What the audio thread may do with pointers, handles, mailboxes and cells is done under the guard")
{
    if (! isInterposed)
        return;

    FreshGuard guard;
    rt::Collector collector;
    rt::SharedCellSlots slots;
    auto ownedObject = rt::makeOwned<Object> (collector);
    auto array = rt::makeSharedArray<int> (collector, 10);
    auto shared = rt::makeShared<Object> (collector);
    shared->next = rt::makeShared<Object> (collector);
    std::optional<rt::Handle> handle = collector.getHandle();
    rt::SharedMailbox<Object> mailbox;
    mailbox.publish (shared);
    rt::SharedCell<Object> cell (slots, rt::makeShared<Object> (collector));
    auto others = slots.attach();
    auto numSeen = 0;

    {
        const rt::guard::RealtimeScope realtime (1);

        // Dropping, the last one and the last weak one included.
        ownedObject.reset();
        array.reset();
        rt::Weak<Object> weak = shared;
        auto copy = weak.lock();
        rt::Shared<int> part (copy, &copy->numbers[3]);
        shared = mailbox.take();
        mailbox.publish (std::move (copy));
        mailbox.publish (nullptr);
        part.reset();
        shared.reset();
        numSeen += weak.expired() ? 1 : 0;
        weak.reset();

        auto copied = *handle;
        handle.reset();
        numSeen += collector.getStats().pending > 0 ? 1 : 0;

        // Reading and writing what others read.
        auto slot = slots.attach();
        auto got = cell.get (slot);
        const auto read = cell.read (slot);
        cell.set (slot, nullptr);
        cell.exchange (slot, std::move (got));
        got = cell.get (slot);
        cell.compareExchange (others, got, nullptr);
        got.reset();
        numSeen += read->numbers[0] == 0 ? 1 : 0;
    }

    CHECK (numSeen == 3);
    CHECK (rt::guard::getViolationCount() == 0);
    CHECK (collector.collect() == 5);

    // The guard is there.
    {
        const rt::guard::RealtimeScope realtime (1);
        ownedObject = rt::makeOwned<Object> (collector);
    }

    CHECK (rt::guard::getViolationCount() > 0);
}
