#include <rt_queues/Freelist.h>

#include <rt_guard/rt_guard.h>

#include <catch2/catch.hpp>

#include <array>
#include <atomic>
#include <csignal>
#include <exception>
#include <new>
#include <set>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace
{

using rt::FreelistFault;

/** Exchanges fail when the test says so. */
struct FailingPolicy : rt::StdPolicy
{
    inline static bool isFailing = false;

    template <typename T>
    class Atomic : public std::atomic<T>
    {
    public:
        using std::atomic<T>::atomic;

        bool compare_exchange_weak (T& expected, T desired, std::memory_order success, std::memory_order failure) noexcept
        {
            if (! isFailing)
                return std::atomic<T>::compare_exchange_strong (expected, desired, success, failure);

            expected = this->load (failure);
            return false;
        }
    };
};

template <typename Policy = rt::StdPolicy, bool checks = true>
struct Fixture
{
    struct Record : rt::FreelistElement<Policy>
    {
        int value = 0;
        char rest[20]{}; // a stride that is no power of two
    };

    using List = rt::Freelist<Policy, checks>;

    explicit Fixture (std::uint32_t numElements, unsigned numSlots = 0)
        : records (numElements), state (numSlots),
          list (state, numElements == 0 ? nullptr : records.data(), sizeof (Record), numElements)
    {
    }

    /** Takes everything by pops. */
    std::set<typename List::Element*> popUntilEmpty()
    {
        std::set<typename List::Element*> popped;

        while (auto* const element = list.pop (token))
            CHECK (popped.insert (element).second);

        return popped;
    }

    std::set<typename List::Element*> visit()
    {
        std::set<typename List::Element*> visited;
        list.visitAll ([&] (auto& element) { CHECK (visited.insert (&element).second); });
        return visited;
    }

    /** Gives all elements, the first ones to the elimination array. */
    void park()
    {
        for (std::uint32_t i = 0; i < list.getCapacity(); ++i)
        {
            FailingPolicy::isFailing = i < state.getNumEliminationSlots();
            list.push (list.getElement (i), token);
        }

        FailingPolicy::isFailing = false;
    }

    std::vector<Record> records;
    typename List::State state;
    List list;
    typename List::Token token;
};

/** Notes the faults that are reported while it lives. */
struct Faults
{
    Faults()
    {
        seen.clear();
        before = FreelistFault::setHandler ([] (const FreelistFault& fault) { seen.push_back (fault); });
    }

    ~Faults() { FreelistFault::setHandler (before); }

    inline static std::vector<FreelistFault> seen;
    FreelistFault::Handler before;
};

/** Counts what must not be done in real time. */
template <typename Function>
std::uint64_t countViolations (Function&& function)
{
    rt::guard::warmUp();
    rt::guard::setMode (rt::guard::Mode::count);
    rt::guard::reset();

    {
        const rt::guard::RealtimeScope scope (1);
        function();
    }

    return rt::guard::getViolationCount();
}

} // namespace

TEST_CASE ("Freelist: what was given comes back, the last first, and then nothing")
{
    Fixture<> fixture (3);
    auto& list = fixture.list;
    CHECK (list.pop() == nullptr);
    CHECK (list.count() == 0);

    list.push (fixture.records[1]);
    list.push (fixture.records[0], fixture.token);
    list.push (fixture.records[2]);
    CHECK (list.count() == 3);
    CHECK_FALSE (list.validate());

    CHECK (list.pop() == &fixture.records[2]);
    CHECK (list.pop (fixture.token) == &fixture.records[0]);
    CHECK (list.pop() == &fixture.records[1]);
    CHECK (list.pop() == nullptr);

    // The user's part of an element is left alone.
    fixture.records[1].value = 17;
    list.push (fixture.records[1]);
    CHECK (static_cast<Fixture<>::Record*> (list.pop())->value == 17);
}

TEST_CASE ("Freelist: a list of nothing, and one that is filled")
{
    Fixture<> none (0);
    none.list.fill();
    CHECK (none.list.pop() == nullptr);
    CHECK (none.list.popAll (none.token).count == 0);
    CHECK_FALSE (none.list.validate());

    Fixture<> some (5);
    some.list.fill();
    CHECK (some.list.count() == 5);

    for (auto& record : some.records)
        CHECK (some.list.pop() == &record);

    CHECK (some.list.pop() == nullptr);
}

