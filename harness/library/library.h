/* SPDX-License-Identifier: MIT */
/* library.h - internal to liballways: the public interface is allways/allways.h. */
#ifndef AW_LIBRARY_LIBRARY_H
#define AW_LIBRARY_LIBRARY_H

/* The path of runtime.so, to be freed, or NULL when it is not to be found. */
char *aw_library_runtime(const char *given);

#endif
