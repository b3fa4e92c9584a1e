/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/monitor_confine.h"

#include <linux/capability.h>

#include "base/log.h"
#include "confine/confinement.h"
#include "confine/filter.h"
#include "confine/landlock.h"
#include "confine/privileges.h"

/* ---- Capabilities ------------------------------------------------------------------ */

/*
 * For logins: what agents take to become their users, and PAM's modules to do
 * for users what they do. Modules that mount (pam_namespace, pam_mount) or
 * change the root (pam_chroot) have no place here.
 */
static const uint64_t for_logins =
    PRIVILEGE(CAP_SETUID) | PRIVILEGE(CAP_SETGID) | /* an agent its user, a session its groups */
    PRIVILEGE(CAP_SETPCAP) |                        /* an agent gives up its bounding set */
    PRIVILEGE(CAP_KILL) |                           /* an agent that its user stopped */
    PRIVILEGE(CAP_AUDIT_WRITE) |   /* PAM refuses root whose logins it cannot tell of */
    PRIVILEGE(CAP_AUDIT_CONTROL) | /* pam_loginuid */
    PRIVILEGE(CAP_SYS_RESOURCE) |  /* pam_limits, upwards */
    PRIVILEGE(CAP_SYS_NICE) |      /* likewise: priority */
    PRIVILEGE(CAP_DAC_OVERRIDE) |  /* pam_faillock's counts are the users' files */
    PRIVILEGE(CAP_CHOWN) | PRIVILEGE(CAP_FOWNER) | PRIVILEGE(CAP_FSETID); /* pam_mkhomedir */

/* Files of root's take none: they are its own. */
static uint64_t needed(const struct monitor_settings *settings)
{
    uint64_t kept = settings->service[0] ? for_logins : 0;
    for (size_t i = 0; i < MONITOR_PORTS_MAX; i++)
        if (settings->ports[i])
            kept |= PRIVILEGE(CAP_NET_BIND_SERVICE);
    return kept;
}

/* ---- Layers ------------------------------------------------------------------------ */

/* What the kernel does not have is no reason not to start; all else is. */
static enum fault or_without(enum fault f, const char *layer)
{
    if (f != FAULT_UNSUPPORTED)
        return f;
    log_warning("monitor-without-layer", LOG_TEXT("layer", text_of(layer)),
                LOG_TEXT("reason", TEXT("the kernel does not have it")));
    return FAULT_NONE;
}

/* The one path, in that way; where it cannot be reached, nothing at all. */
static enum fault allow_only(const char *path, enum landlock_way way)
{
    struct landlock landlock;
    enum fault f = landlock_begin(false, &landlock);
    if (f)
        return f;
    (void)landlock_allow(&landlock, path, way);
    f = landlock_enforce(&landlock);
    landlock_end(&landlock);
    return f;
}

/* Files are opened and ports bound, and that is all: nothing is written, made or started. */
static enum fault confine_for_files(bool with_ports)
{
    unsigned deeds = FILTER_LIVE | FILTER_LOOK | FILTER_CHANNELS | (with_ports ? FILTER_BIND : 0);
    enum fault f = or_without(allow_only("/", LANDLOCK_READ), "landlock");
    return f ? f : or_without(filter_enforce(deeds), "seccomp");
}

enum fault monitor_confine(const struct monitor_settings *settings)
{
    uint64_t kept = needed(settings);
    if (!confinement_forbid_core_dumps() || privileges_limit(kept))
        return FAULT_DENIED;
    /* A filter or Landlock would be PAM's, too, and what its modules need only they know. */
    return settings->service[0] ? or_without(filter_forbid(), "seccomp") : confine_for_files(kept);
}

enum fault monitor_confine_agent(const char *root)
{
    if (!confinement_forbid_core_dumps())
        return FAULT_DENIED;
    enum fault f = or_without(allow_only(root, LANDLOCK_CHANGE), "landlock");
    return f ? f
             : or_without(filter_enforce(FILTER_LIVE | FILTER_FILES | FILTER_CHANNELS), "seccomp");
}
