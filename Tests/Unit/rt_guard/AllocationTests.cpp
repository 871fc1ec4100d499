#include "Helpers.h"

#include <dlfcn.h>
#include <malloc.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <new>
#include <set>

namespace guard = rt::guard;

namespace
{

/** A function under watch: how to make a block with it, or how to give one back. Only one of both is in the scope. */
struct Allocation
{
    const char* name;
    void* (*allocate)();
    void (*release) (void*);
};

constexpr std::size_t size = 96;
constexpr std::align_val_t alignment{ 64 };

const Allocation allocations[] = {
    { "malloc", [] { return std::malloc (size); }, std::free },
    { "calloc", [] { return std::calloc (3, 32); }, std::free },
    { "realloc", [] { return std::realloc (nullptr, size); }, std::free },
    { "reallocarray", [] { return ::reallocarray (nullptr, 3, 32); }, std::free },
    { "memalign", [] { return ::memalign (64, size); }, std::free },
    { "aligned_alloc", [] { return std::aligned_alloc (64, 128); }, std::free },
    { "posix_memalign",
      []
      {
          void* block = nullptr;
          return ::posix_memalign (&block, 64, size) == 0 ? block : nullptr;
      },
      std::free },
    { "valloc", [] { return ::valloc (size); }, std::free },
    { "pvalloc", [] { return ::pvalloc (size); }, std::free },
    { "operator new", [] { return ::operator new (size); }, [] (void* p) { ::operator delete (p); } },
    { "operator new", [] { return ::operator new (size, std::nothrow); },
      [] (void* p) { ::operator delete (p, std::nothrow); } },
    { "operator new", [] { return ::operator new (size, alignment); }, [] (void* p) { ::operator delete (p, alignment); } },
    { "operator new", [] { return ::operator new (size, alignment, std::nothrow); },
      [] (void* p) { ::operator delete (p, alignment, std::nothrow); } },
    { "operator new", [] { return ::operator new (size); }, [] (void* p) { ::operator delete (p, size); } },
    { "operator new", [] { return ::operator new (size, alignment); },
      [] (void* p) { ::operator delete (p, size, alignment); } },
    { "operator new[]", [] { return ::operator new[] (size); }, [] (void* p) { ::operator delete[] (p); } },
    { "operator new[]", [] { return ::operator new[] (size, std::nothrow); },
      [] (void* p) { ::operator delete[] (p, std::nothrow); } },
    { "operator new[]", [] { return ::operator new[] (size, alignment); },
      [] (void* p) { ::operator delete[] (p, alignment); } },
    { "operator new[]", [] { return ::operator new[] (size, alignment, std::nothrow); },
      [] (void* p) { ::operator delete[] (p, alignment, std::nothrow); } },
    { "operator new[]", [] { return ::operator new[] (size); }, [] (void* p) { ::operator delete[] (p, size); } },
    { "operator new[]", [] { return ::operator new[] (size, alignment); },
      [] (void* p) { ::operator delete[] (p, size, alignment); } }
};

const char* getNameOfRelease (const Allocation& allocation)
{
    return std::strcmp (allocation.name, "operator new") == 0     ? "operator delete"
           : std::strcmp (allocation.name, "operator new[]") == 0 ? "operator delete[]"
                                                                  : "free";
}

} // namespace

TEST_CASE ("The executable's dynamic table holds every interposed symbol")
{
    const auto symbols = guard::getInterposedSymbols();

    REQUIRE ((isInterposed ? symbols.size() > 400 : symbols.empty()));
    REQUIRE (std::set<std::string> (symbols.begin(), symbols.end()).size() == symbols.size());

    Dl_info executable{};
    REQUIRE (::dladdr (reinterpret_cast<void*> (&getNameOfRelease), &executable) != 0);

    for (const auto& symbol : symbols)
    {
        INFO (symbol);

        // What a library that is loaded now would be bound to.
        auto* found = ::dlsym (RTLD_DEFAULT, symbol.c_str());
        REQUIRE (found != nullptr);

        Dl_info info{};
        REQUIRE (::dladdr (found, &info) != 0);
        CHECK (info.dli_fbase == executable.dli_fbase);
    }
}

TEST_CASE ("Every allocation and release is caught inside a real-time scope, once and under its name")
{
    const FreshGuard fresh;

    for (const auto& allocation : allocations)
    {
        INFO (allocation.name);

        // GCC's thread sanitizer does not tell its hooks of the aligned forms.
        if (! isInterposed && std::strcmp (allocation.name, "malloc") != 0)
            continue;

        guard::reset();
        void* block = nullptr;

        {
            const guard::RealtimeScope scope (5);
            block = allocation.allocate();
        }

        REQUIRE (block != nullptr);
        std::memset (block, 1, size);
        CHECK (guard::getViolationCount() == 1);
        auto snapshot = guard::getSnapshot();
        REQUIRE (snapshot.violations.size() == 1);

        if (isInterposed)
            CHECK (snapshot.violations.front().function == allocation.name);

        CHECK (snapshot.violations.front().count == 1);
        CHECK (snapshot.violations.front().firstBlock == 5);

        guard::reset();

        {
            const guard::RealtimeScope scope (6);
            allocation.release (block);
        }

        CHECK (guard::getViolationCount() == 1);
        snapshot = guard::getSnapshot();
        REQUIRE (snapshot.violations.size() == 1);

        if (isInterposed)
            CHECK (snapshot.violations.front().function == getNameOfRelease (allocation));

        CHECK (snapshot.violations.front().firstBlock == 6);
    }
}

