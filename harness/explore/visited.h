/* SPDX-License-Identifier: MIT */
/*
 * visited.h - the set of visited states: vectors of words, numbered in the order of their arrival.
 *
 * States are compared by content; the hash only finds them. The number of a state is also its
 * place in the breadth-first order. Memory is reserved as address space and taken as it is used.
 */
#ifndef AW_EXPLORE_VISITED_H
#define AW_EXPLORE_VISITED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aw_visited {
    uint32_t *words;                                 /* records: count, then so many words */
    uint64_t word_end;                               /* in words */
    uint64_t *starts;                                /* of each state's record */
    uint32_t *parents;                               /* from which it was found first */
    size_t words_bytes, starts_bytes, parents_bytes; /* reserved */
    uint32_t count;
    uint64_t *table; /* hash in the upper half, state + 1 in the lower; 0 = free */
    uint32_t mask;
    bool plant_hash; /* planted bug: believe a 16-bit hash */
};

#define AW_NO_STATE UINT32_MAX

void aw_visited_init(struct aw_visited *visited);
void aw_visited_deinit(struct aw_visited *visited);

enum { AW_VISITED_WORDS = 256 };
extern const uint64_t aw_visited_factors[AW_VISITED_WORDS];

/* The hash of a state of at most AW_VISITED_WORDS words, to be passed to the functions below: the upper
 * half of the sum of the words, each times a number of its own (Lemire and Kaser 2014, "Strongly
 * universal string hashing is fast"). Words are read one by one, as they have just been written: a load
 * that is wider than the store before it has to wait. */
static inline uint32_t aw_visited_hash(const uint32_t *words, uint32_t count)
{
    uint64_t sum = count;
    for (uint32_t i = 0; i < count; i++)
        sum += aw_visited_factors[i] * words[i];
    return (uint32_t)(sum >> 32);
}

static inline void aw_visited_prefetch(const struct aw_visited *visited, uint32_t hash)
{
    __builtin_prefetch(&visited->table[hash & visited->mask]);
}

/* The same for what such a state is compared with; to be called when the table is there. */
static inline void aw_visited_prefetch_record(const struct aw_visited *visited, uint32_t hash)
{
    const uint64_t entry = visited->table[hash & visited->mask];
    if (entry != 0)
        __builtin_prefetch(&visited->words[visited->starts[(uint32_t)entry - 1]]);
}

/* Enters a state; its number. */
uint32_t aw_visited_add(struct aw_visited *visited, const uint32_t *words, uint32_t count,
                        uint32_t hash, uint32_t parent, bool *is_new);

/* The words of a state. */
static inline const uint32_t *aw_visited_get(const struct aw_visited *visited, uint32_t state,
                                             uint32_t *count)
{
    const uint32_t *record = visited->words + visited->starts[state];
    *count = record[0];
    return record + 1;
}

/* Is the reserved address space used up, but for what one more expansion may add? */
bool aw_visited_is_full(const struct aw_visited *visited);

/* Host memory in use. */
uint64_t aw_visited_bytes(const struct aw_visited *visited);

#endif
