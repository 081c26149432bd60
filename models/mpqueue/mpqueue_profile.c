/* SPDX-License-Identifier: MIT */
/*
 * mpqueue_profile.c - in what the versions of CPython differ, as far as a program can notice.
 *
 *                          2.6          2.7          3.7          3.11
 *   error in the feeder    ends it      it goes on   it goes on   it goes on
 *     and the object's slot  kept       kept         given back   given back
 *   dump, load             under wlock, under rlock  outside      outside
 *   get(): posts           sem, rlock   sem, rlock   rlock, sem   rlock, sem
 *   close()                closes R     closes R     closes R     leaves R to the feeder
 *   creator joins feeder   no           yes          yes          yes
 *   task counted           after put    in put       in put       in put
 *   EINTR in a transfer    an error     taken up     taken up     taken up
 *   header with the body   n < 16384    n < 16384    n <= 16384   n <= 16384
 *     else, an error is    not told     not told     told         told
 *
 * Read in Lib/multiprocessing/queues.py and Modules/_multiprocessing/socket_connection.c of 2.6
 * (the backport's copy of it) and 2.7.18, and in queues.py and connection.py of 3.7.16 and 3.11.7.
 * The 2.x column about untold errors is the `a || b` of conn_send_string: a negative status becomes
 * 1, and its callers test for less than 0.
 */
#include "mpqueue_internal.h"

#include <string.h>

const struct mpq_behaviour mpq_behaviours[MPQ_PROFILES] = {
    [MPQ_CPYTHON_3_11] = {.feeder_survives = true,
                          .error_frees_slot = true,
                          .codec_outside_locks = true,
                          .close_leaves_reader = true,
                          .creator_joins = true,
                          .put_counts_task = true,
                          .retries_eintr = true,
                          .large_errors_told = true,
                          .one_piece_max = 16384},
    [MPQ_CPYTHON_3_7] = {.feeder_survives = true,
                         .error_frees_slot = true,
                         .codec_outside_locks = true,
                         .creator_joins = true,
                         .put_counts_task = true,
                         .retries_eintr = true,
                         .large_errors_told = true,
                         .one_piece_max = 16384},
    [MPQ_CPYTHON_2_7] = {.feeder_survives = true,
                         .creator_joins = true,
                         .put_counts_task = true,
                         .retries_eintr = true,
                         .one_piece_max = 16383},
    [MPQ_CPYTHON_2_6] = {.one_piece_max = 16383},
};

static const char *const names[MPQ_PROFILES] = {
#define X(name, text) [name] = text,
    MPQ_PROFILE_TABLE(X)
#undef X
};

const char *mpqueue_profile_name(enum mpqueue_profile profile)
{
    return (unsigned)profile < MPQ_PROFILES ? names[profile] : "unknown profile";
}

int mpqueue_profile_by_name(const char *name)
{
    for (int i = 0; i < MPQ_PROFILES; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return -1;
}
