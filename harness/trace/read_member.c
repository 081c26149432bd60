/* SPDX-License-Identifier: MIT */
/* read_member.c - one member of a JSON object at a time, with messages that name it. */
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "trace/reading.h"

int aw_trace_wrong(struct aw_trace_reading *reading, const char *format, ...)
{
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return aw_fail_at(reading->error, AW_E_FORMAT, reading->file, 0, 0, "%s%s", reading->where,
                      message);
}

const char *aw_trace_kind_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a text";
    case JSON_INTEGER:
        return "a number";
    case JSON_REAL:
        return "a fraction";
    case JSON_NULL:
        return "null";
    default:
        return "true or false";
    }
}

int aw_trace_get(struct aw_trace_reading *reading, const json_t *object, const char *key,
                 const json_t **value)
{
    *value = json_object_get(object, key);
    return *value != NULL ? 0 : aw_trace_wrong(reading, "%s is missing", key);
}

int aw_trace_get_number(struct aw_trace_reading *reading, const json_t *object, const char *key,
                        uint64_t minimum, uint64_t maximum, uint64_t *number)
{
    const json_t *value;
    if (aw_trace_get(reading, object, key, &value) != 0)
        return AW_E_FORMAT;
    if (!json_is_integer(value))
        return aw_trace_wrong(reading, "%s: expected a number, found %s", key,
                              aw_trace_kind_of(value));
    *number = (uint64_t)json_integer_value(value);
    if ((json_integer_value(value) < 0 && maximum <= INT64_MAX) || *number < minimum ||
        *number > maximum)
        return aw_trace_wrong(reading, "%s: expected a number from %llu to %llu, found %lld", key,
                              (unsigned long long)minimum, (unsigned long long)maximum,
                              (long long)json_integer_value(value));
    return 0;
}

int aw_trace_get_small(struct aw_trace_reading *reading, const json_t *object, const char *key,
                       uint32_t minimum, uint32_t maximum, uint32_t *number)
{
    uint64_t wide;
    int status = aw_trace_get_number(reading, object, key, minimum, maximum, &wide);
    if (status == 0)
        *number = (uint32_t)wide;
    return status;
}

int aw_trace_get_bool(struct aw_trace_reading *reading, const json_t *object, const char *key,
                      bool *boolean)
{
    const json_t *value;
    if (aw_trace_get(reading, object, key, &value) != 0)
        return AW_E_FORMAT;
    if (!json_is_boolean(value))
        return aw_trace_wrong(reading, "%s: expected true or false, found %s", key,
                              aw_trace_kind_of(value));
    *boolean = json_is_true(value);
    return 0;
}

const char *aw_trace_keep(struct aw_trace_reading *reading, const json_t *text)
{
    return aw_trace_text(reading->trace, "%s", json_string_value(text));
}

int aw_trace_get_text(struct aw_trace_reading *reading, const json_t *object, const char *key,
                      const char **text)
{
    const json_t *value;
    if (aw_trace_get(reading, object, key, &value) != 0)
        return AW_E_FORMAT;
    if (!json_is_string(value))
        return aw_trace_wrong(reading, "%s: expected a text, found %s", key,
                              aw_trace_kind_of(value));
    *text = aw_trace_keep(reading, value);
    return 0;
}

int aw_trace_get_name(struct aw_trace_reading *reading, const json_t *object, const char *key,
                      const char **text)
{
    int status = aw_trace_get_text(reading, object, key, text);
    return status == 0 && (*text)[0] == '\0'
               ? aw_trace_wrong(reading, "%s: expected a name, found \"\"", key)
               : status;
}

int aw_trace_get_list(struct aw_trace_reading *reading, const json_t *object, const char *key,
                      const json_t **list)
{
    if (aw_trace_get(reading, object, key, list) != 0)
        return AW_E_FORMAT;
    if (!json_is_array(*list))
        return aw_trace_wrong(reading, "%s: expected a list, found %s", key,
                              aw_trace_kind_of(*list));
    if (json_array_size(*list) > 100000000)
        return aw_trace_wrong(reading, "%s: too long", key);
    return 0;
}

