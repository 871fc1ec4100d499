#pragma once

#include "Program.h"

/** Requires that the program ended by itself and in time, with this exit code, printed nothing on standard output, and one
    line on standard error that names the thing: "AudioHost: <what>: <why>; <what to do>". */
void expectError (const ProgramResult&, int exitCode, const std::string& thing);

/** Requires that the program ended by itself with exit code 0 and said nothing on standard error. */
void expectQuietSuccess (const ProgramResult&);

/** The keys of an object in their order. */
std::vector<std::string> keysOf (const nlohmann::ordered_json&);
