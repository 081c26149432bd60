/* SPDX-License-Identifier: MIT */
/*
 * access_visible.c - which bytes are visible: accesses to them are operations. Pages with a bit for each
 * byte; what a breach of the discipline (access_facts.c) asks for is pending until the search begins
 * again.
 */
#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "machine/internal.h"
#include "machine/shared.h"

static const uint64_t *page_bits(const struct aw_bytes *bytes, uint64_t address)
{
    uint32_t page =
        bytes->page_count == 0 ? AW_MAP_NONE : aw_map_get(&bytes->pages, address / AW_PAGE, 0);
    return page == AW_MAP_NONE ? NULL : bytes->bits[page];
}

bool aw_bytes_have(const struct aw_bytes *bytes, uint64_t address, uint64_t size)
{
    uint64_t
        limit; /* only those of the window are ever in a set, and a program's sizes may be anything */
    if (__builtin_add_overflow(address, size, &limit) || limit > AW_WINDOW_END)
        limit = AW_WINDOW_END;
    for (uint64_t at = address > AW_WINDOW ? address : AW_WINDOW; at < limit;) {
        const uint64_t *bits = page_bits(bytes, at);
        uint64_t end = (at / AW_PAGE + 1) * AW_PAGE;
        end = end < limit ? end : limit;
        if (bits != NULL)
            for (; at < end; at++)
                if ((bits[at % AW_PAGE / 64] >> at % 64 & 1) != 0)
                    return true;
        at = end;
    }
    return false;
}

static void enter(struct aw_bytes *bytes, const struct aw_range *range)
{
    for (uint64_t at = range->address; at < range->address + range->size; at++) {
        uint32_t page = aw_map_get(&bytes->pages, at / AW_PAGE, 0);
        if (page == AW_MAP_NONE) {
            if (bytes->page_count == bytes->page_capacity) {
                bytes->page_capacity = bytes->page_capacity ? 2 * bytes->page_capacity : 16;
                bytes->bits = aw_reallocate(bytes->bits, bytes->page_capacity, sizeof *bytes->bits);
            }
            page = bytes->page_count++;
            memset(bytes->bits[page], 0, sizeof bytes->bits[page]);
            aw_map_put(&bytes->pages, at / AW_PAGE, 0, page);
        }
        bytes->bits[page][at % AW_PAGE / 64] |= (uint64_t)1 << at % 64;
    }
}

bool aw_access_is_visible(const struct aw_machine *machine, uint64_t address, uint64_t size)
{
    if (machine->accesses.every && !aw_is_shared(address)) {
        enum aw_access_place place = aw_access_place(machine, address);
        for (unsigned i = 0; i < machine->accesses.spared_count; i++)
            if (address >= machine->accesses.spared[i] && address < machine->accesses.spared_end[i])
                return false;
        if (place != AW_PLACE_OWN_STACK && place != AW_PLACE_CONSTANT)
            return true; /* of the own stack, what another thread was seen at: below */
    }
    return aw_access_is_marked(machine, address, size);
}

bool aw_access_is_marked(const struct aw_machine *machine, uint64_t address, uint64_t size)
{
    return !aw_is_shared(address) /* touch.h */ &&
           aw_bytes_have(&machine->accesses.visible, address, size);
}

static void pend(struct aw_machine *machine, uint64_t address, uint64_t size, uint32_t kind)
{
    struct aw_accesses *a = &machine->accesses;
    if (address < AW_WINDOW || address + size > AW_WINDOW_END)
        return; /* a bad pointer: whoever uses it crashes */
    if (a->pending_count == a->pending_capacity) {
        a->pending_capacity = a->pending_capacity ? 2 * a->pending_capacity : 64;
        a->pending = aw_reallocate(a->pending, a->pending_capacity, sizeof *a->pending);
    }
    a->pending[a->pending_count++] = (struct aw_range){address, size, kind};
}

void aw_access_pend(struct aw_machine *machine, uint64_t address, uint64_t size)
{
    pend(machine, address, size, 0);
}

void aw_access_pend_tracked(struct aw_machine *machine, uint64_t address, uint64_t size)
{
    pend(machine, address, size, AW_TRACKED);
}

