/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Not here, and therefore refused: starting programs (execve), processes (fork,
 * vfork, clone without CLONE_THREAD), looking into others (ptrace, process_vm_readv,
 * pidfd_getfd), signals to others, being somebody else (set*id, capset), mounts,
 * namespaces, modules, bpf, perf, keys, io_uring, userfaultfd, memfd, special files,
 * the clock, swap, reboot, and code that is made in memory.
 */
#include "confine/filter_calls.h"

#include <linux/sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

#include "confine/filter.h"

#define LIVE(name)                                                                                 \
    {                                                                                              \
        name, FILTER_LIVE, FILTER_ALWAYS, 0, 0, 0                                                  \
    }
#define LIVE_IF(name, argument, mask, value)                                                       \
    {                                                                                              \
        name, FILTER_LIVE, FILTER_MASKED, argument, mask, value                                    \
    }
#define FILES(name)                                                                                \
    {                                                                                              \
        name, FILTER_FILES, FILTER_ALWAYS, 0, 0, 0                                                 \
    }
#define LOOK(name)                                                                                 \
    {                                                                                              \
        name, FILTER_FILES | FILTER_LOOK, FILTER_ALWAYS, 0, 0, 0                                   \
    }
#define CHANNELS(name)                                                                             \
    {                                                                                              \
        name, FILTER_CHANNELS, FILTER_ALWAYS, 0, 0, 0                                              \
    }
#define NETWORK(name)                                                                              \
    {                                                                                              \
        name, FILTER_NETWORK, FILTER_ALWAYS, 0, 0, 0                                               \
    }
#define SOCKET(family, deeds)                                                                      \
    {                                                                                              \
        "socket", deeds, FILTER_MASKED, 0, WHOLE, family                                           \
    }
#define PRCTL(option) LIVE_IF("prctl", 0, WHOLE, option)
#define PTRACE(request) LIVE_IF("ptrace", 0, WHOLE, request)
#define IOCTL(request) LIVE_IF("ioctl", 1, WHOLE, request)

/* An int; what is above it in the register is nobody's. */
#define WHOLE UINT32_MAX

/* glibc 2.39 gives names to its memory with it. */
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

