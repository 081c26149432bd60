/* SPDX-License-Identifier: MIT */
/* fills.c - the memory of its process that a parked operation will read or fill in when it is answered. */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "machine/internal.h"
#include "machine/shared.h"

typedef bool test(const struct aw_machine *machine, const void *context, uint64_t address,
                  uint64_t size);

static bool of_vector(const struct aw_machine *machine, const struct aw_op *op, test *is,
                      const void *context)
{
    const struct iovec *vector = aw_intern_get(&machine->payloads, op->payload);
    for (uint64_t i = 0; i < op->extra; i++)
        if (vector[i].iov_len > 0 &&
            is(machine, context, (uint64_t)vector[i].iov_base, vector[i].iov_len))
            return true;
    return false;
}

/* Is it so of one of the places that the answer may fill in? */
static bool fills(const struct aw_machine *machine, const struct aw_op *op, test *is,
                  const void *context)
{
    uint64_t address = op->address, size = 0;
    switch (op->kind) {
    case AW_OP_READ:
        if (op->payload != AW_INTERN_NONE)
            return of_vector(machine, op, is, context);
        size = op->argument;
        break;
    case AW_OP_POLL:
        size = op->argument * sizeof(struct pollfd);
        break;
    case AW_OP_SEM_GETVALUE:
    case AW_OP_USEM_GETVALUE:
        address = op->extra;
        size = sizeof(int);
        break;
    case AW_OP_CREATE:
    case AW_OP_JOIN:
        size = sizeof(uint64_t);
        break;
    case AW_OP_WAIT:
        size = sizeof(int);
        break;
    case AW_OP_PIPE:
        size = 2 * sizeof(int);
        break;
    case AW_OP_CLOCK:
        size = op->extra == 2 ? sizeof(time_t) : sizeof(struct timespec);
        break;
    case AW_OP_SIGNAL:
        size = sizeof(struct sigaction);
        break;
    case AW_OP_FSTAT:
        size = sizeof(struct stat);
        break;
    default:
        return false;
    }
    return address != 0 && size > 0 && is(machine, context, address, size);
}

static bool is_visible(const struct aw_machine *machine, const void *context, uint64_t address,
                       uint64_t size)
{
    (void)context;
    return aw_access_is_visible(machine, address, size);
}

static bool is_shared(const struct aw_machine *machine, const void *context, uint64_t address,
                      uint64_t size)
{
    (void)machine;
    (void)context;
    (void)size;
    return aw_is_shared(address);
}

bool aw_op_reads(const struct aw_op *op, struct aw_range *range)
{
    if (op->kind != AW_OP_WRITE || op->address == 0)
        return false;
    *range =
        (struct aw_range){op->address + op->progress, op->argument - op->progress, AW_ACCESS_READ};
    return true;
}

bool aw_machine_fills_visible(const struct aw_machine *machine, const struct aw_op *op)
{
    struct aw_range range;
    return (machine->accesses.visible.page_count > 0 && fills(machine, op, is_visible, NULL)) ||
           (aw_op_reads(op, &range) &&
            (aw_access_is_visible(machine, range.address, range.size) ||
             aw_bytes_have(&machine->accesses.tracked, range.address, range.size)));
}

bool aw_machine_touches_mapping(const struct aw_machine *machine, const struct aw_op *op)
{
    struct aw_range range;
    return machine->has_shared && (fills(machine, op, is_shared, NULL) ||
                                   (aw_op_reads(op, &range) && aw_is_shared(range.address)));
}

struct in_state {
    const struct aw_state *state;
    const struct aw_local *local;
};

static bool is_beyond(const struct aw_machine *machine, const void *context, uint64_t address,
                      uint64_t size)
{
    const struct in_state *in = context;
    if (!aw_is_shared(address))
        return false;
    uint32_t handle = aw_shared_handle(address);
    const struct aw_fd *fd = NULL;
    for (uint32_t i = 0; i < in->local->fd_count; i++)
        if (aw_local_fds(in->local)[i].kind == AW_FD_MAPPING &&
            aw_local_fds(in->local)[i].handle == handle)
            fd = &aw_local_fds(in->local)[i];
    uint32_t position = aw_machine_position(aw_machine_layout(machine, in->state), handle);
    return fd == NULL || position == 0 ||
           address - aw_shared_address(handle) + size >
               aw_memory_size(machine, in->state->words[position]);
}

bool aw_op_fills_beyond(const struct aw_machine *machine, const struct aw_state *state,
                        const struct aw_local *local, const struct aw_op *op)
{
    struct in_state in = {state, local};
    return machine->has_shared && fills(machine, op, is_beyond, &in);
}
