/* SPDX-License-Identifier: MIT */
/*
 * loader_elf.h - the inside of the loader: one shared object as bytes, and what was checked in it.
 *
 * Steps, one file each: loader_elf.c reads and checks the file, loader.c maps it, loader_bind.c
 * relocates and binds it, loader_lines.c answers which function and which line an address is.
 *
 * Invariants:
 *  1. `bytes` is our own copy of the file, so a program that is rebuilt while it is being checked
 *     changes nothing, and a file cut short under us is no SIGBUS.
 *  2. Nothing is read from `bytes` but through a function that checks the bounds. Offsets, sizes
 *     and indices come from the file and are never trusted; structures are copied out, since a
 *     wrong file may have them at odd addresses.
 *  3. What aw_elf_open() accepted holds: segments are in ascending order, share no page and lie
 *     between `low` and `high`; the file parts of all segments lie inside the file.
 *  4. Tables are read from `bytes`, never from the mapped program, which may overwrite its own.
 */
#ifndef AW_MACHINE_LOADER_ELF_H
#define AW_MACHINE_LOADER_ELF_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "machine/loader.h"

enum { AW_ELF_SEGMENTS_MAX = 16, AW_ELF_PAGE = 4096 };

#ifndef DT_RELR /* since glibc 2.36 */
#define DT_RELRSZ 35
#define DT_RELR 36
#define DT_RELRENT 37
#endif

/* A table in the ELF address space; absent when size is 0. */
struct aw_elf_table {
    uint64_t address, size;
};

struct aw_elf {
    const char *path; /* as the user gave it, for messages */
    unsigned char *bytes;
    size_t size;
    Elf64_Ehdr header;
    Elf64_Phdr segments[AW_ELF_SEGMENTS_MAX]; /* PT_LOAD, page-rounding not yet applied */
    int segment_count;
    uint64_t low, high; /* of all segments, whole pages, ELF addresses */
    Elf64_Phdr tls;     /* p_memsz is 0 without one */
    Elf64_Phdr relro;   /* the same */
    struct aw_elf_table strings, symbols, rela, plt_rela, relr;
    struct aw_elf_table init_array, fini_array;
    uint64_t init, fini;
    uint64_t symbol_count; /* by the hash table: may be short of undefined symbols */
};

struct aw_elf_function {
    uint64_t start, end; /* ELF addresses */
    const char *name;
    bool local;
};

struct aw_module_private {
    struct aw_elf elf;
    struct aw_elf_function *functions; /* sorted by start; built at the first question */
    size_t function_count;
    bool functions_read;
    struct aw_lines *lines;           /* the same, of loader_lines.c */
    struct aw_module_objects objects; /* of loader_objects.c */
    bool objects_read;
};

static inline uint64_t aw_page_down(uint64_t value)
{
    return value & ~(uint64_t)(AW_ELF_PAGE - 1);
}

static inline uint64_t aw_page_up(uint64_t value)
{
    return aw_page_down(value + AW_ELF_PAGE - 1);
}

/* Reads and checks the file. On failure nothing is left to free; `path` must outlive `elf`. */
int aw_elf_open(struct aw_elf *elf, const char *path, struct aw_error *error);
void aw_elf_close(struct aw_elf *elf);

/* `size` bytes at an ELF address when all of them come from the file part of one segment, else
 * NULL. */
const void *aw_elf_at(const struct aw_elf *elf, uint64_t address, uint64_t size);

/* The segment that holds all of [address, address + size) in memory, or NULL. */
const Elf64_Phdr *aw_elf_segment_of(const struct aw_elf *elf, uint64_t address, uint64_t size);

/* Copies the dynamic symbol out; false when the index or its name is outside the file. */
bool aw_elf_symbol(const struct aw_elf *elf, uint64_t index, Elf64_Sym *symbol, const char **name);

/* The string at an offset of a string table that lies in the file: NULL when it is not terminated
 * or has control characters, which would spoil a message. */
const char *aw_elf_string(const void *table, uint64_t table_size, uint64_t offset);

/* Fails with AW_E_FORMAT and AW_E_PROGRAM, naming the file. */
#define aw_elf_malformed(elf, error, ...)                                                          \
    aw_fail_at(error, AW_E_FORMAT, (elf)->path, 0, 0, "not a usable ELF file: " __VA_ARGS__)
#define aw_elf_refuse(elf, error, ...)                                                             \
    aw_fail_at(error, AW_E_PROGRAM, (elf)->path, 0, 0, __VA_ARGS__)

/* Relocates the mapped, still writable module and binds its imports (loader_bind.c). */
int aw_elf_bind(const struct aw_elf *elf, struct aw_module *module, aw_resolve *resolve,
                void *context, struct aw_error *error);

/* The debug information as libdw reads it, a `Dwarf *`; NULL without any (loader_lines.c). */
void *aw_module_dwarf(struct aw_module *module);

/* The header of a section, and its bytes when they lie in the file, else NULL (loader_lines.c). Without
 * a header, *header is zero. */
const unsigned char *aw_elf_section(const struct aw_elf *elf, uint64_t index, Elf64_Shdr *header);

/* Frees what the look-ups built (loader_lines.c). */
void aw_elf_lookups_free(struct aw_module_private *private);

#endif
