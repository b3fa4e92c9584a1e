/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_kept.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store_local_copy.h"
#include "store/store_local_staged.h"
#include "store/store_local_target.h"

enum { ANNEX_MODE = 0600 };

static const char *suffix_of(enum store_upload_kind kind)
{
    return kind == STORE_APPEND ? ".tail" : ".kept";
}

static const char *annex_suffix_of(enum store_upload_kind kind)
{
    return kind == STORE_APPEND ? ".tail-annex" : ".kept-annex";
}

/* ---- Keeping ---------------------------------------------------------------- */

static bool can_be_kept(const struct local_upload *upload)
{
    /* Behind an append in place others may append; a partial is resumed by its length. */
    if (upload->way == LOCAL_DIRECT)
        return upload->request.kind != STORE_APPEND;
    return upload->way != LOCAL_PARTIAL && upload->request.kind != STORE_RESUME;
}

/* Another descriptor of the hidden directory: without its lock. */
static enum fault hold_directory(struct local_upload *upload, const struct local_beside *beside)
{
    if (upload->kept_in >= 0 && (upload->is_kept || upload->is_annex_kept))
        return FAULT_NONE;
    if (upload->kept_in >= 0) /* nothing of ours is in it, so it may have been removed since */
        close(upload->kept_in);
    upload->kept_in = openat(beside->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return upload->kept_in < 0 ? fault_from_errno(errno) : FAULT_NONE;
}

static enum fault place_bytes(struct local_upload *upload, const struct local_beside *beside)
{
    char name[LOCAL_NAME_SIZE];
    enum store_upload_kind kind = upload->request.kind;
    enum fault f = local_name_beside(&upload->place, suffix_of(kind), name);
    if (!f)
        f = local_remove_unheld_beside(beside, suffix_of(kind));
    if (!f)
        f = local_remove_unheld_beside(beside, annex_suffix_of(kind));
    if (f)
        return f;
    (void)flock(upload->fd, LOCK_EX | LOCK_NB); /* where there are locks */
    f = local_move_temporary(upload, upload->kept_in, name);
    upload->is_kept = !f;
    return f;
}

static enum fault place_annex(struct local_upload *upload, const struct local_beside *beside)
{
    char name[LOCAL_NAME_SIZE];
    const char *suffix = annex_suffix_of(upload->request.kind);
    enum fault f = local_name_beside(&upload->place, suffix, name);
    if (!f)
        f = local_remove_unheld_beside(beside, suffix);
    if (f)
        return f;
    int fd = openat(beside->fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    ANNEX_MODE);
    if (fd < 0)
        return fault_from_errno(errno);
    (void)flock(fd, LOCK_EX | LOCK_NB);
    f = local_copy_range(upload->annex, 0, fd, 0, upload->annex_bytes);
    if (!f && lseek(fd, (off_t)upload->annex_bytes, SEEK_SET) < 0)
        f = fault_from_errno(errno);
    if (f) {
        (void)unlinkat(beside->fd, name, 0);
        close(fd);
        return f;
    }
    close(upload->annex);
    upload->annex = fd;
    upload->is_annex_kept = true;
    return FAULT_NONE;
}

/* Gives names to what has none yet. */
static enum fault place_all(struct local_upload *upload)
{
    struct local_beside beside = {.fd = -1};
    enum fault f = local_open_beside(&upload->place, true, LOCAL_WAIT_MS, &beside);
    if (f)
        return f == FAULT_NAME_INVALID ? FAULT_UNSUPPORTED : f;
    f = hold_directory(upload, &beside);
    if (!f && !upload->is_kept && !local_is_in_place(upload))
        f = place_bytes(upload, &beside);
    if (!f && !upload->is_annex_kept && upload->annex >= 0)
        f = place_annex(upload, &beside);
    if (!f)
        f = local_sync_directory(beside.fd);
    if (!f)
        f = local_sync_directory(upload->place.parent);
    local_close_beside(&beside);
    return f;
}

static bool is_placed(const struct local_upload *upload)
{
    return (upload->is_kept || local_is_in_place(upload)) &&
           (upload->is_annex_kept || upload->annex < 0);
}

static enum fault sync_all(struct local_upload *upload)
{
    if (fdatasync(upload->fd) || (upload->annex >= 0 && fdatasync(upload->annex)))
        return fault_from_errno(errno);
    return upload->created ? local_sync_directory(upload->place.parent) : FAULT_NONE;
}

/* Which upload it is: another one of the name has another file, or one that was made later. */
static enum fault kept_id(int fd, uint64_t *ret_id)
{
    struct statx x;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &x))
        return fault_from_errno(errno);
    uint64_t born = (uint64_t)x.stx_btime.tv_sec * 1000000000U + x.stx_btime.tv_nsec;
    *ret_id = (x.stx_ino << 1 | 1) ^ (born << 20 | born >> 44);
    return FAULT_NONE;
}

