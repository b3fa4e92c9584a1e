/* SPDX-License-Identifier: Apache-2.0 */
/* What each process of the monitor's is held to, tried from inside: as one that was taken over. */
#include "monitor/monitor_confine.h"

#include <linux/bpf.h>
#include <linux/capability.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "confine/confinement.h"
#include "tests/unit/confined.h"

enum { SOMEBODY = 4711 };

/* A directory with `home`, somebody's, and `other`, everybody's. */
static char base[] = "/tmp/ferry-confine-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    return !mkdtemp(base) || chmod(base, 0755) || chdir(base) || mkdir("home", 0755) ||
           chown("home", SOMEBODY, SOMEBODY) || mkdir("other", 0755) || chmod("other", 0777) ||
           close(creat("other/secret", 0644));
}

static int tear_down(void **state)
{
    char command[sizeof(base) + sizeof("rm -rf ")];
    (void)state;
    (void)snprintf(command, sizeof(command), "rm -rf %s", base);
    return system(command);
}

/* Nothing is tried without it. */
static void must(enum fault f)
{
    if (f) {
        dprintf(STDERR_FILENO, "not confined: FAULT_%s\n", fault_name(f));
        _exit(EXIT_FAILURE);
    }
}

/* What is left, as the kernel says it. */
static int confinement_differs(uint64_t capabilities)
{
    struct confinement now = {.is_root = false};
    confinement_observe(&now);
    return (now.capabilities != capabilities) + !now.no_new_privs + !now.seccomp +
           !now.no_core_dumps;
}

static int bounding_set_differs(uint64_t capabilities)
{
    int wrong = 0;
    for (int i = 0; i < 64; i++) {
        int is_there = prctl(PR_CAPBSET_READ, i, 0, 0, 0);
        if (is_there >= 0)
            wrong += is_there != (int)(capabilities >> i & 1);
    }
    return wrong;
}

static long start_program(void)
{
    static char *const arguments[] = {(char *)"true", NULL};
    return execve("/bin/true", arguments, NULL);
}

/* ---- Of files --------------------------------------------------------------------------- */

static int hold_files(uint64_t port)
{
    const struct monitor_settings settings = {.service = "", .ports = {port}};
    must(monitor_confine(&settings));
    int wrong = confinement_differs(port ? PRIVILEGE(CAP_NET_BIND_SERVICE) : 0);
    int fd = open("/etc/shadow", O_RDONLY);
    wrong += confined_differs("read", fd, 0);
    wrong += confined_differs("write", open("other/secret", O_WRONLY), EACCES);
    wrong += confined_differs("make", open("other/new", O_WRONLY | O_CREAT, 0600), EACCES);
    wrong += confined_differs("mode", fchmodat(AT_FDCWD, "other/secret", 0777, 0), EPERM);
    wrong += confined_differs("remove", unlink("other/secret"), EPERM);
    wrong += confined_differs("program", start_program(), EPERM);
    wrong += confined_differs("process", syscall(SYS_fork), EPERM);
    wrong += confined_differs("identity", setuid(SOMEBODY), EPERM);
    return wrong + confined_differs("connect", connect(fd, NULL, 0), EPERM) +
           confined_differs("socket", socket(AF_INET, SOCK_STREAM, 0), port ? 0 : EPERM);
}

static int hold_only_files(void)
{
    return hold_files(0);
}

static int hold_files_and_ports(void)
{
    return hold_files(21);
}

TEST(a_monitor_of_files_reads_and_does_nothing_else)
{
    struct confined child;
    confined_check(hold_only_files, &child);
    assert_int_equal(confined_count(&child, "seccomp-violation"), 7);
}

TEST(a_monitor_of_ports_can_bind_them_too)
{
    struct confined child;
    confined_check(hold_files_and_ports, &child);
}

/* ---- Of logins -------------------------------------------------------------------------- */

/* The kernel looks at arguments after the filter: these would be EFAULT, EINVAL or done. */
static int try_what_no_login_needs(void)
{
    int wrong = 0;
    wrong += confined_differs("mount", mount("none", "other", "tmpfs", 0, NULL), EPERM);
    wrong += confined_differs("umount", umount2("other", 0), EPERM);
    wrong += confined_differs("unshare", unshare(CLONE_NEWUSER), EPERM);
    wrong += confined_differs("namespace", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0),
                              EPERM);
    wrong += confined_differs("clone3", syscall(SYS_clone3, NULL, 0), ENOSYS);
    wrong += confined_differs("bpf", syscall(SYS_bpf, BPF_PROG_LOAD, NULL, 0), EPERM);
    wrong += confined_differs("module", syscall(SYS_init_module, NULL, 0, NULL), EPERM);
    wrong += confined_differs("peek", syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0), EPERM);
    wrong += confined_differs("ring", syscall(SYS_io_uring_setup, 0, NULL), EPERM);
    wrong += confined_differs("root", chroot("other"), EPERM);
    return wrong;
}

