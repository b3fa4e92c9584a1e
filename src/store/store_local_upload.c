/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "store/store_local_copy.h"
#include "store/store_local_path.h"

enum {
    LOCK_TRIES = 50,
    LOCK_WAIT_MS = 100,
};

enum way {
    WAY_STAGED,      /* into `fd`, which becomes the file */
    WAY_STAGED_TAIL, /* into `fd`, which is then copied to the end of the file */
    WAY_DIRECT,      /* into the file itself */
};

struct local_upload {
    struct store_upload base;
    struct journal *journal; /* borrowed: the store's */
    struct store_upload_request request;
    struct local_place place; /* owned */
    enum way way;
    int fd;                /* owned: what is written to */
    char temporary[64];    /* its hidden name; "" while it has none */
    journal_record record; /* of the hidden name */
    int prefix;            /* owned: the file whose first `start` bytes come before ours; -1 */
    uint64_t start;        /* where our bytes begin in `fd` */
    uint64_t written;
    bool created; /* a direct upload made the file */
    bool marked;  /* the file carries LOCAL_PARTIAL_MARK */
};

static struct local_upload *local_of(struct store_upload *upload)
{
    return (struct local_upload *)upload;
}

/* ---- Small pieces -------------------------------------------------------- */

static void put_temporary_name(char *name, size_t size)
{
    (void)snprintf(name, size, LOCAL_TEMPORARY_PREFIX "%08x%08x", arc4random(), arc4random());
}

static enum fault give_name(int fd, int parent, const char *name)
{
    char proc[LOCAL_PROC_PATH_SIZE];
    if (linkat(fd, "", parent, name, AT_EMPTY_PATH) == 0)
        return FAULT_NONE;
    if (errno == EEXIST)
        return FAULT_EXISTS;
    /* Older kernels keep AT_EMPTY_PATH for the privileged; the proc link is for all. */
    local_proc_path(fd, proc);
    if (linkat(AT_FDCWD, proc, parent, name, AT_SYMLINK_FOLLOW))
        return fault_from_errno(errno);
    return FAULT_NONE;
}

/*
 * All that was written is the file system's now: on the disk with sync, else as
 * far as it tells. One over a network may refuse bytes (for want of room or
 * quota) only when a descriptor of the file is closed.
 */
static enum fault settle(int fd, bool sync)
{
    int copy = sync ? -1 : dup(fd);
    if ((sync && fsync(fd)) || (copy >= 0 && close(copy)))
        return fault_from_errno(errno);
    return FAULT_NONE;
}

static enum fault sync_directory(int parent)
{
    enum fault f = FAULT_NONE;
    int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd))
        f = fault_from_errno(errno);
    if (fd >= 0)
        close(fd);
    return f;
}

