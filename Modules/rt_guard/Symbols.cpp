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

/** Debug information of all loaded modules, some 50 MB with this program's own. libbacktrace finds them when its state is made and
    can free none, so a new one is made only when a stack leads through a module that was not there then. One thread at a time. */
backtrace_state* getDebugInformation (const Module& module)
{
    static backtrace_state* state = nullptr;

    // By their place: another may come to the place of one that has gone. Never destroyed, as threads may record to the last.
    static auto& knownModules = *new std::map<const void*, std::string>;

    if (const auto known = knownModules.find (module.base);
        state == nullptr || known == knownModules.end() || known->second != module.path)
    {
        state = ::backtrace_create_state (nullptr, 1, [] (void*, const char*, int) {}, nullptr);
        knownModules.clear();

        const auto remember = [] (dl_phdr_info* info, std::size_t, void*)
        {
            Dl_info place{};

            for (int i = 0; i < info->dlpi_phnum; ++i)
                if (const auto& segment = info->dlpi_phdr[i]; segment.p_type == PT_LOAD)
                {
                    const auto* begin = reinterpret_cast<const void*> (info->dlpi_addr + segment.p_vaddr);

                    if (::dladdr (begin, &place) != 0 && place.dli_fname != nullptr)
                        knownModules[place.dli_fbase] = place.dli_fname;

                    break;
                }

            return 0;
        };

        ::dl_iterate_phdr (remember, nullptr);
        knownModules[module.base] = module.path; // in any case: not again for this one
    }

    return state;
}

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

    if (auto* state = getDebugInformation (module))
    {
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

Violation detail::symbolise (const RawSite& site)
{
    Violation result;
    result.function = site.function;
    result.node = site.node;
    result.phase = site.phase;
    result.firstBlock = site.firstBlock;

    const auto& executable = getExecutable();
    result.module = executable.name;
    result.by = "host";

    for (const auto address : site.frames)
    {
        const Module module (reinterpret_cast<const void*> (address));

        if (isSystemLibrary (module.name))
            continue;

        if (module.base != executable.base)
        {
            result.module = module.name;
            result.by = "plugin";
        }

        break;
    }

    for (const auto address : site.frames)
        for (auto& line : describe (reinterpret_cast<const void*> (address)))
            result.stack.push_back (std::move (line));

    return result;
}

} // namespace rt::guard
