/* SPDX-License-Identifier: MIT */
/*
 * Maps a shared object that loader_elf.c accepted.
 *
 * Everything is anonymous memory that is filled by copying: the program may be rebuilt while it is
 * being checked, and what lies after the file part of a segment is zero instead of whatever the
 * file goes on with. First all is writable, then the segments get what they ask for; the pages of
 * RELRO, which hold the addresses of imports, are read-only and outside the image.
 */
#include "machine/loader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/check.h"
#include "machine/loader_elf.h"

static const uint64_t user_space_end = (uint64_t)1 << 47;

static int map(struct aw_module *module, struct aw_error *error)
{
    const struct aw_elf *elf = &module->private->elf;
    if (module->base > user_space_end - elf->high)
        return aw_fail_at(error, AW_E_SYSTEM, elf->path, 0, 0,
                          "0x%" PRIx64 " is no address for a program", module->base);
    void *wanted = (void *)(module->base + elf->low);
    size_t size = elf->high - elf->low;
    void *got = mmap(wanted, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (got != MAP_FAILED && got != wanted) { /* a kernel before 4.17 takes it for a hint */
        munmap(got, size);
        got = MAP_FAILED;
        errno = EEXIST;
    }
    if (got == MAP_FAILED)
        return aw_fail_at(error, errno == ENOMEM ? AW_E_MEMORY : AW_E_SYSTEM, elf->path, 0, 0,
                          "cannot map %zu bytes of program at %p: %s", size, wanted,
                          errno == EEXIST ? "something else lies there" : strerror(errno));
    module->start = module->base + elf->low;
    module->end = module->base + elf->high;
    for (int i = 0; i < elf->segment_count; i++) {
        const Elf64_Phdr *segment = &elf->segments[i];
        memcpy((void *)(module->base + segment->p_vaddr), elf->bytes + segment->p_offset,
               segment->p_filesz);
    }
    return 0;
}

/* RELRO ends at a page boundary, or is cut down to one: the rest of that page must stay writable.
 */
static void relro_range(const struct aw_elf *elf, uint64_t *start, uint64_t *end)
{
    *start = aw_page_down(elf->relro.p_vaddr);
    *end = aw_page_down(elf->relro.p_vaddr + elf->relro.p_memsz);
}

/* The image part has to be one range: it is copied as a whole. */
static int find_image(struct aw_module *module, struct aw_error *error)
{
    const struct aw_elf *elf = &module->private->elf;
    uint64_t relro_start, relro_end;
    relro_range(elf, &relro_start, &relro_end);
    for (int i = 0; i < elf->segment_count; i++) {
        const Elf64_Phdr *segment = &elf->segments[i];
        uint64_t start = aw_page_down(segment->p_vaddr);
        uint64_t end = aw_page_up(segment->p_vaddr + segment->p_memsz);
        if ((segment->p_flags & PF_X) != 0) {
            module->text_start = module->base + start;
            module->text_end = module->base + end;
        }
        if ((segment->p_flags & PF_W) == 0)
            continue;
        if (start < relro_end && end > relro_start) {
            if (start < relro_start && end != relro_end)
                return aw_elf_refuse(elf, error,
                                     "its RELRO part lies in the middle of its data: "
                                     "link with the default linker script");
            if (start < relro_start)
                end = relro_start;
            else
                start = relro_end < end ? relro_end : end;
        }
        if (start == end)
            continue;
        if (module->data_end != 0 && module->data_end != module->base + start)
            return aw_elf_refuse(elf, error,
                                 "its writable data lies in two places: link with the "
                                 "default linker script");
        if (module->data_end == 0)
            module->data_start = module->base + start;
        module->data_end = module->base + end;
    }
    if (module->data_end == 0)
        module->data_start = module->data_end = module->end;
    return 0;
}

static int protect_range(const struct aw_module *module, uint64_t start, uint64_t end, int flags,
                         struct aw_error *error)
{
    if (start < end && mprotect((void *)(module->base + start), end - start, flags) != 0)
        return aw_fail_at(error, AW_E_SYSTEM, module->private->elf.path, 0, 0,
                          "cannot protect the program's memory: %s", strerror(errno));
    return 0;
}

static int protect(const struct aw_module *module, struct aw_error *error)
{
    const struct aw_elf *elf = &module->private->elf;
    uint64_t gap = elf->low, relro_start, relro_end;
    int code = 0;
    for (int i = 0; code == 0 && i < elf->segment_count; i++) {
        const Elf64_Phdr *segment = &elf->segments[i];
        uint64_t start = aw_page_down(segment->p_vaddr);
        uint64_t end = aw_page_up(segment->p_vaddr + segment->p_memsz);
        int flags = PROT_READ | ((segment->p_flags & PF_W) != 0 ? PROT_WRITE : 0) |
                    ((segment->p_flags & PF_X) != 0 ? PROT_EXEC : 0);
        code = protect_range(module, gap, start, PROT_NONE, error);
        if (code == 0)
            code = protect_range(module, start, end, flags, error);
        gap = end;
    }
    relro_range(elf, &relro_start, &relro_end);
    if (code == 0)
        code = protect_range(module, relro_start, relro_end, PROT_READ, error);
    return code;
}

static void describe(struct aw_module *module)
{
    const struct aw_elf *elf = &module->private->elf;
    if (elf->tls.p_memsz != 0) {
        module->tls_image = module->base + elf->tls.p_vaddr;
        module->tls_file_size = elf->tls.p_filesz;
        module->tls_size = elf->tls.p_memsz;
        module->tls_align = elf->tls.p_align != 0 ? elf->tls.p_align : 1;
    }
    module->init = elf->init != 0 ? module->base + elf->init : 0;
    module->fini = elf->fini != 0 ? module->base + elf->fini : 0;
    module->init_count = elf->init_array.size / 8;
    module->init_array = module->init_count != 0 ? module->base + elf->init_array.address : 0;
    module->fini_count = elf->fini_array.size / 8;
    module->fini_array = module->fini_count != 0 ? module->base + elf->fini_array.address : 0;
    module->digest = XXH3_64bits(elf->bytes, elf->size);
}

int aw_module_load(const char *path, uint64_t base, uint64_t tls_module, aw_resolve *resolve,
                   void *context, struct aw_module **result, struct aw_error *error)
{
    AW_CHECK(base % AW_ELF_PAGE == 0);
    AW_CHECK(resolve != NULL);
    int code;
    struct aw_module *module = calloc(1, sizeof *module);
    *result = NULL;
    if (module == NULL || (module->private = calloc(1, sizeof *module->private)) == NULL) {
        code = aw_fail(error, AW_E_MEMORY, "no memory to load a program");
        goto failed;
    }
    if ((size_t)snprintf(module->path, sizeof module->path, "%s", path) >= sizeof module->path) {
        code = aw_fail(error, AW_E_IO, "the path of the program is longer than %zu bytes",
                       sizeof module->path - 1);
        goto failed;
    }
    module->base = base;
    module->tls_module = tls_module;
    if ((code = aw_elf_open(&module->private->elf, module->path, error)) != 0 ||
        (code = map(module, error)) != 0 || (code = find_image(module, error)) != 0)
        goto failed;
    describe(module);
    if ((code = aw_elf_bind(&module->private->elf, module, resolve, context, error)) != 0 ||
        (code = protect(module, error)) != 0)
        goto failed;
    *result = module;
    return 0;

failed:
    aw_module_unload(module);
    return code;
}

void aw_module_unload(struct aw_module *module)
{
    if (module == NULL)
        return;
    if (module->end != 0)
        munmap((void *)module->start, module->end - module->start);
    if (module->private != NULL) {
        aw_elf_lookups_free(module->private);
        aw_elf_close(&module->private->elf);
    }
    free(module->private);
    free(module);
}

uint64_t aw_module_symbol(const struct aw_module *module, const char *name)
{
    const struct aw_elf *elf = &module->private->elf;
    for (uint64_t i = 1; i < elf->symbol_count; i++) {
        Elf64_Sym symbol;
        const char *candidate;
        if (!aw_elf_symbol(elf, i, &symbol, &candidate) || symbol.st_shndx == SHN_UNDEF ||
            symbol.st_shndx == SHN_ABS || ELF64_ST_TYPE(symbol.st_info) == STT_TLS ||
            strcmp(candidate, name) != 0)
            continue;
        if (symbol.st_value >= elf->low && symbol.st_value <= elf->high)
            return module->base + symbol.st_value;
    }
    return 0;
}
