/* SPDX-License-Identifier: MIT */
/*
 * The keys `faults`, `fault_budget` and `schedule`: what may go wrong, how often, and who is to go
 * first. docs/faults.md says what a fault does, fault/points.h which ones there are.
 *
 * A plan that is wrong would be worse than none: a fault that never strikes makes a proof "under
 * faults" hollow. So a key that does not belong to the kind is a mistake, not a thing to ignore.
 */
#include "scenario/loading.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

enum {
    MAX_OCCURRENCE = 1000000,
    MAX_LENGTH = 64 << 20, /* the largest pipe of docs/scenario-format.md */
    MAX_FAVOURED = 16,
    NEAR = 2, /* a point of the program that is as near to one of the table was meant to be it */
};

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

static const char *const fault_keys[] = {"point", "kind", "errno", "lengths",     "value",
                                         "delay", "role", "site",  "occurrences", "budget"};

/* The keys that one kind has for itself. */
static const struct {
    const char *key;
    enum aw_fault_kind kind;
} own_keys[] = {
    {"errno", AW_FAULT_ERRNO},
    {"lengths", AW_FAULT_PARTIAL},
    {"value", AW_FAULT_FAIL},
    {"delay", AW_FAULT_DELAY},
};

static const char *kind_word(const void *context, int index)
{
    (void)context;
    return aw_fault_kind_name((enum aw_fault_kind)index);
}

static const struct aw_words kind_words = {AW_FAULT_KIND_COUNT, kind_word, NULL};

/* --- Points ---------------------------------------------------------------------------------- */

/* The points of the table that share the first part of their name with another name. */
struct relatives {
    const char *names[64];
    int count;
};

static const char *relative_word(const void *context, int index)
{
    return ((const struct relatives *)context)->names[index];
}

static void find_relatives(const char *name, struct relatives *relatives)
{
    size_t count, length = strcspn(name, "/") + 1;
    const struct aw_fault_point *points = aw_fault_points(&count);
    relatives->count = 0;
    for (int pass = 0; pass < 2 && relatives->count == 0; pass++) /* none: all of them */
        for (size_t i = 0; i < count && relatives->count < AW_COUNT_OF(relatives->names); i++)
            if (pass == 1 || strncmp(points[i].name, name, length) == 0)
                relatives->names[relatives->count++] = points[i].name;
}

/* A point of the table that is misspelt only a little, or NULL. */
static const char *nearly(const char *name)
{
    size_t count;
    const struct aw_fault_point *points = aw_fault_points(&count);
    for (size_t i = 0; i < count; i++)
        if (aw_edit_distance(name, points[i].name) <= NEAR)
            return points[i].name;
    return NULL;
}

static bool is_point_name(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length >= AW_FAULT_NAME || name[0] == '/' || name[length - 1] == '/')
        return false;
    while (*name != '\0') {
        name += strspn(name, letters);
        if (*name != '\0' && *name++ != '/')
            return false;
    }
    return true;
}

/* *known is NULL for a point of the program's own. */
static int read_point(const struct aw_reading *reading, const struct aw_yaml *node,
                      struct aw_fault *fault, const struct aw_fault_point **known)
{
    const char *name;
    int code = aw_read_text(reading, node, "faults.point", &name);
    if (code < 0)
        return code;
    if (!is_point_name(name))
        return aw_expected(reading, node, "faults.point",
                           "a name of at most 95 letters, digits, '_', '-', '.', with '/' between",
                           name);
    *known = aw_fault_point_find(name);
    const char *near = *known == NULL ? nearly(name) : NULL;
    if (*known == NULL && (near != NULL || aw_fault_point_reserved(name))) {
        struct relatives relatives;
        struct aw_words words = {0, relative_word, &relatives};
        find_relatives(near != NULL ? near : name, &relatives);
        words.count = relatives.count;
        return aw_unknown_word(reading, node, "fault point", name, &words);
    }
    snprintf(fault->point, sizeof fault->point, "%s", name);
    return 0;
}

/* --- Kinds ----------------------------------------------------------------------------------- */

