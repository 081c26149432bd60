/* SPDX-License-Identifier: MIT */
/*
 * summary.c - what a trace comes to, in the program's own terms.
 *
 * A line for each thing that the program itself would mention: an item put or got, a remark, an
 * error, a crash, the end of a worker, a fault. A remark or an error is told together with how it
 * came about: the lock that its thread took before, and the operation whose answer it follows.
 * Neighbours that say the same of one process are one line ("puts items 1 to 8").
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/check.h"
#include "base/memory.h"
#include "trace/explain.h"
#include "trace/show.h"

enum { LINES_SHOWN = 24, ITEMS_SHOWN = 12 };

struct line {
    uint32_t step; /* index of the first one */
    char text[640];
    /* Puts and gets are joined as long as they go on: */
    enum aw_trace_event_kind kind;
    char who[80];
    uint64_t producer, first, last, count;
    bool fault; /* never left out */
};

struct story {
    const struct aw_trace *trace;
    struct line *lines;
    uint32_t count, capacity;
    uint32_t *acted; /* for each process: step after which it was last mentioned */
};

static struct line *add_line(struct story *story, uint32_t step, enum aw_trace_event_kind kind)
{
    if (story->count == story->capacity) {
        story->capacity = story->capacity ? 2 * story->capacity : 32;
        story->lines = aw_reallocate(story->lines, story->capacity, sizeof *story->lines);
    }
    struct line *line = &story->lines[story->count++];
    memset(line, 0, sizeof *line);
    line->step = step;
    line->kind = kind;
    return line;
}

/* The thread of a step. */
static const char *actor(const struct aw_trace *trace, uint32_t step, char *buffer, size_t size)
{
    return aw_trace_thread_name(trace, trace->steps[step].process, trace->steps[step].choice.slot,
                                buffer, size);
}

static void item_event(struct story *story, uint32_t step, const struct aw_trace_event *event)
{
    struct line *last = story->count > 0 ? &story->lines[story->count - 1] : NULL;
    char who[80];
    aw_trace_actor(story->trace, &story->trace->steps[step], event, who, sizeof who);
    if (last != NULL && last->kind == event->kind && strcmp(last->who, who) == 0 &&
        last->producer == event->a &&
        (event->b == 0 ? last->last == 0 : last->last != 0 && event->b == last->last + 1)) {
        last->last = event->b;
        last->count++;
        return;
    }
    struct line *line = add_line(story, step, event->kind);
    memcpy(line->who, who, sizeof who);
    line->producer = event->a;
    line->first = line->last = event->b;
    line->count = 1;
}

static void finish_item_line(struct line *line)
{
    char items[80], producer[40] = "";
    if (line->producer != 0)
        snprintf(producer, sizeof producer, " of producer %llu",
                 (unsigned long long)line->producer);
    if (line->first == 0 && line->count == 1)
        snprintf(items, sizeof items, "an item");
    else if (line->first == 0)
        snprintf(items, sizeof items, "%llu items", (unsigned long long)line->count);
    else if (line->count == 1)
        snprintf(items, sizeof items, "item %llu", (unsigned long long)line->first);
    else
        snprintf(items, sizeof items, "items %llu to %llu", (unsigned long long)line->first,
                 (unsigned long long)line->last);
    snprintf(line->text, sizeof line->text, "%s %s %s%s", line->who,
             line->kind == AW_TRACE_PUT ? "puts" : "gets", items, producer);
}

/* Whether a step took a lock: a semaphore that was made with the value 1, or a mutex. */
static bool takes_semaphore(const struct aw_trace *trace, const struct aw_trace_step *step)
{
    if (strncmp(step->operation, "sem_", 4) != 0 || strstr(step->operation, "wait") == NULL ||
        strcmp(step->result, "0") != 0)
        return false;
    for (uint32_t i = 0; i < trace->object_count; i++)
        if (strcmp(trace->objects[i].name, step->object) == 0)
            return trace->objects[i].initial == 1;
    return false;
}

