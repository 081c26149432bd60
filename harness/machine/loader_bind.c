/* SPDX-License-Identifier: MIT */
/*
 * Relocates a mapped module and binds its imports.
 *
 * Three passes. The first looks at every relocation and writes nothing: what cannot be served is
 * refused here, and each undefined symbol learns what its relocations say about it (a jump slot is
 * a function, whatever the symbol table leaves open). The second asks the resolver once per
 * symbol, in the order of the symbol table, so that the answers and the first refusal are the same
 * in every run. The third writes.
 *
 * A symbol that the module defines binds to the module itself: nothing is interposed. Versions are
 * ignored, since no library of the host is ever searched.
 */
#include "machine/loader_elf.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct import {
    uint64_t value;
    bool used, called; /* by any relocation; by a jump slot */
};

struct bind {
    const struct aw_elf *elf;
    struct aw_module *module;
    aw_resolve *resolve;
    void *context;
    struct aw_error *error;
    struct import *symbols;
    uint64_t symbol_count; /* one more than the greatest index that a relocation uses */
};

typedef int visit(struct bind *bind, const Elf64_Rela *rela);

static int each_rela(struct bind *bind, visit *action)
{
    const struct aw_elf_table tables[] = {bind->elf->rela, bind->elf->plt_rela};
    for (int t = 0; t < 2; t++) {
        const char *bytes = aw_elf_at(bind->elf, tables[t].address, tables[t].size);
        for (uint64_t i = 0; i < tables[t].size / sizeof(Elf64_Rela); i++) {
            Elf64_Rela rela;
            memcpy(&rela, bytes + i * sizeof rela, sizeof rela);
            int code = action(bind, &rela);
            if (code != 0)
                return code;
        }
    }
    return 0;
}

static bool writable(const struct aw_elf *elf, uint64_t address)
{
    const Elf64_Phdr *segment = aw_elf_segment_of(elf, address, 8);
    return segment != NULL && (segment->p_flags & PF_W) != 0;
}

static int refuse_type(struct bind *bind, unsigned type, const char *name)
{
    const char *of = name[0] != '\0' ? name : "a local symbol";
    switch (type) {
    case R_X86_64_TPOFF64:
    case R_X86_64_TPOFF32:
        return aw_elf_refuse(bind->elf, bind->error,
                             "thread-local storage of the initial-exec model (%s): compile "
                             "without -ftls-model=initial-exec or local-exec, and with -fPIC",
                             of);
    case R_X86_64_TLSDESC:
        return aw_elf_refuse(bind->elf, bind->error,
                             "thread-local storage by descriptors (%s): "
                             "compile without -mtls-dialect=gnu2",
                             of);
    case R_X86_64_IRELATIVE:
        return aw_elf_refuse(bind->elf, bind->error,
                             "an indirect function, which asks the processor what to run: compile "
                             "without ifunc, target_clones and target_version attributes");
    case R_X86_64_COPY:
        return aw_elf_refuse(bind->elf, bind->error,
                             "a copy relocation (%s), which belongs to an "
                             "executable: build it with `allways cc`",
                             of);
    default:
        return aw_elf_refuse(bind->elf, bind->error,
                             "relocation type %u (%s): compile every part "
                             "with -fPIC, as `allways cc` does",
                             type, of);
    }
}

