#pragma once

#include <rt_queues/MirroredRing.h>

#include <catch2/catch.hpp>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace test
{

/** Sanitizers have page faults of their own, and lock no memory. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool isSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool isSanitized = true;
#else
constexpr bool isSanitized = false;
#endif
#else
constexpr bool isSanitized = false;
#endif

inline rt::MirroredRingOptions ringOf (std::size_t capacity, std::size_t alignment = 8)
{
    rt::MirroredRingOptions options;
    options.capacity = capacity;
    options.alignment = alignment;
    return options;
}

inline std::vector<std::byte> bytesOf (std::size_t size, std::uint64_t seed)
{
    std::vector<std::byte> bytes (size);

    for (std::size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<std::byte> (seed * 31 + i * 7 + i / 251);

    return bytes;
}

inline bool areSame (std::span<const std::byte> a, std::span<const std::byte> b)
{
    return a.size() == b.size() && (a.empty() || std::memcmp (a.data(), b.data(), a.size()) == 0);
}

inline std::span<const std::byte> asBytes (const std::string& text)
{
    return std::as_bytes (std::span (text.data(), text.size()));
}

inline std::string asText (std::span<const std::byte> bytes)
{
    return { static_cast<const char*> (static_cast<const void*> (bytes.data())), bytes.size() };
}

/** The text of the next message; "(none)" if there is none. */
template <typename Policy>
std::string readText (rt::RingReader<Policy>& reader)
{
    const auto message = reader.read();
    return message ? asText (message.getBytes()) : "(none)";
}

/** A ring's file as somebody sees it who keeps to no rules. */
class RawFile
{
public:
    explicit RawFile (int descriptor, std::size_t numBytes)
        : size (numBytes), memory (mmap (nullptr, numBytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0))
    {
        REQUIRE (memory != MAP_FAILED);
    }

    explicit RawFile (const rt::MirroredRing& ring)
        : RawFile (ring.getDescriptor(), static_cast<std::size_t> (sysconf (_SC_PAGESIZE)) + ring.getDataBytes())
    {
    }

    ~RawFile() { munmap (memory, size); }
    RawFile (const RawFile&) = delete;
    RawFile& operator= (const RawFile&) = delete;

    template <typename T>
    T& at (std::size_t offset) const
    {
        return *static_cast<T*> (static_cast<void*> (static_cast<std::byte*> (memory) + offset));
    }

    rt::detail::RingHeader<rt::StdPolicy>& header() const { return at<rt::detail::RingHeader<rt::StdPolicy>> (0); }
    rt::detail::RingGeometry& geometry() const { return header().geometry; }

    /** The word of the message at that position, for an alignment of 8. */
    std::uint64_t& wordAt (std::size_t position) const
    {
        return at<std::uint64_t> (static_cast<std::size_t> (sysconf (_SC_PAGESIZE)) + position);
    }

private:
    std::size_t size;
    void* memory;
};

/** Runs this in another process; true if it said so. */
inline bool doesInChild (const std::function<bool()>& work)
{
    const auto child = fork();
    REQUIRE (child >= 0);

    if (child == 0)
    {
        auto isRight = false;

        try
        {
            isRight = work();
        }
        catch (...)
        {
        }

        _exit (isRight ? 0 : 1);
    }

    int status = 0;
    REQUIRE (waitpid (child, &status, 0) == child);
    return WIFEXITED (status) && WEXITSTATUS (status) == 0;
}

/** Runs this in another process, which then kills itself as kill -9 does. */
inline void dieAfter (const std::function<void()>& work)
{
    const auto child = fork();
    REQUIRE (child >= 0);

    if (child == 0)
    {
        work();
        kill (getpid(), SIGKILL);
    }

    int status = 0;
    REQUIRE (waitpid (child, &status, 0) == child);
    REQUIRE ((WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL));
}

/** The reason why the function throws a MirroredRingError; its text goes to `text`. */
template <typename Function>
rt::MirroredRingError::Reason reasonOf (Function&& function, std::string* text = nullptr)
{
    try
    {
        function();
    }
    catch (const rt::MirroredRingError& error)
    {
        if (text != nullptr)
            *text = error.what();

        return error.getReason();
    }

    FAIL ("nothing was thrown");
    return {};
}

} // namespace test