static void short_name(const struct aw_trace *trace, const char *name, char *buffer, size_t size)
{
    for (uint32_t i = 0; i < trace->object_count; i++)
        if (strcmp(trace->objects[i].name, name) == 0) {
            aw_trace_object_short(trace, i, buffer, size);
            return;
        }
    snprintf(buffer, size, "%s", name);
}

/* The lock that the thread of `step` took since it was last mentioned, as a line of its own. */
static void tell_lock(struct story *story, uint32_t index)
{
    const struct aw_trace *trace = story->trace;
    const struct aw_trace_step *step = &trace->steps[index];
    char name[128], who[80];
    if (step->process == AW_TRACE_NONE)
        return;
    for (uint32_t i = index; i-- > story->acted[step->process];) {
        const struct aw_trace_step *before = &trace->steps[i];
        if (before->process != step->process || before->choice.slot != step->choice.slot)
            continue;
        if (strcmp(before->operation, "sem_post") == 0)
            return;
        if (!takes_semaphore(trace, before))
            continue;
        short_name(trace, before->object, name, sizeof name);
        struct line *line = add_line(story, i, AW_TRACE_NOTE);
        snprintf(line->text, sizeof line->text, "%s takes %.60s", actor(trace, i, who, sizeof who),
                 name);
        return;
    }
}

static void say_operation(const struct aw_trace *trace, const struct aw_trace_step *step,
                          char *buffer, size_t size)
{
    char object[128];
    short_name(trace, step->object, object, sizeof object);
    snprintf(buffer, size, "%.40s%s%.60s: %.60s", step->operation, object[0] ? " " : "", object,
             step->result);
}

static void remark(struct story *story, uint32_t index, const struct aw_trace_event *event)
{
    const struct aw_trace *trace = story->trace;
    const struct aw_trace_step *step = &trace->steps[index];
    char operation[180], who[80];
    const char *verb = event->kind == AW_TRACE_NOTE     ? ""
                       : event->kind == AW_TRACE_CRASH  ? "crashes: "
                       : event->kind == AW_TRACE_STOP   ? "cannot go on: "
                       : event->kind == AW_TRACE_FAILED ? "has a call fail: "
                                                        : "reports an error: ";
    tell_lock(story, index);
    say_operation(trace, step, operation, sizeof operation);
    struct line *line = add_line(story, index, event->kind);
    aw_trace_actor(trace, step, event, who, sizeof who);
    if (event->kind == AW_TRACE_FINDING) {
        const char *race = aw_trace_race_text(trace, event->text);
        snprintf(line->text, sizeof line->text, "%s%s", race[0] != '\0' ? "data race: " : "",
                 race[0] != '\0' ? race : event->text);
    } else if (event->kind == AW_TRACE_CRASH || event->kind == AW_TRACE_STOP)
        snprintf(line->text, sizeof line->text, "%s %s%.400s%s%.80s", who, verb, event->text,
                 event->place[0] ? "\n          at " : "", event->place);
    else if (trace->property == AW_NO_LEAK && strncmp(event->text, "leak: ", 6) == 0)
        snprintf(line->text, sizeof line->text, "%s leaves behind: %.200s", who, event->text + 6);
    else if (event->kind == AW_TRACE_FAILED)
        snprintf(line->text, sizeof line->text, "%s %s%.100s, %s", who, verb, event->text,
                 aw_trace_errno_name((int)event->a));
    else
        snprintf(line->text, sizeof line->text, "%s %s\"%.80s\"%s%s, after %s", who, verb,
                 event->text, event->kind == AW_TRACE_ERROR && event->a != 0 ? " " : "",
                 event->kind == AW_TRACE_ERROR && event->a != 0 ? aw_trace_errno_name((int)event->a)
                                                                : "",
                 operation);
}

