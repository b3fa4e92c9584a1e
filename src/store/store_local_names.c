/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store_local_annex.h"
#include "store/store_local_count.h"
#include "store/store_local_kept.h"
#include "store/store_local_target.h"
#include "store/store_local_turn.h"

/* ---- Names that go --------------------------------------------------------- */

/* The file is gone, or has another name. */
static void drop_all(const struct local_beside *beside)
{
    local_drop_annex(beside);
    (void)local_drop_kept(beside);
}

static enum fault remove_file(const struct local_place *place, struct store_watch *watch)
{
    struct local_beside beside = {.fd = -1};
    enum fault f = local_open_beside(place, false, LOCAL_WAIT_MS, watch, &beside);
    if (f)
        return f;
    f = local_unlink_in_turn(place, watch);
    if (!f && beside.fd >= 0)
        drop_all(&beside);
    else if (f == FAULT_NOT_FOUND && beside.fd >= 0 && local_drop_kept(&beside))
        f = FAULT_NONE; /* an upload that nobody goes on with was all there was */
    local_close_beside(&beside);
    return f;
}

static bool is_not_empty(int error)
{
    return error == EEXIST || error == ENOTEMPTY;
}

static enum fault remove_empty(const struct local_place *place)
{
    if (unlinkat(place->parent, place->name, AT_REMOVEDIR))
        return is_not_empty(errno) ? FAULT_NOT_EMPTY : fault_from_errno(errno);
    return FAULT_NONE;
}

