/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_count.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "store/store_local_annex.h"
#include "store/store_local_kept.h"
#include "store/store_local_path.h"
#include "store/store_local_target.h"
#include "store/store_local_turn.h"

enum {
    /* How often something comes to be beside the files of a directory just then. */
    TRIES_MAX = 16,
};

struct sum {
    int64_t bytes;
    int64_t files;
};

static enum fault add_entry(int directory, const struct dirent *entry, struct store_census *census,
                            struct sum *sum)
{
    struct stat info;
    struct text name = text_of(entry->d_name);
    /* What has a hidden name for a moment is an upload's that has reserved it. */
    if (text_equal(name, TEXT(".")) || text_equal(name, TEXT("..")) || local_is_hidden(name))
        return FAULT_NONE;
    /* Others than this process may have taken it away just now. */
    if (fstatat(directory, entry->d_name, &info, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT ? FAULT_NONE : fault_from_errno(errno);
    if (S_ISDIR(info.st_mode))
        return census->on_directory(census, entry->d_name);
    if (S_ISREG(info.st_mode)) {
        sum->bytes += info.st_size;
        sum->files++;
    }
    return FAULT_NONE;
}

static enum fault add_entries(DIR *names, struct store_census *census, struct sum *sum)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(names);
        if (!entry)
            return errno ? fault_from_errno(errno) : FAULT_NONE;
        enum fault f = add_entry(dirfd(names), entry, census, sum);
        if (f)
            return f;
    }
}

/* ---- Beside the files ------------------------------------------------------------ */

static int64_t bytes_of(int directory, const char *name)
{
    struct stat info = {.st_size = 0};
    int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return 0;
    bool counts = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && !local_is_locked(fd);
    close(fd);
    return counts ? info.st_size : 0;
}

int64_t local_count_beside(const struct local_beside *beside)
{
    static const char *const suffixes[] = {LOCAL_ANNEX,      LOCAL_ANNEX_NEW, LOCAL_KEPT,
                                           LOCAL_KEPT_ANNEX, LOCAL_TAIL,      LOCAL_TAIL_ANNEX};
    char name[LOCAL_NAME_SIZE];
    int64_t bytes = 0;
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
        if (!local_name_beside(beside->place, suffixes[i], name))
            bytes += bytes_of(beside->fd, name);
    return bytes;
}

static enum fault count_hidden(int hidden, struct sum *sum)
{
    DIR *names = local_names_of(hidden);
    if (!names)
        return FAULT_NO_MEMORY;
    for (const struct dirent *entry = readdir(names); entry; entry = readdir(names))
        sum->bytes += bytes_of(hidden, entry->d_name);
    closedir(names);
    return FAULT_NONE;
}

/* ---- A directory -------------------------------------------------------------------- */

/*
 * FAULT_BUSY: what is beside the files came while the turn was awaited. Who puts something
 * there tells it in a turn that comes later, unless it was there before this one.
 */
static enum fault check(int directory, int hidden)
{
    struct stat info;
    if (fstat(directory, &info))
        return fault_from_errno(errno);
    if (!info.st_nlink) /* it was removed; another one may have its name */
        return FAULT_NOT_FOUND;
    bool is_missed = hidden < 0 && local_is_beside_there(directory);
    return is_missed ? FAULT_BUSY : FAULT_NONE;
}

static enum fault count_in_turn(DIR *names, int hidden, struct store_watch *watch,
                                struct store_census *census)
{
    struct local_turn turn;
    struct sum sum = {0, 0};
    enum fault f = local_take_turn(watch, dirfd(names), &turn);
    if (f)
        return f;
    f = check(dirfd(names), hidden);
    if (!f)
        f = add_entries(names, census, &sum);
    if (!f && hidden >= 0)
        f = count_hidden(hidden, &sum);
    if (!f)
        census->on_counted(census, sum.bytes, sum.files);
    local_end_turn(&turn, false);
    return f;
}

static enum fault count_once(DIR *names, struct store_watch *watch, struct store_census *census)
{
    int hidden = -1;
    enum fault f = local_lock_all_beside(dirfd(names), &hidden);
    if (!f || f == FAULT_NOT_FOUND)
        f = count_in_turn(names, hidden, watch, census);
    if (hidden >= 0)
        close(hidden);
    return f;
}

enum fault local_count_directory(int root, const char *path, struct store_watch *watch,
                                 struct store_census *census)
{
    int fd = -1;
    enum fault f = local_open_directory_below(root, path, &fd);
    if (f)
        return f;
    DIR *names = fdopendir(fd);
    if (!names) {
        close(fd);
        return FAULT_NO_MEMORY;
    }
    f = count_once(names, watch, census);
    for (int i = 1; f == FAULT_BUSY && i < TRIES_MAX; i++)
        f = count_once(names, watch, census);
    closedir(names);
    return f;
}
