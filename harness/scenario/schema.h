/* SPDX-License-Identifier: MIT */
/*
 * schema.h - a node of the file to the value that it has to be, or a message that says so.
 *
 * Every message has one form, `where: expected WHAT, found WHAT`, at the place of the node; a word
 * that is not known comes with the nearest known one and with all of them.
 *
 * A value is read once for each case, since ${name} in it may stand for another text each time. The
 * struct aw_reading is what such a reading needs.
 */
#ifndef AW_SCENARIO_SCHEMA_H
#define AW_SCENARIO_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "scenario/memory.h"
#include "scenario/yaml.h"

struct aw_matrix;

struct aw_reading {
    const char *file;
    struct aw_scenario_memory *memory;
    struct aw_error *error;
    struct aw_matrix *matrix; /* whose parameters ${name} may stand for; NULL: ${ is plain text */
    const int *chosen;        /* of each parameter, the index of its value in this case */
    const char *case_name;    /* of this case, for messages */
};

/* Words: a count and a way to get each, so that X-macro tables and matrices serve alike. */
struct aw_words {
    int count;
    const char *(*word)(const void *context, int index);
    const void *context;
};

/* A mistake at a node; returns AW_E_FORMAT. */
int aw_wrong(const struct aw_reading *reading, const struct aw_yaml *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* `where: expected WHAT, found (the node)`. `text` is the node's after replacement, or NULL. */
int aw_expected(const struct aw_reading *reading, const struct aw_yaml *node, const char *where,
                const char *what, const char *text);

/* `unknown KIND 'word', did you mean 'near'? Expected one of a, b, c`. */
int aw_unknown_word(const struct aw_reading *reading, const struct aw_yaml *node, const char *kind,
                    const char *word, const struct aw_words *words);

/* The node has to be a map (list), and not an empty one. */
int aw_read_map(const struct aw_reading *reading, const struct aw_yaml *node, const char *where);
int aw_read_list(const struct aw_reading *reading, const struct aw_yaml *node, const char *where);

/* Every key of the map has to be one of `keys`. `where` names the map; "" for the whole file. */
int aw_read_keys(const struct aw_reading *reading, const struct aw_yaml *map, const char *where,
                 const char *const *keys, int count);

/* Text, with ${name} replaced. *out is in the memory of the reading or in the node. */
int aw_read_text(const struct aw_reading *reading, const struct aw_yaml *node, const char *where,
                 const char **out);

/* The same; `what` is what the message says was expected of a node that is no text. */
int aw_read_text_as(const struct aw_reading *reading, const struct aw_yaml *node, const char *where,
                    const char *what, const char **out);

/* true or false. */
int aw_read_bool(const struct aw_reading *reading, const struct aw_yaml *node, const char *where,
                 bool *out);

/* What a number has to be. */
struct aw_quantity {
    enum aw_unit {
        AW_UNIT_NONE,   /* a whole number: 50_000_000 */
        AW_UNIT_BYTES,  /* a whole number, with B (or nothing), KiB, MiB, GiB or TiB behind it */
        AW_UNIT_NANOS,  /* a duration: a whole number with us, ms or s behind it: 3 s */
        AW_UNIT_MILLIS, /* 1.5, of which 1500 thousandths are read; up to 3 decimals */
    } unit;
    uint64_t min, max; /* of what is read */
    uint64_t multiple; /* it has to be a multiple of that many bytes; 0: any number */
    bool or_none;      /* the word `none` is allowed, and read as 0 */
};

/* "a size (B, KiB, MiB, GiB) from 4 KiB to 256 MiB in steps of 4 KiB". */
void aw_quantity_describe(const struct aw_quantity *quantity, char *buffer, size_t size);

/* false when the text is no such quantity. */
bool aw_quantity_parse(const struct aw_quantity *quantity, const char *text, uint64_t *out);

int aw_read_quantity(const struct aw_reading *reading, const struct aw_yaml *node,
                     const char *where, const struct aw_quantity *quantity, uint64_t *out);

/* One of `words`: its index. `kind` is for the message: "property". */
int aw_read_word(const struct aw_reading *reading, const struct aw_yaml *node, const char *where,
                 const char *kind, const struct aw_words *words, int *out);

/* Levenshtein's distance with swaps of neighbours (optimal string alignment); at most 255. */
int aw_edit_distance(const char *a, const char *b);

#endif
