/* SPDX-License-Identifier: Apache-2.0 */
#include "client/local_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "client/local_place.h"

/* ---- Trees --------------------------------------------------------------------------- */

static int open_root(const char *path)
{
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/*
 * A directory and those above it. Not each that is there says so (a mount point
 * may deny first): what comes of it is seen at the end.
 */
static enum fault make_all(const char *path)
{
    char bytes[LOCAL_PATH_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct text rest = text_of(path);
    enum fault f = FAULT_NONE;
    while (rest.len && !b.full) {
        builder_put(&b, text_take_until(&rest, '/'));
        builder_put_byte(&b, '/');
        if (mkdir(builder_end(&b), 0777) && errno != EEXIST && !f)
            f = fault_from_errno(errno);
    }
    return b.full ? FAULT_NAME_INVALID : f;
}

enum fault local_tree_open(const char *path, bool make, struct local_tree **ret_tree)
{
    enum fault f = FAULT_NONE;
    int root = open_root(path);
    if (root < 0 && errno == ENOENT && make && path[0]) {
        f = make_all(path);
        root = open_root(path);
    }
    if (root < 0)
        return f ? f : fault_from_errno(errno);
    return local_recent_new(root, ret_tree);
}

void local_tree_free(struct local_tree *tree)
{
    if (!tree)
        return;
    local_recent_free(tree->recent);
    close(tree->root);
    memory_free(tree);
}

/* ---- Looking ------------------------------------------------------------------------------ */

static enum entry_kind kind_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return ENTRY_FILE;
    case S_IFDIR:
        return ENTRY_DIRECTORY;
    case S_IFLNK:
        return ENTRY_LINK;
    default:
        return ENTRY_OTHER;
    }
}

static struct entry entry_of(const struct stat *info)
{
    return (struct entry){
        .kind = kind_of(info->st_mode),
        .has_size = S_ISREG(info->st_mode),
        .size = S_ISREG(info->st_mode) ? (uint64_t)info->st_size : 0,
        .precision = ENTRY_TIME_SECOND,
        .modified = info->st_mtim.tv_sec,
        .has_mode = true,
        .mode = info->st_mode & 07777,
    };
}

static enum fault add_name(int fd, const char *name, struct entries *entries)
{
    char bytes[LOCAL_PATH_SIZE];
    struct stat info;
    struct entry entry;
    struct text target = {NULL, 0};
    if (!fstatat(fd, name, &info, AT_SYMLINK_NOFOLLOW))
        entry = entry_of(&info);
    else if (errno == ENOENT) /* removed since it was read */
        return FAULT_NONE;
    else
        entry = (struct entry){.kind = ENTRY_OTHER};
    if (entry.kind == ENTRY_LINK) {
        ssize_t len = readlinkat(fd, name, bytes, sizeof(bytes));
        target = (struct text){bytes, len > 0 ? (size_t)len : 0};
    }
    return entries_add(entries, &entry, text_of(name), target);
}

static bool is_listed(const char *name)
{
    struct text t = text_of(name);
    return !text_equal(t, TEXT(".")) && !text_equal(t, TEXT("..")) && !local_is_part(t);
}

static enum fault read_names(DIR *names, struct entries *entries)
{
    enum fault f = FAULT_NONE;
    while (!f) {
        errno = 0;
        struct dirent *each = readdir(names);
        if (!each)
            return errno ? fault_from_errno(errno) : FAULT_NONE;
        if (is_listed(each->d_name))
            f = add_name(dirfd(names), each->d_name, entries);
    }
    return f;
}

enum fault local_tree_list(const struct local_tree *tree, const char *path,
                           struct entries *ret_entries)
{
    struct entries entries = {0};
    int fd = -1;
    enum fault f = local_resolve(tree, path, O_RDONLY | O_DIRECTORY, &fd);
    if (f)
        return f;
    DIR *names = fdopendir(fd);
    if (!names) {
        close(fd);
        return FAULT_NO_MEMORY;
    }
    f = read_names(names, &entries);
    closedir(names);
    if (f)
        entries_clear(&entries);
    else
        *ret_entries = entries;
    return f;
}

static enum fault stat_place(const struct local_place *place, void *info)
{
    int result = fstatat(place->fd, place->name, info, AT_SYMLINK_NOFOLLOW);
    return result ? fault_from_errno(errno) : FAULT_NONE;
}

