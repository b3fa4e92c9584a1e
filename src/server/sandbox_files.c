/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sandbox_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "confine/landlock.h"
#include "server/sandbox.h"

/* What libraries read while they serve us: code pages, time zones, names of hosts. */
static const char *const of_the_system[] = {
    "/usr/lib",
    "/usr/lib64",
    "/lib",
    "/lib64",
    "/usr/share/zoneinfo",
    "/usr/share/locale",
    "/etc/gai.conf",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/protocols",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/ssl/openssl.cnf",
    "/dev/urandom",
    "/sys/devices/system/cpu",
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    /* To say where in the program something happened. */
    "/proc/self",
    "/proc/self/exe",
#endif
};

void sandbox_put_directory(const char *path, struct builder *b)
{
    struct text name = text_of(path);
    size_t slash = text_find_last(name, '/');
    if (slash == name.len)
        builder_put_byte(b, '.');
    else
        builder_put(b, (struct text){path, slash ? slash : 1});
}

/* ---- Rules ------------------------------------------------------------------------------- */

struct rules {
    struct landlock landlock;
    enum fault fault; /* of the first that could not be made */
};

/* What is not there cannot be opened, and is said by who wants to. */
static void allow(struct rules *rules, const char *path, enum landlock_way way)
{
    enum fault f = path && *path ? landlock_allow(&rules->landlock, path, way) : FAULT_NONE;
    if (f && f != FAULT_NOT_FOUND && f != FAULT_DENIED && !rules->fault)
        rules->fault = f;
}

/* A file, and what takes its place when it is replaced or rotated. */
static void allow_around(struct rules *rules, const char *path, enum landlock_way way)
{
    char bytes[SANDBOX_PATH_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (!path)
        return;
    sandbox_put_directory(path, &b);
    allow(rules, builder_end(&b), way);
}

/* Likewise where a link leads: certificates are often reached by one. */
static void allow_reading(struct rules *rules, const char *path)
{
    char real[PATH_MAX];
    allow_around(rules, path, LANDLOCK_READ);
    if (path && realpath(path, real))
        allow_around(rules, real, LANDLOCK_READ);
}

static void allow_list(struct rules *rules, const struct config_list *files)
{
    for (size_t i = 0; i < files->count; i++)
        allow_reading(rules, files->items[i]);
}

static void on_root(void *context, const char *directory)
{
    allow(context, directory, LANDLOCK_CHANGE);
}

static void allow_settings(struct rules *rules, const struct backends *backends,
                           const struct config *config)
{
    char bytes[SANDBOX_PATH_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (backends_put_state(backends, config->state, &b))
        allow(rules, builder_end(&b), LANDLOCK_SOCKETS);
    allow_around(rules, config->socket, LANDLOCK_SOCKETS);
    allow_around(rules, config->database, LANDLOCK_CHANGE);
    allow_around(rules, config->audit, LANDLOCK_CHANGE);
    allow_around(rules, config->xferlog, LANDLOCK_CHANGE);
    allow_reading(rules, config->file);
    allow_reading(rules, config->tls_files.client_ca);
    allow_reading(rules, config->tls_files.client_crl);
    allow_list(rules, &config->tls_files.certificates);
    allow_list(rules, &config->tls_files.keys);
}

/* With a database anybody's root may be anywhere tomorrow, unless the settings say where. */
static bool knows_roots(const struct config *config)
{
    return !config->database || config->user_roots.count;
}

static enum fault allow_roots(struct rules *rules, struct backends *backends,
                              const struct config *config)
{
    if (!knows_roots(config)) {
        allow(rules, "/", LANDLOCK_CHANGE);
        return FAULT_NONE;
    }
    for (size_t i = 0; i < config->user_roots.count; i++)
        allow(rules, config->user_roots.items[i], LANDLOCK_CHANGE);
    return backends_each_root(backends, config, on_root, rules);
}

/* ---- Enforcing ----------------------------------------------------------------------------- */

static enum fault limit(struct rules *rules, struct backends *backends, const struct config *config)
{
    for (size_t i = 0; i < sizeof(of_the_system) / sizeof(of_the_system[0]); i++)
        allow(rules, of_the_system[i], LANDLOCK_READ);
    allow(rules, "/dev/null", LANDLOCK_WRITE);
    allow_settings(rules, backends, config);
    enum fault f = allow_roots(rules, backends, config);
    if (!f)
        f = rules->fault;
    return f ? f : landlock_enforce(&rules->landlock);
}

/* systemd(1) may listen at a socket without a file. */
static bool is_told_without_file(void)
{
    const char *notify = getenv("NOTIFY_SOCKET");
    return notify && *notify == '@';
}

bool sandbox_limit_files(struct confinement *confinement, struct backends *backends,
                         const struct config *config, char message[CONFIG_MESSAGE_SIZE])
{
    struct rules rules = {.fault = FAULT_NONE};
    enum fault f = landlock_begin(is_told_without_file(), &rules.landlock);
    if (f == FAULT_UNSUPPORTED)
        return true;
    if (!f)
        f = limit(&rules, backends, config);
    landlock_end(&rules.landlock);
    if (f)
        return config_complain(message, "sandbox: landlock: %s", fault_text(f));
    confinement->landlock_abi = rules.landlock.abi;
    confinement->landlock_partial = !knows_roots(config);
    return true;
}

bool sandbox_hides(const char *directory)
{
    if (faccessat(AT_FDCWD, directory, R_OK | X_OK, AT_EACCESS))
        return false;
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES;
    close(fd);
    return false;
}
