// Mode::rescue in a process whose allocator is interposed. The linker sends what is meant for glibc's allocator here first.

#include "Helpers.h"

#include <rt_guard/detail/ProcessRescue.h>

#include <dlfcn.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace guard = rt::guard;
using guard::detail::isRescueBlock;

namespace
{

/** Calls of glibc's allocator by this thread. */
struct GlibcCalls
{
    int allocations = 0, releases = 0;
    bool operator== (const GlibcCalls&) const = default;
};

constinit thread_local GlibcCalls glibcCalls;

} // namespace

#define WRAP(result, name, counter, parameters, ...)     \
    extern "C" result __real_##name parameters noexcept; \
    extern "C" result __wrap_##name parameters noexcept; \
    extern "C" result __wrap_##name parameters noexcept  \
    {                                                    \
        ++glibcCalls.counter;                            \
        return __real_##name (__VA_ARGS__);              \
    }

WRAP (void*, __libc_malloc, allocations, (std::size_t size), size)
WRAP (void*, __libc_calloc, allocations, (std::size_t count, std::size_t size), count, size)
WRAP (void*, __libc_realloc, allocations, (void* block, std::size_t size), block, size)
WRAP (void*, __libc_memalign, allocations, (std::size_t alignment, std::size_t size), alignment, size)
WRAP (void*, __libc_valloc, allocations, (std::size_t size), size)
WRAP (void*, __libc_pvalloc, allocations, (std::size_t size), size)
WRAP (void, __libc_free, releases, (void* block), block)

namespace
{

/** Does this in a scope. @returns what glibc's allocator was asked for meanwhile */
template <typename Work>
GlibcCalls runRealtime (Work&& work)
{
    const auto before = glibcCalls;

    {
        const guard::RealtimeScope scope (1);
        const guard::NodeScope node (2, guard::Phase::process);
        work();
    }

    return { glibcCalls.allocations - before.allocations, glibcCalls.releases - before.releases };
}

bool isAligned (const void* block, std::size_t boundary) { return reinterpret_cast<std::uintptr_t> (block) % boundary == 0; }

/** One of the functions, and how to give back what it made. */
struct Allocation
{
    const char* name;
    std::size_t boundary;
    void* (*allocate)();
    void (*release) (void*);
};

constexpr std::size_t size = 96;
constexpr std::align_val_t alignment{ 128 };

const Allocation allocations[] = {
    { "malloc", 16, [] { return std::malloc (size); }, std::free },
    { "calloc", 16, [] { return std::calloc (3, 32); }, std::free },
    { "realloc", 16, [] { return std::realloc (nullptr, size); }, std::free },
    { "reallocarray", 16, [] { return ::reallocarray (nullptr, 3, 32); }, std::free },
    { "memalign", 128, [] { return ::memalign (128, size); }, std::free },
    { "aligned_alloc", 128, [] { return std::aligned_alloc (128, 128); }, std::free },
    { "posix_memalign", 128,
      []
      {
          void* block = nullptr;
          return ::posix_memalign (&block, 128, size) == 0 ? block : nullptr;
      },
      std::free },
    { "valloc", 4096, [] { return ::valloc (size); }, std::free },
    { "pvalloc", 4096, [] { return ::pvalloc (size); }, std::free },
    { "operator new", 16, [] { return ::operator new (size); }, [] (void* p) { ::operator delete (p, size); } },
    { "operator new, nothrow", 16, [] { return ::operator new (size, std::nothrow); },
      [] (void* p) { ::operator delete (p, std::nothrow); } },
    { "operator new, aligned", 128, [] { return ::operator new (size, alignment); },
      [] (void* p) { ::operator delete (p, size, alignment); } },
    { "operator new, aligned, nothrow", 128, [] { return ::operator new (size, alignment, std::nothrow); },
      [] (void* p) { ::operator delete (p, alignment, std::nothrow); } },
    { "operator new[]", 16, [] { return ::operator new[] (size); }, [] (void* p) { ::operator delete[] (p); } },
    { "operator new[], nothrow", 16, [] { return ::operator new[] (size, std::nothrow); },
      [] (void* p) { ::operator delete[] (p, std::nothrow); } },
    { "operator new[], aligned", 128, [] { return ::operator new[] (size, alignment); },
      [] (void* p) { ::operator delete[] (p, alignment); } },
    { "operator new[], aligned, nothrow", 128, [] { return ::operator new[] (size, alignment, std::nothrow); },
      [] (void* p) { ::operator delete[] (p, alignment, std::nothrow); } }
};

/** What a careless plugin does; no part of it is left behind. @returns whether everything was as it should */
bool churn()
{
    std::vector<std::string> texts;
    auto isRight = true;

    for (int i = 0; i < 200; ++i)
        texts.push_back (std::string (static_cast<std::size_t> (i * 7), static_cast<char> ('a' + i % 26)));

    for (int i = 0; i < 200; ++i)
        isRight =
            isRight && texts[static_cast<std::size_t> (i)].size() == static_cast<std::size_t> (i * 7)
            && texts[static_cast<std::size_t> (i)].find_first_not_of (static_cast<char> ('a' + i % 26)) == std::string::npos;

    std::size_t length = 10;
    auto* bytes = static_cast<unsigned char*> (std::calloc (length, 1));

    for (; length < 300000; length = length * 3 / 2)
    {
        isRight = isRight && std::count (bytes, bytes + 10, 0) == 10;
        bytes = static_cast<unsigned char*> (std::realloc (bytes, length * 3 / 2));
    }

    std::free (bytes);

    const auto shared = std::make_shared<std::vector<double>> (5000, 0.5);
    isRight = isRight && shared->back() == 0.5;

    try
    {
        throw std::runtime_error (texts.back());
    }
    catch (const std::exception& e)
    {
        isRight = isRight && texts.back() == e.what();
    }

    return isRight;
}

} // namespace

