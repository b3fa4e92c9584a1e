/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/filter.h"

#include <linux/bpf.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/log.h"
#include "confine/filter_calls.h"
#include "tests/unit/confined.h"

enum {
    EVERYTHING = FILTER_LIVE | FILTER_FILES | FILTER_CHANNELS | FILTER_NETWORK,
    PAGE = 4096,
};

/* Nothing is tried without it. What is tried does no harm where it is not refused, either. */
static int enforce(unsigned deeds)
{
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (filter_enforce(deeds))
        _exit(EXIT_FAILURE);
    return 0;
}

#define REFUSED(name, ...) confined_differs(#name, syscall(SYS_##name, __VA_ARGS__), EPERM)

/* ---- What nobody may --------------------------------------------------------------------- */

static int try_programs(void)
{
    static char path[] = "/bin/true";
    static char *const arguments[] = {path, NULL};
    int wrong = enforce(EVERYTHING);
    wrong += REFUSED(execve, path, arguments, arguments + 1);
    wrong += REFUSED(execveat, AT_FDCWD, path, arguments, arguments + 1, 0);
    wrong += REFUSED(clone, SIGCHLD, 0, 0, 0, 0);
    wrong += REFUSED(ptrace, PTRACE_SEIZE, getppid(), 0, 0);
    wrong += REFUSED(process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
    wrong += REFUSED(pidfd_open, getppid(), 0);
    wrong += REFUSED(kill, getppid(), 0);
    wrong += REFUSED(tgkill, getppid(), getppid(), 0);
    return wrong;
}

TEST(no_program_and_no_process_is_started_and_none_is_looked_into)
{
    struct confined child;
    confined_check(try_programs, &child);
    assert_non_null(strstr(child.log, "warning seccomp-violation syscall=59 name=execve count=1"));
    assert_int_equal(confined_count(&child, "seccomp-violation"), 8);
}

static int try_the_system(void)
{
    int wrong = enforce(EVERYTHING);
    union bpf_attr attributes = {.map_type = BPF_MAP_TYPE_ARRAY};
    wrong += REFUSED(mount, "none", "/missing", "tmpfs", 0, NULL);
    wrong += REFUSED(umount2, "/missing", 0);
    wrong += REFUSED(pivot_root, "/", "/");
    wrong += REFUSED(chroot, "/");
    wrong += REFUSED(unshare, CLONE_NEWUSER);
    wrong += REFUSED(setns, 0, 0);
    wrong += REFUSED(bpf, BPF_MAP_CREATE, &attributes, sizeof(attributes));
    wrong += REFUSED(perf_event_open, NULL, 0, -1, -1, 0);
    wrong += REFUSED(init_module, NULL, 0, "");
    wrong += REFUSED(kexec_load, 0, 17, NULL, 0);
    wrong += REFUSED(reboot, 0, 0, 0, NULL);
    wrong += REFUSED(clock_settime, CLOCK_REALTIME, NULL);
    wrong += REFUSED(keyctl, 0, 0, 0, 0, 0);
    wrong += REFUSED(io_uring_setup, 1, NULL);
    wrong += REFUSED(userfaultfd, 0);
    wrong += REFUSED(memfd_create, "code", 0);
    wrong += REFUSED(mknodat, AT_FDCWD, "/missing/device", S_IFCHR, 0);
    wrong += REFUSED(open_by_handle_at, -1, NULL, 0);
    return wrong;
}

TEST(the_system_is_not_touched)
{
    struct confined child;
    confined_check(try_the_system, &child);
    assert_int_equal(confined_count(&child, "seccomp-violation"), 18);
}

static int try_other_users(void)
{
    int wrong = enforce(EVERYTHING);
    wrong += REFUSED(setuid, 0);
    wrong += REFUSED(setgid, 0);
    wrong += REFUSED(setresuid, 0, 0, 0);
    wrong += REFUSED(setgroups, 0, NULL);
    wrong += REFUSED(capset, NULL, NULL);
    wrong += REFUSED(setfsuid, 0);
    wrong += REFUSED(fchownat, AT_FDCWD, "/tmp", 0, 0, 0);
    wrong += REFUSED(prctl, PR_SET_SECCOMP, 0, 0, 0, 0);
    wrong += REFUSED(prlimit64, getppid(), RLIMIT_NOFILE, NULL, NULL);
    wrong += REFUSED(personality, 0);
    return wrong;
}

TEST(nobody_becomes_somebody_else)
{
    struct confined child;
    confined_check(try_other_users, &child);
}

/* ---- What depends on the arguments ---------------------------------------------------------- */

static int try_sockets(void)
{
    int wrong = enforce(EVERYTHING);
    wrong += REFUSED(socket, AF_PACKET, SOCK_RAW, 0);
    wrong += REFUSED(socket, AF_VSOCK, SOCK_STREAM, 0);
    wrong += REFUSED(socketpair, AF_INET, SOCK_STREAM, 0, NULL);
    wrong += confined_differs("tcp", socket(AF_INET6, SOCK_STREAM, 0), 0);
    wrong += confined_differs("unix", socket(AF_UNIX, SOCK_DGRAM, 0), 0);
    return wrong;
}

TEST(sockets_are_of_the_families_that_ftp_takes)
{
    struct confined child;
    confined_check(try_sockets, &child);
}

static int try_memory(void)
{
    int wrong = enforce(EVERYTHING);
    char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    wrong += confined_differs("memory", page == MAP_FAILED ? -1 : 0, 0);
    wrong += REFUSED(mprotect, page, PAGE, PROT_READ | PROT_EXEC);
    wrong += REFUSED(pkey_mprotect, page, PAGE, PROT_READ | PROT_EXEC, -1);
    wrong += REFUSED(mmap, NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    wrong += confined_differs("protection", mprotect(page, PAGE, PROT_READ), 0);
    return wrong;
}

TEST(nothing_that_was_written_becomes_code)
{
    struct confined child;
    confined_check(try_memory, &child);
}

static int try_terminals(void)
{
    char byte = 'x';
    int wrong = enforce(EVERYTHING);
    wrong += REFUSED(ioctl, STDIN_FILENO, TIOCSTI, &byte);
    wrong += REFUSED(ioctl, STDIN_FILENO, TIOCSCTTY, 0);
    return wrong;
}

TEST(a_terminal_is_not_typed_on)
{
    struct confined child;
    confined_check(try_terminals, &child);
}

/* ---- What a server does ---------------------------------------------------------------------- */

static void *stay_a_moment(void *argument)
{
    pthread_setname_np(pthread_self(), "worker");
    return argument;
}

static int do_a_servers_work(void)
{
    char path[] = "/tmp/ferry-filter-XXXXXX";
    struct stat info;
    pthread_t thread;
    int wrong = enforce(EVERYTHING);
    int fd = mkstemp(path);
    wrong += confined_differs("file", fd, 0);
    wrong += confined_differs("write", pwrite(fd, "bytes", 5, 0), 0);
    wrong += confined_differs("stat", fstat(fd, &info), 0);
    wrong += confined_differs("sync", fsync(fd), 0);
    wrong += confined_differs("times", futimens(fd, NULL), 0);
    wrong += confined_differs("remove", unlink(path), 0);
    errno = pthread_create(&thread, NULL, stay_a_moment, NULL);
    wrong += confined_differs("thread", errno ? -1 : 0, 0);
    errno = pthread_join(thread, NULL);
    wrong += confined_differs("join", errno ? -1 : 0, 0);
    wrong += confined_differs("wait", epoll_create1(0), 0);
    return wrong;
}

TEST(what_a_server_does_is_not_noticed)
{
    struct confined child;
    confined_check(do_a_servers_work, &child);
    assert_string_equal(child.log, "");
}

static int only_live(void)
{
    int wrong = enforce(FILTER_LIVE);
    wrong += confined_differs("file", open("/dev/null", O_RDONLY), EPERM);
    wrong += confined_differs("socket", socket(AF_INET, SOCK_STREAM, 0), EPERM);
    wrong += confined_differs("message", send(STDIN_FILENO, "", 0, 0), EPERM);
    wrong += confined_differs("clock", getppid(), 0);
    return wrong;
}

TEST(a_process_that_has_no_files_and_no_network_gets_none)
{
    struct confined child;
    confined_check(only_live, &child);
}

/* ---- What is said of it -----------------------------------------------------------------------
 */

static int insist(void)
{
    int wrong = enforce(EVERYTHING);
    for (int i = 0; i < 1000; i++)
        wrong += REFUSED(sethostname, "", 1000);
    return wrong;
}

TEST(who_insists_does_not_fill_the_log)
{
    struct confined child;
    confined_check(insist, &child);
    assert_int_equal(confined_count(&child, "name=sethostname"), 10); /* 1, 2, 4 to 512 */
    assert_non_null(strstr(child.log, "count=512\n"));
}

static int make_a_new_call(void)
{
    return enforce(EVERYTHING) + confined_differs("new", syscall(511), ENOSYS) +
           confined_differs("newer", syscall(600), ENOSYS) +
           confined_differs("clone3", syscall(SYS_clone3, NULL, 0), ENOSYS);
}

TEST(a_call_that_is_newer_than_us_is_as_if_the_kernel_were_older)
{
    struct confined child;
    confined_check(make_a_new_call, &child);
    assert_non_null(strstr(child.log, "syscall=600 name=unknown count=1"));
    assert_int_equal(confined_count(&child, "seccomp-violation"), 2);
}

static void *violate(void *argument)
{
    *(int *)argument = REFUSED(sethostname, "", 1000);
    return argument;
}

static int violate_in_a_thread(void)
{
    pthread_t thread;
    int wrong = enforce(EVERYTHING) + 1;
    if (pthread_create(&thread, NULL, violate, &wrong))
        return 1;
    pthread_join(thread, NULL);
    return wrong;
}

TEST(threads_inherit_it)
{
    struct confined child;
    confined_check(violate_in_a_thread, &child);
    assert_non_null(strstr(child.log, "name=sethostname"));
}

TEST(each_call_of_the_table_is_one_that_this_system_knows)
{
    for (const struct filter_call *row = filter_calls; row->name; row++) {
        bool is_newer = strcmp(row->name, "fchmodat2") == 0;
        if (!is_newer && seccomp_syscall_resolve_name(row->name) == __NR_SCMP_ERROR)
            fail_msg("%s", row->name);
        assert_int_not_equal(row->deed, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(no_program_and_no_process_is_started_and_none_is_looked_into),
        RUN(the_system_is_not_touched),
        RUN(nobody_becomes_somebody_else),
        RUN(sockets_are_of_the_families_that_ftp_takes),
        RUN(nothing_that_was_written_becomes_code),
        RUN(a_terminal_is_not_typed_on),
        RUN(what_a_server_does_is_not_noticed),
        RUN(a_process_that_has_no_files_and_no_network_gets_none),
        RUN(who_insists_does_not_fill_the_log),
        RUN(a_call_that_is_newer_than_us_is_as_if_the_kernel_were_older),
        RUN(threads_inherit_it),
        RUN(each_call_of_the_table_is_one_that_this_system_knows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