static int check_rela(struct bind *bind, const Elf64_Rela *rela)
{
    const struct aw_elf *elf = bind->elf;
    uint64_t index = ELF64_R_SYM(rela->r_info);
    unsigned type = ELF64_R_TYPE(rela->r_info);
    Elf64_Sym symbol = {0};
    const char *name = "";
    if (index != 0 && !aw_elf_symbol(elf, index, &symbol, &name))
        return aw_elf_malformed(
            elf, bind->error, "a relocation names symbol %" PRIu64 ", which lies outside the file",
            index);
    bool thread_local_type = type == R_X86_64_DTPMOD64 || type == R_X86_64_DTPOFF64;
    switch (type) {
    case R_X86_64_NONE:
        return 0;
    case R_X86_64_RELATIVE:
    case R_X86_64_GLOB_DAT:
    case R_X86_64_JUMP_SLOT:
    case R_X86_64_64:
    case R_X86_64_DTPMOD64:
    case R_X86_64_DTPOFF64:
        break;
    default:
        return refuse_type(bind, type, name);
    }
    if (!writable(elf, rela->r_offset))
        return aw_elf_refuse(elf, bind->error,
                             "a relocation at 0x%" PRIx64 " (%s) lies outside "
                             "the writable data: compile every part with -fPIC, as `allways cc` "
                             "does",
                             rela->r_offset, name[0] != '\0' ? name : "a local symbol");
    if (type == R_X86_64_RELATIVE || index == 0) {
        if (type == R_X86_64_GLOB_DAT || type == R_X86_64_JUMP_SLOT)
            return aw_elf_malformed(elf, bind->error, "a relocation without its symbol");
        return 0;
    }
    bool defined = symbol.st_shndx != SHN_UNDEF;
    unsigned kind = ELF64_ST_TYPE(symbol.st_info);
    if (defined && kind == STT_GNU_IFUNC)
        return refuse_type(bind, R_X86_64_IRELATIVE, name);
    if (thread_local_type && !defined)
        return aw_elf_refuse(elf, bind->error,
                             "the thread-local variable %s is defined nowhere in "
                             "the program: link the object that defines it",
                             name);
    if (thread_local_type != (kind == STT_TLS))
        return aw_elf_malformed(elf, bind->error, "a relocation mistakes what %s is", name);
    if (defined && kind != STT_TLS && symbol.st_shndx != SHN_ABS &&
        (symbol.st_value < elf->low || symbol.st_value > elf->high))
        return aw_elf_malformed(elf, bind->error, "the symbol %s lies outside its segments", name);
    if (index >= bind->symbol_count)
        bind->symbol_count = index + 1;
    return 0;
}

static int note_use(struct bind *bind, const Elf64_Rela *rela)
{
    uint64_t index = ELF64_R_SYM(rela->r_info);
    unsigned type = ELF64_R_TYPE(rela->r_info);
    if (index == 0 || type == R_X86_64_NONE || type == R_X86_64_RELATIVE)
        return 0;
    bind->symbols[index].used = true;
    bind->symbols[index].called |= type == R_X86_64_JUMP_SLOT;
    return 0;
}

/* Imports that no resolver may serve, with the reason. */
static int check_name(struct bind *bind, const char *name)
{
    if (strcmp(name, "__stack_chk_fail") == 0)
        return aw_elf_refuse(bind->elf, bind->error,
                             "%s is imported: compile with -fno-stack-protector, as `allways cc` "
                             "does: canaries differ from run to run",
                             name);
    if (strncmp(name, "__asan_", 7) == 0 || strncmp(name, "__ubsan_", 8) == 0)
        return aw_elf_refuse(bind->elf, bind->error,
                             "%s is imported: compile without "
                             "-fsanitize=address or undefined (-fsanitize=thread is the only one "
                             "that the machine answers)",
                             name);
    return 0;
}

static int resolve_import(struct bind *bind, const Elf64_Sym *symbol, const char *name,
                          struct import *import)
{
    struct aw_error error = {0};
    bool weak = ELF64_ST_BIND(symbol->st_info) == STB_WEAK;
    unsigned type = ELF64_ST_TYPE(symbol->st_info);
    enum aw_import_kind kind = AW_IMPORT_UNKNOWN;
    if (type == STT_FUNC || type == STT_GNU_IFUNC || import->called)
        kind = AW_IMPORT_FUNCTION;
    else if (type == STT_OBJECT || type == STT_COMMON)
        kind = AW_IMPORT_DATA;

    int code = check_name(bind, name);
    if (code != 0)
        return code;
    if (strncmp(name, "__tsan_", 7) == 0)
        bind->module->instrumented = true;
    import->value = bind->resolve(bind->context, name, kind, weak, &error);
    if (error.code != 0) {
        if (error.file[0] == '\0')
            return aw_fail_at(bind->error, error.code, bind->elf->path, 0, 0, "%s", error.message);
        return aw_fail_at(bind->error, error.code, error.file, error.line, error.column, "%s",
                          error.message);
    }
    if (import->value == 0 && !weak)
        return aw_elf_refuse(bind->elf, bind->error,
                             "%s is defined neither in the program nor by "
                             "the machine: link the object that defines it",
                             name);
    return 0;
}

