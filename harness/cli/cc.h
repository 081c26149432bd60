/* SPDX-License-Identifier: MIT */
/*
 * cc.h - `allways cc FILE.c... [-o PROGRAM.so] [flags of gcc]`: compiles a program for the machine.
 *
 * A thin layer over gcc: it compiles and links, with the flags below first and the caller's after
 * them, so that -O2, -D, -I, -l and object files work as usual; with -c it only compiles, so that
 * `make CC="allways cc"` builds a project. The compiler is that of the environment variable CC
 * (words split at spaces) unless that is `allways` itself, else gcc. -pie, -fPIE and their like,
 * -fvisibility, -s, -g0 and -D_FORTIFY_SOURCE are not passed on.
 *
 * What the flags are for:
 *
 *  -shared -fPIC              the machine loads it at an address of its choice
 *  -O1                        dead variables are gone from memory, the code still follows the
 *                             source
 *  -ftrivial-auto-var-init=zero, -fno-stack-protector
 *                             padding and canaries would tell equal states apart
 *  -fno-omit-frame-pointer    rbp is a place on the stack, and never the left-over of a
 *                             computation, which would tell equal states apart; stacks can be
 *                             walked
 *  -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=0
 *                             write() instead of __write_chk(): one function less to model
 *  -fcf-protection=none       the machine has no shadow stack; shorter code
 *  -mtls-dialect=gnu          thread-local storage by __tls_get_addr, which the machine answers
 *  -ffile-prefix-map=HERE=.   the same sources give the same program in every folder
 *  -pthread                   as for any program with threads
 *  -z now, -z relro           addresses of imports stay out of the image
 *
 * Left out on purpose: -fno-plt (without a jump slot, the linker leaves open whether an undefined
 * symbol is a function or data), and -z noexecstack (a nested function whose address is taken would
 * crash, where without the flag the loader refuses the program and says why).
 */
#ifndef AW_CLI_CC_H
#define AW_CLI_CC_H

#include "base/error.h"

/* Compiles; when the compiler fails, what was made before is removed, so that it is not taken for
 * the new one. Without -o a program is called after its first source, FILE.so. `argv` holds the
 * `argc` arguments after the word `cc` (no final NULL needed); `include_dir` is where
 * allways/probe.h is found, or NULL. Returns the compiler's exit status (0 or more; it has said
 * itself what was wrong), or a negative code for what it was not asked. */
int aw_cc(int argc, char **argv, const char *include_dir, struct aw_error *error);

#endif
