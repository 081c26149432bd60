/* SPDX-License-Identifier: MIT */
/*
 * Process images: what is saved comes back, equal memory is an equal list, and only what changed is
 * looked at. The test plays the program: it writes to the window, and a handler passes faults on.
 */
#include "machine/image.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define DATA (AW_PROGRAM_BASE + 16 * AW_PAGE)
enum { DATA_PAGES = 3, LOCAL = AW_PAGE, HEAP = 64 * AW_PAGE, STACK = 16 * AW_PAGE };

static struct aw_image image;
static volatile unsigned faults;
static uint8_t fill; /* of stacks */

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)context;
    faults++;
    if (!aw_image_fault(&image, (uint64_t)info->si_addr))
        signal(number, SIG_DFL);
}

static void open_image(void)
{
    struct aw_error error;
    struct sigaction action = {.sa_flags = SA_SIGINFO};
    action.sa_sigaction = on_fault;
    sigaction(SIGSEGV, &action, NULL);
    aw_image_init(&image, LOCAL, HEAP, STACK, fill);
    void *data = mmap((void *)DATA, DATA_PAGES * AW_PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    cr_assert_eq(data, (void *)DATA);
    strcpy((char *)DATA, "initial");
    aw_image_add_data(&image, DATA, DATA + DATA_PAGES * AW_PAGE);
    cr_assert_eq(aw_image_map_slot(&image, 0, &error), 0);
    cr_assert_eq(aw_image_map_slot(&image, 2, &error), 0);
    cr_assert_eq(aw_image_map_slot(&image, 2, &error), 0, "again is no error");
}

static void close_image(void)
{
    aw_image_deinit(&image);
    munmap((void *)DATA, DATA_PAGES * AW_PAGE);
}

TestSuite(image, .init = open_image, .fini = close_image);

struct list {
    struct aw_image_chunk chunks[4096];
    uint32_t count;
};

static void save(struct list *list)
{
    aw_image_save(&image);
    cr_assert(image.current_count <= 4096);
    list->count = image.current_count;
    memcpy(list->chunks, image.current, list->count * sizeof *list->chunks);
    for (uint32_t i = 1; i < list->count; i++)
        cr_assert(list->chunks[i - 1].index < list->chunks[i].index, "sorted");
}

static bool same(const struct list *one, const struct list *other)
{
    return one->count == other->count &&
           memcmp(one->chunks, other->chunks, one->count * sizeof *one->chunks) == 0;
}

static char *at(uint64_t address)
{
    return (char *)address;
}

Test(image, untouched_memory_is_an_empty_list)
{
    struct list list;
    save(&list);
    cr_expect_eq(list.count, 0);
    cr_expect_eq(faults, 0);
}

Test(image, what_is_saved_comes_back)
{
    static struct list one, two, again;
    strcpy(at(DATA + 100), "data one");
    strcpy(at(aw_heap_of(0) + 5000), "heap one");
    strcpy(at(aw_stack_top(2) - 3000), "stack one");
    strcpy(at(aw_local_of(0) + 8), "local one");
    save(&one);
    strcpy(at(DATA + 100), "data two");
    strcpy(at(aw_heap_of(0) + 5000), "heap two");
    strcpy(at(aw_heap_of(2)), "another heap");
    strcpy(at(aw_stack_top(2) - 3000), "stack two");
    strcpy(at(aw_local_of(0) + 8), "local two");
    save(&two);
    cr_expect(!same(&one, &two));

    aw_image_load(&image, one.chunks, one.count);
    cr_expect_str_eq(at(DATA), "initial");
    cr_expect_str_eq(at(DATA + 100), "data one");
    cr_expect_str_eq(at(aw_heap_of(0) + 5000), "heap one");
    cr_expect_str_eq(at(aw_heap_of(2)), "");
    cr_expect_str_eq(at(aw_stack_top(2) - 3000), "stack one");
    cr_expect_str_eq(at(aw_local_of(0) + 8), "local one");
    save(&again);
    cr_expect(same(&one, &again));

    aw_image_load(&image, two.chunks, two.count);
    cr_expect_str_eq(at(aw_heap_of(2)), "another heap");
    save(&again);
    cr_expect(same(&two, &again));

    aw_image_load(&image, NULL, 0);
    cr_expect_str_eq(at(DATA), "initial");
    cr_expect_str_eq(at(DATA + 100), "");
    cr_expect_str_eq(at(aw_heap_of(0) + 5000), "");
}

Test(image, equal_memory_is_an_equal_list_however_it_came_about)
{
    static struct list empty, one, other;
    save(&empty);
    strcpy(at(DATA + 10), "x");
    strcpy(at(aw_heap_of(0) + 10000), "y");
    save(&one);
    memset(at(DATA + 10), 0, 1);
    memset(at(aw_heap_of(0) + 10000), 0, 1);
    save(&other);
    cr_expect(same(&empty, &other), "what is as it was at first is not in the list");
    strcpy(at(aw_heap_of(0) + 10000), "y");
    *at(aw_heap_of(0) + 40000) = 1; /* touches more pages */
    *at(aw_heap_of(0) + 40000) = 0;
    strcpy(at(DATA + 10), "x");
    save(&other);
    cr_expect(same(&one, &other));
    *at(DATA) = 'I';
    save(&other);
    cr_expect(!same(&one, &other));
    *at(DATA) = 'i';
    save(&other);
    cr_expect(same(&one, &other));
}

Test(image, only_changed_chunks_are_entered)
{
    static struct list list;
    memset(at(aw_heap_of(0)), 1, 20 * AW_CHUNK);
    save(&list);
    uint32_t before = image.chunks.count;
    save(&list);
    cr_expect_eq(image.chunks.count, before);
    *at(aw_heap_of(0) + 3 * AW_CHUNK) = 9;
    save(&list);
    cr_expect_eq(image.chunks.count, before + 1);
    *at(aw_heap_of(0) + 3 * AW_CHUNK) = 1;
    save(&list);
    cr_expect_eq(image.chunks.count, before + 1, "known contents");
    *at(aw_heap_of(0) + 4 * AW_CHUNK - 1) = 2;
    *at(aw_heap_of(0) + 4 * AW_CHUNK) = 2;
    save(&list);
    cr_expect_eq(image.chunks.count, before + 3, "both sides of a border");
}

Test(image, the_first_touch_of_a_page_faults_and_no_other)
{
    static struct list list;
    faults = 0;
    *at(DATA + AW_PAGE) = 1;
    cr_expect_eq(faults, 1);
    *at(DATA + AW_PAGE + 1) = 1;
    cr_expect_eq(faults, 1);
    *at(aw_heap_of(0) + 3 * AW_PAGE) = 1; /* makes the pages below usable too */
    cr_expect_eq(faults, 2);
    *at(aw_heap_of(0)) = 1;
    cr_expect_eq(faults, 2);
    *at(aw_stack_top(0) - 3 * AW_PAGE) = 1;
    *at(aw_stack_top(0) - 1) = 1;
    cr_expect_eq(faults, 3);
    save(&list);
    aw_image_load(&image, NULL, 0);
    *at(DATA + AW_PAGE) = 1;
    *at(aw_heap_of(0) + 3 * AW_PAGE) = 1;
    cr_expect_eq(faults, 3, "once in the whole life of the image");
}

Test(image, a_read_of_untouched_memory_sees_zeros)
{
    cr_expect_eq(*at(aw_heap_of(0) + 100), 0);
    cr_expect_eq(*at(aw_stack_top(2) - 100), 0);
}

Test(image, what_is_outside_is_not_the_images)
{
    const uint64_t outside[] = {0,
                                DATA - 1,
                                DATA + DATA_PAGES * AW_PAGE,
                                aw_heap_of(0) + HEAP,
                                aw_heap_of(1),
                                aw_stack_top(0) - STACK - 1,
                                aw_stack_top(1) - 8,
                                aw_local_of(0) + LOCAL,
                                AW_WINDOW_END,
                                UINT64_MAX};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        cr_expect(!aw_image_contains(&image, outside[i], 1), "%zu", i);
        cr_expect(!aw_image_fault(&image, outside[i]), "%zu", i);
    }
    cr_expect(aw_image_contains(&image, DATA, DATA_PAGES * AW_PAGE));
    cr_expect(!aw_image_contains(&image, DATA, DATA_PAGES * AW_PAGE + 1));
    cr_expect(!aw_image_contains(&image, DATA, UINT64_MAX));
    cr_expect(aw_image_contains(&image, aw_stack_top(2) - STACK, STACK));
    cr_expect(aw_image_contains(&image, aw_heap_of(2), HEAP));
    cr_expect(!aw_image_contains(&image, aw_heap_of(2) - 1, 2));
    cr_expect(!aw_image_fault(&image, aw_stack_top(0) - STACK - 8), "the guard page");
}

