#pragma once

#include "UseCount.h"

#include <rt_queues/MpscQueue.h>

#include <type_traits>
#include <utility>

namespace rt::detail
{

class CollectorCore;

/** What stands before every collected object, in the same allocation: its link into the collector's queue, its collector
    and its count. Destroying a block destroys the object as the type it was made as.
*/
struct Block : MpscLink
{
    explicit Block (CollectorCore& coreToUse) noexcept : core (coreToUse) {}
    virtual ~Block() = default;

    Block (const Block&) = delete;
    Block& operator= (const Block&) = delete;

    CollectorCore& core;
    UseCount uses;
};

template <typename T>
struct BlockOf final : Block
{
    static_assert (std::is_object_v<T> && ! std::is_array_v<T> && ! std::is_const_v<T>,
                   "Collected objects are single objects");
    static_assert (std::is_nothrow_destructible_v<T>, "The collector cannot do anything about a destructor that throws");

    template <typename... Args>
    explicit BlockOf (CollectorCore& coreToUse, Args&&... args) : Block (coreToUse), value (std::forward<Args> (args)...)
    {
    }

    T value;
};

} // namespace rt::detail
