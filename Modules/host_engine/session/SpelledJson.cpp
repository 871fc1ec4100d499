#include "SpelledJson.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace host
{

namespace spelling
{
using Json = SpelledJson::Json;

//======================================================================================================================
// Equality: as strict as JSON can tell values apart, so that no change is ever taken for none.

static bool areSameNumbers (const Json& a, const Json& b)
{
    if (a.is_number_float() && b.is_number_float())
        return std::bit_cast<std::uint64_t> (a.get<double>()) == std::bit_cast<std::uint64_t> (b.get<double>());

    if (a.is_number_float())
        return areSameNumbers (b, a);

    if (! b.is_number_float())
    {
        // The library would take the largest unsigned integer for -1.
        if (a.is_number_unsigned() == b.is_number_unsigned())
            return a == b;

        const auto& withSign = a.is_number_unsigned() ? b : a;
        return withSign.get<std::int64_t>() >= 0 && a.get<std::uint64_t>() == b.get<std::uint64_t>();
    }

    // An integer and a float are the same only where no digit is lost. Zero has a sign in one of them alone.
    const auto real = b.get<double>();

    if (std::trunc (real) != real || (real == 0.0 && std::signbit (real)))
        return false;

    if (a.is_number_unsigned())
        return real >= 0.0 && real < 0x1p64 && a.get<std::uint64_t>() == static_cast<std::uint64_t> (real);

    return real >= -0x1p63 && real < 0x1p63 && a.get<std::int64_t>() == static_cast<std::int64_t> (real);
}

static std::size_t mix (std::size_t seed, std::size_t value) { return (seed ^ value) * 0x9e3779b97f4a7c15u + (seed >> 7); }

static std::size_t hashOf (std::string_view text) { return std::hash<std::string_view>() (text); }

/** The same for numbers that are the same. */
static std::size_t hashOfNumber (const Json& number) { return mix (3, std::hash<double>() (number.get<double>())); }

static std::size_t hashOfLiteral (Json::value_t type) { return mix (1, static_cast<std::size_t> (type)); }

/** Whether a value would be written as null: JSON has no infinity and no NaN. */
static bool isWrittenAsNull (const Json& value)
{
    return value.is_null() || (value.is_number_float() && ! std::isfinite (value.get<double>()));
}

/** Whether `read` is what a document becomes by being written: as the document, but for what JSON cannot hold. */
static bool saysTheSame (const Json& document, const Json& read)
{
    switch (document.type())
    {
        case Json::value_t::object:
        {
            if (! read.is_object() || document.size() != read.size())
                return false;

            auto other = read.get_ref<const Json::object_t&>().begin();

            for (const auto& [key, value] : document.get_ref<const Json::object_t&>())
            {
                if (key != other->first || ! saysTheSame (value, other->second))
                    return false;

                ++other;
            }

            return true;
        }

        case Json::value_t::array:
        {
            if (! read.is_array() || document.size() != read.size())
                return false;

            for (std::size_t i = 0; i < document.size(); ++i)
                if (! saysTheSame (document[i], read[i]))
                    return false;

            return true;
        }

        case Json::value_t::string:
            return document == read
                   || (read.is_string() && document.dump (-1, ' ', false, Json::error_handler_t::replace) == read.dump());

        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned:
        case Json::value_t::number_float:
            return isWrittenAsNull (document) ? read.is_null() : read.is_number() && areSameNumbers (document, read);

        case Json::value_t::null:
        case Json::value_t::boolean:
        case Json::value_t::binary:
        case Json::value_t::discarded: break;
    }

    return document == read;
}

//======================================================================================================================
// What stands in the text, and where.

struct Span
{
    std::size_t begin = 0, end = 0;

    std::string_view of (const std::string& text) const { return std::string_view (text).substr (begin, end - begin); }
};

struct Member;

struct Value
{
    enum class Kind
    {
        object,
        array,
        string,
        other ///< a number, true, false or null
    };

    Kind kind = Kind::other;
    Span span;
    std::size_t hash = 0;
    std::vector<Member> members;    ///< or elements
    std::vector<std::size_t> meant; ///< of an object: the members that count, in the order of the document
    Span beforeEnd;                 ///< the white space before the closing bracket

    bool isContainer() const { return kind == Kind::object || kind == Kind::array; }
};

struct Member
{
    Span lead; ///< the white space before it
    std::string key;
    Span keySpan;
    Span colon; ///< with the white space around it
    Value value;
    Span trail; ///< the white space between it and the comma
};

/** Makes a tree of the text. The text is known to be JSON; should the reader disagree, it gives up rather than guess. */
class Reader
{
public:
    explicit Reader (const std::string& textToRead) : text (textToRead) {}

    /** @param root  gets the document's value
        @returns whether the whole of the text was understood */
    bool read (Value& root)
    {
        if (text.compare (0, 3, "\xef\xbb\xbf") == 0)
            position = 3;

        skipSpace();
        readValue (root);
        skipSpace();
        return isGood && position == text.size();
    }

private:
    char peek() const { return position < text.size() ? text[position] : '\0'; }

    void expect (char wanted)
    {
        isGood = isGood && peek() == wanted;
        ++position;
    }

    Span skipSpace()
    {
        const auto begin = position;

        while (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t')
            ++position;

        return { begin, position };
    }

    Span skipString()
    {
        const auto begin = position;
        expect ('"');

        for (;;)
        {
            position = text.find_first_of ("\"\\", position);

            if (position == std::string::npos)
            {
                isGood = false;
                position = text.size();
                break;
            }

            if (text[position] == '"')
            {
                ++position;
                break;
            }

            position += 2;
        }

        return { begin, std::min (position, text.size()) };
    }

    void readValue (Value& value)
    {
        value.span.begin = position;

        if (peek() == '{' || peek() == '[')
            readContainer (value);
        else if (peek() == '"')
        {
            value.kind = Value::Kind::string;
            const auto quoted = skipString().of (text);

            if (quoted.find ('\\') == std::string_view::npos && quoted.size() >= 2)
                value.hash = hashOf (quoted.substr (1, quoted.size() - 2));
            else
                value.hash = hashOf (decode (quoted));
        }
        else
        {
            while (position < text.size() && std::strchr (",]} \n\r\t", text[position]) == nullptr)
                ++position;

            const auto parsed = Json::parse (text.begin() + std::ptrdiff_t (value.span.begin),
                                             text.begin() + std::ptrdiff_t (position), nullptr, false);
            isGood = isGood && ! parsed.is_discarded();
            value.hash = parsed.is_number()    ? hashOfNumber (parsed)
                         : parsed.is_boolean() ? mix (hashOfLiteral (parsed.type()), parsed.get<bool>() ? 1 : 0)
                                               : hashOfLiteral (parsed.type());
        }

        value.span.end = std::min (position, text.size());
    }

    void readContainer (Value& value)
    {
        const bool isObject = peek() == '{';
        const char end = isObject ? '}' : ']';
        value.kind = isObject ? Value::Kind::object : Value::Kind::array;
        ++position;
        value.beforeEnd = skipSpace();

        if (peek() != end)
        {
            for (;;)
            {
                auto& member = value.members.emplace_back();
                member.lead = value.beforeEnd;

                if (isObject)
                {
                    member.keySpan = skipString();
                    member.key = decode (member.keySpan.of (text));
                    member.colon.begin = skipSpace().begin;
                    expect (':');
                    member.colon.end = skipSpace().end;
                }

                readValue (member.value);
                member.trail = value.beforeEnd = skipSpace();

                if (! isGood || peek() != ',')
                    break;

                ++position;
                value.beforeEnd = skipSpace();
            }
        }

        expect (end);
        value.hash = isObject ? hashOfObject (value) : hashOfArray (value);
    }

    static std::size_t hashOfArray (const Value& value)
    {
        auto hash = hashOfLiteral (Json::value_t::array);

        for (const auto& member : value.members)
            hash = mix (hash, member.value.hash);

        return hash;
    }

    /** Of a key that is there twice the last value counts, at the place of the first. */
    static std::size_t hashOfObject (Value& value)
    {
        std::unordered_map<std::string_view, std::size_t> places;
        places.reserve (value.members.size());
        value.meant.reserve (value.members.size());

        for (std::size_t i = 0; i < value.members.size(); ++i)
        {
            const auto [place, isNew] = places.try_emplace (value.members[i].key, value.meant.size());

            if (isNew)
                value.meant.push_back (i);
            else
                value.meant[place->second] = i;
        }

        auto hash = hashOfLiteral (Json::value_t::object);

        for (const auto index : value.meant)
            hash = mix (mix (hash, hashOf (value.members[index].key)), value.members[index].value.hash);

        return hash;
    }

    std::string decode (std::string_view quoted)
    {
        const auto parsed = Json::parse (quoted.begin(), quoted.end(), nullptr, false);
        isGood = isGood && parsed.is_string();
        return parsed.is_string() ? parsed.get<std::string>() : std::string();
    }

    const std::string& text;
    std::size_t position = 0;
    bool isGood = true;
};

//======================================================================================================================
/** A value of the document with its hash; the children's are beside it, so that each is computed once. */
struct Hashed
{
    explicit Hashed (const Json& json) : value (json)
    {
        switch (json.type())
        {
            case Json::value_t::object:
                hash = hashOfLiteral (json.type());
                children.reserve (json.size());

                for (const auto& [key, member] : json.get_ref<const Json::object_t&>())
                    hash = mix (mix (hash, hashOf (key)), children.emplace_back (member).hash);
                break;

            case Json::value_t::array:
                hash = hashOfLiteral (json.type());
                children.reserve (json.size());

                for (const auto& element : json)
                    hash = mix (hash, children.emplace_back (element).hash);
                break;

            case Json::value_t::string: hash = hashOf (json.get_ref<const std::string&>()); break;
            case Json::value_t::boolean: hash = mix (hashOfLiteral (json.type()), json.get<bool>() ? 1 : 0); break;

            case Json::value_t::number_integer:
            case Json::value_t::number_unsigned:
            case Json::value_t::number_float: hash = hashOfNumber (json); break;

            case Json::value_t::null:
            case Json::value_t::binary:
            case Json::value_t::discarded: hash = hashOfLiteral (json.type()); break;
        }
    }

    const Json& value;
    std::size_t hash = 0;
    std::vector<Hashed> children;
};

//======================================================================================================================
/** Writes a document by way of the text it was read from. */
class Writer
{
public:
    Writer (const std::string& textToSpellBy, const Value& rootToSpellBy) : text (textToSpellBy), root (rootToSpellBy)
    {
        findStyle (root);
    }

    std::string write (const Json& document)
    {
        out.reserve (text.size() + text.size() / 8);
        out.append (text, 0, root.span.begin);
        put (Hashed (document), &root, {}, false);
        out.append (text, root.span.end);
        return std::move (out);
    }

private:
    static constexpr auto none = std::string::npos;

    std::string_view at (const Span& span) const { return span.of (text); }
    static bool hasLineEnd (std::string_view space) { return space.find ('\n') != std::string_view::npos; }
    static std::string_view afterLineEnd (std::string_view space) { return space.substr (space.rfind ('\n') + 1); }

    bool isOnOneLine (const Value& container) const { return ! hasLineEnd (at (container.span)); }

    //==================================================================================================================
    /** How the file is written where nothing nearer tells: taken from the first place that shows it. */
    void findStyle (const Value& value)
    {
        if (const auto end = text.find ('\n'); end != none && end > 0 && text[end - 1] == '\r')
            newLine = "\r\n";

        if (! value.members.empty())
        {
            const auto lead = at (value.members[0].lead);

            if (hasLineEnd (lead) && ! afterLineEnd (lead).empty())
                indentation = afterLineEnd (lead);

            if (value.kind == Value::Kind::object && at (value.members[0].colon) == ":")
            {
                colon = ":";
                comma = "";
            }
        }

        bool isCommaKnown = false, isObjectKnown = false, isArrayKnown = false;
        findOneLineStyle (value, isCommaKnown, isObjectKnown, isArrayKnown);
    }

    void findOneLineStyle (const Value& value, bool& isCommaKnown, bool& isObjectKnown, bool& isArrayKnown)
    {
        if (! value.members.empty() && ! hasLineEnd (at (value.members[0].lead)))
        {
            const auto isObject = value.kind == Value::Kind::object;

            if (auto& isKnown = isObject ? isObjectKnown : isArrayKnown; ! isKnown)
            {
                isKnown = true;
                (isObject ? objectPadding : arrayPadding) = at (value.members[0].lead);
            }

            if (value.members.size() > 1 && ! isCommaKnown && ! hasLineEnd (at (value.members[1].lead)))
            {
                isCommaKnown = true;
                comma = at (value.members[1].lead);
            }
        }

        for (const auto& member : value.members)
        {
            if (isCommaKnown && isObjectKnown && isArrayKnown)
                return;

            if (member.value.isContainer())
                findOneLineStyle (member.value, isCommaKnown, isObjectKnown, isArrayKnown);
        }
    }

    //==================================================================================================================
    bool isSame (const Json& value, const Value& spelled) const
    {
        switch (spelled.kind)
        {
            case Value::Kind::object:
            {
                if (! value.is_object() || value.size() != spelled.meant.size())
                    return false;

                auto index = spelled.meant.begin();

                for (const auto& [key, member] : value.get_ref<const Json::object_t&>())
                {
                    const auto& other = spelled.members[*index++];

                    if (key != other.key || ! isSame (member, other.value))
                        return false;
                }

                return true;
            }

            case Value::Kind::array:
                if (! value.is_array() || value.size() != spelled.members.size())
                    return false;

                for (std::size_t i = 0; i < value.size(); ++i)
                    if (! isSame (value[i], spelled.members[i].value))
                        return false;

                return true;

            case Value::Kind::string:
            {
                if (! value.is_string())
                    return false;

                const auto quoted = at (spelled.span);

                if (quoted.find ('\\') == std::string_view::npos)
                    return value.get_ref<const std::string&>() == quoted.substr (1, quoted.size() - 2);

                break;
            }

            case Value::Kind::other: break;
        }

        const auto read = Json::parse (at (spelled.span).begin(), at (spelled.span).end());
        return read.is_number() ? value.is_number() && areSameNumbers (value, read) : read == value;
    }

    //==================================================================================================================
    /** One member or element to be written. */
    struct Item
    {
        const std::string* key = nullptr; ///< of a new member
        const Hashed* value = nullptr;    ///< null: as it stands in the text
        std::size_t index = none;         ///< of the member in the text that stands here
        const Value* spelledBy = nullptr; ///< what its value may be spelled by
    };

    /** @param spelled   what the value may be spelled by, or nullptr
        @param indent    of the line on which the value begins
        @param onOneLine how a container is written that has no spelling of its own */
    void put (const Hashed& hashed, const Value* spelled, std::string_view indent, bool onOneLine)
    {
        if (spelled != nullptr && hashed.hash == spelled->hash && isSame (hashed.value, *spelled))
        {
            out += at (spelled->span);
            return;
        }

        const auto isObject = hashed.value.is_object();

        if (! isObject && ! hashed.value.is_array())
        {
            out += hashed.value.dump (-1, ' ', false, Json::error_handler_t::replace);
            return;
        }

        const auto isAlike = spelled != nullptr && spelled->kind == (isObject ? Value::Kind::object : Value::Kind::array);

        if (spelled != nullptr && spelled->isContainer() && ! spelled->members.empty())
            onOneLine = isOnOneLine (*spelled);

        static const Value nothing;
        const auto& around = isAlike ? *spelled : nothing;
        putItems (isObject ? matchMembers (hashed, around) : matchElements (hashed, around), around, isObject, indent,
                  onOneLine);
    }

    void putItems (const std::vector<Item>& items, const Value& around, bool isObject, std::string_view indent,
                   bool onOneLine)
    {
        const auto& members = around.members;
        std::string first, between, last;

        if (! members.empty())
        {
            first = at (members[0].lead);
            last = at (around.beforeEnd);
            between = members.size() > 1 ? at (members.back().lead) : std::string_view (first);

            if (hasLineEnd (between))
                between = newLine + std::string (afterLineEnd (between));
            else if (members.size() == 1)
                between = comma;
        }
        else if (onOneLine)
        {
            first = last = isObject ? objectPadding : arrayPadding;
            between = comma;
        }
        else
        {
            last = newLine + std::string (indent);
            first = between = last + indentation;
        }

        // New containers are written as those beside them are.
        auto childOnOneLine = members.empty() ? onOneLine : ! hasLineEnd (at (around.span));

        for (auto member = members.rbegin(); member != members.rend(); ++member)
        {
            if (member->value.isContainer() && ! member->value.members.empty())
            {
                childOnOneLine = isOnOneLine (member->value);
                break;
            }
        }

        out += isObject ? '{' : '[';
        const auto newColon = isObject && ! members.empty() ? at (members.back().colon) : std::string_view (colon);

        for (std::size_t i = 0; i < items.size(); ++i)
        {
            const auto& item = items[i];
            const auto* member = item.index == none ? nullptr : &members[item.index];

            if (i > 0)
                out += ',';

            const auto lead = i == 0                                ? std::string_view (first)
                              : member != nullptr && item.index > 0 ? at (member->lead)
                                                                    : std::string_view (between);
            out += lead;

            if (isObject)
            {
                out += member != nullptr
                           ? at (member->keySpan)
                           : std::string_view (Json (*item.key).dump (-1, ' ', false, Json::error_handler_t::replace));
                out += member != nullptr ? at (member->colon) : newColon;
            }

            if (item.value != nullptr)
                put (*item.value, item.spelledBy,
                     hasLineEnd (lead) ? std::string (afterLineEnd (lead)) : std::string (indent), childOnOneLine);
            else
                out += at (member->value.span);

            if (i + 1 < items.size() && member != nullptr && item.index + 1 < members.size())
                out += at (member->trail);
        }

        if (! items.empty())
            out += last;

        out += isObject ? '}' : ']';
    }

    //==================================================================================================================
    static std::vector<Item> matchMembers (const Hashed& hashed, const Value& around)
    {
        std::unordered_map<std::string_view, std::vector<std::size_t>> places;

        for (std::size_t i = 0; i < around.members.size(); ++i)
            places[around.members[i].key].push_back (i);

        std::vector<Item> items;
        std::map<std::size_t, Item> later; // of keys that are there twice: each stays where it was

        const auto putThoseBefore = [&] (std::size_t index)
        {
            while (! later.empty() && later.begin()->first < index)
            {
                items.push_back (later.begin()->second);
                later.erase (later.begin());
            }
        };

        auto child = hashed.children.begin();

        for (const auto& [key, value] : hashed.value.get_ref<const Json::object_t&>())
        {
            const auto& present = *child++;
            const auto found = places.find (key);

            if (found == places.end())
            {
                items.push_back ({ &key, &present, none, nullptr });
                continue;
            }

            putThoseBefore (found->second.front());

            for (const auto index : found->second)
            {
                const auto counts = index == found->second.back();
                later.emplace (index, Item{ nullptr, counts ? &present : nullptr, index,
                                            counts ? &around.members[index].value : nullptr });
            }

            putThoseBefore (found->second.front() + 1);
        }

        putThoseBefore (none);
        return items;
    }

    /** The id of an object, as text; empty without one. */
    static std::string idOf (const Json& value)
    {
        if (! value.is_object())
            return {};

        const auto found = value.find ("id");
        const auto isId = found != value.end() && (found->is_string() || found->is_number_integer());
        return isId ? found->dump (-1, ' ', false, Json::error_handler_t::replace) : std::string();
    }

    std::string idOf (const Value& spelled) const
    {
        for (const auto index : spelled.meant)
            if (const auto& member = spelled.members[index]; member.key == "id" && ! member.value.isContainer())
                return idOf (Json{ { "id", Json::parse (at (member.value.span).begin(), at (member.value.span).end()) } });

        return {};
    }

    std::vector<Item> matchElements (const Hashed& hashed, const Value& around) const
    {
        std::vector<Item> items;
        std::vector<bool> isTaken (around.members.size(), false);

        const auto match = [&] (Item& item, std::size_t index)
        {
            item.index = index;
            item.spelledBy = &around.members[index].value;
            isTaken[index] = true;
        };

        // Equal elements first, in their order.
        std::unordered_map<std::size_t, std::vector<std::size_t>> byHash; // backwards, so that the first is taken first

        for (auto i = around.members.size(); i-- > 0;)
            byHash[around.members[i].value.hash].push_back (i);

        for (const auto& child : hashed.children)
        {
            auto& item = items.emplace_back (Item{ nullptr, &child, none, nullptr });

            if (const auto found = byHash.find (child.hash); found != byHash.end() && ! found->second.empty())
            {
                match (item, found->second.back());
                found->second.pop_back();
            }
        }

        // Then those that have changed.
        std::unordered_map<std::string, std::size_t> byId;

        for (std::size_t i = 0; i < around.members.size(); ++i)
            if (! isTaken[i])
                if (auto id = idOf (around.members[i].value); ! id.empty())
                    byId.try_emplace (std::move (id), i);

        for (std::size_t i = 0; i < items.size(); ++i)
        {
            if (items[i].index != none)
                continue;

            if (const auto id = idOf (items[i].value->value); ! id.empty())
            {
                if (const auto found = byId.find (id); found != byId.end() && ! isTaken[found->second])
                    match (items[i], found->second);

                continue;
            }

            const auto place = i == 0 ? 0 : items[i - 1].index == none ? none : items[i - 1].index + 1;

            if (place < around.members.size() && ! isTaken[place] && idOf (around.members[place].value).empty())
                match (items[i], place);
        }

        return items;
    }

    const std::string& text;
    const Value& root;
    std::string out;
    std::string newLine = "\n", indentation = "  ", colon = ": ", comma = " ", objectPadding, arrayPadding;
};
} // namespace spelling

//======================================================================================================================
SpelledJson::SpelledJson (std::string textToKeep) : text (std::make_shared<const std::string> (std::move (textToKeep))) {}

std::string SpelledJson::write (const Json& document) const
{
    if (text == nullptr)
        return writePlainly (document);

    std::string written;

    {
        spelling::Value root;

        if (! spelling::Reader (*text).read (root))
            return writePlainly (document);

        written = spelling::Writer (*text, root).write (document);
    }

    return checked (std::move (written), document);
}

std::string SpelledJson::checked (std::string written, const Json& document)
{
    const auto read = Json::parse (written, nullptr, false);
    return ! read.is_discarded() && spelling::saysTheSame (document, read) ? written : writePlainly (document);
}

std::string SpelledJson::writePlainly (const Json& document)
{
    return document.dump (2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace host
