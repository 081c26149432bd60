/* SPDX-License-Identifier: MIT */
/*
 * mpqueue_frame.c - messages on a pipe, as Lib/multiprocessing/connection.py sends them.
 *
 *   size n of the body      on the wire                              writes (if none is short)
 *   n <= 16384              n as int32 big-endian, body              1
 *   n <= 0x7fffffff         the same                                 2: header, body
 *   larger                  int32 -1, n as uint64 big-endian, body   3
 *
 * The limit of 16384 is CPython's: below it one system call was found cheaper, above it the copy.
 * In 2.x it is 16383, the header is unsigned, there is no long one, and an error of the two writes
 * is not told. A body of more than PIPE_BUF bytes is not atomic either way: readers may see any
 * prefix.
 */
#include "mpqueue_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault_points.h"

enum { SHORT_MAX = 256, HEADER_SIZE = 4, LONG_HEADER_SIZE = 8 };
enum { HEADER_MAX = 0x7fffffff };

static void store_big_endian(unsigned char *to, uint64_t value, int size)
{
    for (int i = size - 1; i >= 0; i--) {
        to[i] = (unsigned char)value;
        value >>= 8;
    }
}

static uint64_t load_big_endian(const unsigned char *from, int size)
{
    uint64_t value = 0;
    for (int i = 0; i < size; i++)
        value = value << 8 | from[i];
    return value;
}

/* Connection._send: writes until everything is written. 0 or an errno value. */
static MPQ_STEP int send_all(const struct mpq_behaviour *behaviour, int fd,
                             const unsigned char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0) {
            if (errno == EINTR && behaviour->retries_eintr)
                continue;
            return errno;
        }
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

static MPQ_STEP int build_frame(const unsigned char *bytes, size_t size, unsigned char **frame)
{
    unsigned char *built = malloc(HEADER_SIZE + size);
    if (!built)
        return ENOMEM;
    store_big_endian(built, size, HEADER_SIZE);
    if (size > 0)
        memcpy(built + HEADER_SIZE, bytes, size);
    *frame = built;
    return 0;
}

/* A short frame is built on the stack: the feeder's own, which no child has. */
static MPQ_STEP int send_short(const struct mpq_behaviour *behaviour, int fd,
                               const unsigned char *bytes, size_t size)
{
    unsigned char frame[HEADER_SIZE + SHORT_MAX];
    store_big_endian(frame, size, HEADER_SIZE);
    if (size > 0)
        memcpy(frame + HEADER_SIZE, bytes, size);
    return send_all(behaviour, fd, frame, HEADER_SIZE + size);
}

static MPQ_STEP int send_one_piece(const struct mpq_behaviour *behaviour, int fd,
                                   const unsigned char *bytes, size_t size, unsigned char **frame)
{
    int error = build_frame(bytes, size, frame);
    if (error)
        return error;
    error = send_all(behaviour, fd, *frame, HEADER_SIZE + size);
    mpq_drop(frame);
    return error;
}

static MPQ_STEP int send_header(const struct mpq_behaviour *behaviour, int fd, size_t size)
{
    unsigned char header[HEADER_SIZE];
    store_big_endian(header, size, HEADER_SIZE);
    return send_all(behaviour, fd, header, sizeof header);
}

static MPQ_STEP int send_long_header(const struct mpq_behaviour *behaviour, int fd, size_t size)
{
    unsigned char header[LONG_HEADER_SIZE];
    int error = send_header(behaviour, fd, UINT32_MAX); /* int32 -1 */
    if (error)
        return error;
    store_big_endian(header, size, LONG_HEADER_SIZE);
    return send_all(behaviour, fd, header, sizeof header);
}

static MPQ_STEP int send_pieces(const struct mpq_behaviour *behaviour, int fd,
                                const unsigned char *bytes, size_t size)
{
    int error = size > HEADER_MAX ? send_long_header(behaviour, fd, size)
                                  : send_header(behaviour, fd, size);
    if (error)
        return error;
    MPQ_PLACE("mpqueue/feeder/between_header_and_body");
    return send_all(behaviour, fd, bytes, size);
}

int mpq_frame_send(const struct mpq_behaviour *behaviour, int fd, const unsigned char *bytes,
                   size_t size, unsigned char **frame)
{
    if (size <= SHORT_MAX)
        return send_short(behaviour, fd, bytes, size);
    if (size <= behaviour->one_piece_max)
        return send_one_piece(behaviour, fd, bytes, size, frame);
    int error = send_pieces(behaviour, fd, bytes, size);
    return behaviour->large_errors_told ? error : 0;
}

/* Connection._recv: reads until everything has come. An end of file before the first byte is
 * MPQ_EOF, even between header and body: so does CPython. */
static MPQ_STEP int receive_all(const struct mpq_behaviour *behaviour, int fd, unsigned char *bytes,
                                size_t size)
{
    size_t left = size;
    while (left > 0) {
        ssize_t got = read(fd, bytes, left);
        if (got < 0) {
            if (errno == EINTR && behaviour->retries_eintr)
                continue;
            return MPQ_SYSTEM;
        }
        if (got == 0)
            return left == size ? MPQ_EOF : MPQ_TRUNCATED;
        bytes += got;
        left -= (size_t)got;
    }
    return MPQ_OK;
}

static MPQ_STEP int receive_long_header(const struct mpq_behaviour *behaviour, int fd, size_t *size)
{
    unsigned char header[LONG_HEADER_SIZE] = {0};
    int status = receive_all(behaviour, fd, header, sizeof header);
    if (!status)
        *size = load_big_endian(header, LONG_HEADER_SIZE);
    return status;
}

static MPQ_STEP int receive_header(const struct mpq_behaviour *behaviour, int fd, size_t *size)
{
    unsigned char header[HEADER_SIZE] = {0};
    int status = receive_all(behaviour, fd, header, sizeof header);
    if (status)
        return status;
    *size = load_big_endian(header, HEADER_SIZE);
    if (*size == UINT32_MAX)
        return receive_long_header(behaviour, fd, size);
    return *size > HEADER_MAX ? MPQ_BAD_MESSAGE : MPQ_OK;
}

int mpq_frame_receive(const struct mpq_behaviour *behaviour, int fd, unsigned char **bytes,
                      size_t *size)
{
    int status = receive_header(behaviour, fd, size);
    if (status)
        return status;
    unsigned char *body = malloc(*size > 0 ? *size : 1);
    if (!body) {
        errno = ENOMEM;
        return MPQ_SYSTEM;
    }
    status = receive_all(behaviour, fd, body, *size);
    if (status) {
        free(body);
        return status;
    }
    *bytes = body;
    return MPQ_OK;
}
