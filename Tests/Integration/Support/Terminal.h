#pragma once

#include <string>
#include <thread>

/** A terminal that nobody looks at, and what is written on it. */
class Terminal
{
public:
    Terminal();
    ~Terminal();

    Terminal (const Terminal&) = delete;
    Terminal& operator= (const Terminal&) = delete;

    /** Makes it standard error, in a new process. */
    void becomeStandardError() const;

    /** All that was written, once those who wrote have ended. */
    std::string takeText();

private:
    int master = -1, slave = -1;
    std::string text;
    std::thread reader;
};
