/* SPDX-License-Identifier: MIT */
/*
 * preload.c - life in a process of a run.
 *
 * libfiu is asked for every occurrence, and decides nothing: its callback runs under its read lock,
 * and reports what was decided before (job.h, "Whether a fault strikes"). What is then done, a
 * delay or a crash, is done after it has returned.
 *
 * One mutex is held while libfiu is asked and while the process forks: a child must not inherit
 * libfiu's table in the middle of something.
 */
#define _GNU_SOURCE
#ifndef FIU_ENABLE
#define FIU_ENABLE 1 /* without it fiu.h defines stubs */
#endif
#include "native/preload.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fiu-control.h>
#include <fiu.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "allways/probe.h"

#define EXPORT __attribute__((visibility("default")))

struct self {
    char label[AW_NATIVE_LABEL];
    char role[32];
    uint64_t who;
    bool main; /* the first thread of the first process */
    uint32_t forks, threads;
    uint32_t own[AW_FAULT_MAX]; /* occurrences */
    int64_t report;             /* for libfiu's callback */
};

static __thread struct self self __attribute__((tls_model("initial-exec")));

static struct aw_native_job job;
static struct aw_native_shared *shared; /* NULL: there is no run, everything passes through */
static uintptr_t program_low, program_high, program_base;
static atomic_bool is_worker;                    /* this process */
static uint32_t fits_call[AW_NATIVE_CALL_COUNT]; /* bit i: fault i of the plan */
static pthread_mutex_t asking = PTHREAD_MUTEX_INITIALIZER;

static int (*real_lock)(pthread_mutex_t *), (*real_unlock)(pthread_mutex_t *);
static int (*real_fiu_fail)(const char *);

/* ---- who is who ---- */

static void know_yourself(void)
{
    self.who = aw_native_who(self.role, self.label);
}

static void name_child(struct aw_native_birth *birth, char separator, uint32_t number)
{
    int length = snprintf(birth->label, sizeof birth->label, "%s%c%u", self.label, separator,
                          (unsigned)number);
    if (length >= (int)sizeof birth->label) /* too long a line of ancestors */
        snprintf(birth->label, sizeof birth->label, "~%016llx%c%u",
                 (unsigned long long)aw_native_who("", self.label), separator, (unsigned)number);
}

static void be_born(const struct aw_native_birth *birth)
{
    memset(&self, 0, sizeof self);
    memcpy(self.label, birth->label, sizeof self.label);
    know_yourself();
}

void aw_native_thread_birth(struct aw_native_birth *birth)
{
    name_child(birth, '/', ++self.threads);
}

void aw_native_thread_begin(const struct aw_native_birth *birth)
{
    be_born(birth);
}

void aw_native_before_fork(struct aw_native_birth *birth)
{
    name_child(birth, '.', ++self.forks);
    if (shared != NULL)
        real_lock(&asking);
}

void aw_native_after_fork(const struct aw_native_birth *birth, bool in_child)
{
    if (shared != NULL)
        real_unlock(&asking);
    if (!in_child)
        return;
    be_born(birth);
    atomic_store(&is_worker, false);
}

void aw_native_collected(int pid, int status)
{
    if (shared != NULL && aw_native_ended_badly(shared, pid, status))
        atomic_fetch_add(&shared->bad_children, 1);
}

/* ---- probes ---- */

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static void take_note(const char *text)
{
    if (ends_with(text, ": not passed"))
        atomic_fetch_add(&shared->not_passed, 1);
    else if (ends_with(text, ": passed"))
        atomic_fetch_add(&shared->passed, 1);
}

/* What the weak reference of allways/probe.h finds. */
EXPORT void aw_probe(int kind, uint64_t a, uint64_t b, const char *text)
{
    (void)a, (void)b;
    if (shared == NULL)
        return;
    switch (kind) {
    case AW_PROBE_PUT:
        atomic_fetch_add(&shared->puts, 1);
        break;
    case AW_PROBE_GOT:
        atomic_fetch_add(&shared->gots, 1);
        break;
    case AW_PROBE_ERROR:
        atomic_fetch_add(&shared->errors, 1);
        break;
    case AW_PROBE_WORKER:
        atomic_store(&is_worker, true);
        break;
    case AW_PROBE_ROLE:
        snprintf(self.role, sizeof self.role, "%s", text);
        know_yourself();
        break;
    case AW_PROBE_NOTE:
        take_note(text);
        break;
    }
}

/* ---- what a fault concerns ---- */

static bool at_site(const struct aw_native_ranges *site, uintptr_t address)
{
    for (uint32_t i = 0; i < site->count; i++)
        if (address - program_base >= site->ranges[i].low &&
            address - program_base < site->ranges[i].high)
            return true;
    return false;
}

