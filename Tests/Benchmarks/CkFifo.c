#include "CkFifo.h"

#include <ck_hp.h>
#include <ck_hp_fifo.h>

#include <stdlib.h>

struct CkFifo
{
    ck_hp_t hazards;
    char space[128];
    ck_hp_fifo_t fifo;
};

struct CkFifoThread
{
    ck_hp_record_t record; // the library keeps it for ever, and hands it to the next thread that joins
    struct CkFifo* queue;
    void* pointers[CK_HP_FIFO_SLOTS_COUNT];
};

struct CkFifo* makeCkFifo (void)
{
    struct CkFifo* queue = aligned_alloc (128, (sizeof (struct CkFifo) + 127) / 128 * 128);
    ck_hp_fifo_entry_t* stub = malloc (sizeof (ck_hp_fifo_entry_t));

    if (queue == NULL || stub == NULL)
        abort();

    ck_hp_init (&queue->hazards, CK_HP_FIFO_SLOTS_COUNT, 64, free);
    ck_hp_fifo_init (&queue->fifo, stub);
    return queue;
}

void freeCkFifo (struct CkFifo* queue)
{
    ck_hp_fifo_entry_t* entry = NULL;
    ck_hp_record_t* record = NULL;
    ck_hp_fifo_deinit (&queue->fifo, &entry);

    while (entry != NULL)
    {
        ck_hp_fifo_entry_t* next = entry->next;
        free (entry);
        entry = next;
    }

    while ((record = ck_hp_recycle (&queue->hazards)) != NULL)
        free (record); // the record is at the beginning of its CkFifoThread

    free (queue);
}

struct CkFifoThread* joinCkFifo (struct CkFifo* queue)
{
    const size_t size = (sizeof (struct CkFifoThread) + 127) / 128 * 128;
    struct CkFifoThread* thread = aligned_alloc (128, size);

    if (thread == NULL)
        abort();

    thread->queue = queue;
    ck_hp_register (&queue->hazards, &thread->record, thread->pointers);
    return thread;
}

void leaveCkFifo (struct CkFifoThread* thread)
{
    ck_hp_clear (&thread->record);
    ck_hp_purge (&thread->record);
    ck_hp_unregister (&thread->record);
}

bool pushCkFifo (struct CkFifoThread* thread, uint64_t item)
{
    ck_hp_fifo_entry_t* entry = malloc (sizeof (ck_hp_fifo_entry_t));

    if (entry == NULL)
        return false;

    ck_hp_fifo_enqueue_mpmc (&thread->record, &thread->queue->fifo, entry, (void*) (uintptr_t) item);
    return true;
}

bool popCkFifo (struct CkFifoThread* thread, uint64_t* item)
{
    void* value = NULL;
    ck_hp_fifo_entry_t* entry = ck_hp_fifo_dequeue_mpmc (&thread->record, &thread->queue->fifo, &value);

    if (entry == NULL)
        return false;

    ck_hp_free (&thread->record, &entry->hazard, entry, entry);
    *item = (uint64_t) (uintptr_t) value;
    return true;
}