TEST_CASE ("Freelist: elements and their places, whatever the stride")
{
    for (const std::size_t stride : { 8u, 12u, 16u, 24u, 36u, 64u, 100u, 4096u, 4104u })
    {
        std::vector<std::max_align_t> memory (stride * 100 / sizeof (std::max_align_t) + 1);
        auto* const bytes = reinterpret_cast<std::byte*> (memory.data());

        for (std::size_t i = 0; i < 100; ++i)
            ::new (bytes + i * stride) rt::FreelistElement<>();

        rt::FreelistState<> state;
        rt::Freelist<> list (state, reinterpret_cast<rt::FreelistElement<>*> (bytes), stride, 100);
        list.fill();

        for (std::uint32_t i = 0; i < 100; ++i)
        {
            auto* const element = list.pop();
            CHECK (reinterpret_cast<std::byte*> (element) == bytes + i * stride);
            CHECK (list.getIndex (*element) == i);
        }

        // What is none, before, between and behind.
        for (std::ptrdiff_t offset = -8192; offset < static_cast<std::ptrdiff_t> (stride) * 100 + 8192; offset += 4)
        {
            const auto isElement = offset >= 0 && offset % static_cast<std::ptrdiff_t> (stride) == 0
                                   && offset < static_cast<std::ptrdiff_t> (stride) * 100;
            const auto address = reinterpret_cast<std::uintptr_t> (bytes) + static_cast<std::uintptr_t> (offset);
            const auto index = list.getIndex (*reinterpret_cast<rt::FreelistElement<>*> (address));
            CHECK ((index < 100) == isElement);
        }
    }
}

TEST_CASE ("Freelist: chains")
{
    Fixture<> fixture (10);
    auto& list = fixture.list;
    list.fill();

    const auto three = list.popChain (3, fixture.token);
    CHECK (three.count == 3);
    CHECK (three.first == &fixture.records[0]);
    CHECK (list.getNext (*three.first) == &fixture.records[1]);
    CHECK (three.last == &fixture.records[2]);
    CHECK (list.getNext (*three.last) == nullptr);
    CHECK (list.count() == 7);

    CHECK (list.popChain (0, fixture.token).count == 0);
    list.pushChain ({}, fixture.token);
    CHECK (list.count() == 7);

    // More than there are
    const auto seven = list.popChain (100, fixture.token);
    CHECK (seven.count == 7);
    CHECK (list.pop() == nullptr);
    CHECK (list.popChain (100, fixture.token).first == nullptr);

    list.pushChain (three, fixture.token);
    CHECK (list.pop() == &fixture.records[0]);
    list.push (fixture.records[0]);

    Fixture<>::List::Chain own;
    list.append (own, fixture.records[9]);
    list.append (own, fixture.records[4]);
    list.pushChain (own, fixture.token);
    CHECK (list.pop() == &fixture.records[9]);
    CHECK (list.pop() == &fixture.records[4]);
    CHECK (list.count() == 3);
    CHECK_FALSE (list.validate());
}

TEST_CASE ("Freelist: empty is the truth while elements are parked, and nobody forgets them")
{
    for (const unsigned numSlots : { 1u, 3u, 8u })
    {
        // liblfds gave 4 of 64 and then said that there were none.
        Fixture<FailingPolicy> fixture (64, numSlots);
        fixture.park();
        CHECK (fixture.list.count() == 64);
        CHECK (fixture.visit().size() == 64); // liblfds's cleanup saw none
        CHECK_FALSE (fixture.list.validate());
        CHECK (fixture.popUntilEmpty().size() == 64);
        CHECK (fixture.list.count() == 0);

        fixture.park();
        CHECK (fixture.list.popAll (fixture.token).count == 64);
        CHECK (fixture.list.pop() == nullptr);

        // Only parked ones
        Fixture<FailingPolicy> few (numSlots, numSlots);
        few.park();
        CHECK (few.list.popChain (8, few.token).count == 1);
        CHECK (few.popUntilEmpty().size() == numSlots - 1);
        CHECK (few.list.popChain (8, few.token).count == 0);
    }

    CHECK (rt::FreelistState<> (100).getNumEliminationSlots() == 8);
}

TEST_CASE ("Freelist: elements never given are not in it")
{
    Fixture<> fixture (4, 2);
    fixture.list.push (fixture.records[3]);
    CHECK (fixture.visit() == std::set<Fixture<>::List::Element*>{ &fixture.records[3] });
    CHECK (fixture.list.count() == 1);
}

