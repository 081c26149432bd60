/* SPDX-License-Identifier: MIT */
/*
 * error.h - operating errors: a file that cannot be read, a scenario that is wrong, no memory.
 *
 * Three kinds of wrong are kept apart in this project. A bug of ours stops at AW_CHECK (check.h).
 * A finding about the program under test is a verdict, never an error. What is left is here: a
 * function that can fail returns 0 or a negative code from the table below, and fills the
 * caller's struct aw_error with a message for a person, and a place in a file where there is one.
 */
#ifndef AW_BASE_ERROR_H
#define AW_BASE_ERROR_H

#include <stddef.h>

/*      name       value  what it means                                                      */
#define AW_ERRORS(X)                                                                               \
    X(AW_E_USAGE, -1, "wrong usage")                                                               \
    X(AW_E_IO, -2, "input/output error")                                                           \
    X(AW_E_MEMORY, -3, "out of memory")                                                            \
    X(AW_E_FORMAT, -4, "wrong file")                                                               \
    X(AW_E_PROGRAM, -5, "the program cannot be loaded")                                            \
    X(AW_E_LIMIT, -6, "a limit was reached")                                                       \
    X(AW_E_SYSTEM, -7, "the host system refused")

enum aw_errc {
#define X(name, value, text) name = value,
    AW_ERRORS(X)
#undef X
};

struct aw_error {
    int code;           /* 0, or one of enum aw_errc */
    int line, column;   /* 1-based; 0 when there is no place to point at */
    char file[256];     /* "" when there is none */
    char message[1024]; /* one line, no final newline */
};

/* The text of the table above; never NULL. */
const char *aw_error_text(int code);

/* Fills `error` (which may be NULL) without a place and returns `code`. */
int aw_fail(struct aw_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with a place in a file. */
int aw_fail_at(struct aw_error *error, int code, const char *file, int line, int column,
               const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Writes "file:line:column: message" (as much of it as there is) into `buffer`. */
void aw_error_format(const struct aw_error *error, char *buffer, size_t size);

#endif