static bool concerns(uint32_t index, const void *return_address)
{
    const struct aw_fault *fault = &job.plan.faults[index];
    if (fault->role[0] != '\0' && strcmp(fault->role, self.role) != 0 &&
        !(atomic_load(&is_worker) && strcmp(fault->role, "worker") == 0) &&
        !(self.main && strcmp(fault->role, "main") == 0))
        return false;
    /* The call itself ends just before the address that it returns to. */
    return fault->site[0] == '\0' || at_site(&job.sites[index], (uintptr_t)return_address - 1);
}

/* ---- budgets ---- */

static bool take_one(_Atomic uint32_t *left)
{
    uint32_t now = atomic_load(left);
    while (now > 0)
        if (atomic_compare_exchange_weak(left, &now, now - 1))
            return true;
    return false;
}

static bool pay(uint32_t index)
{
    if (!take_one(&shared->budgets[index]))
        return false;
    if (take_one(&shared->budget))
        return true;
    atomic_fetch_add(&shared->budgets[index], 1);
    return false;
}

static void give_back(uint32_t index)
{
    atomic_fetch_add(&shared->budget, 1);
    atomic_fetch_add(&shared->budgets[index], 1);
}

/* ---- striking ---- */

static int report(const char *name, int *failnum, void **failinfo, unsigned int *flags)
{
    (void)name, (void)failnum, (void)failinfo, (void)flags;
    return self.report != 0;
}

/* Whether libfiu says what it is told to say; it does not while it is asked already. */
static bool ask(const char *point, bool strikes)
{
    self.report = strikes;
    real_lock(&asking);
    bool fails = real_fiu_fail(point) != 0;
    real_unlock(&asking);
    self.report = 0;
    return fails;
}

static void write_down(uint32_t index, uint32_t overall, int64_t value)
{
    atomic_fetch_add(&shared->injected[index], 1);
    uint32_t at = atomic_fetch_add(&shared->event_count, 1);
    if (at >= AW_NATIVE_EVENTS)
        return;
    struct aw_native_event *event = &shared->events[at];
    event->fault = index;
    event->own = self.own[index];
    event->overall = overall;
    event->value = value;
    memcpy(event->role, self.role, sizeof event->role);
    memcpy(event->label, self.label, sizeof event->label);
}