TEST_CASE ("In rescue mode a real-time thread does without the system's allocator, and is told on all the same")
{
    if (! isInterposed)
        return;

    const FreshGuard fresh (guard::Mode::rescue);
    const auto before = guard::getRescueStatistics();
    bool isRight = false;

    SECTION ("a new thread")
    {
        GlibcCalls calls;
        std::thread ([&] { calls = runRealtime ([&] { isRight = churn(); }); }).join();
        CHECK (calls == GlibcCalls{});
    }

    SECTION ("one that has been real-time before")
    {
        for (int i = 0; i < 3; ++i)
            CHECK (runRealtime ([&] { isRight = churn(); }) == GlibcCalls{});
    }

    SECTION ("with a system call net, which sees none")
    {
        if (! guard::SystemCallNet::setEnabled (true).empty())
            return;

        const auto calls = runRealtime ([&] { isRight = churn(); });
        guard::SystemCallNet::setEnabled (false);
        CHECK (calls == GlibcCalls{});

        for (const auto& violation : guard::getSnapshot().violations)
            CHECK (violation.function.find ("syscall") == std::string::npos);
    }

    CHECK (isRight);
    const auto after = guard::getRescueStatistics();
    CHECK (after.served > before.served + 200);
    CHECK (after.inUse == before.inUse);
    CHECK (after.exhausted == before.exhausted);
    CHECK (after.invalid == before.invalid);

    const auto violations = guard::getSnapshot().violations;

    for (const char* name : { "operator new", "operator delete", "calloc", "realloc", "free", "malloc" })
        CHECK (std::any_of (violations.begin(), violations.end(),
                            [&] (auto& v) { return v.function == name && v.node == 2 && v.count > 0; }));
}

