/* SPDX-License-Identifier: MIT */
/*
 * machine_box.h - programs in the machine, for its tests: what can become of one, over all of its
 * interleavings, and what it does natively.
 *
 * A fixture is a C file of tests/fixtures/machine with a table of cases (fixture.h there); the case
 * is its first argument. Fixtures are compiled when they are first needed, below the build folder.
 *
 * box_all walks through all states with a search of its own: no symmetry, no reduction. It tells
 * the ends of the root process ("exit 3", "signal 15", "deadlock"), crashes and stops, as a sorted
 * list without repetitions: "exit 0; exit 1". The same ends must come out of the real search.
 */
#ifndef AW_TESTS_MACHINE_BOX_H
#define AW_TESTS_MACHINE_BOX_H

#define _GNU_SOURCE /* close_range */

#include <criterion/criterion.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/intern.h"
#include "explore/explore.h"

/* Fixtures make mistakes on purpose. */
#define BOX_WARNINGS                                                                               \
    "-Wall -Wextra -Wno-nonnull -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds "  \
    "-Wno-infinite-recursion -Wno-free-nonheap-object -Wno-use-after-free -Wno-return-type "       \
    "-Wno-format-truncation"

static struct aw_machine_settings box_settings; /* run_milliseconds 0: the defaults */
static char *const *box_env;                    /* NULL: none */
static bool box_runtime_watched;                /* aw_machine_watch_runtime */

static inline const char *box_command(void)
{
    const char *command = getenv("AW_BIN");
    return command != NULL ? command : "build/allways";
}

static inline const char *box_runtime(void)
{
    const char *runtime = getenv("ALLWAYS_RUNTIME");
    return runtime != NULL ? runtime : "build/runtime.so";
}

static inline time_t box_changed(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? status.st_mtime : 0;
}

/* The fixture as a program for the machine, or (`native`) for this host. */
static inline const char *box_program(const char *fixture, bool native)
{
    static char path[512];
    char source[256], command[4096], copy[256];
    snprintf(copy, sizeof copy, "%s", box_command());
    snprintf(source, sizeof source, "tests/fixtures/machine/%s.c", fixture);
    snprintf(path, sizeof path, "%s/tests/fixtures/machine/%s%s", dirname(copy), fixture,
             native ? "" : ".so");
    time_t made = box_changed(path);
    if (made > box_changed(source) && made > box_changed("tests/fixtures/machine/fixture.h"))
        return path;
    snprintf(command, sizeof command,
             "mkdir -p $(dirname %s) && %s%s " BOX_WARNINGS " %s -o %s.%d%s && mv %s.%d%s %s", path,
             native ? "gcc -std=gnu17 -O1 -U_FORTIFY_SOURCE -pthread" : box_command(),
             native ? "" : " cc", source, path, (int)getpid(), native ? "" : ".so", path,
             (int)getpid(), native ? "" : ".so", path);
    cr_assert_eq(system(command), 0, "%s", command);
    return path;
}

static inline int box_try_machine(const char *program, const char *name,
                                  struct aw_machine **machine, struct aw_error *error)
{
    static char *const none[] = {NULL};
    char first[] = "fixture", second[64];
    char *argv[] = {first, second, NULL};
    snprintf(second, sizeof second, "%s", name);
    struct aw_machine_settings settings = box_settings;
    if (settings.run_milliseconds == 0)
        aw_machine_settings_default(&settings);
    int status = aw_machine_create(program, box_runtime(), argv, box_env ? box_env : none,
                                   &settings, machine, error);
    if (status == 0 && box_runtime_watched)
        status = aw_machine_watch_runtime(*machine, error);
    return status;
}

static inline struct aw_machine *box_machine(const char *fixture, const char *name)
{
    struct aw_machine *machine;
    struct aw_error error;
    int status = box_try_machine(box_program(fixture, false), name, &machine, &error);
    cr_assert_eq(status, 0, "%s", error.message);
    return machine;
}

/* Searches a case. Every step that is known in the end is executed again. */
static inline struct aw_result box_search(const char *fixture, const char *name,
                                          struct aw_options options)
{
    struct aw_result result;
    struct aw_error error;
    options.minimal = false;
    options.control = 0;
    struct aw_machine *machine = box_machine(fixture, name);
    cr_assert_eq(aw_explore(machine, &options, &result, &error), 0, "%s", error.message);
    cr_expect_neq(result.verdict, AW_UNCONTROLLED, "%s: %s", name, result.message);
    aw_machine_destroy(machine);
    return result;
}

