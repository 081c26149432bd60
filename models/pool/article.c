/* SPDX-License-Identifier: MIT */
/*
 * article.c - the program of the article "The Python Multiprocessing Queue and Large Objects".
 *
 *     jobs = Queue(); put all items; start the workers; join them; return jobs.empty()
 *
 * The two protocols by which its workers know that they are done:
 *
 *   nonblocking-empty    worker_bad: get(block=False) until it raises Empty
 *   sentinel-per-worker  worker_good: get() until None; one None is put before each worker's start
 *
 * One run of one protocol (--runs 1 --protocol P) happens in this very process: that is the program
 * for a model checker, and what it reports are probes (allways/probe.h). It exits with 0 when the
 * run was completed, whatever empty() said: whether items were lost is for the properties to judge.
 * Otherwise each run is a process under a time limit, because a run may hang when its process waits
 * at exit for a feeder that nobody relieves; the results are counted and printed.
 *
 * An item is a list of `size` integers. In the buffer it is only its number; the bytes, as many as
 * pickle's protocol 2 makes of such a list (29,770 for 10,000), come into being when the feeder
 * serialises it. They are zeros, but for the pickle's first two bytes, number and last byte.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allways/probe.h"
#include "mpqueue/mpqueue.h"
#include "pool/process.h"

#define STEP __attribute__((noinline))

enum { ITEMS_MAX = 0xffffff, WORKERS_MAX = 10000, SIZE_LIMIT = 100000000, RUNS_MAX = 1000000 };

enum protocol { NONBLOCKING_EMPTY, SENTINEL_PER_WORKER, PROTOCOLS };

static const char *const protocol_names[PROTOCOLS] = {"nonblocking-empty", "sentinel-per-worker"};

struct article {
    int items, workers, size, runs;
    int protocol; /* PROTOCOLS: all of them, one after another */
    int numbered; /* items can be told apart */
    int close_reader, close_writer, one_each;
    int time_limit_seconds;
    struct mpqueue *jobs;
};

/* What a run reports to its trial. */
enum { REPORT_GOT = 'g', REPORT_EMPTY = 'e' };

/* ---- items ---- */

/* An object is NULL for None, else the item's number plus one; nothing has to be freed. */
static void *item_object(uint32_t number)
{
    return (void *)(uintptr_t)(number + 1);
}

static uint32_t item_number(const void *object)
{
    return (uint32_t)(uintptr_t)object - 1;
}

static const unsigned char pickled_none[] = {0x80, 0x02, 'N', '.'};

enum { NUMBER_OFFSET = 2, NUMBER_SIZE = 3 };

/* Length of pickle.dumps(list(range(n)), 2): header, empty list and its memo, end; two opcodes for
 * each batch of 1000 (a last batch of one would need only one); BININT1 up to 255, BININT2 up to
 * 65,535 (and, simplified, beyond). */
static size_t pickled_size(size_t n)
{
    size_t small = n < 256 ? n : 256;
    return 6 + 2 * ((n + 999) / 1000) + 2 * small + 3 * (n - small);
}

static int dump_none(unsigned char **bytes, size_t *size)
{
    *bytes = malloc(sizeof pickled_none);
    if (!*bytes)
        return ENOMEM;
    memcpy(*bytes, pickled_none, sizeof pickled_none);
    *size = sizeof pickled_none;
    return 0;
}

static int dump(void *context, const void *object, unsigned char **bytes, size_t *size)
{
    const struct article *article = context;
    if (!object)
        return dump_none(bytes, size);
    uint32_t number = item_number(object);
    aw_taken(0, number);
    *size = pickled_size((size_t)article->size);
    *bytes = calloc(1, *size);
    if (!*bytes)
        return ENOMEM;
    unsigned char *pickle = *bytes;
    pickle[0] = 0x80;
    pickle[1] = 0x02;
    for (int i = 0; i < NUMBER_SIZE; i++)
        pickle[NUMBER_OFFSET + i] = (unsigned char)(number >> 8 * (NUMBER_SIZE - 1 - i));
    pickle[*size - 1] = '.';
    return 0;
}

