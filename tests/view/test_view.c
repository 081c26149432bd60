/* SPDX-License-Identifier: MIT */
/*
 * The views of traces. What they print is in tests/golden/; `make golden` writes it anew. The page
 * is opened in Chromium by tests/view/page.mjs.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *executable(void)
{
    const char *named = getenv("AW_BIN");
    return named != NULL ? named : "build/allways";
}

/* What a command prints, both outputs; its exit status. */
static char *run(int *status, const char *format, ...) __attribute__((format(printf, 2, 3)));

static char *run(int *status, const char *format, ...)
{
    char command[2048], block[4096], *text = NULL;
    size_t size = 0, count;
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    strcat(command, " 2>&1");
    FILE *pipe = popen(command, "r"), *all = open_memstream(&text, &size);
    cr_assert_not_null(pipe);
    while ((count = fread(block, 1, sizeof block, pipe)) > 0)
        fwrite(block, 1, count, all);
    fclose(all);
    *status = WEXITSTATUS(pclose(pipe));
    return text;
}

static char *slurp(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL || getdelim(&text, &size, '\0', file) < 0)
        text = NULL;
    if (file != NULL)
        fclose(file);
    return text;
}

/* The trace of a scenario; in a folder whose name is the same everywhere, because views name it. */
static void make_trace(const char *scenario, char path[256])
{
    int status;
    const char *slash = strrchr(scenario, '/');
    free(run(&status, "%s run --trace-dir build/golden scenarios/%s.yaml", executable(), scenario));
    cr_assert_eq(status, 0);
    snprintf(path, 256, "build/golden/%s.trace", slash + 1);
}

/* Where the runtime's own lines are is nobody's business: they become 0. */
static void mask(char *text, const char *before, const char *number)
{
    for (char *at = text; (at = strstr(at, before)) != NULL;) {
        at += strlen(before);
        char *from = number[0] == '\0' ? at : strstr(at, number);
        if (from == NULL)
            return;
        from += strlen(number);
        size_t digits = strspn(from, "0123456789");
        if (digits == 0)
            continue;
        *from = '0';
        memmove(from + 1, from + digits, strlen(from + digits) + 1);
    }
}

/* The excerpts of the runtime's sources in the JSON view: emptied. */
static void empty_sources(char *text)
{
    for (char *at = text; (at = strstr(at, "\n  \"harness/runtime/")) != NULL;) {
        char *open = strstr(at, ": {\n"), *close = strstr(at, "\n  }");
        if (open == NULL || close == NULL || open > close)
            return;
        at = open + strlen(": {");
        memmove(at, close, strlen(close) + 1);
    }
}

static void mask_runtime(char *text)
{
    mask(text, "\"file\": \"harness/runtime/", "\"line\": ");
    mask(text, "start.c:", "");
    mask(text, "thread.c:", "");
    empty_sources(text);
}

static const char *const scenarios[] = {"classics/lost-wakeup-wrong", "classics/items-empty",
                                        "classics/lock-order-wrong",
                                        "classics/polite-threads-wrong"};
static const char *const formats[] = {"text", "json", "mermaid", "perfetto", "html"};

/* Of a page the markup is compared, which is that of every trace once the title is seen to be the
 * trace's and taken out. Its style and its script are the sources as they stand, and its data are
 * those of the JSON view, on one line. */
static void keep_markup(char *text, const char *name)
{
    static const char *const elements[][2] = {{"<style>", "</style>"}, {"<script", "</script>"}};
    for (int i = 0; i < 2; i++)
        for (char *at = text; (at = strstr(at, elements[i][0])) != NULL;) {
            char *from = strchr(at, '>') + 1, *end = strstr(from, elements[i][1]);
            cr_assert_not_null(end);
            memmove(from, end, strlen(end) + 1);
            at = from;
        }
    char title[256];
    snprintf(title, sizeof title, "<title>%s - allways</title>", name);
    char *at = strstr(text, title);
    cr_assert_not_null(at, "no %s in %s", title, text);
    at += strlen("<title>");
    memmove(at, at + strlen(name), strlen(at + strlen(name)) + 1);
}

