#pragma once

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace rt
{

/** Whether free lists check by default what is given to them: in builds with assertions. All that share one list, processes
    too, must decide alike.
*/
#ifdef NDEBUG
constexpr bool checksFreelists = false;
#else
constexpr bool checksFreelists = true;
#endif

/** What can be wrong with a free list or with how it is used: the answer of Freelist::validate(), and what the checks of debug
    builds report.
*/
struct FreelistFault
{
    enum class Kind
    {
        none,
        doubleFree, ///< given to the list while it is in it
        foreign,    ///< given to a list that it is not an element of
        badLink,    ///< leads to an element that there is not
        cycle,      ///< the list comes back to an element
        twice,      ///< an element is in two places: the list, the elimination array, a magazine
        leaked      ///< an object that its pool ends before
    };

    Kind kind = Kind::none;
    const void* element = nullptr; ///< which one; null where the list's head itself is wrong

    explicit operator bool() const noexcept { return kind != Kind::none; }

    const char* getDescription() const noexcept
    {
        switch (kind)
        {
            case Kind::none: break;
            case Kind::doubleFree: return "an element was given to a free list that it is in already";
            case Kind::foreign: return "what was given to a free list is none of its elements";
            case Kind::badLink: return "a link in a free list leads out of its elements";
            case Kind::cycle: return "a free list comes back to the same element";
            case Kind::twice: return "an element is in a free list twice";
            case Kind::leaked: return "an object was not released before its pool ended";
        }

        return "nothing is wrong";
    }

    using Handler = void (*) (const FreelistFault&);

    /** Replaces what is called with each fault that the checks find, and returns the last one. The one from the start prints the
        fault to stderr and aborts. After a handler that returns, the faulty call does nothing.
        Any thread. Wait-free: one exchange.
    */
    static Handler setHandler (Handler newHandler) noexcept
    {
        return handler.exchange (newHandler, std::memory_order_acq_rel);
    }

    /** Calls the handler. */
    static void report (const FreelistFault& fault) { handler.load (std::memory_order_acquire) (fault); }

private:
    static void printAndAbort (const FreelistFault& fault)
    {
        std::fprintf (stderr, "%s (%p)\n", fault.getDescription(), fault.element);
        std::abort();
    }

    inline static std::atomic<Handler> handler{ &printAndAbort };
};

} // namespace rt
