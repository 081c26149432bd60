/* SPDX-License-Identifier: MIT */
/*
 * Which function, and which source line, an address of the program is.
 *
 * Asked while a trace is written, never while the program runs. Everything is built at the first
 * question, from our copy of the file: the functions by our own reading of .symtab, the lines by
 * libdw. A file whose debug information is wrong or missing is answered with "unknown"; it has
 * long been accepted by then.
 */
#include "machine/loader_elf.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>
#include <string.h>

struct line_entry {
    uint64_t address; /* ELF address; 0 marks an empty slot */
    const char *file; /* NULL: known to be unknown */
    int line, column;
};

/* Open addressing, linear probing, a power of two of slots, at most half of them used. */
struct aw_lines {
    Elf *elf;
    Dwarf *dwarf; /* NULL without debug information */
    struct line_entry *slots;
    size_t slot_count, used;
};

static int by_start(const void *left, const void *right)
{
    const struct aw_elf_function *a = left, *b = right;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    if (a->local != b->local) /* an alias that others can see names the function better */
        return a->local ? -1 : 1;
    return strcmp(b->name, a->name);
}

static void add_function(struct aw_module_private *private, const Elf64_Sym *symbol,
                         const char *name)
{
    if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_shndx == SHN_UNDEF ||
        symbol->st_size == 0 || name == NULL || name[0] == '\0' ||
        symbol->st_value > UINT64_MAX - symbol->st_size)
        return;
    private->functions[private->function_count++] =
        (struct aw_elf_function){symbol->st_value, symbol->st_value + symbol->st_size, name,
                                 ELF64_ST_BIND(symbol->st_info) == STB_LOCAL};
}

const unsigned char *aw_elf_section(const struct aw_elf *elf, uint64_t index, Elf64_Shdr *header)
{
    memset(header, 0, sizeof *header);
    if (elf->header.e_shentsize != sizeof *header || index >= elf->header.e_shnum ||
        elf->header.e_shoff > elf->size ||
        elf->header.e_shnum > (elf->size - elf->header.e_shoff) / sizeof *header)
        return NULL;
    memcpy(header, elf->bytes + elf->header.e_shoff + index * sizeof *header, sizeof *header);
    if (header->sh_type == SHT_NOBITS || header->sh_offset > elf->size ||
        header->sh_size > elf->size - header->sh_offset)
        return NULL;
    return elf->bytes + header->sh_offset;
}

static bool read_symtab(struct aw_module_private *private)
{
    const struct aw_elf *elf = &private->elf;
    Elf64_Shdr table, strings;
    const unsigned char *symbols = NULL;
    for (uint64_t i = 0; i < elf->header.e_shnum; i++)
        if ((symbols = aw_elf_section(elf, i, &table)) != NULL && table.sh_type == SHT_SYMTAB)
            break;
        else
            symbols = NULL;
    const void *names = symbols != NULL ? aw_elf_section(elf, table.sh_link, &strings) : NULL;
    uint64_t count = names != NULL ? table.sh_size / sizeof(Elf64_Sym) : 0;
    if (count == 0 || (private->functions = calloc(count, sizeof *private->functions)) == NULL)
        return false;
    for (uint64_t i = 0; i < count; i++) {
        Elf64_Sym symbol;
        memcpy(&symbol, symbols + i * sizeof symbol, sizeof symbol);
        if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC)
            add_function(private, &symbol, aw_elf_string(names, strings.sh_size, symbol.st_name));
    }
    return private->function_count != 0;
}

static void read_dynsym(struct aw_module_private *private)
{
    const struct aw_elf *elf = &private->elf;
    free(private->functions);
    private->functions = calloc(elf->symbol_count + 1, sizeof *private->functions);
    for (uint64_t i = 1; private->functions != NULL && i < elf->symbol_count; i++) {
        Elf64_Sym symbol;
        const char *name;
        if (aw_elf_symbol(elf, i, &symbol, &name))
            add_function(private, &symbol, name);
    }
}

static const struct aw_elf_function *find_function(const struct aw_module *module, uint64_t address)
{
    struct aw_module_private *private = module->private;
    if (!private->functions_read) {
        private->functions_read = true;
        if (!read_symtab(private))
            read_dynsym(private);
        if (private->function_count > 1)
            qsort(private->functions, private->function_count, sizeof *private->functions,
                  by_start);
    }
    if (address < module->start || address >= module->end)
        return NULL;
    uint64_t target = address - module->base;
    size_t low = 0, high = private->function_count; /* the first that starts after target */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (private->functions[middle].start <= target)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || private->functions[low - 1].end <= target)
        return NULL;
    return &private->functions[low - 1];
}

