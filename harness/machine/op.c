/* SPDX-License-Identifier: MIT */
#include "machine/op.h"

static const struct {
    const char *name;
    enum aw_op_class class;
} table[AW_OP_KINDS] = {
    [AW_OP_NONE] = {"nothing", AW_ON_NOTHING},
#define X(op, text, on) [op] = {text, on},
    AW_OPS(X)
#undef X
};

const char *aw_op_name(enum aw_op_kind kind) { return table[kind].name; }

enum aw_op_class aw_op_class(enum aw_op_kind kind) { return table[kind].class; }
