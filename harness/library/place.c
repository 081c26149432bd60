/* SPDX-License-Identifier: MIT */
/*
 * place.c - where the runtime is: said, beside the shared library, or where it was installed.
 * AW_LIBDIR is what `make install` was told; the library of a build folder has none.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allways/allways.h"
#include "base/memory.h"
#include "library/library.h"

char *aw_library_runtime(const char *given)
{
    char path[PATH_MAX + 32];
    Dl_info here;
    if (given == NULL || given[0] == '\0')
        given = getenv("ALLWAYS_RUNTIME");
    if (given != NULL && given[0] != '\0')
        return aw_string_copy(given);
    if (dladdr((const void *)(uintptr_t)aw_verify, &here) != 0 && here.dli_fname != NULL) {
        const char *slash = strrchr(here.dli_fname, '/');
        snprintf(path, sizeof path, "%.*sallways/runtime.so",
                 slash != NULL ? (int)(slash - here.dli_fname) + 1 : 0, here.dli_fname);
        if (access(path, R_OK) == 0)
            return aw_string_copy(path);
    }
#ifdef AW_LIBDIR
    if (access(AW_LIBDIR "/allways/runtime.so", R_OK) == 0)
        return aw_string_copy(AW_LIBDIR "/allways/runtime.so");
#endif
    return NULL;
}
