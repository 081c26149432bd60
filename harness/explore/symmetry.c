/* SPDX-License-Identifier: MIT */
#include "explore/symmetry.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/intern.h"
#include "base/memory.h"
#include "machine/layouts.h"

void aw_symmetry_init(struct aw_symmetry *symmetry, struct aw_machine *machine, bool on)
{
    memset(symmetry, 0, sizeof *symmetry);
    symmetry->machine = machine;
    symmetry->on = on;
}

void aw_symmetry_deinit(struct aw_symmetry *symmetry)
{
    for (uint32_t i = 0; i < symmetry->capacity; i++)
        free(symmetry->layouts[i]);
    free(symmetry->layouts);
    memset(symmetry, 0, sizeof *symmetry);
}

static bool is_interchangeable(const struct aw_machine *machine, const struct aw_layout *layout,
                               uint32_t index)
{
    uint32_t pid = layout->processes[index].pid;
    if (pid == AW_ROOT_PID || layout->processes[index].parent != pid / 64)
        return false;
    for (uint32_t i = 0; i < layout->process_count; i++)
        if (layout->processes[i].parent == pid || layout->processes[i].pid / 64 == pid)
            return false;
    for (uint32_t i = 0; i < layout->object_count; i++)
        if (aw_machine_handle(machine, layout->objects[i].handle).creator == pid)
            return false;
    return true;
}

static bool pid_taken(const struct aw_layout *layout, const bool *movable, uint32_t pid)
{
    for (uint32_t i = 0; i < layout->process_count; i++)
        if (!movable[i] && layout->processes[i].pid == pid)
            return true;
    return false;
}

static struct aw_symmetry_layout *analyse(struct aw_symmetry *symmetry, uint32_t id)
{
    struct aw_machine *machine = symmetry->machine;
    struct aw_layout layout = *aw_machine_layout_by_id(machine, id);
    struct aw_symmetry_layout *result = aw_allocate(1, sizeof *result);
    uint32_t count = layout.process_count;
    bool movable[AW_MAX_PROCESSES];
    uint32_t pids[AW_MAX_PROCESSES];
    for (uint32_t i = 0; i < count; i++)
        movable[i] = is_interchangeable(machine, &layout, i);
    for (uint32_t i = 0; i < count; i++) {
        pids[i] = layout.processes[i].pid;
        if (!movable[i])
            continue;
        /* The lowest ordinal that no unmovable sibling and no movable one before has. */
        uint32_t parent = layout.processes[i].parent, pid = parent * 64 + 1;
        for (uint32_t j = 0; j < i; j++)
            if (movable[j] && layout.processes[j].parent == parent && pids[j] >= pid)
                pid = pids[j] + 1;
        while (pid_taken(&layout, movable, pid))
            pid++;
        pids[i] = pid;
    }
    struct aw_layout canonical = layout;
    for (uint32_t i = 0; i < count; i++)
        result->from[i] = (uint8_t)i;
    for (uint32_t i = 1; i < count; i++) /* insertion sort by new pid */
        for (uint32_t j = i; j > 0 && pids[result->from[j]] < pids[result->from[j - 1]]; j--) {
            uint8_t swap = result->from[j];
            result->from[j] = result->from[j - 1];
            result->from[j - 1] = swap;
        }
    for (uint32_t i = 0; i < count; i++) {
        canonical.processes[i].pid = pids[result->from[i]];
        canonical.processes[i].parent = layout.processes[result->from[i]].parent;
        result->renumber |= result->from[i] != i;
    }
    result->canonical = aw_machine_layout_id(machine, &canonical);
    result->renumber |= result->canonical != id;

    for (uint32_t i = 0; i < count; i++) {
        if (!movable[result->from[i]])
            continue;
        bool first = true;
        for (uint32_t g = 0; g < result->place_count; g++)
            first &= canonical.processes[result->places[g]].parent != canonical.processes[i].parent;
        if (!first)
            continue;
        struct aw_symmetry_group *group = &result->groups[result->group_count];
        group->first = result->place_count;
        group->count = 0;
        for (uint32_t j = i; j < count; j++)
            if (movable[result->from[j]] &&
                canonical.processes[j].parent == canonical.processes[i].parent) {
                result->places[result->place_count++] = (uint8_t)j;
                group->count++;
            }
        result->group_count++;
    }
    result->known = 1;
    return result;
}

static const struct aw_symmetry_layout *layout_of(struct aw_symmetry *symmetry, uint32_t id)
{
    if (id >= symmetry->capacity) {
        uint32_t old = symmetry->capacity;
        symmetry->capacity = 2 * id + 64;
        symmetry->layouts =
            aw_reallocate(symmetry->layouts, symmetry->capacity, sizeof *symmetry->layouts);
        memset(symmetry->layouts + old, 0, (symmetry->capacity - old) * sizeof *symmetry->layouts);
    }
    if (symmetry->layouts[id] == NULL) {
        struct aw_symmetry_layout *layout = analyse(symmetry, id);
        symmetry->layouts[id] = layout;
    }
    return symmetry->layouts[id];
}

void aw_symmetry_canonical(struct aw_symmetry *symmetry, struct aw_state *state, uint32_t *track)
{
    if (!symmetry->on)
        return;
    const struct aw_symmetry_layout *layout = layout_of(symmetry, state->words[AW_WORD_LAYOUT]);
    uint32_t *locals = state->words + AW_WORD_FIRST;
    uint32_t tracked = track == NULL ? AW_INTERN_NONE : *track, local = 0;
    if (tracked != AW_INTERN_NONE)
        local = locals[tracked];
    if (layout->renumber) {
        uint32_t count = aw_machine_layout(symmetry->machine, state)->process_count;
        uint32_t old[AW_MAX_PROCESSES], from = tracked;
        memcpy(old, locals, count * sizeof *old);
        for (uint32_t i = 0; i < count; i++) {
            locals[i] = old[layout->from[i]];
            if (layout->from[i] == from)
                tracked = i;
        }
        state->words[AW_WORD_LAYOUT] = layout->canonical;
        layout = layout_of(symmetry, layout->canonical);
        AW_CHECK(!layout->renumber);
    }
    for (uint32_t g = 0; g < layout->group_count; g++) {
        const uint8_t *places = layout->places + layout->groups[g].first;
        uint32_t count = layout->groups[g].count;
        bool holds_tracked = false;
        for (uint32_t i = 0; i < count; i++)
            holds_tracked |= places[i] == tracked;
        for (uint32_t i = 1; i < count; i++) { /* nearly sorted: insertion */
            uint32_t id = locals[places[i]], j = i;
            for (; j > 0 && locals[places[j - 1]] > id; j--)
                locals[places[j]] = locals[places[j - 1]];
            locals[places[j]] = id;
        }
        if (holds_tracked)
            for (uint32_t i = count; i-- > 0;)
                if (locals[places[i]] == local)
                    tracked = places[i];
    }
    if (track != NULL)
        *track = tracked;
}

bool aw_symmetry_repeats(struct aw_symmetry *symmetry, const struct aw_state *state, uint32_t index)
{
    if (!symmetry->on || index == 0)
        return false;
    const struct aw_symmetry_layout *layout = layout_of(symmetry, state->words[AW_WORD_LAYOUT]);
    for (uint32_t g = 0; g < layout->group_count; g++) {
        const uint8_t *places = layout->places + layout->groups[g].first;
        for (uint32_t i = 1; i < layout->groups[g].count; i++)
            if (places[i] == index)
                return state->words[AW_WORD_FIRST + index] ==
                       state->words[AW_WORD_FIRST + places[i - 1]];
    }
    return false;
}
