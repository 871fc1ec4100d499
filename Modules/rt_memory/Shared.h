#pragma once

#include "Owned.h"

#include <cassert>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace rt
{

template <typename T, typename Policy>
class Weak;

template <typename T, typename Policy>
class SharedCell;

/** One of several pointers to a collected object, or to a collected array (Shared<T[]>). Made by makeShared() and
    makeSharedArray(), allocateShared() with memory of one's own, or from an Owned.

    Copying and dropping (destroying, reset(), assigning over) are wait-free on any thread, the last drop included: it hands
    the object to its Collector, which destroys it later, on the collecting thread, as the type it was made as. By then
    everything that any of the sharers did to the object has happened.

    Different threads may use different Shared pointers to one object; a single Shared is not for use by two threads at once
    (for that there are SharedMailbox and SharedCell), and the object's own contents are the sharers' business.

    The count has 60 bits and saturates: an object that ever had so many pointers is never destroyed (see UseCount).
*/
template <typename T, typename Policy = StdPolicy>
class Shared
{
public:
    using Element = std::remove_extent_t<T>;

    Shared() noexcept = default;
    Shared (std::nullptr_t) noexcept {}

    Shared (const Shared& other) noexcept : block (other.block), object (other.object) { addUse(); }

    Shared (Shared&& other) noexcept
        : block (std::exchange (other.block, nullptr)), object (std::exchange (other.object, nullptr))
    {
    }

    /** To a base, or to const. */
    template <typename U>
        requires detail::ConvertiblePointer<U, T>
    Shared (const Shared<U, Policy>& other) noexcept : block (other.block), object (other.object)
    {
        addUse();
    }

    /** To a base, or to const. */
    template <typename U>
        requires detail::ConvertiblePointer<U, T>
    Shared (Shared<U, Policy>&& other) noexcept
        : block (std::exchange (other.block, nullptr)), object (std::exchange (other.object, nullptr))
    {
    }

    /** From now on others may share it. */
    template <typename U>
        requires detail::ConvertiblePointer<U, T>
    Shared (Owned<U, Policy>&& other) noexcept
        : block (std::exchange (other.block, nullptr)), object (std::exchange (other.object, nullptr))
    {
    }

    /** Points to a part of what the other shares, or to something that lives as long; shares the whole. Null if the other
        is.
    */
    template <typename U>
        requires (! std::is_array_v<T>)
    Shared (const Shared<U, Policy>& owner, T* part) noexcept
        : block (owner.block), object (block != nullptr ? part : nullptr)
    {
        addUse();
    }

    /** The same, taking the other's share. */
    template <typename U>
        requires (! std::is_array_v<T>)
    Shared (Shared<U, Policy>&& owner, T* part) noexcept
        : block (std::exchange (owner.block, nullptr)), object (block != nullptr ? part : nullptr)
    {
        owner.object = nullptr;
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

    /** How many pointers share the object, 0 for null. Exact only while no other thread copies or drops one. */
    std::size_t getUseCount() const noexcept { return block != nullptr ? static_cast<std::size_t> (block->uses.get()) : 0; }

    template <typename U>
    bool operator== (const Shared<U, Policy>& other) const noexcept
    {
        return object == other.get();
    }

    bool operator== (std::nullptr_t) const noexcept { return object == nullptr; }

private:
    template <typename U, typename P>
    friend class Shared;

    template <typename U, typename P>
    friend class Weak;

    template <typename U, typename P>
    friend class SharedCell;

    friend struct detail::MakePointer;

    Shared (detail::Block<Policy>* blockToUse, Element* objectToUse) noexcept : block (blockToUse), object (objectToUse) {}

    void addUse() const noexcept
    {
        if (block != nullptr)
            block->uses.add();
    }

    detail::Block<Policy>* block = nullptr;
    Element* object = nullptr;
};

/** Makes a T from the arguments, to be destroyed by the collector. Takes a Collector or a Handle.
    Any thread but real-time ones: it allocates. Throws std::bad_alloc, or what T's constructor throws; then nothing is left.
*/
template <typename T, typename Policy, typename... Args>
Shared<T, Policy> makeShared (const detail::Maker<Policy>& maker, Args&&... args)
{
    return detail::MakePointer::object<Shared<T, Policy>> (maker, detail::HeapMemory{}, std::forward<Args> (args)...);
}

/** Makes an array of so many elements: value-initialised (numbers are 0), or each a copy of `initial`. As makeShared().
    Throws std::bad_array_new_length too if there cannot be so many.
*/
template <typename T, typename Policy, typename... Initial>
    requires (sizeof...(Initial) <= 1)
Shared<T[], Policy> makeSharedArray (const detail::Maker<Policy>& maker, std::size_t size, const Initial&... initial)
{
    return detail::MakePointer::array<Shared<T[], Policy>> (maker, detail::HeapMemory{}, size, initial...);
}

/** The same object as static_cast sees it. Wait-free, as a copy. */
template <typename T, typename U, typename Policy>
Shared<T, Policy> staticPointerCast (const Shared<U, Policy>& pointer) noexcept
{
    return { pointer, static_cast<T*> (pointer.get()) };
}

/** The same object if it is a T, else null. Takes as long as dynamic_cast does. */
template <typename T, typename U, typename Policy>
Shared<T, Policy> dynamicPointerCast (const Shared<U, Policy>& pointer) noexcept
{
    if (auto* object = dynamic_cast<T*> (pointer.get()))
        return { pointer, object };

    return {};
}

} // namespace rt
