/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "client/local_place.h"
#include "client/local_tree.h"

enum {
    /* How often the name of a part may be taken, and free again, while we look. */
    RACES_MAX = 100,
};

/* ---- Bytes --------------------------------------------------------------------------- */

struct part_stream {
    struct stream stream;
    int fd;
    uint64_t at;      /* where the next byte goes */
    uint64_t end;     /* the file's */
    uint64_t limit;   /* where it has to end at last */
    uint64_t read_at; /* where the next byte comes from, when it is looked at again */
    bool has_hole;    /* perhaps: something was written behind its end */
    enum fault fault; /* nothing is published that was not written */
};

static struct part_stream *of(struct stream *stream)
{
    return (struct part_stream *)stream;
}

/* A quota (EDQUOT) or a limit of ours (EFBIG) is no room, too: too large is what is sent to us. */
static enum fault no_room_from_errno(int number)
{
    enum fault f = fault_from_errno(number);
    return f == FAULT_TOO_LARGE ? FAULT_NO_SPACE : f;
}

static enum fault write_all(int fd, uint64_t at, struct text bytes)
{
    while (bytes.len) {
        ssize_t n = pwrite(fd, bytes.at, bytes.len, (off_t)at);
        if (n < 0 && errno != EINTR)
            return no_room_from_errno(errno);
        const size_t written = n > 0 ? (size_t)n : 0;
        bytes = text_after(bytes, written);
        at += written;
    }
    return FAULT_NONE;
}

static enum fault part_write(struct stream *stream, const void *bytes, size_t len)
{
    struct part_stream *part = of(stream);
    if (!part->fault && (part->at > part->limit || len > part->limit - part->at))
        part->fault = FAULT_TOO_LARGE;
    if (!part->fault)
        part->fault = write_all(part->fd, part->at, (struct text){bytes, len});
    if (part->fault)
        return part->fault;
    part->at += len;
    if (part->at > part->end)
        part->end = part->at;
    return FAULT_NONE;
}