/* Opens what the place names, which is known to be a plain file. */
static enum fault open_target(const struct local_place *place, int flags, int *ret_fd)
{
    struct stat info;
    int path_fd = openat(place->parent, place->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (path_fd < 0)
        return fault_from_errno(errno);
    enum fault f = FAULT_NONE;
    if (fstat(path_fd, &info))
        f = fault_from_errno(errno);
    else if (!S_ISREG(info.st_mode))
        f = FAULT_NOT_PLAIN_FILE;
    if (!f)
        f = local_reopen(path_fd, flags, ret_fd);
    close(path_fd);
    return f;
}

static bool has_mark(int fd)
{
    return fgetxattr(fd, LOCAL_PARTIAL_MARK, NULL, 0) >= 0;
}

static void set_mark(int fd)
{
    /* Without extended attributes the partial is resumed like any other file. */
    (void)fsetxattr(fd, LOCAL_PARTIAL_MARK, "1", 1, 0);
}

/* ---- Opening ------------------------------------------------------------- */

static enum fault open_named_temporary(struct local_upload *upload, mode_t mode)
{
    put_temporary_name(upload->temporary, sizeof(upload->temporary));
    if (upload->journal) {
        enum fault f = journal_add_temporary(upload->journal, upload->place.parent,
                                             upload->temporary, upload->request.sync,
                                             &upload->record);
        if (f) {
            upload->temporary[0] = '\0';
            return f;
        }
    }
    upload->fd = openat(upload->place.parent, upload->temporary,
                        O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (upload->fd >= 0)
        return FAULT_NONE;
    enum fault f = fault_from_errno(errno);
    (void)journal_strike(upload->journal, upload->record, false);
    upload->temporary[0] = '\0';
    return f;
}

/* The file that is to become the target, with the owner and mode of the one it replaces. */
static enum fault open_staged(struct local_upload *upload, const struct stat *old)
{
    /* From the first: what only its owner may read is never anybody's, whatever fails below. */
    mode_t mode = old ? old->st_mode & 0777 : (mode_t)upload->request.mode;
    upload->fd = openat(upload->place.parent, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, mode);
    if (upload->fd < 0) {
        if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)
            return fault_from_errno(errno);
        enum fault f = open_named_temporary(upload, mode);
        if (f)
            return f;
    }
    if (old) {
        if (old->st_uid != geteuid() || old->st_gid != getegid())
            (void)!fchown(upload->fd, old->st_uid, old->st_gid);
        (void)fchmod(upload->fd, mode);
    }
    return FAULT_NONE;
}

static enum fault open_direct_target(struct local_upload *upload, int flags)
{
    if (upload->base.existed)
        return open_target(&upload->place, flags, &upload->fd);
    upload->fd = openat(upload->place.parent, upload->place.name,
                        flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        (mode_t)upload->request.mode);
    if (upload->fd < 0)
        return errno == EEXIST ? FAULT_BUSY : fault_from_errno(errno);
    upload->created = true;
    return FAULT_NONE;
}

static enum fault seek_to(struct local_upload *upload, uint64_t offset)
{
    upload->start = offset;
    if (lseek(upload->fd, (off_t)offset, SEEK_SET) < 0)
        return fault_from_errno(errno);
    return FAULT_NONE;
}

static enum fault open_direct(struct local_upload *upload, const struct stat *old)
{
    const struct store_upload_request *request = &upload->request;
    uint64_t size = old ? (uint64_t)old->st_size : 0;
    if (request->kind == STORE_UNIQUE && old)
        return FAULT_EXISTS;
    if (request->kind == STORE_RESUME && request->offset > size)
        return FAULT_OUT_OF_RANGE;
    upload->way = WAY_DIRECT;
    enum fault f = open_direct_target(upload,
                                      O_WRONLY | (request->kind == STORE_APPEND ? O_APPEND : 0));
    if (f)
        return f;
    upload->marked = old && has_mark(upload->fd);
    if (request->kind == STORE_RESUME)
        return seek_to(upload, request->offset);
    if (request->kind == STORE_APPEND)
        upload->start = size;
    else if (old && ftruncate(upload->fd, 0))
        return fault_from_errno(errno);
    return FAULT_NONE;
}

/* APPE, or STOR after REST, to a file that is there. */
static enum fault open_continuation(struct local_upload *upload, const struct stat *old)
{
    const struct store_upload_request *request = &upload->request;
    uint64_t size = (uint64_t)old->st_size;
    uint64_t offset = request->kind == STORE_APPEND ? size : request->offset;
    int target = -1;
    if (offset > size)
        return FAULT_OUT_OF_RANGE;
    enum fault f = open_target(&upload->place, O_RDWR, &target);
    if (f)
        return f;
    if (has_mark(target)) {
        upload->way = WAY_DIRECT;
        upload->marked = true;
        upload->fd = target;
        return seek_to(upload, offset);
    }
    f = open_staged(upload, old);
    if (f || offset == size) {
        upload->way = WAY_STAGED_TAIL;
        close(target);
        return f;
    }
    upload->prefix = target;
    return seek_to(upload, offset);
}

static enum fault reserve(struct local_upload *upload)
{
    off_t at = lseek(upload->fd, 0, SEEK_CUR);
    if (!upload->request.reserve_bytes || at < 0)
        return FAULT_NONE;
    off_t len = (off_t)upload->request.reserve_bytes;
    if (fallocate(upload->fd, FALLOC_FL_KEEP_SIZE, at, len) == 0 || errno == EOPNOTSUPP)
        return FAULT_NONE;
    return fault_from_errno(errno);
}

/* What is to be replaced or continued; NOT_FOUND when the name is free. */
static enum fault stat_target(const struct local_place *place, struct stat *ret_info)
{
    enum fault f = local_stat_place(place, ret_info);
    if (f)
        return f;
    if (S_ISDIR(ret_info->st_mode))
        return FAULT_IS_DIRECTORY;
    if (!S_ISREG(ret_info->st_mode))
        return FAULT_NOT_PLAIN_FILE;
    /* Replacing needs no right to the old file, but its owner expects it to. */
    if (faccessat(place->parent, place->name, W_OK, AT_EACCESS))
        return fault_from_errno(errno);
    return FAULT_NONE;
}

static enum fault open_by_kind(struct local_upload *upload)
{
    struct stat info;
    enum fault f = stat_target(&upload->place, &info);
    if (f && f != FAULT_NOT_FOUND)
        return f;
    const struct stat *old = f ? NULL : &info;
    upload->base.existed = old != NULL;
    if (upload->request.direct)
        return open_direct(upload, old);
    if (upload->request.kind == STORE_UNIQUE && old)
        return FAULT_EXISTS;
    if (upload->request.kind == STORE_RESUME && upload->request.offset > 0 && !old)
        return FAULT_OUT_OF_RANGE;
    if (old && (upload->request.kind == STORE_APPEND || upload->request.kind == STORE_RESUME))
        return open_continuation(upload, old);
    return open_staged(upload, old);
}

/* ---- Writing ------------------------------------------------------------- */

static enum fault upload_read(struct stream *stream, void *buffer, size_t size, size_t *ret_len)
{
    (void)stream;
    (void)buffer;
    (void)size;
    *ret_len = 0;
    return FAULT_BUG;
}

/*
 * Brings what stays of the old file into the staged one: not while opening,
 * which the client waits for, and not for an upload that never gets a byte.
 */
static enum fault take_prefix(struct local_upload *upload)
{
    if (upload->prefix < 0)
        return FAULT_NONE;
    enum fault f = local_copy_range(upload->prefix, 0, upload->fd, 0, upload->start);
    close(upload->prefix);
    upload->prefix = -1;
    return f;
}

static enum fault upload_write(struct stream *stream, const void *bytes, size_t len)
{
    struct local_upload *upload = (struct local_upload *)stream;
    enum fault f = take_prefix(upload);
    if (f)
        return f;
    return local_write_all(upload->fd, bytes, len, &upload->written);
}

/* ---- Ending -------------------------------------------------------------- */

static void drop_temporary(struct local_upload *upload)
{
    if (!upload->temporary[0])
        return;
    if (unlinkat(upload->place.parent, upload->temporary, 0) == 0 || errno == ENOENT)
        (void)journal_strike(upload->journal, upload->record, false);
    else /* the record stays, so that the next start can do what failed now */
        log_warning("upload-leftover-stays", LOG_TEXT("name", text_of(upload->temporary)),
                    LOG_ERRNO(errno));
    upload->temporary[0] = '\0';
}

static void free_upload(struct local_upload *upload)
{
    drop_temporary(upload);
    if (upload->prefix >= 0)
        close(upload->prefix);
    if (upload->fd >= 0)
        close(upload->fd);
    local_close_place(&upload->place);
    memory_free(upload);
}

static void upload_close(struct stream *stream)
{
    free_upload((struct local_upload *)stream);
}

/*
 * The hidden name becomes the target's. File systems whose renames cannot keep
 * off a name that is taken (NFS) have links, which always do: with a second
 * name the first one is dropped like any other.
 */
static enum fault rename_temporary(struct local_upload *upload)
{
    int parent = upload->place.parent;
    unsigned flags = upload->request.kind == STORE_UNIQUE ? RENAME_NOREPLACE : 0;
    if (renameat2(parent, upload->temporary, parent, upload->place.name, flags)) {
        if (flags && errno == EINVAL &&
            linkat(parent, upload->temporary, parent, upload->place.name, 0) == 0)
            return FAULT_NONE;
        return fault_from_errno(errno);
    }
    (void)journal_strike(upload->journal, upload->record, false);
    upload->temporary[0] = '\0';
    return FAULT_NONE;
}

/*
 * A nameless file cannot take the place of another one directly: it gets a
 * hidden name first, for the time between two system calls.
 */
static enum fault replace_with_nameless(struct local_upload *upload)
{
    put_temporary_name(upload->temporary, sizeof(upload->temporary));
    if (upload->journal &&
        journal_add_temporary(upload->journal, upload->place.parent, upload->temporary,
                              upload->request.sync, &upload->record))
        log_warning("upload-not-in-journal", LOG_TEXT("temporary", text_of(upload->temporary)));
    enum fault f = give_name(upload->fd, upload->place.parent, upload->temporary);
    if (!f)
        f = rename_temporary(upload);
    drop_temporary(upload);
    return f;
}

static enum fault publish_staged(struct local_upload *upload)
{
    enum fault f = take_prefix(upload);
    if (f)
        return f;
    if (upload->request.reserve_bytes &&
        ftruncate(upload->fd, (off_t)(upload->start + upload->written)))
        return fault_from_errno(errno);
    f = settle(upload->fd, upload->request.sync);
    if (f)
        return f;
    if (upload->temporary[0])
        return rename_temporary(upload);
    if (!upload->base.existed) {
        f = give_name(upload->fd, upload->place.parent, upload->place.name);
        if (f != FAULT_EXISTS || upload->request.kind == STORE_UNIQUE)
            return f;
    }
    return replace_with_nameless(upload);
}

static enum fault lock_file(int fd)
{
    const struct timespec wait = {.tv_nsec = LOCK_WAIT_MS * 1000000L};
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return FAULT_NONE;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return fault_from_errno(errno);
        nanosleep(&wait, NULL);
    }
    return FAULT_BUSY;
}