TEST_CASE ("Only rescue mode keeps a real-time thread from the system's allocator")
{
    if (! isInterposed)
        return;

    for (const auto mode : { guard::Mode::off, guard::Mode::count, guard::Mode::report })
    {
        const FreshGuard fresh (mode);
        bool isRight = false;
        const auto calls = runRealtime ([&] { isRight = churn(); });
        CHECK (calls.allocations > 200);
        CHECK (calls.releases > 200);
        CHECK (isRight);
    }

    const FreshGuard fresh (guard::Mode::rescue);
    CHECK (runRealtime (
               []
               {
                   const guard::Permit permit;
                   churn();
               })
               .allocations
           > 200);
    CHECK (guard::getViolationCount() == 0);
}

TEST_CASE (
    "Every function allocates from the memory set aside in a real-time scope, and anyone may release that at any time")
{
    if (! isInterposed)
        return;

    const FreshGuard fresh;

    for (const auto& allocation : allocations)
        for (const bool isReleasedInScope : { false, true })
            for (const auto laterMode : { guard::Mode::rescue, guard::Mode::count, guard::Mode::off })
            {
                INFO (allocation.name << ", released " << (isReleasedInScope ? "in a scope" : "outside") << " in mode "
                                      << guard::toString (laterMode));
                const auto before = guard::getRescueStatistics();
                void* block = nullptr;
                guard::setMode (guard::Mode::rescue);
                CHECK (runRealtime ([&] { block = allocation.allocate(); }) == GlibcCalls{});
                REQUIRE (isRescueBlock (block));
                CHECK (isAligned (block, allocation.boundary));
                CHECK (::malloc_usable_size (block) >= size);
                std::memset (block, 1, ::malloc_usable_size (block));
                CHECK (guard::getRescueStatistics().inUse == before.inUse + 1);

                guard::setMode (laterMode);
                const auto calls = glibcCalls;

                if (isReleasedInScope)
                    runRealtime ([&] { allocation.release (block); });
                else
                    std::thread ([&] { allocation.release (block); }).join();

                if (isReleasedInScope)
                    CHECK (glibcCalls == calls);

                CHECK (guard::getRescueStatistics().inUse == before.inUse);
                CHECK (guard::getRescueStatistics().invalid == before.invalid);
            }
}

TEST_CASE ("A release of ordinary memory in a real-time scope is put off until someone calls freeRescued")
{
    if (! isInterposed)
        return;

    const FreshGuard fresh (guard::Mode::rescue);
    guard::freeRescued();

    for (const auto& allocation : allocations)
    {
        INFO (allocation.name);
        const auto before = guard::getRescueStatistics();
        auto* block = allocation.allocate();
        REQUIRE (! isRescueBlock (block));
        CHECK (runRealtime ([&] { allocation.release (block); }) == GlibcCalls{});
        CHECK (guard::getRescueStatistics().deferred == before.deferred + 1);
        CHECK (guard::getRescueStatistics().pending == 1);

        const auto calls = glibcCalls.releases;
        CHECK (guard::freeRescued() == 1);
        CHECK (glibcCalls.releases == calls + 1);
        CHECK (guard::getRescueStatistics().pending == 0);
    }

    // The smallest blocks that glibc has are large enough to wait in a queue.
    auto* block = std::malloc (0);
    CHECK (runRealtime ([&] { std::free (block); }) == GlibcCalls{});
    CHECK (guard::freeRescued() == 1);

    // What was put off is freed in every mode, and a permit of deallocation frees at once.
    block = std::malloc (10);
    CHECK (runRealtime ([&] { std::free (block); }) == GlibcCalls{});
    guard::setMode (guard::Mode::off);
    CHECK (guard::freeRescued() == 1);
    guard::setMode (guard::Mode::rescue);
    block = std::malloc (10);
    CHECK (runRealtime (
               [&]
               {
                   const guard::Permit permit (guard::Permit::Of::deallocation);
                   std::free (block);
               })
               .releases
           == 1);
}

