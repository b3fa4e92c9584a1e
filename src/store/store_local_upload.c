/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_upload.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/store_local_copy.h"
#include "store/store_local_in_place.h"
#include "store/store_local_kept.h"
#include "store/store_local_spare.h"
#include "store/store_local_staged.h"
#include "store/store_local_target.h"
#include "store/store_local_upload_annex.h"

static struct local_upload *local_of(struct store_upload *upload)
{
    return (struct local_upload *)upload;
}

/* ---- Opening ------------------------------------------------------------- */

enum fault local_refuse_sources(const struct local_upload *upload, const struct stat *file)
{
    const struct store_upload_request *request = &upload->request;
    uint64_t device = (uint64_t)major(file->st_dev) << 32 | minor(file->st_dev);
    for (size_t i = 0; i < request->source_count; i++)
        if (request->sources[i].file_number == file->st_ino && request->sources[i].device == device)
            return FAULT_ARGUMENT;
    return FAULT_NONE;
}

/* APPE, or STOR after REST, to a file that is there. */
static enum fault open_continuation(struct local_upload *upload)
{
    const struct store_upload_request *request = &upload->request;
    struct stat old = {0};
    bool is_partial = false;
    int target = -1;
    /* Only what comes before ours has to be read. */
    int flags = request->kind == STORE_APPEND ? O_WRONLY : O_RDWR;
    enum fault f = local_open_target(&upload->place, flags, &target);
    if (f)
        return f;
    f = local_lock_partial(target, &is_partial);
    if (!f && fstat(target, &old))
        f = fault_from_errno(errno);
    uint64_t size = (uint64_t)old.st_size;
    uint64_t offset = request->kind == STORE_APPEND ? size : request->offset;
    if (!f && offset > size)
        f = FAULT_OUT_OF_RANGE;
    if (!f && is_partial)
        return local_open_partial(upload, target, &old, offset);
    if (!f)
        f = local_open_staged(upload, &old);
    if (!f && offset < size)
        return local_take_prefix_later(upload, target, offset);
    upload->way = LOCAL_STAGED_TAIL;
    close(target);
    return f;
}

/* What keep() kept. */
static enum fault open_kept(struct local_upload *upload, const struct stat *old)
{
    upload->way = old && upload->request.kind == STORE_APPEND ? LOCAL_STAGED_TAIL : LOCAL_STAGED;
    return local_go_on(upload, old);
}

static enum fault open_by_kind(struct local_upload *upload, struct local_root root,
                               const char *path)
{
    const struct store_upload_request *request = &upload->request;
    struct stat info;
    enum fault f = local_open_place_followed(root, path, &upload->place);
    if (f)
        return f;
    f = local_stat_target(upload->identity, &upload->place, &info);
    if (f && f != FAULT_NOT_FOUND)
        return f;
    const struct stat *old = f ? NULL : &info;
    f = old ? local_refuse_sources(upload, old) : FAULT_NONE;
    if (f)
        return f;
    upload->base.existed = old != NULL;
    if (request->kind == STORE_UNIQUE && old)
        return FAULT_EXISTS;
    if (request->kind == STORE_RESUME && request->offset > 0 && !old)
        return FAULT_OUT_OF_RANGE;
    if (request->direct)
        return local_open_direct(upload);
    if (request->goes_on)
        return open_kept(upload, old);
    if (old && (request->kind == STORE_APPEND || request->kind == STORE_RESUME))
        return open_continuation(upload);
    return local_open_staged(upload, old);
}

/* By way of a link, if all of the way is in memory. */
static enum fault find_linked_target(struct local_upload *upload, struct local_root root,
                                     const char *path)
{
    int fd = -1;
    enum fault f = local_open_path(root, path, true, &fd);
    if (f)
        return f;
    close(fd);
    f = local_open_place_followed(root, path, &upload->place);
    return f ? f : local_stat_place(&upload->place, &upload->replaced);
}

static enum fault find_target(struct local_upload *upload, struct local_root root, const char *path)
{
    struct local_place *place = &upload->place;
    enum fault f = local_open_place(root, path, place);
    if (!f)
        f = local_stat_place_at_once(place, &upload->replaced);
    if (!f && S_ISLNK(upload->replaced.st_mode)) {
        local_close_place(place);
        f = find_linked_target(upload, root, path);
    }
    return f ? f : local_check_target(upload->identity, place, &upload->replaced);
}

/*
 * On a loop: all that is known without waiting. The staged file is made by who may wait, but a
 * directory that can have none refuses before the client has sent anything.
 */
