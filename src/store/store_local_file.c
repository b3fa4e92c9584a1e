/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/store_local_annex.h"
#include "store/store_local_target.h"

struct local_file {
    struct stream stream;         /* its fd is owned here */
    struct annex_version version; /* when it was opened */
};

/* ---- Bytes ----------------------------------------------------------------- */

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

static int64_t at_most(int64_t offset, int64_t end)
{
    return offset < end ? offset : end;
}

static enum fault file_next_data(struct stream *stream, int64_t from, int64_t *ret_first,
                                 int64_t *ret_end)
{
    int64_t end = stream->file_end;
    off_t first = from < end ? lseek(stream->fd, from, SEEK_DATA) : end;
    if (first < 0 && errno == ENXIO)
        first = end;
    else if (first < 0) /* the file system does not know */
        first = from;
    off_t hole = first < end ? lseek(stream->fd, first, SEEK_HOLE) : end;
    *ret_first = at_most(first, end);
    *ret_end = hole < 0 ? end : at_most(hole, end);
    return FAULT_NONE;
}

static void file_close(struct stream *stream)
{
    close(stream->fd);
    memory_free(stream);
}

/* Takes over `fd`, also on a fault. */
static enum fault new_file(int fd, int64_t offset, int64_t end, struct local_file **ret_file)
{
    static const struct stream_type type = {
        .read = file_read, .next_data = file_next_data, .close = file_close};
    struct local_file *file = memory_new(sizeof(*file));
    if (!file) {
        close(fd);
        return FAULT_NO_MEMORY;
    }
    file->stream = (struct stream){&type, fd, offset, end};
    *ret_file = file;
    return FAULT_NONE;
}

enum fault local_adopt_file(int fd, int64_t offset, int64_t end,
                            const struct annex_version *version, struct stream **ret_file)
{
    struct stat info;
    struct local_file *file = NULL;
    bool is_file = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
    if (!is_file || offset > end || end > info.st_size) {
        close(fd);
        return FAULT_IO;
    }
    enum fault f = new_file(fd, offset, end, &file);
    if (f)
        return f;
    file->version = *version;
    *ret_file = &file->stream;
    return FAULT_NONE;
}

struct annex_version local_file_version(const struct stream *file)
{
    return ((const struct local_file *)file)->version;
}

/* ---- Files ------------------------------------------------------------------- */

static enum fault open_plain(int path_fd, const struct store_info *info, int *ret_fd)
{
    if (info->kind == STORE_DIRECTORY)
        return FAULT_IS_DIRECTORY;
    if (info->kind != STORE_FILE)
        return FAULT_NOT_PLAIN_FILE;
    return local_reopen(path_fd, O_RDONLY, ret_fd);
}

enum fault local_open_file(const struct local_identity *identity, struct local_root root,
                           const char *path, struct stream **ret_stream,
                           struct store_info *ret_info)
{
    struct store_info info = {.kind = STORE_SPECIAL};
    struct local_file *file = NULL;
    int path_fd;
    int fd = -1;
    enum fault f = local_open_path(root, path, true, &path_fd);
    if (f)
        return f;
    f = local_info(identity, path_fd, "", true, &info);
    if (!f)
        f = open_plain(path_fd, &info, &fd);
    close(path_fd);
    if (!f)
        f = new_file(fd, 0, (int64_t)info.size, &file);
    if (f)
        return f;
    file->version = (struct annex_version){info.size, info.modified};
    file->stream.in_memory = root.in_memory;
    *ret_stream = &file->stream;
    *ret_info = info;
    return FAULT_NONE;
}

/* ---- Annexes ------------------------------------------------------------------- */

static bool has_changed(const struct local_file *file)
{
    struct stat now;
    if (fstat(file->stream.fd, &now))
        return true;
    const struct annex_version version = local_version_of(&now);
    return !annex_is_version(&version, &file->version);
}

/* Is somebody who appends to it at work, or was since it was opened? */
static bool is_changing(const struct local_file *file)
{
    /* Again when there is no lock: whoever had it may be done just now. */
    return has_changed(file) || local_is_locked(file->stream.fd) || has_changed(file);
}

static enum fault find_annex(const struct local_beside *beside, const struct local_file *file,
                             struct local_annex *ret_annex)
{
    int fd = -1;
    enum fault f = local_open_file_beside(beside, LOCAL_ANNEX, O_RDONLY, &fd);
    if (!f) {
        f = local_find_annex_in(fd, &file->version, ret_annex);
        if (f == FAULT_NOT_FOUND && is_changing(file))
            f = FAULT_BUSY;
        if (f)
            close(fd);
    }
    if (f == FAULT_NOT_FOUND && !local_is_target(beside->place, file->stream.fd))
        f = FAULT_BUSY; /* it has gone with the file */
    return f;
}

enum fault local_open_annex(struct local_root root, const char *path, const struct stream *file,
                            struct stream **ret_annex)
{
    struct local_place place;
    struct local_beside beside = {.fd = -1};
    struct local_annex annex = {.fd = -1};
    struct local_file *stream = NULL;
    enum fault f = local_open_place_followed(root, path, &place);
    if (f)
        return f;
    f = local_look_beside(&place, &beside);
    if (!f)
        f = find_annex(&beside, (const struct local_file *)file, &annex);
    local_close_beside(&beside);
    local_close_place(&place);
    if (!f)
        f = new_file(annex.fd, (int64_t)annex.offset, (int64_t)(annex.offset + annex.bytes),
                     &stream);
    if (!f)
        *ret_annex = &stream->stream;
    return f;
}
