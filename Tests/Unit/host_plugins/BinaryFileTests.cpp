#include "PluginFixture.h"

#include <host_plugins/BinaryFile.h>

#include <elf.h>

using Catch::Matchers::Contains;

namespace
{
struct BinaryFixture : PluginFixture
{
    juce::File write (const juce::MemoryBlock& contents)
    {
        const auto file = folder.getChildFile ("patched.so");
        REQUIRE (file.create());
        REQUIRE (file.replaceWithData (contents.getData(), contents.getSize()));
        REQUIRE (file.create()); // replacing by nothing deletes
        return file;
    }

    juce::MemoryBlock read()
    {
        juce::MemoryBlock contents;
        REQUIRE (testPlugin ("ladspa/TestLadspaGain.so").loadFileAsData (contents));
        return contents;
    }

    std::string whyNot (const juce::MemoryBlock& contents)
    {
        return host::whyBinaryCannotLoad (write (contents)).toStdString();
    }
};
} // namespace

TEST_CASE_METHOD (BinaryFixture, "a sound library has no objection")
{
    CHECK (whyNot (read()).empty());
    CHECK (host::whyBinaryCannotLoad (juce::File ("/proc/self/exe")).toStdString().find ("not a shared library")
           == std::string::npos);
}

TEST_CASE_METHOD (BinaryFixture, "a library cut off anywhere before its last loaded byte is told to be truncated")
{
    const auto whole = read();
    const auto& header = *static_cast<const Elf64_Ehdr*> (whole.getData());
    std::size_t needed = 0;

    for (int i = 0; i < header.e_phnum; ++i)
    {
        Elf64_Phdr segment;
        std::memcpy (
            &segment,
            juce::addBytesToPointer (whole.getData(), header.e_phoff + static_cast<std::size_t> (i) * sizeof (segment)),
            sizeof (segment));

        if (segment.p_type == PT_LOAD)
            needed = std::max (needed, static_cast<std::size_t> (segment.p_offset + segment.p_filesz));
    }

    REQUIRE (needed > 1000);
    REQUIRE (needed < whole.getSize());

    for (std::size_t size = 4; size < needed; size += size < 1100 ? 1 : 97)
    {
        CAPTURE (size);
        juce::MemoryBlock cut (whole.getData(), size);
        REQUIRE_THAT (whyNot (cut), Contains ("is truncated"));
    }

    REQUIRE_THAT (whyNot ({ whole.getData(), needed - 1 }), Contains ("is truncated"));
    REQUIRE (whyNot ({ whole.getData(), needed }).empty());
}

TEST_CASE_METHOD (BinaryFixture, "a library for another machine is told by name")
{
    auto contents = read();
    auto& header = *static_cast<Elf64_Ehdr*> (contents.getData());

    SECTION ("another machine of our word size")
    {
        header.e_machine = EM_AARCH64;
        CHECK_THAT (whyNot (contents), Contains ("is for aarch64") && Contains ("this machine is x86-64"));
    }

    SECTION ("32 bits")
    {
        header.e_ident[EI_CLASS] = ELFCLASS32;
        header.e_machine = EM_386;
        CHECK_THAT (whyNot (contents), Contains ("is for i386"));
    }

    SECTION ("the other byte order")
    {
        header.e_ident[EI_DATA] = ELFDATA2MSB;
        header.e_machine = static_cast<Elf64_Half> (EM_PPC64 << 8);
        CHECK_THAT (whyNot (contents), Contains ("is for 64-bit PowerPC"));
    }

    SECTION ("a machine without a name")
    {
        header.e_machine = 4242;
        CHECK_THAT (whyNot (contents), Contains ("ELF machine 4242"));
    }

    SECTION ("another system") { CHECK_THAT (whyNot ({ "MZ\x90", 3 }), Contains ("is for Windows")); }
}

TEST_CASE_METHOD (BinaryFixture, "what is no library is told to be none")
{
    auto contents = read();
    auto& header = *static_cast<Elf64_Ehdr*> (contents.getData());

    SECTION ("a text") { CHECK_THAT (whyNot ({ "INPUT ( libfoo.so.1 )\n", 22 }), Contains ("is not a shared library")); }
    SECTION ("nothing") { CHECK_THAT (whyNot ({}), Contains ("is empty")); }
    SECTION ("one byte") { CHECK_THAT (whyNot ({ "x", 1 }), Contains ("is not a shared library")); }

    SECTION ("a program")
    {
        header.e_type = ET_EXEC;
        CHECK_THAT (whyNot (contents), Contains ("is a program"));
    }

    SECTION ("an object file")
    {
        header.e_type = ET_REL;
        CHECK_THAT (whyNot (contents), Contains ("is an object file"));
    }

    SECTION ("a header that leads astray")
    {
        header.e_phoff = ~0ull;
        CHECK_THAT (whyNot (contents), Contains ("truncated"));
        header.e_phoff = 64;
        header.e_phentsize = 1;
        CHECK_THAT (whyNot (contents), Contains ("damaged"));
    }

    CHECK (host::whyBinaryCannotLoad (folder) == "is a folder, not a shared library");
    CHECK (host::whyBinaryCannotLoad (folder.getChildFile ("none")) == "does not exist");
}
