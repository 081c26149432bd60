/* SPDX-License-Identifier: MIT */
/*
 * system.c - small functions that answer from constants or hand over to the machine.
 */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include "primitives.h"
#include "runtime.h"

enum { PAGE_SIZE = 4096, PROCESSORS = 2, OPEN_MAX_ANSWER = 1024 };

long sysconf(int name)
{
    char what[32];

    switch (name) {
    case _SC_PAGESIZE:
        return PAGE_SIZE;
    case _SC_NPROCESSORS_ONLN:
    case _SC_NPROCESSORS_CONF:
        return PROCESSORS;
    case _SC_OPEN_MAX:
        return OPEN_MAX_ANSWER;
    case _SC_CLK_TCK:
        return 100;
    case _SC_IOV_MAX:
        return 1024;
    default:
        break;
    }
    format_text(what, sizeof what, "sysconf(%d)", name);
    __aw_unmodelled(what);
}

int get_nprocs(void)
{
    return PROCESSORS;
}

int get_nprocs_conf(void)
{
    return PROCESSORS;
}

int getpagesize(void)
{
    return PAGE_SIZE;
}

/* Whole seconds that were not slept are the answer, as after an EINTR. */
unsigned sleep(unsigned seconds)
{
    struct timespec wanted = {.tv_sec = seconds}, left = {0};

    if (nanosleep(&wanted, &left) == 0)
        return 0;
    return (unsigned)left.tv_sec + (left.tv_nsec > 0);
}

int usleep(useconds_t microseconds)
{
    struct timespec wanted = {microseconds / 1000000, microseconds % 1000000 * 1000L};

    return nanosleep(&wanted, NULL);
}

int raise(int number)
{
    return __aw_raise(number);
}

void abort(void)
{
    __aw_abort();
}

void __assert_fail(const char *expression, const char *file, unsigned line, const char *function)
    __attribute__((noreturn));

void __assert_fail(const char *expression, const char *file, unsigned line, const char *function)
{
    extern char *__progname;

    printf_to(2, "%s%s%s:%u: %s%sAssertion `%s' failed.\n", __progname,
              __progname[0] == '\0' ? "" : ": ", file, line, function == NULL ? "" : function,
              function == NULL ? "" : ": ", expression);
    __aw_assert(expression, file, line, function);
}

/* -D_FORTIFY_SOURCE and the checked string functions end here. */
_Noreturn void __chk_fail(void);

_Noreturn void __chk_fail(void)
{
    printf_to(2, "*** buffer overflow detected ***: terminated\n");
    __aw_abort();
}

/* The only locale is "C". */
char *setlocale(int category, const char *locale)
{
    static const char name[] = "C";

    if (category < LC_CTYPE || category > LC_IDENTIFICATION)
        return NULL;
    if (locale == NULL || locale[0] == '\0' || strcmp(locale, "C") == 0 ||
        strcmp(locale, "POSIX") == 0)
        return (char *)name;
    return NULL;
}
