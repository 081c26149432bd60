/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "machine/sites.h"

#include <Zydis/Zydis.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "machine/internal.h"
#include "machine/shared.h"

/* STAYS: armed, and seen without an announcement. OWN: trusted as the thread's own stack. INPUT: what
 * the instruction does is no function of the state, or reaches beyond the machine. */
enum { NO_SITE, ARMED, STAYS, TRUSTED, OWN, INPUT };
enum { INT3 = 0xcc, COPY_BYTES = 32, COPIES = 8192 };

/* Within 2 GiB of the program and of the runtime: addresses relative to rip can be rewritten. */
#define COPIES_BASE (AW_WINDOW + AW_GIB / 2)

/* What is known of the text of the machine before, for the next one with the same: reading code is
 * slow beside a small check, and a scenario makes several machines. */
static struct aw_site_text kept;
static uint64_t kept_digest;

struct instruction {
    ZydisDecodedInstruction is;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
};

static const ZydisDecoder *decoder(void)
{
    static ZydisDecoder only;
    static bool ready;
    if (!ready)
        ZydisDecoderInit(&only, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ready = true;
    return &only;
}

static bool decode(const uint8_t *bytes, uint64_t length, struct instruction *instruction)
{
    return ZYAN_SUCCESS(
        ZydisDecoderDecodeFull(decoder(), bytes, length, &instruction->is, instruction->operands));
}

/* Does the operand touch memory that others may know? */
static bool is_access(const struct instruction *instruction, const ZydisDecodedOperand *operand)
{
    return operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
           operand->mem.type != ZYDIS_MEMOP_TYPE_AGEN &&
           operand->mem.type != ZYDIS_MEMOP_TYPE_MIB &&
           (operand->actions &
            (ZYDIS_OPERAND_ACTION_MASK_READ | ZYDIS_OPERAND_ACTION_MASK_WRITE)) != 0 &&
           operand->mem.segment != ZYDIS_REGISTER_FS && operand->mem.segment != ZYDIS_REGISTER_GS &&
           !(operand->mem.base == ZYDIS_REGISTER_RSP &&
             operand->visibility != ZYDIS_OPERAND_VISIBILITY_EXPLICIT) && /* push, call */
           instruction->is.mnemonic != ZYDIS_MNEMONIC_LEAVE;
}

static bool is_constant(const struct aw_module *module, uint64_t address)
{
    return address >= module->start && address < module->end &&
           (address < module->data_start || address >= module->data_end);
}

/* `framed`: the frame pointer is one. */
static bool is_site(const struct aw_module *module, const struct instruction *instruction,
                    uint64_t address, bool framed)
{
    if (instruction->is.meta.category == ZYDIS_CATEGORY_NOP ||
        instruction->is.meta.category == ZYDIS_CATEGORY_WIDENOP ||
        instruction->is.meta.category == ZYDIS_CATEGORY_PREFETCH)
        return false;
    for (unsigned i = 0; i < instruction->is.operand_count; i++) {
        const ZydisDecodedOperand *operand = &instruction->operands[i];
        if (!is_access(instruction, operand))
            continue;
        if (operand->mem.index == ZYDIS_REGISTER_NONE &&
            (operand->mem.base == ZYDIS_REGISTER_RSP ||
             (framed && operand->mem.base == ZYDIS_REGISTER_RBP)))
            continue;
        if (operand->mem.base != ZYDIS_REGISTER_RIP ||
            !is_constant(module,
                         address + instruction->is.length + (uint64_t)operand->mem.disp.value))
            return true;
    }
    return false;
}

/* Thread-local storage of the host, whose memory it is. */
static bool uses_segment(const struct instruction *instruction)
{
    if (instruction->is.meta.category == ZYDIS_CATEGORY_NOP ||
        instruction->is.meta.category == ZYDIS_CATEGORY_WIDENOP)
        return false;
    for (unsigned i = 0; i < instruction->is.operand_count; i++) {
        const ZydisDecodedOperand *operand = &instruction->operands[i];
        if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
            operand->mem.type == ZYDIS_MEMOP_TYPE_MEM &&
            (operand->mem.segment == ZYDIS_REGISTER_FS ||
             operand->mem.segment == ZYDIS_REGISTER_GS))
            return true;
    }
    return false;
}