/* "one of errno, delay": the kinds that the point takes. */
static void list_kinds(const struct aw_fault_point *known, char *buffer, size_t size)
{
    size_t length = 0;
    int count = 0;
    for (int kind = 0; kind < AW_FAULT_KIND_COUNT; kind++)
        count += aw_fault_point_takes(known, (enum aw_fault_kind)kind);
    const char *before = count > 1 ? "one of " : "";
    for (int kind = 0; kind < AW_FAULT_KIND_COUNT; kind++)
        if (aw_fault_point_takes(known, (enum aw_fault_kind)kind)) {
            length += (size_t)snprintf(buffer + length, size - length, "%s%s", before,
                                       aw_fault_kind_name((enum aw_fault_kind)kind));
            AW_CHECK(length < size);
            before = ", ";
        }
}

static bool knows_its_point(enum aw_fault_kind kind)
{
    return kind == AW_FAULT_CRASH || kind == AW_FAULT_SIGTERM || kind == AW_FAULT_SPURIOUS;
}

/* A fault without a point, and of a kind (-1: none) that does not say which. */
static int demand_point(const struct aw_reading *reading, const struct aw_yaml *map, int kind)
{
    size_t count, length = 0;
    char list[900] = "";
    const struct aw_fault_point *points = aw_fault_points(&count);
    for (size_t i = 0; i < count && kind >= 0; i++)
        if (points[i].kind == (enum aw_fault_kind)kind && length < sizeof list)
            length += (size_t)snprintf(list + length, sizeof list - length, "%s%s",
                                       length > 0 ? ", " : "", points[i].name);
    if (kind == AW_FAULT_FAIL || kind == AW_FAULT_DELAY)
        snprintf(list + length, sizeof list - length,
                 "%sone of the program's own, as in fiu_fail(\"my/point\")",
                 length > 0 ? ", or " : "");
    return aw_wrong(
        reading, map,
        "faults: expected a 'point': only crash, sigterm and spurious know theirs%s%s%s%s",
        kind >= 0 ? "; of the kind " : "",
        kind >= 0 ? aw_fault_kind_name((enum aw_fault_kind)kind) : "", kind >= 0 ? ": " : "", list);
}

/* "eintr" is EINTR. */
static int errno_meant(const char *text)
{
    char name[32];
    size_t length = strlen(text);
    if (length >= sizeof name)
        return 0;
    for (size_t i = 0; i <= length; i++)
        name[i] = (char)toupper((unsigned char)text[i]);
    return aw_fault_errno_by_name(name);
}

static int read_kind(const struct aw_reading *reading, const struct aw_yaml *node, int *kind)
{
    int error = node->kind == AW_YAML_TEXT ? errno_meant(node->text) : 0;
    if (error != 0)
        return aw_wrong(reading, node,
                        "faults.kind: %s is an errno; expected 'errno: %s' beside a 'point'",
                        node->text, aw_fault_errno_name(error));
    return aw_read_word(reading, node, "faults.kind", "kind of fault", &kind_words, kind);
}

static int refuse_kind(const struct aw_reading *reading, const struct aw_yaml *node,
                       const struct aw_fault *fault, const struct aw_fault_point *known)
{
    char kinds[100] = "", hint[AW_FAULT_NAME + 100] = "", reduce[AW_FAULT_NAME + 8];
    list_kinds(known, kinds, sizeof kinds);
    snprintf(reduce, sizeof reduce, "%s/reduce", fault->point);
    if (knows_its_point(fault->kind))
        snprintf(hint, sizeof hint,
                 "; %s needs no point: 'role', 'site' and 'occurrences' say where",
                 aw_fault_kind_name(fault->kind));
    else if (fault->kind == AW_FAULT_PARTIAL && aw_fault_point_find(reduce) != NULL)
        snprintf(hint, sizeof hint, "; it is cut short at %s", reduce);
    return aw_wrong(reading, node, "faults.kind: %s%s cannot have the kind %s; expected %s%s",
                    known == NULL ? "the program's own point " : "", fault->point,
                    aw_fault_kind_name(fault->kind), kinds, hint);
}

/* Point and kind together, since each may stand for the other. */
static int read_point_and_kind(const struct aw_reading *reading, const struct aw_yaml *map,
                               struct aw_fault *fault, const struct aw_fault_point **known)
{
    const struct aw_yaml *point = aw_yaml_get(map, "point"), *node = aw_yaml_get(map, "kind");
    int code = 0, kind = -1;

