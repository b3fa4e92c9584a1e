/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/sources.h"

#include "admin/fields.h"
#include "base/memory.h"

static bool load_group(struct sources *sources, struct account_store *store, const char *name,
                       struct refusal *refusal)
{
    struct account_group **place = &sources->groups[sources->group_count];
    enum fault f = store->type->find_group(store, text_of(name), place);
    if (f)
        return refuse(refusal, f, "group", "\"%s\": %s", name, fault_text(f));
    sources->group_count++;
    sources->sources[sources->count++] = (struct policy_source){POLICY_GROUP, (*place)->name,
                                                                &(*place)->terms};
    return true;
}

static bool load(struct sources *sources, struct account_store *store, const struct account *user,
                 struct refusal *refusal)
{
    char message[TERMS_MESSAGE_SIZE] = "";
    sources->sources[sources->count++] = (struct policy_source){POLICY_USER, user->name,
                                                                &user->terms};
    for (size_t i = 0; i < user->group_count && i < ACCOUNT_GROUPS_MAX; i++)
        if (!load_group(sources, store, user->groups[i], refusal))
            return false;
    enum fault f = policy_new(sources->sources, sources->count, &sources->policy, message);
    return !f || refuse(refusal, f, NULL, "%s", f == FAULT_ARGUMENT ? message : fault_text(f));
}

bool sources_load(struct account_store *store, const struct account *user,
                  struct sources **ret_sources, struct refusal *refusal)
{
    struct sources *sources = memory_new(sizeof(*sources));
    if (!sources)
        return refuse_fault(refusal, FAULT_NO_MEMORY, NULL);
    if (!load(sources, store, user, refusal)) {
        sources_free(sources);
        return false;
    }
    *ret_sources = sources;
    return true;
}

void sources_free(struct sources *sources)
{
    if (!sources)
        return;
    policy_free(sources->policy);
    for (size_t i = 0; i < sources->group_count; i++)
        account_group_free(sources->groups[i]);
    memory_free(sources);
}

/* ---- What is in force ---------------------------------------------------------------------- */

/* Of a term where one value holds, which the policy has found: that; else false. */
static bool value_that_holds(const struct policy_limits *limits, enum term term,
                             uint64_t *ret_number)
{
    switch (term) {
    case TERM_MAX_PER_ADDRESS:
        *ret_number = limits->sessions_per_address;
        return true;
    case TERM_MAX_SESSION_TIME:
        *ret_number = limits->session_s;
        return true;
    case TERM_IDLE_TIME:
        *ret_number = limits->idle_s;
        return true;
    case TERM_MAX_FILE_SIZE:
        *ret_number = limits->file_bytes;
        return true;
    default:
        return false;
    }
}

static bool is_same_ratio(const struct policy_limits *limits, const struct term_value *value)
{
    return limits->ratio_up == value->number && limits->ratio_down == value->second;
}

/* Has another one said the same before? Then it is theirs. */
static bool is_repeated(const struct sources *sources, size_t index, enum term term)
{
    const struct term_value *value = &sources->sources[index].terms->values[term];
    for (size_t i = 0; i < index; i++) {
        const struct term_value *other = &sources->sources[i].terms->values[term];
        if (other->is_set && other->number == value->number && other->second == value->second)
            return true;
    }
    return false;
}

/* policy.h says for which terms all hold, the user's go first, or one value is chosen. */
static bool is_in_force(const struct sources *sources, size_t index, enum term term)
{
    const struct terms *terms = sources->sources[index].terms;
    const struct policy_limits *limits = policy_limits(sources->policy);
    bool user_says = index > 0 && terms_has(sources->sources[0].terms, term);
    uint64_t number;
    if (!terms_has(terms, term))
        return false;
    if (value_that_holds(limits, term, &number))
        return terms->values[term].number == number && !is_repeated(sources, index, term);
    if (term == TERM_RATIO)
        return is_same_ratio(limits, &terms->values[term]) && !is_repeated(sources, index, term);
    if (term == TERM_ALLOW_FROM || term == TERM_ALLOW_NAMES)
        return !user_says;
    return term != TERM_COMMENT;
}

json_t *sources_in_force(const struct sources *sources)
{
    json_t *rows = json_array();
    for (unsigned i = 0; i < TERM_NUMBER_OF; i++) {
        enum term term = (enum term)i;
        for (size_t j = 0; j < sources->count; j++) {
            const struct policy_source *source = &sources->sources[j];
            if (!is_in_force(sources, j, term))
                continue;
            answer_append(&rows,
                          json_pack("{s:s, s:o, s:o}", "term", term_rows[term].word, "value",
                                    fields_term(source->terms, term), "from",
                                    json_sprintf("%s %s", j ? "group" : "user", source->name)));
        }
    }
    return rows;
}
