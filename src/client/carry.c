/* SPDX-License-Identifier: Apache-2.0 */
#include "client/carry_parts.h"

#include <stdlib.h>

#include "base/memory.h"

enum {
    PIECE_BYTES = 256 * 1024,
    IDENTITY_DIGITS = 16,
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

bool carry_is_taken_back(const struct remote *remote, enum fault f)
{
    return remote_code(remote) >= 400 && f && !fault_is_of_the_way(f) && f != FAULT_TOO_MANY &&
           f != FAULT_NO_DATA_CONNECTION;
}

/* Did the control connection go with it? Who says 426 is there still: it was the data connection.
 */
static bool is_lost(const struct remote *remote, enum fault f)
{
    return f == FAULT_TIMED_OUT || (f == FAULT_CONNECTION_LOST && remote_code(remote) != 426);
}

bool carry_try_again(struct remote *remote, const struct carry_rules *rules, uint64_t reached,
                     struct carry_tries *tries, enum fault *f)
{
    bool is_further = reached > tries->reached;
    enum fault made_ready = FAULT_NONE;
    tries->failed = is_further ? 1 : tries->failed + 1;
    tries->reached = is_further ? reached : tries->reached;
    if (tries->failed >= rules->tries)
        return false;
    bool needs_connection = is_lost(remote, *f);
    if (!is_further)
        made_ready = remote_pause(remote, tries->failed);
    if (!made_ready && needs_connection)
        made_ready = remote_reopen(remote);
    if (made_ready)
        *f = made_ready;
    return !made_ready;
}

/*
 * Nothing goes on in the middle here: there is no REST, or not for this. 451 is ProFTPD's (1.3.8)
 * without AllowStoreRestart or AllowRetrieveRestart, and comes for the STOR or RETR behind it.
 */
bool carry_refuses_restart(const struct remote *remote, enum fault f)
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

void carry_announce(const struct carry_rules *rules, const struct entry *entry, uint64_t begun)
{
    bool is_known = entry_has_exact_size(entry);
    if (rules->on_begin)
        rules->on_begin(rules->begin_owner, begun, is_known ? entry->size : UINT64_MAX);
}

/* What is small and begins at its beginning may share a data connection with others. */
struct parameters carry_parameters(const struct remote *remote, const struct carry_rules *rules,
                                   const struct entry *entry, uint64_t begun)
{
    struct parameters parameters = rules->parameters;
    bool is_small = entry_has_exact_size(entry) && entry->size <= SMALL_BYTES;
    if (rules->shares_connection && is_small && !begun && carry_is_exact(&parameters) &&
        parameters.mode == MODE_STREAM && remote_is_ferry(remote))
        parameters.mode = MODE_BLOCK;
    return parameters;
}

struct text carry_number(uint64_t number, char bytes[24])
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

enum fault carry_differ(struct carry_outcome *outcome)
{
    outcome->differs = true;
    return FAULT_IO;
}

bool carry_wants_digest(const struct carry_rules *rules, const struct carry_outcome *outcome)
{
    return rules->check == CARRY_CHECK_DIGEST ||
           (rules->check == CARRY_CHECK_DOUBT && outcome->in_pieces);
}

/* A server that cannot tell, or will not, has not said that anything is wrong. */
enum fault carry_check_digest(struct remote *remote, const char *path, struct stream *ours,
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
        return carry_differ(outcome);
    outcome->was_digested = true;
    return FAULT_NONE;
}

enum fault carry_compare(struct remote *remote, const char *path, const struct local_tree *tree,
                         const char *local, struct carry_outcome *ret_outcome)
{
    struct stream *stream = NULL;
    enum fault f = local_tree_read(tree, local, &stream);
    if (!f)
        f = carry_check_digest(remote, path, stream, ret_outcome);
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
    uint64_t reached; /* bytes that the last try has left to go on from */
    bool is_short;    /* the last try ended with 226 before the announced size */
    bool is_further;  /* it brought some all the same: the next may bring the rest */
};

/* One try, from the end of what is there. */
static enum fault fetch_once(const struct fetching *fetching, struct local_part *part)
{
    char bytes[24];
    struct user_dtp_order order = {
        .direction = USER_DTP_FETCH,
        .verb = "RETR",
        .argument = text_of(fetching->path),
        .restart = carry_number(part->begun, bytes),
        .parameters = carry_parameters(fetching->remote, fetching->rules, fetching->entry,
                                       part->begun),
        .keeps_line_ends = fetching->rules->keeps_line_ends,
        .stream = part->stream,
        .progress = fetching->progress,
    };
    carry_announce(fetching->rules, fetching->entry, part->begun);
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
    bool is_known = entry_has_exact_size(entry);
    if (is_known && entry->size != outcome->size)
        return carry_differ(outcome);
    outcome->was_checked = is_known;
    return carry_wants_digest(rules, outcome)
               ? carry_check_digest(remote, path, part->stream, outcome)
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

/* Do all its bytes, and no others, make the file? */
static bool is_measured(const struct fetching *fetching)
{
    const struct entry *entry = fetching->entry;
    return carry_is_exact(&fetching->rules->parameters) &&
           fetching->rules->check != CARRY_CHECK_NOTHING && entry_has_exact_size(entry);
}

/*
 * May what came go on in a later try or run? What is whole was either said to be wrong, which goes
 * for every byte of it, or nobody has said anything, since the line broke behind the last one.
 */
static bool stays(const struct fetching *fetching, const struct local_part *part, enum fault f)
{
    const struct remote *remote = fetching->remote;
    if (!part->stream || !part->is_findable ||
        !(fetching->rules->resumes || fetching->rules->tries > 1))
        return false;
    if (carry_is_taken_back(remote, f) && local_part_bytes(part) >= fetching->entry->size)
        return false;
    return carry_is_worth_another_try(remote, f) || fault_is_of_the_way(f) || f == FAULT_NO_SPACE ||
           fetching->is_further;
}

/* What there is to be fetched of it comes; what else comes is another file, or has no end. */
static enum fault fetch_rest(struct fetching *fetching, struct local_part *part)
{
    const struct entry *entry = fetching->entry;
    struct carry_outcome *outcome = fetching->outcome;
    if (part->begun && entry->has_size && part->begun == entry->size) {
        outcome->begun = part->begun;
        outcome->in_pieces = true;
        return FAULT_NONE;
    }
    if (is_measured(fetching))
        local_part_limit(part, entry->size);
    enum fault f = fetch_once(fetching, part);
    uint64_t bytes = local_part_bytes(part);
    fetching->is_short = !f && is_measured(fetching) && bytes < entry->size;
    fetching->is_further = fetching->is_short && bytes > part->begun;
    return f == FAULT_TOO_LARGE || fetching->is_short ? carry_differ(outcome) : f;
}

/* Opens what an earlier try left, goes on, and leaves it if it may still become something. */
static enum fault fetch_part(struct fetching *fetching, uint64_t identity, bool resumes)
{
    struct local_part part = {.stream = NULL};
    fetching->is_short = fetching->is_further = fetching->outcome->differs = false;
    enum fault f = local_part_open(fetching->tree, fetching->local, identity, resumes, &part);
    if (f)
        return f;
    f = fetch_rest(fetching, &part);
    if (!f)
        f = carry_finish(fetching->remote, fetching->path, fetching->entry, fetching->tree,
                         fetching->rules, &part, fetching->outcome);
    bool goes_on = stays(fetching, &part, f);
    fetching->reached = goes_on ? local_part_bytes(&part) : 0;
    local_part_close(fetching->tree, &part, goes_on);
    return f;
}

/*
 * Whatever FEAT promises, some refuse REST, some take it and send the file from its beginning,
 * and sometimes what was begun is of another file with the same size and time: from the beginning,
 * then.
 */
static enum fault fetch_try(struct fetching *fetching, uint64_t identity, bool resumes)
{
    const struct carry_outcome *outcome = fetching->outcome;
    enum fault f = fetch_part(fetching, identity, resumes);
    bool is_refused = carry_refuses_restart(fetching->remote, f);
    if (!outcome->begun || fetching->is_short || (!is_refused && !outcome->differs))
        return f;
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
    struct fetching fetching = {.remote = remote,
                                .path = path,
                                .entry = entry,
                                .tree = tree,
                                .local = local,
                                .rules = rules,
                                .progress = progress,
                                .outcome = ret_outcome};
    struct carry_tries tries = {0};
    uint64_t identity = is_exact ? carry_identify(path, entry) : 0;
    f = fetch_try(&fetching, identity, rules->resumes);
    while ((fetching.is_further || carry_is_worth_another_try(remote, f)) &&
           carry_try_again(remote, rules, fetching.reached, &tries, &f))
        f = fetch_try(&fetching, identity, identity != 0);
    return f;
}
