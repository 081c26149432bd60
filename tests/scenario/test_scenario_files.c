/* SPDX-License-Identifier: MIT */
/*
 * Scenario files on disk, those of the repository, and damaged ones. The repository's are read from
 * the working folder, which is the repository's.
 */
#define _GNU_SOURCE
#include "scenario_box.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static void make_folder(void)
{
    strcpy(folder, "/tmp/aw-scenario-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
}

static void remove_folder(void)
{
    char command[100];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    cr_assert_eq(chdir("/"), 0);
    cr_assert_eq(system(command), 0);
}

static void put_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

TestSuite(files, .init = make_folder, .fini = remove_folder);

Test(files, a_folder_gives_its_scenarios_sorted_and_each_once)
{
    static const char *const expected[] = {"d/c.yml",  "d/B.yaml",   "d/a-1.yaml",
                                           "d/a.yaml", "d/b/x.yaml", "odd.txt"};
    const char *paths[] = {"d/c.yml", "d//", "odd.txt", "d/b", "./d/a.yaml"};
    struct aw_scenario_files files;
    struct aw_error error = {0};

    mkdir("d", 0700);
    mkdir("d/b", 0700);
    mkdir("d/empty", 0700);
    mkdir("d/.hidden", 0700);
    mkdir("d/looks.yaml", 0700);
    put_file("d/.hidden/h.yaml", "");
    put_file("d/.h.yaml", "");
    put_file("d/a.yaml", "");
    put_file("d/a-1.yaml", "");
    put_file("d/B.yaml", "");
    put_file("d/c.yml", "");
    put_file("d/notes.txt", "");
    put_file("d/b/x.yaml", "");
    put_file("odd.txt", "");
    cr_assert_eq(symlink("..", "d/loop"), 0);
    cr_assert_eq(symlink("a.yaml", "d/z.yaml"), 0);

    cr_assert_eq(aw_scenario_find(paths, COUNT_OF(paths), &files, &error), 0, "%s", error.message);
    cr_assert_eq(files.count, (int)COUNT_OF(expected));
    for (int i = 0; i < files.count; i++)
        cr_expect_str_eq(files.paths[i], expected[i]);
    aw_scenario_files_deinit(&files);
}

static void cannot_find(const char *path, const char *message)
{
    struct aw_scenario_files files;
    struct aw_error error = {0};
    char found[1400];
    cr_expect_eq(aw_scenario_find(&path, 1, &files, &error), AW_E_USAGE);
    cr_expect_eq(files.count, 0);
    aw_error_format(&error, found, sizeof found);
    cr_expect_str_eq(found, message);
}

Test(files, a_path_that_leads_to_no_scenario_is_an_error)
{
    mkdir("empty", 0700);
    mkdir("empty/below", 0700);
    put_file("empty/below/notes.txt", "");
    cannot_find("none.yaml", "none.yaml: No such file or directory: expected a scenario file or a "
                             "folder of them");
    cannot_find("empty", "empty: no scenario in this folder: expected *.yaml or *.yml files");
}

Test(files, a_file_is_loaded_from_disk)
{
    struct aw_scenario *scenario;
    struct aw_error error = {0};
    put_file("s.yaml", GOOD);
    cr_assert_eq(aw_scenario_load("s.yaml", &scenario, &error), 0);
    cr_expect_str_eq(scenario->name, "n");
    aw_scenario_free(scenario);
    cr_expect_eq(aw_scenario_load("t.yaml", &scenario, &error), AW_E_IO);
    cr_expect_null(scenario);
    cr_expect_str_eq(error.file, "t.yaml");
    cr_expect_str_eq(error.message, "No such file or directory");
    cr_expect_eq(aw_scenario_load(".", &scenario, &error), AW_E_IO);
    cr_expect_str_eq(error.message, "Is a directory");
    aw_scenario_free(NULL);
}

Test(files, two_scenarios_of_one_name_are_an_error)
{
    struct aw_scenario *three[3];
    struct aw_error error = {0};
    char found[1400];
    static const char *const texts[] = {GOOD, "# m\nname: m\nabout: a\nprogram: p\n" PROVED,
                                        "# n\n# n\n" GOOD};
    for (int i = 0; i < 3; i++) {
        char path[20];
        snprintf(path, sizeof path, "%d.yaml", i);
        cr_assert_eq(aw_scenario_parse(path, texts[i], strlen(texts[i]), &three[i], &error), 0);
    }
    cr_expect_eq(aw_scenario_check_names(three, 2, &error), 0);
    cr_expect_eq(aw_scenario_check_names(three, 0, &error), 0);
    cr_expect_eq(aw_scenario_check_names(three, 3, &error), AW_E_FORMAT);
    aw_error_format(&error, found, sizeof found);
    cr_expect_str_eq(found, "2.yaml:3:7: name: \"n\" again: it is the name of 0.yaml:1 already");
    for (int i = 0; i < 3; i++)
        aw_scenario_free(three[i]);
}

Test(repository, every_scenario_is_right_and_has_a_name_of_its_own)
{
    const char *path = "scenarios";
    struct aw_scenario *scenarios[1000];
    struct aw_scenario_files files;
    struct aw_error error = {0};

    if (access(path, R_OK) != 0)
        cr_skip_test("not started in the repository's folder: no scenarios/ here");
    cr_assert_eq(aw_scenario_find(&path, 1, &files, &error), 0, "%s", error.message);
    cr_assert_leq(files.count, 1000);
    for (int i = 0; i < files.count; i++)
        cr_assert_eq(aw_scenario_load(files.paths[i], &scenarios[i], &error), 0, "%s:%d:%d: %s",
                     error.file, error.line, error.column, error.message);
    cr_expect_eq(aw_scenario_check_names(scenarios, files.count, &error), 0, "%s:%d:%d: %s",
                 error.file, error.line, error.column, error.message);
    for (int i = 0; i < files.count; i++)
        aw_scenario_free(scenarios[i]);
    aw_scenario_files_deinit(&files);
}

/* The content of a file, to be freed; NULL when it cannot be read. */
static char *slurp(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return NULL;
    char *text = calloc(1, 1 << 16);
    cr_assert_lt(fread(text, 1, 1 << 16, file), 1 << 16);
    fclose(file);
    return text;
}

Test(repository, the_sample_in_the_documentation_is_the_real_file)
{
    char *page = slurp("docs/scenario-format.md");
    char *sample = slurp("scenarios/article/sentinel-per-worker-matrix.yaml");
    if (page == NULL || sample == NULL)
        cr_skip_test("not started in the repository's folder: no docs/ here");
    cr_expect_not_null(strstr(page, sample));
    free(page);
    free(sample);
}

/* --- Whatever the bytes, an answer ----------------------------------------------------------- */

static const char *const seeds[] = {
    GOOD,
    "name: n\nabout: >\n  x\n  y\nprogram: ./p.so\nargs: --items ${items} --workers ${workers}\n"
    "machine:\n  pipe_capacity: 64 KiB\n  heap: 1 MiB\n  time: virtual\nlimits: {states: 1_000, "
    "memory: 2 GiB, seconds: 1.5}\nproperties: [drained, no-crash]\nexpect:\n  - when: {items: "
    "[1, 2]}\n    verdict: violated\n    property: drained\n  - {verdict: proved, states: 12, "
    "interleavings: 1234567}\nmatrix:\n  items: [1, 2, 3]\n  workers: [1, 2]\nexclude:\n  - "
    "{items: "
    "1, workers: 2}\n",
    "---\nname: &x \"n\"\nabout: |-\n  two\n  lines\nprogram: *x\nargs: [a, \"\\x41\\u00e9\", "
    "b]\nenv: {A: "
    "'it''s'}\ncount: true\nexpect: {verdict: vacuous}\n# end\n...\n",
    "name: n\nabout: a\nprogram: p.so\nfaults:\n  - {point: posix/io/rw/write/reduce, lengths: "
    "[1, 3], role: feeder, budget: 2}\n  - point: posix/io/rw/write\n    errno: [EINTR, EPIPE]\n  "
    "  site: send.c:12\n    occurrences: 1-3\n  - {point: my/point, delay: 3 s}\n  - {kind: "
    "crash}\nfault_budget: 2\nschedule: {favour: [feeder]}\nexpect: {verdict: proved}\n",
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Flips, drops, doubles, overwrites and cuts; the same ones in every run. */
static size_t mutate(char *text, size_t size, size_t room, uint64_t *random)
{
    static const char syntax[] = "[]{}:,-&*!|>'\"%@`#?~ \n\t$\\";
    for (int changes = 1 + (int)(next_random(random) % 2); changes > 0 && size > 1; changes--) {
        size_t at = next_random(random) % size;
        size_t length = 1 + next_random(random) % (size - at < 20 ? size - at : 20);
        switch (next_random(random) % 6) {
        case 0:
            text[at] ^= (char)(1 << next_random(random) % 8);
            break;
        case 1:
            memmove(text + at, text + at + length, size - at - length);
            size -= length;
            break;
        case 2:
            if (size + length > room)
                break;
            memmove(text + at + length, text + at, size - at);
            size += length;
            break;
        case 3:
            size = at + 1;
            break;
        default:
            text[at] = syntax[next_random(random) % (sizeof syntax - 1)];
        }
    }
    return size;
}

Test(fuzz, damaged_files_are_loaded_or_refused_with_a_place, .timeout = 120)
{
    int loaded = 0, refused = 0;
    for (size_t i = 0; i < COUNT_OF(seeds); i++)
        aw_scenario_free(parse(seeds[i]));
    for (uint64_t run = 1; run <= 9000; run++) {
        uint64_t random = run * UINT64_C(0x9e3779b97f4a7c15);
        const char *seed = seeds[run % COUNT_OF(seeds)];
        char text[2000];
        size_t size = strlen(seed);
        struct aw_scenario *scenario;
        struct aw_error error = {0};

        memcpy(text, seed, size);
        size = mutate(text, size, sizeof text, &random);
        char *exact = malloc(size); /* so that the sanitizer sees a byte too far */
        memcpy(exact, text, size);
        if (aw_scenario_parse("s.yaml", exact, size, &scenario, &error) == 0) {
            cr_assert_geq(scenario->count, 1);
            cr_assert_neq(scenario->cases[0].properties, 0);
            loaded++;
        } else {
            cr_assert_eq(error.code, AW_E_FORMAT, "run %d: %s", (int)run, error.message);
            cr_assert_gt(error.line, 0);
            cr_assert_gt(error.column, 0);
            cr_assert_neq(error.message[0], '\0');
            cr_assert_null(strchr(error.message, '\n'));
            cr_assert_null(scenario);
            refused++;
        }
        free(exact);
        aw_scenario_free(scenario);
    }
    cr_expect_gt(loaded, 300, "the damage is too great to test anything: %d loaded", loaded);
    cr_expect_gt(refused, 300);
}
