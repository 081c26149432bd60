/* SPDX-License-Identifier: MIT */
/*
 * settings.h - what a scenario may choose about the machine and about the search. Plain values;
 * aw_settings_default fills in what a scenario leaves out.
 */
#ifndef AW_MACHINE_SETTINGS_H
#define AW_MACHINE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

enum aw_time_mode {
    AW_TIME_ARBITRARY, /* a time-out may expire whenever the operation is blocked */
    AW_TIME_VIRTUAL,   /* a clock that moves only when nobody can run */
};

/* What memory holds that nobody has written yet: a fresh block of malloc (calloc's is zero), a stack,
 * and the registers with which a thread begins. */
enum aw_init_mode { AW_INIT_ZERO, AW_INIT_PATTERN /* bytes AW_INIT_BYTE */ };
enum { AW_INIT_BYTE = 0xa5 };

/* Bytes that a heap, and a stack, may have: whole pages. */
enum {
    AW_MEMORY_STEP = 4 << 10,
    AW_HEAP_LEAST = 4 << 10,
    AW_HEAP_MOST = 256 << 20,
    AW_STACK_LEAST = 16 << 10,
    AW_STACK_MOST = 8 << 20,
};

struct aw_machine_settings {
    uint32_t pipe_page_size;   /* bytes of a pipe slot, and PIPE_BUF; 4096 */
    uint32_t pipe_slots;       /* 16 */
    uint64_t heap_bytes;       /* of each thread's arena; malloc fails beyond it; 16 MiB */
    uint64_t stack_bytes;      /* of each thread; 256 KiB */
    enum aw_time_mode time;    /* arbitrary */
    uint32_t clock_advances;   /* arbitrary time: how often reading a clock may find it moved; 2 */
    uint32_t run_milliseconds; /* CPU time that program code may take between two visible
                                  operations; 1000 */
    enum aw_init_mode init;    /* zero */
    uint32_t partial_writes; /* budget: how many pipe writes of an execution may be cut short; 0 */
};

struct aw_limits {
    uint64_t states;       /* 0 = none; default 50,000,000 */
    uint64_t memory_bytes; /* 0 = none; default 8 GiB */
    double seconds;        /* 0 = none; default 0 */
};

static inline uint8_t aw_fresh_byte(const struct aw_machine_settings *settings)
{
    return settings->init == AW_INIT_PATTERN ? AW_INIT_BYTE : 0;
}

/* The defaults above. */
void aw_machine_settings_default(struct aw_machine_settings *settings);
void aw_limits_default(struct aw_limits *limits);

#endif
