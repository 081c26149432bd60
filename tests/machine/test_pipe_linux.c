/* SPDX-License-Identifier: MIT */
/*
 * Slots mode against the pipe of the kernel that runs the tests.
 *
 * A `twin` is a real pipe and a value of ours, driven through the same operations; after each of
 * them the answers, what poll(2) says at both ends, the unread bytes and the capacity must agree.
 * Two kinds of sequences:
 *
 *   awake   One thread. Where a blocking write would sleep, O_NONBLOCK is set first.
 *   asleep  A helper thread sleeps in a blocking write() while the main thread reads, writes
 *           through a second, non-blocking description of the pipe, resizes, and closes. The main
 *           thread goes on only when /proc says that the helper sleeps in write(2) or when it has
 *           returned. Each step has one outcome only: read(2) and a write that does not sleep hold
 *           the pipe's lock, and a helper that is asleep has left no free slot to race for.
 *
 * That the comparison can fail is shown with wrong rules put in the place of the right ones.
 */
#define _GNU_SOURCE
#include "pipe_box.h"

#include "machine/faults.h"
#include "machine/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BUFFER_SIZE = 1 << 18, DIFFERENCE_SIZE = 256 };

struct rules {
    struct aw_pipe_result (*write)(struct aw_pipe **pipe, const uint8_t *bytes, uint32_t length,
                                   bool nonblocking, bool resumed);
    struct aw_pipe_result (*read)(struct aw_pipe **pipe, uint8_t *bytes, uint32_t length);
};

static const struct rules right = {put, take};

struct twin {
    const struct rules *rules;
    struct aw_pipe *model;
    int read_fd, write_fd; /* -1 once closed */
    uint64_t written;      /* position in the stream of the next byte to write */
    uint64_t operations;
    char difference[DIFFERENCE_SIZE]; /* the first one found; "" while there is none */
};

static uint8_t to_write[BUFFER_SIZE], from_real[BUFFER_SIZE], from_model[BUFFER_SIZE];

#define DIFFER(twin, ...)                                                                          \
    ((twin)->difference[0] != '\0'                                                                 \
         ? 0                                                                                       \
         : snprintf((twin)->difference, sizeof(twin)->difference, __VA_ARGS__))

static bool twin_init(struct twin *twin, const struct rules *rules)
{
    int fds[2];

    *twin = (struct twin){.rules = rules, .model = new_pipe(linux_limits, SLOTS)};
    signal(SIGPIPE, SIG_IGN);
    cr_assert_eq(pipe2(fds, 0), 0);
    twin->read_fd = fds[0];
    twin->write_fd = fds[1];
    /* A user with very many pipes gets smaller ones, and other machines have other pages. */
    return fcntl(fds[0], F_GETPIPE_SZ) == 65536 && sysconf(_SC_PAGESIZE) == 4096;
}

