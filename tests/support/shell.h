/* SPDX-License-Identifier: MIT */
/* shell.h - a command of the shell, what it prints, and how it ends; a folder for each test. */
#ifndef AW_TESTS_SHELL_H
#define AW_TESTS_SHELL_H

/* Makes the folder, and sets the environment's T to it, and AW to the executable ($AW_BIN, or
 * build/allways); both are absolute. The working folder stays the repository's. */
void shell_open(void);
void shell_close(void);

/* Runs it by /bin/sh; returns the exit status, or 1000 and more for a signal. What it printed, both
 * outputs together, is in shell_said. */
int shell(const char *command, ...) __attribute__((format(printf, 1, 2)));
extern char shell_said[1 << 18];

/* Does it exist? */
int shell_has(const char *program);

/* A file of the folder. */
void shell_write(const char *name, const char *text);

#endif
