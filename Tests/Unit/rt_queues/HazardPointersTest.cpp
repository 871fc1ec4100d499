#include <rt_queues/HazardPointers.h>
#include <rt_queues/SlotRegistry.h>

#include <catch2/catch.hpp>

#include <array>
#include <vector>

namespace
{

struct Object : rt::Retirable
{
    int number = 0;
};

using Hazards = rt::HazardPointers<2>;

struct Reclaimed
{
    std::vector<std::pair<unsigned, int>> objects; // slot, number

    static Hazards::Object* note (void* context, unsigned slot, Hazards::Object* first) noexcept
    {
        for (auto* object = first; object != nullptr; object = object->next.get())
            static_cast<Reclaimed*> (context)->objects.emplace_back (slot, static_cast<Object*> (object)->number);

        return nullptr;
    }
};

} // namespace

TEST_CASE ("A retired object is reclaimed when no hazard pointer names it any more")
{
    Reclaimed reclaimed;
    Object object;
    object.number = 5;

    Hazards hazards (Reclaimed::note, &reclaimed);
    auto reader = hazards.attach();
    auto writer = hazards.attach();

    std::atomic<Object*> source{ &object };
    CHECK (hazards.protect (reader.getNumber(), 1, source) == &object);

    hazards.retire (writer.getNumber(), *source.exchange (nullptr));
    hazards.scan (writer.getNumber());
    CHECK (reclaimed.objects.empty());

    hazards.clear (reader.getNumber(), 1);
    hazards.scan (writer.getNumber());
    REQUIRE (reclaimed.objects.size() == 1);
    CHECK (reclaimed.objects[0] == std::pair (writer.getNumber(), 5));
}

TEST_CASE ("A try at protecting says when the source has changed meanwhile")
{
    Reclaimed reclaimed;
    Hazards hazards (Reclaimed::note, &reclaimed);
    auto slot = hazards.attach();
    Object one, two;
    std::atomic<Object*> source{ &two };
    CHECK_FALSE (hazards.tryProtect (slot.getNumber(), 0, &one, source));
    CHECK (hazards.tryProtect (slot.getNumber(), 0, &two, source));
    source = nullptr;
    CHECK (hazards.protect (slot.getNumber(), 0, source) == nullptr);
}

TEST_CASE ("No more than the threshold waits in a slot, and a scan comes by itself")
{
    Reclaimed reclaimed;
    std::array<Object, 100> objects;
    Hazards hazards (Reclaimed::note, &reclaimed);
    auto slot = hazards.attach();
    CHECK (hazards.getScanThreshold() == 16);

    std::size_t numRetired = 0, mostWaiting = 0;

    for (auto& object : objects)
    {
        hazards.retire (slot.getNumber(), object);
        mostWaiting = std::max (mostWaiting, ++numRetired - reclaimed.objects.size());
    }

    CHECK (mostWaiting == 16); // sorted with the sixteenth, handed over with the next

    // It follows the slots that are attached.
    std::vector<Hazards::Slot> more;

    for (int i = 0; i < 9; ++i)
        more.push_back (hazards.attach());

    CHECK (hazards.getScanThreshold() == 2 * 2 * 10);
    more.clear();
    CHECK (hazards.getScanThreshold() == 16);
}

TEST_CASE ("What a slot leaves behind is the next one's, or the end's")
{
    Reclaimed reclaimed;
    std::array<Object, 3> objects;

    {
        Hazards hazards (Reclaimed::note, &reclaimed);
        auto reader = hazards.attach();
        unsigned left = 0;

        {
            auto slot = hazards.attach();
            left = slot.getNumber();
            hazards.retire (slot.getNumber(), objects[0]);
            const std::atomic<Object*> source{ &objects[1] };
            hazards.protect (reader.getNumber(), 0, source);
            hazards.retire (slot.getNumber(), objects[1]);
        }

        auto next = hazards.attach();
        REQUIRE (next.getNumber() == left);
        hazards.scan (next.getNumber());
        CHECK (reclaimed.objects.size() == 1);

        hazards.retire (next.getNumber(), objects[2]);
        next.detach();
        CHECK_FALSE (next);

        auto exactly = hazards.attachExactly (left);
        CHECK (exactly);
        CHECK_FALSE (hazards.attachExactly (left));
        CHECK (hazards.getAttached() == 3);
        exactly.detach();
        reader.detach();
        CHECK (hazards.getAttached() == 0);
    }

    CHECK (reclaimed.objects.size() == 3);
}

TEST_CASE ("A registry gives the lowest number that is free, up to its limit")
{
    rt::SlotRegistry<> registry;
    CHECK (registry.acquire (3) == 0);
    CHECK (registry.acquire (3) == 1);
    CHECK (registry.acquire (3) == 2);
    CHECK (registry.acquire (3) == -1);
    registry.release (1);
    CHECK (registry.getActive() == 0b101);
    CHECK_FALSE (registry.acquireExactly (0));
    CHECK (registry.acquireExactly (1));
    registry.release (1);
    CHECK (registry.acquire() == 1);

    for (int i = 3; i < 64; ++i)
        REQUIRE (registry.acquire() == i);

    CHECK (registry.acquire() == -1);
}
