#pragma once

// The structures under the model checker. relacy has macros for words of the language and the library; they end here.

#include <rt_queues/Policy.h>

#include <atomic>
#include <source_location>
#include <sstream>

#include <relacy/relacy.hpp>

#undef new
#undef delete
#undef malloc
#undef calloc
#undef realloc
#undef free
#undef assert
#undef errno
#undef memory_order_relaxed
#undef memory_order_consume
#undef memory_order_acquire
#undef memory_order_release
#undef memory_order_acq_rel
#undef memory_order_seq_cst

#include <cstdio>
#include <cstdlib>

namespace test
{

/** relacy's atomics and race-checked variables with the interface that the structures use. */
struct RelacyPolicy
{
    using Where = std::source_location;

    static rl::debug_info at (const Where& where)
    {
        return rl::debug_info (where.function_name(), where.file_name(), where.line());
    }

    static rl::memory_order orderOf (std::memory_order order)
    {
        switch (order)
        {
            case std::memory_order_relaxed: return rl::mo_relaxed;
            case std::memory_order_consume: return rl::mo_consume;
            case std::memory_order_acquire: return rl::mo_acquire;
            case std::memory_order_release: return rl::mo_release;
            case std::memory_order_acq_rel: return rl::mo_acq_rel;
            case std::memory_order_seq_cst: break;
        }

        return rl::mo_seq_cst;
    }

    template <typename T>
    class Atomic
    {
    public:
        Atomic() : value (T()) {}
        Atomic (T initial) : value (initial) {}
        Atomic (const Atomic&) = delete;
        Atomic& operator= (const Atomic&) = delete;

        T load (std::memory_order order, Where where = Where::current()) const
        {
            return value.load (orderOf (order), at (where));
        }

        void store (T v, std::memory_order order, Where where = Where::current())
        {
            value.store (v, orderOf (order), at (where));
        }

        T exchange (T v, std::memory_order order, Where where = Where::current())
        {
            return value.rmw (rl::rmw_type_t<rl::rmw_type_swap>(), v, orderOf (order), at (where));
        }

        bool compare_exchange_strong (T& expected, T desired, std::memory_order success, std::memory_order failure,
                                      Where where = Where::current())
        {
            return value.compare_exchange_strong (expected, desired, orderOf (success), at (where), orderOf (failure),
                                                  at (where));
        }

        bool compare_exchange_weak (T& expected, T desired, std::memory_order success, std::memory_order failure,
                                    Where where = Where::current())
        {
            return value.compare_exchange_weak (expected, desired, orderOf (success), at (where), orderOf (failure),
                                                at (where));
        }

        template <typename U>
        T fetch_add (U v, std::memory_order order, Where where = Where::current())
        {
            return value.rmw (rl::rmw_type_t<rl::rmw_type_add>(), static_cast<T> (v), orderOf (order), at (where));
        }

        template <typename U>
        T fetch_sub (U v, std::memory_order order, Where where = Where::current())
        {
            return value.rmw (rl::rmw_type_t<rl::rmw_type_sub>(), static_cast<T> (v), orderOf (order), at (where));
        }

        T fetch_or (T v, std::memory_order order, Where where = Where::current())
        {
            return value.rmw (rl::rmw_type_t<rl::rmw_type_or>(), v, orderOf (order), at (where));
        }

        T fetch_and (T v, std::memory_order order, Where where = Where::current())
        {
            return value.rmw (rl::rmw_type_t<rl::rmw_type_and>(), v, orderOf (order), at (where));
        }

    private:
        rl::atomic<T> value;
    };

    template <typename T>
    class Cell
    {
    public:
        Cell() : value (T()) {}
        explicit Cell (T initial) : value (initial) {}

        T get (Where where = Where::current()) const { return value (at (where)).load(); }
        void set (T newValue, Where where = Where::current()) { value (at (where)).store (newValue); }

    private:
        rl::var<T> value;
    };

    class Watch
    {
    public:
        Watch() : watched (0) {}

        void read (Where where = Where::current()) const { static_cast<void> (watched (at (where)).load()); }
        void write (Where where = Where::current()) { watched (at (where)).store (1); }

    private:
        rl::var<int> watched;
    };

    static void prefetchToWrite (const void*) {}
    static void prefetchToRead (const void*) {}
    static void pause (Where where = Where::current()) { rl::yield (1, at (where)); }
};

/** `PROGRAM [EXECUTIONS]`: how many executions of each model. */
inline rl::iteration_t getNumExecutions (int numArguments, char** arguments)
{
    return numArguments > 1 ? static_cast<rl::iteration_t> (std::atoll (arguments[1])) : 100'000;
}

// relacy counts what is allocated with its own operators new and delete, which are inline functions: the libraries would
// go on using the usual ones if nobody asked for these here.
[[gnu::used]] inline void* (*const countedNew) (std::size_t) = &::operator new;
[[gnu::used]] inline void* (*const countedNewArray) (std::size_t) = &::operator new[];
[[gnu::used]] inline void (*const countedDelete) (void*) = &::operator delete;
[[gnu::used]] inline void (*const countedDeleteArray) (void*) = &::operator delete[];

/** Runs a relacy suite that many times, each under another random schedule. Ends the program with 1 if one of them went wrong;
    relacy has then printed the history that did.
*/
template <typename Suite>
void check (const char* name, rl::iteration_t numExecutions)
{
    rl::test_params parameters;
    parameters.search_type = rl::sched_random;
    parameters.iteration_count = numExecutions;
    parameters.execution_depth_limit = 10'000;
    std::ostringstream progress;
    parameters.progress_stream = &progress;
    parameters.progress_output_period = 1'000'000'000;

    if (! rl::simulate<Suite> (parameters))
    {
        std::printf ("%s: FAILED\n", name);
        std::fflush (nullptr);
        std::_Exit (1);
    }

    std::printf ("%s: %llu executions\n", name, static_cast<unsigned long long> (numExecutions));
    std::fflush (nullptr);
}

} // namespace test
