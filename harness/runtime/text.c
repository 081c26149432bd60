/* SPDX-License-Identifier: MIT */
/*
 * text.c - string functions with state or an allocation: strtok, strdup, strndup.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#undef strdup
#undef strndup
#undef strtok_r

static char *strtok_place; /* NULL before the first use and after the last word */

static int is_delimiter(char character, const char *delimiters)
{
    for (; *delimiters != '\0'; delimiters++)
        if (*delimiters == character)
            return 1;
    return 0;
}

char *strtok_r(char *restrict text, const char *restrict delimiters, char **restrict place)
{
    char *word = text == NULL ? *place : text, *end;

    while (*word != '\0' && is_delimiter(*word, delimiters))
        word++;
    for (end = word; *end != '\0' && !is_delimiter(*end, delimiters); end++)
        continue;
    *place = end;
    if (*word == '\0')
        return NULL;
    if (*end != '\0') {
        *end = '\0';
        *place = end + 1;
    }
    return word;
}

extern __typeof__(strtok_r) __strtok_r __attribute__((alias("strtok_r"), copy(strtok_r)));

char *strtok(char *restrict text, const char *restrict delimiters)
{
    char *word = NULL;

    if (text == NULL && strtok_place == NULL)
        return NULL;
    word = strtok_r(text, delimiters, &strtok_place);
    if (word == NULL)
        strtok_place = NULL;
    return word;
}

char *strndup(const char *text, size_t limit)
{
    size_t length = 0;
    char *copy;

    while (length < limit && text[length] != '\0')
        length++;
    copy = malloc(length + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *strdup(const char *text)
{
    return strndup(text, strlen(text));
}

extern __typeof__(strdup) __strdup __attribute__((alias("strdup"), copy(strdup)));
extern __typeof__(strndup) __strndup __attribute__((alias("strndup"), copy(strndup)));
