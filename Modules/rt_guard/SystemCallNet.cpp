#include "FutexWake.h"
#include "Mode.h"
#include "SystemCallNet.h"
#include "detail/Interception.h"
#include "detail/Sanitizers.h"
#include "detail/SystemCallDispatch.h"

#include <atomic>

namespace rt::guard::detail
{

constinit std::atomic<bool> isSystemCallNetWanted{ false };

} // namespace rt::guard::detail

#if defined(__linux__) && defined(__x86_64__) && ! RT_GUARD_SANITIZED

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <mutex>

// The one stretch of code whose system calls the kernel lets pass while the net is out: the way back from the handler, and the
// futex wake that real-time threads are allowed. The unwinder knows the way back by its bytes, and looks the address before it up,
// which therefore must not belong to another function.
asm (R"(
    .pushsection .text.rt_guard_exempt, "ax", @progbits
    .balign 16
    nop
rt_guard_exempt_begin:
    .hidden rt_guard_exempt_begin
    .globl rt_guard_exempt_begin
rt_guard_return_from_signal:
    .hidden rt_guard_return_from_signal
    .globl rt_guard_return_from_signal
    movq $15, %rax
    syscall
    ud2
    .type rt_guard_futex, @function
rt_guard_futex:
    .hidden rt_guard_futex
    .globl rt_guard_futex
    .cfi_startproc
    movl $202, %eax
    syscall
    ret
    .cfi_endproc
    nop
rt_guard_exempt_end:
    .hidden rt_guard_exempt_end
    .globl rt_guard_exempt_end
    .popsection
)");

extern "C"
{
    extern const char rt_guard_exempt_begin[], rt_guard_exempt_end[];
    void rt_guard_return_from_signal();
    long rt_guard_futex (const void* word, long operation, long value);
}

