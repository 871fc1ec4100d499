#pragma once

#include "Collector.h"

#include <cassert>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace rt
{

template <typename T, typename Policy>
class Shared;

/** The only pointer to a collected object, or to a collected array (Owned<T[]>). Moves, does not copy. Made by makeOwned()
    and makeOwnedArray(), or allocateOwned() with memory of one's own.

    Dropping it (destroying it, reset(), assigning over it) on any thread is wait-free and neither frees nor runs the
    object's destructor: the Collector does that later, on the collecting thread, as the type the object was made as.
    Everything else is a pointer copy. A single Owned is not for use by two threads at once.
*/
template <typename T, typename Policy = StdPolicy>
class Owned
{
public:
    using Element = std::remove_extent_t<T>;

    Owned() noexcept = default;
    Owned (std::nullptr_t) noexcept {}

    Owned (Owned&& other) noexcept
        : block (std::exchange (other.block, nullptr)), object (std::exchange (other.object, nullptr))
    {
    }

    /** To a base, or to const. */
    template <typename U>
        requires detail::ConvertiblePointer<U, T>
    Owned (Owned<U, Policy>&& other) noexcept
        : block (std::exchange (other.block, nullptr)), object (std::exchange (other.object, nullptr))
    {
    }

    /** Points to a part of what the other owned, or to something that lives as long; owns the whole. Null if the other was.
    */
    template <typename U>
        requires (! std::is_array_v<T>)
    Owned (Owned<U, Policy>&& owner, T* part) noexcept
        : block (std::exchange (owner.block, nullptr)), object (block != nullptr ? part : nullptr)
    {
        owner.object = nullptr;
    }

    ~Owned() { reset(); }

    Owned& operator= (Owned&& other) noexcept
    {
        Owned moved (std::move (other));
        swap (moved);
        return *this;
    }

    void swap (Owned& other) noexcept
    {
        std::swap (block, other.block);
        std::swap (object, other.object);
    }

    /** Drops the object. Any thread. Wait-free while the Collector exists. */
    void reset() noexcept
    {
        object = nullptr;

        if (auto* dropped = std::exchange (block, nullptr))
            dropped->core.drop (*dropped);
    }

    Element* get() const noexcept { return object; }
    explicit operator bool() const noexcept { return object != nullptr; }

    Element& operator*() const noexcept
        requires (! std::is_array_v<T>)
    {
        return *object;
    }

    Element* operator->() const noexcept
        requires (! std::is_array_v<T>)
    {
        return object;
    }

    Element& operator[] (std::size_t index) const noexcept
        requires std::is_array_v<T>
    {
        assert (index < size());
        return object[index];
    }

    /** How many elements the array has, 0 for null. */
    std::size_t size() const noexcept
        requires std::is_array_v<T>
    {
        return block != nullptr ? static_cast<detail::ArrayBlock<Policy>*> (block)->size : 0;
    }

    Element* begin() const noexcept
        requires std::is_array_v<T>
    {
        return object;
    }

    Element* end() const noexcept
        requires std::is_array_v<T>
    {
        return object + size();
    }

    friend bool operator== (const Owned& a, std::nullptr_t) noexcept { return a.object == nullptr; }

private:
    template <typename U, typename P>
    friend class Owned;

    template <typename U, typename P>
    friend class Shared;

    friend struct detail::MakePointer;

    Owned (detail::Block<Policy>* blockToUse, Element* objectToUse) noexcept : block (blockToUse), object (objectToUse) {}

    detail::Block<Policy>* block = nullptr;
    Element* object = nullptr;
};

/** Makes a T from the arguments, to be destroyed by the collector. Takes a Collector or a Handle.
    Any thread but real-time ones: it allocates. Throws std::bad_alloc, or what T's constructor throws; then nothing is left.
*/
template <typename T, typename Policy, typename... Args>
Owned<T, Policy> makeOwned (const detail::Maker<Policy>& maker, Args&&... args)
{
    return detail::MakePointer::object<Owned<T, Policy>> (maker, detail::HeapMemory{}, std::forward<Args> (args)...);
}

/** Makes an array of so many elements: value-initialised (numbers are 0), or each a copy of `initial`. As makeOwned().
    Throws std::bad_array_new_length too if there cannot be so many.
*/
template <typename T, typename Policy, typename... Initial>
    requires (sizeof...(Initial) <= 1)
Owned<T[], Policy> makeOwnedArray (const detail::Maker<Policy>& maker, std::size_t size, const Initial&... initial)
{
    return detail::MakePointer::array<Owned<T[], Policy>> (maker, detail::HeapMemory{}, size, initial...);
}

} // namespace rt
