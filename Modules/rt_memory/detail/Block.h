#pragma once

#include "Memory.h"
#include "UseCount.h"

#include <rt_queues/MpscQueue.h>

#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace rt::detail
{

template <typename Policy>
class CollectorCore;

/** What stands before every collected object, in the same allocation: its link into the collector's queue, its collector,
    where it is, and its counts. The object is destroyed as the type it was made as, and may be gone for long before the
    block, which goes with the last Weak pointer.

    The weak count has one for all the Shared pointers together, which the collecting thread gives back when it has destroyed
    the object. So it is 0 only in a block that has nothing left to destroy.
*/
template <typename Policy>
struct Block : BasicMpscLink<Policy>
{
    Block (CollectorCore<Policy>& coreToUse, void* objectToUse) noexcept : core (coreToUse), object (objectToUse) {}

    Block (const Block&) = delete;
    Block& operator= (const Block&) = delete;

    /** Once, on the collecting thread. @return how many destructors have thrown */
    virtual std::size_t destroyObject() noexcept = 0;

    /** Last of all. */
    virtual void deallocate() noexcept = 0;

    CollectorCore<Policy>& core;
    void* const object; ///< what a pointer to the whole object points to
    UseCount<Policy> uses;
    UseCount<Policy> weaks;

protected:
    ~Block() = default;
};

template <typename T>
std::size_t destroy (T& object) noexcept
{
    try
    {
        std::destroy_at (std::addressof (object));
        return 0;
    }
    catch (...)
    {
        return 1;
    }
}

template <typename T, typename Policy, typename Memory>
struct BlockOf final : Block<Policy>
{
    static_assert (std::is_object_v<T> && ! std::is_array_v<T> && ! std::is_const_v<T>,
                   "makeSharedArray() and makeOwnedArray() make arrays");

    template <typename... Args>
    static BlockOf* make (const Memory& memory, CollectorCore<Policy>& coreToUse, Args&&... args)
    {
        auto* address = memory.allocate (sizeof (BlockOf), alignof (BlockOf));

        try
        {
            return ::new (address) BlockOf (memory, coreToUse, std::forward<Args> (args)...);
        }
        catch (...)
        {
            memory.deallocate (address, sizeof (BlockOf), alignof (BlockOf));
            throw;
        }
    }

    std::size_t destroyObject() noexcept override { return destroy (value); }

    void deallocate() noexcept override
    {
        const auto keptMemory = memory;
        std::destroy_at (this);
        keptMemory.deallocate (this, sizeof (BlockOf), alignof (BlockOf));
    }

    template <typename... Args>
    BlockOf (const Memory& memoryToUse, CollectorCore<Policy>& coreToUse, Args&&... args)
        : Block<Policy> (coreToUse, std::addressof (value)), memory (memoryToUse)
    {
        memory.construct (std::addressof (value), std::forward<Args> (args)...);
    }

    ~BlockOf() {} // the object has gone before

    [[no_unique_address]] const Memory memory;

    union
    {
        T value;
    };
};

/** A block that can say how many elements it has; they follow it. */
template <typename Policy>
struct ArrayBlock : Block<Policy>
{
    ArrayBlock (CollectorCore<Policy>& coreToUse, void* elements, std::size_t sizeToUse) noexcept
        : Block<Policy> (coreToUse, elements), size (sizeToUse)
    {
    }

    const std::size_t size;

protected:
    ~ArrayBlock() = default;
};

template <typename T, typename Policy, typename Memory>
struct ArrayBlockOf final : ArrayBlock<Policy>
{
    static_assert (std::is_object_v<T> && ! std::is_array_v<T> && ! std::is_const_v<T>);

    /** Each element is made from the arguments. */
    template <typename... Args>
    static ArrayBlockOf* make (const Memory& memory, CollectorCore<Policy>& coreToUse, std::size_t size, const Args&... args)
    {
        static_assert (sizeof (ArrayBlockOf) <= offset);

        if (size > (std::numeric_limits<std::size_t>::max() / 2 - offset) / sizeof (T))
            throw std::bad_array_new_length();

        auto* address = memory.allocate (getBytes (size), alignment);
        auto* elements = reinterpret_cast<T*> (static_cast<std::byte*> (address) + offset);
        std::size_t numMade = 0;

        try
        {
            for (; numMade < size; ++numMade)
                memory.construct (elements + numMade, args...);
        }
        catch (...)
        {
            while (numMade > 0)
                destroy (elements[--numMade]);

            memory.deallocate (address, getBytes (size), alignment);
            throw;
        }

        return ::new (address) ArrayBlockOf (memory, coreToUse, elements, size);
    }

    std::size_t destroyObject() noexcept override
    {
        std::size_t numThrown = 0;

        for (auto i = this->size; i > 0; --i)
            numThrown += destroy (static_cast<T*> (this->object)[i - 1]);

        return numThrown;
    }

    void deallocate() noexcept override
    {
        const auto keptMemory = memory;
        const auto bytes = getBytes (this->size);
        std::destroy_at (this);
        keptMemory.deallocate (this, bytes, alignment);
    }

    ArrayBlockOf (const Memory& memoryToUse, CollectorCore<Policy>& coreToUse, T* elements, std::size_t numElements) noexcept
        : ArrayBlock<Policy> (coreToUse, elements, numElements), memory (memoryToUse)
    {
    }

    [[no_unique_address]] const Memory memory;

private:
    // Not of this class: it is not complete here, and its end may be another one's beginning.
    static constexpr auto headerBytes = sizeof (ArrayBlock<Policy>) + sizeof (void*);
    static constexpr auto alignment = alignof (T) > alignof (ArrayBlock<Policy>) ? alignof (T)
                                                                                 : alignof (ArrayBlock<Policy>);
    static constexpr auto offset = (headerBytes + alignof (T) - 1) / alignof (T) * alignof (T);

    static constexpr std::size_t getBytes (std::size_t size) noexcept { return offset + size * sizeof (T); }
};

} // namespace rt::detail
