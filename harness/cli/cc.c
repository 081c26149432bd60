/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "cli/cc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const machine_flags[] = {
    "-std=gnu17",
    "-O1",
    "-g",
    "-fPIC",
    "-shared",
    "-fno-stack-protector",
    "-ftrivial-auto-var-init=zero",
    "-fno-omit-frame-pointer",
    /* Every access to memory is seen: for the compiler only, linked without the library whose calls
     * the machine answers. What gcc would expand in place of a call stays a call. */
    "-fsanitize=thread",
    "--param=tsan-distinguish-volatile=1",
    "--param=tsan-instrument-func-entry-exit=0",
    "-nodefaultlibs",
    "-fno-builtin-memcpy",
    "-fno-builtin-memmove",
    "-fno-builtin-mempcpy",
    "-fno-builtin-memset",
    "-fno-builtin-memcmp",
    "-fno-builtin-bcopy",
    "-fno-builtin-bzero",
    "-fno-builtin-bcmp",
    "-fno-builtin-memchr",
    "-fno-builtin-strlen",
    "-fno-builtin-strnlen",
    "-fno-builtin-strcmp",
    "-fno-builtin-strncmp",
    "-fno-builtin-strcpy",
    "-fno-builtin-strncpy",
    "-fno-builtin-stpcpy",
    "-fno-builtin-stpncpy",
    "-fno-builtin-strcat",
    "-fno-builtin-strncat",
    "-fno-builtin-strchr",
    "-fno-builtin-strrchr",
    "-fno-builtin-strstr",
    "-fno-builtin-strspn",
    "-fno-builtin-strcspn",
    "-fno-builtin-strpbrk",
    "-fcf-protection=none",
    "-mtls-dialect=gnu",
    "-U_FORTIFY_SOURCE",
    "-D_FORTIFY_SOURCE=0",
    "-pthread",
    "-Wl,-z,now",
    "-Wl,-z,relro",
};

/* Options of gcc that take the next word. */
static bool takes_next(const char *option)
{
    static const char *const options[] = {"-I",          "-D",         "-U",       "-L",
                                          "-l",          "-include",   "-imacros", "-isystem",
                                          "-iquote",     "-idirafter", "-MF",      "-MT",
                                          "-MQ",         "-x",         "-T",       "-u",
                                          "-z",          "-e",         "-Xlinker", "-Xpreprocessor",
                                          "-Xassembler", "--param",    "--sysroot"};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (strcmp(option, options[i]) == 0)
            return true;
    return false;
}

/* Options with which gcc does not come to linking. */
static bool stops_early(const char *option)
{
    return strcmp(option, "-c") == 0 || strcmp(option, "-S") == 0 || strcmp(option, "-E") == 0 ||
           strcmp(option, "-M") == 0 || strcmp(option, "-MM") == 0;
}

/* Flags of many projects that are left out: what lays out an executable (here it is a shared object),
 * what hides main and the names of variables, and calls of libc's that check sizes (the machine
 * checks all of them). */
static bool is_passed_over(const char *option)
{
    static const char *const options[] = {"-pie",     "-no-pie",  "-fpie",    "-fPIE", "-fno-pie",
                                          "-fno-PIE", "-fno-pic", "-fno-PIC", "-s",    "-g0"};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (strcmp(option, options[i]) == 0)
            return true;
    return strncmp(option, "-fvisibility=", 13) == 0 ||
           strncmp(option, "-D_FORTIFY_SOURCE", 17) == 0 ||
           strncmp(option, "-Wp,-D_FORTIFY_SOURCE", 21) == 0;
}

static bool is_cxx(const char *file)
{
    static const char *const endings[] = {".cc",  ".cp",  ".cxx", ".cpp",
                                          ".CPP", ".c++", ".C",   ".ii"};
    const char *ending = strrchr(file, '.');
    for (size_t i = 0; ending != NULL && i < sizeof endings / sizeof endings[0]; i++)
        if (strcmp(ending, endings[i]) == 0)
            return true;
    return false;
}