TEST_CASE ("Freelist: what is given twice or from elsewhere is reported, and nothing happens")
{
    Fixture<> fixture (4);
    auto& list = fixture.list;
    Fixture<>::Record stranger;
    const Faults faults;

    list.fill();
    list.push (fixture.records[2]);
    REQUIRE (Faults::seen.size() == 1);
    CHECK (Faults::seen[0].kind == FreelistFault::Kind::doubleFree);
    CHECK (Faults::seen[0].element == &fixture.records[2]);
    CHECK (list.count() == 4);
    CHECK_FALSE (list.validate());

    list.push (stranger);
    REQUIRE (Faults::seen.size() == 2);
    CHECK (Faults::seen[1].kind == FreelistFault::Kind::foreign);
    CHECK (Faults::seen[1].element == &stranger);

    // A chain is given whole or not at all; what was all right with it still is.
    const auto two = list.popChain (2, fixture.token);
    auto three = two;
    list.append (three, fixture.records[3]); // the list's last one, as it happens
    list.pushChain (three, fixture.token);
    REQUIRE (Faults::seen.size() == 3);
    CHECK (Faults::seen[2].kind == FreelistFault::Kind::doubleFree);
    list.push (*two.first);
    CHECK (Faults::seen.size() == 3);

    // Taken and given again is fine.
    list.push (*list.pop());
    CHECK (Faults::seen.size() == 3);

    // Without checks, nobody notices.
    Fixture<rt::StdPolicy, false> unchecked (2);
    unchecked.list.push (unchecked.records[0]);
    unchecked.list.push (unchecked.records[0]);
    CHECK (Faults::seen.size() == 3);
    CHECK (unchecked.list.validate().kind == FreelistFault::Kind::cycle);
}

TEST_CASE ("Freelist: without another handler a double free prints what happened and aborts")
{
    int ends[2];
    REQUIRE (pipe (ends) == 0);
    const auto child = fork();

    if (child == 0)
    {
        dup2 (ends[1], 2);
        std::set_terminate (nullptr);
        signal (SIGABRT, SIG_DFL);
        Fixture<> fixture (1);
        fixture.list.fill();
        fixture.list.push (fixture.records[0]);
        _exit (0);
    }

    close (ends[1]);
    std::array<char, 1000> text{};
    CHECK (read (ends[0], text.data(), text.size() - 1) > 0);
    close (ends[0]);
    int status = 0;
    waitpid (child, &status, 0);
    CHECK (std::string (text.data()).find ("given to a free list that it is in already") != std::string::npos);
    CHECK (WIFSIGNALED (status));
}

TEST_CASE ("Freelist: validate says what is wrong")
{
    using Unchecked = Fixture<FailingPolicy, false>;
    CHECK (FreelistFault{}.getDescription() == std::string ("nothing is wrong"));

    Unchecked cyclic (5);
    cyclic.list.fill();
    cyclic.list.push (cyclic.records[2]);
    CHECK (cyclic.list.validate().kind == FreelistFault::Kind::cycle);
    CHECK (cyclic.list.validate().element == &cyclic.records[2]);
    CHECK (cyclic.list.count() == 5); // and it ends

    Unchecked twice (5, 1);
    FailingPolicy::isFailing = true;
    twice.list.push (twice.records[3]);
    FailingPolicy::isFailing = false;
    twice.list.fill();
    CHECK (twice.list.validate().kind == FreelistFault::Kind::twice);
    CHECK (twice.list.validate().element == &twice.records[3]);

    // A link to an element that this view does not have, from an element and from the head
    Unchecked larger (5);
    larger.list.fill();
    const Unchecked::List smaller (larger.state, larger.records.data(), sizeof (Unchecked::Record), 3);
    CHECK (smaller.validate().kind == FreelistFault::Kind::badLink);
    CHECK (smaller.validate().element == &larger.records[2]);
    larger.list.popChain (4, larger.token);
    CHECK (smaller.validate().kind == FreelistFault::Kind::badLink);
    CHECK (smaller.validate().element == nullptr);
    CHECK (std::string (smaller.validate().getDescription()).find ("leads out") != std::string::npos);
}

namespace
{
/** What two mappings share. */
struct SharedMemory
{
    struct Record : rt::FreelistElement<>
    {
        std::atomic<int> owner{ 0 };
        long counter = 0; // plain: the list's orders must be enough
    };

    static constexpr std::uint32_t numRecords = 8;
    rt::FreelistState<> state{ 2 };
    std::array<Record, numRecords> records;

