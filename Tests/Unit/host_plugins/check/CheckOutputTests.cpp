#include "Reports.h"

#include <host_plugins/check/CheckAnnotations.h>
#include <host_plugins/check/CheckJUnit.h>
#include <host_plugins/check/CheckWords.h>

#include <juce_core/juce_core.h>

using host::CheckReport;
using rt::guard::Phase;

namespace
{

CheckReport makeReport()
{
    CheckReport report;
    report.ref = "plugins/Some.vst3";
    report.name = "Some, 100% <\"good\">";
    report.lastPhase = Phase::state;
    report.phaseSeconds = { 1.0, 0.25, 0.0, 0.5 };
    report.loadingSeconds = 0.125;
    return report;
}

/** The whole document, which must be XML. */
std::unique_ptr<juce::XmlElement> parse (const host::CheckJUnit& junit)
{
    auto xml = juce::parseXML (juce::String::fromUTF8 (junit.toXml().c_str()));
    REQUIRE (xml != nullptr);
    REQUIRE (xml->hasTagName ("testsuites"));
    return xml;
}

const juce::XmlElement& caseOf (const juce::XmlElement& xml, const char* name)
{
    for (const auto* c : xml.getFirstChildElement()->getChildWithTagNameIterator ("testcase"))
        if (c->getStringAttribute ("name") == name)
            return *c;

    FAIL ("no test case " << name);
    return xml;
}

} // namespace

TEST_CASE ("A frame is read from its text, whatever the function is called")
{
    const auto check = [] (const char* text, const char* function, const char* file, int line, const char* module)
    {
        CAPTURE (text);
        const auto frame = host::parseStackFrame (text);
        CHECK (frame.function == function);
        CHECK (frame.file == file);
        CHECK (frame.line == line);
        CHECK (frame.module == module);
    };

    check ("play(int) at /src/a b.cpp:12 [Some.so+0x12]", "play(int)", "/src/a b.cpp", 12, "Some.so");
    check ("a::operator[](int)[abi:cxx11] [Some more.so+0x12]", "a::operator[](int)[abi:cxx11]", "", 0, "Some more.so");
    check ("look at me::f() at C:/x.cpp:3 [Some.so+0x12]", "look at me::f()", "C:/x.cpp", 3, "Some.so");
    check ("[Some.so+0x12]", "", "", 0, "Some.so");
    check ("f() at x.cpp:no [Some.so+0x1]", "f() at x.cpp:no", "", 0, "Some.so");
    check ("f()", "f()", "", 0, "");
    check ("", "", "", 0, "");
}

TEST_CASE ("A violation in words says how often it waited, if it did")
{
    auto violation = makeViolation ("plugin");
    CHECK (host::describeViolation (violation)
           == "malloc on the audio thread, 12 times, first in block 34 (midi), by Some.so");
    violation.count = 1;
    violation.contended = 1;
    violation.worstMicros = 1234.4;
    CHECK (host::describeViolation (violation)
           == "malloc on the audio thread, 1 time, first in block 34 (midi), by Some.so; 1 of them waited for another "
              "thread, up to 1234 us");
}

TEST_CASE ("The culprit is the innermost function with a file, and one of the sources before one of a library's header")
{
    auto violation = makeViolation ("plugin");
    violation.stack = { "grow [Some.so+0x0]", "std::push at /usr/include/vector:3 [Some.so+0x1]",
                        "play at /here/src/play.cpp:7 [Some.so+0x2]", "outer at /here/src/outer.cpp:9 [Some.so+0x3]",
                        "host at /here/host.cpp:1 [AudioHost+0x3]" };

    CHECK (host::findCulprit (violation, "/here")->line == 7);
    CHECK (host::findCulprit (violation, "/there")->line == 3);
    CHECK (host::findCulprit (violation, "/her")->line == 3);
    violation.module = "Other.so";
    CHECK_FALSE (host::findCulprit (violation, "/here"));
}