static void close_once(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void twin_deinit(struct twin *twin)
{
    close_once(&twin->read_fd);
    close_once(&twin->write_fd);
    free(twin->model);
}

static int real_poll(int fd, bool read_end)
{
    struct pollfd entry = {.fd = fd, .events = read_end ? POLLIN : POLLOUT};
    int events = 0;

    cr_assert_geq(poll(&entry, 1, 0), 0);
    events |= entry.revents & POLLIN ? AW_PIPE_POLLIN : 0;
    events |= entry.revents & POLLOUT ? AW_PIPE_POLLOUT : 0;
    events |= entry.revents & POLLERR ? AW_PIPE_POLLERR : 0;
    events |= entry.revents & POLLHUP ? AW_PIPE_POLLHUP : 0;
    return events;
}

/* What can be seen of the pipe without changing it. */
static void compare_outside(struct twin *twin)
{
    for (int read_end = 0; read_end <= 1; read_end++) {
        int fd = read_end ? twin->read_fd : twin->write_fd, real, model, unread = 0;

        if (fd < 0)
            continue;
        real = real_poll(fd, read_end);
        model = aw_pipe_poll(twin->model, read_end);
        if (real != model)
            DIFFER(twin, "poll of the %s end: %d, model %d", read_end ? "read" : "write", real,
                   model);
        ioctl(fd, FIONREAD, &unread);
        if ((uint32_t)unread != twin->model->byte_count)
            DIFFER(twin, "%d bytes unread, model %u", unread, twin->model->byte_count);
        if (fcntl(fd, F_GETPIPE_SZ) != (int)twin->model->limits.slot_count * 4096)
            DIFFER(twin, "capacity %d, model %u pages", fcntl(fd, F_GETPIPE_SZ),
                   twin->model->limits.slot_count);
    }
}

/* `returned` and `errnum` as of read(2) or write(2). */
static void compare_answer(struct twin *twin, const char *what, uint32_t asked, ssize_t returned,
                           int errnum, struct aw_pipe_result result)
{
    bool same;

    if (result.status == AW_PIPE_DONE)
        same = returned == (ssize_t)result.transferred;
    else if (result.status == AW_PIPE_BLOCKS)
        same = returned < 0 && errnum == EAGAIN;
    else
        same = result.status == AW_PIPE_BROKEN && returned < 0 && errnum == EPIPE;
    if (!same)
        DIFFER(twin, "%s of %u: %zd (%s), model status %d, %u bytes", what, asked, returned,
               returned < 0 ? strerror(errnum) : "", result.status, result.transferred);
}

static void set_nonblocking(struct twin *twin, bool read_end, bool on)
{
    int fd = read_end ? twin->read_fd : twin->write_fd;

    cr_assert_eq(fcntl(fd, F_SETFL, on ? O_NONBLOCK : 0), 0);
    if (read_end)
        twin->model->read_nonblocking = on;
    else
        twin->model->write_nonblocking = on;
}

static void write_both(struct twin *twin, int fd, uint32_t length, bool nonblocking)
{
    struct aw_pipe_result result;
    ssize_t returned;

    fill_stream(to_write, twin->written, length);
    result = twin->rules->write(&twin->model, to_write, length, nonblocking, false);
    returned = write(fd, to_write, length);
    compare_answer(twin, "write", length, returned, errno, result);
    twin->written += result.transferred;
}

static void read_both(struct twin *twin, uint32_t length)
{
    struct aw_pipe_result result = twin->rules->read(&twin->model, from_model, length);
    ssize_t returned;

    if (result.status == AW_PIPE_BLOCKS)
        set_nonblocking(twin, true, true);
    returned = read(twin->read_fd, from_real, length);
    compare_answer(twin, "read", length, returned, errno, result);
    if (returned > 0 && memcmp(from_real, from_model, (size_t)returned) != 0)
        DIFFER(twin, "read of %u: other bytes", length);
}

static void resize_both(struct twin *twin, int capacity)
{
    int fd = twin->read_fd >= 0 ? twin->read_fd : twin->write_fd;
    int errnum = 0, real = fcntl(fd, F_SETPIPE_SZ, capacity), real_errnum = errno;
    int64_t model = resize(&twin->model, capacity, &errnum);

    if (real != model || (real < 0 && real_errnum != errnum))
        DIFFER(twin, "resize to %d: %d (errno %d), model %ld (errno %d)", capacity, real,
               real_errnum, (long)model, errnum);
}

static uint32_t random_size(uint64_t *seed)
{
    static const uint32_t sizes[] = {0,    1,    2,    100,   2048,  4000,  4094,  4095, 4096,
                                     4097, 8191, 8192, 12289, 65535, 65536, 65537, 70000};
    uint32_t size;

    switch (random_below(seed, 4)) {
    case 0:
        size = sizes[random_below(seed, sizeof sizes / sizeof *sizes)];
        break;
    case 1:
        size = random_below(seed, 200000);
        break;
    case 2:
        size = random_below(seed, 20000);
        break;
    default:
        size = random_below(seed, 4100);
        break;
    }
    return size;
}

/* ---- awake ----------------------------------------------------------------------------------- */

/* Would the write, by the model, sleep? Then it is made a non-blocking one. */
static void write_awake(struct twin *twin, uint32_t length)
{
    struct aw_pipe *copy = copy_pipe(twin->model);
    enum aw_pipe_status status;

    fill_stream(to_write, twin->written, length);
    status = put(&copy, to_write, length, false, false).status;
    free(copy);
    if (status == AW_PIPE_BLOCKS || status == AW_PIPE_PROGRESS)
        set_nonblocking(twin, false, true);
    write_both(twin, twin->write_fd, length, twin->model->write_nonblocking);
}

static void step_awake(struct twin *twin, uint64_t *seed)
{
    static const int capacities[] = {0,      1,      4096,    5000,        8192,    16384, 32768,
                                     65536,  65537,  131072,  1 << 20,     1 << 17, -1,    1 << 21,
                                     196608, 262144, -100000, 1000 * 1000, 49152,   20000};
    uint32_t kind = random_below(seed, 1000);

    if (kind < 450) {
        if (twin->write_fd >= 0)
            write_awake(twin, random_size(seed));
    } else if (kind < 850) {
        if (twin->read_fd >= 0)
            read_both(twin, random_size(seed));
    } else if (kind < 890) {
        resize_both(twin, capacities[random_below(seed, sizeof capacities / sizeof(int))]);
    } else if (kind < 990) {
        bool read_end = random_below(seed, 2);

        /* With wrong rules, a write that must not sleep might. */
        if ((read_end ? twin->read_fd : twin->write_fd) >= 0 && twin->rules == &right)
            set_nonblocking(twin, read_end, random_below(seed, 2));
    } else if (kind < 995 && twin->read_fd >= 0 && twin->write_fd >= 0) {
        close_once(&twin->read_fd);
        twin->model->readers = 0;
    } else if (twin->read_fd >= 0 && twin->write_fd >= 0) {
        close_once(&twin->write_fd);
        twin->model->writers = 0;
    }
    compare_outside(twin);
    twin->operations++;
}

/* Returns how many of the sequences showed a difference; the first is left in `difference`. */
static int run_awake(const struct rules *rules, int sequences, uint64_t seed, char *difference,
                     uint64_t *operations)
{
    int differing = 0;

    for (int i = 0; i < sequences; i++) {
        struct twin twin;

        if (!twin_init(&twin, rules)) {
            twin_deinit(&twin);
            cr_skip_test("this kernel gives no pipes of 16 pages of 4096 bytes");
        }
        if (rules != &right)
            set_nonblocking(&twin, false, true);
        for (int step = 0; step < 60 && twin.difference[0] == '\0'; step++)
            step_awake(&twin, &seed);
        if (twin.read_fd >= 0 && twin.difference[0] == '\0')
            read_both(&twin, BUFFER_SIZE);
        if (twin.difference[0] != '\0' && differing++ == 0)
            memcpy(difference, twin.difference, DIFFERENCE_SIZE);
        *operations += twin.operations;
        twin_deinit(&twin);
    }
    return differing;
}

Test(pipe_linux, slots_mode_answers_like_the_kernel, .timeout = 120)
{
    char difference[DIFFERENCE_SIZE] = "";
    uint64_t operations = 0;

    /* Beyond 1 MiB a pipe grows for the superuser only. */
    if (geteuid() == 0)
        cr_assert_eq(setresuid(65534, 65534, 65534), 0);
    int differing = run_awake(&right, 4000, 1, difference, &operations);
    cr_assert_eq(differing, 0, "%d sequences differ; one: %s", differing, difference);
    cr_assert_gt(operations, 200000);
}

/* Wrong rule 1: a write always starts a new page. */
static struct aw_pipe_result put_without_merging(struct aw_pipe **pipe, const uint8_t *bytes,
                                                 uint32_t length, bool nonblocking, bool resumed)
{
    (void)resumed;
    return put(pipe, bytes, length, nonblocking, true);
}

/* Wrong rule 2: what was read of the last page is room again. */
static struct aw_pipe_result take_and_shift(struct aw_pipe **pipe, uint8_t *bytes, uint32_t length)
{
    struct aw_pipe_result result = take(pipe, bytes, length);

    if ((*pipe)->run_count == 1)
        (*pipe)->runs[0].offset = 0;
    return result;
}

/* Wrong rule 3: more than PIPE_BUF is atomic too. */
static struct aw_pipe_result put_all_or_nothing(struct aw_pipe **pipe, const uint8_t *bytes,
                                                uint32_t length, bool nonblocking, bool resumed)
{
    struct aw_pipe *before = copy_pipe(*pipe);
    struct aw_pipe_result result = put(pipe, bytes, length, nonblocking, resumed);

    if (result.status == AW_PIPE_DONE && result.transferred < length) {
        struct aw_pipe *partial = *pipe;

        *pipe = before;
        before = partial;
        result = (struct aw_pipe_result){AW_PIPE_BLOCKS, 0};
    }
    free(before);
    return result;
}

Test(pipe_linux, wrong_rules_are_told_from_the_kernel, .timeout = 120)
{
    static const struct rules wrong[] = {
        {put_without_merging, take}, {put, take_and_shift}, {put_all_or_nothing, take}};

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char difference[DIFFERENCE_SIZE] = "";
        uint64_t operations = 0;

        cr_assert_gt(run_awake(&wrong[i], 300, 2, difference, &operations), 0, "rule %zu", i + 1);
    }
}

