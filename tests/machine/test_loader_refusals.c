/* SPDX-License-Identifier: MIT */
/*
 * What the loader refuses, with the exact words, and wrong files: cut short at every 64 bytes, and
 * with bytes overwritten at random (seeded). A wrong file is loaded or refused, never more.
 */
#include "loader_box.h"

#include <stddef.h>

TestSuite(loader_refusals, .init = box_open, .fini = box_close);

static const char source[] = "extern int outside(void), other; int (*pointer)(void) = outside;\n"
                             "static __thread int mine; __thread int visible = 3; int bss[2000];\n"
                             "__attribute__((constructor)) static void start(void) { mine = 1; }\n"
                             "__attribute__((destructor)) static void stop(void) { mine = 2; }\n"
                             "int f(void) { return outside() + other + mine + visible; }\n";

static const char fpic[] = "compile every part with -fPIC, as `allways cc` does";

/* ---- files that are no shared objects -------------------------------------------------------- */

Test(loader_refusals, a_file_that_is_not_there)
{
    box_refused(box_path("none.so"), NULL, AW_E_IO,
                "cannot open the program: No such file or directory");
}

Test(loader_refusals, a_folder)
{
    box_refused(box_folder, NULL, AW_E_IO, "not a regular file");
}

Test(loader_refusals, a_path_that_is_too_long)
{
    static char path[5000];
    struct box_resolver resolver = {0};
    struct aw_module *module;
    struct aw_error error;
    memset(path, 'x', sizeof path - 1);
    cr_expect_eq(aw_module_load(path, box_base, 1, box_resolve, &resolver, &module, &error),
                 AW_E_IO);
    cr_expect_str_eq(error.message, "the path of the program is longer than 4095 bytes");
    cr_expect_null(module);
}

Test(loader_refusals, a_file_of_another_kind)
{
    static const char text[] =
        "not an ELF file: expected a shared object, as `allways cc` makes it";
    box_write("empty", "", 0);
    box_refused(box_path("empty"), NULL, AW_E_FORMAT, "%s", text);
    box_write("script", "#!/bin/sh\n", 10);
    box_refused(box_path("script"), NULL, AW_E_FORMAT, "%s", text);
    box_write("short", ELFMAG "\2\1\1", 7);
    box_refused(box_path("short"), NULL, AW_E_FORMAT,
                "not a usable ELF file: 7 bytes are too few for a header");
}

static void refused_header(size_t offset, unsigned value, size_t size, int code, const char *text)
{
    struct box_file *file = box_patch_begin(source, "");
    memcpy(file->bytes + offset, &value, size);
    box_refused(box_patch_end(file), NULL, code, "%s", text);
}

Test(loader_refusals, another_class_order_or_machine)
{
    refused_header(EI_CLASS, ELFCLASS32, 1, AW_E_PROGRAM,
                   "not a 64-bit object: compile for x86-64, without -m32");
    refused_header(EI_DATA, ELFDATA2MSB, 1, AW_E_PROGRAM,
                   "not a little-endian object: compile for x86-64");
    refused_header(offsetof(Elf64_Ehdr, e_machine), EM_AARCH64, 2, AW_E_PROGRAM,
                   "made for machine 183, not for x86-64 (62)");
    refused_header(offsetof(Elf64_Ehdr, e_type), ET_CORE, 2, AW_E_PROGRAM,
                   "ELF type 4, not a shared object: build it with `allways cc`");
    refused_header(offsetof(Elf64_Ehdr, e_phoff), 0x7fffffff, 4, AW_E_FORMAT,
                   "not a usable ELF file: the program headers lie outside the file");
    refused_header(offsetof(Elf64_Ehdr, e_phnum), 0, 2, AW_E_FORMAT,
                   "not a usable ELF file: it has no loadable segment");
}