static enum fault part_read(struct stream *stream, void *buffer, size_t size, size_t *ret_len)
{
    struct part_stream *part = of(stream);
    ssize_t n;
    do {
        n = pread(part->fd, buffer, size, (off_t)part->read_at);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return fault_from_errno(errno);
    part->read_at += (uint64_t)n;
    *ret_len = (size_t)n;
    return FAULT_NONE;
}

static enum fault part_seek(struct stream *stream, uint64_t offset)
{
    if (offset > INT64_MAX)
        return FAULT_TOO_LARGE;
    of(stream)->at = offset;
    of(stream)->has_hole |= offset > of(stream)->end;
    return FAULT_NONE;
}

/* A file system may tell only now that it had no room for what was written (NFS, quotas). */
static enum fault close_written(struct part_stream *part)
{
    int fd = part->fd;
    part->fd = -1;
    return close(fd) ? no_room_from_errno(errno) : FAULT_NONE;
}

static void part_close(struct stream *stream)
{
    if (of(stream)->fd >= 0)
        close(of(stream)->fd);
    memory_free(stream);
}

static struct part_stream *new_stream(void)
{
    static const struct stream_type type = {
        .read = part_read, .write = part_write, .seek = part_seek, .close = part_close};
    struct part_stream *part = memory_new(sizeof(*part));
    if (part)
        *part = (struct part_stream){
            .stream = {.type = &type, .fd = -1}, .fd = -1, .limit = INT64_MAX};
    return part;
}

/* ---- Opening --------------------------------------------------------------------------- */

/* A part that is about to be opened. */
struct opening {
    const struct local_tree *tree; /* borrowed: the caller's */
    uint64_t identity;
    bool resumes;
    struct part_stream *stream; /* borrowed: the caller's; gets the descriptor */
    char name[LOCAL_NAME_SIZE]; /* in its directory */
    bool is_findable;
};

static void name_part(struct opening *opening, const char *name, uint64_t number)
{
    struct builder b = builder_on(opening->name, sizeof(opening->name));
    local_put_part_name(&b, text_of(name), number);
    builder_end(&b);
    opening->is_findable = number == opening->identity;
}

/* FAULT_EXISTS: something has that name. */
static enum fault create(const struct local_place *place, struct opening *opening)
{
    const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(place->fd, opening->name, flags, 0666);
    if (fd < 0)
        return fault_from_errno(errno);
    opening->stream->fd = fd;
    return FAULT_NONE;
}

/* What anybody else could have put there, or still has another name for, does not go on. */
static bool is_ours(int fd, struct stat *info)
{
    return !fstat(fd, info) && S_ISREG(info->st_mode) && info->st_uid == geteuid() &&
           info->st_nlink == 1;
}

static bool resume(const struct local_place *place, struct opening *opening)
{
    const int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    struct stat info;
    int fd = openat(place->fd, opening->name, flags);
    if (fd < 0)
        return false;
    if (!is_ours(fd, &info)) {
        close(fd);
        return false;
    }
    opening->stream->fd = fd;
    opening->stream->at = (uint64_t)info.st_size;
    opening->stream->end = (uint64_t)info.st_size;
    return true;
}

/*
 * Most files have no part: so it is made first, by one call. The part that is there
 * but does not go on is removed, not emptied, and ours gets a name of its own: who
 * may still be writing that one, and will rename it, finds nothing under its name.
 */
static enum fault open_part(const struct local_place *place, void *owner)
{
    struct opening *opening = owner;
    const uint64_t identity = opening->identity;
    if (text_equal(text_of(place->name), TEXT(".")))
        return FAULT_IS_DIRECTORY;
    name_part(opening, place->name, identity ? identity : local_unique(opening->tree));
    enum fault f = create(place, opening);
    if (f == FAULT_EXISTS && identity && opening->resumes && resume(place, opening))
        return FAULT_NONE;
    for (int i = 0; i < RACES_MAX && f == FAULT_EXISTS; i++) {
        (void)unlinkat(place->fd, opening->name, 0);
        name_part(opening, place->name, local_unique(opening->tree));
        f = create(place, opening);
    }
    return f;
}

/* NULL: no memory. */
static char *path_beside(const char *path, const char *name)
{
    char bytes[LOCAL_PATH_SIZE + LOCAL_NAME_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    builder_put(&b, (struct text){path, (size_t)(local_last_part(path) - path)});
    builder_put_string(&b, name);
    return memory_copy(b.at, b.len);
}

/* Accepts one that is not complete. */
static void release(const struct local_tree *tree, struct local_part *part)
{
    stream_close(&part->stream);
    if (part->place)
        local_place_close(tree, part->place);
    memory_free(part->place);
    memory_free(part->part);
    memory_free(part->path);
    *part = (struct local_part){0};
}

enum fault local_part_open(const struct local_tree *tree, const char *path, uint64_t identity,
                           bool resumes, struct local_part *ret_part)
{
    struct opening opening = {tree, identity, resumes, new_stream()};
    struct local_part part = {.path = memory_copy(path, strlen(path))};
    part.stream = opening.stream ? &opening.stream->stream : NULL;
    part.place = memory_new(sizeof(*part.place));
    enum fault f = part.stream && part.path && part.place ? FAULT_NONE : FAULT_NO_MEMORY;
    if (!f)
        f = local_at_place(tree, part.path, open_part, &opening, part.place);
    if (!f && !(part.part = path_beside(path, opening.name))) {
        f = FAULT_NO_MEMORY;
        if (!opening.stream->end)
            (void)unlinkat(part.place->fd, opening.name, 0);
    }
    if (f) {
        release(tree, &part);
        return f;
    }
    local_place_remove_parts(tree, part.place, opening.name);
    part.begun = opening.stream->end;
    part.is_findable = opening.is_findable;
    *ret_part = part;
    return FAULT_NONE;
}

void local_part_limit(struct local_part *part, uint64_t bytes)
{
    of(part->stream)->limit = bytes < INT64_MAX ? bytes : INT64_MAX;
}

uint64_t local_part_bytes(const struct local_part *part)
{
    return of(part->stream)->end;
}

/* ---- In pieces --------------------------------------------------------------------------- */

enum fault local_part_put(const struct local_part *part, uint64_t at, struct text bytes)
{
    return bytes.len > INT64_MAX - at ? FAULT_TOO_LARGE
                                      : write_all(of(part->stream)->fd, at, bytes);
}

enum fault local_part_get(const struct local_part *part, uint64_t at, char *buffer, size_t len)
{
    while (len) {
        ssize_t n = pread(of(part->stream)->fd, buffer, len, (off_t)at);
        if (n < 0 && errno != EINTR)
            return fault_from_errno(errno);
        if (!n)
            return FAULT_IO;
        const size_t got = n > 0 ? (size_t)n : 0;
        buffer += got;
        len -= got;
        at += got;
    }
    return FAULT_NONE;
}

enum fault local_part_lock(const struct local_part *part)
{
    struct stat ours;
    struct stat named;
    int fd = of(part->stream)->fd;
    if (flock(fd, LOCK_EX | LOCK_NB))
        return errno == EWOULDBLOCK ? FAULT_BUSY : fault_from_errno(errno);
    bool is_named = !fstat(fd, &ours) &&
                    !fstatat(part->place->fd, local_last_part(part->part), &named,
                             AT_SYMLINK_NOFOLLOW) &&
                    ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
    return is_named ? FAULT_NONE : FAULT_BUSY;
}

enum fault local_part_set_end(struct local_part *part, uint64_t bytes)
{
    struct part_stream *stream = of(part->stream);
    if (bytes > INT64_MAX || ftruncate(stream->fd, (off_t)bytes))
        return bytes > INT64_MAX ? FAULT_TOO_LARGE : no_room_from_errno(errno);
    stream->end = bytes;
    return FAULT_NONE;
}

enum fault local_part_flush(const struct local_part *part)
{
    return fdatasync(of(part->stream)->fd) ? no_room_from_errno(errno) : FAULT_NONE;
}

/* ---- Its end ----------------------------------------------------------------------------- */

/* What the file system does not keep of it is no reason to lose the file. */
static void set_facts(int fd, int64_t modified, unsigned mode)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = modified}};
    if (mode)
        (void)fchmod(fd, local_mode(mode));
    if (modified != INT64_MIN)
        (void)futimens(fd, times);
}

static enum fault take_name(const struct local_place *place, const char *part)
{
    if (!renameat(place->fd, part, place->fd, place->name))
        return FAULT_NONE;
    return errno == ENOENT ? FAULT_BUSY : no_room_from_errno(errno); /* somebody removed it */
}

enum fault local_part_publish(const struct local_tree *tree, struct local_part *part,
                              int64_t modified, unsigned mode)
{
    struct part_stream *stream = of(part->stream);
    const char *name = local_last_part(part->part);
    enum fault f = stream->fault;
    if (!f) {
        set_facts(stream->fd, modified, mode);
        f = close_written(stream);
    }
    if (!f)
        f = take_name(part->place, name);
    if (f)
        (void)unlinkat(part->place->fd, name, 0);
    release(tree, part);
    return f;
}

void local_part_close(const struct local_tree *tree, struct local_part *part, bool keep)
{
    if (!part->stream)
        return;
    const struct part_stream *stream = of(part->stream);
    if (keep && part->is_findable && stream->end && !stream->has_hole)
        local_place_left_part(tree, part->place);
    else
        (void)unlinkat(part->place->fd, local_last_part(part->part), 0);
    release(tree, part);
}