/* ---- cut ------------------------------------------------------------------------------------- */

/* The machine's transfer of `length` bytes by an operation that asks for more: what a fault makes
 * of it, as harness/machine/faults.c does. `flags` are those of the operation. */
static struct aw_pipe_result transfer(struct aw_pipe **pipe, enum aw_op_kind kind, uint8_t *bytes,
                                      uint32_t length, uint32_t asked, uint8_t flags)
{
    static struct aw_machine machine;
    struct aw_intern *interns[] = {&machine.objects, &machine.payloads, &machine.answers};
    for (int i = 0; i < 3; i++)
        aw_intern_init(interns[i]);
    struct aw_op op = {.kind = (uint8_t)kind, .argument = asked, .flags = flags};
    if (kind == AW_OP_WRITE)
        op.payload = aw_intern_put(&machine.payloads, bytes, asked);
    uint32_t object = aw_pipe_put(&machine, *pipe);
    struct aw_object_move move = aw_kernel_transfer(&machine, object, &op, length);
    struct aw_pipe_result result = {AW_PIPE_BLOCKS, 0};
    if (move.answer != AW_INTERN_NONE) {
        const struct aw_answer *answer = aw_intern_get(&machine.answers, move.answer);
        if (answer->action == AW_ACT_PROGRESS)
            result = (struct aw_pipe_result){AW_PIPE_PROGRESS, answer->detail};
        else if (answer->result >= 0)
            result = (struct aw_pipe_result){AW_PIPE_DONE, (uint32_t)answer->result};
        else if (answer->error == EPIPE)
            result.status = AW_PIPE_BROKEN;
        if (kind == AW_OP_READ && result.transferred > 0)
            memcpy(bytes, aw_intern_get(&machine.payloads, answer->output), result.transferred);
    }
    struct aw_pipe *room = malloc(aw_pipe_flat_size(&machine, move.object));
    *pipe =
        memcpy(*pipe = realloc(*pipe, aw_pipe_flat_size(&machine, move.object)),
               aw_pipe_get(&machine, move.object, room), aw_pipe_flat_size(&machine, move.object));
    free(room);
    for (int i = 0; i < 3; i++)
        aw_intern_deinit(interns[i]);
    return result;
}

