/* SPDX-License-Identifier: MIT */
/*
 * machine.c - life cycle of a machine, and looking into states.
 */
#define _GNU_SOURCE
#include "machine/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "adapter.h"
#include "machine/cpu.h"
#include "machine/internal.h"
#include "machine/touch.h"

static struct aw_machine *only; /* the window is at a fixed address: one machine at a time */

static uint64_t whole_pages(uint64_t bytes)
{
    return (bytes + AW_PAGE - 1) & ~(uint64_t)(AW_PAGE - 1);
}

/* Lays out argv, envp and their strings at AW_ARGS_BASE, as a data segment of the image: programs
 * may change them. Fills in the arguments of the runtime's __aw_start but `main` and `init`. */
static int place_arguments(struct aw_machine *machine, char *const *argv, char *const *env,
                           uint64_t start[6], struct aw_error *error)
{
    size_t count = 0, variables = 0, bytes = 0;
    while (argv[count] != NULL)
        bytes += strlen(argv[count++]) + 1;
    while (env[variables] != NULL)
        bytes += strlen(env[variables++]) + 1;
    uint64_t pointers = (count + variables + 2) * sizeof(uint64_t);
    uint64_t size = whole_pages(pointers + bytes);
    if (size > AW_ARGS_BYTES)
        return aw_fail(error, AW_E_LIMIT, "arguments and environment take more than %llu KiB",
                       (unsigned long long)(AW_ARGS_BYTES >> 10));
    uint64_t *place = mmap((void *)AW_ARGS_BASE, size, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (place != (void *)AW_ARGS_BASE)
        return aw_fail(error, AW_E_SYSTEM, "no address space for the arguments");
    machine->args_bytes = size;
    char *text = (char *)place + pointers;
    start[1] = count;
    start[2] = (uint64_t)place;
    for (size_t i = 0; i < count; i++) {
        *place++ = (uint64_t)text;
        text = stpcpy(text, argv[i]) + 1;
    }
    *place++ = 0;
    start[3] = (uint64_t)place;
    for (size_t i = 0; i < variables; i++) {
        *place++ = (uint64_t)text;
        text = stpcpy(text, env[i]) + 1;
    }
    *place = 0;
    aw_image_add_data(&machine->image, AW_ARGS_BASE, AW_ARGS_BASE + size);
    return 0;
}

static void init_tables(struct aw_machine *machine)
{
    struct aw_intern *interns[] = {&machine->locals, &machine->objects, &machine->layouts,
                                   &machine->worlds, &machine->answers, &machine->payloads,
                                   &machine->events, &machine->op_keys};
    for (size_t i = 0; i < sizeof interns / sizeof *interns; i++)
        aw_intern_init(interns[i]);
    aw_map_init(&machine->edge_map);
    machine->pid_ordinals = 2;
    aw_map_init(&machine->move_map);
    aw_map_init(&machine->layout_map);
    aw_map_init(&machine->reference_map);
    struct aw_answer zero = {.action = AW_ACT_ANSWER, .output = AW_INTERN_NONE};
    machine->answer_zero = aw_answer_put(machine, &zero);
    struct aw_answer expiry = {.action = AW_ACT_EXPIRE, .output = AW_INTERN_NONE};
    machine->answer_expiry = aw_answer_put(machine, &expiry);
    for (uint32_t choice = 0; choice < 64; choice++) {
        struct aw_answer answer = {
            .action = AW_ACT_CHOICE, .detail = choice, .output = AW_INTERN_NONE};
        machine->answer_choice[choice] = aw_answer_put(machine, &answer);
    }
}

static void make_first_state(struct aw_machine *machine)
{
    struct aw_layout layout = {.process_count = 1};
    layout.processes[0] = (struct aw_layout_process){AW_ROOT_PID, AW_INIT_PID};
    struct aw_world world;
    memset(&world, 0, sizeof world);
    struct aw_state *first = &machine->first;
    first->count = AW_WORD_FIRST + 1;
    first->words[AW_WORD_LAYOUT] = aw_layout_put(machine, &layout);
    first->words[AW_WORD_WORLD] = aw_world_put(machine, &world);
    first->words[AW_WORD_MONITOR] = 0;
    first->words[AW_WORD_FIRST] = machine->first_local;
}

static int make_root(struct aw_machine *machine, const uint64_t start[6], uint64_t init,
                     struct aw_error *error)
{
    memset(&machine->work, 0, sizeof machine->work);
    for (int fd = 0; fd < 3; fd++)
        aw_process_add_fd(&machine->work, 0, (struct aw_fd){.kind = AW_FD_CONSOLE});
    machine->run_slot = 0;
    uint64_t end, function = aw_module_symbol(machine->runtime, "__aw_start");
    if (function == 0)
        return aw_fail(error, AW_E_PROGRAM, "%s: no __aw_start: this is not the runtime",
                       machine->runtime->path);
    AW_CHECK(aw_module_variable(machine->runtime, "dispositions", &machine->dispositions, &end));
    uint64_t args[6];
    memcpy(args, start, sizeof args);
    args[4] = init;
    int status = aw_thread_start(machine, 0, function, args, error);
    if (status != 0)
        return status;
    machine->first_local = aw_edge_save_local(machine);
    return 0;
}

int aw_machine_create(const char *program, const char *runtime, char *const *argv, char *const *env,
                      const struct aw_machine_settings *settings, struct aw_machine **result,
                      struct aw_error *error)
{
    *result = NULL;
    if (only != NULL)
        return aw_fail(error, AW_E_USAGE, "one machine at a time: destroy the other one first");
    int status = aw_run_host_init(error);
    if (status != 0)
        return status;
    struct aw_machine *machine = aw_allocate(1, sizeof *machine);
    machine->settings = *settings;
    _Static_assert(AW_HEAP_MOST <= AW_HEAP_STRIDE && AW_STACK_MOST <= AW_STACK_STRIDE / 2,
                   "they fit the window");
    machine->settings.heap_bytes = whole_pages(settings->heap_bytes);
    machine->settings.stack_bytes = whole_pages(settings->stack_bytes);
    machine->learning = true;
    machine->symmetry = true;
    init_tables(machine);
    aw_reuse_init(machine);
    aw_access_init(machine);
    aw_bind_init(machine);
    only = machine;
    uint64_t start[6] = {0};

    status = aw_module_load(runtime, AW_RUNTIME_BASE, AW_TLS_RUNTIME, aw_bind_import, machine,
                            &machine->runtime, error);
    if (status != 0)
        goto fail;
    status = aw_module_load(program, AW_PROGRAM_BASE, AW_TLS_PROGRAM, aw_bind_import, machine,
                            &machine->program, error);
    if (status != 0)
        goto fail;
    aw_bind_seal(machine);
    status = aw_sites_add(machine, machine->program, error);
    if (status != 0)
        goto fail;
    aw_live_open(machine);
    const struct aw_module *module = machine->program;
    start[0] = aw_module_symbol(module, "main");
    if (start[0] == 0) {
        status = aw_fail(error, AW_E_PROGRAM, "%s: it has no function main", program);
        goto fail;
    }
    uint64_t tls = module->tls_size + module->tls_align;
    if (AW_TLS_OFFSET + tls > AW_LOCAL_STRIDE || machine->runtime->tls_size > 0 ||
        module->tls_align > AW_TLS_OFFSET) {
        status = aw_fail(error, AW_E_PROGRAM,
                         "%s: thread-local storage of %llu bytes (alignment "
                         "%llu): at most %llu (64) are served",
                         program, (unsigned long long)module->tls_size,
                         (unsigned long long)module->tls_align,
                         (unsigned long long)(AW_LOCAL_STRIDE - AW_TLS_OFFSET));
        goto fail;
    }
    if (settings->heap_bytes < AW_HEAP_LEAST || settings->heap_bytes > AW_HEAP_MOST ||
        settings->stack_bytes < AW_STACK_LEAST || settings->stack_bytes > AW_STACK_MOST) {
        status = aw_fail(
            error, AW_E_USAGE, "a heap may have %d KiB to %d MiB, a stack %d KiB to %d MiB",
            AW_HEAP_LEAST >> 10, AW_HEAP_MOST >> 20, AW_STACK_LEAST >> 10, AW_STACK_MOST >> 20);
        goto fail;
    }
    aw_image_init(&machine->image, whole_pages(AW_TLS_OFFSET + tls), machine->settings.heap_bytes,
                  machine->settings.stack_bytes, aw_fresh_byte(&machine->settings));
    machine->image_ready = true;
    aw_image_add_data(&machine->image, module->data_start, module->data_end);
    aw_image_add_data(&machine->image, machine->runtime->data_start, machine->runtime->data_end);
    aw_run_start(machine);
    machine->started = true;
    status = place_arguments(machine, argv, env, start, error);
    if (status != 0)
        goto fail;
    start[5] = module->init_count;
    status = make_root(machine, start, module->init_array, error);
    if (status != 0)
        goto fail;
    make_first_state(machine);
    if (settings->partial_writes > 0) {
        struct aw_fault_plan plan = {.count = 1, .budget = settings->partial_writes};
        plan.faults[0] = (struct aw_fault){.kind = AW_FAULT_PARTIAL,
                                           .point = "posix/io/rw/write/reduce",
                                           .lengths = AW_LENGTHS_EVERY,
                                           .budget = settings->partial_writes};
        status = aw_machine_set_faults(machine, &plan, error);
        if (status != 0)
            goto fail;
    }
    machine->digest = module->digest ^ (machine->runtime->digest << 1 | 1);
    *result = machine;
    return 0;

fail:
    aw_machine_destroy(machine);
    return status;
}

void aw_machine_trust_accesses(struct aw_machine *machine)
{
    aw_sites_clear(machine);
}

int aw_machine_watch_runtime(struct aw_machine *machine, struct aw_error *error)
{
    return aw_sites_add(machine, machine->runtime, error);
}

void aw_machine_destroy(struct aw_machine *machine)
{
    if (machine == NULL)
        return;
    if (machine->started)
        aw_run_stop(machine);
    if (machine->image_ready)
        aw_image_deinit(&machine->image);
    if (machine->args_bytes > 0)
        munmap((void *)AW_ARGS_BASE, machine->args_bytes);
    aw_sites_deinit(machine);
    if (machine->program != NULL)
        aw_module_unload(machine->program);
    if (machine->runtime != NULL)
        aw_module_unload(machine->runtime);
    aw_bind_deinit(machine);
    aw_reuse_deinit(machine);
    aw_access_deinit(machine);
    aw_touch_deinit();
    aw_live_close();
    free(machine->freed);
    free(machine->filled);
    if (machine->plan.count > 0)
        aw_fault_adapter_close(&machine->plan);
    for (uint32_t i = 0; i < machine->locals.count && i < machine->info_capacity; i++)
        free(machine->infos[i].threads);
    free(machine->infos);
    struct aw_intern *interns[] = {&machine->locals, &machine->objects, &machine->layouts,
                                   &machine->worlds, &machine->answers, &machine->payloads,
                                   &machine->events, &machine->op_keys};
    for (size_t i = 0; i < sizeof interns / sizeof *interns; i++)
        aw_intern_deinit(interns[i]);
    aw_map_deinit(&machine->edge_map);
    aw_map_deinit(&machine->move_map);
    aw_map_deinit(&machine->layout_map);
    aw_map_deinit(&machine->reference_map);
    free(machine->handles);
    free(machine->edges);
    free(machine->edge_keys);
    free(machine->moves);
    free(machine->event_buffer);
    free(machine->pack_buffer);
    free(machine->scratch);
    free(machine);
    only = NULL;
}

void aw_machine_initial(struct aw_machine *machine, struct aw_state *state)
{
    *state = machine->first;
}

const struct aw_local *aw_machine_local(const struct aw_machine *machine, uint32_t local)
{
    return aw_local_get(machine, local);
}

uint32_t aw_machine_thread_count(const struct aw_machine *machine, uint32_t local)
{
    return machine->infos[local].thread_count;
}

const struct aw_edge *aw_machine_edge(const struct aw_machine *machine, uint32_t edge)
{
    return &machine->edges[edge];
}

const struct aw_event *aw_machine_events(const struct aw_machine *machine, uint32_t events,
                                         uint32_t *count)
{
    if (events == AW_INTERN_NONE) {
        *count = 0;
        return NULL;
    }
    *count = aw_intern_size(&machine->events, events) / (uint32_t)sizeof(struct aw_event);
    return aw_intern_get(&machine->events, events);
}

const struct aw_answer *aw_machine_answer(const struct aw_machine *machine, uint32_t answer)
{
    return aw_intern_get(&machine->answers, answer);
}

const void *aw_machine_payload(const struct aw_machine *machine, uint32_t payload, uint32_t *size)
{
    *size = aw_intern_size(&machine->payloads, payload);
    return aw_intern_get(&machine->payloads, payload);
}

const void *aw_machine_object(const struct aw_machine *machine, uint32_t object, uint32_t *size)
{
    *size = aw_intern_size(&machine->objects, object);
    return aw_intern_get(&machine->objects, object);
}

struct aw_handle aw_machine_handle(const struct aw_machine *machine, uint32_t handle)
{
    return machine->handles[handle];
}

uint32_t aw_machine_op_handle(const struct aw_machine *machine, uint32_t local, unsigned thread,
                              bool *write_end)
{
    const struct aw_thread_info *info = &machine->infos[local].threads[thread];
    *write_end = info->write_end;
    return info->kind == AW_OP_NONE ? AW_INTERN_NONE : info->handle;
}

void aw_machine_set_learning(struct aw_machine *machine, bool on)
{
    machine->learning = on;
}

bool aw_machine_learns(const struct aw_machine *machine)
{
    return machine->learning;
}

void aw_machine_set_symmetry(struct aw_machine *machine, bool on)
{
    machine->symmetry = on;
}

void aw_machine_set_exact_pipes(struct aw_machine *machine, bool on)
{
    machine->exact_pipes = on;
}

void aw_machine_counts(const struct aw_machine *machine, struct aw_machine_counts *counts)
{
    counts->code_runs = machine->code_runs;
    counts->edges = machine->edge_count > 0 ? machine->edge_count - 1 : 0;
    counts->local_states = machine->locals.count;
    const struct aw_intern *interns[] = {
        &machine->locals, &machine->objects, &machine->layouts,
        &machine->worlds, &machine->answers, &machine->payloads,
        &machine->events, &machine->op_keys, &machine->image.chunks};
    counts->bytes =
        aw_reuse_bytes(machine) +
        machine->edge_capacity * (sizeof *machine->edges + 2 * sizeof(uint64_t)) +
        machine->info_capacity * sizeof *machine->infos + machine->info_bytes +
        (machine->edge_map.mask + machine->move_map.mask + 2ul) * sizeof(struct aw_map_slot);
    for (size_t i = 0; i < sizeof interns / sizeof *interns; i++)
        counts->bytes += interns[i]->allocated;
}

void aw_machine_set_joined_pipes(struct aw_machine *machine, uint64_t handles)
{
    machine->joined_pipes = handles;
}

bool aw_machine_threads_seen(const struct aw_machine *machine)
{
    return machine->threads_seen;
}

bool aw_machine_killed_another(const struct aw_machine *machine)
{
    return machine->killed_another;
}

bool aw_machine_forked_beside(const struct aw_machine *machine)
{
    return machine->forked_beside;
}

bool aw_machine_unlocked_unheld(struct aw_machine *machine, char *place, size_t size)
{
    const char *function, *file;
    int line;
    if (machine->unheld_pc != 0 &&
        aw_machine_place(machine, machine->unheld_pc, &function, &file, &line))
        snprintf(place, size, " (%s:%d)", file, line);
    else
        snprintf(place, size, "%s", "");
    return machine->unlocked_unheld;
}

bool aw_machine_clock_was_read(const struct aw_machine *machine)
{
    return machine->clock_was_read;
}

const struct aw_machine_settings *aw_machine_get_settings(const struct aw_machine *machine)
{
    return &machine->settings;
}

bool aw_machine_place(struct aw_machine *machine, uint64_t pc, const char **function,
                      const char **file, int *line)
{
    int column;
    *function = NULL;
    *file = NULL;
    *line = 0;
    if (pc == 0)
        return false;
    uint64_t address = pc - 1; /* inside the call that returns to pc */
    struct aw_module *module =
        address >= machine->program->start && address < machine->program->end   ? machine->program
        : address >= machine->runtime->start && address < machine->runtime->end ? machine->runtime
                                                                                : NULL;
    if (module == NULL)
        return false;
    *function = aw_module_function_at(module, address);
    return aw_module_line_at(module, address, file, line, &column);
}

uint64_t aw_machine_digest(const struct aw_machine *machine)
{
    return machine->digest;
}

void aw_machine_plant_hash_bits(struct aw_machine *machine, unsigned bits)
{
    machine->locals.plant_hash_bits = bits;
}
