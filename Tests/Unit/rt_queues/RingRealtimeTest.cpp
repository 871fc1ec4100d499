// What MirroredRing promises to real-time threads, under the guard.

#include <rt_queues/MirroredRing.h>

#include "Unit/rt_guard/Helpers.h"

#include <rt_guard/RealtimeScope.h>

#include <catch2/catch.hpp>

#include <array>
#include <cstring>

namespace
{

struct Pair
{
    static rt::MirroredRing make()
    {
        rt::MirroredRingOptions options;
        options.capacity = 4000;
        return rt::MirroredRing::createAnonymous (options);
    }

    rt::MirroredRing ring = make();
    rt::RingWriter<> writer = ring.attachWriter();
    rt::RingReader<> reader = ring.attachReader();
};

} // namespace

TEST_CASE ("What the audio thread may do with a MirroredRing is done under the guard")
{
    FreshGuard guard;
    Pair pair;
    auto numWrong = 0;
    const auto expect = [&numWrong] (bool isRight) { numWrong += isRight ? 0 : 1; };
    const std::array<std::byte, 100> bytes{};

    {
        const rt::guard::RealtimeScope realtime (1);

        for (int i = 0; i < 1000; ++i)
        {
            auto message = pair.writer.reserve (300);
            expect (message && message.getBytes().size() == 300);
            message.commit (200);
            pair.writer.reserve (500).abort();
            expect (pair.writer.write (bytes) == rt::RingStatus::ok);
            auto batch = pair.writer.startBatch();
            expect (batch.add (10).size() == 10);
            batch.shrinkLast (5);
            expect (batch.add (100'000).data() == nullptr);
            batch.commit();
            expect (pair.writer.canWrite (3900) == rt::RingStatus::full);
            expect (! pair.writer.takeWakeRequest());
            pair.writer.wake(); // nobody sleeps
            expect (pair.writer.getPeer() == rt::RingPeer::here && pair.writer.getPeerVisits() == 1);

            expect (pair.reader.canRead() == rt::RingStatus::ok);
            auto first = pair.reader.read();
            expect (first.getBytes().size() == 200);
            first.keep();
            expect (pair.reader.read().getBytes().size() == 200);
            auto several = pair.reader.readBatch();
            expect (several.next().size() == 100);
            several.release();
            expect (pair.reader.skipAll() == 1);
            expect (! pair.reader.takeWakeRequest());
            pair.reader.wake();
            expect (pair.reader.getPeer() == rt::RingPeer::here && pair.reader.getPeerVisits() == 1);
        }
    }

    CHECK (numWrong == 0);
    CHECK (rt::guard::getViolationCount() == 0);
}

TEST_CASE ("The guard would notice what is not for the audio thread, and a wake that somebody waits for")
{
    if (! isInterposed)
        return;

    const auto count = [] (auto function)
    {
        FreshGuard guard;
        Pair pair;

        {
            const rt::guard::RealtimeScope realtime (1);
            function (pair);
        }

        return rt::guard::getViolationCount();
    };

    CHECK (count ([] (Pair& pair) { pair.reader = {}; }) > 0);
    CHECK (count ([] (Pair& pair) { static_cast<void> (pair.reader.isPeerAlive()); }) > 0);
    CHECK (count (
               [] (Pair& pair)
               {
                   pair.reader.prepareToWait();
                   pair.writer.wake();
               })
           > 0);
    CHECK (count ([] (Pair& pair) { pair.reader.prepareToWait(); }) == 0);
}