static enum fault open_at_once(struct local_upload *upload, struct local_root root,
                               const char *path)
{
    const struct store_upload_request *request = &upload->request;
    bool is_simple = request->kind == STORE_REPLACE && !request->goes_on && !request->direct &&
                     !request->reserve_bytes && !request->source_count;
    if (!is_simple || find_target(upload, root, path) ||
        faccessat(upload->place.parent, ".", W_OK | X_OK, AT_EACCESS))
        return FAULT_BUSY; /* who may wait says what is wrong */
    upload->base.existed = true;
    upload->is_late = true;
    upload->is_local = true;
    return FAULT_NONE;
}

static enum fault open_late(struct local_upload *upload)
{
    if (!upload->is_late)
        return FAULT_NONE;
    upload->is_late = false;
    return local_open_staged(upload, &upload->replaced);
}

/*
 * Where files are in memory, the journal needs no new record, and nobody has to be waited for to
 * publish (what lies beside files has a lock), no worker is needed: an upload of 1 KiB from 51 to
 * 43 us.
 */
static bool upload_is_brief(struct store_upload *base)
{
    struct local_upload *upload = local_of(base);
    int parent = upload->place.parent;
    if (!upload->is_late || !upload->is_in_memory || upload->watch || upload->request.sync)
        return false;
    bool is_known = faccessat(parent, LOCAL_HIDDEN_DIRECTORY, F_OK, AT_SYMLINK_NOFOLLOW) &&
                    errno == ENOENT;
    if (is_known && upload->journal && !upload->spare)
        upload->spare = local_spare_take(upload->journal, parent);
    upload->is_brief = is_known && (!upload->journal || upload->spare);
    return upload->is_brief;
}

/* ---- Writing ------------------------------------------------------------- */

bool local_is_in_place(const struct local_upload *upload)
{
    return upload->way == LOCAL_PARTIAL || upload->way == LOCAL_DIRECT;
}

static void move_on(struct local_upload *upload, uint64_t done)
{
    upload->position += done;
    if (done && upload->position > upload->written)
        upload->written = upload->position;
}

enum fault local_write_on(struct local_upload *upload, const void *bytes, size_t len)
{
    uint64_t done = 0;
    enum fault f = local_write_all(upload->fd, bytes, len, &done);
    move_on(upload, done);
    return f;
}

enum fault local_write_pipe_on(struct local_upload *upload, int pipe, size_t len)
{
    uint64_t done = 0;
    enum fault f = local_write_pipe(upload->fd, pipe, len, &done);
    move_on(upload, done);
    return f;
}

uint64_t local_final_size(const struct local_upload *upload)
{
    return upload->has_size ? upload->size : upload->start + upload->written;
}

static enum fault upload_write(struct stream *stream, const void *bytes, size_t len)
{
    struct local_upload *upload = (struct local_upload *)stream;
    enum fault f = open_late(upload);
    if (f)
        return f;
    return local_is_in_place(upload) ? local_write_in_place(upload, bytes, len)
                                     : local_write_staged(upload, bytes, len);
}

static enum fault upload_write_pipe(struct stream *stream, int pipe, size_t len)
{
    struct local_upload *upload = (struct local_upload *)stream;
    enum fault f = open_late(upload);
    return f ? f : local_write_staged_pipe(upload, pipe, len);
}

int local_lend(const struct store_upload *upload)
{
    const struct local_upload *local = (const struct local_upload *)upload;
    bool has_more_to_do = local->cuts || local->prefix >= 0;
    return has_more_to_do ? -1 : local->fd;
}

void local_take_back(struct store_upload *upload, uint64_t position, uint64_t written)
{
    local_of(upload)->position = position;
    local_of(upload)->written = written;
}

void local_progress(const struct store_upload *upload, uint64_t *ret_position,
                    uint64_t *ret_written)
{
    const struct local_upload *local = (const struct local_upload *)upload;
    *ret_position = local->position;
    *ret_written = local->written;
}

/* Is all of the file this upload's, from its beginning on? */
static bool makes_whole(const struct local_upload *upload)
{
    return upload->request.kind != STORE_APPEND && !upload->start &&
           (upload->way == LOCAL_STAGED || upload->way == LOCAL_DIRECT);
}

static enum fault upload_seek(struct stream *stream, uint64_t offset)
{
    struct local_upload *upload = (struct local_upload *)stream;
    if (!makes_whole(upload))
        return FAULT_UNSUPPORTED;
    if (offset > INT64_MAX)
        return FAULT_OUT_OF_RANGE;
    enum fault f = open_late(upload);
    if (f)
        return f;
    if (lseek(upload->fd, (off_t)offset, SEEK_SET) < 0)
        return fault_from_errno(errno);
    upload->position = offset;
    return FAULT_NONE;
}

static enum fault upload_annex(struct store_upload *base, struct text bytes)
{
    return local_gather_annex(local_of(base), bytes);
}

