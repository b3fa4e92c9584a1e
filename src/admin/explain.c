/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain: what would be decided, by which rule, and what was looked at on the
 * way: may they be inside, then each action that the verb may turn out to be.
 */
#include <time.h>

#include "admin/check.h"
#include "admin/commands.h"
#include "admin/fields.h"
#include "admin/sources.h"
#include "admin/verb_actions.h"

enum { STEPS_MAX = 512 };

struct question {
    struct policy_moment moment;
    struct text path;
    struct verb_action rows[VERB_ACTIONS_MAX];
    size_t row_count;
};

/* ---- The question ---------------------------------------------------------------------------- */

/* A date as `expires` takes it. */
static bool read_time(const json_t *request, int64_t *ret_now, struct refusal *refusal)
{
    char message[TERMS_MESSAGE_SIZE];
    struct terms terms = {0};
    struct text text;
    if (!fields_text(request, "at", false, &text, refusal))
        return false;
    *ret_now = time(NULL);
    if (!text.len)
        return true;
    bool understood = terms_set(&terms, TERM_EXPIRES, text, message);
    if (understood)
        *ret_now = (int64_t)terms.values[TERM_EXPIRES].number;
    terms_done(&terms);
    return understood || refuse(refusal, FAULT_ARGUMENT, "at",
                                "\"%.*s\" is no time like 2027-01-31T18:00:00Z", TEXT_ARGS(text));
}

static bool read_moment(const json_t *request, struct policy_moment *moment,
                        struct refusal *refusal)
{
    struct text from;
    const json_t *tls = json_object_get(request, "tls");
    if (tls && !json_is_boolean(tls))
        return refuse(refusal, FAULT_ARGUMENT, "tls", "takes true or false");
    moment->is_private = json_is_true(tls);
    if (!read_time(request, &moment->now, refusal) ||
        !fields_text(request, "from", false, &from, refusal))
        return false;
    return endpoint_parse_host(from.len ? from : TEXT("127.0.0.1"), 0, &moment->peer) ||
           refuse(refusal, FAULT_ARGUMENT, "from", "\"%.*s\" is no IPv4 or IPv6 address",
                  TEXT_ARGS(from));
}

static bool read_question(const json_t *request, struct question *question, struct refusal *refusal)
{
    struct text verb;
    if (!fields_text(request, "verb", true, &verb, refusal) ||
        !fields_text(request, "path", true, &question->path, refusal) ||
        !read_moment(request, &question->moment, refusal))
        return false;
    question->row_count = verb_actions_find(verb, question->rows);
    if (!question->row_count)
        return refuse(refusal, FAULT_ARGUMENT, "verb",
                      "\"%.*s\" is no verb that needs a right, and no action", TEXT_ARGS(verb));
    return check_is_normal(question->path.at) ||
           refuse(refusal, FAULT_ARGUMENT, "path",
                  "is no absolute path, as the user sees it, without empty parts, . or ..");
}

/* ---- The answer ---------------------------------------------------------------------------------
 */

static json_t *describe_verdict(const char *about, const char *when, const struct verdict *verdict)
{
    return json_pack("{s:s, s:s, s:b, s:b, s:s}", "about", about, "when", when, "allowed",
                     verdict->allowed, "hidden", verdict->hidden, "rule",
                     verdict->rule ? verdict->rule : "");
}

static json_t *describe_steps(const struct policy *policy, enum action action, const char *path)
{
    struct policy_step steps[STEPS_MAX];
    size_t count = policy_explain(policy, action, path, steps, STEPS_MAX);
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        answer_append(&array,
                      json_pack("{s:s, s:b}", "rule", steps[i].rule, "fits", steps[i].fits));
    return array;
}

/* The mount that a path is in: the longest that leads there. */
static const struct account_mount *find_mount(const struct account_mount *mounts, size_t count,
                                              struct text path, const struct account_mount *best)
{
    for (size_t i = 0; i < count; i++) {
        struct text at = text_of(mounts[i].at);
        struct text rest = text_after(path, at.len);
        bool inside = text_starts_with(path, at) && (!rest.len || rest.at[0] == '/');
        if (inside && (!best || strlen(best->at) < at.len))
            best = &mounts[i];
    }
    return best;
}

/* A folder that is read-only says so before the user's own terms are asked: as a policy of its own.
 */
