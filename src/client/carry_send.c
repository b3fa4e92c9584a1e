/* SPDX-License-Identifier: Apache-2.0 */
#include "client/carry_parts.h"
#include "client/local_place.h"

enum {
    PATH_SIZE = 4096 + 64,
    WORTH_RESUMING = 1 << 20,
};

struct sending {
    struct remote *remote; /* borrowed, as all below */
    const struct local_tree *tree;
    const char *local;
    struct stream *given; /* what is read once; NULL: the file of that name */
    struct entry here;    /* the file of ours */
    const char *path;
    char other[PATH_SIZE]; /* what it is called until it is complete; "" when by its own name */
    char aside[PATH_SIZE]; /* with `other`: what the file that is there is called in between */
    bool is_aside;         /* it may be called so now */
    const struct carry_rules *rules;
    struct transfer_progress *progress;
    struct carry_outcome *outcome;
    bool has_begun;   /* the last transfer: its bytes went, or some of them */
    bool is_rejected; /* the server had all bytes, and would not have them: none of them counts */
};

/* What is at the place already stays, and nothing is known of it afterwards. */
static bool is_added(const struct sending *sending)
{
    return sending->rules->appends || sending->rules->is_unique;
}

static const char *name_on_the_way(const struct sending *sending)
{
    return sending->other[0] ? sending->other : sending->path;
}

/*
 * Would a STOR that breaks off leave nothing? ferryd publishes what is broken off as far as it
 * came, to be resumed, where the end of the data connection is the file's end (MODE S): also what
 * a process that was killed sent.
 */
static bool is_transaction(const struct sending *sending)
{
    struct parameters parameters = carry_parameters(sending->remote, sending->rules, &sending->here,
                                                    0);
    return remote_is_ferry(sending->remote) && parameters.mode != MODE_STREAM;
}

/* ".NAME.HEX.ferry-part" beside its place, as parts are called here. */
static bool put_part_path(char path[PATH_SIZE], const char *of, uint64_t number)
{
    struct builder b = builder_on(path, PATH_SIZE);
    struct text whole = text_of(of);
    size_t slash = text_find_last(whole, '/');
    size_t name_at = slash == whole.len ? 0 : slash + 1;
    builder_put(&b, (struct text){whole.at, name_at});
    local_put_part_name(&b, text_after(whole, name_at), number);
    builder_end(&b);
    return !b.full;
}

/*
 * A name of a part, and a number of its own for what is in its place. By its own
 * name nothing is resumed: what is there may be the old file. That does for what
 * is sent quickly, where a STOR is all or nothing anyway.
 */
