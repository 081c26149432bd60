/* SPDX-License-Identifier: MIT */
#include "machine/parked.h"

#include "machine/internal.h"

struct aw_parked aw_machine_put_in_place(struct aw_machine *machine, uint32_t local,
                                         unsigned thread)
{
    const struct aw_local *of = aw_local_get(machine, local);
    aw_image_load(&machine->image, aw_local_chunks(of), of->chunk_count);
    /* What aw_cpu_leave pushed: control words, r15 .. r12, rbx, rbp, the return address. */
    const uint64_t *saved = (const uint64_t *)aw_local_threads(of)[thread].sp;
    return (struct aw_parked){.pc = saved[7],
                              .sp = (uint64_t)&saved[8],
                              .bp = saved[6],
                              .bx = saved[5],
                              .r12 = saved[4],
                              .r13 = saved[3],
                              .r14 = saved[2],
                              .r15 = saved[1]};
}
