/* SPDX-License-Identifier: MIT */
/*
 * tools/deps.sh on machines that are made up: dpkg-query, apt-get, sudo and id are scripts of the
 * test's folder, and PATH has nothing else than these and grep.
 */
#include <criterion/criterion.h>

#include "shell.h"

#define RUN "PATH=$T/bin /bin/sh tools/deps.sh"

/* Two of the packages are missing; apt-get writes down what it is told. */
static void open_machine(void)
{
    shell_open();
    shell_write("dpkg-query", "#!/bin/sh\n"
                              "case \"$*\" in *fyaml*|*fiu-utils*) exit 1;; esac\n"
                              "echo 'install ok installed'\n");
    shell_write("apt-get", "#!/bin/sh\necho \"$*\" >>${0%/bin/*}/asked\n");
    shell_write("sudo", "#!/bin/sh\necho \"sudo $*\" >>${0%/bin/*}/asked\nshift; exec \"$@\"\n");
    shell_write("no-sudo", "#!/bin/sh\nexit 1\n");
    shell_write("root", "#!/bin/sh\necho 0\n");
    shell_write("user", "#!/bin/sh\necho 1000\n");
    cr_assert_eq(
        shell("cd $T && mkdir bin && chmod +x dpkg-query apt-get sudo no-sudo root user && "
              "mv dpkg-query bin && ln -s $(command -v grep) bin/grep"),
        0, "%s", shell_said);
}

TestSuite(deps, .init = open_machine, .fini = shell_close, .timeout = 60);

static void install(const char *script, const char *name)
{
    cr_assert_eq(shell("cp $T/%s $T/bin/%s", script, name), 0, "%s", shell_said);
}

Test(deps, what_is_there_is_not_touched)
{
    shell_write("bin/dpkg-query", "#!/bin/sh\necho 'install ok installed'\n");
    install("apt-get", "apt-get");
    cr_expect_eq(shell(RUN), 0);
    cr_expect_str_empty(shell_said);
    cr_expect_neq(shell("test -e $T/asked"), 0);
}

Test(deps, what_it_does_not_know_installs_nothing)
{
    install("apt-get", "apt-get");
    install("root", "id");
    cr_expect_eq(shell(RUN " --help"), 2);
    cr_expect_str_eq(shell_said, "usage: sh tools/deps.sh [all]\n");
    cr_expect_eq(shell(RUN " all everything"), 2);
    cr_expect_neq(shell("test -e $T/asked"), 0);
    cr_expect_eq(shell("sh tools/run-tests.sh"), 2); /* no test at all is no success */
    cr_expect_str_eq(shell_said, "usage: sh tools/run-tests.sh EXECUTABLE...\n");
}

Test(deps, root_installs_what_is_missing)
{
    install("apt-get", "apt-get");
    install("root", "id");
    cr_expect_eq(shell(RUN), 0);
    cr_expect_str_eq(shell_said, "allways: installing libfyaml-dev fiu-utils\n");
    cr_expect_eq(shell("cat $T/asked"), 0);
    cr_expect_str_eq(shell_said, "update -qq\n"
                                 "install -y -qq --no-install-recommends libfyaml-dev fiu-utils\n");
}

Test(deps, sudo_without_a_password_will_do)
{
    install("apt-get", "apt-get");
    install("user", "id");
    install("sudo", "sudo");
    shell_write("bin/true", "#!/bin/sh\n");
    cr_assert_eq(shell("chmod +x $T/bin/true"), 0);
    cr_expect_eq(shell(RUN), 0);
    cr_expect_str_eq(shell_said, "allways: installing libfyaml-dev fiu-utils\n");
    cr_expect_eq(shell("grep '^sudo -n apt-get .*install .* libfyaml-dev fiu-utils$' $T/asked"), 0);
}

Test(deps, who_may_not_install_is_told_what_to_do)
{
    install("apt-get", "apt-get");
    install("user", "id");
    for (int sudo = 0; sudo < 2; sudo++) {
        if (sudo)
            install("no-sudo", "sudo");
        cr_expect_eq(shell(RUN), 1);
        cr_expect_str_eq(shell_said,
                         "allways: these packages are missing, and installing them takes root:\n"
                         "    sudo apt-get install libfyaml-dev fiu-utils\n");
        cr_expect_neq(shell("test -e $T/asked"), 0);
    }
}

Test(deps, without_apt_the_packages_are_named)
{
    install("root", "id");
    cr_expect_eq(shell(RUN), 1);
    cr_expect_str_eq(shell_said, "allways: missing: libfyaml-dev fiu-utils (and there is no "
                                 "apt-get to install them with)\n");
}

/* An old package list on a new machine: apt-get fails, and so does everything after it. */
Test(deps, a_failed_installation_is_a_failure)
{
    shell_write("apt-get", "#!/bin/sh\nexit 100\n");
    install("apt-get", "apt-get");
    cr_assert_eq(shell("chmod +x $T/bin/apt-get"), 0);
    install("root", "id");
    cr_expect_neq(shell(RUN), 0);
}
