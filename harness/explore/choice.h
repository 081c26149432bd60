/* SPDX-License-Identifier: MIT */
/*
 * choice.h - the one list that every nondeterministic act goes into: which thread moves, and which
 * of its operation's outcomes (which waiter wakes, whether a fault fires and with what value,
 * whether a time-out expires). A schedule is an array of choices; together with the program and its
 * settings it determines an execution.
 */
#ifndef AW_EXPLORE_CHOICE_H
#define AW_EXPLORE_CHOICE_H

#include <stdint.h>

/* Concrete: processes by their pid, never by a position under symmetry. */
struct aw_choice {
    uint32_t pid;     /* 0: nobody can run, the clock moves to the next deadline (virtual time) */
    uint16_t slot;    /* thread */
    uint16_t outcome; /* index into aw_machine_outcomes of that thread */
};

struct aw_schedule {
    struct aw_choice *choices;
    uint32_t count;
    uint32_t
        loop; /* a livelock: after the last choice the state is that before choice `loop` again;
                      UINT32_MAX otherwise */
};

#endif
