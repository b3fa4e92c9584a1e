/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy.h"

#include "base/memory.h"
#include "policy/admission.h"
#include "policy/permission.h"
#include "policy/source.h"

struct policy {
    struct admission admission;
    struct permission permission;
    struct policy_limits limits;
    char *names; /* owned: the budgets', one behind the other */
    size_t budget_count;
    struct policy_budget budgets[];
};

/* ---- Limits -------------------------------------------------------------------- */

static uint64_t number_of(const struct policy_source *source, enum term term)
{
    const struct term_value *value = &source->terms->values[term];
    return value->is_set ? value->number : POLICY_NO_LIMIT;
}

/* What the user says, else the least of the groups. */
static uint64_t strictest(const struct policy_source *sources, size_t count, enum term term)
{
    uint64_t least = number_of(&sources[0], term);
    if (least != POLICY_NO_LIMIT)
        return least;
    for (size_t i = 1; i < count; i++)
        if (number_of(&sources[i], term) < least)
            least = number_of(&sources[i], term);
    return least;
}

/* What lets least be downloaded for the same uploaded; both sides have 32 bits. */
static void take_ratio(const struct policy_source *sources, size_t count,
                       struct policy_limits *limits)
{
    for (size_t i = 0; i < count; i++) {
        const struct term_value *value = &sources[i].terms->values[TERM_RATIO];
        if (!value->is_set)
            continue;
        if (limits->ratio_up == POLICY_NO_LIMIT ||
            value->second * limits->ratio_up < limits->ratio_down * value->number) {
            limits->ratio_up = value->number;
            limits->ratio_down = value->second;
        }
        if (i == 0)
            return;
    }
}

static struct policy_limits limits_of(const struct policy_source *sources, size_t count)
{
    struct policy_limits limits = {
        .sessions_per_address = strictest(sources, count, TERM_MAX_PER_ADDRESS),
        .session_s = strictest(sources, count, TERM_MAX_SESSION_TIME),
        .idle_s = strictest(sources, count, TERM_IDLE_TIME),
        .file_bytes = strictest(sources, count, TERM_MAX_FILE_SIZE),
        .ratio_up = POLICY_NO_LIMIT,
        .ratio_down = POLICY_NO_LIMIT,
        .must_change_password = terms_flag(sources[0].terms, TERM_MUST_CHANGE_PASSWORD),
        .read_only = sources[0].who == POLICY_ANONYMOUS,
    };
    take_ratio(sources, count, &limits);
    for (size_t i = 0; i < count; i++) {
        limits.read_only |= terms_flag(sources[i].terms, TERM_READ_ONLY);
        limits.require_tls_control |= terms_flag(sources[i].terms, TERM_REQUIRE_TLS_CONTROL);
        limits.require_tls_data |= terms_flag(sources[i].terms, TERM_REQUIRE_TLS_DATA);
    }
    return limits;
}

static bool take_budgets(struct policy *policy, const struct policy_source *sources, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += strlen(sources[i].name) + 1;
    policy->names = memory_new(size);
    if (!policy->names)
        return false;
    struct builder names = builder_on(policy->names, size);
    for (size_t i = 0; i < count; i++) {
        const struct policy_source *source = &sources[i];
        policy->budgets[i] = (struct policy_budget){
            .who = source->who,
            .name = names.at + names.len,
            .sessions = number_of(source, TERM_MAX_SESSIONS),
            .transfers = number_of(source, TERM_MAX_TRANSFERS),
            .download_rate = number_of(source, TERM_DOWNLOAD_RATE),
            .upload_rate = number_of(source, TERM_UPLOAD_RATE),
            .quota_bytes = number_of(source, TERM_QUOTA_BYTES),
            .quota_files = number_of(source, TERM_QUOTA_FILES),
        };
        builder_put(&names, (struct text){source->name, strlen(source->name) + 1});
    }
    policy->budget_count = count;
    return true;
}

/* ---- Making -------------------------------------------------------------------- */

/* Does each say only what it may? */
static enum fault check_owners(const struct policy_source *sources, size_t count,
                               char message[TERMS_MESSAGE_SIZE])
{
    for (size_t i = 0; i < count; i++) {
        bool is_group = sources[i].who == POLICY_GROUP;
        for (unsigned term = 0; term < TERM_NUMBER_OF; term++) {
            const struct complaint complaint = {text_of(sources[i].name),
                                                is_group ? "is a group, which has no such term"
                                                         : "is a user, who has no such term"};
            if (terms_has(sources[i].terms, (enum term)term) &&
                !(term_rows[term].owners & (is_group ? TERMS_GROUP : TERMS_USER)))
                return source_complain(&sources[i], (enum term)term, &complaint, message);
        }
    }
    return FAULT_NONE;
}

enum fault policy_new(const struct policy_source *sources, size_t count, struct policy **ret_policy,
                      char message[TERMS_MESSAGE_SIZE])
{
    message[0] = '\0';
    enum fault f = check_owners(sources, count, message);
    if (f)
        return f;
    struct policy *policy = memory_new(sizeof(*policy) + count * sizeof(policy->budgets[0]));
    if (!policy)
        return FAULT_NO_MEMORY;
    policy->limits = limits_of(sources, count);
    f = take_budgets(policy, sources, count) ? FAULT_NONE : FAULT_NO_MEMORY;
    if (!f)
        f = admission_make(sources, count, &policy->admission, message);
    if (!f)
        f = permission_make(sources, count, &policy->permission, message);
    if (f)
        policy_free(policy);
    else
        *ret_policy = policy;
    return f;
}

void policy_free(struct policy *policy)
{
    if (!policy)
        return;
    admission_done(&policy->admission);
    permission_done(&policy->permission);
    memory_free(policy->names);
    memory_free(policy);
}

/* ---- Asking -------------------------------------------------------------------- */

struct verdict policy_decide(const struct policy *policy, enum action action, const char *path)
{
    return permission_decide(&policy->permission, action, path);
}

unsigned policy_rights(const struct policy *policy, const char *path)
{
    return permission_rights(&policy->permission, path);
}

size_t policy_explain(const struct policy *policy, enum action action, const char *path,
                      struct policy_step *steps, size_t size)
{
    return permission_explain(&policy->permission, action, path, steps, size);
}

bool policy_depends_on_path(const struct policy *policy)
{
    return policy->permission.depends_on_path;
}

bool policy_tells_names_apart(const struct policy *policy, const char *directory)
{
    return permission_tells_names_apart(&policy->permission, directory);
}

bool policy_hides(const struct policy *policy)
{
    return policy->permission.hides;
}

struct verdict policy_admit(const struct policy *policy, const struct policy_moment *moment)
{
    return admission_decide(&policy->admission, moment);
}

int64_t policy_ends_at(const struct policy *policy, int64_t now)
{
    return admission_ends_at(&policy->admission, now);
}

const struct policy_limits *policy_limits(const struct policy *policy)
{
    return &policy->limits;
}

size_t policy_budget_count(const struct policy *policy)
{
    return policy->budget_count;
}

const struct policy_budget *policy_budget(const struct policy *policy, size_t index)
{
    return &policy->budgets[index];
}
