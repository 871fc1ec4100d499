#include "Helpers.h"

#include <rt_guard/detail/Records.h>
#include <rt_guard/detail/SymbolTable.h>

#include <dlfcn.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace guard = rt::guard;

namespace
{

[[gnu::noinline]] void allocateOnce()
{
    auto* block = std::malloc (16);
    const guard::Permit permit;
    std::free (block);
}

} // namespace

TEST_CASE ("Calls on a stack that is not the thread's own, as of coroutines and signal handlers, are recorded")
{
    const FreshGuard fresh;
    constexpr std::size_t stackBytes = 65536;
    static std::array<char, stackBytes> farBelow;
    std::array<char, stackBytes> above; // than what the thread below has
    auto* const memory = GENERATE_REF (farBelow.data(), above.data());

    static ucontext_t outside, inside;
    ::getcontext (&inside);
    inside.uc_stack.ss_sp = memory;
    inside.uc_stack.ss_size = stackBytes;
    inside.uc_link = &outside;
    static const volatile int numCalls = 5;
    ::makecontext (
        &inside,
        []
        {
            for (int i = 0; i < numCalls; ++i)
                allocateOnce();
        },
        0);

    std::thread (
        []
        {
            const guard::RealtimeScope scope (0);
            const guard::NodeScope nodeScope (7, guard::Phase::process);
            ::swapcontext (&outside, &inside);
            allocateOnce();
        })
        .join();

    const auto snapshot = guard::getSnapshot();
    CHECK (snapshot.total == 6);
    REQUIRE (snapshot.violations.size() == 2);
    CHECK (snapshot.violations[0].count == 5);
    CHECK (snapshot.violations[0].node == 7);
    CHECK (snapshot.violations[1].count == 1);

    // A sanitizer's own frames come first.
    for (const auto& violation : snapshot.violations)
        CHECK (std::any_of (violation.stack.begin(), violation.stack.end(),
                            [] (const auto& frame) { return frame.find ("allocateOnce") != std::string::npos; }));
}

TEST_CASE ("Calls with one stack are one site, and other nodes, functions and callers are others")
{
    const FreshGuard fresh;

    // The optimiser must not know the bounds: an unrolled loop has several call sites.
    const volatile std::uint32_t numNodes = 2, numCalls = 5;
    const std::uint32_t lastNode = numNodes, lastCall = numCalls;

    {
        const guard::RealtimeScope scope (3);

        for (std::uint32_t node = 1; node <= lastNode; ++node)
        {
            const guard::NodeScope nodeScope (node, guard::Phase::process);

            for (std::uint32_t i = 0; i < lastCall; ++i)
                allocateOnce();

            allocateOnce();
        }
    }

    const auto snapshot = guard::getSnapshot();
    CHECK (snapshot.total == 12);
    REQUIRE (snapshot.violations.size() == 4);
    CHECK (snapshot.violations[0].count == 5);
    CHECK (snapshot.violations[1].count == 1);
    CHECK (snapshot.violations[2].count == 5);
    CHECK (snapshot.violations[3].count == 1);
    CHECK (snapshot.violations[1].node == 1);
    CHECK (snapshot.violations[2].node == 2);
}

TEST_CASE ("A stack begins at the caller and ends at whoever opened the scope")
{
    const FreshGuard fresh;

    const auto open = []() __attribute__ ((noinline))
    {
        const guard::RealtimeScope scope (1);
        allocateOnce();
    };

    // From different callers of the scope: still one site.
    open();
    std::thread (open).join();

    const auto records = guard::detail::copyRecords();
    REQUIRE (records.sites.size() == 1);
    CHECK (records.sites.front().count == 2);

    if (isInterposed)
        CHECK (records.sites.front().frames.size() == 2);
}

