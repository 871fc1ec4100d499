// Every interleaving that relacy can think of: values and nodes that go from thread to thread through NodeQueues.

#include <rt_queues/NodeQueueHalves.h>
#include <rt_queues/NodeStore.h>

#include "RelacyPolicy.h"

#include <memory>
#include <optional>

namespace
{

using test::RelacyPolicy;

using Queue = rt::NodeQueue<int, RelacyPolicy>;
using Store = rt::NodeStore<int, RelacyPolicy>;
using Chain = rt::NodeChain<int, RelacyPolicy>;
using Node = rt::NodePtr<int, RelacyPolicy>;

/** A sender takes nodes from a store and pushes, a relay pushes what it pops, a receiver pops and gives the nodes back. Each node
    is used twice, singly and in chains.
*/
struct Round : rl::test_suite<Round, 3>
{
    static constexpr int numValues = 5;

    std::unique_ptr<Store> store;
    std::unique_ptr<Queue> first, second;

    void before()
    {
        store = std::make_unique<Store> (3);
        first = std::make_unique<Queue>();
        second = std::make_unique<Queue>();
    }

    void thread (unsigned index)
    {
        if (index == 0)
            send();
        else if (index == 1)
            relay();
        else
            receive();
    }

    void send()
    {
        for (int value = 1; value <= numValues;)
        {
            auto nodes = store->takeAll (value < numValues ? 2 : 1);

            if (nodes.getSize() == 1)
            {
                first->emplace (nodes.pop(), value++);
                continue;
            }

            if (nodes.isEmpty())
                RelacyPolicy::pause();

            Chain chain;

            while (auto node = nodes.pop())
            {
                *node = value++;
                chain.push (std::move (node));
            }

            first->pushAll (std::move (chain));
        }
    }

    void relay()
    {
        for (int numPassed = 0; numPassed < numValues;)
        {
            auto* const oldest = first->peek();

            if (oldest == nullptr)
            {
                RelacyPolicy::pause();
                continue;
            }

            RL_ASSERT (*oldest == numPassed + 1);
            auto node = first->pop();
            RL_ASSERT (node.get() == oldest && *node == numPassed + 1);
            second->push (std::move (node));
            ++numPassed;
        }
    }

    void receive()
    {
        for (int last = 0; last < numValues;)
        {
            auto nodes = second->popAll (3);

            if (nodes.isEmpty())
                RelacyPolicy::pause();

            Chain back;

            while (auto node = nodes.pop())
            {
                RL_ASSERT (*node == ++last);
                *node = -1;
                back.push (std::move (node));
            }

            store->giveAll (std::move (back));
        }

        RL_ASSERT (second->isEmpty());
    }

    void after()
    {
        RL_ASSERT (first->isEmpty());
        store.reset();
        first.reset();
        second.reset();
    }
};

/** Halves of a queue that the last one frees, on whichever thread that is; a third thread has the values. */
struct End : rl::test_suite<End, 3>
{
    /** Shares the queue and a count with the other half; what a collected pointer does, made simple. */
    class Keeper
    {
    public:
        Keeper() = default;

        explicit Keeper (Queue* queueToUse) : uses (new RelacyPolicy::Atomic<int> (1)), queue (queueToUse) {}

        Keeper (const Keeper& other) : uses (other.uses), queue (other.queue)
        {
            if (uses != nullptr)
                uses->fetch_add (1, std::memory_order_relaxed);
        }

        Keeper (Keeper&& other) noexcept
            : uses (std::exchange (other.uses, nullptr)), queue (std::exchange (other.queue, nullptr))
        {
        }

        Keeper& operator= (Keeper&& other) noexcept
        {
            std::swap (uses, other.uses);
            std::swap (queue, other.queue);
            return *this;
        }

        ~Keeper()
        {
            if (uses != nullptr && uses->fetch_sub (1, std::memory_order_acq_rel) == 1)
            {
                delete queue;
                delete uses;
            }
        }

        Queue& operator*() const { return *queue; }
        Queue* operator->() const { return queue; }
        explicit operator bool() const { return queue != nullptr; }

    private:
        RelacyPolicy::Atomic<int>* uses = nullptr;
        Queue* queue = nullptr;
    };

    std::optional<rt::NodeProducer<int, RelacyPolicy, Keeper>> producer;
    std::optional<rt::NodeConsumer<int, RelacyPolicy, Keeper>> consumer;
    std::unique_ptr<Queue> passedOn;

    void before()
    {
        auto halves = rt::splitNodeQueue (Keeper (new Queue));
        producer.emplace (std::move (halves.first));
        consumer.emplace (std::move (halves.second));
        passedOn = std::make_unique<Queue>();
    }

    void thread (unsigned index)
    {
        if (index == 0)
        {
            for (int i = 1; i <= 2 && ! producer->isPeerGone(); ++i)
                producer->push (Node::make (i));

            producer.reset();
        }
        else if (index == 1)
        {
            for (auto isOver = false; ! isOver;)
            {
                isOver = consumer->isPeerGone();
                auto numPopped = 0;

                while (auto node = consumer->pop())
                {
                    passedOn->push (std::move (node));
                    ++numPopped;
                }

                if (numPopped == 0)
                    RelacyPolicy::pause();
            }

            passedOn->push (Node::make (0));
            consumer.reset();
        }
        else
        {
            for (int next = 1; next >= 0;)
            {
                if (auto node = passedOn->pop())
                {
                    RL_ASSERT (*node == next); // 1 and 2 are never missing before the 0
                    next = next == 0 ? -1 : (next + 1) % 3;
                }
                else
                {
                    RelacyPolicy::pause();
                }
            }
        }
    }

    void after() { passedOn.reset(); }
};

} // namespace

int main (int numArguments, char** arguments)
{
    const auto numExecutions = test::getNumExecutions (numArguments, arguments);
    test::check<Round> ("NodeQueue, nodes that go round", numExecutions);
    test::check<End> ("NodeQueue, halves that end", numExecutions);
}