/* Does it give the host's thread other segments, flags or rights? */
static bool is_of_host(const struct instruction *instruction)
{
    switch (instruction->is.mnemonic) {
    case ZYDIS_MNEMONIC_WRFSBASE:
    case ZYDIS_MNEMONIC_WRGSBASE:
    case ZYDIS_MNEMONIC_WRPKRU:
    case ZYDIS_MNEMONIC_XRSTOR:
    case ZYDIS_MNEMONIC_XRSTOR64:
    case ZYDIS_MNEMONIC_POPF: /* single steps, faults at addresses that are not aligned */
    case ZYDIS_MNEMONIC_POPFQ:
    case ZYDIS_MNEMONIC_IRETQ:
        return true;
    default:
        break;
    }
    for (unsigned i = 0; i < instruction->is.operand_count; i++) {
        const ZydisDecodedOperand *operand = &instruction->operands[i];
        if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
            (operand->reg.value == ZYDIS_REGISTER_FS || operand->reg.value == ZYDIS_REGISTER_GS) &&
            (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0)
            return true;
    }
    return false;
}

/* Does the instruction bring in what the machine does not know: a time, a random number, a processor's
 * number, an address of the host? (cpuid answers the same each time, as long as the host does.) */
static bool is_input(const struct instruction *instruction)
{
    switch (instruction->is.mnemonic) {
    case ZYDIS_MNEMONIC_RDTSC:
    case ZYDIS_MNEMONIC_RDTSCP:
    case ZYDIS_MNEMONIC_RDPMC:
    case ZYDIS_MNEMONIC_RDPID:
    case ZYDIS_MNEMONIC_LSL:
    case ZYDIS_MNEMONIC_RDRAND:
    case ZYDIS_MNEMONIC_RDSEED:
    case ZYDIS_MNEMONIC_RDFSBASE:
    case ZYDIS_MNEMONIC_RDGSBASE:
    case ZYDIS_MNEMONIC_SGDT:
    case ZYDIS_MNEMONIC_SIDT:
    case ZYDIS_MNEMONIC_XBEGIN:
    case ZYDIS_MNEMONIC_TPAUSE:
    case ZYDIS_MNEMONIC_UMWAIT:
        return true;
    default:
        return uses_segment(instruction) || is_of_host(instruction);
    }
}

/* Memory that is code at `address` and can be written at the address that is returned; NULL when there
 * is none. What lies at `address` is replaced. */
static uint8_t *map_code(uint64_t address, uint64_t size)
{
    /* Anonymous, mapped a second time by mremap with an old size of 0: a memfd counts as a file, and
     * `ulimit -f` would forbid it. */
    void *writable = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (writable == MAP_FAILED)
        return NULL;
    void *code = mremap(writable, 0, size, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)address);
    if (code == MAP_FAILED || mprotect(code, size, PROT_READ | PROT_EXEC) != 0) {
        munmap(writable, size);
        return NULL;
    }
    return writable;
}

/* Does the function begin with push %rbp; mov %rsp, %rbp? */
static bool has_frame(const uint8_t *code, uint64_t size)
{
    static const uint8_t prologue[] = {0x55, 0x48, 0x89, 0xe5};
    return size >= sizeof prologue && memcmp(code, prologue, sizeof prologue) == 0;
}

