#include "SignalStack.h"

#include <rt_guard/Permit.h>

#include <csignal>
#include <cstddef>
#include <memory>

namespace host
{

namespace
{
class SignalStack
{
public:
    SignalStack()
    {
        stack_t stack{};
        stack.ss_sp = memory.get();
        stack.ss_size = numBytes;
        ::sigaltstack (&stack, nullptr);
    }

    ~SignalStack()
    {
        // A plugin that calls exit() ends its thread's objects from inside the guard's scope.
        const rt::guard::Permit permit;
        stack_t none{};
        none.ss_flags = SS_DISABLE;
        ::sigaltstack (&none, nullptr);
        memory.reset();
    }

    SignalStack (const SignalStack&) = delete;
    SignalStack& operator= (const SignalStack&) = delete;

private:
    // Of a processor with very wide registers the kernel puts more than 10 KiB there.
    static constexpr std::size_t numBytes = 65536;
    std::unique_ptr<std::byte[]> memory = std::make_unique<std::byte[]> (numBytes);
};
} // namespace

void giveThisThreadSignalStack()
{
    thread_local const SignalStack stack;
    (void) stack;
}

} // namespace host
