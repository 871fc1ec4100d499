#include "Support/Expect.h"

#include <catch2/catch.hpp>

#include <set>

using Catch::Matchers::Contains;

TEST_CASE_METHOD (Program, "doctor: the JSON has the keys of the contract, and every problem a cure")
{
    const auto result = run ({ "doctor", "--json" });
    expectQuietSuccess (result);
    const auto document = result.json();
    REQUIRE (keysOf (document) == std::vector<std::string>{ "checks" });
    std::set<std::string> names;

    for (const auto& check : document["checks"])
    {
        CAPTURE (check.dump());
        REQUIRE (keysOf (check) == std::vector<std::string>{ "name", "ok", "value", "cure" });
        REQUIRE (check["ok"].is_boolean());
        REQUIRE (! check["value"].get<std::string>().empty());
        REQUIRE (check["cure"].get<std::string>().empty() == check["ok"].get<bool>());
        REQUIRE (names.insert (check["name"]).second);
    }

    for (const auto* name :
         { "realtime-scheduling", "memory-lock", "cores", "kernel", "timer", "sound-card", "jack-server", "display" })
        REQUIRE (names.contains (name));
}

TEST_CASE_METHOD (Program, "doctor: a person reads every check, and what to do is the last word")
{
    const auto document = run ({ "doctor", "--json" }).json();
    const auto result = run ({ "doctor" });
    expectQuietSuccess (result);

    for (const auto& check : document["checks"])
        REQUIRE_THAT (result.out, Contains ("  " + check["name"].get<std::string>()));

    // There is no display here, so at least one thing is wrong; that changes no exit code.
    REQUIRE_THAT (result.out, Contains ("!!  display") && Contains ("->") && Contains ("attention (!!)"));
}

TEST_CASE_METHOD (Program, "doctor: a display that cannot be opened is none")
{
    environment.push_back ("DISPLAY=:4711");
    const auto result = run ({ "doctor", "--json" });
    expectQuietSuccess (result);

    const auto report = result.json();

    for (const auto& check : report["checks"])
        if (check["name"] == "display")
            REQUIRE (check["ok"] == false);
}
