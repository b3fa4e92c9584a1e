/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_staged.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "store/store_local_change.h"
#include "store/store_local_copy.h"
#include "store/store_local_kept.h"
#include "store/store_local_spare.h"
#include "store/store_local_target.h"
#include "store/store_local_turn.h"
#include "store/store_local_upload_annex.h"

enum {
    /* How often an append finds that its file has come or gone meanwhile. */
    APPEND_TRIES_MAX = 16,
    /* So much of an append is copied in one turn. */
    TAIL_PIECE_BYTES = 16 * 1024 * 1024,
    OWNER_ONLY = 0600,
};

/* ---- Hidden names -------------------------------------------------------- */

void local_put_temporary_name(char *name, size_t size)
{
    uint64_t unique = 0;
    arc4random_buf(&unique, sizeof(unique));
    (void)snprintf(name, size, LOCAL_TEMPORARY_PREFIX "%016" PRIx64, unique);
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

/* The directory that the hidden name is in. */
static int home_of(const struct local_upload *upload)
{
    return upload->is_kept ? upload->kept_in : upload->place.parent;
}

enum fault local_move_temporary(struct local_upload *upload, int directory, const char *name)
{
    struct builder b = builder_on(upload->temporary, sizeof(upload->temporary));
    if (upload->temporary[0] && renameat(upload->place.parent, upload->temporary, directory, name))
        return fault_from_errno(errno);
    enum fault f = upload->temporary[0] ? FAULT_NONE : give_name(upload->fd, directory, name);
    if (f)
        return f;
    (void)journal_strike(upload->journal, upload->record, false);
    builder_put_string(&b, name);
    builder_end(&b);
    return FAULT_NONE;
}

bool local_drop_temporary(struct local_upload *upload)
{
    if (!upload->temporary[0])
        return true;
    bool is_gone = unlinkat(home_of(upload), upload->temporary, 0) == 0 || errno == ENOENT;
    if (is_gone)
        (void)journal_strike(upload->journal, upload->record, false);
    else /* the record stays, so that the next start can do what failed now */
        log_warning("upload-leftover-stays", LOG_TEXT("name", text_of(upload->temporary)),
                    LOG_ERRNO(errno));
    upload->temporary[0] = '\0';
    return is_gone;
}

/* ---- Opening ------------------------------------------------------------- */

static enum fault make_temporary(struct local_upload *upload, mode_t mode)
{
    upload->fd = openat(upload->place.parent, upload->temporary,
                        O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (upload->fd >= 0)
        return FAULT_NONE;
    upload->temporary[0] = '\0';
    return fault_from_errno(errno);
}

static enum fault open_named_temporary(struct local_upload *upload, mode_t mode)
{
    local_put_temporary_name(upload->temporary, sizeof(upload->temporary));
    if (upload->journal) {
        enum fault f = journal_add_temporary(upload->journal, upload->place.parent,
                                             upload->temporary, upload->request.sync,
                                             &upload->record);
        if (f) {
            upload->temporary[0] = '\0';
            return f;
        }
    }
    enum fault f = make_temporary(upload, mode);
    if (f)
        (void)journal_strike(upload->journal, upload->record, false);
    return f;
}

/* The journal knows it while it has its name: between two system calls. */
static enum fault open_unnamed(struct journal *journal, int parent, int *ret_fd)
{
    char name[LOCAL_NAME_SIZE];
    journal_record record = 0;
    local_put_temporary_name(name, sizeof(name));
    enum fault f = journal ? journal_add_temporary(journal, parent, name, false, &record)
                           : FAULT_NONE;
    if (f)
        return f;
    int fd = openat(parent, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, OWNER_ONLY);
    if (fd < 0)
        f = fault_from_errno(errno);
    else if (unlinkat(parent, name, 0)) {
        close(fd);
        return fault_from_errno(errno); /* the record stays */
    }
    (void)journal_strike(journal, record, false);
    if (!f)
        *ret_fd = fd;
    return f;
}

static bool has_no_nameless_files(int error)
{
    return error == EOPNOTSUPP || error == EISDIR || error == ENOENT;
}

enum fault local_open_nameless(struct journal *journal, int parent, int *ret_fd)
{
    int fd = openat(parent, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, OWNER_ONLY);
    if (fd < 0)
        return has_no_nameless_files(errno) ? open_unnamed(journal, parent, ret_fd)
                                            : fault_from_errno(errno);
    *ret_fd = fd;
    return FAULT_NONE;
}

static enum fault open_any(struct local_upload *upload, mode_t mode)
{
    upload->fd = openat(upload->place.parent, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, mode);
    if (upload->fd >= 0)
        return FAULT_NONE;
    return has_no_nameless_files(errno) ? open_named_temporary(upload, mode)
                                        : fault_from_errno(errno);
}

/* Its name is in the journal already, and saves giving it one later: 1.3 us. */
static enum fault open_spare(struct local_upload *upload, mode_t mode)
{
    memcpy(upload->temporary, upload->spare->name, sizeof(upload->temporary));
    enum fault f = make_temporary(upload, mode);
    if (f != FAULT_EXISTS)
        return f;
    /* Somebody else made a file of that name: it is no spare one any more. */
    local_spare_give_back(upload->journal, upload->spare, false);
    upload->spare = NULL;
    return open_any(upload, mode);
}

/* As far as the system lets us: a group can be ours to give where the owner is not. */
static void take_owner(const struct local_upload *upload, const struct stat *old)
{
    int fd = upload->fd;
    if (old->st_uid == upload->identity->user && old->st_gid == upload->identity->group)
        return;
    if (fchown(fd, old->st_uid, old->st_gid))
        (void)!fchown(fd, (uid_t)-1, old->st_gid);
}

enum fault local_open_staged(struct local_upload *upload, const struct stat *old)
{
    /* From the first: what only its owner may read is never anybody's, whatever fails below. */
    mode_t mode = old ? old->st_mode & 0777 : (mode_t)upload->request.mode;
    enum fault f = upload->spare ? open_spare(upload, mode) : open_any(upload, mode);
    if (f)
        return f;
    if (old) {
        take_owner(upload, old);
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
    return f ? f : local_write_on(upload, bytes, len);
}

enum fault local_write_staged_pipe(struct local_upload *upload, int pipe, size_t len)
{
    enum fault f = take_prefix(upload);
    return f ? f : local_write_pipe_on(upload, pipe, len);
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
    int home = home_of(upload);
    int parent = upload->place.parent;
    unsigned flags = wants_free_name(upload) ? RENAME_NOREPLACE : 0;
    if (renameat2(home, upload->temporary, parent, upload->place.name, flags)) {
        if (flags && errno == EINVAL &&
            linkat(home, upload->temporary, parent, upload->place.name, 0) == 0)
            return FAULT_NONE;
        return fault_from_errno(errno);
    }
    (void)journal_strike(upload->journal, upload->record, false);
    upload->temporary[0] = '\0';
    return FAULT_NONE;
}

/* Chooses the hidden name. Where a record need not be on the disk, one that is there will do. */
static enum fault choose_temporary(struct local_upload *upload, struct local_spare **ret_spare)
{
    struct journal *journal = upload->journal;
    enum fault f = FAULT_NONE;
    if (journal && !upload->request.sync)
        f = local_spare_borrow(journal, upload->place.parent, ret_spare);
    if (*ret_spare) {
        memcpy(upload->temporary, (*ret_spare)->name, sizeof(upload->temporary));
        return FAULT_NONE;
    }
    local_put_temporary_name(upload->temporary, sizeof(upload->temporary));
    if (journal && upload->request.sync)
        f = journal_add_temporary(journal, upload->place.parent, upload->temporary, true,
                                  &upload->record);
    return f;
}

/*
 * A nameless file cannot take the place of another one directly: it gets a
 * hidden name first, for the time between two system calls.
 */
static enum fault replace_with_nameless(struct local_upload *upload)
{
    struct local_spare *spare = NULL;
    if (choose_temporary(upload, &spare))
        log_warning("upload-not-in-journal", LOG_TEXT("temporary", text_of(upload->temporary)));
    enum fault f = give_name(upload->fd, upload->place.parent, upload->temporary);
    if (!f)
        f = rename_temporary(upload);
    local_spare_give_back(upload->journal, spare, local_drop_temporary(upload));
    return f;
}

/*
 * An annex belongs to a time: this one is exact, where the system's own is the
 * same for all that is written in some milliseconds.
 */
static void set_exact_time(int fd)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
    (void)clock_gettime(CLOCK_REALTIME, &times[1]);
    (void)futimens(fd, times);
}

/* All of the staged file is as it is to be, and the file system's. */
static enum fault complete(struct local_upload *upload)
{
    enum fault f = take_prefix(upload);
    if (!f && (upload->request.reserve_bytes || upload->has_size) &&
        ftruncate(upload->fd, (off_t)local_final_size(upload)))
        f = fault_from_errno(errno);
    if (!f && upload->annex_bytes)
        set_exact_time(upload->fd);
    if (!f && upload->changes.mask)
        f = local_change_file(upload->fd, &upload->changes);
    if (f || (upload->is_local && !upload->request.sync))
        return f;
    return local_settle(upload->fd, upload->request.sync);
}

static enum fault take_place(struct local_upload *upload)
{
    if (upload->temporary[0])
        return rename_temporary(upload);
    if (!upload->base.existed) {
        enum fault f = give_name(upload->fd, upload->place.parent, upload->place.name);
        if (f != FAULT_EXISTS || wants_free_name(upload))
            return f;
    }
    return replace_with_nameless(upload);
}

static enum fault take_place_in_turn(struct local_upload *upload)
{
    struct stat info;
    struct local_turn turn;
    if (!upload->watch)
        return take_place(upload);
    if (fstat(upload->fd, &info))
        return fault_from_errno(errno);
    enum fault f = local_take_turn(upload->watch, upload->place.parent, &turn);
    if (f)
        return f;
    struct store_shift shift = local_shift_to(&upload->place, &info);
    shift.claim = upload->request.claim;
    f = local_begin_shift(&turn, shift);
    if (!f)
        f = take_place(upload);
    local_end_turn(&turn, !f);
    return f;
}

static enum fault publish_whole(struct local_upload *upload)
{
    struct local_beside beside = {.fd = -1};
    enum fault f = complete(upload);
    if (!f)
        f = local_begin_publishing(upload, &beside);
    if (f)
        return f;
    f = local_put_whole_annex(upload, &beside);
    if (!f)
        f = take_place_in_turn(upload);
    local_end_publishing(&beside, f);
    return f;
}

/* What of the file is behind `size` goes, and was counted unless the file has lost its name. */
static enum fault cut_tail(const struct local_upload *upload, int target, off_t size)
{
    struct stat info;
    struct local_turn turn;
    enum fault f = local_take_turn(upload->watch, upload->place.parent, &turn);
    if (f)
        return f;
    if (fstat(target, &info))
        f = fault_from_errno(errno);
    if (!f && local_is_target(&upload->place, target))
        f = local_begin_shift(&turn, (struct store_shift){.bytes = size - info.st_size,
                                                          .size = (uint64_t)size,
                                                          .claim = upload->request.claim});
    if (!f && ftruncate(target, size))
        f = fault_from_errno(errno);
    local_end_turn(&turn, !f);
    return f;
}

/* The file is the version again that it was. */
static enum fault cut_back(const struct local_upload *upload, int target, const struct stat *before)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, before->st_mtim};
    enum fault f = cut_tail(upload, target, before->st_size);
    if (!f)
        (void)futimens(target, times); /* its owner's to set, not everybody's who may write */
    return f;
}

