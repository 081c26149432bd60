/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *aw_error_text(int code)
{
    switch (code) {
#define X(name, value, text)                                                                       \
    case name:                                                                                     \
        return text;
        AW_ERRORS(X)
#undef X
    default:
        return code == 0 ? "success" : "unknown error";
    }
}

static void fill(struct aw_error *error, int code, const char *file, int line, int column,
                 const char *format, va_list args)
{
    if (error == NULL)
        return;
    memset(error, 0, sizeof *error);
    error->code = code;
    error->line = line;
    error->column = column;
    snprintf(error->file, sizeof error->file, "%s", file ? file : "");
    vsnprintf(error->message, sizeof error->message, format, args);
}

int aw_fail(struct aw_error *error, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(error, code, NULL, 0, 0, format, args);
    va_end(args);
    return code;
}

int aw_fail_at(struct aw_error *error, int code, const char *file, int line, int column,
               const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(error, code, file, line, column, format, args);
    va_end(args);
    return code;
}

void aw_error_format(const struct aw_error *error, char *buffer, size_t size)
{
    if (error->file[0] == '\0')
        snprintf(buffer, size, "%s", error->message);
    else if (error->line == 0)
        snprintf(buffer, size, "%s: %s", error->file, error->message);
    else
        snprintf(buffer, size, "%s:%d:%d: %s", error->file, error->line, error->column,
                 error->message);
}
