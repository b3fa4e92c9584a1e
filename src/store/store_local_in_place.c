/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_in_place.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store_local_change.h"
#include "store/store_local_kept.h"
#include "store/store_local_target.h"
#include "store/store_local_turn.h"
#include "store/store_local_upload_annex.h"

static enum fault seek_to(struct local_upload *upload, uint64_t offset)
{
    upload->start = offset;
    if (lseek(upload->fd, (off_t)offset, SEEK_SET) < 0)
        return fault_from_errno(errno);
    return FAULT_NONE;
}

/* ---- Opening ------------------------------------------------------------- */

enum fault local_open_partial(struct local_upload *upload, int target, const struct stat *info,
                              uint64_t offset)
{
    upload->way = LOCAL_PARTIAL;
    upload->fd = target;
    upload->old = local_version_of(info);
    upload->cuts = offset < upload->old.size;
    /* While the lock was awaited its name may have become another file's. */
    if (!local_is_target(&upload->place, target))
        return FAULT_BUSY;
    return seek_to(upload, offset);
}

static enum fault make(struct local_upload *upload, int flags)
{
    upload->fd = openat(upload->place.parent, upload->place.name,
                        flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        (mode_t)upload->request.mode);
    if (upload->fd < 0)
        return errno == EEXIST ? FAULT_BUSY : fault_from_errno(errno);
    upload->created = true;
    return FAULT_NONE;
}

static enum fault open_or_make(struct local_upload *upload, int flags)
{
    struct local_turn turn;
    if (upload->base.existed)
        return local_open_target(&upload->place, flags, &upload->fd);
    enum fault f = local_take_turn(upload->watch, upload->place.parent, &turn);
    if (f)
        return f;
    f = local_begin_shift(&turn, (struct store_shift){.files = 1, .claim = upload->request.claim});
    if (!f)
        f = make(upload, flags);
    local_end_turn(&turn, !f);
    return f;
}

/* From where it was kept: what the file has behind that goes. */
static enum fault go_on_direct(struct local_upload *upload)
{
    uint64_t offset = upload->request.kept.bytes;
    if (upload->request.kind == STORE_APPEND || offset > upload->old.size)
        return FAULT_OUT_OF_RANGE;
    enum fault f = local_go_on_in_place(upload);
    if (!f)
        f = seek_to(upload, offset);
    if (f)
        return f;
    upload->cuts = offset < upload->old.size;
    upload->start = 0;
    upload->position = offset;
    upload->written = offset;
    return FAULT_NONE;
}

/* Where a direct upload begins in the file. */
static enum fault place_direct(struct local_upload *upload)
{
    const struct store_upload_request *request = &upload->request;
    bool appends = request->kind == STORE_APPEND;
    if (request->goes_on)
        return go_on_direct(upload);
    if (request->kind == STORE_RESUME)
        return request->offset > upload->old.size ? FAULT_OUT_OF_RANGE
                                                  : seek_to(upload, request->offset);
    upload->start = appends ? upload->old.size : 0;
    upload->cuts = !appends && upload->old.size > 0;
    return FAULT_NONE;
}

enum fault local_open_direct(struct local_upload *upload)
{
    struct stat info;
    bool appends = upload->request.kind == STORE_APPEND;
    upload->way = LOCAL_DIRECT;
    enum fault f = open_or_make(upload, O_WRONLY | (appends ? O_APPEND : 0));
    if (f)
        return f;
    if (fstat(upload->fd, &info))
        return fault_from_errno(errno);
    f = local_refuse_sources(upload, &info); /* by its name it was another one */
    /* Where there are no locks, direct uploads do without. */
    if (!f && local_lock(upload->fd, LOCK_SH, LOCAL_WAIT_MS) == FAULT_BUSY)
        f = FAULT_BUSY;
    /* While the lock was awaited who had made it may have taken it away again. */
    if (!f && !local_is_target(&upload->place, upload->fd))
        f = FAULT_BUSY;
    if (f)
        return f;
    upload->old = local_version_of(&info);
    return place_direct(upload);
}

/* ---- Its length ------------------------------------------------------------ */

/* The file is about to change its length, in our turn. */
struct growth {
    struct local_turn turn;
    uint64_t before;
    bool has_begun;
};

/* How long the file is when `len` more bytes are written to it. */
static uint64_t size_with(const struct local_upload *upload, uint64_t present, size_t len)
{
    uint64_t end = upload->start + upload->position + len;
    if (upload->way == LOCAL_DIRECT && upload->request.kind == STORE_APPEND)
        return present + len; /* whoever else appends to it */
    return end > present ? end : present;
}

/*
 * `len` more bytes are to be written to it, or with 0 it is to have `size`.
 * FAULT_BUSY when who counts it could not find it any more. end_growth after any
 * success.
 */
static enum fault begin_growth(const struct local_upload *upload, size_t len, uint64_t size,
                               struct growth *ret_growth)
{
    struct stat info;
    enum fault f = local_take_turn(upload->watch, upload->place.parent, &ret_growth->turn);
    if (f || !upload->watch)
        return f;
    if (fstat(upload->fd, &info))
        f = fault_from_errno(errno);
    else if (!local_is_target(&upload->place, upload->fd))
        f = FAULT_BUSY;
    if (!f) {
        ret_growth->before = (uint64_t)info.st_size;
        if (len)
            size = size_with(upload, ret_growth->before, len);
        f = local_begin_shift(&ret_growth->turn,
                              (struct store_shift){.bytes = (int64_t)(size - ret_growth->before),
                                                   .size = size,
                                                   .claim = upload->request.claim});
    }
    if (f)
        local_end_turn(&ret_growth->turn, false);
    return f;
}

