/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_turn.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

enum {
    /* More than ever run at once; two directories that share one only wait for each other. */
    LOCK_COUNT = 256,
    NO_LOCK = -1,
};

static pthread_mutex_t locks[LOCK_COUNT] = {[0 ... LOCK_COUNT - 1] = PTHREAD_MUTEX_INITIALIZER};

/* By the directory itself: a path could be another's by now, or have another spelling. */
static enum fault find_lock(int parent, int *ret_lock)
{
    struct stat info;
    if (fstat(parent, &info))
        return fault_from_errno(errno);
    const uint64_t spread = 0x9E3779B97F4A7C15;
    *ret_lock = (int)(((info.st_ino + info.st_dev) * spread >> 32) % LOCK_COUNT);
    return FAULT_NONE;
}

static void lock(int number)
{
    if (number != NO_LOCK)
        pthread_mutex_lock(&locks[number]);
}

static void unlock(int number)
{
    if (number != NO_LOCK)
        pthread_mutex_unlock(&locks[number]);
}

static void prepare(struct local_turn *turn, struct store_watch *watch)
{
    turn->watch = watch;
    turn->lock = NO_LOCK;
    turn->has_begun = false;
}

enum fault local_take_turn(struct store_watch *watch, int parent, struct local_turn *ret_turn)
{
    prepare(ret_turn, watch);
    if (!watch)
        return FAULT_NONE;
    enum fault f = find_lock(parent, &ret_turn->lock);
    if (f)
        return f;
    lock(ret_turn->lock);
    f = local_absolute_path(parent, ret_turn->directory);
    if (f)
        unlock(ret_turn->lock);
    return f;
}

/* In the order of their numbers, so that nobody waits in a ring; one that both have is `from`'s. */
static void lock_both(struct local_turn *from, struct local_turn *to)
{
    if (to->lock == from->lock)
        to->lock = NO_LOCK;
    lock(to->lock < from->lock ? to->lock : from->lock);
    lock(to->lock < from->lock ? from->lock : to->lock);
}

enum fault local_take_turns(struct store_watch *watch, int from, int to,
                            struct local_turn *ret_from, struct local_turn *ret_to)
{
    prepare(ret_from, watch);
    prepare(ret_to, watch);
    if (!watch)
        return FAULT_NONE;
    enum fault f = find_lock(from, &ret_from->lock);
    if (!f)
        f = find_lock(to, &ret_to->lock);
    if (f)
        return f;
    lock_both(ret_from, ret_to);
    f = local_absolute_path(from, ret_from->directory);
    if (!f)
        f = local_absolute_path(to, ret_to->directory);
    if (f) {
        unlock(ret_to->lock);
        unlock(ret_from->lock);
    }
    return f;
}

enum fault local_begin_shift(struct local_turn *turn, struct store_shift shift)
{
    if (!turn->watch)
        return FAULT_NONE;
    turn->shift = shift;
    turn->shift.directory = turn->directory;
    enum fault f = turn->watch->type->begin(turn->watch, &turn->shift);
    turn->has_begun = !f;
    return f;
}

static const struct store_shift *done_in(const struct local_turn *turn)
{
    return turn->has_begun ? &turn->shift : NULL;
}

static void tell(struct store_watch *watch, const struct store_shift *shift,
                 const struct store_shift *other)
{
    if (shift)
        watch->type->end(watch, shift, other);
    else if (other)
        watch->type->end(watch, other, NULL);
}

void local_end_turn(struct local_turn *turn, bool done)
{
    if (!turn->watch)
        return;
    if (done)
        tell(turn->watch, done_in(turn), NULL);
    unlock(turn->lock);
}

void local_end_turns(struct local_turn *from, struct local_turn *to, bool done)
{
    if (!from->watch)
        return;
    if (done)
        tell(from->watch, done_in(from), done_in(to));
    unlock(to->lock);
    unlock(from->lock);
}

enum fault local_unlink_in_turn(const struct local_place *place, struct store_watch *watch)
{
    struct local_turn turn;
    enum fault f = local_take_turn(watch, place->parent, &turn);
    if (f)
        return f;
    f = local_begin_shift(&turn, local_shift_to(place, NULL));
    if (!f && unlinkat(place->parent, place->name, 0))
        f = fault_from_errno(errno);
    local_end_turn(&turn, !f);
    return f;
}

void local_end_growth(struct local_turn *turn, bool has_begun, int fd, uint64_t before)
{
    struct stat info;
    if (turn->watch && has_begun && fstat(fd, &info) == 0)
        turn->shift.bytes = info.st_size - (int64_t)before;
    local_end_turn(turn, has_begun);
}

struct store_shift local_shift_to(const struct local_place *place, const struct stat *file)
{
    struct stat old;
    struct store_shift shift = {.bytes = 0};
    if (!local_stat_place(place, &old) && S_ISREG(old.st_mode)) {
        shift.bytes = -old.st_size;
        shift.files = -1;
    }
    if (file && S_ISREG(file->st_mode)) {
        shift.bytes += file->st_size;
        shift.files += 1;
        shift.size = (uint64_t)file->st_size;
    }
    return shift;
}
