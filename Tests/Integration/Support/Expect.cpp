#include "Expect.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <regex>

void expectError (const ProgramResult& result, int exitCode, const std::string& thing)
{
    INFO ("stdout: " << result.out.substr (0, 2000) << "\nstderr: " << result.err.substr (0, 2000));
    REQUIRE (! result.timedOut);
    REQUIRE (result.signal == 0);
    REQUIRE (result.exitCode == exitCode);
    REQUIRE (result.out.empty());
    REQUIRE (std::count (result.err.begin(), result.err.end(), '\n') == 1);
    REQUIRE (std::regex_match (result.err, std::regex ("AudioHost: [^\n]+: [^\n]+; [^\n]+\n")));
    REQUIRE_THAT (result.err, Catch::Matchers::Contains (thing));
}

void expectQuietSuccess (const ProgramResult& result)
{
    INFO ("stdout: " << result.out.substr (0, 2000) << "\nstderr: " << result.err.substr (0, 2000));
    REQUIRE (! result.timedOut);
    REQUIRE (result.signal == 0);
    REQUIRE (result.err.empty());
    REQUIRE (result.exitCode == 0);
}

std::vector<std::string> keysOf (const nlohmann::ordered_json& object)
{
    std::vector<std::string> keys;

    for (const auto& [key, value] : object.items())
        keys.push_back (key);

    return keys;
}
