#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C"
{
#endif

    /** Concurrency Kit's unbounded queue for many threads, with its hazard pointers and malloc: its header does not compile as
    C++, so it is behind these functions.
*/
    struct CkFifo;

    /** A thread's access to it. */
    struct CkFifoThread;

    struct CkFifo* makeCkFifo (void);

    /** Once all threads have left. */
    void freeCkFifo (struct CkFifo*);

    struct CkFifoThread* joinCkFifo (struct CkFifo*);
    void leaveCkFifo (struct CkFifoThread*);

    bool pushCkFifo (struct CkFifoThread*, uint64_t item);
    bool popCkFifo (struct CkFifoThread*, uint64_t* item);

#ifdef __cplusplus
}
#endif
