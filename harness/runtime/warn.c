/* SPDX-License-Identifier: MIT */
/* warn.c - messages on stderr: err, warn and their kin of <err.h>, and error. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "primitives.h"
#include "runtime.h"

extern char *program_invocation_name, *program_invocation_short_name;

void vwarnx(const char *format, va_list arguments);
void vwarn(const char *format, va_list arguments);
void warnx(const char *format, ...);
void warn(const char *format, ...);
_Noreturn void verrx(int status, const char *format, va_list arguments);
_Noreturn void verr(int status, const char *format, va_list arguments);
_Noreturn void errx(int status, const char *format, ...);
_Noreturn void err(int status, const char *format, ...);
void error(int status, int number, const char *format, ...);

void vwarnx(const char *format, va_list arguments)
{
    printf_to(2, "%s: ", program_invocation_short_name);
    if (format != NULL)
        print(2, format, arguments);
    printf_to(2, "\n");
}

void vwarn(const char *format, va_list arguments)
{
    int number = errno;

    printf_to(2, "%s: ", program_invocation_short_name);
    if (format != NULL) {
        print(2, format, arguments);
        printf_to(2, ": ");
    }
    errno = number;
    printf_to(2, "%m\n");
}

void warnx(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vwarnx(format, arguments);
    va_end(arguments);
}

void warn(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vwarn(format, arguments);
    va_end(arguments);
}

void verrx(int status, const char *format, va_list arguments)
{
    vwarnx(format, arguments);
    exit(status);
}

void verr(int status, const char *format, va_list arguments)
{
    vwarn(format, arguments);
    exit(status);
}

void errx(int status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    verrx(status, format, arguments);
}

void err(int status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    verr(status, format, arguments);
}

void error(int status, int number, const char *format, ...)
{
    va_list arguments;

    printf_to(2, "%s: ", program_invocation_name);
    va_start(arguments, format);
    print(2, format, arguments);
    va_end(arguments);
    if (number != 0) {
        errno = number;
        printf_to(2, ": %m");
    }
    printf_to(2, "\n");
    if (status != 0)
        exit(status);
}
