#pragma once

#include "../NodeProcessor.h"

#include <algorithm>
#include <atomic>
#include <vector>

namespace host
{

/** The parameters of a built-in node: plain units, written by the rendering thread, read by any. */
class ParameterStore
{
public:
    explicit ParameterStore (std::vector<ParameterInfo> list) : infos (std::move (list)), values (infos.size())
    {
        for (std::size_t i = 0; i < infos.size(); ++i)
        {
            infos[i].id = juce::String (int (i));
            values[i].store (infos[i].defaultValue, std::memory_order_relaxed);
        }
    }

    const std::vector<ParameterInfo>& getInfos() const noexcept { return infos; }

    float get (int index) const noexcept
    {
        return isValid (index) ? values[std::size_t (index)].load (std::memory_order_relaxed) : 0.0f;
    }

    void set (int index, float value) noexcept
    {
        if (! isValid (index) || ! (value == value))
            return;

        const auto& info = infos[std::size_t (index)];
        values[std::size_t (index)].store (std::clamp (value, info.minimum, info.maximum), std::memory_order_relaxed);
    }

private:
    bool isValid (int index) const noexcept { return index >= 0 && std::size_t (index) < infos.size(); }

    std::vector<ParameterInfo> infos;
    std::vector<std::atomic<float>> values;
};

} // namespace host
