#include "State.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace vst3
{

using namespace Steinberg;

static_assert (std::endian::native == std::endian::little, "The state is written as little-endian");

namespace
{

struct Header
{
    char magic[4];
    std::uint32_t count;
};

struct Entry
{
    std::uint32_t id;
    std::uint32_t reserved;
    double value;
};

constexpr char magic[4] = { 'A', 'H', 'v', '1' };
constexpr std::uint32_t maxEntries = 4096;

template <typename Type>
bool read (IBStream& stream, Type& object)
{
    char bytes[sizeof (Type)];

    for (int32 done = 0; done < static_cast<int32> (sizeof (Type));)
    {
        int32 n = 0;

        if (stream.read (bytes + done, static_cast<int32> (sizeof (Type)) - done, &n) != kResultOk || n <= 0)
            return false;

        done += n;
    }

    std::memcpy (&object, bytes, sizeof (Type));
    return true;
}

template <typename Type>
bool write (IBStream& stream, const Type& object)
{
    char bytes[sizeof (Type)];
    std::memcpy (bytes, &object, sizeof (Type));
    int32 n = 0;
    return stream.write (bytes, static_cast<int32> (sizeof (Type)), &n) == kResultOk
           && n == static_cast<int32> (sizeof (Type));
}

} // namespace

bool writeState (IBStream* stream, const std::vector<std::atomic<double>>& values)
{
    if (stream == nullptr)
        return false;

    Header header{};
    std::copy (std::begin (magic), std::end (magic), std::begin (header.magic));
    header.count = static_cast<std::uint32_t> (values.size());

    if (! write (*stream, header))
        return false;

    for (std::uint32_t i = 0; i < header.count; ++i)
        if (! write (*stream, Entry{ i, 0, values[i] }))
            return false;

    return true;
}

bool readState (IBStream* stream, std::vector<std::atomic<double>>& values)
{
    Header header{};

    if (stream == nullptr || ! read (*stream, header) || ! std::equal (std::begin (magic), std::end (magic), header.magic)
        || header.count > maxEntries)
        return false;

    std::vector<Entry> entries (header.count);

    for (auto& entry : entries)
        if (! read (*stream, entry))
            return false;

    for (const auto& entry : entries)
        if (entry.id < values.size() && std::isfinite (entry.value))
            values[entry.id] = std::clamp (entry.value, 0.0, 1.0);

    return true;
}

} // namespace vst3