const struct filter_call filter_calls[] = {
    /* Open descriptors. */
    LIVE("read"),
    LIVE("write"),
    LIVE("readv"),
    LIVE("writev"),
    LIVE("close"),
    LIVE("close_range"),
    LIVE("fcntl"),
    LIVE("dup"),
    LIVE("dup2"),
    LIVE("dup3"),
    LIVE("pipe2"),
    LIVE("eventfd2"),
    LIVE("poll"),
    LIVE("ppoll"),
    LIVE("select"),
    LIVE("pselect6"),
    LIVE("epoll_create1"),
    LIVE("epoll_ctl"),
    LIVE("epoll_wait"),
    LIVE("epoll_pwait"),
    LIVE("epoll_pwait2"),
    IOCTL(FIONBIO),
    IOCTL(FIONREAD),
    IOCTL(FIOCLEX),
    IOCTL(TCGETS), /* isatty */

    /*
     * Memory. Nothing that was written becomes code: no page is writable and
     * executable, and none becomes executable afterwards. What is mapped executable
     * at once are libraries that libraries load, such as iconv's code pages.
     */
    LIVE("brk"),
    LIVE("munmap"),
    LIVE("mremap"),
    LIVE("madvise"),
    LIVE("msync"),
    LIVE("membarrier"),
    LIVE_IF("mmap", 2, PROT_EXEC, 0),
    LIVE_IF("mmap", 2, PROT_EXEC | PROT_WRITE, PROT_EXEC),
    LIVE_IF("mprotect", 2, PROT_EXEC, 0),

    /* Threads, not processes. clone3's flags are in memory, where a filter cannot look. */
    LIVE_IF("clone", 0, CLONE_THREAD, CLONE_THREAD),
    {"clone3", FILTER_LIVE, FILTER_NOT_HERE, 0, 0, 0},
    LIVE("futex"),
    LIVE("set_robust_list"),
    LIVE("get_robust_list"),
    LIVE("rseq"),
    LIVE("set_tid_address"),
    LIVE("sched_yield"),
    LIVE("sched_getaffinity"),
    LIVE("getcpu"),
    LIVE("exit"),
    LIVE("exit_group"),
    LIVE("restart_syscall"),
    LIVE("wait4"), /* for the monitor, when it ends */

    /* Signals, to this process alone. */
    LIVE("rt_sigaction"),
    LIVE("rt_sigprocmask"),
    LIVE("rt_sigreturn"),
    LIVE("rt_sigtimedwait"),
    LIVE("rt_sigpending"),
    LIVE("sigaltstack"),
    {"kill", FILTER_LIVE, FILTER_TO_SELF, 0, 0, 0},
    {"tgkill", FILTER_LIVE, FILTER_TO_SELF, 0, 0, 0},

    /* Clocks. */
    LIVE("clock_gettime"),
    LIVE("clock_getres"),
    LIVE("clock_nanosleep"),
    LIVE("nanosleep"),
    LIVE("gettimeofday"),
    LIVE("time"),
    LIVE("times"),

    /* About ourselves. */
    LIVE("getrandom"),
    LIVE("gettid"),
    LIVE("getpid"),
    LIVE("getppid"),
    LIVE("getuid"),
    LIVE("geteuid"),
    LIVE("getgid"),
    LIVE("getegid"),
    LIVE("getresuid"),
    LIVE("getresgid"),
    LIVE("getgroups"),
    LIVE("capget"),
    LIVE("uname"),
    LIVE("sysinfo"),
    LIVE("getrusage"),
    LIVE("getrlimit"),
    LIVE_IF("prlimit64", 0, WHOLE, 0), /* of 0: ourselves */
    LIVE("umask"),
    PRCTL(PR_SET_NAME),
    PRCTL(PR_GET_NAME),
    PRCTL(PR_GET_SECCOMP),
    PRCTL(PR_GET_DUMPABLE),
    PRCTL(PR_GET_NO_NEW_PRIVS),
    PRCTL(PR_SET_VMA),

    /* Files: Landlock and permission bits say which. */
    LOOK("openat"),
    LOOK("openat2"),
    LOOK("open"),
    LOOK("access"),
    LOOK("faccessat"),
    LOOK("faccessat2"),
    LOOK("stat"),
    LOOK("lstat"),
    LOOK("fstat"),
    LOOK("newfstatat"),
    LOOK("statx"),
    LOOK("statfs"),
    LOOK("fstatfs"),
    LOOK("readlink"),
    LOOK("readlinkat"),
    LOOK("getdents64"),
    LOOK("getcwd"),
    LOOK("lseek"),
    LOOK("pread64"),
    LOOK("preadv"),
    LOOK("preadv2"),
    FILES("pwrite64"),
    FILES("pwritev"),
    FILES("sendfile"),
    FILES("splice"),
    FILES("copy_file_range"),
    FILES("fadvise64"),
    FILES("ftruncate"),
    FILES("fallocate"),
    FILES("fsync"),
    FILES("fdatasync"),
    FILES("sync_file_range"),
    FILES("flock"),
    FILES("rename"),
    FILES("renameat"),
    FILES("renameat2"),
    FILES("link"),
    FILES("linkat"),
    FILES("symlinkat"),
    FILES("unlink"),
    FILES("unlinkat"),
    FILES("mkdir"),
    FILES("mkdirat"),
    FILES("rmdir"),
    FILES("chmod"),
    FILES("fchmod"),
    FILES("fchmodat"),
    FILES("fchmodat2"),
    FILES("fchown"), /* SQLite's, of root's files; to others it takes a capability */
    FILES("utimensat"),
    FILES("getxattr"),
    FILES("lgetxattr"),
    FILES("fgetxattr"),
    FILES("setxattr"),
    FILES("lsetxattr"),
    FILES("fsetxattr"),
    FILES("listxattr"),
    FILES("llistxattr"),
    FILES("flistxattr"),
    FILES("removexattr"),
    FILES("lremovexattr"),
    FILES("fremovexattr"),

    /* Messages on sockets that are there. */
    CHANNELS("sendmsg"),
    CHANNELS("recvmsg"),
    CHANNELS("sendto"),
    CHANNELS("recvfrom"),
    CHANNELS("sendmmsg"),
    CHANNELS("recvmmsg"),
    CHANNELS("shutdown"),
    CHANNELS("getsockopt"),
    CHANNELS("setsockopt"),
    CHANNELS("getsockname"),
    CHANNELS("getpeername"),
    {"ioctl", FILTER_CHANNELS, FILTER_MASKED, 1, WHOLE, TIOCOUTQ}, /* SIOCOUTQ */
    {"socketpair", FILTER_CHANNELS, FILTER_MASKED, 0, WHOLE, AF_UNIX},

    /* New sockets: clients and data connections, the system's log, and what
     * getaddrinfo(3) takes to look an address up. */
    SOCKET(AF_INET, FILTER_NETWORK | FILTER_BIND),
    SOCKET(AF_INET6, FILTER_NETWORK | FILTER_BIND),
    SOCKET(AF_UNIX, FILTER_NETWORK),
    SOCKET(AF_NETLINK, FILTER_NETWORK),
    {"bind", FILTER_NETWORK | FILTER_BIND, FILTER_ALWAYS, 0, 0, 0},
    NETWORK("listen"),
    NETWORK("accept"),
    NETWORK("accept4"),
    NETWORK("connect"),

#ifdef __SANITIZE_ADDRESS__
    /* LeakSanitizer stops all threads at the end, from a process that shares our memory. */
    LIVE_IF("clone", 0, CLONE_VM | CLONE_THREAD, CLONE_VM),
    LIVE("getdents"),
    PTRACE(PTRACE_ATTACH),
    PTRACE(PTRACE_DETACH),
    PTRACE(PTRACE_CONT),
    PTRACE(PTRACE_KILL),
    PTRACE(PTRACE_GETREGS),
    PTRACE(PTRACE_GETREGSET),
    PRCTL(PR_SET_DUMPABLE),
    PRCTL(PR_SET_PTRACER),
    PRCTL(PR_SET_PDEATHSIG),
#endif
#ifdef __SANITIZE_THREAD__
    LIVE("personality"),
    LIVE("mlockall"),
#endif
    {NULL, 0, FILTER_ALWAYS, 0, 0, 0},
};