TEST_CASE ("Violations of several threads are counted exactly and blamed on the right node")
{
    constexpr int numThreads = 4, numCalls = 100'000;
    const FreshGuard fresh;
    std::vector<std::thread> threads;
    std::atomic<bool> go{ false };

    for (std::uint32_t t = 0; t < numThreads; ++t)
        threads.emplace_back (
            [t, &go]
            {
                while (! go)
                    std::this_thread::yield();

                for (int i = 0; i < numCalls; ++i)
                {
                    // Every thread has two nodes, and the odd ones work in another phase.
                    const auto node = 10 * (t + 1) + static_cast<std::uint32_t> (i % 2);
                    const guard::RealtimeScope scope (node * 1'000'000ull);
                    const guard::NodeScope nodeScope (node, i % 2 == 0 ? guard::Phase::process : guard::Phase::midi);
                    allocateOnce();
                }
            });

    go = true;

    // Readers disturb nobody.
    for (int i = 0; i < 20; ++i)
    {
        const auto violations = guard::detail::copyRecords();
        CHECK (violations.sites.size() <= 2 * numThreads);
    }

    for (auto& thread : threads)
        thread.join();

    const auto snapshot = guard::getSnapshot();
    CHECK (guard::getViolationCount() == numThreads * numCalls);
    CHECK (snapshot.total == numThreads * numCalls);
    CHECK (snapshot.overflow == 0);
    REQUIRE (snapshot.violations.size() == 2 * numThreads);

    for (const auto& violation : snapshot.violations)
    {
        CHECK (violation.count == numCalls / 2);
        CHECK (violation.firstBlock == violation.node * 1'000'000ull);
        CHECK (violation.phase == (violation.node % 2 == 0 ? guard::Phase::process : guard::Phase::midi));
        CHECK (violation.node / 10 >= 1);
        CHECK (violation.node / 10 <= numThreads);
    }
}

TEST_CASE ("Sites for which there is no room are counted")
{
    constexpr std::uint32_t numNodes = 3 * guard::detail::maxSites;
    const FreshGuard fresh;

    {
        const guard::RealtimeScope scope (1);

        for (std::uint32_t node = 1; node <= numNodes; ++node)
        {
            const guard::NodeScope nodeScope (node, guard::Phase::process);
            allocateOnce();
        }
    }

    const auto records = guard::detail::copyRecords();
    CHECK (records.sites.size() <= guard::detail::maxSites);
    CHECK (records.sites.size() > guard::detail::maxSites / 2);
    CHECK (records.overflow == numNodes - records.sites.size());
    CHECK (guard::getViolationCount() == numNodes);

    guard::reset();
    CHECK (guard::getViolationCount() == 0);
    CHECK (guard::detail::copyRecords().sites.empty());
    CHECK (guard::detail::copyRecords().overflow == 0);
}

TEST_CASE ("New sites are told once")
{
    const FreshGuard fresh (guard::Mode::report);

    const auto allocateAs = [] (std::uint32_t node) __attribute__ ((noinline))
    {
        const guard::RealtimeScope scope (1);
        const guard::NodeScope nodeScope (node, guard::Phase::state);
        allocateOnce();
    };

    allocateAs (1);
    allocateAs (2);
    const auto first = guard::takeNewSites();
    REQUIRE (first.size() == 2);
    CHECK (first[0].node == 1);
    CHECK (first[1].node == 2);
    CHECK_FALSE (first[0].stack.empty());

    allocateAs (1);
    CHECK (guard::takeNewSites().empty());

    allocateAs (3);
    const auto second = guard::takeNewSites();
    REQUIRE (second.size() == 1);
    CHECK (second.front().node == 3);
    CHECK (guard::getSnapshot().violations.size() == 3);
}

TEST_CASE ("A site that was suppressed is new once it is no more, and its stack is named for whoever asks")
{
    const FreshGuard fresh;
    const auto suppress = [] (const char* text) { guard::setSuppressions (guard::parseSuppressions (text, "test")); };

    {
        const guard::RealtimeScope scope (1);
        allocateOnce();
    }

    // allocateOnce() is this file's own: no linker's table of exports knows it.
    for (const auto* text : { "caller: allocateOnce()", "stack: allocateOnce", "function: malloc" })
    {
        if (! isInterposed && std::string (text).starts_with ("caller"))
            continue; // the call is then the sanitizer's, which is linked into this program

        INFO (text);
        suppress (text);
        CHECK (guard::takeNewSites (guard::Stacks::none).empty());
        CHECK (guard::getSnapshot().suppressed == 1);
    }

    suppress ("caller: allocateTwice()");
    const auto sites = guard::takeNewSites (guard::Stacks::none);
    suppress ("");

    REQUIRE (sites.size() == 1);
    CHECK (sites.front().stack.empty());
    CHECK (sites.front().by == "host");
    CHECK (guard::takeNewSites().empty());
    CHECK (guard::getSnapshot (guard::Stacks::none).violations.front().stack.empty());
    CHECK_FALSE (guard::getSnapshot().violations.front().stack.empty());
}

