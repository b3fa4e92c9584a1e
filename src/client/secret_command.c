/* SPDX-License-Identifier: Apache-2.0 */
/* A secret that a program of the user's has: pass(1), a keyring, a file that only he can read. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "client/secret.h"

struct run {
    pid_t pid;
    int watch;   /* owned: readable when the command has ended */
    int output;  /* owned: what it writes */
    char *bytes; /* owned: SECRET_OUTPUT_MAX of them, wiped when freed */
    size_t len;
};

/* ---- Starting ---------------------------------------------------------------------- */

static bool is_of(const char *variable, struct text name)
{
    struct text text = text_of(variable);
    return text_starts_with(text, name) && text.len > name.len && text.at[name.len] == '=';
}

/* Ours, with the two of these; NULL: out of memory. The array is the caller's, its texts are not.
 */
static char **environment_with(char *host, char *user)
{
    size_t count = 0;
    size_t kept = 0;
    while (environ[count])
        count++;
    char **all = memory_new_array(count + 3, sizeof(char *));
    for (size_t i = 0; all && i < count; i++)
        if (!is_of(environ[i], TEXT("FERRY_HOST")) && !is_of(environ[i], TEXT("FERRY_USER")))
            all[kept++] = environ[i];
    if (all) {
        all[kept++] = host;
        all[kept] = user;
    }
    return all;
}

/* What we ignore or block is our affair. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGINT);
    sigaddset(&defaults, SIGQUIT);
    int error = posix_spawnattr_setsigmask(attributes, &none);
    error = error ? error : posix_spawnattr_setsigdefault(attributes, &defaults);
    return error ? error
                 : posix_spawnattr_setflags(attributes,
                                            POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int spawn(pid_t *ret_pid, const char *command, int output, char **environment)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    char *argv[] = {(char *)"sh", (char *)"-c", (char *)command, NULL};
    if (posix_spawnattr_init(&attributes))
        return ENOMEM;
    int error = posix_spawn_file_actions_init(&actions);
    if (!error) {
        error = set_attributes(&attributes);
        if (!error)
            error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY,
                                                     0);
        if (!error)
            error = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        if (!error)
            error = posix_spawn(ret_pid, "/bin/sh", &actions, &attributes, argv, environment);
        posix_spawn_file_actions_destroy(&actions);
    }
    posix_spawnattr_destroy(&attributes);
    return error;
}

static enum fault start(struct run *run, const char *command, char **environment)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return fault_from_errno(errno);
    run->output = ends[0];
    int error = spawn(&run->pid, command, ends[1], environment);
    close(ends[1]);
    if (error) {
        run->pid = -1;
        return fault_from_errno(error);
    }
    (void)fcntl(run->output, F_SETFL, O_NONBLOCK);
    run->watch = pidfd_open(run->pid, 0);
    return run->watch < 0 ? fault_from_errno(errno) : FAULT_NONE;
}

/* ---- Listening --------------------------------------------------------------------- */

/* All that is there now. A command may leave others behind that keep the pipe open. */
static enum fault read_output(struct run *run)
{
    while (run->len < SECRET_OUTPUT_MAX) {
        ssize_t n = read(run->output, run->bytes + run->len, SECRET_OUTPUT_MAX - run->len);
        if (n < 0 && errno == EAGAIN)
            return FAULT_NONE;
        if (n < 0 && errno != EINTR)
            return fault_from_errno(errno);
        if (n == 0) {
            close(run->output);
            run->output = -1; /* poll(2) passes over it */
            return FAULT_NONE;
        }
        run->len += n > 0 ? (size_t)n : 0;
    }
    return FAULT_TOO_LARGE;
}

static enum fault listen_until_end(struct run *run, int timeout_ms)
{
    int64_t end_ms = clock_running_ms() + timeout_ms;
    for (;;) {
        struct pollfd waits[] = {{run->watch, POLLIN, 0}, {run->output, POLLIN, 0}};
        int64_t left_ms = end_ms - clock_running_ms();
        int count = left_ms > 0 ? poll(waits, 2, (int)left_ms) : 0;
        if (!count)
            return FAULT_TIMED_OUT;
        if (count < 0 && errno != EINTR)
            return fault_from_errno(errno);
        enum fault f = run->output >= 0 ? read_output(run) : FAULT_NONE;
        if (f || (count > 0 && waits[0].revents))
            return f;
    }
}

static enum fault judge(const struct run *run, int status, struct secret *secret)
{
    struct text rest = {run->bytes, run->len};
    struct text line = text_take_until(&rest, '\n');
    if (line.len && line.at[line.len - 1] == '\r')
        line.len--;
    bool is_fine = WIFEXITED(status) && WEXITSTATUS(status) == 0 && line.len;
    return is_fine && secret_set(secret, line) ? FAULT_NONE : FAULT_NOT_FOUND;
}

static enum fault finish(struct run *run, enum fault f, struct secret *secret)
{
    int status = 0;
    if (run->pid >= 0) {
        if (f)
            (void)kill(run->pid, SIGKILL);
        while (waitpid(run->pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    f = f ? f : judge(run, status, secret);
    if (run->watch >= 0)
        close(run->watch);
    if (run->output >= 0)
        close(run->output);
    if (run->bytes)
        memory_free_secret(run->bytes, SECRET_OUTPUT_MAX);
    return f;
}

enum fault secret_from_command(struct secret *secret, const char *command, const char *host,
                               const char *user, int timeout_ms)
{
    char host_variable[SECRET_SIZE];
    char user_variable[SECRET_SIZE];
    struct run run = {.pid = -1, .watch = -1, .output = -1};
    (void)snprintf(host_variable, sizeof(host_variable), "FERRY_HOST=%s", host);
    (void)snprintf(user_variable, sizeof(user_variable), "FERRY_USER=%s", user);
    char **environment = environment_with(host_variable, user_variable);
    run.bytes = memory_new(SECRET_OUTPUT_MAX);
    enum fault f = environment && run.bytes ? start(&run, command, environment) : FAULT_NO_MEMORY;
    if (!f)
        f = listen_until_end(&run, timeout_ms);
    memory_free(environment);
    return finish(&run, f, secret);
}
