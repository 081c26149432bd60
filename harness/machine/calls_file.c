/* SPDX-License-Identifier: MIT */
/*
 * calls_file.c - pipes and descriptors. Descriptors 0, 1 and 2 are a console: what is written to it
 * goes to the log of the transition, reading from it is an end of file.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "machine/calls.h"
#include "machine/shared.h"

/* Linux's MAX_RW_COUNT. */
enum { LONGEST = 0x7ffff000, DESCRIPTORS = 1024 };

static const struct aw_fd *lookup(struct aw_machine *machine, uint64_t fd)
{
    return fd >= AW_FIRST_MAPPING ? NULL : aw_process_fd(&machine->work, (int)fd);
}

static enum aw_call_result of_memory(struct aw_machine *machine, const char *call)
{
    return aw_stop_call(machine, AW_STOP_UNMODELLED,
                        "%s of a shared memory object is not modelled: map it", call);
}

/* A descriptor that is not there (yet). Only a thread that is alone knows so at once: another one may
 * open it before the call comes to be executed. */
static bool settled(const struct aw_machine *machine)
{
    return machine->work.head.thread_count == 1;
}

/* What is printed goes to the console at once and is no operation, so that nobody else could come
 * before it or after it. */
static bool others_print(struct aw_machine *machine, uint64_t fd)
{
    const struct aw_fd *entry = lookup(machine, fd);
    return entry != NULL && entry->kind == AW_FD_CONSOLE && !settled(machine);
}

static enum aw_call_result of_console(struct aw_machine *machine, const char *call, uint64_t fd)
{
    return aw_stop_call(machine, AW_STOP_UNMODELLED,
                        "%s of descriptor %d, the console, where other threads may print, is not "
                        "modelled",
                        call, (int)fd);
}

static enum aw_call_result park_pipe(struct aw_machine *machine, uint64_t address, int flags,
                                     const char *call, uint64_t *result)
{
    if ((flags & O_DIRECT) != 0)
        return aw_stop_call(machine, AW_STOP_UNMODELLED,
                            "pipe2 with O_DIRECT: packet mode is not modelled");
    if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) != 0)
        return aw_call_error(machine, result, EINVAL, call);
    if (!aw_user_fillable(machine, address, 2 * sizeof(int)))
        return aw_call_error(machine, result, EFAULT, call);
    struct aw_op *op = aw_park(machine, AW_OP_PIPE);
    op->address = address;
    op->argument = (uint64_t)flags;
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_pipe(struct aw_machine *machine, const uint64_t *args, uint64_t *result)
{
    return park_pipe(machine, args[0], 0, "pipe", result);
}

enum aw_call_result aw_call_pipe2(struct aw_machine *machine, const uint64_t *args,
                                  uint64_t *result)
{
    return park_pipe(machine, args[0], (int)args[1], "pipe2", result);
}

enum aw_call_result aw_call_read(struct aw_machine *machine, const uint64_t *args, uint64_t *result)
{
    const struct aw_fd *fd = lookup(machine, args[0]);
    uint64_t length = args[2] > LONGEST ? LONGEST : args[2];
    bool writable = aw_user_fillable(machine, args[1], length);
    if (fd != NULL && aw_fd_is_memory(fd))
        return of_memory(machine, "read");
    if ((fd == NULL || fd->kind == AW_FD_PIPE_WRITE) && (settled(machine) || !writable))
        return aw_call_error(machine, result, EBADF, "read");
    if (fd != NULL && fd->kind == AW_FD_CONSOLE)
        return AW_CALL_RETURN; /* end of file */
    if (!writable)
        return aw_call_error(machine, result, EFAULT, "read");
    struct aw_op *op = aw_park(machine, AW_OP_READ);
    op->fd = (int32_t)args[0];
    op->address = args[1];
    op->argument = length;
    return AW_CALL_PARK;
}