const char *aw_module_function_at(const struct aw_module *module, uint64_t address)
{
    const struct aw_elf_function *function = find_function(module, address);
    return function == NULL ? NULL : function->name;
}

bool aw_module_function_range(const struct aw_module *module, uint64_t address, uint64_t *start,
                              uint64_t *end)
{
    const struct aw_elf_function *function = find_function(module, address);
    if (function == NULL)
        return false;
    *start = module->base + function->start;
    *end = module->base + function->end;
    return true;
}

static struct aw_lines *open_lines(struct aw_elf *elf)
{
    struct aw_lines *lines = calloc(1, sizeof *lines);
    if (lines == NULL)
        return NULL;
    lines->slot_count = 256;
    lines->slots = calloc(lines->slot_count, sizeof *lines->slots);
    if (lines->slots == NULL) {
        free(lines);
        return NULL;
    }
    elf_version(EV_CURRENT);
    lines->elf = elf_memory((char *)elf->bytes, elf->size);
    if (lines->elf != NULL)
        lines->dwarf = dwarf_begin_elf(lines->elf, DWARF_C_READ, NULL);
    return lines;
}

void *aw_module_dwarf(struct aw_module *module)
{
    struct aw_module_private *private = module->private;
    if (private->lines == NULL)
    private->lines = open_lines(&private->elf);
    return private->lines == NULL ? NULL : private->lines->dwarf;
}

