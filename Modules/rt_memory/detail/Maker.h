#pragma once

#include "CollectorCore.h"

namespace rt::detail
{

/** What Collector and Handle have in common: objects can be made with them. */
template <typename Policy>
class Maker
{
public:
    /** A new object's block, counted. Not for real-time threads. Throws what the memory and T's constructor throw. */
    template <typename T, typename Memory = HeapMemory, typename... Args>
    BlockOf<T, Policy, Memory>* makeBlock (const Memory& memory, Args&&... args) const
    {
        auto* block = BlockOf<T, Policy, Memory>::make (memory, *core, std::forward<Args> (args)...);
        core->countObject();
        return block;
    }

    /** The same for so many elements, each made from the arguments. */
    template <typename T, typename Memory = HeapMemory, typename... Args>
    ArrayBlockOf<T, Policy, Memory>* makeArrayBlock (const Memory& memory, std::size_t size, const Args&... args) const
    {
        auto* block = ArrayBlockOf<T, Policy, Memory>::make (memory, *core, size, args...);
        core->countObject();
        return block;
    }

protected:
    explicit Maker (CollectorCore<Policy>* coreToUse) noexcept : core (coreToUse) {}
    ~Maker() = default;

    CollectorCore<Policy>* core;
};

/** Puts a new block into an Owned or a Shared. */
struct MakePointer
{
    template <typename Pointer, typename Policy, typename Memory, typename... Args>
    static Pointer object (const Maker<Policy>& maker, const Memory& memory, Args&&... args)
    {
        using T = std::remove_const_t<typename Pointer::Element>;
        auto* block = maker.template makeBlock<T> (memory, std::forward<Args> (args)...);
        return { block, std::addressof (block->value) };
    }

    template <typename Pointer, typename Policy, typename Memory, typename... Args>
    static Pointer array (const Maker<Policy>& maker, const Memory& memory, std::size_t size, const Args&... args)
    {
        using T = std::remove_const_t<typename Pointer::Element>;
        auto* block = maker.template makeArrayBlock<T> (memory, size, args...);
        return { block, static_cast<T*> (block->object) };
    }
};

/** Whether a pointer to U may become one to T: as with plain pointers, but elements of an array may become const only. */
template <typename U, typename T>
concept ConvertiblePointer = (std::is_array_v<U> && std::is_array_v<T>
                              && std::is_convertible_v<std::remove_extent_t<U> (*)[], std::remove_extent_t<T> (*)[]>)
                             || (! std::is_array_v<U> && ! std::is_array_v<T> && std::is_convertible_v<U*, T*>);

} // namespace rt::detail
