#include "Program.h"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

TemporaryFolder::TemporaryFolder()
{
    auto pattern = (std::filesystem::temp_directory_path() / "audiohost-test-XXXXXX").string();
    path = ::mkdtemp (pattern.data());
}

TemporaryFolder::~TemporaryFolder()
{
    std::error_code ignored;
    std::filesystem::remove_all (path, ignored);
}

std::string TemporaryFolder::write (const std::string& name, const std::string& contents) const
{
    std::ofstream (path / name, std::ios::binary) << contents;
    return file (name);
}

std::string readText (const std::filesystem::path& file)
{
    std::ostringstream contents;
    contents << std::ifstream (file, std::ios::binary).rdbuf();
    return contents.str();
}

bool isRunning (const std::string& argument)
{
    for (const auto& entry : std::filesystem::directory_iterator ("/proc"))
    {
        // A zombie has no command line any more.
        const auto commandLine = readText (entry.path() / "cmdline");

        if (commandLine.find ("AudioHost") != std::string::npos && commandLine.find (argument) != std::string::npos)
            return true;
    }

    return false;
}

Program::Program()
{
    environment.push_back ("AUDIOHOST_HOME=" + folder.file ("home"));

    // Whatever the plugins of a test do, the host must not break the rules itself. (With a sanitizer's allocator in between, blame
    // is not to be had.)
    if (! AUDIOHOST_SANITIZED)
        environment.push_back ("AUDIOHOST_ABORT_ON_HOST_VIOLATIONS=1");
}

ProgramResult Program::run (const std::vector<std::string>& arguments, std::chrono::seconds timeout)
{
    return start (arguments, timeout, 0, {});
}

ProgramResult Program::runAndSignal (const std::vector<std::string>& arguments, int signal, std::chrono::milliseconds delay)
{
    const auto when = std::chrono::steady_clock::now() + delay;
    return start (arguments, std::chrono::seconds (120), signal, [when] { return std::chrono::steady_clock::now() > when; });
}

ProgramResult Program::runAndSignalWhen (const std::vector<std::string>& arguments, int signal,
                                         const std::function<bool()>& condition)
{
    return start (arguments, std::chrono::seconds (120), signal, condition);
}

ProgramResult Program::start (const std::vector<std::string>& arguments, std::chrono::milliseconds timeout, int signal,
                              const std::function<bool()>& condition)
{
    const auto out = folder.file ("stdout"), err = folder.file ("stderr");
    const auto child = ::fork();

    if (child == 0)
    {
        ::setpgid (0, 0);
        ::dup2 (::open ("/dev/null", O_RDONLY), 0);
        ::dup2 (::open (standardOutput.empty() ? out.c_str() : standardOutput.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666),
                1);
        ::dup2 (::open (err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666), 2);
        ::unsetenv ("DISPLAY");

        for (const auto& entry : environment)
            ::putenv (::strdup (entry.c_str()));

        if (::chdir (folder.path.c_str()) != 0)
            ::_exit (126);

        if (beforeExec)
            beforeExec();

        std::vector<char*> argv{ ::strdup (binary.c_str()) };

        for (const auto& argument : arguments)
            argv.push_back (::strdup (argument.c_str()));

        argv.push_back (nullptr);
        ::execv (binary.c_str(), argv.data());
        ::_exit (127);
    }

    ProgramResult result;
    const auto begin = std::chrono::steady_clock::now();
    auto isSignalled = signal == 0;
    int status = 0;

    while (::waitpid (child, &status, WNOHANG) == 0)
    {
        const auto elapsed = std::chrono::steady_clock::now() - begin;

        if (! isSignalled && condition())
        {
            ::kill (child, signal);
            isSignalled = true;
        }

        if (elapsed > timeout && ! result.timedOut)
        {
            result.timedOut = true;
            ::kill (-child, SIGKILL);
        }

        std::this_thread::sleep_for (std::chrono::milliseconds (2));
    }

    if (WIFEXITED (status))
        result.exitCode = WEXITSTATUS (status);
    else
        result.signal = WTERMSIG (status);

    result.out = standardOutput.empty() ? readText (out) : std::string();
    result.err = readText (err);
    return result;
}
