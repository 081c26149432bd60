/* SPDX-License-Identifier: MIT */
/*
 * output.c - the output half of stdio.
 *
 * There is no buffer: what is printed is in the log at once, in program order, and flushing and
 * buffering calls succeed and do nothing. (Natively, output still in a buffer is lost by _exit and
 * doubled by fork; that is not modelled.) The log is not part of a state.
 *
 * Only stdin, stdout and stderr exist. They are constant: glibc's structure, zero but for the
 * descriptor, so that the macros of <stdio.h> that look inside find a full buffer and call
 * __overflow. Input and files of one's own are not exported.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "primitives.h"
#include "runtime.h"

#undef putc
#undef putchar
#undef stdin
#undef stdout
#undef stderr

enum { ON_STACK_MAX = 16384 };

static const struct _IO_FILE streams[3] = {{._fileno = 0}, {._fileno = 1}, {._fileno = 2}};

FILE *stdin = (FILE *)&streams[0];
FILE *stdout = (FILE *)&streams[1];
FILE *stderr = (FILE *)&streams[2];

/* Formats straight into `bytes`, which has room for `length` and a final zero. */
static void format_and_log(int fd, char *bytes, int length, const char *format, va_list arguments)
{
    __aw_vsnprintf(bytes, (unsigned long)length + 1, format, arguments);
    __aw_log(fd, bytes, (unsigned long)length);
}

int print(int fd, const char *format, va_list arguments)
{
    char small[256];
    va_list again;
    int length;

    if (fd != 1 && fd != 2)
        __aw_unmodelled("formatted output to a descriptor other than 1 and 2");
    va_copy(again, arguments);
    length = __aw_vsnprintf(small, sizeof small, format, arguments);
    if (length >= 0 && length < (int)sizeof small) {
        __aw_log(fd, small, (unsigned long)length);
    } else if (length >= 0 && length < ON_STACK_MAX) {
        format_and_log(fd, __builtin_alloca((size_t)length + 1), length, format, again);
    } else if (length >= 0) {
        char *large = malloc((size_t)length + 1);

        if (large == NULL)
            length = -1;
        else
            format_and_log(fd, large, length, format, again);
        free(large);
    }
    va_end(again);
    return length;
}

int printf_to(int fd, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = print(fd, format, arguments);
    va_end(arguments);
    return length;
}

