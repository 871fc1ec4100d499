#include "detail/Sanitizers.h"
#include "detail/SymbolTable.h"
#include "detail/Symbols.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <link.h>
#include <unistd.h>

#if RT_GUARD_HAS_LIBBACKTRACE
#include <backtrace.h>
#endif

#include <array>
#include <charconv>
#include <cstdlib>
#include <map>
#include <memory>
#include <string_view>

namespace rt::guard
{

namespace
{

struct Free
{
    void operator() (void* block) const noexcept { std::free (block); }
};

std::string demangle (const char* name)
{
    int status = 0;
    const std::unique_ptr<char, Free> readable (abi::__cxa_demangle (name, nullptr, nullptr, &status));
    return readable != nullptr ? readable.get() : name;
}

std::string getBaseName (std::string_view path) { return std::string (path.substr (path.rfind ('/') + 1)); }

std::string toHex (std::uintptr_t number)
{
    std::array<char, 2 * sizeof (number)> digits;
    const auto end = std::to_chars (digits.begin(), digits.end(), number, 16).ptr;
    return "0x" + std::string (digits.begin(), end);
}

/** The system's libraries under which a call says nothing about who is to blame. */
bool isSystemLibrary (std::string_view module)
{
    for (std::string_view prefix :
         { "libc.so", "libstdc++.so", "libgcc_s.so", "ld-linux", "libc++.so", "libc++abi.so", "libasan.so", "libtsan.so" })
        if (module.starts_with (prefix))
            return true;

    return false;
}

/** The module that an address belongs to. */
struct Module
{
    explicit Module (const void* address)
    {
        Dl_info info{};

        if (::dladdr (address, &info) == 0 || info.dli_fname == nullptr)
            return;

        base = info.dli_fbase;
        path = info.dli_fname;
        name = getBaseName (info.dli_fname);
        offset = reinterpret_cast<std::uintptr_t> (address) - reinterpret_cast<std::uintptr_t> (base);

        if (info.dli_sname != nullptr)
            exportedFunction = demangle (info.dli_sname);
    }

    const void* base = nullptr;
    std::string path;
    std::string name = "unknown"; ///< unloaded since, or code that was made at run time
    std::uintptr_t offset = 0;
    std::string exportedFunction;
};

/** The executable's, which this code is linked into. The kernel's name for it, since dladdr gives argv[0]. */
const Module& getExecutable()
{
    static const Module executable = []
    {
        Module result (reinterpret_cast<const void*> (&getExecutable));
        std::array<char, 4096> path{};

        if (const auto length = ::readlink ("/proc/self/exe", path.data(), path.size() - 1); length > 0)
            result.name = getBaseName (std::string_view (path.data(), static_cast<std::size_t> (length)));

        return result;
    }();

    return executable;
}

#if RT_GUARD_HAS_LIBBACKTRACE

/** The debug information of one module, read once and kept, as libbacktrace can free none: some 30 MB for this program's own. One thread
    at a time. */
class DebugInformation
{
public:
    using Visit = int (dl_phdr_info*, std::size_t, void*);

    /** While there is one, libbacktrace sees this module alone. */
    class Reading
    {
    public:
        explicit Reading (const Module& module) noexcept { moduleToRead = module.base; }
        ~Reading() { moduleToRead = nullptr; }

        Reading (const Reading&) = delete;
        Reading& operator= (const Reading&) = delete;
    };

    /** Reads nothing yet: libbacktrace does at the first question, a tenth of a second for a large module. */
    static backtrace_state* get (const Module& module)
    {
        // By their place: another may come to the place of one that has gone. Never destroyed, as threads may record to the last.
        static auto& known = *new std::map<const void*, DebugInformation>;

        auto& [path, state] = known[module.base];

        if (state == nullptr || path != module.path)
        {
            path = module.path;
            state = ::backtrace_create_state (nullptr, 1, [] (void*, const char*, int) {}, nullptr);
        }

        return state;
    }

    /** What libbacktrace calls for dl_iterate_phdr(): it is shown the module that is asked for and no other. */
    static int iterateModules (Visit* visit, void* data)
    {
        static const auto iterateAll = reinterpret_cast<int (*) (Visit*, void*)> (::dlsym (RTLD_NEXT, "dl_iterate_phdr"));

        if (moduleToRead == nullptr)
            return iterateAll (visit, data);

        Visitor visitor{ visit, data };
        return iterateAll (
            [] (dl_phdr_info* info, std::size_t size, void* pointer)
            {
                const auto& [callback, callbackData] = *static_cast<Visitor*> (pointer);
                return findBase (*info) == moduleToRead ? callback (info, size, callbackData) : 0;
            },
            &visitor);
    }

private:
    struct Visitor
    {
        Visit* visit;
        void* data;
    };

