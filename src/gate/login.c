/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/login.h"

#include <assert.h>
#include <stdatomic.h>
#include <time.h>

#include "account/password.h"
#include "base/log.h"
#include "base/memory.h"
#include "gate/identity.h"
#include "gate/login_outcome.h"

/* What they are called inside, whatever they said. */
#define ANONYMOUS TEXT("anonymous")

enum {
    /* Of its own a login has the budgets of its address, of the user there, and of the server. */
    OWN_BUDGETS_MAX = 3,
    BUDGETS_MAX = POLICY_SOURCES_MAX + OWN_BUDGETS_MAX,
    KEY_SIZE = 32 + ENDPOINT_TEXT_SIZE + ACCOUNT_NAME_MAX,
    RULE_SIZE = TERM_TEXT_MAX + 256,
};

/* A rate that found no place would be no rate. */
static_assert((int)BUDGETS_MAX <= (int)THROTTLES_MAX, "each budget has its throttles");

struct login {
    atomic_uint references;
    struct standing *standing; /* owned reference */
    char *host;                /* owned; NULL: the default one */
    char *detail;              /* owned; NULL unless anonymous */
    struct tree **folders;     /* owned array of owned references: the realm's, for SMNT */
    size_t folder_count;
    struct upload_manner upload;
    struct budget *own[OWN_BUDGETS_MAX]; /* owned references */
    size_t own_count;
    struct system_session *session; /* owned reference; NULL: no user of the system */
    bool is_inside;                 /* counted as a session in all its budgets */
    enum audit_proof proof;         /* how they proved who they are */
    int64_t ends_at;
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

static size_t all_budgets(const struct login *login, struct budget *set[BUDGETS_MAX])
{
    size_t count = login->standing->budget_count;
    for (size_t i = 0; i < count; i++)
        set[i] = login->standing->budgets[i];
    for (size_t i = 0; i < login->own_count; i++)
        set[count++] = login->own[i];
    return count;
}

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
    if (f)
        return f;
    key = builder_on(bytes, sizeof(bytes));
    builder_put(&key, TEXT("address "));
    const struct endpoint_network source = endpoint_source(&attempt->peer);
    endpoint_put_network(&source, &key);
    f = take_own(login, realm, &key, &realm->host_limits);
    if (f)
        return f;
    limits.sessions = policy_limits(login->standing->policy)->sessions_per_address;
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
    size_t count = all_budgets(login, set);
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

/* May who they are be inside? `over`: they are, by a login that this one replaces. */
static enum fault make(const struct login_attempt *attempt, const struct identity *identity,
                       struct text detail, bool over, struct builder *rule,
                       struct login **ret_login)
{
    struct login *login = NULL;
    enum fault f = stand(attempt, identity, &login);
    if (f == FAULT_LOGIN_REFUSED)
        builder_put(rule, TEXT("what is laid down makes no sense"));
    if (!f && identity->anonymous && !(login->detail = memory_copy(detail.at, detail.len)))
        f = FAULT_NO_MEMORY;
    if (!f)
        f = admit(login, attempt, rule);
    if (!f)
        f = enter(login, over, rule);
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

struct login *login_ref(struct login *login)
{
    atomic_fetch_add_explicit(&login->references, 1, memory_order_relaxed);
    return login;
}

bool login_let_go(struct login *login)
{
    struct budget *set[BUDGETS_MAX];
    if (!login || atomic_fetch_sub_explicit(&login->references, 1, memory_order_acq_rel) != 1)
        return false;
    if (login->is_inside)
        budgets_leave(set, all_budgets(login, set), BUDGET_SESSION);
    return true;
}

void login_end(struct login *login)
{
    for (size_t i = 0; i < login->own_count; i++)
        budget_release(login->own[i]);
    for (size_t i = 0; i < login->folder_count; i++)
        tree_unref(login->folders[i]);
    memory_free(login->folders);
    memory_free(login->detail);
    memory_free(login->host);
    standing_unref(login->standing);
    system_session_unref(login->session);
    memory_free(login);
}

void login_unref(struct login *login)
{
    if (login_let_go(login))
        login_end(login);
}

bool login_is_anonymous(const struct login *login)
{
    return login->standing->anonymous;
}

struct text login_name(const struct login *login)
{
    return text_of(login->standing->name);
}

struct text login_host(const struct login *login)
{
    return text_of(login->host);
}

struct text login_detail(const struct login *login)
{
    return text_of(login->detail);
}

const struct policy *login_policy(const struct login *login)
{
    return login->standing->policy;
}

const struct upload_manner *login_upload_manner(const struct login *login)
{
    return &login->upload;
}

int64_t login_ends_at(const struct login *login)
{
    return login->ends_at;
}

/* ---- What is theirs ----------------------------------------------------------------------- */

struct tree *login_home(const struct login *login)
{
    return login->standing->home;
}

struct tree *login_folder(const struct login *login, struct text name)
{
    for (size_t i = 0; i < login->folder_count; i++)
        if (text_equal(text_of(tree_name(login->folders[i])), name))
            return login->folders[i];
    return NULL;
}

size_t login_mount_count(const struct login *login)
{
    return login->standing->mount_count;
}

const struct login_mount *login_mount(const struct login *login, size_t index)
{
    return &login->standing->mounts[index];
}

/* ---- What they share with others ------------------------------------------------------------ */

enum fault login_begin_transfer(struct login *login, uint64_t session)
{
    struct budget *set[BUDGETS_MAX];
    size_t full = 0;
    enum fault f = budgets_enter(set, all_budgets(login, set), BUDGET_TRANSFER, false, &full);
    if (f == FAULT_TOO_MANY)
        log_info("transfer-not-allowed", LOG_TEXT("user", login_name(login)),
                 LOG_TEXT("budget", text_of(budget_key(set[full]))),
                 LOG_NUMBER("session", session));
    return f;
}

void login_end_transfer(struct login *login)
{
    struct budget *set[BUDGETS_MAX];
    budgets_leave(set, all_budgets(login, set), BUDGET_TRANSFER);
}

void login_throttles(const struct login *login, bool inbound, struct throttles *ret_throttles)
{
    struct budget *set[BUDGETS_MAX];
    size_t count = all_budgets(login, set);
    *ret_throttles = (struct throttles){.count = 0};
    for (size_t i = 0; i < count; i++)
        throttles_add(ret_throttles, inbound ? budget_uploads(set[i]) : budget_downloads(set[i]));
}

static const struct standing_quota *quota_of(const struct login *login, const struct tree *tree)
{
    const struct standing *standing = login->standing;
    for (size_t i = 0; i < standing->quota_count; i++)
        if (standing->quotas[i].tree == tree)
            return &standing->quotas[i];
    return NULL;
}

struct ledger_account *login_ledger_account(const struct login *login, const struct tree *tree)
{
    const struct standing_quota *quota = quota_of(login, tree);
    return quota ? quota->account : NULL;
}

const struct ledger_limit *login_quota(const struct login *login, const struct tree *tree,
                                       size_t *ret_count)
{
    const struct standing_quota *quota = quota_of(login, tree);
    *ret_count = quota ? quota->limit_count : 0;
    return quota ? quota->limits : NULL;
}

struct ledger_account *login_ratio(const struct login *login)
{
    return login->standing->ratio;
}
