/* SPDX-License-Identifier: MIT */
/*
 * identity.c - everything that the verdict of a case depends on, as one text: the bytes of the
 * program, of the scenario file, of kept traces, of the checker's executable and of the runtime
 * (128 bits of XXH3 each), the name of the case, and the options of the search as they were typed.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "cli/cli.h"

void aw_digest(const void *bytes, size_t size, char text[AW_DIGEST_SIZE])
{
    XXH128_hash_t hash = XXH3_128bits(bytes, size);
    snprintf(text, AW_DIGEST_SIZE, "%016llx%016llx", (unsigned long long)hash.high64,
             (unsigned long long)hash.low64);
}

static bool digest_file(const char *path, char text[AW_DIGEST_SIZE])
{
    size_t size;
    struct aw_error ignored;
    char *bytes = aw_file_read(path, &size, &ignored);
    if (bytes == NULL)
        return false;
    aw_digest(bytes, size, text);
    free(bytes);
    return true;
}

int aw_identity_init(struct aw_identity *identity, const struct aw_cli_search *search,
                     struct aw_error *error)
{
    identity->options = search->said;
    if (!digest_file("/proc/self/exe", identity->checker))
        return aw_fail(error, AW_E_IO, "/proc/self/exe: cannot be read");
    if (!digest_file(search->verify.runtime, identity->runtime))
        return aw_fail(error, AW_E_IO, "%s: cannot be read", search->verify.runtime);
    return 0;
}

char *aw_identity_key(const struct aw_identity *identity, const struct aw_case *one)
{
    char program[AW_DIGEST_SIZE], scenario[AW_DIGEST_SIZE], trace[AW_DIGEST_SIZE];
    if (one->file == NULL || !digest_file(one->program, program) ||
        !digest_file(one->file, scenario))
        return NULL;
    json_t *key = json_object(), *traces = json_array();
    for (int i = 0; i < one->trace_count; i++)
        json_array_append_new(traces, json_string(digest_file(one->traces[i], trace) ? trace : ""));
    json_object_set_new(key, "allways", json_string(AW_VERSION));
    json_object_set_new(key, "checker", json_string(identity->checker));
    json_object_set_new(key, "runtime", json_string(identity->runtime));
    json_object_set_new(key, "program", json_string(program));
    json_object_set_new(key, "scenario", json_string(scenario));
    json_object_set_new(key, "traces", traces);
    json_object_set_new(key, "case", aw_json_text(one->name));
    json_object_set_new(key, "options", aw_json_text(identity->options));
    char *text = json_dumps(key, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(key);
    return text;
}
