/* SPDX-License-Identifier: MIT */
#include "plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- Lengths --------------------------------------------------------------------------------- */

/* Where lengths go: in order, each once, only those that leave something out. */
struct lengths {
    uint32_t *list;
    uint32_t count, room, length;
};

static void add(struct lengths *lengths, int64_t value)
{
    uint32_t at = lengths->count;
    if (value < 1 || value >= lengths->length)
        return;
    while (at > 0 && lengths->list[at - 1] >= value)
        at--;
    if (at < lengths->count && lengths->list[at] == value)
        return;
    if (at == lengths->room) /* larger than all of a full list */
        return;
    if (lengths->count < lengths->room)
        lengths->count++;
    memmove(&lengths->list[at + 1], &lengths->list[at],
            (lengths->count - 1 - at) * sizeof *lengths->list);
    lengths->list[at] = (uint32_t)value;
}

uint32_t aw_fault_lengths_of(const struct aw_fault *fault, uint32_t length, uint32_t pipe_buf,
                             uint32_t *list, uint32_t room)
{
    struct lengths lengths = {list, 0, room, length};

    switch (fault->lengths) {
    case AW_LENGTHS_EVERY:
        while (lengths.count < room && lengths.count + 1 < length) {
            list[lengths.count] = lengths.count + 1;
            lengths.count++;
        }
        break;
    case AW_LENGTHS_MEANINGFUL: {
        const int64_t meaningful[] = {
            1,
            2,
            3,
            4, /* the header of a frame and what is inside it */
            (int64_t)pipe_buf - 1,
            pipe_buf,
            (int64_t)pipe_buf + 1,
            length / 2,
            (int64_t)length - 1,
        };
        for (size_t i = 0; i < sizeof meaningful / sizeof meaningful[0]; i++)
            add(&lengths, meaningful[i]);
        break;
    }
    case AW_LENGTHS_LISTED:
        for (uint32_t i = 0; i < fault->value_count; i++)
            add(&lengths, fault->values[i]);
        break;
    }
    return lengths.count;
}

uint32_t aw_fault_length_count(const struct aw_fault *fault, uint32_t length, uint32_t pipe_buf)
{
    uint32_t list[AW_FAULT_MAX_VALUES];
    if (fault->lengths == AW_LENGTHS_EVERY)
        return length > 1 ? length - 1 : 0;
    return aw_fault_lengths_of(fault, length, pipe_buf, list, AW_FAULT_MAX_VALUES);
}

/* --- Words ----------------------------------------------------------------------------------- */

/* "write" of posix/io/rw/write/reduce. */
static void name_of_call(const char *point, char *buffer, size_t size)
{
    const char *end = strstr(point, "/reduce"), *start;
    if (end == NULL)
        end = point + strlen(point);
    for (start = end; start > point && start[-1] != '/'; start--)
        ;
    snprintf(buffer, size, "%.*s", (int)(end - start), start);
}

/* The largest unit in which it is a whole number. */
static void write_duration(int64_t ns, char *buffer, size_t size)
{
    static const struct {
        const char *name;
        int64_t ns;
    } units[] = {{"s", 1000000000}, {"ms", 1000000}, {"us", 1000}, {"ns", 1}};
    int unit = 0;
    while (ns % units[unit].ns != 0)
        unit++;
    snprintf(buffer, size, "%" PRId64 " %s", ns / units[unit].ns, units[unit].name);
}

void aw_fault_describe(const struct aw_fault *fault, int64_t value, char *buffer, size_t size)
{
    const struct aw_fault_point *point = aw_fault_point_find(fault->point);
    char what[64] = "", call[32];
    const char *name;

    switch (fault->kind) {
    case AW_FAULT_ERRNO:
        name = aw_fault_errno_name((int)value);
        if (name != NULL)
            snprintf(what, sizeof what, "%s", name);
        else
            snprintf(what, sizeof what, "errno %" PRId64, value);
        break;
    case AW_FAULT_PARTIAL:
        name_of_call(fault->point, call, sizeof call);
        snprintf(what, sizeof what, "partial %s of %" PRId64 " byte%s", call, value,
                 value == 1 ? "" : "s");
        break;
    case AW_FAULT_DELAY: {
        char duration[32];
        write_duration(fault->delay_ns, duration, sizeof duration);
        snprintf(what, sizeof what, "delay of %s", duration);
        break;
    }
    case AW_FAULT_FAIL:
        snprintf(what, sizeof what, "failure %" PRId64, value);
        break;
    case AW_FAULT_CRASH:
        snprintf(what, sizeof what, "crash (SIGKILL)");
        break;
    case AW_FAULT_SIGTERM:
        snprintf(what, sizeof what, "SIGTERM");
        break;
    case AW_FAULT_SPURIOUS:
        snprintf(what, sizeof what, "spurious wake-up");
        break;
    case AW_FAULT_KIND_COUNT:
        break;
    }
    /* allways/crash says no more than "crash"; nor do its like. */
    if (point != NULL && point->kind == fault->kind && point->kind != AW_FAULT_ERRNO &&
        point->kind != AW_FAULT_PARTIAL)
        snprintf(buffer, size, "%s", what);
    else
        snprintf(buffer, size, "%s at %s", what, fault->point);
}
