/* SPDX-License-Identifier: MIT */
/*
 * The machine as a whole: what is refused before anything runs, destructors, and that two runs are
 * the same run wherever the host puts its own memory.
 */
#include "machine_box.h"

static char folder[64];

static void open_folder(void)
{
    strcpy(folder, "/tmp/aw-machine-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void close_folder(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    cr_assert_eq(system(command), 0);
}

/* Compiles `source` with gcc alone and says what aw_machine_create has against it. */
static const char *refusal(const char *source, const char *flags, int *code)
{
    static struct aw_error error;
    static char text[1400];
    char command[1024], path[128];
    struct aw_machine *machine;
    snprintf(path, sizeof path, "%s/p.c", folder);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(source, file);
    fclose(file);
    snprintf(command, sizeof command,
             "cd %s && gcc -std=gnu17 -O1 -g -fPIC -fno-stack-protector -shared -Wl,-z,now %s p.c "
             "-o p.so",
             folder, flags);
    cr_assert_eq(system(command), 0, "%s", command);
    snprintf(path, sizeof path, "%s/p.so", folder);
    memset(&error, 0, sizeof error);
    *code = box_try_machine(path, "", &machine, &error);
    if (*code == 0) {
        aw_machine_destroy(machine);
        return "";
    }
    cr_expect_null(machine);
    const char *start = strstr(error.message, folder);
    if (start == error.message) /* the path itself is of no interest */
        snprintf(text, sizeof text, "%s", error.message + strlen(path));
    else
        snprintf(text, sizeof text, "%s", error.message);
    return text;
}

TestSuite(refusals, .init = open_folder, .fini = close_folder);

#define REFUSED(name, source, flags, part)                                                         \
    Test(refusals, name)                                                                           \
    {                                                                                              \
        int code;                                                                                  \
        const char *text = refusal(source, flags, &code);                                          \
        cr_expect_eq(code, AW_E_PROGRAM, "%d", code);                                              \
        cr_expect_not_null(strstr(text, part), "\"%s\" is not in \"%s\"", part, text);             \
    }

REFUSED(a_program_without_main, "int other(void) { return 0; }", "", ": it has no function main")
REFUSED(a_stack_protector,
        "#include <string.h>\nint main(int c, char **v)"
        "{ char b[64]; strcpy(b, v[c - 1]); return b[0]; }",
        "-fstack-protector-all", "-fno-stack-protector")
REFUSED(calls_of_another_compilers_instrumentation,
        "void __tsan_memcpy(void *); int main(void)"
        "{ __tsan_memcpy(0); return 0; }",
        "", "__tsan_memcpy")
REFUSED(thread_local_storage_that_is_too_large,
        "__thread char big[70000]; int main(void) { return big[1]; }", "",
        "thread-local storage of 70000 bytes")
REFUSED(thread_local_storage_that_is_too_far_aligned,
        "__thread _Alignas(128) char c[128]; int main(void) { return c[1]; }", "",
        "thread-local storage of 128 bytes (alignment 128)")

Test(refusals, nothing_at_all_against_a_plain_program)
{
    int code;
    cr_expect_str_eq(refusal("int main(void) { return 0; }", "", &code), "");
    cr_expect_str_eq(refusal("__thread char b[60000]; int main(void) { return b[1]; }", "", &code),
                     "", "the machine is free again after a refusal, and for the next");
}

Test(refusals, heaps_and_stacks_of_impossible_sizes)
{
    struct aw_machine *machine;
    struct aw_error error;
    aw_machine_settings_default(&box_settings);
    box_settings.stack_bytes = (uint64_t)1 << 40;
    cr_expect_eq(box_try_machine(box_program("memory", false), "blocks", &machine, &error),
                 AW_E_USAGE);
    cr_expect_str_eq(error.message, "a heap may have 4 KiB to 256 MiB, a stack 16 KiB to 8 MiB");
    aw_machine_settings_default(&box_settings);
    box_settings.heap_bytes = 100;
    cr_expect_eq(box_try_machine(box_program("memory", false), "blocks", &machine, &error),
                 AW_E_USAGE);
    aw_machine_settings_default(&box_settings);
    cr_expect_eq(box_try_machine(box_program("memory", false), "blocks", &machine, &error), 0);
    struct aw_machine *second;
    cr_expect_eq(box_try_machine(box_program("memory", false), "blocks", &second, &error),
                 AW_E_USAGE);
    cr_expect_str_eq(error.message, "one machine at a time: destroy the other one first");
    aw_machine_destroy(machine);
}

Test(refusals, arguments_that_do_not_fit)
{
    static char *large[20000];
    static char text[100];
    struct aw_machine *machine;
    struct aw_machine_settings settings;
    struct aw_error error;
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < 19999; i++)
        large[i] = text;
    static char *const none[] = {NULL};
    aw_machine_settings_default(&settings);
    cr_expect_eq(aw_machine_create(box_program("memory", false), box_runtime(), large, none,
                                   &settings, &machine, &error),
                 AW_E_LIMIT);
    cr_expect_str_eq(error.message, "arguments and environment take more than 1024 KiB");
}

/* ---- the same run ---------------------------------------------------------------------------- */

/* What a run counts, as JSON has it, without times and sizes; addresses of the host are random. */
static void counts(const char *paths, char *text, size_t size)
{
    char command[1024];
    snprintf(command, sizeof command,
             "%s run --format json --trace-dir %s %s | tr ',' '\\n' | "
             "grep -E '\"(states|transitions|code_runs|verdict|scenario)\"'",
             box_command(), folder, paths);
    FILE *output = popen(command, "r");
    cr_assert_not_null(output);
    text[fread(text, 1, size - 1, output)] = '\0';
    pclose(output);
}

TestSuite(same_run, .init = open_folder, .fini = close_folder);

Test(same_run, where_the_host_puts_its_memory_does_not_show, .timeout = 60)
{
    static const char paths[] = "scenarios/article/*small.yaml scenarios/classics/bounded* "
                                "scenarios/classics/items* scenarios/classics/mutex* "
                                "scenarios/classics/once* scenarios/classics/crash-[adns]*";
    static char one[65536], other[65536];
    counts(paths, one, sizeof one);
    cr_expect_not_null(strstr(one, "\"code_runs\""), "%s", one);
    cr_expect_not_null(strstr(one, "\"violated\""), "%s", one);
    for (int i = 0; i < 2; i++) {
        counts(paths, other, sizeof other);
        cr_expect_str_eq(one, other);
    }
}
