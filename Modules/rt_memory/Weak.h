#pragma once

#include "Shared.h"

#include <cstddef>
#include <utility>

namespace rt
{

/** Knows a shared object without keeping it alive: lock() gives a Shared to it, or null once it has been dropped.

    Every operation is wait-free on any thread (as long as the Collector exists), dropping the last Weak pointer included:
    what is left of the object by then is the memory it was in, and the collecting thread frees that.

    A single Weak is not for use by two threads at once, except for lock() and expired(). Objects that never had a Weak
    pointer do not pay for those that have.
*/
template <typename T, typename Policy = StdPolicy>
class Weak
{
public:
    using Element = std::remove_extent_t<T>;

    Weak() noexcept = default;
    Weak (std::nullptr_t) noexcept {}

    Weak (const Weak& other) noexcept : block (other.block), object (other.object) { addWeak(); }

    Weak (Weak&& other) noexcept
        : block (std::exchange (other.block, nullptr)), object (std::exchange (other.object, nullptr))
    {
    }

    template <typename U>
        requires detail::ConvertiblePointer<U, T>
    Weak (const Shared<U, Policy>& shared) noexcept : block (shared.block), object (shared.object)
    {
        if (block != nullptr)
            block->uses.expectWeak();

        addWeak();
    }

    /** To a base, or to const. Not to a virtual base, which could only be found while the object exists: lock() for that. */
    template <typename U>
    requires(detail::ConvertiblePointer<U, T> &&
             requires(std::remove_extent_t<T> *to) {
               static_cast<std::remove_cv_t<std::remove_extent_t<U>> *>(
                   const_cast<std::remove_cv_t<std::remove_extent_t<T>> *>(to));
             })
  Weak(const Weak<U, Policy> &other) noexcept
      : block(other.block), object(other.object)
    {
        addWeak();
    }

    /** To a base, or to const; not to a virtual base. */
    template <typename U>
    requires(detail::ConvertiblePointer<U, T> &&
             requires(std::remove_extent_t<T> *to) {
               static_cast<std::remove_cv_t<std::remove_extent_t<U>> *>(
                   const_cast<std::remove_cv_t<std::remove_extent_t<T>> *>(to));
             })
  Weak(Weak<U, Policy> &&other) noexcept
      : block(std::exchange(other.block, nullptr)),
        object(std::exchange(other.object, nullptr))
    {
    }

    ~Weak() { reset(); }

    Weak& operator= (const Weak& other) noexcept
    {
        Weak copy (other);
        swap (copy);
        return *this;
    }

    Weak& operator= (Weak&& other) noexcept
    {
        Weak moved (std::move (other));
        swap (moved);
        return *this;
    }

    void swap (Weak& other) noexcept
    {
        std::swap (block, other.block);
        std::swap (object, other.object);
    }

    /** Forgets the object. Any thread. Wait-free while the Collector exists. */
    void reset() noexcept
    {
        object = nullptr;

        if (auto* left = std::exchange (block, nullptr))
            if (left->weaks.remove())
                left->core.drop (*left);
    }

    /** A share in the object, or null if the last one has been given up before. Any thread. Wait-free: two steps. */
    Shared<T, Policy> lock() const noexcept
    {
        if (block != nullptr && block->uses.addIfNotZero())
            return { block, object };

        return {};
    }

    /** Whether lock() would give null, and always will from now on. Any thread. Wait-free: one step. */
    bool expired() const noexcept { return block == nullptr || block->uses.isZero(); }

private:
    template <typename U, typename P>
    friend class Weak;

    void addWeak() const noexcept
    {
        if (block != nullptr)
            block->weaks.add();
    }

    detail::Block<Policy>* block = nullptr;
    Element* object = nullptr;
};

} // namespace rt
