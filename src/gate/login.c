/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/login.h"

#include <time.h>

#include "account/password.h"
#include "base/log.h"
#include "base/memory.h"
#include "gate/identity.h"
#include "gate/login_outcome.h"
#include "gate/login_parts.h"

/* What they are called inside, whatever they said. */
#define ANONYMOUS TEXT("anonymous")

enum {
    KEY_SIZE = 32 + ENDPOINT_TEXT_SIZE + ACCOUNT_NAME_MAX,
    RULE_SIZE = TERM_TEXT_MAX + 256,
};

bool login_name_is_anonymous(struct text name)
{
    return text_equal_any_case(name, TEXT("anonymous")) || text_equal_any_case(name, TEXT("ftp"));
}

static int64_t now_s(void)
{
    return (int64_t)time(NULL);
}

/* ---- Budgets ------------------------------------------------------------------------ */

static bool limits_anything(const struct budget_limits *limits)
{
    return limits->sessions != BUDGET_NO_LIMIT || limits->transfers != BUDGET_NO_LIMIT ||
           limits->download_rate != BUDGET_NO_LIMIT || limits->upload_rate != BUDGET_NO_LIMIT;
}

static enum fault take_own(struct login *login, const struct realm *realm, struct builder *key,
                           const struct budget_limits *limits)
{
    if (!limits_anything(limits))
        return FAULT_NONE;
    builder_end(key);
    struct budget *budget = key->full ? NULL : budgets_take(realm->desk->budgets, key->at, limits);
    if (!budget)
        return FAULT_NO_MEMORY;
    login->own[login->own_count++] = budget;
    return FAULT_NONE;
}

static enum fault take_own_budgets(struct login *login, const struct login_attempt *attempt)
{
    const struct realm *realm = attempt->realm;
    char bytes[KEY_SIZE];
    struct budget_limits limits = {BUDGET_NO_LIMIT, BUDGET_NO_LIMIT, BUDGET_NO_LIMIT,
                                   BUDGET_NO_LIMIT, login->standing->version};
    struct builder key = builder_on(bytes, sizeof(bytes));
    builder_put(&key, TEXT(LOGIN_SERVER_BUDGET));
    enum fault f = take_own(login, realm, &key, &realm->server_limits);
    limits.sessions = policy_limits(login->standing->policy)->sessions_per_address;
    if (f || (!limits_anything(&realm->host_limits) && !limits_anything(&limits)))
        return f;
    key = builder_on(bytes, sizeof(bytes));
    builder_put(&key, TEXT("address "));
    const struct endpoint_network source = endpoint_source(&attempt->peer);
    endpoint_put_network(&source, &key);
    f = take_own(login, realm, &key, &realm->host_limits);
    if (f)
        return f;
    builder_put(&key, TEXT(" of "));
    builder_put_string(&key, budget_key(login->standing->budgets[0]));
    return take_own(login, realm, &key, &limits);
}

/* ---- Making a login ------------------------------------------------------------------ */

static bool take_folders(struct login *login, const struct realm *realm)
{
    if (!realm->folder_count)
        return true;
    login->folders = memory_new_array(realm->folder_count, sizeof(struct tree *));
    if (!login->folders)
        return false;
    for (size_t i = 0; i < realm->folder_count; i++)
        login->folders[i] = tree_ref(realm->folders[i]);
    login->folder_count = realm->folder_count;
    return true;
}

/* Takes the reference to the standing over. */
static struct login *login_new(const struct login_attempt *attempt, struct standing *standing)
{
    const struct realm *realm = attempt->realm;
    struct login *login = memory_new(sizeof(*login));
    if (!login) {
        standing_unref(standing);
        return NULL;
    }
    atomic_init(&login->references, 1);
    login->standing = standing;
    login->upload = realm->upload;
    login->ends_at = policy_ends_at(standing->policy, now_s());
    if (realm->host)
        login->host = memory_copy(realm->host, strlen(realm->host));
    if ((login->host || !realm->host) && take_folders(login, realm) &&
        take_own_budgets(login, attempt) == FAULT_NONE)
        return login;
    login_unref(login);
    return NULL;
}

