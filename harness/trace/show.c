/* SPDX-License-Identifier: MIT */
/*
 * show.c - a trace as text: the summary, then a table.
 *
 *     step  A B C  operation              result    source           pipe 0 rlock
 *       27  | | C  poll pipe 0            nothing   mpqueue.c:381         0     0
 *                  worker 1: note "get: Empty (pipe has nothing)"
 *
 * One lane for each thread, by letter; a bar where a thread lives. Where the lanes of all threads
 * leave no room for the rest, one column names the thread that moves, whatever their number. The
 * columns at the right are those objects whose level changes at all, as far as there is room.
 */
#define _GNU_SOURCE
#include "trace/show.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { WIDTH = AW_TRACE_COLUMNS, MAX_LEVEL_COLUMNS = 6, LONGEST_NAME = 24 };

struct lane {
    uint32_t process, slot;
    uint32_t first, last; /* steps between which it lives */
};

struct table {
    const struct aw_trace *trace;
    struct lane *lanes;
    uint32_t lane_count;
    int name_width; /* not 0: one column of names in place of lanes */
    uint32_t columns[MAX_LEVEL_COLUMNS];
    char heads[MAX_LEVEL_COLUMNS][16];
    int level_widths[MAX_LEVEL_COLUMNS];
    uint32_t column_count;
    int operation_width, result_width, source_width;
};

static uint32_t lane_of(struct table *table, uint32_t process, uint32_t slot, uint32_t step)
{
    for (uint32_t i = 0; i < table->lane_count; i++)
        if (table->lanes[i].process == process && table->lanes[i].slot == slot) {
            table->lanes[i].last = step;
            return i;
        }
    table->lanes = aw_reallocate(table->lanes, table->lane_count + 1ul, sizeof *table->lanes);
    table->lanes[table->lane_count] = (struct lane){process, slot, step, step};
    return table->lane_count++;
}

static int by_thread(const void *one, const void *other)
{
    const struct lane *a = one, *b = other;
    if (a->process != b->process)
        return a->process < b->process ? -1 : 1;
    return a->slot < b->slot ? -1 : a->slot > b->slot;
}

static void find_lanes(struct table *table)
{
    const struct aw_trace *trace = table->trace;
    for (uint32_t i = 0; i < trace->step_count; i++)
        if (trace->steps[i].process != AW_TRACE_NONE)
            lane_of(table, trace->steps[i].process, trace->steps[i].choice.slot, i);
    for (uint32_t i = 0; i < trace->at_end_count; i++)
        lane_of(table, trace->at_end[i].process, trace->at_end[i].slot, UINT32_MAX);
    if (table->lane_count > 0)
        qsort(table->lanes, table->lane_count, sizeof *table->lanes, by_thread);
}

static bool level_of(const struct aw_trace_step *step, uint32_t object, uint64_t *level)
{
    for (uint32_t i = 0; i < step->level_count; i++)
        if (step->levels[i].object == object) {
            *level = step->levels[i].level;
            return true;
        }
    return false;
}

static void say_level(const struct aw_trace_step *step, uint32_t object, char text[24])
{
    uint64_t level;
    text[0] = '\0';
    if (!level_of(step, object, &level))
        return;
    if (level >= INT_MAX - 99999 && level < INT_MAX)
        snprintf(text, 24, "max-%llu", (unsigned long long)(INT_MAX - level));
    else if (level == INT_MAX)
        snprintf(text, 24, "max");
    else
        snprintf(text, 24, "%llu", (unsigned long long)level);
}

static void widen(int *width, const char *text)
{
    int length = (int)strlen(text);
    if (length > *width)
        *width = length;
}

