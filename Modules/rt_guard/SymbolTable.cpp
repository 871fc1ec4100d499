#include "detail/SymbolTable.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace rt::guard::detail
{

SymbolTable::SymbolTable (const char* file) noexcept
{
    const auto descriptor = ::open (file, O_RDONLY | O_CLOEXEC);

    if (descriptor < 0)
        return;

    if (struct stat status{}; ::fstat (descriptor, &status) == 0 && status.st_size > 0)
        if (const auto size = static_cast<std::size_t> (status.st_size);
            auto* memory = ::mmap (nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0))
            if (memory != MAP_FAILED)
                contents = { static_cast<const std::byte*> (memory), size };

    ::close (descriptor);

    // Another kind of file, or one of another machine's.
    const auto header = getEntries<ElfW (Ehdr)> (0, 1);
    constexpr auto expectedClass = sizeof (void*) == 8 ? ELFCLASS64 : ELFCLASS32;

    if (! contents.empty()
        && (header.empty() || std::memcmp (header[0].e_ident, ELFMAG, SELFMAG) != 0
            || header[0].e_ident[EI_CLASS] != expectedClass))
    {
        ::munmap (const_cast<std::byte*> (contents.data()), contents.size());
        contents = {};
    }
}

SymbolTable::~SymbolTable()
{
    if (! contents.empty())
        ::munmap (const_cast<std::byte*> (contents.data()), contents.size());
}

/** What lies in the file, or nothing where that is not within it. */
template <typename Entry>
std::span<const Entry> SymbolTable::getEntries (std::uint64_t offset, std::uint64_t count) const noexcept
{
    if (offset > contents.size() || offset % alignof (Entry) != 0 || count > (contents.size() - offset) / sizeof (Entry))
        return {};

    return { reinterpret_cast<const Entry*> (contents.data() + offset), static_cast<std::size_t> (count) };
}

std::string SymbolTable::find (std::uintptr_t offset) const
{
    const auto header = getEntries<ElfW (Ehdr)> (0, 1);

    if (header.empty())
        return {};

    // A program that is not position-independent has addresses of its own.
    auto address = offset;

    for (const auto& segment : getEntries<ElfW (Phdr)> (header[0].e_phoff, header[0].e_phnum))
        if (segment.p_type == PT_LOAD)
        {
            address += segment.p_vaddr & ~static_cast<decltype (segment.p_vaddr)> (0xfff);
            break;
        }

    const auto sections = getEntries<ElfW (Shdr)> (header[0].e_shoff, header[0].e_shnum);

    for (const auto type : { SHT_SYMTAB, SHT_DYNSYM })
        for (const auto& section : sections)
        {
            if (section.sh_type != static_cast<ElfW (Word)> (type) || section.sh_link >= sections.size())
                continue;

            const auto& texts = sections[section.sh_link];
            const auto names = getEntries<char> (texts.sh_offset, texts.sh_size);

            for (const auto& symbol : getEntries<ElfW (Sym)> (section.sh_offset, section.sh_size / sizeof (ElfW (Sym))))
                if (address - symbol.st_value < symbol.st_size && ELF64_ST_TYPE (symbol.st_info) == STT_FUNC
                    && symbol.st_shndx != SHN_UNDEF && symbol.st_name < names.size())
                {
                    const auto name = names.subspan (symbol.st_name);
                    return { name.begin(), std::find (name.begin(), name.end(), '\0') };
                }
        }

    return {};
}

} // namespace rt::guard::detail
