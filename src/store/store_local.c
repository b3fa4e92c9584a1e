/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/store_local_path.h"
#include "store/store_local_upload.h"

/* Linux keeps no creation time that a program may set; MFCT's lives beside the file. */
#define CREATED_ATTRIBUTE "user.ferry.created"

enum { GROUPS_MAX = 64 };

/* Who this process is to the file system; read once, it does not change while serving. */
struct identity {
    uid_t user;
    gid_t group;
    gid_t groups[GROUPS_MAX];
    int group_count;
};

struct store_local {
    struct store base;
    int root;                /* owned: the directory */
    struct journal *journal; /* borrowed: the server's */
    struct identity identity;
};

struct local_file {
    struct stream stream; /* its fd is owned here */
};

struct local_directory {
    struct store_directory base;
    DIR *names;                      /* owned */
    const struct identity *identity; /* borrowed: the store's */
};

static int root_of(struct store *store)
{
    return ((struct store_local *)store)->root;
}

static const struct identity *identity_of(struct store *store)
{
    return &((struct store_local *)store)->identity;
}

/* ---- About a file --------------------------------------------------------- */

static bool is_in_group(const struct identity *identity, gid_t group)
{
    if (group == identity->group)
        return true;
    for (int i = 0; i < identity->group_count; i++)
        if (identity->groups[i] == group)
            return true;
    return false;
}

static unsigned access_of(const struct identity *identity, const struct statx *x)
{
    unsigned shift = 0;
    if (identity->user == 0)
        return STORE_MAY_READ | STORE_MAY_WRITE | STORE_MAY_SEARCH;
    if (x->stx_uid == identity->user)
        shift = 6;
    else if (is_in_group(identity, x->stx_gid))
        shift = 3;
    return x->stx_mode >> shift & 7U;
}

static void fill_kind(struct store_info *info, unsigned mode)
{
    info->kind = STORE_SPECIAL;
    switch (mode & S_IFMT) {
    case S_IFREG:
        info->kind = STORE_FILE;
        info->letter = '-';
        break;
    case S_IFDIR:
        info->kind = STORE_DIRECTORY;
        info->letter = 'd';
        break;
    case S_IFLNK:
        info->kind = STORE_LINK;
        info->letter = 'l';
        break;
    case S_IFIFO:
        info->letter = 'p';
        break;
    case S_IFSOCK:
        info->letter = 's';
        break;
    case S_IFBLK:
        info->letter = 'b';
        break;
    default:
        info->letter = 'c';
    }
}

static struct store_info info_of(const struct identity *identity, const struct statx *x)
{
    struct store_info info = {
        .mode = x->stx_mode & 07777U,
        .access = access_of(identity, x),
        .owner = x->stx_uid,
        .group = x->stx_gid,
        .links = x->stx_nlink,
        .size = x->stx_size,
        .device = (uint64_t)x->stx_dev_major << 32 | x->stx_dev_minor,
        .file_number = x->stx_ino,
        .modified = {x->stx_mtime.tv_sec, x->stx_mtime.tv_nsec},
        .created = {x->stx_btime.tv_sec, x->stx_btime.tv_nsec},
        .has_created = (x->stx_mask & STATX_BTIME) != 0,
    };
    fill_kind(&info, x->stx_mode);
    return info;
}

/* What MFCT said, if it said anything. Links have no such attribute and are not asked. */
static void fill_created(const char *path, struct store_info *info)
{
    char value[32];
    uint64_t seconds;
    ssize_t len = info->kind == STORE_FILE || info->kind == STORE_DIRECTORY
                      ? getxattr(path, CREATED_ATTRIBUTE, value, sizeof(value))
                      : -1;
    if (len > 0 && text_to_number((struct text){value, (size_t)len}, INT64_MAX, &seconds)) {
        info->created = (struct store_time){(int64_t)seconds, 0};
        info->has_created = true;
    }
}

