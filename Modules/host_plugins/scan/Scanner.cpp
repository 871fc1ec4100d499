#include "Scanner.h"

#include "../PluginFormats.h"
#include "../PluginPaths.h"
#include "../Vst3Bundle.h"

#include <host_graph/Error.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

namespace host
{

using ordered_json = nlohmann::ordered_json;

//======================================================================================================================
/** A JSON line for each event: {"scanning": job}, {"done": job, "result": ...}. Locked by its user. */
class Scanner::Journal
{
public:
    /** Takes over what a killed scan left behind. */
    explicit Journal (const juce::File& fileToUse) : file (fileToUse)
    {
        if (file == juce::File())
            return;

        readOld();
        file.getParentDirectory().createDirectory();

        // A new journal begins with what is known from the old, so that a second kill loses nothing either.
        const auto aside = file.getFullPathName().toStdString() + ".new";
        descriptor = open (aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_APPEND, 0644);

        for (const auto& [key, line] : done)
            write (line);

        if (descriptor >= 0)
            rename (aside.c_str(), file.getFullPathName().toRawUTF8());
    }

    ~Journal()
    {
        if (descriptor >= 0)
        {
            close (descriptor);
            file.deleteFile();
        }
    }

    Journal (const Journal&) = delete;
    Journal& operator= (const Journal&) = delete;

    bool wasInterrupted (const Job& job) const { return interrupted.count (keyOf (job)) > 0; }

    /** What the killed scan found in a file that has not changed since. */
    std::optional<ScannedFile> find (const Job& job) const
    {
        const auto found = done.find (keyOf (job));

        if (found == done.end())
            return {};

        try
        {
            const auto entry = ordered_json::parse (found->second);

            if (entry.at ("modified").get<juce::int64>() != modificationOf (job))
                return {};

            ScannedFile result{ job.format, job.file.getFullPathName(), {}, {} };

            for (const auto& plugin : entry.at ("plugins"))
                result.plugins.push_back (Catalogue::fromJson (plugin));

            const auto textOf = [] (const ordered_json& text)
            { return juce::String::fromUTF8 (text.get<std::string>().c_str()); };

            for (const auto& failure : entry.at ("failures"))
                result.failures.push_back ({ job.format, textOf (failure.at ("file")), textOf (failure.at ("reason")),
                                             textOf (failure.at ("detail")) });

            return result;
        }
        catch (const std::exception&)
        {
            return {};
        }
    }

    void begin (const Job& job) { write (Catalogue::print ({ { "scanning", keyOf (job) } }, -1)); }

    void finish (const Job& job, const ScannedFile& result)
    {
        auto line = Catalogue::toJson (result.plugins, result.failures);
        line["done"] = keyOf (job);
        line["modified"] = modificationOf (job);
        write (Catalogue::print (line, -1));
    }

private:
    static std::string keyOf (const Job& job) { return (job.format + " " + job.file.getFullPathName()).toStdString(); }

    static juce::int64 modificationOf (const Job& job)
    {
        const auto& inner = job.format == "VST3" ? Vst3Bundle::getBinaryOf (job.file) : job.file;
        return (inner.exists() ? inner : job.file).getLastModificationTime().toMilliseconds();
    }

    void readOld()
    {
        std::ifstream in (file.getFullPathName().toStdString());

        // The last line may be half a line.
        for (std::string line; std::getline (in, line);)
        {
            const auto entry = ordered_json::parse (line, nullptr, false);

            if (! entry.is_object())
                continue;

            if (const auto begun = entry.find ("scanning"); begun != entry.end() && begun->is_string())
                interrupted.insert (begun->get<std::string>());

            if (const auto ended = entry.find ("done"); ended != entry.end() && ended->is_string())
            {
                interrupted.erase (ended->get<std::string>());
                done[ended->get<std::string>()] = line;
            }
        }
    }

    void write (const std::string& text)
    {
        if (descriptor < 0)
            return;

        // One write a line, to a file opened for appending, so that lines stay whole. A full disk costs the resuming only.
        const auto line = text + "\n";
        [[maybe_unused]] const auto written = ::write (descriptor, line.data(), line.size());
        fdatasync (descriptor);
    }

