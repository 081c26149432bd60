/* SPDX-License-Identifier: MIT */
/*
 * places.c - files that belong to the program, found from where its executable is: in the folder of
 * a build, or below the prefix of an installation.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/cli.h"

/* The first of `below`, from the executable's folder, that has `file` in it (itself, for ""). */
static char *find(const char *const *below, const char *file)
{
    char folder[PATH_MAX], path[2 * PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", folder, sizeof folder - 1);
    if (length <= 0)
        return NULL;
    folder[length] = '\0';
    *strrchr(folder, '/') = '\0';
    for (; *below != NULL; below++) {
        snprintf(path, sizeof path, "%s/%s%s", folder, *below, file);
        if (access(path, R_OK) != 0)
            continue;
        path[strlen(path) - strlen(file)] = '\0';
        return aw_string_copy(path);
    }
    return NULL;
}

const char *aw_runtime_path(const char *command)
{
    static const char *const below[] = {"runtime.so", "../lib/allways/runtime.so", NULL};
    static char *found;
    const char *given = getenv("ALLWAYS_RUNTIME");
    if (given != NULL && given[0] != '\0')
        return given;
    if (found == NULL)
        found = find(below, "");
    if (found == NULL)
        aw_complain(command, "runtime.so is neither beside the executable nor in "
                             "../lib/allways; ALLWAYS_RUNTIME may name it");
    return found;
}

const char *aw_include_path(void)
{
    /* Beside build/, above build/sanitize/, below a prefix. */
    static const char *const below[] = {"../harness/include", "../../harness/include", "../include",
                                        NULL};
    static char *found;
    if (found == NULL)
        found = find(below, "/allways/probe.h");
    return found;
}
