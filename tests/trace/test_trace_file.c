/* SPDX-License-Identifier: MIT */
/*
 * Trace files: each message of the reader, to the letter; and damaged files, which are refused or
 * read, and never more than that.
 */
#include "trace_box.h"

static struct aw_trace good;
static json_t *good_root;

static void make_good(void)
{
    find(&smallest, &good);
    good_root = aw_trace_to_json(&good);
}

TestSuite(trace_file, .init = make_good);

static void seal(json_t *root)
{
    char checksum[17];
    aw_trace_checksum(root, checksum);
    json_object_set_new(root, "checksum", json_string(checksum));
}

static void refused(const json_t *root, const char *message)
{
    struct aw_trace trace;
    struct aw_error error = {0};
    char found[1400];
    int status = aw_trace_from_json(root, "t", &trace, &error);
    cr_assert_eq(status, AW_E_FORMAT, "read, and not refused with: %s", message);
    cr_expect_null(trace.pool, "freed");
    aw_error_format(&error, found, sizeof found);
    cr_expect_str_eq(found, message);
}

static void put_file(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(text, 1, size, file), size);
    fclose(file);
}

/* A member, by a path such as "steps/3/pid"; the object that it is in. */
static json_t *owner(json_t *root, const char *path, char *last)
{
    char word[64];
    json_t *at = root;
    for (;;) {
        size_t length = strcspn(path, "/");
        snprintf(word, sizeof word, "%.*s", (int)length, path);
        if (path[length] == '\0')
            break;
        at = json_is_array(at) ? json_array_get(at, strtoul(word, NULL, 10) - 1)
                               : json_object_get(at, word);
        cr_assert_not_null(at, "%s", word);
        path += length + 1;
    }
    strcpy(last, word);
    return at;
}

/* The message when a member has another value (JSON text; NULL: when it is missing). */
static void with(const char *path, const char *value, const char *message)
{
    char last[64];
    json_t *root = json_deep_copy(good_root), *object = owner(root, path, last);
    if (value == NULL)
        json_object_del(object, last);
    else
        json_object_set_new(object, last, json_loads(value, JSON_DECODE_ANY, NULL));
    if (strcmp(path, "checksum") != 0)
        seal(root);
    refused(root, message);
    json_decref(root);
}

Test(trace_file, a_trace_is_one_object_with_one_step_a_line)
{
    struct aw_error error;
    char path[64], line[4096];
    snprintf(path, sizeof path, "/tmp/allways-test-%d.trace", (int)getpid());
    cr_assert_eq(aw_trace_write(&good, path, &error), 0);
    FILE *file = fopen(path, "r");
    uint32_t steps = 0;
    while (fgets(line, sizeof line, file) != NULL)
        steps += strstr(line, "\"operation\": ") != NULL && strstr(line, "\"levels\": ") != NULL;
    fclose(file);
    unlink(path);
    cr_expect_eq(steps, good.step_count);
}

Test(trace_file, what_is_no_trace_is_refused)
{
    struct aw_trace trace;
    struct aw_error error;
    char path[64], found[1400], expected[256];
    static const struct {
        const char *text, *message;
    } files[] = {
        {"", " the file is empty, and no trace"},
        {"{\"a\": fals", "1:10: the file ends in the middle of the trace"},
        {"{\"format\": 1", "1:12: the file ends in the middle of the trace"},
        {"hello", "1:5: not a trace: '[' or '{' expected near 'hello'"},
        {"[]", " this is not a trace of allways"},
        {"{}", " this is not a trace of allways"},
        {"{\"format\": 9, \"allways\": \"9.1\"}",
         " format 9, written by allways 9.1: this one reads format 2"},
        {"{\"format\": 1, \"format\": 1}",
         "1:22: not a trace: duplicate object key near '\"format\"'"},
        {"{} {}", "1:4: not a trace: end of file expected near '{'"},
    };
    snprintf(path, sizeof path, "/tmp/allways-test-%d.trace", (int)getpid());
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        put_file(path, files[i].text, strlen(files[i].text));
        int status = aw_trace_read(path, &trace, &error);
        cr_expect_eq(status, AW_E_FORMAT);
        aw_error_format(&error, found, sizeof found);
        snprintf(expected, sizeof expected, "%s:%s", path, files[i].message);
        cr_expect_str_eq(found, expected);
    }
    unlink(path);
    cr_expect_eq(aw_trace_read("/no/such/file", &trace, &error), AW_E_IO);
    cr_expect_str_eq(error.message, "/no/such/file: No such file or directory");
    cr_expect_eq(aw_trace_read("/tmp", &trace, &error), AW_E_IO);
    cr_expect_str_eq(error.message, "/tmp: Is a directory");
    cr_expect_eq(aw_trace_write(&good, "/no/such/folder/t", &error), AW_E_IO);
    cr_expect_str_eq(error.message,
                     "/no/such/folder/t: cannot be written: No such file or directory");
}

