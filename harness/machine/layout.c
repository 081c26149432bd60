/* SPDX-License-Identifier: MIT */
/*
 * layout.c - layouts and worlds: which processes and kernel objects a state has, and in which
 * order.
 *
 * The references of processes to pipe ends are kept in the pipes, and are brought up to date by
 * comparing descriptor tables before and after a step.
 */
#include <string.h>

#include "machine/internal.h"
#include "machine/kernel.h"
#include "machine/layouts.h"

/* Layouts and worlds. */

uint32_t aw_layout_put(struct aw_machine *machine, const struct aw_layout *layout)
{
    struct aw_layout clean;
    memset(&clean, 0, sizeof clean);
    clean.process_count = layout->process_count;
    clean.object_count = layout->object_count;
    memcpy(clean.processes, layout->processes, layout->process_count * sizeof *layout->processes);
    memcpy(clean.objects, layout->objects, layout->object_count * sizeof *layout->objects);
    return aw_intern_put(&machine->layouts, &clean, sizeof clean);
}

uint32_t aw_world_put(struct aw_machine *machine, const struct aw_world *world)
{
    return aw_intern_put(
        &machine->worlds, world,
        (uint32_t)(offsetof(struct aw_world, names) + world->name_count * sizeof *world->names));
}

void aw_world_get(const struct aw_machine *machine, uint32_t id, struct aw_world *world)
{
    memcpy(world, aw_intern_get(&machine->worlds, id), aw_intern_size(&machine->worlds, id));
}

const struct aw_layout *aw_machine_layout_by_id(const struct aw_machine *machine, uint32_t id)
{
    return aw_intern_get(&machine->layouts, id);
}

uint32_t aw_machine_layout_id(struct aw_machine *machine, const struct aw_layout *layout)
{
    return aw_layout_put(machine, layout);
}

const struct aw_layout *aw_machine_layout(const struct aw_machine *machine,
                                          const struct aw_state *state)
{
    return aw_layout_of(machine, state);
}

const struct aw_world *aw_machine_world(const struct aw_machine *machine,
                                        const struct aw_state *state)
{
    return aw_intern_get(&machine->worlds, state->words[AW_WORD_WORLD]);
}

int aw_layout_process_by_pid(const struct aw_layout *layout, uint32_t pid)
{
    for (uint32_t i = 0; i < layout->process_count; i++)
        if (layout->processes[i].pid == pid)
            return (int)i;
    return -1;
}

/* The handle of `creator`'s object with `ordinal`. */
static uint32_t handle_put(struct aw_machine *machine, uint32_t creator, uint32_t ordinal)
{
    for (uint32_t i = 0; i < machine->handle_count; i++)
        if (machine->handles[i].creator == creator && machine->handles[i].ordinal == ordinal)
            return i;
    if (machine->handle_count == machine->handle_capacity) {
        machine->handle_capacity = machine->handle_capacity ? 2 * machine->handle_capacity : 32;
        machine->handles =
            aw_reallocate(machine->handles, machine->handle_capacity, sizeof *machine->handles);
    }
    machine->handles[machine->handle_count] = (struct aw_handle){creator, ordinal};
    return machine->handle_count++;
}

/* The handle for a new object of `creator`: the lowest ordinal that it has free. */
uint32_t aw_layout_new_handle(struct aw_machine *machine, const struct aw_layout *layout,
                              uint32_t creator)
{
    for (uint32_t ordinal = 0;; ordinal++) {
        uint32_t handle = handle_put(machine, creator, ordinal);
        if (aw_machine_position(layout, handle) == 0)
            return handle;
    }
}

static bool object_before(const struct aw_machine *machine, uint32_t one, uint32_t other)
{
    struct aw_handle a = machine->handles[one], b = machine->handles[other];
    return a.creator != b.creator ? a.creator < b.creator : a.ordinal < b.ordinal;
}

const char *aw_object_kind_name(enum aw_object_kind kind)
{
    static const char *const names[AW_OBJECT_KINDS] = {[AW_OBJECT_NONE] = "nothing",
#define X(name, text) [name] = text,
                                                       AW_OBJECTS(X)
#undef X
    };
    return names[kind];
}