static void delay(int64_t ns)
{
    int (*wait_for)(clockid_t, int, const struct timespec *, struct timespec *) =
        (int (*)(clockid_t, int, const struct timespec *, struct timespec *))aw_native_real(
            AW_CALL_clock_nanosleep);
    struct timespec left = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    while (wait_for(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
        ;
}

static void send_signal(int number)
{
    int (*send)(pid_t, int) = (int (*)(pid_t, int))aw_native_real(AW_CALL_kill);
    uint32_t at = atomic_fetch_add(&shared->killed_count, 1);
    if (at < AW_NATIVE_KILLED)
        atomic_store(&shared->killed[at], getpid());
    send(getpid(), number);
}

/* What can be done here is done here; false: the call has to do it. */
static bool act(const struct aw_fault *fault)
{
    switch (fault->kind) {
    case AW_FAULT_DELAY:
        delay(fault->delay_ns);
        return true;
    case AW_FAULT_CRASH:
        send_signal(SIGKILL);
        for (;;)
            pause(); /* it is on its way */
    case AW_FAULT_SIGTERM:
        send_signal(SIGTERM);
        return true;
    default:
        return false;
    }
}

static bool in_range(const struct aw_fault *fault, uint32_t occurrence)
{
    return fault->first == 0 || (occurrence >= fault->first && occurrence <= fault->last);
}

/* "Try again" is what a transfer without O_NONBLOCK never says. */
static bool cannot_give(const struct aw_fault *fault, int64_t value, int fd)
{
    return fault->kind == AW_FAULT_ERRNO && value == EAGAIN && fd >= 0 &&
           (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;
}

static bool strikes(uint32_t index, uint64_t transfer, int fd, struct aw_native_hit *hit)
{
    const struct aw_fault *fault = &job.plan.faults[index];
    uint32_t own = ++self.own[index];
    uint32_t overall = atomic_fetch_add(&shared->met[index], 1) + 1;
    int64_t value = aw_native_value(&job, index, self.who, own, transfer);
    bool yes = value != 0 && !cannot_give(fault, value, fd) && in_range(fault, overall) &&
               aw_native_strikes(&job, index, self.who, own) && pay(index);
    if (!ask(fault->point, yes)) {
        if (yes)
            give_back(index);
        return false;
    }
    write_down(index, overall, value);
    *hit = (struct aw_native_hit){fault->kind, value};
    return true;
}

static bool meet(uint32_t faults, const void *return_address, uint64_t transfer, int fd,
                 struct aw_native_hit *hit)
{
    int saved = errno;
    bool left = false;
    for (uint32_t i = 0; i < job.plan.count && !left; i++)
        if (faults >> i & 1 && concerns(i, return_address) && strikes(i, transfer, fd, hit))
            left = !act(&job.plan.faults[i]);
    errno = saved;
    return left;
}

static bool from_program(const void *return_address)
{
    uintptr_t address = (uintptr_t)return_address;
    return address >= program_low && address < program_high;
}

bool aw_native_meet(enum aw_native_call call, const void *return_address, uint64_t transfer, int fd,
                    struct aw_native_hit *hit)
{
    return fits_call[call] != 0 && from_program(return_address) &&
           meet(fits_call[call], return_address, transfer, fd, hit);
}

int aw_native_meet_point(const char *point, const void *return_address)
{
    struct aw_native_hit hit;
    uint32_t faults = 0;
    if (shared == NULL || !from_program(return_address))
        return 0;
    for (uint32_t i = 0; i < job.plan.count; i++)
        faults |= (uint32_t)(strcmp(job.plan.faults[i].point, point) == 0) << i;
    return faults != 0 && meet(faults, return_address, 0, -1, &hit) ? (int)hit.value : 0;
}

/* ---- the beginning ---- */

static bool fits(const struct aw_fault *fault, const char *point, const char *reduce, bool visible)
{
    if ((point != NULL && strcmp(fault->point, point) == 0) ||
        (reduce != NULL && strcmp(fault->point, reduce) == 0))
        return true;
    return visible && (strcmp(fault->point, "allways/delay") == 0 ||
                       strcmp(fault->point, "allways/crash") == 0 ||
                       strcmp(fault->point, "allways/sigterm") == 0);
}

static void find_calls(void)
{
    static const struct {
        const char *point, *reduce;
        bool visible;
    } calls[] = {
#define X(function, point, reduce, visible) {point, reduce, visible},
        AW_NATIVE_CALLS(X)
#undef X
    };
    for (int call = 0; call < AW_NATIVE_CALL_COUNT; call++)
        for (uint32_t i = 0; i < job.plan.count; i++)
            if (fits(&job.plan.faults[i], calls[call].point, calls[call].reduce,
                     calls[call].visible))
                fits_call[call] |= 1u << i;
}

/* The first object is the program. */
static int find_program(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size, (void)unused;
    program_base = info->dlpi_addr;
    program_low = UINTPTR_MAX;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type != PT_LOAD || (header->p_flags & PF_X) == 0)
            continue;
        uintptr_t low = info->dlpi_addr + header->p_vaddr, high = low + header->p_memsz;
        program_low = low < program_low ? low : program_low;
        program_high = high > program_high ? high : program_high;
    }
    return 1;
}

static bool enable_points(void)
{
    if (fiu_init(0) < 0)
        return false;
    for (uint32_t i = 0; i < job.plan.count; i++)
        if (fiu_enable_external(job.plan.faults[i].point, 1, NULL, 0, report) < 0)
            return false;
    return true;
}

static struct aw_native_shared *map(int fd)
{
    void *place =
        mmap(NULL, sizeof(struct aw_native_shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ((int (*)(int))aw_native_real(AW_CALL_close))(fd);
    return place == MAP_FAILED ? NULL : place;
}

/* Without a job, or with one that cannot be read, nothing happens here: the host sees that `ready`
 * was not set. The program finds neither our variables nor our descriptor. */
__attribute__((constructor)) static void begin(void)
{
    const char *text = getenv(AW_NATIVE_JOB_VARIABLE), *fd = getenv(AW_NATIVE_FD_VARIABLE);
    self.main = true;
    memcpy(self.label, "0", 2);
    know_yourself();
    real_lock = (int (*)(pthread_mutex_t *))aw_native_real(AW_CALL_pthread_mutex_lock);
    real_unlock = (int (*)(pthread_mutex_t *))aw_native_real(AW_CALL_pthread_mutex_unlock);
    real_fiu_fail = (int (*)(const char *))dlsym(RTLD_NEXT, "fiu_fail");
    if (text == NULL || fd == NULL || real_fiu_fail == NULL || !aw_native_job_read(text, &job))
        return;
    struct aw_native_shared *mapped = map(atoi(fd));
    unsetenv("LD_PRELOAD");
    unsetenv(AW_NATIVE_JOB_VARIABLE);
    unsetenv(AW_NATIVE_FD_VARIABLE);
    if (mapped == NULL || !enable_points())
        return;
    dl_iterate_phdr(find_program, NULL);
    shared = mapped;
    find_calls();
    atomic_store(&shared->ready, 1);
}
