#include "Terminal.h"

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <stdexcept>
#include <termios.h>
#include <unistd.h>

Terminal::Terminal()
{
    master = ::posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (master < 0 || ::grantpt (master) != 0 || ::unlockpt (master) != 0
        || (slave = ::open (::ptsname (master), O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0)
        throw std::runtime_error ("there is no pseudo-terminal to be had");

    // What is written comes as it is, line ends included.
    termios settings{};
    ::tcgetattr (slave, &settings);
    ::cfmakeraw (&settings);
    ::tcsetattr (slave, TCSANOW, &settings);

    // All the time: it holds a few kilobytes, and whoever writes more would wait.
    reader = std::thread (
        [this]
        {
            std::array<char, 4096> part{};

            for (ssize_t size = 0; (size = ::read (master, part.data(), part.size())) > 0;)
                text.append (part.data(), static_cast<std::size_t> (size));
        });
}

Terminal::~Terminal()
{
    takeText();
    ::close (master);
}

void Terminal::becomeStandardError() const { ::dup2 (slave, STDERR_FILENO); }

std::string Terminal::takeText()
{
    // The reader ends when the last of the writers is gone.
    if (reader.joinable())
    {
        ::close (slave);
        reader.join();
    }

    return text;
}
