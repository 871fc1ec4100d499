#pragma once

#include <compare>
#include <deque>
#include <optional>
#include <set>

namespace test
{

/** A first-in-first-out queue. */
struct FifoSpecification
{
    struct Call
    {
        enum class Kind
        {
            push, ///< of `value`
            pop   ///< which gave `value`, or nothing
        } kind;

        std::optional<int> value;
    };

    bool apply (const Call& call)
    {
        if (call.kind == Call::Kind::push)
        {
            items.push_back (*call.value);
            return true;
        }

        if (items.empty() || ! call.value)
            return items.empty() && ! call.value;

        const auto isRight = items.front() == *call.value;
        items.pop_front();
        return isRight;
    }

    auto operator<=> (const FifoSpecification&) const = default;

    std::deque<int> items;
};

/** A bag that gives back anything that is in it, and says "empty" only when it is. */
struct PoolSpecification
{
    struct Call
    {
        enum class Kind
        {
            push, ///< of `value`, which is not inside
            pop   ///< which gave `value`, or nothing
        } kind;

        std::optional<int> value;
    };

    bool apply (const Call& call)
    {
        if (call.kind == Call::Kind::push)
            return items.insert (*call.value).second;

        return call.value ? items.erase (*call.value) == 1 : items.empty();
    }

    auto operator<=> (const PoolSpecification&) const = default;

    std::set<int> items;
};

/** A variable that is read, written, and compared and exchanged. */
struct RegisterSpecification
{
    struct Call
    {
        enum class Kind
        {
            get,            ///< gave `value`
            set,            ///< to `value`
            compareExchange ///< from `expected` to `value`, and whether that `succeeded`
        } kind;

        int value = 0;
        int expected = 0;
        bool succeeded = false;
    };

    bool apply (const Call& call)
    {
        switch (call.kind)
        {
            case Call::Kind::get: return current == call.value;
            case Call::Kind::set: current = call.value; return true;
            case Call::Kind::compareExchange: break;
        }

        if ((current == call.expected) != call.succeeded)
            return false;

        if (call.succeeded)
            current = call.value;

        return true;
    }

    auto operator<=> (const RegisterSpecification&) const = default;

    int current = 0;
};

} // namespace test
