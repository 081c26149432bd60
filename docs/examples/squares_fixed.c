/* SPDX-License-Identifier: MIT */
/* Two threads of a child process square the numbers 1 to 3, the parent adds up what comes. */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int next = 1, out;

static void *helper(void *unused)
{
    for (;;) {
        pthread_mutex_lock(&lock);
        int number = next <= 3 ? next++ : 0;
        pthread_mutex_unlock(&lock);
        if (number == 0)
            return unused;
        int square = number * number;
        if (write(out, &square, sizeof square) < 0)
            return unused;
    }
}

/* A whole number, or false at the end of the pipe. */
static bool read_number(int from, int *number)
{
    size_t done = 0;
    while (done < sizeof *number) {
        ssize_t count = read(from, (char *)number + done, sizeof *number - done);
        if (count > 0)
            done += (size_t)count;
        else if (count == 0 || errno != EINTR)
            return false;
    }
    return true;
}

int main(void)
{
    int ends[2], square, sum = 0;
    if (pipe(ends) != 0)
        return 1;
    if (fork() == 0) {
        pthread_t threads[2];
        close(ends[0]);
        out = ends[1];
        for (int i = 0; i < 2; i++)
            pthread_create(&threads[i], NULL, helper, NULL);
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        _exit(0);
    }
    close(ends[1]);
    while (read_number(ends[0], &square))
        sum += square;
    wait(NULL);
    assert(sum == 1 + 4 + 9);
    return 0;
}
