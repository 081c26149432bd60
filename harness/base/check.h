/* SPDX-License-Identifier: MIT */
/*
 * check.h - AW_CHECK: a bug of ours, never the program's and never the user's.
 *
 * On in every build. A failed check prints what was expected, where, and aborts: a checker that
 * has lost its own invariants must not go on to say "proved".
 */
#ifndef AW_BASE_CHECK_H
#define AW_BASE_CHECK_H

#define AW_CHECK(condition)                                                                        \
    ((condition) ? (void)0 : aw_check_failed(#condition, __FILE__, __LINE__, __func__))

_Noreturn void aw_check_failed(const char *condition, const char *file, int line,
                               const char *function);

#endif