/* Sets the breakpoints in one section of code. */
static int arm(struct aw_sites *sites, struct aw_site_text *text, uint64_t start, uint64_t end,
               struct aw_error *error)
{
    const struct aw_module *module = text->module;
    uint64_t function = 0, function_end = start;
    uint64_t own_start = 0, own_end = 0;
    bool framed = false, own = aw_module_start_code(module, &own_start, &own_end);
    for (uint64_t at = start; at < end;) {
        struct instruction instruction;
        ZydisDecoderContext context;
        const uint8_t *bytes = text->original + (at - text->start);
        if (at >= function_end && aw_module_function_range(module, at, &function, &function_end))
            framed = function == at && has_frame(bytes, function_end - at);
        if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(decoder(), &context, bytes, end - at,
                                                        &instruction.is))) {
            if (!module->instrumented)
                return 0;
            return aw_fail_at(
                error, AW_E_PROGRAM, module->path, 0, 0,
                "its code cannot be read at 0x%llx: data among instructions is not served",
                (unsigned long long)(at - module->base));
        }
        bool in_frame = framed && at < function_end;
        bool decoded = ZYAN_SUCCESS(ZydisDecoderDecodeOperands(decoder(), &context, &instruction.is,
                                                               instruction.operands,
                                                               instruction.is.operand_count));
        if (decoded && is_input(&instruction)) {
            text->state[at - text->start] = INPUT;
            text->writable[at - text->start] = INT3;
        } else if (decoded && module->instrumented && !(own && at >= own_start && at < own_end) &&
                   is_site(module, &instruction, at, in_frame)) {
            text->state[at - text->start] = ARMED;
            text->writable[at - text->start] = INT3;
            sites->armed++;
        }
        at += instruction.is.length;
    }
    return 0;
}

static void free_text(struct aw_site_text *text)
{
    free(text->state);
    free(text->original);
    free(text->copy);
    free(text->claims[0]);
    free(text->claims[1]);
}

/* True when the text is the one that is kept, bound to the same addresses. */
static bool take_kept(struct aw_sites *sites, struct aw_site_text *text)
{
    uint64_t size = text->end - text->start;
    if (kept.state == NULL || kept.start != text->start || kept.end != text->end ||
        kept_digest != text->module->digest || memcmp(kept.original, text->writable, size) != 0)
        return false;
    kept.module = text->module;
    kept.writable = text->writable;
    *text = kept;
    memset(&kept, 0, sizeof kept);
    memset(text->copy, 0, size * sizeof *text->copy);
    for (uint64_t i = 0; i < size; i++)
        if (text->state[i] == ARMED || text->state[i] == STAYS || text->state[i] == INPUT) {
            text->writable[i] = INT3;
            sites->armed += text->state[i] != INPUT;
        }
    return true;
}

static void keep(const struct aw_site_text *text)
{
    free_text(&kept);
    kept = *text;
    kept_digest = text->module->digest;
}

