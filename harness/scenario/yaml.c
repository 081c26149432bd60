/* SPDX-License-Identifier: MIT */
/*
 * Recursive descent over libfyaml's events. libfyaml counts lines and columns from 0 in marks and
 * from 1 in its errors. Its parser passes over what its document builder would have refused, so
 * duplicate keys, depth and aliases are ours to look at.
 */
#include "scenario/yaml.h"

#include <libfyaml.h>
#include <stdint.h>
#include <string.h>

enum { MAX_DEPTH = 16 };

struct anchor {
    struct anchor *next;
    const char *name;
    struct aw_yaml *node;
};

struct builder {
    const char *file;
    struct fy_parser *parser;
    struct fy_diag *diag;
    struct aw_scenario_memory *memory;
    struct anchor *anchors; /* latest first: a name may be given again */
    struct aw_error *error;
};

static int no_memory(struct builder *builder)
{
    return aw_fail(builder->error, AW_E_MEMORY, "out of memory");
}

/* What libfyaml has to say about the text, with its place. */
static int syntax_error(struct builder *builder)
{
    void *previous = NULL;
    const struct fy_diag_error *first = fy_diag_errors_iterate(builder->diag, &previous);
    if (first == NULL || first->msg == NULL)
        return aw_fail_at(builder->error, AW_E_FORMAT, builder->file, 1, 1, "not YAML");
    int length = (int)strcspn(first->msg, "\r\n");
    return aw_fail_at(builder->error, AW_E_FORMAT, builder->file, first->line > 0 ? first->line : 1,
                      first->column > 0 ? first->column : 1, "not YAML: %.*s", length, first->msg);
}

/* The next event, or NULL with the error filled in. */
static struct fy_event *next_event(struct builder *builder)
{
    struct fy_event *event = fy_parser_parse(builder->parser);
    if (event == NULL || fy_parser_get_stream_error(builder->parser)) {
        fy_parser_event_free(builder->parser, event);
        syntax_error(builder);
        return NULL;
    }
    return event;
}

static void place(const struct fy_mark *mark, int *line, int *column)
{
    *line = mark != NULL ? mark->line + 1 : 1;
    *column = mark != NULL ? mark->column + 1 : 1;
}

/* Refuses text that no message could show and no C string could hold; libfyaml is lenient here. */
static int check_bytes(const char *file, const char *text, size_t size, struct aw_error *error)
{
    int line = 1, column = 1;
    for (size_t i = 0; i < size;) {
        uint8_t byte = (uint8_t)text[i];
        size_t length = byte < 0x80   ? 1
                        : byte < 0xc2 ? 0
                        : byte < 0xe0 ? 2
                        : byte < 0xf0 ? 3
                        : byte < 0xf5 ? 4
                                      : 0;
        bool good = length != 0 && length <= size - i;
        for (size_t k = 1; good && k < length; k++)
            good = ((uint8_t)text[i + k] & 0xc0) == 0x80;
        if (good && length > 2) { /* overlong forms, surrogates, beyond U+10FFFF */
            uint8_t second = (uint8_t)text[i + 1];
            good = !(byte == 0xe0 && second < 0xa0) && !(byte == 0xed && second > 0x9f) &&
                   !(byte == 0xf0 && second < 0x90) && !(byte == 0xf4 && second > 0x8f);
        }
        if (!good)
            return aw_fail_at(error, AW_E_FORMAT, file, line, column,
                              "byte 0x%02x is not UTF-8: expected a text file", byte);
        if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f)
            return aw_fail_at(error, AW_E_FORMAT, file, line, column,
                              "control character 0x%02x: expected a text file", byte);
        column++;
        if (byte == '\n') {
            line++;
            column = 1;
        }
        i += length;
    }
    return 0;
}

static int build(struct builder *builder, struct fy_event *event, int depth, struct aw_yaml **out);

static bool is_ascii(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] >= 0x80)
            return false;
    return true;
}

