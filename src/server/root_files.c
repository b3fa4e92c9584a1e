/* SPDX-License-Identifier: Apache-2.0 */
#include "server/root_files.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"

enum { PATH_SIZE = 4096 };

struct root_file {
    char *name; /* owned: as the settings have it */
    char *path; /* owned: absolute */
};

struct root_files {
    struct monitor *monitor; /* borrowed: root_files_opener's; NULL: not started */
    struct root_file files[MONITOR_FILES_MAX];
    size_t count;
};

/* ---- Collecting -------------------------------------------------------------------- */

static enum fault make_absolute(const char *name, char **ret_path)
{
    char path[PATH_SIZE];
    struct builder b = builder_on(path, sizeof(path));
    if (name[0] != '/') {
        if (!getcwd(path, sizeof(path)))
            return fault_from_errno(errno);
        b.len = strlen(path);
        builder_put_byte(&b, '/');
    }
    builder_put_string(&b, name);
    if (b.full)
        return FAULT_NAME_INVALID;
    *ret_path = memory_copy(b.at, b.len);
    return *ret_path ? FAULT_NONE : FAULT_NO_MEMORY;
}

static enum fault add(struct root_files *files, const char *name)
{
    if (files->count == MONITOR_FILES_MAX)
        return FAULT_TOO_MANY;
    struct root_file *file = &files->files[files->count++];
    file->name = memory_copy(name, strlen(name));
    return file->name ? make_absolute(name, &file->path) : FAULT_NO_MEMORY;
}

static enum fault add_list(struct root_files *files, const struct config_list *list)
{
    enum fault f = FAULT_NONE;
    for (size_t i = 0; i < list->count && !f; i++)
        f = add(files, list->items[i]);
    return f;
}

static enum fault collect(struct root_files *files, const struct config *config)
{
    const struct config_tls *tls = &config->tls_files;
    const char *const single[] = {config->file, tls->client_ca, tls->client_crl};
    enum fault f = add_list(files, &tls->certificates);
    if (!f)
        f = add_list(files, &tls->keys);
    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]) && !f; i++)
        if (single[i])
            f = add(files, single[i]);
    return f;
}

/* ---- Whether they are needed --------------------------------------------------------- */

static void forget(struct root_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        memory_free(files->files[i].name);
        memory_free(files->files[i].path);
    }
    files->count = 0;
}

/* What is wrong with a file besides is for those to tell who read it. */
static bool is_refused(const char *path)
{
    const char *reason;
    int fd = opener_self.open(opener_self.context, path, &reason);
    if (fd < 0)
        return errno == EACCES;
    close(fd);
    return false;
}

/* In a process of its own, which is that user: only the kernel knows all that forbids it. */
static _Noreturn void try_to_read(const struct root_files *files,
                                  const struct privileges_user *user)
{
    int status = privileges_become(user, 0) ? EXIT_FAILURE : EXIT_SUCCESS;
    for (size_t i = 0; i < files->count; i++)
        if (is_refused(files->files[i].path))
            status = EXIT_FAILURE;
    _exit(status);
}

static bool can_read_all(const struct root_files *files, const struct privileges_user *user)
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        try_to_read(files, user);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

enum fault root_files_new(const struct config *config, const struct privileges_user *user,
                          struct root_files **ret_files)
{
    struct root_files *files = memory_new(sizeof(*files));
    if (!files)
        return FAULT_NO_MEMORY;
    enum fault f = collect(files, config);
    if (f) {
        root_files_free(files);
        return f;
    }
    if (can_read_all(files, user))
        forget(files);
    *ret_files = files;
    return FAULT_NONE;
}

void root_files_free(struct root_files *files)
{
    if (files)
        forget(files);
    memory_free(files);
}

bool root_files_has_any(const struct root_files *files)
{
    return files->count > 0;
}

void root_files_put(const struct root_files *files, struct monitor_settings *settings)
{
    for (size_t i = 0; i < files->count; i++)
        settings->files[i] = files->files[i].path;
    settings->file_count = files->count;
}

/* ---- Opening ------------------------------------------------------------------------- */

static int open_by_monitor(const struct root_files *files, size_t file, const char **ret_reason)
{
    int fd = -1;
    enum fault f = monitor_open_file(files->monitor, file, &fd);
    if (f)
        *ret_reason = f == FAULT_DENIED ? "somebody else than root could put another file there"
                                        : fault_text(f);
    return fd;
}

static int open_file(void *context, const char *path, const char **ret_reason)
{
    const struct root_files *files = context;
    int fd = opener_self.open(opener_self.context, path, ret_reason);
    if (fd >= 0 || errno != EACCES || !files->monitor)
        return fd;
    for (size_t i = 0; i < files->count; i++)
        if (text_equal(text_of(files->files[i].name), text_of(path)))
            return open_by_monitor(files, i, ret_reason);
    *ret_reason = "only root may read it, and it is new in the settings: ferryd needs a restart";
    return -1;
}

struct opener root_files_opener(struct root_files *files, struct monitor *monitor)
{
    files->monitor = monitor;
    return (struct opener){open_file, files};
}