static enum fault info_of_fd(const struct identity *identity, int fd, struct store_info *ret_info)
{
    struct statx x;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &x))
        return fault_from_errno(errno);
    *ret_info = info_of(identity, &x);
    return FAULT_NONE;
}

static enum fault local_stat(struct store *store, const char *path, bool follow,
                             struct store_info *ret_info)
{
    int fd;
    char proc[LOCAL_PROC_PATH_SIZE];
    enum fault f = local_open_path(root_of(store), path, follow, &fd);
    if (f)
        return f;
    f = info_of_fd(identity_of(store), fd, ret_info);
    if (!f) {
        local_proc_path(fd, proc);
        fill_created(proc, ret_info);
    }
    close(fd);
    return f;
}

/* ---- Reading --------------------------------------------------------------- */

static enum fault file_read(struct stream *stream, void *buffer, size_t size, size_t *ret_len)
{
    int64_t left = stream->file_end - stream->file_offset;
    ssize_t n;
    if ((uint64_t)left < size)
        size = (size_t)left;
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

static enum fault file_write(struct stream *stream, const void *bytes, size_t len)
{
    (void)stream;
    (void)bytes;
    (void)len;
    return FAULT_BUG;
}

static void file_close(struct stream *stream)
{
    close(stream->fd);
    memory_free(stream);
}

static enum fault open_plain(int path_fd, const struct store_info *info, int *ret_fd)
{
    if (info->kind == STORE_DIRECTORY)
        return FAULT_IS_DIRECTORY;
    if (info->kind != STORE_FILE)
        return FAULT_NOT_PLAIN_FILE;
    return local_reopen(path_fd, O_RDONLY, ret_fd);
}

static enum fault local_open_read(struct store *store, const char *path, struct stream **ret_stream,
                                  struct store_info *ret_info)
{
    static const struct stream_type type = {file_read, file_write, file_close};
    struct store_info info = {.kind = STORE_SPECIAL};
    int path_fd;
    int fd = -1;
    enum fault f = local_open_path(root_of(store), path, true, &path_fd);
    if (f)
        return f;
    f = info_of_fd(identity_of(store), path_fd, &info);
    if (!f)
        f = open_plain(path_fd, &info, &fd);
    close(path_fd);
    if (f)
        return f;
    struct local_file *file = memory_new(sizeof(*file));
    if (!file) {
        close(fd);
        return FAULT_NO_MEMORY;
    }
    file->stream = (struct stream){&type, fd, 0, (int64_t)info.size};
    *ret_stream = &file->stream;
    *ret_info = info;
    return FAULT_NONE;
}

/* ---- Directories ------------------------------------------------------------ */

static struct local_directory *directory_of(struct store_directory *directory)
{
    return (struct local_directory *)directory;
}

static enum store_kind kind_of_entry(unsigned char type)
{
    switch (type) {
    case DT_REG:
        return STORE_FILE;
    case DT_DIR:
        return STORE_DIRECTORY;
    case DT_LNK:
        return STORE_LINK;
    case DT_UNKNOWN:
        return STORE_UNKNOWN;
    default:
        return STORE_SPECIAL;
    }
}

static enum fault directory_next(struct store_directory *directory, struct text *ret_name,
                                 enum store_kind *ret_kind)
{
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(directory_of(directory)->names);
        if (!entry) {
            *ret_name = (struct text){NULL, 0};
            return errno ? fault_from_errno(errno) : FAULT_NONE;
        }
        struct text name = text_of(entry->d_name);
        if (text_equal(name, TEXT(".")) || text_equal(name, TEXT("..")) || local_is_temporary(name))
            continue;
        *ret_name = name;
        *ret_kind = kind_of_entry(entry->d_type);
        return FAULT_NONE;
    }
}

