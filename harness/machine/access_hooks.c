/* SPDX-License-Identifier: MIT */
/*
 * access_hooks.c - the functions of program code whose accesses are looked at where they are called:
 * what gcc's -fsanitize=thread inserts (__tsan_*), and the leaf functions of libc.
 *
 * gcc calls __tsan_read4 and its like before the access, which then is the program's own
 * instruction. An atomic operation is the call itself, sequentially consistent here whatever order
 * it asks for. Every leaf has a footprint: what it reads and writes with these arguments, to the
 * byte, so that nothing is taken for shared that is not. Where C leaves open how much is read, it is
 * all that may be: memcmp compares n characters of each object (C17, 7.24.4.1), and whoever changes
 * one of them at the same time races with it, whether or not an earlier one differs already; so do
 * strchr and its like read their strings whole. But memchr reads as if one character after the other,
 * up to a match (7.24.5.1); and strcmp and strncmp compare what follows neither a null character
 * (7.24.4.4) nor, as everybody's do who look at words, a difference: it cannot change the answer.
 */
#define _GNU_SOURCE
#include <string.h>

#include "machine/internal.h"

typedef unsigned __int128 wide;

/* On the program's behalf, and with its pointers: a null one faults, as it does in the program. */
#define AS_ASKED __attribute__((no_sanitize("nonnull-attribute")))

enum operation {
    NO_OPERATION,
    LOAD,
    STORE,
    EXCHANGE,
    FETCH_ADD,
    FETCH_SUB,
    FETCH_AND,
    FETCH_OR,
    FETCH_XOR,
    FETCH_NAND,
    CAS_STRONG,
    CAS_WEAK,
    CAS_VAL,
};

static wide value_at(const uint64_t *args, unsigned index, unsigned size)
{
    wide value = args[index];
    if (size == 16)
        value |= (wide)args[index + 1] << 64;
    else if (size < 8)
        value &= ((wide)1 << 8 * size) - 1;
    return value;
}

AS_ASKED static wide atomic(enum operation operation, unsigned size, const uint64_t *args,
                            bool spurious)
{
    void *place = (void *)args[0];
    wide old = 0, expected = 0, operand = 0;
    memcpy(&old, place, size);
    if (operation == LOAD)
        return old;
    if (operation == CAS_STRONG || operation == CAS_WEAK) {
        memcpy(&expected, (const void *)args[1], size);
        operand = value_at(args, 2, size);
        if (old != expected || spurious) {
            memcpy((void *)args[1], &old, size);
            return 0;
        }
        memcpy(place, &operand, size);
        return 1;
    }
    if (operation == CAS_VAL) {
        operand = value_at(args, size == 16 ? 3 : 2, size);
        if (old == value_at(args, 1, size))
            memcpy(place, &operand, size);
        return old;
    }
    operand = value_at(args, 1, size);
    switch (operation) {
    case FETCH_ADD:
        operand = old + operand;
        break;
    case FETCH_SUB:
        operand = old - operand;
        break;
    case FETCH_AND:
        operand = old & operand;
        break;
    case FETCH_OR:
        operand = old | operand;
        break;
    case FETCH_XOR:
        operand = old ^ operand;
        break;
    case FETCH_NAND:
        operand = ~(old & operand);
        break;
    default:
        break;
    }
    memcpy(place, &operand, size);
    return old;
}

static unsigned atomic_footprint(const uint64_t *args, struct aw_range *ranges, unsigned size,
                                 unsigned kind, enum operation operation)
{
    unsigned count = 0;
    if (operation == CAS_STRONG || operation == CAS_WEAK)
        ranges[count++] = (struct aw_range){args[1], size, AW_ACCESS_READ | AW_ACCESS_WRITE};
    ranges[count++] = (struct aw_range){args[0], size, kind | AW_ACCESS_ATOMIC};
    return count;
}

#define RMW (AW_ACCESS_READ | AW_ACCESS_WRITE)
#define ATOMICS_OF(X, bits, size)                                                                  \
    X(bits, size, load, LOAD, AW_ACCESS_READ)                                                      \
    X(bits, size, store, STORE, AW_ACCESS_WRITE)                                                   \
    X(bits, size, exchange, EXCHANGE, RMW)                                                         \
    X(bits, size, fetch_add, FETCH_ADD, RMW)                                                       \
    X(bits, size, fetch_sub, FETCH_SUB, RMW)                                                       \
    X(bits, size, fetch_and, FETCH_AND, RMW)                                                       \
    X(bits, size, fetch_or, FETCH_OR, RMW)                                                         \
    X(bits, size, fetch_xor, FETCH_XOR, RMW)                                                       \
    X(bits, size, fetch_nand, FETCH_NAND, RMW)                                                     \
    X(bits, size, compare_exchange_strong, CAS_STRONG, RMW)                                        \
    X(bits, size, compare_exchange_weak, CAS_WEAK, RMW)                                            \
    X(bits, size, compare_exchange_val, CAS_VAL, RMW)
