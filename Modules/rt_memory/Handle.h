#pragma once

#include "detail/Maker.h"

#include <utility>

namespace rt
{

template <typename Policy>
class BasicCollector;

/** Something to make objects with that may be kept longer than the Collector it is from: makeShared(), makeOwned() and the
    like take either.

    Got from Collector::getHandle(). Small, and copyable on any thread: wait-free, one fetch_add; dropping one is wait-free
    while the Collector exists. After the Collector's end it still works; the objects are then destroyed by whoever drops
    them, as all that are left over by then (see Collector). A single Handle is not for use by two threads at once, except
    for making objects and copying. One that was moved from can only be assigned to or destroyed.
*/
template <typename Policy = StdPolicy>
class BasicHandle : public detail::Maker<Policy>
{
public:
    BasicHandle (const BasicHandle& other) noexcept : detail::Maker<Policy> (other.core)
    {
        if (this->core != nullptr)
            this->core->addHandle();
    }

    BasicHandle (BasicHandle&& other) noexcept : detail::Maker<Policy> (std::exchange (other.core, nullptr)) {}

    ~BasicHandle()
    {
        if (this->core != nullptr)
            this->core->dropHandle();
    }

    BasicHandle& operator= (BasicHandle other) noexcept
    {
        std::swap (this->core, other.core);
        return *this;
    }

private:
    friend class BasicCollector<Policy>;

    explicit BasicHandle (detail::CollectorCore<Policy>* coreToUse) noexcept : detail::Maker<Policy> (coreToUse) {}
};

using Handle = BasicHandle<>;

} // namespace rt
