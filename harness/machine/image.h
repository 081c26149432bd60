/* SPDX-License-Identifier: MIT */
/*
 * image.h - process images: saving, loading and interning the memory of virtual processes.
 *
 * One process is in place at a time. Its image is the list of the chunks that differ from the
 * baseline (the data segments as loaded, stacks full of `stack_fill`, zero elsewhere), sorted by chunk number, each with the id
 * of its interned contents; equal memories are equal lists.
 *
 * Invariants:
 *  1. Between a load or save and the next run of program code, memory holds exactly what the list
 *     `current` says.
 *  2. Every page that program code ever wrote is looked at by save. Pages start out read-only (data)
 *     or inaccessible (heaps, stacks); the first write, in the whole life of the image, faults once
 *     (aw_image_fault) and from then on the page is looked at.
 *
 * Only what changed is copied and hashed: save compares with the contents it knows, load copies the
 * chunks that differ from those in place.
 */
#ifndef AW_MACHINE_IMAGE_H
#define AW_MACHINE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/intern.h"
#include "machine/window.h"

static inline uint32_t aw_image_chunk_of(uint64_t address)
{
    return (uint32_t)((address - AW_WINDOW) / AW_CHUNK);
}

struct aw_image_chunk {
    uint32_t index; /* (address - AW_WINDOW) / AW_CHUNK */
    uint32_t id;    /* in chunks */
};

/* A data segment: baseline is what the loader left there. */
struct aw_image_data {
    uint64_t start, end;
    uint32_t *baseline; /* chunk ids */
    uint64_t *written;  /* pages, sorted; room for all */
    uint32_t written_count;
};

struct aw_image_slot {
    bool mapped;
    uint64_t local_end;
    uint64_t heap_high; /* pages below were touched */
    uint64_t stack_low; /* pages from here up were touched */
};

struct aw_image {
    struct aw_intern chunks;      /* id 0 = zeros */
    struct aw_image_data data[3]; /* program, runtime, arguments */
    unsigned data_count;
    struct aw_image_slot *slots; /* AW_SLOTS */
    uint32_t slot_end;           /* one more than the highest mapped */
    uint64_t local_bytes, heap_bytes, stack_bytes;
    uint8_t stack_fill;      /* every byte of a stack that code has not written */
    uint32_t stack_baseline; /* a chunk of them */
    struct aw_image_chunk *current;
    uint32_t current_count, current_capacity;
    struct aw_image_chunk *work;
    uint32_t work_capacity;
};

/* `local_bytes`: errno and TLS of a thread; `heap_bytes`, `stack_bytes`: the largest arena and stack,
 * whole pages; `stack_fill`: what a stack holds where nobody has written. */
void aw_image_init(struct aw_image *image, uint64_t local_bytes, uint64_t heap_bytes,
                   uint64_t stack_bytes, uint8_t stack_fill);
void aw_image_deinit(struct aw_image *image);

/* Takes [start, end), just loaded, as a data segment of the image. */
void aw_image_add_data(struct aw_image *image, uint64_t start, uint64_t end);

/* Makes the ranges of a thread slot usable; no effect if they are. */
int aw_image_map_slot(struct aw_image *image, uint32_t slot, struct aw_error *error);

/* Called from the fault handler: true if `address` is a page of the image that is now usable, so
 * that the faulting instruction can be tried again. Async-signal-safe. */
bool aw_image_fault(struct aw_image *image, uint64_t address);

/* Is [address, address + length) memory that the program may access? */
bool aw_image_contains(const struct aw_image *image, uint64_t address, uint64_t length);

/* Fills the stack of `slot` below `sp` with `stack_fill`. */
void aw_image_clear_below(struct aw_image *image, uint32_t slot, uint64_t sp);

/* Fills the stack of a slot whose thread is gone, and zeroes its errno and TLS. */
void aw_image_clear_slot(struct aw_image *image, uint32_t slot);

/* Reads `size` bytes at `address` of the image `list`, which need not be in place. */
void aw_image_peek(const struct aw_image *image, const struct aw_image_chunk *list, uint32_t count,
                   uint64_t address, void *bytes, uint32_t size);

/* The place in a sorted list of the first chunk whose number is not below `index`. */
uint32_t aw_image_seek(const struct aw_image_chunk *list, uint32_t count, uint32_t index);

/* What a chunk holds in a process whose list does not name it. */
uint32_t aw_image_baseline(const struct aw_image *image, uint32_t chunk);

/* Does the chunk belong to the stack, errno or thread-local storage of a slot? */
bool aw_image_chunk_is_of(uint32_t index, uint32_t slot);

/* Puts the image `list` in place. */
void aw_image_load(struct aw_image *image, const struct aw_image_chunk *list, uint32_t count);

/* Interns what is in place; the result is image->current, image->current_count. */
void aw_image_save(struct aw_image *image);

#endif