    /** As dladdr() tells it. */
    static const void* findBase (const dl_phdr_info& info)
    {
        for (int i = 0; i < info.dlpi_phnum; ++i)
        {
            Dl_info place{};

            if (const auto& segment = info.dlpi_phdr[i]; segment.p_type == PT_LOAD)
                return ::dladdr (reinterpret_cast<const void*> (info.dlpi_addr + segment.p_vaddr), &place) != 0
                           ? place.dli_fbase
                           : nullptr;
        }

        return nullptr;
    }

    static constinit inline thread_local const void* moduleToRead = nullptr;

    std::string path;
    backtrace_state* state = nullptr;
};

#endif

/** The functions at an address, innermost first: several where some were inlined. */
std::vector<std::string> describe (const void* address)
{
    const Module module (address);
    const auto& executable = getExecutable();
    const auto place =
        " [" + (module.base == executable.base ? executable.name : module.name) + "+" + toHex (module.offset) + "]";
    std::vector<std::string> result;

#if RT_GUARD_HAS_LIBBACKTRACE
    struct Found
    {
        const std::string& place;
        std::vector<std::string>& result;
    } found{ place, result };

    const auto ignoreError = [] (void*, const char*, int) {};
    const auto pc = reinterpret_cast<std::uintptr_t> (address);

    if (auto* state = module.base != nullptr ? DebugInformation::get (module) : nullptr)
    {
        const DebugInformation::Reading reading (module);

        ::backtrace_pcinfo (
            state, pc,
            [] (void* data, std::uintptr_t, const char* file, int line, const char* function)
            {
                if (function != nullptr)
                {
                    auto& [where, all] = *static_cast<Found*> (data);
                    all.push_back (demangle (function)
                                   + (file != nullptr ? " at " + std::string (file) + ":" + std::to_string (line) : "")
                                   + where);
                }

                return 0;
            },
            ignoreError, &found);

        if (result.empty())
            ::backtrace_syminfo (
                state, pc,
                [] (void* data, std::uintptr_t, const char* function, std::uintptr_t, std::uintptr_t)
                {
                    if (function != nullptr)
                        static_cast<Found*> (data)->result.push_back (demangle (function)
                                                                      + static_cast<Found*> (data)->place);
                },
                ignoreError, &found);
    }
#endif

    if (result.empty())
        result.push_back (module.exportedFunction.empty() ? place.substr (1) : module.exportedFunction + place);

    return result;
}

} // namespace

#if RT_GUARD_HAS_LIBBACKTRACE && ! RT_GUARD_SANITIZED

/** Nobody but what is linked into this executable gets this one, and that is libbacktrace. A sanitizer's runtime, which is linked into it, too,
    calls it before anything works: with that, all modules are read for each. */
extern "C" [[gnu::visibility ("hidden")]] int dl_iterate_phdr (DebugInformation::Visit* visit, void* data)
{
    return DebugInformation::iterateModules (visit, data);
}

#endif

/** The innermost that says who is to blame, or null. */
static const void* findBlamedFrame (const detail::RawSite& site)
{
    for (const auto frame : site.frames)
        if (const auto* address = reinterpret_cast<const void*> (frame); ! isSystemLibrary (Module (address).name))
            return address;

    return nullptr;
}

Violation detail::identify (const RawSite& site)
{
    Violation result;
    result.function = site.function;
    result.node = site.node;
    result.phase = site.phase;
    result.firstBlock = site.firstBlock;

    const auto& executable = getExecutable();
    result.module = executable.name;
    result.by = "host";

    if (const auto* frame = findBlamedFrame (site))
        if (const Module module (frame); module.base != executable.base)
        {
            result.module = module.name;
            result.by = "plugin";
        }

    return result;
}

std::string detail::findCaller (const RawSite& site)
{
    const auto* frame = findBlamedFrame (site);

    if (frame == nullptr)
        return {};

    const Module module (frame);

    // Most calls are the executable's, whose table is large.
    static const auto& ofExecutable = *new SymbolTable ("/proc/self/exe");
    const auto name = module.base == getExecutable().base ? ofExecutable.find (module.offset)
                                                          : SymbolTable (module.path.c_str()).find (module.offset);
    return name.empty() ? module.exportedFunction : demangle (name.c_str());
}

std::vector<std::string> detail::nameStack (const RawSite& site)
{
    std::vector<std::string> result;

    for (const auto address : site.frames)
        for (auto& line : describe (reinterpret_cast<const void*> (address)))
            result.push_back (std::move (line));

    return result;
}

} // namespace rt::guard
