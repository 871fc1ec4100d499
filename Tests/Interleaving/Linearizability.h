#pragma once

#include "Interleaving.h"

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace test
{

/** One operation in a history: what was called and what it gave back, and when, in ticks. */
template <typename Call>
struct Event
{
    Call call; ///< what was asked and what was answered; the specification judges both together
    std::uint64_t began;
    std::uint64_t ended;
};

/** What concurrent threads (fibers) did to one object. */
template <typename Call>
class History
{
public:
    /** Runs the operation, which returns a Call, and notes when. */
    template <typename Operation>
    void record (Operation&& operation)
    {
        const auto began = Interleaving::tick();
        auto call = operation();
        events.push_back ({ std::move (call), began, Interleaving::tick() });
    }

    /** The same for an operation that may turn out to have done nothing, and then returns an empty optional. */
    template <typename Operation>
    void recordIf (Operation&& operation)
    {
        const auto began = Interleaving::tick();

        if (auto call = operation())
            events.push_back ({ *std::move (call), began, Interleaving::tick() });
    }

    /** Adds what somebody else has noted, for one call that takes effect more than once. */
    void add (Event<Call> event) { events.push_back (std::move (event)); }

    const std::vector<Event<Call>>& getEvents() const noexcept { return events; }

private:
    std::vector<Event<Call>> events;
};

/** Whether the operations could have happened one after the other, each somewhere between its beginning and its end, so that
    every answer is what the specification says.

    A Specification is a copyable, ordered (operator<) state with `bool apply (const Call&)`: makes the call, and says whether
    the answer is right. At most 64 events.

    Algorithm: Wing and Gong's search (1993) with Lowe's memory of what was tried (2017).
*/
template <typename Specification, typename Call>
bool isLinearizable (const History<Call>& history, Specification initial = {})
{
    const auto& events = history.getEvents();
    const auto numEvents = events.size();

    struct Search
    {
        const std::vector<Event<Call>>& all;
        std::set<std::pair<std::uint64_t, Specification>> tried;

        bool from (std::uint64_t done, const Specification& state)
        {
            if (done + 1 == (all.size() < 64 ? std::uint64_t{ 1 } << all.size() : 0))
                return true;

            if (! tried.emplace (done, state).second)
                return false;

            // Next can be whatever began before the first end of what is left.
            auto firstEnd = ~std::uint64_t{ 0 };

            for (std::size_t i = 0; i < all.size(); ++i)
                if ((done >> i & 1) == 0 && all[i].ended < firstEnd)
                    firstEnd = all[i].ended;

            for (std::size_t i = 0; i < all.size(); ++i)
            {
                if ((done >> i & 1) != 0 || all[i].began > firstEnd)
                    continue;

                auto after = state;

                if (after.apply (all[i].call) && from (done | std::uint64_t{ 1 } << i, after))
                    return true;
            }

            return false;
        }
    };

    return numEvents == 0 || Search{ events, {} }.from (0, initial);
}

} // namespace test