static void add_column(struct table *table, uint32_t object)
{
    char name[128], text[24];
    uint32_t column = table->column_count++;
    aw_trace_object_short(table->trace, object, name, sizeof name);
    snprintf(table->heads[column], sizeof *table->heads, "%.8s", name);
    table->columns[column] = object;
    table->level_widths[column] = 5;
    widen(&table->level_widths[column], table->heads[column]);
    for (uint32_t i = 0; i < table->trace->step_count; i++) {
        say_level(&table->trace->steps[i], object, text);
        widen(&table->level_widths[column], text);
    }
}

static void find_columns(struct table *table)
{
    const struct aw_trace *trace = table->trace;
    for (uint32_t object = 0; object < trace->object_count; object++) {
        uint64_t first = UINT64_MAX, level;
        bool changes = false;
        for (uint32_t i = 0; i < trace->step_count && !changes; i++) {
            if (!level_of(&trace->steps[i], object, &level))
                continue;
            changes = first != UINT64_MAX && level != first;
            first = level;
        }
        if ((changes || trace->objects[object].kind == AW_OBJECT_PIPE) &&
            table->column_count < MAX_LEVEL_COLUMNS)
            add_column(table, object);
    }
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static void letter(uint32_t lane, char text[4])
{
    if (lane < 26)
        snprintf(text, 4, "%c", (char)('A' + lane));
    else if (lane < 52)
        snprintf(text, 4, "%c", (char)('a' + lane - 26));
    else
        snprintf(text, 4, "*");
}

static void say_operation(const struct table *table, const struct aw_trace_step *step, char *buffer,
                          size_t size)
{
    const struct aw_trace *trace = table->trace;
    const char *operation = step->operation;
    char object[128];
    snprintf(object, sizeof object, "%s", step->object);
    for (uint32_t i = 0; i < trace->object_count; i++)
        if (strcmp(trace->objects[i].name, step->object) == 0)
            aw_trace_object_short(trace, i, object, sizeof object);
    if (strncmp(operation, "pthread_mutex_", 14) == 0 ||
        strncmp(operation, "pthread_cond_", 13) == 0)
        operation += strlen("pthread_");
    if (strcmp(operation, "cond_wait (relock)") == 0)
        operation = "cond_wait relock";
    snprintf(buffer, size, "%s%s%s", operation, object[0] ? " " : "", object);
}

static void say_result(const struct aw_trace_step *step, char *buffer, size_t size)
{
    snprintf(buffer, size, "%s%s%s", step->result,
             step->expired && strstr(step->result, "TIMEDOUT") == NULL &&
                     strstr(step->result, "timed out") == NULL
                 ? " (timed out)"
                 : "",
             step->fault_count > 0 && strstr(step->result, "cut short") == NULL ? " (fault)" : "");
}

static void say_source(const char *file, int line, char *buffer, size_t size)
{
    buffer[0] = '\0';
    if (file[0] != '\0')
        snprintf(buffer, size, "%s:%d", base_name(file), line);
}

/* Takes a column down, but not below what most rows need; longer texts then run over. */
static void narrow(int *width, int least, int *excess)
{
    int cut = *width - least < *excess ? *width - least : *excess;
    if (cut <= 0)
        return;
    *width -= cut;
    *excess -= cut;
}

/* What stands between the number of the step and the operation. */
static int lanes_width(const struct table *table)
{
    return table->name_width > 0 ? 1 + table->name_width : 2 * (int)table->lane_count;
}

static int row_width(const struct table *table)
{
    int width =
        9 + lanes_width(table) + table->operation_width + table->result_width + table->source_width;
    for (uint32_t i = 0; i < table->column_count; i++)
        width += 1 + table->level_widths[i];
    return width;
}

/* Returns by how many columns a row is still too wide. */
static int narrow_row(struct table *table)
{
    int excess = row_width(table) - WIDTH;
    narrow(&table->result_width, 16, &excess);
    narrow(&table->source_width, 18, &excess);
    narrow(&table->operation_width, 22, &excess);
    narrow(&table->result_width, 8, &excess);
    narrow(&table->source_width, 14, &excess);
    return excess;
}

static const char *lane_name(const struct table *table, uint32_t lane, char *buffer, size_t size)
{
    return aw_trace_thread_name(table->trace, table->lanes[lane].process, table->lanes[lane].slot,
                                buffer, size);
}

static void name_lanes(struct table *table)
{
    char name[256];
    widen(&table->name_width, "thread");
    for (uint32_t i = 0; i < table->lane_count; i++)
        widen(&table->name_width, lane_name(table, i, name, sizeof name));
    if (table->name_width > LONGEST_NAME)
        table->name_width = LONGEST_NAME;
}

static void find_widths(struct table *table)
{
    const struct aw_trace *trace = table->trace;
    char text[256];
    widen(&table->operation_width, "operation");
    widen(&table->result_width, "result");
    widen(&table->source_width, "source");
    for (uint32_t i = 0; i < trace->step_count; i++) {
        const struct aw_trace_step *step = &trace->steps[i];
        say_operation(table, step, text, sizeof text);
        widen(&table->operation_width, text);
        say_result(step, text, sizeof text);
        widen(&table->result_width, text);
        say_source(step->file, step->line, text, sizeof text);
        widen(&table->source_width, text);
    }
    int wide[] = {table->operation_width, table->result_width, table->source_width};
    if (narrow_row(table) > 0) {
        table->operation_width = wide[0];
        table->result_width = wide[1];
        table->source_width = wide[2];
        name_lanes(table);
        while (narrow_row(table) > 0 && table->column_count > 0)
            table->column_count--;
    }
}

static void print_level(const struct table *table, const struct aw_trace_step *step,
                        uint32_t column, FILE *out)
{
    char text[24];
    say_level(step, table->columns[column], text);
    fprintf(out, " %*s", table->level_widths[column], text);
}

/* What the signs in the rows mean; whether there are such signs. */
static bool print_signs(const struct table *table, FILE *out)
{
    char text[24];
    bool lanes = table->name_width == 0 && table->lane_count > 1, max = false;
    for (uint32_t i = 0; i < table->trace->step_count; i++)
        for (uint32_t k = 0; k < table->column_count && !max; k++) {
            say_level(&table->trace->steps[i], table->columns[k], text);
            max = strncmp(text, "max", 3) == 0;
        }
    if (lanes)
        fputs("| not its turn; blank: before its first step, or after its last", out);
    if (max)
        fprintf(out, "%smax: SEM_VALUE_MAX", lanes ? "   " : "");
    if (lanes || max)
        fputs("\n", out);
    return lanes || max;
}

/* Which letter is whose. */
static void print_names(const struct table *table, FILE *out)
{
    char name[256], text[4];
    int used = 0;
    for (uint32_t i = 0; i < table->lane_count; i++) {
        letter(i, text);
        int length = (int)strlen(lane_name(table, i, name, sizeof name)) + 5;
        if (used > 0 && used + length > WIDTH) {
            fputs("\n", out);
            used = 0;
        }
        fprintf(out, "%s%s %s", used > 0 ? "   " : "", text, name);
        used += length;
    }
    fputs("\n", out);
}

static void print_head(const struct table *table, FILE *out)
{
    char text[4];
    if (table->name_width == 0)
        print_names(table, out);
    if (print_signs(table, out) || table->name_width == 0)
        fputs("\n", out);
    fputs("step ", out);
    if (table->name_width > 0)
        fprintf(out, " %-*s", table->name_width, "thread");
    for (uint32_t i = 0; i < table->lane_count && table->name_width == 0; i++) {
        letter(i, text);
        fprintf(out, " %s", text);
    }
    fprintf(out, "  %-*s %-*s %-*s", table->operation_width, "operation", table->result_width,
            "result", table->source_width, "source");
    for (uint32_t i = 0; i < table->column_count; i++)
        fprintf(out, " %*s", table->level_widths[i], table->heads[i]);
    fputs("\n", out);
}

static void print_lanes(const struct table *table, uint32_t index, FILE *out)
{
    const struct aw_trace_step *step = &table->trace->steps[index];
    static const char *const colours[] = {"1;34", "1;33", "1;32", "1;35", "1;36", "1;31"};
    char text[256];
    bool named = false;
    for (uint32_t i = 0; i < table->lane_count; i++) {
        const struct lane *lane = &table->lanes[i];
        bool moves = lane->process == step->process && lane->slot == step->choice.slot;
        if (table->name_width > 0 && !moves)
            continue;
        if (table->name_width > 0)
            lane_name(table, i, text, sizeof text);
        else if (moves)
            letter(i, text);
        else
            snprintf(text, sizeof text, "%s",
                     index > lane->first && index < lane->last ? "|" : " ");
        named = true;
        aw_trace_colour(out, moves ? colours[i % (sizeof colours / sizeof *colours)] : "2");
        fprintf(out, " %-*.*s", table->name_width, table->name_width > 0 ? table->name_width : 1,
                text);
        aw_trace_colour(out, "0");
    }
    if (!named) /* the clock moves */
        fprintf(out, "%*s", lanes_width(table), "");
}

/* A text in its column; `cut`: no more than fits, the end of which is "…". */
static void print_cell(FILE *out, const char *text, int width, bool cut)
{
    if (cut && (int)strlen(text) > width)
        fprintf(out, "%.*s… ", width - 1, text);
    else
        fprintf(out, "%-*s ", width, text);
}

static void print_step(const struct table *table, uint32_t index, FILE *out)
{
    const struct aw_trace *trace = table->trace;
    const struct aw_trace_step *step = &trace->steps[index];
    char operation[256], result[256], source[256], shown[264], event[512];
    say_operation(table, step, operation, sizeof operation);
    say_result(step, result, sizeof result);
    say_source(step->file, step->line, source, sizeof source);
    if ((int)strlen(source) > table->source_width) { /* its end says more than its beginning */
        const char *end = source + strlen(source) - (table->source_width - 1);
        snprintf(shown, sizeof shown, "…%s", end);
    } else {
        snprintf(shown, sizeof shown, "%-*s", table->source_width, source);
    }
    fprintf(out, "%4u ", index + 1);
    print_lanes(table, index, out);
    /* Long texts run over into room that the columns after them leave; what does not fit is told on
     * a line of its own. */
    int room = WIDTH - row_width(table), long_by = (int)strlen(operation) - table->operation_width;
    room = room > 0 ? room : 0;
    bool cut = long_by > room;
    if (!cut && long_by > 0)
        room -= long_by;
    bool clipped = cut || (int)strlen(result) - table->result_width > room;
    fputs("  ", out);
    print_cell(out, operation, table->operation_width, cut);
    print_cell(out, result, table->result_width, clipped);
    fputs(shown, out);
    for (uint32_t i = 0; i < table->column_count; i++)
        print_level(table, step, i, out);
    fputs("\n", out);
    int indent = 7 + lanes_width(table);
    if (clipped)
        aw_trace_wrap(out, indent, indent + 2,
                      cut ? aw_trace_text(trace, "%s = %s", operation, result)
                          : aw_trace_text(trace, "= %s", result));
    for (uint32_t i = 0; i < step->fault_count; i++) {
        aw_trace_colour(out, "1;31");
        aw_trace_wrap(
            out, indent, indent + 2,
            aw_trace_text(trace, "*** fault: %s",
                          aw_trace_fault_text(trace, &step->faults[i], event, sizeof event)));
        aw_trace_colour(out, "0");
    }
    for (uint32_t i = 0; i < step->event_count; i++) {
        if (step->events[i].kind == AW_TRACE_WORKERS || step->events[i].kind == AW_TRACE_ROLE)
            continue;
        const char *place = step->events[i].place;
        aw_trace_say_event(&step->events[i], event, sizeof event);
        aw_trace_wrap(out, indent, indent + 2,
                      aw_trace_text(trace, "%s: %s",
                                    aw_trace_actor(trace, step, &step->events[i], operation,
                                                   sizeof operation),
                                    event));
        if (place[0] != '\0')
            aw_trace_wrap(out, indent + 2, indent + 4, aw_trace_text(trace, "at %s", place));
    }
}

/* A finding stops its thread as a fatal signal does, and is none: what was found, "use after free";
 * "" when the process was not stopped by a finding. */
static const char *finding_of(const struct aw_trace *trace, const struct aw_trace_waiting *waiting)
{
    if (strcmp(waiting->operation, "fatal signal") != 0)
        return "";
    for (uint32_t i = trace->step_count; i-- > 0;)
        for (uint32_t k = trace->steps[i].event_count; k-- > 0;) {
            const struct aw_trace_event *event = &trace->steps[i].events[k];
            if (event->process == waiting->process && event->kind == AW_TRACE_CRASH)
                return "";
            if (event->process == waiting->process && event->kind == AW_TRACE_FINDING)
                return aw_trace_text(trace, "%.*s", (int)strcspn(event->text, ":"), event->text);
        }
    return "";
}

static void print_end(const struct aw_trace *trace, FILE *out)
{
    char name[256], object[128];
    if (trace->at_end_count == 0) {
        fputs("\nat the end nobody lives\n", out);
        return;
    }
    fputs("\nat the end\n", out);
    for (uint32_t i = 0; i < trace->at_end_count; i++) {
        const struct aw_trace_waiting *waiting = &trace->at_end[i];
        struct aw_trace_step as_step = {.operation = waiting->operation, .object = waiting->object};
        struct table table = {.trace = trace};
        char source[256];
        const char *finding = finding_of(trace, waiting);
        if (finding[0] != '\0')
            snprintf(object, sizeof object, "%s", finding);
        else
            say_operation(&table, &as_step, object, sizeof object);
        say_source(waiting->file, waiting->line, source, sizeof source);
        aw_trace_thread_name(trace, waiting->process, waiting->slot, name, sizeof name);
        int used = fprintf(out, "  %-20s %s ", name,
                           finding[0] != '\0' ? "found:    "
                           : waiting->blocked ? "blocked at"
                                              : "about to: ");
        const char *where = source[0] == '\0'
                                ? object
                                : aw_trace_text(trace, "%s  (%s%s%s)", object, waiting->function,
                                                waiting->function[0] ? " " : "", source);
        if (used + (int)strlen(where) <= WIDTH)
            fprintf(out, "%s\n", where);
        else
            aw_trace_wrap_from(out, used, 34, where);
        if (waiting->holder[0] != '\0')
            aw_trace_wrap(out, 23, 25, waiting->holder);
    }
}

void aw_trace_show(const struct aw_trace *trace, FILE *out)
{
    struct table table = {.trace = trace};
    aw_trace_show_summary(trace, out);
    find_lanes(&table);
    find_columns(&table);
    find_widths(&table);
    fputs("\n", out);
    print_head(&table, out);
    for (uint32_t i = 0; i < trace->step_count; i++) {
        if (i == trace->loop)
            fprintf(out, "---- from here on, steps %u to %u are repeated for ever ----\n", i + 1,
                    trace->step_count);
        print_step(&table, i, out);
        if (trace->critical.kind == AW_CRITICAL_STEP && i == trace->critical.step) {
            aw_trace_colour(out, "1;33");
            fprintf(out, "---- critical: after step %u no continuation is good ----", i + 1);
            aw_trace_colour(out, "0");
            fputs("\n", out);
        }
    }
    if (trace->loop != AW_TRACE_NONE)
        fprintf(out, "---- back to step %u%s ----\n", trace->loop + 1,
                trace->loop_closes ? "" : ", up to what equal siblings are called");
    print_end(trace, out);
    free(table.lanes);
}
