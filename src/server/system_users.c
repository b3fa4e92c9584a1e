/* SPDX-License-Identifier: Apache-2.0 */
#include "server/system_users.h"

#include <unistd.h>

#include "base/memory.h"
#include "monitor/monitor.h"
#include "monitor/privileges.h"

/* ---- Starting ------------------------------------------------------------------- */

bool system_users_start(const struct config *config, struct monitor **ret_monitor,
                        char message[CONFIG_MESSAGE_SIZE])
{
    const struct monitor_settings settings = {
        .service = config->pam_service,
        .root = config->system_root,
        .first_user = config->system_users_from,
        .port = config->port,
        .any_shell = config->system_users_any_shell,
    };
    struct monitor *monitor = NULL;
    if (geteuid() != 0)
        return config_complain(message, "system-users: ferryd must be started as root for it");
    enum fault f = monitor_start(&settings, &monitor);
    if (f)
        return config_complain(message, "system-users: %s", fault_text(f));
    f = privileges_become(config->run_as);
    if (f) {
        monitor_free(monitor);
        return config_complain(message, "run-as: \"%s\" %s", config->run_as,
                               f == FAULT_NOT_FOUND  ? "is no user of this system"
                               : f == FAULT_ARGUMENT ? "is root"
                                                     : "cannot be become");
    }
    *ret_monitor = monitor;
    return true;
}

/* ---- Logging in ------------------------------------------------------------------- */

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
