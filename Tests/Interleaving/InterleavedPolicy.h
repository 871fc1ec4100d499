#pragma once

#include "Interleaving.h"

#include <rt_queues/Policy.h>

#include <atomic>

namespace test
{

/** std::atomic, with a step of the Interleaving before each operation. */
struct InterleavedPolicy : rt::StdPolicy
{
    template <typename T>
    class Atomic
    {
    public:
        Atomic() noexcept = default;
        Atomic (T initial) noexcept : value (initial) {}
        Atomic (const Atomic&) = delete;
        Atomic& operator= (const Atomic&) = delete;

        T load (std::memory_order order = std::memory_order_seq_cst) const
        {
            Interleaving::step();
            return value.load (order);
        }

        void store (T v, std::memory_order order = std::memory_order_seq_cst)
        {
            Interleaving::step();
            value.store (v, order);
        }

        T exchange (T v, std::memory_order order = std::memory_order_seq_cst)
        {
            Interleaving::step();
            return value.exchange (v, order);
        }

        bool compare_exchange_strong (T& expected, T desired, std::memory_order success = std::memory_order_seq_cst,
                                      std::memory_order failure = std::memory_order_seq_cst)
        {
            Interleaving::step();
            return value.compare_exchange_strong (expected, desired, success, failure);
        }

        bool compare_exchange_weak (T& expected, T desired, std::memory_order success = std::memory_order_seq_cst,
                                    std::memory_order failure = std::memory_order_seq_cst)
        {
            return compare_exchange_strong (expected, desired, success, failure);
        }

        template <typename U>
        T fetch_add (U v, std::memory_order order = std::memory_order_seq_cst)
        {
            Interleaving::step();
            return value.fetch_add (v, order);
        }

        template <typename U>
        T fetch_sub (U v, std::memory_order order = std::memory_order_seq_cst)
        {
            Interleaving::step();
            return value.fetch_sub (v, order);
        }

        T fetch_or (T v, std::memory_order order = std::memory_order_seq_cst)
        {
            Interleaving::step();
            return value.fetch_or (v, order);
        }

        T fetch_and (T v, std::memory_order order = std::memory_order_seq_cst)
        {
            Interleaving::step();
            return value.fetch_and (v, order);
        }

    private:
        std::atomic<T> value{};
    };

    static void pause() { Interleaving::step(); }
};

} // namespace test
