/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/filter.h"

#include <errno.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

/*
 * No login takes any of these, whatever modules it asks; most of them would take
 * capabilities, too, which is another wall.
 */
static const char *const forbidden[] = {
    /* Code in the kernel, and its memory. */
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "iopl",
    "ioperm",
    "modify_ldt",
    "syslog",
    /* Other processes. */
    "process_vm_readv",
    "process_vm_writev",
    "pidfd_getfd",
    "kcmp",
#ifndef __SANITIZE_ADDRESS__
    "ptrace", /* LeakSanitizer's way to see all threads */
#endif
    /* Another world: mounts and namespaces. */
    "mount",
    "umount2",
    "mount_setattr",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "pivot_root",
    "chroot",
    "unshare",
    "setns",
    "open_by_handle_at",
    /* The machine. */
    "reboot",
    "swapon",
    "swapoff",
    "acct",
    "quotactl",
    "quotactl_fd",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "sethostname",
    "setdomainname",
    "vhangup",
};

static const unsigned long namespaces[] = {
    CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
    CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET,
};

static int forbid(scmp_filter_ctx filter, const char *name)
{
    int call = seccomp_syscall_resolve_name(name);
    if (call == __NR_SCMP_ERROR) /* newer than the library */
        return 0;
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0);
}

/* Processes, but none in a namespace of its own. clone3 says it where a filter cannot look. */
static int forbid_namespaces(scmp_filter_ctx filter)
{
    int error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    for (size_t i = 0; !error && i < sizeof(namespaces) / sizeof(namespaces[0]); i++)
        error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                                 SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces[i], namespaces[i]));
    return error;
}

static int fill(scmp_filter_ctx filter)
{
    int error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
    for (size_t i = 0; !error && i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
        error = forbid(filter, forbidden[i]);
    return error ? error : forbid_namespaces(filter);
}

enum fault filter_forbid(void)
{
    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
        return FAULT_UNSUPPORTED;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter)
        return FAULT_NO_MEMORY;
    int error = fill(filter);
    if (!error)
        error = seccomp_load(filter);
    seccomp_release(filter);
    return error ? fault_from_errno(-error) : FAULT_NONE;
}
