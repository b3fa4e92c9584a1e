/* SPDX-License-Identifier: Apache-2.0 */
#include "server/backends.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "account/account_embedded.h"
#include "account/database.h"
#include "account/password.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/pattern.h"
#include "gate/login.h"
#include "monitor/monitor.h"
#include "policy/policy.h"
#include "server/limits.h"
#include "server/root_files.h"
#include "server/sandbox.h"
#include "server/state.h"
#include "server/system_users.h"
#include "store/store_local.h"

enum { PATH_SIZE = 4096 };

struct backends {
    struct journal *journal;   /* owned; NULL: none */
    struct database *database; /* owned; NULL: none */
    struct desk *desk;         /* owned */
    struct root_files *files;  /* owned; NULL: not started as root */
    struct monitor *monitor;   /* owned; NULL: nothing needs it */
    struct opener opener;
    struct system_users system_users; /* without functions: none log in */
    bool began_as_root;
};

struct realm_set {
    struct backends *backends; /* borrowed: the process's */
    struct realm *realms;      /* owned array */
    size_t count;
    struct tree **kept; /* owned array of owned references: the roots that the settings name */
    size_t kept_count;
};

/* ---- The state directory ----------------------------------------------------------- */

/* Each view of it tells by itself what it changes. */
static void watch_store(struct store *store, struct store_watch *watch)
{
    store->watch = watch;
    store->straight->watch = watch;
    if (store->at_once && store->at_once != store)
        watch_store(store->at_once, watch);
}

static enum fault open_store(void *context, const char *directory, struct store **ret_store)
{
    struct backends *backends = context;
    struct store *store = NULL;
    enum fault f = store_local_open(directory, backends->journal, &store);
    if (f)
        return f;
    /* Counting takes some calls at each change: without a database there is no quota. */
    if (backends->database)
        watch_store(store, ledger_watch(backends->desk->ledger));
    *ret_store = store;
    return FAULT_NONE;
}

struct backends *backends_new(void)
{
    struct backends *backends = memory_new(sizeof(*backends));
    if (backends)
        *backends = (struct backends){.opener = opener_self, .began_as_root = geteuid() == 0};
    return backends;
}

static enum fault start_monitor(struct backends *backends, const struct config *config)
{
    struct monitor_settings settings = {
        .service = config->system_users ? config->pam_service : "",
        .root = config->system_root,
        .first_user = config->system_users_from,
        .any_shell = config->system_users_any_shell,
        .ports = {config->port, config->implicit_port},
    };
    root_files_put(backends->files, &settings);
    enum fault f = monitor_start(&settings, &backends->monitor);
    if (f)
        return f;
    backends->opener = root_files_opener(backends->files, backends->monitor);
    if (config->system_users)
        backends->system_users = system_users_of(backends->monitor);
    return FAULT_NONE;
}

bool backends_start_monitor(struct backends *backends, const struct config *config,
                            const struct privileges_user *user, char message[CONFIG_MESSAGE_SIZE])
{
    enum fault f = root_files_new(config, user, &backends->files);
    if (!f && (config->system_users || root_files_has_any(backends->files)))
        f = start_monitor(backends, config);
    return !f || config_complain(message, "the monitor cannot be started: %s", fault_text(f));
}

const struct opener *backends_opener(const struct backends *backends)
{
    return &backends->opener;
}

struct monitor *backends_monitor(const struct backends *backends)
{
    return backends->monitor;
}

bool backends_open_desk(struct backends *backends, const char *database,
                        char message[CONFIG_MESSAGE_SIZE])
{
    char reason[DATABASE_MESSAGE_SIZE];
    if (database && (!database_open(database, &backends->database, reason) ||
                     !database_claim(backends->database, database, reason)))
        return config_complain(message, "database: %s", reason);
    struct records *records = database ? database_records(backends->database) : NULL;
    const struct tree_opener opener = {open_store, store_local_is_current, backends};
    enum fault f = desk_new(records, &opener, &backends->desk);
    return !f || config_complain(message, "database: %s", fault_text(f));
}

struct database *backends_database(struct backends *backends)
{
    return backends->database;
}

void backends_poll(struct backends *backends)
{
    if (backends->database)
        database_poll(backends->database);
}

struct desk *backends_desk(struct backends *backends)
{
    return backends->desk;
}

bool backends_put_state(const struct backends *backends, const char *state, struct builder *b)
{
    if (!state)
        return state_put_default(b, backends->began_as_root);
    builder_put_string(b, state);
    return !b->full;
}

