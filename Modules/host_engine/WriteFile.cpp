#include "WriteFile.h"

#include <host_graph/Error.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace host
{

void writeFileAtomically (const juce::File& file, const std::string& contents)
{
    const auto target = file.getFullPathName().toStdString();
    const auto aside = target + ".new";
    const auto fd = ::open (aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool isWritten = fd >= 0;
    std::size_t done = 0;

    while (isWritten && done < contents.size())
    {
        const auto count = ::write (fd, contents.data() + done, contents.size() - done);
        isWritten = count > 0 || (count < 0 && errno == EINTR);
        done += count > 0 ? std::size_t (count) : 0;
    }

    isWritten = isWritten && ::fsync (fd) == 0;
    auto reason = errno;

    if (fd >= 0)
        ::close (fd);

    if (isWritten)
    {
        isWritten = ::rename (aside.c_str(), target.c_str()) == 0;
        reason = errno;
    }

    if (isWritten)
        return;

    if (fd >= 0)
        ::unlink (aside.c_str());

    throw Error (target, std::string ("cannot be written: ") + std::strerror (reason),
                 "check the folder, who may write there, and the free space", Error::Kind::failed);
}

} // namespace host
