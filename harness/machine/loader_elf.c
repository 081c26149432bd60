/* SPDX-License-Identifier: MIT */
/*
 * Reads a shared object and checks it, before a page of it is mapped.
 *
 * Two kinds of "no" are kept apart: a file that is not what it claims to be (AW_E_FORMAT), and a
 * sound file that the machine cannot serve (AW_E_PROGRAM). The second always says what to do
 * instead, since its reader has a program that the ordinary linker was content with.
 *
 * The System V ABI (gABI chapters 4 and 5, x86-64 psABI 4) is the reference. Stricter than it:
 * segments may not share a page, one segment is executable, none both writable and executable.
 */
#include "machine/loader_elf.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Code of the small model reaches 2 GiB: no shared object that gcc makes is larger. */
static const uint64_t span_max = (uint64_t)2 << 30;

/* Libraries whose functions the machine binds itself. ld-linux stands for __tls_get_addr. */
static const char *const libraries[] = {"libc.so.6",  "libpthread.so.0",     "libm.so.6",
                                        "librt.so.1", "libdl.so.2",          "libfiu.so.0",
                                        "libfiu.so",  "ld-linux-x86-64.so.2"};

static bool inside(uint64_t offset, uint64_t size, uint64_t limit)
{
    return offset <= limit && size <= limit - offset;
}

const void *aw_elf_at(const struct aw_elf *elf, uint64_t address, uint64_t size)
{
    for (int i = 0; i < elf->segment_count; i++) {
        const Elf64_Phdr *segment = &elf->segments[i];
        if (address >= segment->p_vaddr &&
            inside(address - segment->p_vaddr, size, segment->p_filesz))
            return elf->bytes + segment->p_offset + (address - segment->p_vaddr);
    }
    return NULL;
}

const Elf64_Phdr *aw_elf_segment_of(const struct aw_elf *elf, uint64_t address, uint64_t size)
{
    for (int i = 0; i < elf->segment_count; i++) {
        const Elf64_Phdr *segment = &elf->segments[i];
        if (address >= segment->p_vaddr &&
            inside(address - segment->p_vaddr, size, segment->p_memsz))
            return segment;
    }
    return NULL;
}

const char *aw_elf_string(const void *table, uint64_t table_size, uint64_t offset)
{
    const char *bytes = table;
    if (bytes == NULL)
        return NULL;
    for (uint64_t i = offset; i < table_size; i++) {
        if (bytes[i] == '\0')
            return bytes + offset;
        if ((unsigned char)bytes[i] < ' ' || bytes[i] == '\x7f')
            return NULL;
    }
    return NULL;
}

bool aw_elf_symbol(const struct aw_elf *elf, uint64_t index, Elf64_Sym *symbol, const char **name)
{
    if (elf->symbols.size == 0 || index > UINT32_MAX)
        return false;
    const void *at = aw_elf_at(elf, elf->symbols.address + index * sizeof *symbol, sizeof *symbol);
    if (at == NULL)
        return false;
    memcpy(symbol, at, sizeof *symbol);
    *name = aw_elf_string(aw_elf_at(elf, elf->strings.address, elf->strings.size),
                          elf->strings.size, symbol->st_name);
    return *name != NULL;
}

/* Most programs that are not there are looked for in another folder. */
static int cannot_open(const char *path, struct aw_error *error)
{
    char folder[256];
    const char *reason = strerror(errno);
    if (errno != ENOENT || path[0] == '/' || getcwd(folder, sizeof folder) == NULL)
        return aw_fail_at(error, AW_E_IO, path, 0, 0, "cannot open the program: %s", reason);
    return aw_fail_at(error, AW_E_IO, path, 0, 0,
                      "cannot open the program: %s; the path counts from the working folder, %s",
                      reason, folder);
}