static int resolve_symbols(struct bind *bind)
{
    for (uint64_t i = 1; i < bind->symbol_count; i++) {
        struct import *import = &bind->symbols[i];
        Elf64_Sym symbol;
        const char *name;
        if (!import->used || !aw_elf_symbol(bind->elf, i, &symbol, &name))
            continue;
        if (symbol.st_shndx == SHN_UNDEF) {
            int code = resolve_import(bind, &symbol, name, import);
            if (code != 0)
                return code;
        } else if (ELF64_ST_TYPE(symbol.st_info) == STT_TLS || symbol.st_shndx == SHN_ABS) {
            import->value = symbol.st_value; /* an offset in the TLS block; a plain number */
        } else {
            import->value = bind->module->base + symbol.st_value;
        }
    }
    return 0;
}

static int apply_rela(struct bind *bind, const Elf64_Rela *rela)
{
    uint64_t symbol = bind->symbols[0].value; /* symbol 0 is no symbol: value 0 */
    uint64_t value;
    if (ELF64_R_TYPE(rela->r_info) != R_X86_64_NONE &&
        ELF64_R_TYPE(rela->r_info) != R_X86_64_RELATIVE)
        symbol = bind->symbols[ELF64_R_SYM(rela->r_info)].value;
    switch (ELF64_R_TYPE(rela->r_info)) {
    case R_X86_64_RELATIVE:
        value = bind->module->base + (uint64_t)rela->r_addend;
        break;
    case R_X86_64_GLOB_DAT:
    case R_X86_64_JUMP_SLOT:
        value = symbol;
        break;
    case R_X86_64_64:
    case R_X86_64_DTPOFF64:
        value = symbol + (uint64_t)rela->r_addend;
        break;
    case R_X86_64_DTPMOD64:
        value = bind->module->tls_module;
        break;
    default:
        return 0;
    }
    memcpy((void *)(bind->module->base + rela->r_offset), &value, sizeof value);
    return 0;
}

/* DT_RELR (gABI, 2018): an even word is an address to relocate; an odd one is a bitmap of which of
 * the next 63 words are. The addend is what the word holds. */
static int apply_relr(struct bind *bind)
{
    const struct aw_elf *elf = bind->elf;
    const char *bytes = aw_elf_at(elf, elf->relr.address, elf->relr.size);
    uint64_t where = 0, base = bind->module->base, word, value;
    for (uint64_t i = 0; i < elf->relr.size / sizeof word; i++) {
        memcpy(&word, bytes + i * sizeof word, sizeof word);
        bool bitmap = (word & 1) != 0;
        if (!bitmap)
            where = word;
        uint64_t bits = bitmap ? word >> 1 : 1;
        for (uint64_t at = where; bits != 0; bits >>= 1, at += sizeof word) {
            if ((bits & 1) == 0)
                continue;
            if (!writable(elf, at))
                return aw_elf_malformed(elf, bind->error, "DT_RELR reaches outside its data");
            memcpy(&value, (void *)(base + at), sizeof value);
            value += base;
            memcpy((void *)(base + at), &value, sizeof value);
        }
        where += bitmap ? 63 * sizeof word : sizeof word;
    }
    return 0;
}

int aw_elf_bind(const struct aw_elf *elf, struct aw_module *module, aw_resolve *resolve,
                void *context, struct aw_error *error)
{
    struct bind bind = {elf, module, resolve, context, error, NULL, 1};
    int code = each_rela(&bind, check_rela);
    if (code != 0)
        return code;
    bind.symbols = calloc(bind.symbol_count, sizeof bind.symbols[0]);
    if (bind.symbols == NULL)
        return aw_fail_at(error, AW_E_MEMORY, elf->path, 0, 0, "no memory for %" PRIu64 " symbols",
                          bind.symbol_count);
    code = each_rela(&bind, note_use);
    if (code == 0)
        code = resolve_symbols(&bind);
    if (code == 0)
        code = apply_relr(&bind);
    if (code == 0)
        code = each_rela(&bind, apply_rela);
    free(bind.symbols);
    return code;
}