TEST_CASE ("Of suppressions that cover a site, those that ask for no stack come first")
{
    const FreshGuard fresh;

    {
        const guard::RealtimeScope scope (1);
        allocateOnce();
    }

    guard::setSuppressions (guard::parseSuppressions ("stack: allocateOnce\nfunction: free\nfunction: malloc", "test"));
    const auto uses = guard::getSnapshot().suppressions;
    guard::setSuppressions ({});
    REQUIRE (uses.size() == 1);
    CHECK (uses.front().suppression.origin == "test:3");
}

TEST_CASE ("An ELF file's functions are found by their addresses, and a file that is none has none")
{
    const guard::detail::SymbolTable own ("/proc/self/exe");
    Dl_info info{};
    const auto* address = reinterpret_cast<const char*> (&allocateOnce);
    REQUIRE (::dladdr (address, &info) != 0);
    const auto offset = static_cast<std::uintptr_t> (address - static_cast<const char*> (info.dli_fbase));
    CHECK_THAT (own.find (offset), Catch::Matchers::Contains ("allocateOnce"));
    CHECK_THAT (own.find (offset + 1), Catch::Matchers::Contains ("allocateOnce"));
    CHECK_THAT (own.find (offset - 1), ! Catch::Matchers::Contains ("allocateOnce"));
    CHECK (own.find (0).empty());
    CHECK (own.find (~std::uintptr_t{ 0 }).empty());

    CHECK (guard::detail::SymbolTable ("/nowhere").find (offset).empty());
    CHECK (guard::detail::SymbolTable ("/proc/self").find (offset).empty());

    // Any part of a file, cut off anywhere.
    std::ifstream program ("/proc/self/exe", std::ios::binary);
    std::string contents (std::size_t{ 1 } << 16, '\0');
    program.read (contents.data(), static_cast<std::streamsize> (contents.size()));
    const auto file = std::filesystem::temp_directory_path() / ("guard-symbols-" + std::to_string (::getpid()));

    for (const auto size : { 0, 1, 3, 63, 64, 65, 1000, 65536 })
    {
        std::ofstream (file, std::ios::binary) << contents.substr (0, static_cast<std::size_t> (size));
        CHECK (guard::detail::SymbolTable (file.c_str()).find (offset).empty());
    }

    std::filesystem::remove (file);
}

TEST_CASE ("The mode can be switched at any time")
{
    const FreshGuard fresh (guard::Mode::off);
    CHECK (guard::getMode() == guard::Mode::off);

    {
        const guard::RealtimeScope scope (1);
        allocateOnce();
        CHECK (guard::getViolationCount() == 0);
        guard::setMode (guard::Mode::count);
        allocateOnce();
        guard::setMode (guard::Mode::off);
        allocateOnce();
    }

    CHECK (guard::getViolationCount() == 1);
}

TEST_CASE ("A reset while others record leaves a table that counts exactly again")
{
    const FreshGuard fresh;
    std::atomic<bool> stop{ false };
    std::vector<std::thread> threads;

    for (std::uint32_t t = 1; t <= 2; ++t)
        threads.emplace_back (
            [t, &stop]
            {
                for (std::uint32_t i = 0; ! stop; ++i)
                {
                    const guard::RealtimeScope scope (1);
                    const guard::NodeScope nodeScope (t * 1000 + i % 100, guard::Phase::process);
                    allocateOnce();
                }
            });

    for (int i = 0; i < 200; ++i)
    {
        guard::reset();

        for (const auto& site : guard::detail::copyRecords().sites)
            REQUIRE ((site.frames.size() >= 1 && site.node >= 1000 && site.node < 2100));
    }

    stop = true;

    for (auto& thread : threads)
        thread.join();

    std::uint64_t sum = 0;

    for (const auto& site : guard::detail::copyRecords().sites)
        sum += site.count;

    CHECK (sum == guard::getViolationCount());
}