static uint32_t more_than(uint32_t length)
{
    return length + length / 2 + 1 < BUFFER_SIZE ? length + length / 2 + 1 : BUFFER_SIZE;
}

static struct aw_pipe_result put_cut(struct aw_pipe **pipe, const uint8_t *bytes, uint32_t length,
                                     bool nonblocking, bool resumed)
{
    cr_assert(nonblocking == ((*pipe)->write_nonblocking != 0) && !resumed);
    return transfer(pipe, AW_OP_WRITE, (uint8_t *)bytes, length, more_than(length), 0);
}

static struct aw_pipe_result take_cut(struct aw_pipe **pipe, uint8_t *bytes, uint32_t length)
{
    return transfer(pipe, AW_OP_READ, bytes, length, more_than(length), 0);
}

Test(pipe_linux, a_cut_transfer_is_the_kernels_of_that_length, .timeout = 120)
{
    static const struct rules cut = {put_cut, take_cut};
    char difference[DIFFERENCE_SIZE] = "";
    uint64_t operations = 0;

    if (geteuid() == 0)
        cr_assert_eq(setresuid(65534, 65534, 65534), 0);
    int differing = run_awake(&cut, 4000, 3, difference, &operations);
    cr_assert_eq(differing, 0, "%d sequences differ; one: %s", differing, difference);
    cr_assert_gt(operations, 200000);
}

