/* SPDX-License-Identifier: MIT */
/*
 * json.h - building JSON with jansson where nothing can go wrong: texts are UTF-8 (or made so with
 * aw_json_text), and memory does not run out. What is set or appended belongs to the object.
 */
#ifndef AW_BASE_JSON_H
#define AW_BASE_JSON_H

#include <jansson.h>
#include <stdint.h>

#include "base/check.h"

static inline void aw_json_set(json_t *object, const char *key, json_t *value)
{
    AW_CHECK(value != NULL);
    int failed = json_object_set_new(object, key, value);
    AW_CHECK(failed == 0);
}

static inline void aw_json_append(json_t *array, json_t *value)
{
    AW_CHECK(value != NULL);
    int failed = json_array_append_new(array, value);
    AW_CHECK(failed == 0);
}

static inline json_t *aw_json_number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

/* A list of texts that ends with NULL. */
static inline json_t *aw_json_strings(char **list)
{
    json_t *array = json_array();
    for (; *list != NULL; list++)
        aw_json_append(array, json_string(*list));
    return array;
}

#endif
