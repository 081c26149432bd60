/* SPDX-License-Identifier: MIT */
/* Frames on the pipe: a SOCK_SEQPACKET socket keeps the boundaries of the writes. */
#include "queue_box.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(mpqueue_frame, .timeout = 30, .init = ignore_sigpipe);

static void socket_pair(int ends[2])
{
    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
}

static unsigned char packet[70000];

static ssize_t next_packet(int fd)
{
    return recv(fd, packet, sizeof packet, MSG_DONTWAIT);
}

static void send_frame(int fd, size_t size)
{
    unsigned char *frame = NULL, *body = malloc(size + 1);
    memset(body, 'b', size + 1);
    cr_assert_eq(mpq_frame_send(&mpq_behaviours[MPQ_CPYTHON_3_11], fd, body, size, &frame), 0);
    cr_assert_null(frame);
    free(body);
}

Test(mpqueue_frame, header_and_body_are_one_write_up_to_16384)
{
    int ends[2];
    socket_pair(ends);
    send_frame(ends[1], 16384);
    cr_assert_eq(next_packet(ends[0]), 4 + 16384);
    cr_assert_arr_eq(packet, "\x00\x00\x40\x00", 4);
    cr_assert_eq(packet[4], 'b');
    cr_assert_eq(packet[4 + 16383], 'b');
    cr_assert_eq(next_packet(ends[0]), -1);
}

Test(mpqueue_frame, header_and_body_are_two_writes_from_16385)
{
    int ends[2];
    socket_pair(ends);
    send_frame(ends[1], 16385);
    cr_assert_eq(next_packet(ends[0]), 4);
    cr_assert_arr_eq(packet, "\x00\x00\x40\x01", 4);
    cr_assert_eq(next_packet(ends[0]), 16385);
    cr_assert_eq(next_packet(ends[0]), -1);
}

Test(mpqueue_frame, an_empty_body_is_a_header_alone)
{
    int ends[2];
    socket_pair(ends);
    send_frame(ends[1], 0);
    cr_assert_eq(next_packet(ends[0]), 4);
    cr_assert_arr_eq(packet, "\x00\x00\x00\x00", 4);
}

/* Feeds `wire` and an end of file to a receive. */
static int receive_from(const char *wire, size_t length, unsigned char **bytes, size_t *size)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(write(ends[1], wire, length), (ssize_t)length);
    close(ends[1]);
    int status = mpq_frame_receive(&mpq_behaviours[MPQ_CPYTHON_3_11], ends[0], bytes, size);
    close(ends[0]);
    return status;
}

Test(mpqueue_frame, receive_gives_the_body)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    cr_assert_eq(receive_from("\0\0\0\3abc", 7, &bytes, &size), MPQ_OK);
    cr_assert_eq(size, 3);
    cr_assert_arr_eq(bytes, "abc", 3);
    free(bytes);
}

Test(mpqueue_frame, minus_one_announces_a_64_bit_size)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    cr_assert_eq(receive_from("\xff\xff\xff\xff\0\0\0\0\0\0\0\2ab", 14, &bytes, &size), MPQ_OK);
    cr_assert_eq(size, 2);
    cr_assert_arr_eq(bytes, "ab", 2);
    free(bytes);
}

Test(mpqueue_frame, other_negative_sizes_are_no_message)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    cr_assert_eq(receive_from("\xff\xff\xff\xfe", 4, &bytes, &size), MPQ_BAD_MESSAGE);
}

/* At a boundary, and after a whole header, it is EOFError in CPython; elsewhere OSError. */
Test(mpqueue_frame, an_end_of_file_is_told_by_its_place)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    cr_assert_eq(receive_from("", 0, &bytes, &size), MPQ_EOF);
    cr_assert_eq(receive_from("\0\0", 2, &bytes, &size), MPQ_TRUNCATED);
    cr_assert_eq(receive_from("\0\0\0\3", 4, &bytes, &size), MPQ_EOF);
    cr_assert_eq(receive_from("\0\0\0\3ab", 6, &bytes, &size), MPQ_TRUNCATED);
    cr_assert_null(bytes);
}

Test(mpqueue_frame, send_reports_the_errno_of_write)
{
    int ends[2];
    unsigned char *frame = NULL;
    cr_assert_eq(pipe(ends), 0);
    close(ends[0]);
    cr_assert_eq(mpq_frame_send(&mpq_behaviours[MPQ_CPYTHON_3_11], ends[1],
                                (const unsigned char *)"a", 1, &frame),
                 EPIPE);
    cr_assert_null(frame);
}