#define ATOMICS(X)                                                                                 \
    ATOMICS_OF(X, 8, 1)                                                                            \
    ATOMICS_OF(X, 16, 2) ATOMICS_OF(X, 32, 4) ATOMICS_OF(X, 64, 8) ATOMICS_OF(X, 128, 16)

/* A value of 16 bytes comes and goes in two registers, so one form serves all sizes. */
#define X(bits, size, name, operation, kind)                                                       \
    static wide name##_##bits(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,          \
                              uint64_t f)                                                          \
    {                                                                                              \
        uint64_t args[6] = {a, b, c, d, e, f};                                                     \
        return atomic(operation, size, args, false);                                               \
    }                                                                                              \
    static unsigned of_##name##_##bits(const struct aw_machine *machine, const uint64_t *args,     \
                                       struct aw_range *ranges)                                    \
    {                                                                                              \
        (void)machine;                                                                             \
        return atomic_footprint(args, ranges, size, kind, operation);                              \
    }
ATOMICS(X)
#undef X

static unsigned of_fence(const struct aw_machine *machine, const uint64_t *args,
                         struct aw_range *ranges)
{
    (void)machine;
    (void)args;
    (void)ranges;
    return 0;
}

/* Leaves. */

static struct aw_range reads(uint64_t address, uint64_t size)
{
    return (struct aw_range){address, size, AW_ACCESS_READ};
}

static struct aw_range writes(uint64_t address, uint64_t size)
{
    return (struct aw_range){address, size, AW_ACCESS_WRITE};
}

AS_ASKED static uint64_t string(uint64_t address)
{
    return strlen((const char *)address) + 1;
}

AS_ASKED static uint64_t at_most(uint64_t address, uint64_t limit)
{
    uint64_t length = strnlen((const char *)address, limit);
    return length < limit ? length + 1 : limit;
}

/* Bytes up to and with the first in which two strings of at most `limit` differ, or their end. */
static uint64_t until_different(uint64_t one, uint64_t other, uint64_t limit)
{
    const char *a = (const char *)one, *b = (const char *)other;
    uint64_t i = 0;
    while (i < limit) {
        i++;
        if (a[i - 1] != b[i - 1] || a[i - 1] == '\0')
            break;
    }
    return i;
}

/* clang-format off: tables. */
#define LEAF(name)                                                                                 \
    AS_ASKED static unsigned of_##name(const struct aw_machine *machine, const uint64_t *a,        \
                                       struct aw_range *r)                                         \
    {                                                                                              \
        (void)machine;                                                                             \
        unsigned n = 0;
#define END                                                                                        \
    return n;                                                                                      \
    }

LEAF(copy) r[n++] = reads(a[1], a[2]);
r[n++] = writes(a[0], a[2]);
END LEAF(fill) r[n++] = writes(a[0], a[2]);
END LEAF(compare) r[n++] = reads(a[0], a[2]);
r[n++] = reads(a[1], a[2]);
END LEAF(find) const char *at = memchr((const void *)a[0], (int)a[1], a[2]);
r[n++] = reads(a[0], at == NULL ? a[2] : (uint64_t)at - a[0] + 1);
END LEAF(find_back) r[n++] = reads(a[0], a[2]);
END LEAF(find_bytes) r[n++] = reads(a[0], a[1]);
r[n++] = reads(a[2], a[3]);
END LEAF(one_string) r[n++] = reads(a[0], string(a[0]));
END LEAF(bounded_string) r[n++] = reads(a[0], at_most(a[0], a[1]));
END LEAF(compare_strings)
uint64_t size = until_different(a[0], a[1], UINT64_MAX);
r[n++] = reads(a[0], size);
r[n++] = reads(a[1], size);
END LEAF(compare_bounded)
uint64_t size = until_different(a[0], a[1], a[2]);
r[n++] = reads(a[0], size);
r[n++] = reads(a[1], size);
END LEAF(two_strings) r[n++] = reads(a[0], string(a[0]));
r[n++] = reads(a[1], string(a[1]));
END LEAF(copy_string) r[n++] = reads(a[1], string(a[1]));
r[n++] = writes(a[0], string(a[1]));
END LEAF(copy_bounded) r[n++] = reads(a[1], at_most(a[1], a[2]));
r[n++] = writes(a[0], a[2]);
END LEAF(append)
uint64_t end = string(a[0]);
r[n++] = reads(a[0], end);
r[n++] = reads(a[1], string(a[1]));
r[n++] = writes(a[0] + end - 1, string(a[1]));
END LEAF(append_bounded)
uint64_t end = string(a[0]), size = at_most(a[1], a[2]);
r[n++] = reads(a[0], end);
r[n++] = reads(a[1], size);
r[n++] = writes(a[0] + end - 1, strnlen((const char *)a[1], a[2]) + 1);
END

    /* The runtime's sections: where the token is an operation, the whole section is. */

    LEAF(section) r[n++] = (struct aw_range){a[0], a[1],
                                             AW_ACCESS_READ | AW_ACCESS_WRITE | AW_ACCESS_ATOMIC};