/* Opens and locks the file the name means once the lock is held. */
static enum fault lock_target(struct local_upload *upload, int *ret_fd, uint64_t *ret_size)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        struct stat named;
        struct stat locked;
        int fd = -1;
        enum fault f = open_target(&upload->place, O_RDWR, &fd);
        if (f)
            return f;
        f = lock_file(fd);
        if (!f && fstat(fd, &locked))
            f = fault_from_errno(errno);
        if (!f)
            f = local_stat_place(&upload->place, &named);
        if (!f && locked.st_ino == named.st_ino && locked.st_dev == named.st_dev) {
            *ret_fd = fd;
            *ret_size = (uint64_t)locked.st_size;
            return FAULT_NONE;
        }
        close(fd);
        if (f)
            return f;
    }
    return FAULT_BUSY;
}

static enum fault append_tail(struct local_upload *upload, int target, uint64_t size)
{
    journal_record record = 0;
    enum fault f = FAULT_NONE;
    if (upload->journal)
        f = journal_add_length(upload->journal, target, size, upload->request.sync, &record);
    if (f)
        return f;
    f = local_copy_range(upload->fd, 0, target, size, upload->written);
    if (!f)
        f = settle(target, upload->request.sync);
    /* While the record is in force the next start takes away what is said to be there. */
    if (!f)
        f = journal_strike(upload->journal, record, upload->request.sync);
    if (!f)
        return f;
    if (ftruncate(target, (off_t)size))
        /* The record stays, so that the next start can do what failed now. */
        log_error("append-not-undone", LOG_TEXT("name", text_of(upload->place.name)),
                  LOG_ERRNO(errno));
    else
        (void)journal_strike(upload->journal, record, false);
    return f;
}