Test(view, prints_what_the_golden_files_say)
{
    bool update = getenv("AW_GOLDEN") != NULL;
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        char trace[256], golden[512];
        const char *name = strrchr(scenarios[i], '/') + 1;
        make_trace(scenarios[i], trace);
        for (size_t k = 0; k < sizeof formats / sizeof *formats; k++) {
            int status;
            char *text = run(&status, "%s show --format %s %s", executable(), formats[k], trace);
            cr_expect_eq(status, 0, "%s", text);
            mask_runtime(text);
            bool page = strcmp(formats[k], "html") == 0; /* one golden page for all */
            if (page)
                keep_markup(text, name);
            snprintf(golden, sizeof golden, "tests/golden/%s.%s", page ? "page" : name, formats[k]);
            if (update) {
                FILE *file = fopen(golden, "we");
                cr_assert_not_null(file);
                fputs(text, file);
                fclose(file);
            }
            char *expected = slurp(golden);
            cr_expect(expected != NULL && strcmp(text, expected) == 0,
                      "%s differs (`make golden` writes it anew):\n%s", golden, text);
            free(expected);
            free(text);
        }
    }
}

/* Of UTF-8, where each character has one. */
static size_t columns_of(const char *line)
{
    size_t count = 0;
    for (; *line; line++)
        count += (*line & 0xc0) != 0x80;
    return count;
}

Test(view, no_line_of_the_text_is_longer_than_100_columns)
{
    static const char *const wide[] = {"faults/worker-killed", "article/nonblocking-empty",
                                       "classics/bounded-buffer-if"};
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        char trace[256];
        int status;
        make_trace(wide[i], trace);
        char *text = run(&status, "%s show %s", executable(), trace), *rest = NULL;
        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
            cr_expect_leq(columns_of(line), 100, "%s", line);
        cr_expect_null(strstr(text, "\033"), "no colour but on a terminal");
        free(text);
    }
}

static const char many_children[] = "#include <stdlib.h>\n"
                                    "#include <sys/wait.h>\n"
                                    "#include <unistd.h>\n"
                                    "int main(void)\n"
                                    "{\n"
                                    "    int left = 0;\n"
                                    "    for (int i = 0; i < 63; i++)\n"
                                    "        if (fork() == 0)\n"
                                    "            _exit(0);\n"
                                    "    while (wait(NULL) > 0)\n"
                                    "        left++;\n"
                                    "    if (left == 63)\n"
                                    "        abort();\n"
                                    "    return 0;\n"
                                    "}\n";

/* 64 lanes: a column of names takes their place. */
Test(view, the_text_of_63_children_fits_too, .timeout = 120)
{
    int status;
    mkdir("build/golden", 0777);
    FILE *file = fopen("build/golden/many.c", "we");
    cr_assert_not_null(file);
    fputs(many_children, file);
    fclose(file);
    char *text = run(&status,
                     "%s cc build/golden/many.c -o build/golden/many.so && %s check --no-minimal "
                     "--trace-dir build/golden build/golden/many.so",
                     executable(), executable());
    cr_assert_eq(status, 1, "%s", text);
    free(text);
    text = run(&status, "%s show build/golden/many.trace", executable());
    cr_expect_eq(status, 0);
    cr_expect_not_null(strstr(text, "\nstep  thread    operation result "), "%s", text);
    cr_expect_not_null(strstr(text, "\n  64  main      fork      child 63 "), "%s", text);
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        cr_expect_leq(columns_of(line), 100, "%s", line);
    free(text);
}

