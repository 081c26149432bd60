/* SPDX-License-Identifier: MIT */
/*
 * plain_text.c - string functions without state, one letter after the other, in the C locale; and
 * those of BSD under their old names.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "primitives.h"
#include "runtime.h"

#undef basename
#undef bcmp
#undef bcopy
#undef bzero
#undef index
#undef rindex
#undef strsep

char *basename(const char *path); /* GNU's, of <string.h> */
char *__xpg_basename(char *path); /* POSIX's, of <libgen.h> */
char *dirname(char *path);

char *strsep(char **restrict text, const char *restrict delimiters)
{
    char *begin = *text, *end = begin;

    if (begin == NULL)
        return NULL;
    while (*end != '\0' && strchr(delimiters, *end) == NULL)
        end++;
    if (*end == '\0') {
        *text = NULL;
    } else {
        *end = '\0';
        *text = end + 1;
    }
    return begin;
}

void *memccpy(void *restrict to, const void *restrict from, int stop, size_t size)
{
    unsigned char *target = to;
    const unsigned char *source = from;

    for (size_t i = 0; i < size; i++) {
        target[i] = source[i];
        if (source[i] == (unsigned char)stop)
            return target + i + 1;
    }
    return NULL;
}

static unsigned char lowered(char letter)
{
    return (unsigned char)(letter >= 'A' && letter <= 'Z' ? letter + 'a' - 'A' : letter);
}

char *strcasestr(const char *text, const char *wanted)
{
    for (;; text++) {
        size_t i = 0;

        while (wanted[i] != '\0' && text[i] != '\0' && lowered(text[i]) == lowered(wanted[i]))
            i++;
        if (wanted[i] == '\0')
            return (char *)text;
        if (*text == '\0')
            return NULL;
    }
}

int strcoll(const char *one, const char *other)
{
    return strcmp(one, other);
}

size_t strxfrm(char *restrict to, const char *restrict from, size_t size)
{
    size_t length = strlen(from);

    for (size_t i = 0; i < size && i <= length; i++)
        to[i] = from[i];
    return length;
}

int ffsll(long long bits)
{
    return bits == 0 ? 0 : __builtin_ctzll((unsigned long long)bits) + 1;
}

int ffs(int bits)
{
    return ffsll((unsigned)bits);
}

int ffsl(long bits)
{
    return ffsll(bits);
}

void bzero(void *bytes, size_t size)
{
    memset(bytes, 0, size);
}

void explicit_bzero(void *bytes, size_t size)
{
    memset(bytes, 0, size);
}

void bcopy(const void *from, void *to, size_t size)
{
    memmove(to, from, size);
}

int bcmp(const void *one, const void *other, size_t size)
{
    return memcmp(one, other, size);
}

char *index(const char *text, int letter)
{
    return strchr(text, letter);
}

char *rindex(const char *text, int letter)
{
    return strrchr(text, letter);
}

void swab(const void *restrict from, void *restrict to, ssize_t size)
{
    const char *source = from;
    char *target = to;

    for (ssize_t i = 0; i + 1 < size; i += 2) {
        char first = source[i];

        target[i] = source[i + 1];
        target[i + 1] = first;
    }
}

char *basename(const char *path)
{
    char *slash = strrchr(path, '/');

    return slash == NULL ? (char *)path : slash + 1;
}

char *__xpg_basename(char *path)
{
    size_t end = path == NULL ? 0 : strlen(path);

    if (end == 0)
        return (char *)".";
    while (end > 1 && path[end - 1] == '/')
        end--;
    if (end == 1 && path[0] == '/')
        return path + strlen(path) - 1;
    path[end] = '\0';
    return basename(path);
}

char *dirname(char *path)
{
    size_t end = path == NULL ? 0 : strlen(path);

    while (end > 1 && path[end - 1] == '/')
        end--;
    while (end > 0 && path[end - 1] != '/')
        end--;
    if (end == 0)
        return (char *)".";
    while (end > 1 && path[end - 1] == '/')
        end--;
    if (end == 1 && path[0] == '/' && path[1] == '/' && path[2] != '/')
        end = 2; /* two slashes at the beginning may mean something */
    path[end] = '\0';
    return path;
}