/* Inserts a word at `position`. */
static void insert_word(struct aw_state *state, uint32_t position, uint32_t word)
{
    AW_CHECK(state->count < AW_STATE_WORDS);
    memmove(&state->words[position + 1], &state->words[position],
            (state->count - position) * sizeof *state->words);
    state->words[position] = word;
    state->count++;
}

static void remove_word(struct aw_state *state, uint32_t position)
{
    state->count--;
    memmove(&state->words[position], &state->words[position + 1],
            (state->count - position) * sizeof *state->words);
}

void aw_state_add_object(struct aw_machine *machine, struct aw_state *state, uint32_t handle,
                         enum aw_object_kind kind, uint32_t object)
{
    struct aw_layout layout = *aw_machine_layout(machine, state);
    uint32_t i = 0;
    while (i < layout.object_count && object_before(machine, layout.objects[i].handle, handle))
        i++;
    memmove(&layout.objects[i + 1], &layout.objects[i],
            (layout.object_count - i) * sizeof *layout.objects);
    layout.objects[i] = (struct aw_layout_object){handle, kind};
    layout.object_count++;
    insert_word(state, AW_WORD_FIRST + layout.process_count + i, object);
    state->words[AW_WORD_LAYOUT] = aw_layout_put(machine, &layout);
}

static void remove_object(struct aw_machine *machine, struct aw_state *state, uint32_t position)
{
    struct aw_layout layout = *aw_machine_layout(machine, state);
    uint32_t i = position - AW_WORD_FIRST - layout.process_count;
    layout.object_count--;
    memmove(&layout.objects[i], &layout.objects[i + 1],
            (layout.object_count - i) * sizeof *layout.objects);
    remove_word(state, position);
    state->words[AW_WORD_LAYOUT] = aw_layout_put(machine, &layout);
}

/* Changes of layouts that repeat: (layout, process index, which) -> layout. */
static uint32_t layout_move(const struct aw_machine *machine, uint32_t layout, uint32_t which,
                            uint32_t argument)
{
    return aw_map_get(&machine->layout_map, layout | (uint64_t)which << 32, argument);
}

static void layout_moved(struct aw_machine *machine, uint32_t layout, uint32_t which,
                         uint32_t argument, uint32_t to)
{
    aw_map_put(&machine->layout_map, layout | (uint64_t)which << 32, argument, to);
}

enum { LAYOUT_REMOVE = 1, LAYOUT_ADD };

/* Takes process `index` out of the state. */
void aw_state_remove_process(struct aw_machine *machine, struct aw_state *state, uint32_t index)
{
    uint32_t before = state->words[AW_WORD_LAYOUT];
    uint32_t after = layout_move(machine, before, LAYOUT_REMOVE, index);
    if (after == AW_MAP_NONE) {
        struct aw_layout layout = *aw_machine_layout(machine, state);
        layout.process_count--;
        memmove(&layout.processes[index], &layout.processes[index + 1],
                (layout.process_count - index) * sizeof *layout.processes);
        after = aw_layout_put(machine, &layout);
        layout_moved(machine, before, LAYOUT_REMOVE, index, after);
    }
    state->words[AW_WORD_LAYOUT] = after;
    remove_word(state, AW_WORD_FIRST + index);
}

/* The pid of the next child of process `index`, or 0 when it has too many. Where pids are seen by
 * the program, they are not used again before they have to be, as on Linux. */
uint32_t aw_state_next_pid(const struct aw_machine *machine, const struct aw_state *state,
                           uint32_t index)
{
    const struct aw_layout *layout = aw_machine_layout(machine, state);
    uint32_t parent = layout->processes[index].pid;
    if (parent > UINT32_MAX / 128 || layout->process_count == AW_MAX_PROCESSES)
        return 0;
    uint32_t forks = aw_local_get(machine, state->words[AW_WORD_FIRST + index])->forks;
    if (!machine->symmetry && forks < 63 &&
        aw_layout_process_by_pid(layout, parent * 64 + forks + 1) < 0)
        return parent * 64 + forks + 1;
    for (uint32_t k = 1; k < 64; k++)
        if (aw_layout_process_by_pid(layout, parent * 64 + k) < 0)
            return parent * 64 + k;
    return 0;
}