bool aw_machine_settle(struct aw_machine *machine)
{
    struct aw_accesses *a = &machine->accesses;
    if (aw_machine_is_settled(machine))
        return false;
    if (machine->sites.stacks_wanted)
        aw_sites_watch_stacks(machine);
    for (uint32_t i = 0; i < a->pending_count; i++)
        enter(a->pending[i].kind == AW_TRACKED ? &a->tracked : &a->visible, &a->pending[i]);
    a->pending_count = 0;
    aw_edges_forget(machine);
    return true;
}

bool aw_machine_is_settled(const struct aw_machine *machine)
{
    return machine->accesses.pending_count == 0 && !machine->sites.stacks_wanted;
}

static bool spare(struct aw_machine *machine, const struct aw_module *module, const char *variable)
{
    struct aw_accesses *a = &machine->accesses;
    unsigned at = a->spared_count;
    AW_CHECK(at < sizeof a->spared / sizeof *a->spared);
    if (!aw_module_variable(module, variable, &a->spared[at], &a->spared_end[at]))
        return false;
    a->spared_count++;
    return true;
}

bool aw_machine_spare(struct aw_machine *machine, const char *variable)
{
    struct aw_accesses *a = &machine->accesses;
    if (!spare(machine, machine->program, variable))
        return false;
    AW_CHECK(a->spared_count < sizeof a->spared / sizeof *a->spared);
    a->spared[a->spared_count] = AW_ARGS_BASE;
    a->spared_end[a->spared_count++] = AW_ARGS_BASE + machine->args_bytes;
    return true;
}

void aw_machine_set_every_access(struct aw_machine *machine, bool on)
{
    static const char *const own[] = {"own_cleanups", "own_keys", "own_unknown_text"};
    if (machine->accesses.every == on)
        return;
    machine->accesses.every = on;
    if (!machine->accesses.own_spared)
        for (size_t i = 0; i < sizeof own / sizeof *own; i++)
            AW_CHECK(spare(machine, machine->runtime, own[i]));
    machine->accesses.own_spared = true;
    aw_edges_forget(machine);
}

bool aw_machine_weak_orders(const struct aw_machine *machine)
{
    return machine->accesses.weak_orders;
}

void aw_machine_plant_accesses(struct aw_machine *machine, unsigned plant)
{
    machine->accesses.plant = plant;
}

bool aw_machine_set_visible(struct aw_machine *machine, const char *text)
{
    while (*text != '\0') {
        char *end;
        uint64_t offset = strtoull(text, &end, 16);
        if (*end != '+' || !isxdigit((unsigned char)*text) || !isxdigit((unsigned char)end[1]))
            return false;
        uint64_t size = strtoull(end + 1, &end, 16);
        if ((*end != ' ' && *end != '\0') || offset >= AW_WINDOW_END - AW_WINDOW || size == 0 ||
            size > AW_WINDOW_END - AW_WINDOW - offset)
            return false;
        enter(&machine->accesses.visible, &(struct aw_range){AW_WINDOW + offset, size, 0});
        text = *end == ' ' ? end + 1 : end;
    }
    aw_edges_forget(machine);
    return true;
}

static int compare_addresses(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;
    return one < other ? -1 : one > other;
}

char *aw_machine_visible(const struct aw_machine *machine)
{
    const struct aw_bytes *visible = &machine->accesses.visible;
    uint64_t *pages = aw_allocate(visible->page_count + 1ul, sizeof *pages);
    uint32_t count = 0;
    for (uint32_t s = 0; s <= visible->pages.mask; s++)
        if (visible->pages.slots[s].value != 0)
            pages[count++] = visible->pages.slots[s].key * AW_PAGE;
    qsort(pages, count, sizeof *pages, compare_addresses);
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    AW_CHECK(stream != NULL);
    uint64_t start = 0, end = 0;
    for (uint32_t p = 0; p <= count; p++) {
        const uint64_t *bits = p < count ? page_bits(visible, pages[p]) : NULL;
        for (uint64_t at = 0; at < AW_PAGE && p < count; at++) {
            if ((bits[at / 64] >> at % 64 & 1) == 0)
                continue;
            if (pages[p] + at != end) {
                if (end > start)
                    fprintf(stream, "%llx+%llx ", (unsigned long long)(start - AW_WINDOW),
                            (unsigned long long)(end - start));
                start = pages[p] + at;
            }
            end = pages[p] + at + 1;
        }
    }
    if (end > start)
        fprintf(stream, "%llx+%llx", (unsigned long long)(start - AW_WINDOW),
                (unsigned long long)(end - start));
    fclose(stream);
    free(pages);
    return text;
}
