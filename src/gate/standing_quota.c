/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/standing_quota.h"

#include "base/log.h"
#include "base/memory.h"
#include "gate/login.h"

enum { RULE_SIZE = 16 + ACCOUNT_NAME_MAX };

/* The trees of all members of a group, each once. */
struct member_trees {
    const struct realm *realm;     /* borrowed for the call */
    struct ledger_account **trees; /* owned array of owned accounts */
    size_t count;
    enum fault fault;
};

static struct standing_quota *add_quota(struct standing *standing, struct tree *tree)
{
    struct standing_quota *grown = memory_resize(standing->quotas, standing->quota_count + 1,
                                                 sizeof(*grown));
    if (!grown)
        return NULL;
    standing->quotas = grown;
    struct standing_quota *quota = &grown[standing->quota_count++];
    *quota = (struct standing_quota){.tree = tree};
    return quota;
}

/* `kind` and `name` make the rule: "group staff: quota". */
static enum fault add_limit(struct standing_quota *quota, struct ledger_account *account,
                            uint64_t bytes, uint64_t files, const char *kind, const char *name)
{
    struct ledger_limit *grown = memory_resize(quota->limits, quota->limit_count + 1,
                                               sizeof(*grown));
    if (!grown)
        return FAULT_NO_MEMORY;
    quota->limits = grown;
    char *rule = memory_new(RULE_SIZE);
    if (!rule)
        return FAULT_NO_MEMORY;
    struct builder b = builder_on(rule, RULE_SIZE);
    builder_put_string(&b, kind);
    builder_put_byte(&b, ' ');
    builder_put_string(&b, name);
    builder_put(&b, TEXT(": quota"));
    builder_end(&b);
    grown[quota->limit_count++] = (struct ledger_limit){account, bytes, files, rule};
    return FAULT_NONE;
}

static enum fault open_quota(struct standing *standing, struct ledger *ledger, struct tree *tree,
                             struct standing_quota **ret_quota)
{
    struct standing_quota *quota = add_quota(standing, tree);
    if (!quota)
        return FAULT_NO_MEMORY;
    *ret_quota = quota;
    return ledger_open_tree(ledger, tree, &quota->account);
}

enum fault standing_count_folder(struct standing *standing, struct ledger *ledger,
                                 const struct account_folder *folder, struct tree *tree)
{
    const struct term_value *bytes = &folder->terms.values[TERM_QUOTA_BYTES];
    const struct term_value *files = &folder->terms.values[TERM_QUOTA_FILES];
    struct standing_quota *quota;
    if (!bytes->is_set && !files->is_set)
        return FAULT_NONE;
    enum fault f = open_quota(standing, ledger, tree, &quota);
    if (!f)
        f = add_limit(quota, quota->account, bytes->is_set ? bytes->number : LEDGER_NO_LIMIT,
                      files->is_set ? files->number : LEDGER_NO_LIMIT, "folder", folder->name);
    return f;
}

/* ---- Groups ---------------------------------------------------------------------------- */

static enum fault add_member(struct member_trees *members, const char *root)
{
    struct ledger_account *account = NULL;
    struct tree *tree = NULL;
    struct ledger_account **grown = memory_resize(members->trees, members->count + 1,
                                                  sizeof(struct ledger_account *));
    if (!grown)
        return FAULT_NO_MEMORY;
    members->trees = grown;
    enum fault f = trees_take(members->realm->desk->trees, root, &tree);
    if (!f)
        f = ledger_open_tree(members->realm->desk->ledger, tree, &account);
    tree_unref(tree);
    if (f) {
        /* A member whose root is missing has nothing that could count. */
        log_warning("group-member-not-counted", LOG_TEXT("root", text_of(root)),
                    LOG_TEXT("fault", text_of(fault_text(f))));
        return f == FAULT_NO_MEMORY ? f : FAULT_NONE;
    }
    for (size_t i = 0; i < members->count; i++) {
        if (members->trees[i] == account) {
            ledger_close(account);
            return FAULT_NONE;
        }
    }
    members->trees[members->count++] = account;
    return FAULT_NONE;
}

static bool on_member(void *context, const char *root)
{
    struct member_trees *members = context;
    if (!root)
        root = members->realm->root;
    if (root)
        members->fault = add_member(members, root);
    return members->fault == FAULT_NONE;
}

static enum fault open_group(struct standing *standing, const struct realm *realm, const char *name,
                             struct ledger_account **ret_account)
{
    struct member_trees members = {.realm = realm};
    struct ledger_account **grown = memory_resize(standing->groups, standing->group_count + 1,
                                                  sizeof(struct ledger_account *));
    if (!grown)
        return FAULT_NO_MEMORY;
    standing->groups = grown;
    enum fault f = realm->database->type->each_member(realm->database, text_of(name), on_member,
                                                      &members);
    if (!f)
        f = members.fault;
    if (!f)
        f = ledger_open_group(realm->desk->ledger, name, members.trees, members.count, ret_account);
    if (!f)
        standing->groups[standing->group_count++] = *ret_account;
    for (size_t i = 0; i < members.count; i++)
        ledger_close(members.trees[i]);
    memory_free(members.trees);
    return f;
}

/* ---- The home -------------------------------------------------------------------------- */

static enum fault limit_home(struct standing *standing, const struct realm *realm,
                             struct standing_quota *quota)
{
    for (size_t i = 0; i < policy_budget_count(standing->policy); i++) {
        const struct policy_budget *budget = policy_budget(standing->policy, i);
        bool is_group = budget->who == POLICY_GROUP;
        struct ledger_account *account = quota->account;
        enum fault f = FAULT_NONE;
        if (budget->quota_bytes == POLICY_NO_LIMIT && budget->quota_files == POLICY_NO_LIMIT)
            continue;
        if (is_group)
            f = open_group(standing, realm, budget->name, &account);
        if (!f)
            f = add_limit(quota, account, budget->quota_bytes, budget->quota_files,
                          is_group ? "group" : "user", budget->name);
        if (f)
            return f;
    }
    return FAULT_NONE;
}

static bool has_quota(const struct policy *policy)
{
    for (size_t i = 0; i < policy_budget_count(policy); i++) {
        const struct policy_budget *budget = policy_budget(policy, i);
        if (budget->quota_bytes != POLICY_NO_LIMIT || budget->quota_files != POLICY_NO_LIMIT)
            return true;
    }
    return false;
}

enum fault standing_count_home(struct standing *standing, const struct realm *realm)
{
    struct ledger *ledger = realm->desk->ledger;
    enum fault f = FAULT_NONE;
    if (has_quota(standing->policy)) {
        struct standing_quota *quota;
        f = open_quota(standing, ledger, standing->home, &quota);
        if (!f)
            f = limit_home(standing, realm, quota);
    }
    if (!f && policy_limits(standing->policy)->ratio_up != POLICY_NO_LIMIT)
        f = ledger_open_user(ledger, standing->name, &standing->ratio);
    return f;
}

void standing_close_quotas(struct standing *standing)
{
    for (size_t i = 0; i < standing->group_count; i++)
        ledger_close(standing->groups[i]);
    memory_free(standing->groups);
    for (size_t i = 0; i < standing->quota_count; i++) {
        struct standing_quota *quota = &standing->quotas[i];
        for (size_t j = 0; j < quota->limit_count; j++)
            memory_free((char *)quota->limits[j].rule);
        memory_free(quota->limits);
        ledger_close(quota->account);
    }
    memory_free(standing->quotas);
    ledger_close(standing->ratio);
}
