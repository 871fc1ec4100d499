#include <catch2/catch.hpp>
#include <rt_guard/Suppressions.h>

#include <stdexcept>

using rt::guard::Suppression;

namespace
{

rt::guard::Violation makeViolation()
{
    rt::guard::Violation result;
    result.function = "malloc";
    result.node = 7;
    result.nodeName = "Reverb";
    result.module = "Reverb.so";
    result.by = "plugin";
    result.caller = "Reverb::process()";
    result.stack = { "std::vector<int>::reserve(unsigned long) at vector.tcc:69 [Reverb.so+0x10]",
                     "Reverb::process() at Reverb.cpp:12 [Reverb.so+0x20]" };
    return result;
}

Suppression parseOne (std::string_view line)
{
    const auto all = rt::guard::parseSuppressions (line, "file");
    REQUIRE (all.size() == 1);
    return all.front();
}

std::string findFault (std::string_view text)
{
    try
    {
        rt::guard::parseSuppressions (text, "file");
    }
    catch (const std::invalid_argument& error)
    {
        return error.what();
    }

    return "no fault";
}

} // namespace

TEST_CASE ("Each condition of a suppression holds or not by itself")
{
    const auto violation = makeViolation();

    for (const auto* line : { "function: malloc", "module: Reverb.so", "node: Reverb", "node: 7", "by: plugin",
                              "caller: Reverb::process", "stack: Reverb::process", "stack: vector.tcc:69" })
    {
        INFO (line);
        CHECK (parseOne (line).matches (violation));
    }

    // Whole names, parts of frames only, upper and lower case apart.
    for (const auto* line : { "function: mallo", "function: Malloc", "module: Reverb", "module: reverb.so", "node: Rever",
                              "node: 77", "node: 0", "by: host", "stack: Delay::process", "caller: std::vector" })
    {
        INFO (line);
        CHECK_FALSE (parseOne (line).matches (violation));
    }
}

TEST_CASE ("All conditions of a suppression must hold")
{
    const auto violation = makeViolation();
    CHECK (
        parseOne ("function: malloc; module: Reverb.so; node: 7; stack: Reverb::process; by: plugin").matches (violation));
    CHECK_FALSE (parseOne ("function: free; module: Reverb.so; node: 7").matches (violation));
    CHECK_FALSE (parseOne ("function: malloc; module: Delay.so; node: 7").matches (violation));
    CHECK_FALSE (parseOne ("function: malloc; module: Reverb.so; node: 8").matches (violation));
    CHECK_FALSE (parseOne ("function: malloc; stack: Delay").matches (violation));
    CHECK_FALSE (parseOne ("function: malloc; by: host").matches (violation));
}

TEST_CASE ("A condition on a stack needs one frame that holds all of it")
{
    auto violation = makeViolation();
    CHECK_FALSE (parseOne ("stack: reserve Reverb::process").matches (violation));
    violation.stack.clear();
    CHECK_FALSE (parseOne ("stack: Reverb").matches (violation));
}

TEST_CASE ("Suppressions are read line by line, and know where they are from")
{
    const auto all = rt::guard::parseSuppressions ("# a comment\r\n"
                                                   "\r\n"
                                                   "  function :operator new[] ;\tmodule:My Reverb.so;\r\n"
                                                   "\t# function: free\n"
                                                   "stack: juce::MidiEventList::clear\n"
                                                   "node: Reverb #2",
                                                   "my.supp");

    REQUIRE (all.size() == 3);
    CHECK (all[0].function == "operator new[]");
    CHECK (all[0].module == "My Reverb.so");
    CHECK (all[0].node.empty());
    CHECK (all[0].stack.empty());
    CHECK (all[0].by.empty());
    CHECK (all[0].origin == "my.supp:3");
    CHECK (all[1].stack == "juce::MidiEventList::clear");
    CHECK (all[1].origin == "my.supp:5");
    CHECK (all[2].node == "Reverb #2");
    CHECK (all[2].origin == "my.supp:6");

    CHECK (rt::guard::parseSuppressions ("", "file").empty());
    CHECK (rt::guard::parseSuppressions ("\n# nothing\n\n", "file").empty());
}

TEST_CASE ("A fault in suppressions names its line and what would be right")
{
    CHECK (findFault ("function: malloc\n\nfunc: free\n")
           == "line 3: there is no condition \"func\"; use function, module, node, caller, stack or by");
    CHECK (findFault ("malloc") == "line 1: \"malloc\" is no condition; write one such as \"function: malloc\"");
    CHECK (findFault ("#\nfunction:") == "line 2: \"function\" has no value; give one after the colon");
    CHECK (findFault ("function: ; module: a") == "line 1: \"function\" has no value; give one after the colon");
    CHECK (findFault ("by: Host") == "line 1: \"by\" cannot be \"Host\"; use host or plugin");
    CHECK (findFault ("function: free; function: malloc") == "line 1: \"function\" is there twice; use a line for each");
    CHECK (findFault ("; function: free")
           == "line 1: there is nothing before a semicolon; write a condition such as \"function: malloc\"");
    CHECK (findFault (";") != "no fault");
    CHECK (findFault (std::string (1000, 'x')).size() < 200);
}