END

    static void
    __aw_section(void)
{
    aw_gate.section = 1;
}
static void __aw_section_end(void)
{
    aw_gate.section = 0;
}

#define PLAIN(text, bytes, kinds)                                                                  \
    {                                                                                              \
        .name = "__tsan_" text, .size = bytes, .kind = kinds                                       \
    }
#define PLAINS(bytes, suffix)                                                                      \
    PLAIN("read" suffix, bytes, AW_ACCESS_READ), PLAIN("write" suffix, bytes, AW_ACCESS_WRITE),    \
        PLAIN("volatile_read" suffix, bytes, AW_ACCESS_READ | AW_ACCESS_VOLATILE),                 \
        PLAIN("volatile_write" suffix, bytes, AW_ACCESS_WRITE | AW_ACCESS_VOLATILE),               \
        PLAIN("unaligned_read" suffix, bytes, AW_ACCESS_READ),                                     \
        PLAIN("unaligned_write" suffix, bytes, AW_ACCESS_WRITE),                                   \
        PLAIN("unaligned_volatile_read" suffix, bytes, AW_ACCESS_READ | AW_ACCESS_VOLATILE),       \
        PLAIN("unaligned_volatile_write" suffix, bytes, AW_ACCESS_WRITE | AW_ACCESS_VOLATILE)
#define SILENT(text)                                                                               \
    {                                                                                              \
        .name = "__tsan_" text, .footprint = of_fence                                              \
    }
#define FENCE(text)                                                                                \
    {                                                                                              \
        .name = "__tsan_" text, .footprint = of_fence, .kind = AW_ACCESS_ATOMIC                    \
    }
#define L(function_name, of)                                                                       \
    {                                                                                              \
        .name = #function_name, .function = (void *)(uintptr_t)function_name, .footprint = of_##of \
    }

const struct aw_hook aw_hooks[] = {
    PLAINS(1, "1"),
    PLAINS(2, "2"),
    PLAINS(4, "4"),
    PLAINS(8, "8"),
    PLAINS(16, "16"),
    PLAIN("read_range", 0, AW_ACCESS_READ),
    PLAIN("write_range", 0, AW_ACCESS_WRITE),
    PLAIN("vptr_update", 8, AW_ACCESS_WRITE),
    PLAIN("vptr_read", 8, AW_ACCESS_READ),
    SILENT("init"),
    SILENT("func_entry"),
    SILENT("func_exit"),
    SILENT("atomic_signal_fence"),
    FENCE("atomic_thread_fence"),
#define X(bits, bytes, op_name, op, kinds)                                                         \
    {.name = "__tsan_atomic" #bits "_" #op_name,                                                   \
     .function = (void *)(uintptr_t)op_name##_##bits,                                              \
     .footprint = of_##op_name##_##bits,                                                           \
     .size = bytes,                                                                                \
     .kind = (kinds) | AW_ACCESS_ATOMIC,                                                           \
     .operation = op},
    ATOMICS(X)
#undef X
        L(memcpy, copy),
    L(memmove, copy),
    L(mempcpy, copy),
    L(memset, fill),
    L(memcmp, compare),
    L(memchr, find),
    L(memrchr, find_back),
    L(memmem, find_bytes),
    L(strlen, one_string),
    L(strnlen, bounded_string),
    L(strcmp, compare_strings),
    L(strncmp, compare_bounded),
    L(strchr, one_string),
    L(strrchr, one_string),
    L(strchrnul, one_string),
    L(strstr, two_strings),
    L(strspn, two_strings),
    L(strcspn, two_strings),
    L(strpbrk, two_strings),
    L(strcpy, copy_string),
    L(stpcpy, copy_string),
    L(strncpy, copy_bounded),
    L(stpncpy, copy_bounded),
    L(strcat, append),
    L(strncat, append_bounded),
    L(__aw_section, section),
    L(__aw_section_end, fence),
};
const unsigned aw_hook_count = sizeof aw_hooks / sizeof *aw_hooks;
/* clang-format on */