/* Wrong rule 1: what a cut read leaves out is gone. */
static struct aw_pipe_result take_all_give_some(struct aw_pipe **pipe, uint8_t *bytes,
                                                uint32_t length)
{
    struct aw_pipe_result result = take(pipe, bytes, more_than(length));
    if (result.status == AW_PIPE_DONE && result.transferred > length)
        result.transferred = length;
    return result;
}

/* Wrong rule 2: a cut write looks for room in the last page as the whole one would. */
static struct aw_pipe_result put_merging_as_the_whole(struct aw_pipe **pipe, const uint8_t *bytes,
                                                      uint32_t length, bool nonblocking,
                                                      bool resumed)
{
    uint32_t left_over = more_than(length) % linux_limits.page_size, count = (*pipe)->run_count;
    const struct aw_pipe_run *last = count > 0 ? &(*pipe)->runs[count - 1] : NULL;
    (void)resumed;
    return put(pipe, bytes, length, nonblocking,
               last != NULL && last->offset + last->length + left_over > linux_limits.page_size);
}

/* Wrong rule 3: a cut write is one that has slept. */
static struct aw_pipe_result put_cut_slept(struct aw_pipe **pipe, const uint8_t *bytes,
                                           uint32_t length, bool nonblocking, bool resumed)
{
    (void)nonblocking, (void)resumed;
    return transfer(pipe, AW_OP_WRITE, (uint8_t *)bytes, length, more_than(length), AW_OP_SLEPT);
}

Test(pipe_linux, wrong_rules_for_cut_transfers_are_told_from_the_kernel, .timeout = 120)
{
    static const struct rules wrong[] = {{put_cut, take_all_give_some},
                                         {put_merging_as_the_whole, take_cut},
                                         {put_cut_slept, take_cut}};

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char difference[DIFFERENCE_SIZE] = "";
        uint64_t operations = 0;

        cr_assert_gt(run_awake(&wrong[i], 300, 4, difference, &operations), 0, "rule %zu", i + 1);
    }
}

/* ---- asleep ---------------------------------------------------------------------------------- */

struct helper {
    pthread_t thread;
    int fd;
    uint32_t length;
    const uint8_t *bytes;
    _Atomic pid_t id;
    _Atomic bool returned;
    ssize_t result;
    int errnum;
};

static void *helper_main(void *argument)
{
    struct helper *helper = argument;

    atomic_store(&helper->id, gettid());
    helper->result = write(helper->fd, helper->bytes, helper->length);
    helper->errnum = errno;
    atomic_store(&helper->returned, true);
    return NULL;
}

static void helper_start(struct helper *helper, int fd, const uint8_t *bytes, uint32_t length)
{
    *helper = (struct helper){.fd = fd, .bytes = bytes, .length = length};
    cr_assert_eq(pthread_create(&helper->thread, NULL, helper_main, helper), 0);
}

static bool proc_says_syscalls(void)
{
    return access("/proc/self/syscall", R_OK) == 0;
}

/* Does the thread sleep in write(2)? Waiting for the pipe's lock would be state D. */
static bool sleeps_in_write(pid_t id)
{
    char path[64], state = '?';
    long number = -1;
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)id);
    file = fopen(path, "r");
    if (file != NULL) {
        if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
            state = '?';
        fclose(file);
    }
    snprintf(path, sizeof path, "/proc/self/task/%d/syscall", (int)id);
    file = fopen(path, "r");
    if (file != NULL) {
        if (fscanf(file, "%ld", &number) != 1)
            number = -1;
        fclose(file);
    }
    return state == 'S' && number == SYS_write;
}