int aw_trace_get_strings(struct aw_trace_reading *reading, const json_t *object, const char *key,
                         char ***strings)
{
    const json_t *list;
    if (aw_trace_get_list(reading, object, key, &list) != 0)
        return AW_E_FORMAT;
    size_t count = json_array_size(list);
    *strings = aw_trace_memory(reading->trace, count + 1, sizeof **strings);
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(list, i);
        if (!json_is_string(value))
            return aw_trace_wrong(reading, "%s: expected a list of texts, found %s in it", key,
                                  aw_trace_kind_of(value));
        (*strings)[i] = (char *)aw_trace_keep(reading, value);
    }
    return 0;
}

/* One of some words: its index. */
int aw_trace_get_word(struct aw_trace_reading *reading, const json_t *object, const char *key,
                      const char *const *words, int count, int *index)
{
    const char *text;
    char list[256] = "";
    if (aw_trace_get_text(reading, object, key, &text) != 0)
        return AW_E_FORMAT;
    for (*index = 0; *index < count; ++*index)
        if (strcmp(text, words[*index]) == 0)
            return 0;
    for (int i = 0; i < count; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i > 0 ? ", " : "",
                 words[i]);
    return aw_trace_wrong(reading, "%s: expected one of %s, found \"%.40s\"", key, list, text);
}

int aw_trace_check_members(struct aw_trace_reading *reading, const json_t *object,
                           const char *const *keys, size_t count)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object))
        return aw_trace_wrong(reading, "expected an object, found %s", aw_trace_kind_of(object));
    json_object_foreach((json_t *)object, key, value)
    {
        size_t i = 0;
        while (i < count && strcmp(keys[i], key) != 0)
            i++;
        if (i == count)
            return aw_trace_wrong(reading, "unknown member \"%.40s\"", key);
    }
    return 0;
}

/* A process by its name; null is nobody where `nobody` allows it. */
int aw_trace_get_process(struct aw_trace_reading *reading, const json_t *object, bool nobody,
                         uint32_t *process)
{
    const json_t *value;
    if (aw_trace_get(reading, object, "process", &value) != 0)
        return AW_E_FORMAT;
    *process = AW_TRACE_NONE;
    if (nobody && json_is_null(value))
        return 0;
    if (!json_is_string(value))
        return aw_trace_wrong(reading, "process: expected a name, found %s",
                              aw_trace_kind_of(value));
    const struct aw_trace *trace = reading->trace;
    for (uint32_t i = 0; i < trace->process_count; i++)
        if (strcmp(trace->processes[i].name, json_string_value(value)) == 0) {
            *process = i;
            return 0;
        }
    return aw_trace_wrong(reading, "process: \"%.40s\" is not one of processes",
                          json_string_value(value));
}

int aw_trace_get_hexadecimal(struct aw_trace_reading *reading, const json_t *object,
                             const char *key, uint64_t *number)
{
    const char *text;
    char *end;
    if (aw_trace_get_text(reading, object, key, &text) != 0)
        return AW_E_FORMAT;
    if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
        return aw_trace_wrong(reading, "%s: expected 16 hexadecimal digits, found \"%.40s\"", key,
                              text);
    *number = strtoull(text, &end, 16);
    return 0;
}

/* A text that has room in a fault. */
int aw_trace_get_short(struct aw_trace_reading *reading, const json_t *object, const char *key,
                       char *text, size_t size)
{
    const char *found;
    int status = aw_trace_get_text(reading, object, key, &found);
    if (status != 0)
        return status;
    if (strlen(found) >= size)
        return aw_trace_wrong(reading, "%s: expected a text of at most %zu bytes, found %zu", key,
                              size - 1, strlen(found));
    memcpy(text, found, strlen(found) + 1);
    return 0;
}

/* The number of a step, as an index; null is AW_TRACE_NONE. */
int aw_trace_get_step(struct aw_trace_reading *reading, const json_t *object, const char *key,
                      uint32_t *index)
{
    const json_t *value;
    uint32_t number;
    int status = aw_trace_get(reading, object, key, &value);
    *index = AW_TRACE_NONE;
    if (status != 0 || json_is_null(value))
        return status;
    status = aw_trace_get_small(reading, object, key, 1, reading->trace->step_count, &number);
    if (status == 0)
        *index = number - 1;
    return status;
}
