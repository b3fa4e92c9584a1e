/* SPDX-License-Identifier: Apache-2.0 */
#include "client/carry.h"

#include <stdlib.h>

#include "base/memory.h"

enum {
    PATH_SIZE = 4096 + 64,
    PIECE_BYTES = 256 * 1024,
    IDENTITY_DIGITS = 16,
    WORTH_RESUMING = 1 << 20,
    SMALL_BYTES = 256 * 1024, /* what takes less time to move than a connection to make */
};

bool carry_is_exact(const struct parameters *parameters)
{
    bool is_image = parameters->type == TYPE_IMAGE ||
                    (parameters->type == TYPE_LOCAL && parameters->byte_size == 8);
    return is_image && parameters->structure == STRUCTURE_FILE;
}

/* Where the server has said 5yz it says so again (RFC 959 4.2.1). */
bool carry_is_worth_another_try(const struct remote *remote, enum fault f)
{
    if (remote_code(remote) >= 500)
        return false;
    return f == FAULT_CONNECTION_LOST || f == FAULT_TIMED_OUT || f == FAULT_NO_DATA_CONNECTION ||
           f == FAULT_BUSY || f == FAULT_TOO_MANY;
}

/* Who says 426 is there still: it was the data connection. */
bool carry_is_lost(const struct remote *remote, enum fault f)
{
    return f == FAULT_TIMED_OUT || (f == FAULT_CONNECTION_LOST && remote_code(remote) != 426);
}

/*
 * Nothing goes on in the middle here: there is no REST, or not for this. 451 is ProFTPD's (1.3.8)
 * without AllowStoreRestart or AllowRetrieveRestart, and comes for the STOR or RETR behind it.
 */
static bool refuses_restart(const struct remote *remote, enum fault f)
{
    return f && (remote_code(remote) >= 500 || f == FAULT_OUT_OF_RANGE || f == FAULT_UNSUPPORTED ||
                 (f == FAULT_BUSY && remote_code(remote) == 451));
}

