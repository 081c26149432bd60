/* SPDX-License-Identifier: MIT */
/*
 * mermaid.c - a sequence diagram, as GitHub draws it in a pull request.
 *
 * GitHub refuses diagrams of more than 50,000 characters, and nobody reads one of 300 lines. So
 * only what the explanation is about is drawn: messages through pipes, what the program says of
 * itself, faults, the steps up to the critical one, what repeats for ever, and how it ends; of those
 * the first few and the last ones.
 */
#include <string.h>

#include "base/error.h"
#include "trace/explain.h"
#include "trace/show.h"
#include "view/view.h"

enum { FIRST = 10, LAST = 50, LONGEST = 160, BEFORE = 4, TAIL = 12 };

/* Mermaid ends a statement at ";", and "#" begins an entity. */
static void put_text(FILE *out, const char *text)
{
    for (int i = 0; *text != '\0' && i < LONGEST; text++, i++)
        switch (*text) {
        case ';':
            fputs("#59;", out);
            break;
        case '#':
            fputs("#35;", out);
            break;
        case '<':
            fputs("#lt;", out);
            break;
        case '>':
            fputs("#gt;", out);
            break;
        case '"':
            fputs("#quot;", out);
            break;
        case '\n':
            fputc(' ', out);
            break;
        default:
            fputc(*text, out);
        }
}

struct drawing {
    const struct aw_trace *trace;
    const struct aw_view_lanes *lanes;
    const struct aw_trace_items *items;
    FILE *out;
};

static const struct aw_trace_message *message_read_at(const struct aw_trace_items *items,
                                                      uint32_t step)
{
    for (uint32_t i = 0; i < items->message_count; i++)
        if (items->messages[i].read == step)
            return &items->messages[i];
    return NULL;
}

static bool has_remark(const struct aw_trace_step *step)
{
    for (uint32_t i = 0; i < step->event_count; i++)
        if (step->events[i].kind != AW_TRACE_WORKERS && step->events[i].kind != AW_TRACE_ROLE &&
            step->events[i].kind != AW_TRACE_LOG)
            return true;
    return false;
}

/* To the critical step, which is drawn itself. */
static bool leads_up(const struct aw_trace *trace, uint32_t step)
{
    return trace->critical.kind == AW_CRITICAL_STEP && step <= trace->critical.step &&
           step + BEFORE >= trace->critical.step;
}

static bool is_drawn(const struct drawing *d, uint32_t step)
{
    const struct aw_trace_step *of = &d->trace->steps[step];
    return of->process != AW_TRACE_NONE &&
           (of->fault_count > 0 || has_remark(of) || message_read_at(d->items, step) != NULL ||
            step + TAIL >= d->trace->step_count || step >= d->trace->loop ||
            leads_up(d->trace, step));
}

static void note(const struct drawing *d, uint32_t lane, const char *text)
{
    fprintf(d->out, "    Note over T%u: ", lane);
    put_text(d->out, text);
    fputc('\n', d->out);
}