static int read_file(struct aw_elf *elf, struct aw_error *error)
{
    int code = 0;
    int fd = open(elf->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return cannot_open(elf->path, error);
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        code = aw_fail_at(error, AW_E_IO, elf->path, 0, 0, "not a regular file");
        goto close_fd;
    }
    elf->size = (size_t)status.st_size;
    elf->bytes = malloc(elf->size + 1); /* an empty file is no failure of malloc */
    if (elf->bytes == NULL) {
        code = aw_fail_at(error, AW_E_MEMORY, elf->path, 0, 0, "no memory for %zu bytes of program",
                          elf->size);
        goto close_fd;
    }
    for (size_t done = 0; done < elf->size;) {
        ssize_t count = read(fd, elf->bytes + done, elf->size - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            code = aw_fail_at(error, AW_E_IO, elf->path, 0, 0, "cannot read the program: %s",
                              count < 0 ? strerror(errno) : "it became shorter meanwhile");
            goto close_fd;
        }
        done += (size_t)count;
    }
close_fd:
    close(fd);
    return code;
}

static int check_header(struct aw_elf *elf, struct aw_error *error)
{
    const Elf64_Ehdr *header = &elf->header;
    size_t length = strlen(elf->path);
    if (length > 2 && strcmp(elf->path + length - 2, ".c") == 0)
        return aw_fail_at(error, AW_E_FORMAT, elf->path, 0, 0,
                          "C source: compile it first, `allways cc %s` makes a shared object",
                          elf->path);
    if (elf->size < SELFMAG || memcmp(elf->bytes, ELFMAG, SELFMAG) != 0)
        return aw_fail_at(error, AW_E_FORMAT, elf->path, 0, 0,
                          "not an ELF file: expected a shared object, as `allways cc` makes it");
    if (elf->size < sizeof *header)
        return aw_elf_malformed(elf, error, "%zu bytes are too few for a header", elf->size);
    memcpy(&elf->header, elf->bytes, sizeof *header);
    if (header->e_ident[EI_CLASS] != ELFCLASS64)
        return aw_elf_refuse(elf, error, "not a 64-bit object: compile for x86-64, without -m32");
    if (header->e_ident[EI_DATA] != ELFDATA2LSB)
        return aw_elf_refuse(elf, error, "not a little-endian object: compile for x86-64");
    if (header->e_machine != EM_X86_64)
        return aw_elf_refuse(elf, error, "made for machine %u, not for x86-64 (%d)",
                             (unsigned)header->e_machine, EM_X86_64);
    switch (header->e_type) {
    case ET_DYN:
        break;
    case ET_EXEC:
        return aw_elf_refuse(elf, error,
                             "an executable, not a shared object: build it with "
                             "`allways cc`");
    case ET_REL:
        return aw_elf_refuse(elf, error,
                             "an object file, not linked yet: pass it to "
                             "`allways cc` and load the result");
    default:
        return aw_elf_refuse(elf, error,
                             "ELF type %u, not a shared object: build it with "
                             "`allways cc`",
                             (unsigned)header->e_type);
    }
    if (header->e_phentsize != sizeof(Elf64_Phdr) ||
        !inside(header->e_phoff, (uint64_t)header->e_phnum * sizeof(Elf64_Phdr), elf->size))
        return aw_elf_malformed(elf, error, "the program headers lie outside the file");
    return 0;
}

static int check_load_segment(struct aw_elf *elf, const Elf64_Phdr *segment, struct aw_error *error)
{
    if (segment->p_memsz == 0)
        return 0;
    bool executable_already = false;
    if (elf->segment_count == AW_ELF_SEGMENTS_MAX)
        return aw_elf_refuse(elf, error,
                             "more than %d loadable segments: link with the default "
                             "linker script",
                             AW_ELF_SEGMENTS_MAX);
    if (segment->p_filesz > segment->p_memsz ||
        !inside(segment->p_offset, segment->p_filesz, elf->size))
        return aw_elf_malformed(elf, error, "a segment lies outside the file");
    if (!inside(segment->p_vaddr, segment->p_memsz, span_max))
        return aw_elf_malformed(elf, error,
                                "a segment at 0x%" PRIx64 " of 0x%" PRIx64
                                " bytes: expected to lie below 2 GiB",
                                segment->p_vaddr, segment->p_memsz);
    if (elf->segment_count > 0) {
        const Elf64_Phdr *last = &elf->segments[elf->segment_count - 1];
        if (aw_page_down(segment->p_vaddr) < aw_page_up(last->p_vaddr + last->p_memsz))
            return aw_elf_malformed(elf, error, "its segments overlap or are not in order");
    }
    for (int i = 0; i < elf->segment_count; i++)
        executable_already |= (elf->segments[i].p_flags & PF_X) != 0;
    if ((segment->p_flags & PF_X) != 0 && executable_already)
        return aw_elf_refuse(elf, error,
                             "two executable segments: link with the default linker "
                             "script");
    if ((segment->p_flags & PF_X) != 0 && (segment->p_flags & PF_W) != 0)
        return aw_elf_refuse(elf, error,
                             "a segment is writable and executable: link without -N "
                             "(--omagic)");
    elf->segments[elf->segment_count++] = *segment;
    return 0;
}

