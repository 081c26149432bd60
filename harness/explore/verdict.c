/* SPDX-License-Identifier: MIT */
#include "explore/verdict.h"

#include <string.h>

static const char *const verdict_names[] = {
#define X(name, text, meaning) text,
    AW_VERDICTS(X)
#undef X
};

static const char *const property_names[] = {
#define X(name, text, meaning) text,
    AW_PROPERTIES(X)
#undef X
};

const char *aw_verdict_name(enum aw_verdict verdict)
{
    return verdict_names[verdict];
}

const char *aw_property_name(enum aw_property property)
{
    return property_names[property];
}

const char *aw_property_state_name(enum aw_property_state state)
{
    static const char *const names[] = {"holds", "violated", "undecided", "not exercised"};
    return names[state];
}

static int by_name(const char *const *names, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

int aw_verdict_by_name(const char *name)
{
    return by_name(verdict_names, AW_VERDICT_COUNT, name);
}

int aw_property_by_name(const char *name)
{
    return by_name(property_names, AW_PROPERTY_COUNT, name);
}
