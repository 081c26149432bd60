/* SPDX-License-Identifier: MIT */
/*
 * The installation: what is where, that it works from there, that an example project builds against
 * it with pkg-config alone, and that it can be taken away again. Manual pages and completions are
 * given to those who read them.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "shell.h"

TestSuite(install, .init = shell_open, .fini = shell_close, .timeout = 600);

static void expect(int status, int wanted, const char *words)
{
    cr_expect_eq(status, wanted, "status %d, expected %d:\n%s", status, wanted, shell_said);
    cr_expect(strstr(shell_said, words) != NULL, "no \"%s\" in:\n%s", words, shell_said);
}

/* The sanitizers' build is no installation. Tests run side by side, and what is installed is made in
 * one place: one at a time. */
static void install(const char *places)
{
    if (getenv("AW_BIN") != NULL)
        cr_skip_test("another build is tested");
    cr_assert_eq(shell("flock build/lib.lock make -s install %s", places), 0, "%s", shell_said);
}

Test(install, everything_works_below_a_prefix_and_goes_away_again)
{
    install("PREFIX=$T/usr");
    expect(shell("$T/usr/bin/allways --version"), 0, "allways " AW_VERSION);
    /* From another folder, and without a word about where things are; a Criterion below a Criterion
     * wants an environment of its own. */
    expect(shell("cp -r examples/handover $T/project; cd $T/project; env -i PATH=$T/usr/bin:$PATH "
                 "PKG_CONFIG_PATH=$T/usr/lib/pkgconfig make test"),
           0, "Passing: 1");
    expect(shell("cd $T/project; env -i PATH=$T/usr/bin:$PATH PKG_CONFIG_PATH=$T/usr/lib/pkgconfig "
                 "sh -c 'make clean; make test BROKEN=1'"),
           2, "Failing: 1");
    expect(0, 0, "violated no-crash");
    expect(0, 0, "handover.c:");
    expect(shell("cd $T/project; PKG_CONFIG_PATH=$T/usr/lib/pkgconfig; export PKG_CONFIG_PATH; cc "
                 "-x c - -x none -o one $(pkg-config --cflags allways) $T/usr/lib/liballways.a "
                 "$(pkg-config "
                 "--static --libs allways | sed s/-lallways//) <<'X' && ./one\n"
                 "#include <allways/allways.h>\n#include <stdio.h>\n"
                 "int main(void) { struct aw_verify_result *r = aw_verify(&(struct "
                 "aw_verify_request){.program = \"build/handover.so\"});\n"
                 "printf(\"%%s %%s\\n\", r->error ? r->error : \"\", "
                 "aw_verify_verdict_name(r->cases[0].verdict)); return 0; }\nX"),
           0, "violated");
    expect(shell("mkdir $T/s; cd $T; printf 'name: one\\nabout: a test\\nprogram: "
                 "project/build/handover.so\\nexpect: {verdict: violated, property: no-crash}\\n' "
                 ">s/one.yaml; usr/bin/allways run s"),
           0, "1 case: 1 as expected"); /* with the canary that was installed */
    expect(
        shell(
            "flock build/lib.lock make -s uninstall PREFIX=$T/usr; find $T/usr -type f -o -type l"),
        0, "");
    cr_expect_str_eq(shell_said, "");
}

Test(install, destdir_is_a_stage_only)
{
    install("DESTDIR=$T/stage PREFIX=/opt/allways");
    expect(shell("cd $T/stage/opt/allways; find . -type f | sort"), 0, "./bin/allways");
    static const char *const there[] = {"./include/allways/allways.h",
                                        "./include/allways/probe.h",
                                        "./lib/allways/runtime.so",
                                        "./lib/allways/canary.so",
                                        "./lib/allways/allways-preload.so",
                                        "./lib/liballways.a",
                                        "./lib/liballways.so.0",
                                        "./lib/pkgconfig/allways.pc",
                                        "./share/man/man1/allways.1",
                                        "./share/man/man3/aw_verify.3",
                                        "./share/bash-completion/completions/allways",
                                        "./share/zsh/site-functions/_allways",
                                        "./share/fish/vendor_completions.d/allways.fish",
                                        "./share/allways/scenario.schema.json"};
    for (size_t i = 0; i < sizeof there / sizeof *there; i++)
        expect(0, 0, there[i]);
    expect(shell("cat $T/stage/opt/allways/lib/pkgconfig/allways.pc"), 0, "prefix=/opt/allways\n");
    expect(shell("cd $T/stage/opt/allways; nm -D --defined-only lib/liballways.so.0 | awk '{print "
                 "$3}'; nm -g --defined-only lib/liballways.a | awk 'NF == 3 {print $3}'"),
           0, "");
    cr_expect_str_eq(shell_said, "aw_verify\naw_verify_free\naw_verify_verdict_name\n"
                                 "aw_verify_version\naw_verify\naw_verify_free\n"
                                 "aw_verify_verdict_name\naw_verify_version\n");
}

