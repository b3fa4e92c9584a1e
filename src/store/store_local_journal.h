/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local_journal: what a crash would leave behind, written down before it
 * can, so that the next start undoes it without looking through the trees.
 *
 * Two kinds of record: a temporary name to remove, and a file to cut back to
 * the length it had before an append was being published. One journal file per
 * process, locked while the process lives; a start takes every journal in the
 * state directory whose process is gone, and leaves in it what cannot be
 * undone yet. Any thread.
 */
#ifndef FERRY_STORE_STORE_LOCAL_JOURNAL_H
#define FERRY_STORE_STORE_LOCAL_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

struct journal;
struct local_spares;

/* Names a record so that it can be struck out; 0: none was written. */
typedef uint64_t journal_record;

/* A state directory, readable by whoever makes it only, unless there is one. */
enum fault journal_make_directory(const char *path);
/*
 * Undoes what dead processes left in `directory` (made if absent) and begins
 * this process's journal there. FAULT_NO_MEMORY, or what the directory said.
 */
enum fault journal_open(const char *directory, struct journal **ret_journal);
/* Removes the journal's file; everything was struck out by now. Accepts NULL. */
void journal_close(struct journal *journal);

/* `name` in the directory `parent` is a temporary. With sync, known to the disk on return. */
enum fault journal_add_temporary(struct journal *journal, int parent, const char *name, bool sync,
                                 journal_record *ret_record);
/*
 * The file `fd` is to be cut back to `length` bytes, and have the time of its last change that it
 * has now, unless it is longer than `end` by then.
 */
enum fault journal_add_length(struct journal *journal, int fd, uint64_t length, uint64_t end,
                              bool sync, journal_record *ret_record);
/*
 * It is done, or undone: strikes the record out; with sync, on the disk too. A
 * fault may leave it in force. Accepts NULL and 0.
 */
enum fault journal_strike(struct journal *journal, journal_record record, bool sync);

/* Names that are in it for who needs one next (store_local_spare). */
struct local_spares *journal_spares(struct journal *journal);

#endif
