#include "ErrorOutputCapture.h"

#include <array>
#include <cstdio>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace host
{

ErrorOutputCapture::ErrorOutputCapture()
{
    std::fflush (stderr);
    kept = memfd_create ("audiohost-stderr", MFD_CLOEXEC);

    if (kept < 0)
        return;

    original = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

    if (original >= 0)
        dup2 (kept, STDERR_FILENO);
}

ErrorOutputCapture::~ErrorOutputCapture()
{
    if (original >= 0)
    {
        std::fflush (stderr);
        dup2 (original, STDERR_FILENO);
        close (original);
    }

    if (kept >= 0)
        close (kept);
}

std::string ErrorOutputCapture::getFirstLine() const
{
    std::array<char, 512> start{};
    const auto numRead = kept >= 0 ? pread (kept, start.data(), start.size(), 0) : 0;
    const std::string text (start.data(), numRead > 0 ? static_cast<std::size_t> (numRead) : 0);
    return text.substr (0, text.find ('\n'));
}

} // namespace host
