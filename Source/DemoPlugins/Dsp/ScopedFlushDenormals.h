#pragma once

#include <xmmintrin.h>

namespace demo
{

/** While it lives, this thread's tiny floats count as zero: recursive filters that decay into silence stay fast, and sound the
    same in every host, whether the host does this itself or not. */
class ScopedFlushDenormals
{
public:
    ScopedFlushDenormals() noexcept { _mm_setcsr (before | flushToZero | denormalsAreZero); }
    ~ScopedFlushDenormals() { _mm_setcsr (before); }

    ScopedFlushDenormals (const ScopedFlushDenormals&) = delete;
    ScopedFlushDenormals& operator= (const ScopedFlushDenormals&) = delete;

private:
    static constexpr unsigned flushToZero = 0x8000;
    static constexpr unsigned denormalsAreZero = 0x0040;
    const unsigned before = _mm_getcsr();
};

} // namespace demo