int aw_sites_add(struct aw_machine *machine, const struct aw_module *module, struct aw_error *error)
{
    struct aw_sites *sites = &machine->sites;
    AW_CHECK(sites->text_count < AW_SITE_MODULES);
    uint64_t start, end, size = module->text_end - module->text_start;
    if (!aw_module_code(module, 0, &start, &end) && !module->instrumented)
        return 0;
    if (!aw_module_code(module, 0, &start, &end))
        return aw_fail_at(
            error, AW_E_PROGRAM, module->path, 0, 0,
            "it has no table of sections, so that its code cannot be read: do not strip it");
    if (sites->copies == NULL) {
        sites->copies = map_code(COPIES_BASE, (uint64_t)COPIES * COPY_BYTES);
        if (sites->copies == NULL)
            return aw_fail(error, AW_E_MEMORY, "no memory for copies of instructions");
        sites->copied = aw_allocate(COPIES, sizeof *sites->copied);
        sites->alone =
            mmap(NULL, AW_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        AW_CHECK(sites->alone != MAP_FAILED &&
                 madvise(sites->alone, AW_PAGE, MADV_WIPEONFORK) == 0);
        *sites->alone = 1;
    }
    struct aw_site_text *text = &sites->texts[sites->text_count++];
    *text = (struct aw_site_text){
        .module = module, .start = module->text_start, .end = module->text_end};
    uint8_t *original = aw_allocate(size, 1);
    memcpy(original, (const void *)text->start, size);
    text->writable = map_code(text->start, size);
    if (text->writable != NULL)
        memcpy(text->writable, original, size);
    if (text->writable == NULL || take_kept(sites, text)) {
        free(original);
        return text->writable != NULL
                   ? 0
                   : aw_fail(error, AW_E_MEMORY, "no memory for the text of %s", module->path);
    }
    text->original = original;
    text->state = aw_allocate(size, 1);
    text->copy = aw_allocate(size, sizeof *text->copy);
    for (int i = 0; i < 2; i++)
        text->claims[i] = aw_allocate(size, sizeof *text->claims[i]);
    int status = 0;
    for (unsigned section = 0; status == 0 && aw_module_code(module, section, &start, &end);
         section++)
        status = arm(sites, text, start, end, error);
    text->complete = status == 0;
    return status;
}

void aw_sites_deinit(struct aw_machine *machine)
{
    struct aw_sites *sites = &machine->sites;
    for (unsigned i = 0; i < sites->text_count; i++) {
        struct aw_site_text *text = &sites->texts[i];
        if (text->writable != NULL)
            munmap(text->writable, text->end - text->start);
        if (text->module == machine->program && text->complete)
            keep(text);
        else
            free_text(text);
    }
    if (sites->copies != NULL) {
        munmap(sites->copies, (size_t)COPIES * COPY_BYTES);
        munmap((void *)COPIES_BASE, (size_t)COPIES * COPY_BYTES);
        munmap(sites->alone, AW_PAGE);
    }
    free(sites->copied);
    memset(sites, 0, sizeof *sites);
}

void aw_sites_clear(struct aw_machine *machine)
{
    struct aw_sites *sites = &machine->sites;
    for (unsigned i = 0; i < sites->text_count; i++) {
        struct aw_site_text *text = &sites->texts[i];
        memset(text->state, NO_SITE, text->end - text->start);
        memcpy(text->writable, text->original, text->end - text->start);
        text->complete = false; /* nothing to be kept */
    }
    sites->armed = 0;
    sites->stacks_watched = true;
}

void aw_sites_begin(struct aw_machine *machine)
{
    machine->sites.announced_count = 0;
    machine->sites.kind = 0;
    machine->sites.input = NULL;
}

void aw_sites_announce(struct aw_machine *machine, uint64_t address, uint64_t size, uint32_t kind,
                       uint64_t pc)
{
    struct aw_sites *sites = &machine->sites;
    uint32_t i = sites->announced_count++ % AW_ANNOUNCED;
    sites->announced[i].address = address;
    sites->announced[i].size = size;
    sites->announced[i].kind = kind;
    sites->announced[i].pc = pc;
}

/* Is the part of the i-th announcement the site's own? If nobody's yet, it is from now on. */
static bool claim(struct aw_sites *sites, struct aw_site_text *text, uint64_t site, uint32_t i,
                  uint64_t offset, uint64_t size, bool write)
{
    uint64_t pc = sites->announced[i].pc;
    if (pc < text->start || pc >= text->end)
        return false;
    struct aw_site_claim *claim = &text->claims[write][pc - text->start];
    uint32_t number = (uint32_t)(site - text->start) + 1;
    if (claim->site == 0)
        *claim = (struct aw_site_claim){number, (uint32_t)offset, (uint32_t)size};
    return claim->site == number || offset >= claim->offset + claim->size ||
           claim->offset >= offset + size;
}

/* Was all of it announced? What is announced as written may be read as well: a bit-field is. */
static bool is_announced(struct aw_sites *sites, struct aw_site_text *text, uint64_t site,
                         uint64_t address, uint64_t size, uint32_t kind)
{
    uint32_t count = sites->announced_count < AW_ANNOUNCED ? sites->announced_count : AW_ANNOUNCED;
    bool write = (kind & AW_ACCESS_WRITE) != 0;
    uint64_t end = address + size;
    while (address < end) {
        uint64_t reached = address;
        for (uint32_t i = count; i-- > 0;) {
            if (write && (sites->announced[i].kind & AW_ACCESS_WRITE) == 0)
                continue;
            uint64_t from = sites->announced[i].address, to = from + sites->announced[i].size;
            if (to > end)
                to = end;
            if (from <= address && to > reached &&
                claim(sites, text, site, i, address - from, to - address, write))
                reached = to;
        }
        if (reached == address)
            return false;
        address = reached;
    }
    return true;
}

/* Is it an access to the frame, by a register that stands still in the function? Where the stack
 * pointer was aligned or there is no frame pointer, the place in the frame is not known. */
struct frame {
    uint64_t start, end;
    bool framed, aligned;
};

static struct frame frame_of(const struct aw_site_text *text, uint64_t start, uint64_t end)
{
    struct frame frame = {.start = start, .end = end};
    struct instruction instruction;
    const uint8_t *code = text->original - text->start;
    frame.framed = has_frame(code + start, end - start);
    for (uint64_t at = start; at < end && decode(code + at, end - at, &instruction);
         at += instruction.is.length)
        frame.aligned |= instruction.is.mnemonic == ZYDIS_MNEMONIC_AND &&
                         instruction.operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
                         instruction.operands[0].reg.value == ZYDIS_REGISTER_RSP;
    return frame;
}

/* The canonical frame address is 16 bytes above where the frame pointer points. */
static bool is_in_structure(const struct frame *frame, const ZydisDecodedOperand *operand,
                            const struct aw_frame_variable *variable)
{
    if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY || operand->mem.type != ZYDIS_MEMOP_TYPE_MEM ||
        operand->visibility != ZYDIS_OPERAND_VISIBILITY_EXPLICIT)
        return false;
    if (operand->mem.base == ZYDIS_REGISTER_RSP)
        return !frame->framed || frame->aligned;
    if (operand->mem.base != ZYDIS_REGISTER_RBP)
        return false;
    int64_t from = variable->offset + 16, at = operand->mem.disp.value;
    return !frame->framed || operand->mem.index != ZYDIS_REGISTER_NONE ||
           (at < from + (int64_t)variable->size && at + operand->size / 8 > from);
}

