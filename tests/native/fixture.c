/* SPDX-License-Identifier: MIT */
/*
 * fixture.c - small programs for the tests of the native twin: fixture NAME [ARGUMENT]. Each
 * observes something that a fault does to it, and ends with 0 when all went as if there were none.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fiu.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "allways/probe.h"

/* What was observed goes to the test as a status, and as notes for people. */
enum { AS_USUAL = 0, FAILED = 1, SHORT = 2, LATE = 3, EARLY = 4 };

static int failed_with(int error)
{
    return 100 + error;
}

static long milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Writes 16 bytes; 100 + errno, or how many went out short of 16. */
static int one_write(void)
{
    int ends[2];
    char bytes[16] = "0123456789abcdef";
    if (pipe(ends) != 0)
        return FAILED;
    ssize_t written = write(ends[1], bytes, sizeof bytes);
    return written < 0 ? failed_with(errno) : (int)(16 - written);
}

static int one_nonblocking_write(void)
{
    int ends[2];
    if (pipe2(ends, O_NONBLOCK) != 0)
        return FAILED;
    return write(ends[1], "x", 1) < 0 ? failed_with(errno) : AS_USUAL;
}

static int one_read(void)
{
    int ends[2];
    char bytes[16] = "0123456789abcdef";
    if (pipe(ends) != 0 || write(ends[1], bytes, sizeof bytes) != 16)
        return FAILED;
    ssize_t got = read(ends[0], bytes, sizeof bytes);
    return got < 0 ? failed_with(errno) : (int)(16 - got);
}

static int vectors(void)
{
    int ends[2];
    char head[4] = "head", body[12] = "and the body";
    struct iovec parts[2] = {{head, sizeof head}, {body, sizeof body}};
    if (pipe(ends) != 0)
        return FAILED;
    ssize_t written = writev(ends[1], parts, 2);
    if (written < 0)
        return failed_with(errno);
    if (written != 16)
        return (int)(16 - written);
    ssize_t got = readv(ends[0], parts, 2);
    return got < 0 ? failed_with(errno) : 32 + (int)(16 - got);
}

static int one_close(void)
{
    return close(dup(1)) == 0 ? AS_USUAL : failed_with(errno);
}

static int one_poll(void)
{
    struct pollfd in = {.fd = 0, .events = POLLIN};
    return poll(&in, 1, 0) < 0 ? failed_with(errno) : AS_USUAL;
}

static int one_pipe(void)
{
    int ends[2];
    return pipe(ends) == 0 ? AS_USUAL : failed_with(errno);
}

static int one_fork(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid < 0 ? failed_with(errno) : waitpid(pid, NULL, 0) == pid ? AS_USUAL : FAILED;
}

static int one_wait(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return wait(NULL) == pid ? AS_USUAL : failed_with(errno);
}

static int one_kill(void)
{
    return kill(getpid(), 0) == 0 ? AS_USUAL : failed_with(errno);
}

static int allocations(void)
{
    char *volatile block = malloc(10);
    if (block == NULL)
        return failed_with(errno);
    char *volatile zeros = calloc(1, 10);
    if (zeros == NULL)
        return failed_with(errno) + 1;
    char *volatile larger = realloc(block, 100);
    return larger == NULL ? failed_with(errno) + 2 : AS_USUAL;
}

static int semaphores(void)
{
    sem_t semaphore;
    struct timespec past = {0};
    sem_init(&semaphore, 0, 3);
    if (sem_wait(&semaphore) != 0)
        return failed_with(errno);
    if (sem_trywait(&semaphore) != 0)
        return failed_with(errno) + 1;
    if (sem_timedwait(&semaphore, &past) != 0)
        return failed_with(errno) + 2;
    return AS_USUAL;
}

static int one_sem_open(void)
{
    char name[64];
    snprintf(name, sizeof name, "/allways-fixture-%d", (int)getpid());
    sem_t *semaphore = sem_open(name, O_CREAT | O_EXCL, 0600, 7);
    int value = 0;
    if (semaphore == SEM_FAILED)
        return failed_with(errno);
    sem_unlink(name);
    sem_getvalue(semaphore, &value);
    return value == 7 ? AS_USUAL : FAILED;
}

static void *nothing(void *argument)
{
    return argument;
}

static int one_thread(void)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, nothing, NULL);
    if (error != 0)
        return failed_with(error);
    return pthread_join(thread, NULL) == 0 ? AS_USUAL : FAILED;
}

static int one_sleep(void)
{
    struct timespec moment = {.tv_nsec = 1000000};
    return nanosleep(&moment, NULL) == 0 ? AS_USUAL : failed_with(errno);
}

/* Without a spurious wake-up it waits until its time is up, 5 s from now. */
static int one_wait_for_signal(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += 5;
    pthread_mutex_lock(&lock);
    int error = pthread_cond_timedwait(&condition, &lock, &deadline);
    int held = pthread_mutex_trylock(&lock) == EBUSY;
    return error == 0 && held ? EARLY : AS_USUAL;
}

