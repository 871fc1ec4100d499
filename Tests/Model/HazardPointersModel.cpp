// Interleavings, and all that the memory model allows, of two readers and a thread that replaces what they read, at a
// HazardPointers domain that scans at every retirement.

#include <rt_queues/HazardPointers.h>

#include "RelacyPolicy.h"

#include <memory>

namespace
{

using test::RelacyPolicy;

struct Object : rt::BasicRetirable<RelacyPolicy>
{
    RelacyPolicy::Cell<int> value;
    int numReclaimed = 0;
};

using Hazards = rt::HazardPointers<1, RelacyPolicy>;

/** What is reclaimed is overwritten at once: a reader that still looks at it is seen. */
Hazards::Object* overwrite (void*, unsigned, Hazards::Object* first) noexcept
{
    for (auto* object = first; object != nullptr; object = object->next.get())
    {
        static_cast<Object*> (object)->value.set (-1);
        ++static_cast<Object*> (object)->numReclaimed;
    }

    return nullptr;
}

struct TwoReaders : rl::test_suite<TwoReaders, 3>
{
    static constexpr int numObjects = 3;

    std::unique_ptr<Hazards> hazards;
    std::unique_ptr<Object[]> objects;
    std::unique_ptr<RelacyPolicy::Atomic<Object*>> current;

    void before()
    {
        hazards = std::make_unique<Hazards> (overwrite, nullptr, 0u);
        objects = std::make_unique<Object[]> (numObjects);

        for (int i = 0; i < numObjects; ++i)
            objects[i].value.set (i);

        current = std::make_unique<RelacyPolicy::Atomic<Object*>> (&objects[0]);
    }

    void thread (unsigned index)
    {
        const auto slot = hazards->attach();
        RL_ASSERT (static_cast<bool> (slot));

        if (index == 0)
        {
            for (int i = 1; i < numObjects; ++i)
                hazards->retire (slot.getNumber(), *current->exchange (&objects[i], std::memory_order_seq_cst));
        }
        else
        {
            for (int i = 0; i < 2; ++i)
            {
                auto* object = hazards->protect (slot.getNumber(), 0, *current);
                RL_ASSERT (object->value.get() >= 0);
            }

            hazards->clear (slot.getNumber(), 0);
        }
    }

    void after()
    {
        hazards.reset();

        for (int i = 0; i < numObjects; ++i)
            RL_ASSERT (objects[i].numReclaimed == (i < numObjects - 1 ? 1 : 0));

        objects.reset();
        current.reset();
    }
};

} // namespace

int main (int numArguments, char** arguments)
{
    test::check<TwoReaders> ("HazardPointers, two readers", test::getNumExecutions (numArguments, arguments));
}
