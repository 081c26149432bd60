/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "scenario/scenario.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_DEPTH = 64 };

/* The files so far, with what tells them apart whatever path led to them. */
struct finding {
    struct aw_scenario_files *files;
    struct identity {
        dev_t device;
        ino_t inode;
    } * identities;
    int room;
    int met; /* files below the folder at hand, those found before included */
    struct aw_error *error;
};

static int no_memory(struct finding *finding)
{
    return aw_fail(finding->error, AW_E_MEMORY, "out of memory");
}

static int cannot_read(struct finding *finding, const char *path)
{
    return aw_fail_at(finding->error, AW_E_IO, path, 0, 0, "%s", strerror(errno));
}

static int add_file(struct finding *finding, const char *path, const struct stat *status)
{
    struct aw_scenario_files *files = finding->files;
    finding->met++;
    for (int i = 0; i < files->count; i++)
        if (finding->identities[i].device == status->st_dev &&
            finding->identities[i].inode == status->st_ino)
            return 0;
    if (files->count == finding->room) {
        int room = finding->room > 0 ? finding->room * 2 : 16;
        char **paths = realloc(files->paths, (size_t)room * sizeof *paths);
        if (paths == NULL)
            return no_memory(finding);
        files->paths = paths;
        struct identity *identities =
            realloc(finding->identities, (size_t)room * sizeof *identities);
        if (identities == NULL)
            return no_memory(finding);
        finding->identities = identities;
        finding->room = room;
    }
    char *copy = strdup(path);
    if (copy == NULL)
        return no_memory(finding);
    finding->identities[files->count] = (struct identity){status->st_dev, status->st_ino};
    files->paths[files->count++] = copy;
    return 0;
}

static bool is_scenario_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static int without_dots(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* strcmp, where alphasort would follow the locale. */
static int by_bytes(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

static int walk(struct finding *finding, const char *folder, int depth)
{
    struct dirent **entries;
    int code = 0, count = scandir(folder, &entries, without_dots, by_bytes);
    if (count < 0)
        return cannot_read(finding, folder);
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/')
        length--;
    for (int i = 0; i < count; i++) {
        struct stat status;
        char *path = NULL;
        const char *separator = folder[length - 1] == '/' ? "" : "/";
        if (code == 0 &&
            asprintf(&path, "%.*s%s%s", (int)length, folder, separator, entries[i]->d_name) < 0) {
            path = NULL;
            code = no_memory(finding);
        }
        if (code == 0 && lstat(path, &status) != 0)
            code = errno == ENOENT ? 0 : cannot_read(finding, path); /* gone meanwhile */
        else if (code == 0 && S_ISDIR(status.st_mode))
            code = depth < MAX_DEPTH ? walk(finding, path, depth + 1)
                                     : aw_fail_at(finding->error, AW_E_USAGE, path, 0, 0,
                                                  "more than %d folders deep", MAX_DEPTH);
        else if (code == 0 && is_scenario_name(entries[i]->d_name) && stat(path, &status) == 0 &&
                 S_ISREG(status.st_mode))
            code = add_file(finding, path, &status);
        free(path);
        free(entries[i]);
    }
    free(entries);
    return code;
}

static int find_one(struct finding *finding, const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return aw_fail_at(finding->error,
                          errno == ENOENT || errno == ENOTDIR ? AW_E_USAGE : AW_E_IO, path, 0, 0,
                          "%s: expected a scenario file or a folder of them", strerror(errno));
    if (!S_ISDIR(status.st_mode))
        return add_file(finding, path, &status);
    finding->met = 0;
    int code = walk(finding, path, 1);
    if (code == 0 && finding->met == 0)
        code = aw_fail_at(finding->error, AW_E_USAGE, path, 0, 0,
                          "no scenario in this folder: expected *.yaml or *.yml files");
    return code;
}

int aw_scenario_find(const char *const *paths, int count, struct aw_scenario_files *out,
                     struct aw_error *error)
{
    struct finding finding = {.files = out, .error = error};
    int code = 0;

    *out = (struct aw_scenario_files){0};
    for (int i = 0; code == 0 && i < count; i++)
        code = find_one(&finding, paths[i]);
    free(finding.identities);
    if (code < 0)
        aw_scenario_files_deinit(out);
    return code;
}

void aw_scenario_files_deinit(struct aw_scenario_files *files)
{
    for (int i = 0; i < files->count; i++)
        free(files->paths[i]);
    free(files->paths);
    *files = (struct aw_scenario_files){0};
}