void backends_make_state(const struct backends *backends, const char *state, uid_t uid, gid_t gid)
{
    char path[PATH_SIZE];
    struct builder b = builder_on(path, sizeof(path));
    if (!backends_put_state(backends, state, &b) || access(builder_end(&b), F_OK) == 0)
        return;
    if (journal_make_directory(path) || chown(path, uid, gid))
        log_debug("no-state-directory", LOG_TEXT("directory", text_of(path)));
}

bool backends_open_state(struct backends *backends, const char *state,
                         char message[CONFIG_MESSAGE_SIZE])
{
    char path[PATH_SIZE];
    struct builder b = builder_on(path, sizeof(path));
    if (!backends_put_state(backends, state, &b))
        return config_complain(message, "no state directory: HOME says no place for one");
    enum fault f = journal_open(builder_end(&b), &backends->journal);
    return !f || config_complain(message, "state directory %s: %s", path, fault_text(f));
}

void backends_free(struct backends *backends)
{
    if (!backends)
        return;
    desk_free(backends->desk);
    database_close(backends->database);
    journal_close(backends->journal);
    monitor_free(backends->monitor);
    root_files_free(backends->files);
    memory_free(backends);
}

/* ---- Trees ---------------------------------------------------------------------------- */

/* Opens a root, and keeps it open as long as the settings name it. */
static bool keep_root(struct realm_set *set, const char *what, const char *directory,
                      struct tree **ret_tree, char message[CONFIG_MESSAGE_SIZE])
{
    struct tree *tree = NULL;
    enum fault f = trees_take(set->backends->desk->trees, directory, &tree);
    if (f == FAULT_DENIED && sandbox_hides(directory))
        return config_complain(message, "%s: %s: %s", what, directory, SANDBOX_HIDDEN);
    if (f)
        return config_complain(message, "%s: %s: %s", what, directory, fault_text(f));
    struct tree **place = config_grow((void **)&set->kept, &set->kept_count, sizeof(struct tree *));
    if (!place) {
        tree_unref(tree);
        return config_complain(message, "out of memory");
    }
    *place = tree;
    if (ret_tree)
        *ret_tree = tree_ref(tree);
    return true;
}

/* ---- Realms ------------------------------------------------------------------------------ */

/* From here on nobody needs the password itself. */
static bool hash_password(struct config_user *user, char message[CONFIG_MESSAGE_SIZE])
{
    char *hash = NULL;
    enum fault f = password_hash(text_of(user->password), &hash);
    if (f)
        return config_complain(message, "user \"%s\": its password cannot be hashed: %s",
                               user->name, fault_text(f));
    memory_free_secret(user->password, strlen(user->password));
    user->password = hash;
    user->is_clear = false;
    return true;
}

static bool add_account(struct account_store *accounts, struct config_user *user,
                        char message[CONFIG_MESSAGE_SIZE])
{
    if (user->is_clear) {
        if (!hash_password(user, message))
            return false;
    } else if (!password_hash_is_usable(user->password)) {
        return config_complain(message,
                               "user \"%s\": password is no hash that crypt(5) knows; "
                               "ferryctl password hash makes one",
                               user->name);
    }
    const struct account account = {
        .name = user->name,
        .password = user->password,
        .root = user->root,
        .charge = user->account,
        .terms = {.values = {[TERM_READ_ONLY] = {user->read_only, user->read_only}}},
    };
    enum fault f = account_embedded_add(accounts, &account);
    if (f == FAULT_EXISTS)
        return config_complain(message, "user \"%s\": given twice", user->name);
    return !f || config_complain(message, "out of memory");
}

static bool build_users(struct realm_set *set, struct realm *realm, const struct config_host *host,
                        char message[CONFIG_MESSAGE_SIZE])
{
    realm->accounts = account_embedded_new();
    if (!realm->accounts)
        return config_complain(message, "out of memory");
    for (size_t i = 0; i < host->user_count; i++) {
        struct config_user *user = &host->users[i];
        if (user->root && !keep_root(set, user->name, user->root, NULL, message))
            return false;
        if (!add_account(realm->accounts, user, message))
            return false;
    }
    return true;
}

static enum fault open_folder(struct realm_set *set, const struct config_folder *folder,
                              struct tree **ret_tree)
{
    struct store *store;
    enum fault f = open_store(set->backends, folder->path, &store);
    if (f)
        return f;
    *ret_tree = tree_new(folder->name, store);
    if (*ret_tree)
        return FAULT_NONE;
    store->type->free(store);
    return FAULT_NO_MEMORY;
}