static void end_growth(const struct local_upload *upload, struct growth *growth)
{
    local_end_growth(&growth->turn, true, upload->fd, growth->before);
}

static enum fault set_length(const struct local_upload *upload, uint64_t size)
{
    struct growth growth;
    enum fault f = begin_growth(upload, 0, size, &growth);
    if (f)
        return f;
    if (ftruncate(upload->fd, (off_t)size))
        f = fault_from_errno(errno);
    end_growth(upload, &growth);
    return f;
}

static enum fault write_in_turn(struct local_upload *upload, const void *bytes, size_t len)
{
    struct growth growth;
    enum fault f = begin_growth(upload, len, 0, &growth);
    if (f)
        return f;
    f = local_write_on(upload, bytes, len);
    end_growth(upload, &growth);
    return f;
}

/* ---- Writing ------------------------------------------------------------- */

/* Takes away what the file had behind our bytes, and with it the room made sure of there. */
static enum fault cut(struct local_upload *upload)
{
    uint64_t reserved = upload->request.reserve_bytes;
    uint64_t end = upload->start + upload->written;
    upload->cuts = false;
    enum fault f = set_length(upload, end);
    if (!f && reserved > upload->written)
        (void)local_reserve(upload->fd, end, reserved - upload->written);
    return f;
}

enum fault local_write_in_place(struct local_upload *upload, const void *bytes, size_t len)
{
    /* What the file had is not to show in the hole before our bytes. */
    bool leaves_hole = upload->position > upload->written;
    enum fault f = upload->cuts && leaves_hole ? cut(upload) : FAULT_NONE;
    if (!f)
        f = write_in_turn(upload, bytes, len);
    if (!upload->cuts || !upload->written)
        return f;
    enum fault cutting = cut(upload);
    return f ? f : cutting;
}

/* ---- Ending: a partial --------------------------------------------------- */

/* It is still what this upload made of it: marked, named so and as long. */
static bool is_ours(const struct local_upload *upload)
{
    struct stat info;
    uint64_t size = upload->written ? upload->start + upload->written : upload->old.size;
    return fstat(upload->fd, &info) == 0 && (uint64_t)info.st_size == size &&
           local_has_mark(upload->fd) && local_is_target(&upload->place, upload->fd);
}

enum fault local_publish_partial(struct local_upload *upload)
{
    if (!is_ours(upload))
        return FAULT_BUSY;
    enum fault f = set_length(upload, upload->start + upload->written);
    if (!f)
        f = local_settle(upload->fd, upload->request.sync);
    if (!f)
        f = local_publish_annex_in_place(upload);
    /* It is no partial any more, once nothing of it can be lost. */
    return f ? f : local_clear_mark(upload->fd, upload->request.sync);
}

enum store_remains local_abandon_partial(struct local_upload *upload)
{
    uint64_t size = upload->written ? upload->start + upload->written : upload->old.size;
    bool is_still_ours = is_ours(upload);
    /* Gives back the room made sure of: to the length that it has. */
    if (upload->request.reserve_bytes && is_still_ours)
        (void)!ftruncate(upload->fd, (off_t)size);
    if (upload->written && is_still_ours)
        (void)local_publish_annex_in_place(upload);
    return upload->written ? STORE_LEFT_PARTIAL : STORE_LEFT_OLD;
}

/* ---- Ending: a direct upload --------------------------------------------- */

/* True when no other upload has the file open. The lock may be gone after it. */
static bool is_alone(const struct local_upload *upload)
{
    return local_lock(upload->fd, LOCK_EX, LOCAL_WAIT_MOMENT_MS) == FAULT_NONE;
}

/* Gives back the room that was made sure of and not needed. */
static void trim(const struct local_upload *upload)
{
    struct stat info;
    if (upload->request.reserve_bytes && is_alone(upload) && fstat(upload->fd, &info) == 0)
        (void)!ftruncate(upload->fd, info.st_size);
}

static enum fault change(const struct local_upload *upload)
{
    if (!upload->changes.mask)
        return FAULT_NONE;
    enum fault f = local_change_file(upload->fd, &upload->changes);
    return f ? f : local_settle(upload->fd, upload->request.sync);
}

enum fault local_publish_direct(struct local_upload *upload)
{
    bool sync = upload->request.sync;
    enum fault f = upload->cuts ? cut(upload) : FAULT_NONE; /* nothing came: it is empty now */
    if (!f && upload->has_size)
        f = set_length(upload, upload->size);
    if (!f)
        f = local_settle(upload->fd, sync);
    if (!f && upload->base.existed && local_has_mark(upload->fd))
        f = local_clear_mark(upload->fd, sync);
    trim(upload); /* it changes the time, and an annex belongs to a time */
    if (!f)
        f = change(upload);
    return f ? f : local_publish_annex_in_place(upload);
}

/* Takes an empty file that this upload made away again, unless others use it by now. */
static bool unmake(const struct local_upload *upload)
{
    struct stat info;
    return is_alone(upload) && fstat(upload->fd, &info) == 0 && info.st_size == 0 &&
           local_is_target(&upload->place, upload->fd) &&
           local_unlink_in_turn(&upload->place, upload->watch) == FAULT_NONE;
}

enum store_remains local_abandon_direct(struct local_upload *upload)
{
    if (!upload->written) {
        if (upload->created)
            return unmake(upload) ? STORE_LEFT_NOTHING : STORE_LEFT_CHANGED;
        if (upload->fd >= 0)
            trim(upload);
        return STORE_LEFT_OLD;
    }
    if (upload->created)
        local_set_mark(upload->fd);
    trim(upload);
    (void)local_publish_annex_in_place(upload);
    return upload->created ? STORE_LEFT_PARTIAL : STORE_LEFT_CHANGED;
}
