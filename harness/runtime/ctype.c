/* SPDX-License-Identifier: MIT */
/*
 * ctype.c - <ctype.h> in the C locale, as functions and as the tables that its macros read.
 */
#define __NO_CTYPE
#include <ctype.h>
#include <stdint.h>

#include "ctype_tables.h"

enum { BEFORE_ZERO = 128 };

static const unsigned short *const classes = class_table + BEFORE_ZERO;
static const int32_t *const lower = lower_table + BEFORE_ZERO;
static const int32_t *const upper = upper_table + BEFORE_ZERO;

const unsigned short **__ctype_b_loc(void)
{
    return (const unsigned short **)&classes;
}

const int32_t **__ctype_tolower_loc(void)
{
    return (const int32_t **)&lower;
}

const int32_t **__ctype_toupper_loc(void)
{
    return (const int32_t **)&upper;
}

int tolower(int character)
{
    return character >= -BEFORE_ZERO && character < 256 ? lower[character] : character;
}

int toupper(int character)
{
    return character >= -BEFORE_ZERO && character < 256 ? upper[character] : character;
}

#define CLASS(name, bit)                                                                           \
    int name(int character)                                                                        \
    {                                                                                              \
        return classes[character] & (unsigned short)(bit);                                         \
    }

CLASS(isalnum, _ISalnum)
CLASS(isalpha, _ISalpha)
CLASS(isblank, _ISblank)
CLASS(iscntrl, _IScntrl)
CLASS(isdigit, _ISdigit)
CLASS(isgraph, _ISgraph)
CLASS(islower, _ISlower)
CLASS(isprint, _ISprint)
CLASS(ispunct, _ISpunct)
CLASS(isspace, _ISspace)
CLASS(isupper, _ISupper)
CLASS(isxdigit, _ISxdigit)
