/* SPDX-License-Identifier: MIT */
#include "trace/items.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Bytes in a pipe that came from one write; item + 1, 0 = of no known item. */
struct segment {
    uint32_t object, item, written;
    uint64_t bytes;
};

/* What a thread took last. */
struct hand {
    uint32_t process, slot, item;
};

struct following {
    const struct aw_trace *trace;
    struct aw_trace_items *items;
    struct segment *segments; /* in the order of the writes */
    struct hand *hands;
    uint32_t segment_count, hand_count;
};

static struct aw_trace_item *item_of(struct following *f, uint64_t producer, uint64_t number)
{
    struct aw_trace_items *items = f->items;
    for (uint32_t i = 0; i < items->count; i++)
        if (items->items[i].producer == producer && items->items[i].number == number)
            return &items->items[i];
    items->items = aw_reallocate(items->items, items->count + 1ul, sizeof *items->items);
    items->items[items->count] = (struct aw_trace_item){.producer = producer,
                                                        .number = number,
                                                        .put = AW_TRACE_NONE,
                                                        .taken = AW_TRACE_NONE,
                                                        .written = AW_TRACE_NONE,
                                                        .read = AW_TRACE_NONE,
                                                        .got = AW_TRACE_NONE,
                                                        .got_again = AW_TRACE_NONE,
                                                        .put_by = "",
                                                        .taken_by = "",
                                                        .read_by = "",
                                                        .got_by = "",
                                                        .got_again_by = "",
                                                        .pipe = AW_TRACE_NONE};
    return &items->items[items->count++];
}

static const char *actor(struct following *f, uint32_t step)
{
    char name[256];
    const struct aw_trace_step *of = &f->trace->steps[step];
    return aw_trace_text(
        f->trace, "%s",
        aw_trace_thread_name(f->trace, of->process, of->choice.slot, name, sizeof name));
}

static bool level_after(const struct aw_trace *trace, uint32_t step, uint32_t object,
                        uint64_t *level)
{
    *level = 0;
    for (uint32_t i = 0; i < trace->steps[step].level_count; i++)
        if (trace->steps[step].levels[i].object == object) {
            *level = trace->steps[step].levels[i].level;
            return true;
        }
    return false;
}

static uint32_t in_hand(const struct following *f, const struct aw_trace_step *step)
{
    for (uint32_t i = 0; i < f->hand_count; i++)
        if (f->hands[i].process == step->process && f->hands[i].slot == step->choice.slot)
            return f->hands[i].item;
    return 0;
}

static void take(struct following *f, const struct aw_trace_step *step, uint32_t item)
{
    for (uint32_t i = 0; i < f->hand_count; i++)
        if (f->hands[i].process == step->process && f->hands[i].slot == step->choice.slot) {
            f->hands[i].item = item;
            return;
        }
    f->hands = aw_reallocate(f->hands, f->hand_count + 1ul, sizeof *f->hands);
    f->hands[f->hand_count++] = (struct hand){step->process, step->choice.slot, item};
}

static void wrote(struct following *f, uint32_t step, uint32_t object, uint64_t bytes)
{
    uint32_t item = in_hand(f, &f->trace->steps[step]);
    f->segments = aw_reallocate(f->segments, f->segment_count + 1ul, sizeof *f->segments);
    f->segments[f->segment_count++] = (struct segment){object, item, step, bytes};
    if (item == 0)
        return;
    struct aw_trace_item *of = &f->items->items[item - 1];
    if (of->written == AW_TRACE_NONE)
        of->written = step;
    of->pipe = object;
    of->bytes += bytes;
}

static void add_message(struct following *f, const struct segment *segment, uint32_t read,
                        uint64_t bytes)
{
    struct aw_trace_items *items = f->items;
    items->messages =
        aw_reallocate(items->messages, items->message_count + 1ul, sizeof *items->messages);
    items->messages[items->message_count++] =
        (struct aw_trace_message){.object = segment->object,
                                  .written = segment->written,
                                  .read = read,
                                  .item = segment->item == 0 ? AW_TRACE_NONE : segment->item - 1,
                                  .bytes = bytes};
}

static void was_read(struct following *f, uint32_t step, uint32_t object, uint64_t bytes)
{
    for (uint32_t i = 0; i < f->segment_count && bytes > 0; i++) {
        struct segment *segment = &f->segments[i];
        if (segment->object != object || segment->bytes == 0)
            continue;
        uint64_t part = segment->bytes < bytes ? segment->bytes : bytes;
        segment->bytes -= part;
        bytes -= part;
        add_message(f, segment, step, part);
        if (segment->item == 0 || f->items->items[segment->item - 1].read != AW_TRACE_NONE)
            continue;
        f->items->items[segment->item - 1].read = step;
        f->items->items[segment->item - 1].read_by = actor(f, step);
    }
}

