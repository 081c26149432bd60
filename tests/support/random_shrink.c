/* SPDX-License-Identifier: MIT */
/* Smaller programs that still fail: statements, bodies and numbers are taken away as long as that goes. */
#include <stddef.h>
#include <string.h>

#include "random_text.h"

struct shrinking {
    char *text;
    bool (*fails)(void *context, const char *text);
    void *context;
    int steps;
};

/* Keeps `candidate` if it still fails. */
static bool attempt(struct shrinking *shrinking, const char *candidate)
{
    if (strcmp(candidate, shrinking->text) == 0 || !shrinking->fails(shrinking->context, candidate))
        return false;
    strcpy(shrinking->text, candidate);
    shrinking->steps++;
    return true;
}

/* Erases statements, each with its block; or the statement around a block. */
static bool shrink_statements(struct shrinking *shrinking)
{
    char candidate[AW_RANDOM_TEXT];
    bool any = false;
    const char *at = aw_text_next(shrinking->text + HEAD);
    while (at != NULL) {
        ptrdiff_t place = at - shrinking->text;
        const char *end = aw_text_end(at);
        const char *block = at + 1 + strlen(aw_text_statement(*at)->parameters);
        bool smaller;
        strcpy(candidate, shrinking->text);
        aw_text_erase(candidate + place, candidate + (end - shrinking->text));
        smaller = attempt(shrinking, candidate);
        if (!smaller && *block == '(') {
            strcpy(candidate, shrinking->text);
            aw_text_erase(candidate + (end - 1 - shrinking->text),
                          candidate + (end - shrinking->text));
            aw_text_erase(candidate + place, candidate + (block + 1 - shrinking->text));
            smaller = attempt(shrinking, candidate);
        }
        any |= smaller;
        at = smaller ? aw_text_next(shrinking->text + place)
                     : aw_text_following(shrinking->text + place);
    }
    return any;
}

/* Erases bodies that nobody starts; the ones after them move up. */
static bool shrink_bodies(struct shrinking *shrinking)
{
    char candidate[AW_RANDOM_TEXT];
    bool any = false;
    for (int body = aw_text_body_count(shrinking->text) - 1; body > 0; body--) {
        bool started = false;
        strcpy(candidate, shrinking->text);
        for (const char *at = aw_text_next(candidate + HEAD); at != NULL;
             at = aw_text_following(at))
            if (*aw_text_statement(*at)->parameters == 'b') {
                char *target = candidate + (at + 1 - candidate);
                started |= *target == '0' + body;
                *target = (char)(*target - (*target > '0' + body));
            }
        char *from = candidate + (aw_text_body_text(candidate, body) - candidate) - 1;
        aw_text_erase(from, from + 1 + strcspn(from + 1, "/"));
        any |= !started && attempt(shrinking, candidate);
    }
    return any;
}

/* Lowers the characters of one place, in the order of `better`. */
static bool shrink_character(struct shrinking *shrinking, ptrdiff_t place, const char *better)
{
    char candidate[AW_RANDOM_TEXT];
    for (; *better != '\0' && *better != shrinking->text[place]; better++) {
        strcpy(candidate, shrinking->text);
        candidate[place] = *better;
        if (attempt(shrinking, candidate))
            return true;
    }
    return false;
}

static bool shrink_numbers(struct shrinking *shrinking)
{
    bool any = false;
    for (const char *at = aw_text_next(shrinking->text + HEAD); at != NULL;
         at = aw_text_following(at)) {
        const char *kinds = aw_text_statement(*at)->parameters;
        for (size_t i = 0; kinds[i] != '\0'; i++)
            if (kinds[i] == 'k' || kinds[i] == 'z')
                any |= shrink_character(shrinking, at - shrinking->text + 1 + (ptrdiff_t)i,
                                        "123456789");
    }
    return any;
}

static bool shrink_head(struct shrinking *shrinking)
{
    bool any = false;
    for (ptrdiff_t m = 0; m < 3; m++)
        any |= shrink_character(shrinking, m, "nreops");
    for (ptrdiff_t s = 4; s < 9; s++)
        any |= shrink_character(shrinking, s, "-012");
    any |= shrink_character(shrinking, 10, "012");
    return any;
}

int aw_random_shrink(char text[AW_RANDOM_TEXT], bool (*fails)(void *context, const char *text),
                     void *context)
{
    struct shrinking shrinking = {.text = text, .fails = fails, .context = context};
    while (shrink_statements(&shrinking) | shrink_bodies(&shrinking) | shrink_numbers(&shrinking) |
           shrink_head(&shrinking))
        ;
    return shrinking.steps;
}