/* Another `len` of our bytes behind the `done` that the file has behind its own. */
static enum fault copy_piece(struct local_upload *upload, int target, uint64_t size, uint64_t done,
                             uint64_t len)
{
    struct local_turn turn;
    enum fault f = local_take_turn(upload->watch, upload->place.parent, &turn);
    if (f)
        return f;
    const struct store_shift shift = {
        .bytes = (int64_t)len, .size = size + done + len, .claim = upload->request.claim};
    f = local_is_target(&upload->place, target) ? local_begin_shift(&turn, shift) : FAULT_NOT_FOUND;
    bool has_begun = !f;
    if (!f)
        f = local_copy_range(upload->fd, done, target, size + done, len);
    local_end_growth(&turn, has_begun, target, size + done);
    return f;
}

/* Behind the bytes of the file; the record takes them away again until it is struck out. */
static enum fault copy_tail(struct local_upload *upload, int target, uint64_t size,
                            journal_record *ret_record)
{
    bool sync = upload->request.sync;
    enum fault f = FAULT_NONE;
    if (upload->journal)
        f = journal_add_length(upload->journal, target, size, size + upload->written, sync,
                               ret_record);
    for (uint64_t done = 0; !f && done < upload->written; done += TAIL_PIECE_BYTES) {
        uint64_t left = upload->written - done;
        f = copy_piece(upload, target, size, done,
                       left < TAIL_PIECE_BYTES ? left : TAIL_PIECE_BYTES);
    }
    return f ? f : local_settle(target, sync);
}

