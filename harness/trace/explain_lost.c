/* SPDX-License-Identifier: MIT */
#include "trace/explaining.h"

#include <string.h>
#include <sys/wait.h>

enum { ITEMS_TOLD = 12 };

static const struct aw_trace_event *event_before(const struct aw_trace *trace, uint32_t process,
                                                 uint32_t until, uint32_t *step)
{
    for (uint32_t i = until + 1; i-- > 0;)
        for (uint32_t k = trace->steps[i].event_count; k-- > 0;) {
            const struct aw_trace_event *event = &trace->steps[i].events[k];
            if (event->process == process &&
                (event->kind == AW_TRACE_NOTE || event->kind == AW_TRACE_ERROR ||
                 event->kind == AW_TRACE_FAILED)) {
                *step = i;
                return event;
            }
        }
    return NULL;
}

static bool same_place(const struct aw_trace *trace, const struct aw_trace_items *items, uint32_t a,
                       uint32_t b, uint32_t step)
{
    return items->items[a].producer == items->items[b].producer &&
           items->items[b].number == items->items[a].number + (b - a) &&
           strcmp(aw_trace_item_place(trace, items, &items->items[a], step),
                  aw_trace_item_place(trace, items, &items->items[b], step)) == 0;
}

uint32_t aw_explain_next_lost(const struct aw_trace_items *items, uint32_t from)
{
    while (from < items->count && !aw_trace_item_lost(&items->items[from]))
        from++;
    return from;
}

/* Was an item that is never got put before the step? Items without a number are told apart by
 * nothing: more were put than got. */
static bool lost_before(const struct aw_trace *trace, const struct aw_trace_items *items,
                        uint32_t step)
{
    int64_t without_number = 0;
    for (uint32_t i = 0; i < items->count; i++)
        if (aw_trace_item_lost(&items->items[i]) && items->items[i].put < step)
            return true;
    for (uint32_t i = 0; i < step; i++)
        for (uint32_t k = 0; k < trace->steps[i].event_count; k++) {
            const struct aw_trace_event *event = &trace->steps[i].events[k];
            if (event->b == 0 && (event->kind == AW_TRACE_PUT || event->kind == AW_TRACE_GOT))
                without_number += event->kind == AW_TRACE_PUT ? 1 : -1;
        }
    return without_number > 0;
}

void aw_explain_places(struct aw_explain_text *text, const struct aw_trace_items *items,
                       uint32_t step)
{
    const struct aw_trace *trace = text->trace;
    uint32_t told = 0;
    for (uint32_t i = aw_explain_next_lost(items, 0), last; i < items->count;
         i = aw_explain_next_lost(items, last + 1)) {
        last = i;
        while (last + 1 < items->count && aw_trace_item_lost(&items->items[last + 1]) &&
               same_place(trace, items, i, last + 1, step))
            last++;
        const char *place = aw_trace_item_place(trace, items, &items->items[i], step);
        bool future = strcmp(place, "not put yet") == 0;
        if (last == i)
            aw_explain_say(text, "%s%s", told > 0 ? "; " : " ",
                           aw_trace_item_name(trace, &items->items[i]));
        else
            aw_explain_say(text, "%sitems %llu %s %llu", told > 0 ? "; " : " ",
                           (unsigned long long)items->items[i].number, last == i + 1 ? "and" : "to",
                           (unsigned long long)items->items[last].number);
        aw_explain_say(text, " %s %s",
                       future     ? "had"
                       : last > i ? "were"
                                  : "was",
                       future                                         ? "not been put yet"
                       : last > i && strcmp(place, "on its way") == 0 ? "on their way"
                                                                      : place);
        if (++told == ITEMS_TOLD)
            break;
    }
}

/* Those that were put before the step. */
static const char *lost_names(const struct aw_trace *trace, const struct aw_trace_items *items,
                              uint32_t step)
{
    uint32_t first = aw_explain_next_lost(items, 0), count = 0, last = first;
    bool run = true;
    for (uint32_t i = first; i < items->count; i = aw_explain_next_lost(items, i + 1)) {
        if (items->items[i].put >= step)
            continue;
        first = count == 0 ? i : first;
        run &= items->items[i].producer == items->items[first].producer &&
               items->items[i].number == items->items[first].number + count;
        last = i;
        count++;
    }
    if (count == 0)
        return "an item";
    if (count == 1)
        return aw_trace_item_name(trace, &items->items[first]);
    if (run)
        return aw_trace_text(
            trace, "items %llu %s %llu", (unsigned long long)items->items[first].number,
            count == 2 ? "and" : "to", (unsigned long long)items->items[last].number);
    return aw_trace_text(trace, "%u items", count);
}