    if (node != NULL)
        code = read_kind(reading, node, &kind);
    if (code < 0)
        return code;
    if (point != NULL) {
        code = read_point(reading, point, fault, known);
        if (code < 0)
            return code;
    } else if (kind >= 0 && knows_its_point((enum aw_fault_kind)kind)) {
        snprintf(fault->point, sizeof fault->point, "allways/%s",
                 aw_fault_kind_name((enum aw_fault_kind)kind));
        *known = aw_fault_point_find(fault->point);
        AW_CHECK(*known != NULL);
    } else {
        return demand_point(reading, map, kind);
    }

    if (kind >= 0)
        fault->kind = (enum aw_fault_kind)kind;
    else if (aw_yaml_get(map, "delay") != NULL && aw_fault_point_takes(*known, AW_FAULT_DELAY))
        fault->kind = AW_FAULT_DELAY;
    else
        fault->kind = *known != NULL ? (*known)->kind : AW_FAULT_FAIL;
    return aw_fault_point_takes(*known, fault->kind) ? 0
                                                     : refuse_kind(reading, node, fault, *known);
}

/* --- Values ---------------------------------------------------------------------------------- */

/* One value, from an item of a list or from a value alone. */
typedef int read_value(const struct aw_reading *reading, const struct aw_yaml *item,
                       const struct aw_fault_point *known, int64_t *value);

static const char *errno_word(const void *context, int index)
{
    return aw_fault_errno_name(((const struct aw_fault_point *)context)->errnos[index]);
}

/* "one of EINTR, EAGAIN": those that the call may give. */
static void list_errnos(const struct aw_fault_point *known, char *buffer, size_t size)
{
    size_t length = 0;
    const char *before = known->errnos[1] != 0 ? "one of " : "";
    for (int i = 0; i < AW_FAULT_MAX_ERRNOS && known->errnos[i] != 0; i++) {
        length +=
            (size_t)snprintf(buffer + length, size - length, "%s%s", before, errno_word(known, i));
        AW_CHECK(length < size);
        before = ", ";
    }
}

static int read_errno(const struct aw_reading *reading, const struct aw_yaml *item,
                      const struct aw_fault_point *known, int64_t *value)
{
    struct aw_words words = {0, errno_word, known};
    const char *name;
    char text[AW_FAULT_NAME + 100];
    int code = aw_read_text(reading, item, "faults.errno", &name);
    if (code < 0)
        return code;
    int error = aw_fault_errno_by_name(name);
    *value = error;
    if (error != 0 && aw_fault_point_gives(known, error))
        return 0;
    if (error != 0) {
        list_errnos(known, text, sizeof text);
        return aw_wrong(reading, item, "faults.errno: %s cannot give %s; expected %s", known->name,
                        name, text);
    }
    while (words.count < AW_FAULT_MAX_ERRNOS && known->errnos[words.count] != 0)
        words.count++;
    snprintf(text, sizeof text, "errno of %s", known->name);
    return aw_unknown_word(reading, item, text, name, &words);
}

static int read_length(const struct aw_reading *reading, const struct aw_yaml *item,
                       const struct aw_fault_point *known, int64_t *value)
{
    static const struct aw_quantity any = {AW_UNIT_NONE, 1, MAX_LENGTH, 0, false};
    uint64_t length = 0;
    (void)known;
    int code = aw_read_quantity(reading, item, "faults.lengths", &any, &length);
    *value = (int64_t)length;
    return code;
}

static int read_failure(const struct aw_reading *reading, const struct aw_yaml *item,
                        const struct aw_fault_point *known, int64_t *value)
{
    static const struct aw_quantity any = {AW_UNIT_NONE, 1, INT32_MAX, 0, false};
    uint64_t failure = 0;
    (void)known;
    int code = aw_read_quantity(reading, item, "faults.value", &any, &failure);
    *value = (int64_t)failure;
    return code;
}

