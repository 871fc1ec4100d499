#include "BinaryFile.h"

#include <elf.h>

#include <array>
#include <bit>
#include <cstring>

namespace host
{

namespace
{
#if defined(__x86_64__)
constexpr int ourMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr int ourMachine = EM_AARCH64;
#elif defined(__i386__)
constexpr int ourMachine = EM_386;
#elif defined(__arm__)
constexpr int ourMachine = EM_ARM;
#elif defined(__riscv)
constexpr int ourMachine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr int ourMachine = EM_PPC64;
#else
#error "Say here which ELF machine this is."
#endif

constexpr bool weAre64Bit = sizeof (void*) == 8;
constexpr bool weAreLittleEndian = std::endian::native == std::endian::little;

juce::String getMachineName (int machine)
{
    switch (machine)
    {
        case EM_386: return "i386 (32-bit x86)";
        case EM_X86_64: return "x86-64";
        case EM_ARM: return "32-bit ARM";
        case EM_AARCH64: return "aarch64 (64-bit ARM)";
        case EM_RISCV: return "RISC-V";
        case EM_PPC: return "PowerPC";
        case EM_PPC64: return "64-bit PowerPC";
        case EM_MIPS: return "MIPS";
        case EM_S390: return "S/390";
        case EM_SPARCV9: return "64-bit SPARC";
        case 258: return "LoongArch";
        default: return "ELF machine " + juce::String (machine);
    }
}

juce::String notForUs (const juce::String& theirs)
{
    return "is for " + theirs + ", and this machine is " + getMachineName (ourMachine);
}

/** The end of a piece of a file, or the largest number if the sum does not fit: a broken header may say anything. */
std::uint64_t endOf (std::uint64_t start, std::uint64_t length)
{
    return start + length < start ? ~std::uint64_t{} : start + length;
}

template <typename Header, typename Segment>
juce::String checkSegments (juce::FileInputStream& in, std::uint64_t fileSize)
{
    Header header;

    if (! in.setPosition (0) || in.read (&header, sizeof (header)) != static_cast<int> (sizeof (header)))
        return "is truncated: it ends within its ELF header";

    if (header.e_machine != ourMachine)
        return notForUs (getMachineName (header.e_machine));

    if (header.e_type != ET_DYN)
        return header.e_type == ET_EXEC ? "is a program, not a shared library" : "is an object file, not a shared library";

    if (header.e_phentsize != sizeof (Segment) || header.e_phnum == 0)
        return "has a damaged ELF header";

    if (endOf (header.e_phoff, std::uint64_t{ header.e_phnum } * sizeof (Segment)) > fileSize)
        return "is truncated: its program headers lie beyond its end";

    std::uint64_t needed = 0;

    for (int i = 0; i < header.e_phnum; ++i)
    {
        Segment segment;
        in.setPosition (static_cast<juce::int64> (header.e_phoff + static_cast<std::uint64_t> (i) * sizeof (Segment)));

        if (in.read (&segment, sizeof (segment)) != static_cast<int> (sizeof (segment)))
            return "is truncated: it ends within its program headers";

        if (segment.p_type == PT_LOAD || segment.p_type == PT_DYNAMIC)
            needed = std::max (needed, endOf (segment.p_offset, segment.p_filesz));
    }

    if (needed > fileSize)
        return "is truncated: it has " + juce::String (fileSize) + " bytes, and its contents need " + juce::String (needed);

    return {};
}
} // namespace

juce::String whyBinaryCannotLoad (const juce::File& file)
{
    if (! file.exists())
        return "does not exist";

    if (file.isDirectory())
        return "is a folder, not a shared library";

    juce::FileInputStream in (file);

    if (in.failedToOpen())
        return "cannot be read (" + in.getStatus().getErrorMessage() + ")";

    const auto fileSize = static_cast<std::uint64_t> (in.getTotalLength());

    if (fileSize == 0)
        return "is empty";

    std::array<unsigned char, EI_NIDENT> ident{};
    const auto numRead = in.read (ident.data(), static_cast<int> (ident.size()));

    if (numRead >= 2 && ident[0] == 'M' && ident[1] == 'Z')
        return notForUs ("Windows");

    if (numRead >= 4
        && (std::memcmp (ident.data(), "\xcf\xfa\xed\xfe", 4) == 0
            || std::memcmp (ident.data(), "\xca\xfe\xba\xbe", 4) == 0))
        return notForUs ("macOS");

    if (std::memcmp (ident.data(), ELFMAG, static_cast<std::size_t> (std::min (numRead, SELFMAG))) != 0)
        return "is not a shared library";

    if (numRead < static_cast<int> (ident.size()))
        return "is truncated: it ends within its ELF header";

    const auto is64Bit = ident[EI_CLASS] == ELFCLASS64;
    const auto isLittleEndian = ident[EI_DATA] == ELFDATA2LSB;

    if (is64Bit != weAre64Bit || isLittleEndian != weAreLittleEndian)
    {
        // The machine's number has the same place in both classes, in the file's own byte order.
        std::array<unsigned char, 4> typeAndMachine{};

        if (in.read (typeAndMachine.data(), 4) != 4)
            return "is truncated: it ends within its ELF header";

        const auto machine =
            isLittleEndian ? typeAndMachine[2] | (typeAndMachine[3] << 8) : typeAndMachine[3] | (typeAndMachine[2] << 8);
        return notForUs (getMachineName (machine));
    }

    if constexpr (weAre64Bit)
        return checkSegments<Elf64_Ehdr, Elf64_Phdr> (in, fileSize);
    else
        return checkSegments<Elf32_Ehdr, Elf32_Phdr> (in, fileSize);
}

} // namespace host