Test(loader_refusals, executables_and_objects)
{
    box_write("p.c", "int main(void) { return 0; }", 28);
    cr_assert(box_try_cc("-no-pie p.c -o fixed") && box_try_cc("-fPIE -pie p.c -o pie") &&
              box_try_cc("-c p.c -o p.o"));
    box_refused(box_path("fixed"), NULL, AW_E_PROGRAM,
                "an executable, not a shared object: build it with `allways cc`");
    box_refused(box_path("pie"), NULL, AW_E_PROGRAM,
                "an executable (it names a program interpreter), not a shared object: build it "
                "with `allways cc`");
    box_refused(box_path("p.o"), NULL, AW_E_PROGRAM,
                "an object file, not linked yet: pass it to `allways cc` and load the result");
    struct box_file *file = box_patch_begin(source, "");
    box_dynamic(file, DT_FLAGS_1)->d_un.d_val |= DF_1_PIE; /* -static-pie names no interpreter */
    box_refused(box_patch_end(file), NULL, AW_E_PROGRAM,
                "a position-independent executable, not a shared object: build it with "
                "`allways cc`");
}

/* ---- how it is linked ------------------------------------------------------------------------ */

Test(loader_refusals, an_executable_stack)
{
    box_refused(box_build(source, "-Wl,-z,execstack"), NULL, AW_E_PROGRAM,
                "asks for an executable stack (a nested function whose address is taken, or "
                "assembly without .note.GNU-stack): link with -Wl,-z,noexecstack and keep nested "
                "functions out");
}

Test(loader_refusals, code_that_needs_relocation)
{
    box_refused(
        box_build("extern char outside; __asm__(\".text; .quad outside\");", "-Wl,-z,notext"), NULL,
        AW_E_PROGRAM, "its code needs relocation (DT_TEXTREL): %s", fpic);
}

Test(loader_refusals, code_that_needs_relocation_and_does_not_say_so)
{
    struct box_file *file = box_patch_begin(source, "");
    Elf64_Rela *rela = box_rela(file, R_X86_64_64);
    rela->r_offset = ((Elf64_Ehdr *)file->bytes)->e_phoff;
    box_refused(box_patch_end(file), NULL, AW_E_PROGRAM,
                "a relocation at 0x40 (outside) lies outside the writable data: %s", fpic);
}

Test(loader_refusals, a_library_that_the_machine_does_not_know)
{
    box_write("foo.c", "int outside(void) { return 1; }", 31);
    cr_assert(box_try_cc("-shared -fPIC foo.c -o libfoo.so"));
    box_refused(box_build(source, "-L. -lfoo"), NULL, AW_E_PROGRAM,
                "needs libfoo.so: link its objects into the program");
}

Test(loader_refusals, libraries_of_sanitizers)
{
    static const char *const names[] = {"libtsan.so.2", "libasan.so.8", "libubsan.so.1"};
    for (int i = 0; i < 3; i++) {
        char flags[128];
        box_write("foo.c", "int outside(void) { return 1; }", 31);
        cr_assert(box_try_cc("-shared -fPIC foo.c -o libfoo.so -Wl,-soname,%s", names[i]));
        box_build(source, "-L. -lfoo");
        snprintf(flags, sizeof flags, "needs %s: %s", names[i],
                 i == 0 ? "compile with -fsanitize=thread, but link without it (the machine "
                          "answers its calls itself)"
                        : "compile without -fsanitize");
        box_refused(box_path("p.so"), NULL, AW_E_PROGRAM, "%s", flags);
    }
}

Test(loader_refusals, code_that_can_be_written)
{
    struct box_file *file = box_patch_begin(source, "");
    for (int i = 0; i < 4; i++)
        if (box_segment(file, PT_LOAD, i)->p_flags & PF_X)
            box_segment(file, PT_LOAD, i)->p_flags |= PF_W;
    box_refused(box_patch_end(file), NULL, AW_E_PROGRAM,
                "a segment is writable and executable: link without -N (--omagic)");
}

Test(loader_refusals, two_executable_segments)
{
    struct box_file *file = box_patch_begin(source, "");
    box_segment(file, PT_LOAD, 0)->p_flags |= PF_X;
    box_refused(box_patch_end(file), NULL, AW_E_PROGRAM,
                "two executable segments: link with the default linker script");
}