/* What was kept of the append: who went on with it now would append it again. */
static enum fault drop_kept_tail(struct local_upload *upload)
{
    if (!upload->is_kept)
        return FAULT_NONE;
    if (unlinkat(upload->kept_in, upload->temporary, 0))
        return fault_from_errno(errno);
    upload->temporary[0] = '\0';
    return upload->request.sync ? local_sync_directory(upload->kept_in) : FAULT_NONE;
}

/* What is beside the file follows it, and it is an append that is done. */
static enum fault finish_tail(struct local_upload *upload, int target, const struct stat *before,
                              struct local_beside *beside, journal_record record)
{
    struct local_annexed annexed = {.annex.fd = -1};
    /* What was put beside it would be of another by now. */
    if (!local_is_target(&upload->place, target))
        return FAULT_NOT_FOUND;
    enum fault f = local_find_annexed(beside, before, &annexed);
    if (!f)
        f = local_put_grown_annex(upload, beside, target, &annexed);
    local_close_annex(&annexed.annex);
    if (!f)
        f = drop_kept_tail(upload);
    /* While the record is in force the next start takes away what is said to be there. */
    return f ? f : journal_strike(upload->journal, record, upload->request.sync);
}

static void take_back(struct local_upload *upload, int target, const struct stat *before,
                      journal_record record)
{
    if (cut_back(upload, target, before))
        /* The record stays, so that the next start can do what failed now. */
        log_error("append-not-undone", LOG_TEXT("name", text_of(upload->place.name)),
                  LOG_ERRNO(errno));
    else
        (void)journal_strike(upload->journal, record, false);
}

