/* SPDX-License-Identifier: Apache-2.0 */
#include "client/carry_parts.h"

enum {
    PATH_SIZE = 4096 + 64,
    WORTH_RESUMING = 1 << 20,
};

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
        .restart = carry_number(begun, bytes),
        .parameters = carry_parameters(sending->remote, rules, &sending->here, begun),
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
    carry_announce(rules, &sending->here, begun);
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
    if (begun && carry_refuses_restart(sending->remote, f))
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
        return carry_differ(outcome);
    outcome->was_checked = is_known;
    if (!carry_wants_digest(rules, outcome))
        return FAULT_NONE;
    struct stream *stream = NULL;
    f = local_tree_read(sending->tree, sending->local, &stream);
    if (!f)
        f = carry_check_digest(sending->remote, name, stream, outcome);
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
    if (rules->appends || rules->is_unique) /* what arrived of it stays: twice is wrong */
        return f;
    struct carry_tries tries = {0};
    while (carry_is_worth_another_try(remote, f) &&
           carry_try_again(remote, rules, ret_outcome->begun, &tries, &f))
        f = send_whole(&sending, may_resume);
    return f;
}
