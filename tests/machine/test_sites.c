/* SPDX-License-Identifier: MIT */
/*
 * test_sites.c - accesses that the compiler does not announce: never proved where others may come in
 * between, told by the line; no false alarm where all is one's own or under a lock.
 */
#include "machine_box.h"
#include "shell.h"

TestSuite(sites, .init = shell_open, .fini = shell_close);

static void expect(const char *name, const char *verdict, const char *text)
{
    shell("$AW check --trace-dir $T %s -- %s", box_program("sites", false), name);
    cr_expect_eq(strncmp(shell_said, verdict, strlen(verdict)), 0, "%s: %s", name, shell_said);
    cr_expect_not_null(strstr(shell_said, text), "%s: %s", name, shell_said);
}

Test(sites, what_is_not_announced_and_unordered_stops_by_name)
{
    static const struct {
        const char *name, *variable, *function;
    } cases[] = {
        {"by_value", "whole", "passes_whole"},
        {"in_registers", "pair", "passes_pair"},
        {"by_pointer", "whole", "passes_pointed"},
        {"after_an_announced_one", "whole", "passes_after_part"},
        {"returned", "whole", "made"},
        {"returned_in_registers", "pair", "gets_pair"},
        {"assembly", "number", "assembles"},
        {"assembly_adds", "number", "adds"},
        {"assembly_repeats", "numbers", "repeats"},
        {"not_instrumented", "number", "unseen"},
        {"given_away", "a variable on the stack of the first thread", "given_away"},
        {"given_away_in_registers", "a variable on the stack of the first thread",
         "given_away_in_registers"},
        {"given_away_aligned", "a variable on the stack of the first thread", "given_away_aligned"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];
        snprintf(text, sizeof text, "the compiler announces no access to %s", cases[i].variable);
        expect(cases[i].name, "inconclusive", text);
        snprintf(text, sizeof text, "(%s)", cases[i].function);
        expect(cases[i].name, "inconclusive", text);
    }
}

Test(sites, under_one_lock_what_is_not_announced_is_recorded_all_the_same)
{
    expect("locked", "proved", "no-data-race    holds");
}

Test(sites, what_is_ones_own_is_no_alarm)
{
    expect("own", "proved", "no-data-race    holds");
    expect("given_away_got_back", "proved", "no-data-race    holds");
}

/* The runtime is compiled as programs are; here it is watched as they are, in all that the machine's
 * other tests make it do. */
Test(sites, the_runtime_announces_its_accesses, .timeout = 300)
{
    static const char *const fixtures[] = {"clocks",  "files", "locks",   "processes",
                                           "rwlocks", "text",  "threads", "memory"};
    box_runtime_watched = true;
    for (size_t i = 0; i < sizeof fixtures / sizeof *fixtures; i++) {
        char names[sizeof shell_said], *rest = names;
        shell("sed -n '/^CASES(/,$p' tests/fixtures/machine/%s.c | grep -o 'CASE([a-z_0-9]*)' | "
              "sed 's/CASE(//;s/)//'",
              fixtures[i]);
        memcpy(names, shell_said, sizeof names);
        cr_expect_neq(names[0], '\0');
        for (char *name; (name = strsep(&rest, "\n")) != NULL;)
            if (name[0] != '\0' && strncmp(name, "endless", 7) != 0) {
                char log[8192];
                const char *end = box_run(fixtures[i], name, 0, log, sizeof log);
                cr_expect_null(strstr(end, "announces no access"), "%s %s: %s", fixtures[i], name,
                               end);
            }
    }
}
