/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_staged.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "store/store_local_copy.h"
#include "store/store_local_target.h"

enum {
    /* How often an append finds that its file has come or gone meanwhile. */
    APPEND_TRIES_MAX = 16,
};

/* ---- Hidden names -------------------------------------------------------- */

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

void local_drop_temporary(struct local_upload *upload)
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

/* As far as the system lets us: a group can be ours to give where the owner is not. */
static void take_owner(int fd, const struct stat *old)
{
    if (old->st_uid == geteuid() && old->st_gid == getegid())
        return;
    if (fchown(fd, old->st_uid, old->st_gid))
        (void)!fchown(fd, (uid_t)-1, old->st_gid);
}

enum fault local_open_staged(struct local_upload *upload, const struct stat *old)
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
        take_owner(upload->fd, old);
        (void)fchmod(upload->fd, mode);
    }
    return FAULT_NONE;
}

enum fault local_take_prefix_later(struct local_upload *upload, int target, uint64_t offset)
{
    upload->prefix = target;
    upload->start = offset;
    if (lseek(upload->fd, (off_t)offset, SEEK_SET) < 0)
        return fault_from_errno(errno);
    return FAULT_NONE;
}

/* ---- Writing ------------------------------------------------------------- */

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

enum fault local_write_staged(struct local_upload *upload, const void *bytes, size_t len)
{
    enum fault f = take_prefix(upload);
    return f ? f : local_write_all(upload->fd, bytes, len, &upload->written);
}

/* ---- Ending -------------------------------------------------------------- */

/* Nobody's file may be replaced: another upload's name, or another's bytes before ours. */
static bool wants_free_name(const struct local_upload *upload)
{
    return upload->request.kind == STORE_UNIQUE || upload->request.kind == STORE_APPEND;
}

/*
 * The hidden name becomes the target's. File systems whose renames cannot keep
 * off a name that is taken (NFS) have links, which always do: with a second
 * name the first one is dropped like any other.
 */
static enum fault rename_temporary(struct local_upload *upload)
{
    int parent = upload->place.parent;
    unsigned flags = wants_free_name(upload) ? RENAME_NOREPLACE : 0;
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
    local_drop_temporary(upload);
    return f;
}

static enum fault publish_whole(struct local_upload *upload)
{
    enum fault f = take_prefix(upload);
    if (f)
        return f;
    if (upload->request.reserve_bytes &&
        ftruncate(upload->fd, (off_t)(upload->start + upload->written)))
        return fault_from_errno(errno);
    f = local_settle(upload->fd, upload->request.sync);
    if (f)
        return f;
    if (upload->temporary[0])
        return rename_temporary(upload);
    if (!upload->base.existed) {
        f = give_name(upload->fd, upload->place.parent, upload->place.name);
        if (f != FAULT_EXISTS || wants_free_name(upload))
            return f;
    }
    return replace_with_nameless(upload);
}

static enum fault append_tail(struct local_upload *upload, int target, uint64_t size)
{
    journal_record record = 0;
    enum fault f = FAULT_NONE;
    if (upload->journal)
        f = journal_add_length(upload->journal, target, size, size + upload->written,
                               upload->request.sync, &record);
    if (f)
        return f;
    f = local_copy_range(upload->fd, 0, target, size, upload->written);
    if (!f)
        f = local_settle(target, upload->request.sync);
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
    enum fault f = local_lock_target(&upload->place, &target, &size);
    if (f)
        return f;
    if (local_has_mark(target) ||
        (upload->request.kind == STORE_RESUME && size != upload->request.offset))
        f = FAULT_BUSY; /* it is another one, or another session wrote to it meanwhile */
    if (!f)
        f = append_tail(upload, target, size);
    close(target);
    return f;
}

/* The file an append was begun for may be gone by now, one that was not there may have come. */
static enum fault publish_append(struct local_upload *upload)
{
    bool exists = upload->way == LOCAL_STAGED_TAIL;
    for (int i = 0; i < APPEND_TRIES_MAX; i++) {
        upload->base.existed = exists;
        enum fault f = exists ? publish_tail(upload) : publish_whole(upload);
        if (f != (exists ? FAULT_NOT_FOUND : FAULT_EXISTS))
            return f;
        exists = !exists;
    }
    return FAULT_BUSY;
}

enum fault local_publish_staged(struct local_upload *upload)
{
    if (upload->request.kind == STORE_APPEND)
        return publish_append(upload);
    return upload->way == LOCAL_STAGED_TAIL ? publish_tail(upload) : publish_whole(upload);
}

enum store_remains local_abandon_staged(struct local_upload *upload, bool keep)
{
    if (upload->base.existed)
        return STORE_LEFT_OLD;
    if (!keep || upload->written == 0)
        return STORE_LEFT_NOTHING;
    /* The name must still be free: what another session published is complete. */
    upload->request.kind = STORE_UNIQUE;
    local_set_mark(upload->fd);
    enum fault f = publish_whole(upload);
    if (f == FAULT_EXISTS)
        return STORE_LEFT_OLD;
    return f ? STORE_LEFT_NOTHING : STORE_LEFT_PARTIAL;
}
