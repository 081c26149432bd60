/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "explore/visited.h"

#include <string.h>
#include <sys/mman.h>

#include "base/check.h"
#include "base/memory.h"

/* Address space, not memory: 256 GiB of words, and room for four thousand million states. */
#define WORDS_BYTES ((uint64_t)256 << 30)
#define STATES_MAX ((uint64_t)1 << 32)

enum { FIRST_TABLE = 1 << 12, LARGE_TABLE = 1 << 20 };

void aw_visited_init(struct aw_visited *visited)
{
    memset(visited, 0, sizeof *visited);
    visited->words_bytes = WORDS_BYTES;
    visited->starts_bytes = STATES_MAX * sizeof *visited->starts;
    visited->parents_bytes = STATES_MAX * sizeof *visited->parents;
    visited->words = aw_reserve(&visited->words_bytes);
    visited->starts = aw_reserve(&visited->starts_bytes);
    visited->parents = aw_reserve(&visited->parents_bytes);
    visited->mask = FIRST_TABLE - 1;
    visited->table = aw_table_allocate(FIRST_TABLE * sizeof *visited->table);
}

void aw_visited_deinit(struct aw_visited *visited)
{
    if (visited->words == NULL)
        return;
    munmap(visited->words, visited->words_bytes);
    munmap(visited->starts, visited->starts_bytes);
    munmap(visited->parents, visited->parents_bytes);
    aw_table_free(visited->table, (visited->mask + 1ul) * sizeof *visited->table);
    memset(visited, 0, sizeof *visited);
}

/* Odd numbers that have nothing to do with each other: SplitMix64, half of it. */
#define WEYL(i) (((i) + 1) * 0x9e3779b97f4a7c15u)
#define FACTOR(i) (((WEYL(i) ^ WEYL(i) >> 29) * 0xbf58476d1ce4e5b9u) | 1)
#define FOUR(i) FACTOR(i), FACTOR(i + 1), FACTOR(i + 2), FACTOR(i + 3)
#define SIXTEEN(i) FOUR(i), FOUR(i + 4), FOUR(i + 8), FOUR(i + 12)
#define SIXTY_FOUR(i) SIXTEEN(i), SIXTEEN(i + 16), SIXTEEN(i + 32), SIXTEEN(i + 48)
const uint64_t aw_visited_factors[AW_VISITED_WORDS] = {SIXTY_FOUR(0), SIXTY_FOUR(64),
                                                       SIXTY_FOUR(128), SIXTY_FOUR(192)};

static void grow(struct aw_visited *visited)
{
    /* Small tables grow fast; large ones only as far as needed, since a page touched is a page
     * zeroed. */
    uint64_t old_size = visited->mask + 1ul;
    uint64_t size = (old_size >= LARGE_TABLE ? 2 : 4) * old_size;
    uint64_t *table = aw_table_allocate(size * sizeof *table);
    for (uint64_t i = 0; i < old_size; i++) {
        uint64_t entry = visited->table[i];
        if (entry == 0)
            continue;
        uint64_t j = (entry >> 32) & (size - 1);
        while (table[j] != 0)
            j = (j + 1) & (size - 1);
        table[j] = entry;
    }
    aw_table_free(visited->table, old_size * sizeof *visited->table);
    visited->table = table;
    visited->mask = (uint32_t)(size - 1);
}

uint32_t aw_visited_add(struct aw_visited *visited, const uint32_t *words, uint32_t count,
                        uint32_t hash, uint32_t parent, bool *is_new)
{
    if (visited->plant_hash)
        hash &= 0xffff;
    uint32_t i = hash & visited->mask;
    for (; visited->table[i] != 0; i = (i + 1) & visited->mask) {
        uint64_t entry = visited->table[i];
        if ((uint32_t)(entry >> 32) != hash)
            continue;
        uint32_t state = (uint32_t)entry - 1;
        const uint32_t *record = visited->words + visited->starts[state];
        if (visited->plant_hash ||
            (record[0] == count && memcmp(record + 1, words, count * sizeof *words) == 0)) {
            *is_new = false;
            return state;
        }
    }
    AW_CHECK(visited->count < UINT32_MAX - 1);
    uint32_t state = visited->count++;
    visited->starts[state] = visited->word_end;
    visited->parents[state] = parent;
    uint32_t *record = visited->words + visited->word_end;
    AW_CHECK((visited->word_end + count + 1) * sizeof *record <= visited->words_bytes);
    record[0] = count;
    memcpy(record + 1, words, count * sizeof *words);
    visited->word_end += count + 1;
    visited->table[i] = (uint64_t)hash << 32 | (state + 1);
    if (2ul * visited->count > visited->mask && visited->mask < UINT32_MAX / 4)
        grow(visited);
    *is_new = true;
    return state;
}

bool aw_visited_is_full(const struct aw_visited *visited)
{
    /* Room for what one expansion may add. */
    const uint64_t states = visited->count + (1ul << 14);
    return states * sizeof *visited->starts > visited->starts_bytes ||
           states * sizeof *visited->parents > visited->parents_bytes ||
           (visited->word_end + (1ul << 17)) * sizeof *visited->words > visited->words_bytes;
}

uint64_t aw_visited_bytes(const struct aw_visited *visited)
{
    return visited->word_end * sizeof *visited->words +
           visited->count * (sizeof *visited->starts + sizeof *visited->parents) +
           (visited->mask + 1ul) * sizeof *visited->table;
}