/* Who counts the files of a directory has it there until all are counted. */
static enum fault remove_in_turn(const struct local_place *place, struct store_watch *watch)
{
    struct local_turn turn;
    int fd = openat(place->parent, place->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return fault_from_errno(errno);
    enum fault f = local_take_turn(watch, fd, &turn);
    close(fd);
    if (f)
        return f;
    f = remove_empty(place);
    local_end_turn(&turn, false);
    return f;
}

static enum fault remove_directory(const struct local_place *place, struct store_watch *watch)
{
    enum fault f = remove_in_turn(place, watch);
    if (f != FAULT_NOT_EMPTY || !local_clear_beside(place, watch))
        return f;
    return remove_in_turn(place, watch);
}

enum fault local_remove_place(const struct local_place *place, bool is_directory,
                              struct store_watch *watch)
{
    if (!place->name[0]) /* the root itself */
        return is_directory ? FAULT_DENIED : FAULT_IS_DIRECTORY;
    return is_directory ? remove_directory(place, watch) : remove_file(place, watch);
}

/* ---- Names that change -------------------------------------------------------- */

struct rename {
    const struct local_place *from; /* borrowed: the caller's */
    const struct local_place *to;   /* borrowed: the caller's */
    struct store_watch *watch;      /* borrowed: the store's; NULL: nobody counts */
};

static enum fault rename_alone(const struct rename *names)
{
    if (renameat(names->from->parent, names->from->name, names->to->parent, names->to->name) == 0)
        return FAULT_NONE;
    if (is_not_empty(errno))
        return FAULT_NOT_EMPTY;
    /* EINVAL: a directory into itself */
    return errno == EINVAL ? FAULT_NAME_INVALID : fault_from_errno(errno);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* Does somebody who has it alone make it longer? Under another name that could not be counted. */
static bool is_growing(const struct local_place *place, const struct stat *info)
{
    int fd = -1;
    if (!S_ISREG(info->st_mode) || local_open_target(place, O_RDONLY, &fd))
        return false;
    bool is_locked = local_is_locked(fd);
    close(fd);
    return is_locked;
}

/* What is beside a file that is renamed: where it was, and where it goes to. */
struct besides {
    struct rename names;
    struct local_beside from;
    struct local_beside to;
    bool is_one; /* `to` is `from` for another name */
};

static void close_besides(struct besides *besides)
{
    if (besides->is_one) {
        (void)local_tell_beside(&besides->to, NULL);
        besides->to.fd = -1;
    }
    local_close_beside(&besides->to);
    local_close_beside(&besides->from);
}

/* Has it an annex that must have a place to go to? */
static bool has_annex(const struct local_place *place)
{
    struct local_beside beside = {.fd = -1};
    struct local_annexed annexed = {.annex.fd = -1};
    if (!local_look_beside(place, &beside))
        (void)local_find_present(&beside, &annexed);
    local_close_beside(&beside);
    local_close_annex(&annexed.annex);
    return annexed.annex.bytes > 0;
}

/* Two directories are locked in the order of their numbers, so that nobody waits in a ring. */
static enum fault open_besides(struct besides *besides)
{
    const struct rename *names = &besides->names;
    struct stat from_parent;
    struct stat to_parent;
    if (fstat(names->from->parent, &from_parent) || fstat(names->to->parent, &to_parent))
        return fault_from_errno(errno);
    bool carries = has_annex(names->from);
    bool to_first = to_parent.st_ino < from_parent.st_ino;
    enum fault f = FAULT_NONE;
    besides->is_one = is_same(&from_parent, &to_parent);
    if (to_first && !besides->is_one)
        f = local_open_beside(names->to, carries, LOCAL_WAIT_MS, names->watch, &besides->to);
    if (!f)
        f = local_open_beside(names->from, false, LOCAL_WAIT_MS, names->watch, &besides->from);
    if (!f && !to_first && !besides->is_one)
        f = local_open_beside(names->to, carries, LOCAL_WAIT_MS, names->watch, &besides->to);
    if (f || !besides->is_one)
        return f;
    besides->to = besides->from;
    besides->to.place = names->to;
    if (names->watch && besides->to.fd >= 0)
        besides->to.counted = local_count_beside(&besides->to);
    return FAULT_NONE;
}

/* Is an append to the file at work, whose annex is to be found when it is done? */
static bool is_being_appended_to(const struct local_beside *beside)
{
    int annex = -1;
    int fd = -1;
    if (beside->fd < 0 || local_open_file_beside(beside, LOCAL_ANNEX, O_RDONLY, &annex))
        return false;
    close(annex);
    if (local_open_target(beside->place, O_RDONLY, &fd))
        return false;
    bool is_locked = local_is_locked(fd);
    close(fd);
    return is_locked;
}

/* Puts the annex of the file that is to come beside its new name. */
static enum fault carry_annex(struct besides *besides, const struct stat *moved)
{
    struct local_annexed own = {.annex.fd = -1};
    struct local_annexed present = {.annex.fd = -1};
    enum fault f = local_find_annexed(&besides->from, moved, &own);
    if (!f && !own.annex.bytes && is_being_appended_to(&besides->from))
        f = FAULT_BUSY;
    if (f || !own.annex.bytes)
        return f;
    if (besides->to.fd < 0) /* it came to its annex just now */
        f = FAULT_BUSY;
    if (!f)
        f = local_find_present(&besides->to, &present);
    const struct local_annex_draft next = {.version = own.version, .first = &own.annex};
    if (!f)
        f = local_put_annex(&besides->to, &next, &present, moved->st_mode, true);
    local_close_annex(&present.annex);
    local_close_annex(&own.annex);
    return f;
}

/* Both turns are ours. What is beside the file counts where its annex is by now. */
static enum fault rename_in_turns(struct besides *besides, struct local_turn *from_turn,
                                  struct local_turn *to_turn, struct stat *ret_moved)
{
    struct stat moved;
    const struct rename *names = &besides->names;
    int64_t present = besides->to.fd >= 0 ? local_count_beside(&besides->to) : 0;
    enum fault f = local_stat_place(names->from, &moved);
    if (!f && is_growing(names->from, &moved))
        f = FAULT_BUSY;
    if (f)
        return f;
    struct store_shift goes = {.bytes = -besides->from.counted};
    struct store_shift comes = local_shift_to(names->to, &moved);
    if (S_ISREG(moved.st_mode)) {
        goes.bytes -= moved.st_size;
        goes.files = -1;
    }
    comes.bytes += present - besides->to.counted;
    /* Neither has a claim that could be refused. */
    f = local_begin_shift(from_turn, goes);
    if (!f)
        f = local_begin_shift(to_turn, comes);
    if (!f)
        f = rename_alone(names);
    if (f)
        return f;
    if (S_ISDIR(moved.st_mode))
        names->watch->type->on_move(names->watch, from_turn->directory, to_turn->directory);
    besides->from.counted = 0; /* it goes with the name */
    besides->to.counted = present;
    *ret_moved = moved;
    return FAULT_NONE;
}

static enum fault rename_watched(struct besides *besides)
{
    struct local_turn from_turn;
    struct local_turn to_turn;
    struct stat moved;
    const struct rename *names = &besides->names;
    enum fault f = local_take_turns(names->watch, names->from->parent, names->to->parent,
                                    &from_turn, &to_turn);
    if (f)
        return f;
    f = rename_in_turns(besides, &from_turn, &to_turn, &moved);
    local_end_turns(&from_turn, &to_turn, !f);
    if (!f && S_ISDIR(moved.st_mode))
        names->watch->type->after_move(names->watch);
    return f;
}

static enum fault rename_told(struct besides *besides)
{
    return besides->names.watch ? rename_watched(besides) : rename_alone(&besides->names);
}

static enum fault rename_with_annex(struct besides *besides)
{
    struct stat moved = {0};
    struct stat replaced = {0};
    const struct rename *names = &besides->names;
    enum fault f = local_stat_place(names->from, &moved);
    if (f)
        return f;
    /* Two names of one file both stay, each with what is beside it. */
    if (!local_stat_place(names->to, &replaced) && is_same(&moved, &replaced))
        return rename_alone(names);
    f = carry_annex(besides, &moved);
    if (!f)
        f = rename_told(besides);
    if (f == FAULT_NOT_EMPTY && local_clear_beside(names->to, names->watch))
        f = rename_told(besides);
    if (!f && besides->from.fd >= 0)
        drop_all(&besides->from);
    local_settle_annex(&besides->to, f == FAULT_NONE);
    return f;
}

enum fault local_rename_place(const struct local_place *from, const struct local_place *to,
                              struct store_watch *watch)
{
    struct besides besides = {.names = {from, to, watch}, .from.fd = -1, .to.fd = -1};
    if (!from->name[0] || !to->name[0]) /* the root itself */
        return FAULT_DENIED;
    enum fault f = open_besides(&besides);
    if (!f)
        f = rename_with_annex(&besides);
    close_besides(&besides);
    return f;
}
