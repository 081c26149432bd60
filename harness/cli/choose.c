/* SPDX-License-Identifier: MIT */
/*
 * choose.c - which cases of the scenarios are run: first those whose name has --filter's text in
 * it, then every n-th of these for --shard, then, for --rerun-failed, those that were not as
 * expected. The order is that of the scenarios, so that the shards of one list are disjoint and
 * complete.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/cli.h"

bool aw_shard_parse(const char *text, unsigned *index, unsigned *count)
{
    char *end;
    unsigned long i = strtoul(text, &end, 10), n = 0;
    if (text[0] >= '0' && text[0] <= '9' && *end == '/' && end[1] >= '0' && end[1] <= '9')
        n = strtoul(end + 1, &end, 10);
    if (*end != '\0' || n < 1 || n > 100000 || i < 1 || i > n) {
        aw_complain("run", "--shard: expected I/N with 1 <= I <= N, such as 2/4, found \"%s\"",
                    text);
        return false;
    }
    *index = (unsigned)i;
    *count = (unsigned)n;
    return true;
}

void aw_choose(struct aw_choice_of_cases *choice, struct aw_scenario *const *scenarios,
               int scenario_count)
{
    int total = 0, matching = 0;
    for (int i = 0; i < scenario_count; i++)
        total += scenarios[i]->count;
    choice->cases = aw_allocate((size_t)total + 1, sizeof *choice->cases);
    for (int i = 0; i < scenario_count; i++)
        for (int k = 0; k < scenarios[i]->count; k++) {
            const struct aw_case *one = &scenarios[i]->cases[k];
            if (choice->filter != NULL && strstr(one->name, choice->filter) == NULL)
                continue;
            unsigned place = (unsigned)matching++;
            if (choice->shard_count > 0 && place % choice->shard_count != choice->shard - 1)
                continue;
            if (choice->passed != NULL && aw_run_state_has(choice->passed, choice->identity, one)) {
                choice->left_out++;
                continue;
            }
            choice->cases[choice->count++] = one;
        }
    choice->matching = matching;
}
