/* SPDX-License-Identifier: Apache-2.0 */
#include "server/system_users.h"

#include "base/memory.h"
#include "monitor/monitor.h"

static enum fault open_home(struct monitor_login *session, struct tree **ret_home)
{
    struct store *store = NULL;
    enum fault f = monitor_open_tree(session, &store);
    if (f)
        return f;
    struct tree *home = tree_new("", store);
    if (!home) {
        store->type->free(store);
        return FAULT_NO_MEMORY;
    }
    *ret_home = home;
    return FAULT_NONE;
}

static enum fault make_account(struct text name, struct account **ret_account)
{
    struct account *account = memory_new(sizeof(*account));
    if (account)
        account->name = memory_copy(name.at, name.len);
    if (!account || !account->name) {
        account_free(account);
        return FAULT_NO_MEMORY;
    }
    *ret_account = account;
    return FAULT_NONE;
}

static enum fault log_in(void *context, struct text name, struct text password,
                         const union endpoint *peer, struct account **ret_account,
                         struct tree **ret_home, void **ret_session)
{
    struct monitor_login *session = NULL;
    struct account *account = NULL;
    struct tree *home = NULL;
    enum fault f = monitor_authenticate(context, name, password, peer, &session);
    if (!f)
        f = open_home(session, &home);
    if (!f)
        f = make_account(name, &account);
    if (f) {
        tree_unref(home);
        monitor_login_free(session);
        return f;
    }
    *ret_account = account;
    *ret_home = home;
    *ret_session = session;
    return FAULT_NONE;
}

static void log_out(void *session)
{
    monitor_login_free(session);
}

struct system_users system_users_of(struct monitor *monitor)
{
    return (struct system_users){.context = monitor, .log_in = log_in, .log_out = log_out};
}