TEST_CASE ("realloc moves a block from one world to the other with what is in it")
{
    if (! isInterposed)
        return;

    const FreshGuard fresh (guard::Mode::rescue);
    auto* text = static_cast<char*> (std::malloc (10));
    std::strcpy (text, "ordinary");
    CHECK (runRealtime ([&] { text = static_cast<char*> (std::realloc (text, 1000)); }) == GlibcCalls{});
    CHECK (isRescueBlock (text));
    CHECK (std::string (text) == "ordinary");

    auto* inPlace = static_cast<char*> (std::realloc (text, 1024));
    CHECK (inPlace == text);
    text = static_cast<char*> (::reallocarray (inPlace, 100, 20));
    CHECK (! isRescueBlock (text));
    CHECK (std::string (text) == "ordinary");

    CHECK (runRealtime ([&] { text = static_cast<char*> (::reallocarray (text, 200, 20)); }) == GlibcCalls{});
    CHECK (isRescueBlock (text));
    CHECK (std::string (text) == "ordinary");

    guard::setMode (guard::Mode::count);
    CHECK (runRealtime ([&] { text = static_cast<char*> (std::realloc (text, 10000)); }).allocations == 1);
    CHECK (! isRescueBlock (text));
    CHECK (std::string (text) == "ordinary");
    std::free (text);
    CHECK (guard::freeRescued() == 2);
}

TEST_CASE ("What the memory set aside is too small for comes from the system, and is counted")
{
    if (! isInterposed)
        return;

    const FreshGuard fresh (guard::Mode::rescue);
    const auto before = guard::getRescueStatistics();
    void* block = nullptr;
    CHECK (runRealtime ([&] { block = std::malloc (1000000); }).allocations == 1);
    CHECK (block != nullptr);
    CHECK (! isRescueBlock (block));
    CHECK (guard::getRescueStatistics().tooLarge == before.tooLarge + 1);
    std::free (block);

    std::array<void*, 100> blocks{};
    const auto calls = runRealtime (
        [&]
        {
            for (auto& large : blocks)
                large = std::malloc (300000);
        });
    const auto rescued = static_cast<int> (std::count_if (blocks.begin(), blocks.end(), isRescueBlock));
    CHECK (rescued > 0);
    CHECK (calls.allocations == 100 - rescued);
    CHECK (guard::getRescueStatistics().exhausted == before.exhausted + static_cast<std::uint64_t> (calls.allocations));

    for (auto* large : blocks)
        std::free (large);

    CHECK (guard::getRescueStatistics().inUse == before.inUse);
}

TEST_CASE ("calloc and reallocarray in rescue mode refuse sizes that overflow")
{
    if (! isInterposed)
        return;

    const FreshGuard fresh (guard::Mode::rescue);
    const volatile std::size_t half = SIZE_MAX / 2;
    const std::size_t large = half;
    void *fromCalloc = &fromCalloc, *fromReallocarray = &fromReallocarray, *fromPvalloc = &fromPvalloc;
    runRealtime (
        [&]
        {
            fromCalloc = std::calloc (large, 4);
            fromReallocarray = ::reallocarray (nullptr, large, 4);
            fromPvalloc = ::pvalloc (large * 2);
        });
    CHECK (fromCalloc == nullptr);
    CHECK (fromReallocarray == nullptr);
    CHECK (fromPvalloc == nullptr);
}

TEST_CASE ("A thread that ends gives its magazines back")
{
    if (! isInterposed)
        return;

    const FreshGuard fresh (guard::Mode::rescue);

    for (int i = 0; i < 200; ++i)
        std::thread ([] { runRealtime ([] { std::free (std::malloc (100)); }); }).join();

    auto& arena = guard::detail::getRescueHeap()->getArena();
    std::vector<guard::detail::RescueArena::Thread*> threads;

    while (auto* thread = arena.attach())
        threads.push_back (thread);

    // All but this thread's own, if it has been here before.
    CHECK (threads.size() >= rt::SlotRegistry<>::maxSlots - 1);

    // A thread that finds none left is served all the same.
    GlibcCalls calls{ 1, 1 };
    std::thread ([&] { calls = runRealtime ([] { std::free (std::malloc (100)); }); }).join();
    CHECK (calls == GlibcCalls{});

    for (auto* thread : threads)
        arena.detach (*thread);
}

