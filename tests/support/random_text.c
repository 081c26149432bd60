/* SPDX-License-Identifier: MIT */
#include "random_text.h"

#include <assert.h>
#include <string.h>

const struct aw_statement aw_statements[] = {
    {'L', "m", BARE, 1, 4, 4},       {'U', "m", BARE, 1, 5, 5},
    {'K', "m", MAY_BLOCK, 1, 3, 2},  {'l', "m", BARE, 3, 1, 0},
    {'+', "m", BARE, 0, 2, 0},       {'=', "m", BARE, 0, 2, 0},
    {'C', "cm", BARE, 3, 1, 0},      {'P', "cm", BARE, 3, 1, 0},
    {'G', "c", BARE, 1, 2, 0},       {'B', "c", BARE, 1, 1, 0},
    {'S', "s", BARE, 1, 4, 2},       {'Y', "s", MAY_BLOCK, 1, 4, 2},
    {'V', "s", BARE, 1, 6, 4},       {'N', "s", BARE, 1, 3, 1},
    {'e', "s", BARE, 3, 1, 0},       {'w', "pk", BARE, 1, 5, 1},
    {'r', "pk", BARE, 1, 5, 1},      {'R', "pk", BARE, 2, 2, 0},
    {'o', "pe", MAY_BLOCK, 1, 3, 0}, {'O', "pe", BARE, 1, 2, 0},
    {'t', "p", MAY_BLOCK, 1, 1, 0},  {'u', "p", BARE, 3, 1, 0},
    {'q', "", BARE, 1, 1, 0},        {'Q', "", BARE, 1, 1, 0},
    {'n', "pe", BARE, 2, 1, 0},      {'b', "pe", BARE, 2, 0, 0},
    {'c', "pe", BARE, 1, 4, 0},      {'F', "b", BARE, 2, 3, 1},
    {'f', "b", BARE, 2, 2, 0},       {'T', "b", BARE, 3, 3, 2},
    {'J', "", BARE, 1, 4, 3},        {'a', "", BARE, 1, 5, 1},
    {'h', "", BARE, 1, 2, 0},        {'A', "", BARE, 1, 2, 0},
    {'H', "", BARE, 1, 1, 0},        {'k', "", BARE, 1, 1, 0},
    {'i', "", BARE, 1, 1, 0},        {'x', "", BARE, 0, 1, 0},
    {'y', "", BARE, 1, 1, 2},        {'z', "", BARE, 1, 1, 0},
    {'g', "", BARE, 1, 1, 0},        {'*', "k", HAS_BLOCK, 0, 1, 1},
    {'Z', "m", BARE, 1, 0, 0},       {'I', "", BARE, 1, 0, 0},
    {'W', "", BARE, 1, 0, 0},        {'D', "", MAY_BLOCK, 1, 0, 0},
    {'E', "", MAY_BLOCK, 1, 0, 0},   {'M', "", BARE, 1, 0, 0},
    {'X', "", BARE, 2, 0, 0},        {'?', "", HAS_BLOCK, 0, 2, 1},
    {'!', "", HAS_BLOCK, 0, 1, 1},   {'<', "az", MAY_BLOCK, 1, 0, 6},
    {'>', "az", BARE, 1, 0, 6},      {'%', "az", BARE, 2, 0, 4},
    {'[', "az", MAY_BLOCK, 1, 0, 1}, {']', "az", BARE, 1, 0, 1},
    {'&', "az", MAY_BLOCK, 1, 0, 4}, {'^', "az", BARE, 1, 0, 4},
    {';', "az", BARE, 1, 0, 1},      {'~', "az", BARE, 1, 0, 1},
    {'_', "az", BARE, 1, 0, 3},      {'{', "az", MAY_BLOCK, 1, 0, 2},
    {'}', "az", MAY_BLOCK, 1, 0, 1}, {',', "ak", BARE, 1, 0, 1},
    {'.', "aak", BARE, 2, 0, 1},     {'"', "ak", BARE, 2, 0, 1},
    {'\'', "ak", BARE, 2, 0, 1},     {'|', "", BARE, 0, 0, 1},
    {'d', "az", BARE, 3, 0, 0},      {'s', "b", BARE, 3, 0, 0},
    {'m', "b", BARE, 3, 0, 0},       {'p', "", BARE, 1, 0, 0},
    {'v', "m", BARE, 1, 0, 0},       {'j', "sa", BARE, 2, 0, 0},
    {'@', "pa", BARE, 5, 0, 0},      {'`', "k", BARE, 2, 0, 0},
};
const int aw_statement_count = sizeof aw_statements / sizeof *aw_statements;

const struct aw_statement *aw_text_statement(char letter)
{
    for (int i = 0; i < aw_statement_count; i++)
        if (aw_statements[i].letter == letter)
            return &aw_statements[i];
    return NULL;
}

const char *aw_text_end(const char *at)
{
    const struct aw_statement *statement = aw_text_statement(*at);
    assert(statement != NULL);
    at += 1 + strlen(statement->parameters);
    if (statement->block == BARE || *at != '(')
        return at;
    for (int open = 0;; at++) {
        open += (*at == '(') - (*at == ')');
        if (open == 0)
            return at + 1;
    }
}

const char *aw_text_next(const char *at)
{
    while (*at == ')' || *at == '(' || *at == '/')
        at++;
    return *at == '\0' ? NULL : at;
}

const char *aw_text_following(const char *at)
{
    return aw_text_next(at + 1 + strlen(aw_text_statement(*at)->parameters));
}

int aw_text_body_of(const char *text, const char *at)
{
    int body = -1;
    for (; text < at; text++)
        body += *text == '/';
    return body;
}

int aw_text_body_count(const char *text)
{
    return aw_text_body_of(text, text + strlen(text)) + 1;
}

const char *aw_text_body_text(const char *text, int body)
{
    text += HEAD;
    while (body-- > 0)
        text = strchr(text, '/') + 1;
    return text;
}

void aw_text_erase(char *from, const char *to)
{
    memmove(from, to, strlen(to) + 1);
}

void aw_text_insert(char *text, char *at, const char *more)
{
    size_t length = strlen(more);
    if (strlen(text) + length >= AW_RANDOM_TEXT)
        return;
    memmove(at + length, at, strlen(at) + 1);
    memcpy(at, more, length);
}
