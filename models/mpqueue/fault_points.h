/* SPDX-License-Identifier: MIT */
/*
 * fault_points.h - the queue's fault points, by libfiu.
 *
 * MPQ_POINT(name) asks libfiu whether the point fails; without -DMPQ_FAULTS it is 0 and the program
 * does not know libfiu. The points, in the order in which an object meets them:
 *
 *   point                                   where                                    on failure
 *   mpqueue/put/enqueue                     slot taken, before the buffer's lock     -
 *   mpqueue/put/notify                      appended, before the feeder is notified  -
 *   mpqueue/feeder/wake                     before the feeder looks at the buffer    -
 *   mpqueue/feeder/serialise                before an object is serialised           EINVAL
 *   mpqueue/feeder/serialised               after it                                 -
 *   mpqueue/feeder/before_wlock             before the lock for writing is taken     -
 *   mpqueue/feeder/after_wlock              after it                                 -
 *   mpqueue/feeder/between_header_and_body  the two writes of a large frame          -
 *   mpqueue/get/before_rlock                before the lock for reading is taken     -
 *   mpqueue/get/after_rlock                 after it                                 -
 *   mpqueue/get/after_poll                  poll says there is something             -
 *   mpqueue/get/received                    a whole message was read, rlock held     -
 *   mpqueue/get/load                        before a message is deserialised         EBADMSG
 *   mpqueue/put/count_late                  2.6: put is over, its task not counted   -
 *
 * With an errno, the object is dropped. Those with "-" are places, for a delay; their answer is not
 * looked at.
 */
#ifndef MPQUEUE_FAULT_POINTS_H
#define MPQUEUE_FAULT_POINTS_H

#ifdef MPQ_FAULTS
#ifndef FIU_ENABLE /* without it fiu.h defines stubs */
#define FIU_ENABLE 1
#endif
#include <fiu.h>
#define MPQ_POINT(name) fiu_fail(name)
#else
#define MPQ_POINT(name) 0
#endif

/* A point whose answer does not matter. */
#define MPQ_PLACE(name) ((void)MPQ_POINT(name))

#endif
