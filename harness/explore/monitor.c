/* SPDX-License-Identifier: MIT */
#include "explore/monitor.h"

#include <allways/probe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "explore/verdict.h"

enum { MAX_PRODUCERS = 16, ITEM_WORDS = AW_ITEM_MAX / 64 };

/* Interned form: struct value, then for each producer a struct items and 2 * words bit words: put,
 * then got. */
struct value {
    uint32_t announced, ended;
    uint32_t puts, gots;
    uint32_t producers;
    uint32_t bad; /* 1: got or put twice */
};

struct items {
    uint32_t producer;
    uint32_t words;
};

struct producer {
    struct items head;
    uint64_t put[ITEM_WORDS], got[ITEM_WORDS];
};

struct working {
    struct value value;
    struct producer producers[MAX_PRODUCERS];
};

void aw_monitor_init(struct aw_monitor *monitor, struct aw_machine *machine, unsigned properties)
{
    memset(monitor, 0, sizeof *monitor);
    monitor->machine = machine;
    monitor->properties = properties;
    aw_intern_init(&monitor->values);
    aw_map_init(&monitor->memo);
}

void aw_monitor_deinit(struct aw_monitor *monitor)
{
    aw_intern_deinit(&monitor->values);
    aw_map_deinit(&monitor->memo);
    free(monitor->moves);
}

uint32_t aw_monitor_first(struct aw_monitor *monitor)
{
    struct value nothing = {0};
    return aw_intern_put(&monitor->values, &nothing, sizeof nothing);
}

static void unpack(const struct aw_monitor *monitor, uint32_t id, struct working *w)
{
    const uint8_t *place = aw_intern_get(&monitor->values, id);
    memcpy(&w->value, place, sizeof w->value);
    place += sizeof w->value;
    for (uint32_t i = 0; i < w->value.producers; i++) {
        struct producer *p = &w->producers[i];
        memcpy(&p->head, place, sizeof p->head);
        place += sizeof p->head;
        memset(p->put, 0, sizeof p->put);
        memset(p->got, 0, sizeof p->got);
        memcpy(p->put, place, p->head.words * sizeof *p->put);
        place += p->head.words * sizeof *p->put;
        memcpy(p->got, place, p->head.words * sizeof *p->got);
        place += p->head.words * sizeof *p->got;
    }
}

static uint32_t pack(struct aw_monitor *monitor, const struct working *w)
{
    uint8_t buffer[sizeof *w];
    uint8_t *place = buffer;
    memcpy(place, &w->value, sizeof w->value);
    place += sizeof w->value;
    for (uint32_t i = 0; i < w->value.producers; i++) {
        const struct producer *p = &w->producers[i];
        memcpy(place, &p->head, sizeof p->head);
        place += sizeof p->head;
        memcpy(place, p->put, p->head.words * sizeof *p->put);
        place += p->head.words * sizeof *p->put;
        memcpy(place, p->got, p->head.words * sizeof *p->got);
        place += p->head.words * sizeof *p->got;
    }
    return aw_intern_put(&monitor->values, buffer, (uint32_t)(place - buffer));
}

static bool cares(const struct aw_monitor *monitor, enum aw_property property)
{
    return (monitor->properties & AW_PROPERTY_BIT(property)) != 0;
}

/* The numbers of `producer`, with room for `number`; kept sorted by producer. NULL when there are
 * more producers or higher numbers than are told apart: such items are only counted, and what is
 * said of single items stays undecided. */
static struct producer *items_of(struct aw_monitor *monitor, struct working *w, uint64_t producer,
                                 uint64_t number)
{
    if (number > AW_ITEM_MAX || producer > UINT32_MAX)
        monitor->beyond = true;
    if (number == 0 || number > AW_ITEM_MAX || producer > UINT32_MAX)
        return NULL;
    uint32_t i = 0;
    while (i < w->value.producers && w->producers[i].head.producer < producer)
        i++;
    if (i == w->value.producers || w->producers[i].head.producer != producer) {
        if (w->value.producers == MAX_PRODUCERS) {
            monitor->beyond = true;
            return NULL;
        }
        memmove(&w->producers[i + 1], &w->producers[i],
                (w->value.producers - i) * sizeof *w->producers);
        memset(&w->producers[i], 0, sizeof w->producers[i]);
        w->producers[i].head.producer = (uint32_t)producer;
        w->value.producers++;
    }
    uint32_t words = (uint32_t)((number + 63) / 64);
    if (w->producers[i].head.words < words)
        w->producers[i].head.words = words;
    return &w->producers[i];
}

