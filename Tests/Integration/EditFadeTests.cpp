#include "Support/Render.h"

#include <algorithm>
#include <cmath>

namespace
{

constexpr std::size_t fade = 256;

/** Half of a line's step: whether it begins or ends in the fade's first sample is left open. */
constexpr float halfStep = 0.5f / float (fade);

struct EditFades : Render
{
    /** A constant: the square's first half is five seconds long. Tone 1 gives 0.5, tone 2 gives 0.25. */
    static constexpr auto tones = R"({"id":1,"type":"tone","parameters":{"Shape":"square","Frequency":0.1,"Level":0.5}},
        {"id":2,"type":"tone","parameters":{"Shape":"square","Frequency":0.1,"Level":0.25}},{"id":3,"type":"audioOutput"})";

    /** Half a second of the left channel. */
    std::vector<float> renderEdits (const std::string& nodes, const std::string& wires, const std::string& script,
                                    const std::string& block = "512")
    {
        return render ({ writeSession (nodes, wires), "--seconds", "0.5", "--bits", "32f", "--block", block, "--edits",
                         folder.write ("edits.jsonl", script) })
            .channels[0];
    }

    std::vector<float> renderTones (const std::string& wires, const std::string& script)
    {
        return renderEdits (tones, wires, script);
    }
};

/** Requires a straight line from the one level to the other in the 256 samples from the first on, and in the samples
    around it the levels themselves. */
void expectFade (const std::vector<float>& samples, std::size_t first, float from, float to)
{
    CAPTURE (first, from, to);
    const auto tolerance = std::abs (to - from) * halfStep + 1.0e-5f;

    for (std::size_t i = 0; i < fade; ++i)
    {
        CAPTURE (i);
        const auto expected = from + (to - from) * (float (i) + 0.5f) / float (fade);
        REQUIRE (std::abs (samples[first + i] - expected) <= tolerance);
    }

    if (first > 0)
        REQUIRE (samples[first - 1] == from);

    REQUIRE (samples[first + fade] == to);
    REQUIRE (samples[first + 2 * fade] == to);
}

float largestStep (const std::vector<float>& samples)
{
    auto largest = 0.0f;

    for (std::size_t i = 1; i < samples.size(); ++i)
        largest = std::max (largest, std::abs (samples[i] - samples[i - 1]));

    return largest;
}

} // namespace

TEST_CASE_METHOD (EditFades, "edit fades: a wire that goes or comes fades in a straight line from its sample on")
{
    const auto block = GENERATE (as<std::string>(), "1", "17", "100", "512", "4096");
    const auto samples = renderEdits (tones, R"({"from":"1:0","to":"3:0"})",
                                      R"({"at":1000,"do":"disconnect","from":"1:0","to":"3:0"}
                                         {"at":3001,"do":"connect","from":"2:0","to":"3:0"}
                                         {"at":5077,"do":"connect","from":"1:0","to":"3:0"})",
                                      block);
    expectFade (samples, 1000, 0.5f, 0.0f);
    expectFade (samples, 3001, 0.0f, 0.25f);
    expectFade (samples, 5077, 0.25f, 0.75f);
}

TEST_CASE_METHOD (EditFades, "edit fades: one that replaces another crosses over")
{
    const auto samples = renderTones (R"({"from":"1:0","to":"3:0"})",
                                      R"({"at":1000,"do":"disconnect","from":"1:0","to":"3:0"}
                                         {"at":1000,"do":"connect","from":"2:0","to":"3:0"}
                                         {"at":2000,"do":"add","node":{"id":4,"type":"tone","parameters":{"Shape":"square","Frequency":0.1,"Level":0.25}}}
                                         {"at":2000,"do":"connect","from":"4:0","to":"3:0"}
                                         {"at":2000,"do":"remove","id":2})");
    expectFade (samples, 1000, 0.5f, 0.25f);

    // A half of the one and a half of the other are the whole that they both are.
    for (std::size_t i = 2000; i < 3000; ++i)
        REQUIRE (samples[i] == Approx (0.25f).margin (1.0e-6));
}

TEST_CASE_METHOD (EditFades, "edit fades: an edit at the first sample fades, too")
{
    const auto samples = renderTones (R"({"from":"1:0","to":"3:0"})",
                                      R"({"at":0,"do":"disconnect","from":"1:0","to":"3:0"}
                                         {"at":0,"do":"connect","from":"2:0","to":"3:0"})");
    expectFade (samples, 0, 0.5f, 0.25f);
}