TEST_CASE ("Annotations name file and line, and are escaped as GitHub unescapes them")
{
    auto report = makeReport();
    report.violations.push_back (makeViolation ("plugin"));
    report.violations[0].stack = { "play at /here/src/a,b:c%d.cpp:7 [Some.so+0x2]" };
    report.violations.push_back (makeViolation ("host"));
    report.violations.push_back (makeViolation ("plugin"));
    report.violations[2].stack = { "no debug information [Some.so+0x2]" };
    report.findings.push_back ({ "slow", "at 100% a\r\nb", Phase::process });
    report.findings.push_back ({ "nan", "in 1 block", Phase::midi });

    CHECK (host::toAnnotations (report, "/here")
           == "::error file=src/a%2Cb%3Ac%25d.cpp,line=7,title=AudioHost check%3A Some%2C 100%25 <\"good\">::malloc on the "
              "audio "
              "thread, 12 times, first in block 34 (midi), by Some.so%0Aplay at /here/src/a,b:c%25d.cpp:7 [Some.so+0x2]\n"
              "::error title=AudioHost check%3A Some%2C 100%25 <\"good\">::malloc on the audio thread, 12 times, first in "
              "block 34 "
              "(midi), by Some.so%0Ano debug information [Some.so+0x2]\n"
              "::warning title=AudioHost check%3A Some%2C 100%25 <\"good\">::slow (process): at 100%25 a%0D%0Ab\n"
              "::error title=AudioHost check%3A Some%2C 100%25 <\"good\">::nan (midi): in 1 block\n");

    CHECK (host::toAnnotations (makeReport(), "/here").empty());

    auto dead = makeReport();
    dead.hung = true;
    dead.lastWords = "help\n";
    CHECK (host::toAnnotations (dead, "/here")
           == "::error title=AudioHost check%3A Some%2C 100%25 <\"good\">::HUNG in the phase state (no progress for 10 "
              "s)%0Ahelp%0A\n");
    CHECK (host::toAnnotation ("a:b", "not there\n") == "::error title=AudioHost check%3A a%3Ab::not there%0A\n");
}

TEST_CASE ("XML keeps every character that it has, and no other")
{
    using host::CheckJUnit;
    CHECK (CheckJUnit::escapeForAttribute ("a<b>&\"'\t\n\r") == "a&lt;b&gt;&amp;&quot;'&#9;&#10;&#13;");
    CHECK (CheckJUnit::escapeForElement ("a<b>&\"'\t\n\r]]>") == "a&lt;b&gt;&amp;\"'\t\n&#13;]]&gt;");

    const std::string whole = "\xc3\xa4\xe2\x82\xac\xf0\x9f\x8e\xb5\xed\x9f\xbf\xef\xbf\xbd\xf4\x8f\xbf\xbf";
    CHECK (CheckJUnit::escapeForElement (whole) == whole);

    const std::string none = "\xef\xbf\xbd";

    for (const auto& bad : { std::string ("\x1b"), std::string (1, '\0'), std::string ("\x1f"), std::string ("\x80"),
                             std::string ("\xc3"), std::string ("\xff"), std::string ("\xc1") })
        CHECK (CheckJUnit::escapeForElement (bad + "x") == none + "x");

    // Overlong, a surrogate, U+FFFE, beyond the last: each byte by itself.
    CHECK (CheckJUnit::escapeForElement ("\xe0\x80\x80") == none + none + none);
    CHECK (CheckJUnit::escapeForElement ("\xed\xa0\x80") == none + none + none);
    CHECK (CheckJUnit::escapeForElement ("\xef\xbf\xbe") == none + none + none);
    CHECK (CheckJUnit::escapeForElement ("\xf4\x90\x80\x80") == none + none + none + none);
}