static enum fault directory_info(struct store_directory *directory, const char *name, bool created,
                                 struct store_info *ret_info)
{
    struct statx x;
    struct local_directory *local = directory_of(directory);
    int fd = dirfd(local->names);
    if (statx(fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_BTIME, &x))
        return fault_from_errno(errno);
    *ret_info = info_of(local->identity, &x);
    if (created) {
        char path[LOCAL_PROC_PATH_SIZE + LOCAL_NAME_SIZE];
        local_proc_path(fd, path);
        struct builder b = {path, strlen(path), sizeof(path), false};
        builder_put_byte(&b, '/');
        builder_put_string(&b, name);
        fill_created(builder_end(&b), ret_info);
    }
    return FAULT_NONE;
}

static enum fault directory_link(struct store_directory *directory, const char *name,
                                 struct builder *target)
{
    char path[LOCAL_PATH_SIZE];
    ssize_t len = readlinkat(dirfd(directory_of(directory)->names), name, path, sizeof(path));
    if (len < 0)
        return fault_from_errno(errno);
    builder_put(target, (struct text){path, (size_t)len});
    return FAULT_NONE;
}

static void directory_close(struct store_directory *directory)
{
    closedir(directory_of(directory)->names);
    memory_free(directory);
}

static enum fault local_open_names(struct store *store, const char *path,
                                   struct store_directory **ret_directory)
{
    static const struct store_directory_type type = {directory_next, directory_info, directory_link,
                                                     directory_close};
    int fd;
    enum fault f = local_open_directory(root_of(store), path, &fd);
    if (f)
        return f;
    struct local_directory *directory = memory_new(sizeof(*directory));
    if (directory)
        directory->names = fdopendir(fd);
    if (!directory || !directory->names) {
        memory_free(directory);
        close(fd);
        return FAULT_NO_MEMORY;
    }
    directory->base.type = &type;
    directory->identity = identity_of(store);
    *ret_directory = &directory->base;
    return FAULT_NONE;
}

/* ---- Changing the tree ------------------------------------------------------- */

static enum fault local_upload(struct store *store, const char *path,
                               const struct store_upload_request *request,
                               struct store_upload **ret_upload)
{
    struct store_local *local = (struct store_local *)store;
    return local_open_upload(local->root, local->journal, path, request, ret_upload);
}

static enum fault local_remove(struct store *store, const char *path)
{
    struct local_place place;
    enum fault f = local_open_place(root_of(store), path, &place);
    if (f)
        return f;
    if (!place.name[0])
        f = FAULT_IS_DIRECTORY;
    else if (unlinkat(place.parent, place.name, 0))
        f = fault_from_errno(errno);
    local_close_place(&place);
    return f;
}

static enum fault local_remove_directory(struct store *store, const char *path)
{
    struct local_place place;
    enum fault f = local_open_place(root_of(store), path, &place);
    if (f)
        return f;
    if (!place.name[0])
        f = FAULT_DENIED; /* the root itself */
    else if (unlinkat(place.parent, place.name, AT_REMOVEDIR))
        f = errno == EEXIST ? FAULT_NOT_EMPTY : fault_from_errno(errno);
    local_close_place(&place);
    return f;
}

static enum fault local_make_directory(struct store *store, const char *path, unsigned mode)
{
    struct local_place place;
    enum fault f = local_open_place(root_of(store), path, &place);
    if (f)
        return f;
    if (!place.name[0])
        f = FAULT_EXISTS;
    else if (mkdirat(place.parent, place.name, (mode_t)mode))
        f = fault_from_errno(errno);
    local_close_place(&place);
    return f;
}

static enum fault local_rename(struct store *store, const char *from, const char *to)
{
    struct local_place old;
    struct local_place new = {.parent = -1};
    enum fault f = local_open_place(root_of(store), from, &old);
    if (f)
        return f;
    f = local_open_place(root_of(store), to, &new);
    if (!f) {
        if (!old.name[0] || !new.name[0])
            f = FAULT_DENIED;
        else if (renameat(old.parent, old.name, new.parent, new.name))
            /* EINVAL: a directory into itself */
            f = errno == EINVAL ? FAULT_NAME_INVALID : fault_from_errno(errno);
    }
    local_close_place(&new);
    local_close_place(&old);
    return f;
}

