/* SPDX-License-Identifier: MIT */
/*
 * act_access.c - an access to memory in words: what it does, to which variable, with what result.
 *
 * No address enters a trace. A global variable has its name; blocks of the heap and variables on
 * stacks are numbered as they are met, also those that a pointer was only seen to point to.
 */
#include <inttypes.h>
#include <string.h>

#include "trace/act.h"

/* How far inside a block that is known already an address may lie to be told as a part of it. */
enum { NEAR = 256 };

static const char *with_offset(struct aw_act *act, const char *name, uint64_t offset)
{
    return offset == 0 ? aw_trace_text(act->trace, "%s", name)
                       : aw_trace_text(act->trace, "%s+%" PRIu64, name, offset);
}

/* What lies at an address, or NULL where the program has no memory. */
static const char *place_name(struct aw_act *act, uint64_t address)
{
    uint64_t offset = 0;
    const char *owner, *name = aw_machine_variable(act->walk->machine, address, &offset, &owner);
    if (name != NULL)
        return with_offset(act, aw_trace_text(act->trace, "%s%s", owner, name), offset);
    int slot = aw_machine_stack_of(address);
    if (slot >= 0)
        return aw_trace_text(act->trace, "%s of %s",
                             aw_act_private_name(act, AW_PRIVATE_LOCAL, address),
                             aw_act_sibling(act, (uint32_t)slot));
    if (!aw_machine_on_heap(address))
        return NULL;
    uint64_t start = aw_machine_block_at(act->walk->machine, act->local, address);
    if (start == 0) /* freed, or not yet there */
        start = aw_act_private_below(act, AW_PRIVATE_BLOCK, address, NEAR);
    return with_offset(act, aw_act_private_name(act, AW_PRIVATE_BLOCK, start), address - start);
}

/* A value: a pointer is told by what it points to. */
static const char *value_text(struct aw_act *act, uint64_t value, uint32_t size)
{
    const char *name = size == 8 ? place_name(act, value) : NULL;
    if (name != NULL)
        return aw_trace_text(act->trace, "&%s", name);
    if (size == 8)
        return aw_trace_text(act->trace, "%" PRId64, (int64_t)value);
    if (size == 4)
        return aw_trace_text(act->trace, "%" PRId32, (int32_t)value);
    return aw_trace_text(act->trace, "%" PRIu64, size == 1 ? value & 0xff : value & 0xffff);
}

const char *aw_act_access_name(struct aw_act *act)
{
    struct aw_access_view view;
    aw_machine_access_view(act->walk->machine, act->op, &view);
    return aw_trace_text(act->trace, "%s", view.name);
}

static const char *operand_text(struct aw_act *act, const struct aw_access_view *view)
{
    if (view->size != 16)
        return value_text(act, view->operand, view->size);
    const char *low = value_text(act, view->operand, 8);
    return aw_trace_text(act->trace, "{%s, %s}", low, value_text(act, view->operand_high, 8));
}

const char *aw_act_access_object(struct aw_act *act)
{
    struct aw_access_view view;
    aw_machine_access_view(act->walk->machine, act->op, &view);
    const char *name = view.is_new ? aw_act_private_name(act, AW_PRIVATE_BLOCK, view.address)
                                   : place_name(act, view.address);
    if (name == NULL)
        name = "memory";
    if (!view.has_operand || view.is_store)
        return name;
    return aw_trace_text(act->trace, "%s, %s", name, operand_text(act, &view));
}

/* What was read is what was there; what was written is there, since whatever touches a visible byte
 * afterwards is another operation. */
static const char *plain_result(struct aw_act *act, const struct aw_access_view *view,
                                const struct aw_local *after)
{
    const struct aw_local *from = strcmp(view->name, "write") == 0 ? after : act->local;
    uint64_t value = 0;
    if (view->is_one && view->size <= 8 && from != NULL &&
        aw_machine_peek(act->walk->machine, from, view->address, &value, view->size))
        return value_text(act, value, view->size);
    return aw_trace_text(act->trace, "%u byte%s", view->size, view->size == 1 ? "" : "s");
}

const char *aw_act_access_result(struct aw_act *act, int64_t result, const struct aw_local *after)
{
    struct aw_access_view view;
    aw_machine_access_view(act->walk->machine, act->op, &view);
    if (view.is_section)
        return "done";
    if (!view.is_atomic)
        return plain_result(act, &view, after);
    if (view.is_store)
        return operand_text(act, &view);
    if (view.is_exchange && strstr(view.name, "_val") == NULL)
        return result != 0 ? "done"
               : aw_machine_is_spurious(act->walk->machine, act->op, &act->walk->outcome)
                   ? "fails without cause"
                   : "differs";
    if (view.size == 16)
        return aw_trace_text(act->trace, "{%s, ...}", value_text(act, (uint64_t)result, 8));
    return value_text(act, (uint64_t)result, view.size);
}