static int serve_logins(void)
{
    const struct monitor_settings settings = {.service = "ferryd"};
    int status;
    must(monitor_confine(&settings));
    const uint64_t left = privileges_left();
    int wrong = confinement_differs(left) + bounding_set_differs(left);
    wrong += !(left & PRIVILEGE(CAP_SETUID)) || !(left & PRIVILEGE(CAP_AUDIT_WRITE));
    wrong += (left & PRIVILEGE(CAP_SYS_ADMIN)) || (left & PRIVILEGE(CAP_SYS_PTRACE)) ||
             (left & PRIVILEGE(CAP_SYS_MODULE)) || (left & PRIVILEGE(CAP_NET_BIND_SERVICE));
    wrong += try_what_no_login_needs();
    /* Sessions are processes, PAM's modules start programs, an agent becomes its user. */
    pid_t pid = fork();
    if (pid == 0)
        _exit(start_program() != 0);
    wrong += waitpid(pid, &status, 0) != pid || status;
    return wrong + (privileges_give_up(SOMEBODY, SOMEBODY, NULL, 0) != FAULT_NONE);
}

TEST(a_monitor_of_logins_keeps_what_logins_take_and_no_more)
{
    struct confined child;
    confined_check(serve_logins, &child);
}

/* ---- An agent ----------------------------------------------------------------------------- */

static int try_to_leave(void)
{
    int wrong = 0;
    wrong += confined_differs("read", open("other/secret", O_RDONLY), EACCES);
    wrong += confined_differs("list", open("other", O_RDONLY | O_DIRECTORY), EACCES);
    wrong += confined_differs("make", open("other/new", O_WRONLY | O_CREAT, 0600), EACCES);
    wrong += confined_differs("system", open("/etc/passwd", O_RDONLY), EACCES);
    wrong += confined_differs("others", open("/proc/1/status", O_RDONLY), EACCES);
    wrong += confined_differs("itself", open("/proc/self/maps", O_RDONLY), EACCES);
    wrong += confined_differs("move", rename("home/file", "other/file"), EACCES);
    return wrong;
}

static int be_an_agent(void)
{
    must(privileges_give_up(SOMEBODY, SOMEBODY, NULL, 0));
    must(monitor_confine_agent("home"));
    int wrong = confinement_differs(0) + bounding_set_differs(0);
    int fd = open("home/file", O_RDWR | O_CREAT, 0600);
    wrong += confined_differs("make at home", fd, 0);
    wrong += try_to_leave();
    wrong += confined_differs("program", start_program(), EPERM);
    wrong += confined_differs("process", syscall(SYS_fork), EPERM);
    wrong += confined_differs("socket", socket(AF_UNIX, SOCK_STREAM, 0), EPERM);
    wrong += confined_differs("network", socket(AF_INET, SOCK_STREAM, 0), EPERM);
    wrong += confined_differs("trace", ptrace(PTRACE_ATTACH, getppid(), NULL, NULL), EPERM);
    wrong += confined_differs("signal", kill(getppid(), 0), EPERM);
    wrong += confined_differs("root", setuid(0), EPERM);
    wrong += confined_differs("device", mknod("home/pipe", S_IFIFO | 0600, 0), EPERM);
    return wrong;
}

TEST(an_agent_that_was_taken_over_does_not_leave_its_root)
{
    struct confined child;
    confined_check(be_an_agent, &child);
}

static int be_an_agent_without_a_root(void)
{
    must(privileges_give_up(SOMEBODY, SOMEBODY, NULL, 0));
    must(monitor_confine_agent("missing"));
    return try_to_leave();
}

TEST(an_agent_whose_root_is_missing_reaches_nothing)
{
    struct confined child;
    confined_check(be_an_agent_without_a_root, &child);
}

int main(void)
{
    if (geteuid() != 0) {
        (void)puts("1..0 # SKIP only root has something to give up");
        return EXIT_SUCCESS;
    }
    const struct CMUnitTest tests[] = {
        RUN(a_monitor_of_files_reads_and_does_nothing_else),
        RUN(a_monitor_of_ports_can_bind_them_too),
        RUN(a_monitor_of_logins_keeps_what_logins_take_and_no_more),
        RUN(an_agent_that_was_taken_over_does_not_leave_its_root),
        RUN(an_agent_whose_root_is_missing_reaches_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
