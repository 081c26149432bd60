/* SPDX-License-Identifier: MIT */
#include "scenario/schema.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "scenario/matrix.h"

enum { WORDS_SHOWN = 20 };

/* --- Messages -------------------------------------------------------------------------------- */

/* Text for a message: one line, not too long, in quotes. */
static const char *quoted(const char *text, char *buffer, size_t size)
{
    size_t length = 0;
    buffer[length++] = '"';
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (length + 8 > size && (byte & 0xc0) != 0x80) { /* never inside a character */
            length += (size_t)snprintf(buffer + length, size - length, "...");
            break;
        }
        if (byte == '\n' || byte == '\t' || byte == '\r') {
            buffer[length++] = '\\';
            buffer[length++] = byte == '\n' ? 'n' : byte == '\t' ? 't' : 'r';
        } else {
            buffer[length++] = byte < 0x20 ? '?' : (char)byte;
        }
    }
    snprintf(buffer + length, size - length, "\"");
    return buffer;
}

static const char *found(const struct aw_yaml *node, const char *text, char *buffer, size_t size)
{
    switch (node->kind) {
    case AW_YAML_EMPTY:
        return "nothing";
    case AW_YAML_LIST:
        return node->count == 0 ? "an empty list" : "a list";
    case AW_YAML_MAP:
        return node->count == 0 ? "an empty map" : "a map";
    case AW_YAML_TEXT:
        break;
    }
    return quoted(text != NULL ? text : node->text, buffer, size);
}

int aw_wrong(const struct aw_reading *reading, const struct aw_yaml *node, const char *format, ...)
{
    char message[sizeof reading->error->message];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return aw_fail_at(reading->error, AW_E_FORMAT, reading->file, node->line, node->column, "%s",
                      message);
}

int aw_expected(const struct aw_reading *reading, const struct aw_yaml *node, const char *where,
                const char *what, const char *text)
{
    char buffer[100];
    bool replaced = node->kind == AW_YAML_TEXT && text != NULL && strcmp(text, node->text) != 0;
    return aw_wrong(reading, node, "%s: expected %s, found %s%s%s", where, what,
                    found(node, text, buffer, sizeof buffer), replaced ? " in case " : "",
                    replaced ? reading->case_name : "");
}

int aw_edit_distance(const char *a, const char *b)
{
    enum { LONGEST = 64 };
    size_t rows = strlen(a), columns = strlen(b);
    if (rows > LONGEST || columns > LONGEST)
        return 255;

    int distance[LONGEST + 1][LONGEST + 1];
    for (size_t i = 0; i <= rows; i++)
        for (size_t k = 0; k <= columns; k++) {
            if (i == 0 || k == 0) {
                distance[i][k] = (int)(i + k);
                continue;
            }
            int best = distance[i - 1][k - 1] + (a[i - 1] != b[k - 1]);
            if (distance[i - 1][k] + 1 < best)
                best = distance[i - 1][k] + 1;
            if (distance[i][k - 1] + 1 < best)
                best = distance[i][k - 1] + 1;
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] &&
                distance[i - 2][k - 2] + 1 < best)
                best = distance[i - 2][k - 2] + 1;
            distance[i][k] = best;
        }
    return distance[rows][columns];
}