static int build_scalar(struct builder *builder, struct fy_event *event, struct aw_yaml *node)
{
    struct fy_token *token = event->scalar.value;
    size_t length = 0;
    const char *text = token != NULL ? fy_token_get_text(token, &length) : NULL;
    bool plain = token == NULL || fy_token_scalar_style(token) == FYSS_PLAIN;

    if (plain && (text == NULL || length == 0 || (length == 1 && *text == '~') ||
                  (length == 4 && memcmp(text, "null", 4) == 0))) {
        node->kind = AW_YAML_EMPTY;
        if (length == 0)
            node->line = 0; /* nothing to point at: stands at its key */
        return 0;
    }
    node->kind = AW_YAML_TEXT;
    if (text == NULL)
        text = "";
    enum fy_scalar_style style = fy_token_scalar_style(token);
    bool quoted = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
    int content_column = node->column;
    if (quoted && node->column > 1) /* the mark is behind the quote */
        node->column--;
    if (memchr(text, '\0', length) != NULL)
        return aw_fail_at(builder->error, AW_E_FORMAT, builder->file, node->line, node->column,
                          "a text cannot hold the character \\0");
    node->text = aw_memory_text(builder->memory, text, length);
    if (node->text == NULL)
        return no_memory(builder);

    /* On one line, ASCII, and as long as its text: then nothing in it was folded or escaped, and a
       place inside can be pointed at. */
    const struct fy_mark *start = fy_token_start_mark(token), *end = fy_token_end_mark(token);
    if ((plain || quoted) && start != NULL && end != NULL && start->line == end->line &&
        (size_t)(end->column - start->column) == length && is_ascii(text, length))
        node->text_column = content_column;
    return 0;
}

static int build_alias(struct builder *builder, struct fy_event *event, struct aw_yaml *node)
{
    size_t length = 0;
    const char *name = fy_token_get_text(event->alias.anchor, &length);
    if (node->column > 1) /* the mark is behind the '*' */
        node->column--;
    if (name == NULL)
        name = "";
    for (struct anchor *anchor = builder->anchors; anchor != NULL; anchor = anchor->next)
        if (strlen(anchor->name) == length && memcmp(anchor->name, name, length) == 0) {
            node->kind = anchor->node->kind;
            node->text = anchor->node->text;
            node->first = anchor->node->first;
            node->count = anchor->node->count;
            return 0;
        }
    return aw_fail_at(builder->error, AW_E_FORMAT, builder->file, node->line, node->column,
                      "alias *%.*s: expected an anchor &%.*s before it", (int)length, name,
                      (int)length, name);
}

/* The children up to the end event. */
static int build_children(struct builder *builder, struct aw_yaml *parent, int depth)
{
    bool map = parent->kind == AW_YAML_MAP;
    enum fy_event_type end = map ? FYET_MAPPING_END : FYET_SEQUENCE_END;
    struct aw_yaml **link = &parent->first;

    for (;;) {
        struct aw_yaml *key = NULL, *child;
        int code;
        for (int part = map ? 0 : 1; part < 2; part++) {
            struct fy_event *event = next_event(builder);
            if (event == NULL)
                return AW_E_FORMAT;
            if (event->type == end) {
                fy_parser_event_free(builder->parser, event);
                return 0;
            }
            code = build(builder, event, depth + 1, part == 0 ? &key : &child);
            if (code < 0)
                return code;
            if (part != 0)
                break;
            if (key->line == 0) {
                key->line = parent->line;
                key->column = parent->column;
            }
            if (key->kind != AW_YAML_TEXT)
                return aw_fail_at(builder->error, AW_E_FORMAT, builder->file, key->line,
                                  key->column, "expected a word as key, found %s",
                                  key->kind == AW_YAML_EMPTY  ? "nothing"
                                  : key->kind == AW_YAML_LIST ? "a list"
                                                              : "a map");
            struct aw_yaml *before = aw_yaml_get(parent, key->text);
            if (before != NULL)
                return aw_fail_at(builder->error, AW_E_FORMAT, builder->file, key->line,
                                  key->column, "key '%.60s' again: it stands in line %d already",
                                  key->text, before->key->line);
        }
        child->key = key;
        if (child->line == 0) {
            child->line = map ? key->line : parent->line;
            child->column = map ? key->column : parent->column;
        }
        *link = child;
        link = &child->next;
        parent->count++;
    }
}

static int remember_anchor(struct builder *builder, const char *name, struct aw_yaml *node)
{
    struct anchor *anchor = aw_memory_alloc(builder->memory, 1, sizeof *anchor);
    if (anchor == NULL)
        return no_memory(builder);
    *anchor = (struct anchor){builder->anchors, name, node};
    builder->anchors = anchor;
    return 0;
}

