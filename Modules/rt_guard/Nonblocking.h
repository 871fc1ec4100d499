#pragma once

/** For declarations of functions that real-time threads call: compilers that know the attribute (clang 19) then warn, with
    -Wfunction-effects, of what may block or allocate within, and RealtimeSanitizer watches them. */
#if defined(__has_cpp_attribute) && __has_cpp_attribute(clang::nonblocking)
#define RT_NONBLOCKING [[clang::nonblocking]]
#else
#define RT_NONBLOCKING
#endif
