/* SPDX-License-Identifier: MIT */
/* Whole executions, carried out twice: what differs is told, what does not is not. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shell.h"
#include "verify/verify.h"

TestSuite(walks, .init = shell_open, .fini = shell_close, .timeout = 60);

static int walk(const char *argument, char *message, size_t size)
{
    char path[64];
    char *argv[] = {"walks", (char *)argument, NULL}, *env[] = {NULL};
    struct aw_machine_settings settings;
    struct aw_machine *machine;
    struct aw_error error;
    shell_write("walks.c",
                "#include <stdio.h>\n#include <sched.h>\n"
                "static unsigned counter(void) { unsigned low, high; /* hidden: uncontrolled.c */\n"
                "__asm__ volatile(\"jmp 1f; .byte 0x48, 0xb8; 1: rdtsc; .fill 6, 1, 0x90\"\n"
                ": \"=a\"(low), \"=d\"(high)); return low ^ high; }\n"
                "int main(int argc, char **argv) { (void)argv; for (int i = 0; i < 3; i++) {\n"
                "printf(\"%u\\n\", argc > 1 ? counter() : 7u); fflush(stdout);\n"
                "sched_yield(); } return 0; }\n");
    cr_assert_eq(shell("$AW cc $T/walks.c -o $T/walks.so"), 0, "%s", shell_said);
    snprintf(path, sizeof path, "%s/walks.so", getenv("T"));
    struct aw_case one = {.name = "walks", .program = path, .argc = 1, .argv = argv, .env = env};
    aw_machine_settings_default(&settings);
    one.machine = settings;
    cr_assert_eq(
        aw_machine_create(path, "build/runtime.so", argv, env, &settings, &machine, &error), 0,
        "%s", error.message);
    return aw_verify_walks(machine, "build/runtime.so", &one, false, 1, 2, message, size, &error);
}

Test(walks, an_input_that_the_machine_does_not_control_is_told)
{
    char message[400];
    cr_expect_eq(walk("counter", message, sizeof message), 1, "%s", message);
    cr_expect(strstr(message, "differs") != NULL, "%s", message);
    cr_expect(strstr(message, "recorded: ") != NULL, "%s", message);
}

Test(walks, a_program_that_is_controlled_is_the_same_twice)
{
    char message[400];
    cr_expect_eq(walk(NULL, message, sizeof message), 0, "%s", message);
    cr_expect_str_eq(message, "");
}