Test(image, below_the_stack_pointer_everything_is_cleared)
{
    static struct list one, other;
    uint64_t sp = aw_stack_top(0) - 5000;
    memset(at(sp), 7, 100);
    save(&one);
    memset(at(sp - 9000), 8, 9000);
    aw_image_clear_below(&image, 0, sp);
    cr_expect_eq(*at(sp - 1), 0);
    cr_expect_eq(*at(sp - 9000), 0);
    cr_expect_eq(*at(sp), 7);
    save(&other);
    cr_expect(same(&one, &other));
    aw_image_clear_below(&image, 2, aw_stack_top(2)); /* untouched: nothing to do */
}

static void open_filled(void)
{
    fill = 0xa5;
    open_image();
}

Test(filled_image, stacks_that_are_not_written_are_full_of_it_and_take_no_room, .init = open_filled,
     .fini = close_image)
{
    static struct list none, one, other;
    char bytes[2 * AW_CHUNK];
    uint64_t sp = aw_stack_top(0) - 5000;
    save(&none);
    cr_expect_eq(none.count, 0);
    cr_expect_eq(*at(sp - 200), (char)0xa5, "a page that is read first");
    cr_expect_eq(*at(aw_heap_of(0)), 0);
    save(&one);
    cr_expect_eq(one.count, 0);
    memset(at(sp), 7, 100);
    save(&one);
    memset(at(sp - 9000), 0, 9000);
    save(&other);
    cr_expect(!same(&one, &other), "zero is something else");
    aw_image_load(&image, NULL, 0);
    cr_expect_eq(*at(sp), (char)0xa5);
    cr_expect_eq(*at(sp - 9000), (char)0xa5);
    aw_image_load(&image, other.chunks, other.count);
    cr_expect_eq(*at(sp - 9000), 0);
    aw_image_clear_below(&image, 0, sp);
    cr_expect_eq(*at(sp - 1), (char)0xa5);
    save(&other);
    cr_expect(same(&one, &other));
    aw_image_clear_slot(&image, 0);
    save(&other);
    cr_expect_eq(other.count, 0);
    aw_image_peek(&image, one.chunks, one.count, sp - AW_CHUNK, bytes, sizeof bytes);
    cr_expect_eq(bytes[AW_CHUNK - 1], (char)0xa5);
    cr_expect_eq(bytes[AW_CHUNK], 7);
}

