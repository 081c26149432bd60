/* SPDX-License-Identifier: MIT */
/* liballways: what aw_verify answers, and who owns what. */
#include "allways/allways.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARTICLE "build/models/article.so"
#define ARGS(protocol)                                                                             \
    (const char *const[])                                                                          \
    {                                                                                              \
        "--items", "1", "--workers", "1", "--size", "4", "--protocol", protocol, "--numbered",     \
            NULL                                                                                   \
    }

static void find_runtime(void)
{
    setenv("ALLWAYS_RUNTIME", "build/runtime.so", 0);
}

TestSuite(library, .init = find_runtime, .timeout = 60);

Test(library, a_right_program_is_proved)
{
    struct aw_verify_result *result =
        aw_verify(&(struct aw_verify_request){.program = ARTICLE,
                                              .args = ARGS("sentinel-per-worker"),
                                              .properties = "drained, no-crash"});
    cr_assert(result->passed, "%s", result->text);
    cr_expect_null(result->error);
    cr_assert_eq(result->count, 1);
    const struct aw_verify_case *one = &result->cases[0];
    cr_expect_str_eq(one->name, "article");
    cr_expect_eq(one->verdict, AW_VERIFY_PROVED);
    cr_expect_null(one->violated);
    cr_expect_not(one->bounded);
    cr_expect_eq(one->property_count, 2);
    cr_expect_str_eq(one->properties[0].state, "holds");
    cr_expect_gt(one->states, 0);
    cr_expect_gt(one->assumption_count, 0);
    cr_expect_str_eq(one->explanation, "");
    cr_expect_str_eq(result->text, "article: proved\n");
    aw_verify_free(result);
}

Test(library, a_wrong_program_comes_with_its_explained_schedule)
{
    struct aw_verify_result *result = aw_verify(&(struct aw_verify_request){
        .program = ARTICLE, .args = ARGS("nonblocking-empty"), .properties = "drained"});
    cr_expect_not(result->passed);
    cr_expect_null(result->error);
    cr_assert_eq(result->count, 1);
    const struct aw_verify_case *one = &result->cases[0];
    cr_expect_eq(one->verdict, AW_VERIFY_VIOLATED);
    cr_expect_str_eq(one->violated, "drained");
    cr_expect_eq(one->steps, 29);
    cr_expect(one->minimal);
    cr_expect_null(one->trace, "no folder was given");
    cr_expect(strstr(one->explanation, "worker 1") != NULL, "%s", one->explanation);
    cr_expect(strstr(one->explanation, "mpqueue.c") != NULL, "%s", one->explanation);
    cr_expect(strstr(result->text, one->explanation) != NULL, "%s", result->text);
    cr_expect(strstr(result->text, "\033") == NULL, "no colours");
    aw_verify_free(result);
}

Test(library, a_scenario_is_all_of_its_cases)
{
    struct aw_verify_result *result = aw_verify(&(struct aw_verify_request){
        .scenario = "scenarios/article/nonblocking-empty-matrix.yaml", .filter = "items=8"});
    cr_assert(result->passed, "%s", result->text);
    cr_expect_gt(result->count, 1);
    for (size_t i = 0; i < result->count; i++) {
        cr_expect_eq(result->cases[i].verdict, AW_VERIFY_VIOLATED);
        cr_expect(strstr(result->cases[i].name, "items=8") != NULL);
    }
    aw_verify_free(result);
    result =
        aw_verify(&(struct aw_verify_request){.scenario = "scenarios/faults/sentinel-eintr.yaml"});
    cr_assert(result->passed, "%s", result->text);
    cr_expect(result->cases[0].bounded);
    aw_verify_free(result);
}

Test(library, limits_end_in_a_verdict_and_traces_are_kept_where_asked)
{
    struct aw_verify_result *result = aw_verify(&(struct aw_verify_request){
        .program = ARTICLE,
        .max_states = 3,
        .args = (const char *const[]){"--items", "8", "--workers", "4", "--size", "4", "--protocol",
                                      "sentinel-per-worker", NULL}});
    cr_expect_not(result->passed);
    cr_expect_eq(result->cases[0].verdict, AW_VERIFY_INCONCLUSIVE);
    cr_expect(strstr(result->text, "the limit of 3 states was reached") != NULL, "%s",
              result->text);
    aw_verify_free(result);

    char folder[] = "/tmp/allways-library-XXXXXX", command[64];
    cr_assert_not_null(mkdtemp(folder));
    result = aw_verify(&(struct aw_verify_request){.program = ARTICLE,
                                                   .args = ARGS("nonblocking-empty"),
                                                   .properties = "drained",
                                                   .trace_dir = folder});
    cr_assert_not_null(result->cases[0].trace);
    cr_expect_eq(access(result->cases[0].trace, R_OK), 0);
    aw_verify_free(result);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_expect_eq(system(command), 0);
}

static void expect_error(struct aw_verify_request request, const char *words)
{
    struct aw_verify_result *result = aw_verify(&request);
    cr_expect_not(result->passed);
    cr_assert_not_null(result->error, "%s", words);
    cr_expect(strstr(result->error, words) != NULL, "%s", result->error);
    cr_expect(strstr(result->text, words) != NULL, "%s", result->text);
    aw_verify_free(result);
}

Test(library, what_is_wrong_with_a_request_is_an_error)
{
    expect_error((struct aw_verify_request){0}, "names a scenario or a program, and not both");
    expect_error((struct aw_verify_request){.program = ARTICLE, .scenario = "x"}, "and not both");
    expect_error((struct aw_verify_request){.program = "/nowhere/x.so"}, "cannot open the program");
    expect_error((struct aw_verify_request){.scenario = "/nowhere/x.yaml"}, "/nowhere/x.yaml");
    expect_error((struct aw_verify_request){.program = ARTICLE, .properties = "drain"},
                 "there is no property \"drain\"");
    expect_error((struct aw_verify_request){.program = ARTICLE, .properties = " ,"},
                 "no property was asked for");
    expect_error((struct aw_verify_request){.program = ARTICLE, .runtime = "/nowhere/r.so"},
                 "No such file");
    expect_error((struct aw_verify_request){.scenario = "scenarios/article/nonblocking-empty.yaml",
                                            .filter = "zzz"},
                 "no case's name contains \"zzz\"");
    aw_verify_free(NULL);
}

static void *verify(void *protocol)
{
    struct aw_verify_result *result = aw_verify(&(struct aw_verify_request){
        .program = ARTICLE, .args = ARGS((const char *)protocol), .properties = "drained"});
    enum aw_verify_verdict verdict = result->cases[0].verdict;
    aw_verify_free(result);
    return (void *)(uintptr_t)verdict;
}

Test(library, several_threads_verify_at_a_time_and_the_process_stays_as_it_was)
{
    enum { THREADS = 6 };
    pthread_t threads[THREADS];
    struct sigaction before, after;
    sigaction(SIGSEGV, NULL, &before);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, verify,
                                    i % 2 ? "nonblocking-empty" : "sentinel-per-worker"),
                     0);
    for (int i = 0; i < THREADS; i++) {
        void *verdict;
        pthread_join(threads[i], &verdict);
        cr_expect_eq((uintptr_t)verdict, i % 2 ? AW_VERIFY_VIOLATED : AW_VERIFY_PROVED);
    }
    sigaction(SIGSEGV, NULL, &after);
    cr_expect_eq(before.sa_handler, after.sa_handler);
    cr_expect_str_eq(aw_verify_verdict_name(AW_VERIFY_VACUOUS), "vacuous");
    cr_expect_str_eq(aw_verify_version(), AW_VERSION);
}
