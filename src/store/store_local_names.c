/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store_local_annex.h"
#include "store/store_local_kept.h"
#include "store/store_local_target.h"

/* ---- Names that go --------------------------------------------------------- */

/* The file is gone, or has another name. */
static void drop_all(const struct local_beside *beside)
{
    local_drop_annex(beside);
    (void)local_drop_kept(beside);
}

static enum fault remove_file(const struct local_place *place)
{
    struct local_beside beside = {.fd = -1};
    enum fault f = local_open_beside(place, false, LOCAL_WAIT_MS, &beside);
    if (f)
        return f;
    if (unlinkat(place->parent, place->name, 0))
        f = fault_from_errno(errno);
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

static enum fault remove_directory(const struct local_place *place)
{
    if (unlinkat(place->parent, place->name, AT_REMOVEDIR) == 0)
        return FAULT_NONE;
    if (is_not_empty(errno)) {
        if (!local_clear_beside(place))
            return FAULT_NOT_EMPTY;
        if (unlinkat(place->parent, place->name, AT_REMOVEDIR) == 0)
            return FAULT_NONE;
    }
    return is_not_empty(errno) ? FAULT_NOT_EMPTY : fault_from_errno(errno);
}

enum fault local_remove_place(const struct local_place *place, bool is_directory)
{
    if (!place->name[0]) /* the root itself */
        return is_directory ? FAULT_DENIED : FAULT_IS_DIRECTORY;
    return is_directory ? remove_directory(place) : remove_file(place);
}

/* ---- Names that change -------------------------------------------------------- */

static enum fault rename_alone(const struct local_place *from, const struct local_place *to)
{
    if (renameat(from->parent, from->name, to->parent, to->name) == 0)
        return FAULT_NONE;
    if (is_not_empty(errno) && local_clear_beside(to) &&
        renameat(from->parent, from->name, to->parent, to->name) == 0)
        return FAULT_NONE;
    /* EINVAL: a directory into itself */
    return errno == EINVAL ? FAULT_NAME_INVALID : fault_from_errno(errno);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* What is beside a file that is renamed: where it was, and where it goes to. */
struct besides {
    struct local_beside from;
    struct local_beside to;
    bool is_one; /* `to` is `from` for another name */
};

static void close_besides(struct besides *besides)
{
    if (besides->is_one)
        besides->to.fd = -1;
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
static enum fault open_besides(const struct local_place *from, const struct local_place *to,
                               struct besides *ret_besides)
{
    struct stat from_parent;
    struct stat to_parent;
    struct besides besides = {.from.fd = -1, .to.fd = -1};
    if (fstat(from->parent, &from_parent) || fstat(to->parent, &to_parent))
        return fault_from_errno(errno);
    bool carries = has_annex(from);
    besides.is_one = is_same(&from_parent, &to_parent);
    bool to_first = to_parent.st_ino < from_parent.st_ino;
    enum fault f = FAULT_NONE;
    if (to_first && !besides.is_one)
        f = local_open_beside(to, carries, LOCAL_WAIT_MS, &besides.to);
    if (!f)
        f = local_open_beside(from, false, LOCAL_WAIT_MS, &besides.from);
    if (!f && !to_first && !besides.is_one)
        f = local_open_beside(to, carries, LOCAL_WAIT_MS, &besides.to);
    if (f) {
        close_besides(&besides);
        return f;
    }
    if (besides.is_one) {
        besides.to = besides.from;
        besides.to.place = to;
    }
    *ret_besides = besides;
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

static enum fault rename_with_annex(struct besides *besides, const struct local_place *from,
                                    const struct local_place *to)
{
    struct stat moved = {0};
    struct stat replaced = {0};
    enum fault f = local_stat_place(from, &moved);
    if (f)
        return f;
    /* Two names of one file both stay, each with what is beside it. */
    if (!local_stat_place(to, &replaced) && is_same(&moved, &replaced))
        return rename_alone(from, to);
    f = carry_annex(besides, &moved);
    if (!f)
        f = rename_alone(from, to);
    if (!f && besides->from.fd >= 0)
        drop_all(&besides->from);
    local_settle_annex(&besides->to, f == FAULT_NONE);
    return f;
}

enum fault local_rename_place(const struct local_place *from, const struct local_place *to)
{
    struct besides besides = {.from.fd = -1, .to.fd = -1};
    if (!from->name[0] || !to->name[0]) /* the root itself */
        return FAULT_DENIED;
    enum fault f = open_besides(from, to, &besides);
    if (f)
        return f;
    f = rename_with_annex(&besides, from, to);
    close_besides(&besides);
    return f;
}