static enum fault upload_set_size(struct store_upload *base, uint64_t size)
{
    struct local_upload *upload = local_of(base);
    if (!makes_whole(upload))
        return FAULT_UNSUPPORTED;
    if (size > INT64_MAX)
        return FAULT_OUT_OF_RANGE;
    upload->size = size;
    upload->has_size = true;
    return FAULT_NONE;
}

static enum fault upload_change(struct store_upload *base, const struct store_changes *changes)
{
    struct local_upload *upload = local_of(base);
    if (!makes_whole(upload) || changes->mask & STORE_CHANGE_CREATED)
        return FAULT_UNSUPPORTED;
    if (changes->mask & STORE_CHANGE_MODE)
        upload->changes.mode = changes->mode;
    if (changes->mask & STORE_CHANGE_MODIFIED)
        upload->changes.modified = changes->modified;
    upload->changes.mask |= changes->mask;
    return FAULT_NONE;
}

static enum fault upload_keep(struct store_upload *base, struct store_kept *ret_kept)
{
    struct local_upload *upload = local_of(base);
    enum fault f = open_late(upload);
    return f ? f : local_keep(upload, ret_kept);
}

/* ---- Ending -------------------------------------------------------------- */

static void free_upload(struct local_upload *upload)
{
    bool is_free = local_drop_temporary(upload);
    local_spare_give_back(upload->journal, upload->spare, is_free);
    local_end_kept(upload);
    if (upload->annex >= 0)
        close(upload->annex);
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

static enum fault publish(struct local_upload *upload)
{
    switch (upload->way) {
    case LOCAL_STAGED:
    case LOCAL_STAGED_TAIL:
        return local_publish_staged(upload);
    case LOCAL_PARTIAL:
        return local_publish_partial(upload);
    case LOCAL_DIRECT:
        return local_publish_direct(upload);
    }
    return FAULT_BUG;
}

static enum fault upload_publish(struct store_upload *base)
{
    struct local_upload *upload = local_of(base);
    enum fault f = open_late(upload);
    if (!f)
        f = publish(upload);
    if (!f && upload->request.sync)
        f = local_sync_directory(upload->place.parent);
    if (f)
        local_leave_kept(upload);
    free_upload(upload);
    return f;
}

static enum store_remains upload_abandon(struct store_upload *base, bool keep)
{
    struct local_upload *upload = local_of(base);
    enum store_remains remains = STORE_LEFT_OLD;
    switch (upload->way) {
    case LOCAL_STAGED:
    case LOCAL_STAGED_TAIL:
        remains = local_abandon_staged(upload, keep);
        break;
    case LOCAL_PARTIAL:
        remains = local_abandon_partial(upload);
        break;
    case LOCAL_DIRECT:
        remains = local_abandon_direct(upload);
        break;
    }
    if (keep)
        local_leave_kept(upload);
    free_upload(upload);
    return remains;
}

enum fault local_open_upload(const struct local_surroundings *surroundings, const char *path,
                             const struct store_upload_request *request,
                             struct store_upload **ret_upload)
{
    static const struct stream_type in_place = {
        .write = upload_write, .seek = upload_seek, .close = upload_close};
    static const struct stream_type staged = {.write = upload_write,
                                              .write_pipe = upload_write_pipe,
                                              .seek = upload_seek,
                                              .close = upload_close};
    static const struct store_upload_type type = {
        .publish = upload_publish,
        .abandon = upload_abandon,
        .keep = upload_keep,
        .annex = upload_annex,
        .set_size = upload_set_size,
        .change = upload_change,
        .is_brief = upload_is_brief,
    };
    struct local_upload *upload = memory_new(sizeof(*upload));
    if (!upload)
        return FAULT_NO_MEMORY;
    upload->base.stream = (struct stream){.type = &in_place, .fd = -1};
    upload->base.type = &type;
    upload->journal = surroundings->journal;
    upload->watch = surroundings->watch;
    upload->identity = surroundings->identity;
    upload->is_in_memory = surroundings->root.in_memory;
    upload->request = *request;
    upload->place.parent = -1;
    upload->fd = -1;
    upload->prefix = -1;
    upload->annex = -1;
    upload->kept_in = -1;
    enum fault f = surroundings->root.at_once ? open_at_once(upload, surroundings->root, path)
                                              : open_by_kind(upload, surroundings->root, path);
    if (!f && !upload->is_late)
        f = local_reserve(upload->fd, upload->start, request->reserve_bytes);
    if (f) {
        (void)upload_abandon(&upload->base, request->goes_on);
        return f;
    }
    if (!local_is_in_place(upload))
        upload->base.stream.type = &staged;
    *ret_upload = &upload->base;
    return FAULT_NONE;
}
