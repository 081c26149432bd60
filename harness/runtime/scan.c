/* SPDX-License-Identifier: MIT */
/*
 * scan.c - sscanf, and the numbers with a point that it and strtod read.
 *
 * All of glibc's conversions in the C locale but %m (allocation) and those of wide characters,
 * which stop the check. stdin is at its end from the beginning: scanf answers EOF.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "primitives.h"
#include "runtime.h"

#undef strtod
#undef strtof
#undef atof

int __isoc99_vsscanf(const char *restrict text, const char *restrict format, va_list arguments);
int __isoc99_sscanf(const char *restrict text, const char *restrict format, ...);
int __isoc99_scanf(const char *format, ...);

static double number_with_point(const char *text, char **end, int single)
{
    double value;
    int error = __aw_strtod(text, end, &value, single);

    if (error != 0)
        errno = error;
    return value;
}

double strtod(const char *restrict text, char **restrict end)
{
    return number_with_point(text, end, 0);
}

float strtof(const char *restrict text, char **restrict end)
{
    return (float)number_with_point(text, end, 1);
}

double atof(const char *text)
{
    return strtod(text, NULL);
}

/* One conversion: %[*][width][modifier]letter. */
struct conversion {
    int is_kept; /* no '*' */
    unsigned long width;
    char modifier; /* 'H' for hh, 'q' for ll */
    char letter;
};

static int is_space(char letter)
{
    return letter == ' ' || (letter >= '\t' && letter <= '\r');
}

static const char *parse(const char *format, struct conversion *conversion)
{
    *conversion = (struct conversion){.is_kept = 1, .width = ULONG_MAX};
    if (*format == '*') {
        conversion->is_kept = 0;
        format++;
    }
    if (*format >= '0' && *format <= '9') {
        conversion->width = 0;
        for (; *format >= '0' && *format <= '9'; format++)
            conversion->width = conversion->width * 10 + (unsigned)(*format - '0');
    }
    if (strchr("hlqjztL", *format) != NULL && *format != '\0') {
        conversion->modifier = *format++;
        if (*format == conversion->modifier && (*format == 'h' || *format == 'l'))
            conversion->modifier = *format++ == 'h' ? 'H' : 'q';
    }
    conversion->letter = *format;
    return *format == '\0' ? format : format + 1;
}

static void store(const struct conversion *conversion, void *place, uint64_t value)
{
    switch (conversion->modifier) {
    case 'H':
        *(unsigned char *)place = (unsigned char)value;
        return;
    case 'h':
        *(unsigned short *)place = (unsigned short)value;
        return;
    case 0:
        *(unsigned *)place = (unsigned)value;
        return;
    default:
        *(unsigned long *)place = value;
    }
}

static int digit(char letter, int base)
{
    int value = letter >= '0' && letter <= '9'   ? letter - '0'
                : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10
                : letter >= 'A' && letter <= 'F' ? letter - 'A' + 10
                                                 : 16;
    return value < base;
}

/* How many letters make an integer, 0 for none. */
static size_t integer_length(const char *text, unsigned long width, int *base)
{
    size_t at = 0, begin;
    int has_prefix = 0;

    if (at < width && (text[at] == '+' || text[at] == '-'))
        at++;
    if ((*base == 0 || *base == 16) && at + 1 < width && text[at] == '0' &&
        (text[at + 1] == 'x' || text[at + 1] == 'X')) {
        *base = has_prefix = 16;
        at += 2;
    } else if (*base == 0) {
        *base = at < width && text[at] == '0' ? 8 : 10;
    }
    for (begin = at; at < width && digit(text[at], *base); at++)
        continue;
    return at == begin && !has_prefix ? 0 : at; /* "0x" is 0 */
}

static const char *scan_integer(const char *text, const struct conversion *conversion, void *place)
{
    char letter = conversion->letter;
    int base = letter == 'i' ? 0 : letter == 'o' ? 8 : letter == 'd' || letter == 'u' ? 10 : 16;
    size_t length = integer_length(text, conversion->width, &base);

    if (length == 0)
        return NULL;
    if (conversion->is_kept) {
        char copy[length + 1];
        int error = errno;

        memcpy(copy, text, length);
        copy[length] = '\0';
        store(conversion, place,
              letter == 'd' || letter == 'i' ? (uint64_t)strtol(copy, NULL, base)
                                             : strtoul(copy, NULL, base));
        errno = error;
    }
    return text + length;
}

