/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_annex.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "store/store_local_copy.h"
#include "store/store_local_target.h"

enum { READ_WRITE_MASK = 0666 };

struct annex_version local_version_of(const struct stat *info)
{
    return (struct annex_version){
        .size = (uint64_t)info->st_size,
        .modified = {info->st_mtim.tv_sec, (uint32_t)info->st_mtim.tv_nsec},
    };
}

/* ---- Finding --------------------------------------------------------------- */

static enum fault read_at(int fd, uint64_t offset, char bytes[ANNEX_LINE_MAX],
                          struct text *ret_read)
{
    ssize_t n = pread(fd, bytes, ANNEX_LINE_MAX, (off_t)offset);
    if (n < 0)
        return fault_from_errno(errno);
    *ret_read = (struct text){bytes, (size_t)n};
    return FAULT_NONE;
}

/* A block that claims more than the file has is none. */
static enum fault read_block(int fd, uint64_t *offset, uint64_t size, struct annex_block *ret_block)
{
    char bytes[ANNEX_LINE_MAX];
    struct text rest = {NULL, 0};
    enum fault f = read_at(fd, *offset, bytes, &rest);
    if (f)
        return f;
    size_t read = rest.len;
    if (!annex_take_block_line(&rest, ret_block))
        return FAULT_NOT_FOUND;
    *offset += read - rest.len;
    return *offset > size || ret_block->bytes > size - *offset ? FAULT_NOT_FOUND : FAULT_NONE;
}

enum fault local_find_annex_in(int fd, const struct annex_version *version,
                               struct local_annex *ret_annex)
{
    char bytes[ANNEX_LINE_MAX];
    struct stat info;
    struct text rest = {NULL, 0};
    struct annex_block block = {0};
    if (fstat(fd, &info))
        return fault_from_errno(errno);
    enum fault f = read_at(fd, 0, bytes, &rest);
    size_t read = f ? 0 : rest.len;
    if (!f && !annex_take_first_line(&rest))
        f = FAULT_NOT_FOUND;
    uint64_t offset = f ? 0 : read - rest.len;
    for (int i = 0; !f && i < ANNEX_BLOCKS_MAX; i++) {
        f = read_block(fd, &offset, (uint64_t)info.st_size, &block);
        if (!f && annex_is_version(&block.version, version)) {
            *ret_annex = (struct local_annex){fd, offset, block.bytes};
            return FAULT_NONE;
        }
        offset += f ? 0 : block.bytes;
    }
    return f ? f : FAULT_NOT_FOUND;
}

enum fault local_find_annex(const struct local_beside *beside, const struct annex_version *version,
                            struct local_annex *ret_annex)
{
    int fd = -1;
    if (beside->fd < 0)
        return FAULT_NOT_FOUND;
    enum fault f = local_open_file_beside(beside, LOCAL_ANNEX, O_RDONLY, &fd);
    if (f)
        return f;
    f = local_find_annex_in(fd, version, ret_annex);
    if (f)
        close(fd);
    return f;
}

enum fault local_find_annexed(const struct local_beside *beside, const struct stat *info,
                              struct local_annexed *ret_annexed)
{
    struct local_annexed annexed = {.version = local_version_of(info), .annex.fd = -1};
    enum fault f = S_ISREG(info->st_mode)
                       ? local_find_annex(beside, &annexed.version, &annexed.annex)
                       : FAULT_NOT_FOUND;
    if (f && f != FAULT_NOT_FOUND)
        return f;
    *ret_annexed = annexed;
    return FAULT_NONE;
}

enum fault local_find_present(const struct local_beside *beside, struct local_annexed *ret_annexed)
{
    struct stat info = {.st_mode = 0};
    enum fault f = local_stat_place(beside->place, &info);
    return f && f != FAULT_NOT_FOUND ? f : local_find_annexed(beside, &info, ret_annexed);
}

void local_close_annex(struct local_annex *annex)
{
    if (annex->fd >= 0)
        close(annex->fd);
    annex->fd = -1;
}

/* ---- Putting ---------------------------------------------------------------- */

static enum fault put_text(int to, uint64_t *offset, struct text t)
{
    if (lseek(to, (off_t)*offset, SEEK_SET) < 0)
        return fault_from_errno(errno);
    return local_write_all(to, t.at, t.len, offset);
}

static enum fault put_piece(int to, uint64_t *offset, const struct local_annex *piece)
{
    if (!piece || !piece->bytes)
        return FAULT_NONE;
    enum fault f = local_copy_range(piece->fd, piece->offset, to, *offset, piece->bytes);
    *offset += piece->bytes;
    return f;
}

