#pragma once

#include <functional>
#include <string>
#include <vector>

/** Compares ours with its rivals in paired rounds, within one run of one program.

    A round is every contender once. Contended figures depend on where the machine has put its two cores, so a probe times
    a cache line's round trip between them just before and just after each round. Only contenders of the same round are
    compared with each other: see Scripts/bench-table.
*/
namespace bench
{

/** One measured number. The metric is ns_per_op, ops_per_s, p50, p99, p999 or p9999 (the last four in nanoseconds). */
struct Value
{
    std::string metric;
    double value;
};

/** Something that can do the work: `ours`, a rival's name, or `loop`, the same loop with nothing in it. */
struct Contender
{
    std::string impl;
    std::function<std::vector<Value>()> measure; ///< one run: some tens of milliseconds
    std::string bench = {};                      ///< the name in its rows, where it is not that of the bench
};

/** A question, and all that compete in answering it. */
struct Bench
{
    std::string name;
    bool contended; ///< two threads: the cores' placement matters
    std::vector<Contender> contenders;
};

/** The program: [--list] [--rounds N] [PREFIX...]. Rows go to stdout, a JSON object a line; progress goes to stderr.
    @return the exit code: 2 for wrong usage or a prefix that matches nothing
*/
int runProgram (int argc, char** argv, const std::vector<Bench>&);

} // namespace bench
