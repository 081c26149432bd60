/* SPDX-License-Identifier: MIT */
/*
 * verdict.h - the words of an answer: verdicts and properties. Tables, so that every reader and
 * writer of a name uses the same one.
 */
#ifndef AW_EXPLORE_VERDICT_H
#define AW_EXPLORE_VERDICT_H

#include <stdint.h>

/*      name               text            what it means                                        */
#define AW_VERDICTS(X)                                                                             \
    X(AW_PROVED, "proved", "complete within the bounds of the scenario, which are printed")        \
    X(AW_VIOLATED, "violated", "a schedule breaks a property; its trace is written")               \
    X(AW_INCONCLUSIVE, "inconclusive", "a limit was reached; the message says which")              \
    X(AW_VACUOUS, "vacuous", "a property was never exercised")                                     \
    X(AW_UNCONTROLLED, "uncontrolled", "the same choices gave another outcome")

enum aw_verdict {
#define X(name, text, meaning) name,
    AW_VERDICTS(X)
#undef X
        AW_VERDICT_COUNT
};

/*      name                   text             what holds when it holds                        */
#define AW_PROPERTIES(X)                                                                           \
    X(AW_NO_DEADLOCK, "no-deadlock", "no state in which nobody can move and somebody lives")       \
    X(AW_NO_CRASH, "no-crash", "no fatal signal, failed assertion or abort")                       \
    X(AW_TERMINATES, "terminates", "no fair infinite execution")                                   \
    X(AW_DRAINED, "drained", "once the last worker has ended every item put has been got")         \
    X(AW_EXACTLY_ONCE, "exactly-once", "every numbered item is got exactly once")                  \
    X(AW_FIFO, "fifo", "each consumer sees each producer's items in order")                        \
    X(AW_NO_ERROR, "no-error", "no unexpected errno, no error reported by the program")            \
    X(AW_NO_LEAK, "no-leak", "nothing that the program should have given back is left at the end") \
    X(AW_SUCCEEDS, "succeeds", "main, where it exits, ends with status 0")                         \
    X(AW_NO_DATA_RACE, "no-data-race", "no two threads at conflicting accesses at the same time")  \
    X(AW_NO_MEMORY_ERROR, "no-memory-error", "no access to memory outside objects that live")

enum aw_property {
#define X(name, text, meaning) name,
    AW_PROPERTIES(X)
#undef X
        AW_PROPERTY_COUNT
};

/* What one property came to. */
enum aw_property_state { AW_HOLDS, AW_IS_VIOLATED, AW_UNDECIDED, AW_NOT_EXERCISED };

#define AW_PROPERTY_BIT(property) (1u << (property))
#define AW_DEFAULT_PROPERTIES                                                                      \
    (AW_PROPERTY_BIT(AW_NO_DEADLOCK) | AW_PROPERTY_BIT(AW_NO_CRASH) |                              \
     AW_PROPERTY_BIT(AW_TERMINATES) | AW_PROPERTY_BIT(AW_NO_DATA_RACE) |                           \
     AW_PROPERTY_BIT(AW_NO_MEMORY_ERROR))
/* Judged whatever was asked for. */
#define AW_ALWAYS_JUDGED (AW_PROPERTY_BIT(AW_NO_DATA_RACE) | AW_PROPERTY_BIT(AW_NO_MEMORY_ERROR))

const char *aw_verdict_name(enum aw_verdict verdict);
const char *aw_property_name(enum aw_property property);
const char *aw_property_state_name(enum aw_property_state state); /* "holds", "violated", ... */

/* The value with that name, or -1. */
int aw_verdict_by_name(const char *name);
int aw_property_by_name(const char *name);

#endif
