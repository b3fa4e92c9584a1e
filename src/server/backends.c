/* SPDX-License-Identifier: Apache-2.0 */
#include "server/backends.h"

#include <stdlib.h>
#include <unistd.h>

#include "account/account_embedded.h"
#include "account/password.h"
#include "base/log.h"
#include "base/memory.h"
#include "gate/login.h"
#include "store/store_local.h"

enum { PATH_SIZE = 4096 };

struct backends {
    struct journal *journal; /* owned; NULL: none */
};

/* A directory that was opened, so that everybody who has it as root shares one tree. */
struct opened {
    char *directory;   /* owned */
    struct tree *tree; /* owned reference */
};

struct realm_set {
    struct backends *backends; /* borrowed: the process's */
    struct realm *realms;      /* owned array */
    size_t count;
    struct opened *opened; /* owned array; complete before the first login, then only read */
    size_t opened_count;
};

/* ---- The state directory ----------------------------------------------------------- */

static bool put_default_state(struct builder *b)
{
    const char *home = getenv("HOME");
    const char *state = getenv("XDG_STATE_HOME");
    if (geteuid() == 0) {
        builder_put_string(b, "/var/lib/ferry");
    } else if (state && state[0] == '/') {
        builder_put_string(b, state);
        builder_put_string(b, "/ferry");
    } else if (home && home[0] == '/') {
        builder_put_string(b, home);
        builder_put_string(b, "/.local/state/ferry");
    } else {
        return false;
    }
    builder_end(b);
    return !b->full;
}

struct backends *backends_new(void)
{
    return memory_new(sizeof(struct backends));
}

bool backends_open_state(struct backends *backends, const char *state,
                         char message[CONFIG_MESSAGE_SIZE])
{
    char path[PATH_SIZE];
    struct builder b = builder_on(path, sizeof(path));
    /* systemd's StateDirectory= says it in the environment. */
    if (!state)
        state = getenv("STATE_DIRECTORY");
    if (!state && put_default_state(&b))
        state = path;
    if (!state)
        return config_complain(message, "no state directory: HOME says no place for one");
    enum fault f = journal_open(state, &backends->journal);
    return !f || config_complain(message, "state directory %s: %s", state, fault_text(f));
}

void backends_free(struct backends *backends)
{
    if (!backends)
        return;
    journal_close(backends->journal);
    memory_free(backends);
}

/* ---- Trees ---------------------------------------------------------------------------- */

static struct tree *find_opened(const struct realm_set *set, const char *directory)
{
    for (size_t i = 0; i < set->opened_count; i++)
        if (text_equal(text_of(set->opened[i].directory), text_of(directory)))
            return set->opened[i].tree;
    return NULL;
}

/* A realm's open_tree: every directory of the configuration is open by the time of a login. */
static enum fault take_tree(void *context, const char *directory, struct tree **ret_tree)
{
    struct tree *tree = find_opened(context, directory);
    if (!tree)
        return FAULT_NOT_FOUND;
    *ret_tree = tree_ref(tree);
    return FAULT_NONE;
}

static enum fault open_new_tree(struct realm_set *set, const char *name, const char *directory,
                                struct tree **ret_tree)
{
    struct store *store;
    enum fault f = store_local_open(directory, set->backends->journal, &store);
    if (f)
        return f;
    *ret_tree = tree_new(name, store);
    if (*ret_tree)
        return FAULT_NONE;
    store->type->free(store);
    return FAULT_NO_MEMORY;
}

/* Opens a root, or takes the one that is open already. */
static bool open_root(struct realm_set *set, const char *what, const char *directory,
                      struct tree **ret_tree, char message[CONFIG_MESSAGE_SIZE])
{
    struct tree *tree = find_opened(set, directory);
    if (!tree) {
        enum fault f = open_new_tree(set, "", directory, &tree);
        if (f)
            return config_complain(message, "%s: %s: %s", what, directory, fault_text(f));
        struct opened *opened = config_grow((void **)&set->opened, &set->opened_count,
                                            sizeof(*opened));
        if (!opened || !config_copy_string(&opened->directory, text_of(directory))) {
            if (opened)
                set->opened_count--;
            tree_unref(tree);
            return config_complain(message, "out of memory");
        }
        opened->tree = tree;
    }
    if (ret_tree)
        *ret_tree = tree_ref(tree);
    return true;
}

/* ---- Realms ------------------------------------------------------------------------------ */

static bool add_account(struct account_store *accounts, const struct config_user *user,
                        char message[CONFIG_MESSAGE_SIZE])
{
    char *hash = NULL;
    if (user->is_clear) {
        enum fault f = password_hash(text_of(user->password), &hash);
        if (f)
            return config_complain(message, "user \"%s\": its password cannot be hashed: %s",
                                   user->name, fault_text(f));
    } else if (!password_hash_is_usable(user->password)) {
        return config_complain(message,
                               "user \"%s\": password is no hash that crypt(5) knows; "
                               "ferryctl password hash makes one",
                               user->name);
    }
    const struct account account = {
        .name = user->name,
        .password = hash ? hash : user->password,
        .root = user->root,
        .charge = user->account,
        .read_only = user->read_only,
    };
    enum fault f = account_embedded_add(accounts, &account);
    memory_free_secret(hash, hash ? strlen(hash) : 0);
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
        const struct config_user *user = &host->users[i];
        if (user->root && !open_root(set, user->name, user->root, NULL, message))
            return false;
        if (!add_account(realm->accounts, user, message))
            return false;
    }
    return true;
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
        enum fault f = open_new_tree(set, folder->name, folder->path, &realm->folders[i]);
        if (f)
            return config_complain(message, "folder \"%s\": %s: %s", folder->name, folder->path,
                                   fault_text(f));
        realm->folder_count++;
    }
    return true;
}

static bool build_anonymous(struct realm_set *set, struct realm *realm,
                            const struct config_host *host, char message[CONFIG_MESSAGE_SIZE])
{
    struct text wish = text_of(host->anonymous);
    if (!wish.len || text_equal(wish, TEXT("off")))
        return true;
    const char *directory = text_equal(wish, TEXT("on")) ? host->root : host->anonymous;
    return open_root(set, "anonymous", directory, &realm->anonymous, message);
}

static bool build_realm(struct realm_set *set, const struct config *config,
                        const struct config_host *host, char message[CONFIG_MESSAGE_SIZE])
{
    struct realm *realm = &set->realms[set->count++];
    realm->host = host->name;
    realm->upload = (struct upload_manner){config->uploads_direct, config->durability_sync};
    realm->open_tree = take_tree;
    realm->context = set;
    return open_root(set, "root", host->root, &realm->home, message) &&
           build_anonymous(set, realm, host, message) && build_users(set, realm, host, message) &&
           build_folders(set, realm, host, message);
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
    if (realm->accounts)
        realm->accounts->type->free(realm->accounts);
    for (size_t i = 0; i < realm->folder_count; i++)
        tree_unref(realm->folders[i]);
    memory_free(realm->folders);
    tree_unref(realm->anonymous);
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
    for (size_t i = 0; i < set->opened_count; i++) {
        tree_unref(set->opened[i].tree);
        memory_free(set->opened[i].directory);
    }
    memory_free(set->opened);
    memory_free(set);
    config->realms = NULL;
}

const struct realm *backends_realm(const struct config *config, size_t host)
{
    return &config->realms->realms[host];
}
