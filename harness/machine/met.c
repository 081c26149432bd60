/* SPDX-License-Identifier: MIT */
#include "machine/met.h"

#include <string.h>

#include "machine/internal.h"

void aw_met_name(struct aw_met_names *met, const char *name, unsigned length)
{
    if (length >= AW_FAULT_NAME)
        length = AW_FAULT_NAME - 1;
    for (unsigned i = 0; i < met->count; i++)
        if (strlen(met->names[i]) == length && memcmp(met->names[i], name, length) == 0)
            return;
    if (met->count == AW_MET_NAMES)
        return;
    memcpy(met->names[met->count], name, length);
    met->names[met->count++][length] = '\0';
}

void aw_met_elsewhere(struct aw_met *met, unsigned fault, uint64_t pc)
{
    uint64_t *pcs = met->elsewhere[fault].pcs;
    unsigned *count = &met->elsewhere[fault].count;
    for (unsigned i = 0; i < *count; i++)
        if (pcs[i] == pc)
            return;
    if (*count < AW_MET_PLACES)
        pcs[(*count)++] = pc;
}

const char *aw_machine_role_met(const struct aw_machine *machine, unsigned index)
{
    const struct aw_met_names *roles = &machine->met.roles;
    if (index == 0)
        return "main";
    return index <= roles->count ? roles->names[index - 1] : NULL;
}

const char *aw_machine_point_met(const struct aw_machine *machine, unsigned index)
{
    return index < machine->met.points.count ? machine->met.points.names[index] : NULL;
}

uint64_t aw_machine_met_elsewhere(const struct aw_machine *machine, unsigned fault, unsigned index)
{
    return index < machine->met.elsewhere[fault].count ? machine->met.elsewhere[fault].pcs[index]
                                                       : 0;
}

bool aw_machine_has_role(const struct aw_machine *machine, const struct aw_local *local,
                         const struct aw_thread *thread, const char *role)
{
    size_t length = strlen(role);
    if (local->worker && strcmp(role, "worker") == 0)
        return true;
    if (local->generation == 0 && thread->slot == 0 && strcmp(role, "main") == 0)
        return true;
    return thread->role != 0 && aw_intern_size(&machine->payloads, thread->role - 1) == length &&
           memcmp(aw_intern_get(&machine->payloads, thread->role - 1), role, length) == 0;
}
