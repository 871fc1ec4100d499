#pragma once

#include "CheckReport.h"

#include <string>

namespace host
{

/** Collects what checks found for a JUnit report, the XML that CI systems read: a test suite a plugin, with a test case for its
    loading and for each phase. What a plugin did that it must not fails the case of its phase; its death is an error; phases that it
    did not live to see are skipped. Warnings and the host's own violations fail nothing; they are in the suite's output. */
class CheckJUnit
{
public:
    void add (const CheckReport&);

    /** A plugin that could not be checked at all. */
    void addUnchecked (const std::string& ref, const std::string& error);

    /** The whole document, in UTF-8. */
    std::string toXml() const;

    /** A text as XML 1.0 bears it: characters that mean something there are escaped, and what is no character of XML's (most
        control characters, what is not UTF-8) becomes U+FFFD. */
    static std::string escapeForAttribute (const std::string&);
    static std::string escapeForElement (const std::string&);

private:
    std::string suites;
    int tests = 0, failures = 0, errors = 0, skipped = 0;
    double seconds = 0.0;

    struct Case;
    void addSuite (const std::string& name, const std::string& ref, const std::vector<Case>&, const std::string& output);
};

} // namespace host
