#include "SignalStack.h"

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
        stack_t none{};
        none.ss_flags = SS_DISABLE;
        ::sigaltstack (&none, nullptr);
    }

    SignalStack (const SignalStack&) = delete;
    SignalStack& operator= (const SignalStack&) = delete;

private:
    // Of a processor with very wide registers the kernel puts more than 10 KiB there.
    static constexpr std::size_t numBytes = 65536;
    const std::unique_ptr<std::byte[]> memory = std::make_unique<std::byte[]> (numBytes);
};
} // namespace

void giveThisThreadSignalStack()
{
    thread_local const SignalStack stack;
    (void) stack;
}

} // namespace host