namespace rt::guard
{

namespace detail
{

namespace
{

// Of <linux/prctl.h>, which older headers lack, and of the kernel's own sigaction.
constexpr int prSetDispatch = 59, dispatchOff = 0, dispatchOn = 1;
constexpr int causeIsDispatch = 2; // SYS_USER_DISPATCH
constexpr unsigned long hasRestorer = 0x04000000;

struct KernelSigaction
{
    void (*handler) (int, siginfo_t*, void*);
    unsigned long flags;
    void (*restorer)();
    std::uint64_t mask;
};

constexpr std::uint64_t maskOf (int signal) { return std::uint64_t{ 1 } << (signal - 1); }

constinit KernelSigaction formerAction{};          ///< for a SIGSYS that is not ours
constinit std::atomic<bool> hasCaughtOne{ false }; ///< of the trial below

/** As the kernel has it: a result below 0 is an error's number. */
long call (long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) noexcept
{
    long result = number;
    register long r10 asm ("r10") = d;
    register long r8 asm ("r8") = e;
    register long r9 asm ("r9") = f;
    asm volatile ("syscall" : "+a"(result) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    return result;
}

long addressOf (const void* object) noexcept { return static_cast<long> (reinterpret_cast<std::uintptr_t> (object)); }

const char* getName (long number) noexcept
{
    switch (number)
    {
#define RT_GUARD_SYSTEM_CALL(number, name) \
    case number: return name;
#include "SystemCallNames.def"
#undef RT_GUARD_SYSTEM_CALL
        default: return "syscall of an unknown number";
    }
}

/** Calls that read a clock or the like: the C library asks the kernel only on machines where it cannot read them itself. */
bool isHarmless (long number) noexcept
{
    return number == SYS_clock_gettime || number == SYS_gettimeofday || number == SYS_time || number == SYS_getcpu
           || number == SYS_clock_getres;
}

/** What the handler cannot make in the caller's place: a new thread would run on the handler's stack, and the way back from the
    handler would undo what these change. */
bool mustBeMadeByCaller (long number) noexcept
{
    switch (number)
    {
        case SYS_clone:
        case SYS_clone3:
        case SYS_fork:
        case SYS_vfork:
        case SYS_rt_sigreturn:
        case SYS_sigaltstack:
        case SYS_arch_prctl:
        case SYS_prctl:
        case SYS_execve:
        case SYS_execveat: return true;
        default: return false;
    }
}

/** rt_sigprocmask: the mask that counts is the one that the handler's return restores. SIGSYS stays deliverable: the kernel would
    end the process at the next system call. */
long changeMask (ucontext_t& context, long how, const std::uint64_t* change, std::uint64_t* former, long size) noexcept
{
    if (size != sizeof (std::uint64_t))
        return -EINVAL;

    std::uint64_t mask = 0;
    std::memcpy (&mask, &context.uc_sigmask, sizeof (mask));
    const auto before = mask;

    if (change != nullptr)
    {
        const auto changed = *change & ~maskOf (SIGSYS);

        if (how == SIG_BLOCK)
            mask |= changed;
        else if (how == SIG_UNBLOCK)
            mask &= ~changed;
        else if (how == SIG_SETMASK)
            mask = changed;
        else
            return -EINVAL;

        std::memcpy (&context.uc_sigmask, &mask, sizeof (mask));
    }

    if (former != nullptr)
        *former = before;

    return 0;
}

/** Any SIGSYS that the net has not caused, such as a seccomp filter's. */
void passOn (int signal, siginfo_t* info, void* context) noexcept
{
    const auto handler = reinterpret_cast<std::uintptr_t> (formerAction.handler);

    if (handler == reinterpret_cast<std::uintptr_t> (SIG_IGN))
        return;

    if (handler != reinterpret_cast<std::uintptr_t> (SIG_DFL))
    {
        formerAction.handler (signal, info, context);
        return;
    }

    KernelSigaction byDefault{};
    call (SYS_rt_sigaction, SIGSYS, addressOf (&byDefault), 0, sizeof (byDefault.mask));
    call (SYS_tgkill, call (SYS_getpid), call (SYS_gettid), SIGSYS); // delivered when the handler returns
}

/** The thread has made a system call under the net. Its selector is shut: nothing here may call the kernel before it is open. */
void handleSignal (int signal, siginfo_t* info, void* contextPointer) noexcept
{
    if (info->si_code != causeIsDispatch)
    {
        passOn (signal, info, contextPointer);
        return;
    }

    hasCaughtOne.store (true, std::memory_order_relaxed);
    auto& context = *static_cast<ucontext_t*> (contextPointer);
    auto& registers = context.uc_mcontext.gregs;
    const long number = info->si_syscall;

    if (number == SYS_rt_sigreturn)
    {
        // Another signal's handler returns. It must do so itself.
        threadState.hasEscaped = true;
        threadState.updateSelector();
        registers[REG_RIP] -= 2;
        return;
    }

    if (mustBeMadeByCaller (number))
    {
        recordEscape (getName (number), info->si_call_addr);
        registers[REG_RIP] -= 2; // to the instruction, once more
        return;
    }

    const auto make = [&]
    {
        return number == SYS_rt_sigprocmask
                   ? changeMask (context, registers[REG_RDI], reinterpret_cast<const std::uint64_t*> (registers[REG_RSI]),
                                 reinterpret_cast<std::uint64_t*> (registers[REG_RDX]), registers[REG_R10])
                   : call (number, registers[REG_RDI], registers[REG_RSI], registers[REG_RDX], registers[REG_R10],
                           registers[REG_R8], registers[REG_R9]);
    };

    if (isHarmless (number))
    {
        threadState.isInCall = true;
        threadState.updateSelector();
        registers[REG_RAX] = make();
        threadState.isInCall = false;
        threadState.updateSelector();
        return;
    }

    const Interception interception (getName (number), info->si_call_addr,
                                     number == SYS_munmap ? Interception::Kind::release : Interception::Kind::call);
    registers[REG_RAX] = make();
}

long dispatch (bool isOn) noexcept
{
    return isOn ? call (SYS_prctl, prSetDispatch, dispatchOn, addressOf (rt_guard_exempt_begin),
                        rt_guard_exempt_end - rt_guard_exempt_begin, addressOf (&threadState.selector))
                : call (SYS_prctl, prSetDispatch, dispatchOff);
}

/** The C library's sigaction() would have the handler return through its own code, which is not exempt. */
bool installHandler() noexcept
{
    const KernelSigaction ours{ handleSignal, SA_SIGINFO | hasRestorer, rt_guard_return_from_signal, 0 };
    return call (SYS_rt_sigaction, SIGSYS, addressOf (&ours), addressOf (&formerAction), sizeof (ours.mask)) == 0;
}

/** Whether it works is found out in a child: an emulator such as valgrind lets the kernel be asked, and is then killed by what it
    did not reckon with. */
bool worksInChild() noexcept
{
    const auto child = ::fork();

    if (child == 0)
    {
        setMode (Mode::off);
        threadState.isDispatched = dispatch (true) == 0;
        threadState.realtimeDepth = 1;
        threadState.updateSelector();
        call (SYS_getppid);
        threadState.realtimeDepth = 0;
        threadState.updateSelector();
        ::_exit (hasCaughtOne.load (std::memory_order_relaxed) ? 0 : 1);
    }

    int status = 0;
    return child > 0 && ::waitpid (child, &status, 0) == child && WIFEXITED (status) && WEXITSTATUS (status) == 0;
}

} // namespace

void attachOrDetach() noexcept
{
    auto& thread = threadState;
    const auto wanted = isSystemCallNetWanted.load (std::memory_order_relaxed);

    if (wanted)
    {
        const auto mask = maskOf (SIGSYS);
        call (SYS_rt_sigprocmask, SIG_UNBLOCK, addressOf (&mask), 0, sizeof (mask));
    }

    // Where the kernel let setEnabled() do it, it lets any thread.
    thread.isDispatched = dispatch (wanted) == 0 ? wanted : thread.isDispatched;
    thread.updateSelector();
}

} // namespace detail

std::string SystemCallNet::setEnabled (bool isEnabled)
{
    static constinit std::mutex mutex;
    static constinit bool isInstalled = false;
    const std::lock_guard lock (mutex);

    if (isEnabled && ! isInstalled)
    {
        if (const auto error = detail::dispatch (true); error != 0)
            return std::string ("the system has no Syscall User Dispatch (") + std::strerror (static_cast<int> (-error))
                   + "), which takes Linux 5.11";

        detail::dispatch (false);

        if (! detail::installHandler())
            return "the signal SIGSYS cannot be handled";

        if (! detail::worksInChild())
            return "system calls are not dispatched here, as under valgrind and other emulators";

        // The kernel lets a child begin without the net.
        ::pthread_atfork (nullptr, nullptr, [] { detail::threadState.isDispatched = false; });

        isInstalled = true;
    }

    detail::isSystemCallNetWanted.store (isEnabled, std::memory_order_relaxed);
    return {};
}

int wakeFutex (const std::atomic<std::uint32_t>& word, int count) noexcept
{
    constexpr long wakePrivate = 1 | 128;
    const auto result = rt_guard_futex (&word, wakePrivate, count);
    return result < 0 ? -1 : static_cast<int> (result);
}

} // namespace rt::guard

#else

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace rt::guard
{

void detail::attachOrDetach() noexcept {}

std::string SystemCallNet::setEnabled (bool isEnabled)
{
#if RT_GUARD_SANITIZED
    const std::string reason = "a sanitizer's own system calls would be told as violations";
#else
    const std::string reason = "it is made for Linux on x86-64 only";
#endif
    return isEnabled ? reason : std::string();
}

int wakeFutex (const std::atomic<std::uint32_t>& word, int count) noexcept
{
    const auto keptErrno = errno;
    const auto result = ::syscall (SYS_futex, &word, FUTEX_WAKE_PRIVATE, count);
    errno = keptErrno;
    return static_cast<int> (result);
}

} // namespace rt::guard

#endif

namespace rt::guard
{

bool SystemCallNet::isEnabled() noexcept { return detail::isSystemCallNetWanted.load (std::memory_order_relaxed); }

} // namespace rt::guard
