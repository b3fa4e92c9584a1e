/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verbs_site: SITE's commands (RFC 959 4.1.3).
 * CHMOD UMASK UTIME IDLE SYMLINK COPY CPFR CPTO
 */
#include "base/memory.h"
#include "gate/gate_tree.h"
#include "protocol/command.h"
#include "protocol/facts.h"
#include "protocol/pathname.h"
#include "server/job.h"
#include "server/pi.h"
#include "server/session.h"
#include "server/verbs.h"

enum {
    IDLE_LEAST_S = 10,
    /* A client may ask for more patience than the default, up to this. */
    IDLE_MOST_S = 7200,
};

void verb_site(struct session *session, struct text argument)
{
    struct command command = command_parse(text_trim_start(argument));
    const struct verb *verb = site_verb_find(text_of(command.verb));
    const struct caller caller = session_caller(session);
    enum fault f = gate_allow(&caller, ACTION_SITE);
    if (f) {
        session_reply(session, reply_of_fault(f, REPLY_COLUMN_FILE));
        return;
    }
    if (verb) {
        pi_run(session, verb, command.argument);
        return;
    }
    struct text rest = argument;
    struct text word = text_take_word(&rest);
    word.len = text_cut_utf8(word, (size_t)COMMAND_VERB_MAX * 4);
    session_reply_with(session, REPLY_SITE_UNKNOWN, word, TEXT(""));
}

/* ---- Manners of the session ----------------------------------------------------- */

static struct text octal_text(struct builder *b, unsigned number)
{
    size_t start = b->len;
    builder_put_octal(b, number, 3);
    return (struct text){b->at + start, b->len - start};
}

void verb_site_umask(struct session *session, struct text argument)
{
    char bytes[32];
    struct builder b = builder_on(bytes, sizeof(bytes));
    uint64_t mask;
    struct text before = octal_text(&b, session->manners.umask);
    if (!argument.len) {
        session_reply_with(session, REPLY_UMASK_IS, before, TEXT(""));
    } else if (!text_to_octal(argument, 0777, &mask)) {
        session_reply(session, REPLY_ARGUMENT);
    } else {
        session->manners.umask = (unsigned)mask;
        session_reply_with(session, REPLY_UMASK_SET, octal_text(&b, (unsigned)mask), before);
    }
}

/* What is laid down about the user is not theirs to stretch. */
static uint64_t idle_limit_s(const struct session *session)
{
    uint64_t usual = session->config->idle_timeout_s;
    uint64_t most = usual > IDLE_MOST_S ? usual : IDLE_MOST_S;
    uint64_t laid_down = policy_limits(login_policy(session->login))->idle_s;
    return laid_down != POLICY_NO_LIMIT && laid_down < most ? laid_down : most;
}

void verb_site_idle(struct session *session, struct text argument)
{
    char bytes[48];
    struct builder b = builder_on(bytes, sizeof(bytes));
    uint64_t seconds;
    uint64_t limit = idle_limit_s(session);
    if (!argument.len) {
        builder_put_number(&b, session->manners.idle_ms / 1000);
        size_t middle = b.len;
        builder_put_number(&b, limit);
        session_reply_with(session, REPLY_IDLE_IS, (struct text){bytes, middle},
                           text_after(builder_text(&b), middle));
    } else if (!text_to_number(argument, limit, &seconds) || seconds < IDLE_LEAST_S) {
        session_reply(session, REPLY_ARGUMENT);
    } else {
        session->manners.idle_ms = seconds * 1000;
        builder_put_number(&b, seconds);
        session_reply_with(session, REPLY_IDLE_SET, builder_text(&b), TEXT(""));
    }
}

/* ---- Attributes --------------------------------------------------------------------- */

static enum fault change(struct job *job, struct text name, const struct store_changes *changes,
                         enum reply_id reply)
{
    char *path = NULL;
    enum fault f = job_resolve(job, name, &path);
    if (!f)
        f = gate_change(&job->caller, path, changes);
    if (!f)
        job_reply(job, reply, TEXT(""), TEXT(""));
    memory_free(path);
    return f;
}

/* SITE CHMOD mode path. Set-id bits are nobody's to give over the network. */
enum fault work_site_chmod(struct job *job)
{
    uint64_t mode;
    struct text name = text_trim_start(job_argument(job));
    struct text mode_text = text_take_until(&name, ' ');
    struct store_changes changes = {.mask = STORE_CHANGE_MODE};
    if (!name.len || !text_to_octal(mode_text, 0777, &mode))
        return FAULT_ARGUMENT;
    changes.mode = (unsigned)mode;
    return change(job, name, &changes, REPLY_MODE_BITS_SET);
}

/* YYYYMMDDhhmm or YYYYMMDDhhmmss, as clients send it. */
static bool parse_site_time(struct text t, struct store_time *ret_time)
{
    char bytes[16];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct fact_time when;
    builder_put(&b, t);
    if (t.len == 12)
        builder_put(&b, TEXT("00"));
    if (b.full || !facts_parse_time(builder_text(&b), &when))
        return false;
    *ret_time = (struct store_time){when.seconds, when.nanoseconds};
    return true;
}

