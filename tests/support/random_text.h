/* SPDX-License-Identifier: MIT */
/* random_text.h - programs of the random interpreter as texts: their grammar, and finding one's way in them. */
#ifndef AW_TESTS_SUPPORT_RANDOM_TEXT_H
#define AW_TESTS_SUPPORT_RANDOM_TEXT_H

#include "random_program.h"

enum { HEAD = 12, BODIES_MAX = 10 }; /* nnn:-----:0/ */

/*
 * Parameters: m mutex, c condition, s semaphore, p pipe, e end, k number, b body, a place
 * in memory, z size of an access.
 * Cost: visible operations; that of a block, or of a body, comes on top.
 */
struct aw_statement {
    char letter;
    const char *parameters;
    enum { BARE, MAY_BLOCK, HAS_BLOCK } block;
    int cost;
    int weight; /* how often it is strewn in; 0: only by templates */
    int shared; /* the same, in programs whose threads share memory */
};

extern const struct aw_statement aw_statements[];
extern const int aw_statement_count;

const struct aw_statement *aw_text_statement(char letter);

/* Just behind the statement at `at`, its block included. */
const char *aw_text_end(const char *at);

/* The next place where a statement begins, from `at` on; NULL at the end of the text. */
const char *aw_text_next(const char *at);

/* The one after the statement at `at`, which may be inside its block. */
const char *aw_text_following(const char *at);

/* The number of the body that `at` lies in; how many there are; where one begins. */
int aw_text_body_of(const char *text, const char *at);
int aw_text_body_count(const char *text);
const char *aw_text_body_text(const char *text, int body);

/* Both move what follows; `insert` does nothing where there is no room. */
void aw_text_erase(char *from, const char *to);
void aw_text_insert(char *text, char *at, const char *more);

#endif
