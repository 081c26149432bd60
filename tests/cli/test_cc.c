/* SPDX-License-Identifier: MIT */
/*
 * `allways cc`: what it passes on, what it refuses, and that the loader takes what it makes. A
 * script in place of the compiler writes down its arguments and ends with status 3.
 */
#define _GNU_SOURCE
#include "../machine/loader_box.h"
#include "cli/cc.h"

#include <sys/stat.h>

#define SOURCE "tests/cli/test_cc.c" /* any file that is there */

TestSuite(cc, .init = box_open, .fini = box_close);

static int cc(struct aw_error *error, const char *first, ...)
{
    char *arguments[16];
    int count = 0;
    va_list list;
    va_start(list, first);
    for (const char *next = first; next != NULL; next = va_arg(list, const char *))
        arguments[count++] = (char *)next;
    va_end(list);
    memset(error, 0, sizeof *error);
    return aw_cc(count, arguments, "/include-folder", error);
}

static void refused(int code, const struct aw_error *error, int expected, const char *message)
{
    cr_expect_eq(code, expected);
    cr_expect_eq(error->code, expected);
    cr_expect_str_eq(error->message, message);
}

/* CC is the script with one argument of its own; the answer is what it was called with. */
static const char *recorded(int status, const char *first, const char *second)
{
    static char text[4096];
    char compiler[256], script[256];
    struct aw_error error;
    snprintf(script, sizeof script, "#!/bin/sh\necho \"$*\" >'%s'\nexit %d\n", box_path("said"),
             status);
    box_write("compiler", script, strlen(script));
    cr_assert_eq(chmod(box_path("compiler"), 0755), 0);
    snprintf(compiler, sizeof compiler, " %s  --own ", box_path("compiler"));
    setenv("CC", compiler, 1);
    cr_assert_eq(cc(&error, SOURCE, "-o", "a.so", first, second, NULL), status);
    unsetenv("CC");
    text[box_read("said", (unsigned char *)text, sizeof text)] = '\0';
    return text;
}

Test(cc, our_flags_come_first_so_that_the_caller_may_override_them)
{
    const char *said = recorded(0, "-O2", "-DX=a b");
    cr_expect_eq(strncmp(said, "--own -std=gnu17 -O1 -g ", 24), 0, "%s", said);
    cr_expect_not_null(strstr(said, " -I /include-folder " SOURCE " -o a.so -O2 -DX=a b\n"), "%s",
                       said);
}

Test(cc, flags_of_projects_for_executables_are_left_out)
{
    const char *said = recorded(0, "-fPIE", "-pie");
    cr_expect_null(strstr(said, "-fPIE"), "%s", said);
    cr_expect_null(strstr(said, "-pie"), "%s", said);
    said = recorded(0, "-D_FORTIFY_SOURCE=2", "-Wp,-D_FORTIFY_SOURCE=3");
    cr_expect_null(strstr(said, "FORTIFY_SOURCE=2"), "%s", said);
    cr_expect_null(strstr(said, "FORTIFY_SOURCE=3"), "%s", said);
    said = recorded(0, "-fvisibility=hidden", "-s");
    cr_expect_null(strstr(said, "-fvisibility"), "%s", said);
    cr_expect_null(strstr(said, " -s "), "%s", said);
    cr_expect_null(strstr(said, " -s\n"), "%s", said);
    said = recorded(0, "-no-pie", "-O2");
    cr_expect_null(strstr(said, "-no-pie"), "%s", said);
    cr_expect_not_null(strstr(said, " -o a.so -O2\n"), "%s", said);
}

Test(cc, the_status_of_the_compiler_is_returned)
{
    recorded(3, NULL, NULL);
}

Test(cc, a_compiler_that_is_not_there_is_named)
{
    struct aw_error error;
    setenv("CC", "/no/such/compiler", 1);
    refused(cc(&error, SOURCE, "-o", "a.so", NULL), &error, AW_E_SYSTEM,
            "cc: cannot run /no/such/compiler: No such file or directory");
}

Test(cc, a_compiler_ended_by_a_signal_is_no_success)
{
    struct aw_error error;
    box_write("compiler", "#!/bin/sh\nkill -9 $$\n", 21);
    cr_assert_eq(chmod(box_path("compiler"), 0755), 0);
    setenv("CC", box_path("compiler"), 1);
    cr_expect_eq(cc(&error, SOURCE, "-o", "a.so", NULL), AW_E_SYSTEM);
    cr_expect_not_null(strstr(error.message, "was ended by signal 9"));
}