/* Cuts the last word off, its space included. */
static struct text take_last_word(struct text *rest)
{
    size_t space = text_find_last(*rest, ' ');
    struct text word = *rest;
    if (space < rest->len) {
        word = text_after(*rest, space + 1);
        rest->len = space;
    } else {
        rest->len = 0;
    }
    return word;
}

/*
 * SITE UTIME has two forms: "time path" (pure-ftpd) and "path atime mtime
 * ctime UTC" (ProFTPD, what lftp sends). Times are UTC in both.
 */
enum fault work_site_utime(struct job *job)
{
    struct store_changes changes = {.mask = STORE_CHANGE_MODIFIED};
    struct store_time ignored;
    struct text name = job_argument(job);
    struct text rest = name;
    if (text_equal_any_case(take_last_word(&rest), TEXT("UTC"))) {
        struct text created = take_last_word(&rest);
        struct text modified = take_last_word(&rest);
        struct text accessed = take_last_word(&rest);
        if (rest.len && parse_site_time(created, &ignored) &&
            parse_site_time(modified, &changes.modified) && parse_site_time(accessed, &ignored))
            return change(job, rest, &changes, REPLY_TIMES_SET);
    }
    struct text when = text_take_until(&name, ' ');
    if (!name.len || !parse_site_time(when, &changes.modified))
        return FAULT_ARGUMENT;
    return change(job, name, &changes, REPLY_TIMES_SET);
}

/* ---- Two names ------------------------------------------------------------------------ */

/*
 * Reads "first second". Names with spaces go in quotes; without quotes the
 * first space separates and the second name keeps all of its own.
 */
static bool take_two_names(struct text argument, struct builder *b, struct text *ret_first,
                           struct text *ret_second)
{
    struct text rest = argument;
    if (!command_take_argument(&rest, b, ret_first) || !rest.len)
        return false;
    if (rest.at[0] == '"')
        return command_take_argument(&rest, b, ret_second) && !rest.len;
    *ret_second = rest;
    return true;
}

enum fault work_site_copy(struct job *job)
{
    char bytes[2 * PATHNAME_MAX];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct text from;
    struct text to;
    if (!take_two_names(job_argument(job), &b, &from, &to))
        return FAULT_ARGUMENT;
    enum fault f = job_resolve(job, from, &job->source);
    if (!f)
        f = job_resolve(job, to, &job->path);
    return f ? f : work_site_cpto(job);
}

/* The text of the link is kept as given; where it leads is decided when it is followed. */
enum fault work_site_symlink(struct job *job)
{
    char bytes[2 * PATHNAME_MAX];
    char target_bytes[PATHNAME_MAX + 1];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct builder target_builder = builder_on(target_bytes, sizeof(target_bytes));
    struct text target;
    struct text name;
    if (!take_two_names(job_argument(job), &b, &target, &name))
        return FAULT_ARGUMENT;
    for (size_t i = 0; i < target.len; i++)
        builder_put_byte(&target_builder, target.at[i] ? target.at[i] : '\n');
    builder_end(&target_builder);
    enum fault f = target_builder.full ? FAULT_NAME_INVALID : job_resolve(job, name, &job->path);
    if (!f)
        f = gate_make_link(&job->caller, target_bytes, job->path);
    if (!f)
        job_reply(job, REPLY_LINK_MADE, TEXT(""), TEXT(""));
    return f;
}

/* ---- Copying --------------------------------------------------------------------------- */

enum fault work_site_cpfr(struct job *job)
{
    struct store_info info;
    enum fault f = gate_stat(&job->caller, ACTION_READ, job->path, true, &info);
    if (!f && info.kind == STORE_DIRECTORY)
        f = FAULT_IS_DIRECTORY;
    if (!f)
        job_reply(job, REPLY_COPY_PENDING, TEXT(""), TEXT(""));
    return f;
}

void done_cpfr(struct session *session, struct job *job)
{
    job_keep_path(job, &session->pending.copy_from);
}

void verb_site_cpto(struct session *session, struct text argument)
{
    char *from = session->pending.copy_from;
    if (!from) {
        session_reply_with(session, REPLY_BAD_SEQUENCE, TEXT("SITE CPFR"), TEXT(""));
        return;
    }
    session->pending.copy_from = NULL;
    job_start(session, site_verb_find(TEXT("CPTO")), argument, from);
}

enum fault work_site_cpto(struct job *job)
{
    enum fault f = gate_copy(&job->caller, job->source, job->path, 0666 & ~job->umask,
                             &job->progress.cancelled);
    if (!f)
        job_reply(job, REPLY_COPIED, pathname_last(text_of(job->source)), TEXT(""));
    return f;
}
