/* SPDX-License-Identifier: MIT */
/*
 * state.c - which cases were as expected when they were last run: TRACE_DIR/.last-run.json, an
 * object with "allways" and "as_expected", a list of names. `--rerun-failed` leaves these out;
 * whatever is not in the list, new cases too, is run. A file that cannot be read is no file.
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

/* An object with a member for each name. */
static json_t *load(const char *path)
{
    json_t *names = json_object(), *root = json_load_file(path, 0, NULL), *name;
    size_t i;
    json_array_foreach(json_object_get(root, "as_expected"), i, name)
    {
        if (json_is_string(name))
            json_object_set_new(names, json_string_value(name), json_true());
    }
    json_decref(root);
    return names;
}

struct aw_run_state *aw_run_state_load(const char *trace_dir)
{
    char *path = path_of(trace_dir);
    json_t *names = load(path);
    free(path);
    return (struct aw_run_state *)names;
}

bool aw_run_state_has(const struct aw_run_state *state, const char *name)
{
    return json_object_get((const json_t *)state, name) != NULL;
}

void aw_run_state_free(struct aw_run_state *state)
{
    json_decref((json_t *)state);
}

int aw_run_state_save(const char *trace_dir, const struct aw_report *report, struct aw_error *error)
{
    struct aw_file file;
    char *path = path_of(trace_dir);
    json_t *names = load(path), *root = json_object(), *list = json_array();
    const char *name;
    json_t *unused;
    int status = 0;
    bool any_failed = report->errors > 0;
    for (int i = 0; i < report->problem_count; i++)
        json_object_del(names, report->problems[i].name);
    for (int i = 0; i < report->count; i++) {
        const struct aw_report_case *one = &report->cases[i];
        any_failed |= !one->met;
        if (one->met)
            json_object_set_new(names, one->name, json_true());
        else
            json_object_del(names, one->name);
    }
    json_object_foreach(names, name, unused) json_array_append_new(list, json_string(name));
    json_object_set_new(root, "allways", json_string(AW_VERSION));
    json_object_set_new(root, "as_expected", list);
    /* No folder is made only to say that all is well. */
    if (any_failed || access(trace_dir, F_OK) == 0) {
        status = aw_verify_make_folder(trace_dir, error);
        if (status == 0)
            status = aw_file_create(&file, path, error);
        if (status == 0) {
            json_dumpf(root, file.out, JSON_INDENT(1));
            fputc('\n', file.out);
            status = aw_file_commit(&file, error);
        }
    }
    json_decref(names);
    json_decref(root);
    free(path);
    return status;
}
