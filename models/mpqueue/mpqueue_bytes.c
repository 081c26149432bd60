/* SPDX-License-Identifier: MIT */
/*
 * mpqueue_bytes.c - the codec whose objects are bytes: nothing to serialise, only to copy.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mpqueue/mpqueue.h"

struct mpqueue_bytes *mpqueue_bytes_create(const void *data, size_t size)
{
    struct mpqueue_bytes *bytes = NULL;
    if (size <= SIZE_MAX - sizeof *bytes)
        bytes = calloc(1, sizeof *bytes + size);
    if (!bytes) {
        errno = ENOMEM;
        return NULL;
    }
    bytes->size = size;
    if (data && size > 0)
        memcpy(bytes->data, data, size);
    return bytes;
}

static int bytes_dump(void *context, const void *object, unsigned char **bytes, size_t *size)
{
    (void)context;
    const struct mpqueue_bytes *source = object;
    if (!source)
        return EINVAL;
    unsigned char *copy = malloc(source->size > 0 ? source->size : 1);
    if (!copy)
        return ENOMEM;
    memcpy(copy, source->data, source->size);
    *bytes = copy;
    *size = source->size;
    return 0;
}

static int bytes_load(void *context, const unsigned char *bytes, size_t size, void **object)
{
    (void)context;
    *object = mpqueue_bytes_create(bytes, size);
    return *object ? 0 : ENOMEM;
}

static void bytes_free(void *context, void *object)
{
    (void)context;
    free(object);
}

const struct mpqueue_codec mpqueue_bytes_codec = {
    .dump = bytes_dump,
    .load = bytes_load,
    .free_object = bytes_free,
};