static enum fault publish_tail(struct local_upload *upload)
{
    uint64_t size;
    int target = -1;
    enum fault f = lock_target(upload, &target, &size);
    if (f == FAULT_NOT_FOUND && upload->request.kind == STORE_APPEND) {
        upload->base.existed = false;
        return publish_staged(upload);
    }
    if (f)
        return f;
    if (upload->request.kind == STORE_RESUME && size != upload->request.offset)
        f = FAULT_BUSY; /* another session wrote to it meanwhile */
    if (!f)
        f = append_tail(upload, target, size);
    close(target);
    return f;
}

static enum fault publish_direct(struct local_upload *upload)
{
    bool is_partial = !upload->request.direct;
    if (is_partial && ftruncate(upload->fd, (off_t)(upload->start + upload->written)))
        return fault_from_errno(errno);
    enum fault f = settle(upload->fd, upload->request.sync);
    if (f || !upload->marked)
        return f;
    /* It is no partial any more, once nothing of it can be lost. */
    if (fremovexattr(upload->fd, LOCAL_PARTIAL_MARK) || (upload->request.sync && fsync(upload->fd)))
        return fault_from_errno(errno);
    return FAULT_NONE;
}

static enum fault upload_publish(struct store_upload *base)
{
    struct local_upload *upload = local_of(base);
    enum fault f = FAULT_BUG;
    switch (upload->way) {
    case WAY_STAGED:
        f = publish_staged(upload);
        break;
    case WAY_STAGED_TAIL:
        f = publish_tail(upload);
        break;
    case WAY_DIRECT:
        f = publish_direct(upload);
        break;
    }
    if (!f && upload->request.sync)
        f = sync_directory(upload->place.parent);
    free_upload(upload);
    return f;
}

