/* SPDX-License-Identifier: MIT */
/*
 * calls_process.c - processes, signals and time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "machine/calls.h"

enum aw_call_result aw_call_fork(struct aw_machine *machine, const uint64_t *args, uint64_t *result)
{
    (void)args;
    (void)result;
    aw_park(machine, AW_OP_FORK);
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_exit(struct aw_machine *machine, const uint64_t *args, uint64_t *result)
{
    (void)result;
    struct aw_op *op = aw_park(machine, AW_OP_EXIT);
    op->argument = (args[0] & 0xff) << 8;
    op->extra = machine->leaving; /* by exit(): what is left behind is judged */
    return AW_CALL_PARK;
}

static enum aw_call_result park_wait(struct aw_machine *machine, int pid, uint64_t status,
                                     int options, uint64_t *result)
{
    if (status != 0 && !aw_user_fillable(machine, status, sizeof(int)))
        return aw_call_error(machine, result, EFAULT, "waitpid");
    if (pid == 0 || pid < -1)
        return aw_stop_call(machine, AW_STOP_UNMODELLED,
                            "waitpid with pid %d: process groups are not modelled", pid);
    if ((options & ~WNOHANG) != 0)
        return aw_stop_call(machine, AW_STOP_UNMODELLED,
                            "waitpid with options %#x: only WNOHANG is modelled", options);
    struct aw_op *op = aw_park(machine, AW_OP_WAIT);
    op->fd = pid;
    op->address = status;
    op->flags = (options & WNOHANG) ? AW_OP_NONBLOCKING : 0;
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_wait(struct aw_machine *machine, const uint64_t *args, uint64_t *result)
{
    return park_wait(machine, -1, args[0], 0, result);
}

enum aw_call_result aw_call_waitpid(struct aw_machine *machine, const uint64_t *args,
                                    uint64_t *result)
{
    enum aw_call_result how = park_wait(machine, (int)args[0], args[1], (int)args[2], result);
    if (how == AW_CALL_PARK)
        machine->parked.extra = 1; /* told apart from wait by the plan of faults */
    return how;
}

enum aw_call_result aw_call_getpid(struct aw_machine *machine, const uint64_t *args,
                                   uint64_t *result)
{
    (void)args;
    (void)result;
    aw_park(machine, AW_OP_GETPID);
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_getppid(struct aw_machine *machine, const uint64_t *args,
                                    uint64_t *result)
{
    (void)args;
    (void)result;
    aw_park(machine, AW_OP_GETPPID);
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_kill(struct aw_machine *machine, const uint64_t *args, uint64_t *result)
{
    int pid = (int)args[0], signal = (int)args[1];
    if (pid <= 0)
        return aw_stop_call(machine, AW_STOP_UNMODELLED,
                            "kill with pid %d: process groups are not modelled", pid);
    if (signal < 0 || signal > 64)
        return aw_call_error(machine, result, EINVAL, "kill");
    if (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU)
        return aw_stop_call(machine, AW_STOP_UNMODELLED, "stopping a process is not modelled");
    struct aw_op *op = aw_park(machine, AW_OP_KILL);
    op->fd = signal;
    op->argument = (uint64_t)pid;
    return AW_CALL_PARK;
}

enum { DISPOSITION_DEFAULT, DISPOSITION_IGNORE, DISPOSITION_ASK };

/* `handler` SIG_DFL or SIG_IGN; anything else is not modelled. */
static enum aw_call_result park_signal(struct aw_machine *machine, int signal, uint64_t handler,
                                       bool ask, uint64_t old, const char *call, uint64_t *result)
{
    if (signal < 1 || signal > 64 || (!ask && (signal == SIGKILL || signal == SIGSTOP)))
        return aw_call_error(machine, result, EINVAL, call);
    const char *name = sigabbrev_np(signal);
    if (!ask && handler != (uint64_t)SIG_DFL && handler != (uint64_t)SIG_IGN)
        return aw_stop_call(machine, AW_STOP_UNMODELLED,
                            "%s: a handler function for %s%s is not modelled (SIG_DFL and SIG_IGN "
                            "are)",
                            call, name ? "SIG" : "", name ? name : "a real-time signal");
    if (!ask && signal == SIGCHLD && handler == (uint64_t)SIG_IGN)
        return aw_stop_call(
            machine, AW_STOP_UNMODELLED,
            "%s: SIG_IGN for SIGCHLD is not modelled (children would vanish without "
            "being waited for)",
            call);
    struct aw_op *op = aw_park(machine, AW_OP_SIGNAL);
    op->fd = signal;
    op->argument = ask                            ? DISPOSITION_ASK
                   : handler == (uint64_t)SIG_IGN ? DISPOSITION_IGNORE
                                                  : DISPOSITION_DEFAULT;
    op->address = old;
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_signal(struct aw_machine *machine, const uint64_t *args,
                                   uint64_t *result)
{
    enum aw_call_result how =
        park_signal(machine, (int)args[0], args[1], false, 0, "signal", result);
    if (how == AW_CALL_PARK)
        machine->parked.extra = 1; /* the result is the old handler */
    return how;
}

enum aw_call_result aw_call_sigaction(struct aw_machine *machine, const uint64_t *args,
                                      uint64_t *result)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    if ((args[1] != 0 && !aw_user_valid(machine, args[1], sizeof action)) ||
        (args[2] != 0 && !aw_user_fillable(machine, args[2], sizeof action)))
        return aw_call_error(machine, result, EFAULT, "sigaction");
    if (args[1] != 0)
        memcpy(&action, (const void *)args[1], sizeof action);
    if (args[1] != 0 && (int)args[0] == SIGCHLD && (action.sa_flags & SA_NOCLDWAIT) != 0)
        return aw_stop_call(machine, AW_STOP_UNMODELLED,
                            "sigaction with SA_NOCLDWAIT is not modelled");
    return park_signal(machine, (int)args[0], (uint64_t)action.sa_handler, args[1] == 0, args[2],
                       "sigaction", result);
}

enum aw_call_result aw_call_yield(struct aw_machine *machine, const uint64_t *args,
                                  uint64_t *result)
{
    (void)args;
    (void)result;
    aw_park(machine, AW_OP_YIELD);
    return AW_CALL_PARK;
}

static enum aw_call_result park_sleep(struct aw_machine *machine, int64_t duration)
{
    struct aw_op *op = aw_park(machine, AW_OP_SLEEP);
    op->flags = AW_OP_TIMED | AW_OP_RELATIVE;
    op->deadline = duration;
    if (machine->settings.time == AW_TIME_VIRTUAL) {
        op->flags = AW_OP_TIMED;
        if (__builtin_add_overflow(duration, machine->now, &op->deadline))
            op->deadline = INT64_MAX; /* for ever */
    }
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_nanosleep(struct aw_machine *machine, const uint64_t *args,
                                      uint64_t *result)
{
    int64_t duration = aw_call_timespec(machine, args[0]);
    if (!aw_user_valid(machine, args[0], sizeof(struct timespec)))
        return aw_call_error(machine, result, EFAULT, "nanosleep");
    if (duration < 0)
        return aw_call_error(machine, result, EINVAL, "nanosleep");
    return park_sleep(machine, duration);
}

enum aw_call_result aw_call_clock_nanosleep(struct aw_machine *machine, const uint64_t *args,
                                            uint64_t *result)
{
    int64_t time = aw_call_timespec(machine, args[2]);
    if (time < 0) {
        *result = EINVAL;
        return AW_CALL_RETURN;
    }
    if ((args[1] & TIMER_ABSTIME) == 0)
        return park_sleep(machine, time);
    struct aw_op *op = aw_park(machine, AW_OP_SLEEP);
    op->flags = AW_OP_TIMED;
    op->deadline = time - (args[0] == CLOCK_REALTIME ? AW_REALTIME_START : AW_MONOTONIC_START);
    return AW_CALL_PARK;
}

/* What the caller wants to have filled in: finish.c. */
enum { AS_TIMESPEC, AS_TIMEVAL, AS_SECONDS };

static enum aw_call_result park_clock(struct aw_machine *machine, int clock, uint64_t address,
                                      uint64_t form)
{
    struct aw_op *op = aw_park(machine, AW_OP_CLOCK);
    op->fd = clock;
    op->address = address;
    op->extra = form;
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_clock_gettime(struct aw_machine *machine, const uint64_t *args,
                                          uint64_t *result)
{
    int clock = (int)args[0];
    if (!aw_user_fillable(machine, args[1], sizeof(struct timespec)))
        return aw_call_error(machine, result, EFAULT, "clock_gettime");
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        return park_clock(machine, CLOCK_REALTIME, args[1], AS_TIMESPEC);
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_BOOTTIME:
        return park_clock(machine, CLOCK_MONOTONIC, args[1], AS_TIMESPEC);
    default:
        return aw_stop_call(machine, AW_STOP_UNMODELLED,
                            "clock_gettime of clock %d is not modelled", clock);
    }
}

enum aw_call_result aw_call_gettimeofday(struct aw_machine *machine, const uint64_t *args,
                                         uint64_t *result)
{
    if (args[0] == 0)
        return AW_CALL_RETURN; /* legal, and of no use */
    if (!aw_user_fillable(machine, args[0], sizeof(struct timeval)))
        return aw_call_error(machine, result, EFAULT, "gettimeofday");
    return park_clock(machine, CLOCK_REALTIME, args[0], AS_TIMEVAL);
}

enum aw_call_result aw_call_time(struct aw_machine *machine, const uint64_t *args, uint64_t *result)
{
    if (args[0] != 0 && !aw_user_fillable(machine, args[0], sizeof(time_t)))
        return aw_call_error(machine, result, EFAULT, "time");
    return park_clock(machine, CLOCK_REALTIME, args[0], AS_SECONDS);
}
