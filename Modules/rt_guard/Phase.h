#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace rt::guard
{

/** What a node was doing when it broke the rules. */
enum class Phase : std::uint8_t
{
    process,
    parameter,
    midi,
    state
};

/** "process", "parameter", "midi" or "state". */
constexpr const char* toString (Phase phase) noexcept
{
    switch (phase)
    {
        case Phase::process: return "process";
        case Phase::parameter: return "parameter";
        case Phase::midi: return "midi";
        case Phase::state: return "state";
    }

    return "";
}

/** The inverse of toString(). */
constexpr std::optional<Phase> parsePhase (std::string_view text) noexcept
{
    for (auto phase : { Phase::process, Phase::parameter, Phase::midi, Phase::state })
        if (text == toString (phase))
            return phase;

    return {};
}

} // namespace rt::guard