Test(cc, wrong_usage_is_refused_with_a_reason)
{
    struct aw_error error;
    setenv("CC", "/no/such/compiler", 1);
    refused(cc(&error, SOURCE, "-o", NULL), &error, AW_E_USAGE,
            "cc: -o needs the name of the program");
    refused(cc(&error, "-o", "a.so", NULL), &error, AW_E_USAGE,
            "cc: no source file: allways cc FILE.c... -o PROGRAM.so");
    refused(cc(&error, SOURCE, "-fsanitize=thread", "-o", "a.so", NULL), &error, AW_E_USAGE,
            "cc: -fsanitize=thread would link ThreadSanitizer's library, while the machine answers "
            "its calls itself: leave it out, cc has accesses to memory announced");
    refused(cc(&error, SOURCE, "-static", NULL), &error, AW_E_USAGE,
            "cc: -static: a program for the machine is a shared object: leave it out");
    refused(cc(&error, SOURCE, "-fsanitize=address", "-oa.so", NULL), &error, AW_E_USAGE,
            "cc: -fsanitize=address needs a run-time library that calls the real kernel, which the "
            "machine does not let happen: leave it out");
    refused(cc(&error, SOURCE, "--coverage", NULL), &error, AW_E_USAGE,
            "cc: --coverage has the program count its own steps and write them to files, which the "
            "machine does not let happen: leave it out");
    refused(cc(&error, "--nonsense", NULL), &error, AW_E_USAGE,
            "cc: unknown option --nonsense; it has none but -o and those of gcc, which begin with "
            "one -");
    refused(cc(&error, "-I", "/nowhere", "/no/such.c", "-o", "a.so", NULL), &error, AW_E_IO,
            "cc: /no/such.c: No such file or directory");
    box_write("p.cpp", "int main() {}\n", 14);
    cr_expect_eq(cc(&error, box_path("p.cpp"), NULL), AW_E_USAGE);
    cr_expect_not_null(strstr(error.message, "p.cpp: C++, whose library is not modelled: only C "
                                             "programs can be checked"));
}

Test(cc, without_o_the_program_is_called_after_its_first_source)
{
    struct aw_error error;
    const char *said = recorded(0, NULL, NULL);
    cr_expect_null(strstr(said, "test_cc.so"), "there is an -o: %s", said);
    setenv("CC", box_path("compiler"), 1);
    cr_assert_eq(cc(&error, "-DX", SOURCE, "harness/cli/cc.c", NULL), 0);
    char text[4096];
    text[box_read("said", (unsigned char *)text, sizeof text)] = '\0';
    cr_expect_not_null(strstr(text, " -o test_cc.so\n"), "%s", text);
    cr_assert_eq(cc(&error, "-c", SOURCE, NULL), 0);
    text[box_read("said", (unsigned char *)text, sizeof text)] = '\0';
    cr_expect_null(strstr(text, " -o "), "what -c makes gcc names: %s", text);
}

/* As below `make CC="allways cc"`, which exports CC: it must not call itself for ever. */
Test(cc, a_project_is_compiled_file_by_file)
{
    char one[128], two[128], object_one[128], object_two[128], output[128];
    struct box_resolver resolver = {0};
    struct aw_error error;
    setenv("CC", "/somewhere/allways cc", 1);
    box_write("one.c", "int two(void); int main(void) { return two(); }\n", 48);
    box_write("two.c", "int two(void) { return 2; }\n", 28);
    snprintf(one, sizeof one, "%s", box_path("one.c"));
    snprintf(two, sizeof two, "%s", box_path("two.c"));
    snprintf(object_one, sizeof object_one, "%s", box_path("one.o"));
    snprintf(object_two, sizeof object_two, "%s", box_path("two.o"));
    snprintf(output, sizeof output, "%s", box_path("program"));
    cr_assert_eq(cc(&error, "-c", one, "-o", object_one, NULL), 0, "%s", error.message);
    cr_assert_eq(cc(&error, "-o", object_two, two, "-c", NULL), 0, "%s", error.message);
    cr_assert_eq(cc(&error, "-o", output, object_one, object_two, NULL), 0, "%s", error.message);
    struct aw_module *module = box_load(output, &resolver);
    cr_expect_neq(aw_module_symbol(module, "two"), 0);
    aw_module_unload(module);
}

Test(cc, what_an_older_source_gave_does_not_outlive_a_failure)
{
    char output[128];
    struct aw_error error;
    unsetenv("CC");
    snprintf(output, sizeof output, "%s", box_path("p.so"));
    box_write("p.c", "int main(void) { return 0; }\n", 29);
    cr_assert_eq(cc(&error, box_path("p.c"), "-o", output, NULL), 0);
    cr_expect_eq(access(output, F_OK), 0);
    box_write("p.c", "int main(void) { return 0 }\n", 28);
    cr_expect_gt(cc(&error, box_path("p.c"), "-o", output, NULL), 0);
    cr_expect_neq(access(output, F_OK), 0);
    cr_expect_eq(cc(&error, box_path("p.c"), "-o", "/dev/null", NULL), 1);
    cr_expect_eq(access("/dev/null", W_OK), 0);
}

