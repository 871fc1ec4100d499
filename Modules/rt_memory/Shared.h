#pragma once

#include "Collector.h"

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace rt
{

/** One of several pointers to a collected object. Made by makeShared().

    Copying and dropping (destroying, reset(), assigning over) are wait-free on any thread, the last drop included: it hands
    the object to its Collector, which destroys it later, on the collecting thread, as the type it was made as. By then
    everything that any of the sharers did to the object has happened.

    Different threads may use different Shared pointers to one object; a single Shared is not for use by two threads at once
    (for that there is SharedMailbox), and the object's own contents are the sharers' business.

    The count saturates at 2^31 pointers: an object that ever had so many is never destroyed (see UseCount).
*/
template <typename T>
class Shared
{
public:
    Shared() noexcept = default;
    Shared (std::nullptr_t) noexcept {}

    Shared (const Shared& other) noexcept : block (other.block), object (other.object) { addUse(); }

    Shared (Shared&& other) noexcept
        : block (std::exchange (other.block, nullptr)), object (std::exchange (other.object, nullptr))
    {
    }

    /** To a base, or to const. */
    template <typename U>
        requires std::is_convertible_v<U*, T*>
    Shared (const Shared<U>& other) noexcept : block (other.block), object (other.object)
    {
        addUse();
    }

    /** To a base, or to const. */
    template <typename U>
        requires std::is_convertible_v<U*, T*>
    Shared (Shared<U>&& other) noexcept
        : block (std::exchange (other.block, nullptr)), object (std::exchange (other.object, nullptr))
    {
    }

    ~Shared() { reset(); }

    Shared& operator= (const Shared& other) noexcept
    {
        Shared copy (other);
        swap (copy);
        return *this;
    }

    Shared& operator= (Shared&& other) noexcept
    {
        Shared moved (std::move (other));
        swap (moved);
        return *this;
    }

    void swap (Shared& other) noexcept
    {
        std::swap (block, other.block);
        std::swap (object, other.object);
    }

    /** Gives up this pointer's share. Any thread. Wait-free while the Collector exists. */
    void reset() noexcept
    {
        object = nullptr;

        if (auto* left = std::exchange (block, nullptr))
            if (left->uses.remove())
                left->core.drop (*left);
    }

    T* get() const noexcept { return object; }
    T& operator*() const noexcept { return *object; }
    T* operator->() const noexcept { return object; }
    explicit operator bool() const noexcept { return object != nullptr; }

    /** How many pointers share the object, 0 for null. Exact only while no other thread copies or drops one. */
    std::size_t getUseCount() const noexcept { return block != nullptr ? block->uses.get() : 0; }

    template <typename U>
    bool operator== (const Shared<U>& other) const noexcept
    {
        return object == other.get();
    }

    bool operator== (std::nullptr_t) const noexcept { return object == nullptr; }

private:
    template <typename U>
    friend class Shared;

    template <typename U, typename... Args>
    friend Shared<U> makeShared (Collector&, Args&&...);

    Shared (detail::Block* blockToUse, T* objectToUse) noexcept : block (blockToUse), object (objectToUse) {}

    void addUse() const noexcept
    {
        if (block != nullptr)
            block->uses.add();
    }

    detail::Block* block = nullptr;
    T* object = nullptr;
};

/** Makes a T from the arguments, to be destroyed by the collector.
    Any thread but real-time ones: it allocates. Throws std::bad_alloc, or what T's constructor throws; then nothing is left.
*/
template <typename T, typename... Args>
Shared<T> makeShared (Collector& collector, Args&&... args)
{
    auto* block = collector.makeBlock<std::remove_const_t<T>> (std::forward<Args> (args)...);
    return { block, std::addressof (block->value) };
}

} // namespace rt