/* Waits until the helper sleeps (true) or has returned (false). */
static bool helper_settles(struct helper *helper)
{
    for (int tries = 0; tries < 200000; tries++) {
        pid_t id = atomic_load(&helper->id);

        if (atomic_load(&helper->returned))
            return false;
        if (id != 0 && sleeps_in_write(id))
            return true;
        usleep(20);
    }
    cr_assert_fail("the writing thread neither sleeps nor returns");
    return false;
}

struct sleeper {
    struct helper helper;
    uint8_t bytes[BUFFER_SIZE]; /* its own stream, so that other writers may come between */
    uint32_t done;
    bool asleep;
};

static void compare_sleeper(struct twin *twin, struct sleeper *sleeper, ssize_t expected,
                            int errnum)
{
    bool asleep = helper_settles(&sleeper->helper);

    if (asleep != (expected == 0))
        DIFFER(twin, "the writer %s after %u of %u bytes", asleep ? "sleeps" : "returned",
               sleeper->done, sleeper->helper.length);
    if (!asleep) {
        pthread_join(sleeper->helper.thread, NULL);
        sleeper->asleep = false;
        if (sleeper->helper.result != expected ||
            (expected < 0 && sleeper->helper.errnum != errnum))
            DIFFER(twin, "the writer returned %zd, model %zd", sleeper->helper.result, expected);
    }
}

/* The model of a write that may sleep, first call and resumptions alike. */
static void go_on(struct twin *twin, struct sleeper *sleeper, bool resumed)
{
    struct aw_pipe_result result = put(&twin->model, sleeper->bytes + sleeper->done,
                                       sleeper->helper.length - sleeper->done, false, resumed);

    sleeper->done += result.transferred;
    if (result.status == AW_PIPE_DONE)
        compare_sleeper(twin, sleeper, sleeper->done, 0);
    else if (result.status == AW_PIPE_BROKEN)
        compare_sleeper(twin, sleeper, sleeper->done > 0 ? (ssize_t)sleeper->done : -1, EPIPE);
    else
        compare_sleeper(twin, sleeper, 0, 0);
}

static void step_asleep(struct twin *twin, struct sleeper *sleeper, int other_fd, uint64_t *seed)
{
    uint32_t kind = random_below(seed, 100);

    if (kind < 60) {
        if (twin->model->byte_count > 0)
            read_both(twin, random_size(seed));
    } else if (kind < 85) {
        write_both(twin, other_fd, random_size(seed), true);
    } else if (kind < 98) {
        resize_both(twin, 4096 << random_below(seed, 7));
    } else if (sleeper->asleep) {
        close_once(&twin->read_fd);
        twin->model->readers = 0;
    }
    if (sleeper->asleep)
        go_on(twin, sleeper, true);
    twin->operations++;
}

/* One sequence; false when there is nothing to compare with. */
static bool run_asleep(uint64_t *seed, struct sleeper *sleeper, uint64_t *operations,
                       uint64_t *slept)
{
    struct twin twin;
    char path[64];
    int other_fd;
    bool usable = twin_init(&twin, &right);

    snprintf(path, sizeof path, "/proc/self/fd/%d", twin.write_fd);
    other_fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    cr_assert_geq(other_fd, 0);
    twin.model->writers = 2;
    for (int round = 0; usable && round < 4 && twin.read_fd >= 0; round++) {
        uint32_t length = 1 + random_size(seed);

        for (uint32_t i = random_below(seed, 6); i > 0; i--)
            write_both(&twin, other_fd, random_size(seed), true);
        fill_stream(sleeper->bytes, next_random(seed), length);
        sleeper->done = 0;
        sleeper->asleep = true;
        helper_start(&sleeper->helper, twin.write_fd, sleeper->bytes, length);
        go_on(&twin, sleeper, false);
        compare_outside(&twin);
        *slept += sleeper->asleep;
        while (sleeper->asleep && twin.difference[0] == '\0') {
            step_asleep(&twin, sleeper, other_fd, seed);
            compare_outside(&twin);
        }
        cr_assert_str_empty(twin.difference, "%s", twin.difference);
    }
    if (usable && twin.read_fd >= 0 && twin.model->byte_count > 0)
        read_both(&twin, BUFFER_SIZE);
    cr_assert_str_empty(twin.difference, "%s", twin.difference);
    *operations += twin.operations;
    close(other_fd);
    twin_deinit(&twin);
    return usable;
}

