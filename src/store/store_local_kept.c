/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_kept.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "store/store_local_copy.h"
#include "store/store_local_staged.h"
#include "store/store_local_target.h"

enum {
    ANNEX_MODE = 0600,
    /* So long what nobody goes on with stays when others are kept in the same directory. */
    KEPT_SECONDS_MAX = 14 * 24 * 60 * 60,
};

static const char *const suffixes[] = {LOCAL_KEPT, LOCAL_KEPT_ANNEX, LOCAL_TAIL, LOCAL_TAIL_ANNEX};

enum { SUFFIX_COUNT = sizeof(suffixes) / sizeof(suffixes[0]) };

static const char *suffix_of(enum store_upload_kind kind)
{
    return kind == STORE_APPEND ? LOCAL_TAIL : LOCAL_KEPT;
}

static const char *annex_suffix_of(enum store_upload_kind kind)
{
    return kind == STORE_APPEND ? LOCAL_TAIL_ANNEX : LOCAL_KEPT_ANNEX;
}

/*
 * Which file it is, for as long as it is there, under whatever name: numbers
 * are used again, but not with the time of birth that they had.
 */
static enum fault identify(int fd, uint64_t *ret_id)
{
    const uint64_t spread = 0x9E3779B97F4A7C15;
    struct statx x;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &x))
        return fault_from_errno(errno);
    if (!(x.stx_mask & STATX_BTIME))
        return FAULT_UNSUPPORTED;
    uint64_t birth_ns = (uint64_t)x.stx_btime.tv_sec * 1000000000 + x.stx_btime.tv_nsec;
    uint64_t id = x.stx_ino * spread + birth_ns;
    *ret_id = id ? id : 1;
    return FAULT_NONE;
}

/* FAULT_OUT_OF_RANGE of another file than the one that was kept. */
static enum fault check_identity(const struct local_upload *upload, int fd)
{
    uint64_t id = 0;
    return identify(fd, &id) || id != upload->request.kept.id ? FAULT_OUT_OF_RANGE : FAULT_NONE;
}

/* ---- Keeping ---------------------------------------------------------------- */

static bool can_be_kept(const struct local_upload *upload)
{
    if (local_is_in_place(upload))
        return upload->way == LOCAL_DIRECT && upload->request.kind != STORE_APPEND;
    return upload->request.kind != STORE_RESUME;
}