/* May they be inside, as the policy sees it, here and now? */
static enum fault admit(const struct login *login, const struct login_attempt *attempt,
                        struct builder *rule)
{
    const struct policy_moment moment = {
        .peer = attempt->peer, .is_private = attempt->tls.version, .now = now_s()};
    struct verdict verdict = policy_admit(login->standing->policy, &moment);
    if (!verdict.allowed)
        builder_put(rule, text_of(verdict.rule));
    return verdict.allowed ? FAULT_NONE : FAULT_LOGIN_REFUSED;
}

/* Counts the session. `over`: they are inside already, by a login that this one replaces. */
static enum fault enter(struct login *login, bool over, struct builder *rule)
{
    struct budget *set[BUDGETS_MAX];
    size_t full = 0;
    size_t count = login_budgets(login, set);
    enum fault f = budgets_enter(set, count, BUDGET_SESSION, over, &full);
    login->is_inside = !f;
    if (f)
        builder_put(rule, text_of(budget_key(set[full])));
    return f;
}

/* ---- Logging in ------------------------------------------------------------------------ */

/*
 * What is laid down about somebody may be a mistake of the administrator's: it is
 * in the log, and to the client it is a refusal like any other.
 */
static enum fault stand(const struct login_attempt *attempt, const struct identity *identity,
                        struct login **ret_login)
{
    struct standing *standing = NULL;
    enum fault f = standing_take(attempt->realm, identity, &standing);
    if (f)
        return f == FAULT_NO_MEMORY ? f : FAULT_LOGIN_REFUSED;
    *ret_login = login_new(attempt, standing);
    if (!*ret_login)
        return FAULT_NO_MEMORY;
    if (identity->session)
        (*ret_login)->session = system_session_ref(identity->session);
    return FAULT_NONE;
}

/* May they be inside? `over`: they are, by a login that this one replaces. */
static enum fault let_in(const struct login_attempt *attempt, struct login *login,
                         struct text detail, bool over, struct builder *rule)
{
    if (login->standing->anonymous && !(login->detail = memory_copy(detail.at, detail.len)))
        return FAULT_NO_MEMORY;
    enum fault f = admit(login, attempt, rule);
    return f ? f : enter(login, over, rule);
}

static enum fault make(const struct login_attempt *attempt, const struct identity *identity,
                       struct text detail, bool over, struct builder *rule,
                       struct login **ret_login)
{
    struct login *login = NULL;
    enum fault f = stand(attempt, identity, &login);
    if (f == FAULT_LOGIN_REFUSED)
        builder_put(rule, TEXT("what is laid down makes no sense"));
    if (!f)
        f = let_in(attempt, login, detail, over, rule);
    if (f)
        login_unref(login);
    else
        *ret_login = login;
    return f;
}

/* Who are they? Who is banned takes the same time to be told nothing. */
static enum fault identify(const struct login_attempt *attempt, struct text password,
                           struct identity *ret_identity, uint64_t *ret_delay_ms)
{
    const struct realm *realm = attempt->realm;
    bool is_nobody = login_is_banned(attempt) || attempt->certificate == LOGIN_CERTIFICATE_DENIES;
    if (realm->anonymous && !is_nobody && login_name_is_anonymous(attempt->name))
        return identity_anonymous(realm, ret_identity);
    /* Of who is banned nothing is looked at, so that nothing can be told from the time. */
    enum fault f = is_nobody ? password_verify(NULL, password)
                             : identity_prove(attempt, password, ret_identity);
    if (f == FAULT_LOGIN_REFUSED)
        login_fail(attempt, ret_delay_ms);
    return f;
}

/* May who they are come in? Reports how it came out, and has done with the identity. */
static enum fault come_in(const struct login_attempt *attempt, struct login_outcome *outcome,
                          struct identity *identity, struct text detail, struct login **ret_login)
{
    struct login *login = NULL;
    if (!outcome->fault) {
        outcome->proof = identity->proof;
        if (identity->anonymous) {
            outcome->user = ANONYMOUS;
            outcome->detail = detail;
        }
        outcome->fault = make(attempt, identity, detail, false, &outcome->rule, &login);
        identity_done(identity);
    }
    /* With an account to come the outcome is login_charge's to score and to report. */
    bool asks = login && login->standing->charge;
    if (!asks)
        login_report(attempt, outcome);
    if (!asks && !outcome->fault && outcome->proof != AUDIT_PROOF_ANONYMOUS)
        login_succeed(attempt);
    if (!login)
        return outcome->fault;
    login->proof = outcome->proof;
    *ret_login = login;
    return asks ? FAULT_ACCOUNT_NEEDED : FAULT_NONE;
}

