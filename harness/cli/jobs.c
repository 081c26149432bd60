/* SPDX-License-Identifier: MIT */
/*
 * jobs.c - the cases of a run, several at a time: one child for each.
 *
 * A host process has one machine at a time, and it is the processor that is short: so processes,
 * not threads. Parent and child share nothing but
 *
 *   a pipe            the child's result, once, at its end (aw_report_send); end of file says that
 *                     the child is done, and how much came says whether it was whole
 *   a memory file     the child's stderr, shown when it is the case's turn, so that the messages of
 *                     two cases never mix and stand in the same order whatever the number of jobs
 *   a shared page     how far each search is, for the display; and whether to stop
 *
 * SIGINT and SIGTERM are for the parent alone (a terminal sends them to all): it sets the flag in
 * the shared page, which every search looks at ten times a second. When the parent dies its
 * children are killed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/memory.h"
#include "cli/cli.h"

enum { MAX_JOBS = 256, TICK_MILLISECONDS = 100 };
static const double first_line_seconds = 0.5, line_seconds = 5;

/* What the children tell while they search. Read without a lock: it is for a display. */
struct shared {
    volatile sig_atomic_t stop;
    struct {
        volatile uint64_t states;
    } slots[MAX_JOBS];
};

/* A case that is running or has ended, until it is its turn to be told. */
struct job {
    pid_t pid;
    int slot;     /* while it runs, else -1 */
    int pipe;     /* the reading end, or -1 */
    int messages; /* the memory file */
    int status;   /* of waitpid */
    bool ended;
    double since;
    double share; /* of the budget */
    char *bytes;  /* of the result */
    size_t size;
};

struct pool {
    const struct aw_jobs *jobs;
    struct aw_report *report;
    struct shared *shared;
    struct job *all;             /* one for each case */
    int slots[MAX_JOBS];         /* the case that runs there, or -1 */
    int slot_count, begun, told; /* cases: begun in order, told in order */
    int running, ended, met;     /* met: as expected, of those that have ended */
    double started, next_line, deadline;
    bool terminal, shown;
};

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int aw_jobs_default(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count < 1 ? 1 : count > MAX_JOBS ? MAX_JOBS : count;
}

/* --- The child -------------------------------------------------------------------------------- */

struct told {
    struct shared *shared;
    int slot;
};

static void tell_progress(void *context, const struct aw_progress *now)
{
    const struct told *told = context;
    told->shared->slots[told->slot].states = now->states;
}

static _Noreturn void be_child(const struct pool *pool, int index, pid_t parent, int to,
                               int messages)
{
    struct aw_cli_search search = *pool->jobs->search;
    struct told told = {pool->shared, pool->all[index].slot};
    struct aw_report report;
    FILE *out = fdopen(to, "w");
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || dup2(messages, STDERR_FILENO) < 0 || out == NULL)
        _exit(AW_EXIT_WRONG);
    search.progress = tell_progress;
    search.context = &told;
    search.verify.budget = pool->all[index].share;
    aw_report_init(&report);
    const struct aw_report_case *one =
        aw_cli_search_case(&search, pool->jobs->cases[index], &report);
    int status = report.errors > 0 ? AW_EXIT_WRONG : AW_EXIT_OK;
    if (one != NULL && aw_report_send(out, one) != 0)
        status = AW_EXIT_UNMET; /* not whole: the parent says so */
    fflush(stderr);
    _exit(status);
}

/* What a case may take of what is left of the budget, when `at_once` are running: 0 without a
 * budget, negative when there is nothing left. */
static double share_of(const struct aw_jobs *jobs, double deadline, int begun, int at_once)
{
    if (jobs->budget <= 0)
        return 0;
    double left = deadline - now_seconds();
    int cases = jobs->count - begun;
    double share = cases > at_once ? left * at_once / cases : left;
    return share > 0 ? share : -1;
}

static void not_run(const struct aw_jobs *jobs, int index, struct aw_report *report)
{
    char why[80] = "interrupted";
    if (!aw_interrupted())
        snprintf(why, sizeof why, "the time budget of %g s was used up", jobs->budget);
    report->interrupted |= aw_interrupted();
    aw_report_add_not_run(report, jobs->cases[index], why);
}

/* --- The parent ------------------------------------------------------------------------------- */

