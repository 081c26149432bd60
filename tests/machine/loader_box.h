/* SPDX-License-Identifier: MIT */
/*
 * Helpers of the loader's tests: a folder of its own for each test, programs compiled into it from
 * text, files patched byte by byte, and a resolver that keeps a record of what it was asked.
 */
#ifndef AW_TESTS_LOADER_BOX_H
#define AW_TESTS_LOADER_BOX_H

#include <criterion/criterion.h>
#include <elf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/loader.h"

static const uint64_t box_base = 0x180000000000;
static const uint64_t box_tls_module = 7;

/* What `allways cc` passes and the loader has an opinion on. */
#define BOX_FLAGS "-std=gnu17 -O1 -g -fPIC -shared -fno-stack-protector -Wl,-z,now"

static char box_folder[64];

static void box_open(void)
{
    strcpy(box_folder, "/tmp/aw-loader-XXXXXX");
    cr_assert_not_null(mkdtemp(box_folder));
}

static void box_close(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", box_folder);
    cr_assert_eq(system(command), 0);
}

static const char *box_path(const char *name)
{
    static char paths[8][128];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", box_folder, name);
    return path;
}

static void box_write(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(box_path(name), "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, size, file), size);
    cr_assert_eq(fclose(file), 0);
}

static size_t box_read(const char *name, unsigned char *bytes, size_t limit)
{
    FILE *file = fopen(box_path(name), "rb");
    cr_assert_not_null(file);
    size_t size = fread(bytes, 1, limit, file);
    cr_assert(size < limit);
    fclose(file);
    return size;
}

/* Compiles inside the folder; false when the compiler says no. */
__attribute__((format(printf, 1, 2))) static bool box_try_cc(const char *format, ...)
{
    char arguments[1024], command[1400];
    const char *compiler = getenv("CC");
    va_list list;
    va_start(list, format);
    vsnprintf(arguments, sizeof arguments, format, list);
    va_end(list);
    snprintf(command, sizeof command, "cd '%s' && %s %s 2>cc.log", box_folder,
             compiler != NULL && compiler[0] != '\0' ? compiler : "gcc", arguments);
    return system(command) == 0;
}

/* Writes p.c and makes p.so of it, with `flags` after the usual ones. */
static inline const char *box_build(const char *source, const char *flags)
{
    box_write("p.c", source, strlen(source));
    cr_assert(box_try_cc(BOX_FLAGS " p.c -o p.so %s", flags), "p.c does not compile");
    return box_path("p.so");
}

/* ---- the resolver ---------------------------------------------------------------------------- */

struct box_import {
    char name[64];
    enum aw_import_kind kind;
    bool weak;
};

struct box_resolver {
    struct {
        const char *name;
        uint64_t address;
    } known[8]; /* ends at the first without a name */
    const char *refused;
    struct box_import asked[64];
    int asked_count;
};

/* Known names get their address, other weak ones 0, other strong ones a made-up address. */
static uint64_t box_resolve(void *context, const char *name, enum aw_import_kind kind, bool weak,
                            struct aw_error *error)
{
    struct box_resolver *resolver = context;
    cr_assert(resolver->asked_count < 64);
    struct box_import *import = &resolver->asked[resolver->asked_count++];
    snprintf(import->name, sizeof import->name, "%s", name);
    import->kind = kind;
    import->weak = weak;
    if (resolver->refused != NULL && strcmp(name, resolver->refused) == 0) {
        aw_fail(error, AW_E_PROGRAM, "%s is refused", name);
        return 0;
    }
    for (int i = 0; resolver->known[i].name != NULL; i++)
        if (strcmp(name, resolver->known[i].name) == 0)
            return resolver->known[i].address;
    return weak ? 0 : UINT64_C(0x111100000000) + (uint64_t)resolver->asked_count * 16;
}

static inline const struct box_import *box_asked(const struct box_resolver *resolver,
                                                 const char *name)
{
    const struct box_import *found = NULL;
    for (int i = 0; i < resolver->asked_count; i++)
        if (strcmp(resolver->asked[i].name, name) == 0) {
            cr_assert_null(found, "%s was asked for twice", name);
            found = &resolver->asked[i];
        }
    return found;
}

static inline struct aw_module *box_load(const char *path, struct box_resolver *resolver)
{
    static struct box_resolver none;
    struct aw_module *module;
    struct aw_error error = {0};
    int code = aw_module_load(path, box_base, box_tls_module, box_resolve,
                              resolver != NULL ? resolver : memset(&none, 0, sizeof none), &module,
                              &error);
    cr_assert_eq(code, 0, "%s", error.message);
    return module;
}

/* Loads what must be refused, and compares code, path and message. */
__attribute__((format(printf, 4, 5))) static inline void
box_refused(const char *path, struct box_resolver *resolver, int code, const char *format, ...)
{
    static struct box_resolver none;
    char expected[1024];
    struct aw_module *module = (struct aw_module *)&none;
    struct aw_error error = {0};
    va_list list;
    va_start(list, format);
    vsnprintf(expected, sizeof expected, format, list);
    va_end(list);
    int got = aw_module_load(path, box_base, box_tls_module, box_resolve,
                             resolver != NULL ? resolver : memset(&none, 0, sizeof none), &module,
                             &error);
    cr_expect_null(module);
    cr_expect_eq(got, code, "code %d, not %d", got, code);
    cr_expect_eq(error.code, code);
    cr_expect_str_eq(error.file, path);
    cr_expect_str_eq(error.message, expected);
}

/* ---- patching -------------------------------------------------------------------------------- */

struct box_file {
    unsigned char bytes[1 << 18];
    size_t size;
};

static inline Elf64_Phdr *box_segment(struct box_file *file, uint32_t type, int nth)
{
    Elf64_Ehdr *header = (Elf64_Ehdr *)file->bytes;
    Elf64_Phdr *segments = (Elf64_Phdr *)(file->bytes + header->e_phoff);
    for (int i = 0; i < header->e_phnum; i++)
        if (segments[i].p_type == type && nth-- == 0)
            return &segments[i];
    cr_assert_fail("no such segment");
    abort();
}

static inline Elf64_Dyn *box_dynamic(struct box_file *file, int64_t tag)
{
    Elf64_Dyn *entry = (Elf64_Dyn *)(file->bytes + box_segment(file, PT_DYNAMIC, 0)->p_offset);
    for (; entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == tag)
            return entry;
    cr_assert_fail("no such dynamic entry");
    abort();
}

/* The first relocation of a type in DT_RELA, which lies in the first segment: offset = address. */
static inline Elf64_Rela *box_rela(struct box_file *file, uint32_t type)
{
    Elf64_Rela *rela = (Elf64_Rela *)(file->bytes + box_dynamic(file, DT_RELA)->d_un.d_ptr);
    size_t count = box_dynamic(file, DT_RELASZ)->d_un.d_val / sizeof *rela;
    for (size_t i = 0; i < count; i++)
        if (ELF64_R_TYPE(rela[i].r_info) == type)
            return &rela[i];
    cr_assert_fail("no such relocation");
    abort();
}

static inline struct box_file *box_patch_begin(const char *source, const char *flags)
{
    static struct box_file file;
    box_build(source, flags);
    file.size = box_read("p.so", file.bytes, sizeof file.bytes);
    return &file;
}

static inline const char *box_patch_end(const struct box_file *file)
{
    box_write("patched.so", file->bytes, file->size);
    return box_path("patched.so");
}

#endif
