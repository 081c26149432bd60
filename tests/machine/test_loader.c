/* SPDX-License-Identifier: MIT */
/*
 * The loader on programs that it takes: what is mapped, bound and known about addresses. The code
 * of the loaded program is called directly, on the test's own stack. What is refused, and wrong
 * files, are in test_loader_refusals.c.
 */
#include "loader_box.h"

#include <xxhash.h>

TestSuite(loader, .init = box_open, .fini = box_close);

static uint64_t call(const struct aw_module *module, const char *name)
{
    uint64_t address = aw_module_symbol(module, name);
    cr_assert_neq(address, 0, "%s is not there", name);
    return ((uint64_t(*)(void))address)();
}

static uint64_t word_at(const struct aw_module *module, const char *name)
{
    uint64_t value, address = aw_module_symbol(module, name);
    cr_assert_neq(address, 0, "%s is not there", name);
    memcpy(&value, (void *)address, sizeof value);
    return value;
}

/* ---- symbols and relocations ----------------------------------------------------------------- */

static const char plain_source[] = "long counter = 41;\n"
                                   "long zeros[600];\n"
                                   "static long hidden(void) { return ++counter; }\n"
                                   "long visible(void) { return hidden(); }\n";

Test(loader, defined_symbols_are_found_and_others_are_not)
{
    struct aw_module *module = box_load(box_build(plain_source, ""), NULL);
    cr_expect_neq(aw_module_symbol(module, "visible"), 0);
    cr_expect_neq(aw_module_symbol(module, "counter"), 0);
    cr_expect_eq(aw_module_symbol(module, "hidden"), 0);
    cr_expect_eq(aw_module_symbol(module, "__cxa_finalize"), 0, "an import is no definition");
    cr_expect_eq(aw_module_symbol(module, ""), 0);
    cr_expect_eq(call(module, "visible"), 42);
    aw_module_unload(module);
}

Test(loader, both_kinds_of_hash_table_count_the_symbols)
{
    static const char *const styles[] = {"-Wl,--hash-style=sysv", "-Wl,--hash-style=gnu",
                                         "-Wl,--hash-style=both"};
    for (int i = 0; i < 3; i++) {
        struct aw_module *module = box_load(box_build(plain_source, styles[i]), NULL);
        cr_expect_eq(call(module, "visible"), 42, "%s", styles[i]);
        aw_module_unload(module);
    }
}

Test(loader, a_module_without_exports_binds_its_imports)
{
    struct box_resolver resolver = {0};
    struct aw_module *module = box_load(
        box_build("extern void outside(void); static void (*volatile kept)(void);\n"
                  "__attribute__((constructor)) static void run(void) { kept = outside; }\n",
                  ""),
        &resolver);
    cr_expect_not_null(box_asked(&resolver, "outside"));
    aw_module_unload(module);
}

Test(loader, pointers_in_data_are_relocated)
{
    struct box_resolver resolver = {.known = {{"outside", 0x5550}, {"table", 0x7770}}};
    struct aw_module *module = box_load(box_build("extern int outside(void); extern char table[];\n"
                                                  "static int local(void) { return 5; }\n"
                                                  "long array[4];\n"
                                                  "int (*to_local)(void) = local;\n"
                                                  "int (*to_import)(void) = outside;\n"
                                                  "char *into_import = table + 3;\n"
                                                  "long *into_array = &array[2];\n"
                                                  "int through(void) { return to_local(); }\n",
                                                  ""),
                                        &resolver);
    cr_expect_eq(word_at(module, "to_import"), 0x5550);
    cr_expect_eq(word_at(module, "into_import"), 0x7773);
    cr_expect_eq(word_at(module, "into_array"), aw_module_symbol(module, "array") + 16);
    cr_expect_eq((int)call(module, "through"), 5);
    aw_module_unload(module);
}