/* One node with all that is below it; frees `event`. */
static int build(struct builder *builder, struct fy_event *event, int depth, struct aw_yaml **out)
{
    struct aw_yaml *node = aw_memory_alloc(builder->memory, 1, sizeof *node);
    const char *anchor_name = NULL;
    int code = 0;

    if (node == NULL) {
        code = no_memory(builder);
        goto done;
    }
    place(fy_event_start_mark(event), &node->line, &node->column);
    if (depth > MAX_DEPTH) {
        code = aw_fail_at(builder->error, AW_E_FORMAT, builder->file, node->line, node->column,
                          "more than %d levels deep", MAX_DEPTH);
        goto done;
    }
    if (fy_event_get_tag_token(event) != NULL) {
        code = aw_fail_at(builder->error, AW_E_FORMAT, builder->file, node->line, node->column,
                          "tags (!...) have no meaning in a scenario file");
        goto done;
    }
    struct fy_token *anchor = event->type == FYET_ALIAS ? NULL : fy_event_get_anchor_token(event);
    if (anchor != NULL) {
        size_t length = 0;
        const char *text = fy_token_get_text(anchor, &length);
        anchor_name = aw_memory_text(builder->memory, text, text != NULL ? length : 0);
        if (anchor_name == NULL) {
            code = no_memory(builder);
            goto done;
        }
    }

    switch (event->type) {
    case FYET_SCALAR:
        code = build_scalar(builder, event, node);
        break;
    case FYET_ALIAS:
        code = build_alias(builder, event, node);
        break;
    case FYET_SEQUENCE_START:
    case FYET_MAPPING_START:
        node->kind = event->type == FYET_MAPPING_START ? AW_YAML_MAP : AW_YAML_LIST;
        code = build_children(builder, node, depth);
        break;
    default:
        code = aw_fail_at(builder->error, AW_E_FORMAT, builder->file, node->line, node->column,
                          "not YAML: a value was expected");
    }
    if (code == 0 && anchor_name != NULL)
        code = remember_anchor(builder, anchor_name, node);

done:
    fy_parser_event_free(builder->parser, event);
    *out = node;
    return code;
}

/* Stream start, one document, stream end. */
static int build_stream(struct builder *builder, struct aw_yaml **out)
{
    *out = NULL;
    for (;;) {
        struct fy_event *event = next_event(builder);
        if (event == NULL)
            return AW_E_FORMAT;
        int code = 0, line, column;
        place(fy_event_start_mark(event), &line, &column);
        switch (event->type) {
        case FYET_STREAM_END:
            fy_parser_event_free(builder->parser, event);
            return 0;
        case FYET_STREAM_START:
        case FYET_DOCUMENT_END:
            break;
        case FYET_DOCUMENT_START:
            if (*out != NULL)
                code = aw_fail_at(builder->error, AW_E_FORMAT, builder->file, line, column,
                                  "a second document: expected one scenario in a file");
            break;
        default:
            code = build(builder, event, 1, out);
            event = NULL;
        }
        fy_parser_event_free(builder->parser, event);
        if (code < 0)
            return code;
    }
}

int aw_yaml_parse(const char *file, const char *text, size_t size,
                  struct aw_scenario_memory *memory, struct aw_yaml **out, struct aw_error *error)
{
    struct builder builder = {.file = file, .memory = memory, .error = error};
    struct fy_diag_cfg diag_cfg;
    int code;

    *out = NULL;
    code = check_bytes(file, text, size, error);
    if (code < 0)
        return code;

    fy_diag_cfg_default(&diag_cfg);
    diag_cfg.fp = NULL;
    builder.diag = fy_diag_create(&diag_cfg);
    if (builder.diag == NULL)
        return no_memory(&builder);
    fy_diag_set_collect_errors(builder.diag, true);

    struct fy_parse_cfg cfg = {.flags = FYPCF_JSON_NONE | FYPCF_DISABLE_MMAP_OPT,
                               .diag = builder.diag};
    builder.parser = fy_parser_create(&cfg);
    if (builder.parser == NULL) {
        code = no_memory(&builder);
        goto destroy_diag;
    }
    if (size == 0) { /* libfyaml takes length 0 for "up to the NUL" */
        text = "\n";
        size = 1;
    }
    if (fy_parser_set_string(builder.parser, text, size) != 0) {
        code = no_memory(&builder);
        goto destroy_parser;
    }
    code = build_stream(&builder, out);
    if (code == 0 && (*out == NULL || (*out)->kind == AW_YAML_EMPTY))
        code = aw_fail_at(error, AW_E_FORMAT, file, 1, 1,
                          "the file is empty: expected a scenario, such as 'name: ...'");
    if (code == 0 && (*out)->line == 0)
        (*out)->line = (*out)->column = 1;

destroy_parser:
    fy_parser_destroy(builder.parser);
destroy_diag:
    fy_diag_destroy(builder.diag);
    if (code < 0)
        *out = NULL;
    return code;
}

struct aw_yaml *aw_yaml_get(const struct aw_yaml *map, const char *key)
{
    for (struct aw_yaml *child = map->first; child != NULL; child = child->next)
        if (strcmp(child->key->text, key) == 0)
            return child;
    return NULL;
}