static uint64_t bytes_of(const struct local_annex_draft *draft)
{
    return (draft->first ? draft->first->bytes : 0) + draft->between.len +
           (draft->last ? draft->last->bytes : 0);
}

static enum fault put_block(int to, uint64_t *offset, const struct local_annex_draft *draft)
{
    char bytes[ANNEX_LINE_MAX];
    struct builder b = builder_on(bytes, sizeof(bytes));
    const struct annex_block block = {draft->version, bytes_of(draft)};
    if (!block.bytes)
        return FAULT_NONE;
    annex_put_block_line(&b, &block);
    enum fault f = put_text(to, offset, builder_text(&b));
    if (!f)
        f = put_piece(to, offset, draft->first);
    if (!f && draft->between.len)
        f = put_text(to, offset, draft->between);
    return f ? f : put_piece(to, offset, draft->last);
}

static enum fault write_annex(int to, const struct local_annex_draft *next,
                              const struct local_annexed *present, bool sync)
{
    const struct local_annex_draft as_it_is = {.version = present->version,
                                               .first = &present->annex};
    char bytes[ANNEX_LINE_MAX];
    struct builder b = builder_on(bytes, sizeof(bytes));
    uint64_t offset = 0;
    annex_put_first_line(&b);
    enum fault f = put_text(to, &offset, builder_text(&b));
    if (!f)
        f = put_block(to, &offset, next);
    if (!f)
        f = put_block(to, &offset, &as_it_is);
    return f ? f : local_settle(to, sync);
}

static enum fault take_name(struct local_beside *beside, const char *from, bool sync)
{
    char name[LOCAL_NAME_SIZE];
    enum fault f = local_name_beside(beside->place, LOCAL_ANNEX, name);
    if (f)
        return f;
    if (renameat(beside->fd, from, beside->fd, name))
        return fault_from_errno(errno);
    beside->has_put = true;
    if (!sync)
        return FAULT_NONE;
    f = local_sync_directory(beside->fd);
    return f ? f : local_sync_directory(beside->place->parent);
}

enum fault local_put_annex(struct local_beside *beside, const struct local_annex_draft *next,
                           const struct local_annexed *present, mode_t mode, bool sync)
{
    char name[LOCAL_NAME_SIZE];
    enum fault f = local_name_beside(beside->place, LOCAL_ANNEX_NEW, name);
    if (f)
        return f;
    (void)unlinkat(beside->fd, name, 0); /* a crash's */
    int fd = openat(beside->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    mode & READ_WRITE_MASK);
    if (fd < 0)
        return fault_from_errno(errno);
    f = write_annex(fd, next, present, sync);
    close(fd);
    /* Beside the one that is there: of a refusal nothing is to stay. */
    if (!f && beside->claim)
        f = local_tell_beside(beside, beside->claim);
    if (!f)
        f = take_name(beside, name, sync);
    if (f)
        (void)unlinkat(beside->fd, name, 0);
    return f;
}

enum fault local_keep_annex(struct local_beside *beside, const struct stat *info,
                            const struct store_time *modified)
{
    struct local_annexed present;
    enum fault f = local_find_annexed(beside, info, &present);
    if (f || !present.annex.bytes)
        return f;
    const struct local_annex_draft next = {
        .version = {present.version.size, *modified},
        .first = &present.annex,
    };
    f = local_put_annex(beside, &next, &present, info->st_mode, true);
    local_close_annex(&present.annex);
    return f;
}

void local_change_annex_mode(const struct local_beside *beside, mode_t mode)
{
    int fd = -1;
    if (beside->fd < 0 || local_open_file_beside(beside, LOCAL_ANNEX, O_RDONLY, &fd))
        return;
    (void)fchmod(fd, mode & READ_WRITE_MASK); /* its owner's to set */
    close(fd);
}

/* ---- Afterwards --------------------------------------------------------------- */

/* Where a file did not follow, one that is there needs what was put: its own annex is in it. */
static bool is_needed(const struct local_beside *beside, bool has_followed)
{
    struct stat info;
    if (has_followed)
        return beside->has_put;
    if (!beside->has_put)
        return true;
    enum fault f = local_stat_place(beside->place, &info);
    return f ? f != FAULT_NOT_FOUND : S_ISREG(info.st_mode);
}

void local_settle_annex(const struct local_beside *beside, bool has_followed)
{
    if (beside->fd >= 0 && !is_needed(beside, has_followed))
        local_remove_beside(beside, LOCAL_ANNEX);
}

void local_drop_annex(const struct local_beside *beside)
{
    local_remove_beside(beside, LOCAL_ANNEX);
    local_remove_beside(beside, LOCAL_ANNEX_NEW);
}