static struct line_entry *slot_of(struct line_entry *slots, size_t slot_count, uint64_t address)
{
    size_t i = (size_t)((address * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (slot_count - 1);
    while (slots[i].address != 0 && slots[i].address != address)
        i = (i + 1) & (slot_count - 1);
    return &slots[i];
}

static bool grow(struct aw_lines *lines)
{
    if (lines->used * 2 < lines->slot_count)
        return true;
    struct line_entry *slots = calloc(lines->slot_count * 2, sizeof *slots);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < lines->slot_count; i++)
        if (lines->slots[i].address != 0)
            *slot_of(slots, lines->slot_count * 2, lines->slots[i].address) = lines->slots[i];
    free(lines->slots);
    lines->slots = slots;
    lines->slot_count *= 2;
    return true;
}

/* gcc writes .debug_aranges, which dwarf_addrdie reads; clang leaves it out. */
static bool unit_of(Dwarf *dwarf, uint64_t address, Dwarf_Die *unit)
{
    if (dwarf_addrdie(dwarf, address, unit) != NULL)
        return true;
    Dwarf_Off offset = 0, next;
    size_t header_size;
    while (dwarf_nextcu(dwarf, offset, &next, &header_size, NULL, NULL, NULL) == 0) {
        if (dwarf_offdie(dwarf, offset + header_size, unit) != NULL &&
            dwarf_haspc(unit, address) > 0)
            return true;
        if (next <= offset)
            break;
        offset = next;
    }
    return false;
}

/* The compiler's name of the file, or what is left of it inside the compilation folder. */
static const char *shorten(Dwarf_Die *unit, const char *file)
{
    Dwarf_Attribute attribute;
    const char *folder = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
    size_t length = folder != NULL ? strlen(folder) : 0;
    while (length > 0 && folder[length - 1] == '/')
        length--;
    if (length > 0 && strncmp(file, folder, length) == 0 && file[length] == '/')
        file += length + 1;
    while (file[0] == '.' && file[1] == '/')
        file += 2;
    return file;
}

static bool is_probe(const char *file)
{
    static const char name[] = "allways/probe.h";
    size_t length = strlen(file);
    return length >= sizeof name - 1 && strcmp(file + length - (sizeof name - 1), name) == 0;
}

/* The functions of probe.h are inlined: what is asked for is the line that calls them. */
static void leave_probe(Dwarf_Die *unit, struct line_entry *entry)
{
    Dwarf_Die *innermost = NULL, *scopes = NULL;
    Dwarf_Files *files;
    size_t file_count;
    int count = 0;
    if (dwarf_getsrcfiles(unit, &files, &file_count) == 0 &&
        dwarf_getscopes(unit, entry->address, &innermost) > 0)
        count = dwarf_getscopes_die(&innermost[0], &scopes);   /* by where the code is */
    for (int i = 0; i < count && is_probe(entry->file); i++) { /* from the inside */
        Dwarf_Attribute attribute;
        Dwarf_Word file = 0, line = 0, column = 0;
        if (dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine ||
            dwarf_formudata(dwarf_attr(&scopes[i], DW_AT_call_file, &attribute), &file) != 0 ||
            dwarf_formudata(dwarf_attr(&scopes[i], DW_AT_call_line, &attribute), &line) != 0)
            continue;
        const char *name = file < file_count ? dwarf_filesrc(files, file, NULL, NULL) : NULL;
        if (name == NULL || line == 0)
            break;
        if (dwarf_formudata(dwarf_attr(&scopes[i], DW_AT_call_column, &attribute), &column) != 0)
            column = 0;
        entry->file = shorten(unit, name);
        entry->line = (int)line;
        entry->column = (int)column;
    }
    free(innermost);
    free(scopes);
}

static void look_up(struct aw_lines *lines, struct line_entry *entry)
{
    Dwarf_Die unit;
    if (lines->dwarf == NULL || !unit_of(lines->dwarf, entry->address, &unit))
        return;
    Dwarf_Line *line = dwarf_getsrc_die(&unit, entry->address);
    const char *file = line != NULL ? dwarf_linesrc(line, NULL, NULL) : NULL;
    if (file == NULL || dwarf_lineno(line, &entry->line) != 0 || entry->line == 0)
        return;
    if (dwarf_linecol(line, &entry->column) != 0)
        entry->column = 0;
    entry->file = shorten(&unit, file);
    if (is_probe(entry->file))
        leave_probe(&unit, entry);
}

bool aw_module_line_at(struct aw_module *module, uint64_t address, const char **file, int *line,
                       int *column)
{
    struct aw_module_private *private = module->private;
    if (address < module->start || address >= module->end || address == module->base)
        return false;
    if (private->lines == NULL && (private->lines = open_lines(&private->elf)) == NULL)
        return false;
    if (!grow(private->lines))
        return false;
    struct line_entry *entry =
        slot_of(private->lines->slots, private->lines->slot_count, address - module->base);
    if (entry->address == 0) {
        entry->address = address - module->base;
        private->lines->used++;
        look_up(private->lines, entry);
    }
    if (entry->file == NULL)
        return false;
    *file = entry->file;
    *line = entry->line;
    *column = entry->column;
    return true;
}

bool aw_module_code(const struct aw_module *module, unsigned number, uint64_t *start, uint64_t *end)
{
    const struct aw_elf *elf = &module->private->elf;
    Elf64_Shdr header;
    for (uint64_t i = 0; i < elf->header.e_shnum; i++) {
        if (aw_elf_section(elf, i, &header) == NULL || (header.sh_flags & SHF_EXECINSTR) == 0 ||
            header.sh_type != SHT_PROGBITS || number-- > 0)
            continue;
        *start = module->base + header.sh_addr;
        *end = *start + header.sh_size;
        return *start >= module->text_start && *end <= module->text_end;
    }
    return false;
}

/* The variable or function of that name or, without one, around the address: of several names one that
 * is not reserved. */
static const char *find_symbol(const struct aw_module *module, unsigned type, const char *name,
                               uint64_t address, uint64_t *start, uint64_t *end)
{
    const struct aw_elf *elf = &module->private->elf;
    Elf64_Shdr table, strings;
    const char *found = NULL;
    for (uint64_t i = 0; i < elf->header.e_shnum; i++) {
        const unsigned char *symbols = aw_elf_section(elf, i, &table);
        if (symbols == NULL || table.sh_type != SHT_SYMTAB)
            continue;
        const void *names = aw_elf_section(elf, table.sh_link, &strings);
        for (uint64_t k = 0; names != NULL && k < table.sh_size / sizeof(Elf64_Sym); k++) {
            Elf64_Sym symbol;
            memcpy(&symbol, symbols + k * sizeof symbol, sizeof symbol);
            uint64_t from = module->base + symbol.st_value, to = from + symbol.st_size;
            const char *its = aw_elf_string(names, strings.sh_size, symbol.st_name);
            if (ELF64_ST_TYPE(symbol.st_info) != type || symbol.st_shndx == SHN_UNDEF ||
                its == NULL ||
                (name != NULL ? strcmp(its, name) != 0 : address < from || address >= to))
                continue;
            found = its;
            *start = from;
            *end = to;
            if (name != NULL || *its != '_')
                return found;
        }
    }
    return found;
}

const char *aw_module_variable_at(const struct aw_module *module, uint64_t address,
                                  uint64_t *offset)
{
    uint64_t start, end;
    const char *found = find_symbol(module, STT_OBJECT, NULL, address, &start, &end);
    if (found != NULL)
        *offset = address - start;
    return found;
}

bool aw_module_variable(const struct aw_module *module, const char *name, uint64_t *start,
                        uint64_t *end)
{
    return find_symbol(module, STT_OBJECT, name, 0, start, end) != NULL;
}

bool aw_module_start_code(const struct aw_module *module, uint64_t *start, uint64_t *end)
{
    uint64_t unused;
    return find_symbol(module, STT_FUNC, "__do_global_dtors_aux", 0, start, &unused) != NULL &&
           find_symbol(module, STT_FUNC, "frame_dummy", 0, end, &unused) != NULL;
}

/* The options with which the unit was compiled, as gcc records them; "" where nobody says. */
static const char *options_of(Dwarf_Die *unit)
{
    Dwarf_Attribute attribute;
    const char *producer = dwarf_formstring(dwarf_attr_integrate(unit, DW_AT_producer, &attribute));
    return producer != NULL ? producer : "";
}

static bool is_uninstrumented(Dwarf_Die *unit)
{
    return strstr(options_of(unit), "-fsanitize=thread") == NULL;
}

/* Of several such options the last one counts. */
static bool is_zeroed(Dwarf_Die *unit)
{
    static const char option[] = "-ftrivial-auto-var-init=";
    const char *last = "";
    for (const char *at = options_of(unit); (at = strstr(at, option)) != NULL;)
        last = at += sizeof option - 1;
    return strncmp(last, "zero", 4) == 0;
}

/* The source file of the first unit with code of which `holds` is true, or NULL; *units: how many
 * were looked at. */
static const char *first_unit(struct aw_module *module, bool (*holds)(Dwarf_Die *unit),
                              size_t *units)
{
    Dwarf *dwarf = aw_module_dwarf(module);
    Dwarf_Off offset = 0, next;
    size_t header_size;
    *units = 0;
    while (dwarf != NULL &&
           dwarf_nextcu(dwarf, offset, &next, &header_size, NULL, NULL, NULL) == 0) {
        Dwarf_Die unit;
        Dwarf_Addr base, start, end;
        if (dwarf_offdie(dwarf, offset + header_size, &unit) != NULL) {
            ++*units;
            if (holds(&unit) && dwarf_ranges(&unit, 0, &base, &start, &end) > 0) {
                const char *name = dwarf_diename(&unit);
                return name != NULL ? shorten(&unit, name) : module->path;
            }
        }
        if (next <= offset)
            break;
        offset = next;
    }
    return NULL;
}

const char *aw_module_zeroed(struct aw_module *module)
{
    size_t units;
    return first_unit(module, is_zeroed, &units);
}

const char *aw_module_uninstrumented(struct aw_module *module)
{
    struct aw_module_private *private = module->private;
    size_t units;
    const char *found = first_unit(module, is_uninstrumented, &units);
    if (found != NULL)
        return found;
    if (units == 0)
        return module->path;
    /* Code that no unit describes was compiled without -g: but for the compiler's own start files. */
    aw_module_function_at(module, module->text_start);
    for (size_t i = 0; i < private->function_count; i++) {
        static const char *const start_files[] = {"_init",
                                                  "_fini",
                                                  "frame_dummy",
                                                  "register_tm_clones",
                                                  "deregister_tm_clones",
                                                  "__do_global_dtors_aux"};
        const struct aw_elf_function *function = &private->functions[i];
        bool known = false;
        Dwarf_Die unit;
        for (size_t k = 0; k < sizeof start_files / sizeof *start_files; k++)
            known |= strcmp(function->name, start_files[k]) == 0;
        /* The constructor that gcc adds to an instrumented unit. */
        known |= strncmp(function->name, "_sub_I_", 7) == 0;
        if (!known && !unit_of(private->lines->dwarf, function->start, &unit))
            return function->name;
    }
    return NULL;
}

void aw_elf_lookups_free(struct aw_module_private *private)
{
    free(private->functions);
    free(private->objects.objects);
    if (private->lines == NULL)
        return;
    dwarf_end(private->lines->dwarf);
    elf_end(private->lines->elf);
    free(private->lines->slots);
    free(private->lines);
}
