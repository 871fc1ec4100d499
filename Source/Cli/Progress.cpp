#include "Progress.h"

#include <algorithm>
#include <iostream>
#include <unistd.h>

namespace cli
{

Progress::Progress (std::string titleToShow)
    : title (std::move (titleToShow)), isTerminal (::isatty (STDERR_FILENO) != 0),
      nextTime (std::chrono::steady_clock::now() + std::chrono::seconds (1))
{
}

Progress::~Progress()
{
    if (isShown)
        std::cerr << "\r\033[K" << std::flush;
}

void Progress::update (double fraction)
{
    const auto now = std::chrono::steady_clock::now();

    if (! isTerminal || now < nextTime)
        return;

    nextTime = now + std::chrono::milliseconds (100);
    isShown = true;

    constexpr int width = 30;
    const auto filled = std::size_t (std::clamp (fraction, 0.0, 1.0) * width);
    std::cerr << "\r\033[K" << title << " [" << std::string (filled, '#') << std::string (width - filled, ' ') << "] "
              << int (std::clamp (fraction, 0.0, 1.0) * 100.0) << " %" << std::flush;
}

} // namespace cli