enum fault login_authenticate(const struct login_attempt *attempt, struct text password,
                              struct login **ret_login, uint64_t *ret_delay_ms)
{
    struct identity identity = {0};
    char rule[RULE_SIZE];
    struct login_outcome outcome = {.user = attempt->name,
                                    .proof = AUDIT_PROOF_PASSWORD,
                                    .rule = builder_on(rule, sizeof(rule))};
    *ret_delay_ms = 0;
    if (attempt->certificate == LOGIN_CERTIFICATE_DENIES)
        builder_put(&outcome.rule, TEXT("tls-client-user"));
    outcome.fault = identify(attempt, password, &identity, ret_delay_ms);
    return come_in(attempt, &outcome, &identity, password, ret_login);
}

/* ---- At once ----------------------------------------------------------------------------- */

/* Who is proved to be somebody without a hash, by what is in memory; NULL: it takes a worker. */
static const struct account *recall(const struct login_attempt *attempt, struct text password,
                                    enum audit_proof *ret_proof)
{
    const struct realm *realm = attempt->realm;
    if (realm->database || attempt->certificate == LOGIN_CERTIFICATE_DENIES ||
        login_is_banned(attempt))
        return NULL;
    *ret_proof = AUDIT_PROOF_ANONYMOUS;
    if (realm->anonymous && login_name_is_anonymous(attempt->name))
        return realm->anonymous;
    *ret_proof = AUDIT_PROOF_CACHED;
    const struct account_store *accounts = realm->accounts;
    const struct account *account = accounts && accounts->type->look
                                        ? accounts->type->look(accounts, attempt->name)
                                        : NULL;
    bool is_proved = account && account->password &&
                     verified_has(realm->desk->verified, attempt->name, password,
                                  account->password);
    return is_proved ? account : NULL;
}

bool login_at_once(const struct login_attempt *attempt, struct text password,
                   struct login **ret_login)
{
    char rule[RULE_SIZE];
    struct login_outcome outcome = {.user = attempt->name, .rule = builder_on(rule, sizeof(rule))};
    *ret_login = NULL;
    const struct account *account = recall(attempt, password, &outcome.proof);
    if (!account || account->charge)
        return false;
    bool is_anonymous = outcome.proof == AUDIT_PROOF_ANONYMOUS;
    struct standing *standing = standing_recall(attempt->realm, account, is_anonymous);
    struct login *login = standing ? login_new(attempt, standing) : NULL;
    *ret_login = login;
    if (!login || let_in(attempt, login, password, false, &outcome.rule))
        return false;
    if (is_anonymous) {
        outcome.user = ANONYMOUS;
        outcome.detail = password;
    }
    login_report(attempt, &outcome);
    if (!is_anonymous)
        login_succeed(attempt);
    login->proof = outcome.proof;
    return true;
}

/* ---- By certificate ------------------------------------------------------------------------ */

enum fault login_by_certificate(const struct login_attempt *attempt, struct login **ret_login,
                                uint64_t *ret_delay_ms)
{
    struct identity identity = {0};
    char rule[RULE_SIZE];
    struct login_outcome outcome = {.user = attempt->name,
                                    .proof = AUDIT_PROOF_CERTIFICATE,
                                    .fault = FAULT_LOGIN_REFUSED,
                                    .rule = builder_on(rule, sizeof(rule))};
    *ret_delay_ms = 0;
    if (!login_is_banned(attempt)) {
        outcome.fault = identity_find(attempt->realm, attempt->name, &identity);
        if (outcome.fault == FAULT_NOT_FOUND && attempt->realm->system_users)
            return FAULT_NOT_FOUND;
        if (outcome.fault == FAULT_NOT_FOUND || outcome.fault == FAULT_ARGUMENT)
            outcome.fault = FAULT_LOGIN_REFUSED;
    }
    identity.proof = AUDIT_PROOF_CERTIFICATE;
    if (outcome.fault == FAULT_LOGIN_REFUSED)
        login_fail(attempt, ret_delay_ms);
    return come_in(attempt, &outcome, &identity, TEXT(""), ret_login);
}

