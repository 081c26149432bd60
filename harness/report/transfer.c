/* SPDX-License-Identifier: MIT */
/*
 * transfer.c - a result from a child to the process that forked it.
 *
 * Both are the same executable at the same addresses, so the bytes are the struct as it lies in
 * memory, then what it owns, piece by piece in the order of aw_report_case_parts: the size, then
 * the content. A size of AW_PART_STRING stands for NULL. Whatever is sent is received whole or not
 * at all: a child may die at any byte.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "report/report.h"

static void send_part(void *context, void **part, size_t size)
{
    FILE *out = context;
    if (*part == NULL)
        size = AW_PART_STRING;
    else if (size == AW_PART_STRING)
        size = strlen(*part) + 1;
    fwrite(&size, sizeof size, 1, out);
    if (*part != NULL)
        fwrite(*part, 1, size, out);
}

int aw_report_send(FILE *out, const struct aw_report_case *one)
{
    struct aw_report_case copy = *one;
    fwrite(&copy, sizeof copy, 1, out);
    aw_report_case_parts(&copy, send_part, out);
    return fflush(out) != 0 || ferror(out) ? AW_E_IO : 0;
}

bool aw_report_sent_met(const void *bytes, size_t size)
{
    struct aw_report_case one;
    if (size < sizeof one)
        return false;
    memcpy(&one, bytes, sizeof one);
    return one.met;
}

struct receiving {
    const unsigned char *bytes;
    size_t left;
    bool broken;
};

static bool take(struct receiving *from, void *to, size_t size)
{
    from->broken |= size > from->left;
    if (from->broken)
        return false;
    memcpy(to, from->bytes, size);
    from->bytes += size;
    from->left -= size;
    return true;
}

static void receive_part(void *context, void **part, size_t expected)
{
    struct receiving *from = context;
    size_t size;
    (void)expected; /* the pointer is the sender's, what it points to came with it */
    *part = NULL;
    if (!take(from, &size, sizeof size) || size == AW_PART_STRING)
        return;
    if (size > from->left) {
        from->broken = true;
        return;
    }
    *part = aw_allocate(size + 1, 1);
    take(from, *part, size);
}

struct aw_report_case *aw_report_receive(struct aw_report *report, const void *bytes, size_t size)
{
    struct receiving from = {bytes, size, false};
    struct aw_report_case got;
    if (!take(&from, &got, sizeof got))
        return NULL;
    aw_report_case_parts(&got, receive_part, &from);
    struct aw_report_case *one = aw_report_add(report, "");
    free(one->name);
    *one = got;
    if (!from.broken && from.left == 0)
        return one;
    aw_report_drop(report);
    return NULL;
}