Test(view, objects_are_called_what_they_are)
{
    static const char program[] =
        "#include <stdlib.h>\n"
        "#include <sys/mman.h>\n"
        "#include <unistd.h>\n"
        "int main(void)\n"
        "{\n"
        "    int ends[2], *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,\n"
        "                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);\n"
        "    if (pipe(ends) == 0 && *shared == 0)\n"
        "        abort();\n"
        "    return 0;\n"
        "}\n";
    int status;
    mkdir("build/golden", 0777);
    FILE *file = fopen("build/golden/kinds.c", "we");
    cr_assert_not_null(file);
    fputs(program, file);
    fclose(file);
    char *text = run(&status,
                     "%s cc build/golden/kinds.c -o build/golden/kinds.so && %s check "
                     "--trace-dir build/golden build/golden/kinds.so",
                     executable(), executable());
    cr_assert_eq(status, 1, "%s", text);
    free(text);
    text = run(&status, "%s show --format json build/golden/kinds.trace", executable());
    json_t *root = json_loads(text, 0, NULL);
    cr_assert_not_null(root, "%s", text);
    static const char *const expected[][2] = {{"mapping 0", "mapping"}, {"pipe 0", "pipe"}};
    for (size_t i = 0; i < 2; i++) {
        const json_t *object = json_array_get(json_object_get(root, "objects"), i);
        cr_expect_str_eq(json_string_value(json_object_get(object, "name")), expected[i][0]);
        cr_expect_str_eq(json_string_value(json_object_get(object, "kind")), expected[i][1]);
    }
    json_decref(root);
    free(text);
}

/* `script` (Debian's bsdutils, always there) gives it a terminal. */
Test(view, colour_is_for_terminals_and_not_where_NO_COLOR_is_set)
{
    char trace[256];
    int status;
    make_trace("classics/lock-order-wrong", trace);
    char *text =
        run(&status, "TERM=xterm NO_COLOR= script -qc '%s show %s' /dev/null", executable(), trace);
    cr_expect_not_null(strstr(text, "\033[1;31mviolated"), "%s", text);
    free(text);
    text = run(&status, "TERM=xterm NO_COLOR=1 script -qc '%s show %s' /dev/null", executable(),
               trace);
    cr_expect_not_null(strstr(text, "violated"), "%s", text);
    cr_expect_null(strstr(text, "\033"), "%s", text);
    free(text);
}

/* A text of the program may hold anything, "</script>" for one. */
Test(view, nothing_in_the_data_ends_the_script_of_the_page)
{
    char trace[256];
    int status;
    make_trace("article/nonblocking-empty", trace);
    char *page = run(&status, "%s show --format html %s", executable(), trace);
    cr_expect_eq(status, 0);
    char *data = strstr(page, "<script id=\"data\" type=\"application/json\">");
    cr_assert_not_null(data);
    data = strchr(data, '>') + 1;
    char *end = strchr(data, '<');
    cr_assert_eq(strncmp(end, "</script>", 9), 0);
    *end = '\0';
    json_t *root = json_loads(data, 0, NULL);
    cr_assert_not_null(root);
    cr_expect_eq(json_array_size(json_object_get(root, "steps")), 72);
    cr_expect_eq(json_array_size(json_object_get(root, "items")), 8);
    cr_expect_gt(json_object_size(json_object_get(root, "sources")), 2);
    cr_expect_null(strstr(page, "http://www.w3.org/1999"), "nothing is loaded");
    char *view = run(&status, "%s show --format json %s", executable(), trace);
    json_t *same = json_loads(view, 0, NULL);
    cr_expect(json_equal(root, same), "the data are those of the JSON view");
    json_decref(same);
    json_decref(root);
    free(view);
    free(page);
}

/* What GitHub can draw has at most 50,000 characters. */
Test(view, the_diagram_of_a_long_trace_is_short)
{
    int status;
    free(run(&status,
             "%s check --no-minimal --property drained --trace-dir build/golden "
             "build/models/article.so -- --items 240 --workers 2 --size 4 --protocol "
             "nonblocking-empty --numbered",
             executable()));
    char *text = run(&status, "%s show --format mermaid build/golden/article.trace", executable());
    cr_expect_eq(status, 0);
    cr_expect_lt(strlen(text), 20000);
    cr_expect_not_null(strstr(text, "critical step"));
    cr_expect_not_null(strstr(text, "more steps of the kind"));
    free(text);
    char *page = run(&status, "%s show --format html build/golden/article.trace", executable());
    cr_expect_leq(strlen(page), 500 << 10);
    free(page);
}