/* Another descriptor of the hidden directory: without its lock. */
static enum fault hold_directory(struct local_upload *upload, const struct local_beside *beside)
{
    if (upload->is_kept || upload->is_annex_kept)
        return FAULT_NONE;
    if (upload->kept_in >= 0) /* it may be another one by now: nothing of ours was in it */
        close(upload->kept_in);
    upload->kept_in = openat(beside->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return upload->kept_in < 0 ? fault_from_errno(errno) : FAULT_NONE;
}

/* FAULT_BUSY: another upload that is alive has the name. */
static enum fault free_name(const struct local_beside *beside, const char *suffix)
{
    enum fault f = local_remove_unheld_beside(beside, suffix);
    return f == FAULT_NOT_FOUND ? FAULT_NONE : f;
}

static enum fault place_bytes(struct local_upload *upload, const struct local_beside *beside)
{
    char name[LOCAL_NAME_SIZE];
    enum store_upload_kind kind = upload->request.kind;
    enum fault f = local_name_beside(&upload->place, suffix_of(kind), name);
    if (!f)
        f = free_name(beside, suffix_of(kind));
    if (!f)
        f = free_name(beside, annex_suffix_of(kind));
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
        f = free_name(beside, suffix);
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

static bool is_of_a_kept_upload(struct text name)
{
    struct text suffix = text_after(name, text_find_last(name, '.'));
    for (size_t i = 0; i < SUFFIX_COUNT; i++)
        if (text_equal(suffix, text_of(suffixes[i])))
            return true;
    return false;
}

/* By the time of its last change, which nobody sets. */
static bool is_out_of_date(int directory, const char *name)
{
    struct stat info;
    struct timespec now;
    return is_of_a_kept_upload(text_of(name)) &&
           fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
           clock_gettime(CLOCK_REALTIME, &now) == 0 &&
           now.tv_sec - info.st_ctim.tv_sec > KEPT_SECONDS_MAX;
}

/* Gives names to what has none yet. */
static enum fault place_all(struct local_upload *upload)
{
    struct local_beside beside = {.fd = -1};
    enum fault f = local_open_beside(&upload->place, true, LOCAL_WAIT_MS, upload->watch, &beside);
    if (f)
        return f;
    local_sweep_beside(&beside, is_out_of_date);
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
    return FAULT_NONE;
}

/* Names and identity of it: what fails here is nothing that its publishing needs. */
static enum fault place(struct local_upload *upload, uint64_t *ret_id)
{
    enum fault f = identify(upload->fd, ret_id);
    if (!f && !is_placed(upload))
        f = place_all(upload);
    if (!f && upload->created)
        f = local_sync_directory(upload->place.parent);
    return f && f != FAULT_BUSY ? FAULT_UNSUPPORTED : f;
}

enum fault local_keep(struct local_upload *upload, struct store_kept *ret_kept)
{
    if (!can_be_kept(upload))
        return FAULT_UNSUPPORTED;
    struct store_kept kept = {upload->start + upload->written, upload->annex_bytes, 0};
    enum fault f = place(upload, &kept.id);
    if (!f)
        f = sync_all(upload);
    if (f)
        return f;
    upload->is_promised = true;
    *ret_kept = kept;
    return FAULT_NONE;
}

/* ---- Going on ------------------------------------------------------------------ */

/* Has it one name only, and is it of us or of whom we gave it to (as the old file's is)? */
static bool is_ours(const struct stat *info, const struct stat *old)
{
    return info->st_nlink == 1 &&
           (info->st_uid == geteuid() || (old && info->st_uid == old->st_uid));
}

/* Opens and locks one that holds at least so much. */
static enum fault take_up(const struct local_beside *beside, const char *suffix, uint64_t bytes,
                          const struct stat *old, int *ret_fd)
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
    else if (!is_ours(&info, old) || (uint64_t)info.st_size < bytes)
        f = FAULT_OUT_OF_RANGE;
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
    enum fault f = take_up(beside, suffix, bytes, NULL, &upload->annex);
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

static enum fault take_up_all(struct local_upload *upload, const struct local_beside *beside,
                              const struct stat *old)
{
    char name[LOCAL_NAME_SIZE];
    uint64_t bytes = upload->request.kept.bytes;
    const char *suffix = suffix_of(upload->request.kind);
    enum fault f = local_name_beside(&upload->place, suffix, name);
    if (!f)
        f = take_up(beside, suffix, bytes, old, &upload->fd);
    if (!f)
        f = check_identity(upload, upload->fd);
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

static void close_annex(struct local_upload *upload)
{
    if (upload->kept_in >= 0)
        close(upload->kept_in);
    upload->kept_in = -1;
    if (upload->annex >= 0)
        close(upload->annex);
    upload->annex = -1;
}

static void close_all(struct local_upload *upload)
{
    close_annex(upload);
    if (upload->fd >= 0)
        close(upload->fd);
    upload->fd = -1;
}

enum fault local_go_on(struct local_upload *upload, const struct stat *old)
{
    struct local_beside beside = {.fd = -1};
    upload->is_promised = true;
    enum fault f = local_open_beside(&upload->place, false, LOCAL_WAIT_MS, upload->watch, &beside);
    if (!f)
        f = beside.fd >= 0 ? take_up_all(upload, &beside, old) : FAULT_NOT_FOUND;
    if (f)
        close_all(upload);
    else
        f = local_tell_beside(&beside, upload->request.claim);
    local_close_beside(&beside);
    return f == FAULT_NOT_FOUND ? FAULT_OUT_OF_RANGE : f;
}

enum fault local_go_on_in_place(struct local_upload *upload)
{
    struct local_beside beside = {.fd = -1};
    upload->is_promised = true;
    enum fault f = check_identity(upload, upload->fd);
    if (!f)
        f = local_open_beside(&upload->place, false, LOCAL_WAIT_MS, upload->watch, &beside);
    if (!f && beside.fd >= 0)
        f = take_up_annex(upload, &beside);
    else if (!f && upload->request.kept.annex_bytes)
        f = FAULT_OUT_OF_RANGE;
    if (f)
        close_annex(upload);
    else
        f = local_tell_beside(&beside, upload->request.claim);
    local_close_beside(&beside);
    return f;
}

/* ---- Ending ---------------------------------------------------------------------- */

void local_leave_kept(struct local_upload *upload)
{
    if (!upload->is_promised)
        return;
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
    enum fault f = local_open_beside(&upload->place, false, LOCAL_WAIT_PUBLISHING_MS, upload->watch,
                                     &beside);
    /* What was left is nobody's from here on, and counts. */
    close_all(upload);
    if (!f) {
        (void)local_tell_beside(&beside, upload->request.claim); /* it had reserved that much */
        local_close_beside(&beside);
    } else if (upload->watch)
        log_warning("kept-upload-not-counted", LOG_TEXT("name", text_of(upload->place.name)),
                    LOG_TEXT("fault", text_of(fault_text(f))));
}

bool local_drop_kept(const struct local_beside *beside)
{
    bool has_dropped = false;
    for (size_t i = 0; i < SUFFIX_COUNT; i++)
        has_dropped |= local_remove_unheld_beside(beside, suffixes[i]) == FAULT_NONE;
    return has_dropped;
}