enum fault local_tree_look(const struct local_tree *tree, const char *path, struct entry *ret_entry)
{
    struct stat info;
    int fd = -1;
    enum fault f = local_at_place(tree, path, stat_place, &info, NULL);
    if (f)
        return f;
    /* Of one that leads nowhere, or out, there is only itself to tell of. */
    if (S_ISLNK(info.st_mode) && !local_resolve(tree, path, O_PATH, &fd)) {
        if (fstat(fd, &info))
            f = fault_from_errno(errno);
        close(fd);
    }
    if (!f)
        *ret_entry = entry_of(&info);
    return f;
}

/* ---- Reading ------------------------------------------------------------------------------ */

static enum fault file_read(struct stream *stream, void *buffer, size_t size, size_t *ret_len)
{
    const int64_t left = stream->file_end - stream->file_offset;
    ssize_t n;
    if (left < 0 || (uint64_t)left < size)
        size = left < 0 ? 0 : (size_t)left;
    do {
        n = pread(stream->fd, buffer, size, stream->file_offset);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return fault_from_errno(errno);
    if (n == 0 && size > 0)
        return FAULT_IO; /* it became shorter since it was opened */
    stream->file_offset += n;
    *ret_len = (size_t)n;
    return FAULT_NONE;
}

static void file_close(struct stream *stream)
{
    close(stream->fd);
    memory_free(stream);
}

static enum fault check_plain(int fd, struct stat *ret_info)
{
    if (fstat(fd, ret_info))
        return fault_from_errno(errno);
    if (S_ISDIR(ret_info->st_mode))
        return FAULT_IS_DIRECTORY;
    return S_ISREG(ret_info->st_mode) ? FAULT_NONE : FAULT_NOT_PLAIN_FILE;
}

enum fault local_tree_read(const struct local_tree *tree, const char *path,
                           struct stream **ret_stream)
{
    static const struct stream_type type = {.read = file_read, .close = file_close};
    struct stat info;
    int fd = -1;
    /* Not to wait for the other end of a FIFO. */
    enum fault f = local_resolve(tree, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, &fd);
    if (f)
        return f;
    f = check_plain(fd, &info);
    struct stream *stream = f ? NULL : memory_new(sizeof(*stream));
    if (!stream) {
        close(fd);
        return f ? f : FAULT_NO_MEMORY;
    }
    *stream = (struct stream){&type, fd, 0, info.st_size};
    *ret_stream = stream;
    return FAULT_NONE;
}

/* ---- Changing ------------------------------------------------------------------------------ */

static enum fault make_place(const struct local_place *place, void *unused)
{
    (void)unused;
    return mkdirat(place->fd, place->name, 0777) ? fault_from_errno(errno) : FAULT_NONE;
}

enum fault local_tree_make_directory(const struct local_tree *tree, const char *path)
{
    int fd = -1;
    enum fault f = local_at_place(tree, path, make_place, NULL, NULL);
    if (f != FAULT_EXISTS)
        return f;
    f = local_resolve(tree, path, O_PATH | O_DIRECTORY, &fd);
    if (!f)
        close(fd);
    return f == FAULT_NOT_FOUND ? FAULT_EXISTS : f; /* a link that leads nowhere */
}

/* Nobody sees parts, so nobody else can remove them. FAULT_NOT_EMPTY: there is more. */
static enum fault remove_all_parts(int fd, DIR *names)
{
    for (struct dirent *each = readdir(names); each; each = readdir(names))
        if (is_listed(each->d_name))
            return FAULT_NOT_EMPTY;
    rewinddir(names);
    for (struct dirent *each = readdir(names); each; each = readdir(names))
        if (local_is_part(text_of(each->d_name)))
            (void)unlinkat(fd, each->d_name, 0);
    return FAULT_NONE;
}

static enum fault empty_of_parts(const struct local_place *place)
{
    int fd = openat(place->fd, place->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *names = fd < 0 ? NULL : fdopendir(fd);
    if (!names) {
        if (fd >= 0)
            close(fd);
        return FAULT_NOT_EMPTY;
    }
    enum fault f = remove_all_parts(fd, names);
    closedir(names);
    return f;
}

static enum fault unlink_place(const struct local_place *place, int flags)
{
    return unlinkat(place->fd, place->name, flags) ? fault_from_errno(errno) : FAULT_NONE;
}

static enum fault remove_directory(const struct local_place *place)
{
    enum fault f = unlink_place(place, AT_REMOVEDIR);
    if (f != FAULT_NOT_EMPTY && f != FAULT_EXISTS) /* POSIX has either */
        return f;
    f = empty_of_parts(place);
    return f ? f : unlink_place(place, AT_REMOVEDIR);
}

static enum fault remove_place(const struct local_place *place, void *unused)
{
    (void)unused;
    enum fault f = unlink_place(place, 0);
    return f == FAULT_IS_DIRECTORY ? remove_directory(place) : f;
}

enum fault local_tree_remove(const struct local_tree *tree, const char *path)
{
    return path[0] ? local_at_place(tree, path, remove_place, NULL, NULL) : FAULT_DENIED;
}

static unsigned user_mask = 022;

void local_take_umask(void)
{
    user_mask = umask(0);
    (void)umask(user_mask);
}

unsigned local_mode(unsigned mode)
{
    return mode & 0777 & ~user_mask;
}

static enum fault set_time(const struct local_place *place, void *times)
{
    int result = utimensat(place->fd, place->name, times, AT_SYMLINK_NOFOLLOW);
    return result ? fault_from_errno(errno) : FAULT_NONE;
}

enum fault local_tree_set_time(const struct local_tree *tree, const char *path, int64_t seconds)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = seconds}};
    if (seconds == INT64_MIN)
        return FAULT_NONE;
    return local_at_place(tree, path, set_time, times, NULL);
}

