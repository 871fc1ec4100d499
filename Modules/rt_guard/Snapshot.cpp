#include "Guard.h"
#include "Snapshot.h"
#include "detail/Interception.h"
#include "detail/Records.h"
#include "detail/Symbols.h"
#include "TickClock.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>

namespace rt::guard
{

namespace
{

/** A site that has been looked at: what it is does not change, only how often it was called. */
struct KnownSite
{
    Violation violation;
    std::optional<std::size_t> suppression; ///< the first that covers it
    bool isJudged = false, hasStack = false;
    bool isTold = false; ///< takeNewSites() has given it out
};

/** What the readers of the records know. Writers never wait for it, but for one that is to end the process. */
class Reader
{
public:
    /** The one of this process. It is never destroyed: threads may record to the last. */
    static Reader& get()
    {
        static auto& reader = *new Reader;
        return reader;
    }

    Snapshot makeSnapshot (Stacks stacks)
    {
        const std::lock_guard lock (mutex);
        const auto records = detail::copyRecords();
        Snapshot result;
        result.overflow = records.overflow;
        result.total = records.overflow;
        std::vector<std::uint64_t> uses (suppressions.size());

        for (const auto& site : records.sites)
        {
            auto& known = look (site);

            if (known.suppression)
            {
                uses[*known.suppression] += site.count;
                result.suppressed += site.count;
                continue;
            }

            result.total += site.count;
            result.host += known.violation.by == "host" ? site.count : 0;
            result.violations.push_back (tell (known, site, stacks));
        }

        for (std::size_t i = 0; i < uses.size(); ++i)
            if (uses[i] != 0)
                result.suppressions.push_back ({ suppressions[i], uses[i] });

        return result;
    }

    std::vector<Violation> takeNewSites (Stacks stacks)
    {
        const std::lock_guard lock (mutex);
        std::vector<Violation> result;

        // It is asked many times a second, mostly for nothing.
        const auto numSites = detail::countSitesMade();

        if (numSites == numSitesLookedAt)
            return result;

        numSitesLookedAt = numSites;

        for (const auto& site : detail::copyRecords().sites)
        {
            auto& known = look (site);

            if (! known.suppression && ! known.isTold)
            {
                known.isTold = true;
                result.push_back (tell (known, site, stacks));
            }
        }

        return result;
    }

    /** @returns nothing when there is no such site any more */
    std::optional<Violation> judge (detail::Site& site)
    {
        const std::lock_guard lock (mutex);
        const auto copy = detail::copySite (site);

        if (copy.order == 0)
            return {};

        auto& known = look (copy);
        detail::setVerdict (site, known.suppression              ? detail::Verdict::suppressed
                                  : known.violation.by == "host" ? detail::Verdict::ofHost
                                                                 : detail::Verdict::ofPlugin);
        return tell (known, copy, Stacks::named);
    }

    void reset()
    {
        detail::clearRecords();
        const std::lock_guard lock (mutex);
        sites.clear();
    }

    void setSuppressions (std::vector<Suppression> newSuppressions)
    {
        const std::lock_guard lock (mutex);
        suppressions = std::move (newSuppressions);
        judgeAnew();
    }

    void setNodeName (std::uint32_t node, std::string name)
    {
        const std::lock_guard lock (mutex);

        if (name.empty())
            nodeNames.erase (node);
        else
            nodeNames[node] = std::move (name);

        judgeAnew();
    }

private:
    /** Under the mutex. */
    KnownSite& look (const detail::RawSite& site)
    {
        const auto [place, isNew] = sites.try_emplace (site.order);
        auto& known = place->second;
        auto& violation = known.violation;

        if (isNew)
            violation = detail::identify (site);

        violation.count = site.count;
        violation.contended = site.contended;
        violation.worstMicros = TickClock::toNanoseconds (site.worstTicks) / 1000.0;

        if (! known.isJudged)
        {
            const auto name = nodeNames.find (violation.node);
            violation.nodeName = name != nodeNames.end() ? name->second : std::string();
            known.suppression = findSuppression (known, site);
            known.isJudged = true;
        }

        return known;
    }

    /** The first that covers it, of those that say nothing of the stack, else of the others. Under the mutex. */
    std::optional<std::size_t> findSuppression (KnownSite& known, const detail::RawSite& site) const
    {
        auto& violation = known.violation;

        for (const auto isOfStack : { false, true })
            for (std::size_t i = 0; i < suppressions.size(); ++i)
            {
                const auto& suppression = suppressions[i];

                if (suppression.stack.empty() == isOfStack || ! suppression.mayMatch (violation))
                    continue;

                // Now it must be known.
                if (! suppression.caller.empty() && violation.caller.empty())
                    violation.caller = detail::findCaller (site);

                if (isOfStack)
                    nameStack (known, site);

                if (suppression.matches (violation))
                    return i;
            }

        return {};
    }

