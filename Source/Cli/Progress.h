#pragma once

#include <chrono>
#include <string>

namespace cli
{

/** A line of progress on stderr for what takes longer than a second; nothing where stderr is no terminal. */
class Progress
{
public:
    explicit Progress (std::string titleToShow);

    /** Takes the line away. */
    ~Progress();

    Progress (const Progress&) = delete;
    Progress& operator= (const Progress&) = delete;

    /** @param fraction  0 to 1 */
    void update (double fraction);

private:
    std::string title;
    bool isTerminal, isShown = false;
    std::chrono::steady_clock::time_point nextTime;
};

} // namespace cli
