/* SPDX-License-Identifier: MIT */
/*
 * cache.c - what is already proved need not be proved again.
 *
 * The key of a case is everything that its verdict depends on: the bytes of the program, of the
 * scenario file, of the checker's executable and of the runtime (128 bits of XXH3 each), the name
 * of the case, and the options of the search as they were typed. Only `proved`, as expected and
 * with every stated number, is kept. One file for each case, named by a digest of the key, with the
 * whole key in it and a checksum: a file that is damaged, or of another key, is passed over with a
 * warning. Who may write into the folder may write "proved" into it; it is to be trusted as the
 * executable is.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/memory.h"
#include "cli/cli.h"

enum { DIGEST = 33 };

static void digest_text(const void *bytes, size_t size, char text[DIGEST])
{
    XXH128_hash_t hash = XXH3_128bits(bytes, size);
    snprintf(text, DIGEST, "%016llx%016llx", (unsigned long long)hash.high64,
             (unsigned long long)hash.low64);
}

static bool digest_file(const char *path, char text[DIGEST])
{
    size_t size;
    struct aw_error ignored;
    char *bytes = aw_file_read(path, &size, &ignored);
    if (bytes == NULL)
        return false;
    digest_text(bytes, size, text);
    free(bytes);
    return true;
}

void aw_cache_init(struct aw_cache *cache, const char *folder, const struct aw_cli_search *search)
{
    *cache = (struct aw_cache){.folder = folder, .search = search};
    cache->usable = folder != NULL && digest_file("/proc/self/exe", cache->checker) &&
                    digest_file(search->verify.runtime, cache->runtime);
}

/* The key as compact text, and the path that goes with it. NULL when the files cannot be read. */
static char *key_of(const struct aw_cache *cache, const struct aw_case *one, char **path)
{
    char program[DIGEST], scenario[DIGEST], name[DIGEST];
    /* What lies in the files of `traces:` is no part of the key: such a case always runs. */
    if (one->file == NULL || one->trace_count > 0 || !digest_file(one->program, program) ||
        !digest_file(one->file, scenario))
        return NULL;
    json_t *key = json_object();
    json_object_set_new(key, "allways", json_string(AW_VERSION));
    json_object_set_new(key, "checker", json_string(cache->checker));
    json_object_set_new(key, "runtime", json_string(cache->runtime));
    json_object_set_new(key, "program", json_string(program));
    json_object_set_new(key, "scenario", json_string(scenario));
    json_object_set_new(key, "case", aw_json_text(one->name));
    json_object_set_new(key, "options", aw_json_text(cache->search->said));
    char *text = json_dumps(key, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(key);
    digest_text(text, strlen(text), name);
    size_t size = strlen(cache->folder) + DIGEST + 8;
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
    json_object_set_new(root, "message", aw_json_text(result->message));
    return root;
}

static void checksum_of(const json_t *root, char text[DIGEST])
{
    json_t *copy = json_copy((json_t *)root);
    json_object_del(copy, "checksum");
    char *bytes = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(6));
    digest_text(bytes, strlen(bytes), text);
    free(bytes);
    json_decref(copy);
}

/* Whatever has the right checksum and key was written by this executable. */
static const char *take_entry(const json_t *root, const char *key, struct aw_report_case *one)
{
    char checksum[DIGEST];
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
    const json_t *assumptions = json_object_get(root, "assumptions");
    for (size_t i = 0; i < json_array_size(assumptions) && i < AW_MAX_NOTES; i++)
        result->assumptions[result->assumption_count++] =
            aw_string_copy(json_string_value(json_array_get(assumptions, i)));
    result->schedule.loop = UINT32_MAX;
    return NULL;
}

struct aw_report_case *aw_cache_find(const struct aw_cache *cache, const struct aw_case *one,
                                     struct aw_report *report)
{
    char *path, *key = cache->usable ? key_of(cache, one, &path) : NULL;
    struct aw_report_case *entry = NULL;
    json_error_t reason;
    if (key == NULL)
        return NULL;
    if (access(path, F_OK) == 0) {
        json_t *root = json_load_file(path, 0, &reason);
        entry = aw_report_add_case(report, one);
        const struct aw_verify_settings *verify = &cache->search->verify;
        entry->compare_search =
            verify->symmetry && verify->rules == AW_ALL_RULES && !verify->whole_graph;
        const char *wrong = root == NULL ? "it is damaged" : take_entry(root, key, entry);
        entry->cached = true;
        aw_report_judge(entry);
        if (wrong == NULL && !entry->met)
            wrong = "it is not as expected";
        if (wrong != NULL) {
            aw_complain(cache->search->command, "%s is not used: %s", path, wrong);
            aw_report_drop(report);
            entry = NULL;
        }
        json_decref(root);
    }
    free(path);
    free(key);
    return entry;
}

void aw_cache_keep(const struct aw_cache *cache, const struct aw_case *one,
                   const struct aw_report_case *entry)
{
    char *path, checksum[DIGEST];
    struct aw_file file;
    struct aw_error error;
    if (!cache->usable || entry->cached || !entry->met || entry->result.verdict != AW_PROVED)
        return;
    char *key = key_of(cache, one, &path);
    if (key == NULL)
        return;
    json_t *root = entry_json(entry, key);
    checksum_of(root, checksum);
    json_object_set_new(root, "checksum", json_string(checksum));
    int status = aw_verify_make_folder(cache->folder, &error);
    if (status == 0)
        status = aw_file_create(&file, path, &error);
    if (status == 0) {
        json_dumpf(root, file.out, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
        fputc('\n', file.out);
        status = aw_file_commit(&file, &error);
    }
    if (status != 0) /* what was proved is proved; it will be proved again */
        aw_complain(cache->search->command, "warning: not cached: %s", error.message);
    json_decref(root);
    free(path);
    free(key);
}
