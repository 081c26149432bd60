/* SPDX-License-Identifier: MIT */
/* dot.c - an automaton in Graphviz's language: a cluster for each thread. */
#include <string.h>

#include "base/error.h"
#include "view/automaton.h"

static void put(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text == '\n' ? ' ' : *text, out);
    }
}

/* "/mpqueue.rlock.0" -> "rlock": what a person calls it. */
static void put_object(FILE *out, const char *name)
{
    char text[128];
    snprintf(text, sizeof text, "%s", name);
    for (char *dot; (dot = strrchr(text, '.')) != NULL;) {
        if (strspn(dot + 1, "0123456789") < strlen(dot + 1)) {
            put(out, dot + 1);
            return;
        }
        *dot = '\0';
    }
    put(out, text[0] == '/' ? text + 1 : text);
}

static void put_node(FILE *out, const struct aw_automaton *automaton, uint32_t index)
{
    const struct aw_automaton_node *node = &automaton->nodes[index];
    const char *slash = strrchr(node->file, '/');
    fprintf(out, "    n%u [", index);
    if (node->kind == AW_AUTOMATON_END) {
        fputs("shape=doublecircle, label=\"\", width=0.2, tooltip=\"end\"];\n", out);
        return;
    }
    if (node->entry)
        fputs("shape=box, style=\"rounded,filled,bold\", fillcolor=\"#e9f1f7\", ", out);
    fputs("label=\"", out);
    put(out, strncmp(node->operation, "pthread_", 8) == 0 ? node->operation + 8 : node->operation);
    if (node->object[0] != '\0')
        fputc(' ', out);
    put_object(out, node->object);
    if (node->file[0] != '\0') {
        fputs("\\n", out);
        put(out, node->function);
        fputs(" ", out);
        put(out, slash ? slash + 1 : node->file);
        fprintf(out, ":%d", node->line);
    }
    fputs("\"];\n", out);
}

int aw_view_dot(const struct aw_automaton *automaton, const char *title, FILE *out)
{
    fputs("digraph automaton {\n  label=\"", out);
    put(out, title);
    if (!automaton->complete) {
        fputs("\\nnot complete: ", out);
        put(out, automaton->stopped);
    }
    fputs("\";\n  labelloc=t; fontname=\"sans-serif\"; rankdir=TB; nodesep=0.35;\n"
          "  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=11, "
          "color=\"#646a73\"];\n"
          "  edge [fontname=\"sans-serif\", fontsize=10, color=\"#646a73\", "
          "fontcolor=\"#2f6f9f\"];\n",
          out);
    for (uint32_t i = 0; i < automaton->node_count; i++) {
        const char *thread = automaton->nodes[i].thread;
        bool first = true;
        for (uint32_t k = 0; k < i; k++)
            first &= strcmp(automaton->nodes[k].thread, thread) != 0;
        if (!first)
            continue;
        fprintf(out, "  subgraph cluster_%u {\n    label=\"", i);
        put(out, thread);
        fputs("\"; color=\"#d0d0cc\"; style=rounded;\n", out);
        for (uint32_t k = i; k < automaton->node_count; k++)
            if (strcmp(automaton->nodes[k].thread, thread) == 0)
                put_node(out, automaton, k);
        fputs("  }\n", out);
    }
    for (uint32_t i = 0; i < automaton->edge_count; i++) {
        const struct aw_automaton_edge *edge = &automaton->edges[i];
        fprintf(out, "  n%u -> n%u [label=\"", edge->from, edge->to);
        put(out, edge->answer);
        fprintf(out, "\"%s];\n",
                edge->fault ? ", style=dashed, color=\"#b3372f\", fontcolor=\"#b3372f\"" : "");
    }
    fputs("}\n", out);
    return ferror(out) ? AW_E_IO : 0;
}
