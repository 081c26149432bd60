/* SPDX-License-Identifier: MIT */
/*
 * The documents are true: commands print what README.md and docs/ say they print, quoted files say
 * what is quoted, links lead somewhere, and semantics.md leaves no call out. The work is done by
 * tools/docs.py, whose opening comment has the rules; `python3 tools/docs.py update` writes new
 * output into the documents, to be reviewed as a diff.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/wait.h>

TestSuite(docs, .timeout = 300);

static void run(const char *tool, const char *what)
{
    char command[64], said[1 << 14];
    snprintf(command, sizeof command, "python3 tools/%s %s 2>&1", tool, what);
    FILE *output = popen(command, "r");
    cr_assert_not_null(output);
    said[fread(said, 1, sizeof said - 1, output)] = '\0';
    while (fgetc(output) != EOF)
        ;
    int status = pclose(output);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s", said);
}

static void check(const char *what)
{
    run("docs.py", what);
}

Test(docs, commands_print_what_the_documents_say)
{
    check("transcripts");
}

Test(docs, quoted_files_say_what_is_quoted)
{
    check("files");
}

Test(docs, links_lead_somewhere)
{
    check("links");
}

Test(docs, semantics_names_every_call_property_and_verdict)
{
    check("names");
}

Test(docs, the_field_guide_says_what_its_scenarios_expect)
{
    run("field_guide.py", "check");
}
