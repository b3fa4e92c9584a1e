/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_upload_annex.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store_local_copy.h"
#include "store/store_local_kept.h"
#include "store/store_local_staged.h"

/* ---- Gathering -------------------------------------------------------------- */

enum fault local_gather_annex(struct local_upload *upload, struct text bytes)
{
    enum fault f = FAULT_NONE;
    if (text_of(upload->place.name).len > LOCAL_BESIDE_NAME_MAX)
        return FAULT_NAME_INVALID;
    if (upload->annex < 0 && bytes.len)
        f = local_open_nameless(upload->journal, upload->place.parent, &upload->annex);
    return f ? f : local_write_all(upload->annex, bytes.at, bytes.len, &upload->annex_bytes);
}

/* ---- Publishing ----------------------------------------------------------------- */

enum fault local_begin_publishing(struct local_upload *upload, struct local_beside *ret_beside)
{
    if (upload->is_brief) /* nothing was beside it a moment ago */
        return FAULT_NONE;
    enum fault f = local_open_beside(&upload->place, upload->annex_bytes > 0,
                                     LOCAL_WAIT_PUBLISHING_MS, upload->watch, ret_beside);
    if (!f)
        ret_beside->claim = upload->request.claim;
    return f;
}

void local_end_publishing(struct local_beside *beside, enum fault f)
{
    if (!f && beside->fd >= 0)
        (void)local_drop_kept(beside);
    local_settle_annex(beside, f == FAULT_NONE);
    local_close_beside(beside);
}

static struct local_annex gathered(const struct local_upload *upload)
{
    return (struct local_annex){upload->annex, 0, upload->annex_bytes};
}

enum fault local_put_whole_annex(struct local_upload *upload, struct local_beside *beside)
{
    const struct local_annex own = gathered(upload);
    struct stat info;
    struct local_annexed present;
    if (!own.bytes)
        return FAULT_NONE;
    if (fstat(upload->fd, &info))
        return fault_from_errno(errno);
    enum fault f = local_find_present(beside, &present);
    if (f)
        return f;
    const struct local_annex_draft next = {.version = local_version_of(&info), .last = &own};
    f = local_put_annex(beside, &next, &present, info.st_mode, upload->request.sync);
    local_close_annex(&present.annex);
    return f;
}

enum fault local_put_grown_annex(struct local_upload *upload, struct local_beside *beside, int fd,
                                 const struct local_annexed *before)
{
    static const struct local_annexed nothing = {.annex.fd = -1};
    const struct local_annex own = gathered(upload);
    bool grows = before && upload->request.kind == STORE_APPEND;
    char bytes[32];
    struct builder between = builder_on(bytes, sizeof(bytes));
    struct stat info;
    if (!own.bytes && !(grows && before->annex.bytes))
        return FAULT_NONE;
    if (fstat(fd, &info))
        return fault_from_errno(errno);
    if (grows) { /* also without one of its own: else its bytes would count as the file's before */
        builder_put(&between, TEXT("at "));
        builder_put_number(&between,
                           local_is_in_place(upload) ? upload->start : before->version.size);
        builder_put_byte(&between, '\n');
    }
    const struct local_annex_draft next = {
        .version = local_version_of(&info),
        .first = grows ? &before->annex : NULL,
        .between = builder_text(&between),
        .last = &own,
    };
    return local_put_annex(beside, &next, before ? before : &nothing, info.st_mode,
                           upload->request.sync);
}

enum fault local_publish_annex_in_place(struct local_upload *upload)
{
    struct local_beside beside = {.fd = -1};
    struct local_annexed before = {.version = upload->old, .annex.fd = -1};
    enum fault f = local_begin_publishing(upload, &beside);
    if (f)
        return f;
    f = local_find_annex(&beside, &before.version, &before.annex);
    if (!f || f == FAULT_NOT_FOUND)
        f = local_put_grown_annex(upload, &beside, upload->fd, upload->created ? NULL : &before);
    local_close_annex(&before.annex);
    local_end_publishing(&beside, f);
    return f;
}
