/* SPDX-License-Identifier: MIT */
/* ready.c - main waits until a helper thread has said that it is ready. */
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void *helper(void *unused)
{
    pthread_mutex_lock(&lock);
    pthread_cond_signal(&changed); /* "ready" */
    pthread_mutex_unlock(&lock);
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, helper, NULL);
    pthread_mutex_lock(&lock);
    pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    return pthread_join(thread, NULL);
}
