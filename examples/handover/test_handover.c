/* SPDX-License-Identifier: MIT */
/* test_handover.c - an ordinary test: the program is right in every interleaving. */
#include <allways/allways.h>
#include <criterion/criterion.h>
#include <stdlib.h>

Test(handover, nothing_is_taken_that_is_not_there)
{
    const char *program = getenv("HANDOVER");
    struct aw_verify_result *result =
        aw_verify(&(struct aw_verify_request){.program = program ? program : "build/handover.so",
                                              .properties = "no-crash no-deadlock terminates"});
    cr_assert(result->passed, "%s", result->text);
    cr_expect_eq(result->cases[0].verdict, AW_VERIFY_PROVED);
    aw_verify_free(result);
}
