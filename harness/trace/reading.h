/* SPDX-License-Identifier: MIT */
/*
 * reading.h - reading trace files, internal to this folder.
 *
 *   read.c         the file, its format and its checksum
 *   read_header.c  machine, plan, processes, objects
 *   read_steps.c   steps, the end, the critical step
 *   read_member.c  one member of a JSON object at a time
 *
 * What is read is in the memory of the trace. Every function returns 0, or AW_E_FORMAT after a
 * message that says where, what was expected and what was found.
 */
#ifndef AW_TRACE_READING_H
#define AW_TRACE_READING_H

#include "trace/format.h"

struct aw_trace_reading {
    const char *file;
    struct aw_error *error;
    struct aw_trace *trace;
    char where[64]; /* "step 12: ", or "" */
};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

int aw_trace_wrong(struct aw_trace_reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* "a text", "null": what was found. */
const char *aw_trace_kind_of(const json_t *value);

/* The member `key` of the object, which has to be there, as what it has to be. */
int aw_trace_get(struct aw_trace_reading *reading, const json_t *object, const char *key,
                 const json_t **value);
int aw_trace_get_number(struct aw_trace_reading *reading, const json_t *object, const char *key,
                        uint64_t minimum, uint64_t maximum, uint64_t *number);
int aw_trace_get_small(struct aw_trace_reading *reading, const json_t *object, const char *key,
                       uint32_t minimum, uint32_t maximum, uint32_t *number);
int aw_trace_get_bool(struct aw_trace_reading *reading, const json_t *object, const char *key,
                      bool *boolean);
/* A copy in the memory of the trace. */
const char *aw_trace_keep(struct aw_trace_reading *reading, const json_t *text);
int aw_trace_get_text(struct aw_trace_reading *reading, const json_t *object, const char *key,
                      const char **text);
int aw_trace_get_name(struct aw_trace_reading *reading, const json_t *object, const char *key,
                      const char **text);
int aw_trace_get_list(struct aw_trace_reading *reading, const json_t *object, const char *key,
                      const json_t **list);
int aw_trace_get_strings(struct aw_trace_reading *reading, const json_t *object, const char *key,
                         char ***strings);
/* One of some words: its index. */
int aw_trace_get_word(struct aw_trace_reading *reading, const json_t *object, const char *key,
                      const char *const *words, int count, int *index);
/* No members but these. */
int aw_trace_check_members(struct aw_trace_reading *reading, const json_t *object,
                           const char *const *keys, size_t count);
/* A process by its name; null is nobody where `nobody` allows it. */
int aw_trace_get_process(struct aw_trace_reading *reading, const json_t *object, bool nobody,
                         uint32_t *process);
int aw_trace_get_hexadecimal(struct aw_trace_reading *reading, const json_t *object,
                             const char *key, uint64_t *number);
/* A text that has room. */
int aw_trace_get_short(struct aw_trace_reading *reading, const json_t *object, const char *key,
                       char *text, size_t size);
/* The number of a step, as an index; null is AW_TRACE_NONE. */
int aw_trace_get_step(struct aw_trace_reading *reading, const json_t *object, const char *key,
                      uint32_t *index);

/* Members of the root. */
int aw_trace_read_machine(struct aw_trace_reading *reading, const json_t *root);
int aw_trace_read_plan(struct aw_trace_reading *reading, const json_t *root);
int aw_trace_read_processes(struct aw_trace_reading *reading, const json_t *root);
int aw_trace_read_objects(struct aw_trace_reading *reading, const json_t *root);
int aw_trace_read_steps(struct aw_trace_reading *reading, const json_t *root);
int aw_trace_read_critical(struct aw_trace_reading *reading, const json_t *root);
int aw_trace_read_loop(struct aw_trace_reading *reading, const json_t *root);
int aw_trace_read_at_end(struct aw_trace_reading *reading, const json_t *root);

#endif
