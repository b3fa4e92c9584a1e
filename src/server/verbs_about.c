/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verbs_about: what the server tells of itself (RFC 959 4.1.3, RFC 2389,
 * RFC 2640).
 * SYST STAT HELP FEAT LANG NOOP CLNT CSID PWD ABOR SITE QUOTA
 */
#include "base/memory.h"
#include "gate/ledger.h"
#include "protocol/facts.h"
#include "protocol/pathname.h"
#include "protocol/reply.h"
#include "server/job.h"
#include "server/session.h"
#include "server/verbs.h"

enum {
    /* FEAT, HELP and STAT: every verb with its help fits. */
    ABOUT_SIZE = REPLY_SIZE + 8 * 1024,
    /* Three lines for each: the user, all groups, all folders. */
    QUOTA_SIZE = 3 * (256 + ACCOUNT_NAME_MAX) * (1 + ACCOUNT_GROUPS_MAX + 2 * ACCOUNT_MOUNTS_MAX),
    VERBS_A_LINE = 8,
};

/* A reply of several lines being built. */
struct page {
    struct builder b;
    struct session *session; /* borrowed for the call */
};

static void put_translated(struct page *page, enum reply_id id, struct text first,
                           struct text second, struct builder *line)
{
    const struct text arguments[] = {first, second};
    reply_put_translated(line, page->session->manners.language, id, arguments);
}

static void page_begin(struct page *page, enum reply_id id, struct text first, struct text second)
{
    char bytes[REPLY_SIZE];
    struct builder line = builder_on(bytes, sizeof(bytes));
    put_translated(page, id, first, second, &line);
    reply_put_first(&page->b, reply_code(id), builder_text(&line));
}

static void page_line(struct page *page, enum reply_id id, struct text first, struct text second)
{
    char bytes[REPLY_SIZE];
    struct builder line = builder_on(bytes, sizeof(bytes));
    put_translated(page, id, first, second, &line);
    reply_put_inner(&page->b, builder_text(&line));
}

static void page_end(struct page *page, enum reply_id id)
{
    char bytes[REPLY_SIZE];
    struct builder line = builder_on(bytes, sizeof(bytes));
    put_translated(page, id, TEXT(""), TEXT(""), &line);
    reply_put_line(&page->b, reply_code(id), builder_text(&line));
    control_send(&page->session->control, builder_text(&page->b));
}

void verb_noop(struct session *session, struct text argument)
{
    (void)argument;
    session_reply(session, REPLY_OK);
}

/* ABOR when nothing runs (any more): pi.c stopped the transfer, whose 426 is out. */
void verb_abor(struct session *session, struct text argument)
{
    (void)argument;
    session_close_data(session); /* RFC 959 4.1.3 */
    session_reply(session, REPLY_ABORT_DONE);
}

void verb_syst(struct session *session, struct text argument)
{
    (void)argument;
    session_reply(session, REPLY_NAME_TYPE);
}

void verb_clnt(struct session *session, struct text argument)
{
    (void)argument;
    session_reply(session, REPLY_CLIENT_NOTED);
}

void verb_csid(struct session *session, struct text argument)
{
    (void)argument;
    session_reply_with(
        session, REPLY_SERVER_IDENTITY,
        TEXT("Name=ferryd; Version=" FERRY_VERSION "; OS=Linux; CaseSensitive=1; DirSep=/;"),
        TEXT(""));
}

/* PWD, RFC 959 4.1.3 and Appendix II: quotes in the name are doubled. */
void verb_pwd(struct session *session, struct text argument)
{
    char bytes[2 * PATHNAME_MAX + 2];
    struct builder b = builder_on(bytes, sizeof(bytes));
    (void)argument;
    pathname_put_quoted(&b, session_directory(session));
    session_reply_with(session, REPLY_DIRECTORY_IS, builder_text(&b), TEXT(""));
}

