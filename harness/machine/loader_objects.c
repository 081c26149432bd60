/* SPDX-License-Identifier: MIT */
/*
 * loader_objects.c - which objects a module has, by its symbol table: what an access to its data may touch.
 *
 * Exact on the side of the program: whatever may be an object counts as one. A symbol without a size
 * (assembly) reaches up to the next one; symbols that overlap (an alias, a name inside a table) are one
 * object. String literals and other constants have no symbols, so that only .data and .bss are said to
 * hold nothing but objects.
 */
#include <stdlib.h>
#include <string.h>

#include "machine/loader_elf.h"

struct found {
    struct aw_module_range range;
    bool open;      /* no size: up to what follows */
    uint64_t limit; /* the section's end */
};

static int by_start(const void *left, const void *right)
{
    const struct found *a = left, *b = right;
    if (a->range.start != b->range.start)
        return a->range.start < b->range.start ? -1 : 1;
    return a->range.end == b->range.end ? 0 : a->range.end > b->range.end ? -1 : 1;
}

/* Marks of the linker and of crtstuff, which are no objects. */
static bool is_mark(const char *name)
{
    static const char *const marks[] = {"__bss_start", "_edata",      "_end",         "edata",
                                        "end",         "__TMC_END__", "__data_start", "data_start"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (strcmp(marks[i], name) == 0)
            return true;
    return false;
}

static bool is_strict(const struct aw_elf *elf, const Elf64_Shdr *header)
{
    Elf64_Shdr names;
    const unsigned char *strings = aw_elf_section(elf, elf->header.e_shstrndx, &names);
    const char *name =
        strings == NULL ? NULL : aw_elf_string(strings, names.sh_size, header->sh_name);
    return name != NULL && (strcmp(name, ".data") == 0 || strcmp(name, ".bss") == 0);
}

static bool take(struct aw_module *module, const Elf64_Sym *symbol, const char *name,
                 struct found *found)
{
    const struct aw_elf *elf = &module->private->elf;
    unsigned type = ELF64_ST_TYPE(symbol->st_info);
    Elf64_Shdr header;
    if ((type != STT_OBJECT && type != STT_NOTYPE) || symbol->st_shndx == SHN_UNDEF ||
        symbol->st_shndx >= SHN_LORESERVE || name == NULL || is_mark(name))
        return false;
    aw_elf_section(elf, symbol->st_shndx, &header);
    uint64_t end = header.sh_addr + header.sh_size;
    if ((header.sh_flags & SHF_ALLOC) == 0 || (header.sh_flags & SHF_EXECINSTR) != 0 ||
        symbol->st_value < header.sh_addr || symbol->st_value >= end ||
        symbol->st_size > end - symbol->st_value)
        return false;
    uint64_t size = symbol->st_size;
    if (size == 0 && strcmp(name, "__dso_handle") == 0)
        size = sizeof(void *);
    if (size == 0 && !is_strict(elf, &header))
        return false;
    found->range.start = module->base + symbol->st_value;
    found->range.end = found->range.start + size;
    found->open = size == 0;
    found->limit = module->base + end;
    return true;
}

static size_t collect(struct aw_module *module, struct found **list)
{
    const struct aw_elf *elf = &module->private->elf;
    Elf64_Shdr table, strings;
    size_t count = 0;
    for (uint64_t i = 0; i < elf->header.e_shnum; i++) {
        const unsigned char *symbols = aw_elf_section(elf, i, &table);
        if (symbols == NULL || table.sh_type != SHT_SYMTAB)
            continue;
        const void *names = aw_elf_section(elf, table.sh_link, &strings);
        uint64_t symbol_count = names != NULL ? table.sh_size / sizeof(Elf64_Sym) : 0;
        if (symbol_count == 0 || (*list = calloc(symbol_count, sizeof **list)) == NULL)
            return 0;
        for (uint64_t k = 0; k < symbol_count; k++) {
            Elf64_Sym symbol;
            memcpy(&symbol, symbols + k * sizeof symbol, sizeof symbol);
            count += take(module, &symbol, aw_elf_string(names, strings.sh_size, symbol.st_name),
                          &(*list)[count]);
        }
        break;
    }
    return count;
}

static void add_strict(struct aw_module *module, struct aw_module_objects *objects)
{
    const struct aw_elf *elf = &module->private->elf;
    for (uint64_t i = 0; i < elf->header.e_shnum; i++) {
        Elf64_Shdr header;
        aw_elf_section(elf, i, &header);
        if (header.sh_size > 0 && is_strict(elf, &header) && objects->strict_count < 2)
            objects->strict[objects->strict_count++] = (struct aw_module_range){
                module->base + header.sh_addr, module->base + header.sh_addr + header.sh_size};
    }
}

const struct aw_module_objects *aw_module_objects(struct aw_module *module)
{
    struct aw_module_objects *objects = &module->private->objects;
    if (module->private->objects_read)
        return objects;
    module->private->objects_read = true;
    struct found *list = NULL;
    size_t count = collect(module, &list);
    if (count > 0 && (objects->objects = calloc(count, sizeof *objects->objects)) != NULL) {
        qsort(list, count, sizeof *list, by_start);
        for (size_t i = 0; i < count; i++) {
            struct aw_module_range range = list[i].range;
            for (size_t k = i + 1; list[i].open && range.end == range.start; k++)
                if (k == count || list[k].range.start >= list[i].limit)
                    range.end = list[i].limit;
                else if (list[k].range.start > range.start)
                    range.end = list[k].range.start;
            struct aw_module_range *last =
                objects->count > 0 ? &objects->objects[objects->count - 1] : NULL;
            if (last == NULL || range.start >= last->end)
                objects->objects[objects->count++] = range;
            else if (range.end > last->end)
                last->end = range.end;
        }
        add_strict(module, objects);
    }
    free(list);
    return objects;
}
