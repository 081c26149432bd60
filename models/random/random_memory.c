/* SPDX-License-Identifier: MIT */
/*
 * random_memory.c - the statements of random.c that touch memory which threads share.
 *
 * A place `a` is a digit: 0..4 are bytes of one global array, 8 is a block of the heap, 9 the
 * variable of s (passed over where there is none); 7, 6 and 5 are bytes 0, 2 and 8 of a mapping
 * that processes share. A size `z` is 1, 2, 4 or 8 bytes, so that accesses at neighbouring places
 * overlap. Atomic ones begin at the multiple of their size below.
 *
 *   statement  what it does
 *   <az [az    reads, plainly and as volatile: observed; with a block: does it if it was not 0
 *   >az ]az    writes bytes that tell the body, plainly and as volatile
 *   %az        adds to it: a read and a write
 *   &az        atomic load, as <
 *   ^az ;az    atomic store, of the same and of 0
 *   ~az _az    atomic exchange, fetch_add: observed
 *   {az }az    compare-exchange of 0, strong and weak: observed; with a block: if it succeeded
 *   ,ak        memset of k bytes
 *   .aak       memmove of k bytes from the second place to the first
 *   "ak 'ak    reads up to k bytes of pipe 0 into it, writes k bytes of it to pipe 0
 *   jsa        the value of semaphore s, filled into 4 bytes of it
 *   @pa        polls the read end of pipe p, without waiting, with a set of 8 bytes there
 *   `k         calls of libc with state that threads share. 1: a number of rand, observed; 2, 3:
 *              srand; 4: makes a key, whose number is observed; 5: gives the
 *              first key a value if there is one, and observes it; 6: looks into the environment;
 *              7: changes it
 *   |          a fence
 *   daz        spins until an atomic load gives something else than 0
 *
 * Loads have acquire order and stores release order at the odd places; that says nothing but that
 * the verdict mentions it.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "random.h"

static struct {
    _Alignas(16) unsigned char bytes[32];
} shared;

void make_memory(const char *text)
{
    if (strchr(text, '7') != NULL) {
        random_tables.mapping =
            mmap(NULL, 16, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (random_tables.mapping == MAP_FAILED)
            no_program();
    }
    random_tables.block = calloc(2, sizeof *random_tables.block);
    if (random_tables.block == NULL)
        no_program();
}

int is_memory(char statement)
{
    return strchr("<>%[]&^;~_{},.|d\"'j@`", statement) != NULL;
}

static STEP void *address_of(const struct context *context, int place, int size)
{
    switch (place) {
    case 8:
        return random_tables.block;
    case 9:
        return context->place;
    case 7:
    case 6:
    case 5:
        return random_tables.mapping == NULL
                   ? NULL
                   : random_tables.mapping + (place == 5 ? 8 : (7 - place) * 2 / size * size);
    default:
        return shared.bytes + place / size * size;
    }
}

static void observe(struct context *context, uint64_t value)
{
    fold(context, (int)(value % 61));
}

/* What body n writes: n + 1 in each byte. */
static uint64_t token(const struct context *context)
{
    return (uint64_t)(context->body + 1) * 0x0101010101010101u;
}

