#pragma once

#include <nlohmann/json.hpp>

#include <memory>
#include <string>

namespace host
{

/** The text that a JSON document was read from, and a writer that spells as that text did.

    A parsed document knows what a number is worth, not that it stood there as 1.10 or with thirty digits, nor how a string
    was escaped, which key was there twice and where the lines ended. Writing the document by way of its text keeps all that
    for every value that is still what was read; what is new or changed is written in the style around it.

    A value; copies share the text.
*/
class SpelledJson
{
public:
    using Json = nlohmann::ordered_json;

    /** Nothing was read: everything is new, and is written with an indentation of two spaces. */
    SpelledJson() = default;

    /** @param text  what Json::parse() has accepted */
    explicit SpelledJson (std::string text);

    /** The document as text. Members of objects go by their keys; elements of arrays by being equal, then by their "id",
        then by their place. Takes time in proportion to the document and the text. A document equal to the text gives the
        text, byte for byte.

        What comes out is parsed and compared with the document before it is returned; should it say anything else, the
        document is written plainly instead. */
    std::string write (const Json& document) const;

    /** The text if it says exactly what the document does, else the document written plainly. */
    static std::string checked (std::string text, const Json& document);

    /** Without any memory of a text: two spaces of indentation, a new line at the end. */
    static std::string writePlainly (const Json& document);

private:
    std::shared_ptr<const std::string> text;
};

} // namespace host