static void watch_structure(void *context, const struct aw_frame_variable *variable)
{
    struct aw_machine *machine = context;
    struct aw_site_text *text = NULL;
    for (unsigned i = 0; i < machine->sites.text_count; i++)
        if (variable->start >= machine->sites.texts[i].start &&
            variable->end <= machine->sites.texts[i].end)
            text = &machine->sites.texts[i];
    if (text == NULL)
        return;
    struct frame frame = frame_of(text, variable->start, variable->end);
    struct instruction instruction;
    for (uint64_t at = frame.start; at < frame.end; at += instruction.is.length) {
        const uint8_t *bytes = text->original + (at - text->start);
        uint8_t *state = &text->state[at - text->start];
        if (!decode(bytes, frame.end - at, &instruction))
            return;
        for (unsigned i = 0;
             i < instruction.is.operand_count && (*state == NO_SITE || *state == OWN); i++)
            if (is_in_structure(&frame, &instruction.operands[i], variable) &&
                instruction.operands[i].mem.type != ZYDIS_MEMOP_TYPE_AGEN) {
                *state = ARMED;
                text->writable[at - text->start] = INT3;
                machine->sites.armed++;
            }
    }
}

void aw_sites_watch_stacks(struct aw_machine *machine)
{
    struct aw_sites *sites = &machine->sites;
    sites->stacks_wanted = false;
    if (sites->stacks_watched)
        return;
    sites->stacks_watched = true;
    for (unsigned i = 0; i < sites->text_count; i++)
        aw_module_structures((struct aw_module *)sites->texts[i].module, watch_structure, machine);
}

static void registers_of(const ucontext_t *context, ZydisRegisterContext *registers)
{
    static const struct {
        ZydisRegister its;
        int ours;
    } table[] = {
        {ZYDIS_REGISTER_RAX, REG_RAX}, {ZYDIS_REGISTER_RCX, REG_RCX}, {ZYDIS_REGISTER_RDX, REG_RDX},
        {ZYDIS_REGISTER_RBX, REG_RBX}, {ZYDIS_REGISTER_RSP, REG_RSP}, {ZYDIS_REGISTER_RBP, REG_RBP},
        {ZYDIS_REGISTER_RSI, REG_RSI}, {ZYDIS_REGISTER_RDI, REG_RDI}, {ZYDIS_REGISTER_R8, REG_R8},
        {ZYDIS_REGISTER_R9, REG_R9},   {ZYDIS_REGISTER_R10, REG_R10}, {ZYDIS_REGISTER_R11, REG_R11},
        {ZYDIS_REGISTER_R12, REG_R12}, {ZYDIS_REGISTER_R13, REG_R13}, {ZYDIS_REGISTER_R14, REG_R14},
        {ZYDIS_REGISTER_R15, REG_R15},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        uint64_t value = (uint64_t)context->uc_mcontext.gregs[table[i].ours];
        registers->values[table[i].its] = value;
    }
}

