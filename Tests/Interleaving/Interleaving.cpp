#include "Interleaving.h"

#include <ucontext.h>

#include <array>
#include <exception>
#include <memory>

namespace test
{

namespace
{
constexpr std::size_t stackBytes = 256 * 1024;
constexpr auto nobody = ~std::size_t{ 0 };

// Stacks are used again from run to run: mapping new ones would take most of the time.
std::vector<std::unique_ptr<std::byte[]>>& spareStacks()
{
    static std::vector<std::unique_ptr<std::byte[]>> spare;
    return spare;
}

struct Running
{
    Interleaving* interleaving = nullptr;
    std::size_t current = nobody;
    ucontext_t scheduler{};
};

Running running;
std::uint64_t ticks = 0;
} // namespace

struct Interleaving::Fiber
{
    ucontext_t context{};
    std::unique_ptr<std::byte[]> stack;
    std::uint64_t steps = 0;
    bool hasEnded = false;
    std::exception_ptr thrown;

    static void enter()
    {
        auto& self = *running.interleaving;
        auto& fiber = *self.fibers[running.current];

        try
        {
            self.functions[running.current]();
        }
        catch (...)
        {
            fiber.thrown = std::current_exception();
        }

        fiber.hasEnded = true;
        self.switchTo (self.choose (nobody));
    }
};

void Interleaving::add (std::function<void()> function) { functions.push_back (std::move (function)); }

void Interleaving::freeze (std::size_t fiber, std::uint64_t step)
{
    frozenFiber = fiber;
    frozenStep = step;
}

std::size_t Interleaving::choose (std::size_t current)
{
    std::array<std::size_t, 16> able{};
    std::size_t numAble = 0;

    for (std::size_t i = 0; i < fibers.size(); ++i)
        if (i != current && ! fibers[i]->hasEnded && ! (isFrozen && i == frozenFiber))
            able.at (numAble++) = i;

    if (numAble > 0)
        return able[random.below (numAble)];

    if (current != nobody)
        return current;

    // All but the frozen one have ended.
    if (isFrozen)
    {
        isFrozen = false;
        frozenFiber = nobody;

        for (std::size_t i = 0; i < fibers.size(); ++i)
            if (! fibers[i]->hasEnded)
                return i;
    }

    return nobody;
}

void Interleaving::switchTo (std::size_t next)
{
    auto* from = running.current == nobody ? &running.scheduler : &fibers[running.current]->context;
    auto* to = next == nobody ? &running.scheduler : &fibers[next]->context;

    if (from == to)
        return;

    running.current = next;
    swapcontext (from, to);
}

bool Interleaving::run()
{
    std::vector<std::unique_ptr<Fiber>> owners;
    auto& spare = spareStacks();

    // Now and then each fiber runs a long way alone, now and then they alternate at every step.
    switchChance = std::uint64_t{ 1 } << (1 + random.below (5));

    for (std::size_t i = 0; i < functions.size(); ++i)
    {
        auto fiber = std::make_unique<Fiber>();

        if (spare.empty())
        {
            fiber->stack = std::make_unique_for_overwrite<std::byte[]> (stackBytes);
        }
        else
        {
            fiber->stack = std::move (spare.back());
            spare.pop_back();
        }

        getcontext (&fiber->context);
        fiber->context.uc_stack.ss_sp = fiber->stack.get();
        fiber->context.uc_stack.ss_size = stackBytes;
        fiber->context.uc_link = nullptr;
        makecontext (&fiber->context, Fiber::enter, 0);
        fibers.push_back (fiber.get());
        owners.push_back (std::move (fiber));
    }

    if (frozenFiber < fibers.size() && frozenStep == 0)
        isFrozen = frozeAtLast = true;

    running.interleaving = this;
    switchTo (choose (nobody));
    running.interleaving = nullptr;
    running.current = nobody;

    std::exception_ptr thrown;

    for (auto& fiber : owners)
    {
        if (fiber->thrown && ! thrown)
            thrown = fiber->thrown;

        // A fiber that was left behind still has objects on its stack, which others may refer to.
        if (fiber->hasEnded)
            spare.push_back (std::move (fiber->stack));
        else
            static_cast<void> (fiber->stack.release());
    }

    fibers.clear();

    if (thrown)
        std::rethrow_exception (thrown);

    return ! hasGivenUp;
}

void Interleaving::step()
{
    auto* self = running.interleaving;

    if (self == nullptr)
        return;

    auto& fiber = *self->fibers[running.current];
    ++fiber.steps;

    if (++self->totalSteps > mostSteps)
    {
        self->hasGivenUp = true;
        self->switchTo (nobody);
    }

    if (running.current == self->frozenFiber && fiber.steps == self->frozenStep)
    {
        self->isFrozen = self->frozeAtLast = true;
        self->switchTo (self->choose (nobody));
    }
    else if (self->random.below (self->switchChance) == 0)
    {
        self->switchTo (self->choose (running.current));
    }
}

std::size_t Interleaving::getFiber() noexcept { return running.current; }

std::uint64_t Interleaving::getSteps() noexcept
{
    return running.interleaving != nullptr ? running.interleaving->fibers[running.current]->steps : 0;
}

std::uint64_t Interleaving::tick() noexcept { return ++ticks; }

} // namespace test