TEST_CASE ("A JUnit report has a suite a plugin, and a case for its loading and each phase")
{
    auto report = makeReport();
    report.violations.push_back (makeViolation ("plugin"));
    report.violations.push_back (makeViolation ("plugin"));
    report.violations.push_back (makeViolation ("host"));
    report.findings.push_back ({ "slow", "very", Phase::process });
    report.findings.push_back ({ "nan", "in 1 block", Phase::state });
    report.notes = { "\x1b[31mred" };

    host::CheckJUnit junit;
    junit.add (report);
    const auto xml = parse (junit);
    auto& suite = *xml->getFirstChildElement();

    for (const auto* element : { xml.get(), &suite })
    {
        CHECK (element->getIntAttribute ("tests") == 5);
        CHECK (element->getIntAttribute ("failures") == 2);
        CHECK (element->getIntAttribute ("errors") == 0);
        CHECK (element->getIntAttribute ("skipped") == 0);
        CHECK (element->getDoubleAttribute ("time") == 1.875);
    }

    CHECK (suite.getStringAttribute ("name").toStdString() == report.name);
    CHECK (suite.getChildByName ("properties")->getFirstChildElement()->getStringAttribute ("value") == "plugins/Some.vst3");

    for (const auto* name : { "loading", "process", "parameter" })
        CHECK (caseOf (*xml, name).getNumChildElements() == 0);

    CHECK (caseOf (*xml, "midi").getDoubleAttribute ("time") == 0.25);
    const auto& failure = *caseOf (*xml, "midi").getChildByName ("failure");
    CHECK (failure.getStringAttribute ("type") == "malloc");
    CHECK (failure.getStringAttribute ("message").endsWith ("by Some.so, and 1 more"));
    CHECK (failure.getAllSubText().contains ("inner at src/a.cpp:12 [Some.so+0x1]"));
    CHECK (caseOf (*xml, "state").getChildByName ("failure")->getStringAttribute ("type") == "nan");

    const auto output = suite.getChildByName ("system-out")->getAllSubText();
    CHECK (output.contains ("warning, process: slow: very"));
    CHECK (output.contains ("the host: malloc"));
    CHECK (output.contains (juce::String::fromUTF8 ("\xef\xbf\xbd[31mred")));
}

TEST_CASE ("In a JUnit report a death is an error, and what came after it is skipped")
{
    auto report = makeReport();
    report.crashed = true;
    report.signal = 11;
    report.lastPhase = Phase::midi;
    report.lastWords = "terminate called";

    host::CheckJUnit junit;
    junit.add (report);
    auto xml = parse (junit);
    CHECK (xml->getIntAttribute ("errors") == 1);
    CHECK (xml->getIntAttribute ("skipped") == 2);
    CHECK (caseOf (*xml, "midi").getChildByName ("error")->getStringAttribute ("message")
           == "CRASHED with SIGSEGV in the phase midi");
    CHECK (caseOf (*xml, "midi").getChildByName ("error")->getAllSubText() == "terminate called");
    CHECK (caseOf (*xml, "process").getNumChildElements() == 0);
    CHECK (caseOf (*xml, "parameter").getChildByName ("skipped") != nullptr);
    CHECK (caseOf (*xml, "state").getChildByName ("skipped") != nullptr);

    report.lastPhase = {};
    host::CheckJUnit early;
    early.add (report);
    xml = parse (early);
    CHECK (caseOf (*xml, "loading").getChildByName ("error") != nullptr);
    CHECK (xml->getIntAttribute ("skipped") == 4);

    host::CheckJUnit unchecked;
    unchecked.addUnchecked ("nowhere.vst3", "it is not there");
    unchecked.add (makeReport());
    xml = parse (unchecked);
    CHECK (xml->getNumChildElements() == 2);
    CHECK (xml->getIntAttribute ("tests") == 10);
    CHECK (xml->getIntAttribute ("errors") == 1);
    CHECK (caseOf (*xml, "loading").getChildByName ("error")->getStringAttribute ("message") == "it is not there");
    CHECK (caseOf (*xml, "midi").getChildByName ("skipped") != nullptr);
}
