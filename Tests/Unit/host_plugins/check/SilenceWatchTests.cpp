#include <host_plugins/check/detail/SilenceWatch.h>

#include <catch2/catch.hpp>

#include <cmath>

using host::check::SilenceWatch;

namespace
{
constexpr double blockSeconds = 0.1;

/** A stretch of ten seconds whose level is told by block. */
template <typename Level>
SilenceWatch watch (Level&& levelOfBlock)
{
    SilenceWatch result (100);

    for (int i = 0; i < 100; ++i)
        result.add (levelOfBlock (i));

    return result;
}
} // namespace

TEST_CASE ("Sound that goes on while nothing was put in is judged by its second half")
{
    CHECK (watch ([] (int) { return 0.0009f; }).judgeUntouched().empty());
    CHECK (watch ([] (int i) { return i < 50 ? 1.0f : 0.0f; }).judgeUntouched().empty());
    CHECK (watch ([] (int i) { return i == 60 || i == 80 ? 1.0f : 0.0f; }).judgeUntouched().empty());
    CHECK (watch ([] (int i) { return i % 20 == 0 ? 0.1f : 0.0f; }).judgeUntouched().empty());
    CHECK (watch ([] (int i) { return i % 10 == 0 ? 0.1f : 0.0f; }).judgeUntouched()
           == "sound of -20 dBFS before anything was ever put in");
    CHECK (SilenceWatch (10).judgeUntouched().empty());
}

TEST_CASE ("A tail must grow quieter")
{
    CHECK (watch ([] (int) { return 0.5f; }).judgeAfterTail (blockSeconds)
           == "sound of -6 dBFS that grows no quieter, after 10 s of silence put in");
    CHECK (! watch ([] (int i) { return 0.01f * static_cast<float> (i); }).judgeAfterTail (blockSeconds).empty());

    // 60 dB in eight minutes: too long for anybody, but a tail.
    CHECK (watch ([] (int i) { return static_cast<float> (std::pow (10.0, -0.1 * i * 3.0 / 480.0)); })
               .judgeAfterTail (blockSeconds)
               .empty());
    CHECK (! watch ([] (int i) { return static_cast<float> (std::pow (10.0, -0.1 * i * 3.0 / 960.0)); })
                 .judgeAfterTail (blockSeconds)
                 .empty());
    CHECK (! watch ([] (int i) { return i % 2 == 0 ? 0.5f : 0.6f; }).judgeAfterTail (blockSeconds).empty());
    CHECK (watch ([] (int i) { return i % 10 < 5 ? 0.5f : 0.0f; }).judgeAfterTail (blockSeconds).empty()); // echoes
    CHECK (SilenceWatch (100).judgeAfterTail (blockSeconds).empty());
}

TEST_CASE ("Half a second without sound is silence")
{
    CHECK_FALSE (SilenceWatch (10).hasFallenSilent (blockSeconds));
    CHECK (watch ([] (int i) { return i < 95 ? 1.0f : 0.0f; }).hasFallenSilent (blockSeconds));
    CHECK_FALSE (watch ([] (int i) { return i < 96 ? 1.0f : 0.0f; }).hasFallenSilent (blockSeconds));
}
