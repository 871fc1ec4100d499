#include <rt_queues/MagazineFreelist.h>

#include <rt_guard/rt_guard.h>

#include <catch2/catch.hpp>

#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace
{

using rt::FreelistFault;
using List = rt::MagazineFreelist<rt::StdPolicy, true>;

struct Fixture
{
    explicit Fixture (std::uint32_t numElements)
        : elements (numElements), list (state, elements.data(), sizeof (elements[0]), numElements)
    {
        list.fill();
    }

    std::vector<List::Element> elements;
    List::State state;
    List list;
};

template <typename Take>
std::vector<List::Element*> takeAll (Take&& take)
{
    std::vector<List::Element*> taken;

    while (auto* const element = take())
        taken.push_back (element);

    return taken;
}

} // namespace

TEST_CASE ("MagazineFreelist: takes and gives by magazines, the last given first")
{
    Fixture fixture (100);
    auto& list = fixture.list;
    List::Slot slot (list);
    CHECK (slot.hasMagazines());
    CHECK (list.count() == 100);
    CHECK (list.getShared().count() == 100);

    CHECK (list.take (slot) == &fixture.elements[0]);
    CHECK (list.getShared().count() == 84);
    CHECK (list.count() == 99);
    list.put (slot, fixture.elements[0]);
    CHECK (list.take (slot) == &fixture.elements[0]);
    list.put (slot, fixture.elements[0]);

    // Sixteen more fit, those of the shared list in their order; after that the oldest sixteen go.
    std::vector<List::Element*> taken;

    for (int i = 0; i < 33; ++i)
        taken.push_back (list.take (slot));

    CHECK (std::set<List::Element*> (taken.begin(), taken.end()).size() == 33);
    CHECK (taken[32] == &fixture.elements[32]);
    CHECK (list.getShared().count() == 52);
    CHECK (list.count() == 67);

    for (std::size_t i = 0; i < 17; ++i)
        list.put (slot, *taken[i]); // 15 + 17: full

    CHECK (list.getShared().count() == 52);
    list.put (slot, *taken[17]);
    CHECK (list.getShared().count() == 68);
    CHECK (list.take (slot) == taken[17]);
    CHECK (list.take (slot) == taken[16]);
    CHECK_FALSE (list.validate());

    // At the limit, to and fro does not go to the shared list each time.
    for (int i = 0; i < 10; ++i)
    {
        list.put (slot, *taken[16]);
        CHECK (list.take (slot) == taken[16]);
        CHECK (list.getShared().count() == 68);
    }
}

TEST_CASE ("MagazineFreelist: all elements are there, whoever gave them")
{
    Fixture fixture (100);
    auto& list = fixture.list;
    List::Slot slot (list);
    const auto all = takeAll ([&] { return list.take (slot); });
    CHECK (std::set<List::Element*> (all.begin(), all.end()).size() == 100);
    CHECK (list.count() == 0);

    for (auto* element : all)
        list.put (slot, *element);

    std::set<List::Element*> visited;
    list.visitAll ([&] (auto& element) { CHECK (visited.insert (&element).second); });
    CHECK (visited.size() == 100);
    CHECK (list.count() == 100);
    CHECK (list.getShared().count() < 100);
    CHECK_FALSE (list.validate());
}

TEST_CASE ("MagazineFreelist: empty means that the others have at most what they may keep")
{
    CHECK (List::getMostElsewhere (1) == 0);
    CHECK (List::getMostElsewhere (3) == 64);
    CHECK (List::getMostElsewhere (0) == 0);

    Fixture fixture (200);
    auto& list = fixture.list;
    List::Slot mine (list);

    {
        List::Slot second (list), third (list);
        auto all = takeAll ([&] { return list.take (second); });
        CHECK (all.size() == 200);

        // As full as their magazines get
        for (std::size_t i = 0; i < 32; ++i)
        {
            list.put (second, *all[i]);
            list.put (third, *all[i + 32]);
        }

        CHECK (list.take (mine) == nullptr);
        CHECK (list.count() == List::getMostElsewhere (3));

        for (std::size_t i = 64; i < 200; ++i)
            list.put (second, *all[i]);

        CHECK (takeAll ([&] { return list.take (mine); }).size() >= 200 - List::getMostElsewhere (3));
    }

    // Their end gave everything back.
    const auto rest = takeAll ([&] { return list.take (mine); });
    CHECK (rest.size() <= List::getMostElsewhere (3));
    CHECK (rest.size() > 0);
    CHECK (list.count() == 0);
    CHECK (list.take (mine) == nullptr);
}

TEST_CASE ("MagazineFreelist: a thread that ends gives back what it had")
{
    Fixture fixture (100);
    auto& list = fixture.list;

    std::thread (
        [&list]
        {
            List::Slot slot (list);
            list.put (slot, *list.take (slot));
            CHECK (list.getShared().count() == 84);
        })
        .join();
    CHECK (list.getShared().count() == 100);

    // And one that came without a slot
    std::thread (
        [&list]
        {
            list.put (*list.take());
            CHECK (list.getShared().count() == 84);
        })
        .join();
    CHECK (list.getShared().count() == 100);
    CHECK (list.count() == 100);
}

