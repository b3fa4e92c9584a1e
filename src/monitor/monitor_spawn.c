/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/monitor_spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/message.h"

void monitor_close_others(void)
{
    (void)close_range(MONITOR_SOCKET + 1, ~0U, 0);
}

static sigset_t of_children(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    return set;
}

int monitor_watch_children(void)
{
    const sigset_t set = of_children();
    if (sigprocmask(SIG_BLOCK, &set, NULL))
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void monitor_unblock_signals(void)
{
    const sigset_t set = of_children();
    (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static bool take_place_of_standard(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    return null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
           dup2(null, STDERR_FILENO) >= 0;
}

/* In the child. What a terminal or a service manager sends is for the server, which ends us. */
static _Noreturn void become(const char *name, bool quiet, int socket)
{
    static char *nothing[] = {NULL};
    char *arguments[] = {(char *)name, NULL};
    (void)setsid();
    (void)signal(SIGTERM, SIG_IGN);
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    monitor_unblock_signals();
    if (dup2(socket, MONITOR_SOCKET) >= 0 && (!quiet || take_place_of_standard())) {
        /* dup2 leaves the flag as it is when there is nothing to do. */
        (void)fcntl(MONITOR_SOCKET, F_SETFD, 0);
        monitor_close_others();
        (void)execve("/proc/self/exe", arguments, quiet ? nothing : environ);
    }
    _exit(EXIT_FAILURE);
}

enum fault monitor_spawn(const char *name, bool quiet, pid_t *ret_pid, int *ret_socket)
{
    int ends[2];
    enum fault f = message_connect(ends);
    if (f)
        return f;
    pid_t pid = fork();
    if (pid == 0)
        become(name, quiet, ends[1]);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return FAULT_BUSY;
    }
    *ret_pid = pid;
    *ret_socket = ends[0];
    return FAULT_NONE;
}