static bool build_folders(struct realm_set *set, struct realm *realm,
                          const struct config_host *host, char message[CONFIG_MESSAGE_SIZE])
{
    if (!host->folder_count)
        return true;
    realm->folders = memory_new_array(host->folder_count, sizeof(struct tree *));
    if (!realm->folders)
        return config_complain(message, "out of memory");
    for (size_t i = 0; i < host->folder_count; i++) {
        const struct config_folder *folder = &host->folders[i];
        enum fault f = open_folder(set, folder, &realm->folders[i]);
        if (f == FAULT_DENIED && sandbox_hides(folder->path))
            return config_complain(message, "folder \"%s\": %s: %s", folder->name, folder->path,
                                   SANDBOX_HIDDEN);
        if (f)
            return config_complain(message, "folder \"%s\": %s: %s", folder->name, folder->path,
                                   fault_text(f));
        realm->folder_count++;
    }
    return true;
}

/* A directory for uploads is a drop box: what is in it nobody sees. */
static bool open_drop_box(struct terms *terms, const char *path)
{
    enum { RULE_SIZE = 64 };
    static const struct text rules[] = {TEXT("allow write "), TEXT("deny read-all ")};
    char unused[TERMS_MESSAGE_SIZE];
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        char bytes[TERM_TEXT_MAX];
        struct builder b = builder_on(bytes, sizeof(bytes));
        builder_put(&b, rules[i]);
        pattern_put_literal(&b, text_of(path));
        builder_put(&b, TEXT("/**"));
        if (b.full || !terms_set(terms, TERM_RULES, builder_text(&b), unused))
            return false;
    }
    return true;
}

static bool lay_down_anonymous(struct terms *terms, const struct config *config)
{
    for (size_t i = 0; i < config->anonymous_uploads.count; i++)
        if (!open_drop_box(terms, config->anonymous_uploads.items[i]))
            return false;
    for (size_t i = 0; i < config->anonymous_terms.count; i++)
        if (!config_set_term(terms, text_of(config->anonymous_terms.items[i])))
            return false;
    return true;
}

/* The sense of texts is the policy's to judge, at the start and not at the first login. */
static bool check_anonymous(const struct account *account, const struct config *config,
                            char message[CONFIG_MESSAGE_SIZE])
{
    bool has_quota = terms_has(&account->terms, TERM_QUOTA_BYTES) ||
                     terms_has(&account->terms, TERM_QUOTA_FILES);
    if (has_quota && !config->database)
        return config_complain(message, "anonymous-terms: a quota needs a database");
    char reason[TERMS_MESSAGE_SIZE];
    struct policy *policy = NULL;
    const struct policy_source source = {POLICY_ANONYMOUS, account->name, &account->terms};
    enum fault f = policy_new(&source, 1, &policy, reason);
    policy_free(policy);
    return !f || config_complain(message, "anonymous-terms: %s",
                                 f == FAULT_ARGUMENT ? reason : fault_text(f));
}

static bool build_anonymous(struct realm_set *set, struct realm *realm, const struct config *config,
                            const struct config_host *host, char message[CONFIG_MESSAGE_SIZE])
{
    struct text wish = text_of(host->anonymous);
    if (!wish.len || text_equal(wish, TEXT("off")))
        return true;
    const char *directory = text_equal(wish, TEXT("on")) ? host->root : host->anonymous;
    if (!directory)
        return config_complain(message, "anonymous: there is no root; give it a directory");
    const struct account account = {.name = (char *)"anonymous", .root = (char *)directory};
    realm->anonymous = account_copy(&account);
    if (!realm->anonymous || !lay_down_anonymous(&realm->anonymous->terms, config))
        return config_complain(message, "out of memory");
    return check_anonymous(realm->anonymous, config, message) &&
           keep_root(set, "anonymous", directory, NULL, message);
}

static bool build_root(struct realm_set *set, struct realm *realm, const char *root,
                       char message[CONFIG_MESSAGE_SIZE])
{
    if (!root)
        return true; /* each account of the database has its own */
    return keep_root(set, "root", root, &realm->home, message) &&
           (config_copy_string(&realm->root, text_of(root)) ||
            config_complain(message, "out of memory"));
}

