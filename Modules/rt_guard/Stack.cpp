#include "detail/Stack.h"

#include <unwind.h>

namespace rt::guard::detail
{

namespace
{

struct Walk
{
    Stack& stack;
    const std::uintptr_t returnAddress, outermostFrame;
    bool hasBegun = false, isOnOwnStack = false;
};

_Unwind_Reason_Code visitFrame (_Unwind_Context* context, void* userData)
{
    auto& [stack, returnAddress, outermostFrame, hasBegun, isOnOwnStack] = *static_cast<Walk*> (userData);

    int isBeforeInstruction = 0;
    const auto address = static_cast<std::uintptr_t> (_Unwind_GetIPInfo (context, &isBeforeInstruction));

    // The frames of the guard itself come first.
    hasBegun = hasBegun || address == returnAddress;

    if (! hasBegun)
        return _URC_NO_REASON;

    // This is the stack pointer within the visited frame. The frame that opened the scope has its own address above that,
    // and is the last; its callers say nothing about the call and would split sites. The walk may begin on another stack, wherever that
    // lies, and come to the thread's own by way of a signal.
    const auto stackPointer = static_cast<std::uintptr_t> (_Unwind_GetCFA (context));
    isOnOwnStack = isOnOwnStack || outermostFrame - stackPointer <= Stack::mostDistance;

    if (isOnOwnStack && stackPointer > outermostFrame)
        return _URC_END_OF_STACK;

    // A return address may already belong to the next line or function; the call is just before.
    stack.frames[stack.size] = isBeforeInstruction != 0 ? address : address - 1;
    stack.slots[stack.size] = static_cast<std::uint32_t> (outermostFrame - stackPointer + sizeof (void*));
    return ++stack.size < maxFrames ? _URC_NO_REASON : _URC_END_OF_STACK;
}

} // namespace

void Stack::walk (const void* returnAddress, const void* outermostFrame) noexcept
{
    size = 0;
    Walk walk{ *this, reinterpret_cast<std::uintptr_t> (returnAddress), reinterpret_cast<std::uintptr_t> (outermostFrame) };
    _Unwind_Backtrace (visitFrame, &walk);

    // A stack that cannot be unwound still knows its caller.
    if (size == 0)
        frames[size++] = walk.returnAddress - 1;
}

// The slots lie in frames that other functions own; a sanitizer must not take the reads for mistakes.
__attribute__ ((no_sanitize_address, no_sanitize_thread)) bool Stack::matches (const void* returnAddress,
                                                                               const void* outermostFrame) const noexcept
{
    const auto innermost = reinterpret_cast<std::uintptr_t> (returnAddress);

    if (frames[0] != innermost - 1 && frames[0] != innermost)
        return false;

    const auto* outermost = static_cast<const char*> (outermostFrame);

    for (std::size_t i = 1; i < size; ++i)
        if (*reinterpret_cast<const volatile std::uintptr_t*> (outermost - slots[i]) - 1 != frames[i])
            return false;

    return true;
}

} // namespace rt::guard::detail