Test(image, a_slot_without_thread_is_empty_but_for_its_heap)
{
    static struct list one, other;
    strcpy(at(aw_heap_of(2)), "stays");
    save(&one);
    memset(at(aw_stack_top(2) - 5000), 8, 5000);
    memset(at(aw_local_of(2)), 9, LOCAL);
    aw_image_clear_slot(&image, 2);
    save(&other);
    cr_expect(same(&one, &other));
}

Test(image, peek_reads_an_image_that_is_not_in_place)
{
    static struct list one;
    char bytes[3 * AW_CHUNK];
    memset(at(aw_heap_of(0) + AW_CHUNK - 10), 'h', 20);
    strcpy(at(DATA + 600), "changed");
    save(&one);
    aw_image_load(&image, NULL, 0);
    aw_image_peek(&image, one.chunks, one.count, aw_heap_of(0) + AW_CHUNK - 11, bytes, 22);
    cr_expect_eq(bytes[0], 0);
    cr_expect_eq(bytes[1], 'h');
    cr_expect_eq(bytes[20], 'h');
    cr_expect_eq(bytes[21], 0);
    aw_image_peek(&image, one.chunks, one.count, DATA, bytes, 2 * AW_CHUNK);
    cr_expect_str_eq(bytes, "initial");
    cr_expect_str_eq(bytes + 600, "changed");
    cr_expect_str_eq(at(DATA + 600), "");
}

Test(image, chunks_know_their_slot)
{
    uint32_t stack = (uint32_t)((aw_stack_top(2) - 8 - AW_WINDOW) / AW_CHUNK);
    uint32_t local = (uint32_t)((aw_local_of(2) - AW_WINDOW) / AW_CHUNK);
    uint32_t heap = (uint32_t)((aw_heap_of(2) - AW_WINDOW) / AW_CHUNK);
    cr_expect(aw_image_chunk_is_of(stack, 2) && aw_image_chunk_is_of(local, 2));
    cr_expect(!aw_image_chunk_is_of(stack, 1) && !aw_image_chunk_is_of(local, 3));
    cr_expect(!aw_image_chunk_is_of(heap, 2));
}

/* Random writes into a few processes that take turns, against plain copies of their memory. */
Test(image, random_processes_keep_their_memory)
{
    enum { PROCESSES = 4, AREA = 6 * AW_PAGE, ROUNDS = 400 };
    static uint8_t copies[PROCESSES][AREA];
    static struct list lists[PROCESSES];
    unsigned seed = 12345;
    uint64_t base = aw_heap_of(0);
    for (int round = 0; round < ROUNDS; round++) {
        seed = seed * 1103515245u + 12345u;
        unsigned p = (seed >> 16) % PROCESSES;
        aw_image_load(&image, lists[p].chunks, lists[p].count);
        cr_assert_arr_eq((uint8_t *)base, copies[p], AREA, "round %d", round);
        for (int i = 0; i < 5; i++) {
            seed = seed * 1103515245u + 12345u;
            unsigned place = (seed >> 8) % AREA, length = (seed >> 4) % 30;
            for (unsigned j = place; j < place + length && j < AREA; j++)
                copies[p][j] = ((uint8_t *)base)[j] = (uint8_t)(seed >> 24) % 3;
        }
        save(&lists[p]);
        for (unsigned q = 0; q < PROCESSES; q++)
            cr_assert_eq(same(&lists[p], &lists[q]), memcmp(copies[p], copies[q], AREA) == 0);
    }
}