    static void nameStack (KnownSite& known, const detail::RawSite& site)
    {
        if (! known.hasStack)
            known.violation.stack = detail::nameStack (site);

        known.hasStack = true;
    }

    /** As others shall see it. Under the mutex. */
    static Violation tell (KnownSite& known, const detail::RawSite& site, Stacks stacks)
    {
        if (stacks == Stacks::named)
            nameStack (known, site);

        auto result = known.violation;

        if (stacks == Stacks::none)
            result.stack.clear();

        return result;
    }

    void judgeAnew()
    {
        for (auto& [order, known] : sites)
            known.isJudged = false;

        numSitesLookedAt = 0; // some that were suppressed may be told now
        detail::forgetVerdicts();
    }

    std::mutex mutex;
    std::uint64_t numSitesLookedAt = 0;       ///< by takeNewSites(), of those ever made
    std::map<std::uint64_t, KnownSite> sites; ///< by their order
    std::map<std::uint32_t, std::string> nodeNames;
    std::vector<Suppression> suppressions;
};

constinit std::atomic<bool> abortsOnHostViolations{ false };

[[noreturn]] void endProcess (const Violation& violation) noexcept
{
    static constinit std::atomic<bool> ending{ false };

    // The first thread that gets here tells; whatever writes meanwhile is another's text.
    while (ending.exchange (true))
        ::pause();

    std::string text = program_invocation_short_name;
    text += ": guard: ";

    if (violation.node == 0)
        text += "the host";
    else
        text +=
            "node " + std::to_string (violation.node) + (violation.nodeName.empty() ? "" : " (" + violation.nodeName + ")");

    text += " called " + violation.function + " on the audio thread (block " + std::to_string (violation.firstBlock) + ", "
            + toString (violation.phase) + "), by " + violation.module + "; the calls that led to it, innermost first:\n";

    for (const auto& frame : violation.stack)
        text += "    " + frame + "\n";

    for (std::size_t written = 0; written < text.size();)
    {
        const auto result = ::write (STDERR_FILENO, text.data() + written, text.size() - written);

        if (result < 0 && errno != EINTR)
            break;

        written += result > 0 ? static_cast<std::size_t> (result) : 0;
    }

    ::_exit (1);
}

} // namespace

void detail::endProcessIfAsked (Site* site, const char* function) noexcept
{
    const auto mode = getMode();
    const auto isAsked = mode == Mode::abort || abortsOnHostViolations.load (std::memory_order_relaxed);

    if (! isAsked) [[likely]]
        return;

    if (site == nullptr)
    {
        // No room in the table, or a reset at work: who it was is not known.
        if (mode == Mode::abort)
        {
            Violation violation;
            violation.function = function;
            violation.node = threadState.node;
            violation.phase = threadState.phase;
            violation.firstBlock = threadState.block;
            violation.module = "unknown";
            endProcess (violation);
        }

        return;
    }

    auto verdict = getVerdict (*site);

    if (verdict == Verdict::suppressed || (verdict == Verdict::ofPlugin && mode != Mode::abort))
        return;

    const auto violation = Reader::get().judge (*site);
    verdict = getVerdict (*site);

    if (violation && verdict != Verdict::suppressed && (verdict == Verdict::ofHost || mode == Mode::abort))
        endProcess (*violation);
}

void setAbortOnHostViolations (bool shouldAbort) noexcept
{
    abortsOnHostViolations.store (shouldAbort, std::memory_order_relaxed);
}

Snapshot getSnapshot (Stacks stacks) { return Reader::get().makeSnapshot (stacks); }
std::vector<Violation> takeNewSites (Stacks stacks) { return Reader::get().takeNewSites (stacks); }
void reset() { Reader::get().reset(); }
void setSuppressions (std::vector<Suppression> suppressions) { Reader::get().setSuppressions (std::move (suppressions)); }
void setNodeName (std::uint32_t node, std::string name) { Reader::get().setNodeName (node, std::move (name)); }

std::vector<std::string> getInterposedSymbols()
{
    if (detail::listInterposedSymbols == nullptr)
        return {};

    const auto names = detail::listInterposedSymbols();
    return { names.begin(), names.end() };
}

} // namespace rt::guard
