#pragma once

#include "MagazineFreelist.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <stdexcept>
#include <utility>

namespace rt
{

/** Storage for a fixed number of objects, allocated once, in which any thread makes and destroys them without allocating.

        rt::ObjectPool<Voice> voices (256);

        rt::ObjectPool<Voice>::Slot slot (voices);         // each thread its own, real-time threads as well
        if (auto* voice = voices.acquire (slot, note))     // null when there is no room
            voices.release (slot, *voice);

        if (auto voice = voices.make (slot, note))         // the same as an owning pointer, to be dropped on any thread
            voice->play();

    An object may be released by another thread than the one that acquired it. Each thread keeps up to 32 free places for itself
    (see MagazineFreelist), so a pool that must have room for n objects at any time is made for
    n + getMostElsewhere (number of threads).

    With checks (on in debug builds) the pool reports, to FreelistFault's handler, an object that is released twice or that is none of
    its own; then the call does nothing. And at its end each object that was not released: it is not destroyed, and its memory
    goes.

    Threads: each slot one at a time; everything else any. Making and ending the pool: nobody else uses it; all slots have
    ended, and so have the pointers.
*/
template <typename T, typename Policy = StdPolicy, bool checks = checksFreelists>
class ObjectPool
{
    // The list checks nothing: the pool must know that a release is right before it destroys the object.
    using List = MagazineFreelist<Policy, false>;
    using Element = typename List::Element;

    // The object comes first, so that its address is the record's.
    struct Record
    {
        alignas (T) std::byte object[sizeof (T)];
        Element element;
    };

public:
    /** What acquiring and releasing go through: a thread's small stock of places. See MagazineFreelist::Slot. */
    class Slot
    {
    public:
        /** Any thread, real-time ones too. Lock-free. */
        explicit Slot (ObjectPool& pool) noexcept : slot (pool.list) {}

    private:
        friend ObjectPool;
        typename List::Slot slot;
    };

    /** Releases what a Pointer owns. */
    class Releaser
    {
    public:
        Releaser() noexcept = default;
        void operator() (T* object) const noexcept { pool->releaseShared (*object); }

    private:
        friend ObjectPool;
        explicit Releaser (ObjectPool& objectsPool) noexcept : pool (&objectsPool) {}
        ObjectPool* pool = nullptr;
    };

    /** Owns an object of the pool. Dropping it releases the object, on any thread, lock-free; with a slot at hand,
        release (slot, *pointer.release()) costs less.
    */
    using Pointer = std::unique_ptr<T, Releaser>;

    /** Allocates. Throws std::bad_alloc, or std::length_error for more objects than a list can have. */
    explicit ObjectPool (std::uint32_t numObjects)
        : records (std::make_unique<Record[]> (checked (numObjects))), state (std::make_unique<typename List::State>()),
          list (*state, numObjects == 0 ? nullptr : &records[0].element, sizeof (Record), numObjects)
    {
        for (std::uint32_t i = 0; i < numObjects; ++i)
            records[i].element.markFree();

        list.fill();
    }

    ~ObjectPool()
    {
        if constexpr (checks)
            for (std::uint32_t i = 0; i < getCapacity(); ++i)
                if (! records[i].element.isMarkedFree())
                    FreelistFault::report ({ FreelistFault::Kind::leaked, records[i].object });
    }

    ObjectPool (const ObjectPool&) = delete;
    ObjectPool& operator= (const ObjectPool&) = delete;

    /** How many free places other threads can have for themselves when acquire() finds none. */
    static constexpr std::uint32_t getMostElsewhere (std::uint32_t numThreads) noexcept
    {
        return List::getMostElsewhere (numThreads);
    }

    /** Makes a T from the arguments; null if there is no room. What its constructor throws goes on, and the place is free again.
        The slot's thread. Wait-free while the slot has places, else lock-free; and what the constructor is.
    */
    template <typename... Args>
    T* acquire (Slot& slot, Args&&... args)
    {
        return construct (
            list.take (slot.slot), [&] (Element& element) { list.put (slot.slot, element); }, std::forward<Args> (args)...);
    }

    /** As the other one, without a slot: through the list that all threads share.
        Any thread. Lock-free.
    */
    template <typename... Args>
    T* acquireShared (Args&&... args)
    {
        return construct (
            list.takeShared(), [&] (Element& element) { list.putShared (element); }, std::forward<Args> (args)...);
    }

    /** Destroys the object; its place is free.
        The slot's thread, whichever acquired the object. Wait-free while the slot has room, else lock-free; and what the destructor
        is.
    */
    void release (Slot& slot, T& object) noexcept
    {
        if (auto* const element = destroy (object))
            list.put (slot.slot, *element);
    }

    /** As the other one, without a slot: through the list that all threads share.
        Any thread. Lock-free.
    */
    void releaseShared (T& object) noexcept
    {
        if (auto* const element = destroy (object))
            list.putShared (*element);
    }

    /** As acquire(), with an owner. */
    template <typename... Args>
    Pointer make (Slot& slot, Args&&... args)
    {
        return Pointer (acquire (slot, std::forward<Args> (args)...), Releaser (*this));
    }

    std::uint32_t getCapacity() const noexcept { return list.getShared().getCapacity(); }

    /** How many objects there is room for: exact while nobody uses the pool, else a rough number. */
    std::uint32_t getNumFree() const noexcept { return list.count(); }

private:
    static std::uint32_t checked (std::uint32_t numObjects)
    {
        if (numObjects > List::List::mostElements)
            throw std::length_error ("an ObjectPool of too many objects");

        return numObjects;
    }

    template <typename GiveBack, typename... Args>
    T* construct (Element* element, GiveBack&& giveBack, Args&&... args)
    {
        if (element == nullptr)
            return nullptr;

        auto* const storage = records[list.getShared().getIndex (*element)].object;

        struct Guard
        {
            ~Guard()
            {
                if (element != nullptr)
                    giveBack (*element);
            }

            Element* element;
            GiveBack& giveBack;
        } guard{ element, giveBack };

        auto* const object = ::new (static_cast<void*> (storage)) T (std::forward<Args> (args)...);
        guard.element = nullptr;

        if constexpr (checks)
            element->markUsed();

        return object;
    }

    // The place of the object that was; null if it is none that can be released.
    Element* destroy (T& object) noexcept
    {
        const auto offset = reinterpret_cast<std::uintptr_t> (&object) - reinterpret_cast<std::uintptr_t> (records.get());
        const auto index = offset / sizeof (Record);

        if constexpr (checks)
        {
            const auto isForeign = index >= getCapacity() || offset % sizeof (Record) != 0;

            if (isForeign || ! records[index].element.markFree())
            {
                FreelistFault::report (
                    { isForeign ? FreelistFault::Kind::foreign : FreelistFault::Kind::doubleFree, &object });
                return nullptr;
            }
        }

        std::destroy_at (&object);
        return &records[index].element;
    }

    std::unique_ptr<Record[]> records;
    std::unique_ptr<typename List::State> state;
    List list;
};

} // namespace rt
