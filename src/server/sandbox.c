/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confine/filter.h"
#include "server/sandbox_files.h"

/* ---- Who --------------------------------------------------------------------------- */

/* Of a database that is not there yet, its directory's. */
static bool find_owner(const char *path, struct privileges_user *ret_user,
                       char message[CONFIG_MESSAGE_SIZE])
{
    char bytes[SANDBOX_PATH_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct stat info;
    sandbox_put_directory(path, &b);
    if (stat(path, &info) && (errno != ENOENT || stat(builder_end(&b), &info)))
        return config_complain(message, "run-as: %s, whose owner the server would be: %s", path,
                               strerrordesc_np(errno));
    enum fault f = privileges_find_number(info.st_uid, info.st_gid, ret_user);
    return !f || config_complain(message, "run-as: the owner of %s: %s", path, fault_text(f));
}

static bool find_named(const char *name, struct privileges_user *ret_user,
                       char message[CONFIG_MESSAGE_SIZE])
{
    enum fault f = privileges_find(name, ret_user);
    if (f == FAULT_NOT_FOUND)
        return config_complain(message, "run-as: \"%s\" is no user of this system", name);
    return !f || config_complain(message, "run-as: \"%s\": %s", name, fault_text(f));
}

static bool find_for_root(const struct config *config, struct privileges_user *ret_user,
                          char message[CONFIG_MESSAGE_SIZE])
{
    if (config->run_as)
        return find_named(config->run_as, ret_user, message);
    if (privileges_find("ferry", ret_user) == FAULT_NONE)
        return true;
    const char *root = config->hosts[0].root;
    return find_owner(root ? root : config->database, ret_user, message);
}

/* Whoever is not root stays who they are. */
static bool find_ourselves(const struct config *config, struct privileges_user *ret_user,
                           char message[CONFIG_MESSAGE_SIZE])
{
    struct privileges_user wanted = {.uid = geteuid()};
    if (config->system_users)
        return config_complain(message, "system-users: ferryd must be started as root for it");
    if (config->run_as && !find_named(config->run_as, &wanted, message))
        return false;
    if (wanted.uid != geteuid())
        return config_complain(message, "run-as: only root can become \"%s\"", config->run_as);
    enum fault f = privileges_find_number(geteuid(), getegid(), ret_user);
    return !f || config_complain(message, "run-as: %s", fault_text(f));
}

bool sandbox_find_user(const struct config *config, struct sandbox *ret_sandbox,
                       char message[CONFIG_MESSAGE_SIZE])
{
    struct privileges_user *user = &ret_sandbox->user;
    if (geteuid() != 0)
        return find_ourselves(config, user, message);
    if (!find_for_root(config, user, message))
        return false;
    /* All that takes root the monitor does. */
    return user->uid || !config->system_users ||
           config_complain(message, "run-as: with system-users the server cannot be root");
}

/* ---- What they need ------------------------------------------------------------------ */

/* What a user has to be able to do with what a setting names. */
struct need {
    const char *setting; /* borrowed: static text */
    const char *path;    /* borrowed: the configuration's; NULL: nothing is needed */
    int access;          /* R_OK and the like */
    bool is_made;        /* when it is not there; then its directory is needed */
};

static bool complain_of_need(const char *user, const char *setting, const char *path,
                             char message[CONFIG_MESSAGE_SIZE])
{
    return config_complain(message,
                           "%s: %s: permission denied to the user \"%s\", who serves files "
                           "(run-as; or chown %s %s)",
                           setting, path, user, user, path);
}

/* What else is wrong with it, is said by who opens it. */
static bool is_denied(const char *path, int access)
{
    return faccessat(AT_FDCWD, path, access, AT_EACCESS) != 0 && errno == EACCES;
}

static bool check_need(const struct need *need, const char *user, char message[CONFIG_MESSAGE_SIZE])
{
    char bytes[SANDBOX_PATH_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (!need->path)
        return true;
    if (is_denied(need->path, need->access))
        return complain_of_need(user, need->setting, need->path, message);
    if (!need->is_made || access(need->path, F_OK) == 0)
        return true;
    sandbox_put_directory(need->path, &b);
    return !is_denied(builder_end(&b), W_OK | X_OK) ||
           complain_of_need(user, need->setting, bytes, message);
}

static bool check_needs(const struct sandbox *sandbox, const struct config *config,
                        char message[CONFIG_MESSAGE_SIZE])
{
    const struct need needs[] = {
        {"state", config->state, R_OK | W_OK | X_OK, true},
        {"database", config->database, R_OK | W_OK, true},
        {"audit", config->audit, R_OK | W_OK, true},
        {"xferlog", config->xferlog, W_OK, true},
    };
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
        if (!check_need(&needs[i], sandbox->user.name, message))
            return false;
    for (size_t i = 0; i < config->host_count; i++) {
        const struct need root = {"root", config->hosts[i].root, R_OK | X_OK, false};
        if (!check_need(&root, sandbox->user.name, message))
            return false;
    }
    return true;
}

/* ---- Becoming them ---------------------------------------------------------------------- */

static bool is_low(uint64_t port)
{
    return port && port < IPPORT_RESERVED;
}

bool sandbox_become(const struct sandbox *sandbox, struct backends *backends,
                    const struct config *config, char message[CONFIG_MESSAGE_SIZE])
{
    const struct privileges_user *user = &sandbox->user;
    /* The monitor binds in our place. */
    bool binds = !backends_monitor(backends) &&
                 (is_low(config->port) || is_low(config->implicit_port));
    if (geteuid() == 0)
        backends_make_state(backends, config->state, user->uid, user->gid);
    if (!confinement_forbid_core_dumps() ||
        privileges_become(user, binds ? PRIVILEGE(CAP_NET_BIND_SERVICE) : 0))
        return config_complain(message, "run-as: \"%s\" cannot be become", user->name);
    return check_needs(sandbox, config, message);
}

/* ---- Closing ------------------------------------------------------------------------------ */

bool sandbox_close(struct sandbox *sandbox, struct backends *backends, const struct config *config,
                   char message[CONFIG_MESSAGE_SIZE])
{
    struct confinement *confinement = &sandbox->confinement;
    struct builder name = builder_on(confinement->user, sizeof(confinement->user));
    if (!sandbox_limit_files(confinement, backends, config, message))
        return false;
    enum fault f = filter_enforce(FILTER_LIVE | FILTER_FILES | FILTER_CHANNELS | FILTER_NETWORK);
    if (f && f != FAULT_UNSUPPORTED)
        return config_complain(message, "sandbox: seccomp: %s", fault_text(f));
    builder_put_string(&name, sandbox->user.name);
    builder_end(&name);
    confinement_observe(confinement);
    return true;
}
