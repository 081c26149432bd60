/* SPDX-License-Identifier: MIT */
/*
 * html.c - page.html with its style, its script and the data of the trace in it: one file that
 * loads nothing. The data stands in a script element of type application/json; every "<" in it is
 * written as \u003c, so that no text of a program can end that element.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/error.h"
#include "view/view.h"

extern const char aw_view_page_html[], aw_view_page_css[], aw_view_page_js[]; /* page.S */

static void put_data(const struct aw_trace *trace, const char *path, FILE *out)
{
    json_t *root = aw_view_data(trace, path);
    char *text = json_dumps(root, JSON_COMPACT);
    AW_CHECK(text != NULL);
    for (const char *c = text; *c != '\0'; c++)
        if (*c == '<')
            fputs("\\u003c", out);
        else
            fputc(*c, out);
    free(text);
    json_decref(root);
}

static void put_title(const struct aw_trace *trace, FILE *out)
{
    for (const char *c = trace->scenario; *c != '\0'; c++)
        switch (*c) {
        case '<':
            fputs("&lt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        default:
            fputc(*c, out);
        }
}

int aw_view_html(const struct aw_trace *trace, const char *path, FILE *out)
{
    const char *page = aw_view_page_html;
    for (const char *mark; (mark = strstr(page, "@@")) != NULL;) {
        const char *name = mark + 2, *end = strstr(name, "@@");
        AW_CHECK(end != NULL);
        fwrite(page, 1, (size_t)(mark - page), out);
        if (strncmp(name, "CSS", 3) == 0)
            fputs(aw_view_page_css, out);
        else if (strncmp(name, "JS", 2) == 0)
            fputs(aw_view_page_js, out);
        else if (strncmp(name, "TITLE", 5) == 0)
            put_title(trace, out);
        else
            put_data(trace, path, out);
        page = end + 2;
    }
    fputs(page, out);
    return ferror(out) ? AW_E_IO : 0;
}
