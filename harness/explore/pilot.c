/* SPDX-License-Identifier: MIT */
/*
 * pilot.c - random walks before a search.
 *
 * Most assumptions that do not hold (of the reduction, of symmetry, about which accesses are
 * visible) break on any execution, and finding that out in the midst of a search costs a restart.
 */
#include <string.h>

#include "explore/search.h"

/* A sibling was named on a walk. */
static void without_symmetry(struct aw_search *search)
{
    struct aw_explorer *explorer = search->explorer;
    explorer->symmetry = search->symmetry.on = false;
    aw_machine_set_symmetry(explorer->machine, false);
    if (search->reduce != NULL)
        aw_reduce_begin(search->reduce, false, explorer->exact_pipes);
}

bool aw_search_pilot(struct aw_search *search, struct aw_outcome *outcomes)
{
    enum { WALKS = 6, STEPS = 2000 };
    struct aw_explorer *explorer = search->explorer;
    struct aw_machine *machine = explorer->machine;
    uint64_t random = 0x9e3779b97f4a7c15u;
    for (int walk = 0; walk < WALKS; walk++) {
        struct aw_state state, next;
        aw_machine_initial(machine, &state);
        state.words[AW_WORD_MONITOR] = aw_monitor_first(&explorer->monitor);
        for (int step = 0; step < STEPS; step++) {
            if (!aw_explorer_tick(explorer, &search->visited, 0))
                return false;
            if (search->reduce != NULL)
                aw_reduce_watch(search->reduce, &state);
            const struct aw_layout *layout = aw_machine_layout(machine, &state);
            struct aw_move chosen = {0};
            uint32_t seen = 0;
            for (uint32_t p = 0; p < layout->process_count; p++) {
                const struct aw_local *local =
                    aw_machine_local(machine, state.words[AW_WORD_FIRST + p]);
                for (uint32_t t = 0; t < local->thread_count; t++) {
                    unsigned count = aw_machine_outcomes(machine, &state, p, t, outcomes);
                    for (unsigned i = 0; i < count; i++) {
                        random ^= random << 13; /* xorshift64, Marsaglia 2003 */
                        random ^= random >> 7;
                        random ^= random << 17;
                        if (random % ++seen == 0)
                            chosen = (struct aw_move){
                                .process = p, .thread = t, .outcome = i, .how = outcomes[i]};
                    }
                }
            }
            if (seen == 0 || chosen.how.stop != 0)
                break;
            aw_explorer_step(explorer, &state, &chosen, &next);
            if (!aw_machine_is_settled(machine)) { /* once more, with what has become visible */
                aw_machine_settle(machine);
                walk = -1;
                break;
            }
            if (chosen.step.named && search->symmetry.on) {
                without_symmetry(search);
                walk = -1;
                break;
            }
            if (chosen.step.flags & AW_EDGE_STOP)
                break;
            state.count = next.count;
            memcpy(state.words, next.words, next.count * sizeof *next.words);
        }
    }
    return true;
}