static bool folder_denies(struct account_store *store, const struct account *user,
                          const struct sources *sources, const struct question *question,
                          enum action action, json_t **ret_rule)
{
    const struct account_mount *mount = find_mount(user->mounts, user->mount_count, question->path,
                                                   NULL);
    for (size_t i = 0; i < sources->group_count; i++)
        mount = find_mount(sources->groups[i]->mounts, sources->groups[i]->mount_count,
                           question->path, mount);
    struct account_folder *folder = NULL;
    if (!mount || store->type->find_folder(store, text_of(mount->folder), &folder))
        return false;
    char message[TERMS_MESSAGE_SIZE];
    struct policy *policy = NULL;
    struct terms terms = {0};
    terms.values[TERM_READ_ONLY] = folder->terms.values[TERM_READ_ONLY];
    const struct policy_source source = {POLICY_GROUP, folder->name, &terms};
    bool denies = !policy_new(&source, 1, &policy, message) &&
                  !policy_decide(policy, action, question->path.at).allowed;
    policy_free(policy);
    if (denies)
        *ret_rule = json_sprintf("folder %s: read-only", folder->name);
    account_folder_free(folder);
    return denies;
}

static json_t *decide(struct account_store *store, const struct account *user,
                      const struct sources *sources, const struct question *question,
                      const struct verb_action *row, bool *ret_allowed)
{
    json_t *rule = NULL;
    const char *path = question->path.at;
    struct verdict verdict = policy_decide(sources->policy, row->action, path);
    json_t *check = describe_verdict(action_word(row->action), row->when, &verdict);
    answer_put(&check, "steps", describe_steps(sources->policy, row->action, path));
    *ret_allowed = verdict.allowed;
    if (verdict.allowed && folder_denies(store, user, sources, question, row->action, &rule)) {
        *ret_allowed = false;
        answer_put(&check, "allowed", json_false());
        answer_put(&check, "rule", rule);
    }
    return check;
}

static bool adds(enum action action)
{
    return action == ACTION_WRITE || action == ACTION_OVERWRITE || action == ACTION_APPEND;
}

/* "allowed": in each case that it may turn out to be. */
/* May they come in? What the policy says, and what else the login would stumble over. */
static struct verdict admit(const struct admin *admin, const struct account *user,
                            const struct sources *sources, const struct question *question)
{
    struct refusal refusal;
    const union endpoint *peer = &question->moment.peer;
    struct verdict verdict = policy_admit(sources->policy, &question->moment);
    bool has_peer = peer->any.sa_family != AF_UNSPEC;
    if (!verdict.allowed)
        return verdict;
    if (has_peer && admin->guard && guard_is_banned(admin->guard, peer))
        return (struct verdict){false, false, "the address is banned"};
    if (has_peer && admin->guard && guard_user_is_banned(admin->guard, text_of(user->name), peer))
        return (struct verdict){false, false, "the user is banned"};
    if (user->root && !check_directory("root", user->root, &refusal))
        return (struct verdict){false, false, "root: there is no such directory"};
    return verdict;
}

static json_t *answer_question(const struct admin *admin, const struct account *user,
                               const struct sources *sources, const struct question *question)
{
    struct refusal refusal;
    struct verdict inside = admit(admin, user, sources, question);
    json_t *checks = json_array();
    bool allowed = inside.allowed;
    bool any_adds = false;
    answer_append(&checks, describe_verdict("login", "", &inside));
    for (size_t i = 0; i < question->row_count; i++) {
        bool this_allowed;
        answer_append(&checks, decide(database_accounts(admin->database), user, sources, question,
                                      &question->rows[i], &this_allowed));
        allowed = allowed && this_allowed;
        any_adds = any_adds || adds(question->rows[i].action);
    }
    json_t *answer = answer_with("allowed", json_boolean(allowed));
    answer_put(&answer, "checks", checks);
    /* Without a ledger, or where nothing can be counted, there is no more to say. */
    json_t *rows = any_adds ? quota_rows(admin, user, false, &refusal) : NULL;
    if (rows)
        answer_put(&answer, "quota", rows);
    return answer;
}

json_t *admin_explain(const struct admin *admin, const json_t *request)
{
    struct question question = {0};
    struct refusal refusal;
    struct account *user = NULL;
    struct sources *sources = NULL;
    json_t *answer;
    if (read_question(request, &question, &refusal) &&
        find_user(admin, request, "user", &user, &refusal) &&
        sources_load(database_accounts(admin->database), user, &sources, &refusal))
        answer = answer_question(admin, user, sources, &question);
    else
        answer = answer_refusal(&refusal);
    sources_free(sources);
    account_free(user);
    return answer;
}
