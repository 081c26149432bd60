/* SPDX-License-Identifier: MIT */
/*
 * state.c - which cases were as expected when they were last run: TRACE_DIR/.last-run.json, an
 * object with "allways" and "as_expected", whose members are names, each with the digest of what
 * the verdict depended on (identity.c). `--rerun-failed` leaves these out; whatever is not there,
 * new cases and those whose program, scenario or options have changed too, is run. A file that
 * cannot be read is no file.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/cli.h"

static char *path_of(const char *trace_dir)
{
    size_t size = strlen(trace_dir) + 32;
    char *path = aw_allocate(size, 1);
    snprintf(path, size, "%s/.last-run.json", trace_dir);
    return path;
}

/* The digest of a case; false when its files cannot be read. */
static bool digest(const struct aw_identity *identity, const struct aw_case *one,
                   char text[AW_DIGEST_SIZE])
{
    char *key = aw_identity_key(identity, one);
    if (key == NULL)
        return false;
    aw_digest(key, strlen(key), text);
    free(key);
    return true;
}

static json_t *load(const char *path)
{
    json_t *root = json_load_file(path, 0, NULL);
    json_t *names = json_incref(json_object_get(root, "as_expected"));
    json_decref(root);
    if (json_is_object(names))
        return names;
    json_decref(names);
    return json_object();
}

struct aw_run_state *aw_run_state_load(const char *trace_dir)
{
    char *path = path_of(trace_dir);
    json_t *names = load(path);
    free(path);
    return (struct aw_run_state *)names;
}

bool aw_run_state_has(const struct aw_run_state *state, const struct aw_identity *identity,
                      const struct aw_case *one)
{
    char now[AW_DIGEST_SIZE];
    const char *then = json_string_value(json_object_get((const json_t *)state, one->name));
    return then != NULL && digest(identity, one, now) && strcmp(then, now) == 0;
}

void aw_run_state_free(struct aw_run_state *state)
{
    json_decref((json_t *)state);
}

/* Of the cases of a run; what was not as expected is no member any more. */
static void enter(json_t *names, const struct aw_report *report, const struct aw_identity *identity,
                  const struct aw_case *const *cases, int count)
{
    char text[AW_DIGEST_SIZE];
    for (int i = 0; i < count; i++)
        json_object_del(names, cases[i]->name);
    for (int i = 0; i < report->count; i++) {
        if (!report->cases[i].met)
            continue;
        int k = 0; /* reports go by the name of a case */
        while (k < count && strcmp(cases[k]->name, report->cases[i].name) != 0)
            k++;
        if (k < count && digest(identity, cases[k], text))
            json_object_set_new(names, cases[k]->name, json_string(text));
    }
}

int aw_run_state_save(const char *trace_dir, const struct aw_report *report,
                      const struct aw_identity *identity, const struct aw_case *const *cases,
                      int count, struct aw_error *error)
{
    struct aw_file file;
    bool any_failed = report->errors > 0;
    for (int i = 0; i < report->count; i++)
        any_failed |= !report->cases[i].met;
    /* No folder is made only to say that all is well. */
    if (!any_failed && access(trace_dir, F_OK) != 0)
        return 0;
    char *path = path_of(trace_dir);
    json_t *names = load(path), *root = json_object();
    enter(names, report, identity, cases, count);
    json_object_set_new(root, "allways", json_string(AW_VERSION));
    json_object_set_new(root, "as_expected", names);
    int status = aw_verify_make_folder(trace_dir, error);
    if (status == 0)
        status = aw_file_create(&file, path, error);
    if (status == 0) {
        json_dumpf(root, file.out, JSON_INDENT(1));
        fputc('\n', file.out);
        status = aw_file_commit(&file, error);
    }
    json_decref(root);
    free(path);
    return status;
}
