/* SPDX-License-Identifier: MIT */
/*
 * outputs.c - `--format NAME[=FILE]`: which reports are written, and where to.
 *
 * Without "=FILE" it is stdout, for one format only; when nothing else is to go there, it is the
 * text for people. Files are begun before anything runs, so that a wrong path is told at once, and
 * take their names when they are complete (base/file.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

bool aw_outputs_take(struct aw_outputs *outputs, const char *command, const char *argument)
{
    char name[32];
    const char *names[16];
    int count = 0;
    const char *equals = strchr(argument, '=');
    snprintf(name, sizeof name, "%.*s",
             equals != NULL ? (int)(equals - argument) : (int)strlen(argument), argument);
    const struct aw_reporter *reporter = aw_reporter_find(name);
    for (; aw_reporters[count] != NULL; count++)
        names[count] = aw_reporters[count]->name;
    names[count] = NULL;
    if (reporter == NULL) {
        const char *near = aw_nearest(name, names);
        char all[160];
        int length = 0;
        for (int i = 0; i < count && length < (int)sizeof all; i++)
            length += snprintf(all + length, sizeof all - (size_t)length, "%s%s",
                               i == 0           ? ""
                               : i == count - 1 ? " or "
                                                : ", ",
                               names[i]);
        aw_complain(command, "--format: expected %s, found \"%s\"%s%s%s", all, name,
                    near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : "");
        return false;
    }
    if (equals != NULL && equals[1] == '\0') {
        aw_complain(command, "--format: %s= needs the name of a file", name);
        return false;
    }
    for (int i = 0; i < outputs->count && equals == NULL; i++)
        if (outputs->list[i].path == NULL) {
            aw_complain(command,
                        "--format: %s and %s cannot both go to stdout; %s=FILE writes a file",
                        outputs->list[i].reporter->name, name, name);
            return false;
        }
    if (outputs->count == AW_MOST_OUTPUTS) {
        aw_complain(command, "--format: at most %d at once", AW_MOST_OUTPUTS);
        return false;
    }
    outputs->list[outputs->count++] =
        (struct aw_output){.reporter = reporter, .path = equals != NULL ? equals + 1 : NULL};
    return true;
}

bool aw_outputs_open(struct aw_outputs *outputs, const char *command, const struct aw_reporter *tty)
{
    bool on_stdout = false;
    struct aw_error error;
    for (int i = 0; i < outputs->count; i++) {
        struct aw_output *output = &outputs->list[i];
        on_stdout |= output->path == NULL;
        if (output->path != NULL && aw_file_create(&output->file, output->path, &error) != 0) {
            aw_complain_error(command, &error);
            while (i-- > 0)
                if (outputs->list[i].path != NULL)
                    aw_file_abandon(&outputs->list[i].file);
            return false;
        }
    }
    if (!on_stdout) /* there is room for it: one more than can be asked for */
        outputs->list[outputs->count++] = (struct aw_output){.reporter = &aw_tty_reporter};
    for (int i = 0; i < outputs->count; i++) {
        struct aw_output *output = &outputs->list[i];
        if (output->path == NULL)
            output->file.out = stdout;
        if (output->reporter == &aw_tty_reporter && tty != NULL)
            output->reporter = tty;
    }
    return true;
}

void aw_outputs_begin(struct aw_outputs *outputs, int width)
{
    for (int i = 0; i < outputs->count; i++)
        if (outputs->list[i].reporter->begin != NULL)
            outputs->list[i].reporter->begin(outputs->list[i].file.out, width);
}

void aw_outputs_row(struct aw_outputs *outputs, int width, const struct aw_report_case *one)
{
    for (int i = 0; i < outputs->count; i++)
        if (outputs->list[i].reporter->row != NULL)
            outputs->list[i].reporter->row(outputs->list[i].file.out, width, one);
}

void aw_outputs_end(struct aw_outputs *outputs, const char *command, struct aw_report *report)
{
    struct aw_error error;
    for (int i = 0; i < outputs->count; i++) {
        struct aw_output *output = &outputs->list[i];
        errno = 0;
        output->reporter->end(output->file.out, report);
        if (output->path != NULL) {
            if (aw_file_commit(&output->file, &error) != 0) {
                aw_complain_error(command, &error);
                report->errors++;
            }
        } else if (fflush(stdout) != 0 || ferror(stdout)) {
            aw_complain(command, "stdout: cannot be written: %s",
                        errno != 0 ? strerror(errno) : "an earlier write failed");
            report->errors++;
        }
    }
}