static int check_option(const char *option, struct aw_error *error)
{
    if (strcmp(option, "-fsanitize=thread") == 0)
        return aw_fail(error, AW_E_USAGE,
                       "cc: %s would link ThreadSanitizer's library, while the machine answers "
                       "its calls itself: leave it out, cc has accesses to memory announced",
                       option);
    if (strncmp(option, "-fsanitize=", 11) == 0)
        return aw_fail(error, AW_E_USAGE,
                       "cc: %s needs a run-time library that calls the real "
                       "kernel, which the machine does not let happen: "
                       "leave it out",
                       option);
    if (strcmp(option, "-pg") == 0 || strcmp(option, "--coverage") == 0 ||
        strcmp(option, "-ftest-coverage") == 0 || strncmp(option, "-fprofile-", 10) == 0)
        return aw_fail(error, AW_E_USAGE,
                       "cc: %s has the program count its own steps and write them to files, which "
                       "the machine does not let happen: leave it out",
                       option);
    if (strcmp(option, "-static") == 0 || strcmp(option, "-static-pie") == 0)
        return aw_fail(error, AW_E_USAGE,
                       "cc: %s: a program for the machine is a shared object: leave it out",
                       option);
    if (strncmp(option, "--", 2) == 0 && strncmp(option, "--param", 7) != 0 &&
        strncmp(option, "--sysroot", 9) != 0)
        return aw_fail(error, AW_E_USAGE,
                       "cc: unknown option %s; it has none but -o and those of gcc, "
                       "which begin with one -",
                       option);
    return 0;
}

/* What is asked for. */
struct request {
    const char *output; /* after -o, or NULL */
    const char *input;  /* the first file, or NULL */
    bool early;         /* gcc will not link */
};

static int check_input(const char *file, struct aw_error *error)
{
    if (file[0] != '@' && access(file, F_OK) != 0)
        return aw_fail(error, AW_E_IO, "cc: %s: No such file or directory", file);
    if (is_cxx(file))
        return aw_fail(error, AW_E_USAGE,
                       "cc: %s: C++, whose library is not modelled: only C programs can be checked",
                       file);
    return 0;
}

static int check_arguments(int argc, char **argv, struct request *request, struct aw_error *error)
{
    int code = 0;
    *request = (struct request){0};
    for (int i = 0; i < argc && code == 0; i++) {
        const char *argument = argv[i];
        if (strncmp(argument, "-o", 2) == 0) {
            if (argument[2] == '\0' && ++i == argc)
                return aw_fail(error, AW_E_USAGE, "cc: -o needs the name of the program");
            request->output = argument[2] != '\0' ? argument + 2 : argv[i];
        } else if (stops_early(argument)) {
            request->early = true;
        } else if (takes_next(argument)) {
            i++;
        } else if (argument[0] == '-') {
            code = check_option(argument, error);
        } else {
            code = check_input(argument, error);
            if (request->input == NULL)
                request->input = argument;
        }
    }
    if (code == 0 && request->input == NULL)
        code = aw_fail(error, AW_E_USAGE, "cc: no source file: allways cc FILE.c... -o PROGRAM.so");
    return code;
}

/* Without -o the program is called after its first source: queue/main.c gives main.so, here. To be
 * freed; NULL when there is no memory. */
static char *default_output(const char *input)
{
    const char *slash = strrchr(input, '/'), *name = slash != NULL ? slash + 1 : input;
    const char *ending = strrchr(name, '.');
    int length = (int)(ending != NULL && ending != name ? (size_t)(ending - name) : strlen(name));
    char *output;
    return asprintf(&output, "%.*s.so", length, name) < 0 ? NULL : output;
}

/* $CC, unless that is ourselves, as below `make CC="allways cc"`. */
static const char *chosen_compiler(void)
{
    const char *compiler = getenv("CC");
    if (compiler == NULL)
        return "gcc";
    compiler += strspn(compiler, " ");
    size_t length = strcspn(compiler, " ");
    bool ours = length >= 7 && memcmp(compiler + length - 7, "allways", 7) == 0 &&
                (length == 7 || compiler[length - 8] == '/');
    return length == 0 || ours ? "gcc" : compiler;
}

/* What an older source gave must not be taken for the program that could not be made. */
static void remove_stale(const char *output)
{
    struct stat there;
    if (stat(output, &there) == 0 && S_ISREG(there.st_mode) && unlink(output) == 0)
        fprintf(stderr, "allways cc: %s, of an older source, was removed\n", output);
}