/* Goes on with a copy of the instruction; false when there is no place for one more. */
static bool run_copy(struct aw_sites *sites, struct aw_site_text *text,
                     const struct instruction *instruction, uint64_t site, ucontext_t *context)
{
    uint16_t *copy = &text->copy[site - text->start];
    uint32_t number = *copy == 0 ? sites->copy_count : *copy - 1u;
    uint64_t place = COPIES_BASE + (uint64_t)number * COPY_BYTES;
    if (*copy == 0) {
        if (number == COPIES)
            return false;
        uint8_t *code = sites->copies + (size_t)number * COPY_BYTES;
        unsigned length = instruction->is.length;
        uint64_t back = site + length;
        memcpy(code, text->original + (site - text->start), length);
        for (unsigned i = 0; i < instruction->is.operand_count; i++)
            if (instruction->operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
                instruction->operands[i].mem.base == ZYDIS_REGISTER_RIP) {
                int32_t moved =
                    (int32_t)(instruction->operands[i].mem.disp.value + (int64_t)(site - place));
                memcpy(code + instruction->is.raw.disp.offset, &moved, sizeof moved);
            }
        static const uint8_t jump[] = {0xff, 0x25, 0, 0, 0, 0}; /* jmp *0(%rip) */
        memcpy(code + length, jump, sizeof jump);
        memcpy(code + length + sizeof jump, &back, sizeof back);
        sites->copied[number] = site;
        *copy = (uint16_t)++sites->copy_count;
    }
    context->uc_mcontext.gregs[REG_RIP] = (greg_t)place;
    return true;
}

/* A jump or call through memory does not run from a copy: its target is looked up here. */
static bool run_branch(struct aw_machine *machine, const struct instruction *instruction,
                       uint64_t site, uint64_t place, ucontext_t *context)
{
    greg_t *registers = context->uc_mcontext.gregs;
    if (!aw_user_valid(machine, place, 8))
        return false;
    if (instruction->is.meta.category == ZYDIS_CATEGORY_CALL) {
        uint64_t top = (uint64_t)registers[REG_RSP] - 8;
        if (!aw_user_writable(machine, top, 8))
            return false;
        *(uint64_t *)top = site + instruction->is.length;
        registers[REG_RSP] = (greg_t)top;
    }
    registers[REG_RIP] = (greg_t) * (const uint64_t *)place;
    return true;
}

uint64_t aw_sites_place(const struct aw_machine *machine, uint64_t pc)
{
    const struct aw_sites *sites = &machine->sites;
    uint64_t number = (pc - COPIES_BASE) / COPY_BYTES;
    return pc >= COPIES_BASE && number < sites->copy_count ? sites->copied[number] : pc;
}

enum verdict { TRUST, OWN_STACK, STAY, STOP };

