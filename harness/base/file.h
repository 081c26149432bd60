/* SPDX-License-Identifier: MIT */
/*
 * file.h - files that are there whole, or not at all.
 *
 * What is written goes to a temporary file beside the place, which takes its name at the end. A
 * program that is ended half-way leaves what was there before. What exists and is no ordinary file
 * (a terminal, a pipe, /dev/full) is written to as it is.
 */
#ifndef AW_BASE_FILE_H
#define AW_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

struct aw_file {
    FILE *out; /* to write to; errors may be left in it */
    char *path, *beside;
};

/* AW_E_IO: it cannot be written. The file has to be passed to one of the two below. */
int aw_file_create(struct aw_file *file, const char *path, struct aw_error *error);

/* Ends it well; AW_E_IO when any write failed, and then nothing of it is left. */
int aw_file_commit(struct aw_file *file, struct aw_error *error);

/* Ends it as if it had never been begun. */
void aw_file_abandon(struct aw_file *file);

/* The whole file, with a zero byte behind it, to be freed; NULL, and *error is filled in. */
char *aw_file_read(const char *path, size_t *size, struct aw_error *error);

#endif
