/* SPDX-License-Identifier: MIT */
/*
 * pipe.h - what Linux's pipe does, as a value.
 *
 * A pipe is a flat value (no pointers outside itself, no identities): the explorer interns it by
 * content, so that two pipes in the same condition are the same bytes. It knows how many
 * descriptors are open on either end, never whose they are.
 *
 * Two representations of the contents, with the same answers as long as capacity plays no part:
 *
 *   bytes  A plain queue of bytes in which the boundaries of the writes are kept. Capacity is not
 *          looked at: the mode is exact while all that was ever written, in any order, could not
 *          have filled the slots in any order of reads. aw_pipe_write says
 *          AW_PIPE_CAPACITY_MATTERS as soon as that is no longer certain (the condition and its
 *          proof open pipe.c), and the caller starts again with slots.
 *   slots  Linux's page slots, see aw_pipe_write.
 */
#ifndef AW_MACHINE_PIPE_H
#define AW_MACHINE_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Settings of one pipe; fixed for its life except by F_SETPIPE_SZ. */
struct aw_pipe_limits {
    uint32_t page_size;  /* bytes a slot holds, 4096 on Linux; PIPE_BUF is the same number */
    uint32_t slot_count; /* 16 on Linux */
};

/* One run of bytes. In `slots` mode: one page. In `bytes` mode: what is left of one write. */
struct aw_pipe_run {
    uint32_t offset; /* slots: first unread byte within the last page; otherwise 0 */
    uint32_t length; /* unread bytes */
};

/*
 * Bytes mode: what is known of all the writes so far. Each field is a function of the multiset of
 * their lengths, so it tells no order apart, and each saturates as soon as it can no longer help.
 * "Left over" is the length of a write modulo the page size. All zero in slots mode.
 */
struct aw_pipe_history {
    uint32_t pages;     /* slots these writes take when none of them merges */
    uint32_t large;     /* for each write of a page or more: its whole pages and one more */
    uint32_t left_over; /* sum of what is left over, in bytes */
    uint32_t largest;   /* the largest of what is left over */
};

/* The value. Variable length: `run_count` runs, then `byte_count` bytes of unread content. A
 * closed descriptor or a changed flag is stored by the caller; the rest belongs to pipe.c. */
struct aw_pipe {
    uint32_t size;            /* of this whole value, in bytes, padding included */
    uint16_t readers;         /* open descriptors of the read end, in all processes */
    uint16_t writers;         /* of the write end */
    uint8_t exact;            /* 1: slots mode, 0: bytes mode */
    uint8_t read_nonblocking; /* O_NONBLOCK is a property of the open file description */
    uint8_t write_nonblocking;
    uint8_t joined; /* bytes mode: boundaries of writes are not kept, there is one run */
    struct aw_pipe_limits limits;
    struct aw_pipe_history history;
    uint32_t run_count;
    uint32_t byte_count;
    uint32_t packed; /* 1: as pipe_store.c keeps it, which is not for the functions below */
    struct aw_pipe_run runs[]; /* then uint8_t content[byte_count], padded with zeros to 8 */
};

enum aw_pipe_status {
    AW_PIPE_DONE,             /* `transferred` bytes (may be fewer than asked; 0 = end of file) */
    AW_PIPE_BLOCKS,           /* nothing can be done now: EAGAIN, or a blocking caller waits */
    AW_PIPE_PROGRESS,         /* a blocking write moved `transferred` bytes and must go on later */
    AW_PIPE_BROKEN,           /* a write without readers: EPIPE and SIGPIPE */
    AW_PIPE_CAPACITY_MATTERS, /* bytes mode can no longer answer; nothing was changed */
};

struct aw_pipe_result {
    enum aw_pipe_status status;
    uint32_t transferred;
};

/* The values of poll(2). */
enum { AW_PIPE_POLLIN = 1, AW_PIPE_POLLOUT = 4, AW_PIPE_POLLERR = 8, AW_PIPE_POLLHUP = 16 };

/* Bytes that a value with so many runs and so much content takes. */
size_t aw_pipe_value_size(uint32_t run_count, uint32_t byte_count);

/* An upper bound of the size after writing `length` more bytes into `pipe`. */
size_t aw_pipe_size_after_write(const struct aw_pipe *pipe, uint32_t length);

/* Makes a new empty pipe, blocking at both ends, with one reader and one writer in `pipe` (room for
 * aw_pipe_value_size(0, 0)). */
void aw_pipe_init(struct aw_pipe *pipe, struct aw_pipe_limits limits, bool exact);

/* The `byte_count` unread bytes, oldest first. */
const uint8_t *aw_pipe_content(const struct aw_pipe *pipe);

/*
 * Writes up to `length` bytes into `out`, a copy of `pipe` with the bytes appended (`out` has room
 * for aw_pipe_size_after_write and is not `pipe`; whatever the answer, it becomes a valid value).
 * `resumed`: this continues a write that the kernel has already put to sleep, with or without
 * progress; it then takes new slots only and does not try to merge. Slots mode only.
 *
 * Slots mode is Linux's (fs/pipe.c, pipe_write; measured on 6.18): a call first merges its first
 * (length mod page) bytes into the last page if they fit there and the pipe was not empty; then
 * it takes new slots, one page each. Up to PIPE_BUF is atomic: all or nothing. A larger one takes
 * what fits: blocking, AW_PIPE_PROGRESS until all is written; non-blocking, a short count. A write
 * of 0 bytes is AW_PIPE_DONE whatever the pipe, even without readers. AW_PIPE_BROKEN for a resumed
 * write that has made progress is SIGPIPE and the short count, not EPIPE.
 */
struct aw_pipe_result aw_pipe_write(const struct aw_pipe *pipe, const uint8_t *bytes,
                                    uint32_t length, bool nonblocking, bool resumed,
                                    struct aw_pipe *out);

/* Reads up to `length` bytes into `bytes`; `out` has room for pipe->size, is not `pipe` and becomes
 * a valid value whatever the answer. End of file (no writer left and nothing to read) is
 * AW_PIPE_DONE with 0, and so is a read of 0 bytes. A slot is free again when fully read. */
struct aw_pipe_result aw_pipe_read(const struct aw_pipe *pipe, uint8_t *bytes, uint32_t length,
                                   struct aw_pipe *out);

/* poll(2) of one end: POLLIN when something can be read, POLLHUP on the read end when no writer
 * is left; POLLOUT when a slot is free, POLLERR on the write end when no reader is left. */
int aw_pipe_poll(const struct aw_pipe *pipe, bool read_end);

/* F_SETPIPE_SZ: rounds up to a power of two pages; returns the new capacity in bytes, or -1 with
 * *errnum EINVAL, EPERM (growing beyond the 256 pages of an unprivileged process) or EBUSY (more
 * slots in use). `out` has room for pipe->size and is not `pipe`. Only in slots mode. */
int64_t aw_pipe_resize(const struct aw_pipe *pipe, int64_t capacity, struct aw_pipe *out,
                       int *errnum);

/* What is left of the write in which the next read starts, in bytes (bytes mode); 0 when empty. */
uint32_t aw_pipe_first_write_left(const struct aw_pipe *pipe);

#endif
