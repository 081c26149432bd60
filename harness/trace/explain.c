/* SPDX-License-Identifier: MIT */
#include "trace/explaining.h"

#include <string.h>

#include "trace/show.h"

enum { ITEMS_TOLD = 12 };

/* Injected faults, one sentence. */
static void say_faults(struct aw_explain_text *text)
{
    const struct aw_trace *trace = text->trace;
    char words[256];
    uint32_t told = 0;
    for (uint32_t i = 0; i < trace->step_count; i++)
        for (uint32_t k = 0; k < trace->steps[i].fault_count; k++)
            aw_explain_say(
                text, "%s %s, at step %u, %s %s's %s",
                told++ > 0               ? ";"
                : text->words[0] == '\0' ? "Injected:"
                                         : " Injected:",
                aw_trace_fault_text(trace, &trace->steps[i].faults[k], words, sizeof words), i + 1,
                aw_trace_fault_in_code(trace, &trace->steps[i].faults[k]) ? "after" : "in",
                aw_explain_who(trace, i),
                aw_explain_operation(trace, trace->steps[i].operation, trace->steps[i].object));
    if (told > 0)
        aw_explain_say(text, ".");
}

/* Unlocking what one does not hold: where it happened, it is worth a sentence whatever came of it. */
static void say_unlocked(struct aw_explain_text *text)
{
    const struct aw_trace *trace = text->trace;
    for (uint32_t i = 0; i < trace->step_count; i++) {
        const struct aw_trace_step *step = &trace->steps[i];
        if (strcmp(step->operation, "pthread_mutex_unlock") != 0 ||
            strncmp(step->result, "0 (", 3) != 0 || strstr(step->result, " held it") == NULL)
            continue;
        int length = (int)(strstr(step->result, " held it") - (step->result + 3));
        aw_explain_say(text, "%sAt step %u %s unlocked %s%s, which %.*s held.",
                       text->words[0] == '\0' ? "" : " ", i + 1, aw_explain_who(trace, i),
                       step->object,
                       aw_explain_source(trace, step->function, step->file, step->line), length,
                       step->result + 3);
        return;
    }
}

const char *aw_trace_why(const struct aw_trace *trace, const struct aw_trace_items *items)
{
    struct aw_explain_text text = {trace, ""};
    if (trace->verdict != AW_VIOLATED || trace->step_count == 0)
        return "";
    switch (trace->property) {
    case AW_DRAINED:
        aw_explain_lost(&text, items);
        break;
    case AW_EXACTLY_ONCE:
        aw_explain_twice(&text, items);
        break;
    case AW_FIFO:
        aw_explain_order(&text);
        break;
    case AW_NO_DEADLOCK: /* the fault comes before what it led to */
        say_faults(&text);
        aw_explain_deadlock(&text, items);
        say_unlocked(&text);
        return text.words;
    case AW_TERMINATES:
        aw_explain_forever(&text);
        break;
    case AW_SUCCEEDS:
        aw_explain_failed(&text);
        break;
    default:
        aw_explain_wrong(&text);
        break;
    }
    say_faults(&text);
    say_unlocked(&text);
    return text.words;
}

const char *aw_trace_item_text(const struct aw_trace *trace, const struct aw_trace_item *item)
{
    struct aw_explain_text text = {trace, ""};
    if (item->put != AW_TRACE_NONE)
        aw_explain_say(&text, "put by %s (step %u)", item->put_by, item->put + 1);
    else
        aw_explain_say(&text, "never put");
    if (item->taken != AW_TRACE_NONE)
        aw_explain_say(&text, ", taken by %s (%u)", item->taken_by, item->taken + 1);
    if (item->written != AW_TRACE_NONE)
        aw_explain_say(&text, ", %llu bytes written to %s (%u)", (unsigned long long)item->bytes,
                       trace->objects[item->pipe].name, item->written + 1);
    if (item->read != AW_TRACE_NONE)
        aw_explain_say(&text, ", read by %s (%u)", item->read_by, item->read + 1);
    if (item->got != AW_TRACE_NONE)
        aw_explain_say(&text, ", got by %s (%u)", item->got_by, item->got + 1);
    else
        aw_explain_say(&text, ", never got");
    if (item->got_again != AW_TRACE_NONE)
        aw_explain_say(&text, ", got again by %s (%u)", item->got_again_by, item->got_again + 1);
    return text.words;
}

static void show_items(const struct aw_trace *trace, const struct aw_trace_items *items, FILE *out)
{
    uint32_t shown = 0;
    if (items->count == 0)
        return;
    aw_trace_heading(out, "items");
    for (int pass = 0; pass < 2; pass++) /* those that went wrong first */
        for (uint32_t i = 0; i < items->count; i++) {
            const struct aw_trace_item *item = &items->items[i];
            bool wrong = aw_trace_item_lost(item) || item->got_again != AW_TRACE_NONE ||
                         item->put == AW_TRACE_NONE;
            if (wrong != (pass == 0) || shown++ >= ITEMS_TOLD)
                continue;
            aw_trace_wrap(out, 2, 6,
                          aw_trace_text(trace, "%s: %s", aw_trace_item_name(trace, item),
                                        aw_trace_item_text(trace, item)));
        }
    if (shown > ITEMS_TOLD)
        fprintf(out, "  ... %u more\n", shown - ITEMS_TOLD);
}

void aw_trace_explain(const struct aw_trace *trace, FILE *out)
{
    struct aw_trace_items items;
    aw_trace_items(trace, &items);
    const char *why = aw_trace_why(trace, &items);
    if (why[0] != '\0')
        aw_trace_wrap(out, 2, 2, why);
    const char *critical = aw_trace_critical_text(trace);
    if (critical[0] != '\0') {
        aw_trace_heading(out, "critical step");
        aw_trace_wrap(out, 2, 2, critical);
        if (aw_trace_passing_text(trace)[0] != '\0')
            aw_trace_wrap(out, 2, 2, aw_trace_passing_text(trace));
    }
    show_items(trace, &items, out);
    aw_trace_items_free(&items);
}