Test(trace_file, every_member_is_checked)
{
    with("verdict", NULL, "t: verdict is missing");
    with("verdict", "\"fine\"",
         "t: verdict: expected one of proved, violated, inconclusive, "
         "vacuous, uncontrolled, found \"fine\"");
    with("property", "\"nice\"",
         "t: property: expected one of no-deadlock, no-crash, terminates, "
         "drained, exactly-once, fifo, no-error, no-leak, succeeds, no-data-race, no-memory-error, "
         "found "
         "\"nice\"");
    with("message", "3", "t: message: expected a text, found a number");
    with("faults", "-1", "t: faults: expected a number from 0 to 4294967295, found -1");
    with("preemptions", "1.5", "t: preemptions: expected a number, found a fraction");
    with("minimal", "null", "t: minimal: expected true or false, found null");
    with("program", "\"\"", "t: program: expected a name, found \"\"");
    with("arguments", "{}", "t: arguments: expected a list, found an object");
    with("environment", "[[]]", "t: environment: expected a list of texts, found a list in it");
    with("digest", "\"12\"", "t: digest: expected 16 hexadecimal digits, found \"12\"");
    with("loop", "1000000",
         aw_trace_text(&good, "t: loop: expected a number from 1 to %u, found 1000000",
                       good.step_count));
    with("extra", "1", "t: unknown member \"extra\"");
    with("checksum", NULL, "t: checksum is missing");
}

Test(trace_file, the_machine_is_checked)
{
    with("machine", "7", "t: machine: expected an object, found a number");
    with("machine/heap", "1",
         "t: machine: heap: expected a number from 4096 to 268435456, found 1");
    with("machine/pipe_slots", "0",
         "t: machine: pipe_slots: expected a number from 1 to 1024, found 0");
    with("machine/time", "\"slow\"",
         "t: machine: time: expected one of arbitrary, virtual, found \"slow\"");
    with("machine/exact_pipes", NULL, "t: machine: exact_pipes is missing");
    with("machine/colour", "1", "t: machine: unknown member \"colour\"");
}

Test(trace_file, processes_and_objects_are_checked)
{
    with("processes", "[]", "t: processes: expected at least one");
    with("processes/2/name", "\"main\"", "t: process 2: name: \"main\" is that of process 1");
    with("processes/1/pid", "0",
         "t: process 1: pid: expected a number from 1 to 4294967295, found 0");
    with("processes/1/worker", "1", "t: process 1: worker: expected true or false, found a number");
    with("processes/1/threads/1/slot", "true",
         "t: process 1: slot: expected a number, found true or false");
    with("objects/2/name", "\"pipe 0\"", "t: object 2: name: \"pipe 0\" is that of object 1");
    with("objects/1/kind", "\"socket\"",
         "t: object 1: kind: expected one of pipe, semaphore, mapping, found \"socket\"");
}

Test(trace_file, steps_are_checked)
{
    with("steps", "{}", "t: steps: expected a list, found an object");
    with("steps/12/pid", "\"2\"", "t: step 12: pid: expected a number, found a text");
    with("steps/12/pid", "3", "t: step 12: pid: expected 2, that of \"main\", found 3");
    with("steps/12/pid", NULL, "t: step 12: pid is missing");
    with("steps/12/process", "null", "t: step 12: pid: 0 is for the clock, whose process is null");
    with("steps/12/process", "\"worker 9\"",
         "t: step 12: process: \"worker 9\" is not one of processes");
    with("steps/12/process", "1", "t: step 12: process: expected a name, found a number");
    with("steps/12/outcome", "1",
         "t: step 12: outcome: expected a number below outcomes (1), found 1");
    with("steps/12/slot", "65536",
         "t: step 12: slot: expected a number from 0 to 65535, found 65536");
    with("steps/12/operation", "\"\"", "t: step 12: operation: expected a name, found \"\"");
    with("steps/12/events", "[3]", "t: step 12: expected an object, found a number");
    with("steps/12/levels", "[]", "t: step 12: levels: expected an object, found a list");
    with("steps/12/levels/pipe 7", "1", "t: step 12: levels: one of them is not of objects");
    with("steps/12/levels/pipe 0", "-1",
         "t: step 12: pipe 0: expected a number from 0 to 9223372036854775807, found -1");
    with("steps/12/note", "1", "t: step 12: unknown member \"note\"");
    with("at_end/1/blocked", "0", "t: at_end 1: blocked: expected true or false, found a number");
    with("at_end/1/process", "\"x\"", "t: at_end 1: process: \"x\" is not one of processes");
}

