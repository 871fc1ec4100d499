#include "FileSizeLimit.h"

#include <host_graph/Error.h>
#include <host_plugins/WriteFile.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace
{
struct WriteFile
{
    WriteFile() : folder (fs::temp_directory_path() / ("writefile-" + std::to_string (::getpid())))
    {
        fs::remove_all (folder);
        fs::create_directories (folder);
    }

    ~WriteFile() { fs::remove_all (folder); }

    static void write (const fs::path& path, const std::string& contents)
    {
        host::writeFileAtomically (juce::File (path.string()), contents);
    }

    static std::string read (const fs::path& path)
    {
        std::ostringstream contents;
        contents << std::ifstream (path, std::ios::binary).rdbuf();
        return contents.str();
    }

    static std::string errorOf (const fs::path& path, const std::string& contents)
    {
        try
        {
            write (path, contents);
        }
        catch (const host::Error& error)
        {
            CHECK (error.getKind() == host::Error::Kind::failed);
            return error.what();
        }

        return "nothing was thrown";
    }

    static mode_t modeOf (const fs::path& path)
    {
        struct stat status{};
        REQUIRE (::lstat (path.c_str(), &status) == 0);
        return status.st_mode & 07777;
    }

    std::vector<std::string> names() const
    {
        std::vector<std::string> result;

        for (const auto& entry : fs::directory_iterator (folder))
            result.push_back (entry.path().filename());

        std::sort (result.begin(), result.end());
        return result;
    }

    fs::path folder;
};
} // namespace

TEST_CASE_METHOD (WriteFile, "a file is written whole, new or in place of an old one, and nothing stays beside it")
{
    const auto file = folder / "a";
    const auto large = std::string (3000000, 'x') + std::string ("\0\n\xff", 3);

    for (const auto& contents : { std::string ("one"), large, std::string(), std::string ("two\n") })
    {
        write (file, contents);
        REQUIRE ((read (file) == contents));
        REQUIRE (names() == std::vector<std::string>{ "a" });
    }
}

TEST_CASE_METHOD (WriteFile, "a file keeps its permissions, and a new one gets those of the process")
{
    const auto file = folder / "a";
    const auto mask = ::umask (027);
    write (file, "1");
    ::umask (mask);
    CHECK (modeOf (file) == 0640);

    for (const mode_t mode : { 0600u, 0644u, 0666u, 0755u })
    {
        REQUIRE (::chmod (file.c_str(), mode) == 0);
        write (file, "2");
        CHECK (modeOf (file) == mode);
    }
}

TEST_CASE_METHOD (WriteFile, "the superuser's save leaves a file to whom it belongs")
{
    if (::geteuid() != 0)
        return;

    const auto file = folder / "a";
    write (file, "1");
    REQUIRE (::chown (file.c_str(), 12345, 23456) == 0);
    write (file, "2");

    struct stat status{};
    REQUIRE (::stat (file.c_str(), &status) == 0);
    CHECK (status.st_uid == 12345);
    CHECK (status.st_gid == 23456);
}

TEST_CASE_METHOD (WriteFile, "a file that may not be written to is left alone")
{
    const auto file = folder / "a";
    write (file, "old");
    fs::permissions (folder, fs::perms::all);
    REQUIRE (::chmod (file.c_str(), 0444) == 0);

    // The superuser may write anything, and so has to be somebody else for a moment.
    const auto isSuperuser = ::geteuid() == 0;

    if (isSuperuser)
        REQUIRE (::seteuid (65534) == 0);

    const auto error = errorOf (file, "new");

    if (isSuperuser)
        REQUIRE (::seteuid (0) == 0);

    CHECK_THAT (error, Contains (file.string()) && Contains ("cannot be written: Permission denied"));
    CHECK (read (file) == "old");
    CHECK (names() == std::vector<std::string>{ "a" });
}

