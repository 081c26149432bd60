/* SPDX-License-Identifier: MIT */
/*
 * kernel_shared.c - outcomes of operations on memory that processes share (kernel.h).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>

#include "machine/kernel.h"
#include "machine/shared.h"
#include "machine/touch.h"

void aw_question_access(struct aw_question *q)
{
    uint32_t answers[2];
    unsigned count = aw_touch_answers(q->machine, q->state, q->process, q->thread, answers);
    for (unsigned i = 0; i < count; i++)
        aw_question_add(q, answers[i]);
}

void aw_question_mmap(struct aw_question *q)
{
    const struct aw_fd *fd = aw_local_fd(q->local, q->op->fd);
    if (fd == NULL) {
        aw_question_add(q, aw_answer_error(q->machine, EBADF));
        return;
    }
    bool mapped = false;
    for (uint32_t i = 0; i < q->local->fd_count; i++)
        mapped |= aw_local_fds(q->local)[i].kind == AW_FD_MAPPING &&
                  aw_local_fds(q->local)[i].handle == fd->handle;
    if (fd->kind == AW_FD_MEMORY_READ && !q->op->extra)
        aw_question_add(q, aw_answer_error(q->machine, EACCES));
    else if (!aw_fd_is_memory(fd) || mapped)
        aw_question_add(q, AW_INTERN_NONE)->stop = AW_STOP_UNMODELLED;
    else if (q->local->fd_count == AW_MAX_FDS)
        aw_question_add(q, AW_INTERN_NONE)->stop = AW_STOP_LIMIT;
    else
        aw_question_add(q, aw_answer_plain(q->machine, 0, 0, fd->handle, AW_INTERN_NONE));
}

void aw_question_shm_open(struct aw_question *q, struct aw_world *world, uint32_t exists)
{
    int flags = q->op->fd;
    bool found = exists != AW_INTERN_NONE;
    if (q->local->fd_count == AW_MAX_FDS) {
        aw_question_add(q, aw_answer_error(q->machine, EMFILE));
    } else if (found && (flags & O_CREAT) && (flags & O_EXCL)) {
        aw_question_add(q, aw_answer_error(q->machine, EEXIST));
    } else if (found) {
        struct aw_outcome *outcome =
            aw_question_add(q, aw_answer_plain(q->machine, 0, 0, exists, AW_INTERN_NONE));
        if ((flags & O_TRUNC) == 0)
            return;
        uint32_t position = aw_machine_position(q->layout, exists);
        outcome->effect = AW_EFFECT_OBJECT;
        outcome->position = (uint16_t)position;
        outcome->object = aw_memory_resize(q->machine, q->state->words[position], 0);
    } else if ((flags & O_CREAT) == 0) {
        aw_question_add(q, aw_answer_error(q->machine, ENOENT));
    } else if (q->layout->object_count == AW_MAX_OBJECTS || world->name_count == AW_MAX_NAMES) {
        aw_question_add(q, AW_INTERN_NONE)->stop = AW_STOP_LIMIT;
    } else {
        uint32_t handle = aw_question_new_name(q, world);
        struct aw_outcome *outcome =
            aw_question_add(q, aw_answer_plain(q->machine, 0, 0, handle, AW_INTERN_NONE));
        outcome->effect = AW_EFFECT_MEMORY;
        outcome->detail = handle;
        outcome->world = aw_world_put(q->machine, world);
        if (handle >= AW_SHARED_COUNT)
            outcome->stop = AW_STOP_LIMIT;
    }
}