static int check_segments(struct aw_elf *elf, Elf64_Phdr *dynamic, struct aw_error *error)
{
    for (unsigned i = 0; i < elf->header.e_phnum; i++) {
        Elf64_Phdr segment;
        int code = 0;
        memcpy(&segment, elf->bytes + elf->header.e_phoff + i * sizeof segment, sizeof segment);
        switch (segment.p_type) {
        case PT_LOAD:
            code = check_load_segment(elf, &segment, error);
            break;
        case PT_DYNAMIC:
            *dynamic = segment;
            break;
        case PT_TLS:
            elf->tls = segment;
            break;
        case PT_GNU_RELRO:
            elf->relro = segment;
            break;
        case PT_INTERP:
            code = aw_elf_refuse(elf, error,
                                 "an executable (it names a program interpreter), not "
                                 "a shared object: build it with `allways cc`");
            break;
        case PT_GNU_STACK:
            if ((segment.p_flags & PF_X) != 0)
                code = aw_elf_refuse(elf, error,
                                     "asks for an executable stack (a nested function whose "
                                     "address is taken, or assembly without .note.GNU-stack): link "
                                     "with -Wl,-z,noexecstack and keep nested functions out");
            break;
        default:
            break;
        }
        if (code != 0)
            return code;
    }
    if (elf->segment_count == 0)
        return aw_elf_malformed(elf, error, "it has no loadable segment");
    const Elf64_Phdr *last = &elf->segments[elf->segment_count - 1];
    elf->low = aw_page_down(elf->segments[0].p_vaddr);
    elf->high = aw_page_up(last->p_vaddr + last->p_memsz);

    const Elf64_Phdr *tls = &elf->tls;
    if (tls->p_memsz != 0) {
        if (tls->p_filesz > tls->p_memsz || tls->p_memsz > span_max ||
            (tls->p_align & (tls->p_align - 1)) != 0 || tls->p_align > AW_ELF_PAGE ||
            (tls->p_filesz != 0 && aw_elf_at(elf, tls->p_vaddr, tls->p_filesz) == NULL))
            return aw_elf_malformed(elf, error, "its thread-local storage lies outside the file");
    }
    if (elf->relro.p_memsz != 0) {
        const Elf64_Phdr *holder = aw_elf_segment_of(elf, elf->relro.p_vaddr, 1);
        if (holder == NULL || (holder->p_flags & PF_W) == 0 ||
            !inside(elf->relro.p_vaddr, elf->relro.p_memsz,
                    aw_page_up(holder->p_vaddr + holder->p_memsz)))
            return aw_elf_malformed(elf, error, "PT_GNU_RELRO lies outside the data segment");
    }
    return 0;
}

static int check_library(const struct aw_elf *elf, uint64_t offset, struct aw_error *error)
{
    const char *name = aw_elf_string(aw_elf_at(elf, elf->strings.address, elf->strings.size),
                                     elf->strings.size, offset);
    if (name == NULL)
        return aw_elf_malformed(elf, error, "the name of a needed library lies outside the file");
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++)
        if (strcmp(name, libraries[i]) == 0)
            return 0;
    if (strncmp(name, "libtsan.", 8) == 0)
        return aw_elf_refuse(elf, error,
                             "needs %s: compile with -fsanitize=thread, but link "
                             "without it (the machine answers its calls itself)",
                             name);
    if (strncmp(name, "libasan.", 8) == 0 || strncmp(name, "libubsan.", 9) == 0 ||
        strncmp(name, "liblsan.", 8) == 0)
        return aw_elf_refuse(elf, error, "needs %s: compile without -fsanitize", name);
    return aw_elf_refuse(elf, error, "needs %s: link its objects into the program", name);
}