static bool is_none(const unsigned char *bytes, size_t size)
{
    return size == sizeof pickled_none && memcmp(bytes, pickled_none, size) == 0;
}

static uint32_t number_in(const unsigned char *bytes)
{
    uint32_t number = 0;
    for (int i = 0; i < NUMBER_SIZE; i++)
        number = number << 8 | bytes[NUMBER_OFFSET + i];
    return number;
}

static bool is_item(const struct article *article, const unsigned char *bytes, size_t size)
{
    return size == pickled_size((size_t)article->size) && bytes[0] == 0x80 && bytes[1] == 0x02 &&
           bytes[size - 1] == '.' && number_in(bytes) <= (uint32_t)article->items;
}

static int load(void *context, const unsigned char *bytes, size_t size, void **object)
{
    if (is_none(bytes, size))
        *object = NULL;
    else if (is_item(context, bytes, size))
        *object = item_object(number_in(bytes));
    else
        return EBADMSG;
    return 0;
}

/* The moment at which an item is got: all its bytes were read, no lock was released yet. */
static void received(void *context, const unsigned char *bytes, size_t size)
{
    if (!is_item(context, bytes, size))
        return;
    aw_got(0, number_in(bytes));
    trial_report(REPORT_GOT);
}

static const struct mpqueue_codec codec = {.dump = dump, .load = load, .received = received};

/* ---- workers ---- */

/* What a worker has to do next. */
enum next { NEXT_GO_ON, NEXT_LEAVE, NEXT_FAIL };

static STEP enum next failed(const char *what, int status)
{
    aw_error(what, status == MPQ_SYSTEM ? errno : 0);
    dprintf(STDERR_FILENO, "article: %s: %s\n", what, mpqueue_status_text(status));
    return NEXT_FAIL;
}

/* One turn of a worker's loop: a function of its own, so that the item is gone after it. */
static STEP enum next turn_bad(struct article *article)
{
    void *item = NULL;
    int status = mpqueue_get_nowait(article->jobs, &item);
    if (status == MPQ_EMPTY)
        return NEXT_LEAVE;
    if (status)
        return failed("get(block=False) failed", status);
    return article->one_each ? NEXT_LEAVE : NEXT_GO_ON;
}

static int worker_bad(struct article *article)
{
    enum next next;
    do
        next = turn_bad(article);
    while (next == NEXT_GO_ON);
    return next == NEXT_FAIL;
}

static STEP enum next turn_good(struct article *article)
{
    void *item = NULL;
    int status = mpqueue_get(article->jobs, &item);
    if (status)
        return failed("get() failed", status);
    return item && !article->one_each ? NEXT_GO_ON : NEXT_LEAVE;
}

static int worker_good(struct article *article)
{
    enum next next;
    do
        next = turn_good(article);
    while (next == NEXT_GO_ON);
    return next == NEXT_FAIL;
}

static int worker(void *argument)
{
    struct article *article = argument;
    aw_worker();
    if (article->close_writer)
        mpqueue_close_writer(article->jobs);
    return article->protocol == SENTINEL_PER_WORKER ? worker_good(article) : worker_bad(article);
}

/* ---- one run: the article's main() ---- */

static STEP int put_item(struct article *article, uint32_t number)
{
    int status = mpqueue_put(article->jobs, item_object(number));
    if (status) {
        failed("put failed", status);
        return -1;
    }
    aw_put(0, number);
    return 0;
}

static STEP int put_items(struct article *article)
{
    for (int i = 1; i <= article->items; i++)
        if (put_item(article, article->numbered ? (uint32_t)i : 0))
            return -1;
    return 0;
}

/* Before each worker: one sentinel for it. */
static int put_sentinel(void *argument)
{
    struct article *article = argument;
    if (article->protocol != SENTINEL_PER_WORKER)
        return 0;
    int status = mpqueue_put(article->jobs, NULL);
    return status ? (failed("put(None) failed", status), -1) : 0;
}