TEST_CASE ("A loaded library is rescued however it was linked")
{
    if (! isInterposed)
        return;

    const FreshGuard fresh (guard::Mode::rescue);
    const std::string name = GENERATE ("guard_dynamic", "guard_static", "guard_symbolic", "guard_static_symbolic");
    auto* library = ::dlopen ((std::string (FIXTURES_FOLDER) + "/" + name + ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
    REQUIRE (library != nullptr);

    for (const char* functionName : { "callMalloc", "callNew", "growVector", "growString" })
    {
        INFO (name << " " << functionName);
        const auto function = reinterpret_cast<void (*)()> (::dlsym (library, functionName));
        REQUIRE (function != nullptr);
        const auto before = guard::getRescueStatistics();
        CHECK (runRealtime (function) == GlibcCalls{});
        CHECK (guard::getRescueStatistics().served == before.served + 1);
        CHECK (guard::getRescueStatistics().inUse == before.inUse);
    }

    ::dlclose (library);
}

TEST_CASE ("Threads in and out of scopes hand each other memory while modes change")
{
    if (! isInterposed)
        return;

    struct Block
    {
        std::size_t size;
        unsigned char bytes[1];
    };

    const FreshGuard fresh (guard::Mode::rescue);
    const auto before = guard::getRescueStatistics();
    std::array<std::atomic<Block*>, 64> shelf{};
    std::atomic<bool> isRight{ true };
    std::atomic<int> numRunning{ 4 };
    std::vector<std::thread> threads;

    const auto check = [&isRight] (const Block* block, std::size_t numBytes)
    {
        for (std::size_t i = 0; i < numBytes; ++i)
            if (block->bytes[i] != static_cast<unsigned char> (block->size + i))
                isRight = false;
    };

    const auto fill = [] (Block* block, std::size_t numBytes)
    {
        block->size = numBytes;

        for (std::size_t i = 0; i < numBytes; ++i)
            block->bytes[i] = static_cast<unsigned char> (numBytes + i);
    };

    for (std::uint32_t thread = 0; thread < 4; ++thread)
        threads.emplace_back (
            [&, thread]
            {
                auto random = thread * 7919 + 1;

                const auto turn = [&]
                {
                    random = random * 1664525 + 1013904223;
                    const auto newSize = std::size_t{ 1 } << (random >> 10) % 13;
                    auto* block = shelf[(random >> 24) % shelf.size()].exchange (nullptr);

                    if (block == nullptr)
                    {
                        block = static_cast<Block*> (std::malloc (sizeof (Block) + newSize));
                        fill (block, newSize);
                    }
                    else
                    {
                        const auto oldSize = block->size;
                        check (block, oldSize);

                        if ((random >> 8) % 3 == 0)
                        {
                            std::free (block);
                            return;
                        }

                        block = static_cast<Block*> (std::realloc (block, sizeof (Block) + newSize));
                        check (block, std::min (oldSize, newSize));
                        fill (block, newSize);
                    }

                    std::free (shelf[(random >> 16) % shelf.size()].exchange (block));
                };

                for (int i = 0; i < 3000; ++i)
                    if (i % 3 == 0)
                        turn();
                    else
                        runRealtime (turn);

                --numRunning;
            });

    for (int i = 0; numRunning > 0; ++i)
    {
        guard::setMode (i % 5 == 0 ? guard::Mode::count : guard::Mode::rescue);
        guard::freeRescued();
        std::this_thread::yield();
    }

    for (auto& thread : threads)
        thread.join();

    for (auto& place : shelf)
        std::free (place.exchange (nullptr));

    guard::freeRescued();
    CHECK (isRight);
    const auto after = guard::getRescueStatistics();
    CHECK (after.served > before.served);
    CHECK (after.deferred > before.deferred);
    CHECK (after.inUse == before.inUse);
    CHECK (after.pending == 0);
    CHECK (after.invalid == before.invalid);
}