static void draw(const struct drawing *d, uint32_t index)
{
    const struct aw_trace *trace = d->trace;
    const struct aw_trace_step *step = &trace->steps[index];
    uint32_t lane = aw_view_lane(d->lanes, step->process, step->choice.slot);
    const struct aw_trace_message *message = message_read_at(d->items, index);
    char words[512];
    bool critical = trace->critical.kind == AW_CRITICAL_STEP && trace->critical.step == index;
    if (message != NULL) {
        const struct aw_trace_step *from = &trace->steps[message->written];
        fprintf(d->out, "    T%u->>T%u: ", aw_view_lane(d->lanes, from->process, from->choice.slot),
                lane);
        put_text(d->out, aw_trace_text(trace, "%u: %s, %llu bytes", index + 1,
                                       trace->objects[message->object].name,
                                       (unsigned long long)message->bytes));
        fputc('\n', d->out);
    } else {
        note(d, lane,
             aw_trace_text(trace, "%u: %s -> %s", index + 1, aw_view_operation(trace, step),
                           step->result));
    }
    for (uint32_t i = 0; i < step->fault_count; i++)
        note(d, lane,
             aw_trace_text(trace, "FAULT: %s",
                           aw_trace_fault_text(trace, &step->faults[i], words, sizeof words)));
    for (uint32_t i = 0; i < step->event_count; i++) {
        const struct aw_trace_event *event = &step->events[i];
        if (event->kind == AW_TRACE_WORKERS || event->kind == AW_TRACE_ROLE ||
            event->kind == AW_TRACE_LOG)
            continue;
        uint32_t of =
            event->process == step->process && event->kind != AW_TRACE_END
                ? lane
                : aw_view_lane(d->lanes, event->process, trace->processes[event->process].slot);
        aw_trace_say_event(event, words, sizeof words);
        if (of < d->lanes->count)
            note(d, of, words);
    }
    if (critical)
        fprintf(d->out,
                "    rect rgba(255, 170, 0, 0.3)\n    Note over T0%s%s: critical step %u#59; after "
                "it no continuation is good\n    end\n",
                d->lanes->count > 1 ? "," : "",
                d->lanes->count > 1 ? aw_trace_text(trace, "T%u", d->lanes->count - 1) : "",
                index + 1);
}

static void draw_end(const struct drawing *d)
{
    const struct aw_trace *trace = d->trace;
    bool for_ever = trace->property == AW_NO_DEADLOCK || trace->property == AW_TERMINATES;
    for (uint32_t i = 0; i < trace->at_end_count; i++) {
        const struct aw_trace_waiting *waiting = &trace->at_end[i];
        struct aw_trace_step as = {.operation = waiting->operation, .object = waiting->object};
        if (waiting->blocked)
            note(d, aw_view_lane(d->lanes, waiting->process, waiting->slot),
                 aw_trace_text(trace, "%s: %s%s%s", for_ever ? "waits for ever" : "waits",
                               aw_view_operation(trace, &as), waiting->holder[0] ? ", " : "",
                               waiting->holder));
    }
}

int aw_view_mermaid(const struct aw_trace *trace, const char *path, FILE *out)
{
    struct aw_view_lanes lanes;
    struct aw_trace_items items;
    char name[256];
    uint32_t drawn = 0, seen = 0;
    aw_view_lanes(trace, &lanes);
    aw_trace_items(trace, &items);
    struct drawing d = {trace, &lanes, &items, out};
    fputs("sequenceDiagram\n", out);
    fprintf(out, "    %%%% %s: allways replay %s\n", aw_verdict_name(trace->verdict), path);
    for (uint32_t i = 0; i < lanes.count; i++) {
        fprintf(out, "    participant T%u as ", i);
        put_text(out, aw_trace_thread_name(trace, lanes.lanes[i].process, lanes.lanes[i].slot, name,
                                           sizeof name));
        fputc('\n', out);
    }
    for (uint32_t i = 0; i < trace->step_count; i++)
        drawn += is_drawn(&d, i);
    for (uint32_t i = 0; i < trace->step_count; i++) {
        if (!is_drawn(&d, i))
            continue;
        bool shown = seen < FIRST || seen + LAST >= drawn || trace->steps[i].fault_count > 0 ||
                     (trace->critical.kind == AW_CRITICAL_STEP && trace->critical.step == i);
        if (!shown && seen == FIRST && lanes.count > 0)
            note(&d, 0, aw_trace_text(trace, "%u more steps of the kind", drawn - FIRST - LAST));
        seen++;
        if (shown)
            draw(&d, i);
    }
    if (trace->loop != AW_TRACE_NONE && lanes.count > 0)
        note(&d, 0,
             aw_trace_text(trace, "steps %u to %u repeat for ever", trace->loop + 1,
                           trace->step_count));
    draw_end(&d);
    aw_trace_items_free(&items);
    aw_view_lanes_free(&lanes);
    return ferror(out) ? AW_E_IO : 0;
}
