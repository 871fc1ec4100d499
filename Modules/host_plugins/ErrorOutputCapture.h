#pragma once

#include <string>

namespace host
{

/** While it lives, what this process prints on standard error is kept from there: for libraries that have no other way to
    report. It goes for all threads, so it must be short. Message thread; one may begin and end within another. */
class ErrorOutputCapture
{
public:
    ErrorOutputCapture();
    ~ErrorOutputCapture();

    ErrorOutputCapture (const ErrorOutputCapture&) = delete;
    ErrorOutputCapture& operator= (const ErrorOutputCapture&) = delete;

    /** The first line so far, without its newline; empty if nothing was printed. */
    std::string getFirstLine() const;

private:
    int original = -1, kept = -1; // -1: there are no descriptors left, and nothing is captured
};

} // namespace host
