/* SPDX-License-Identifier: MIT */
/*
 * Which bytes of a function's frame are structures, from the debug information (DWARF 5, 2.6 and
 * 3.3): asked for at most once in a check, when a thread is seen on another one's stack.
 */
#include "machine/loader_elf.h"

#include <dwarf.h>
#include <elfutils/libdw.h>

struct visit {
    aw_frame_visit *call;
    void *context;
    struct aw_frame_variable variable;
};

static bool is_structure(Dwarf_Die *die, uint64_t *size)
{
    Dwarf_Attribute attribute;
    Dwarf_Die type, peeled;
    Dwarf_Word bytes;
    if (dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &attribute), &type) == NULL ||
        dwarf_peel_type(&type, &peeled) != 0)
        return false;
    int tag = dwarf_tag(&peeled);
    if (tag != DW_TAG_structure_type && tag != DW_TAG_union_type && tag != DW_TAG_class_type)
        return false;
    if (dwarf_aggregate_size(&peeled, &bytes) != 0)
        return false;
    *size = bytes;
    return true;
}

static void visit_variable(struct visit *visit, Dwarf_Die *die)
{
    Dwarf_Attribute attribute;
    Dwarf_Addr base, start, end;
    Dwarf_Op *expression;
    size_t length;
    if (dwarf_attr_integrate(die, DW_AT_location, &attribute) == NULL ||
        !is_structure(die, &visit->variable.size))
        return;
    for (ptrdiff_t at = 0;
         (at = dwarf_getlocations(&attribute, at, &base, &start, &end, &expression, &length)) > 0;)
        if (length == 1) {
            int64_t offset = (int64_t)expression[0].number;
            if (expression[0].atom == DW_OP_breg6) /* %rbp, which points 16 bytes below */
                offset -= 16;
            else if (expression[0].atom == DW_OP_breg7) /* %rsp: in frames that are aligned */
                offset = 0;
            else if (expression[0].atom != DW_OP_fbreg)
                continue;
            visit->variable.offset = offset;
            visit->call(visit->context, &visit->variable);
        }
}

/* Variables of blocks and of functions that were inlined lie in the same frame. */
static void visit_block(struct visit *visit, Dwarf_Die *block)
{
    Dwarf_Die die;
    if (dwarf_child(block, &die) != 0)
        return;
    do {
        switch (dwarf_tag(&die)) {
        case DW_TAG_variable:
        case DW_TAG_formal_parameter:
            visit_variable(visit, &die);
            break;
        case DW_TAG_lexical_block:
        case DW_TAG_inlined_subroutine:
            visit_block(visit, &die);
            break;
        default:
            break;
        }
    } while (dwarf_siblingof(&die, &die) == 0);
}

static void visit_function(struct aw_module *module, struct visit *visit, Dwarf_Die *function)
{
    Dwarf_Addr base, start, end;
    for (ptrdiff_t at = 0; (at = dwarf_ranges(function, at, &base, &start, &end)) > 0;) {
        visit->variable.start = module->base + start;
        visit->variable.end = module->base + end;
        visit_block(visit, function);
    }
}

void aw_module_structures(struct aw_module *module, aw_frame_visit *call, void *context)
{
    struct visit visit = {.call = call, .context = context};
    Dwarf *dwarf = aw_module_dwarf(module);
    Dwarf_Off offset = 0, next;
    size_t header_size;
    while (dwarf != NULL &&
           dwarf_nextcu(dwarf, offset, &next, &header_size, NULL, NULL, NULL) == 0) {
        Dwarf_Die unit, die;
        if (dwarf_offdie(dwarf, offset + header_size, &unit) != NULL &&
            dwarf_child(&unit, &die) == 0)
            do
                if (dwarf_tag(&die) == DW_TAG_subprogram)
                    visit_function(module, &visit, &die);
            while (dwarf_siblingof(&die, &die) == 0);
        if (next <= offset)
            break;
        offset = next;
    }
}
