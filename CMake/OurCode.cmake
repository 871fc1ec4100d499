# What our own targets have in common: warnings as errors, sanitizers, and how a module is declared.

if (AUDIOHOST_SANITIZER STREQUAL "address")
    add_compile_options (-fsanitize=address,undefined -fno-sanitize=vptr $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function> -fno-omit-frame-pointer)
    add_link_options (-fsanitize=address,undefined)
elseif (AUDIOHOST_SANITIZER STREQUAL "thread")
    add_compile_options (-fsanitize=thread -fno-omit-frame-pointer)
    add_link_options (-fsanitize=thread)
elseif (AUDIOHOST_SANITIZER)
    message (FATAL_ERROR "AUDIOHOST_SANITIZER is address, thread or empty, not ${AUDIOHOST_SANITIZER}.")
endif()

add_library (our_code INTERFACE)
target_compile_features (our_code INTERFACE cxx_std_20)
target_compile_options (our_code INTERFACE
    -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor
    -Woverloaded-virtual -Wcast-align -Wimplicit-fallthrough
    # g++ 12 sees an overlap in every std::string + "text" (its bug 105651), JSON values that are not initialised, and a
    # dangling pointer in JUCE's ListenerList, which links an iterator on the stack into a list and takes it out again.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict;-Wno-maybe-uninitialized;-Wno-dangling-pointer>
    # Line tables only: stacks that the guard records name a file and a line in a normal build.
    $<$<CONFIG:Release>:-g1>)

# our_module (NAME source... [LINK library...]): a static library under Modules/NAME with Modules/ on its include path.
function (our_module name)
    cmake_parse_arguments (arg "" "" "LINK" ${ARGN})
    add_library (${name} STATIC ${arg_UNPARSED_ARGUMENTS})
    target_include_directories (${name} PUBLIC "${CMAKE_SOURCE_DIR}/Modules")
    target_link_libraries (${name} PUBLIC ${arg_LINK} PRIVATE our_code)
    set_target_properties (${name} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
endfunction()