TEST_CASE_METHOD (EditFades, "edit fades: a removed node runs on until it has faded, and so does what it hears")
{
    const std::string nodes = tones + std::string (R"(,{"id":4,"type":"gain","parameters":{"Gain":0.5}})");
    const auto samples =
        renderEdits (nodes, R"({"from":"1:0","to":"4:0"},{"from":"4:0","to":"3:0"})", R"({"at":1000,"do":"remove","id":4})");
    expectFade (samples, 1000, 0.25f, 0.0f);

    // The whole path goes at once: it must not fade twice.
    const auto both = renderEdits (nodes, R"({"from":"1:0","to":"4:0"},{"from":"4:0","to":"3:0"})",
                                   R"({"at":1000,"do":"remove","id":1}
                                      {"at":1000,"do":"remove","id":4})");
    expectFade (both, 1000, 0.25f, 0.0f);
}

TEST_CASE_METHOD (EditFades, "edit fades: a new path fades in once, however many of its wires are new")
{
    const auto samples = renderTones ("",
                                      R"({"at":1000,"do":"add","node":{"id":4,"type":"gain","parameters":{"Gain":0.5}}}
                                         {"at":1000,"do":"add","node":{"id":5,"type":"gain"}}
                                         {"at":1000,"do":"connect","from":"1:0","to":"4:0"}
                                         {"at":1000,"do":"connect","from":"4:0","to":"5:0"}
                                         {"at":1000,"do":"connect","from":"5:0","to":"3:0"})");
    expectFade (samples, 1000, 0.0f, 0.25f);
}

TEST_CASE_METHOD (EditFades, "edit fades: a bypass and a parameter move in a straight line from their sample on")
{
    const std::string nodes = tones + std::string (R"(,{"id":4,"type":"gain","parameters":{"Gain":0.5}})");
    const auto samples = renderEdits (nodes, R"({"from":"1:0","to":"4:0"},{"from":"4:0","to":"3:0"})",
                                      R"({"at":1000,"do":"bypass","id":4,"on":true}
                                         {"at":2000,"do":"bypass","id":4,"on":false}
                                         {"at":3000,"do":"set","node":4,"param":"Gain","value":2})");
    expectFade (samples, 1000, 0.25f, 0.5f);
    expectFade (samples, 2000, 0.5f, 0.25f);
    expectFade (samples, 3000, 0.25f, 1.0f);
}

TEST_CASE_METHOD (EditFades, "edit fades: edits in the midst of fades make no step larger than a fade's own")
{
    std::string script;

    for (int i = 0; i < 60; ++i)
        script += R"({"at":)" + std::to_string (1000 + 37 * i) + R"(,"do":")" + (i % 2 == 0 ? "disconnect" : "connect")
                  + R"(","from":"1:0","to":"3:0"})" + "\n";

    const auto samples = renderTones (R"({"from":"1:0","to":"3:0"})", script);
    REQUIRE (largestStep (samples) <= 0.5f / float (fade) * 1.001f);
    REQUIRE (samples[999] == 0.5f);
    REQUIRE (*std::min_element (samples.begin() + 1000, samples.end()) < 0.45f);
    REQUIRE (samples[1000 + 37 * 60 + 2 * fade] == 0.5f);
}

TEST_CASE_METHOD (EditFades, "edit fades: no edit steps further than the sine and the fade allow")
{
    const auto samples = renderEdits (
        R"({"id":1,"type":"tone","parameters":{"Frequency":440,"Level":0.5}},{"id":2,"type":"gain"},{"id":3,"type":"audioOutput"})",
        R"({"from":"1:0","to":"2:0"},{"from":"2:0","to":"3:0"})",
        R"({"at":1001,"do":"remove","id":2}
           {"at":3003,"do":"connect","from":"1:0","to":"3:0"}
           {"at":5005,"do":"add","node":{"id":4,"type":"gain","parameters":{"Gain":0.5}}}
           {"at":5005,"do":"connect","from":"1:0","to":"4:0"}
           {"at":5005,"do":"connect","from":"4:0","to":"3:0"}
           {"at":5005,"do":"disconnect","from":"1:0","to":"3:0"}
           {"at":7007,"do":"bypass","id":4,"on":true}
           {"at":9009,"do":"remove","id":1})");
    const auto ofSine = 0.5f * 2.0f * 3.14159265f * 440.0f / 48000.0f;
    REQUIRE (largestStep (samples) <= ofSine + 0.5f / float (fade) + 1.0e-5f);
    REQUIRE (samples[9009 + fade] == 0.0f);
}
