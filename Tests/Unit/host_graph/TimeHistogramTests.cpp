#include "GraphFixture.h"

TEST_CASE ("percentiles are right to a bucket's width")
{
    host::TimeHistogram histogram;
    REQUIRE (histogram.getPercentileMicros (0.5) == 0.0);

    for (std::uint64_t i = 1; i <= 10000; ++i)
        histogram.add (i * 100); // 0.1 to 1000 us

    REQUIRE (histogram.getCount() == 10000);
    REQUIRE (histogram.getPercentileMicros (0.5) == Approx (500.0).epsilon (0.07));
    REQUIRE (histogram.getPercentileMicros (0.99) == Approx (990.0).epsilon (0.07));
    REQUIRE (histogram.getMaxMicros() == Approx (1000.0));
    REQUIRE (histogram.getPercentileMicros (1.0) == Approx (1000.0));

    histogram.add (0);
    histogram.add (std::uint64_t (1) << 60);
    REQUIRE (histogram.getCount() == 10002);
}