#define SIZED(bits)                                                                                \
    typedef uint##bits##_t __attribute__((aligned(1))) any##bits;                                  \
    static STEP uint64_t plain_##bits(void *at, char what, uint64_t value)                         \
    {                                                                                              \
        switch (what) {                                                                            \
        case '<':                                                                                  \
            return *(any##bits *)at;                                                               \
        case '[':                                                                                  \
            return *(volatile any##bits *)at;                                                      \
        case '>':                                                                                  \
            *(any##bits *)at = (uint##bits##_t)value;                                              \
            return 0;                                                                              \
        case ']':                                                                                  \
            *(volatile any##bits *)at = (uint##bits##_t)value;                                     \
            return 0;                                                                              \
        default:                                                                                   \
            *(any##bits *)at = (uint##bits##_t)(*(any##bits *)at + (uint##bits##_t)value);         \
            return 0;                                                                              \
        }                                                                                          \
    }                                                                                              \
    static STEP uint64_t atomic_##bits(void *at, char what, uint64_t value)                        \
    {                                                                                              \
        uint##bits##_t *place = at, expected = 0, operand = (uint##bits##_t)value;                 \
        int weaker = (uint64_t)at >> 3 & 1;                                                        \
        switch (what) {                                                                            \
        case '&':                                                                                  \
            return weaker ? __atomic_load_n(place, __ATOMIC_ACQUIRE)                               \
                          : __atomic_load_n(place, __ATOMIC_SEQ_CST);                              \
        case '^':                                                                                  \
        case ';':                                                                                  \
            operand = what == ';' ? 0 : operand;                                                   \
            if (weaker)                                                                            \
                __atomic_store_n(place, operand, __ATOMIC_RELEASE);                                \
            else                                                                                   \
                __atomic_store_n(place, operand, __ATOMIC_SEQ_CST);                                \
            return 0;                                                                              \
        case '~':                                                                                  \
            return __atomic_exchange_n(place, operand, __ATOMIC_SEQ_CST);                          \
        case '_':                                                                                  \
            return __atomic_fetch_add(place, operand, __ATOMIC_SEQ_CST);                           \
        case '{':                                                                                  \
            return __atomic_compare_exchange_n(place, &expected, operand, 0, __ATOMIC_SEQ_CST,     \
                                               __ATOMIC_SEQ_CST);                                  \
        default:                                                                                   \
            return __atomic_compare_exchange_n(place, &expected, operand, 1, __ATOMIC_SEQ_CST,     \
                                               __ATOMIC_SEQ_CST);                                  \
        }                                                                                          \
    }
SIZED(8)
SIZED(16)
SIZED(32)
SIZED(64)

typedef uint64_t accessor(void *at, char what, uint64_t value);

static void do_access(struct context *context, char what, int is_atomic)
{
    static accessor *const plain[] = {plain_8, plain_16, plain_32, plain_64};
    static accessor *const atomic[] = {atomic_8, atomic_16, atomic_32, atomic_64};
    int place = next_index(context, 10), size = next_index(context, 9);
    int index = size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : size == 8 ? 3 : -1;
    if (index < 0)
        no_program();
    void *at = address_of(context, place, is_atomic ? size : 1);
    uint64_t value = 0;
    if (at != NULL) {
        do
            value =
                (is_atomic ? atomic : plain)[index](at, what == 'd' ? '&' : what, token(context));
        while (what == 'd' && value == 0);
        if (strchr("<[&~_{}", what))
            observe(context, value);
    }
    if (strchr("<[&{}", what))
        branch_if_any(context, value != 0);
}

static void do_range(struct context *context, char what)
{
    int place = next_index(context, 10), source = what == '.' ? next_index(context, 10) : 0;
    size_t size = (size_t)next_index(context, 9);
    void *to = address_of(context, place, 1), *from = address_of(context, source, 1);
    int *ends = random_tables.pipes[0];
    if (to == NULL || from == NULL || (strchr("\"'", what) && random_tables.pipe_count == 0))
        return;
    if (what == '"')
        fold(context, (int)read(ends[0], to, size));
    else if (what == '\'')
        fold(context, (int)write(ends[1], to, size));
    else if (what == '.')
        memmove(to, from, size); /* they may overlap */
    else
        memset(to, context->body + 1, size);
}

static void do_call(struct context *context, char what)
{
    int object = next_index(context, what == 'j' ? SEMAPHORES : PIPES);
    void *at = address_of(context, next_index(context, 10), 8);
    if (at == NULL || (what == 'j' ? random_tables.semaphores[object] == NULL
                                   : object >= random_tables.pipe_count))
        return;
    if (what == 'j') {
        sem_getvalue(random_tables.semaphores[object], at);
    } else {
        struct pollfd *set = at;
        set->fd = random_tables.pipes[object][0];
        set->events = POLLIN;
        fold(context, poll(set, 1, 0));
    }
}

static void do_libc(struct context *context)
{
    int what = next_index(context, 10);
    pthread_key_t key = 0;
    switch (what) {
    case 1:
        fold(context, rand() % 61);
        break;
    case 2:
    case 3:
        srand((unsigned)what);
        break;
    case 4:
        pthread_key_create(&key, NULL);
        fold(context, (int)key);
        break;
    case 5:
        pthread_setspecific(key, context);
        fold(context, pthread_getspecific(key) != NULL);
        break;
    case 6:
        fold(context, getenv("A") != NULL);
        break;
    default:
        setenv("A", "", 1);
        break;
    }
}

/* gcc warns that its own library would not see the fence; the machine does. */
#pragma GCC diagnostic ignored "-Wtsan"
static void fence(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void do_memory(struct context *context, char statement)
{
    if (statement == '|')
        fence();
    else if (strchr(",.\"'", statement))
        do_range(context, statement);
    else if (strchr("j@", statement))
        do_call(context, statement);
    else if (statement == '`')
        do_libc(context);
    else
        do_access(context, statement, strchr("&^;~_{}d", statement) != NULL);
}