static enum store_remains abandon_direct(struct local_upload *upload)
{
    if (!upload->request.direct) {
        /* A partial stays a prefix of what its client is sending. */
        (void)!ftruncate(upload->fd, (off_t)(upload->start + upload->written));
        return STORE_LEFT_PARTIAL;
    }
    if (!upload->created)
        return STORE_LEFT_CHANGED;
    if (upload->written == 0) {
        (void)unlinkat(upload->place.parent, upload->place.name, 0);
        return STORE_LEFT_NOTHING;
    }
    set_mark(upload->fd);
    return STORE_LEFT_PARTIAL;
}

static enum store_remains abandon_staged(struct local_upload *upload, bool keep)
{
    if (upload->base.existed)
        return STORE_LEFT_OLD;
    if (!keep || upload->written == 0)
        return STORE_LEFT_NOTHING;
    /* The name must still be free: what another session published is complete. */
    upload->request.kind = STORE_UNIQUE;
    set_mark(upload->fd);
    enum fault f = publish_staged(upload);
    if (f == FAULT_EXISTS)
        return STORE_LEFT_OLD;
    return f ? STORE_LEFT_NOTHING : STORE_LEFT_PARTIAL;
}

static enum store_remains upload_abandon(struct store_upload *base, bool keep)
{
    struct local_upload *upload = local_of(base);
    enum store_remains remains = upload->way == WAY_DIRECT ? abandon_direct(upload)
                                                           : abandon_staged(upload, keep);
    free_upload(upload);
    return remains;
}

enum fault local_open_upload(int root, struct journal *journal, const char *path,
                             const struct store_upload_request *request,
                             struct store_upload **ret_upload)
{
    static const struct stream_type stream_type = {upload_read, upload_write, upload_close};
    static const struct store_upload_type type = {upload_publish, upload_abandon};
    struct local_upload *upload = memory_new(sizeof(*upload));
    if (!upload)
        return FAULT_NO_MEMORY;
    upload->base.stream = (struct stream){.type = &stream_type, .fd = -1};
    upload->base.type = &type;
    upload->journal = journal;
    upload->request = *request;
    upload->place.parent = -1;
    upload->fd = -1;
    upload->prefix = -1;
    enum fault f = local_open_place_followed(root, path, &upload->place);
    if (!f)
        f = open_by_kind(upload);
    if (!f)
        f = reserve(upload);
    if (f) {
        if (upload->created)
            (void)unlinkat(upload->place.parent, upload->place.name, 0);
        free_upload(upload);
        return f;
    }
    *ret_upload = &upload->base;
    return FAULT_NONE;
}
