/* SPDX-License-Identifier: MIT */
/*
 * places.c - the native program, the preload library, and call sites in the program. A site becomes
 * ranges of addresses before the run, so that the preload library needs to know nothing of lines.
 */
#define _GNU_SOURCE
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "native/native.h"

char *aw_native_program_path(const char *machine_program)
{
    static const char from[] = "models/", to[] = "native/";
    _Static_assert(sizeof from == sizeof to, "it is replaced in place");
    char *path = aw_string_copy(machine_program), *found = NULL, *next = path;
    size_t length = strlen(path);
    if (length > 3 && strcmp(path + length - 3, ".so") == 0)
        path[length - 3] = '\0';
    while ((next = strstr(next, from)) != NULL) {
        if (next == path || next[-1] == '/')
            found = next;
        next++;
    }
    if (found != NULL)
        memcpy(found, to, strlen(to));
    return path;
}

const char *aw_native_preload_path(void)
{
    static const char *const below[] = {"allways-preload.so", "../lib/allways/allways-preload.so"};
    static char *found;
    char folder[PATH_MAX], path[2 * PATH_MAX];
    const char *given = getenv("ALLWAYS_PRELOAD");
    if (given != NULL && given[0] != '\0')
        return given;
    if (found != NULL)
        return found;
    ssize_t length = readlink("/proc/self/exe", folder, sizeof folder - 1);
    if (length <= 0)
        return NULL;
    folder[length] = '\0';
    *strrchr(folder, '/') = '\0';
    for (size_t i = 0; i < sizeof below / sizeof *below && found == NULL; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, below[i]);
        if (access(path, R_OK) == 0)
            found = aw_string_copy(path);
    }
    return found;
}

/* ---- call sites ---- */

static bool add_range(struct aw_native_ranges *ranges, uint64_t low, uint64_t high)
{
    if (ranges->count > 0 && ranges->ranges[ranges->count - 1].high == low) {
        ranges->ranges[ranges->count - 1].high = high;
        return true;
    }
    if (ranges->count == AW_NATIVE_RANGES)
        return false;
    ranges->ranges[ranges->count].low = low;
    ranges->ranges[ranges->count++].high = high;
    return true;
}

/* A site "path:line"; line 0: any. */
struct place {
    char file[AW_FAULT_NAME];
    int line;
    const char *function; /* or this */
    struct aw_native_ranges *ranges;
    bool full;
};

static bool is_file(const char *path, const char *file)
{
    const char *slash = strrchr(path, '/');
    size_t length = strlen(path), tail = strlen(file);
    if (strcmp(slash != NULL ? slash + 1 : path, file) == 0)
        return true;
    return length >= tail && strcmp(path + length - tail, file) == 0 &&
           (length == tail || path[length - tail - 1] == '/');
}

/* Each row of the line table holds from its address to that of the next row. */
static void take_lines(Dwarf_Die *unit, struct place *place)
{
    Dwarf_Lines *lines;
    size_t count;
    if (dwarf_getsrclines(unit, &lines, &count) != 0)
        return;
    for (size_t i = 0; i + 1 < count; i++) {
        Dwarf_Line *row = dwarf_onesrcline(lines, i), *next = dwarf_onesrcline(lines, i + 1);
        const char *path = dwarf_linesrc(row, NULL, NULL);
        Dwarf_Addr low, high;
        bool end = true;
        int line = 0;
        if (path == NULL || dwarf_lineendsequence(row, &end) != 0 || end ||
            dwarf_lineno(row, &line) != 0 || dwarf_lineaddr(row, &low) != 0 ||
            dwarf_lineaddr(next, &high) != 0 || high <= low)
            continue;
        if (is_file(path, place->file) && (place->line == 0 || place->line == line))
            place->full |= !add_range(place->ranges, low, high);
    }
}

static int take_function(Dwarf_Die *function, void *argument)
{
    struct place *place = argument;
    const char *name = dwarf_diename(function);
    Dwarf_Addr base, low, high;
    ptrdiff_t next = 0;
    if (name == NULL || strcmp(name, place->function) != 0)
        return DWARF_CB_OK;
    while ((next = dwarf_ranges(function, next, &base, &low, &high)) > 0)
        place->full |= !add_range(place->ranges, low, high);
    return DWARF_CB_OK;
}

static void take_units(Dwarf *dwarf, struct place *place)
{
    Dwarf_CU *unit = NULL, *next;
    Dwarf_Die die;
    uint8_t type;
    while (dwarf_get_units(dwarf, unit, &next, NULL, &type, &die, NULL) == 0) {
        unit = next;
        if (type != DW_UT_compile)
            continue;
        if (place->function != NULL)
            dwarf_getfuncs(&die, take_function, place, 0);
        else
            take_lines(&die, place);
    }
}

static void read_site(const char *site, struct place *place)
{
    const char *colon = strrchr(site, ':');
    if (colon != NULL) {
        snprintf(place->file, sizeof place->file, "%.*s", (int)(colon - site), site);
        place->line = atoi(colon + 1);
    } else if (strchr(site, '.') != NULL) {
        snprintf(place->file, sizeof place->file, "%s", site);
    } else {
        place->function = site;
    }
}

int aw_native_site(const char *program, const char *site, struct aw_native_ranges *ranges,
                   struct aw_error *error)
{
    struct place place = {.ranges = ranges};
    int fd = open(program, O_RDONLY | O_CLOEXEC);
    ranges->count = 0;
    if (fd < 0)
        return aw_fail(error, AW_E_PROGRAM, "%s: %s", program, strerror(errno));
    Dwarf *dwarf = dwarf_begin(fd, DWARF_C_READ);
    if (dwarf == NULL) {
        close(fd);
        return aw_fail(error, AW_E_PROGRAM,
                       "%s has no line information (gcc -g), which the site \"%s\" needs", program,
                       site);
    }
    read_site(site, &place);
    take_units(dwarf, &place);
    dwarf_end(dwarf);
    close(fd);
    if (place.full)
        return aw_fail(error, AW_E_LIMIT, "%s: the site \"%s\" is in more than %d pieces", program,
                       site, AW_NATIVE_RANGES);
    if (ranges->count == 0)
        return aw_fail(error, AW_E_PROGRAM, "%s: nothing in it is at the site \"%s\"", program,
                       site);
    return 0;
}