Test(loader_refusals, writable_data_in_two_places)
{
    struct box_file *file = box_patch_begin(source, "");
    box_segment(file, PT_LOAD, 0)->p_flags |= PF_W;
    box_refused(box_patch_end(file), NULL, AW_E_PROGRAM,
                "its writable data lies in two places: link with the default linker script");
}

Test(loader_refusals, relro_in_the_middle_or_outside)
{
    struct box_file *file = box_patch_begin(source, "");
    Elf64_Phdr *relro = box_segment(file, PT_GNU_RELRO, 0);
    relro->p_vaddr = (relro->p_vaddr & ~(uint64_t)4095) + 4096;
    relro->p_memsz = 4096;
    box_refused(box_patch_end(file), NULL, AW_E_PROGRAM,
                "its RELRO part lies in the middle of its data: link with the default linker "
                "script");
    relro->p_vaddr = 0;
    box_refused(box_patch_end(file), NULL, AW_E_FORMAT,
                "not a usable ELF file: PT_GNU_RELRO lies outside the data segment");
}

Test(loader_refusals, a_preinit_array)
{
    struct box_file *file = box_patch_begin(source, "");
    box_dynamic(file, DT_FINI_ARRAYSZ)->d_tag = DT_PREINIT_ARRAYSZ;
    box_refused(box_patch_end(file), NULL, AW_E_PROGRAM,
                "has a .preinit_array, which only executables may have");
}

Test(loader_refusals, relocations_without_addends)
{
    struct box_file *file = box_patch_begin(source, "");
    box_dynamic(file, DT_PLTREL)->d_un.d_val = DT_REL;
    box_refused(box_patch_end(file), NULL, AW_E_PROGRAM,
                "its relocations are of the form REL; x86-64 uses RELA");
}

/* ---- relocations and symbols ----------------------------------------------------------------- */

Test(loader_refusals, initial_exec_thread_local_storage)
{
    box_refused(box_build("__thread int v; int f(void) { return v; }", "-ftls-model=initial-exec"),
                NULL, AW_E_PROGRAM,
                "thread-local storage of the initial-exec model (v): compile without "
                "-ftls-model=initial-exec or local-exec, and with -fPIC");
    box_refused(
        box_build("static __thread int v; int f(void) { return v++; }", "-ftls-model=initial-exec"),
        NULL, AW_E_PROGRAM,
        "thread-local storage of the initial-exec model (a local symbol): compile without "
        "-ftls-model=initial-exec or local-exec, and with -fPIC");
}

Test(loader_refusals, thread_local_storage_by_descriptors)
{
    box_refused(box_build("__thread int v; int f(void) { return v; }", "-mtls-dialect=gnu2"), NULL,
                AW_E_PROGRAM,
                "thread-local storage by descriptors (v): compile without -mtls-dialect=gnu2");
}

Test(loader_refusals, indirect_functions)
{
    static const char text[] = "an indirect function, which asks the processor what to run: "
                               "compile without ifunc, target_clones and target_version attributes";
    box_refused(box_build("static int one(void) { return 1; }\n"
                          "static void *pick(void) { return one; }\n"
                          "static int hidden(void) __attribute__((ifunc(\"pick\")));\n"
                          "int f(void) { return hidden(); }",
                          ""),
                NULL, AW_E_PROGRAM, "%s", text);
    box_refused(box_build("static int one(void) { return 1; }\n"
                          "static void *pick(void) { return one; }\n"
                          "int shown(void) __attribute__((ifunc(\"pick\")));\n"
                          "int f(void) { return shown(); }",
                          ""),
                NULL, AW_E_PROGRAM, "%s", text);
}

