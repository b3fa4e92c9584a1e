/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/filter.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/log.h"
#include "confine/filter_calls.h"

/* ---- What happens to a call that is not allowed ---------------------------------------- */

#if defined(__x86_64__) || defined(__aarch64__)

enum { CALLS_MAX = 512 }; /* numbers of these machines end below it, and go on behind 450 */

/* Of each number: its name, by libseccomp, as long as the process lives; how often it was made. */
static const char *call_names[CALLS_MAX + 1]; /* the last one, of numbers above: none */
static atomic_uint call_counts[CALLS_MAX + 1];

static void set_result(void *context, int error)
{
    ucontext_t *interrupted = context;
#if defined(__x86_64__)
    interrupted->uc_mcontext.gregs[REG_RAX] = -error;
#else
    interrupted->uc_mcontext.regs[0] = (unsigned long long)-error;
#endif
}

/* In a signal: log_write is one write(2) of bytes from the stack. */
static void on_violation(int signal_number, siginfo_t *info, void *context)
{
    const int error_before = errno;
    unsigned call = (unsigned)info->si_syscall;
    unsigned slot = call < CALLS_MAX ? call : CALLS_MAX;
    const char *name = call_names[slot];
    unsigned count = atomic_fetch_add(&call_counts[slot], 1) + 1;
    (void)signal_number;
    if ((count & (count - 1)) == 0)
        log_warning("seccomp-violation", LOG_NUMBER("syscall", call),
                    LOG_TEXT("name", name ? text_of(name) : TEXT("unknown")),
                    LOG_NUMBER("count", count));
    set_result(context, name ? EPERM : ENOSYS);
    errno = error_before;
}

static const uint32_t refusal = SCMP_ACT_TRAP;

static bool prepare_refusal(void)
{
    struct sigaction action = {.sa_sigaction = on_violation, .sa_flags = SA_SIGINFO};
    for (int i = 0; i < CALLS_MAX; i++)
        if (!call_names[i])
            call_names[i] = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i);
    sigemptyset(&action.sa_mask);
    return sigaction(SIGSYS, &action, NULL) == 0;
}

#else

static const uint32_t refusal = SCMP_ACT_ERRNO(EPERM);

static bool prepare_refusal(void)
{
    return true;
}

#endif

/* ---- The filter --------------------------------------------------------------------------- */

static int add_call(scmp_filter_ctx filter, const struct filter_call *row)
{
    int call = seccomp_syscall_resolve_name(row->name);
    if (call == __NR_SCMP_ERROR) /* newer than the library */
        return 0;
    switch (row->condition) {
    case FILTER_ALWAYS:
        return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
    case FILTER_MASKED:
        return seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, call, 1,
            SCMP_CMP64(row->argument, SCMP_CMP_MASKED_EQ, row->mask, row->value));
    case FILTER_TO_SELF:
        return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
                                SCMP_CMP64(row->argument, SCMP_CMP_EQ, (uint64_t)getpid()));
    case FILTER_NOT_HERE:
        return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), call, 0);
    }
    return -EINVAL;
}

static int fill(scmp_filter_ctx filter, unsigned deeds)
{
    /* An agent of the monitor's has no other log than the kernel's. */
    int error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
    for (const struct filter_call *row = filter_calls; row->name && !error; row++)
        if (row->deed & deeds)
            error = add_call(filter, row);
    return error;
}

enum fault filter_enforce(unsigned deeds)
{
    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
        return FAULT_UNSUPPORTED;
    scmp_filter_ctx filter = seccomp_init(refusal);
    if (!filter)
        return FAULT_NO_MEMORY;
    int error = prepare_refusal() ? fill(filter, deeds) : -EINVAL;
    if (!error)
        error = seccomp_load(filter);
    seccomp_release(filter);
    return error ? fault_from_errno(-error) : FAULT_NONE;
}
