/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/login.h"

#include <stdatomic.h>

#include "account/password.h"
#include "base/log.h"
#include "base/memory.h"

/* What they are called inside, whatever they said. */
#define ANONYMOUS TEXT("anonymous")

struct login {
    atomic_uint references;
    char *name;            /* owned */
    char *host;            /* owned; NULL: the default one */
    char *detail;          /* owned; NULL unless anonymous */
    char *charge;          /* owned; NULL: ACCT is not asked */
    struct tree *home;     /* owned reference */
    struct tree **folders; /* owned array of owned references */
    size_t folder_count;
    struct policy policy;
    struct upload_manner upload;
};

bool login_name_is_anonymous(struct text name)
{
    return text_equal_any_case(name, TEXT("anonymous")) || text_equal_any_case(name, TEXT("ftp"));
}

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

static struct login *login_new(const struct realm *realm, struct text name)
{
    struct login *login = memory_new(sizeof(*login));
    if (!login)
        return NULL;
    atomic_init(&login->references, 1);
    login->upload = realm->upload;
    login->name = memory_copy(name.at, name.len);
    if (realm->host)
        login->host = memory_copy(realm->host, strlen(realm->host));
    if (login->name && (login->host || !realm->host) && take_folders(login, realm))
        return login;
    login_unref(login);
    return NULL;
}

static enum fault log_in_anonymous(const struct realm *realm, struct text password,
                                   struct login **ret_login)
{
    struct login *login = login_new(realm, ANONYMOUS);
    if (!login)
        return FAULT_NO_MEMORY;
    login->policy.anonymous = true;
    login->home = tree_ref(realm->anonymous);
    login->detail = memory_copy(password.at, password.len);
    if (!login->detail) {
        login_unref(login);
        return FAULT_NO_MEMORY;
    }
    *ret_login = login;
    return FAULT_NONE;
}

static enum fault open_home(const struct realm *realm, const struct account *account,
                            struct login *login)
{
    if (account->root)
        return realm->open_tree(realm->context, account->root, &login->home);
    if (!realm->home)
        return FAULT_LOGIN_REFUSED;
    login->home = tree_ref(realm->home);
    return FAULT_NONE;
}

static enum fault log_in_account(const struct realm *realm, const struct account *account,
                                 struct login **ret_login)
{
    struct login *login = login_new(realm, text_of(account->name));
    if (!login)
        return FAULT_NO_MEMORY;
    login->policy.read_only = account->read_only;
    enum fault f = open_home(realm, account, login);
    if (!f && account->charge) {
        login->charge = memory_copy(account->charge, strlen(account->charge));
        f = login->charge ? FAULT_ACCOUNT_NEEDED : FAULT_NO_MEMORY;
    }
    if (f && f != FAULT_ACCOUNT_NEEDED) {
        login_unref(login);
        return f;
    }
    *ret_login = login;
    return f;
}

/* The log line is what address-banning programs watch for; the audit is for people. */
static enum fault report(const struct login_attempt *attempt, bool anonymous, struct text detail,
                         enum fault f)
{
    struct text user = anonymous ? ANONYMOUS : attempt->name;
    char host[ENDPOINT_TEXT_SIZE];
    struct builder peer = builder_on(host, sizeof(host));
    const struct audit_event event = {
        .action = ACTION_LOGIN,
        .fault = f,
        .session = attempt->session,
        .host = text_of(attempt->realm->host),
        .user = user,
        .detail = detail,
        .anonymous = anonymous,
        .peer = attempt->peer,
    };
    audit_record(attempt->audit, &event);
    endpoint_put_host(&attempt->peer, &peer);
    if (f == FAULT_LOGIN_REFUSED)
        log_warning("login-refused", LOG_TEXT("user", user), LOG_TEXT("peer", builder_text(&peer)),
                    LOG_NUMBER("session", attempt->session));
    else if (f)
        log_error("login-failed", LOG_TEXT("user", user),
                  LOG_TEXT("fault", text_of(fault_text(f))));
    else
        log_info("login", LOG_TEXT("user", user), LOG_TEXT("peer", builder_text(&peer)),
                 LOG_NUMBER("session", attempt->session));
    return f;
}

enum fault login_authenticate(const struct login_attempt *attempt, struct text password,
                              struct login **ret_login)
{
    const struct realm *realm = attempt->realm;
    struct account *account = NULL;
    if (realm->anonymous && login_name_is_anonymous(attempt->name)) {
        enum fault f = log_in_anonymous(realm, password, ret_login);
        return report(attempt, true, password, f);
    }
    enum fault f = realm->accounts->type->find(realm->accounts, attempt->name, &account);
    if (f && f != FAULT_NOT_FOUND)
        return report(attempt, false, TEXT(""), f);
    /* Also for a user that does not exist: same reply, same time. */
    f = password_verify(account ? account->password : NULL, password);
    if (!f)
        f = account ? log_in_account(realm, account, ret_login) : FAULT_LOGIN_REFUSED;
    account_free(account);
    /* With an account to come the outcome is login_charge's to report. */
    return f == FAULT_ACCOUNT_NEEDED ? f : report(attempt, false, TEXT(""), f);
}

enum fault login_charge(const struct login_attempt *attempt, const struct login *login,
                        struct text charge)
{
    bool right = !login->charge || password_equal(text_of(login->charge), charge);
    return report(attempt, false, TEXT(""), right ? FAULT_NONE : FAULT_LOGIN_REFUSED);
}

bool login_needs_charge(const struct login *login)
{
    return login->charge != NULL;
}

struct login *login_ref(struct login *login)
{
    atomic_fetch_add_explicit(&login->references, 1, memory_order_relaxed);
    return login;
}

void login_unref(struct login *login)
{
    if (!login || atomic_fetch_sub_explicit(&login->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < login->folder_count; i++)
        tree_unref(login->folders[i]);
    memory_free(login->folders);
    tree_unref(login->home);
    memory_free_secret(login->charge, login->charge ? strlen(login->charge) : 0);
    memory_free(login->detail);
    memory_free(login->host);
    memory_free(login->name);
    memory_free(login);
}

bool login_is_anonymous(const struct login *login)
{
    return login->policy.anonymous;
}

struct text login_name(const struct login *login)
{
    return text_of(login->name);
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
    return &login->policy;
}

const struct upload_manner *login_upload_manner(const struct login *login)
{
    return &login->upload;
}

struct tree *login_home(const struct login *login)
{
    return login->home;
}

struct tree *login_folder(const struct login *login, struct text name)
{
    for (size_t i = 0; i < login->folder_count; i++)
        if (text_equal(text_of(tree_name(login->folders[i])), name))
            return login->folders[i];
    return NULL;
}
