// Plugins that meddle with the process that they are in, or end it in an unusual way; and plugins whose fault is what they put
// out, or how long they take. Each passes sound through besides. Those that act in process() do so in the 100th block; what they
// do to descriptor 3 is meant for whoever runs plugins in children and hears of them through it.

#include "TestPlugin.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace
{

constexpr int recordDescriptor = 3;

[[noreturn]] void waitForEver()
{
    for (;;)
        pause();
}

void writeTo (int descriptor, const char* text)
{
    [[maybe_unused]] const auto written = write (descriptor, text, std::strlen (text));
}

void endAtOnce() { _exit (0); }
void endQuickly() { std::quick_exit (0); }
void throwException() { throw std::runtime_error ("nobody catches this"); }
void killItself() { raise (SIGKILL); }

void closeAll() { close_range (recordDescriptor, ~0u, 0); }

/** The file that it opens instead gets the descriptor's number. TEST_MISCHIEF_FILE says which. */
void takeDescriptor()
{
    close (recordDescriptor);
    const auto* file = std::getenv ("TEST_MISCHIEF_FILE");
    [[maybe_unused]] const auto opened = open (file != nullptr ? file : "/dev/null", O_RDWR | O_CREAT, 0600);
}

/** What is no record, with and without an end; what looks like one; and half of one. */
void writeRecords()
{
    writeTo (recordDescriptor,
             "noise\n{\"done\":true}\n{\"name\":5}\n\x1e{\"progress\":7}\n\x1e[1,2]\n\x1e{\"results\":{}}\nmore noise");
}

/** Leaves behind a process that holds the pipe, and dies. */
void forkAndCrash()
{
    if (fork() == 0)
        waitForEver();

    raise (SIGSEGV);
}

template <void (*act)()>
class InProcess final : public test::PassThrough
{
    void process (const vst3::Block& block) noexcept override
    {
        if (block.isFirst && ++blocks == 100)
            act();

        PassThrough::process (block);
    }

    int blocks = 0;
};

/** Only one that has played: hosts make others to ask them for their names. */
template <void (*act)()>
class AtEnd final : public test::PassThrough
{
public:
    ~AtEnd() override
    {
        if (hasPlayed)
            act();
    }

private:
    void process (const vst3::Block& block) noexcept override
    {
        hasPlayed = true;
        PassThrough::process (block);
    }

    bool hasPlayed = false;
};

//======================================================================================================================
/** A sine, whatever comes in. */
class Hum final : public test::PassThrough
{
    void process (const vst3::Block& block) noexcept override
    {
        for (int i = 0; i < block.numSamples; ++i)
        {
            phase = phase < 6.28f ? phase + 0.05f : phase - 6.28f;

            for (std::size_t c = 0; c < 2; ++c)
                block.out[c][i] = block.in[c][i] + 0.01f * std::sin (phase);
        }
    }

    float phase = 0.0f;
};

/** Computes for two milliseconds in every block of 64 samples, by a clock that is read without a system call. */
class Slow final : public test::PassThrough
{
    void process (const vst3::Block& block) noexcept override
    {
        using Clock = std::chrono::steady_clock;
        const auto end = Clock::now() + std::chrono::milliseconds (2);

        while (block.numSamples == 64 && Clock::now() < end)
        {
        }

        PassThrough::process (block);
    }
};

template <typename Plugin>
vst3::PluginClass makeClass (std::uint32_t number, const char* name)
{
    return test::makeEffect<Plugin> (0x600 + number, name);
}

} // namespace

std::vector<vst3::PluginClass> vst3::getPluginClasses()
{
    return { makeClass<InProcess<endAtOnce>> (0, "EndsAtOnce"),
             makeClass<InProcess<endQuickly>> (1, "EndsQuickly"),
             makeClass<InProcess<throwException>> (2, "Throws"),
             makeClass<InProcess<killItself>> (3, "KillsItself"),
             makeClass<InProcess<closeAll>> (4, "ClosesAll"),
             makeClass<InProcess<takeDescriptor>> (5, "TakesDescriptor"),
             makeClass<InProcess<writeRecords>> (6, "WritesRecords"),
             makeClass<InProcess<forkAndCrash>> (7, "ForksAndCrashes"),
             makeClass<AtEnd<std::abort>> (8, "CrashesAtEnd"),
             makeClass<AtEnd<waitForEver>> (9, "HangsAtEnd"),
             makeClass<AtEnd<endAtOnce>> (10, "EndsAtEnd"),
             makeClass<Hum> (11, "Hums"),
             makeClass<Slow> (12, "IsSlow") };
}
