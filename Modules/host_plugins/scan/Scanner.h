#pragma once

#include "../catalogue/Catalogue.h"
#include "../process/ChildProcess.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <vector>

namespace host
{

/** Looks at plugin files, each in a child process, so that what crashes or hangs there costs that file only.

    Before a file is looked at that is written down beside the catalogue, and afterwards what was found. A scan that was
    killed is resumed by the next one of the same files: what it had found is not looked at again.
*/
class Scanner
{
public:
    /** A file to be looked at. */
    struct Job
    {
        juce::String format;
        juce::File file;      ///< for LV2 a bundle
        bool isNamed = false; ///< the person named this very file, so "no plugin" is worth telling
    };

    struct Options
    {
        /** How long a child may be silent: it reports before and after each plugin of its file. */
        std::chrono::milliseconds timeout{ 30000 };

        int numChildren = 2; ///< at once; the results do not depend on it

        /** The child for a job, told from which plugin of the file on it is to look; by default this program's scan-child. */
        std::function<ChildProcess::Options (const Job&, int firstPlugin)> command;

        /** Told when a file is begun and when one is done; from several threads, one at a time. May be empty. */
        std::function<void (int numDone, int numJobs, const juce::File& current)> progress;

        /** When this becomes true the scan ends soon, and its result is what it has found. May be null. */
        const std::atomic<bool>* stop = nullptr;

        /** The write-ahead record; an invalid File for none. */
        juce::File journal;
    };

    struct Outcome
    {
        std::vector<ScannedFile> files; ///< in the order of the jobs, without those that were not reached
        int numResumed = 0;             ///< of them from the scan before this one, which was killed
        bool isComplete = true;         ///< false if it was stopped
    };

    explicit Scanner (Options);

    /** Blocks until all is looked at. The calling thread must not be the audio thread. The journal is left behind only if this
        process dies; a scan that is stopped through Options::stop takes it away. */
    Outcome run (const std::vector<Job>&);

    /** The files of the formats that lie in the paths, or, without paths, in the standard folders. A path that is a file is
        a job for whichever format it looks like; if for none, for the first.

        @param roots  receives the files and folders that were looked through
        Throws host::Error (unusable) for a path that does not exist.
    */
    static std::vector<Job> findJobs (const juce::StringArray& formats, const juce::StringArray& paths,
                                      juce::Array<juce::File>& roots);

private:
    class Journal;
    ScannedFile scan (const Job&) const;

    const Options options;
};

/** What the child does: `scan-child FORMAT FILE FIRST`. It reports each plugin on descriptor 3 and never returns. Message thread. */
[[noreturn]] void runScanChild (const juce::String& format, const juce::String& file, int firstPlugin);

} // namespace host