/* ---- sorted sets of lines ------------------------------------------------------------------- */

struct box_lines {
    char lines[32][200];
    unsigned count;
};

static inline void box_add(struct box_lines *set, const char *line)
{
    unsigned i = 0;
    while (i < set->count && strcmp(set->lines[i], line) < 0)
        i++;
    if (i < set->count && strcmp(set->lines[i], line) == 0)
        return;
    cr_assert(set->count < 32, "too many outcomes: %s", line);
    memmove(set->lines[i + 1], set->lines[i], (set->count - i) * sizeof *set->lines);
    snprintf(set->lines[i], sizeof *set->lines, "%s", line);
    set->count++;
}

static inline void box_join(const struct box_lines *set, char *text, size_t size)
{
    size_t at = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < set->count && at < size; i++)
        at += (size_t)snprintf(text + at, size - at, "%s%s", i ? "; " : "", set->lines[i]);
}

/* How the root ended in a state that nothing follows. */
static inline void box_add_end(struct aw_machine *machine, const struct aw_state *state,
                               struct box_lines *set)
{
    const struct aw_layout *layout = aw_machine_layout(machine, state);
    char line[64];
    for (uint32_t i = 0; i < layout->process_count; i++)
        if (!aw_machine_local(machine, state->words[AW_WORD_FIRST + i])->zombie) {
            box_add(set, "deadlock");
            return;
        }
    int status = aw_machine_local(machine, state->words[AW_WORD_FIRST])->status;
    if (WIFEXITED(status))
        snprintf(line, sizeof line, "exit %d", WEXITSTATUS(status));
    else
        snprintf(line, sizeof line, "signal %d", WTERMSIG(status));
    box_add(set, line);
}

/* Adds the events: stops and crashes to `set`, output to `log` (either may be NULL). */
static inline bool box_events(struct aw_machine *machine, uint32_t id, struct box_lines *set,
                              char *log, size_t size)
{
    uint32_t count;
    const struct aw_event *events = aw_machine_events(machine, id, &count);
    bool stopped = false;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t length = 0;
        const char *text = events[i].text == AW_INTERN_NONE
                               ? ""
                               : aw_machine_payload(machine, events[i].text, &length);
        char line[200];
        if (events[i].kind == AW_EVENT_LOG && log != NULL && events[i].a == 1) {
            size_t at = strlen(log);
            snprintf(log + at, size - at, "%.*s", (int)length, text);
        } else if (events[i].kind == AW_EVENT_MEMORY) {
            const char *end = strstr(text, " at ");
            snprintf(line, sizeof line, "memory: %.*s",
                     end != NULL ? (int)(end - text) : (int)length, text);
            if (set != NULL)
                box_add(set, line);
        } else if (events[i].kind == AW_EVENT_CRASH || events[i].kind == AW_EVENT_STOP) {
            const char *function, *file;
            int place;
            stopped |= events[i].kind == AW_EVENT_STOP;
            bool known = aw_machine_place(machine, events[i].b, &function, &file, &place);
            snprintf(line, sizeof line, "%s: %.*s%s%s",
                     events[i].kind == AW_EVENT_STOP ? "stop" : "crash", (int)length, text,
                     known ? " in " : "", known && function ? function : "");
            if (set != NULL)
                box_add(set, line);
        }
    }
    return stopped;
}

/* ---- all executions ------------------------------------------------------------------------- */

struct box_walk {
    struct aw_machine *machine;
    struct aw_intern states;
    struct box_lines set, ends;
    bool stopped;
};

static inline unsigned box_expand(struct box_walk *walk, const struct aw_state *state)
{
    static struct aw_outcome outcomes[AW_MAX_OUTCOMES];
    struct aw_machine *machine = walk->machine;
    const struct aw_layout *layout = aw_machine_layout(machine, state);
    unsigned moves = 0;
    struct aw_state next;
    for (uint32_t p = 0; p < layout->process_count; p++) {
        uint32_t local = state->words[AW_WORD_FIRST + p];
        unsigned threads = aw_machine_local(machine, local)->thread_count;
        for (unsigned t = 0; t < threads; t++) {
            unsigned count = aw_machine_outcomes(machine, state, p, t, outcomes);
            moves += count;
            for (unsigned o = 0; o < count; o++) {
                struct aw_step step;
                if (outcomes[o].stop != 0) {
                    char line[40];
                    snprintf(line, sizeof line, "stop: limit %u", outcomes[o].stop);
                    box_add(&walk->set, line);
                    walk->stopped = true;
                    continue;
                }
                aw_machine_step(machine, state, p, t, &outcomes[o], &next, &step);
                if (step.edge != AW_INTERN_NONE) {
                    struct aw_edge edge = *aw_machine_edge(machine, step.edge);
                    bool stop = box_events(machine, edge.events, &walk->set, NULL, 0);
                    stop |= box_events(machine, edge.child_events, &walk->set, NULL, 0);
                    walk->stopped |= stop;
                    if (stop)
                        continue;
                }
                aw_intern_put(&walk->states, next.words, next.count * (uint32_t)sizeof *next.words);
            }
        }
    }
    if (moves == 0 && aw_machine_advance(machine, state, &next)) {
        aw_intern_put(&walk->states, next.words, next.count * (uint32_t)sizeof *next.words);
        moves = 1;
    }
    return moves;
}