/* 40 writes under a role, to see which of them are struck. */
static int many_writes(void)
{
    int out = open("/dev/null", O_WRONLY);
    for (int i = 0; i < 40; i++)
        if (write(out, "12345678", 8) < 0 && errno != EINTR)
            return FAILED;
    return AS_USUAL;
}

static void *write_many(void *argument)
{
    aw_role(argument);
    many_writes();
    return NULL;
}

/* Two threads and a worker process, all at once, each with 40 writes. */
static int roles(void)
{
    pthread_t left, right;
    pid_t pid = fork();
    if (pid == 0) {
        aw_worker();
        _exit(many_writes());
    }
    pthread_create(&left, NULL, write_many, "left");
    pthread_create(&right, NULL, write_many, "right");
    many_writes();
    pthread_join(left, NULL);
    pthread_join(right, NULL);
    return waitpid(pid, NULL, 0) == pid ? AS_USUAL : FAILED;
}

static int slow_write(void)
{
    long before = milliseconds();
    one_write();
    return milliseconds() - before >= 50 ? LATE : AS_USUAL;
}

/* A child that is killed, by the plan, before it writes. */
static int child_that_dies(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        aw_worker();
        one_write();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : AS_USUAL;
}

static int point(void)
{
    int failed = fiu_fail("fixture/point");
    return failed != 0 ? failed : AS_USUAL;
}

static void __attribute__((noinline)) write_here(int fd)
{
    if (write(fd, "here", 4) != 4)
        aw_note("cut here");
}

static void __attribute__((noinline)) write_there(int fd)
{
    if (write(fd, "there", 5) != 5)
        aw_error("cut there", 0);
}

static int sites(void)
{
    int out = open("/dev/null", O_WRONLY);
    write_there(out);
    write_here(out);
    write_there(out);
    return AS_USUAL;
}

/* Puts `number` items and gets two fewer; says so. */
static int items(int number)
{
    for (int i = 1; i <= number; i++)
        aw_put(0, (uint64_t)i);
    for (int i = 1; i <= number - 2; i++)
        aw_got(0, (uint64_t)i);
    aw_note(number > 2 ? "items: not passed" : "items: passed");
    return AS_USUAL;
}

/* Hangs, with a child and a grandchild that hang as well; their pids go to a file. */
static _Noreturn void hang(const char *path)
{
    int out = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fork() == 0)
        fork();
    dprintf(out, "%d\n", (int)getpid());
    for (;;)
        pause();
}

/* The parent dies first; its child outlives it by a moment, and then fails. */
static int orphan(void)
{
    struct timespec moment = {.tv_nsec = 100000000};
    if (fork() == 0) {
        nanosleep(&moment, NULL);
        aw_got(0, 1);
        _exit(1);
    }
    aw_put(0, 1);
    return AS_USUAL;
}

static int child_that_fails(void)
{
    if (fork() == 0)
        _exit(3);
    wait(NULL);
    return AS_USUAL;
}

static int child_that_aborts(void)
{
    if (fork() == 0)
        abort();
    wait(NULL);
    return AS_USUAL;
}

static int clean_environment(void)
{
    return getenv("LD_PRELOAD") == NULL && getenv("ALLWAYS_NATIVE_JOB") == NULL &&
                   getenv("HOME") == NULL && getenv("GIVEN") != NULL && open("/dev/null", 0) == 3
               ? AS_USUAL
               : FAILED;
}

static int reports_an_error(void)
{
    aw_error("something was wrong", 5);
    return AS_USUAL;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(void);
    } programs[] = {
        {"write", one_write},
        {"read", one_read},
        {"vectors", vectors},
        {"close", one_close},
        {"poll", one_poll},
        {"pipe", one_pipe},
        {"fork", one_fork},
        {"wait", one_wait},
        {"kill", one_kill},
        {"allocations", allocations},
        {"semaphores", semaphores},
        {"sem_open", one_sem_open},
        {"thread", one_thread},
        {"sleep", one_sleep},
        {"cond", one_wait_for_signal},
        {"nonblocking", one_nonblocking_write},
        {"many", many_writes},
        {"roles", roles},
        {"slow", slow_write},
        {"dies", child_that_dies},
        {"point", point},
        {"sites", sites},
        {"orphan", orphan},
        {"child-fails", child_that_fails},
        {"child-aborts", child_that_aborts},
        {"environment", clean_environment},
        {"error", reports_an_error},
    };
    if (argc == 3 && strcmp(argv[1], "items") == 0)
        return items(atoi(argv[2]));
    if (argc == 3 && strcmp(argv[1], "hang") == 0)
        hang(argv[2]);
    for (size_t i = 0; argc == 2 && i < sizeof programs / sizeof *programs; i++)
        if (strcmp(argv[1], programs[i].name) == 0)
            return programs[i].run();
    return 99;
}