/* The number of symbols is nowhere written but in the hash tables. */
static uint64_t count_symbols(const struct aw_elf *elf, uint64_t hash, uint64_t gnu_hash)
{
    uint32_t head[4], last = 0, word;
    const void *at;
    if (hash != 0 && (at = aw_elf_at(elf, hash, 8)) != NULL) {
        memcpy(head, at, 8);
        return head[1];
    }
    if (gnu_hash == 0 || (at = aw_elf_at(elf, gnu_hash, sizeof head)) == NULL)
        return 0;
    memcpy(head, at, sizeof head); /* buckets, first symbol, bloom words, bloom shift */
    uint64_t buckets = gnu_hash + sizeof head + (uint64_t)head[2] * 8;
    uint64_t chains = buckets + (uint64_t)head[0] * 4;
    for (uint32_t i = 0; i < head[0]; i++) {
        if ((at = aw_elf_at(elf, buckets + (uint64_t)i * 4, 4)) == NULL)
            return 0;
        memcpy(&word, at, 4);
        last = word > last ? word : last;
    }
    if (last < head[1])
        return head[1];
    do {
        if ((at = aw_elf_at(elf, chains + (uint64_t)(last - head[1]) * 4, 4)) == NULL)
            return 0;
        memcpy(&word, at, 4);
        last++;
    } while ((word & 1) == 0);
    return last;
}

static int check_tables(const struct aw_elf *elf, struct aw_error *error)
{
    const struct {
        const struct aw_elf_table *table;
        const char *name;
        uint64_t entry;
        bool in_memory; /* its contents are written by relocations */
    } tables[] = {
        {&elf->strings, "string table", 1, false},
        {&elf->rela, "DT_RELA", sizeof(Elf64_Rela), false},
        {&elf->plt_rela, "DT_JMPREL", sizeof(Elf64_Rela), false},
        {&elf->relr, "DT_RELR", 8, false},
        {&elf->init_array, "DT_INIT_ARRAY", 8, true},
        {&elf->fini_array, "DT_FINI_ARRAY", 8, true},
    };
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        const struct aw_elf_table *table = tables[i].table;
        if (table->size == 0)
            continue;
        if (table->size % tables[i].entry != 0 ||
            (tables[i].in_memory ? aw_elf_segment_of(elf, table->address, table->size) == NULL
                                 : aw_elf_at(elf, table->address, table->size) == NULL))
            return aw_elf_malformed(elf, error, "its %s lies outside the file", tables[i].name);
    }
    const uint64_t functions[] = {elf->init, elf->fini};
    for (int i = 0; i < 2; i++) {
        const Elf64_Phdr *holder =
            functions[i] != 0 ? aw_elf_segment_of(elf, functions[i], 1) : NULL;
        if (functions[i] != 0 && (holder == NULL || (holder->p_flags & PF_X) == 0))
            return aw_elf_malformed(elf, error, "%s lies outside its code",
                                    i == 0 ? "DT_INIT" : "DT_FINI");
    }
    return 0;
}

