#include "Suppressions.h"

#include <algorithm>
#include <stdexcept>

namespace rt::guard
{

namespace
{

constexpr std::string_view whitespace = " \t\r\v\f";

std::string_view trim (std::string_view text)
{
    const auto first = text.find_first_not_of (whitespace);

    if (first == std::string_view::npos)
        return {};

    return text.substr (first, text.find_last_not_of (whitespace) + 1 - first);
}

/** What comes before the separator; `rest` becomes what comes after it. */
std::string_view takeUntil (char separator, std::string_view& rest)
{
    const auto end = std::min (rest.find (separator), rest.size());
    const auto result = rest.substr (0, end);
    rest.remove_prefix (std::min (end + 1, rest.size()));
    return result;
}

/** For messages: short whatever the file is. */
std::string quote (std::string_view text)
{
    constexpr std::size_t longest = 60;
    return '"' + std::string (text.substr (0, longest)) + (text.size() > longest ? "...\"" : "\"");
}

std::string* findCondition (Suppression& suppression, std::string_view name)
{
    if (name == "function")
        return &suppression.function;
    if (name == "module")
        return &suppression.module;
    if (name == "node")
        return &suppression.node;
    if (name == "caller")
        return &suppression.caller;
    if (name == "stack")
        return &suppression.stack;
    if (name == "by")
        return &suppression.by;

    return nullptr;
}

Suppression parseLine (std::string_view line)
{
    Suppression result;

    while (! trim (line).empty())
    {
        const auto condition = trim (takeUntil (';', line));
        auto text = condition;
        const auto name = trim (takeUntil (':', text));
        const auto value = trim (text);

        if (condition.empty())
            throw std::invalid_argument (
                "there is nothing before a semicolon; write a condition such as \"function: malloc\"");

        if (condition.find (':') == std::string_view::npos)
            throw std::invalid_argument (quote (condition) + " is no condition; write one such as \"function: malloc\"");

        auto* place = findCondition (result, name);

        if (place == nullptr)
            throw std::invalid_argument ("there is no condition " + quote (name)
                                         + "; use function, module, node, caller, stack or by");

        if (value.empty())
            throw std::invalid_argument (quote (name) + " has no value; give one after the colon");

        if (! place->empty())
            throw std::invalid_argument (quote (name) + " is there twice; use a line for each");

        if (place == &result.by && value != "host" && value != "plugin")
            throw std::invalid_argument ("\"by\" cannot be " + quote (value) + "; use host or plugin");

        *place = value;
    }

    return result;
}

} // namespace

bool Suppression::mayMatch (const Violation& violation) const
{
    return (function.empty() || function == violation.function) && (module.empty() || module == violation.module)
           && (node.empty() || node == violation.nodeName || node == std::to_string (violation.node))
           && (by.empty() || by == violation.by);
}

bool Suppression::matches (const Violation& violation) const
{
    return mayMatch (violation) && (caller.empty() || violation.caller.find (caller) != std::string::npos)
           && (stack.empty()
               || std::any_of (violation.stack.begin(), violation.stack.end(),
                               [this] (const std::string& frame) { return frame.find (stack) != std::string::npos; }));
}

std::vector<Suppression> parseSuppressions (std::string_view text, std::string_view origin)
{
    std::vector<Suppression> result;

    for (std::size_t number = 1; ! text.empty(); ++number)
    {
        const auto line = trim (takeUntil ('\n', text));

        if (line.empty() || line.front() == '#')
            continue;

        try
        {
            result.push_back (parseLine (line));
        }
        catch (const std::invalid_argument& error)
        {
            throw std::invalid_argument ("line " + std::to_string (number) + ": " + error.what());
        }

        result.back().origin = std::string (origin) + ":" + std::to_string (number);
    }

    return result;
}

} // namespace rt::guard
