/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local_copy: whole writes and copies between descriptors. Internal to
 * store_local*.
 */
#ifndef FERRY_STORE_STORE_LOCAL_COPY_H
#define FERRY_STORE_STORE_LOCAL_COPY_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

/* Writes all of it or faults; adds to *written what got there either way. */
enum fault local_write_all(int fd, const char *at, size_t len, uint64_t *written);
/* Likewise, what is in a pipe. */
enum fault local_write_pipe(int fd, int pipe, size_t len, uint64_t *written);

/*
 * Copies `len` bytes between two files, inside the kernel where it can: file
 * systems that share blocks copy nothing. FAULT_IO when `from` is shorter.
 */
enum fault local_copy_range(int from, uint64_t from_offset, int to, uint64_t to_offset,
                            uint64_t len);

#endif