/* One access of the instruction at `site`. */
static enum verdict judge(struct aw_machine *machine, struct aw_site_text *text,
                          const struct instruction *instruction, const ZydisDecodedOperand *operand,
                          const ZydisRegisterContext *registers, uint64_t site, uint64_t *place)
{
    struct aw_sites *sites = &machine->sites;
    uint64_t size = operand->size / 8u, pc = site + instruction->is.length;
    uint32_t kind =
        ((operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0 ? AW_ACCESS_READ : 0u) |
        ((operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0 ? AW_ACCESS_WRITE : 0u);
    sites->pc = pc;
    sites->address = sites->size = 0;
    if (operand->mem.type == ZYDIS_MEMOP_TYPE_VSIB ||
        !ZYAN_SUCCESS(
            ZydisCalcAbsoluteAddressEx(&instruction->is, operand, site, registers, place))) {
        if (!aw_gate.records)
            return STAY;
        sites->kind = kind;
        return STOP;
    }
    if ((instruction->is.attributes &
         (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE)) != 0)
        size *= registers->values[ZYDIS_REGISTER_RCX];
    if (size == 0 || aw_is_shared(*place)) /* of a mapping: touch.h */
        return STAY;
    if (is_announced(sites, text, site, *place, size, kind))
        return text->state[site - text->start] == STAYS ? STAY : TRUST;
    enum aw_access_place where = aw_access_place(machine, *place);
    bool by_frame =
        operand->mem.base == ZYDIS_REGISTER_RBP || operand->mem.base == ZYDIS_REGISTER_RSP;
    if (where == AW_PLACE_OWN_STACK && by_frame && !sites->stacks_watched)
        return OWN_STACK;
    if (where == AW_PLACE_CONSTANT) /* the table of a switch */
        return instruction->is.mnemonic == ZYDIS_MNEMONIC_MOVSXD ? TRUST : STAY;
    if (where == AW_PLACE_OUTSIDE)
        return STAY;
    if (aw_gate.records && aw_access_is_marked(machine, *place, size)) {
        sites->address = *place;
        sites->size = size;
        sites->kind = kind;
        return STOP;
    }
    sites->kind = kind;
    if (!aw_access_unannounced(*place, size, kind, pc, registers->values[ZYDIS_REGISTER_RSP]))
        return STOP;
    sites->kind = 0;
    return STAY;
}

enum aw_site_answer aw_sites_trap(struct aw_machine *machine, ucontext_t *context)
{
    struct aw_sites *sites = &machine->sites;
    uint64_t site = (uint64_t)context->uc_mcontext.gregs[REG_RIP] - 1;
    struct aw_site_text *text = NULL;
    for (unsigned i = 0; i < sites->text_count; i++)
        if (site >= sites->texts[i].start && site < sites->texts[i].end)
            text = &sites->texts[i];
    uint8_t *state = text == NULL ? NULL : &text->state[site - text->start];
    if (state == NULL || (*state != ARMED && *state != STAYS && *state != INPUT))
        return AW_SITE_NONE;
    AW_CHECK(*sites->alone == 1);
    struct instruction instruction;
    AW_CHECK(decode(text->original + (site - text->start), text->end - site, &instruction));
    if (*state == INPUT) {
        sites->pc = site + instruction.is.length;
        sites->input = ZydisMnemonicGetString(instruction.is.mnemonic);
        sites->by_segment = uses_segment(&instruction);
        return AW_SITE_LEAVE;
    }
    ZydisRegisterContext registers;
    registers_of(context, &registers);
    enum verdict worst = TRUST;
    uint64_t place = 0;
    for (unsigned i = 0; i < instruction.is.operand_count; i++) {
        if (!is_access(&instruction, &instruction.operands[i]))
            continue;
        enum verdict verdict =
            judge(machine, text, &instruction, &instruction.operands[i], &registers, site, &place);
        if (verdict == STOP)
            return AW_SITE_LEAVE;
        if (verdict > worst)
            worst = verdict;
    }
    context->uc_mcontext.gregs[REG_RIP] = (greg_t)site;
    *state = worst == TRUST ? TRUSTED : worst == OWN_STACK ? OWN : STAYS;
    bool branches = instruction.is.meta.category == ZYDIS_CATEGORY_CALL ||
                    instruction.is.meta.category == ZYDIS_CATEGORY_UNCOND_BR;
    if (worst == STAY && branches && run_branch(machine, &instruction, site, place, context))
        return AW_SITE_GO;
    if (worst == STAY && !branches && run_copy(sites, text, &instruction, site, context))
        return AW_SITE_GO;
    if (worst == STAY && !branches) { /* no place for one more copy */
        sites->kind = AW_ACCESS_READ;
        return AW_SITE_LEAVE;
    }
    if (worst == STAY) /* a branch through a bad pointer: it will crash by itself */
        *state = TRUSTED;
    sites->armed--;
    text->writable[site - text->start] = text->original[site - text->start];
    return AW_SITE_GO;
}
