/* SPDX-License-Identifier: MIT */
/*
 * items.h - the history of each numbered item: put, taken out of its buffer, written, read, got.
 *
 * `put` and `got` are what the program says (allways/probe.h); `taken` too, where it says so. What
 * a thread writes to pipes after it took an item is that item, and bytes leave a pipe in the order
 * in which they came: so the bytes of an item can be followed by how the levels of pipes change.
 */
#ifndef AW_TRACE_ITEMS_H
#define AW_TRACE_ITEMS_H

#include "trace/trace.h"

/* All steps are indices, AW_TRACE_NONE for what did not happen. Names live as long as `trace`'s. */
struct aw_trace_item {
    uint64_t producer, number;
    uint32_t put, taken, written, read, got;                         /* the first step of each */
    uint32_t got_again;                                              /* the second get */
    const char *put_by, *taken_by, *read_by, *got_by, *got_again_by; /* threads, or "" */
    uint32_t put_process;
    uint32_t pipe;  /* object that it was written to */
    uint64_t bytes; /* written so far */
};

/* Bytes from a write to the read that took them. */
struct aw_trace_message {
    uint32_t object;
    uint32_t written, read; /* steps; read is AW_TRACE_NONE for what nobody read */
    uint32_t item;          /* index, or AW_TRACE_NONE */
    uint64_t bytes;
};

struct aw_trace_items {
    struct aw_trace_item *items;
    uint32_t count;
    struct aw_trace_message
        *messages; /* through pipes; those that were read, in that order, first */
    uint32_t message_count;
    bool told_taken; /* the program says when items are taken out of their buffer */
};

/* The histories; freed by the caller with aw_trace_items_free. */
void aw_trace_items(const struct aw_trace *trace, struct aw_trace_items *items);
void aw_trace_items_free(struct aw_trace_items *items);

/* Was it put and never got? */
bool aw_trace_item_lost(const struct aw_trace_item *item);

/* Where it is after step `step`: "in the buffer of main", "being read by worker 2" ... */
const char *aw_trace_item_place(const struct aw_trace *trace, const struct aw_trace_items *items,
                                const struct aw_trace_item *item, uint32_t step);

/* "item 3", "item 3 of producer 2" */
const char *aw_trace_item_name(const struct aw_trace *trace, const struct aw_trace_item *item);

#endif
