/* SPDX-License-Identifier: MIT */
/*
 * environment.c - environ and the functions on it.
 *
 * The list starts as the one that the machine passed in. The first change that makes it longer
 * moves it to the heap; it grows by steps. Strings made by setenv come from the heap, and are not
 * freed when they are replaced: the program may still hold what getenv returned (as in glibc).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "primitives.h"

enum { LIST_STEP = 16 };

char **__environ;
extern char **environ __attribute__((alias("__environ")));
extern char **_environ __attribute__((alias("__environ")));

static char **own_list; /* NULL until one was made */
static size_t own_size;

/* Index of "name=...", or the number of entries. */
static size_t find(const char *name, size_t length)
{
    size_t i = 0;

    if (__environ == NULL)
        return 0;
    while (__environ[i] != NULL &&
           (strncmp(__environ[i], name, length) != 0 || __environ[i][length] != '='))
        i++;
    return i;
}

static int found(size_t index)
{
    return __environ != NULL && __environ[index] != NULL;
}

/* Puts `entry` at the end of the list, whose length is `count`. */
static int append(char *entry, size_t count)
{
    if (__environ != own_list || count + 2 > own_size) {
        size_t size = (count + 2 + LIST_STEP - 1) / LIST_STEP * LIST_STEP;
        char **list = calloc(size, sizeof *list);
        __aw_keep(list);

        if (list == NULL) {
            errno = ENOMEM;
            return -1;
        }
        if (count > 0)
            memcpy(list, __environ, count * sizeof *list);
        if (__environ == own_list)
            free(own_list);
        __environ = own_list = list;
        own_size = size;
    }
    __environ[count] = entry;
    __environ[count + 1] = NULL;
    return 0;
}

/* Length of a valid name, or 0 with errno. */
static size_t name_length(const char *name)
{
    if (name == NULL || name[0] == '\0' || strchr(name, '=') != NULL) {
        errno = EINVAL;
        return 0;
    }
    return strlen(name);
}

char *getenv(const char *name)
{
    size_t length = strlen(name), index = find(name, length);

    return length > 0 && found(index) ? __environ[index] + length + 1 : NULL;
}

char *secure_getenv(const char *name)
{
    return getenv(name);
}

int setenv(const char *name, const char *value, int overwrite)
{
    size_t length = name_length(name), index;
    char *entry;

    if (length == 0)
        return -1;
    index = find(name, length);
    if (found(index) && !overwrite)
        return 0;
    entry = malloc(length + strlen(value) + 2);
    __aw_keep(entry);
    if (entry == NULL) {
        errno = ENOMEM;
        return -1;
    }
    memcpy(entry, name, length);
    entry[length] = '=';
    memcpy(entry + length + 1, value, strlen(value) + 1);
    if (found(index)) {
        __environ[index] = entry;
    } else if (append(entry, index) != 0) {
        free(entry);
        return -1;
    }
    return 0;
}

int unsetenv(const char *name)
{
    size_t length = name_length(name), index;

    if (length == 0)
        return -1;
    while (index = find(name, length), found(index))
        for (; __environ[index] != NULL; index++)
            __environ[index] = __environ[index + 1];
    return 0;
}

int putenv(char *entry)
{
    const char *equals = strchr(entry, '=');
    size_t index;

    if (equals == NULL)
        return unsetenv(entry);
    index = find(entry, (size_t)(equals - entry));
    if (!found(index))
        return append(entry, index);
    __environ[index] = entry;
    return 0;
}

int clearenv(void)
{
    if (__environ == own_list)
        free(own_list);
    own_list = NULL;
    own_size = 0;
    __environ = NULL;
    return 0;
}