static inline void box_terminal(void *context, const struct aw_state *state, const char *monitor)
{
    struct box_walk *walk = context;
    (void)monitor;
    box_add_end(walk->machine, state, &walk->ends);
}

static inline void box_restart(void *context)
{
    ((struct box_walk *)context)->ends.count = 0;
}

/* All that can become of the case. */
static inline const char *box_all(const char *fixture, const char *name)
{
    static char text[2048], other[2048];
    static struct box_walk walk;
    struct box_lines ends = {.count = 0};
    memset(&walk, 0, sizeof walk);
    walk.machine = box_machine(fixture, name);
    aw_machine_set_symmetry(walk.machine, false);
    aw_machine_set_exact_pipes(walk.machine, true);
    aw_intern_init(&walk.states);
    struct aw_state state;
    aw_machine_initial(walk.machine, &state);
    aw_intern_put(&walk.states, state.words, state.count * (uint32_t)sizeof *state.words);
    for (uint32_t id = 0; id < walk.states.count; id++) {
        cr_assert(id < 400000, "too many states");
        state.count = aw_intern_size(&walk.states, id) / (uint32_t)sizeof *state.words;
        memcpy(state.words, aw_intern_get(&walk.states, id), state.count * sizeof *state.words);
        if (box_expand(&walk, &state) == 0) {
            box_add_end(walk.machine, &state, &walk.set);
            box_add_end(walk.machine, &state, &ends);
        }
    }
    aw_intern_deinit(&walk.states);
    aw_machine_destroy(walk.machine);
    box_join(&walk.set, text, sizeof text);
    if (walk.stopped)
        return text;

    /* The real search, with all of its reductions, sees the same ends. */
    struct aw_options options;
    struct aw_result result;
    struct aw_error error;
    struct aw_observer observer = {box_terminal, box_restart, &walk, NULL};
    aw_options_default(&options);
    options.whole_graph = true;
    options.minimal = false;
    options.control = 0; /* every step is executed again */
    walk.machine = box_machine(fixture, name);
    cr_assert_eq(aw_explore_observed(walk.machine, &options, &observer, &result, &error), 0);
    cr_expect_neq(result.verdict, AW_UNCONTROLLED, "%s %s: %s", fixture, name, result.message);
    cr_expect_neq(result.verdict, AW_INCONCLUSIVE, "%s %s: %s", fixture, name, result.message);
    aw_result_deinit(&result);
    aw_machine_destroy(walk.machine);
    char plain[2048];
    box_join(&ends, plain, sizeof plain);
    box_join(&walk.ends, other, sizeof other);
    cr_expect_str_eq(plain, other, "%s %s: the reduced search sees \"%s\", not \"%s\"", fixture,
                     name, other, plain);
    return text;
}

/* ---- one execution, here and natively -------------------------------------------------------- */

/* Runs one execution; who moves is chosen by `seed` (0: always the first that can). What the case
 * prints goes to `log`; the answer is how it ended. */
