#include "Rescue.h"
#include "detail/ProcessRescue.h"
#include "detail/Records.h"

#include <malloc.h>
#include <pthread.h>

#include <new>

// What glibc calls its own allocator, whoever interposes it.
extern "C"
{
    void* __libc_malloc (std::size_t) noexcept;
    void* __libc_calloc (std::size_t, std::size_t) noexcept;
    void* __libc_realloc (void*, std::size_t) noexcept;
    void* __libc_memalign (std::size_t, std::size_t) noexcept;
    void __libc_free (void*) noexcept;
}

namespace rt::guard
{

namespace detail
{

constinit std::atomic<std::uintptr_t> rescueBegin{ std::numeric_limits<std::uintptr_t>::max() / 2 };

namespace
{

/** The thread-specific value takes the magazines back when a thread ends. (A destructor of a thread_local would be registered with
    memory from malloc.) glibc keeps the first 32 values in the thread itself and allocates for the others. */
constexpr pthread_key_t numKeysInThread = 32;

struct ProcessRescue
{
    ProcessRescue()
        : heap ({ .allocate = __libc_malloc,
                  .allocateZeroed = [] (std::size_t size) { return __libc_calloc (1, size); },
                  .allocateAligned = __libc_memalign,
                  .reallocate = __libc_realloc,
                  .release = __libc_free,
                  .getUsableSize = ::malloc_usable_size })
    {
        pthread_key_t created = 0;
        hasKey = ::pthread_key_create (&created, endThread) == 0 && created < numKeysInThread;
        key = created;
    }

    static void endThread (void* thread) noexcept;

    RescueHeap heap;
    pthread_key_t key = 0;
    bool hasKey = false;
};

struct ProcessThread
{
    RescueArena::Thread* thread = nullptr;
    bool hasAsked = false; // once in its life
};

constinit std::atomic<ProcessRescue*> processRescue{ nullptr };
[[gnu::tls_model ("initial-exec")]] constinit thread_local ProcessThread processThread;

void ProcessRescue::endThread (void* thread) noexcept
{
    processThread.thread = nullptr;
    processRescue.load (std::memory_order_acquire)->heap.getArena().detach (*static_cast<RescueArena::Thread*> (thread));
}

} // namespace

void armRescue()
{
    if (listInterposedSymbols == nullptr)
        return;

    // Never destroyed: blocks may be released by whatever runs last in the process.
    static auto* const made = []
    {
        auto* const rescue = new ProcessRescue;
        rescueBegin.store (reinterpret_cast<std::uintptr_t> (rescue->heap.getArena().begin()), std::memory_order_relaxed);
        processRescue.store (rescue, std::memory_order_release);
        return rescue;
    }();

    static_cast<void> (made);
}

RescueHeap* getRescueHeap() noexcept
{
    auto* const rescue = processRescue.load (std::memory_order_acquire);
    return rescue != nullptr ? &rescue->heap : nullptr;
}

RescueArena::Thread* getRescueThread() noexcept
{
    if (processThread.hasAsked)
        return processThread.thread;

    processThread.hasAsked = true;
    auto& rescue = *processRescue.load (std::memory_order_acquire);

    // Magazines that could not be given back would be lost with their blocks; a thread does without, at the shared lists.
    if (! rescue.hasKey)
        return nullptr;

    auto* const thread = rescue.heap.getArena().attach();

    if (thread != nullptr)
    {
        ::pthread_setspecific (rescue.key, thread);
        processThread.thread = thread;
    }

    return thread;
}

} // namespace detail

RescueStatistics getRescueStatistics() noexcept
{
    const auto* const heap = detail::getRescueHeap();
    return heap != nullptr ? heap->getStatistics() : RescueStatistics{};
}

std::size_t freeRescued() noexcept
{
    auto* const heap = detail::getRescueHeap();
    return heap != nullptr ? heap->freeDeferred() : 0;
}

} // namespace rt::guard
