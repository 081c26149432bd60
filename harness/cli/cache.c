/* SPDX-License-Identifier: MIT */
/*
 * cache.c - what is already proved need not be proved again.
 *
 * The key of a case is everything that its verdict depends on (identity.c). Only `proved`, as
 * expected and with every stated number, is kept. One file for each case, named by a digest of the
 * key, with the whole key in it and a checksum: a file that is damaged, or of another key, is
 * passed over with a warning. Who may write into the folder may write "proved" into it; it is to be
 * trusted as the executable is.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/cli.h"

int aw_cache_init(struct aw_cache *cache, const char *folder, const struct aw_identity *identity,
                  struct aw_error *error)
{
    *cache = (struct aw_cache){.folder = folder, .identity = identity};
    if (folder == NULL)
        return 0;
    int status = aw_verify_make_folder(folder, error);
    if (status == 0 && access(folder, W_OK | X_OK) != 0)
        status = aw_fail(error, AW_E_IO, "%s: cannot be written into: %s", folder, strerror(errno));
    return status;
}

/* The key as compact text, and the path that goes with it. NULL when the files cannot be read. */
static char *key_of(const struct aw_cache *cache, const struct aw_case *one, char **path)
{
    char name[AW_DIGEST_SIZE];
    char *text = cache->folder != NULL ? aw_identity_key(cache->identity, one) : NULL;
    if (text == NULL)
        return NULL;
    aw_digest(text, strlen(text), name);
    size_t size = strlen(cache->folder) + AW_DIGEST_SIZE + 8;
    *path = aw_allocate(size, 1);
    snprintf(*path, size, "%s/%s.json", cache->folder, name);
    return text;
}

static json_t *entry_json(const struct aw_report_case *one, const char *key)
{
    const struct aw_result *result = &one->result;
    json_t *root = json_object(), *assumptions = json_array(), *properties = json_array();
    for (unsigned i = 0; i < result->assumption_count; i++)
        json_array_append_new(assumptions, aw_json_text(result->assumptions[i]));
    for (int i = 0; i < AW_PROPERTY_COUNT; i++)
        json_array_append_new(properties, json_integer(result->properties[i]));
    json_object_set_new(root, "key", json_string(key));
    json_object_set_new(root, "verdict", json_string(aw_verdict_name(result->verdict)));
    json_object_set_new(root, "properties", properties);
    json_object_set_new(root, "states", json_integer((json_int_t)result->states));
    json_object_set_new(root, "transitions", json_integer((json_int_t)result->transitions));
    json_object_set_new(root, "code_runs", json_integer((json_int_t)result->code_runs));
    json_object_set_new(root, "peak_memory_bytes",
                        json_integer((json_int_t)result->peak_memory_bytes));
    json_object_set_new(root, "seconds", json_real(result->seconds));
    json_object_set_new(root, "interleavings",
                        result->interleavings ? json_string(result->interleavings) : json_null());
    json_object_set_new(root, "assumptions", assumptions);
    json_object_set_new(root, "items", json_boolean(result->items));
    json_object_set_new(root, "main_failed", json_boolean(result->main_failed));
    json_object_set_new(root, "message", aw_json_text(result->message));
    return root;
}

static void checksum_of(const json_t *root, char text[AW_DIGEST_SIZE])
{
    json_t *copy = json_copy((json_t *)root);
    json_object_del(copy, "checksum");
    char *bytes = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(6));
    aw_digest(bytes, strlen(bytes), text);
    free(bytes);
    json_decref(copy);
}

/* Whatever has the right checksum and key was written by this executable. */
static const char *take_entry(const json_t *root, const char *key, struct aw_report_case *one)
{
    char checksum[AW_DIGEST_SIZE];
    struct aw_result *result = &one->result;
    const char *said = json_string_value(json_object_get(root, "checksum"));
    const char *found = json_string_value(json_object_get(root, "key"));
    if (!json_is_object(root) || said == NULL || found == NULL)
        return "it is damaged";
    checksum_of(root, checksum);
    if (strcmp(checksum, said) != 0)
        return "it is damaged";
    if (strcmp(found, key) != 0)
        return "it is about something else";
    result->verdict = AW_PROVED;
    for (size_t i = 0; i < AW_PROPERTY_COUNT; i++)
        result->properties[i] = (enum aw_property_state)json_integer_value(
            json_array_get(json_object_get(root, "properties"), i));
    result->states = (uint64_t)json_integer_value(json_object_get(root, "states"));
    result->transitions = (uint64_t)json_integer_value(json_object_get(root, "transitions"));
    result->code_runs = (uint64_t)json_integer_value(json_object_get(root, "code_runs"));
    result->peak_memory_bytes =
        (uint64_t)json_integer_value(json_object_get(root, "peak_memory_bytes"));
    result->seconds = json_real_value(json_object_get(root, "seconds"));
    const char *interleavings = json_string_value(json_object_get(root, "interleavings"));
    if (interleavings != NULL)
        result->interleavings = aw_string_copy(interleavings);
    snprintf(result->message, sizeof result->message, "%s",
             json_string_value(json_object_get(root, "message")));
    result->items = json_is_true(json_object_get(root, "items"));
    result->main_failed = json_is_true(json_object_get(root, "main_failed"));
    const json_t *assumptions = json_object_get(root, "assumptions");
    for (size_t i = 0; i < json_array_size(assumptions) && i < AW_MAX_NOTES; i++)
        result->assumptions[result->assumption_count++] =
            aw_string_copy(json_string_value(json_array_get(assumptions, i)));
    result->schedule.loop = UINT32_MAX;
    return NULL;
}

struct aw_report_case *aw_cache_find(const struct aw_cli_search *search, const struct aw_case *one,
                                     struct aw_report *report)
{
    char *path, *key = key_of(search->cache, one, &path);
    struct aw_report_case *entry = NULL;
    json_error_t reason;
    if (key == NULL)
        return NULL;
    if (access(path, F_OK) == 0) {
        json_t *root = json_load_file(path, 0, &reason);
        entry = aw_report_add_case(report, one);
        const struct aw_verify_settings *verify = &search->verify;
        entry->compare_search =
            verify->symmetry && verify->rules == AW_ALL_RULES && !verify->whole_graph;
        const char *wrong = root == NULL ? "it is damaged" : take_entry(root, key, entry);
        entry->cached = true;
        aw_report_judge(entry);
        if (wrong == NULL && !entry->met)
            wrong = "it is not as expected";
        if (wrong != NULL) {
            aw_complain(search->command, "%s is not used: %s", path, wrong);
            aw_report_drop(report);
            entry = NULL;
        }
        json_decref(root);
    }
    free(path);
    free(key);
    return entry;
}

void aw_cache_keep(const struct aw_cli_search *search, const struct aw_case *one,
                   const struct aw_report_case *entry, struct aw_report *report)
{
    char *path, checksum[AW_DIGEST_SIZE];
    struct aw_file file;
    struct aw_error error;
    if (entry->cached || !entry->met || entry->result.verdict != AW_PROVED)
        return;
    char *key = key_of(search->cache, one, &path);
    if (key == NULL)
        return;
    json_t *root = entry_json(entry, key);
    checksum_of(root, checksum);
    json_object_set_new(root, "checksum", json_string(checksum));
    int status = aw_file_create(&file, path, &error);
    if (status == 0) {
        json_dumpf(root, file.out, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
        fputc('\n', file.out);
        status = aw_file_commit(&file, &error);
    }
    if (status != 0) {
        aw_complain(search->command, "not cached: %s", error.message);
        report->errors++;
    }
    json_decref(root);
    free(path);
    free(key);
}