static int read_values(const struct aw_reading *reading, const struct aw_yaml *node,
                       const char *where, read_value *read, const struct aw_fault_point *known,
                       struct aw_fault *fault)
{
    const struct aw_yaml *item = node;
    if (node->kind == AW_YAML_LIST) {
        int code = aw_read_list(reading, node, where);
        if (code < 0)
            return code;
        if (node->count > AW_FAULT_MAX_VALUES)
            return aw_wrong(reading, node, "%s: expected at most %d values, found %d", where,
                            AW_FAULT_MAX_VALUES, node->count);
        item = node->first;
    }
    for (; item != NULL; item = item == node ? NULL : item->next) {
        int64_t value;
        int code = read(reading, item, known, &value);
        if (code < 0)
            return code;
        for (uint32_t i = 0; i < fault->value_count; i++)
            if (fault->values[i] == value)
                return aw_wrong(reading, item, "%s: expected each value once, found \"%s\" again",
                                where, item->text);
        fault->values[fault->value_count++] = value;
    }
    return 0;
}

static void sort_values(struct aw_fault *fault)
{
    for (uint32_t i = 1; i < fault->value_count; i++)
        for (uint32_t k = i; k > 0 && fault->values[k - 1] > fault->values[k]; k--) {
            int64_t value = fault->values[k];
            fault->values[k] = fault->values[k - 1];
            fault->values[k - 1] = value;
        }
}

static int read_lengths(const struct aw_reading *reading, const struct aw_yaml *node,
                        const struct aw_fault_point *known, struct aw_fault *fault)
{
    const char *text;
    fault->lengths = AW_LENGTHS_EVERY;
    if (node == NULL)
        return 0;
    if (node->kind != AW_YAML_LIST) {
        static const char what[] = "every, meaningful, or a list of lengths such as [1, 3]";
        if (node->kind != AW_YAML_TEXT)
            return aw_expected(reading, node, "faults.lengths", what, NULL);
        int code = aw_read_text(reading, node, "faults.lengths", &text);
        if (code < 0)
            return code;
        if (strcmp(text, "every") == 0)
            return 0;
        fault->lengths = AW_LENGTHS_MEANINGFUL;
        if (strcmp(text, "meaningful") == 0)
            return 0;
        if (!isdigit((unsigned char)text[0]))
            return aw_expected(reading, node, "faults.lengths", what, text);
    }
    fault->lengths = AW_LENGTHS_LISTED;
    int code = read_values(reading, node, "faults.lengths", read_length, known, fault);
    sort_values(fault);
    return code;
}

/* What is done: the keys of the kind, and none of another's. */
static int read_what(const struct aw_reading *reading, const struct aw_yaml *map,
                     const struct aw_fault_point *known, struct aw_fault *fault)
{
    static const struct aw_quantity delay = {AW_UNIT_NANOS, 1000, UINT64_C(3600) * 1000000000, 0,
                                             false};
    const struct aw_yaml *node = NULL;
    uint64_t delay_ns;
    int code = 0;

    for (int i = 0; i < AW_COUNT_OF(own_keys); i++) {
        const struct aw_yaml *own = aw_yaml_get(map, own_keys[i].key);
        if (own == NULL)
            continue;
        if (own_keys[i].kind != fault->kind)
            return aw_wrong(reading, own->key,
                            "faults.%s: expected only with the kind %s, found the kind %s at %s",
                            own_keys[i].key, aw_fault_kind_name(own_keys[i].kind),
                            aw_fault_kind_name(fault->kind), fault->point);
        node = own;
    }

    switch (fault->kind) {
    case AW_FAULT_ERRNO:
        if (node != NULL)
            return read_values(reading, node, "faults.errno", read_errno, known, fault);
        fault->values[fault->value_count++] = known->errnos[0];
        return 0;
    case AW_FAULT_PARTIAL:
        return read_lengths(reading, node, known, fault);
    case AW_FAULT_FAIL:
        if (node != NULL)
            return read_values(reading, node, "faults.value", read_failure, known, fault);
        fault->values[fault->value_count++] = 1;
        return 0;
    case AW_FAULT_DELAY:
        if (node == NULL)
            return aw_wrong(reading, map, "faults: expected a 'delay' for %s: how long, as in 3 s",
                            fault->point);
        code = aw_read_quantity(reading, node, "faults.delay", &delay, &delay_ns);
        if (code == 0)
            fault->delay_ns = (int64_t)delay_ns;
        return code;
    case AW_FAULT_CRASH:
    case AW_FAULT_SIGTERM:
    case AW_FAULT_SPURIOUS:
    case AW_FAULT_KIND_COUNT:
        break;
    }
    return 0;
}

