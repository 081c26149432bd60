/* SPDX-License-Identifier: MIT */
#include "machine/settings.h"

void aw_machine_settings_default(struct aw_machine_settings *settings)
{
    *settings = (struct aw_machine_settings){
        .pipe_page_size = 4096,
        .pipe_slots = 16,
        .heap_bytes = 16u << 20,
        .stack_bytes = 256u << 10,
        .time = AW_TIME_ARBITRARY,
        .clock_advances = 2,
        .run_milliseconds = 1000,
    };
}

void aw_limits_default(struct aw_limits *limits)
{
    *limits = (struct aw_limits){
        .states = 50000000,
        .memory_bytes = (uint64_t)8 << 30,
    };
}
