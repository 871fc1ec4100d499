#pragma once

#include "Collector.h"

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace rt
{

/** The only pointer to a collected object. Moves, does not copy. Made by makeOwned().

    Dropping it (destroying it, reset(), assigning over it) on any thread is wait-free and neither frees nor runs the
    object's destructor: the Collector does that later, on the collecting thread, as the type the object was made as.
    Everything else is a pointer copy. A single Owned is not for use by two threads at once.
*/
template <typename T>
class Owned
{
public:
    Owned() noexcept = default;
    Owned (std::nullptr_t) noexcept {}

    Owned (Owned&& other) noexcept
        : block (std::exchange (other.block, nullptr)), object (std::exchange (other.object, nullptr))
    {
    }

    /** To a base, or to const. */
    template <typename U>
        requires std::is_convertible_v<U*, T*>
    Owned (Owned<U>&& other) noexcept
        : block (std::exchange (other.block, nullptr)), object (std::exchange (other.object, nullptr))
    {
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

    T* get() const noexcept { return object; }
    T& operator*() const noexcept { return *object; }
    T* operator->() const noexcept { return object; }
    explicit operator bool() const noexcept { return object != nullptr; }

    friend bool operator== (const Owned& a, std::nullptr_t) noexcept { return a.object == nullptr; }

private:
    template <typename U>
    friend class Owned;

    template <typename U, typename... Args>
    friend Owned<U> makeOwned (Collector&, Args&&...);

    Owned (detail::Block* blockToUse, T* objectToUse) noexcept : block (blockToUse), object (objectToUse) {}

    detail::Block* block = nullptr;
    T* object = nullptr;
};

/** Makes a T from the arguments, to be destroyed by the collector.
    Any thread but real-time ones: it allocates. Throws std::bad_alloc, or what T's constructor throws; then nothing is left.
*/
template <typename T, typename... Args>
Owned<T> makeOwned (Collector& collector, Args&&... args)
{
    auto* block = collector.makeBlock<std::remove_const_t<T>> (std::forward<Args> (args)...);
    return { block, std::addressof (block->value) };
}

} // namespace rt