static bool begin(struct pool *pool)
{
    int index = pool->begun, ends[2], slot = 0;
    struct job *job = &pool->all[index];
    job->share = share_of(pool->jobs, pool->deadline, index, pool->slot_count);
    if (job->share < 0) {
        job->ended = true;
        pool->begun++;
        pool->ended++;
        return true;
    }
    while (pool->slots[slot] >= 0)
        slot++;
    AW_CHECK(slot < pool->slot_count);
    job->slot = slot;
    job->messages = memfd_create("allways-messages", MFD_CLOEXEC);
    if (job->messages < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        if (job->messages >= 0)
            close(job->messages);
        return false;
    }
    pool->shared->slots[slot].states = 0;
    fflush(NULL);
    pid_t parent = getpid();
    job->pid = fork();
    if (job->pid == 0) {
        close(ends[0]);
        be_child(pool, index, parent, ends[1], job->messages);
    }
    close(ends[1]);
    if (job->pid < 0) {
        close(ends[0]);
        close(job->messages);
        return false;
    }
    job->pipe = ends[0];
    job->since = now_seconds();
    pool->slots[slot] = index;
    pool->begun++;
    pool->running++;
    return true;
}

/* Takes what is in the pipe; at its end the child is collected. */
static void receive(struct pool *pool, int index)
{
    struct job *job = &pool->all[index];
    char chunk[1 << 16];
    ssize_t count = read(job->pipe, chunk, sizeof chunk);
    if (count < 0 && errno == EINTR)
        return;
    if (count > 0) {
        job->bytes = aw_reallocate(job->bytes, job->size + (size_t)count, 1);
        memcpy(job->bytes + job->size, chunk, (size_t)count);
        job->size += (size_t)count;
        return;
    }
    close(job->pipe);
    while (waitpid(job->pid, &job->status, 0) < 0 && errno == EINTR)
        ;
    pool->slots[job->slot] = -1;
    pool->running--;
    pool->ended++;
    pool->met += WIFEXITED(job->status) && aw_report_sent_met(job->bytes, job->size);
    job->ended = true;
}

static void erase_line(struct pool *pool)
{
    if (pool->terminal && pool->shown)
        fputs("\r\033[K", stderr);
    pool->shown = false;
}

/* The beginning of it is kept in `first`, for a report. */
static void pass_messages_on(int from, char *first, size_t size)
{
    char chunk[4096];
    ssize_t count;
    first[0] = '\0';
    if (lseek(from, 0, SEEK_SET) == 0)
        while ((count = read(from, chunk, sizeof chunk)) > 0) {
            fwrite(chunk, 1, (size_t)count, stderr);
            if (first[0] == '\0')
                snprintf(first, size, "%.*s", (int)count, chunk);
        }
    close(from);
    first[strcspn(first, "\n")] = '\0';
}

static void tell(struct pool *pool, int index)
{
    struct job *job = &pool->all[index];
    const char *name = pool->jobs->cases[index]->name;
    struct aw_report_case *entry = NULL;
    if (job->share < 0) {
        not_run(pool->jobs, index, pool->report);
        return;
    }
    char said[1200];
    pass_messages_on(job->messages, said, sizeof said);
    bool died = !WIFEXITED(job->status);
    if (!died && job->size > 0)
        entry = aw_report_receive(pool->report, job->bytes, job->size);
    bool broken = died || (entry == NULL && WEXITSTATUS(job->status) != AW_EXIT_WRONG);
    if (died)
        snprintf(said, sizeof said, "the process that checked it was ended by signal %d (%s)%s",
                 WTERMSIG(job->status), strsignal(WTERMSIG(job->status)),
                 WTERMSIG(job->status) == SIGKILL ? ": not enough memory for so many jobs?" : "");
    else if (broken)
        snprintf(said, sizeof said,
                 "the process that checked it ended with status %d and no whole result",
                 WEXITSTATUS(job->status));
    if (broken)
        aw_complain(name, "%s", said);
    if (entry == NULL)
        aw_report_add_problem(pool->report, name, said);
    else if (WEXITSTATUS(job->status) == AW_EXIT_WRONG)
        pool->report->errors++; /* it has been told */
    free(job->bytes);
    if (entry != NULL && pool->jobs->done != NULL)
        pool->jobs->done(pool->jobs->context, entry);
}

static void tell_those_whose_turn_it_is(struct pool *pool)
{
    while (pool->told < pool->begun && pool->all[pool->told].ended) {
        erase_line(pool);
        tell(pool, pool->told++);
    }
}

