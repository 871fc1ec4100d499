#include "GuardWatch.h"

namespace gui
{

GuardWatch::GuardWatch() : juce::Thread ("Guard watch") {}

GuardWatch::~GuardWatch() { stopThread (-1); }

int GuardWatch::poll()
{
    if (isAsking)
    {
        const std::lock_guard lock (mutex);

        if (hasArrived)
        {
            shown = std::move (arrived);
            arrived = {};
            hasArrived = isAsking = false;
            ++version;
        }

        return version;
    }

    const auto count = rt::guard::getViolationCount();
    const auto now = juce::Time::getMillisecondCounter();

    if (count == askedFor || (version > 0 && now - askedAt < 1000))
        return version;

    askedFor = count;
    askedAt = now;
    isAsking = true;

    if (! isThreadRunning())
        startThread();

    notify();
    return version;
}

void GuardWatch::clear()
{
    rt::guard::reset();
    shown = {};
    ++version;

    // What is under way is of before: ask again.
    askedFor = ~std::uint64_t (0);
}

void GuardWatch::run()
{
    for (;;)
    {
        wait (-1);

        if (threadShouldExit())
            return;

        auto snapshot = rt::guard::getSnapshot();
        const std::lock_guard lock (mutex);
        arrived = std::move (snapshot);
        hasArrived = true;
    }
}

} // namespace gui