Test(view, an_output_that_cannot_be_written_is_an_error)
{
    char trace[256];
    int status;
    make_trace("classics/lock-order-wrong", trace);
    char *text = run(&status, "%s show --format html -o /no/such/page %s", executable(), trace);
    cr_expect_eq(status, 2);
    cr_expect_str_eq(text,
                     "allways show: /no/such/page: cannot be written: No such file or directory\n");
    free(text);
    text = run(&status, "%s show --format html %s 2>&1 >/dev/full", executable(), trace);
    cr_expect_eq(status, 2);
    free(text);
    text = run(&status, "%s show --format pdf %s", executable(), trace);
    cr_expect_eq(status, 2);
    cr_expect_not_null(strstr(text, "expected text, json, html, mermaid or perfetto"), "%s", text);
    free(text);
}

static bool have_consumers(const char *package)
{
    int status;
    free(run(&status,
             "command -v chromium && command -v node && test -d build/node/node_modules/"
             "playwright-core && test -d build/node/node_modules/%s",
             package));
    return status == 0;
}

static void expect_consumer(const char *kind, const char *view, int wanted, const char *words)
{
    int status;
    char *text = run(&status, "node tests/view/consumers.mjs %s %s", kind, view);
    cr_expect_eq(status, wanted, "%s %s: %s", kind, view, text);
    cr_expect_not_null(strstr(text, words), "%s %s: no \"%s\" in %s", kind, view, words, text);
    free(text);
}

/* The last has messages through a pipe. */
Test(view, mermaid_draws_the_diagram, .timeout = 240)
{
    if (!have_consumers("mermaid"))
        cr_skip("chromium, node or mermaid is not there (sh tools/deps.sh all)");
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        char view[256], words[64];
        snprintf(view, sizeof view, "tests/golden/%s.mermaid", strrchr(scenarios[i], '/') + 1);
        char *text = slurp(view);
        int notes = 0;
        for (char *at = text; (at = strstr(at, "Note over")) != NULL; at++)
            notes++;
        snprintf(words, sizeof words, "sequence: %d notes", notes);
        expect_consumer("mermaid", view, 0, words);
        free(text);
    }
    char trace[256];
    int status;
    make_trace("classics/items-swapped", trace);
    free(run(&status, "%s show --format mermaid -o build/golden/arrows.mermaid %s", executable(),
             trace));
    expect_consumer("mermaid", "build/golden/arrows.mermaid", 0, "2 arrows");
    free(run(&status, "sed s/Note/Nota/ tests/golden/items-empty.mermaid >build/golden/x.mermaid"));
    expect_consumer("mermaid", "build/golden/x.mermaid", 1, "Parse error"); /* it can tell */
}

Test(view, a_reader_of_trace_events_shows_the_steps, .timeout = 240)
{
    if (!have_consumers("speedscope"))
        cr_skip("chromium, node or speedscope is not there (sh tools/deps.sh all)");
    const char *view = "tests/golden/items-empty.perfetto";
    expect_consumer("perfetto", view, 0, "Importing as Trace Event Format");
    expect_consumer("perfetto", view, 0, "main (pid 1), main (tid 0) (1/2)");
    expect_consumer("perfetto", view, 0, "fork {\"step\":4,\"result\":\"worker 1\"");
    int status;
    free(run(&status, "sed s/traceEvents/events/ %s >build/golden/x.perfetto", view));
    expect_consumer("perfetto", "build/golden/x.perfetto", 1, "Unrecognized format");
}

Test(view, the_page_works_in_a_browser, .timeout = 120)
{
    char trace[256];
    int status;
    if (!have_consumers("playwright-core"))
        cr_skip("chromium, node or playwright-core is not there (sh tools/deps.sh all)");
    make_trace("faults/worker-killed", trace);
    free(run(&status, "%s show --format html -o build/golden/page.html %s", executable(), trace));
    cr_assert_eq(status, 0);
    char *text = run(&status, "node tests/view/page.mjs build/golden/page.html");
    cr_expect_eq(status, 0, "%s", text);
    cr_log_info("%s", text);
    free(text);
}