/* LANG, RFC 2640 4: without argument the server's default again. */
void verb_lang(struct session *session, struct text argument)
{
    enum language language = LANGUAGE_ENGLISH;
    if (argument.len && (!language_parse(argument, &language) || !language_is_there(language))) {
        session_reply(session, REPLY_NO_SUCH_LANGUAGE);
        return;
    }
    session->manners.language = language;
    session_reply(session, REPLY_LANGUAGE_SET);
}

/* ---- FEAT ----------------------------------------------------------------------- */

static void put_mlst_feature(struct page *page)
{
    char bytes[256];
    struct builder line = builder_on(bytes, sizeof(bytes));
    builder_put(&line, TEXT("MLST "));
    facts_put_selection(&line, (1U << FACT_COUNT) - 1, page->session->manners.facts);
    reply_put_inner(&page->b, builder_text(&line));
}

static void put_hash_feature(struct page *page)
{
    char bytes[256];
    struct builder line = builder_on(bytes, sizeof(bytes));
    builder_put(&line, TEXT("HASH "));
    for (unsigned i = 0; i < DIGEST_KIND_COUNT; i++) {
        if (i)
            builder_put_byte(&line, ';');
        builder_put_string(&line, digest_kind_name((enum digest_kind)i));
        if (i == page->session->manners.digest)
            builder_put_byte(&line, '*');
    }
    reply_put_inner(&page->b, builder_text(&line));
}

static void put_language_feature(struct page *page)
{
    char bytes[64];
    struct builder line = builder_on(bytes, sizeof(bytes));
    builder_put(&line, TEXT("LANG "));
    for (unsigned i = 0; i < LANGUAGE_COUNT; i++) {
        if (!language_is_there((enum language)i))
            continue;
        if (i)
            builder_put_byte(&line, ';');
        builder_put_string(&line, language_tag((enum language)i));
        if (i == page->session->manners.language)
            builder_put_byte(&line, '*');
    }
    reply_put_inner(&page->b, builder_text(&line));
}

/* FEAT, RFC 2389 3.2: one space before each feature. */
void verb_feat(struct session *session, struct text argument)
{
    char bytes[ABOUT_SIZE];
    struct page page = {builder_on(bytes, sizeof(bytes)), session};
    (void)argument;
    page_begin(&page, REPLY_FEATURES, TEXT(""), TEXT(""));
    for (size_t i = 0; i < verb_count; i++)
        if (verbs[i].feature && (session->config->tls || !(verbs[i].flags & NEEDS_TLS)))
            reply_put_inner(&page.b, text_of(verbs[i].feature));
    put_hash_feature(&page);
    put_language_feature(&page);
    put_mlst_feature(&page);
    page_end(&page, REPLY_FEATURES_END);
}

/* ---- HELP ------------------------------------------------------------------------- */

static void put_names(struct page *page, const struct verb *table, size_t count)
{
    for (size_t i = 0; i < count; i += VERBS_A_LINE) {
        char bytes[VERBS_A_LINE * 16];
        struct builder line = builder_on(bytes, sizeof(bytes));
        for (size_t j = i; j < count && j < i + VERBS_A_LINE; j++) {
            size_t end = line.len + 9;
            builder_put_string(&line, table[j].name);
            while (line.len < end && j + 1 < count && j + 1 < i + VERBS_A_LINE)
                builder_put_byte(&line, ' ');
        }
        reply_put_inner(&page->b, builder_text(&line));
    }
}

static void help_on(struct session *session, struct text prefix, const struct verb *verb)
{
    char bytes[ABOUT_SIZE], syntax_bytes[ABOUT_SIZE / 4];
    struct page page = {builder_on(bytes, sizeof(bytes)), session};
    struct builder syntax = builder_on(syntax_bytes, sizeof(syntax_bytes));
    builder_put(&syntax, prefix);
    builder_put_string(&syntax, verb->name);
    if (verb->argument[0])
        builder_put_byte(&syntax, ' ');
    builder_put_string(&syntax, verb->argument);
    page_begin(&page, REPLY_HELP_SYNTAX, builder_text(&syntax), TEXT(""));
    reply_put_inner(&page.b, text_of(translated(session->manners.language, verb->help)));
    page_end(&page, REPLY_HELP_VERB_END);
}

