/* SPDX-License-Identifier: MIT */
/*
 * calls_shared.c - memory that processes share: objects, mappings, and how what lies in them is
 * initialised. What can be done with it: shared.h, touch.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "machine/calls.h"
#include "machine/shared.h"

static const struct aw_fd *lookup(struct aw_machine *machine, uint64_t fd)
{
    return fd >= AW_FIRST_MAPPING ? NULL : aw_process_fd(&machine->work, (int)fd);
}

/* A descriptor that is not there: only a thread that is alone knows so at once. */
static bool is_absent(const struct aw_machine *machine, uint64_t number, const struct aw_fd *fd)
{
    return fd == NULL && (machine->work.head.thread_count == 1 || number >= AW_FIRST_MAPPING);
}

/* As far as Linux refuses it without looking at the descriptor twice, and in its order. */
enum aw_call_result aw_call_mmap(struct aw_machine *machine, const uint64_t *args, uint64_t *result)
{
    enum { KNOWN = MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE | MAP_POPULATE };
    uint64_t length = args[1], protection = args[2], flags = args[3], offset = args[5];
    bool anonymous = (flags & MAP_ANONYMOUS) != 0;
    const struct aw_fd *fd = anonymous ? NULL : lookup(machine, args[4] & UINT32_MAX);
    if (!anonymous && offset % AW_PAGE != 0)
        return aw_call_error(machine, result, EINVAL, "mmap"); /* -1 is MAP_FAILED */
    if (!anonymous && is_absent(machine, args[4] & UINT32_MAX, fd))
        return aw_call_error(machine, result, EBADF, "mmap");
    if (length == 0 || (flags & MAP_TYPE) == 0)
        return aw_call_error(machine, result, EINVAL, "mmap");
    if ((flags & MAP_TYPE) != MAP_SHARED || (flags & ~(uint64_t)KNOWN) != 0 || args[0] != 0 ||
        offset != 0 || protection == 0 || (protection & ~(uint64_t)(PROT_READ | PROT_WRITE)) != 0 ||
        (fd != NULL && !aw_fd_is_memory(fd)))
        return aw_stop_call(machine, AW_STOP_UNMODELLED,
                            "mmap other than MAP_SHARED, whole, of anonymous or shared memory is "
                            "not modelled; for private memory use malloc");
    if (length > AW_SHARED_STRIDE)
        return aw_stop_call(machine, AW_STOP_LIMIT, "a mapping of more than %llu MiB",
                            (unsigned long long)(AW_SHARED_STRIDE >> 20));
    bool read_only = (protection & PROT_WRITE) == 0;
    length = (length + AW_PAGE - 1) / AW_PAGE * AW_PAGE;
    if (fd != NULL && !aw_shared_may_map(machine->work.fds, machine->work.head.fd_count, fd->handle,
                                         length, read_only))
        return aw_stop_call(machine, AW_STOP_UNMODELLED,
                            "a second mapping of the same memory in a process, of another length "
                            "or to be used otherwise, is not modelled");
    struct aw_op *op = aw_park(machine, AW_OP_MMAP);
    op->fd = anonymous ? -1 : (int32_t)args[4];
    op->argument = length;
    op->extra = read_only;
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_memfd_create(struct aw_machine *machine, const uint64_t *args,
                                         uint64_t *result)
{
    enum { LATER = MFD_HUGETLB | 8 | 16, LONGEST = 249, SIZES = 26 };
    unsigned flags = (unsigned)args[1];
    if ((flags & LATER) != 0 || flags >> SIZES != 0)
        return aw_stop_call(machine, AW_STOP_UNMODELLED,
                            "memfd_create with flags other than MFD_CLOEXEC and "
                            "MFD_ALLOW_SEALING is not modelled");
    if ((flags & ~(unsigned)(MFD_CLOEXEC | MFD_ALLOW_SEALING)) != 0)
        return aw_call_error(machine, result, EINVAL, "memfd_create");
    int64_t size = aw_user_string(machine, args[0]);
    if (size < 0)
        return aw_call_error(machine, result, EFAULT, "memfd_create");
    if (size > LONGEST)
        return aw_call_error(machine, result, EINVAL, "memfd_create");
    struct aw_op *op = aw_park(machine, AW_OP_MEMFD);
    op->argument = (flags & MFD_CLOEXEC) != 0;
    return AW_CALL_PARK;
}

/* The name of a memory object as glibc makes a file's of it, which tells it from a semaphore's.
 * Returns 0 or an errno value. */
static int shm_name(struct aw_machine *machine, uint64_t address, uint32_t *name)
{
    static const char folder[] = "/dev/shm/";
    enum { LONGEST = 255, BUFFER = 259 }; /* of a file name; of glibc's room for it */
    while (aw_user_valid(machine, address, 1) && *(const char *)address == '/')
        address++;
    int64_t length = aw_user_string(machine, address);
    if (length < 0)
        return EFAULT;
    if (length == 0 || length > BUFFER ||
        memchr((const void *)address, '/', (size_t)length) != NULL)
        return EINVAL;
    if (length > LONGEST)
        return ENAMETOOLONG;
    char text[sizeof folder + LONGEST];
    memcpy(text, folder, sizeof folder - 1);
    memcpy(text + sizeof folder - 1, (const void *)address, (size_t)length);
    *name = aw_intern_put(&machine->payloads, text, (uint32_t)(sizeof folder - 1 + (size_t)length));
    return 0;
}

static enum aw_call_result bad_name(struct aw_machine *machine)
{
    return aw_crash_call(machine, SIGSEGV, "SIGSEGV: bad pointer to a name");
}

enum aw_call_result aw_call_shm_open(struct aw_machine *machine, const uint64_t *args,
                                     uint64_t *result)
{
    enum { KNOWN = O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC };
    int flags = (int)args[1];
    bool writes = (flags & O_ACCMODE) == O_RDWR;
    if ((flags & ~KNOWN) != 0 ||
        (!writes && ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC))))
        return aw_stop_call(machine, AW_STOP_UNMODELLED,
                            "shm_open other than with O_RDWR or O_RDONLY, O_CREAT, O_EXCL and "
                            "O_TRUNC (to write) is not modelled");
    if ((flags & O_CREAT) != 0 && (args[2] & 0600) != 0600)
        return aw_stop_call(machine, AW_STOP_UNMODELLED,
                            "shm_open of an object that its owner may not read and write is not "
                            "modelled");
    uint32_t name;
    int error = shm_name(machine, args[0], &name);
    if (error == EFAULT)
        return bad_name(machine);
    if (error != 0)
        return aw_call_error(machine, result, error, "shm_open");
    struct aw_op *op = aw_park(machine, AW_OP_SHM_OPEN);
    op->fd = flags;
    op->payload = name;
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_shm_unlink(struct aw_machine *machine, const uint64_t *args,
                                       uint64_t *result)
{
    uint32_t name;
    int error = shm_name(machine, args[0], &name);
    if (error == EFAULT)
        return bad_name(machine);
    if (error != 0)
        return aw_call_error(machine, result, error == EINVAL ? ENOENT : error, "shm_unlink");
    aw_park(machine, AW_OP_SHM_UNLINK)->payload = name;
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_ftruncate(struct aw_machine *machine, const uint64_t *args,
                                      uint64_t *result)
{
    uint64_t number = args[0] & UINT32_MAX;
    const struct aw_fd *fd = lookup(machine, number);
    if ((int64_t)args[1] < 0)
        return aw_call_error(machine, result, EINVAL, "ftruncate");
    if (is_absent(machine, number, fd))
        return aw_call_error(machine, result, EBADF, "ftruncate");
    if (fd != NULL && !aw_fd_is_memory(fd) && machine->work.head.thread_count == 1)
        return aw_call_error(machine, result, EINVAL, "ftruncate");
    if (args[1] > AW_SHARED_STRIDE)
        return aw_stop_call(machine, AW_STOP_LIMIT, "shared memory of more than %llu MiB",
                            (unsigned long long)(AW_SHARED_STRIDE >> 20));
    struct aw_op *op = aw_park(machine, AW_OP_FTRUNCATE);
    op->fd = (int32_t)number;
    op->argument = args[1];
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_fstat(struct aw_machine *machine, const uint64_t *args,
                                  uint64_t *result)
{
    uint64_t number = args[0] & UINT32_MAX;
    const struct aw_fd *fd = lookup(machine, number);
    if (is_absent(machine, number, fd))
        return aw_call_error(machine, result, EBADF, "fstat");
    if (fd != NULL && !aw_fd_is_memory(fd))
        return aw_stop_call(machine, AW_STOP_UNMODELLED,
                            "fstat other than of shared memory is not modelled");
    if (!aw_user_fillable(machine, args[1], sizeof(struct stat)))
        return aw_call_error(machine, result, EFAULT, "fstat");
    struct aw_op *op = aw_park(machine, AW_OP_FSTAT);
    op->fd = (int32_t)number;
    op->address = args[1];
    return AW_CALL_PARK;
}

enum aw_call_result aw_call_munmap(struct aw_machine *machine, const uint64_t *args,
                                   uint64_t *result)
{
    struct aw_process *work = &machine->work;
    uint64_t length = (args[1] + AW_PAGE - 1) / AW_PAGE * AW_PAGE;
    unsigned times = 0;
    (void)result;
    for (int i = 0; i < work->head.fd_count; i++)
        times +=
            work->fds[i].kind == AW_FD_MAPPING && aw_shared_address(work->fds[i].handle) == args[0];
    if (times > 1) /* at one address: it would still be there */
        return aw_stop_call(machine, AW_STOP_UNMODELLED,
                            "munmap of memory that the process has mapped twice is not modelled");
    if (work->head.thread_count == 1)
        for (int i = 0; i < work->head.fd_count; i++)
            if (work->fds[i].kind == AW_FD_MAPPING && work->fds[i].length == length &&
                aw_shared_address(work->fds[i].handle) == args[0]) {
                work->head.fd_count--;
                memmove(&work->fds[i], &work->fds[i + 1],
                        (size_t)(work->head.fd_count - i) * sizeof *work->fds);
                return AW_CALL_RETURN;
            }
    return aw_stop_call(machine, AW_STOP_UNMODELLED,
                        "munmap other than of a whole shared mapping, in a process with one "
                        "thread, is not modelled");
}

/* int __aw_put(void *object, const void *bytes, size_t size, int unless_locked) */
enum aw_call_result aw_call_put(struct aw_machine *machine, const uint64_t *args, uint64_t *result)
{
    (void)result;
    if (!aw_user_valid(machine, args[1], args[2]))
        return aw_stop_call(machine, AW_STOP_UNMODELLED, "__aw_put is the runtime's");
    if (!aw_shared_is_mapped(&machine->work, args[0], args[2], true))
        return aw_stop_call(machine, AW_STOP_UNMODELLED,
                            "initialising an object in a mapping that the process does not have");
    struct aw_op *op = aw_park(machine, AW_OP_SHARED_PUT);
    op->flags = AW_OP_SHARED;
    op->address = args[0];
    op->argument = args[3] != 0;
    op->payload = aw_intern_put(&machine->payloads, (const void *)args[1], (uint32_t)args[2]);
    return AW_CALL_PARK;
}