int aw_hook_by_name(const char *name)
{
    for (unsigned i = 0; i < aw_hook_count; i++)
        if (strcmp(aw_hooks[i].name, name) == 0)
            return (int)i;
    return -1;
}

bool aw_hook_looks(const struct aw_hook *hook)
{
    return strncmp(hook->name, "st", 2) == 0 || strcmp(hook->name, "memchr") == 0;
}

const char *aw_hook_who(const struct aw_hook *hook)
{
    return strncmp(hook->name, "__tsan_", 7) == 0 ? NULL : hook->name;
}

bool aw_hook_is_weak(const struct aw_hook *hook, const uint64_t *args)
{
    enum { SEQUENTIALLY_CONSISTENT = 5 };
    unsigned wide_value = hook->size == 16;
    if ((hook->kind & AW_ACCESS_ATOMIC) == 0)
        return false;
    switch (hook->operation) {
    case NO_OPERATION: /* a fence */
        return (int)args[0] != SEQUENTIALLY_CONSISTENT;
    case LOAD:
        return (int)args[1] != SEQUENTIALLY_CONSISTENT;
    case CAS_STRONG:
    case CAS_WEAK:
    case CAS_VAL: /* of 16 bytes by value: the order is on the stack */
        if (hook->operation == CAS_VAL && wide_value)
            return true;
        return (int)args[3 + wide_value] != SEQUENTIALLY_CONSISTENT ||
               (int)args[4 + wide_value] != SEQUENTIALLY_CONSISTENT;
    default:
        return (int)args[2 + wide_value] != SEQUENTIALLY_CONSISTENT;
    }
}

unsigned aw_hook_ranges(const struct aw_machine *machine, const struct aw_hook *hook,
                        const uint64_t *args, struct aw_range *ranges)
{
    if (hook->footprint != NULL)
        return aw_ranges_cut(ranges, hook->footprint(machine, args, ranges));
    ranges[0] = (struct aw_range){args[0], hook->size != 0 ? hook->size : args[1], hook->kind};
    return aw_ranges_cut(ranges, 1);
}

uint64_t aw_hook_perform(const struct aw_hook *hook, const uint64_t *args, bool spurious,
                         uint64_t *high)
{
    if (hook->operation != NO_OPERATION) {
        wide value = atomic(hook->operation, hook->size, args, spurious);
        *high = (uint64_t)(value >> 64);
        return (uint64_t)value;
    }
    if (hook->function == NULL)
        return 0;
    uint64_t (*leaf)(uint64_t, uint64_t, uint64_t, uint64_t) =
        (uint64_t(*)(uint64_t, uint64_t, uint64_t, uint64_t))(uintptr_t)hook->function;
    return leaf(args[0], args[1], args[2], args[3]);
}

unsigned aw_hook_pointers(const struct aw_hook *hook)
{
    enum { FIRST = 1, SECOND = 2, THIRD = 4 };
    aw_footprint *of = hook->footprint;
    if (of == of_fence)
        return 0;
    if (hook->operation != NO_OPERATION)
        return hook->operation == CAS_STRONG || hook->operation == CAS_WEAK ? FIRST | SECOND
                                                                            : FIRST;
    if (of == NULL || of == of_fill || of == of_find || of == of_find_back || of == of_one_string ||
        of == of_bounded_string || of == of_section)
        return FIRST;
    return of == of_find_bytes ? FIRST | THIRD : FIRST | SECOND;
}

bool aw_hook_is_fixed(const struct aw_hook *hook)
{
    aw_footprint *of = hook->footprint;
    return of == NULL || hook->operation != NO_OPERATION || of == of_fence || of == of_copy ||
           of == of_compare || of == of_fill || of == of_find_back || of == of_find_bytes;
}

bool aw_hook_is_section(const struct aw_hook *hook)
{
    return hook->footprint == of_section;
}

bool aw_hook_is_weak_exchange(const struct aw_hook *hook)
{
    return hook->operation == CAS_WEAK;
}

bool aw_hook_may_fail(const struct aw_hook *hook, const uint64_t *args)
{
    return hook->operation == CAS_WEAK &&
           memcmp((const void *)args[0], (const void *)args[1], hook->size) == 0;
}
