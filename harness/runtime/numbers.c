/* SPDX-License-Identifier: MIT */
/*
 * numbers.c - small integer functions, plain C.
 *
 * ato* stop at the largest value, like strtol of which they are defined; errno stays as it is.
 */
#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#undef atoi
#undef atol
#undef atoll

long long atoll(const char *text)
{
    unsigned long long value = 0, limit;
    int negative;

    while (*text == ' ' || (*text >= '\t' && *text <= '\r'))
        text++;
    negative = *text == '-';
    if (*text == '-' || *text == '+')
        text++;
    limit = negative ? (unsigned long long)LLONG_MAX + 1 : LLONG_MAX;
    for (; *text >= '0' && *text <= '9'; text++) {
        unsigned digit = (unsigned)(*text - '0');

        value = value > (limit - digit) / 10 ? limit : value * 10 + digit;
    }
    return negative ? (long long)-value : (long long)value;
}

long atol(const char *text)
{
    return atoll(text);
}

int atoi(const char *text)
{
    return (int)atoll(text);
}

int abs(int value)
{
    return value < 0 ? -value : value;
}

long labs(long value)
{
    return value < 0 ? -value : value;
}

long long llabs(long long value)
{
    return value < 0 ? -value : value;
}

intmax_t imaxabs(intmax_t value)
{
    return value < 0 ? -value : value;
}

div_t div(int numerator, int denominator)
{
    return (div_t){numerator / denominator, numerator % denominator};
}

ldiv_t ldiv(long numerator, long denominator)
{
    return (ldiv_t){numerator / denominator, numerator % denominator};
}

lldiv_t lldiv(long long numerator, long long denominator)
{
    return (lldiv_t){numerator / denominator, numerator % denominator};
}
