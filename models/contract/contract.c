/* SPDX-License-Identifier: MIT */
/*
 * contract.c - runs the checks of contract.h.
 *
 *   contract CHECK       runs it: exit status 0, or an assertion fails
 *   contract GROUP       runs all whose names begin with "GROUP.", one after the other
 *   contract --list      their names
 *   contract --groups    the groups
 */
#include "contract/contract.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

void ok(int status)
{
    assert(status == MPQ_OK);
}

struct mpqueue *queue_of(int maxsize, bool joinable, enum mpqueue_profile profile)
{
    struct mpqueue_options options = {.maxsize = maxsize, .joinable = joinable, .profile = profile};
    struct mpqueue *queue = mpqueue_create(&options);
    assert(queue);
    return queue;
}

void *text(const char *letters)
{
    return mpqueue_bytes_create(letters, strlen(letters));
}

STEP void expect(void *object, const char *letters)
{
    struct mpqueue_bytes *bytes = object;
    assert(bytes && bytes->size == strlen(letters));
    assert(memcmp(bytes->data, letters, bytes->size) == 0);
    free(bytes);
}

STEP void get_expected(struct mpqueue *queue, const char *letters)
{
    void *object = NULL;
    ok(mpqueue_get(queue, &object));
    expect(object, letters);
}

STEP void simple_put_text(struct mpsimple *queue, const char *letters)
{
    void *object = text(letters);
    ok(mpsimple_put(queue, object));
    free(object);
}

STEP void simple_get_expected(struct mpsimple *queue, const char *letters)
{
    void *object = NULL;
    ok(mpsimple_get(queue, &object));
    expect(object, letters);
}

STEP void spawn(child_main *run, void *argument)
{
    pid_t pid = fork();
    assert(pid >= 0);
    if (pid == 0) {
        run(argument);
        exit(0);
    }
}

STEP void reap(void)
{
    int status = 0;
    while (wait(&status) > 0 || errno == EINTR)
        assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void make_semaphore(char name[NAME_MAX_SIZE], const char *what, unsigned value)
{
    snprintf(name, NAME_MAX_SIZE, "/allways-contract-%d-%s", (int)getpid(), what);
    sem_t *semaphore = sem_open(name, O_CREAT | O_EXCL, 0600, value);
    assert(semaphore != SEM_FAILED);
    assert(sem_close(semaphore) == 0);
}

void forget_semaphore(const char *name)
{
    assert(sem_unlink(name) == 0);
}

/* ---- the command line ---- */

static const struct check *const groups[] = {queue_checks,     profile_checks, tasks_checks,
                                             condition_checks, event_checks,   simple_checks};

enum { GROUPS = sizeof groups / sizeof *groups };

static size_t group_length(const char *name)
{
    return strcspn(name, ".");
}

static bool is_asked_for(const char *what, const char *name)
{
    size_t length = group_length(name);
    return strcmp(what, name) == 0 || (strlen(what) == length && strncmp(what, name, length) == 0);
}

static int list_groups(void)
{
    for (int i = 0; i < GROUPS; i++)
        printf("%.*s\n", (int)group_length(groups[i]->name), groups[i]->name);
    return 0;
}

static int list_checks(void)
{
    for (int i = 0; i < GROUPS; i++)
        for (const struct check *check = groups[i]; check->name; check++)
            printf("%s\n", check->name);
    return 0;
}

int main(int argc, char **argv)
{
    int ran = 0;
    signal(SIGPIPE, SIG_IGN);
    if (argc != 2)
        return 2;
    if (strcmp(argv[1], "--groups") == 0)
        return list_groups();
    if (strcmp(argv[1], "--list") == 0)
        return list_checks();
    for (int i = 0; i < GROUPS; i++)
        for (const struct check *check = groups[i]; check->name; check++)
            if (is_asked_for(argv[1], check->name)) {
                check->run();
                ran++;
            }
    return ran > 0 ? 0 : 2;
}