/* The nearest word, the first of equals, if it is near enough to be meant; or NULL. */
static const char *nearest(const char *word, const struct aw_words *words)
{
    const char *best = NULL;
    int best_distance = 255;
    for (int i = 0; i < words->count; i++) {
        const char *candidate = words->word(words->context, i);
        int distance = aw_edit_distance(word, candidate);
        if (distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    int length = (int)strlen(word); /* a third of it may be wrong, but not all */
    return best_distance < length && best_distance <= (length + 2) / 3 ? best : NULL;
}

int aw_unknown_word(const struct aw_reading *reading, const struct aw_yaml *node, const char *kind,
                    const char *word, const struct aw_words *words)
{
    char list[800] = "", buffer[100];
    size_t length = 0;
    for (int i = 0; i < words->count && length < sizeof list; i++) {
        if (i == WORDS_SHOWN) {
            snprintf(list + length, sizeof list - length, ", ...");
            break;
        }
        length += (size_t)snprintf(list + length, sizeof list - length, "%s%s", i > 0 ? ", " : "",
                                   words->word(words->context, i));
    }
    const char *near = nearest(word, words);
    return aw_wrong(reading, node, "unknown %s %s%s%s%s expected %s%s", kind,
                    quoted(word, buffer, sizeof buffer), near ? ", did you mean \"" : "",
                    near ? near : "", near ? "\"?" : ";", words->count > 1 ? "one of " : "", list);
}

/* --- Maps and lists -------------------------------------------------------------------------- */

int aw_read_map(const struct aw_reading *reading, const struct aw_yaml *node, const char *where)
{
    if (node->kind == AW_YAML_MAP && node->count > 0)
        return 0;
    return aw_expected(reading, node, where, "a map (key: value)", NULL);
}

int aw_read_list(const struct aw_reading *reading, const struct aw_yaml *node, const char *where)
{
    if (node->kind == AW_YAML_LIST && node->count > 0)
        return 0;
    return aw_expected(reading, node, where, "a list", NULL);
}

static const char *word_of_array(const void *context, int index)
{
    return ((const char *const *)context)[index];
}

int aw_read_keys(const struct aw_reading *reading, const struct aw_yaml *map, const char *where,
                 const char *const *keys, int count)
{
    struct aw_words words = {count, word_of_array, keys};
    char kind[64];
    snprintf(kind, sizeof kind, "key%s%s", where[0] != '\0' ? " of " : "", where);
    for (struct aw_yaml *child = map->first; child != NULL; child = child->next) {
        bool known = false;
        for (int i = 0; i < count && !known; i++)
            known = strcmp(keys[i], child->key->text) == 0;
        if (!known)
            return aw_unknown_word(reading, child->key, kind, child->key->text, &words);
    }
    return 0;
}

/* --- Values ---------------------------------------------------------------------------------- */

int aw_read_text_as(const struct aw_reading *reading, const struct aw_yaml *node, const char *where,
                    const char *what, const char **out)
{
    if (node->kind != AW_YAML_TEXT)
        return aw_expected(reading, node, where, what, NULL);
    *out = node->text;
    if (reading->matrix == NULL)
        return 0;
    return aw_matrix_replace(reading, node, node->text, strlen(node->text), out);
}

int aw_read_text(const struct aw_reading *reading, const struct aw_yaml *node, const char *where,
                 const char **out)
{
    return aw_read_text_as(reading, node, where, "a text", out);
}

int aw_read_bool(const struct aw_reading *reading, const struct aw_yaml *node, const char *where,
                 bool *out)
{
    const char *text;
    int code = aw_read_text_as(reading, node, where, "true or false", &text);
    if (code < 0)
        return code;
    *out = strcmp(text, "true") == 0;
    if (!*out && strcmp(text, "false") != 0)
        return aw_expected(reading, node, where, "true or false", text);
    return 0;
}

/* Digits, with single '_' between them; UINT64_MAX for what is larger. NULL: no digit. */
static const char *parse_digits(const char *text, uint64_t *value)
{
    if (!isdigit((unsigned char)*text))
        return NULL;
    *value = 0;
    for (;; text++) {
        if (*text == '_' && isdigit((unsigned char)text[1]))
            continue;
        if (!isdigit((unsigned char)*text))
            return text;
        if (__builtin_mul_overflow(*value, (uint64_t)10, value) ||
            __builtin_add_overflow(*value, (uint64_t)(*text - '0'), value))
            break;
    }
    *value = UINT64_MAX;
    while (isdigit((unsigned char)*text) || (*text == '_' && isdigit((unsigned char)text[1])))
        text++;
    return text;
}

static const struct {
    const char *name;
    int shift;
} units[] = {{"B", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};

enum { UNIT_COUNT = sizeof units / sizeof units[0] };

static const struct {
    const char *name;
    uint64_t ns;
} times[] = {{"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};

enum { TIME_COUNT = sizeof times / sizeof times[0] };

static void format_size(uint64_t bytes, char *buffer, size_t size)
{
    int unit = 0;
    while (unit + 1 < UNIT_COUNT && bytes >> units[unit + 1].shift != 0 &&
           (bytes & ((UINT64_C(1) << units[unit + 1].shift) - 1)) == 0)
        unit++;
    snprintf(buffer, size, "%" PRIu64 " %s", bytes >> units[unit].shift, units[unit].name);
}

static void format_duration(uint64_t ns, char *buffer, size_t size)
{
    int unit = TIME_COUNT - 1;
    while (unit > 0 && ns % times[unit].ns != 0)
        unit--;
    snprintf(buffer, size, "%" PRIu64 " %s", ns / times[unit].ns, times[unit].name);
}

void aw_quantity_describe(const struct aw_quantity *quantity, char *buffer, size_t size)
{
    char low[32], high[32], multiple[64] = "";
    const char *kind = "";
    switch (quantity->unit) {
    case AW_UNIT_NONE:
        kind = "a whole number";
        snprintf(low, sizeof low, "%" PRIu64, quantity->min);
        snprintf(high, sizeof high, "%" PRIu64, quantity->max);
        break;
    case AW_UNIT_BYTES:
        kind = "a size (B, KiB, MiB, GiB)";
        format_size(quantity->min, low, sizeof low);
        format_size(quantity->max, high, sizeof high);
        break;
    case AW_UNIT_NANOS:
        kind = "a duration (us, ms, s)";
        format_duration(quantity->min, low, sizeof low);
        format_duration(quantity->max, high, sizeof high);
        break;
    case AW_UNIT_MILLIS:
        kind = "a number";
        snprintf(low, sizeof low, "%g", (double)quantity->min / 1000);
        snprintf(high, sizeof high, "%.15g", (double)quantity->max / 1000);
        break;
    }
    if (quantity->multiple != 0) {
        char step[32];
        format_size(quantity->multiple, step, sizeof step);
        snprintf(multiple, sizeof multiple, " in steps of %s", step);
    }
    snprintf(buffer, size, "%s from %s to %s%s%s", kind, low, high, multiple,
             quantity->or_none ? ", or none" : "");
}

/* "", "KiB", " KiB" behind a number of bytes. */
static bool parse_unit(const char *rest, uint64_t *value)
{
    if (*rest == ' ' && rest[1] != '\0')
        rest++;
    int unit = 0;
    while (*rest != '\0' && unit < UNIT_COUNT && strcmp(rest, units[unit].name) != 0)
        unit++;
    if (unit == UNIT_COUNT || *value > UINT64_MAX >> units[unit].shift)
        return false;
    *value <<= units[unit].shift;
    return true;
}

/* "ms", " ms" behind a number. */
static bool parse_time(const char *rest, uint64_t *value)
{
    if (*rest == ' ')
        rest++;
    for (int unit = 0; unit < TIME_COUNT; unit++)
        if (strcmp(rest, times[unit].name) == 0)
            return !__builtin_mul_overflow(*value, times[unit].ns, value);
    return false;
}

/* "", ".5", ".125" behind a number of which thousandths are read. */
static bool parse_fraction(const char *rest, uint64_t *value)
{
    if (__builtin_mul_overflow(*value, (uint64_t)1000, value))
        return false;
    if (*rest == '\0')
        return true;
    if (*rest++ != '.' || *rest == '\0')
        return false;
    uint64_t fraction = 0;
    for (uint64_t scale = 100; scale > 0 && isdigit((unsigned char)*rest); scale /= 10)
        fraction += scale * (uint64_t)(*rest++ - '0');
    return *rest == '\0' && !__builtin_add_overflow(*value, fraction, value);
}

bool aw_quantity_parse(const struct aw_quantity *quantity, const char *text, uint64_t *out)
{
    if (quantity->or_none && strcmp(text, "none") == 0) {
        *out = 0;
        return true;
    }
    const char *rest = parse_digits(text, out);
    bool good = rest != NULL;
    if (good && quantity->unit == AW_UNIT_BYTES)
        good = parse_unit(rest, out);
    else if (good && quantity->unit == AW_UNIT_NANOS)
        good = parse_time(rest, out);
    else if (good && quantity->unit == AW_UNIT_MILLIS)
        good = parse_fraction(rest, out);
    else if (good)
        good = *rest == '\0';
    return good && *out >= quantity->min && *out <= quantity->max &&
           (quantity->multiple == 0 || *out % quantity->multiple == 0);
}

int aw_read_quantity(const struct aw_reading *reading, const struct aw_yaml *node,
                     const char *where, const struct aw_quantity *quantity, uint64_t *out)
{
    char what[200];
    const char *text;
    aw_quantity_describe(quantity, what, sizeof what);
    int code = aw_read_text_as(reading, node, where, what, &text);
    if (code < 0)
        return code;
    return aw_quantity_parse(quantity, text, out) ? 0
                                                  : aw_expected(reading, node, where, what, text);
}

int aw_read_word(const struct aw_reading *reading, const struct aw_yaml *node, const char *where,
                 const char *kind, const struct aw_words *words, int *out)
{
    const char *text;
    char what[64];
    snprintf(what, sizeof what, "a %s", kind);
    int code = aw_read_text_as(reading, node, where, what, &text);
    if (code < 0)
        return code;
    for (int i = 0; i < words->count; i++)
        if (strcmp(text, words->word(words->context, i)) == 0) {
            *out = i;
            return 0;
        }
    return aw_unknown_word(reading, node, kind, text, words);
}