static void help_list(struct session *session, enum reply_id first, const struct verb *table,
                      size_t count)
{
    char bytes[ABOUT_SIZE];
    struct page page = {builder_on(bytes, sizeof(bytes)), session};
    page_begin(&page, first, TEXT(""), TEXT(""));
    put_names(&page, table, count);
    page_end(&page, REPLY_HELP_END);
}

static struct text upper_case(struct text word, struct builder *b)
{
    for (size_t i = 0; i < word.len; i++)
        builder_put_byte(b, text_upper(word.at[i]));
    return builder_text(b);
}

void verb_site_help(struct session *session, struct text argument)
{
    char bytes[16];
    struct builder b = builder_on(bytes, sizeof(bytes));
    const struct verb *verb = site_verb_find(upper_case(argument, &b));
    if (!argument.len)
        help_list(session, REPLY_HELP_SITE_BEGIN, site_verbs, site_verb_count);
    else if (verb)
        help_on(session, TEXT("SITE "), verb);
    else
        session_reply_with(session, REPLY_NO_HELP, argument, TEXT(""));
}

/* HELP, RFC 959 4.1.3; HELP SITE is where SITE's syntax is found. */
void verb_help(struct session *session, struct text argument)
{
    char bytes[16];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct text rest = argument;
    struct text word = upper_case(text_take_word(&rest), &b);
    const struct verb *verb = verb_find(word);
    if (!argument.len)
        help_list(session, REPLY_HELP_BEGIN, verbs, verb_count);
    else if (text_equal(word, TEXT("SITE")))
        verb_site_help(session, rest);
    else if (verb)
        help_on(session, TEXT(""), verb);
    else
        session_reply_with(session, REPLY_NO_HELP, argument, TEXT(""));
}

/* ---- SITE QUOTA --------------------------------------------------------------------- */

/* `id`: with a limit; the next reply: without one. */
static void put_amount(struct page *page, enum reply_id id, int64_t amount, uint64_t limit)
{
    char digits[48];
    struct builder b = builder_on(digits, sizeof(digits));
    struct text used = builder_number(&b, amount > 0 ? (uint64_t)amount : 0);
    bool has_limit = limit != LEDGER_NO_LIMIT;
    page_line(page, has_limit ? id : (enum reply_id)(id + 1), used,
              has_limit ? builder_number(&b, limit) : TEXT(""));
}

static void put_amounts(struct page *page, const struct ledger_limit *limit)
{
    struct ledger_amount used = ledger_used(limit->account);
    put_amount(page, REPLY_QUOTA_BYTES, used.bytes, limit->bytes);
    put_amount(page, REPLY_QUOTA_FILES, used.files, limit->files);
}

/* What is in the tree they are in, and in each that a limit is about. */
/* What holds for one tree; false: nobody counts it. */
static bool put_quotas(struct page *page, const struct login *login, const struct tree *where)
{
    size_t count = 0;
    const struct ledger_limit tree = {login_ledger_account(login, where), LEDGER_NO_LIMIT,
                                      LEDGER_NO_LIMIT, NULL};
    const struct ledger_limit *limits = login_quota(login, where, &count);
    if (tree.account && !count) {
        page_line(page, REPLY_QUOTA_TREE, TEXT(""), TEXT(""));
        put_amounts(page, &tree);
    }
    for (size_t i = 0; i < count; i++) {
        page_line(page, REPLY_QUOTA_OF, text_of(limits[i].rule), TEXT(""));
        put_amounts(page, &limits[i]);
    }
    return tree.account != NULL;
}

/* SITE QUOTA, customary: of the tree they are in, and of the folders mounted into it. */
void verb_site_quota(struct session *session, struct text argument)
{
    char bytes[QUOTA_SIZE];
    struct page page = {builder_on(bytes, sizeof(bytes)), session};
    const struct login *login = session->login;
    (void)argument;
    page_begin(&page, REPLY_QUOTA_BEGIN, TEXT(""), TEXT(""));
    bool counted = put_quotas(&page, login, session->tree);
    for (size_t i = 0; i < login_mount_count(login); i++)
        counted |= put_quotas(&page, login, login_mount(login, i)->tree);
    if (counted)
        page_end(&page, REPLY_QUOTA_END);
    else
        session_reply(session, REPLY_QUOTA_NONE);
}

