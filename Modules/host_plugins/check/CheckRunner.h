#pragma once

#include "CheckDriver.h"
#include "CheckReport.h"

namespace host
{

/** Checks a plugin in a child process of this program, which it may crash, hang or end as it likes.

    The program must offer the hidden command that runChild() belongs to:
    `check-child --seconds S [--suppressions FILE] -- REF`. Message thread.
*/
class CheckRunner
{
public:
    explicit CheckRunner (const CheckOptions&);

    using OnProgress = std::function<void (const CheckDriver::Progress&)>;

    /** Throws host::Error if REF is unreadable or the plugin refuses: then there is nothing to report on. */
    CheckReport run (const std::string& ref, const OnProgress&) const;

    /** The child's whole life. */
    [[noreturn]] static void runChild (const std::string& ref, const CheckOptions&);

private:
    /** @returns whether it was the last one */
    static bool readRecord (const std::string&, CheckReport&, const OnProgress&);

    CheckOptions options;
};

} // namespace host
