/* SPDX-License-Identifier: Apache-2.0 */
/* login_inside: what a login is to who has it, until it ends. */
#include "base/log.h"
#include "base/memory.h"
#include "gate/identity.h"
#include "gate/login_parts.h"

/* ---- Budgets ------------------------------------------------------------------------ */

size_t login_budgets(const struct login *login, struct budget *set[BUDGETS_MAX])
{
    size_t count = login->standing->budget_count;
    for (size_t i = 0; i < count; i++)
        set[i] = login->standing->budgets[i];
    for (size_t i = 0; i < login->own_count; i++)
        set[count++] = login->own[i];
    return count;
}

/* ---- References ---------------------------------------------------------------------- */

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
        budgets_leave(set, login_budgets(login, set), BUDGET_SESSION);
    login->is_inside = false;
    /* Its account has others inside, or is kept: nothing is left to be closed or written. */
    if (login->session || login->folder_count || !standing_let_go(login->standing))
        return true;
    login->standing = NULL;
    login_end(login);
    return false;
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
    enum fault f = budgets_enter(set, login_budgets(login, set), BUDGET_TRANSFER, false, &full);
    if (f == FAULT_TOO_MANY)
        log_info("transfer-not-allowed", LOG_TEXT("user", login_name(login)),
                 LOG_TEXT("budget", text_of(budget_key(set[full]))),
                 LOG_NUMBER("session", session));
    return f;
}

void login_end_transfer(struct login *login)
{
    struct budget *set[BUDGETS_MAX];
    budgets_leave(set, login_budgets(login, set), BUDGET_TRANSFER);
}

void login_throttles(const struct login *login, bool inbound, struct throttles *ret_throttles)
{
    struct budget *set[BUDGETS_MAX];
    size_t count = login_budgets(login, set);
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