Test(cc, the_loader_takes_what_it_makes)
{
    static const char source[] = "#include <errno.h>\n#include <pthread.h>\n#include <stdio.h>\n"
                                 "#include <string.h>\n#include <unistd.h>\n"
                                 "static __thread int mine;\n"
                                 "int main(int argc, char **argv) { char b[64]; pthread_t t;\n"
                                 "  mine = argc; errno = 0; memset(b, mine, (size_t)argc);\n"
                                 "  pthread_create(&t, 0, 0, b); printf(\"%s%d\", argv[0], mine);\n"
                                 "  return (int)write(1, b, sizeof b); }\n";
    char input[128], output[128];
    struct box_resolver resolver = {0};
    struct aw_error error;
    const char *file;
    int line, column;
    unsetenv("CC");
    box_write("p.c", source, strlen(source));
    snprintf(input, sizeof input, "%s", box_path("p.c"));
    snprintf(output, sizeof output, "%s", box_path("p.so"));
    cr_assert_eq(cc(&error, input, "-o", output, NULL), 0, "%s", error.message);
    struct aw_module *module = box_load(output, &resolver);
    uint64_t start = aw_module_symbol(module, "main");
    cr_assert_neq(start, 0);
    cr_expect(aw_module_line_at(module, start, &file, &line, &column));
    cr_expect_eq(line, 7);
    for (int i = 0; i < resolver.asked_count; i++) {
        const char *name = resolver.asked[i].name;
        cr_expect(strstr(name, "_chk") == NULL, "%s is imported", name);
        cr_expect(resolver.asked[i].weak || resolver.asked[i].kind == AW_IMPORT_FUNCTION, "%s",
                  name);
    }
    aw_module_unload(module);
}

/* With -z noexecstack it would be loaded, and crash. */
Test(cc, a_nested_function_whose_address_is_taken_is_refused_by_the_loader)
{
    static const char source[] = "int (*volatile f)(void);\n"
                                 "int main(int argc, char **argv) { (void)argv;\n"
                                 "  int g(void) { return argc; } f = g; return f(); }\n";
    char input[128], output[128];
    struct aw_error error;
    unsetenv("CC");
    box_write("n.c", source, strlen(source));
    snprintf(input, sizeof input, "%s", box_path("n.c"));
    snprintf(output, sizeof output, "%s", box_path("n.so"));
    cr_assert_eq(cc(&error, input, "-w", "-Wl,--no-warn-execstack", "-o", output, NULL), 0, "%s",
                 error.message);
    box_refused(output, NULL, AW_E_PROGRAM,
                "asks for an executable stack (a nested function whose address is taken, or "
                "assembly without .note.GNU-stack): link with -Wl,-z,noexecstack and keep nested "
                "functions out");
}

/* One folder's name may be the beginning of another's. */
Test(cc, a_folder_beside_this_one_keeps_its_name)
{
    char home[4096], source[4200], where[4300];
    struct aw_error error;
    unsetenv("CC");
    cr_assert_not_null(getcwd(home, sizeof home));
    cr_assert_eq(mkdir(box_path("here"), 0700), 0);
    cr_assert_eq(mkdir(box_path("here-too"), 0700), 0);
    snprintf(source, sizeof source, "%s/p.c", box_path("here-too"));
    FILE *file = fopen(source, "we");
    cr_assert_not_null(file);
    fputs("#include <stdlib.h>\nint main(void) { abort(); }\n", file);
    fclose(file);
    cr_assert_eq(chdir(box_path("here")), 0);
    cr_assert_eq(cc(&error, source, "-o", "p.so", NULL), 0, "%s", error.message);
    cr_assert_eq(chdir(home), 0);
    snprintf(where, sizeof where, "grep -q -a %s %s/p.so", source, box_path("here"));
    cr_expect_eq(system(where), 0, "%s", where);
}

/* Debug information names the folder; a kept trace, and a cache, know a program by its bytes. */
Test(cc, the_same_source_gives_the_same_program_in_every_folder)
{
    static unsigned char bytes[2][1 << 16];
    char folder[128], home[4096];
    size_t sizes[2];
    struct aw_error error;
    unsetenv("CC");
    cr_assert_not_null(getcwd(home, sizeof home));
    for (int i = 0; i < 2; i++) {
        snprintf(folder, sizeof folder, "%s", box_path(i == 0 ? "here" : "some-other-folder"));
        cr_assert_eq(mkdir(folder, 0700), 0);
        cr_assert_eq(chdir(folder), 0);
        FILE *file = fopen("p.c", "we");
        cr_assert_not_null(file);
        fputs("#include <assert.h>\nint main(int argc, char **argv) { (void)argv;\n"
              "  assert(argc < 9); return 0; }\n",
              file);
        fclose(file);
        cr_assert_eq(cc(&error, "p.c", NULL), 0, "%s", error.message);
        file = fopen("p.so", "re");
        cr_assert_not_null(file);
        sizes[i] = fread(bytes[i], 1, sizeof bytes[i], file);
        fclose(file);
        cr_assert(sizes[i] > 0 && sizes[i] < sizeof bytes[i]);
        cr_assert_eq(chdir(home), 0);
    }
    cr_expect_eq(sizes[0], sizes[1]);
    cr_expect_eq(memcmp(bytes[0], bytes[1], sizes[0]), 0);
}