Test(loader, packed_relative_relocations_are_applied)
{
    box_write("p.c", "", 0);
    if (!box_try_cc(BOX_FLAGS " p.c -o p.so -Wl,-z,pack-relative-relocs"))
        cr_skip_test("this linker knows no -z pack-relative-relocs");
    /* 200 pointers: more than three bitmap words; the gap starts a new address word. */
    struct box_file *file = box_patch_begin(
        "static int a[200];\n"
        "#define P4(i) a + i, a + i + 1, a + i + 2, a + i + 3\n"
        "#define P20(i) P4(i), P4(i + 4), P4(i + 8), P4(i + 12), P4(i + 16)\n"
        "#define P100(i) P20(i), P20(i + 20), P20(i + 40), P20(i + 60), P20(i + 80)\n"
        "int *pointers[200] = {P100(0), P100(100)}; long gap[100] = {1}; int *after = a + 7;\n"
        "int wrong(void) { int n = after != a + 7; for (int i = 0; i < 200; i++)\n"
        "    n += pointers[i] != a + i; return n; }\n",
        "-Wl,-z,pack-relative-relocs");
    cr_assert(box_dynamic(file, DT_RELRSZ)->d_un.d_val > 32);
    struct aw_module *module = box_load(box_path("p.so"), NULL);
    cr_expect_eq((int)call(module, "wrong"), 0);
    aw_module_unload(module);
}

Test(loader, what_the_module_defines_binds_to_the_module)
{
    struct box_resolver resolver = {0};
    struct aw_module *module = box_load(
        box_build("long write(int fd, const void *p, unsigned long n) {"
                  " (void)fd, (void)p; return (long)n + 1; }\n"
                  "__attribute__((weak)) int soft(void) { return 2; }\n"
                  "long (*pointer)(int, const void *, unsigned long) = write;\n"
                  "long both(void) { return write(1, 0, 20) + pointer(1, 0, 30) + soft(); }\n",
                  "-fno-builtin"),
        &resolver);
    cr_expect_eq(call(module, "both"), 21 + 31 + 2);
    cr_expect_null(box_asked(&resolver, "write"));
    cr_expect_null(box_asked(&resolver, "soft"));
    aw_module_unload(module);
}

/* ---- imports --------------------------------------------------------------------------------- */

