/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local_turn: one at a time in a directory, so that who counts its files
 * is told exactly what each change does to them. Internal to store_local*.
 *
 * The rule: a plain file of the tree changes its length, gets its name or loses
 * it only in its directory's turn. So within one, what stat says is what was
 * counted, whoever else is at work. Where nobody watches nobody takes turns.
 *
 * A turn is short: a step or a piece of one. It is the last lock that is taken,
 * behind all of the file system's. It is between the threads of this process:
 * nobody else may be counted exactly.
 */
#ifndef FERRY_STORE_STORE_LOCAL_TURN_H
#define FERRY_STORE_STORE_LOCAL_TURN_H

#include <sys/stat.h>

#include "store/store.h"
#include "store/store_local_path.h"

struct local_turn {
    struct store_watch *watch; /* borrowed: the store's; NULL: nobody counts */
    int lock;                  /* -1: none, or the other turn's of two */
    bool has_begun;
    struct store_shift shift;
    char directory[LOCAL_PATH_SIZE];
};

/* Waits for it. local_end_turn after any success. */
enum fault local_take_turn(struct store_watch *watch, int parent, struct local_turn *ret_turn);
/* Of two directories, which may be the same. */
enum fault local_take_turns(struct store_watch *watch, int from, int to,
                            struct local_turn *ret_from, struct local_turn *ret_to);
/* Is the shift (its directory apart) allowed? Then it is told at the end. */
enum fault local_begin_shift(struct local_turn *turn, struct store_shift shift);
/* `done`: what was begun has happened, as turn->shift says. */
void local_end_turn(struct local_turn *turn, bool done);
/* Likewise, as one change. */
void local_end_turns(struct local_turn *from, struct local_turn *to, bool done);
/* Of a file that was to grow from `before` on: what it has grown is told. */
void local_end_growth(struct local_turn *turn, bool has_begun, int fd, uint64_t before);
/* A name that is no directory's goes. */
enum fault local_unlink_in_turn(const struct local_place *place, struct store_watch *watch);

/* A file in place of what has the name now (of NULL: nothing in its place). */
struct store_shift local_shift_to(const struct local_place *place, const struct stat *file);

#endif
