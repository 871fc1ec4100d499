// A ring of huge pages, where the kernel has any; the exit code 77 says that it has none, and that nothing was tested but that
// the error says so.

#include <rt_queues/MirroredRing.h>

#include <cstdio>
#include <cstring>
#include <string>

namespace
{

int fail (const char* what)
{
    std::printf ("FAILED: %s\n", what);
    return 1;
}

int play()
{
    rt::MirroredRingOptions options;
    options.capacity = 100'000;
    options.pages = rt::MirroredRingOptions::Pages::huge;
    options.mapping.populate = true;
    const auto ring = rt::MirroredRing::createAnonymous (options);

    if (ring.getDataBytes() < (1u << 21) || ring.getDataBytes() % (1u << 21) != 0)
        return fail ("a ring of huge pages consists of them");

    auto writer = ring.attachWriter();
    auto reader = rt::MirroredRing::openDescriptor (ring.getDescriptor()).attachReader();

    for (int i = 0; i < 100; ++i)
    {
        auto message = writer.reserve (ring.getLargestMessage() - static_cast<std::size_t> (8 * i));
        std::memset (message.getBytes().data(), i, message.getBytes().size());
        message.commit();
        const auto received = reader.read();

        for (const auto byte : received.getBytes())
            if (byte != static_cast<std::byte> (i))
                return fail ("messages go over the ring's end");

        if (received.getBytes().size() != ring.getLargestMessage() - static_cast<std::size_t> (8 * i))
            return fail ("messages arrive whole");
    }

    return 0;
}

} // namespace

int main()
{
    try
    {
        return play();
    }
    catch (const rt::MirroredRingError& error)
    {
        if (error.getReason() != rt::MirroredRingError::Reason::noHugePages
            || std::string (error.what()).find ("normal") == std::string::npos)
            return fail (error.what());

        std::printf ("SKIPPED: this machine has no huge pages (%s)\n", error.what());
        return 77;
    }
}
