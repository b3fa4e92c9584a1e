/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local_file: files of this machine as streams. One that is written gets its
 * name when it is complete, never before; "-" is a standard stream.
 */
#ifndef FERRY_CLIENT_LOCAL_FILE_H
#define FERRY_CLIENT_LOCAL_FILE_H

#include "base/stream.h"

/* For reading. FAULT_IS_DIRECTORY and others. */
enum fault local_file_open(const char *path, struct stream **ret_stream);
/* For writing in place from `offset` on; FAULT_OUT_OF_RANGE: the file does not have so much. */
enum fault local_file_continue(const char *path, uint64_t offset, struct stream **ret_stream);
/* For writing, under a temporary name beside `path`. */
enum fault local_file_create(const char *path, struct stream **ret_stream);
/*
 * Closes it and gives it its name; on a fault, of closing too, it is removed
 * and what had the name stays.
 */
enum fault local_file_publish(struct stream **stream);

#endif
