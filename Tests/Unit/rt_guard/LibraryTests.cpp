#include "Helpers.h"

#include <dlfcn.h>
#include <string.h> // strdup

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <thread>

namespace guard = rt::guard;

namespace
{

/** A library loaded as a plugin is. */
class Library
{
public:
    explicit Library (const std::string& name)
        : handle (::dlopen ((std::string (FIXTURES_FOLDER) + "/" + name + ".so").c_str(), RTLD_NOW | RTLD_LOCAL))
    {
        INFO (name);
        REQUIRE (handle != nullptr);
    }

    ~Library()
    {
        // What a library's own C++ runtime keeps for ever looks like a leak once it is unloaded.
        if (isInterposed)
            ::dlclose (handle);
    }

    Library (const Library&) = delete;
    Library& operator= (const Library&) = delete;

    template <typename Result = void>
    Result call (const char* function) const
    {
        return find<Result> (function)();
    }

    template <typename Result = void>
    auto find (const char* function) const -> Result (*)()
    {
        auto* address = ::dlsym (handle, function);
        REQUIRE (address != nullptr);
        return reinterpret_cast<Result (*)()> (address);
    }

private:
    void* handle;
};

} // namespace

TEST_CASE ("What a loaded library allocates is caught and blamed on it, however it was linked")
{
    const FreshGuard fresh;
    const std::string name = GENERATE ("guard_dynamic", "guard_static", "guard_symbolic", "guard_static_symbolic");
    const Library library (name);
    const volatile int unknownToTheOptimiser = 10; // an unrolled loop has several call sites
    const int numCalls = unknownToTheOptimiser;

    for (const char* functionName : { "callMalloc", "callNew", "growVector", "growString" })
    {
        INFO (name << " " << functionName);
        guard::reset();
        const auto function = library.find (functionName);

        {
            const guard::RealtimeScope scope (7);
            const guard::NodeScope node (4, guard::Phase::parameter);

            for (int i = 0; i < numCalls; ++i)
                function();
        }

        CHECK (guard::getViolationCount() == 20);

        // A sanitizer's own frames are part of the executable, so that blame is not to be had.
        if (! isInterposed)
            continue;

        const auto snapshot = guard::getSnapshot();
        CHECK (snapshot.total == 20);
        CHECK (snapshot.host == 0);
        REQUIRE (snapshot.violations.size() == 2);

        for (const auto& violation : snapshot.violations)
        {
            INFO (violation.function);
            CHECK (violation.count == 10);
            CHECK (violation.node == 4);
            CHECK (violation.phase == guard::Phase::parameter);
            CHECK (violation.firstBlock == 7);
            CHECK (violation.by == "plugin");
            CHECK (violation.module == name + ".so");

            // Somewhere in the stack is the function that the library exports.
            CHECK (std::any_of (violation.stack.begin(), violation.stack.end(),
                                [&] (auto& frame)
                                {
                                    return frame.find (functionName) != std::string::npos
                                           && frame.find (name + ".so") != std::string::npos;
                                }));
        }

        // Where the library carries its own operator new and binds to it, that one's malloc is what can be seen.
        const bool hidesNew = name == "guard_static_symbolic";
        const std::string allocated = snapshot.violations[0].function, released = snapshot.violations[1].function;

        if (std::string (functionName) == "callMalloc")
        {
            CHECK (allocated == "malloc");
            CHECK (released == "free");
        }
        else if (! hidesNew)
        {
            CHECK (allocated == "operator new");
            CHECK (released == "operator delete");
        }
        else
        {
            CHECK ((allocated == "operator new" || allocated == "malloc"));
            CHECK ((released == "operator delete" || released == "free"));
        }
    }
}

TEST_CASE ("What the executable allocates is the host's")
{
    if (! isInterposed)
        return; // blame is not to be had, see above

    const FreshGuard fresh;
    void* block = nullptr;

    {
        const guard::RealtimeScope scope (1);
        block = std::malloc (8);
    }

    std::free (block);

    const auto snapshot = guard::getSnapshot();
    REQUIRE (snapshot.violations.size() == 1);
    CHECK (snapshot.total == 1);
    CHECK (snapshot.host == 1);
    CHECK (snapshot.violations.front().by == "host");
    CHECK (snapshot.violations.front().module == std::filesystem::read_symlink ("/proc/self/exe").filename());
    CHECK (snapshot.violations.front().node == 0);
}

TEST_CASE ("The C library's own frames are nobody's fault")
{
    if (! isInterposed)
        return;

    const FreshGuard fresh;
    char* copy = nullptr;

    {
        const guard::RealtimeScope scope (1);
        copy = ::strdup ("a text"); // its malloc is called by libc.so
    }

    std::free (copy);

    const auto snapshot = guard::getSnapshot();
    REQUIRE (snapshot.violations.size() == 1);
    CHECK (snapshot.violations.front().by == "host");
    CHECK (snapshot.violations.front().stack.size() >= 2);
}

TEST_CASE ("A block may be released on another thread than it came from, and by another module")
{
    const FreshGuard fresh;

    for (const char* name : { "guard_dynamic", "guard_static_symbolic" })
    {
        guard::reset();
        const Library library (name);
        void* block = nullptr;

        std::thread (
            [&]
            {
                const auto allocate = library.find<void*> ("allocateFor");
                const guard::RealtimeScope scope (1);
                const guard::NodeScope node (8, guard::Phase::process);
                block = allocate();
            })
            .join();

        {
            const guard::RealtimeScope scope (2);
            const guard::NodeScope node (9, guard::Phase::process);
            std::free (block);
        }

        const auto violations = guard::getSnapshot().violations;
        REQUIRE (violations.size() == 2);
        CHECK (violations[0].node == 8);
        CHECK (violations[1].node == 9);

        if (isInterposed)
        {
            CHECK (violations[0].by == "plugin");
            CHECK (violations[1].by == "host");
        }
    }
}