static bool bit(const uint64_t *words, uint64_t number)
{
    return (words[(number - 1) / 64] >> ((number - 1) % 64) & 1) != 0;
}

static void set_bit(uint64_t *words, uint64_t number)
{
    words[(number - 1) / 64] |= (uint64_t)1 << ((number - 1) % 64);
}

/* The highest number below `limit` that is not got; 0 = none. */
static uint32_t outstanding_below(const struct producer *p, uint64_t limit)
{
    for (uint64_t n = limit; n-- > 1;)
        if (!bit(p->got, n))
            return (uint32_t)n;
    return 0;
}

/* Sets the threshold of process `index` for a producer (0 removes it). */
static void set_threshold(struct aw_monitor *monitor, struct aw_state *next, uint32_t index,
                          uint32_t producer, uint32_t threshold)
{
    uint32_t *word = &next->words[AW_WORD_FIRST + index];
    const struct aw_local *local = aw_machine_local(monitor->machine, *word);
    struct aw_fifo_monitor entries[AW_MAX_MONITORS + 1];
    uint32_t count = 0;
    bool done = threshold == 0;
    for (uint32_t i = 0; i < local->monitor_count; i++) {
        struct aw_fifo_monitor entry = aw_local_monitors(local)[i];
        if (entry.producer == producer)
            continue;
        if (!done && entry.producer > producer) {
            entries[count++] = (struct aw_fifo_monitor){producer, threshold};
            done = true;
        }
        entries[count++] = entry;
    }
    if (!done)
        entries[count++] = (struct aw_fifo_monitor){producer, threshold};
    if (count <= AW_MAX_MONITORS)
        *word = aw_machine_with_monitors(monitor->machine, *word, entries, count);
}

static uint32_t threshold_of(const struct aw_monitor *monitor, const struct aw_state *state,
                             uint32_t index, uint32_t producer)
{
    const struct aw_local *local =
        aw_machine_local(monitor->machine, state->words[AW_WORD_FIRST + index]);
    for (uint32_t i = 0; i < local->monitor_count; i++)
        if (aw_local_monitors(local)[i].producer == producer)
            return aw_local_monitors(local)[i].threshold;
    return 0;
}

/* An item was got by process `index` (in `next`). */
static unsigned got(struct aw_monitor *monitor, struct working *w, struct aw_state *next,
                    uint32_t index, uint64_t producer, uint64_t number)
{
    unsigned violated = 0;
    w->value.gots++;
    struct producer *p = items_of(monitor, w, producer, number);
    if (p == NULL)
        return 0;
    monitor->exercised |= AW_PROPERTY_BIT(AW_FIFO);
    bool again = bit(p->got, number);
    if (again) {
        w->value.bad = 1;
        violated |= AW_PROPERTY_BIT(AW_EXACTLY_ONCE);
    }
    set_bit(p->got, number);
    if (!cares(monitor, AW_FIFO) || index == AW_INTERN_NONE)
        return violated;
    uint32_t threshold = threshold_of(monitor, next, index, (uint32_t)producer);
    if (again || number <= threshold)
        violated |= AW_PROPERTY_BIT(AW_FIFO);
    uint32_t limit = (uint32_t)number > threshold ? (uint32_t)number : threshold + 1;
    uint32_t mine = outstanding_below(p, limit);
    if (mine != threshold)
        set_threshold(monitor, next, index, (uint32_t)producer, mine);
    if (mine != 0)
        monitor->fifo_active = true;
    if (monitor->fifo_active) { /* what others wait for may have arrived */
        uint32_t count = aw_machine_layout(monitor->machine, next)->process_count;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t old = threshold_of(monitor, next, i, (uint32_t)producer);
            uint32_t now = old == 0 ? 0 : outstanding_below(p, old + 1);
            if (now != old)
                set_threshold(monitor, next, i, (uint32_t)producer, now);
        }
    }
    return violated;
}