Test(install, the_manual_page_has_every_command_and_option)
{
    expect(shell("python3 tools/usage.py man $AW >$T/allways.1"), 0, "");
    expect(
        shell(
            "for c in $($AW help | sed -n 's/^  \\([a-z]*\\) .*/\\1/p'); do [ $c = allways ] && "
            "continue; grep -q \"^\\.SS $c\\$\" $T/allways.1 || echo no $c; for o in $($AW help $c "
            "| grep -o -- '^  --[a-z-]*'); do sed 's/\\\\-/-/g' $T/allways.1 | grep -e \"$o\" "
            ">/dev/null "
            "|| "
            "echo no $o; done; done"),
        0, "");
    cr_expect_str_eq(shell_said, "");
    expect(shell("if command -v groff >$T/x; then groff -man -ww -z $T/allways.1 "
                 "docs/man/aw_verify.3; fi"),
           0, "");
    cr_expect_str_eq(shell_said, "");
}

Test(install, the_library_page_names_everything_in_the_header)
{
    expect(
        shell(
            "for w in $(sed -e 's@/\\*.*\\*/@@' harness/include/allways/allways.h | grep -v -e '^ "
            "\\*' -e '^#' | grep -o '[a-z_]*[;,)(]' | tr -d ';,)(' | sort -u) $(grep -o "
            "'AW_VERIFY_[A-Z]*' harness/include/allways/allways.h); do [ -z \"$w\" ] || grep -q -w "
            "-e \"$w\" docs/man/aw_verify.3 || echo no $w; done"),
        0, "");
    cr_expect_str_eq(shell_said, "");
}

Test(install, completions_complete)
{
    expect(
        shell(
            "python3 tools/usage.py bash $AW >$T/bash; bash -c '. $T/bash; complete_() { "
            "COMP_WORDS=(allways \"$@\"); COMP_CWORD=$#; COMPREPLY=(); _allways; echo "
            "\"$*: ${COMPREPLY[*]}\"; }; complete_ va; complete_ run --sh; complete_ run --format "
            "j; complete_ check --pro; complete_ show --format m; complete_ run --allow v'"),
        0,
        "va: validate\nrun --sh: --shard\nrun --format j: json junit\n"
        "check --pro: --property\nshow --format m: mermaid\nrun --allow v: vacuous\n");
    expect(
        shell(
            "for f in bash zsh fish; do python3 tools/usage.py $f $AW >$T/$f; done; for c in "
            "$($AW help | sed -n 's/^  \\([a-z]*\\) .*/\\1/p'); do [ $c = allways ] || for o in "
            "$($AW help $c | grep -o -- '^  --[a-z-]*'); do for f in bash zsh fish; do grep -q -e "
            "\"${o#--}\" $T/$f || echo $f: no $o; done; done; done"),
        0, "");
    cr_expect_str_eq(shell_said, "");
}

Test(install, zsh_and_fish_can_read_their_completions)
{
    if (!shell_has("zsh") || !shell_has("fish"))
        cr_skip_test("zsh and fish are not both here");
    expect(shell("python3 tools/usage.py zsh $AW >$T/_allways; zsh -n $T/_allways"), 0, "");
    expect(shell("python3 tools/usage.py fish $AW >$T/a.fish; fish --no-execute $T/a.fish"), 0, "");
    expect(shell("HOME=$T fish -c 'source $T/a.fish; complete -C \"allways run --sha\"'"), 0,
           "--shard");
    expect(shell("HOME=$T fish -c 'source $T/a.fish; complete -C \"allways val\"'"), 0, "validate");
}