static enum fault set_mode(const struct local_place *place, void *mode)
{
    const mode_t bits = local_mode(*(unsigned *)mode);
    int result = fchmodat(place->fd, place->name, bits, AT_SYMLINK_NOFOLLOW);
    return result ? fault_from_errno(errno) : FAULT_NONE;
}

enum fault local_tree_set_mode(const struct local_tree *tree, const char *path, unsigned mode)
{
    return local_at_place(tree, path, set_mode, &mode, NULL);
}

/* ---- Links ---------------------------------------------------------------------------------- */

/*
 * Can the text of a link lead only to where its ".." at the beginning lead, or
 * below that? What comes after a name may be behind a link, or be one some day.
 */
static bool goes_down(struct text target)
{
    bool is_below = false;
    if (!target.len || target.at[0] == '/')
        return false;
    while (target.len) {
        struct text part = text_take_until(&target, '/');
        bool is_up = text_equal(part, TEXT(".."));
        if (is_up && is_below)
            return false;
        is_below |= part.len && !is_up && !text_equal(part, TEXT("."));
    }
    return true;
}

struct new_link {
    const struct local_tree *tree; /* borrowed: the caller's, as all below */
    const char *path;
    const char *target;
};

/* Where it leads is not there yet, perhaps; the kernel has followed every ".." by then. */
static enum fault check_target(const struct new_link *link)
{
    char bytes[LOCAL_PATH_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    int fd = -1;
    if (!goes_down(text_of(link->target)))
        return FAULT_DENIED;
    builder_put(&b, (struct text){link->path, (size_t)(local_last_part(link->path) - link->path)});
    builder_put_string(&b, link->target);
    builder_end(&b);
    if (b.full)
        return FAULT_NAME_INVALID;
    enum fault f = local_resolve_target(link->tree, bytes, O_PATH, &fd);
    if (!f)
        close(fd);
    return f == FAULT_NOT_FOUND ? FAULT_NONE : f;
}

/* Under another name first: the link that was there stays until this one is. */
static enum fault replace_link(const struct local_place *place, const struct new_link *link)
{
    char name[LOCAL_NAME_SIZE];
    struct builder b = builder_on(name, sizeof(name));
    struct stat info;
    if (fstatat(place->fd, place->name, &info, AT_SYMLINK_NOFOLLOW))
        return fault_from_errno(errno);
    if (!S_ISLNK(info.st_mode))
        return FAULT_EXISTS;
    local_put_part_name(&b, text_of(place->name), local_unique(link->tree));
    builder_end(&b);
    if (symlinkat(link->target, place->fd, name))
        return fault_from_errno(errno);
    if (!renameat(place->fd, name, place->fd, place->name))
        return FAULT_NONE;
    enum fault f = fault_from_errno(errno);
    (void)unlinkat(place->fd, name, 0);
    return f;
}

static enum fault link_place(const struct local_place *place, void *owner)
{
    const struct new_link *link = owner;
    enum fault f = check_target(link);
    if (f)
        return f;
    if (!symlinkat(link->target, place->fd, place->name))
        return FAULT_NONE;
    return errno == EEXIST ? replace_link(place, link) : fault_from_errno(errno);
}

enum fault local_tree_link(const struct local_tree *tree, const char *path, const char *target)
{
    struct new_link link = {tree, path, target};
    return local_at_place(tree, path, link_place, &link, NULL);
}
