/* SPDX-License-Identifier: MIT */
/*
 * pool_items.c - what is put into the queue. An item is its producer and its number; serialised it
 * is
 * --size bytes of which the first four say so and the others are zero. None is one byte.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "allways/probe.h"
#include "pool/pool.h"

enum { NONE_SIZE = 1, NUMBER_BITS = 16 };

void *pool_item(int producer, int number)
{
    return (void *)(uintptr_t)(((uint32_t)producer << NUMBER_BITS | (uint32_t)number) + 1);
}

static uint32_t item_key(const void *object)
{
    return (uint32_t)(uintptr_t)object - 1;
}

static int dump(void *context, const void *object, unsigned char **bytes, size_t *size)
{
    const struct pool *pool = context;
    *size = object ? (size_t)pool->size : NONE_SIZE;
    *bytes = calloc(1, *size);
    if (!*bytes)
        return ENOMEM;
    if (!object) {
        (*bytes)[0] = 'N';
        return 0;
    }
    uint32_t key = item_key(object);
    for (int i = 0; i < 4; i++)
        (*bytes)[i] = (unsigned char)(key >> 8 * (3 - i));
    return 0;
}

static bool is_item(const struct pool *pool, size_t size)
{
    return size == (size_t)pool->size;
}

static bool is_none(const unsigned char *bytes, size_t size)
{
    return size == NONE_SIZE && bytes[0] == 'N';
}

static uint32_t key_in(const unsigned char *bytes)
{
    uint32_t key = 0;
    for (int i = 0; i < 4; i++)
        key = key << 8 | bytes[i];
    return key;
}

static int load(void *context, const unsigned char *bytes, size_t size, void **object)
{
    const struct pool *pool = context;
    uint32_t key = is_item(pool, size) ? key_in(bytes) : 0;
    if (is_none(bytes, size))
        *object = NULL;
    else if (is_item(pool, size) && (key & ((1u << NUMBER_BITS) - 1)) <= (uint32_t)pool->items)
        *object = (void *)(uintptr_t)(key + 1);
    else
        return EBADMSG;
    return 0;
}

/* The moment at which an item is got: all its bytes were read, no lock was released yet. */
static void received(void *context, const unsigned char *bytes, size_t size)
{
    const struct pool *pool = context;
    if (is_none(bytes, size))
        aw_note("gets None");
    if (!is_item(pool, size))
        return;
    uint32_t key = key_in(bytes);
    aw_got(key >> NUMBER_BITS, key & ((1u << NUMBER_BITS) - 1));
}

const struct mpqueue_codec pool_codec = {.dump = dump, .load = load, .received = received};
