/* SPDX-License-Identifier: MIT */
/* A pool of threads with a list of jobs: pool JOBS WORKERS. With -DWRONG one wake-up is too few. */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct job {
    struct job *next;
    int number;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct job *first, **last = &first;
static bool closed;
static int sum;

static void submit(int number)
{
    struct job *job = malloc(sizeof *job);
    *job = (struct job){NULL, number};
    pthread_mutex_lock(&lock);
    *last = job;
    last = &job->next;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

static void *work(void *unused)
{
    pthread_mutex_lock(&lock);
    for (;;) {
        while (first == NULL && !closed)
            pthread_cond_wait(&changed, &lock);
        struct job *job = first;
        if (job == NULL)
            break;
        first = job->next;
        if (first == NULL)
            last = &first;
        pthread_mutex_unlock(&lock);
        int done = job->number;
        free(job);
        pthread_mutex_lock(&lock);
        sum += done;
    }
    pthread_mutex_unlock(&lock);
    return unused;
}

int main(int argc, char **argv)
{
    int jobs = argc > 1 ? atoi(argv[1]) : 2, workers = argc > 2 ? atoi(argv[2]) : 2;
    pthread_t threads[16];
    for (int i = 0; i < workers; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 1; i <= jobs; i++)
        submit(i);
    pthread_mutex_lock(&lock);
    closed = true;
#ifdef WRONG
    pthread_cond_signal(&changed);
#else
    pthread_cond_broadcast(&changed);
#endif
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < workers; i++)
        pthread_join(threads[i], NULL);
    printf("%d\n", sum);
    return sum == jobs * (jobs + 1) / 2 ? 0 : 1;
}
