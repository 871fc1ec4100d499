#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace rt::guard::detail
{

/** The functions of an ELF file by their addresses, local ones too: without debug information, so that the file is looked into
    and not read. Not real-time. */
class SymbolTable
{
public:
    /** A file that is none, or has been stripped, has no functions. */
    explicit SymbolTable (const char* file) noexcept;
    ~SymbolTable();

    SymbolTable (const SymbolTable&) = delete;
    SymbolTable& operator= (const SymbolTable&) = delete;

    /** The linker's name of the function that an address lies in, or an empty one.
        @param offset  of the address from where the file's first segment lies */
    std::string find (std::uintptr_t offset) const;

private:
    template <typename Entry>
    std::span<const Entry> getEntries (std::uint64_t offset, std::uint64_t count) const noexcept;

    std::span<const std::byte> contents;
};

} // namespace rt::guard::detail
