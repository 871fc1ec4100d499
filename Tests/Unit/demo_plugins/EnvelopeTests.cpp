#include <Dsp/Envelope.h>

#include <catch2/catch.hpp>

namespace
{

constexpr auto sampleRate = 48000.0;
const demo::Envelope::Shape shape{ { .attack = 0.01, .decay = 0.1, .sustain = 0.4, .release = 0.2 }, sampleRate };

float run (demo::Envelope& envelope, double seconds)
{
    auto value = envelope.getValue();

    for (int i = 0; i < static_cast<int> (seconds * sampleRate); ++i)
        value = envelope.next (shape);

    return value;
}

} // namespace

TEST_CASE ("An envelope takes the times it was given")
{
    demo::Envelope envelope;
    envelope.start();

    CHECK (run (envelope, 0.0098) < 1.0f);
    CHECK (run (envelope, 0.0004) == Approx (1.0f).margin (0.02));
    CHECK (run (envelope, 0.2) == Approx (0.4f).margin (0.001));

    // From below full level a release ends sooner than its time, and it ends at exactly 0.
    envelope.release();
    CHECK (run (envelope, 0.15) > 0.0f);
    CHECK (run (envelope, 0.05) == 0.0f);
    CHECK_FALSE (envelope.isActive());
}

TEST_CASE ("An envelope never steps")
{
    demo::Envelope envelope;
    envelope.start();
    auto last = 0.0f, largest = 0.0f;

    for (int i = 0; i < 30000; ++i)
    {
        if (i == 200)
            envelope.release(); // in the middle of the attack

        const auto value = envelope.next (shape);
        largest = std::max (largest, std::abs (value - last));
        last = value;
    }

    CHECK (largest < 0.005f);
    CHECK (last == 0.0f);
}

TEST_CASE ("An envelope that was never started stays off")
{
    demo::Envelope envelope;
    envelope.release();
    CHECK (run (envelope, 0.1) == 0.0f);
    CHECK_FALSE (envelope.isActive());
}
