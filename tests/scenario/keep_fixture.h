/* SPDX-License-Identifier: MIT */
/* keep_fixture.h - with $AW_FIXTURES, every file that the tests of the loader try is written there,
 * under the message that it is to give ("" for a right one): tools/schema.py compares the schema
 * for editors with them. */
#ifndef KEEP_FIXTURE_H
#define KEEP_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void keep_fixture(const char *text, const char *message)
{
    static int count;
    char path[256];
    const char *folder = getenv("AW_FIXTURES");
    if (folder == NULL)
        return;
    snprintf(path, sizeof path, "%s/%d-%d", folder, (int)getpid(), count++);
    FILE *file = fopen(path, "w");
    if (file == NULL)
        abort();
    fprintf(file, "%s\n---8<---\n%s", message, text);
    fclose(file);
}

#endif