uint64_t carry_identify(const char *path, const struct entry *entry)
{
    char bytes[64];
    char hex[DIGEST_HEX_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct builder digits = builder_on(hex, sizeof(hex));
    if (!entry->has_size || entry->size_is_rough || entry->precision == ENTRY_TIME_UNKNOWN)
        return 0;
    struct digest *digest = digest_new(DIGEST_SHA256);
    if (!digest)
        return 0;
    builder_put_number(&b, entry->size);
    builder_put_byte(&b, ' ');
    builder_put_number(&b, (uint64_t)entry->modified);
    digest_update(digest, path, strlen(path) + 1);
    digest_update(digest, b.at, b.len);
    (void)digest_finish(digest, &digits);
    digest_free(digest);
    hex[IDENTITY_DIGITS] = '\0';
    uint64_t identity = strtoull(hex, NULL, 16);
    return identity ? identity : 1;
}

static void announce(const struct carry_rules *rules, const struct entry *entry, uint64_t begun)
{
    bool is_known = entry->has_size && !entry->size_is_rough;
    if (rules->on_begin)
        rules->on_begin(rules->begin_owner, begun, is_known ? entry->size : UINT64_MAX);
}

/* What is small and begins at its beginning may share a data connection with others. */
static struct parameters parameters_of(const struct remote *remote, const struct carry_rules *rules,
                                       const struct entry *entry, uint64_t begun)
{
    struct parameters parameters = rules->parameters;
    bool is_small = entry->has_size && !entry->size_is_rough && entry->size <= SMALL_BYTES;
    if (rules->shares_connection && is_small && !begun && carry_is_exact(&parameters) &&
        parameters.mode == MODE_STREAM && remote_is_ferry(remote))
        parameters.mode = MODE_BLOCK;
    return parameters;
}

static struct text number_of(uint64_t number, char bytes[24])
{
    struct builder b = builder_on(bytes, 24);
    return number ? builder_number(&b, number) : (struct text){"", 0};
}

/* ---- Checks ---------------------------------------------------------------------------- */

static enum fault digest_of(struct stream *stream, enum digest_kind kind,
                            char ret_hex[DIGEST_HEX_SIZE])
{
    struct builder b = builder_on(ret_hex, DIGEST_HEX_SIZE);
    struct digest *digest = digest_new(kind);
    char *piece = memory_buffer(PIECE_BYTES);
    enum fault f = !digest ? FAULT_UNSUPPORTED : !piece ? FAULT_NO_MEMORY : FAULT_NONE;
    size_t len = 0;
    while (!f && !(f = stream_read(stream, piece, PIECE_BYTES, &len)) && len)
        digest_update(digest, piece, len);
    if (!f)
        f = digest_finish(digest, &b);
    builder_end(&b);
    digest_free(digest);
    memory_free(piece);
    return f;
}

static enum fault differ(struct carry_outcome *outcome)
{
    outcome->differs = true;
    return FAULT_IO;
}

static bool wants_digest(const struct carry_rules *rules, const struct carry_outcome *outcome)
{
    return rules->check == CARRY_CHECK_DIGEST ||
           (rules->check == CARRY_CHECK_DOUBT && outcome->in_pieces);
}

/* A server that cannot tell, or will not, has not said that anything is wrong. */
static enum fault check_digest(struct remote *remote, const char *path, struct stream *ours,
                               struct carry_outcome *outcome)
{
    char theirs[DIGEST_HEX_SIZE];
    char hex[DIGEST_HEX_SIZE];
    enum fault f = remote_digest(remote, path, &outcome->digest, theirs);
    if (f)
        return f == FAULT_CONNECTION_LOST || f == FAULT_TIMED_OUT ? f : FAULT_NONE;
    f = digest_of(ours, outcome->digest, hex);
    if (f)
        return f == FAULT_UNSUPPORTED ? FAULT_NONE : f;
    if (strcmp(theirs, hex) != 0)
        return differ(outcome);
    outcome->was_digested = true;
    return FAULT_NONE;
}

enum fault carry_compare(struct remote *remote, const char *path, const struct local_tree *tree,
                         const char *local, struct carry_outcome *ret_outcome)
{
    struct stream *stream = NULL;
    enum fault f = local_tree_read(tree, local, &stream);
    if (!f)
        f = check_digest(remote, path, stream, ret_outcome);
    stream_close(&stream);
    if (ret_outcome->differs)
        return FAULT_NONE;
    return f || ret_outcome->was_digested ? f : FAULT_UNSUPPORTED;
}

/* ---- From a server ------------------------------------------------------------------------ */

struct fetching {
    struct remote *remote; /* borrowed, as all below */
    const char *path;
    const struct entry *entry; /* what is known of it */
    const struct local_tree *tree;
    const char *local;
    const struct carry_rules *rules;
    struct transfer_progress *progress;
    struct carry_outcome *outcome;
};

/* One try, from the end of what is there. */
static enum fault fetch_once(const struct fetching *fetching, struct local_part *part)
{
    char bytes[24];
    struct user_dtp_order order = {
        .direction = USER_DTP_FETCH,
        .verb = "RETR",
        .argument = text_of(fetching->path),
        .restart = number_of(part->begun, bytes),
        .parameters = parameters_of(fetching->remote, fetching->rules, fetching->entry,
                                    part->begun),
        .keeps_line_ends = fetching->rules->keeps_line_ends,
        .stream = part->stream,
        .progress = fetching->progress,
    };
    announce(fetching->rules, fetching->entry, part->begun);
    fetching->outcome->begun = part->begun;
    fetching->outcome->in_pieces |= part->begun > 0;
    return remote_transfer(fetching->remote, &order);
}

static enum fault check_fetched(struct remote *remote, const char *path, const struct entry *entry,
                                const struct carry_rules *rules, const struct local_part *part,
                                struct carry_outcome *outcome)
{
    outcome->size = local_part_bytes(part);
    if (!carry_is_exact(&rules->parameters) || rules->check == CARRY_CHECK_NOTHING)
        return FAULT_NONE;
    bool is_known = entry->has_size && !entry->size_is_rough;
    if (is_known && entry->size != outcome->size)
        return differ(outcome);
    outcome->was_checked = is_known;
    return wants_digest(rules, outcome) ? check_digest(remote, path, part->stream, outcome)
                                        : FAULT_NONE;
}

enum fault carry_finish(struct remote *remote, const char *path, const struct entry *entry,
                        const struct local_tree *tree, const struct carry_rules *rules,
                        struct local_part *part, struct carry_outcome *outcome)
{
    /* The minute or day of a LIST is better than none: by it the file is known the next time. */
    bool has_time = rules->keeps_time && entry->precision != ENTRY_TIME_UNKNOWN;
    enum fault f = check_fetched(remote, path, entry, rules, part, outcome);
    if (f)
        return f;
    return local_part_publish(tree, part, has_time ? entry->modified : INT64_MIN,
                              rules->keeps_mode && entry->has_mode ? entry->mode & 0777 : 0);
}

/* What goes beyond what was announced is another file, or has no end. */
static void limit(const struct fetching *fetching, struct local_part *part)
{
    const struct carry_rules *rules = fetching->rules;
    const struct entry *entry = fetching->entry;
    if (carry_is_exact(&rules->parameters) && rules->check != CARRY_CHECK_NOTHING &&
        entry->has_size && !entry->size_is_rough)
        local_part_limit(part, entry->size);
}

/* Opens what an earlier try left, goes on, and leaves it if it may still become something. */
static enum fault fetch_part(const struct fetching *fetching, uint64_t identity, bool resumes)
{
    const struct entry *entry = fetching->entry;
    const struct carry_rules *rules = fetching->rules;
    struct local_part part = {.stream = NULL};
    enum fault f = local_part_open(fetching->tree, fetching->local, identity, resumes, &part);
    if (f)
        return f;
    limit(fetching, &part);
    bool is_there = part.begun && entry->has_size && part.begun == entry->size;
    if (!is_there)
        f = fetch_once(fetching, &part);
    else
        fetching->outcome->begun = part.begun;
    fetching->outcome->in_pieces |= is_there;
    if (f == FAULT_TOO_LARGE)
        f = differ(fetching->outcome);
    if (!f)
        f = carry_finish(fetching->remote, fetching->path, entry, fetching->tree, rules, &part,
                         fetching->outcome);
    bool goes_on = identity && (rules->resumes || rules->tries > 1) &&
                   (carry_is_worth_another_try(fetching->remote, f) || fault_is_of_the_way(f) ||
                    f == FAULT_NO_SPACE);
    local_part_close(fetching->tree, &part, goes_on);
    return f;
}

/*
 * Whatever FEAT promises, some refuse REST, some take it and send the file from its beginning,
 * and sometimes what was begun is of another file with the same size and time: from the beginning,
 * then.
 */
static enum fault fetch_try(const struct fetching *fetching, uint64_t identity, bool resumes)
{
    struct carry_outcome *outcome = fetching->outcome;
    enum fault f = fetch_part(fetching, identity, resumes);
    bool is_refused = refuses_restart(fetching->remote, f);
    if (!outcome->begun || (!is_refused && !outcome->differs))
        return f;
    outcome->differs = false;
    return fetch_part(fetching, identity, false);
}

enum fault carry_fetch(struct remote *remote, const char *path, const struct entry *known,
                       const struct local_tree *tree, const char *local,
                       const struct carry_rules *rules, struct transfer_progress *progress,
                       struct carry_outcome *ret_outcome)
{
    struct entry asked = {.name = NULL};
    bool is_exact = carry_is_exact(&rules->parameters);
    *ret_outcome = (struct carry_outcome){.begun = 0};
    enum fault f = known || !is_exact ? FAULT_NONE : remote_look(remote, path, &asked);
    if (fault_is_of_the_way(f))
        return f;
    const struct entry *entry = known ? known : &asked;
    if (entry->kind == ENTRY_DIRECTORY && !f)
        return FAULT_IS_DIRECTORY;
    struct fetching fetching = {remote, path, entry, tree, local, rules, progress, ret_outcome};
    uint64_t identity = is_exact ? carry_identify(path, entry) : 0;
    f = fetch_try(&fetching, identity, rules->resumes);
    for (unsigned tries = 1; tries < rules->tries && carry_is_worth_another_try(remote, f);
         tries++) {
        if (carry_is_lost(remote, f)) {
            f = remote_reopen(remote);
            if (f)
                return f;
        }
        f = fetch_try(&fetching, identity, identity != 0);
    }
    return f;
}

/* ---- To a server ---------------------------------------------------------------------------- */

struct sending {
    struct remote *remote; /* borrowed, as all below */
    const struct local_tree *tree;
    const char *local;
    struct entry here; /* the file of ours */
    const char *path;
    char other[PATH_SIZE]; /* what it is called until it is complete; "" when by its own name */
    const struct carry_rules *rules;
    struct transfer_progress *progress;
    struct carry_outcome *outcome;
};

static const char *name_on_the_way(const struct sending *sending)
{
    return sending->other[0] ? sending->other : sending->path;
}

/*
 * ".NAME.HEX.ferry-part" beside its place, as parts are called here. By its own
 * name nothing is resumed: what is there may be the old file. That does for what
 * is sent quickly, where a STOR is all or nothing anyway.
 */
static void choose_name(struct sending *sending, uint64_t identity)
{
    const struct carry_rules *rules = sending->rules;
    struct builder b = builder_on(sending->other, sizeof(sending->other));
    struct text path = text_of(sending->path);
    size_t slash = text_find_last(path, '/');
    size_t name_at = slash == path.len ? 0 : slash + 1;
    bool is_needless = sending->here.size < WORTH_RESUMING && remote_is_ferry(sending->remote);
    bool wants_other = rules->upload_name == CARRY_NAME_OTHER ||
                       (rules->upload_name == CARRY_NAME_AUTO && !is_needless);
    if (!wants_other || rules->appends || rules->is_unique || !identity)
        return;
    builder_put(&b, (struct text){path.at, name_at});
    local_put_part_name(&b, text_after(path, name_at), identity);
    builder_end(&b);
    if (b.full)
        sending->other[0] = '\0';
}

/* How much of it is there, under a name that only this file has. */
static uint64_t find_begun(const struct sending *sending)
{
    struct entry there;
    if (!sending->other[0] || remote_look_at_file(sending->remote, sending->other, &there) ||
        !there.has_size || there.size_is_rough || there.size > sending->here.size)
        return 0;
    return there.size;
}

static enum fault send_once(const struct sending *sending, uint64_t begun)
{
    char bytes[24];
    const struct carry_rules *rules = sending->rules;
    struct stream *stream = NULL;
    struct user_dtp_order order = {
        .direction = USER_DTP_SEND,
        .verb = rules->appends     ? "APPE"
                : rules->is_unique ? "STOU"
                                   : "STOR",
        .argument = text_of(name_on_the_way(sending)),
        .restart = number_of(begun, bytes),
        .parameters = parameters_of(sending->remote, rules, &sending->here, begun),
        .marker_interval = rules->marker_interval,
        .from = {.bytes = begun},
        .first = {.bytes = begun},
        .on_marker = rules->on_marker,
        .owner = rules->marker_owner,
        .progress = sending->progress,
    };
    enum fault f = local_tree_read(sending->tree, sending->local, &stream);
    if (!f && begun && stream->fd >= 0)
        stream->file_offset = (int64_t)begun;
    order.stream = stream;
    announce(rules, &sending->here, begun);
    sending->outcome->begun = begun;
    sending->outcome->in_pieces |= begun > 0;
    if (!f)
        f = remote_transfer(sending->remote, &order);
    stream_close(&stream);
    return f;
}

/* What an upload was cut at is looked up. */
static enum fault send_try(const struct sending *sending, bool resumes)
{
    uint64_t begun = resumes ? find_begun(sending) : 0;
    if (begun && begun == sending->here.size) {
        sending->outcome->begun = begun;
        sending->outcome->in_pieces = true;
        return FAULT_NONE;
    }
    enum fault f = send_once(sending, begun);
    if (begun && refuses_restart(sending->remote, f))
        f = send_once(sending, 0);
    return f;
}

static enum fault check_sent(const struct sending *sending)
{
    struct carry_outcome *outcome = sending->outcome;
    const struct carry_rules *rules = sending->rules;
    const char *name = name_on_the_way(sending);
    struct entry there;
    outcome->size = sending->here.size;
    if (!carry_is_exact(&rules->parameters) || rules->check == CARRY_CHECK_NOTHING ||
        rules->appends || rules->is_unique)
        return FAULT_NONE;
    enum fault f = remote_look_at_file(sending->remote, name, &there);
    if (f == FAULT_CONNECTION_LOST || f == FAULT_TIMED_OUT)
        return f;
    bool is_known = !f && there.has_size && !there.size_is_rough;
    if (is_known && there.size != sending->here.size)
        return differ(outcome);
    outcome->was_checked = is_known;
    if (!wants_digest(rules, outcome))
        return FAULT_NONE;
    struct stream *stream = NULL;
    f = local_tree_read(sending->tree, sending->local, &stream);
    if (!f)
        f = check_digest(sending->remote, name, stream, outcome);
    stream_close(&stream);
    return f;
}

/* Its name, its time, its mode: only the first must be had. */
static enum fault publish(const struct sending *sending)
{
    const struct carry_rules *rules = sending->rules;
    enum fault f = FAULT_NONE;
    if (sending->other[0]) {
        f = remote_rename_over(sending->remote, sending->other, sending->path);
        if (f && remote_code(sending->remote) >= 500 && rules->upload_name == CARRY_NAME_AUTO)
            (void)remote_remove(sending->remote, sending->other); /* it is sent by its own name */
    }
    if (!f && rules->keeps_time && !rules->appends && !rules->is_unique)
        (void)remote_set_time(sending->remote, sending->path, sending->here.modified);
    if (!f && rules->keeps_mode && !rules->appends && !rules->is_unique)
        (void)remote_set_mode(sending->remote, sending->path, sending->here.mode & 0777);
    return f;
}

static enum fault send_as_named(const struct sending *sending, bool resumes)
{
    enum fault f = send_try(sending, resumes);
    if (!f)
        f = check_sent(sending);
    if (sending->outcome->differs && sending->other[0])
        (void)remote_remove(sending->remote, sending->other);
    return f ? f : publish(sending);
}

/* Not every server lets everybody have names with a dot in front, or rename. */
static enum fault send_whole(struct sending *sending, bool resumes)
{
    enum fault f = send_as_named(sending, resumes);
    bool is_of_the_name = f == FAULT_NAME_INVALID || f == FAULT_DENIED || f == FAULT_NOT_FOUND ||
                          f == FAULT_UNSUPPORTED;
    if (!is_of_the_name || !sending->other[0] || sending->rules->upload_name != CARRY_NAME_AUTO)
        return f;
    sending->other[0] = '\0';
    return send_as_named(sending, false);
}

enum fault carry_send(struct remote *remote, const struct local_tree *tree, const char *local,
                      const char *path, const struct carry_rules *rules,
                      struct transfer_progress *progress, struct carry_outcome *ret_outcome)
{
    struct sending sending = {.remote = remote,
                              .tree = tree,
                              .local = local,
                              .path = path,
                              .rules = rules,
                              .progress = progress,
                              .outcome = ret_outcome};
    *ret_outcome = (struct carry_outcome){.begun = 0};
    enum fault f = local_tree_look(tree, local, &sending.here);
    if (f)
        return f;
    if (sending.here.kind == ENTRY_DIRECTORY)
        return FAULT_IS_DIRECTORY;
    bool may_resume = carry_is_exact(&rules->parameters) && !rules->appends && !rules->is_unique;
    choose_name(&sending, may_resume ? carry_identify(path, &sending.here) : 0);
    f = send_whole(&sending, rules->resumes && may_resume);
    for (unsigned tries = 1; tries < rules->tries && carry_is_worth_another_try(remote, f);
         tries++) {
        if (rules->appends || rules->is_unique) /* what arrived of it stays: twice is wrong */
            return f;
        if (carry_is_lost(remote, f)) {
            f = remote_reopen(remote);
            if (f)
                return f;
        }
        f = send_whole(&sending, may_resume);
    }
    return f;
}
