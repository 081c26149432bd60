/* SPDX-License-Identifier: MIT */
#include "explore/moves.h"

void aw_moves_begin(struct aw_moves *moves, struct aw_explorer *explorer,
                    const struct aw_state *state, struct aw_outcome *outcomes)
{
    *moves = (struct aw_moves){.explorer = explorer, .state = state, .outcomes = outcomes};
    aw_explorer_restrict(explorer, state, outcomes, &moves->restriction);
    moves->process_count = aw_machine_layout(explorer->machine, state)->process_count;
    moves->process = UINT32_MAX; /* the one before the first */
}

/* Goes on to the next thread that may move, whether or not it can. */
static bool next_thread(struct aw_moves *moves)
{
    struct aw_machine *machine = moves->explorer->machine;
    const struct aw_state *state = moves->state;
    do {
        moves->thread++;
        while (moves->process == UINT32_MAX || moves->thread >= moves->thread_count) {
            if (++moves->process >= moves->process_count)
                return false;
            moves->thread = 0;
            moves->thread_count =
                aw_machine_local(machine, state->words[AW_WORD_FIRST + moves->process])
                    ->thread_count;
        }
    } while (!aw_explorer_may_move(moves->explorer, state, &moves->restriction, moves->process,
                                   moves->thread));
    moves->outcome = 0;
    moves->count =
        aw_machine_outcomes(machine, state, moves->process, moves->thread, moves->outcomes);
    moves->goes_on |= aw_explorer_goes_on(moves->outcomes, moves->count);
    return true;
}

bool aw_moves_next(struct aw_moves *moves, struct aw_move *move)
{
    while (moves->outcome == moves->count)
        if (!next_thread(moves))
            return false;
    *move = (struct aw_move){.process = moves->process,
                             .thread = moves->thread,
                             .outcome = moves->outcome,
                             .how = moves->outcomes[moves->outcome]};
    moves->outcome++;
    return true;
}

void aw_moves_skip_process(struct aw_moves *moves)
{
    moves->outcome = moves->count = 0;
    moves->thread = moves->thread_count;
}

bool aw_moves_advance(struct aw_moves *moves, struct aw_state *next)
{
    return !moves->goes_on && aw_machine_advance(moves->explorer->machine, moves->state, next);
}
