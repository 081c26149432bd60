/* SPDX-License-Identifier: MIT */
/* Memory of a trace, and the names in it. */
#include "trace/trace.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { POOL_BLOCK = 64 << 10 };

/* Blocks are kept in a list; what is larger than a block has one of its own. */
struct aw_trace_pool {
    struct block {
        struct block *next;
        _Alignas(8) char bytes[];
    } * blocks;
    size_t left;
    char *free;
};

void *aw_trace_memory(const struct aw_trace *trace, size_t count, size_t size)
{
    struct aw_trace_pool *pool = trace->pool;
    size_t bytes = (count * size + 7) & ~(size_t)7;
    if (bytes > pool->left) {
        size_t room = bytes > POOL_BLOCK ? bytes : POOL_BLOCK;
        struct block *block = aw_allocate(1, sizeof *block + room);
        block->next = pool->blocks;
        pool->blocks = block;
        pool->free = block->bytes;
        pool->left = room;
    }
    void *memory = pool->free;
    pool->free += bytes;
    pool->left -= bytes;
    return memory;
}

const char *aw_trace_text(const struct aw_trace *trace, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = aw_trace_memory(trace, (size_t)length + 1, 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char **aw_trace_strings(struct aw_trace *trace, char *const *strings)
{
    size_t count = 0;
    while (strings[count] != NULL)
        count++;
    char **copy = aw_trace_memory(trace, count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = (char *)aw_trace_bytes(trace, strings[i], strlen(strings[i]));
    copy[count] = NULL;
    return copy;
}

/* How many of `size` bytes are one character of UTF-8; 0 when they are none. */
static size_t character(const unsigned char *bytes, size_t size)
{
    unsigned char first = bytes[0];
    size_t length = first < 0x80                    ? 1
                    : first >= 0xc2 && first < 0xe0 ? 2
                    : first >= 0xe0 && first < 0xf0 ? 3
                    : first >= 0xf0 && first < 0xf5 ? 4
                                                    : 0;
    if (length == 0 || length > size || first == 0)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
    if ((first == 0xe0 && bytes[1] < 0xa0) || (first == 0xed && bytes[1] > 0x9f) ||
        (first == 0xf0 && bytes[1] < 0x90) || (first == 0xf4 && bytes[1] > 0x8f))
        return 0;
    return length;
}

const char *aw_trace_bytes(const struct aw_trace *trace, const void *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *from = bytes;
    char *text = aw_trace_memory(trace, 4 * size + 1, 1), *to = text;
    for (size_t i = 0; i < size;) {
        size_t length = character(from + i, size - i);
        if (length == 0) {
            *to++ = '\\';
            *to++ = 'x';
            *to++ = digits[from[i] >> 4];
            *to++ = digits[from[i] & 15];
            i++;
            continue;
        }
        memcpy(to, from + i, length);
        to += length;
        i += length;
    }
    *to = '\0';
    return text;
}

void aw_trace_init(struct aw_trace *trace)
{
    static char *nothing[] = {NULL};
    memset(trace, 0, sizeof *trace);
    trace->version = trace->scenario = trace->program = trace->message = "";
    trace->argv = trace->env = nothing;
    trace->property = -1;
    trace->loop = AW_TRACE_NONE;
    trace->pool = aw_allocate(1, sizeof *trace->pool);
    aw_machine_settings_default(&trace->machine);
}

void aw_trace_free(struct aw_trace *trace)
{
    if (trace->pool == NULL)
        return;
    for (struct block *block = trace->pool->blocks, *next; block != NULL; block = next) {
        next = block->next;
        free(block);
    }
    free(trace->pool);
    free(trace->processes);
    free(trace->objects);
    free(trace->steps);
    free(trace->at_end);
    memset(trace, 0, sizeof *trace);
}

const char *aw_trace_event_name(enum aw_trace_event_kind kind)
{
    static const char *const names[] = {
#define X(name, text) text,
        AW_TRACE_EVENTS(X)
#undef X
    };
    return names[kind];
}

const char *aw_trace_thread_name(const struct aw_trace *trace, uint32_t process, uint32_t slot,
                                 char *buffer, size_t size)
{
    if (process == AW_TRACE_NONE) {
        snprintf(buffer, size, "clock");
        return buffer;
    }
    const struct aw_trace_process *of = &trace->processes[process];
    if (slot == of->slot) {
        snprintf(buffer, size, "%s", of->name);
        return buffer;
    }
    for (uint32_t i = 0; i < of->thread_count; i++)
        if (of->threads[i].slot == slot) {
            snprintf(buffer, size, "%s.%s", of->name, of->threads[i].name);
            return buffer;
        }
    snprintf(buffer, size, "%s.thread %u", of->name, slot);
    return buffer;
}

const char *aw_trace_fault_text(const struct aw_trace *trace, const struct aw_trace_fault *fault,
                                char *buffer, size_t size)
{
    aw_fault_describe(&trace->plan.faults[fault->fault], fault->value, buffer, size);
    return buffer;
}

bool aw_trace_fault_in_code(const struct aw_trace *trace, const struct aw_trace_fault *fault)
{
    const char *point = trace->plan.faults[fault->fault].point;
    return !aw_fault_point_reserved(point) || strncmp(point, "libc/", 5) == 0;
}

const char *aw_trace_actor(const struct aw_trace *trace, const struct aw_trace_step *step,
                           const struct aw_trace_event *event, char *buffer, size_t size)
{
    uint32_t slot = event->process == step->process && event->kind != AW_TRACE_END
                        ? step->choice.slot
                        : trace->processes[event->process].slot;
    return aw_trace_thread_name(trace, event->process, slot, buffer, size);
}

/* "/mpqueue.rlock.0" -> "rlock": the last part that is not a number. */
static void last_part(const char *name, char *buffer, size_t size)
{
    const char *end = name + strlen(name), *start = end;
    for (;;) {
        start = end;
        while (start > name && strchr("./-_:", start[-1]) == NULL)
            start--;
        if (start < end && strspn(start, "0123456789") < (size_t)(end - start))
            break;
        if (start == name)
            break;
        end = start - 1;
    }
    if (start == end) {
        start = name;
        end = name + strlen(name);
    }
    snprintf(buffer, size, "%.*s", (int)(end - start), start);
}

const char *aw_trace_object_short(const struct aw_trace *trace, uint32_t object, char *buffer,
                                  size_t size)
{
    const struct aw_trace_object *of = &trace->objects[object];
    if (of->kind == AW_OBJECT_PIPE) {
        snprintf(buffer, size, "%s", of->name);
        return buffer;
    }
    char other[256];
    last_part(of->name, buffer, size);
    for (uint32_t i = 0; i < trace->object_count; i++) {
        if (i == object || trace->objects[i].kind == AW_OBJECT_PIPE)
            continue;
        last_part(trace->objects[i].name, other, sizeof other < size ? sizeof other : size);
        if (strcmp(other, buffer) == 0) {
            snprintf(buffer, size, "%s", of->name);
            break;
        }
    }
    return buffer;
}
