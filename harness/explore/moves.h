/* SPDX-License-Identifier: MIT */
/*
 * moves.h - every transition of a state, in the fixed order of processes, threads and outcomes: the
 * full graph, as far as the schedule's constraint lets it be. What the searches without partial-order
 * reduction have in common; the oracles walk by themselves, since they are to find a mistake here.
 *
 *     aw_moves_begin(&moves, explorer, &state, outcomes);
 *     while (aw_moves_next(&moves, &move))
 *         ... move.how.stop != 0, or aw_explorer_step(explorer, &state, &move, &next)
 *     if (aw_moves_advance(&moves, &next))
 *         ... nobody can move, but the clock
 *     else if (!moves.goes_on)
 *         ... an execution may end here
 */
#ifndef AW_EXPLORE_MOVES_H
#define AW_EXPLORE_MOVES_H

#include "explore/internal.h"

struct aw_moves {
    bool goes_on; /* somebody can move without a fault: complete after the last move */

    struct aw_explorer *explorer;
    const struct aw_state *state;
    struct aw_outcome *outcomes; /* those of the thread at hand */
    struct aw_restriction restriction;
    uint32_t process_count, process, thread_count, thread; /* of the next outcome */
    unsigned count, outcome;
};

/* `outcomes` is scratch space for AW_MAX_OUTCOMES, in use until the last move; so is `state`. */
void aw_moves_begin(struct aw_moves *moves, struct aw_explorer *explorer,
                    const struct aw_state *state, struct aw_outcome *outcomes);

/* The next one: who, and how; it is not carried out. False after the last. */
bool aw_moves_next(struct aw_moves *moves, struct aw_move *move);

/* Passes over what is left of the process of the last move. */
void aw_moves_skip_process(struct aw_moves *moves);

/* After the last move, in virtual time: when nobody can move without a fault, the clock does. */
bool aw_moves_advance(struct aw_moves *moves, struct aw_state *next);

#endif