static const char *scan_real(const char *text, const struct conversion *conversion, void *place)
{
    size_t length = strlen(text);
    char *end;

    if (length > conversion->width)
        length = conversion->width;
    char copy[length + 1];
    memcpy(copy, text, length);
    copy[length] = '\0';
    int error = errno;
    if (conversion->modifier == 'L')
        __aw_unmodelled("sscanf of a long double");
    double value = number_with_point(copy, &end, conversion->modifier == 0);
    errno = error;
    const char *digits = copy + (*copy == '+' || *copy == '-');
    if (end == copy || ((*end | 0x20) == 'x' && end == digits + 1 && *digits == '0'))
        return NULL; /* nothing, or "0x" and no digit behind it */
    if (end[-1] == 'f' && (*end == 'i' || *end == 'I')) /* more of "infinity", but not all */
        return NULL;
    /* An exponent without digits is taken too. */
    char exponent = end - copy > 1 && memchr(copy, 'x', (size_t)(end - copy)) != NULL ? 'p' : 'e';
    if ((*end | 0x20) == exponent)
        end += 1 + (end[1] == '+' || end[1] == '-');
    if (conversion->is_kept && conversion->modifier == 'l')
        *(double *)place = value;
    else if (conversion->is_kept)
        *(float *)place = (float)value;
    return text + (end - copy);
}

/* The set behind "%[": one flag for each letter; returns what follows it. */
static const char *parse_set(const char *format, unsigned char *set)
{
    int is_negated = *format == '^';
    const char *begin = format += is_negated;

    memset(set, is_negated, 256);
    for (; *format != '\0' && (*format != ']' || format == begin); format++) {
        unsigned char from = (unsigned char)*format, to = from;

        if (format[1] == '-' && format[2] != ']' && format[2] != '\0' &&
            (unsigned char)format[2] >= from) {
            to = (unsigned char)format[2];
            format += 2;
        }
        for (unsigned letter = from; letter <= to; letter++)
            set[letter] = !is_negated;
    }
    return *format == '\0' ? format : format + 1;
}

static const char *scan_letters(const char *text, const struct conversion *conversion,
                                const unsigned char *set, char *place)
{
    size_t length = 0;
    unsigned long width = conversion->width;

    if (conversion->modifier == 'l')
        __aw_unmodelled("sscanf of wide characters");
    if (conversion->letter == 'c' && width == ULONG_MAX)
        width = 1;
    while (
        length < width && text[length] != '\0' &&
        (conversion->letter == 'c' ||
         (conversion->letter == 's' ? !is_space(text[length]) : set[(unsigned char)text[length]])))
        length++;
    if (length == 0)
        return NULL;
    if (conversion->is_kept) {
        memcpy(place, text, length);
        if (conversion->letter != 'c')
            place[length] = '\0';
    }
    return text + length;
}

int __isoc99_vsscanf(const char *restrict text, const char *restrict format, va_list arguments)
{
    const char *at = text, *next;
    unsigned char set[256];
    int count = 0, converted = 0; /* with those that are not kept */

    while (*format != '\0') {
        struct conversion conversion;

        if (is_space(*format)) {
            for (format++; is_space(*at); at++)
                continue;
            continue;
        }
        if (*format != '%' || format[1] == '%') {
            if (*format == '%')
                for (format++; is_space(*at); at++)
                    continue;
            if (*at == '\0')
                return converted == 0 ? EOF : count;
            if (*at++ != *format++)
                return count;
            continue;
        }
        format = parse(format + 1, &conversion);
        if (conversion.letter == '[')
            format = parse_set(format, set);
        if (strchr("c[n", conversion.letter) == NULL)
            while (is_space(*at))
                at++;
        void *place = conversion.is_kept ? va_arg(arguments, void *) : NULL;
        if (conversion.letter == 'n') {
            if (conversion.is_kept)
                store(&conversion, place, (uint64_t)(at - text));
            continue;
        }
        if (*at == '\0')
            return converted == 0 ? EOF : count;
        switch (conversion.letter) {
        case 'p':
            conversion.modifier = 'l'; /* fall through */
        case 'd':
        case 'i':
        case 'u':
        case 'o':
        case 'x':
        case 'X':
            next = scan_integer(at, &conversion, place);
            break;
        case 'a':
        case 'e':
        case 'f':
        case 'g':
        case 'A':
        case 'E':
        case 'F':
        case 'G':
            next = scan_real(at, &conversion, place);
            break;
        case 'c':
        case 's':
        case '[':
            next = scan_letters(at, &conversion, set, place);
            break;
        default:
            __aw_unmodelled("sscanf with a conversion that is not modelled");
        }
        if (next == NULL)
            return count;
        at = next;
        converted++;
        count += conversion.is_kept;
    }
    return count;
}

int __isoc99_sscanf(const char *restrict text, const char *restrict format, ...)
{
    va_list arguments;
    int count;

    va_start(arguments, format);
    count = __isoc99_vsscanf(text, format, arguments);
    va_end(arguments);
    return count;
}

int __isoc99_scanf(const char *format, ...)
{
    (void)format;
    return EOF;
}

extern __typeof__(__isoc99_vsscanf) vsscanf_of_gnu __asm__("vsscanf")
    __attribute__((alias("__isoc99_vsscanf")));
extern __typeof__(__isoc99_sscanf) sscanf_of_gnu __asm__("sscanf")
    __attribute__((alias("__isoc99_sscanf")));