static void ended(struct story *story, uint32_t index, const struct aw_trace_event *event)
{
    bool killed = WIFSIGNALED((int)event->a);
    int status = killed ? WTERMSIG((int)event->a) : WEXITSTATUS((int)event->a);
    const char *name = story->trace->processes[event->process].name;
    struct line *line = add_line(story, index, event->kind);
    const char *signal = killed ? sigabbrev_np(status) : NULL;
    if (killed)
        snprintf(line->text, sizeof line->text, "%.60s is killed by SIG%s", name,
                 signal ? signal : "?");
    else if (status != 0)
        snprintf(line->text, sizeof line->text, "%.60s leaves with status %d", name, status);
    else
        snprintf(line->text, sizeof line->text, "%.60s leaves", name);
}

static void tell_event(struct story *story, uint32_t index, const struct aw_trace_event *event)
{
    switch (event->kind) {
    case AW_TRACE_PUT:
    case AW_TRACE_GOT:
        item_event(story, index, event);
        break;
    case AW_TRACE_NOTE:
    case AW_TRACE_ERROR:
    case AW_TRACE_FAILED:
    case AW_TRACE_CRASH:
    case AW_TRACE_STOP:
    case AW_TRACE_FINDING:
        remark(story, index, event);
        break;
    case AW_TRACE_END:
        ended(story, index, event);
        break;
    default:
        return;
    }
    story->acted[event->process] = index;
}

static void tell_step(struct story *story, uint32_t index)
{
    const struct aw_trace_step *step = &story->trace->steps[index];
    char operation[180], who[80], fault[160];
    say_operation(story->trace, step, operation, sizeof operation);
    for (uint32_t i = 0; i < step->fault_count; i++) {
        if (i == 0)
            tell_lock(story, index);
        struct line *line = add_line(story, index, AW_TRACE_NOTE);
        line->fault = true;
        snprintf(line->text, sizeof line->text, "fault: %s, %s %s's %.120s",
                 aw_trace_fault_text(story->trace, &step->faults[i], fault, sizeof fault),
                 aw_trace_fault_in_code(story->trace, &step->faults[i]) ? "after" : "in",
                 actor(story->trace, index, who, sizeof who), operation);
        story->acted[step->process] = index;
    }
    if (step->expired && step->process != AW_TRACE_NONE) {
        struct line *line = add_line(story, index, AW_TRACE_NOTE);
        snprintf(line->text, sizeof line->text, "a time-out expires in %s: %s",
                 actor(story->trace, index, who, sizeof who), operation);
    }
    for (uint32_t i = 0; i < step->event_count; i++)
        tell_event(story, index, &step->events[i]);
}

/* Items that were put and never got, and the other way round. */
struct item {
    uint64_t producer, number;
    int64_t balance; /* puts less gets */
};

static int by_item(const void *one, const void *other)
{
    const struct item *a = one, *b = other;
    if (a->producer != b->producer)
        return a->producer < b->producer ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static uint32_t collect_items(const struct aw_trace *trace, struct item **items)
{
    uint32_t count = 0, kept = 0;
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1)
            *items = aw_allocate(count + 1ul, sizeof **items);
        count = 0;
        for (uint32_t s = 0; s < trace->step_count; s++)
            for (uint32_t e = 0; e < trace->steps[s].event_count; e++) {
                const struct aw_trace_event *event = &trace->steps[s].events[e];
                if (event->kind != AW_TRACE_PUT && event->kind != AW_TRACE_GOT)
                    continue;
                if (pass == 1)
                    (*items)[count] =
                        (struct item){event->a, event->b, event->kind == AW_TRACE_PUT ? 1 : -1};
                count++;
            }
    }
    qsort(*items, count, sizeof **items, by_item);
    for (uint32_t i = 0; i < count; i++) {
        if (kept > 0 && by_item(&(*items)[kept - 1], &(*items)[i]) == 0)
            (*items)[kept - 1].balance += (*items)[i].balance;
        else
            (*items)[kept++] = (*items)[i];
    }
    return kept;
}