TEST_CASE ("MagazineFreelist: the list ends before the threads that used it")
{
    auto fixture = std::make_unique<Fixture> (100);
    fixture->list.put (*fixture->list.take()); // this thread stays
    CHECK (fixture->list.getShared().count() == 84);

    std::vector<List::Element> elements (50);
    List::State state;

    {
        List list (state, elements.data(), sizeof (elements[0]), 50);
        list.fill();
        list.put (*list.take());
    }

    // What was in magazines is in the shared list again, which others may go on using.
    CHECK (List::List (state, elements.data(), sizeof (elements[0]), 50).count() == 50);

    fixture.reset();
    std::make_unique<Fixture> (10).reset(); // never used
}

TEST_CASE ("MagazineFreelist: more threads than there are places share the list without magazines")
{
    Fixture fixture (100);
    auto& list = fixture.list;
    std::vector<std::unique_ptr<List::Slot>> slots;

    for (int i = 0; i < 64; ++i)
        slots.push_back (std::make_unique<List::Slot> (list));

    CHECK (slots.back()->hasMagazines());
    List::Slot extra (list);
    CHECK_FALSE (extra.hasMagazines());
    auto* const element = list.take (extra);
    REQUIRE (element != nullptr);
    CHECK (list.getShared().count() == 99);
    list.put (extra, *element);
    CHECK (list.getShared().count() == 100);

    // Without a slot
    std::thread ([&] { list.put (*list.take()); }).join();
    CHECK (list.getShared().count() == 100);

    slots.clear();
    CHECK (List::Slot (list).hasMagazines());
}

TEST_CASE ("MagazineFreelist: past the magazines")
{
    Fixture fixture (20);
    auto& list = fixture.list;
    auto* const element = list.takeShared();
    CHECK (element == &fixture.elements[0]);
    CHECK (list.getShared().count() == 19);
    list.putShared (*element);
    CHECK (list.getShared().count() == 20);
}

TEST_CASE ("MagazineFreelist: what is given twice or from elsewhere is reported, and nothing happens")
{
    static std::vector<FreelistFault> seen;
    seen.clear();
    const auto before = FreelistFault::setHandler ([] (const FreelistFault& fault) { seen.push_back (fault); });

    {
        Fixture fixture (100);
        auto& list = fixture.list;
        List::Slot slot (list), other (list);
        auto* const element = list.take (slot);
        list.put (slot, *element);
        CHECK (seen.empty());

        list.put (other, *element); // while it lies in a magazine
        CHECK (seen.size() == 1);
        list.put (slot, fixture.elements[90]); // while it is in the shared list
        CHECK (seen.size() == 2);
        list.putShared (*element);
        CHECK (seen.size() == 3);

        for (const auto& fault : seen)
            CHECK (fault.kind == FreelistFault::Kind::doubleFree);

        List::Element stranger;
        list.put (slot, stranger);
        CHECK (seen.back().kind == FreelistFault::Kind::foreign);
        CHECK (list.count() == 100);
        CHECK_FALSE (list.validate());
    }

    FreelistFault::setHandler (before);

    // Without checks nobody notices, but validate() does.
    using Unchecked = rt::MagazineFreelist<rt::StdPolicy, false>;
    std::vector<Unchecked::Element> elements (40);
    Unchecked::State state;
    Unchecked list (state, elements.data(), sizeof (elements[0]), 40);
    list.fill();

    {
        Unchecked::Slot slot (list), other (list);
        auto* const element = list.take (slot);
        list.put (slot, *element);
        list.put (other, *element);
        CHECK (list.validate().kind == FreelistFault::Kind::twice);
        CHECK (list.validate().element == element);
        list.take (other);
        CHECK_FALSE (list.validate());
        list.put (other, elements[39]); // in the shared list
        CHECK (list.validate().kind == FreelistFault::Kind::twice);
        list.take (other);
    }
}

TEST_CASE ("MagazineFreelist: a real-time thread attaches, takes, gives and leaves without a forbidden call")
{
    Fixture fixture (100);
    auto& list = fixture.list;
    rt::guard::warmUp();
    rt::guard::setMode (rt::guard::Mode::count);
    rt::guard::reset();
    std::vector<List::Element*> taken (100);

    {
        const rt::guard::RealtimeScope scope (1);
        List::Slot slot (list);

        for (auto*& element : taken)
            element = list.take (slot);

        for (auto* element : taken)
            list.put (slot, *element);

        list.putShared (*list.takeShared());
        static_cast<void> (list.count());
    }

    CHECK (rt::guard::getViolationCount() == 0);
    CHECK (list.getShared().count() == 100);

    // Without a slot a thread's first call allocates; the contract says so.
    std::thread (
        [&]
        {
            const rt::guard::RealtimeScope scope (1);
            list.put (*list.take());
        })
        .join();
    CHECK (rt::guard::getViolationCount() > 0);
}