    const juce::File file;
    int descriptor = -1;
    std::set<std::string> interrupted;
    std::map<std::string, std::string> done;
};

//======================================================================================================================
Scanner::Scanner (Options optionsToUse)
    : options (
          [&]
          {
              if (! optionsToUse.command)
                  optionsToUse.command = [] (const Job& job, int firstPlugin)
                  {
                      ChildProcess::Options child;
                      child.arguments = { "scan-child", job.format.toStdString(), job.file.getFullPathName().toStdString(),
                                          std::to_string (firstPlugin) };
                      return child;
                  };

              return std::move (optionsToUse);
          }())
{
}

ScannedFile Scanner::scan (const Job& job) const
{
    const auto path = job.file.getFullPathName();
    ScannedFile result{ job.format, path, {}, {} };
    constexpr auto pulse = std::chrono::milliseconds (100);

    const auto fail = [&] (const char* reason, const juce::String& plugin, const juce::String& detail)
    { result.failures.push_back ({ job.format, path, reason, plugin.isEmpty() ? detail : plugin + ": " + detail }); };

    int first = 0;
    int numPlugins = 1;

    // A child that dies over one plugin of a file is followed by another, which begins at the next plugin.
    while (first < numPlugins)
    {
        ChildProcess child (options.command (job, first));
        auto current = -1;
        auto isDone = false, isHanging = false;
        juce::String currentId;
        auto deadline = std::chrono::steady_clock::now() + options.timeout;
        std::string line;

        while (! isDone && ! isHanging)
        {
            if (options.stop != nullptr && *options.stop)
                return result;

            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds> (deadline - std::chrono::steady_clock::now());
            const auto read = child.readLine (line, std::clamp (left, std::chrono::milliseconds (0), pulse));

            if (read == ChildProcess::Read::closed)
                break;

            if (read == ChildProcess::Read::timeout)
            {
                isHanging = std::chrono::steady_clock::now() >= deadline;
                continue;
            }

            deadline = std::chrono::steady_clock::now() + options.timeout;
            const auto record = ordered_json::parse (line, nullptr, false);

            try
            {
                if (record.contains ("count"))
                {
                    numPlugins = record.at ("count").get<int>();
                }
                else if (record.contains ("making"))
                {
                    current = record.at ("making").get<int>();
                    currentId = juce::String::fromUTF8 (record.at ("id").get<std::string>().c_str());
                }
                else if (record.contains ("plugin"))
                {
                    result.plugins.push_back (Catalogue::fromJson (record.at ("plugin")));
                    current = -1;
                }
                else if (record.contains ("failure"))
                {
                    const auto reason = record.at ("failure").get<std::string>();
                    const auto detail = juce::String::fromUTF8 (record.at ("detail").get<std::string>().c_str());

                    if (reason != "no-plugin" || job.isNamed || job.format != "LV2")
                        fail (reason.c_str(), current >= 0 ? currentId : juce::String(), detail);

                    current = -1;
                }
                else if (record.contains ("done"))
                {
                    isDone = true;
                }
            }
            catch (const std::exception&)
            {
                // Not a record of ours: a plugin has found descriptor 3 and writes to it. What follows may still be.
            }
        }

        if (isDone)
            break;

        if (isHanging)
        {
            child.kill();
            fail ("timed-out", currentId,
                  "no sign of life for " + juce::String (std::chrono::duration<double> (options.timeout).count(), 1, false)
                      + " s");
        }
        else
        {
            // The pipe may be closed a moment before the process is gone, or by a child that then hangs.
            auto end = child.wait (options.timeout);

            if (! end)
            {
                child.kill();
                fail ("timed-out", currentId, "it closed its pipe and did not end");
            }
            else
            {
                fail ("crashed", currentId,
                      (end->signal ? juce::String (end->toString())
                                   : "it ended the process with " + juce::String (end->toString())));
            }
        }

        if (current < first)
            break;

        first = current + 1;
    }

    return result;
}

Scanner::Outcome Scanner::run (const std::vector<Job>& jobs)
{
    Journal journal (options.journal);
    std::mutex mutex;

    std::vector<std::optional<ScannedFile>> results (jobs.size());
    std::vector<std::size_t> todo, last;
    Outcome outcome;

    for (std::size_t i = 0; i < jobs.size(); ++i)
    {
        results[i] = journal.find (jobs[i]);

        if (results[i])
            ++outcome.numResumed;
        else
            (journal.wasInterrupted (jobs[i]) ? last : todo).push_back (i); // whatever killed us may be among those
    }

    todo.insert (todo.end(), last.begin(), last.end());

    std::size_t next = 0;
    auto numDone = outcome.numResumed;
    std::exception_ptr trouble;

    const auto isStopped = [&] { return options.stop != nullptr && *options.stop; };

    const auto tell = [&] (const juce::File& current)
    {
        if (options.progress)
            options.progress (numDone, static_cast<int> (jobs.size()), current);
    };

    const auto work = [&]
    {
        for (;;)
        {
            std::size_t index = 0;

            {
                const std::lock_guard lock (mutex);

                if (next >= todo.size() || isStopped() || trouble != nullptr)
                    return;

                index = todo[next++];
                journal.begin (jobs[index]);
                tell (jobs[index].file);
            }

            try
            {
                auto result = scan (jobs[index]);
                const std::lock_guard lock (mutex);

                // One that was stopped half way is not known.
                if (isStopped())
                    return;

                journal.finish (jobs[index], result);
                results[index] = std::move (result);
                ++numDone;
                tell (jobs[index].file);
            }
            catch (...)
            {
                const std::lock_guard lock (mutex);
                trouble = std::current_exception();
                return;
            }
        }
    };

    // Children die with the thread that started them, so each is waited for by its own.
    std::vector<std::thread> threads;

    for (int i = 0; i < std::max (1, options.numChildren); ++i)
        threads.emplace_back (work);

    for (auto& thread : threads)
        thread.join();

    if (trouble != nullptr)
        std::rethrow_exception (trouble);

    for (auto& result : results)
    {
        if (result)
            outcome.files.push_back (std::move (*result));
        else
            outcome.isComplete = false;
    }

    return outcome;
}

std::vector<Scanner::Job> Scanner::findJobs (const juce::StringArray& formats, const juce::StringArray& paths,
                                             juce::Array<juce::File>& roots)
{
    std::vector<Job> jobs;
    std::set<juce::String> known;

    const auto add = [&] (const juce::String& format, const juce::File& file, bool isNamed)
    {
        if (known.insert (format + " " + file.getFullPathName()).second)
            jobs.push_back ({ format, file, isNamed });
    };

    if (paths.isEmpty())
    {
        for (const auto& format : formats)
            for (const auto& folder : PluginPaths::getFolders (format))
            {
                roots.addIfNotAlreadyThere (folder);

                for (const auto& file : PluginPaths::findPluginFiles (format, folder))
                    add (format, file, false);
            }

        return jobs;
    }

    for (const auto& path : paths)
    {
        auto file = juce::File::getCurrentWorkingDirectory().getChildFile (path);

        if (path.isEmpty() || ! file.exists())
            throw Error (path.toStdString(), "there is no such file or folder to scan", "check the path");

        // A path into a bundle means the bundle.
        if (const auto bundle = Vst3Bundle::findBundleOf (file); bundle != juce::File())
            file = bundle;
        else if (file.getParentDirectory().getChildFile ("manifest.ttl").existsAsFile())
            file = file.getParentDirectory();

        roots.addIfNotAlreadyThere (file);
    }

    for (const auto& format : formats)
        for (const auto& root : roots)
            for (const auto& found : PluginPaths::findPluginFiles (format, root))
                add (format, found, found == root);

    // A file that looks like no plugin at all was still asked about.
    for (const auto& root : roots)
        if (! root.isDirectory()
            && std::none_of (jobs.begin(), jobs.end(), [&] (const Job& job) { return job.file == root; }))
            add (formats[0], root, true);

    return jobs;
}

//======================================================================================================================
void runScanChild (const juce::String& format, const juce::String& file, int firstPlugin)
{
    ChildSide::becomeChild();

    const auto send = [] (const ordered_json& record)
    {
        if (! ChildSide::send (Catalogue::print (record, -1)))
            ChildSide::finish (1);
    };

    try
    {
        PluginFormats formats;
        const auto contents = formats.inspect (file);
        std::vector<PluginInfo> plugins;

        for (const auto& plugin : contents.plugins)
            if (plugin.format == format)
                plugins.push_back (plugin);

        if (plugins.empty())
        {
            const auto why = contents.plugins.empty() ? contents.whyNone : "is no " + format + " plugin";
            send ({ { "failure", contents.isUnreadable ? "unreadable" : "no-plugin" }, { "detail", why.toStdString() } });
        }

        send ({ { "count", static_cast<int> (plugins.size()) } });

        for (int i = firstPlugin; i < static_cast<int> (plugins.size()); ++i)
        {
            const auto& plugin = plugins[static_cast<std::size_t> (i)];
            send ({ { "making", i }, { "id", plugin.id.toStdString() } });

            try
            {
                // Made once, and not only listed: many a plugin falls over only then, and only then are all its buses known.
                const auto instance = formats.create (plugin, 48000.0, 512);
                send ({ { "plugin", Catalogue::toJson (instance->getInfo()) } });
            }
            catch (const Error& error)
            {
                send ({ { "failure", "unreadable" }, { "detail", error.what() } });
            }
        }

        send ({ { "done", true } });
    }
    catch (const std::exception& error)
    {
        send ({ { "failure", "unreadable" }, { "detail", error.what() } });
        send ({ { "done", true } });
    }

    ChildSide::finish (0);
}

} // namespace host