/* What takes long comes before the hidden directory, which others wait for, is locked. */
static enum fault append_tail(struct local_upload *upload, int target, const struct stat *before)
{
    struct local_beside beside = {.fd = -1};
    journal_record record = 0;
    enum fault f = copy_tail(upload, target, (uint64_t)before->st_size, &record);
    if (!f)
        f = local_begin_publishing(upload, &beside);
    if (!f)
        f = finish_tail(upload, target, before, &beside, record);
    if (f)
        take_back(upload, target, before, record);
    local_end_publishing(&beside, f);
    return f;
}

static enum fault publish_tail(struct local_upload *upload)
{
    struct stat before;
    int target = -1;
    enum fault f = local_lock_target(&upload->place, &target, &before);
    if (f)
        return f;
    if (local_has_mark(target) || (upload->request.kind == STORE_RESUME &&
                                   (uint64_t)before.st_size != upload->request.offset))
        f = FAULT_BUSY; /* it is another one, or another session wrote to it meanwhile */
    if (!f)
        f = append_tail(upload, target, &before);
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
    if (upload->is_promised && keep) {
        local_leave_kept(upload);
        return STORE_LEFT_KEPT;
    }
    if (upload->base.existed)
        return STORE_LEFT_OLD;
    if (!keep || upload->written == 0)
        return STORE_LEFT_NOTHING;
    /* The name must still be free: what another session published is complete. */
    upload->request.kind = STORE_UNIQUE;
    /* What it was to be when it is whole would mislead whoever goes on with it. */
    upload->has_size = false;
    upload->changes.mask = 0;
    local_set_mark(upload->fd);
    enum fault f = publish_whole(upload);
    if (f == FAULT_EXISTS)
        return STORE_LEFT_OLD;
    return f ? STORE_LEFT_NOTHING : STORE_LEFT_PARTIAL;
}
