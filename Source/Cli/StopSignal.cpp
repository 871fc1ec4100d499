#include "StopSignal.h"

#include <csignal>

namespace cli
{

namespace
{
std::atomic<bool> isStopped{ false };
struct sigaction oldInterrupt, oldTerminate;

void handle (int) { isStopped = true; }
} // namespace

StopSignal::StopSignal()
{
    isStopped = false;

    struct sigaction action{};
    action.sa_handler = handle;
    action.sa_flags = int (unsigned (SA_RESETHAND) | SA_RESTART);
    ::sigaction (SIGINT, &action, &oldInterrupt);
    ::sigaction (SIGTERM, &action, &oldTerminate);
}

StopSignal::~StopSignal()
{
    ::sigaction (SIGINT, &oldInterrupt, nullptr);
    ::sigaction (SIGTERM, &oldTerminate, nullptr);
}

const std::atomic<bool>& StopSignal::flag() const noexcept { return isStopped; }

} // namespace cli
