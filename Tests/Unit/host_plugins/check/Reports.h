#pragma once

#include <host_plugins/check/CheckReport.h>

#include <catch2/catch.hpp>

inline rt::guard::Violation makeViolation (std::string by)
{
    rt::guard::Violation violation;
    violation.function = "malloc";
    violation.phase = rt::guard::Phase::midi;
    violation.count = 12;
    violation.firstBlock = 34;
    violation.worstMicros = 1.23456;
    violation.module = "Some.so";
    violation.by = std::move (by);
    violation.stack = { "inner at src/a.cpp:12 [Some.so+0x1]", "outer [Some.so+0x2]" };
    return violation;
}