static unsigned events(struct aw_monitor *monitor, struct working *w, struct aw_state *next,
                       uint32_t index, uint32_t id)
{
    uint32_t count;
    const struct aw_event *list = aw_machine_events(monitor->machine, id, &count);
    unsigned violated = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (list[i].kind != AW_EVENT_PROBE)
            continue;
        struct producer *p;
        switch (list[i].what) {
        case AW_PROBE_WORKERS:
            monitor->announced = true;
            if (w->value.announced > 0)
                monitor->order_matters = true;
            w->value.announced += (uint32_t)list[i].a;
            break;
        case AW_PROBE_PUT:
            w->value.puts++;
            p = items_of(monitor, w, list[i].a, list[i].b);
            if (p != NULL) {
                monitor->exercised |= AW_PROPERTY_BIT(AW_EXACTLY_ONCE);
                if (bit(p->put, list[i].b))
                    w->value.bad = 1;
                set_bit(p->put, list[i].b);
            }
            break;
        case AW_PROBE_GOT:
            if (index != AW_INTERN_NONE &&
                !aw_machine_local(monitor->machine, next->words[AW_WORD_FIRST + index])->worker)
                monitor->got_by_others = true;
            violated |= got(monitor, w, next, index, list[i].a, list[i].b);
            break;
        default:
            break;
        }
    }
    return violated;
}

/* Judged once everybody who would get items is gone. */
static unsigned judge_lost(struct aw_monitor *monitor, const struct working *w)
{
    unsigned violated = 0;
    if (w->value.puts > 0)
        monitor->exercised |= AW_PROPERTY_BIT(AW_DRAINED);
    if (w->value.puts > w->value.gots)
        violated |= AW_PROPERTY_BIT(AW_DRAINED);
    for (uint32_t i = 0; i < w->value.producers; i++)
        for (uint32_t word = 0; word < w->producers[i].head.words; word++)
            if (w->producers[i].put[word] & ~w->producers[i].got[word])
                violated |= AW_PROPERTY_BIT(AW_EXACTLY_ONCE);
    return violated;
}

static unsigned judge(struct aw_monitor *monitor, const struct working *w)
{
    unsigned violated = w->value.bad ? AW_PROPERTY_BIT(AW_EXACTLY_ONCE) : 0;
    if (w->value.announced > 0 && w->value.ended >= w->value.announced)
        violated |= judge_lost(monitor, w);
    return violated;
}

/* So many workers have ended as were announced: are there more? */
static void look_for_workers(struct aw_monitor *monitor, const struct aw_state *state)
{
    if (monitor->announced && monitor->got_by_others)
        monitor->order_matters = true;
    const struct value *value = aw_intern_get(&monitor->values, state->words[AW_WORD_MONITOR]);
    if (value->announced == 0 || value->ended < value->announced)
        return;
    bool more = value->ended > value->announced;
    const struct aw_layout *layout = aw_machine_layout(monitor->machine, state);
    for (uint32_t p = 0; p < layout->process_count && !more; p++)
        more = aw_machine_local(monitor->machine, state->words[AW_WORD_FIRST + p])->worker;
    if (more)
        monitor->order_matters = true;
}

static bool got_what_was_never_put(const struct working *w)
{
    for (uint32_t i = 0; i < w->value.producers; i++)
        for (uint32_t word = 0; word < w->producers[i].head.words; word++)
            if (w->producers[i].got[word] & ~w->producers[i].put[word])
                return true;
    return false;
}