static int check_dynamic(struct aw_elf *elf, const Elf64_Phdr *dynamic, struct aw_error *error)
{
    enum { TAGS = 40 };
    uint64_t value[TAGS] = {0}; /* of the tags below TAGS that appear at most once */
    uint64_t gnu_hash = 0, flags1 = 0;
    uint64_t count = dynamic->p_filesz / sizeof(Elf64_Dyn);
    const char *entries = aw_elf_at(elf, dynamic->p_vaddr, dynamic->p_filesz);
    if (dynamic->p_type != PT_DYNAMIC || entries == NULL || count == 0)
        return aw_elf_malformed(elf, error, "it has no dynamic section: link it with -shared");
    for (uint64_t i = 0; i < count; i++) {
        Elf64_Dyn entry;
        memcpy(&entry, entries + i * sizeof entry, sizeof entry);
        if (entry.d_tag == DT_NULL) {
            count = i;
            break;
        }
        if (entry.d_tag > 0 && entry.d_tag < TAGS)
            value[entry.d_tag] = entry.d_un.d_val;
        else if (entry.d_tag == DT_GNU_HASH)
            gnu_hash = entry.d_un.d_val;
        else if (entry.d_tag == DT_FLAGS_1)
            flags1 = entry.d_un.d_val;
        if (entry.d_tag == DT_TEXTREL)
            value[DT_FLAGS] |= DF_TEXTREL;
    }
    elf->strings = (struct aw_elf_table){value[DT_STRTAB], value[DT_STRSZ]};
    elf->symbols = (struct aw_elf_table){value[DT_SYMTAB], value[DT_SYMTAB] != 0};
    elf->rela = (struct aw_elf_table){value[DT_RELA], value[DT_RELASZ]};
    elf->plt_rela = (struct aw_elf_table){value[DT_JMPREL], value[DT_PLTRELSZ]};
    elf->relr = (struct aw_elf_table){value[DT_RELR], value[DT_RELRSZ]};
    elf->init_array = (struct aw_elf_table){value[DT_INIT_ARRAY], value[DT_INIT_ARRAYSZ]};
    elf->fini_array = (struct aw_elf_table){value[DT_FINI_ARRAY], value[DT_FINI_ARRAYSZ]};
    elf->init = value[DT_INIT];
    elf->fini = value[DT_FINI];

    if ((flags1 & DF_1_PIE) != 0)
        return aw_elf_refuse(elf, error,
                             "a position-independent executable, not a shared object: "
                             "build it with `allways cc`");
    if ((value[DT_FLAGS] & DF_TEXTREL) != 0)
        return aw_elf_refuse(elf, error,
                             "its code needs relocation (DT_TEXTREL): compile every "
                             "part with -fPIC, as `allways cc` does");
    if (value[DT_REL] != 0 || value[DT_RELSZ] != 0 ||
        (value[DT_PLTRELSZ] != 0 && value[DT_PLTREL] != DT_RELA))
        return aw_elf_refuse(elf, error, "its relocations are of the form REL; x86-64 uses RELA");
    if ((value[DT_RELASZ] != 0 && value[DT_RELAENT] != sizeof(Elf64_Rela)) ||
        (value[DT_RELRSZ] != 0 && value[DT_RELRENT] != 8) ||
        (value[DT_SYMTAB] != 0 && value[DT_SYMENT] != sizeof(Elf64_Sym)))
        return aw_elf_malformed(elf, error, "its tables have entries of an unknown size");
    if (value[DT_PREINIT_ARRAYSZ] != 0)
        return aw_elf_refuse(elf, error, "has a .preinit_array, which only executables may have");
    int code = check_tables(elf, error);
    for (uint64_t i = 0; code == 0 && i < count; i++) {
        Elf64_Dyn entry;
        memcpy(&entry, entries + i * sizeof entry, sizeof entry);
        if (entry.d_tag == DT_NEEDED)
            code = check_library(elf, entry.d_un.d_val, error);
    }
    if (code != 0)
        return code;
    elf->symbol_count = count_symbols(elf, value[DT_HASH], gnu_hash);
    if (elf->symbol_count > elf->size / sizeof(Elf64_Sym))
        return aw_elf_malformed(elf, error, "its hash table counts more symbols than fit into it");
    return 0;
}

int aw_elf_open(struct aw_elf *elf, const char *path, struct aw_error *error)
{
    Elf64_Phdr dynamic = {0};
    memset(elf, 0, sizeof *elf);
    elf->path = path;
    int code = read_file(elf, error);
    if (code == 0)
        code = check_header(elf, error);
    if (code == 0)
        code = check_segments(elf, &dynamic, error);
    if (code == 0)
        code = check_dynamic(elf, &dynamic, error);
    if (code != 0)
        aw_elf_close(elf);
    return code;
}

void aw_elf_close(struct aw_elf *elf)
{
    free(elf->bytes);
    elf->bytes = NULL;
    elf->size = 0;
}
