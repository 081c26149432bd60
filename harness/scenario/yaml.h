/* SPDX-License-Identifier: MIT */
/*
 * yaml.h - YAML text to a tree of nodes, each with its place.
 *
 * Built from libfyaml's events and not from its documents, for what the documents do not tell: the
 * place of a map, a list or an empty value, a second document in the file, an alias to nothing.
 * What a scenario needs of YAML is small, and what is beyond it is refused with its place: tags,
 * keys that are not words, more than 16 levels.
 *
 * A value is its text: 3, "3" and '3' are the same, and what it has to be is the schema's concern.
 */
#ifndef AW_SCENARIO_YAML_H
#define AW_SCENARIO_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "scenario/memory.h"

enum aw_yaml_kind {
    AW_YAML_EMPTY, /* nothing at all, ~ or null; a value that is missing stands at its key */
    AW_YAML_TEXT,
    AW_YAML_LIST,
    AW_YAML_MAP,
};

struct aw_yaml {
    enum aw_yaml_kind kind;
    int line, column; /* 1-based; columns count characters */
    const char *text; /* TEXT; without NUL bytes inside */
    int text_column;  /* of the first byte of `text` where it stands in the file as it is, on one
                         line and in ASCII; else 0 */
    struct aw_yaml *first; /* LIST, MAP: the children, in the order of the file */
    int count;
    struct aw_yaml *next; /* the next child of the same parent */
    struct aw_yaml *key;  /* child of a map: its key, a TEXT */
};

/* Parses one document into `memory`. `file` is the name for messages. */
int aw_yaml_parse(const char *file, const char *text, size_t size,
                  struct aw_scenario_memory *memory, struct aw_yaml **out, struct aw_error *error);

/* The value of `key` in a map, or NULL. */
struct aw_yaml *aw_yaml_get(const struct aw_yaml *map, const char *key);

#endif
