#include "GraphFixture.h"

using Catch::Matchers::Contains;

TEST_CASE ("ports are written id:channel and id:midi")
{
    REQUIRE (host::PortRef::parse ("12:3") == host::PortRef{ 12, 3 });
    REQUIRE (host::PortRef::parse ("4:midi").isMidi());
    REQUIRE (host::PortRef{ 12, 3 }.toString() == "12:3");
    REQUIRE (host::PortRef{ 4, host::PortRef::midi }.toString() == "4:midi");

    for (const auto* wrong :
         { "", ":", "1", "1:", ":1", "1:-1", "x:1", "1:x", "1:2x", "1:2:3", "-1:0", "1:midi2", "99999999999:0" })
    {
        INFO (wrong);
        REQUIRE_THROWS_AS (host::PortRef::parse (wrong), host::Error);
    }
}

TEST_CASE_METHOD (GraphFixture, "a wire needs two ports that exist, of one kind, and may be there once")
{
    addInput (1);
    addOutput (2);
    addMidiInput (3);
    connect ("1:0", "2:0");

    REQUIRE_THROWS_WITH (connect ("1:0", "2:0"), Contains ("1:0 -> 2:0") && Contains ("twice"));
    REQUIRE_THROWS_WITH (connect ("1:2", "2:0"),
                         Contains ("node 1") && Contains ("no output 2") && Contains ("outputs 0 to 1"));
    REQUIRE_THROWS_WITH (connect ("1:0", "2:2"), Contains ("node 2") && Contains ("no input 2"));
    REQUIRE_THROWS_WITH (connect ("9:0", "2:0"), Contains ("no node 9"));
    REQUIRE_THROWS_WITH (connect ("3:midi", "2:midi"), Contains ("no input midi"));
    REQUIRE_THROWS_WITH (connect ("3:midi", "2:0"), Contains ("MIDI and audio"));
    REQUIRE (model.getWires().size() == 1);
}

TEST_CASE_METHOD (GraphFixture, "ids are unique and never 0")
{
    addInput (5);
    REQUIRE_THROWS_WITH (addInput (5), Contains ("node 5") && Contains ("twice"));
    REQUIRE_THROWS_WITH (addInput (0), Contains ("id 0"));
    REQUIRE (model.getNodes().size() == 1);
}

TEST_CASE_METHOD (GraphFixture, "a removed node takes its wires along, and only those")
{
    addInput (1);
    addFunction (2, { 2, 2, false, false }, [] (auto&) {});
    addOutput (3);
    connect ("1:0", "2:0");
    connect ("2:0", "3:0");
    connect ("1:1", "3:1");
    model.removeNode (2);

    REQUIRE (model.getWires().size() == 1);
    REQUIRE (model.getWires().front().toString() == "1:1 -> 3:1");
    REQUIRE_FALSE (model.find (2));
}

TEST_CASE_METHOD (GraphFixture, "only a wire that is there can be taken out")
{
    addInput (1);
    addOutput (2);
    connect ("1:0", "2:0");
    REQUIRE_THROWS_AS (model.disconnect ({ { 1, 1 }, { 2, 1 } }), host::Error);
    model.disconnect ({ { 1, 0 }, { 2, 0 } });
    REQUIRE (model.getWires().empty());
}