static STEP int start_workers(struct article *article)
{
    aw_workers((uint64_t)article->workers);
    if (process_start_workers(article->workers, put_sentinel, worker, article) == 0)
        return 0;
    failed("a worker could not be started", MPQ_SYSTEM);
    return -1;
}

/* The article's test: whether the pipe is empty. */
static STEP int check_empty(struct article *article)
{
    bool empty = false;
    int status = mpqueue_empty(article->jobs, &empty);
    if (status) {
        failed("empty() failed", status);
        return -1;
    }
    if (empty) {
        aw_note("empty() is true: passed");
        trial_report(REPORT_EMPTY);
    } else
        aw_note("empty() is false: not passed");
    return 0;
}

static STEP int create_jobs(struct article *article)
{
    struct mpqueue_options options = {.codec = &codec, .context = article};
    article->jobs = mpqueue_create(&options);
    if (article->jobs)
        return 0;
    failed("the queue could not be made", MPQ_SYSTEM);
    return -1;
}

/* One run; the exit status. The queue's finalizer runs at exit: it waits for the feeder. */
static int run(void *argument)
{
    struct article *article = argument;
    if (create_jobs(article) || put_items(article))
        return 1;
    int started = start_workers(article);
    if (article->close_reader)
        mpqueue_close_reader(article->jobs);
    process_join_all();
    if (article->close_reader) /* the pipe cannot be looked at any more */
        return started ? 1 : 0;
    return check_empty(article) || started ? 1 : 0;
}

/* ---- many runs, on a real kernel ---- */

struct tally {
    int passed, losing, hung, failed;
    long lost;
};

static void count(struct tally *tally, const struct article *article, const struct trial *trial)
{
    long lost = article->items - (long)trial->reports[REPORT_GOT];
    tally->passed += trial->reports[REPORT_EMPTY] > 0;
    tally->losing += lost > 0;
    tally->lost += lost;
    tally->hung += trial->hung;
    tally->failed += trial->failed;
}

static int percent(int part, int whole)
{
    return (100 * part + whole / 2) / whole;
}

static int run_trials(struct article *article)
{
    struct tally tally = {0};
    for (int i = 0; i < article->runs; i++) {
        struct trial trial;
        if (trial_run(run, article, article->time_limit_seconds, &trial)) {
            dprintf(STDERR_FILENO, "article: a run could not be started: errno %d\n", errno);
            return 1;
        }
        count(&tally, article, &trial);
    }
    printf("%-21s %5d %6d %4d%% %8d %10ld %6d\n", protocol_names[article->protocol], article->runs,
           tally.passed, percent(tally.passed, article->runs), tally.losing, tally.lost,
           tally.hung);
    fflush(NULL);
    if (tally.failed)
        dprintf(STDERR_FILENO, "article: %d runs failed\n", tally.failed);
    return tally.failed > 0;
}

static int run_many(struct article *article)
{
    int status = 0, only = article->protocol;
    printf("passed: empty() was true after the workers had left (the article's test)\n"
           "losing: runs in which items were got by nobody; lost: those items\n"
           "hung:   not over after %d s\n\n"
           "protocol               runs passed        losing       lost   hung\n",
           article->time_limit_seconds);
    fflush(NULL);
    for (int protocol = 0; protocol < PROTOCOLS; protocol++) {
        if (only != PROTOCOLS && only != protocol)
            continue;
        article->protocol = protocol;
        status |= run_trials(article);
    }
    return status;
}

/* ---- command line ---- */

static const char usage[] =
    "usage: article [OPTION]...\n"
    "Runs the program of \"The Python Multiprocessing Queue and Large Objects\".\n"
    "\n"
    "  --items N        items to put (8)\n"
    "  --workers N      worker processes (4)\n"
    "  --size N         integers in an item (10000: 29,770 bytes)\n"
    "  --protocol P     nonblocking-empty or sentinel-per-worker (both)\n"
    "  --numbered       items carry their number, from 1\n"
    "  --one-each       a worker takes one item and leaves\n"
    "  --close-reader   the parent closes its end for reading after the last worker's start, as\n"
    "                   Queue.close() did before CPython 3.9.13\n"
    "  --close-writer   workers close their end for writing\n"
    "  --runs N         how often (1); one run of one protocol happens in this process\n"
    "  --time-limit S   seconds until a run counts as hung (10)\n"
    "  --help           this text\n";