enum fault login_charge(const struct login_attempt *attempt, const struct login *login,
                        struct text charge, uint64_t *ret_delay_ms)
{
    const char *wanted = login->standing->charge;
    bool right = !wanted || password_equal(text_of(wanted), charge);
    *ret_delay_ms = 0;
    char rule[1];
    struct login_outcome outcome = {
        .user = attempt->name,
        .proof = login->proof,
        .rule = builder_on(rule, sizeof(rule)),
        .fault = right ? FAULT_NONE : FAULT_LOGIN_REFUSED,
    };
    if (right)
        login_succeed(attempt);
    else
        login_fail(attempt, ret_delay_ms);
    login_report(attempt, &outcome);
    return outcome.fault;
}

bool login_needs_charge(const struct login *login)
{
    return login->standing->charge != NULL;
}

/* ---- While they are inside --------------------------------------------------------------- */

bool login_is_stale(const struct login *login)
{
    return standing_is_stale(login->standing);
}

/* The record of who is inside, as it is now. The system's users have none that changes. */
static enum fault identify_again(const struct realm *realm, const struct login *login,
                                 struct identity *ret_identity)
{
    if (login->standing->anonymous)
        return identity_anonymous(realm, ret_identity);
    if (!login->session)
        return identity_find(realm, login_name(login), ret_identity);
    const struct account_store *store = realm->database;
    uint64_t generation = store ? store->type->generation(store) : 0;
    const struct account account = {.name = login->standing->name};
    struct account *copy = account_copy(&account);
    if (!copy)
        return FAULT_NO_MEMORY;
    *ret_identity = (struct identity){.account = copy,
                                      .home = tree_ref(login->standing->home),
                                      .generation = generation,
                                      .session = system_session_ref(login->session)};
    return FAULT_NONE;
}

enum fault login_renew(const struct login_attempt *attempt, const struct login *login,
                       struct login **ret_login)
{
    struct identity identity = {0};
    char rule[RULE_SIZE];
    struct login_outcome outcome = {
        .user = login_name(login),
        .detail = login_detail(login),
        .rule = builder_on(rule, sizeof(rule)),
    };
    outcome.fault = identify_again(attempt->realm, login, &identity);
    if (outcome.fault)
        builder_put(&outcome.rule, TEXT("the account is no more"));
    else
        outcome.fault = make(attempt, &identity, login_detail(login), true, &outcome.rule,
                             ret_login);
    identity_done(&identity);
    if (!outcome.fault)
        return FAULT_NONE;
    if (outcome.fault != FAULT_NO_MEMORY)
        outcome.fault = FAULT_LOGIN_REFUSED;
    login_report(attempt, &outcome);
    return outcome.fault;
}

static enum fault change_password(const struct login_attempt *attempt,
                                  const struct identity *identity, struct text old,
                                  struct text wanted, const char **ret_weakness)
{
    struct account_store *store = (struct account_store *)identity->store;
    char *hash = NULL;
    *ret_weakness = text_equal(old, wanted) ? "is the same as before"
                                            : password_weakness(wanted, attempt->name);
    if (*ret_weakness)
        return FAULT_ARGUMENT;
    enum fault f = password_hash(wanted, &hash);
    if (!f)
        f = store->type->set_password(store, attempt->name, hash);
    memory_free_secret(hash, hash ? strlen(hash) : 0);
    if (!f)
        verified_clear(attempt->realm->desk->verified);
    return f;
}

enum fault login_set_password(const struct login_attempt *attempt, const struct login *login,
                              struct text old, struct text wanted, const char **ret_weakness,
                              uint64_t *ret_delay_ms)
{
    struct identity identity = {0};
    *ret_weakness = NULL;
    *ret_delay_ms = 0;
    if (login->standing->anonymous || login->session)
        return FAULT_UNSUPPORTED;
    enum fault f = identity_find(attempt->realm, attempt->name, &identity);
    if (!f && !identity.store->type->set_password)
        f = FAULT_UNSUPPORTED;
    if (!f)
        f = password_verify(identity.account->password, old);
    if (f == FAULT_LOGIN_REFUSED)
        login_fail(attempt, ret_delay_ms);
    if (!f)
        f = change_password(attempt, &identity, old, wanted, ret_weakness);
    identity_done(&identity);
    const struct audit_event event = {
        .action = ACTION_SITE,
        .fault = f,
        .rule = *ret_weakness,
        .session = attempt->session,
        .host = text_of(attempt->realm->host),
        .user = attempt->name,
        .detail = TEXT("password"),
        .peer = attempt->peer,
    };
    audit_record(attempt->audit, &event);
    return f;
}