Test(trace_file, one_that_was_changed_is_refused)
{
    char right[17];
    json_t *root = json_deep_copy(good_root);
    json_object_set_new(root, "message", json_string("nothing happened"));
    aw_trace_checksum(root, right);
    refused(root, aw_trace_text(&good,
                                "t: the trace was changed after it had been written: its checksum "
                                "is %s, not %s",
                                right, json_string_value(json_object_get(root, "checksum"))));
}

/* --- Damage ----------------------------------------------------------------------------------- */

static uint64_t state = 0x9e3779b97f4a7c15;

static uint64_t random_number(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

Test(trace_file, files_cut_off_or_with_other_bytes_are_refused)
{
    struct aw_error error;
    char path[64];
    snprintf(path, sizeof path, "/tmp/allways-test-%d.trace", (int)getpid());
    cr_assert_eq(aw_trace_write(&good, path, &error), 0);
    char *text = calloc(1, 1 << 20);
    FILE *file = fopen(path, "r");
    size_t size = fread(text, 1, 1 << 20, file);
    fclose(file);
    for (int round = 0; round < 1500; round++) {
        struct aw_trace trace;
        char *copy = malloc(size);
        memcpy(copy, text, size);
        size_t length = size;
        if (round % 3 == 0)
            length = random_number() % (size - 2);
        else
            for (uint64_t flips = 1 + random_number() % 4; flips > 0; flips--)
                copy[random_number() % size] ^= (char)(1 << random_number() % 8);
        put_file(path, copy, length);
        int status = aw_trace_read(path, &trace, &error);
        if (status == 0) { /* a byte between two members */
            json_t *same = aw_trace_to_json(&trace);
            cr_assert(json_equal(same, good_root), "round %d", round);
            json_decref(same);
            aw_trace_free(&trace);
        } else {
            cr_assert_eq(status, AW_E_FORMAT, "round %d: %s", round, error.message);
            cr_assert_neq(error.message[0], '\0');
        }
        free(copy);
    }
    unlink(path);
}

/* Somewhere below `at`, something becomes something else. */
static void damage(json_t *at)
{
    static const char *const values[] = {"null",        "true",
                                         "-1",          "0",
                                         "1",           "65535",
                                         "1.5",         "[]",
                                         "{}",          "\"\"",
                                         "\"main\"",    "4294967295",
                                         "2147483648",  "9223372036854775807",
                                         "\"x\\u00e4\""};
    json_t *value = json_loads(values[random_number() % COUNT_OF(values)], JSON_DECODE_ANY, NULL);
    for (;;) {
        size_t size = json_is_object(at) ? json_object_size(at) : json_array_size(at);
        if (size == 0)
            break;
        size_t index = random_number() % size;
        void *iterator = json_is_object(at) ? json_object_iter(at) : NULL;
        for (size_t i = 0; iterator != NULL && i < index; i++)
            iterator = json_object_iter_next(at, iterator);
        json_t *child =
            iterator != NULL ? json_object_iter_value(iterator) : json_array_get(at, index);
        bool deeper = (json_is_object(child) && json_object_size(child) > 0) ||
                      (json_is_array(child) && json_array_size(child) > 0);
        if (deeper && random_number() % 16 != 0) {
            at = child;
            continue;
        }
        uint64_t how = random_number() % 4;
        if (iterator != NULL && how == 0)
            json_object_del(at, json_object_iter_key(iterator));
        else if (iterator == NULL && how == 0)
            json_array_remove(at, index);
        else if (iterator != NULL)
            json_object_set(at, json_object_iter_key(iterator), value);
        else
            json_array_set(at, index, value);
        break;
    }
    json_decref(value);
}

/* With a checksum that agrees, so that everything else has to hold. What is still a trace can be
 * shown and replayed, whatever comes of it. The machine's settings are left alone: those of
 * somebody else are as good. */
Test(trace_file, traces_with_other_members_are_refused_or_used, .timeout = 120)
{
    unsigned read = 0, refusals = 0, again = 0;
    FILE *nowhere = fopen("/dev/null", "w");
    for (int round = 0; round < 3000; round++) {
        struct aw_trace trace;
        struct aw_error error = {0};
        char heard[4096];
        json_t *root = json_deep_copy(good_root);
        for (uint64_t count = 1 + random_number() % 3; count > 0; count--)
            damage(root);
        seal(root);
        if (aw_trace_from_json(root, "t", &trace, &error) == 0) {
            read++;
            aw_trace_show(&trace, nowhere);
            json_t *same = aw_trace_to_json(&trace);
            cr_assert(json_equal(same, root), "round %d", round);
            json_decref(same);
            if (read % 4 == 0) {
                trace.machine = good.machine;
                again += replay(&trace, heard) == 0;
            }
            aw_trace_free(&trace);
        } else {
            refusals++;
            cr_assert_neq(error.message[0], '\0');
        }
        json_decref(root);
    }
    fclose(nowhere);
    cr_expect_gt(read, 100);
    cr_expect_gt(refusals, 100);
    cr_expect_lt(again, read);
}
