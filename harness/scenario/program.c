/* SPDX-License-Identifier: MIT */
/* The keys `program`, `args` and `env`: what is run; and `traces`: what is carried out before. */
#include "scenario/loading.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char blanks[] = " \t\n";

enum { MAX_TEXT = 4096, MAX_ARGS = 256, MAX_TRACES = 16 };

/* As it stands, or, with ./ or ../ in front, below the folder of the scenario file. NULL: no
 * memory. */
static const char *path_of(const struct aw_loading *loading, const struct aw_reading *reading,
                           const char *path)
{
    const char *file = loading->scenario->file, *slash = strrchr(file, '/');
    bool beside = strncmp(path, "./", 2) == 0 || strncmp(path, "../", 3) == 0;
    if (!beside || slash == NULL)
        return path;
    return aw_memory_format(reading->memory, "%.*s/%s", (int)(slash - file), file,
                            path[1] == '/' ? path + 2 : path);
}

int aw_read_program(const struct aw_loading *loading, const struct aw_reading *reading,
                    struct aw_case *one)
{
    const struct aw_yaml *node = aw_yaml_get(loading->root, "program");
    const char *program;
    int code = aw_read_text(reading, node, "program", &program);
    if (code < 0)
        return code;
    size_t length = strlen(program);
    if (length == 0 || length > MAX_TEXT || program[length - 1] == '/')
        return aw_expected(reading, node, "program",
                           "the path of a shared object, such as build/models/article.so", program);

    one->program = path_of(loading, reading, program);
    return one->program != NULL ? 0 : aw_loading_no_memory(loading);
}

int aw_read_traces(const struct aw_loading *loading, const struct aw_reading *reading,
                   struct aw_case *one)
{
    const struct aw_yaml *list = aw_yaml_get(loading->root, "traces");
    if (list == NULL)
        return 0;
    int code = aw_read_list(reading, list, "traces");
    if (code < 0)
        return code;
    if (list->count > MAX_TRACES)
        return aw_wrong(reading, list, "traces: expected at most %d, found %d", MAX_TRACES,
                        list->count);
    const char **traces = aw_memory_alloc(reading->memory, (size_t)list->count, sizeof *traces);
    if (traces == NULL)
        return aw_loading_no_memory(loading);
    one->traces = traces;
    for (const struct aw_yaml *node = list->first; node != NULL; node = node->next) {
        const char *path;
        code = aw_read_text(reading, node, "traces", &path);
        if (code < 0)
            return code;
        if (path[0] == '\0' || strlen(path) > MAX_TEXT || path[strlen(path) - 1] == '/')
            return aw_expected(reading, node, "traces", "the path of a trace", path);
        traces[one->trace_count] = path_of(loading, reading, path);
        if (traces[one->trace_count++] == NULL)
            return aw_loading_no_memory(loading);
    }
    return 0;
}

static const char *program_name(const struct aw_loading *loading, const char *program)
{
    const char *slash = strrchr(program, '/');
    const char *base = slash != NULL ? slash + 1 : program;
    size_t length = strlen(base);
    if (length > 3 && strcmp(base + length - 3, ".so") == 0)
        length -= 3;
    return aw_memory_text(loading->reading.memory, base, length);
}

static int add_arg(const struct aw_reading *reading, const struct aw_yaml *node, const char *text,
                   size_t length, struct aw_case *one)
{
    const char *arg;
    if (one->argc == MAX_ARGS)
        return aw_wrong(reading, node, "args: expected at most %d", MAX_ARGS - 1);
    int code = aw_matrix_replace(reading, node, text, length, &arg);
    if (code < 0)
        return code;
    if (strlen(arg) > MAX_TEXT)
        return aw_wrong(reading, node, "args: expected at most %d bytes in each", MAX_TEXT);
    one->argv[one->argc++] = (char *)arg;
    return 0;
}

/* One word of a text, as a shell would take it: blanks in '...' and "..." do not end it, and
 * \\ takes the next character as it is, but in '...'. Goes to `word`, which has room; NULL: a quote
 * stays open. */