TEST_CASE ("Nothing is recorded outside a real-time scope")
{
    const FreshGuard fresh;

    for (const auto& allocation : allocations)
        allocation.release (allocation.allocate());

    {
        // A node alone arms nothing.
        const guard::NodeScope node (3, guard::Phase::process);
        std::free (std::malloc (3));
    }

    CHECK (guard::getViolationCount() == 0);
    CHECK (guard::getSnapshot().violations.empty());
}

TEST_CASE ("Releasing nothing is no violation")
{
    const FreshGuard fresh;

    {
        const guard::RealtimeScope scope (1);
        std::free (nullptr);
        ::operator delete (nullptr);
        ::operator delete[] (nullptr, std::size_t{ 8 });
    }

    CHECK (guard::getViolationCount() == 0);
}

TEST_CASE ("A permit suspends the guard, however deep")
{
    const FreshGuard fresh;
    const auto allocate = [] { std::free (std::malloc (8)); };

    {
        const guard::RealtimeScope scope (1);

        {
            const guard::Permit outer;
            allocate();

            {
                const guard::Permit inner;
                const guard::RealtimeScope again (2);
                allocate();
            }

            allocate();
        }

        CHECK (guard::getViolationCount() == 0);
        allocate();
    }

    CHECK (guard::getViolationCount() == 2);
}

TEST_CASE ("Scopes nest, and the outer one's block and node come back")
{
    const FreshGuard fresh;

    // Never released inside the scopes, so that each of these is one violation.
    std::vector<void*> blocks (6);

    {
        const guard::RealtimeScope block (10);
        blocks[0] = std::malloc (8);

        {
            const guard::NodeScope node (1, guard::Phase::process);
            blocks[1] = std::malloc (8);

            {
                const guard::NodeScope inner (2, guard::Phase::midi);
                const guard::RealtimeScope innerBlock (11);
                blocks[2] = std::malloc (8);
            }

            blocks[3] = std::malloc (8);
        }

        blocks[4] = std::malloc (8);
    }

    blocks[5] = std::malloc (8);

    for (auto* block : blocks)
        std::free (block);

    const auto violations = guard::getSnapshot().violations;
    REQUIRE (violations.size() == 5);

    const std::uint32_t nodes[]{ 0, 1, 2, 1, 0 };
    const std::uint64_t blockNumbers[]{ 10, 10, 11, 10, 10 };

    for (std::size_t i = 0; i < 5; ++i)
    {
        CHECK (violations[i].node == nodes[i]);
        CHECK (violations[i].firstBlock == blockNumbers[i]);
        CHECK (violations[i].phase == (i == 2 ? guard::Phase::midi : guard::Phase::process));
    }
}

TEST_CASE ("The interposed functions do what the C library's do")
{
    const FreshGuard fresh;

    SECTION ("alignment")
    {
        for (std::size_t boundary = sizeof (void*); boundary <= 4096; boundary *= 2)
        {
            void* block = nullptr;
            REQUIRE (::posix_memalign (&block, boundary, 10) == 0);
            CHECK (reinterpret_cast<std::uintptr_t> (block) % boundary == 0);
            std::free (block);

            block = ::operator new (10, std::align_val_t{ boundary });
            CHECK (reinterpret_cast<std::uintptr_t> (block) % boundary == 0);
            ::operator delete (block, std::align_val_t{ boundary });
        }
    }

    SECTION ("realloc keeps the contents")
    {
        auto* text = static_cast<char*> (std::malloc (4));
        std::strcpy (text, "abc");
        text = static_cast<char*> (std::realloc (text, 100000));
        CHECK (std::string (text) == "abc");
        text = static_cast<char*> (::reallocarray (text, 1000, 200));
        CHECK (std::string (text) == "abc");
        std::free (text);
    }

    if (isInterposed) // A sanitizer ends the process here.
    {
        SECTION ("an alignment that is none")
        {
            void* block = &block;
            CHECK (::posix_memalign (&block, 24, 10) == EINVAL);
            CHECK (::posix_memalign (&block, 2, 10) == EINVAL);
            CHECK (::posix_memalign (&block, 0, 10) == EINVAL);
            CHECK (block == &block);
        }

        SECTION ("too much")
        {
            volatile auto tooMuch = static_cast<std::size_t> (PTRDIFF_MAX);

            errno = 0;
            CHECK (::reallocarray (nullptr, tooMuch, 16) == nullptr);
            CHECK (errno == ENOMEM);
            CHECK (::operator new (tooMuch, std::nothrow) == nullptr);
            CHECK_THROWS_AS (::operator new (tooMuch), std::bad_alloc);
            CHECK_THROWS_AS (::operator new[] (tooMuch, alignment), std::bad_alloc);

            void* block = nullptr;
            CHECK (::posix_memalign (&block, 64, tooMuch) == ENOMEM);
        }

        SECTION ("the new-handler is asked until it gives up")
        {
            static int asked = 0;
            asked = 0;

            std::set_new_handler (
                []
                {
                    if (++asked == 3)
                        std::set_new_handler (nullptr);
                });

            volatile auto tooMuch = static_cast<std::size_t> (PTRDIFF_MAX);
            CHECK_THROWS_AS (::operator new (tooMuch), std::bad_alloc);
            CHECK (asked == 3);
        }
    }

    SECTION ("errno outlives a violation")
    {
        const guard::RealtimeScope scope (1);
        errno = 77;
        std::free (std::malloc (8));
        CHECK (errno == 77);
    }
}
