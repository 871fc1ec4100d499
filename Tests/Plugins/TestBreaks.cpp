// A plugin for each kind of call that has no place on an audio thread. Each passes sound through and makes its call once in every
// block while its parameter "Trigger" is above 0.5, in a function whose name says what it does, for stacks to show.
//
// The module is built in three linkages: what a host sees of these calls must not depend on how a plugin was linked.

#include "TestPlugin.h"

#include <pluginterfaces/vst/ivsthostapplication.h>
#include <pluginterfaces/vst/ivstmessage.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace
{

using namespace std::chrono_literals;

/** The optimiser must believe that somebody uses this. */
template <typename Value>
void use (const Value& value)
{
    asm volatile ("" : : "r"(&value) : "memory");
}

/** A plugin whose fault needs nothing but a function. */
template <void (*commit)()>
class Breaks final : public test::Triggered
{
    void fire() noexcept override { commit(); }
};

//======================================================================================================================
/** Memory that is got on one thread and given back on another: a hundred blocks, after which nothing happens any more. */
class Blocks final
{
public:
    ~Blocks()
    {
        for (auto* block : blocks)
            std::free (block);
    }

    void*& next() noexcept { return blocks[used == blocks.size() ? used - 1 : used++]; }
    bool isSpent() const noexcept { return used == blocks.size(); }
    void fill() noexcept
    {
        for (auto*& block : blocks)
            if (block == nullptr)
                block = std::malloc (64);
    }

private:
    std::array<void*, 100> blocks{};
    std::size_t used = 0;
};

class Allocate final : public test::Triggered
{
    [[gnu::noinline]] void allocateMemory() noexcept { blocks.next() = std::malloc (64); }

    void fire() noexcept override
    {
        if (! blocks.isSpent())
            allocateMemory();
    }

    Blocks blocks;
};

class Free final : public test::Triggered
{
    void prepare (const vst3::Setup&) override { blocks.fill(); }

    [[gnu::noinline]] void freeMemory() noexcept { std::free (std::exchange (blocks.next(), nullptr)); }

    void fire() noexcept override
    {
        if (! blocks.isSpent())
            freeMemory();
    }

    Blocks blocks;
};

class Reallocate final : public test::Triggered
{
public:
    ~Reallocate() override { std::free (block); }

private:
    [[gnu::noinline]] void reallocateMemory() noexcept
    {
        size = size == 64 ? 4096 : 64;

        if (auto* moved = std::realloc (block, size))
            block = moved;
    }

    void fire() noexcept override { reallocateMemory(); }

    std::size_t size = 64;
    void* block = std::malloc (64);
};

//======================================================================================================================
class Lock final : public test::Triggered
{
    [[gnu::noinline]] void lockFreeMutex() noexcept { const std::lock_guard lock (mutex); }

    void fire() noexcept override { lockFreeMutex(); }

    std::mutex mutex;
};

/** Locks what a thread of its own holds: that thread lets go a millisecond after it has seen that somebody waits. Four times,
    since it takes long. */
class LockContended final : public test::Triggered
{
public:
    ~LockContended() override
    {
        isEnding = true;
        holder.join();
    }

private:
    enum class Turn
    {
        plugin,
        holder,
        held
    };

    [[gnu::noinline]] void lockHeldMutex() noexcept { const std::lock_guard lock (mutex); }

    void fire() noexcept override
    {
        if (numLocks == 4)
            return;

        ++numLocks;
        turn = Turn::holder;

        while (turn != Turn::held)
            __builtin_ia32_pause();

        lockHeldMutex();

        while (turn != Turn::plugin)
            __builtin_ia32_pause();
    }

    /** glibc's word for it: 0 free, 1 locked, 2 locked and waited for. */
    bool isWaitedFor() noexcept { return __atomic_load_n (&mutex.native_handle()->__data.__lock, __ATOMIC_RELAXED) == 2; }

    void hold()
    {
        while (! isEnding)
        {
            if (turn != Turn::holder)
            {
                std::this_thread::sleep_for (50us);
                continue;
            }

            {
                const std::lock_guard lock (mutex);
                turn = Turn::held;

                for (int i = 0; i < 10000 && ! isWaitedFor(); ++i)
                    std::this_thread::sleep_for (100us);

                std::this_thread::sleep_for (1ms);
            }

            turn = Turn::plugin;
        }
    }

    int numLocks = 0;
    std::mutex mutex;
    std::atomic<Turn> turn{ Turn::plugin };
    std::atomic<bool> isEnding{ false };
    std::thread holder{ [this] { hold(); } };
};

class WaitForCondition final : public test::Triggered
{
    [[gnu::noinline]] void waitForCondition() noexcept
    {
        std::unique_lock lock (mutex);
        condition.wait_for (lock, 10us);
    }

    void fire() noexcept override { waitForCondition(); }

    std::mutex mutex;
    std::condition_variable condition;
};

//======================================================================================================================
[[gnu::noinline]] void sleepShortly() { std::this_thread::sleep_for (1us); }

[[gnu::noinline]] void readFile()
{
    char byte = 0;
    const auto file = ::open ("/dev/zero", O_RDONLY | O_CLOEXEC);
    const auto numRead = ::read (file, &byte, 1);
    use (numRead);
    ::close (file);
}

[[gnu::noinline]] void useSocket()
{
    int ends[2]{};
    char byte = 0;

    if (::socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return;

    const auto numSent = ::send (ends[0], &byte, 1, 0);
    const auto numReceived = ::recv (ends[1], &byte, 1, 0);
    use (numSent);
    use (numReceived);
    ::close (ends[0]);
    ::close (ends[1]);
}

[[gnu::noinline]] void mapMemory()
{
    auto* memory = ::mmap (nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        return;

    *static_cast<volatile char*> (memory) = 1; // the page itself comes only now, by a page fault
    ::munmap (memory, 4096);
}

[[gnu::noinline]] void startThread()
{
    std::thread thread ([] {});
    thread.join();
}

[[gnu::noinline]] void loadLibrary()
{
    if (auto* library = ::dlopen ("libm.so.6", RTLD_NOW))
        ::dlclose (library);
}

[[gnu::noinline]] void printText()
{
    std::printf ("%s", ".");
    std::fflush (stdout);
}

[[gnu::noinline]] void openStream()
{
    if (auto* stream = std::fopen ("/dev/null", "r"))
        std::fclose (stream);
}

[[gnu::noinline]] void throwException()
{
    try
    {
        throw std::runtime_error ("a test");
    }
    catch (const std::runtime_error& error)
    {
        use (error);
    }
}

//======================================================================================================================
/** A module that is loaded while the program runs gets a thread's copy of this when that thread first touches it. */
thread_local std::array<volatile char, 256> memoryOfThread;

[[gnu::noinline]] void touchThreadLocal() { memoryOfThread[0] = 1; }

/** Not at once: the host may let a new plugin run a while before it counts. */
class TouchThreadLocal final : public test::Triggered
{
    void fire() noexcept override
    {
        if (++numBlocks == 20)
            touchThreadLocal();
    }

    int numBlocks = 0;
};

//======================================================================================================================
/** The instruction itself, past all of the C library's functions. It waits for a value that is not there, and so not at all. */
[[gnu::noinline]] void callFutex()
{
    const int word = 1;
    long result = SYS_futex;
    register long timeout asm ("r10") = 0;
    asm volatile ("syscall"
                  : "+a"(result)
                  : "D"(&word), "S"(128L /* FUTEX_WAIT_PRIVATE */), "d"(0L), "r"(timeout)
                  : "rcx", "r11", "memory");
    use (result);
}

/** glibc opens and reads a file for that, by functions of its own that nobody can take the place of. */
[[gnu::noinline]] void countProcessors()
{
    const auto number = ::sysconf (_SC_NPROCESSORS_ONLN);
    use (number);
}

//======================================================================================================================
/** Asks the host for an object: it is the host that allocates then. */
class AskHost final : public test::Triggered
{
    void setHost (Steinberg::FUnknown* context) override
    {
        if (context != nullptr)
            context->queryInterface (Steinberg::Vst::IHostApplication_iid, reinterpret_cast<void**> (&host));
    }

    [[gnu::noinline]] void askHostForMessage() noexcept
    {
        Steinberg::Vst::IMessage* message = nullptr;
        Steinberg::TUID id;
        std::copy (std::begin (Steinberg::Vst::IMessage_iid), std::end (Steinberg::Vst::IMessage_iid), id);

        if (host->createInstance (id, id, reinterpret_cast<void**> (&message)) == Steinberg::kResultOk)
            message->release();
    }

    void fire() noexcept override
    {
        if (host != nullptr)
            askHostForMessage();
    }

    Steinberg::Vst::IHostApplication* host = nullptr;

public:
    ~AskHost() override
    {
        if (host != nullptr)
            host->release();
    }
};

template <typename Plugin>
vst3::PluginClass makeClass (std::uint32_t number, const char* name)
{
    return test::makeEffect<Plugin> (TEST_NUMBER + number, name, test::Triggered::makeParameters (0.0));
}

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    return { makeClass<Allocate> (0, "Allocate"),
             makeClass<Free> (1, "Free"),
             makeClass<Reallocate> (2, "Reallocate"),
             makeClass<Lock> (3, "Lock"),
             makeClass<LockContended> (4, "LockContended"),
             makeClass<WaitForCondition> (5, "WaitForCondition"),
             makeClass<Breaks<sleepShortly>> (6, "Sleep"),
             makeClass<Breaks<readFile>> (7, "File"),
             makeClass<Breaks<useSocket>> (8, "Socket"),
             makeClass<Breaks<mapMemory>> (9, "Map"),
             makeClass<Breaks<startThread>> (10, "Thread"),
             makeClass<Breaks<loadLibrary>> (11, "Load"),
             makeClass<Breaks<printText>> (12, "Print"),
             makeClass<Breaks<openStream>> (13, "Stream"),
             makeClass<Breaks<throwException>> (14, "Throw"),
             makeClass<TouchThreadLocal> (15, "TouchThreadLocal"),
             makeClass<Breaks<callFutex>> (16, "Futex"),
             makeClass<Breaks<countProcessors>> (17, "CountProcessors"),
             makeClass<AskHost> (18, "AskHost") };
}