TEST_CASE_METHOD (WriteFile, "a symbolic link stays one, and what it points to is written")
{
    fs::create_directories (folder / "there");
    write (folder / "there/target", "old");
    REQUIRE (::chmod ((folder / "there/target").c_str(), 0600) == 0);
    fs::create_symlink ("there/target", folder / "relative");
    fs::create_symlink (folder / "relative", folder / "absolute");
    fs::create_symlink ("there/missing", folder / "dangling");
    fs::create_symlink ("round", folder / "round");

    write (folder / "absolute", "new");
    CHECK (fs::is_symlink (folder / "absolute"));
    CHECK (fs::is_symlink (folder / "relative"));
    CHECK (read (folder / "there/target") == "new");
    CHECK (modeOf (folder / "there/target") == 0600);

    write (folder / "dangling", "made");
    CHECK (fs::is_symlink (folder / "dangling"));
    CHECK (read (folder / "there/missing") == "made");

    CHECK_THAT (errorOf (folder / "round", "x"), Contains ("symbolic links"));
    CHECK (names() == std::vector<std::string>{ "absolute", "dangling", "relative", "round", "there" });
    CHECK (std::distance (fs::directory_iterator (folder / "there"), {}) == 2);
}

TEST_CASE_METHOD (WriteFile, "a write that fails half way leaves the old file, and nothing beside it")
{
    const auto file = folder / "a";
    write (file, "old");

    {
        const FileSizeLimit limit (100000);
        CHECK_THAT (errorOf (file, std::string (200000, 'x')),
                    Contains (file.string()) && Contains ("cannot be written: File too large"));
        CHECK_THAT (errorOf (folder / "b", std::string (200000, 'x')), Contains ("cannot be written"));
        CHECK (names() == std::vector<std::string>{ "a" });
    }

    CHECK (read (file) == "old");

    // A folder is no file, and there is no file in one that is not there.
    fs::create_directories (folder / "c");
    CHECK_THAT (errorOf (folder / "c", "x"), Contains ("Is a directory"));
    CHECK_THAT (errorOf (folder / "none/x", "x"), Contains ("No such file or directory"));
    CHECK_THAT (errorOf (folder / "a/x", "x"), Contains ("Not a directory"));
    CHECK_THAT (errorOf (folder / std::string (300, 'n'), "x"), Contains ("File name too long"));
    CHECK (names() == std::vector<std::string>{ "a", "c" });
}

TEST_CASE_METHOD (WriteFile, "the longest name that there is has room for the file written aside")
{
    const auto file = folder / std::string (255, 'n');
    write (file, "x");
    CHECK (read (file) == "x");
    CHECK (names().size() == 1);
}

TEST_CASE_METHOD (WriteFile, "devices and pipes are written to, and stay what they are")
{
    CHECK_THAT (errorOf ("/dev/full", "x"), Contains ("No space left"));
    CHECK (fs::is_character_file ("/dev/full"));
    write ("/dev/null", "x");
    CHECK (fs::is_character_file ("/dev/null"));

    const auto pipe = folder / "pipe";
    REQUIRE (::mkfifo (pipe.c_str(), 0600) == 0);
    CHECK_THAT (errorOf (pipe, "nobody reads"), Contains ("cannot be written"));

    // More than a pipe holds: the writer waits for the reader.
    const std::string contents (300000, 'p');
    std::string received;
    const auto reader = ::open (pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    REQUIRE (reader >= 0);
    REQUIRE (::fcntl (reader, F_SETFL, 0) == 0);
    std::atomic<bool> isOpen{ false };

    std::thread thread (
        [&]
        {
            std::vector<char> buffer (65536);

            while (received.size() < contents.size())
            {
                const auto count = ::read (reader, buffer.data(), buffer.size());

                if (count < 0 || (count == 0 && isOpen))
                    break;

                received.append (buffer.data(), static_cast<std::size_t> (count));
            }
        });

    write (pipe, contents);
    isOpen = true;
    thread.join();
    ::close (reader);
    CHECK (received == contents);
    CHECK (names() == std::vector<std::string>{ "pipe" });
}

TEST_CASE_METHOD (WriteFile, "many writers at once never mix their words")
{
    const auto file = folder / "a";
    std::vector<std::thread> threads;

    for (char name = 'a'; name < 'e'; ++name)
        threads.emplace_back (
            [&, name]
            {
                for (int i = 0; i < 30; ++i)
                    write (file, std::string (std::size_t (1000 * (name - 'a' + 1)), name));
            });

    for (auto& thread : threads)
        thread.join();

    const auto contents = read (file);
    REQUIRE (! contents.empty());
    CHECK (contents == std::string (std::size_t (1000 * (contents[0] - 'a' + 1)), contents[0]));
    CHECK (names() == std::vector<std::string>{ "a" });
}