Test(loader, the_kind_of_an_import_comes_from_its_symbol_or_else_from_its_relocation)
{
    struct box_resolver resolver = {0};
    box_write("other.c", "int typed_data; int typed_function(void) { return 0; }", 54);
    cr_assert(box_try_cc("-shared -fPIC other.c -o libfiu.so -Wl,-soname,libfiu.so.0"));
    struct aw_module *module =
        box_load(box_build("extern int typed_data, typed_function(void), called(void), unknown;\n"
                           "extern int taken(void); int (*pointer)(void) = taken;\n"
                           "int (*typed_pointer)(void) = typed_function;\n"
                           "extern int called_and_taken(void);\n"
                           "int (*second_pointer)(void) = called_and_taken;\n"
                           "int f(void) { return typed_data + called() + called_and_taken()\n"
                           "    + unknown; }\n",
                           "libfiu.so"),
                 &resolver);
    static const struct {
        const char *name;
        enum aw_import_kind kind;
    } expected[] = {
        {"typed_data", AW_IMPORT_DATA}, {"typed_function", AW_IMPORT_FUNCTION},
        {"called", AW_IMPORT_FUNCTION}, {"called_and_taken", AW_IMPORT_FUNCTION},
        {"unknown", AW_IMPORT_UNKNOWN}, {"taken", AW_IMPORT_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const struct box_import *import = box_asked(&resolver, expected[i].name);
        cr_assert_not_null(import, "%s", expected[i].name);
        cr_expect_eq(import->kind, expected[i].kind, "%s: kind %d", import->name, import->kind);
        cr_expect_not(import->weak);
    }
    aw_module_unload(module);
}

Test(loader, a_weak_symbol_that_resolves_to_nothing_stays_0)
{
    struct box_resolver resolver = {.known = {{"given", 0x4440}}};
    struct aw_module *module =
        box_load(box_build("extern int given(void) __attribute__((weak));\n"
                           "extern int missing(void) __attribute__((weak));\n"
                           "int (*to_missing)(void) = missing; int (*to_given)(void) = given;\n"
                           "int seen(void) { return (missing != 0) + 2 * (given != 0); }\n",
                           ""),
                 &resolver);
    cr_expect_eq((int)call(module, "seen"), 2);
    cr_expect_eq(word_at(module, "to_missing"), 0);
    cr_expect_eq(word_at(module, "to_given"), 0x4440);
    cr_expect(box_asked(&resolver, "missing")->weak);
    aw_module_unload(module);
}

Test(loader, imports_are_asked_for_in_the_same_order_each_time)
{
    static struct box_resolver first, second;
    const char *path = box_build("int a(void), b(void), c(void), d(void);\n"
                                 "int f(void) { return d() + b() + c() + a() + b(); }\n",
                                 "");
    aw_module_unload(box_load(path, &first));
    aw_module_unload(box_load(path, &second));
    cr_expect_geq(first.asked_count, 4);
    cr_expect_eq(first.asked_count, second.asked_count);
    cr_expect_arr_eq(&first.asked, &second.asked, sizeof first.asked);
}

Test(loader, a_program_with_calls_of_thread_sanitizer_counts_as_instrumented)
{
    struct aw_module *module = box_load(box_build(plain_source, ""), NULL);
    cr_expect_not(module->instrumented);
    aw_module_unload(module);
    box_write("p.c", plain_source, strlen(plain_source));
    cr_assert(box_try_cc("-O1 -fPIC -fsanitize=thread -c p.c -o p.o"));
    cr_assert(box_try_cc("-shared p.o -o p.so"));
    module = box_load(box_path("p.so"), NULL);
    cr_expect(module->instrumented);
    aw_module_unload(module);
}

/* ---- thread-local storage -------------------------------------------------------------------- */

static unsigned char tls_block[4096];
static uint64_t tls_module_asked;

static void *fake_tls_get_addr(const uint64_t *index)
{
    tls_module_asked = index[0];
    return tls_block + index[1];
}

Test(loader, thread_local_storage_goes_through_tls_get_addr)
{
    struct box_resolver resolver = {
        .known = {{"__tls_get_addr", (uint64_t)(uintptr_t)fake_tls_get_addr}}};
    struct aw_module *module =
        box_load(box_build("__thread int visible = 10; static __thread int one = 20, two = 30;\n"
                           "__thread _Alignas(32) char room[64];\n"
                           "long *shared; __thread long *pointer = (long *)&shared;\n"
                           "int sum(void) { two++; return visible + one + two + room[5]; }\n"
                           "int right(void) { return pointer == (long *)&shared; }\n",
                           ""),
                 &resolver);
    cr_expect_geq(module->tls_file_size, 16);
    cr_expect_geq(module->tls_size, module->tls_file_size + 64);
    cr_expect_eq(module->tls_align, 32);
    memcpy(tls_block, (void *)module->tls_image, module->tls_file_size);
    cr_expect_eq((int)call(module, "sum"), 61);
    cr_expect_eq((int)call(module, "sum"), 62);
    cr_expect_eq(tls_module_asked, box_tls_module);
    cr_expect_eq((int)call(module, "right"), 1, "pointers in .tdata are relocated too");
    cr_expect_eq(aw_module_symbol(module, "visible"), 0, "it has no one address");
    aw_module_unload(module);
}

Test(loader, without_thread_local_storage_there_is_no_image_of_it)
{
    struct aw_module *module = box_load(box_build(plain_source, ""), NULL);
    cr_expect_eq(module->tls_image, 0);
    cr_expect_eq(module->tls_size, 0);
    aw_module_unload(module);
}

/* ---- constructors and destructors ------------------------------------------------------------ */

Test(loader, constructors_and_destructors_are_counted_and_not_run)
{
    struct aw_module *module =
        box_load(box_build("int ran;\n"
                           "__attribute__((constructor(101))) static void a(void) { ran |= 1; }\n"
                           "__attribute__((constructor(102))) static void b(void) { ran |= 2; }\n"
                           "__attribute__((destructor)) static void c(void) { ran |= 4; }\n"
                           "int get(void) { return ran; }\n",
                           "-nostartfiles"),
                 NULL);
    cr_assert_eq(module->init_count, 2);
    cr_assert_eq(module->fini_count, 1);
    cr_expect_eq(module->init, 0);
    cr_expect_eq(module->fini, 0);
    cr_expect_eq((int)call(module, "get"), 0);
    for (uint64_t i = 0; i < module->init_count; i++)
        ((void (**)(void))module->init_array)[i]();
    cr_expect_eq((int)call(module, "get"), 3);
    ((void (**)(void))module->fini_array)[0]();
    cr_expect_eq((int)call(module, "get"), 7);
    aw_module_unload(module);
}

Test(loader, init_and_fini_of_the_start_files_are_inside_the_text)
{
    struct aw_module *module = box_load(box_build(plain_source, ""), NULL);
    cr_expect(module->init >= module->text_start && module->init < module->text_end);
    cr_expect(module->fini >= module->text_start && module->fini < module->text_end);
    aw_module_unload(module);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static bool in_image(const struct aw_module *module, const char *name)
{
    uint64_t address = aw_module_symbol(module, name);
    return address >= module->data_start && address < module->data_end;
}

static const char *const linkers[] = {"", "-Wl,-z,norelro", "-Wl,-z,lazy", "-fuse-ld=gold",
                                      "-fuse-ld=lld"};

Test(loader, the_image_part_holds_data_and_bss_whatever_the_linker)
{
    static const char source[] =
        "extern int outside(void); long data = 3, bss[5000];\n"
        "int (*const constant)(void) = outside;\n"
        "int (*pointer)(void) = outside; long get(void)\n"
        "{ bss[4999]++; return data + bss[4999] + (pointer == constant); }";
    for (size_t i = 0; i < sizeof linkers / sizeof linkers[0]; i++) {
        box_write("p.c", source, strlen(source));
        if (!box_try_cc(BOX_FLAGS " p.c -o p.so %s", linkers[i])) {
            cr_log_info("no %s here: skipped", linkers[i]);
            continue;
        }
        struct aw_module *module = box_load(box_path("p.so"), NULL);
        cr_expect_eq(module->start % 4096 + module->end % 4096, 0);
        cr_expect_eq(module->data_start % 4096 + module->data_end % 4096, 0);
        cr_expect(in_image(module, "data") && in_image(module, "bss"), "%s", linkers[i]);
        cr_expect_not(aw_module_symbol(module, "get") >= module->data_start &&
                      aw_module_symbol(module, "get") < module->data_end);
        cr_expect_eq(in_image(module, "constant"), strstr(linkers[i], "norelro") != NULL,
                     "%s: constants with addresses are RELRO", linkers[i]);
        cr_expect_eq(call(module, "get"), 5, "%s", linkers[i]);
        memset((void *)module->data_start, 1, module->data_end - module->data_start);
        aw_module_unload(module);
    }
}

/* As the kernel tells it: "r-xp". */
static const char *protection(uint64_t address)
{
    static char flags[5];
    unsigned long start, end;
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    cr_assert_not_null(maps);
    strcpy(flags, "none");
    while (fgets(line, sizeof line, maps) != NULL)
        if (sscanf(line, "%lx-%lx %4s", &start, &end, flags) == 3 && address >= start &&
            address < end)
            break;
    fclose(maps);
    return flags;
}

Test(loader, only_data_is_writable_and_only_text_is_executable)
{
    struct aw_module *module =
        box_load(box_build("extern int outside(void); int (*const constant)(void) = outside;\n"
                           "const char text[] = \"x\"; char data[] = \"y\"; char bss[9000];\n"
                           "int function(void) { return outside() + 1; }\n",
                           ""),
                 NULL);
    cr_expect_str_eq(protection(aw_module_symbol(module, "function")), "r-xp");
    cr_expect_str_eq(protection(aw_module_symbol(module, "constant")), "r--p");
    cr_expect_str_eq(protection(aw_module_symbol(module, "text")), "r--p");
    cr_expect_str_eq(protection(aw_module_symbol(module, "data")), "rw-p");
    cr_expect_str_eq(protection(aw_module_symbol(module, "bss") + 8999), "rw-p");
    cr_expect_str_eq(protection(module->start), "r--p");
    cr_expect_str_eq(protection(module->fini_array), "r--p");
    aw_module_unload(module);
}

Test(loader, two_loads_leave_the_same_bytes)
{
    static unsigned char bytes[1 << 16];
    struct box_resolver resolver = {0};
    const char *path = box_build("extern int out(void); int (*p)(void) = out; long d = 1, b[9];\n"
                                 "__thread int t; int f(void) { return out() + t; }\n",
                                 "");
    struct aw_module *module = box_load(path, &resolver);
    size_t size = module->end - module->start;
    uint64_t start = module->start, digest = module->digest;
    cr_assert(size <= sizeof bytes);
    memcpy(bytes, (void *)start, size);
    aw_module_unload(module);

    memset(&resolver, 0, sizeof resolver);
    module = box_load(path, &resolver);
    cr_expect_eq(module->start, start);
    cr_expect_eq(module->digest, digest);
    cr_expect(memcmp(bytes, (void *)start, size) == 0);
    aw_module_unload(module);
}

Test(loader, the_address_range_must_be_free_and_is_free_again_after_unloading)
{
    const char *path = box_build(plain_source, "");
    struct aw_module *module = box_load(path, NULL);
    size_t size = module->end - module->start;
    box_refused(path, NULL, AW_E_SYSTEM,
                "cannot map %zu bytes of program at 0x180000000000: something else lies there",
                size);
    cr_expect_eq(call(module, "visible"), 42, "the first is still there");
    aw_module_unload(module);
    aw_module_unload(box_load(path, NULL));
}

Test(loader, an_address_of_the_kernel_is_no_address_for_a_program)
{
    struct aw_module *module;
    struct aw_error error;
    struct box_resolver resolver = {0};
    cr_expect_eq(aw_module_load(box_build(plain_source, ""), UINT64_C(0xffff800000000000), 1,
                                box_resolve, &resolver, &module, &error),
                 AW_E_SYSTEM);
    cr_expect_str_eq(error.message, "0xffff800000000000 is no address for a program");
}

Test(loader, the_digest_is_that_of_the_file)
{
    struct box_file *file = box_patch_begin(plain_source, "");
    struct aw_module *module = box_load(box_path("p.so"), NULL);
    cr_expect_eq(module->digest, XXH3_64bits(file->bytes, file->size));
    aw_module_unload(module);
}

/* ---- functions and lines --------------------------------------------------------------------- */

static const char lines_source[] = "static int counter;\n"              /* 1 */
                                   "__attribute__((noinline)) static\n" /* 2 */
                                   "int hidden(int n)\n"                /* 3 */
                                   "{\n"                                /* 4 */
                                   "    counter += n;\n"                /* 5 */
                                   "    return counter;\n"              /* 6 */
                                   "}\n"                                /* 7 */
                                   "void outside(void);\n"              /* 8 */
                                   "int visible(void)\n"                /* 9 */
                                   "{\n"                                /* 10 */
                                   "    int sum = hidden(1);\n"         /* 11 */
                                   "    outside();\n"                   /* 12 */
                                   "    return sum + hidden(2);\n"      /* 13 */
                                   "}\n"                                /* 14 */
                                   "int (*pointer)(int) = hidden;\n";   /* 15 */

static uint64_t return_address;

static void note_return_address(void)
{
    return_address = (uint64_t)(uintptr_t)__builtin_return_address(0);
}

static struct aw_module *load_lines(const char *flags)
{
    struct box_resolver resolver = {
        .known = {{"outside", (uint64_t)(uintptr_t)note_return_address}}};
    return box_load(box_build(lines_source, flags), &resolver);
}

Test(loader, a_call_site_has_its_line)
{
    struct aw_module *module = load_lines("");
    const char *file = NULL;
    int line = 0, column = 0;
    call(module, "visible");
    for (int i = 0; i < 2; i++) { /* the second answer is a remembered one */
        cr_assert(aw_module_line_at(module, return_address - 1, &file, &line, &column));
        cr_expect_str_eq(file, "p.c");
        cr_expect_eq(line, 12);
        cr_expect_eq(column, 5);
    }
    cr_expect_str_eq(aw_module_function_at(module, return_address - 1), "visible");
    aw_module_unload(module);
}

Test(loader, a_file_outside_the_compilation_folder_keeps_its_recorded_path)
{
    const char *file;
    int line, column;
    box_write("p.c", lines_source, strlen(lines_source));
    cr_assert(box_try_cc(BOX_FLAGS " -fdebug-prefix-map='%s/p.c'=/library/p.c '%s/p.c' -o p.so",
                         box_folder, box_folder));
    struct aw_module *module = box_load(box_path("p.so"), NULL);
    cr_assert(
        aw_module_line_at(module, aw_module_symbol(module, "visible"), &file, &line, &column));
    cr_expect_str_eq(file, "/library/p.c");
    cr_expect_eq(line, 10);
    aw_module_unload(module);
}

Test(loader, every_address_of_the_text_is_remembered_as_it_was_first_answered)
{
    static struct {
        bool known;
        const char *file;
        int line, column;
    } first[1 << 13];
    struct aw_module *module = load_lines("");
    uint64_t size = module->text_end - module->text_start;
    int known = 0;
    cr_assert(size <= 1 << 13);
    for (int pass = 0; pass < 2; pass++)
        for (uint64_t i = 0; i < size; i++) {
            const char *file = NULL;
            int line = 0, column = 0;
            bool ok = aw_module_line_at(module, module->text_start + i, &file, &line, &column);
            if (pass == 0) {
                first[i].known = ok;
                first[i].file = file;
                first[i].line = line;
                first[i].column = column;
                known += ok;
            } else {
                cr_assert(first[i].known == ok && first[i].file == file && first[i].line == line &&
                          first[i].column == column);
            }
        }
    cr_expect_gt(known, 20);
    aw_module_unload(module);
}

Test(loader, functions_are_named_and_what_lies_between_is_not)
{
    struct aw_module *module = load_lines("");
    uint64_t hidden = word_at(module, "pointer");
    cr_expect_str_eq(aw_module_function_at(module, hidden), "hidden");
    cr_expect_str_eq(aw_module_function_at(module, hidden + 1), "hidden");
    cr_expect_str_eq(aw_module_function_at(module, aw_module_symbol(module, "visible")), "visible");
    cr_expect_null(aw_module_function_at(module, aw_module_symbol(module, "pointer")));
    cr_expect_null(aw_module_function_at(module, module->base));
    cr_expect_null(aw_module_function_at(module, module->start - 1));
    cr_expect_null(aw_module_function_at(module, module->end));
    cr_expect_null(aw_module_function_at(module, 0));
    aw_module_unload(module);
}

Test(loader, a_stripped_program_still_names_what_it_exports)
{
    struct aw_module *module = load_lines("-s");
    const char *file;
    int line, column;
    cr_expect_str_eq(aw_module_function_at(module, aw_module_symbol(module, "visible")), "visible");
    cr_expect_null(aw_module_function_at(module, word_at(module, "pointer")));
    cr_expect_not(
        aw_module_line_at(module, aw_module_symbol(module, "visible"), &file, &line, &column));
    aw_module_unload(module);
}

Test(loader, of_two_names_of_a_function_the_exported_one_is_given)
{
    struct aw_module *module =
        box_load(box_build("static int inner(void) { return 4; }\n"
                           "int outer(void) __attribute__((alias(\"inner\")));\n",
                           ""),
                 NULL);
    cr_expect_str_eq(aw_module_function_at(module, aw_module_symbol(module, "outer")), "outer");
    aw_module_unload(module);
}

Test(loader, a_program_rebuilt_or_removed_meanwhile_is_answered_from_what_was_loaded)
{
    struct aw_module *module = load_lines("");
    const char *file;
    int line, column;
    box_write("p.so", "gone", 4);
    cr_assert(
        aw_module_line_at(module, aw_module_symbol(module, "visible"), &file, &line, &column));
    cr_expect_eq(line, 10);
    cr_expect_str_eq(aw_module_function_at(module, aw_module_symbol(module, "visible")), "visible");
    aw_module_unload(module);
}

Test(loader, lines_without_an_address_index_are_found_in_the_units)
{
    box_write("p.c", lines_source, strlen(lines_source));
    cr_assert(box_try_cc(BOX_FLAGS " p.c -o full.so"));
    char command[256];
    snprintf(command, sizeof command,
             "cd '%s' && objcopy --remove-section .debug_aranges full.so p.so", box_folder);
    cr_assert_eq(system(command), 0);
    struct aw_module *module = box_load(box_path("p.so"), NULL);
    const char *file;
    int line, column;
    cr_assert(
        aw_module_line_at(module, aw_module_symbol(module, "visible"), &file, &line, &column));
    cr_expect_str_eq(file, "p.c");
    cr_expect_eq(line, 10);
    aw_module_unload(module);
}
