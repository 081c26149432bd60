/* SPDX-License-Identifier: MIT */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

void aw_check_failed(const char *condition, const char *file, int line, const char *function)
{
    fprintf(stderr,
            "allways: internal error: %s:%d: %s: check failed: %s\n"
            "allways: this is a bug of allways; please report it with the command line and the "
            "scenario\n",
            file, line, function, condition);
    fflush(stderr);
    abort();
}