static void tell_items(const struct aw_trace *trace, FILE *out, int sign, const char *what)
{
    struct item *items = NULL;
    uint32_t count = collect_items(trace, &items), shown = 0;
    uint64_t unnumbered = 0, total = 0;
    for (uint32_t i = 0; i < count; i++) {
        int64_t balance = sign * items[i].balance;
        if (balance <= 0)
            continue;
        total += (uint64_t)balance;
        if (items[i].number == 0)
            unnumbered += (uint64_t)balance;
    }
    if (total == 0) {
        free(items);
        return;
    }
    fprintf(out, "  %s: ", what);
    if (unnumbered == total) {
        fprintf(out, "%llu item%s", (unsigned long long)total, total == 1 ? "" : "s");
    } else {
        for (uint32_t i = 0; i < count && shown < ITEMS_SHOWN; i++) {
            if (sign * items[i].balance <= 0 || items[i].number == 0)
                continue;
            fprintf(out, "%s", shown++ ? ", " : "");
            if (items[i].producer != 0)
                fprintf(out, "%llu.", (unsigned long long)items[i].producer);
            fprintf(out, "%llu", (unsigned long long)items[i].number);
        }
        if (total > shown)
            fprintf(out, " and %llu more", (unsigned long long)(total - shown));
    }
    fputs("\n", out);
    free(items);
}

/* That nothing is left in the pipes says something only where items are looked for. */
static void tell_levels(const struct aw_trace *trace, FILE *out)
{
    const struct aw_trace_step *last = &trace->steps[trace->step_count - 1];
    const char *comma = "  unread at the end: ";
    bool told = trace->property == AW_DRAINED || trace->property == AW_EXACTLY_ONCE ||
                trace->property == AW_FIFO;
    for (uint32_t i = 0; i < last->level_count; i++)
        told |= trace->objects[last->levels[i].object].kind == AW_OBJECT_PIPE &&
                last->levels[i].level > 0;
    if (!told)
        return;
    for (uint32_t i = 0; i < last->level_count; i++)
        if (trace->objects[last->levels[i].object].kind == AW_OBJECT_PIPE) {
            fprintf(out, "%s%s: %llu byte%s", comma, trace->objects[last->levels[i].object].name,
                    (unsigned long long)last->levels[i].level,
                    last->levels[i].level == 1 ? "" : "s");
            comma = ", ";
        }
    if (comma[0] == ',')
        fputs("\n", out);
}

/* A line may have a second one, of where it was. */
static void tell_line(FILE *out, const char *text)
{
    char first[400];
    const char *end = strchrnul(text, '\n');
    snprintf(first, sizeof first, "%.*s", (int)(end - text), text);
    aw_trace_wrap_from(out, 8, 10, first);
    if (*end == '\n')
        fprintf(out, "%s\n", end + 1);
}

static void print_story(const struct story *story, FILE *out)
{
    uint32_t first = LINES_SHOWN / 2, last = story->count; /* those between may be left out */
    if (story->count > LINES_SHOWN)
        last = story->count - (LINES_SHOWN - first);
    else
        first = last;
    for (uint32_t i = 0; i < story->count; i++) {
        uint32_t left_out = 0;
        while (i + left_out >= first && i + left_out < last && !story->lines[i + left_out].fault)
            left_out++;
        if (left_out > 0)
            fprintf(out, "        ... %u more of the kind\n", left_out);
        i += left_out;
        fprintf(out, "  %4u  ", story->lines[i].step + 1);
        tell_line(out, story->lines[i].text);
    }
}

/* "worker 2 waits for ever: sem_wait rlock" */
static void describe_wait(const struct aw_trace *trace, const struct aw_trace_waiting *waiting,
                          char *buffer, size_t size)
{
    char name[256], object[128];
    short_name(trace, waiting->object, object, sizeof object);
    aw_trace_thread_name(trace, waiting->process, waiting->slot, name, sizeof name);
    snprintf(buffer, size, "%s waits for ever: %s%s%s", name, waiting->operation,
             object[0] ? " " : "", object);
}

/* How much it says of why: that somebody holds what it waits for; that it is blocked in a call;
 * that it sleeps until there is something to do; that it waits for others to end. */
