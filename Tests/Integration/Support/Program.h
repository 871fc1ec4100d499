#pragma once

#include <nlohmann/json.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

/** A folder that is gone when the test is over. */
class TemporaryFolder
{
public:
    TemporaryFolder();
    ~TemporaryFolder();

    TemporaryFolder (const TemporaryFolder&) = delete;
    TemporaryFolder& operator= (const TemporaryFolder&) = delete;

    std::filesystem::path path;

    std::string file (const std::string& name) const { return (path / name).string(); }
    std::string write (const std::string& name, const std::string& contents) const;
};

std::string readText (const std::filesystem::path&);

/** Whether a process of AudioHost has this text in its command line. */
bool isRunning (const std::string& argument);

struct ProgramResult
{
    int exitCode = -1; ///< -1: ended by a signal
    int signal = 0;
    bool timedOut = false;
    std::string out, err;

    nlohmann::ordered_json json() const { return nlohmann::ordered_json::parse (out); }
};

/** AudioHost running in a folder and with settings of its own. */
class Program
{
public:
    Program();

    /** Runs to the end. `input` is empty: the program gets no standard input. */
    ProgramResult run (const std::vector<std::string>& arguments, std::chrono::seconds timeout = std::chrono::seconds (120));

    /** Runs, sends the signal after the delay, and waits for the end. */
    ProgramResult runAndSignal (const std::vector<std::string>& arguments, int signal, std::chrono::milliseconds delay);

    /** Runs, sends the signal once the condition, looked at every few milliseconds, holds, and waits for the end. */
    ProgramResult runAndSignalWhen (const std::vector<std::string>& arguments, int signal,
                                    const std::function<bool()>& condition);

    TemporaryFolder folder;
    std::vector<std::string> environment; ///< added: NAME=value; NAME alone takes it out
    std::string binary = AUDIOHOST_BINARY;
    std::string standardOutput;       ///< a file to write to in place of what becomes ProgramResult::out
    std::function<void()> beforeExec; ///< called in the new process, for limits and the like

private:
    ProgramResult start (const std::vector<std::string>& arguments, std::chrono::milliseconds timeout, int signal,
                         const std::function<bool()>& condition);
};

inline std::string testPlugin (const std::string& name) { return std::string (TEST_PLUGINS) + "/" + name + ".vst3"; }
