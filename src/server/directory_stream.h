/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory_stream: a listing as a stream: what LIST, NLST, MLSD and STAT send.
 * It reads names as it goes and holds only a bounded number of them, so that
 * the first lines leave at once however large the directory is; a listing that
 * cannot be completed ends in a fault, never as if it were whole.
 * Worker thread.
 */
#ifndef FERRY_SERVER_DIRECTORY_STREAM_H
#define FERRY_SERVER_DIRECTORY_STREAM_H

#include "base/stream.h"
#include "server/directory_request.h"

/* Room that a read must offer: the longest line there is. */
enum { DIRECTORY_LINE_MAX = 12 * 1024 };

/*
 * Begins a listing of a directory, of one file, or of the names a pattern
 * matches. Lines end with LF. FAULT_NOT_FOUND and others when there is nothing
 * to begin with; FAULT_NOT_DIRECTORY of DIRECTORY_FACTS.
 *
 * An entry that is gone when its turn comes is left out. One whose facts may
 * not be known (its directory may be read, not searched) shows its name and,
 * where the directory itself tells, its kind.
 */
enum fault directory_stream_open(const struct directory_request *request,
                                 struct stream **ret_stream);

#endif
