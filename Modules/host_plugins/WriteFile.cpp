#include "WriteFile.h"

#include <host_graph/Error.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace host
{

namespace writing
{
/** An open file; a call that fails throws the system's error number. */
class Descriptor
{
public:
    Descriptor (const std::string& path, int flags, mode_t mode = 0)
        : number (::open (path.c_str(), flags | O_CLOEXEC, mode))
    {
        if (number < 0)
            throw errno;
    }

    ~Descriptor()
    {
        if (number >= 0)
            ::close (number);
    }

    Descriptor (const Descriptor&) = delete;
    Descriptor& operator= (const Descriptor&) = delete;

    int get() const noexcept { return number; }

    void write (const std::string& contents) const
    {
        for (std::size_t done = 0; done < contents.size();)
        {
            const auto count = ::write (number, contents.data() + done, contents.size() - done);

            if (count == 0 || (count < 0 && errno != EINTR))
                throw count == 0 ? ENOSPC : errno;

            done += count > 0 ? static_cast<std::size_t> (count) : 0;
        }
    }

    void close()
    {
        // Some file systems tell only here that there was no room.
        if (::close (std::exchange (number, -1)) != 0 && errno != EINTR)
            throw errno;
    }

private:
    int number;
};

/** The path at the end of a chain of symbolic links, whether or not something is there. */
static std::string followLinks (std::string path)
{
    for (int links = 0; links < 40; ++links)
    {
        std::string target (4096, '\0');
        const auto length = ::readlink (path.c_str(), target.data(), target.size());

        if (length < 0)
            return path; // no link, or nothing at all

        target.resize (static_cast<std::size_t> (length));

        if (target.starts_with ('/'))
            path = target;
        else
            path.replace (path.rfind ('/') + 1, std::string::npos, target);
    }

    throw ELOOP;
}

/** A name in the same folder that nobody else uses. */
static std::string nameAside (const std::string& path)
{
    static std::atomic<unsigned> count{ 0 };
    const auto end = ".new-" + std::to_string (::getpid()) + "-" + std::to_string (++count);
    const auto slash = path.rfind ('/') + 1;

    // The longest name that a file may have has no room for more.
    return path.substr (0, slash) + path.substr (slash, 200) + end;
}

static void writeInPlace (const std::string& path, const std::string& contents)
{
    // A pipe that nobody reads from would wait for ever to be opened.
    Descriptor file (path, O_WRONLY | O_NONBLOCK | O_NOCTTY);

    if (::fcntl (file.get(), F_SETFL, 0) != 0)
        throw errno;

    file.write (contents);
    file.close();
}

static void writeAside (const std::string& path, const std::optional<struct stat>& old, const std::string& contents)
{
    auto aside = nameAside (path);

    const auto create = [&]
    {
        for (int attempt = 0;; ++attempt)
        {
            try
            {
                return std::make_unique<Descriptor> (aside, O_WRONLY | O_CREAT | O_EXCL, mode_t (0666));
            }
            catch (const int error)
            {
                // Left behind by a process of the same number that was killed.
                if (error != EEXIST || attempt == 1000)
                    throw;

                aside = nameAside (path);
            }
        }
    };

    auto file = create();

    try
    {
        if (old)
        {
            // Only the superuser may give files away; that the file becomes the writer's own is no reason not to save. Its
            // set-id bits would then be another's, so they go with the owner.
            const auto isOwnerKept = ::fchown (file->get(), old->st_uid, old->st_gid) == 0;

            if (::fchmod (file->get(), old->st_mode & (isOwnerKept ? 07777u : 0777u)) != 0)
                throw errno;
        }

        file->write (contents);

        if (::fsync (file->get()) != 0)
            throw errno;

        file->close();

        if (::rename (aside.c_str(), path.c_str()) != 0)
            throw errno;
    }
    catch (const int)
    {
        ::unlink (aside.c_str());
        throw;
    }

    // The new name lasts only once the folder is on the disk as well. Not every file system can do that, and the file is there.
    try
    {
        const Descriptor folder (path.substr (0, path.rfind ('/') + 1), O_RDONLY | O_DIRECTORY);
        ::fsync (folder.get());
    }
    catch (const int)
    {
    }
}
} // namespace writing

void writeFileAtomically (const juce::File& file, const std::string& contents)
{
    using namespace writing;
    const auto path = file.getFullPathName().toStdString();

    try
    {
        struct stat status{};

        if (::stat (path.c_str(), &status) != 0)
        {
            if (errno != ENOENT)
                throw errno;

            writeAside (followLinks (path), {}, contents);
        }
        else if (S_ISDIR (status.st_mode))
            throw EISDIR;
        else if (! S_ISREG (status.st_mode))
            writeInPlace (path, contents);
        else if (::faccessat (AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0)
            throw errno;
        else
            writeAside (followLinks (path), status, contents);
    }
    catch (const int error)
    {
        throw Error (path, std::string ("cannot be written: ") + std::strerror (error),
                     "check the folder, who may write there, and the free space", Error::Kind::failed);
    }
}

} // namespace host
