/* SPDX-License-Identifier: MIT */
/* The key `expect`: what has to come out, for all cases or for some. */
#include "scenario/loading.h"

#include <ctype.h>
#include <string.h>

static const char *const expect_keys[] = {"verdict",     "property",      "states",
                                          "transitions", "interleavings", "when"};

static const struct aw_quantity any_count = {AW_UNIT_NONE, 1, UINT64_C(1000000000000), 0, false};

static const char *verdict_word(const void *context, int index)
{
    (void)context;
    return aw_verdict_name((enum aw_verdict)index);
}

static const struct aw_words verdict_words = {AW_VERDICT_COUNT, verdict_word, NULL};

static int read_expected_property(struct aw_loading *loading, const struct aw_yaml *entry,
                                  struct aw_expectation *expect)
{
    const struct aw_reading *reading = &loading->reading;
    const struct aw_yaml *verdict = aw_yaml_get(entry, "verdict");
    const struct aw_yaml *node = aw_yaml_get(entry, "property");

    expect->property = -1;
    if (node == NULL) {
        if (expect->verdict == AW_VIOLATED)
            return aw_wrong(reading, verdict,
                            "expect: expected a 'property' beside the verdict violated: which one");
        return 0;
    }
    if (expect->verdict != AW_VIOLATED)
        return aw_wrong(reading, node->key,
                        "expect.property: expected only beside the verdict violated, found %s",
                        aw_verdict_name(expect->verdict));
    int code = aw_read_word(reading, node, "expect.property", "property", &aw_property_words,
                            &expect->property);
    if (code < 0)
        return code;
    if (!(loading->properties & AW_PROPERTY_BIT(expect->property)))
        return aw_wrong(reading, node,
                        "expect.property: \"%s\" is not checked: expected one of 'properties'",
                        aw_property_name((enum aw_property)expect->property));
    return 0;
}

/* A count without a bound: its digits. */
static int read_interleavings(struct aw_loading *loading, const struct aw_yaml *node,
                              struct aw_expectation *expect)
{
    const char *text;
    static const char what[] = "a whole number from 1 on (at most 1000 digits)";
    if (node->kind != AW_YAML_TEXT)
        return aw_expected(&loading->reading, node, "expect.interleavings", what, NULL);
    text = node->text;
    char *digits = aw_memory_text(loading->reading.memory, text, strlen(text));
    size_t length = 0;
    if (digits == NULL)
        return aw_loading_no_memory(loading);
    for (size_t i = 0; text[i] != '\0'; i++) {
        bool digit = isdigit((unsigned char)text[i]);
        bool separator =
            text[i] == '_' && i > 0 && text[i - 1] != '_' && isdigit((unsigned char)text[i + 1]);
        if (!digit && !separator)
            return aw_expected(&loading->reading, node, "expect.interleavings", what, NULL);
        if (digit && (length > 0 || text[i] != '0'))
            digits[length++] = text[i];
    }
    digits[length] = '\0';
    if (length == 0 || length > 1000)
        return aw_expected(&loading->reading, node, "expect.interleavings", what, NULL);
    if (loading->count_stated && !loading->count)
        return aw_wrong(&loading->reading, node->key,
                        "expect.interleavings: expected 'count: true', found false");
    expect->interleavings = digits;
    return 0;
}

static int read_entry(struct aw_loading *loading, const struct aw_yaml *node,
                      struct aw_entry *entry)
{
    const struct aw_reading *reading = &loading->reading;
    const struct aw_yaml *value;
    int code, verdict;

    entry->node = node;
    code = aw_read_map(reading, node, "expect");
    if (code == 0)
        code = aw_read_keys(reading, node, "expect", expect_keys, AW_COUNT_OF(expect_keys));
    if (code < 0)
        return code;
    value = aw_yaml_get(node, "verdict");
    if (value == NULL)
        return aw_wrong(reading, node, "expect: expected the key 'verdict'");
    code = aw_read_word(reading, value, "expect.verdict", "verdict", &verdict_words, &verdict);
    if (code < 0)
        return code;
    entry->expect.verdict = (enum aw_verdict)verdict;
    code = read_expected_property(loading, node, &entry->expect);
    if (code == 0 && (value = aw_yaml_get(node, "states")) != NULL)
        code = aw_read_quantity(reading, value, "expect.states", &any_count, &entry->expect.states);
    if (code == 0 && (value = aw_yaml_get(node, "transitions")) != NULL)
        code = aw_read_quantity(reading, value, "expect.transitions", &any_count,
                                &entry->expect.transitions);
    if (code == 0 && (value = aw_yaml_get(node, "interleavings")) != NULL)
        code = read_interleavings(loading, value, &entry->expect);
    entry->when = aw_yaml_get(node, "when");
    if (code == 0 && entry->when != NULL)
        code = aw_matrix_check_pattern(reading, &loading->matrix, entry->when, "when");
    return code;
}

int aw_read_expect(struct aw_loading *loading)
{
    const struct aw_yaml *node = aw_yaml_get(loading->root, "expect");
    bool list = node->kind == AW_YAML_LIST && node->count > 0;
    loading->entry_count = list ? node->count : 1;
    loading->entries = aw_memory_alloc(loading->reading.memory, (size_t)loading->entry_count,
                                       sizeof *loading->entries);
    if (loading->entries == NULL)
        return aw_loading_no_memory(loading);
    const struct aw_yaml *child = list ? node->first : node;
    for (int i = 0; i < loading->entry_count; i++, child = child->next) {
        int code = read_entry(loading, child, &loading->entries[i]);
        if (code < 0)
            return code;
    }
    return 0;
}

int aw_choose_expectation(struct aw_loading *loading, const struct aw_reading *reading,
                          struct aw_case *one)
{
    for (int i = 0; i < loading->entry_count; i++) {
        struct aw_entry *entry = &loading->entries[i];
        if (entry->when != NULL && !aw_matrix_fits(&loading->matrix, entry->when, reading->chosen))
            continue;
        entry->used = true;
        one->expect = entry->expect;
        one->line = entry->node->line;
        one->count = loading->count || entry->expect.interleavings != NULL;
        return 0;
    }
    return aw_wrong(reading, aw_yaml_get(loading->root, "expect")->key,
                    "expect: no 'when' fits the case %s: expected an entry for it, or a last one "
                    "without 'when'",
                    one->name);
}

int aw_check_expectations_used(const struct aw_loading *loading)
{
    for (int i = 0; i < loading->entry_count; i++)
        if (!loading->entries[i].used)
            return aw_wrong(&loading->reading, loading->entries[i].node,
                            "expect: no case comes to this entry: the ones before it, or "
                            "'exclude', leave none");
    return 0;
}