Test(pipe_linux, a_write_that_sleeps_goes_on_like_the_kernels, .timeout = 120)
{
    struct sleeper *sleeper = calloc(1, sizeof *sleeper);
    uint64_t seed = 3, operations = 0, slept = 0;

    if (!proc_says_syscalls())
        cr_skip_test("/proc/self/syscall cannot be read: no way to see a thread asleep in write()");
    for (int i = 0; i < 400; i++) {
        if (!run_asleep(&seed, sleeper, &operations, &slept))
            cr_skip_test("this kernel gives no pipes of 16 pages of 4096 bytes");
    }
    free(sleeper);
    cr_assert_gt(slept, 400);
    cr_assert_gt(operations, 1000);
}

/*
 * Two writers sleep, then two pages are read one after the other:
 *
 *          pages                       A (100 bytes)   B (97 bytes)
 *     0    15 x 4096, 4000             asleep          asleep          neither fits in the last
 *     1    14 x 4096, 4000, 100        returned        asleep          A took the free slot
 *     2    13 x 4096, 4000, 100, 97    -               returned        B did not merge: no POLLOUT
 */
Test(pipe_linux, a_write_that_has_slept_does_not_merge, .timeout = 60)
{
    static uint8_t bytes[100];
    struct helper a, b;
    struct twin twin;

    if (!twin_init(&twin, &right) || !proc_says_syscalls())
        cr_skip_test("no pipes of 16 pages of 4096 bytes, or /proc/self/syscall cannot be read");
    write_both(&twin, twin.write_fd, 15 * 4096, false);
    write_both(&twin, twin.write_fd, 4000, false);
    helper_start(&a, twin.write_fd, bytes, 100);
    cr_assert(helper_settles(&a));
    helper_start(&b, twin.write_fd, bytes, 97);
    cr_assert(helper_settles(&b));

    read_both(&twin, 4096);
    cr_assert_eq(put(&twin.model, bytes, 100, false, true).status, AW_PIPE_DONE);
    cr_assert_not(helper_settles(&a));
    cr_assert_eq(put(&twin.model, bytes, 97, false, true).status, AW_PIPE_BLOCKS);
    cr_assert(helper_settles(&b));
    compare_outside(&twin);

    read_both(&twin, 4096);
    cr_assert_eq(put(&twin.model, bytes, 97, false, true).status, AW_PIPE_DONE);
    cr_assert_not(helper_settles(&b));
    compare_outside(&twin);
    cr_assert_eq(aw_pipe_poll(twin.model, false), 0);
    cr_assert_str_empty(twin.difference, "%s", twin.difference);

    pthread_join(a.thread, NULL);
    pthread_join(b.thread, NULL);
    twin_deinit(&twin);
}

/* O_NONBLOCK is looked at each time no slot is free, not once: the sleeping write gives up. */
Test(pipe_linux, a_sleeping_write_obeys_o_nonblock_when_it_wakes, .timeout = 60)
{
    static uint8_t bytes[100000];
    struct helper helper;
    struct twin twin;

    if (!twin_init(&twin, &right) || !proc_says_syscalls())
        cr_skip_test("no pipes of 16 pages of 4096 bytes, or /proc/self/syscall cannot be read");
    cr_assert_eq(put(&twin.model, bytes, 100000, false, false).status, AW_PIPE_PROGRESS);
    helper_start(&helper, twin.write_fd, bytes, 100000);
    cr_assert(helper_settles(&helper));
    set_nonblocking(&twin, false, true);
    cr_assert(helper_settles(&helper));

    read_both(&twin, 4096);
    cr_assert_eq(put(&twin.model, bytes, 100000 - 65536, true, true).transferred, 4096);
    cr_assert_not(helper_settles(&helper));
    cr_assert_eq(helper.result, 65536 + 4096);
    compare_outside(&twin);
    cr_assert_str_empty(twin.difference, "%s", twin.difference);

    pthread_join(helper.thread, NULL);
    twin_deinit(&twin);
}