enum fault local_keep(struct local_upload *upload, struct store_kept *ret_kept)
{
    struct store_kept kept = {upload->start + upload->written, upload->annex_bytes, 0};
    if (!can_be_kept(upload))
        return FAULT_UNSUPPORTED;
    enum fault f = is_placed(upload) ? FAULT_NONE : place_all(upload);
    /* Whatever else is in the way there, a marker breaks no upload that would end well. */
    if (f && f != FAULT_BUSY && f != FAULT_NO_SPACE && f != FAULT_IO)
        return FAULT_UNSUPPORTED;
    if (!f)
        f = sync_all(upload);
    if (!f)
        f = kept_id(upload->fd, &kept.id);
    if (!f)
        *ret_kept = kept;
    return f;
}

/* ---- Going on ------------------------------------------------------------------ */

/* Opens and locks one that holds at least so much. */
static enum fault take_up(const struct local_beside *beside, const char *suffix, uint64_t bytes,
                          int *ret_fd)
{
    struct stat info = {.st_size = 0};
    int fd = -1;
    enum fault f = local_open_file_beside(beside, suffix, O_RDWR, &fd);
    if (f)
        return f;
    if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
        f = FAULT_BUSY;
    else if (fstat(fd, &info))
        f = fault_from_errno(errno);
    else if ((uint64_t)info.st_size < bytes || info.st_nlink != 1 || info.st_uid != geteuid())
        f = FAULT_OUT_OF_RANGE; /* less than was kept, or nothing that we made */
    if (f)
        close(fd);
    else
        *ret_fd = fd;
    return f;
}

/* What came behind it was not yet kept. */
static enum fault go_back(int fd, uint64_t bytes)
{
    if (ftruncate(fd, (off_t)bytes) || lseek(fd, (off_t)bytes, SEEK_SET) < 0)
        return fault_from_errno(errno);
    return FAULT_NONE;
}

static enum fault take_up_annex(struct local_upload *upload, const struct local_beside *beside)
{
    uint64_t bytes = upload->request.kept.annex_bytes;
    const char *suffix = annex_suffix_of(upload->request.kind);
    enum fault f = take_up(beside, suffix, bytes, &upload->annex);
    if (f == FAULT_NOT_FOUND)
        return bytes ? FAULT_OUT_OF_RANGE : FAULT_NONE;
    if (!f)
        f = hold_directory(upload, beside);
    if (!f)
        f = go_back(upload->annex, bytes);
    if (f)
        return f;
    upload->annex_bytes = bytes;
    upload->is_annex_kept = true;
    return FAULT_NONE;
}

enum fault local_check_kept(const struct local_upload *upload)
{
    uint64_t id = 0;
    enum fault f = kept_id(upload->fd, &id);
    return !f && id != upload->request.kept.id ? FAULT_OUT_OF_RANGE : f;
}

static enum fault take_up_all(struct local_upload *upload, const struct local_beside *beside)
{
    char name[LOCAL_NAME_SIZE];
    uint64_t bytes = upload->request.kept.bytes;
    const char *suffix = suffix_of(upload->request.kind);
    enum fault f = local_name_beside(&upload->place, suffix, name);
    if (!f)
        f = take_up(beside, suffix, bytes, &upload->fd);
    if (!f)
        f = local_check_kept(upload);
    if (!f)
        f = hold_directory(upload, beside);
    if (!f)
        f = take_up_annex(upload, beside);
    if (!f)
        f = go_back(upload->fd, bytes);
    if (f)
        return f;
    memcpy(upload->temporary, name, sizeof(name));
    upload->is_kept = true;
    upload->position = bytes;
    upload->written = bytes;
    return FAULT_NONE;
}

enum fault local_go_on(struct local_upload *upload)
{
    struct local_beside beside = {.fd = -1};
    enum fault f = local_open_beside(&upload->place, false, LOCAL_WAIT_MS, &beside);
    if (!f)
        f = beside.fd >= 0 ? take_up_all(upload, &beside) : FAULT_NOT_FOUND;
    local_close_beside(&beside);
    if (f)
        local_leave_kept(upload);
    return f;
}

enum fault local_go_on_with_annex(struct local_upload *upload)
{
    struct local_beside beside = {.fd = -1};
    enum fault f = local_open_beside(&upload->place, false, LOCAL_WAIT_MS, &beside);
    if (!f && beside.fd >= 0)
        f = take_up_annex(upload, &beside);
    else if (!f && upload->request.kept.annex_bytes)
        f = FAULT_OUT_OF_RANGE;
    local_close_beside(&beside);
    return f;
}

/* ---- Ending ---------------------------------------------------------------------- */

void local_leave_kept(struct local_upload *upload)
{
    if (upload->is_kept)
        upload->temporary[0] = '\0';
    upload->is_annex_kept = false;
}

void local_end_kept(struct local_upload *upload)
{
    char name[LOCAL_NAME_SIZE];
    struct local_beside beside = {.fd = -1};
    if (upload->kept_in < 0)
        return;
    if (upload->is_annex_kept &&
        !local_name_beside(&upload->place, annex_suffix_of(upload->request.kind), name))
        (void)unlinkat(upload->kept_in, name, 0);
    close(upload->kept_in);
    if (!local_open_beside(&upload->place, false, LOCAL_WAIT_MS, &beside))
        local_close_beside(&beside); /* nothing may be left in it */
}

void local_drop_kept(const struct local_beside *beside, enum store_upload_kind kind)
{
    (void)local_remove_unheld_beside(beside, suffix_of(kind));
    (void)local_remove_unheld_beside(beside, annex_suffix_of(kind));
}