Test(loader_refusals, relocations_of_other_kinds)
{
    struct box_file *file = box_patch_begin(source, "");
    Elf64_Rela *rela = box_rela(file, R_X86_64_64);
    uint64_t symbol = ELF64_R_SYM(rela->r_info);
    rela->r_info = ELF64_R_INFO(symbol, R_X86_64_COPY);
    box_refused(box_patch_end(file), NULL, AW_E_PROGRAM,
                "a copy relocation (outside), which belongs to an executable: build it with "
                "`allways cc`");
    rela->r_info = ELF64_R_INFO(symbol, R_X86_64_PC32);
    box_refused(box_patch_end(file), NULL, AW_E_PROGRAM, "relocation type 2 (outside): %s", fpic);
    rela->r_info = ELF64_R_INFO(symbol, 0x1234);
    box_refused(box_patch_end(file), NULL, AW_E_PROGRAM, "relocation type 4660 (outside): %s",
                fpic);
}

Test(loader_refusals, relocations_that_do_not_fit_their_symbol)
{
    struct box_file *file = box_patch_begin(source, "");
    Elf64_Rela *rela = box_rela(file, R_X86_64_DTPOFF64);
    uint64_t symbol = ELF64_R_SYM(rela->r_info);
    rela->r_info = ELF64_R_INFO(symbol, R_X86_64_64);
    box_refused(box_patch_end(file), NULL, AW_E_FORMAT,
                "not a usable ELF file: a relocation mistakes what visible is");
    rela->r_info = ELF64_R_INFO(0, R_X86_64_GLOB_DAT);
    box_refused(box_patch_end(file), NULL, AW_E_FORMAT,
                "not a usable ELF file: a relocation without its symbol");
    rela->r_info = ELF64_R_INFO(0x123456, R_X86_64_64);
    box_refused(box_patch_end(file), NULL, AW_E_FORMAT,
                "not a usable ELF file: a relocation names symbol 1193046, which lies outside the "
                "file");
}

Test(loader_refusals, canaries)
{
    box_refused(box_build("void fill(char *); void f(void) { char b[64]; fill(b); }",
                          "-fstack-protector-all"),
                NULL, AW_E_PROGRAM,
                "__stack_chk_fail is imported: compile with -fno-stack-protector, as `allways cc` "
                "does: canaries differ from run to run");
}

Test(loader_refusals, calls_of_other_sanitizers)
{
    static const char tail[] = "is imported: compile without -fsanitize=address or undefined "
                               "(-fsanitize=thread is the only one that the machine answers)";
    box_refused(box_build("extern int __asan_option_detect; int f(void)"
                          "{ return __asan_option_detect; }",
                          ""),
                NULL, AW_E_PROGRAM, "__asan_option_detect %s", tail);
    box_refused(box_build("int f(int a, int b) { return a + b; }",
                          "-fsanitize=signed-integer-overflow -nodefaultlibs -lc"),
                NULL, AW_E_PROGRAM, "__ubsan_handle_add_overflow %s", tail);
}

Test(loader_refusals, what_the_resolver_refuses_in_its_own_words)
{
    struct box_resolver resolver = {.refused = "outside"};
    box_refused(box_build(source, ""), &resolver, AW_E_PROGRAM, "outside is refused");
}

Test(loader_refusals, what_nobody_defines)
{
    struct box_resolver resolver = {.known = {{"other", 0}}};
    box_refused(box_build(source, ""), &resolver, AW_E_PROGRAM,
                "other is defined neither in the program nor by the machine: link the object that "
                "defines it");
}

Test(loader_refusals, a_thread_local_variable_that_nobody_defines)
{
    box_refused(box_build("extern __thread int far; int f(void) { return far; }", ""), NULL,
                AW_E_PROGRAM,
                "the thread-local variable far is defined nowhere in the program: link the object "
                "that defines it");
}

Test(loader_refusals, a_refused_program_leaves_its_address_range_free)
{
    struct box_resolver resolver = {.refused = "outside"};
    const char *path = box_build(source, "");
    box_refused(path, &resolver, AW_E_PROGRAM, "outside is refused");
    aw_module_unload(box_load(path, NULL));
}

/* ---- wrong files ----------------------------------------------------------------------------- */

