/* SPDX-License-Identifier: MIT */
/*
 * monitor.h - what the properties remember along an execution: counts of items put and got.
 *
 * The monitor is one component of a state (words[AW_WORD_MONITOR], interned here). All of it
 * commutes: steps of different processes in either order leave the same monitor, so that it does
 * not get in the way of reduction, and every predicate judged on it is stable (once violated,
 * always violated) as long as only workers get items, and as many as were announced at once. When a
 * program does otherwise, `order_matters`, and it is searched without partial-order reduction.
 *
 *   drained       so many workers have ended as were announced, and more was put than got. An item
 *                 that is put after that counts as lost as well.
 *   exactly-once  a number was got twice; or, judged where drained is judged and at the end, put and
 *                 not got; or, judged at the end, got and never put. (At once would depend on which
 *                 of two unordered probes comes first.)
 *   fifo          a consumer gets a number after a higher one of the same producer, or one that
 *                 somebody has got already. The consumer's component holds the highest number
 *                 *that can still matter*: the highest outstanding one below its last; with every
 *                 lower number got, that is none, and consumers with different pasts are equal.
 */
#ifndef AW_EXPLORE_MONITOR_H
#define AW_EXPLORE_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/intern.h"
#include "base/map.h"
#include "machine/machine.h"

enum { AW_ITEM_MAX = 4096 }; /* highest item number that is told apart */

struct aw_monitor_move {
    uint32_t monitor;
    uint32_t violated; /* AW_PROPERTY_BITs */
};

struct aw_monitor {
    struct aw_machine *machine;
    unsigned properties;
    struct aw_intern values;
    struct aw_map memo;
    struct aw_monitor_move *moves;
    uint32_t move_count, move_capacity;
    bool fifo_active;              /* some consumer has a threshold: no memo */
    unsigned exercised;            /* AW_PROPERTY_BITs that were put to the test */
    bool items;                    /* an item was put or got */
    bool announced, got_by_others; /* seen so far: an announcement; an item got by no worker */
    bool order_matters;            /* what is judged when the last worker ends is not stable */
    bool beyond;                   /* an item had a number, or a producer, that is not told apart */
};

void aw_monitor_init(struct aw_monitor *monitor, struct aw_machine *machine, unsigned properties);
void aw_monitor_deinit(struct aw_monitor *monitor);

/* The monitor of the initial state. */
uint32_t aw_monitor_first(struct aw_monitor *monitor);

/* Brings `next`, the result of `step`, up to date. Returns the properties that are violated by it. */
unsigned aw_monitor_step(struct aw_monitor *monitor, struct aw_state *next,
                         const struct aw_step *step);

/* Properties violated in a state in which nothing happens any more; `everybody_ended`: no process
 * lives. */
unsigned aw_monitor_final(struct aw_monitor *monitor, const struct aw_state *state,
                          bool everybody_ended);

/* One line for people and for comparing outcomes: "put 2, got 1, workers ended 1 of 1". */
void aw_monitor_describe(const struct aw_monitor *monitor, uint32_t value, char *buffer,
                         size_t size);

#endif
