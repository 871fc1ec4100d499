#include "FreelistBench.h"
#include "Threads.h"

#include <rt_queues/rt_queues.h>

#include <boost/lockfree/stack.hpp>

#include <algorithm>
#include <array>
#include <barrier>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

extern "C"
{
#include <ck_cc.h>
#include <ck_md.h>
#include <ck_pr.h>
#include <ck_stdbool.h>
#include <ck_stddef.h>

// This header is C, and takes a void* for a pointer to anything.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#define ck_pr_fas_ptr(target, value) static_cast<ck_stack_entry_t*> (ck_pr_fas_ptr (target, value))
#include <ck_stack.h>
#undef ck_pr_fas_ptr
#pragma GCC diagnostic pop
}

namespace bench
{

namespace
{
constexpr std::size_t elementBytes = 64;
constexpr std::uint32_t numElements = 1024;
constexpr std::size_t pairsPerRun = 2'000'000;

// Every contender below has a `User`, which each thread makes for itself and which has `void* take()` and `void give (void*)`.

struct OurElement : rt::FreelistElement<>
{
    std::byte rest[elementBytes - sizeof (rt::FreelistElement<>)];
};

class Ours
{
public:
    Ours() { list.fill(); }

    class User
    {
    public:
        explicit User (Ours& ours) : list (ours.list), slot (ours.list) {}

        void* take() { return list.take (slot); }
        void give (void* element) { list.put (slot, *static_cast<rt::FreelistElement<>*> (element)); }

    private:
        rt::MagazineFreelist<>& list;
        rt::MagazineFreelist<>::Slot slot;
    };

private:
    std::vector<OurElement> elements{ numElements };
    rt::FreelistState<> state;
    rt::MagazineFreelist<> list{ state, elements.data(), sizeof (OurElement), numElements };
};

/** The shared list by itself. */
class OursWithoutMagazines
{
public:
    OursWithoutMagazines() { list.fill(); }

    class User
    {
    public:
        explicit User (OursWithoutMagazines& ours) : list (ours.list) {}

        void* take() { return list.pop (token); }
        void give (void* element) { list.push (*static_cast<rt::FreelistElement<>*> (element), token); }

    private:
        rt::Freelist<>& list;
        rt::Freelist<>::Token token;
    };

private:
    std::vector<OurElement> elements{ numElements };
    rt::FreelistState<> state;
    rt::Freelist<> list{ state, elements.data(), sizeof (OurElement), numElements };
};

class Ck
{
public:
    Ck()
    {
        for (auto& element : elements)
            ck_stack_push_upmc (&stack, &element.entry);
    }

    class User
    {
    public:
        explicit User (Ck& ck) : stack (ck.stack) {}

        void* take() { return ck_stack_pop_mpmc (&stack); }
        void give (void* element) { ck_stack_push_upmc (&stack, static_cast<ck_stack_entry_t*> (element)); }

    private:
        ck_stack_t& stack;
    };

private:
    struct Element
    {
        ck_stack_entry_t entry;
        std::byte rest[elementBytes - sizeof (ck_stack_entry_t)];
    };

    std::vector<Element> elements{ numElements };
    alignas (128) ck_stack_t stack = CK_STACK_INITIALIZER;
};

/** A stack of pointers, which it keeps in nodes of its own. */
class Boost
{
public:
    Boost()
    {
        for (auto& element : elements)
            stack.bounded_push (&element);
    }

    class User
    {
    public:
        explicit User (Boost& boost) : stack (boost.stack) {}

        void* take()
        {
            void* element = nullptr;
            stack.pop (element);
            return element;
        }

        void give (void* element) { stack.bounded_push (element); }

    private:
        boost::lockfree::stack<void*>& stack;
    };

private:
    std::vector<std::array<std::byte, elementBytes>> elements{ numElements };
    boost::lockfree::stack<void*> stack{ numElements };
};

class Glibc
{
public:
    class User
    {
    public:
        explicit User (Glibc&) {}

        void* take() { return std::malloc (elementBytes); }
        void give (void* element) { std::free (element); }
    };
};

class Mutex
{
public:
    Mutex()
    {
        for (auto& element : elements)
            unused.push_back (&element);
    }

    class User
    {
    public:
        explicit User (Mutex& m) : all (m) {}

        void* take()
        {
            const std::lock_guard lock (all.mutex);
            auto* const element = all.unused.back();
            all.unused.pop_back();
            return element;
        }

        void give (void* element)
        {
            const std::lock_guard lock (all.mutex);
            all.unused.push_back (element);
        }

    private:
        Mutex& all;
    };

private:
    std::vector<std::array<std::byte, elementBytes>> elements{ numElements };
    alignas (128) std::mutex mutex;
    std::vector<void*> unused;
};

/** No list: each thread has its element. */
class Nothing
{
public:
    class User
    {
    public:
        explicit User (Nothing&) {}

        void* take() { return &element; }
        void give (void*) {}

    private:
        alignas (128) std::array<std::byte, elementBytes> element{};
    };
};

/** Every thread takes an element, touches it and gives it back, over and over; the threads sit on the cores in turn. The time from
    the first to the last, by the pairs of all.
*/
template <typename List, std::size_t numThreads>
std::vector<Value> measurePairs()
{
    const auto list = std::make_unique<List>();
    std::barrier meeting (static_cast<std::ptrdiff_t> (numThreads));
    std::array<Clock::time_point, numThreads> starts, ends;

    const auto play = [&] (std::size_t thread)
    {
        bindToCore (static_cast<int> (thread));
        typename List::User user (*list);
        meeting.arrive_and_wait();
        starts[thread] = Clock::now();

        for (std::size_t i = 0; i < pairsPerRun / numThreads; ++i)
        {
            auto* const element = user.take();
            static_cast<volatile std::byte*> (element)[elementBytes - 1] = std::byte{ 1 };
            keep (*list);
            user.give (element);
        }

        ends[thread] = Clock::now();
    };

    {
        std::vector<std::jthread> others;

        for (std::size_t i = 1; i < numThreads; ++i)
            others.emplace_back (play, i);

        play (0);
    }

    const auto wall = *std::max_element (ends.begin(), ends.end()) - *std::min_element (starts.begin(), starts.end());
    return { { "ns_per_op", std::chrono::duration<double, std::nano> (wall).count() / static_cast<double> (pairsPerRun) } };
}

template <std::size_t numThreads>
Bench makeBench (const char* name)
{
    return { name,
             numThreads > 1,
             { { "ours", measurePairs<Ours, numThreads> },
               { "ours/no-magazines", measurePairs<OursWithoutMagazines, numThreads> },
               { "ck", measurePairs<Ck, numThreads> },
               { "boost", measurePairs<Boost, numThreads> },
               { "glibc", measurePairs<Glibc, numThreads> },
               { "mutex", measurePairs<Mutex, numThreads> },
               { "loop", measurePairs<Nothing, numThreads> } } };
}
} // namespace

std::vector<Bench> getFreelistBenches()
{
    return { makeBench<1> ("freelist.pair.1"), makeBench<2> ("freelist.pair.2"), makeBench<4> ("freelist.pair.4") };
}

} // namespace bench
