/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy: may they, and how much? Made once from what is laid down about a user
 * and each of their groups (base/terms.h), then asked; pure: time, address and
 * usage are arguments. Each answer names the rule that decided, for the audit
 * and for people who ask why. Immutable; any thread.
 *
 * What holds when several say something (docs/permissions.md):
 *   - disabled, expires, deny-from, require-tls and its kind, hours, hide-name,
 *     deny-name: all of them hold, whoever says them;
 *   - rules: the user's in their order, then each group's in the order of
 *     membership; the first that fits decides. read-only is the last rule of who
 *     says it, and denies what changes something. Behind all of them a right is
 *     open to who logged in;
 *   - allow-from, allow-name: what the user says, else each group's must agree;
 *   - max-per-address, max-session-time, idle-time, max-file-size, ratio: what
 *     the user says, else the strictest of the groups;
 *   - max-sessions, max-transfers, rates and quotas are budgets: of the user, and
 *     of each group as a whole; all hold at once (policy_budget).
 */
#ifndef FERRY_POLICY_POLICY_H
#define FERRY_POLICY_POLICY_H

#include <stdbool.h>

#include "base/action.h"
#include "base/endpoint.h"
#include "base/terms.h"

enum policy_who {
    POLICY_USER,
    POLICY_GROUP,
    POLICY_ANONYMOUS, /* the class of all anonymous users; read-only but for what rules allow */
};

/* What one of them says. The first is the user or the anonymous class. */
struct policy_source {
    enum policy_who who;
    const char *name;          /* borrowed for the call */
    const struct terms *terms; /* borrowed for the call */
};

enum { POLICY_SOURCES_MAX = 65 };

struct policy;

/*
 * FAULT_ARGUMENT with a message like "user alice: hours: \"Mon-Fry\" is no day"
 * when something is not understood: then nobody may log in by it. FAULT_NO_MEMORY.
 */
enum fault policy_new(const struct policy_source *sources, size_t count, struct policy **ret_policy,
                      char message[TERMS_MESSAGE_SIZE]);
/* Accepts NULL. */
void policy_free(struct policy *policy);

struct verdict {
    bool allowed;
    bool hidden;      /* not allowed, and to be answered as if nothing of that name were there */
    const char *rule; /* borrowed: as long as the policy */
};

/*
 * An action on a path of the user's tree: absolute, normal ("/a/b"), links
 * resolved; a name in each of its parts counts. NULL: anywhere at all (for what
 * has no path; then only what does not depend on one decides).
 */
struct verdict policy_decide(const struct policy *policy, enum action action, const char *path);
/* The set of all actions, 1 << action, that policy_decide allows there: for not much more than one.
 */
unsigned policy_rights(const struct policy *policy, const char *path);
/* Can the answer depend on the path? Else paths need not be resolved for it. */
bool policy_depends_on_path(const struct policy *policy);
/*
 * Can the answer differ between two names in that directory, an absolute and normal path?
 * Else asking about one of them, whatever it is, is enough. Says so when in doubt.
 */
bool policy_tells_names_apart(const struct policy *policy, const char *directory);
/* Can a name be hidden? Else listings need not ask for each. */
bool policy_hides(const struct policy *policy);

/* Where and when somebody wants to be inside. */
struct policy_moment {
    union endpoint peer;
    bool is_private; /* the control connection is under TLS */
    int64_t now;     /* seconds since 1970 */
};

/* May they be inside? Also of those who are. */
struct verdict policy_admit(const struct policy *policy, const struct policy_moment *moment);
/*
 * When hours or expiry will end it, `now` if they have; INT64_MAX: never, or not
 * within a year.
 */
int64_t policy_ends_at(const struct policy *policy, int64_t now);

#define POLICY_NO_LIMIT UINT64_MAX

/* What one session or file is held to. POLICY_NO_LIMIT where nobody says anything. */
struct policy_limits {
    uint64_t sessions_per_address;
    uint64_t session_s;
    uint64_t idle_s;
    uint64_t file_bytes;
    uint64_t ratio_up; /* both POLICY_NO_LIMIT, or neither */
    uint64_t ratio_down;
    bool must_change_password; /* policy_decide denies everything but SITE */
    bool read_only;            /* as a whole, rules apart; for STAT and the like */
    bool require_tls_control;  /* to the end of the session: no CCC */
    bool require_tls_data;     /* no transfer without PROT P */
};

const struct policy_limits *policy_limits(const struct policy *policy);

/* What all sessions of one source together are held to. */
struct policy_budget {
    enum policy_who who;
    const char *name; /* borrowed: as long as the policy */
    uint64_t sessions;
    uint64_t transfers;
    uint64_t download_rate;
    uint64_t upload_rate;
    uint64_t quota_bytes;
    uint64_t quota_files;
};

/* One for each source, in their order. */
size_t policy_budget_count(const struct policy *policy);
const struct policy_budget *policy_budget(const struct policy *policy, size_t index);

/* One rule that was looked at on the way to a decision, for `ferryctl explain`. */
struct policy_step {
    const char *rule; /* borrowed: as long as the policy */
    bool fits;        /* it decided: it is the last step */
};

/*
 * The steps of policy_decide, at most `size`; returns how many. When there are
 * more, those before the last are left out.
 */
size_t policy_explain(const struct policy *policy, enum action action, const char *path,
                      struct policy_step *steps, size_t size);

#endif
