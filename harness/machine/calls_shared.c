/* SPDX-License-Identifier: MIT */
/*
 * calls_shared.c - mappings that processes share, and how the objects in them are initialised. What can
 * be done with those: shared.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "machine/calls.h"
#include "machine/shared.h"

enum aw_call_result aw_call_mmap(struct aw_machine *machine, const uint64_t *args, uint64_t *result)
{
    enum { KNOWN = MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE | MAP_POPULATE };
    uint64_t length = args[1], flags = args[3];
    if ((flags & (MAP_SHARED | MAP_ANONYMOUS)) != (MAP_SHARED | MAP_ANONYMOUS) ||
        (flags & ~(uint64_t)KNOWN) != 0 || args[0] != 0 || args[2] != (PROT_READ | PROT_WRITE))
        return aw_stop_call(machine, AW_STOP_UNMODELLED,
                            "mmap other than MAP_SHARED | MAP_ANONYMOUS to read and write is not "
                            "modelled; for private memory use malloc");
    if (length > AW_SHARED_STRIDE)
        return aw_stop_call(machine, AW_STOP_LIMIT, "a mapping of more than %llu MiB",
                            (unsigned long long)(AW_SHARED_STRIDE >> 20));
    if (length == 0) {
        aw_call_error(machine, result, EINVAL, "mmap");
        return AW_CALL_RETURN; /* -1 is MAP_FAILED */
    }
    aw_park(machine, AW_OP_MMAP)->argument = (length + AW_PAGE - 1) / AW_PAGE;
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_munmap(struct aw_machine *machine, const uint64_t *args,
                                   uint64_t *result)
{
    struct aw_process *work = &machine->work;
    uint64_t length = (args[1] + AW_PAGE - 1) / AW_PAGE * AW_PAGE;
    (void)result;
    if (work->head.thread_count == 1)
        for (int i = 0; i < work->head.fd_count; i++)
            if (work->fds[i].kind == AW_FD_MAPPING && work->fds[i].length == length &&
                aw_shared_address(work->fds[i].handle) == args[0]) {
                work->head.fd_count--;
                memmove(&work->fds[i], &work->fds[i + 1],
                        (size_t)(work->head.fd_count - i) * sizeof *work->fds);
                return AW_CALL_RETURN;
            }
    return aw_stop_call(machine, AW_STOP_UNMODELLED,
                        "munmap other than of a whole shared mapping, in a process with one "
                        "thread, is not modelled");
}

/* int __aw_put(void *object, const void *bytes, size_t size, int unless_locked) */
enum aw_call_result aw_call_put(struct aw_machine *machine, const uint64_t *args, uint64_t *result)
{
    (void)result;
    if (!aw_user_valid(machine, args[1], args[2]))
        return aw_stop_call(machine, AW_STOP_UNMODELLED, "__aw_put is the runtime's");
    if (!aw_shared_is_mapped(&machine->work, args[0], args[2], true))
        return aw_stop_call(machine, AW_STOP_UNMODELLED,
                            "initialising an object in a mapping that the process does not have");
    struct aw_op *op = aw_park(machine, AW_OP_SHARED_PUT);
    op->flags = AW_OP_SHARED;
    op->address = args[0];
    op->argument = args[3] != 0;
    op->payload = aw_intern_put(&machine->payloads, (const void *)args[1], (uint32_t)args[2]);
    return AW_CALL_PARK;
}