/* Runs the command and waits for it. A failed exec is told from a failed compilation by a pipe
 * that exec closes. */
static int run(char **command, struct aw_error *error)
{
    int ends[2], status, failure = 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return aw_fail(error, AW_E_SYSTEM, "cc: no pipe: %s", strerror(errno));
    fflush(NULL);
    pid_t child = fork();
    if (child < 0) {
        int code = aw_fail(error, AW_E_SYSTEM, "cc: no process: %s", strerror(errno));
        close(ends[0]);
        close(ends[1]);
        return code;
    }
    if (child == 0) {
        execvp(command[0], command);
        failure = errno;
        if (write(ends[1], &failure, sizeof failure) != (ssize_t)sizeof failure)
            _exit(126);
        _exit(127);
    }
    close(ends[1]);
    ssize_t count;
    do
        count = read(ends[0], &failure, sizeof failure);
    while (count < 0 && errno == EINTR);
    close(ends[0]);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return aw_fail(error, AW_E_SYSTEM, "cc: lost the compiler: %s", strerror(errno));
    if (count == (ssize_t)sizeof failure)
        return aw_fail(error, AW_E_SYSTEM, "cc: cannot run %s: %s", command[0], strerror(failure));
    if (WIFSIGNALED(status))
        return aw_fail(error, AW_E_SYSTEM, "cc: %s was ended by signal %d", command[0],
                       WTERMSIG(status));
    return WEXITSTATUS(status);
}

/* gcc compares the text of paths: a folder beside `here` whose name goes on where that of `here` ends
 * would be taken for one in it. The option that keeps its name, or NULL. */
static char *keeps_name(const char *here, const char *argument)
{
    size_t length = strlen(here);
    char *option = NULL;
    if (strncmp(argument, here, length) != 0 || argument[length] == '/' || argument[length] == '\0')
        return NULL;
    int end = (int)(length + strcspn(argument + length, "/"));
    return asprintf(&option, "-ffile-prefix-map=%.*s=%.*s", end, argument, end, argument) > 0
               ? option
               : NULL;
}

int aw_cc(int argc, char **argv, const char *include_dir, struct aw_error *error)
{
    const size_t flag_count = sizeof machine_flags / sizeof machine_flags[0];
    struct request request;
    char here[4096], *map = NULL;
    int code = check_arguments(argc, argv, &request, error);
    if (code != 0)
        return code;
    bool unnamed = request.output == NULL && !request.early;
    char *output = unnamed ? default_output(request.input) : NULL;
    char *words = strdup(chosen_compiler());
    char **command =
        words == NULL ? NULL
                      : calloc(strlen(words) + flag_count + 2 * (size_t)argc + 7, sizeof *command);
    char **kept = calloc((size_t)argc + 1, sizeof *kept);
    size_t count = 0;
    if (command == NULL || kept == NULL || (unnamed && output == NULL)) {
        code = aw_fail(error, AW_E_MEMORY, "cc: no memory for the command");
        goto done;
    }
    char *rest = NULL;
    for (char *word = strtok_r(words, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
        command[count++] = word;
    for (size_t i = 0; i < flag_count; i++)
        command[count++] = (char *)machine_flags[i];
    if (getcwd(here, sizeof here) != NULL && asprintf(&map, "-ffile-prefix-map=%s=.", here) > 0) {
        command[count++] = map;
        for (int i = 0; i < argc; i++)
            if ((kept[i] = keeps_name(here, argv[i])) != NULL)
                command[count++] = kept[i];
    }
    if (include_dir != NULL) {
        command[count++] = "-I";
        command[count++] = (char *)include_dir;
    }
    for (int i = 0; i < argc; i++)
        if (!is_passed_over(argv[i]))
            command[count++] = argv[i];
    if (unnamed) {
        command[count++] = "-o";
        command[count++] = output;
        request.output = output;
    }
    code = run(command, error);
    if (code > 0 && request.output != NULL)
        remove_stale(request.output);
done:
    for (int i = 0; kept != NULL && i < argc; i++)
        free(kept[i]);
    free(kept);
    free(map);
    free(command);
    free(words);
    free(output);
    return code;
}