/* --- Where and when -------------------------------------------------------------------------- */

static int read_role(const struct aw_reading *reading, const struct aw_yaml *node,
                     const char *where, const char **role)
{
    static const char what[] = "a role: 1 to 31 letters, digits, '_', '-' and '.'";
    int code = aw_read_text_as(reading, node, where, what, role);
    if (code < 0)
        return code;
    size_t length = strlen(*role);
    if (length == 0 || length >= sizeof((struct aw_fault *)0)->role ||
        strspn(*role, letters) != length)
        return aw_expected(reading, node, where, what, *role);
    return 0;
}

static bool is_site(const char *site)
{
    size_t length = strspn(site, letters);
    while (site[length] == '/' || site[length] == '+')
        length += 1 + strspn(site + length + 1, letters);
    if (length == 0 || strlen(site) >= AW_FAULT_NAME)
        return false;
    if (site[length] != ':')
        return site[length] == '\0';
    site += length + 1;
    return *site >= '1' && *site <= '9' && strlen(site) <= 7 &&
           site[strspn(site, "0123456789")] == '\0';
}

static int read_site(const struct aw_reading *reading, const struct aw_yaml *node,
                     struct aw_fault *fault)
{
    static const char what[] = "a call site: file.c:123, file.c, or a function's name";
    const char *site;
    int code = aw_read_text_as(reading, node, "faults.site", what, &site);
    if (code < 0)
        return code;
    if (!is_site(site))
        return aw_expected(reading, node, "faults.site", what, site);
    snprintf(fault->site, sizeof fault->site, "%s", site);
    return 0;
}

/* Digits that come to a number from 1 to MAX_OCCURRENCE; NULL when they do not. */
static const char *parse_occurrence(const char *text, uint32_t *number)
{
    *number = 0;
    for (; isdigit((unsigned char)*text) && *number <= MAX_OCCURRENCE; text++)
        *number = *number * 10 + (uint32_t)(*text - '0');
    return *number >= 1 && *number <= MAX_OCCURRENCE ? text : NULL;
}

static int read_occurrences(const struct aw_reading *reading, const struct aw_yaml *node,
                            struct aw_fault *fault)
{
    static const char what[] = "a number from 1 to 1000000, or a range of them such as 1-3";
    const char *text, *rest;
    int code = aw_read_text_as(reading, node, "faults.occurrences", what, &text);
    if (code < 0)
        return code;
    rest = parse_occurrence(text, &fault->first);
    fault->last = fault->first;
    if (rest != NULL && *rest == '-')
        rest = parse_occurrence(rest + 1, &fault->last);
    if (rest == NULL || *rest != '\0' || fault->last < fault->first)
        return aw_expected(reading, node, "faults.occurrences", what, text);
    return 0;
}

/* --- The plan -------------------------------------------------------------------------------- */

static const struct aw_quantity any_budget = {AW_UNIT_NONE, 0, AW_FAULT_MAX_BUDGET, 0, false};

static int read_fault(const struct aw_reading *reading, const struct aw_yaml *map,
                      struct aw_fault *fault)
{
    const struct aw_fault_point *known = NULL;
    const struct aw_yaml *node;
    const char *role;
    uint64_t budget = 1;

    fault->line = map->line;
    fault->column = map->column;
    int code = aw_read_map(reading, map, "faults");
    if (code == 0)
        code = aw_read_keys(reading, map, "a fault", fault_keys, AW_COUNT_OF(fault_keys));
    if (code == 0)
        code = read_point_and_kind(reading, map, fault, &known);
    if (code == 0)
        code = read_what(reading, map, known, fault);
    if (code == 0 && (node = aw_yaml_get(map, "role")) != NULL) {
        code = read_role(reading, node, "faults.role", &role);
        if (code == 0)
            snprintf(fault->role, sizeof fault->role, "%s", role);
    }
    if (code == 0 && (node = aw_yaml_get(map, "site")) != NULL)
        code = read_site(reading, node, fault);
    if (code == 0 && (node = aw_yaml_get(map, "occurrences")) != NULL)
        code = read_occurrences(reading, node, fault);
    if (code == 0 && (node = aw_yaml_get(map, "budget")) != NULL)
        code = aw_read_quantity(reading, node, "faults.budget", &any_budget, &budget);
    fault->budget = (uint32_t)budget;
    return code;
}