/* "41/600 cases, 40 as expected, 1 not: NAME (1,234,567 states, 3 s), NAME ...". */
static void show_progress(struct pool *pool)
{
    double now = now_seconds();
    char line[512], states[32];
    struct winsize window;
    if (now < pool->next_line || pool->running == 0)
        return;
    pool->next_line = now + (pool->terminal ? 0.2 : line_seconds);
    size_t length =
        (size_t)snprintf(line, sizeof line, "%d/%d cases, %d as expected, %d not:", pool->ended,
                         pool->jobs->count, pool->met, pool->ended - pool->met);
    const char *before = " ";
    for (int slot = 0; slot < pool->slot_count && length < sizeof line; slot++) {
        int index = pool->slots[slot];
        if (index < 0)
            continue;
        length += (size_t)snprintf(line + length, sizeof line - length, "%s%s (%s states, %.0f s)",
                                   before, pool->jobs->cases[index]->name,
                                   aw_grouped(pool->shared->slots[slot].states, states),
                                   now - pool->all[index].since);
        before = ", ";
    }
    int columns = (int)sizeof line;
    if (pool->terminal && ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1)
        columns = window.ws_col - 1;
    fprintf(stderr, "%s%.*s%s", pool->terminal ? "\r\033[K" : "", columns, line,
            pool->terminal ? "" : "\n");
    fflush(stderr);
    pool->shown = true;
}

/* Waits for any child, a tick at the most. */
static void wait_for_children(struct pool *pool)
{
    struct pollfd waits[MAX_JOBS];
    int cases[MAX_JOBS];
    nfds_t count = 0;
    for (int slot = 0; slot < pool->slot_count; slot++)
        if (pool->slots[slot] >= 0) {
            cases[count] = pool->slots[slot];
            waits[count] = (struct pollfd){pool->all[cases[count]].pipe, POLLIN, 0};
            count++;
        }
    if (poll(waits, count, TICK_MILLISECONDS) > 0)
        for (nfds_t i = 0; i < count; i++)
            if (waits[i].revents != 0)
                receive(pool, cases[i]);
}

static void run_pool(struct pool *pool)
{
    const struct aw_jobs *jobs = pool->jobs;
    bool starved = false; /* no process to be had: fewer at a time */
    while (pool->running > 0 || pool->begun < jobs->count) {
        while (!aw_interrupted() && pool->begun < jobs->count && pool->running < pool->slot_count &&
               !starved)
            starved = !begin(pool);
        if (pool->running == 0)
            break;
        wait_for_children(pool);
        starved = false;
        tell_those_whose_turn_it_is(pool);
        show_progress(pool);
    }
    erase_line(pool);
    tell_those_whose_turn_it_is(pool);
    for (int i = pool->begun; i < jobs->count; i++)
        if (aw_interrupted())
            not_run(jobs, i, pool->report);
        else
            aw_report_add_problem(pool->report, jobs->cases[i]->name, "no process for a job");
    if (aw_interrupted())
        pool->report->interrupted = true;
    else if (pool->begun < jobs->count)
        aw_complain("run", "no process for a job: %s", strerror(errno));
}

static void run_here(const struct aw_jobs *jobs, struct aw_report *report)
{
    struct aw_cli_search search = *jobs->search;
    double deadline = now_seconds() + jobs->budget;
    for (int i = 0; i < jobs->count; i++) {
        search.verify.budget = share_of(jobs, deadline, i, 1);
        if (aw_interrupted() || search.verify.budget < 0) {
            not_run(jobs, i, report);
            continue;
        }
        const struct aw_report_case *entry = aw_cli_search_case(&search, jobs->cases[i], report);
        if (entry != NULL && jobs->done != NULL)
            jobs->done(jobs->context, entry);
    }
}

void aw_jobs_run(const struct aw_jobs *jobs, struct aw_report *report)
{
    struct pool pool = {.jobs = jobs, .report = report};
    pool.slot_count = jobs->jobs < jobs->count ? jobs->jobs : jobs->count;
    if (pool.slot_count > MAX_JOBS)
        pool.slot_count = MAX_JOBS;
    if (pool.slot_count <= 1) {
        run_here(jobs, report);
        return;
    }
    pool.shared =
        mmap(NULL, sizeof *pool.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    AW_CHECK(pool.shared != MAP_FAILED);
    aw_interrupt_share(&pool.shared->stop); /* for the rest of this process's life */
    pool.all = aw_allocate((size_t)jobs->count, sizeof *pool.all);
    memset(pool.slots, -1, sizeof pool.slots);
    pool.started = now_seconds();
    pool.deadline = pool.started + jobs->budget;
    pool.terminal = isatty(STDERR_FILENO) == 1;
    pool.next_line = pool.started + (pool.terminal ? first_line_seconds : line_seconds);
    run_pool(&pool);
    free(pool.all);
}