/* ---- STAT --------------------------------------------------------------------------- */

static void put_data_port(struct page *page)
{
    char bytes[ENDPOINT_TEXT_SIZE];
    struct builder target = builder_on(bytes, sizeof(bytes));
    const struct data_port *port = &page->session->data_port;
    switch (port->kind) {
    case DATA_PORT_DEFAULT:
        page_line(page, REPLY_STATUS_PORT_DEFAULT, TEXT(""), TEXT(""));
        break;
    case DATA_PORT_ACTIVE:
        endpoint_put(&port->target, &target);
        page_line(page, REPLY_STATUS_PORT_ACTIVE, builder_text(&target), TEXT(""));
        break;
    case DATA_PORT_PASSIVE:
        page_line(page, REPLY_STATUS_PORT_PASSIVE, TEXT(""), TEXT(""));
        break;
    }
}

static void put_transfer(struct page *page)
{
    char bytes[24];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct job *job = page->session->job;
    if (!job) {
        page_line(page, REPLY_STATUS_RESTING, TEXT(""), TEXT(""));
        return;
    }
    builder_put_number(&b, atomic_load_explicit(&job->progress.bytes, memory_order_relaxed));
    page_line(page, REPLY_STATUS_MOVING, text_of(job->path ? job->path : job->verb->name),
              builder_text(&b));
}

static void put_protection(struct page *page)
{
    const struct session *session = page->session;
    const struct audit_tls tls = session_tls(session);
    bool is_private = session->parameters.protection == PROTECTION_PRIVATE;
    page_line(page, tls.version ? REPLY_STATUS_CONTROL_TLS : REPLY_STATUS_CONTROL_CLEAR,
              text_of(tls.version), text_of(tls.cipher));
    page_line(page, is_private ? REPLY_STATUS_DATA_TLS : REPLY_STATUS_DATA_CLEAR, TEXT(""),
              TEXT(""));
}

static void reply_status(struct session *session)
{
    char bytes[ABOUT_SIZE];
    char detail[ENDPOINT_TEXT_SIZE];
    struct page page = {builder_on(bytes, sizeof(bytes)), session};
    struct builder b = builder_on(detail, sizeof(detail));
    page_begin(&page, REPLY_STATUS_OF, TEXT("ferryd " FERRY_VERSION), TEXT(""));
    endpoint_put_host(&session->control.peer, &b);
    page_line(&page, REPLY_STATUS_PEER, builder_text(&b), TEXT(""));
    if (session_is_logged_in(session))
        page_line(&page, REPLY_STATUS_USER, login_name(session->login), TEXT(""));
    else
        page_line(&page, REPLY_STATUS_NO_USER, TEXT(""), TEXT(""));
    b = builder_on(detail, sizeof(detail));
    builder_put(&b, TEXT("TYPE "));
    parameters_put_type(&b, &session->parameters);
    builder_put(&b, TEXT("; STRU "));
    builder_put_byte(&b, session->parameters.structure);
    builder_put(&b, TEXT("; MODE "));
    builder_put_byte(&b, session->parameters.mode);
    builder_put_byte(&b, '.');
    page_line(&page, REPLY_STATUS_PARAMETERS, builder_text(&b), TEXT(""));
    put_protection(&page);
    put_data_port(&page);
    put_transfer(&page);
    page_end(&page, REPLY_STATUS_END);
}

/*
 * STAT, RFC 959 4.1.3: of the session or the transfer, or a listing over the
 * control connection, for which one has to be logged in.
 */
void verb_stat(struct session *session, struct text argument)
{
    if (!argument.len)
        reply_status(session);
    else if (!session_is_logged_in(session))
        session_reply(session, REPLY_NOT_LOGGED_IN);
    else
        job_start(session, verb_find(TEXT("STAT")), argument, NULL);
}