    rt::Freelist<rt::StdPolicy, true> getList() { return { state, records.data(), sizeof (Record), numRecords }; }
};

SharedMemory* map (int file)
{
    auto* const memory = mmap (nullptr, sizeof (SharedMemory), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    REQUIRE (memory != MAP_FAILED);
    return static_cast<SharedMemory*> (memory);
}

// Pops and pushes; false if somebody else had the element at the same time.
bool play (SharedMemory& shared, int me, int numPairs)
{
    auto list = shared.getList();
    rt::Freelist<rt::StdPolicy, true>::Token token;

    for (int i = 0; i < numPairs; ++i)
    {
        auto* const element = list.pop (token);

        if (element == nullptr)
            return false;

        auto& record = static_cast<SharedMemory::Record&> (*element);

        if (record.owner.exchange (me, std::memory_order_relaxed) != 0)
            return false;

        ++record.counter;
        record.owner.store (0, std::memory_order_relaxed);
        list.push (*element, token);
    }

    return true;
}
} // namespace

TEST_CASE ("Freelist: one list, mapped at two addresses")
{
    const auto file = memfd_create ("freelist", 0);
    REQUIRE (file >= 0);
    REQUIRE (ftruncate (file, sizeof (SharedMemory)) == 0);
    auto* const one = ::new (map (file)) SharedMemory();
    auto* const other = map (file);
    REQUIRE (one != other);

    auto list = one->getList();
    auto otherList = other->getList();
    list.fill();
    CHECK (otherList.count() == SharedMemory::numRecords);

    auto* const element = otherList.pop();
    CHECK (element == &other->records[0]);
    static_cast<SharedMemory::Record*> (element)->counter = 5;
    otherList.push (*element);
    CHECK (static_cast<SharedMemory::Record*> (list.pop())->counter == 5);
    list.push (one->records[0]);
    CHECK_FALSE (otherList.validate());

    SECTION ("and used by two processes at once")
    {
        const auto numPairs = 1'000'000;
        one->records[0].counter = 0;
        const auto child = fork();

        if (child == 0)
            _exit (play (*map (file), 2, numPairs) ? 0 : 1); // a third address

        CHECK (play (*one, 1, numPairs));
        int status = 0;
        waitpid (child, &status, 0);
        CHECK (status == 0);
        CHECK (list.count() == SharedMemory::numRecords);
        CHECK_FALSE (list.validate());
        long sum = 0;

        for (auto& record : other->records)
            sum += record.counter;

        CHECK (sum == 2 * numPairs);
    }

    SECTION ("and left by a process that was killed with some elements")
    {
        const auto child = fork();

        if (child == 0)
        {
            auto its = map (file)->getList();
            its.pop();
            its.pop();
            kill (getpid(), SIGKILL);
        }

        int status = 0;
        waitpid (child, &status, 0);
        CHECK (WIFSIGNALED (status));
        CHECK (list.count() == SharedMemory::numRecords - 2);
        CHECK_FALSE (list.validate());
        CHECK (play (*one, 1, 100));
    }

    munmap (one, sizeof (SharedMemory));
    munmap (other, sizeof (SharedMemory));
    close (file);
}

TEST_CASE ("Freelist: a real-time thread may do anything but validate")
{
    Fixture<> fixture (100, 2);
    auto& list = fixture.list;

    CHECK (countViolations (
               [&]
               {
                   Fixture<>::List::Token token;
                   list.fill();

                   for (int i = 0; i < 50; ++i)
                       list.push (*list.pop (token), token);

                   list.push (*list.pop());
                   list.pushChain (list.popChain (16, token), token);
                   list.pushChain (list.popAll (token), token);
                   static_cast<void> (list.count());
               })
           == 0);
    CHECK (list.count() == 100);

    // The guard is there.
    CHECK (countViolations ([&] { static_cast<void> (list.validate()); }) > 0);
}

TEST_CASE ("Backoff: the unit follows the share of operations that fail, within its limits")
{
    rt::Backoff<> backoff ({ 2, 16, 64 });
    CHECK (backoff.getUnit() == 2);

    const auto play = [&] (std::uint32_t numFailing)
    {
        for (std::uint32_t i = 0; i < rt::Backoff<>::opsPerTuning; ++i)
            backoff.succeeded (i < numFailing ? 3 : 0);

        return backoff.getUnit();
    };

    CHECK (play (11) == 4);
    CHECK (play (1000) == 8);
    CHECK (play (1000) == 16);
    CHECK (play (1000) == 16); // at most
    CHECK (play (10) == 8);    // one in a hundred is few
    CHECK (play (0) == 4);
    CHECK (play (0) == 2);
    CHECK (play (0) == 2); // at least
}

TEST_CASE ("Backoff: a wait doubles with each failure, up to the longest")
{
    struct CountingPolicy : rt::StdPolicy
    {
        static void pause() noexcept { ++count(); }

        static std::uint32_t& count()
        {
            static std::uint32_t number = 0;
            return number;
        }
    };

    rt::Backoff<CountingPolicy> backoff ({ 3, 3, 100 });

    const auto wait = [&] (std::uint32_t failure)
    {
        CountingPolicy::count() = 0;
        backoff.wait (failure);
        return CountingPolicy::count();
    };

    CHECK (wait (1) == 3);
    CHECK (wait (2) == 6);
    CHECK (wait (5) == 48);
    CHECK (wait (6) == 96);
    CHECK (wait (7) == 100);
    CHECK (wait (1000000) == 100);
}