/* `bytes` NULL: they cannot be read; `from`: where they are as long as the call lasts. */
static enum aw_call_result write_bytes(struct aw_machine *machine, uint64_t fd, const void *bytes,
                                       uint64_t from, uint64_t length, const char *call,
                                       uint64_t *result)
{
    const struct aw_fd *entry = lookup(machine, fd);
    if (entry != NULL && aw_fd_is_memory(entry))
        return of_memory(machine, call);
    bool bad = entry == NULL || entry->kind == AW_FD_PIPE_READ;
    if (bad && (settled(machine) || bytes == NULL))
        return aw_call_error(machine, result, EBADF, call);
    if (bytes == NULL)
        return aw_call_error(machine, result, EFAULT, call);
    if (!bad && entry->kind == AW_FD_CONSOLE) {
        aw_run_event(machine, AW_EVENT_LOG, 0, fd, 0, bytes, (uint32_t)length);
        *result = length;
        return AW_CALL_RETURN;
    }
    struct aw_op *op = aw_park(machine, AW_OP_WRITE);
    op->fd = (int32_t)fd;
    op->argument = length;
    op->payload = aw_intern_put(&machine->payloads, bytes, (uint32_t)length);
    /* Only one that is not atomic can sleep half-way: aw_op_reads. */
    if (length > machine->settings.pipe_page_size)
        op->address = from;
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_write(struct aw_machine *machine, const uint64_t *args,
                                  uint64_t *result)
{
    uint64_t length = args[2] > LONGEST ? LONGEST : args[2];
    const void *bytes = length == 0 ? "" : (const void *)args[1];
    if (!aw_user_valid(machine, args[1], length))
        bytes = NULL;
    return write_bytes(machine, args[0], bytes, args[1], length, "write", result);
}

/* Checks an array of struct iovec (`write`: that is to be filled); the sum of its lengths, or
 * -errno. */
static int64_t vector_length(const struct aw_machine *machine, uint64_t address, uint64_t count,
                             bool write)
{
    if (count > IOV_MAX)
        return -EINVAL;
    if (!aw_user_valid(machine, address, count * sizeof(struct iovec)))
        return -EFAULT;
    const struct iovec *vector = (const struct iovec *)address;
    uint64_t total = 0;
    for (uint64_t i = 0; i < count; i++) {
        if ((int64_t)vector[i].iov_len < 0)
            return -EINVAL;
        if (!(write ? aw_user_fillable : aw_user_valid)(machine, (uint64_t)vector[i].iov_base,
                                                        vector[i].iov_len))
            return -EFAULT;
        total += vector[i].iov_len;
    }
    return total > INT_MAX ? -EINVAL : (int64_t)total;
}

/* Others may write to it while a call reads it. */
static bool is_of_others(const struct aw_machine *machine, uint64_t address, uint64_t length)
{
    return aw_is_shared(address) ||
           (machine->work.head.thread_count > 1 && aw_access_is_visible(machine, address, length));
}

enum aw_call_result aw_call_writev(struct aw_machine *machine, const uint64_t *args,
                                   uint64_t *result)
{
    int64_t total = vector_length(machine, args[1], args[2], false);
    if (total < 0)
        return aw_call_error(machine, result, lookup(machine, args[0]) ? (int)-total : EBADF,
                             "writev");
    const struct iovec *vector = (const struct iovec *)args[1];
    uint8_t *bytes = aw_scratch(machine, (uint32_t)total + 1), *place = bytes;
    for (uint64_t i = 0; i < args[2]; i++) {
        if (total > machine->settings.pipe_page_size &&
            is_of_others(machine, (uint64_t)vector[i].iov_base, vector[i].iov_len))
            return aw_stop_call(machine, AW_STOP_UNMODELLED,
                                "writev of more than PIPE_BUF bytes from memory that others write "
                                "to is not modelled: use write");
        if (vector[i].iov_len > 0)
            memcpy(place, vector[i].iov_base, vector[i].iov_len);
        place += vector[i].iov_len;
    }
    return write_bytes(machine, args[0], bytes, 0, (uint64_t)total, "writev", result);
}

enum aw_call_result aw_call_readv(struct aw_machine *machine, const uint64_t *args,
                                  uint64_t *result)
{
    int64_t total = vector_length(machine, args[1], args[2], true);
    if (total < 0)
        return aw_call_error(machine, result, lookup(machine, args[0]) ? (int)-total : EBADF,
                             "readv");
    uint64_t plain[3] = {args[0], args[1], 0};
    enum aw_call_result how = aw_call_read(machine, plain, result);
    if (how == AW_CALL_PARK) { /* the answer is spread over the vector: finish.c */
        machine->parked.argument = (uint64_t)total;
        machine->parked.extra = args[2];
        machine->parked.payload = aw_intern_put(&machine->payloads, (const void *)args[1],
                                                (uint32_t)(args[2] * sizeof(struct iovec)));
    }
    return how;
}

enum aw_call_result aw_call_close(struct aw_machine *machine, const uint64_t *args,
                                  uint64_t *result)
{
    const struct aw_fd *fd = lookup(machine, args[0]);
    if (fd == NULL && (settled(machine) || args[0] > INT_MAX))
        return aw_call_error(machine, result, EBADF, "close");
    if (others_print(machine, args[0]))
        return of_console(machine, "close", args[0]);
    aw_park(machine, AW_OP_CLOSE)->fd = (int32_t)args[0];
    return AW_CALL_PARK;
}

/* dup with a lowest (`exact` false) or a given number. */
static enum aw_call_result park_dup(struct aw_machine *machine, uint64_t from, uint64_t to,
                                    bool exact, bool close_on_exec, const char *call,
                                    uint64_t *result)
{
    bool there = lookup(machine, from) != NULL;
    if ((!there && (settled(machine) || from > INT_MAX)) || (exact && to >= DESCRIPTORS))
        return aw_call_error(machine, result, EBADF, call);
    if (to >= DESCRIPTORS)
        return aw_call_error(machine, result, EINVAL, call);
    if (exact && from == to && there && settled(machine)) {
        *result = to;
        return AW_CALL_RETURN;
    }
    if (exact && from != to && others_print(machine, to))
        return of_console(machine, call, to);
    struct aw_op *op = aw_park(machine, AW_OP_DUP);
    op->fd = (int32_t)from;
    op->argument = to;
    op->extra = exact | (uint64_t)close_on_exec << 1;
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_dup(struct aw_machine *machine, const uint64_t *args, uint64_t *result)
{
    return park_dup(machine, args[0], 0, false, false, "dup", result);
}

enum aw_call_result aw_call_dup2(struct aw_machine *machine, const uint64_t *args, uint64_t *result)
{
    return park_dup(machine, args[0], args[1], true, false, "dup2", result);
}

enum aw_call_result aw_call_dup3(struct aw_machine *machine, const uint64_t *args, uint64_t *result)
{
    if (args[0] == args[1] || ((int)args[2] & ~O_CLOEXEC) != 0)
        return aw_call_error(machine, result, EINVAL, "dup3");
    return park_dup(machine, args[0], args[1], true, (args[2] & O_CLOEXEC) != 0, "dup3", result);
}

enum aw_call_result aw_call_fcntl(struct aw_machine *machine, const uint64_t *args,
                                  uint64_t *result)
{
    const struct aw_fd *fd = lookup(machine, args[0]);
    if (fd == NULL && (settled(machine) || args[0] > INT_MAX))
        return aw_call_error(machine, result, EBADF, "fcntl");
    if (((int)args[1] == F_GETFD || (int)args[1] == F_SETFD) && !settled(machine)) {
        struct aw_op *op = aw_park(machine, AW_OP_FD_FLAGS);
        op->fd = (int32_t)args[0];
        op->argument = args[1];
        op->extra = args[2];
        return AW_CALL_PARK;
    }
    switch ((int)args[1]) {
    case F_GETFD:
        *result = fd->close_on_exec ? FD_CLOEXEC : 0;
        return AW_CALL_RETURN;
    case F_SETFD:
        aw_process_fd(&machine->work, (int)args[0])->close_on_exec = (args[2] & FD_CLOEXEC) != 0;
        return AW_CALL_RETURN;
    case F_DUPFD:
        return park_dup(machine, args[0], args[2], false, false, "fcntl", result);
    case F_DUPFD_CLOEXEC:
        return park_dup(machine, args[0], args[2], false, true, "fcntl", result);
    case F_GETFL:
    case F_SETFL:
    case F_GETPIPE_SZ:
    case F_SETPIPE_SZ:
        break;
    default:
        return aw_stop_call(machine, AW_STOP_UNMODELLED, "fcntl with command %d is not modelled",
                            (int)args[1]);
    }
    if (fd != NULL && aw_fd_is_memory(fd))
        return of_memory(machine, "fcntl with F_GETFL, F_SETFL, F_GETPIPE_SZ or F_SETPIPE_SZ");
    if ((int)args[1] == F_SETFL && ((int)args[2] & (O_DIRECT | O_ASYNC | O_APPEND)) != 0)
        return aw_stop_call(machine, AW_STOP_UNMODELLED,
                            "fcntl(F_SETFL) with flags other than O_NONBLOCK is not modelled");
    if (fd != NULL && fd->kind == AW_FD_CONSOLE) {
        if ((int)args[1] == F_GETPIPE_SZ || (int)args[1] == F_SETPIPE_SZ)
            return aw_call_error(machine, result, EBADF, "fcntl");
        *result = (int)args[1] == F_GETFL ? O_RDWR : 0;
        return AW_CALL_RETURN;
    }
    struct aw_op *op = aw_park(machine, AW_OP_PIPE_CONTROL);
    op->fd = (int32_t)args[0];
    op->argument = args[1];
    op->extra = args[2];
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_poll(struct aw_machine *machine, const uint64_t *args, uint64_t *result)
{
    uint64_t count = args[1];
    int timeout = (int)args[2];
    if (count > DESCRIPTORS)
        return aw_call_error(machine, result, EINVAL, "poll");
    if (count > AW_MAX_FDS)
        return aw_stop_call(machine, AW_STOP_LIMIT, "poll of more than %d descriptors", AW_MAX_FDS);
    if (!aw_user_valid(machine, args[0], count * sizeof(struct pollfd)) ||
        !aw_user_fillable(machine, args[0], count * sizeof(struct pollfd)))
        return aw_call_error(machine, result, EFAULT, "poll");
    struct pollfd set[AW_MAX_FDS];
    if (count > 0)
        memcpy(set, (const void *)args[0], count * sizeof *set);
    for (uint64_t i = 0; i < count; i++) {
        set[i].revents = 0;
        const struct aw_fd *fd = set[i].fd < 0 ? NULL : lookup(machine, (uint64_t)set[i].fd);
        if (fd != NULL && aw_fd_is_memory(fd))
            return of_memory(machine, "poll");
        if (fd != NULL && fd->kind == AW_FD_CONSOLE)
            return aw_stop_call(machine, AW_STOP_UNMODELLED,
                                "poll of the console (descriptor %d) is not modelled", set[i].fd);
    }
    struct aw_op *op = aw_park(machine, AW_OP_POLL);
    op->address = args[0];
    op->argument = count;
    op->payload = aw_intern_put(&machine->payloads, set, (uint32_t)(count * sizeof(struct pollfd)));
    if (timeout == 0) {
        op->flags = AW_OP_NONBLOCKING;
    } else if (timeout > 0) {
        op->deadline = timeout * (int64_t)1000000;
        op->flags = AW_OP_TIMED | AW_OP_RELATIVE;
        if (machine->settings.time == AW_TIME_VIRTUAL) {
            op->flags = AW_OP_TIMED;
            op->deadline += machine->now;
        }
    }
    return AW_CALL_PARK;
}