static void follow_bytes(struct following *f, uint32_t step)
{
    const struct aw_trace *trace = f->trace;
    const struct aw_trace_step *of = &trace->steps[step];
    if (step == 0 || of->process == AW_TRACE_NONE)
        return;
    for (uint32_t object = 0; object < trace->object_count; object++) {
        uint64_t before, after;
        if (trace->objects[object].kind != AW_OBJECT_PIPE ||
            !level_after(trace, step - 1, object, &before) ||
            !level_after(trace, step, object, &after))
            continue;
        if (after > before)
            wrote(f, step, object, after - before);
        else if (after < before)
            was_read(f, step, object, before - after);
    }
}

static void follow_events(struct following *f, uint32_t step)
{
    const struct aw_trace_step *of = &f->trace->steps[step];
    for (uint32_t i = 0; i < of->event_count; i++) {
        const struct aw_trace_event *event = &of->events[i];
        if ((event->kind != AW_TRACE_PUT && event->kind != AW_TRACE_GOT &&
             event->kind != AW_TRACE_TAKEN) ||
            event->b == 0)
            continue;
        struct aw_trace_item *item = item_of(f, event->a, event->b);
        if (event->kind == AW_TRACE_PUT && item->put == AW_TRACE_NONE) {
            item->put = step;
            item->put_by = actor(f, step);
            item->put_process = event->process;
        } else if (event->kind == AW_TRACE_TAKEN) {
            item->taken = step;
            item->taken_by = actor(f, step);
            f->items->told_taken = true;
            take(f, of, (uint32_t)(item - f->items->items) + 1);
        } else if (event->kind == AW_TRACE_GOT && item->got == AW_TRACE_NONE) {
            item->got = step;
            item->got_by = actor(f, step);
        } else if (event->kind == AW_TRACE_GOT && item->got_again == AW_TRACE_NONE) {
            item->got_again = step;
            item->got_again_by = actor(f, step);
        }
    }
}

void aw_trace_items(const struct aw_trace *trace, struct aw_trace_items *items)
{
    struct following f = {.trace = trace, .items = items};
    memset(items, 0, sizeof *items);
    for (uint32_t i = 0; i < trace->step_count; i++) {
        follow_bytes(&f, i); /* the operation, and then the code after it */
        follow_events(&f, i);
    }
    for (uint32_t i = 0; i < f.segment_count; i++)
        if (f.segments[i].bytes > 0)
            add_message(&f, &f.segments[i], AW_TRACE_NONE, f.segments[i].bytes);
    free(f.segments);
    free(f.hands);
}

void aw_trace_items_free(struct aw_trace_items *items)
{
    free(items->items);
    free(items->messages);
    memset(items, 0, sizeof *items);
}

bool aw_trace_item_lost(const struct aw_trace_item *item)
{
    return item->put != AW_TRACE_NONE && item->got == AW_TRACE_NONE;
}

/* Did a process write to a pipe until then? */
static bool has_written(const struct aw_trace *trace, uint32_t process, uint32_t until)
{
    for (uint32_t i = 0; i <= until && i < trace->step_count; i++)
        if (trace->steps[i].process == process && strcmp(trace->steps[i].operation, "write") == 0)
            return true;
    return false;
}

const char *aw_trace_item_place(const struct aw_trace *trace, const struct aw_trace_items *items,
                                const struct aw_trace_item *item, uint32_t step)
{
    if (item->got != AW_TRACE_NONE && item->got <= step)
        return aw_trace_text(trace, "got by %s", item->got_by);
    if (item->read != AW_TRACE_NONE && item->read <= step)
        return aw_trace_text(trace, "being read by %s", item->read_by);
    if (item->written != AW_TRACE_NONE && item->written <= step)
        return aw_trace_text(trace, "in %s", trace->objects[item->pipe].name);
    if (item->taken != AW_TRACE_NONE && item->taken <= step)
        return aw_trace_text(trace, "being serialised by %s, not yet written", item->taken_by);
    if (item->put == AW_TRACE_NONE || item->put > step)
        return "not put yet";
    if (items->told_taken || !has_written(trace, item->put_process, step))
        return aw_trace_text(trace, "in the buffer of %s, not yet written to a pipe",
                             trace->processes[item->put_process].name);
    return "on its way";
}

const char *aw_trace_item_name(const struct aw_trace *trace, const struct aw_trace_item *item)
{
    return item->producer == 0 ? aw_trace_text(trace, "item %llu", (unsigned long long)item->number)
                               : aw_trace_text(trace, "item %llu of producer %llu",
                                               (unsigned long long)item->number,
                                               (unsigned long long)item->producer);
}