static int telling(const struct aw_trace_waiting *waiting)
{
    if (waiting->holder[0] != '\0')
        return 3;
    if (strncmp(waiting->operation, "wait", 4) == 0 ||
        strcmp(waiting->operation, "pthread_join") == 0)
        return 0;
    return strncmp(waiting->operation, "pthread_cond_", 13) == 0 ? 1 : 2;
}

void aw_trace_say_wait(const struct aw_trace *trace, char *buffer, size_t size)
{
    const struct aw_trace_waiting *best = NULL;
    char line[600];
    for (uint32_t i = 0; i < trace->at_end_count; i++) {
        const struct aw_trace_waiting *waiting = &trace->at_end[i];
        if (waiting->blocked && (best == NULL || telling(waiting) > telling(best)))
            best = waiting;
    }
    buffer[0] = '\0';
    if (best == NULL)
        return;
    describe_wait(trace, best, line, sizeof line);
    snprintf(buffer, size, "%s%s%s", line, best->holder[0] != '\0' ? "; " : "", best->holder);
}

/* Who waits for what for ever, or goes round. */
static void tell_end(const struct aw_trace *trace, FILE *out)
{
    char line[600];
    if (trace->loop != AW_TRACE_NONE)
        fprintf(out, "  steps %u to %u are repeated for ever\n", trace->loop + 1,
                trace->step_count);
    if (trace->verdict != AW_VIOLATED || trace->property != AW_NO_DEADLOCK)
        return;
    for (uint32_t i = 0; i < trace->at_end_count; i++) {
        const struct aw_trace_waiting *waiting = &trace->at_end[i];
        if (!waiting->blocked)
            continue;
        describe_wait(trace, waiting, line, sizeof line);
        fprintf(out, "  %s\n", line);
        if (waiting->holder[0] != '\0')
            fprintf(out, "    %s\n", waiting->holder);
    }
}

void aw_trace_show_story(const struct aw_trace *trace, FILE *out)
{
    struct story story = {.trace = trace,
                          .acted = aw_allocate(trace->process_count + 1ul, sizeof(uint32_t))};
    for (uint32_t i = 0; i < trace->step_count; i++)
        tell_step(&story, i);
    for (uint32_t i = 0; i < story.count; i++)
        if (story.lines[i].kind == AW_TRACE_PUT || story.lines[i].kind == AW_TRACE_GOT)
            finish_item_line(&story.lines[i]);
    print_story(&story, out);
    tell_end(trace, out);
    if (trace->step_count > 0) {
        tell_items(trace, out, 1, "put and not got");
        tell_items(trace, out, -1, "got more often than put");
        tell_levels(trace, out);
    }
    free(story.lines);
    free(story.acted);
}

void aw_trace_show_summary(const struct aw_trace *trace, FILE *out)
{
    char *text = NULL;
    size_t size = 0;
    aw_trace_colour(out, "1;31");
    fprintf(out, "%s%s%s%s%s", aw_verdict_name(trace->verdict), trace->property >= 0 ? ": " : "",
            trace->property >= 0 ? aw_property_name((enum aw_property)trace->property) : "",
            trace->scenario[0] ? "   " : "", trace->scenario);
    aw_trace_colour(out, "0");
    fputs("\n", out);
    if (trace->message[0] != '\0')
        aw_trace_wrap(out, 0, 2, trace->message);
    if (trace->verdict == AW_VIOLATED && trace->loop == AW_TRACE_NONE && !trace->minimal)
        fputs("not proved minimal: a shorter schedule may do\n", out);
    if (trace->verdict == AW_VIOLATED && trace->step_count > 0) {
        aw_trace_heading(out, "why");
        aw_trace_explain(trace, out);
        aw_trace_heading(out, "what happened");
    } else {
        fputs("\n", out);
    }
    FILE *story = open_memstream(&text, &size);
    AW_CHECK(story != NULL);
    aw_trace_show_story(trace, story);
    fclose(story);
    if (size > 0)
        fputs(text, out);
    free(text);
}