static bool build_realm(struct realm_set *set, const struct config *config,
                        const struct config_host *host, char message[CONFIG_MESSAGE_SIZE])
{
    static atomic_uint_fast64_t serial;
    struct realm *realm = &set->realms[set->count++];
    struct database *database = set->backends->database;
    realm->serial = ++serial;
    realm->host = host->name;
    realm->desk = set->backends->desk;
    realm->database = database ? database_accounts(database) : NULL;
    realm->upload = (struct upload_manner){config->uploads_direct, config->durability_sync};
    realm->server_limits = limits_of_server(config);
    realm->host_limits = limits_of_host(config);
    realm->server_limits.version = realm->serial;
    realm->host_limits.version = realm->serial;
    realm->system_users = set->backends->system_users.log_in ? &set->backends->system_users : NULL;
    return build_root(set, realm, host->root, message) &&
           build_anonymous(set, realm, config, host, message) &&
           build_users(set, realm, host, message) && build_folders(set, realm, host, message);
}

bool backends_build_realms(struct backends *backends, struct config *config,
                           char message[CONFIG_MESSAGE_SIZE])
{
    struct realm_set *set = memory_new(sizeof(*set));
    if (!set)
        return config_complain(message, "out of memory");
    config->realms = set;
    set->backends = backends;
    set->realms = memory_new_array(config->host_count, sizeof(struct realm));
    if (!set->realms)
        return config_complain(message, "out of memory");
    for (size_t i = 0; i < config->host_count; i++)
        if (!build_realm(set, config, &config->hosts[i], message))
            return false;
    return true;
}

static void free_realm(struct realm *realm)
{
    if (realm->desk)
        standings_forget(realm->desk->standings, realm);
    if (realm->accounts)
        realm->accounts->type->free(realm->accounts);
    for (size_t i = 0; i < realm->folder_count; i++)
        tree_unref(realm->folders[i]);
    memory_free(realm->folders);
    account_free(realm->anonymous);
    memory_free(realm->root);
    tree_unref(realm->home);
}

void backends_free_realms(struct config *config)
{
    struct realm_set *set = config->realms;
    if (!set)
        return;
    for (size_t i = 0; i < set->count; i++)
        free_realm(&set->realms[i]);
    memory_free(set->realms);
    for (size_t i = 0; i < set->kept_count; i++)
        tree_unref(set->kept[i]);
    memory_free(set->kept);
    memory_free(set);
    config->realms = NULL;
}

const struct realm *backends_realm(const struct config *config, size_t host)
{
    return &config->realms->realms[host];
}

/* ---- All roots there are ---------------------------------------------------------------- */

struct roots {
    struct account_store *accounts; /* borrowed: the database's */
    void (*on_root)(void *context, const char *directory);
    void *context; /* borrowed: the caller's */
    enum fault fault;
};

static void tell_root(const struct roots *roots, const char *directory)
{
    if (directory)
        roots->on_root(roots->context, directory);
}

/* A record that makes no sense lets nobody in: it has no root. */
static bool on_user(void *context, struct text name)
{
    struct roots *roots = context;
    struct account *account = NULL;
    enum fault f = roots->accounts->type->find(roots->accounts, name, &account);
    if (!f)
        tell_root(roots, account->root);
    account_free(account);
    roots->fault = f == FAULT_ARGUMENT ? FAULT_NONE : f;
    return !roots->fault;
}

static bool on_folder(void *context, struct text name)
{
    struct roots *roots = context;
    struct account_folder *folder = NULL;
    enum fault f = roots->accounts->type->find_folder(roots->accounts, name, &folder);
    if (!f)
        tell_root(roots, folder->path);
    account_folder_free(folder);
    roots->fault = f == FAULT_ARGUMENT ? FAULT_NONE : f;
    return !roots->fault;
}

static void tell_roots_of_host(const struct roots *roots, const struct config_host *host)
{
    tell_root(roots, host->root);
    if (host->anonymous && host->anonymous[0] == '/')
        tell_root(roots, host->anonymous);
    for (size_t i = 0; i < host->user_count; i++)
        tell_root(roots, host->users[i].root);
    for (size_t i = 0; i < host->folder_count; i++)
        tell_root(roots, host->folders[i].path);
}

enum fault backends_each_root(struct backends *backends, const struct config *config,
                              void (*on_root)(void *context, const char *directory), void *context)
{
    struct database *database = backends->database;
    struct roots roots = {.on_root = on_root, .context = context};
    for (size_t i = 0; i < config->host_count; i++)
        tell_roots_of_host(&roots, &config->hosts[i]);
    if (!database)
        return FAULT_NONE;
    roots.accounts = database_accounts(database);
    enum fault f = database_each(database, DATABASE_USERS, on_user, &roots);
    if (!f && !roots.fault)
        f = database_each(database, DATABASE_FOLDERS, on_folder, &roots);
    return f ? f : roots.fault;
}