int format_text(char *buffer, unsigned long size, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = __aw_vsnprintf(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}

/* Prints `...` with the call in the middle; every variadic function below is this. */
#define FORWARD(call)                                                                              \
    do {                                                                                           \
        va_list arguments;                                                                         \
        int length;                                                                                \
        va_start(arguments, format);                                                               \
        length = call;                                                                             \
        va_end(arguments);                                                                         \
        return length;                                                                             \
    } while (0)

int vprintf(const char *restrict format, va_list arguments)
{
    return print(stdout->_fileno, format, arguments);
}

int vfprintf(FILE *restrict stream, const char *restrict format, va_list arguments)
{
    return print(stream->_fileno, format, arguments);
}

int vdprintf(int fd, const char *restrict format, va_list arguments)
{
    return print(fd, format, arguments);
}

int vsnprintf(char *restrict buffer, size_t size, const char *restrict format, va_list arguments)
{
    return __aw_vsnprintf(buffer, size, format, arguments);
}

int vsprintf(char *restrict buffer, const char *restrict format, va_list arguments)
{
    return __aw_vsnprintf(buffer, INT_MAX, format, arguments);
}

int vasprintf(char **restrict result, const char *restrict format, va_list arguments)
{
    va_list again;
    int length;

    va_copy(again, arguments);
    length = __aw_vsnprintf(NULL, 0, format, arguments);
    *result = length < 0 ? NULL : malloc((size_t)length + 1);
    if (*result == NULL)
        length = -1;
    else
        __aw_vsnprintf(*result, (unsigned long)length + 1, format, again);
    va_end(again);
    return length;
}

int printf(const char *restrict format, ...)
{
    FORWARD(vprintf(format, arguments));
}

int fprintf(FILE *restrict stream, const char *restrict format, ...)
{
    FORWARD(vfprintf(stream, format, arguments));
}

int dprintf(int fd, const char *restrict format, ...)
{
    FORWARD(vdprintf(fd, format, arguments));
}

int snprintf(char *restrict buffer, size_t size, const char *restrict format, ...)
{
    FORWARD(vsnprintf(buffer, size, format, arguments));
}

int sprintf(char *restrict buffer, const char *restrict format, ...)
{
    FORWARD(vsprintf(buffer, format, arguments));
}

int asprintf(char **restrict result, const char *restrict format, ...)
{
    FORWARD(vasprintf(result, format, arguments));
}

static void put(FILE *stream, const char *bytes, size_t length)
{
    if (stream->_fileno != 1 && stream->_fileno != 2)
        __aw_unmodelled("output to a stream other than stdout and stderr");
    __aw_log(stream->_fileno, bytes, length);
}

int fputs(const char *restrict text, FILE *restrict stream)
{
    put(stream, text, strlen(text));
    return 1;
}

int puts(const char *text)
{
    put(stdout, text, strlen(text));
    put(stdout, "\n", 1);
    return (int)strlen(text) + 1;
}

int fputc(int character, FILE *stream)
{
    char byte = (char)character;

    put(stream, &byte, 1);
    return (unsigned char)byte;
}

int putc(int character, FILE *stream)
{
    return fputc(character, stream);
}

int putchar(int character)
{
    return fputc(character, stdout);
}

size_t fwrite(const void *restrict items, size_t size, size_t count, FILE *restrict stream)
{
    if (size == 0 || count == 0)
        return 0;
    put(stream, items, size * count);
    return count;
}

#define ALIAS(name, of) extern __typeof__(of) name __attribute__((alias(#of)))
ALIAS(fputs_unlocked, fputs);
ALIAS(fputc_unlocked, fputc);
ALIAS(putc_unlocked, putc);
ALIAS(putchar_unlocked, putchar);
ALIAS(_IO_putc, putc);
ALIAS(fwrite_unlocked, fwrite);

/* The macros of <stdio.h> come here when a stream's buffer is full. */
int __overflow(FILE *stream, int character)
{
    return fputc(character, stream);
}

int fflush(FILE *stream)
{
    (void)stream;
    return 0;
}

ALIAS(fflush_unlocked, fflush);

int setvbuf(FILE *restrict stream, char *restrict buffer, int mode, size_t size)
{
    (void)stream, (void)buffer, (void)size;
    return mode == _IOFBF || mode == _IOLBF || mode == _IONBF ? 0 : -1;
}

void setbuf(FILE *restrict stream, char *restrict buffer)
{
    (void)stream, (void)buffer;
}

void setbuffer(FILE *restrict stream, char *restrict buffer, size_t size)
{
    (void)stream, (void)buffer, (void)size;
}

void setlinebuf(FILE *stream)
{
    (void)stream;
}

int fileno(FILE *stream)
{
    return stream->_fileno;
}

int ferror(FILE *stream)
{
    (void)stream;
    return 0;
}

void clearerr(FILE *stream)
{
    (void)stream;
}

/* The names that _FORTIFY_SOURCE gives these functions. */

_Noreturn void __chk_fail(void);
int __vprintf_chk(int, const char *, va_list);
int __vfprintf_chk(FILE *, int, const char *, va_list);
int __vdprintf_chk(int, int, const char *, va_list);
int __vasprintf_chk(char **, int, const char *, va_list);
int __vsnprintf_chk(char *, size_t, int, size_t, const char *, va_list);
int __vsprintf_chk(char *, int, size_t, const char *, va_list);
int __printf_chk(int, const char *, ...);
int __fprintf_chk(FILE *, int, const char *, ...);
int __dprintf_chk(int, int, const char *, ...);
int __asprintf_chk(char **, int, const char *, ...);
int __snprintf_chk(char *, size_t, int, size_t, const char *, ...);
int __sprintf_chk(char *, int, size_t, const char *, ...);

static void check_room(size_t size, size_t room)
{
    if (size > room)
        __chk_fail();
}

int __vprintf_chk(int flag, const char *format, va_list arguments)
{
    (void)flag;
    return vprintf(format, arguments);
}

int __vfprintf_chk(FILE *stream, int flag, const char *format, va_list arguments)
{
    (void)flag;
    return vfprintf(stream, format, arguments);
}

int __vdprintf_chk(int fd, int flag, const char *format, va_list arguments)
{
    (void)flag;
    return vdprintf(fd, format, arguments);
}

int __vasprintf_chk(char **result, int flag, const char *format, va_list arguments)
{
    (void)flag;
    return vasprintf(result, format, arguments);
}

int __vsnprintf_chk(char *buffer, size_t size, int flag, size_t room, const char *format,
                    va_list arguments)
{
    (void)flag;
    check_room(size, room);
    return vsnprintf(buffer, size, format, arguments);
}

int __vsprintf_chk(char *buffer, int flag, size_t room, const char *format, va_list arguments)
{
    int length;

    (void)flag;
    check_room(1, room);
    length = vsnprintf(buffer, room, format, arguments);
    check_room(length < 0 ? 0 : (size_t)length + 1, room);
    return length;
}

int __printf_chk(int flag, const char *format, ...)
{
    FORWARD(__vprintf_chk(flag, format, arguments));
}

int __fprintf_chk(FILE *stream, int flag, const char *format, ...)
{
    FORWARD(__vfprintf_chk(stream, flag, format, arguments));
}

int __dprintf_chk(int fd, int flag, const char *format, ...)
{
    FORWARD(__vdprintf_chk(fd, flag, format, arguments));
}

int __asprintf_chk(char **result, int flag, const char *format, ...)
{
    FORWARD(__vasprintf_chk(result, flag, format, arguments));
}

int __snprintf_chk(char *buffer, size_t size, int flag, size_t room, const char *format, ...)
{
    FORWARD(__vsnprintf_chk(buffer, size, flag, room, format, arguments));
}

int __sprintf_chk(char *buffer, int flag, size_t room, const char *format, ...)
{
    FORWARD(__vsprintf_chk(buffer, flag, room, format, arguments));
}