/* The budget of all together: stated, or that of the only fault. */
static int read_fault_budget(const struct aw_reading *reading, const struct aw_yaml *root,
                             struct aw_fault_plan *plan)
{
    const struct aw_yaml *node = aw_yaml_get(root, "fault_budget");
    const struct aw_yaml *list = aw_yaml_get(root, "faults"), *item;
    struct aw_quantity quantity = any_budget;
    uint64_t budget = plan->faults[0].budget, sum = 0;
    int code = 0;

    for (uint32_t i = 0; i < plan->count; i++)
        sum += plan->faults[i].budget;
    if (node != NULL) {
        code = aw_read_quantity(reading, node, "fault_budget", &quantity, &budget);
        if (code == 0 && budget > sum)
            return aw_wrong(reading, node,
                            "fault_budget: expected at most %d, the sum of the budgets, found %d",
                            (int)sum, (int)budget);
    } else if (plan->count > 1) {
        return aw_wrong(reading, list->key,
                        "faults: expected a 'fault_budget' beside several faults: how many of "
                        "them in one execution, of all together");
    }
    if (code < 0)
        return code;
    plan->budget = (uint32_t)budget;

    item = list->first;
    for (uint32_t i = 0; budget > 0 && i < plan->count; i++, item = item->next)
        if (plan->faults[i].budget == 0)
            return aw_wrong(reading, aw_yaml_get(item, "budget"),
                            "faults.budget: expected at least 1; 'fault_budget: 0' is for none at "
                            "all");
    return 0;
}

int aw_read_faults(const struct aw_loading *loading, const struct aw_reading *reading,
                   struct aw_case *one)
{
    const struct aw_yaml *list = aw_yaml_get(loading->root, "faults");
    const struct aw_yaml *budget = aw_yaml_get(loading->root, "fault_budget");
    struct aw_fault_plan *plan = &one->faults;

    if (list == NULL)
        return budget == NULL
                   ? 0
                   : aw_wrong(reading, budget->key, "fault_budget: expected only beside 'faults'");
    int code = aw_read_list(reading, list, "faults");
    if (code < 0)
        return code;
    if (list->count > AW_FAULT_MAX)
        return aw_wrong(reading, list->key, "faults: expected at most %d, found %d", AW_FAULT_MAX,
                        list->count);
    for (const struct aw_yaml *map = list->first; map != NULL; map = map->next) {
        code = read_fault(reading, map, &plan->faults[plan->count++]);
        if (code < 0)
            return code;
    }
    return read_fault_budget(reading, loading->root, plan);
}

int aw_read_schedule(const struct aw_loading *loading, const struct aw_reading *reading,
                     struct aw_case *one)
{
    static const char *const keys[] = {"favour"};
    const struct aw_yaml *map = aw_yaml_get(loading->root, "schedule"), *list;

    if (map == NULL)
        return 0;
    int code = aw_read_map(reading, map, "schedule");
    if (code == 0)
        code = aw_read_keys(reading, map, "schedule", keys, AW_COUNT_OF(keys));
    if (code < 0)
        return code;
    list = aw_yaml_get(map, "favour");
    code = aw_read_list(reading, list, "schedule.favour");
    if (code < 0)
        return code;
    if (list->count > MAX_FAVOURED)
        return aw_wrong(reading, list, "schedule.favour: expected at most %d roles, found %d",
                        MAX_FAVOURED, list->count);
    const char **favour = aw_memory_alloc(reading->memory, (size_t)list->count, sizeof *favour);
    if (favour == NULL)
        return aw_loading_no_memory(loading);
    one->favour = favour;
    for (const struct aw_yaml *node = list->first; node != NULL; node = node->next) {
        code = read_role(reading, node, "schedule.favour", &favour[one->favour_count]);
        if (code < 0)
            return code;
        for (int i = 0; i < one->favour_count; i++)
            if (strcmp(favour[i], favour[one->favour_count]) == 0)
                return aw_wrong(reading, node,
                                "schedule.favour: expected each role once, found \"%s\" again",
                                favour[i]);
        one->favour_count++;
    }
    return 0;
}
