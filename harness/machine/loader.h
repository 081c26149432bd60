/* SPDX-License-Identifier: MIT */
/*
 * loader.h - maps a shared object at an address of our choice and binds every import.
 *
 * Our own loader, not dlopen: constructors must run inside the machine, nothing may be bound to
 * the host's libc behind our back, and what cannot be served has to be refused by name before a
 * byte of it runs. Supported relocations: R_X86_64_RELATIVE, GLOB_DAT, JUMP_SLOT, R_X86_64_64,
 * DTPMOD64, DTPOFF64. Everything else is refused (TPOFF64, TLSDESC, IRELATIVE, COPY ...), with the
 * symbol, the file and how to compile instead.
 *
 * After loading, text and read-only data are read-only (text executable), RELRO is read-only, and
 * [data_start, data_end) is what belongs to a process image: .data and .bss, whole pages. Binding
 * is always eager. The contents are the same bytes in every run: imports resolve to addresses that
 * the caller chooses.
 */
#ifndef AW_MACHINE_LOADER_H
#define AW_MACHINE_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct aw_module {
    char path[4096];
    uint64_t base;                 /* load bias: run-time address minus ELF address */
    uint64_t start, end;           /* everything mapped, whole pages */
    uint64_t text_start, text_end; /* the executable segment */
    uint64_t data_start, data_end; /* the image part: writable after loading, whole pages */
    uint64_t tls_image;            /* run-time address of .tdata; 0 without TLS */
    uint64_t tls_file_size, tls_size, tls_align;
    uint64_t tls_module; /* the number written by DTPMOD64 */
    uint64_t init, fini; /* DT_INIT and DT_FINI, 0 if none */
    uint64_t init_array, init_count;
    uint64_t fini_array, fini_count;
    uint64_t digest;   /* XXH3 of the file */
    bool instrumented; /* imports __tsan_* */
    struct aw_module_private *private;
};

enum aw_import_kind { AW_IMPORT_FUNCTION, AW_IMPORT_DATA, AW_IMPORT_UNKNOWN };

/* Resolves one import to an address. `size` is the symbol's size where the object says it. Returns
 * 0 for "leave a weak symbol undefined"; for what cannot be served it fills `error` and sets
 * error->code, which refuses the program. */
typedef uint64_t aw_resolve(void *context, const char *name, enum aw_import_kind kind, bool weak,
                            struct aw_error *error);

/* Loads `path` at load bias `base` (page-aligned, its range unmapped). `tls_module` is the number to
 * give its TLS. On success *module is owned by the caller; on failure it is NULL. */
int aw_module_load(const char *path, uint64_t base, uint64_t tls_module, aw_resolve *resolve,
                   void *context, struct aw_module **module, struct aw_error *error);

void aw_module_unload(struct aw_module *module);

/* Run-time address of a defined dynamic symbol, or 0. */
uint64_t aw_module_symbol(const struct aw_module *module, const char *name);

/* Name of the function around a run-time address (from .symtab where there is one, else .dynsym),
 * or NULL. Owned by the module. */
const char *aw_module_function_at(const struct aw_module *module, uint64_t address);

/* Where the function around a run-time address begins and ends; false when there is none. */
bool aw_module_function_range(const struct aw_module *module, uint64_t address, uint64_t *start,
                              uint64_t *end);

/* The `number`-th section of code, as run-time addresses [*start, *end): false when there is none. */
bool aw_module_code(const struct aw_module *module, unsigned number, uint64_t *start,
                    uint64_t *end);

/* Name of the variable around a run-time address (from .symtab), or NULL; *offset is that of the
 * address in it. Owned by the module. */
const char *aw_module_variable_at(const struct aw_module *module, uint64_t address,
                                  uint64_t *offset);

/* The code that gcc puts in itself to be run at the end of a program: [*start, *end). */
bool aw_module_start_code(const struct aw_module *module, uint64_t *start, uint64_t *end);

/* Where a variable is (from .symtab), as run-time addresses [*start, *end): false when there is none of
 * the name. */
bool aw_module_variable(const struct aw_module *module, const char *name, uint64_t *start,
                        uint64_t *end);

/* A structure in a function's frame: the code [start, end), the offset from the canonical frame address
 * (the stack pointer before the call; of no meaning where the function aligns its frame), the size in
 * bytes. */
struct aw_frame_variable {
    uint64_t start, end;
    int64_t offset;
    uint64_t size;
};
typedef void aw_frame_visit(void *context, const struct aw_frame_variable *variable);
/* Visits all of the debug information, in no particular order; one may come several times. */
void aw_module_structures(struct aw_module *module, aw_frame_visit *visit, void *context);

/* The objects of the module's memory, by .symtab: disjoint, in the order of their addresses. Those that
 * overlap are one. In the `strict` sections (.data and .bss) nothing else lies than they. Owned by the
 * module; both empty without .symtab. */
struct aw_module_range {
    uint64_t start, end; /* run-time addresses */
};
struct aw_module_objects {
    struct aw_module_range *objects, strict[2];
    size_t count, strict_count;
};
const struct aw_module_objects *aw_module_objects(struct aw_module *module);

/* The first source file with code that was not compiled with -fsanitize=thread, or NULL. Without debug
 * information nobody can tell, and the module itself is named. */
const char *aw_module_uninstrumented(struct aw_module *module);

/* The first source file whose automatic variables the compiler makes zero where nothing else does
 * (-ftrivial-auto-var-init=zero), or NULL. */
const char *aw_module_zeroed(struct aw_module *module);

/* Source place of a run-time address from the debug information (libdw). A call site is looked up
 * with its return address minus one. Returns false when unknown; *file is owned by the module, and
 * is the path as the compiler recorded it, shortened to be relative to the compilation folder. */
bool aw_module_line_at(struct aw_module *module, uint64_t address, const char **file, int *line,
                       int *column);

#endif
