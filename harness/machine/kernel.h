/* SPDX-License-Identifier: MIT */
/*
 * kernel.h - between the parts of the kernel: layout.c, objects.c, kernel*.c, step.c.
 */
#ifndef AW_MACHINE_KERNEL_H
#define AW_MACHINE_KERNEL_H

#include "machine/internal.h"

/* layout.c */
void aw_world_get(const struct aw_machine *machine, uint32_t id, struct aw_world *world);
int aw_layout_process_by_pid(const struct aw_layout *layout, uint32_t pid); /* index, or -1 */
/* The handle for a new object of `creator`: the lowest ordinal that it has free. */
uint32_t aw_layout_new_handle(struct aw_machine *machine, const struct aw_layout *layout,
                              uint32_t creator);
void aw_state_add_object(struct aw_machine *machine, struct aw_state *state, uint32_t handle,
                         enum aw_object_kind kind, uint32_t object);
/* Takes process `index` out of the state. */
void aw_state_remove_process(struct aw_machine *machine, struct aw_state *state, uint32_t index);
/* The pid of the next child of process `index`, or 0 when it has too many. */
uint32_t aw_state_next_pid(const struct aw_machine *machine, const struct aw_state *state,
                           uint32_t index);
/* Inserts a child of process `index` with that pid; returns its index. */
uint32_t aw_state_add_process(struct aw_machine *machine, struct aw_state *state, uint32_t index,
                              uint32_t pid, uint32_t local);
/* A process's descriptors changed from those of local state `before` to those of `after`
 * (AW_INTERN_NONE: it has none). Pipes that nobody can reach any more vanish. */
void aw_state_update_references(struct aw_machine *machine, struct aw_state *state, uint32_t before,
                                uint32_t after);

/* objects.c */
uint32_t aw_answer_plain(struct aw_machine *machine, int64_t result, int error, uint32_t detail,
                         uint32_t output);
uint32_t aw_answer_error(struct aw_machine *machine, int error);
uint32_t aw_answer_action(struct aw_machine *machine, enum aw_action action, uint32_t detail);
/* What an operation does to the object that it is on: worked out, the first time, and remembered.
 */
struct aw_object_move aw_object_move_new(struct aw_machine *machine, uint32_t object,
                                         const struct aw_op *op, const struct aw_thread_info *info);
static inline struct aw_object_move aw_object_move_of(struct aw_machine *machine, uint32_t object,
                                                      const struct aw_op *op,
                                                      struct aw_thread_info *info)
{
    if (info->last_move != 0 && info->last_object == object)
        return machine->moves[info->last_move - 1];
    uint32_t known = aw_map_get(&machine->move_map, object | (uint64_t)info->op_key << 32,
                                info->sigpipe_ignored);
    if (known == AW_MAP_NONE)
        return aw_object_move_new(machine, object, op, info);
    info->last_object = object;
    info->last_move = known + 1;
    return machine->moves[known];
}

/* kernel.c: what is asked about one parked thread, and the outcomes that were found so far. */
struct aw_question {
    struct aw_machine *machine;
    const struct aw_state *state;
    const struct aw_layout *layout;
    const struct aw_local *local;
    struct aw_thread_info *info;
    const struct aw_op *op;
    unsigned process, thread;
    int64_t now; /* part of every answer in virtual time */
    struct aw_outcome *outcomes;
    unsigned count;
};

struct aw_outcome *aw_question_add(struct aw_question *q, uint32_t answer);
/* Adds the expiry of a blocked operation's time-out, where it has one. */
void aw_question_expiry(struct aw_question *q, uint32_t answer);
/* The operation's name comes into being in `world`, for a new object: its handle. */
uint32_t aw_question_new_name(struct aw_question *q, struct aw_world *world);

/* kernel_shared.c */
void aw_question_access(struct aw_question *q); /* an access to a mapping */
void aw_question_mmap(struct aw_question *q);   /* of a descriptor */
void aw_question_wait(struct aw_question *q);   /* at a condition or barrier in a mapping */
/* `exists`: the object that has the name, or AW_INTERN_NONE. */
void aw_question_shm_open(struct aw_question *q, struct aw_world *world, uint32_t exists);

/* pipe_store.c: pipes as objects. */

/* The object that is this pipe (a flat value). */
uint32_t aw_pipe_put(struct aw_machine *machine, const struct aw_pipe *pipe);

/* The pipe as a flat value: the object itself, or `room` (for aw_pipe_flat_size bytes), filled in.
 */
const struct aw_pipe *aw_pipe_get(const struct aw_machine *machine, uint32_t object,
                                  struct aw_pipe *room);
uint32_t aw_pipe_flat_size(const struct aw_machine *machine, uint32_t object);

#endif