static const char *take_word(const char *text, char *word)
{
    char quote = '\0';
    for (; *text != '\0' && (quote != '\0' || strchr(blanks, *text) == NULL); text++) {
        if (*text == '\\' && quote != '\'' && text[1] != '\0')
            *word++ = *++text;
        else if (*text == quote)
            quote = '\0';
        else if (quote == '\0' && (*text == '\'' || *text == '"'))
            quote = *text;
        else
            *word++ = *text;
    }
    *word = '\0';
    return quote == '\0' ? text : NULL;
}

static int split(const struct aw_reading *reading, const struct aw_yaml *node, struct aw_case *one)
{
    int code = 0;
    const char *text = node->text + strspn(node->text, blanks);
    struct aw_yaml unquoted = *node; /* a column of the text is none of the word without quotes */
    unquoted.text_column = 0;
    char *word = aw_memory_alloc(reading->memory, strlen(text) + 1, 1);
    if (word == NULL)
        return aw_fail(reading->error, AW_E_MEMORY, "out of memory");
    while (code == 0 && *text != '\0') {
        const char *end = take_word(text, word);
        if (end == NULL)
            return aw_wrong(reading, node,
                            "args: a quote is not closed; blanks separate the arguments, '...' and "
                            "\"...\" keep them together, and \\ takes a quote as it is");
        size_t length = strlen(word);
        if (length == (size_t)(end - text))
            code = add_arg(reading, node, text, length, one);
        else
            code = add_arg(reading, &unquoted, word, length, one);
        text = end + strspn(end, blanks);
    }
    return code;
}

/* A list, each item one argument; or a text, split at blanks before ${name} is replaced. */
int aw_read_args(const struct aw_loading *loading, const struct aw_reading *reading,
                 struct aw_case *one)
{
    static const char what[] = "a list of texts, or one text";
    const struct aw_yaml *node = aw_yaml_get(loading->root, "args");
    int code = 0;

    one->argv = aw_memory_alloc(reading->memory, MAX_ARGS + 1, sizeof *one->argv);
    char *name = (char *)program_name(loading, one->program);
    if (one->argv == NULL || name == NULL)
        return aw_loading_no_memory(loading);
    one->argv[one->argc++] = name;

    if (node == NULL)
        return 0;
    if (node->kind == AW_YAML_TEXT)
        return split(reading, node, one);
    if (node->kind != AW_YAML_LIST)
        return aw_expected(reading, node, "args", what, NULL);
    for (struct aw_yaml *item = node->first; code == 0 && item != NULL; item = item->next) {
        if (item->kind != AW_YAML_TEXT)
            return aw_expected(reading, item, "args", "a text", NULL);
        code = add_arg(reading, item, item->text, strlen(item->text), one);
    }
    return code;
}

static bool is_variable_name(const char *text)
{
    return (isalpha((unsigned char)text[0]) || text[0] == '_') &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] ==
               '\0';
}

int aw_read_env(const struct aw_loading *loading, const struct aw_reading *reading,
                struct aw_case *one)
{
    const struct aw_yaml *map = aw_yaml_get(loading->root, "env");
    int code, count = 0;

    one->env = aw_memory_alloc(reading->memory, map != NULL ? (size_t)map->count + 1 : 1,
                               sizeof *one->env);
    if (one->env == NULL)
        return aw_loading_no_memory(loading);
    if (map == NULL)
        return 0;
    code = aw_read_map(reading, map, "env");
    if (code < 0)
        return code;
    for (struct aw_yaml *node = map->first; node != NULL; node = node->next) {
        const char *value;
        char where[80];
        if (!is_variable_name(node->key->text))
            return aw_expected(reading, node->key, "env",
                               "a variable's name (letters, digits and _, no digit first)", NULL);
        snprintf(where, sizeof where, "env.%s", node->key->text);
        code = aw_read_text(reading, node, where, &value);
        if (code < 0)
            return code;
        if (strlen(value) > MAX_TEXT)
            return aw_wrong(reading, node, "%s: expected at most %d bytes", where, MAX_TEXT);
        one->env[count] = aw_memory_format(reading->memory, "%s=%s", node->key->text, value);
        if (one->env[count++] == NULL)
            return aw_loading_no_memory(loading);
    }
    return 0;
}
