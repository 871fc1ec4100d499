#pragma once

/** Before a function: it is compiled for AVX2, too, and the program takes that one where the processor has it, when it is loaded.

    x86-64 with ELF only. Not with sanitizers: what they put into a function is not ready yet when the choice is made.
*/
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define HOST_AVX2_CLONES
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HOST_AVX2_CLONES
#endif

#ifndef HOST_AVX2_CLONES
#if defined(__x86_64__) && defined(__ELF__)
#define HOST_AVX2_CLONES [[gnu::target_clones ("avx2", "default")]]
#else
#define HOST_AVX2_CLONES
#endif
#endif
