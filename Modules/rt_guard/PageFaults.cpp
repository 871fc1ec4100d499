#include "PageFaults.h"

#include <sys/resource.h>

namespace rt::guard
{

PageFaults PageFaults::read() noexcept
{
    rusage usage{};
    ::getrusage (RUSAGE_THREAD, &usage);
    return { static_cast<std::uint64_t> (usage.ru_minflt), static_cast<std::uint64_t> (usage.ru_majflt) };
}

} // namespace rt::guard