static int parse_number(const char *option, const char *text, int minimum, int maximum, int *value)
{
    int number = 0;
    const char *digit = text;
    for (; *digit >= '0' && *digit <= '9' && number <= maximum; digit++)
        number = 10 * number + (*digit - '0');
    if (digit == text || *digit || number < minimum || number > maximum) {
        dprintf(STDERR_FILENO, "article: --%s %s: expected a number from %d to %d\n", option, text,
                minimum, maximum);
        return -1;
    }
    *value = number;
    return 0;
}

static int parse_protocol(const char *text, int *protocol)
{
    for (int i = 0; i < PROTOCOLS; i++)
        if (strcmp(text, protocol_names[i]) == 0) {
            *protocol = i;
            return 0;
        }
    dprintf(STDERR_FILENO,
            "article: --protocol %s: expected nonblocking-empty or sentinel-per-worker\n", text);
    return -1;
}

/* 0: go on; 1: --help; -1: wrong, and said so. */
static STEP int parse(int argc, char **argv, struct article *article)
{
    static const struct option options[] = {
        {"items", required_argument, NULL, 'i'},  {"workers", required_argument, NULL, 'w'},
        {"size", required_argument, NULL, 's'},   {"protocol", required_argument, NULL, 'p'},
        {"numbered", no_argument, NULL, 'n'},     {"one-each", no_argument, NULL, 'o'},
        {"close-reader", no_argument, NULL, 'R'}, {"close-writer", no_argument, NULL, 'W'},
        {"runs", required_argument, NULL, 'r'},   {"time-limit", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    int wrong = 0, help = 0, option;
    /* "-": an argument that is no option comes as 1 */
    while ((option = getopt_long(argc, argv, "-h", options, NULL)) != -1) {
        switch (option) {
        case 'i':
            wrong |= parse_number("items", optarg, 0, ITEMS_MAX, &article->items);
            break;
        case 'w':
            wrong |= parse_number("workers", optarg, 0, WORKERS_MAX, &article->workers);
            break;
        case 's':
            wrong |= parse_number("size", optarg, 0, SIZE_LIMIT, &article->size);
            break;
        case 'p':
            wrong |= parse_protocol(optarg, &article->protocol);
            break;
        case 'n':
            article->numbered = 1;
            break;
        case 'o':
            article->one_each = 1;
            break;
        case 'R':
            article->close_reader = 1;
            break;
        case 'W':
            article->close_writer = 1;
            break;
        case 'r':
            wrong |= parse_number("runs", optarg, 1, RUNS_MAX, &article->runs);
            break;
        case 't':
            wrong |= parse_number("time-limit", optarg, 1, 1000000, &article->time_limit_seconds);
            break;
        case 'h':
            help = 1;
            break;
        case 1:
            dprintf(STDERR_FILENO, "article: %s: no arguments expected\n", optarg);
            wrong = -1;
            break;
        default:
            wrong = -1;
        }
    }
    return wrong ? -1 : help;
}

int main(int argc, char **argv)
{
    struct article article = {
        .items = 8,
        .workers = 4,
        .size = 10000,
        .runs = 1,
        .protocol = PROTOCOLS,
        .time_limit_seconds = 10,
    };
    int parsed = parse(argc, argv, &article);
    if (parsed) {
        dprintf(parsed < 0 ? STDERR_FILENO : STDOUT_FILENO, "%s", usage);
        return parsed < 0 ? 2 : 0;
    }
    signal(SIGPIPE, SIG_IGN); /* as Python does: a write without readers is EPIPE */
    if (article.runs == 1 && article.protocol != PROTOCOLS)
        exit(run(
            &article)); /* not return: the feeder, which exit waits for, still reads `article` */
    return run_many(&article);
}