/* Loads or not; a loaded one is asked everything that is asked of programs. */
static bool survives(const struct box_file *file)
{
    const char *path = box_patch_end(file), *name;
    struct box_resolver *resolver = calloc(1, sizeof *resolver);
    struct aw_module *module;
    struct aw_error error = {0};
    int line, column;
    int code =
        aw_module_load(path, box_base, box_tls_module, box_resolve, resolver, &module, &error);
    free(resolver);
    cr_assert_eq(code, error.code);
    cr_assert_eq(code == 0, module != NULL);
    if (code != 0) {
        cr_assert(error.message[0] != '\0' && strcmp(error.file, path) == 0, "%s", error.message);
        return false;
    }
    cr_assert(module->start <= module->data_start && module->data_end <= module->end);
    volatile unsigned char touched = 0;
    for (uint64_t i = 0; i < module->init_count && i < 64; i++)
        touched += ((unsigned char *)module->init_array)[i * 8];
    for (uint64_t i = 0; i < module->tls_file_size; i++)
        touched += ((unsigned char *)module->tls_image)[i];
    uint64_t address = aw_module_symbol(module, "f");
    aw_module_function_at(module, address);
    for (uint64_t i = 0; i < 16; i++)
        aw_module_line_at(module, address + i, &name, &line, &column);
    aw_module_unload(module);
    return true;
}

Test(loader_refusals, a_file_cut_short_anywhere_is_no_crash)
{
    static struct box_file cut;
    struct box_file *file = box_patch_begin(source, "");
    int loaded = 0;
    for (size_t size = 0; size <= file->size; size += 64) {
        memcpy(cut.bytes, file->bytes, size);
        cut.size = size;
        loaded += survives(&cut);
    }
    cr_expect_gt(loaded, 0, "what only debuggers read may be missing");
}

static uint64_t next_random(uint64_t *state) /* splitmix64 */
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Overwrites 1 to 4 places of [start, start + size) in each of `rounds` copies. */
static void overwrite(size_t start, size_t size, uint64_t seed, int rounds)
{
    static struct box_file changed;
    static const uint64_t telling[] = {0, 1, 8, 0x7f, 0x1000, UINT32_MAX, INT64_MAX, UINT64_MAX};
    struct box_file *file = box_patch_begin(source, "");
    size = size != 0 ? size : file->size - start;
    cr_assert(start + size <= file->size);
    for (int i = 0; i < rounds; i++) {
        changed.size = file->size;
        memcpy(changed.bytes, file->bytes, file->size);
        for (uint64_t n = next_random(&seed) % 4; n < 4; n++) {
            size_t at = start + next_random(&seed) % size;
            uint64_t kind = next_random(&seed);
            if (kind % 3 == 0)
                changed.bytes[at] ^= (unsigned char)(1 << (kind >> 8) % 8);
            else if (kind % 3 == 1)
                changed.bytes[at] = (unsigned char)(kind >> 8);
            else if ((at & ~(size_t)7) + 8 <= file->size)
                memcpy(changed.bytes + (at & ~(size_t)7), &telling[(kind >> 8) % 8], 8);
        }
        survives(&changed);
    }
}

Test(loader_refusals, overwritten_program_headers_are_no_crash)
{
    overwrite(sizeof(Elf64_Ehdr), 12 * sizeof(Elf64_Phdr), 1, 3000);
}

Test(loader_refusals, overwritten_symbols_and_relocations_are_no_crash)
{
    struct box_file *file = box_patch_begin(source, "");
    size_t start = box_dynamic(file, DT_GNU_HASH)->d_un.d_val;
    size_t end = box_dynamic(file, DT_JMPREL)->d_un.d_val;
    overwrite(start, end - start, 2, 3000);
}

Test(loader_refusals, an_overwritten_dynamic_section_is_no_crash)
{
    Elf64_Phdr *dynamic = box_segment(box_patch_begin(source, ""), PT_DYNAMIC, 0);
    overwrite(dynamic->p_offset, dynamic->p_filesz, 3, 3000);
}

Test(loader_refusals, a_file_overwritten_anywhere_is_no_crash)
{
    overwrite(0, 0, 4, 3000);
}