static enum fault change_by_path(const char *path, const struct store_changes *changes)
{
    if (changes->mask & STORE_CHANGE_MODE && chmod(path, changes->mode & 0777))
        return fault_from_errno(errno);
    if (changes->mask & STORE_CHANGE_CREATED) {
        char value[32];
        struct builder b = builder_on(value, sizeof(value));
        if (changes->created.seconds < 0)
            return FAULT_UNSUPPORTED;
        builder_put_number(&b, (uint64_t)changes->created.seconds);
        if (setxattr(path, CREATED_ATTRIBUTE, value, b.len, 0))
            return fault_from_errno(errno);
    }
    if (changes->mask & STORE_CHANGE_MODIFIED) {
        const struct timespec times[2] = {
            {.tv_nsec = UTIME_OMIT},
            {.tv_sec = changes->modified.seconds, .tv_nsec = changes->modified.nanoseconds},
        };
        if (utimensat(AT_FDCWD, path, times, 0))
            return fault_from_errno(errno);
    }
    return FAULT_NONE;
}

static enum fault change_fd(const struct identity *identity, int fd,
                            const struct store_changes *changes)
{
    struct store_info info = {.kind = STORE_UNKNOWN};
    char proc[LOCAL_PROC_PATH_SIZE];
    enum fault f = info_of_fd(identity, fd, &info);
    if (f)
        return f;
    if (info.kind != STORE_FILE && info.kind != STORE_DIRECTORY)
        return FAULT_NOT_PLAIN_FILE;
    local_proc_path(fd, proc);
    return change_by_path(proc, changes);
}

static enum fault local_change(struct store *store, const char *path,
                               const struct store_changes *changes)
{
    int fd;
    enum fault f = local_open_path(root_of(store), path, true, &fd);
    if (f)
        return f;
    f = change_fd(identity_of(store), fd, changes);
    close(fd);
    return f;
}

static enum fault local_make_link(struct store *store, const char *target, const char *path)
{
    struct local_place place;
    enum fault f = local_open_place(root_of(store), path, &place);
    if (f)
        return f;
    if (!place.name[0])
        f = FAULT_EXISTS;
    else if (symlinkat(target, place.parent, place.name))
        f = fault_from_errno(errno);
    local_close_place(&place);
    return f;
}

static enum fault local_space(struct store *store, const char *path, struct store_space *ret_space)
{
    int fd;
    struct statvfs vfs;
    enum fault f = local_open_path(root_of(store), path, true, &fd);
    if (f)
        return f;
    if (fstatvfs(fd, &vfs))
        f = fault_from_errno(errno);
    close(fd);
    if (f)
        return f;
    ret_space->free_bytes = (uint64_t)vfs.f_bavail * vfs.f_frsize;
    ret_space->total_bytes = (uint64_t)vfs.f_blocks * vfs.f_frsize;
    return FAULT_NONE;
}

static void local_free(struct store *store)
{
    close(root_of(store));
    memory_free(store);
}

enum fault store_local_open(const char *directory, struct journal *journal,
                            struct store **ret_store)
{
    static const struct store_type type = {
        .stat = local_stat,
        .open_read = local_open_read,
        .open_upload = local_upload,
        .open_directory = local_open_names,
        .remove = local_remove,
        .remove_directory = local_remove_directory,
        .make_directory = local_make_directory,
        .rename = local_rename,
        .change = local_change,
        .make_link = local_make_link,
        .space = local_space,
        .free = local_free,
    };
    int root = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return fault_from_errno(errno);
    struct store_local *local = memory_new(sizeof(*local));
    if (!local) {
        close(root);
        return FAULT_NO_MEMORY;
    }
    local->base.type = &type;
    local->root = root;
    local->journal = journal;
    local->identity.user = geteuid();
    local->identity.group = getegid();
    local->identity.group_count = getgroups(GROUPS_MAX, local->identity.groups);
    *ret_store = &local->base;
    return FAULT_NONE;
}
