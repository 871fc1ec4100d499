#include "GuardWatch.h"

#include <host_engine/GuardText.h>

#include <iostream>

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
            // A site never goes but by clear().
            const auto isOther =
                arrived.total != shown.total || arrived.violations.size() != shown.violations.size() || version == 0;
            shown = std::move (arrived);
            arrived = {};
            hasArrived = isAsking = false;
            version += isOther ? 1 : 0;
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

        if (const auto mode = rt::guard::getMode(); mode == rt::guard::Mode::report || mode == rt::guard::Mode::rescue)
            for (const auto& site : rt::guard::takeNewSites())
                std::cerr << "AudioHost: " << host::describeSite (site) << std::endl;

        auto snapshot = rt::guard::getSnapshot();
        const std::lock_guard lock (mutex);
        arrived = std::move (snapshot);
        hasArrived = true;
    }
}

} // namespace gui
