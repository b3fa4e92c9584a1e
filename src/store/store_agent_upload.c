/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/store_agent_objects.h"
#include "store/store_local_copy.h"

struct agent_upload {
    struct store_upload base;
    struct agent_link *link; /* owned */
    int fd;                  /* owned: what we write to by ourselves; -1 while we may not yet */
    uint64_t position;       /* of what is written so: as store_local_upload counts */
    uint64_t written;
};

static struct agent_upload *upload_of(struct store_upload *upload)
{
    return (struct agent_upload *)upload;
}

static struct message *begin(struct agent_upload *upload, enum agent_request request)
{
    struct message *message = agent_link_begin(upload->link, request);
    message_put_number(message, upload->fd >= 0);
    message_put_number(message, upload->position);
    message_put_number(message, upload->written);
    return message;
}

static void free_upload(struct agent_upload *upload)
{
    if (upload->fd >= 0)
        close(upload->fd);
    agent_link_free(upload->link);
    memory_free(upload);
}

/* ---- Bytes --------------------------------------------------------------------- */

/* Only a plain file never blocks for good, and is all that was asked for. */
static enum fault take_file(struct agent_upload *upload)
{
    struct stat info;
    int fd = message_take_fd(upload->link->message);
    if (fstat(fd, &info) || !S_ISREG(info.st_mode)) {
        close(fd);
        return FAULT_IO;
    }
    upload->fd = fd;
    return FAULT_NONE;
}

/* The first bytes have the other side do what comes before them; with its file we go on alone. */
static enum fault write_there(struct agent_upload *upload, struct text bytes)
{
    struct agent_link *link = upload->link;
    message_put_text(agent_link_begin(link, AGENT_UPLOAD_WRITE), bytes);
    enum fault f = agent_link_ask(link, AGENT_WAIT_FOREVER);
    if (f)
        return f;
    uint64_t position = message_take_number(link->message, INT64_MAX);
    uint64_t written = message_take_number(link->message, INT64_MAX);
    if (link->message->fd >= 0)
        f = take_file(upload);
    f = agent_link_end(link, f);
    if (f)
        return f;
    upload->position = position;
    upload->written = written;
    return FAULT_NONE;
}

static enum fault write_here(struct agent_upload *upload, struct text bytes)
{
    uint64_t done = 0;
    enum fault f = local_write_all(upload->fd, bytes.at, bytes.len, &done);
    upload->position += done;
    if (done && upload->position > upload->written)
        upload->written = upload->position;
    return f;
}

static enum fault upload_write(struct stream *stream, const void *bytes, size_t len)
{
    struct agent_upload *upload = (struct agent_upload *)stream;
    enum fault f = FAULT_NONE;
    struct text rest = {bytes, len};
    while (!f && rest.len && upload->fd < 0) {
        struct text part = {rest.at, rest.len < AGENT_BYTES_MAX ? rest.len : AGENT_BYTES_MAX};
        f = write_there(upload, part);
        rest = text_after(rest, part.len);
    }
    return f || !rest.len ? f : write_here(upload, rest);
}

/* The offset is the open file's, which both sides have. */
static enum fault upload_seek(struct stream *stream, uint64_t offset)
{
    struct agent_upload *upload = (struct agent_upload *)stream;
    message_put_number(begin(upload, AGENT_UPLOAD_SEEK), offset);
    enum fault f = agent_link_tell(upload->link, AGENT_WAIT_MS);
    if (!f)
        upload->position = offset;
    return f;
}

static void upload_close(struct stream *stream)
{
    free_upload((struct agent_upload *)stream);
}

/* ---- The rest --------------------------------------------------------------------- */

static enum fault upload_keep(struct store_upload *base, struct store_kept *ret_kept)
{
    struct store_kept kept = {0};
    struct agent_link *link = upload_of(base)->link;
    (void)begin(upload_of(base), AGENT_UPLOAD_KEEP);
    enum fault f = agent_link_ask(link, AGENT_WAIT_FOREVER);
    if (!f)
        agent_take_kept(link->message, &kept);
    f = agent_link_end(link, f);
    if (!f)
        *ret_kept = kept;
    return f;
}

static enum fault upload_annex(struct store_upload *base, struct text bytes)
{
    enum fault f = FAULT_NONE;
    do { /* once at least: no bytes have a meaning, too */
        struct text part = {bytes.at, bytes.len < AGENT_BYTES_MAX ? bytes.len : AGENT_BYTES_MAX};
        message_put_text(begin(upload_of(base), AGENT_UPLOAD_ANNEX), part);
        f = agent_link_tell(upload_of(base)->link, AGENT_WAIT_FOREVER);
        bytes = text_after(bytes, part.len);
    } while (!f && bytes.len);
    return f;
}

static enum fault upload_set_size(struct store_upload *base, uint64_t size)
{
    message_put_number(begin(upload_of(base), AGENT_UPLOAD_SET_SIZE), size);
    return agent_link_tell(upload_of(base)->link, AGENT_WAIT_MS);
}

static enum fault upload_change(struct store_upload *base, const struct store_changes *changes)
{
    agent_put_changes(begin(upload_of(base), AGENT_UPLOAD_CHANGE), changes);
    return agent_link_tell(upload_of(base)->link, AGENT_WAIT_MS);
}

/* Our descriptor holds the file's lock, too: it goes before the upload ends. */
static void begin_end(struct agent_upload *upload, enum agent_request request)
{
    (void)begin(upload, request);
    if (upload->fd >= 0)
        close(upload->fd);
    upload->fd = -1;
}

static enum fault upload_publish(struct store_upload *base)
{
    struct agent_upload *upload = upload_of(base);
    begin_end(upload, AGENT_UPLOAD_PUBLISH);
    enum fault f = agent_link_tell(upload->link, AGENT_WAIT_FOREVER);
    free_upload(upload);
    return f;
}

/* Of a process that died: its file was nameless, or what it wrote to is the file. */
static enum store_remains upload_abandon(struct store_upload *base, bool keep)
{
    struct agent_upload *upload = upload_of(base);
    enum store_remains remains = base->existed ? STORE_LEFT_OLD : STORE_LEFT_NOTHING;
    begin_end(upload, AGENT_UPLOAD_ABANDON);
    message_put_number(upload->link->message, keep);
    if (!agent_link_ask(upload->link, AGENT_WAIT_FOREVER)) {
        uint64_t left = message_take_number(upload->link->message, STORE_LEFT_KEPT);
        if (!agent_link_end(upload->link, FAULT_NONE))
            remains = (enum store_remains)left;
    }
    free_upload(upload);
    return remains;
}

enum fault agent_new_upload(struct agent_link *link, bool existed, struct store_upload **ret_upload)
{
    static const struct stream_type stream_type = {
        .write = upload_write, .seek = upload_seek, .close = upload_close};
    static const struct store_upload_type type = {
        .publish = upload_publish,
        .abandon = upload_abandon,
        .keep = upload_keep,
        .annex = upload_annex,
        .set_size = upload_set_size,
        .change = upload_change,
    };
    struct agent_upload *upload = memory_new(sizeof(*upload));
    if (!upload) {
        agent_link_free(link);
        return FAULT_NO_MEMORY;
    }
    upload->base.stream = (struct stream){.type = &stream_type, .fd = -1};
    upload->base.type = &type;
    upload->base.existed = existed;
    upload->link = link;
    upload->fd = -1;
    *ret_upload = &upload->base;
    return FAULT_NONE;
}