/* Inserts a child of process `index` with that pid; returns its index. */
uint32_t aw_state_add_process(struct aw_machine *machine, struct aw_state *state, uint32_t index,
                              uint32_t pid, uint32_t local)
{
    uint32_t before = state->words[AW_WORD_LAYOUT];
    const struct aw_layout *old = aw_machine_layout(machine, state);
    uint32_t place = 0;
    while (place < old->process_count && old->processes[place].pid < pid)
        place++;
    uint32_t after = layout_move(machine, before, LAYOUT_ADD, pid);
    if (after == AW_MAP_NONE) {
        struct aw_layout layout = *old;
        memmove(&layout.processes[place + 1], &layout.processes[place],
                (layout.process_count - place) * sizeof *layout.processes);
        layout.processes[place] = (struct aw_layout_process){pid, layout.processes[index].pid};
        layout.process_count++;
        after = aw_layout_put(machine, &layout);
        layout_moved(machine, before, LAYOUT_ADD, pid, after);
    }
    state->words[AW_WORD_LAYOUT] = after;
    insert_word(state, AW_WORD_FIRST + place, local);
    return place;
}

/* References to pipe ends. */

/* The pipe `object` with `readers` and `writers` more of them. */
static uint32_t with_references(struct aw_machine *machine, uint32_t object, int readers,
                                int writers)
{
    uint32_t change = (uint32_t)(readers + 4096) << 16 | (uint32_t)(writers + 4096);
    uint32_t known = aw_map_get(&machine->reference_map, object, change);
    if (known != AW_MAP_NONE)
        return known;
    uint32_t size = aw_intern_size(&machine->objects, object);
    struct aw_pipe *pipe = (struct aw_pipe *)aw_scratch(machine, size);
    memcpy(pipe, aw_intern_get(&machine->objects, object), size);
    pipe->readers = (uint16_t)(pipe->readers + readers);
    pipe->writers = (uint16_t)(pipe->writers + writers);
    uint32_t result = aw_intern_put(&machine->objects, pipe, size);
    aw_map_put(&machine->reference_map, object, change, result);
    return result;
}

/* Adds `sign` times the references of `local` to the pipes of `state`. */
static void count_references(const struct aw_layout *layout, const struct aw_local *local, int sign,
                             int (*changes)[2])
{
    const struct aw_fd *fds = aw_local_fds(local);
    for (uint32_t i = 0; i < local->fd_count; i++) {
        if (!aw_fd_is_pipe(&fds[i]))
            continue;
        uint32_t position = aw_machine_position(layout, fds[i].handle);
        AW_CHECK(position != 0);
        changes[position - AW_WORD_FIRST - layout->process_count]
               [fds[i].kind == AW_FD_PIPE_WRITE] += sign;
    }
}

/* A process's descriptors changed from those of `before` to those of `after` (AW_INTERN_NONE: it
 * has none). Pipes that nobody can reach any more vanish. */
void aw_state_update_references(struct aw_machine *machine, struct aw_state *state, uint32_t before,
                                uint32_t after)
{
    const struct aw_layout *layout = aw_machine_layout(machine, state);
    int changes[AW_MAX_OBJECTS][2];
    memset(changes, 0, layout->object_count * sizeof *changes);
    if (before != AW_INTERN_NONE)
        count_references(layout, aw_local_get(machine, before), -1, changes);
    if (after != AW_INTERN_NONE)
        count_references(layout, aw_local_get(machine, after), 1, changes);
    uint32_t objects = layout->object_count, first = AW_WORD_FIRST + layout->process_count;
    for (uint32_t i = objects; i-- > 0;) {
        if (changes[i][0] == 0 && changes[i][1] == 0)
            continue;
        uint32_t object =
            with_references(machine, state->words[first + i], changes[i][0], changes[i][1]);
        state->words[first + i] = object;
        const struct aw_pipe *pipe = aw_intern_get(&machine->objects, object);
        if (pipe->readers == 0 && pipe->writers == 0)
            remove_object(machine, state, first + i);
    }
}
