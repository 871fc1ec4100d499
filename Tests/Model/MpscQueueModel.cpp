// Every interleaving that relacy can think of: two producers and a consumer at an MpscQueue.

#include <rt_queues/MpscQueue.h>

#include "RelacyPolicy.h"

#include <memory>

namespace
{

using test::RelacyPolicy;

struct Item : rt::BasicMpscLink<RelacyPolicy>
{
    RelacyPolicy::Cell<int> value;
};

using Queue = rt::MpscQueue<Item, RelacyPolicy>;

/** Producer 0 pushes two objects, producer 1 a chain of two; the consumer gets all, whole and each producer's in order. */
struct TwoProducers : rl::test_suite<TwoProducers, 3>
{
    std::unique_ptr<Queue> queue;
    std::unique_ptr<Item[]> items;

    void before()
    {
        queue = std::make_unique<Queue>();
        items = std::make_unique<Item[]> (4);
    }

    void thread (unsigned index)
    {
        if (index == 0)
        {
            for (int i = 0; i < 2; ++i)
            {
                items[i].value.set (i);
                queue->push (items[i]);
            }
        }
        else if (index == 1)
        {
            for (int i = 2; i < 4; ++i)
                items[i].value.set (i);

            Queue::linkChain (items[2], items[3]);
            queue->pushChain (items[2], items[3]);
        }
        else
        {
            int last[] = { -1, 1 };

            for (int numFound = 0; numFound < 4;)
            {
                const auto popped = queue->pop();

                if (popped.object == nullptr)
                {
                    RelacyPolicy::pause();
                    continue;
                }

                const auto value = popped.object->value.get();
                RL_ASSERT (value == ++last[value / 2]);
                popped.object->value.set (-1); // whoever has it may change it
                ++numFound;
            }

            RL_ASSERT (queue->pop().status == Queue::Status::empty);
        }
    }

    void after()
    {
        queue.reset();
        items.reset();
    }
};

} // namespace

int main (int numArguments, char** arguments)
{
    test::check<TwoProducers> ("MpscQueue, two producers", test::getNumExecutions (numArguments, arguments));
}