static inline const char *box_run(const char *fixture, const char *name, unsigned seed, char *log,
                                  size_t size)
{
    static struct aw_outcome outcomes[AW_MAX_OUTCOMES];
    static char text[2048];
    struct box_lines set = {.count = 0};
    struct aw_machine *machine = box_machine(fixture, name);
    struct aw_state state, next;
    aw_machine_set_symmetry(machine, false);
    aw_machine_set_exact_pipes(machine, true);
    aw_machine_initial(machine, &state);
    log[0] = '\0';
    for (unsigned steps = 0; steps < 20000; steps++) {
        const struct aw_layout *layout = aw_machine_layout(machine, &state);
        struct {
            unsigned process, thread, outcome;
        } moves[256];
        unsigned count = 0;
        for (uint32_t p = 0; p < layout->process_count; p++) {
            uint32_t local = state.words[AW_WORD_FIRST + p];
            unsigned threads = aw_machine_local(machine, local)->thread_count;
            for (unsigned t = 0; t < threads; t++) {
                unsigned many = aw_machine_outcomes(machine, &state, p, t, outcomes);
                for (unsigned o = 0; o < many && count < 256; o++) {
                    moves[count].process = p;
                    moves[count].thread = t;
                    moves[count++].outcome = o;
                }
            }
        }
        if (count == 0) {
            if (aw_machine_advance(machine, &state, &next)) {
                state = next;
                continue;
            }
            box_add_end(machine, &state, &set);
            break;
        }
        seed = seed ? seed * 1103515245u + 12345u : 0;
        unsigned pick = (seed >> 16) % count;
        struct aw_step step;
        aw_machine_outcomes(machine, &state, moves[pick].process, moves[pick].thread, outcomes);
        if (outcomes[moves[pick].outcome].stop != 0) {
            char line[40];
            snprintf(line, sizeof line, "stop: limit %u", outcomes[moves[pick].outcome].stop);
            box_add(&set, line);
            break;
        }
        aw_machine_step(machine, &state, moves[pick].process, moves[pick].thread,
                        &outcomes[moves[pick].outcome], &next, &step);
        state = next;
        if (step.edge == AW_INTERN_NONE)
            continue;
        struct aw_edge edge = *aw_machine_edge(machine, step.edge);
        bool stop = box_events(machine, edge.events, &set, log, size);
        if (stop | box_events(machine, edge.child_events, &set, log, size))
            break;
    }
    aw_machine_destroy(machine);
    box_join(&set, text, sizeof text);
    return text;
}

/* The same natively. */
static inline const char *box_native(const char *fixture, const char *name, char *log, size_t size)
{
    static char text[64];
    char command[600];
    snprintf(command, sizeof command,
             "ulimit -n 1024; exec env -i NAME=value timeout 10 %s %s 2>/dev/null </dev/null",
             box_program(fixture, true), name);
    cr_assert_eq(close_range(3, ~0U, CLOSE_RANGE_CLOEXEC), 0);
    FILE *output = popen(command, "r");
    cr_assert_not_null(output);
    log[fread(log, 1, size - 1, output)] = '\0';
    int status = pclose(output);
    snprintf(text, sizeof text, "exit %d", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    return text;
}

/* ---- what the tests say --------------------------------------------------------------------- */

#define box_expect(fixture, name, expected)                                                        \
    do {                                                                                           \
        const char *got_ = box_all(fixture, name);                                                 \
        cr_expect_str_eq(got_, expected, "%s %s: \"%s\", not \"%s\"", fixture, name, got_,         \
                         expected);                                                                \
    } while (0)

/* Every execution of the case ends with exit(0), and so does it natively. */
#define box_holds(fixture, name)                                                                   \
    do {                                                                                           \
        char log_[8192];                                                                           \
        const char *native_;                                                                       \
        box_expect(fixture, name, "exit 0");                                                       \
        native_ = box_native(fixture, name, log_, sizeof log_);                                    \
        cr_expect_str_eq(native_, "exit 0", "%s %s natively: %s", fixture, name, native_);         \
    } while (0)

/* One outcome, and the same output here, natively and in a few other orders. */
#define box_same(fixture, name)                                                                    \
    do {                                                                                           \
        char here_[8192], there_[8192], again_[8192];                                              \
        const char *end_ = box_native(fixture, name, there_, sizeof there_);                       \
        cr_expect_str_eq(end_, "exit 0", "%s %s natively: %s", fixture, name, end_);               \
        end_ = box_run(fixture, name, 0, here_, sizeof here_);                                     \
        cr_expect_str_eq(end_, "exit 0", "%s %s: %s\n%s", fixture, name, end_, here_);             \
        cr_expect_str_eq(here_, there_, "%s %s: here\n%s\nnatively\n%s", fixture, name, here_,     \
                         there_);                                                                  \
        for (unsigned seed_ = 1; seed_ < 4; seed_++) {                                             \
            box_run(fixture, name, seed_, again_, sizeof again_);                                  \
            cr_expect_str_eq(again_, here_, "%s %s depends on the order", fixture, name);          \
        }                                                                                          \
    } while (0)

#endif