static void choose_name(struct sending *sending, uint64_t identity)
{
    const struct carry_rules *rules = sending->rules;
    bool is_small = sending->here.has_size && sending->here.size < WORTH_RESUMING;
    bool wants_other = rules->upload_name == CARRY_NAME_OTHER ||
                       (rules->upload_name == CARRY_NAME_AUTO &&
                        !(is_small && is_transaction(sending)));
    if (!wants_other || is_added(sending))
        return;
    if (!put_part_path(sending->other, sending->path, identity ? identity : local_random()) ||
        !put_part_path(sending->aside, sending->path, local_random()))
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

/* RFC 1123 4.1.2.9: "125 FILE: pppp" or "150 FILE: pppp" tells what STOU called it. */
static void on_beginning(void *owner, struct text words)
{
    struct sending *sending = owner;
    struct builder b = builder_on(sending->outcome->unique_name, CARRY_UNIQUE_SIZE);
    sending->has_begun = true;
    if (!sending->rules->is_unique || !text_starts_with(words, TEXT("FILE:")))
        return;
    builder_put(&b, text_trim(text_after(words, sizeof("FILE:") - 1)));
    builder_end(&b);
    if (b.full)
        sending->outcome->unique_name[0] = '\0';
}

/* RFC 959 4.1.3: ALLO, before STOR or APPE, for servers that have to know the size. */
static bool allocate(const struct sending *sending)
{
    char bytes[24];
    struct builder b = builder_on(bytes, sizeof(bytes));
    return sending->here.has_size &&
           !remote_command(sending->remote, "ALLO", builder_number(&b, sending->here.size), true);
}

/* Who wants something else said before or with it has it said. */
static enum fault transfer(struct sending *sending, struct user_dtp_order *order)
{
    struct remote *remote = sending->remote;
    sending->has_begun = false;
    enum fault f = remote_transfer(remote, order);
    if (!f || sending->has_begun)
        return f;
    if (remote_code(remote) == 503 && allocate(sending))
        return remote_transfer(remote, order);
    /* RFC 959 5.3.1: STOU has no argument, though many take one for the name to begin with. */
    bool is_refused = remote_code(remote) == 500 || remote_code(remote) == 501 ||
                      remote_code(remote) == 504;
    bool is_here = text_find(order->argument, '/') == order->argument.len;
    if (!sending->rules->is_unique || !is_refused || !is_here)
        return f;
    order->argument = TEXT_NONE;
    return remote_transfer(remote, order);
}

static enum fault send_stream(struct sending *sending, struct stream *stream, uint64_t begun)
{
    char bytes[24];
    const struct carry_rules *rules = sending->rules;
    struct user_dtp_order order = {
        .direction = USER_DTP_SEND,
        .verb = rules->appends     ? "APPE"
                : rules->is_unique ? "STOU"
                                   : "STOR",
        .argument = text_of(name_on_the_way(sending)),
        .restart = carry_number(begun, bytes),
        .parameters = carry_parameters(sending->remote, rules, &sending->here, begun),
        .stream = stream,
        .marker_interval = rules->marker_interval,
        .from = {.bytes = begun},
        .first = {.bytes = begun},
        .on_marker = rules->on_marker,
        .owner = rules->marker_owner,
        .on_beginning = on_beginning,
        .beginning_owner = sending,
        .progress = sending->progress,
    };
    carry_announce(rules, &sending->here, begun);
    sending->outcome->begun = begun;
    sending->outcome->in_pieces |= begun > 0;
    enum fault f = transfer(sending, &order);
    if (sending->has_begun && carry_is_taken_back(sending->remote, f)) {
        sending->is_rejected = true;
        if (sending->other[0])
            remote_clean_up(sending->remote, "DELE", text_of(sending->other));
    }
    return f;
}

static enum fault send_once(struct sending *sending, uint64_t begun)
{
    struct stream *stream = NULL;
    if (sending->given)
        return send_stream(sending, sending->given, 0);
    enum fault f = local_tree_read(sending->tree, sending->local, &stream);
    if (f)
        return f;
    if (begun && stream->fd >= 0)
        stream->file_offset = (int64_t)begun;
    f = send_stream(sending, stream, begun);
    stream_close(&stream);
    return f;
}

/* What an upload was cut at is looked up. */
static enum fault send_try(struct sending *sending, bool resumes)
{
    uint64_t begun = resumes && !sending->is_rejected ? find_begun(sending) : 0;
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
        is_added(sending) || sending->given)
        return FAULT_NONE;
    enum fault f = remote_look_at_file(sending->remote, name, &there);
    if (f == FAULT_CONNECTION_LOST || f == FAULT_TIMED_OUT)
        return f;
    bool is_known = !f && entry_has_exact_size(&there);
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
static enum fault publish(struct sending *sending)
{
    const struct carry_rules *rules = sending->rules;
    enum fault f = FAULT_NONE;
    if (sending->other[0]) {
        f = remote_rename_over(sending->remote, sending->other, sending->path, sending->aside,
                               &sending->is_aside);
        bool is_sent_again = rules->upload_name == CARRY_NAME_AUTO && !sending->given;
        if (f && remote_code(sending->remote) >= 500 && is_sent_again)
            remote_clean_up(sending->remote, "DELE", text_of(sending->other));
    }
    if (!f && sending->is_aside) /* the name is ours alone: twice does no harm */
        (void)remote_command(sending->remote, "DELE", text_of(sending->aside), true);
    bool keeps_facts = !f && !is_added(sending) && !sending->given;
    if (keeps_facts && rules->keeps_time)
        (void)remote_set_time(sending->remote, sending->path, sending->here.modified);
    if (keeps_facts && rules->keeps_mode)
        (void)remote_set_mode(sending->remote, sending->path, sending->here.mode & 0777);
    return f;
}

static enum fault send_as_named(struct sending *sending, bool resumes)
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
                          f == FAULT_EXISTS || f == FAULT_UNSUPPORTED;
    bool is_spent = sending->is_rejected || (sending->given && sending->has_begun);
    if (!is_of_the_name || is_spent || !sending->other[0] ||
        sending->rules->upload_name != CARRY_NAME_AUTO)
        return f;
    sending->other[0] = '\0';
    return send_as_named(sending, false);
}

/* What nobody will find to go on with does not stay, as far as there is still a connection. */
static void drop_part(struct sending *sending, enum fault f)
{
    if (sending->other[0] && sending->has_begun &&
        (f == FAULT_CANCELLED || (f && remote_code(sending->remote) == 426)))
        remote_clean_up(sending->remote, "DELE", text_of(sending->other));
}

/* The old file may have another name for good now: who reads the error must know it. */
static void tell_where_the_old_one_is(const struct sending *sending, enum fault f)
{
    char bytes[2 * PATH_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (!f || !sending->is_aside)
        return;
    builder_put(&b, TEXT("; the file that was there may be called "));
    builder_put_string(&b, local_last_part(sending->aside));
    builder_put(&b, TEXT(" now"));
    remote_add_reason(sending->remote, builder_end(&b));
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
    bool may_resume = carry_is_exact(&rules->parameters) && !is_added(&sending);
    uint64_t identity = may_resume ? carry_identify(path, &sending.here) : 0;
    choose_name(&sending, identity);
    f = send_whole(&sending, rules->resumes && may_resume);
    if (is_added(&sending)) /* what arrived of it stays: twice is wrong */
        return f;
    struct carry_tries tries = {0};
    while (carry_is_worth_another_try(remote, f) &&
           carry_try_again(remote, rules, ret_outcome->begun, &tries, &f))
        f = send_whole(&sending, may_resume);
    if (!identity)
        drop_part(&sending, f);
    tell_where_the_old_one_is(&sending, f);
    return f;
}

enum fault carry_send_stream(struct remote *remote, struct stream *stream, const char *path,
                             const struct carry_rules *rules, struct transfer_progress *progress,
                             struct carry_outcome *ret_outcome)
{
    struct sending sending = {.remote = remote,
                              .given = stream,
                              .path = path,
                              .rules = rules,
                              .progress = progress,
                              .outcome = ret_outcome};
    *ret_outcome = (struct carry_outcome){.begun = 0};
    choose_name(&sending, 0);
    enum fault f = send_whole(&sending, false);
    drop_part(&sending, f);
    tell_where_the_old_one_is(&sending, f);
    return f;
}
