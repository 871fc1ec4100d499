#pragma once

/** 1 where a sanitizer brings interceptors of its own, which the guard's must not replace. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RT_GUARD_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define RT_GUARD_SANITIZED 1
#endif
#endif

#ifndef RT_GUARD_SANITIZED
#define RT_GUARD_SANITIZED 0
#endif