static bool has_monitor(const struct aw_monitor *monitor)
{
    return (monitor->properties & (AW_PROPERTY_BIT(AW_DRAINED) | AW_PROPERTY_BIT(AW_EXACTLY_ONCE) |
                                   AW_PROPERTY_BIT(AW_FIFO))) != 0;
}

static bool any_item(const struct aw_monitor *monitor, uint32_t id)
{
    uint32_t count;
    const struct aw_event *list = aw_machine_events(monitor->machine, id, &count);
    for (uint32_t i = 0; i < count; i++)
        if (list[i].kind == AW_EVENT_PROBE &&
            (list[i].what == AW_PROBE_PUT || list[i].what == AW_PROBE_GOT))
            return true;
    return false;
}

/* Nothing is judged of items: are there any? */
static void look_for_items(struct aw_monitor *monitor, const struct aw_step *step)
{
    if (monitor->items || step->edge == AW_INTERN_NONE)
        return;
    const struct aw_edge edge = *aw_machine_edge(monitor->machine, step->edge);
    monitor->items = any_item(monitor, edge.events) || any_item(monitor, edge.child_events);
}

unsigned aw_monitor_step(struct aw_monitor *monitor, struct aw_state *next,
                         const struct aw_step *step)
{
    if ((step->flags & AW_EDGE_PROBE) == 0 && step->ended_workers == 0)
        return 0;
    look_for_items(monitor, step);
    if (!has_monitor(monitor))
        return 0;
    uint32_t from = next->words[AW_WORD_MONITOR];
    uint32_t more = step->edge == AW_INTERN_NONE ? 0 : step->edge + 1;
    uint64_t key = from | (uint64_t)step->ended_workers << 32;
    bool remembered = !monitor->fifo_active && aw_machine_learns(monitor->machine);
    if (remembered) {
        uint32_t known = aw_map_get(&monitor->memo, key, more);
        if (known != AW_MAP_NONE) {
            next->words[AW_WORD_MONITOR] = monitor->moves[known].monitor;
            look_for_workers(monitor, next);
            return monitor->moves[known].violated & monitor->properties;
        }
    }
    struct working w;
    unpack(monitor, from, &w);
    unsigned violated = 0;
    if (step->edge != AW_INTERN_NONE) {
        const struct aw_edge edge = *aw_machine_edge(monitor->machine, step->edge);
        violated |= events(monitor, &w, next, step->self_index, edge.events);
        violated |= events(monitor, &w, next, step->child_index, edge.child_events);
    }
    w.value.ended += step->ended_workers;
    violated |= judge(monitor, &w);
    uint32_t to = pack(monitor, &w);
    next->words[AW_WORD_MONITOR] = to;
    look_for_workers(monitor, next);
    if (remembered && !monitor->fifo_active) {
        if (monitor->move_count == monitor->move_capacity) {
            monitor->move_capacity = monitor->move_capacity ? 2 * monitor->move_capacity : 256;
            monitor->moves =
                aw_reallocate(monitor->moves, monitor->move_capacity, sizeof *monitor->moves);
        }
        monitor->moves[monitor->move_count] = (struct aw_monitor_move){to, violated};
        aw_map_put(&monitor->memo, key, more, monitor->move_count++);
    }
    return violated & monitor->properties;
}

unsigned aw_monitor_final(struct aw_monitor *monitor, const struct aw_state *state,
                          bool everybody_ended)
{
    if (!has_monitor(monitor))
        return 0;
    struct working w;
    unpack(monitor, state->words[AW_WORD_MONITOR], &w);
    unsigned violated = judge(monitor, &w);
    if (got_what_was_never_put(&w))
        violated |= AW_PROPERTY_BIT(AW_EXACTLY_ONCE);
    if (everybody_ended)
        violated |= judge_lost(monitor, &w);
    return violated & monitor->properties;
}

void aw_monitor_describe(const struct aw_monitor *monitor, uint32_t id, char *buffer, size_t size)
{
    struct working w;
    unpack(monitor, id, &w);
    snprintf(buffer, size, "put %u, got %u, workers ended %u of %u", w.value.puts, w.value.gots,
             w.value.ended, w.value.announced);
}
