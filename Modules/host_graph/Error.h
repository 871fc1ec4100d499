#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace host
{

/** What went wrong, told so that a person can act on it: "AudioHost: <what>: <why>; <what to do>".

    Thrown on the message thread and on background threads, never on the audio thread.
*/
class Error : public std::runtime_error
{
public:
    /** The command line's exit codes (the contract of the program). */
    enum class Kind
    {
        failed = 1,  ///< the thing asked about failed
        unusable = 2 ///< wrong usage, or input that cannot be read
    };

    /** @param what      the thing concerned: a path, an option, a node
        @param why       what is wrong with it
        @param whatToDo  what the reader can do next
    */
    Error (std::string what, std::string why, std::string whatToDo, Kind kindToUse = Kind::unusable)
        : std::runtime_error (what + ": " + why + "; " + whatToDo), kind (kindToUse)
    {
    }

    /** What another Error's what() said, told again. */
    explicit Error (const std::string& wholeMessage, Kind kindToUse = Kind::failed)
        : std::runtime_error (wholeMessage), kind (kindToUse)
    {
    }

    Kind getKind() const noexcept { return kind; }

private:
    Kind kind;
};

} // namespace host
