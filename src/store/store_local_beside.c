/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_beside.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store_local_count.h"
#include "store/store_local_turn.h"

enum {
    /* How often the directory goes, empty, while its lock is awaited. */
    OPEN_TRIES_MAX = 64,
    /* The parent's own, without what only means something there. */
    MODE_MASK = 01777,
};

static const struct local_beside none = {.fd = -1};

/* ---- The directory --------------------------------------------------------- */

/* Whatever has the name, it is not the store's, or not this process's to see. */
static bool is_not_ours(int error)
{
    return error == ENOENT || error == ENOTDIR || error == ELOOP || error == EACCES ||
           error == EPERM;
}

/* FAULT_NOT_FOUND also of one that is not ours, unless it is `needed`. */
static enum fault open_hidden(int parent, bool needed, int *ret_fd)
{
    int fd = openat(parent, LOCAL_HIDDEN_DIRECTORY,
                    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return !needed && is_not_ours(errno) ? FAULT_NOT_FOUND : fault_from_errno(errno);
    *ret_fd = fd;
    return FAULT_NONE;
}

static enum fault make_hidden(int parent)
{
    struct stat info;
    if (fstat(parent, &info) ||
        (mkdirat(parent, LOCAL_HIDDEN_DIRECTORY, info.st_mode & MODE_MASK) && errno != EEXIST))
        return fault_from_errno(errno);
    return FAULT_NONE;
}

/* FAULT_NOT_FOUND, and *fd closed, when it was removed while its lock was awaited. */
static enum fault lock_hidden(int parent, int fd, enum local_wait wait)
{
    const struct local_place hidden = {.parent = parent, .name = LOCAL_HIDDEN_DIRECTORY};
    /* Where there are no locks, we do without. */
    enum fault f = local_lock(fd, LOCK_EX, wait) == FAULT_BUSY ? FAULT_BUSY : FAULT_NONE;
    if (!f && !local_is_target(&hidden, fd))
        f = FAULT_NOT_FOUND;
    if (f)
        close(fd);
    return f;
}

static enum fault open_locked(int parent, bool make, enum local_wait wait, int *ret_fd)
{
    for (int i = 0; i < OPEN_TRIES_MAX; i++) {
        int fd = -1;
        enum fault f = open_hidden(parent, make, &fd);
        if (!f)
            f = lock_hidden(parent, fd, wait);
        if (!f)
            *ret_fd = fd;
        if (f != FAULT_NOT_FOUND || !make)
            return f;
        f = make_hidden(parent);
        if (f)
            return f;
    }
    return FAULT_BUSY;
}

enum fault local_open_beside(const struct local_place *place, bool make, enum local_wait wait,
                             struct store_watch *watch, struct local_beside *ret_beside)
{
    struct local_beside beside = {.fd = -1, .place = place, .is_locked = true, .watch = watch};
    enum fault f = FAULT_NOT_FOUND;
    if (text_of(place->name).len <= LOCAL_BESIDE_NAME_MAX)
        f = open_locked(place->parent, make, wait, &beside.fd);
    else if (make)
        f = FAULT_NAME_INVALID;
    if (f && (make || f != FAULT_NOT_FOUND))
        return f;
    if (!f && watch)
        beside.counted = local_count_beside(&beside);
    *ret_beside = f ? none : beside;
    return FAULT_NONE;
}

bool local_is_beside_there(int directory)
{
    int fd = -1;
    if (open_hidden(directory, false, &fd))
        return false;
    close(fd);
    return true;
}

enum fault local_lock_all_beside(int directory, int *ret_fd)
{
    return open_locked(directory, false, LOCAL_WAIT_PUBLISHING_MS, ret_fd);
}

enum fault local_look_beside(const struct local_place *place, struct local_beside *ret_beside)
{
    struct local_beside beside = {.place = place};
    if (text_of(place->name).len > LOCAL_BESIDE_NAME_MAX)
        return FAULT_NOT_FOUND;
    enum fault f = open_hidden(place->parent, false, &beside.fd);
    if (!f)
        *ret_beside = beside;
    return f;
}

/* So much more, or less, in the directory's turn. */
static enum fault tell(struct store_watch *watch, int directory, int64_t bytes,
                       struct store_claim *claim)
{
    struct local_turn turn;
    if (!watch || !bytes)
        return FAULT_NONE;
    enum fault f = local_take_turn(watch, directory, &turn);
    if (f)
        return f;
    f = local_begin_shift(&turn, (struct store_shift){.bytes = bytes, .claim = claim});
    local_end_turn(&turn, !f);
    return f;
}

enum fault local_tell_beside(struct local_beside *beside, struct store_claim *claim)
{
    if (beside->fd < 0 || !beside->watch)
        return FAULT_NONE;
    int64_t present = local_count_beside(beside);
    enum fault f = tell(beside->watch, beside->place->parent, present - beside->counted, claim);
    if (!f)
        beside->counted = present;
    return f;
}

void local_close_beside(struct local_beside *beside)
{
    if (beside->fd < 0)
        return;
    if (beside->is_locked)
        (void)local_tell_beside(beside, NULL);
    if (beside->is_locked)
        (void)unlinkat(beside->place->parent, LOCAL_HIDDEN_DIRECTORY, AT_REMOVEDIR);
    close(beside->fd);
    beside->fd = -1;
}

/* ---- Files in it ------------------------------------------------------------- */

enum fault local_name_beside(const struct local_place *place, const char *suffix,
                             char name[LOCAL_NAME_SIZE])
{
    struct text file = text_of(place->name);
    struct builder b = builder_on(name, LOCAL_NAME_SIZE);
    if (file.len > LOCAL_BESIDE_NAME_MAX)
        return FAULT_NAME_INVALID;
    builder_put(&b, file);
    builder_put_string(&b, suffix);
    builder_end(&b);
    return FAULT_NONE;
}

/* FAULT_NOT_FOUND also of one that is not ours. */
static enum fault open_plain(int directory, const char *name, int flags, int *ret_fd)
{
    struct stat info;
    int fd = openat(directory, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return is_not_ours(errno) ? FAULT_NOT_FOUND : fault_from_errno(errno);
    enum fault f = FAULT_NONE;
    if (fstat(fd, &info))
        f = fault_from_errno(errno);
    else if (!S_ISREG(info.st_mode))
        f = FAULT_NOT_FOUND;
    if (f)
        close(fd);
    else
        *ret_fd = fd;
    return f;
}

enum fault local_open_file_beside(const struct local_beside *beside, const char *suffix, int flags,
                                  int *ret_fd)
{
    char name[LOCAL_NAME_SIZE];
    enum fault f = local_name_beside(beside->place, suffix, name);
    return f ? f : open_plain(beside->fd, name, flags, ret_fd);
}

void local_remove_beside(const struct local_beside *beside, const char *suffix)
{
    char name[LOCAL_NAME_SIZE];
    if (!local_name_beside(beside->place, suffix, name))
        (void)unlinkat(beside->fd, name, 0);
}

/* Adds how much that was to *removed. */
static enum fault remove_unheld(int directory, const char *name, int64_t *removed)
{
    int fd = -1;
    struct stat info = {.st_size = 0};
    enum fault f = open_plain(directory, name, O_RDONLY, &fd);
    bool is_open = !f;
    if (is_open && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
        f = FAULT_BUSY;
    else if (is_open && fstat(fd, &info))
        f = fault_from_errno(errno);
    else
        f = unlinkat(directory, name, 0) ? fault_from_errno(errno) : FAULT_NONE;
    if (!f)
        *removed += info.st_size;
    if (is_open)
        close(fd);
    return f;
}

enum fault local_remove_unheld_beside(const struct local_beside *beside, const char *suffix)
{
    char name[LOCAL_NAME_SIZE];
    int64_t removed = 0; /* it is told with the rest of the file's */
    enum fault f = local_name_beside(beside->place, suffix, name);
    return f ? f : remove_unheld(beside->fd, name, &removed);
}

/* ---- All that is in it -------------------------------------- */

DIR *local_names_of(int directory)
{
    int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *names = copy >= 0 ? fdopendir(copy) : NULL;
    if (!names && copy >= 0)
        close(copy);
    return names;
}

/* The next name but "." and ".."; empty at the end. */
static struct text next_name(DIR *names)
{
    for (;;) {
        const struct dirent *entry = readdir(names);
        struct text name = text_of(entry ? entry->d_name : NULL);
        if (!text_equal(name, TEXT(".")) && !text_equal(name, TEXT("..")))
            return name;
    }
}

static bool holds_only_hidden(int directory)
{
    DIR *names = local_names_of(directory);
    if (!names)
        return false;
    bool only = text_equal(next_name(names), TEXT(LOCAL_HIDDEN_DIRECTORY)) && !next_name(names).len;
    closedir(names);
    return only;
}

static bool is_any(int directory, const char *name)
{
    (void)directory;
    (void)name;
    return true;
}

/* Returns how much that was. */
static int64_t sweep(int directory, bool (*is_meant)(int directory, const char *name))
{
    int64_t removed = 0;
    DIR *names = local_names_of(directory);
    if (!names)
        return 0;
    for (struct text name = next_name(names); name.len; name = next_name(names))
        if (is_meant(directory, name.at))
            (void)remove_unheld(directory, name.at, &removed);
    closedir(names);
    return removed;
}

void local_sweep_beside(struct local_beside *beside,
                        bool (*is_meant)(int directory, const char *name))
{
    /* Without a claim nothing is refused. */
    (void)tell(beside->watch, beside->place->parent, -sweep(beside->fd, is_meant), NULL);
    if (beside->watch)
        beside->counted = local_count_beside(beside);
}

bool local_clear_beside(const struct local_place *directory, struct store_watch *watch)
{
    int hidden = -1;
    bool is_clear = false;
    int fd = openat(directory->parent, directory->name,
                    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return false;
    if (holds_only_hidden(fd) && !open_locked(fd, false, LOCAL_WAIT_MS, &hidden)) {
        (void)tell(watch, fd, -sweep(hidden, is_any), NULL);
        is_clear = unlinkat(fd, LOCAL_HIDDEN_DIRECTORY, AT_REMOVEDIR) == 0;
        close(hidden);
    }
    close(fd);
    return is_clear;
}