void aw_explain_pipes(struct aw_explain_text *text, uint32_t step)
{
    const struct aw_trace *trace = text->trace;
    const struct aw_trace_step *at = &trace->steps[step];
    for (uint32_t i = 0; i < at->level_count; i++)
        if (trace->objects[at->levels[i].object].kind == AW_OBJECT_PIPE)
            aw_explain_say(text, "; %s held %llu byte%s", trace->objects[at->levels[i].object].name,
                           (unsigned long long)at->levels[i].level,
                           at->levels[i].level == 1 ? "" : "s");
}

/* The operation that answers a question of the program: not a lock that is given back, nor an end.
 */
static bool asks(const struct aw_trace_step *step)
{
    return strcmp(step->operation, "exit") != 0 && strstr(step->operation, "post") == NULL &&
           strstr(step->operation, "unlock") == NULL && strcmp(step->operation, "close") != 0;
}

/* The operation whose answer comes from another process; a lock that is taken says nothing. */
static bool hears(const struct aw_trace_step *step)
{
    static const char *const answers[] = {"read",          "poll",          "sem_trywait",
                                          "sem_timedwait", "sem_clockwait", "sem_getvalue"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        if (strcmp(step->operation, answers[i]) == 0)
            return true;
    return false;
}

/* The last step of a process, up to `until`, that is of the kind; 0 if there is none. */
static uint32_t last_step(const struct aw_trace *trace, uint32_t process, uint32_t until,
                          bool (*kind)(const struct aw_trace_step *))
{
    uint32_t step = until;
    while (step > 0 && (trace->steps[step].process != process || !kind(&trace->steps[step])))
        step--;
    return step;
}

static bool put_before(const struct aw_trace_items *items, uint32_t step)
{
    for (uint32_t i = 0; i < items->count; i++)
        if (items->items[i].put < step)
            return true;
    return false;
}

/* "The last thing it got: 5 bytes of pipe 0 (steps 41-42), written by main at step 31; they belong
 * to no item" (without the period). Returns whether the step did read something whose write is
 * known. */
static bool say_message(struct aw_explain_text *text, const struct aw_trace_items *items,
                        uint32_t step)
{
    const struct aw_trace *trace = text->trace;
    const struct aw_trace_message *got = NULL;
    for (uint32_t i = 0; i < items->message_count; i++)
        if (items->messages[i].read == step)
            got = &items->messages[i];
    if (got == NULL)
        return false;
    uint64_t bytes = 0;
    uint32_t first = step;
    for (uint32_t i = 0; i < items->message_count; i++) { /* it may take several reads */
        const struct aw_trace_message *part = &items->messages[i];
        if (part->object != got->object || part->written != got->written ||
            part->read == AW_TRACE_NONE ||
            trace->steps[part->read].process != trace->steps[step].process)
            continue;
        bytes += part->bytes;
        first = part->read < first ? part->read : first;
    }
    aw_explain_say(text, " The last thing it got: %llu byte%s of %s (step",
                   (unsigned long long)bytes, bytes == 1 ? "" : "s",
                   trace->objects[got->object].name);
    if (first < step)
        aw_explain_say(text, "s %u-%u), written", first + 1, step + 1);
    else
        aw_explain_say(text, " %u), written", step + 1);
    aw_explain_say(text, " by %s at step %u%s", aw_explain_who(trace, got->written),
                   got->written + 1,
                   got->item == AW_TRACE_NONE && items->count > 0 &&
                           (items->told_taken || !put_before(items, got->written))
                       ? "; they belong to no item"
                       : "");
    return true;
}

/* What a process saw last before `until`. Returns the step. */
static uint32_t say_seen(struct aw_explain_text *text, const struct aw_trace_items *items,
                         uint32_t process, uint32_t until)
{
    const struct aw_trace *trace = text->trace;
    uint32_t step = until, heard = last_step(trace, process, until, hears);
    const struct aw_trace_event *remark = event_before(trace, process, until, &step);
    if (remark != NULL && step < heard)
        remark = NULL;
    if (remark == NULL)
        step = heard > 0 ? heard : last_step(trace, process, until, asks);
    if (remark == NULL && trace->steps[step].process != process)
        return until; /* it has asked nothing */
    const struct aw_trace_step *seen = &trace->steps[step];
    if (!say_message(text, items, step))
        aw_explain_say(text, " What it saw: at step %u its %s answered \"%s\"%s", step + 1,
                       aw_explain_operation(trace, seen->operation, seen->object), seen->result,
                       aw_explain_source(trace, seen->function, seen->file, seen->line));
    if (remark != NULL)
        aw_explain_say(text, "; the program says \"%s\"", remark->text);
    aw_explain_say(text, ".");
    return step;
}

void aw_explain_lost(struct aw_explain_text *text, const struct aw_trace_items *items)
{
    const struct aw_trace *trace = text->trace;
    uint32_t last = AW_TRACE_NONE, at = 0, workers = 0;
    for (uint32_t i = 0; i < trace->process_count; i++) {
        uint32_t step;
        if (!trace->processes[i].worker || aw_explain_end(trace, i, &step) == NULL)
            continue;
        workers++;
        if (last == AW_TRACE_NONE || step >= at) {
            last = i;
            at = step;
        }
    }
    if (last == AW_TRACE_NONE) {
        const char *names = lost_names(trace, items, AW_TRACE_NONE);
        aw_explain_say(text, "Everything has ended, and %s %s put and not got.", names,
                       strncmp(names, "items", 5) == 0 || strstr(names, " items") != NULL ? "were"
                                                                                          : "was");
        return;
    }
    const struct aw_trace_event *end = aw_explain_end(trace, last, &at);
    bool killed = WIFSIGNALED((int)end->a), put = lost_before(trace, items, at);
    uint32_t first = aw_explain_next_lost(items, 0);
    aw_explain_say(text, "%s%s %s", trace->processes[last].name,
                   workers > 1 ? ", the last worker," : "", aw_explain_ended(trace, end, at));
    if (put)
        aw_explain_say(text, " %s %s had been put and not got.", killed ? "when" : "although",
                       lost_names(trace, items, at));
    else if (first < items->count)
        aw_explain_say(text, ", before %s was put (step %u).",
                       aw_trace_item_name(trace, &items->items[first]),
                       items->items[first].put + 1);
    else
        aw_explain_say(text, ", before an item was put.");
    uint32_t seen = killed ? at : say_seen(text, items, last, at);
    if (items->count > 0 && put) {
        aw_explain_say(text, " At that moment");
        aw_explain_places(text, items, seen);
        aw_explain_pipes(text, seen);
        aw_explain_say(text, ".");
    }
    aw_explain_say(text, " No worker was left after it, so nobody gets %s.",
                   aw_explain_next_lost(items, 0) < items->count
                       ? lost_names(trace, items, AW_TRACE_NONE)
                       : "what comes later");
}

void aw_explain_order(struct aw_explain_text *text)
{
    const struct aw_trace *trace = text->trace;
    const struct aw_trace_event *late = NULL;
    uint32_t at = 0;
    for (uint32_t i = trace->step_count; i-- > 0 && late == NULL;)
        for (uint32_t k = trace->steps[i].event_count; k-- > 0 && late == NULL;)
            if (trace->steps[i].events[k].kind == AW_TRACE_GOT) {
                late = &trace->steps[i].events[k];
                at = i;
            }
    for (uint32_t i = 0; late != NULL && i < at; i++)
        for (uint32_t k = 0; k < trace->steps[i].event_count; k++) {
            const struct aw_trace_event *event = &trace->steps[i].events[k];
            if (event->kind != AW_TRACE_GOT || event->process != late->process ||
                event->a != late->a || event->b < late->b)
                continue;
            aw_explain_say(text, "%s got item %llu at step %u, after item %llu at step %u.",
                           trace->processes[late->process].name, (unsigned long long)late->b,
                           at + 1, (unsigned long long)event->b, i + 1);
            return;
        }
}

void aw_explain_twice(struct aw_explain_text *text, const struct aw_trace_items *items)
{
    for (uint32_t i = 0; i < items->count; i++) {
        const struct aw_trace_item *item = &items->items[i];
        if (item->got_again != AW_TRACE_NONE) {
            aw_explain_say(text, "%s was got twice: by %s at step %u and by %s at step %u.",
                           aw_trace_item_name(text->trace, item), item->got_by, item->got + 1,
                           item->got_again_by, item->got_again + 1);
            return;
        }
    }
    aw_explain_lost(text, items);
}
