// Every interleaving that relacy can think of: three threads at a Freelist and a MagazineFreelist. What a thread has popped it
// writes to, so that two owners at once, or one that does not see what the last one did, are a race. No thread has more than its
// share of the elements, so that there is always one for it: a pop that says "empty" lies.

#include <rt_queues/MagazineFreelist.h>

#include "RelacyPolicy.h"

#include <memory>

namespace
{

using test::RelacyPolicy;

struct Item : rt::FreelistElement<RelacyPolicy>
{
    RelacyPolicy::Cell<int> value;
};

using List = rt::Freelist<RelacyPolicy, true>;
constexpr rt::Backoff<RelacyPolicy>::Limits onePause{ 1, 1, 1 };

Item& use (List::Element* element)
{
    RL_ASSERT (element != nullptr);
    auto& item = static_cast<Item&> (*element);
    item.value.set (item.value.get() + 1);
    return item;
}

/** A list with so many elements inside. */
template <unsigned numItems, unsigned numSlots>
struct Fixture
{
    Fixture() { list.fill(); }

    void checkWhole() const
    {
        RL_ASSERT (! list.validate());
        RL_ASSERT (list.count() == numItems);
    }

    std::unique_ptr<Item[]> items = std::make_unique<Item[]> (numItems);
    List::State state{ numSlots };
    List list{ state, items.get(), sizeof (Item), numItems };
};

/** Pop A, pop B, give A back, while others are in the middle of popping A. */
template <unsigned numSlots>
struct Aba : rl::test_suite<Aba<numSlots>, 3>
{
    using Shared = Fixture<4, numSlots>;
    std::unique_ptr<Shared> shared;

    void before() { shared = std::make_unique<Shared>(); }

    void thread (unsigned index)
    {
        List::Token token (onePause, index + 1);
        auto& list = shared->list;

        if (index == 0)
        {
            auto& a = use (list.pop (token));
            auto& b = use (list.pop (token));
            list.push (a, token);
            use (&b);
            list.push (b, token);
        }
        else
        {
            for (int i = 0; i < 2; ++i)
                list.push (use (list.pop (token)), token);
        }
    }

    void after()
    {
        shared->checkWhole();
        shared.reset();
    }
};

/** As many elements as threads have in their hands at most: the list itself is often empty, and what there is is parked. */
struct TruthfulEmpty : rl::test_suite<TruthfulEmpty, 3>
{
    using Shared = Fixture<4, 2>;
    std::unique_ptr<Shared> shared;

    void before() { shared = std::make_unique<Shared>(); }

    void thread (unsigned index)
    {
        List::Token token (onePause, index + 1);
        auto& list = shared->list;

        if (index == 0)
        {
            // Always gives one before it takes the next.
            auto* mine = &use (list.pop (token));

            for (int i = 0; i < 3; ++i)
            {
                auto* const other = &use (list.pop (token));
                list.push (*mine, token);
                mine = other;
            }

            list.push (*mine, token);
        }
        else
        {
            for (int i = 0; i < 2; ++i)
                list.push (use (list.pop (token)), token);
        }
    }

    void after()
    {
        shared->checkWhole();
        shared.reset();
    }
};

/** Chains and single elements. */
template <unsigned numSlots>
struct Chains : rl::test_suite<Chains<numSlots>, 3>
{
    using Shared = Fixture<4, numSlots>;
    std::unique_ptr<Shared> shared;

    void before() { shared = std::make_unique<Shared>(); }

    void thread (unsigned index)
    {
        List::Token token (onePause, index + 1);
        auto& list = shared->list;

        for (int i = 0; i < 2; ++i)
        {
            if (index == 2)
            {
                if (auto* const element = list.pop (token))
                    list.push (use (element), token);

                continue;
            }

            const auto chain = index == 0 ? list.popChain (2, token) : list.popAll (token);
            List::Chain given;

            for (auto* element = chain.first; element != nullptr;)
            {
                auto& item = use (element);
                element = list.getNext (item);
                list.append (given, item);
            }

            RL_ASSERT (chain.count == given.count);
            list.pushChain (given, token);
        }
    }

    void after()
    {
        shared->checkWhole();
        shared.reset();
    }
};

/** Magazines of one element each, so that every other operation refills or overflows; slots come and go. */
struct Magazines : rl::test_suite<Magazines, 3>
{
    using MagazineList = rt::MagazineFreelist<RelacyPolicy, true, 1>;
    static constexpr unsigned numItems = 9; // three in the hands of each thread

    struct Shared
    {
        Shared() { list.fill(); }

        std::unique_ptr<Item[]> items = std::make_unique<Item[]> (numItems);
        MagazineList::State state;
        MagazineList list{ state, items.get(), sizeof (Item), numItems };
    };

    std::unique_ptr<Shared> shared;

    void before() { shared = std::make_unique<Shared>(); }

    void thread (unsigned index)
    {
        auto& list = shared->list;

        for (int round = 0; round < 2; ++round)
        {
            MagazineList::Slot slot (list);
            Item* mine[3];

            for (auto*& item : mine)
                item = &use (list.take (slot));

            for (auto* item : mine)
                list.put (slot, use (item));

            if (index == 0)
                list.put (slot, use (list.take (slot)));
        }
    }

    void after()
    {
        RL_ASSERT (! shared->list.validate());
        RL_ASSERT (shared->list.count() == numItems);
        RL_ASSERT (shared->list.getShared().count() == numItems); // all slots have ended
        shared.reset();
    }
};

} // namespace

int main (int numArguments, char** arguments)
{
    const auto numExecutions = test::getNumExecutions (numArguments, arguments);
    test::check<Aba<0>> ("Freelist, ABA", numExecutions);
    test::check<Aba<1>> ("Freelist, ABA, with an elimination array", numExecutions);
    test::check<TruthfulEmpty> ("Freelist, truthful empty", numExecutions);
    test::check<Chains<0>> ("Freelist, chains", numExecutions);
    test::check<Chains<2>> ("Freelist, chains, with an elimination array", numExecutions);
    test::check<Magazines> ("MagazineFreelist", numExecutions);
}
