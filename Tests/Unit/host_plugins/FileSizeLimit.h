#pragma once

#include <catch2/catch.hpp>

#include <csignal>
#include <sys/resource.h>

/** While it lives no file of this process grows beyond so many bytes: what a full disk does, for the superuser too. */
class FileSizeLimit
{
public:
    explicit FileSizeLimit (rlim_t bytes) : oldHandler (std::signal (SIGXFSZ, SIG_IGN))
    {
        REQUIRE (getrlimit (RLIMIT_FSIZE, &old) == 0);
        auto limit = old;
        limit.rlim_cur = bytes;
        REQUIRE (setrlimit (RLIMIT_FSIZE, &limit) == 0);
    }

    ~FileSizeLimit()
    {
        setrlimit (RLIMIT_FSIZE, &old);
        std::signal (SIGXFSZ, oldHandler);
    }

    FileSizeLimit (const FileSizeLimit&) = delete;
    FileSizeLimit& operator= (const FileSizeLimit&) = delete;

private:
    void (*oldHandler) (int);
    rlimit old{};
};
