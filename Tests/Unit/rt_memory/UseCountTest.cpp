#include <rt_memory/detail/UseCount.h>

#include <catch2/catch.hpp>

using rt::detail::UseCount;

TEST_CASE ("A use count says which share was the last")
{
    UseCount count;
    CHECK (count.get() == 1);
    count.add();
    count.add();
    CHECK (count.get() == 3);
    CHECK (! count.remove());
    CHECK (! count.remove());
    CHECK (count.get() == 1);
    CHECK (count.remove());
}

TEST_CASE ("A use count up to its limit counts exactly")
{
    UseCount count (UseCount::limit - 1);
    count.add();
    CHECK (count.get() == UseCount::limit);
    CHECK (! count.remove());
    CHECK (count.get() == UseCount::limit - 1);
}

TEST_CASE ("A use count beyond its limit is stuck, and never says last again")
{
    UseCount count (UseCount::limit);
    count.add();
    CHECK (count.get() == UseCount::stuck);

    for (int i = 0; i < 1000; ++i)
    {
        count.add();
        CHECK (count.get() == UseCount::stuck);
    }

    for (int i = 0; i < 2000; ++i)
    {
        CHECK (! count.remove());
        CHECK (count.get() == UseCount::stuck);
    }
}
