/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/admission.h"

#include "base/memory.h"
#include "policy/hours.h"

/* Refuses unless the moment is as its term wants. */
struct admission_clause {
    enum term term;
    char *rule;                        /* owned: what answers say */
    int64_t expires;                   /* TERM_EXPIRES */
    struct endpoint_network *networks; /* owned array: TERM_ALLOW_FROM, TERM_DENY_FROM */
    size_t network_count;
    struct hours *hours; /* owned: TERM_HOURS */
};

/* ---- Asking -------------------------------------------------------------------- */

static bool is_in_any(const struct admission_clause *clause, const union endpoint *peer)
{
    for (size_t i = 0; i < clause->network_count; i++)
        if (endpoint_in_network(peer, &clause->networks[i]))
            return true;
    return false;
}

static bool clause_refuses(const struct admission_clause *clause,
                           const struct policy_moment *moment)
{
    switch (clause->term) {
    case TERM_EXPIRES:
        return moment->now >= clause->expires;
    case TERM_DENY_FROM:
        return is_in_any(clause, &moment->peer);
    case TERM_ALLOW_FROM:
        return !is_in_any(clause, &moment->peer);
    case TERM_REQUIRE_TLS:
    case TERM_REQUIRE_TLS_CONTROL:
        return !moment->is_private;
    case TERM_HOURS:
        return !hours_are_open(clause->hours, moment->now);
    default: /* TERM_DISABLED */
        return true;
    }
}

struct verdict admission_decide(const struct admission *admission,
                                const struct policy_moment *moment)
{
    for (size_t i = 0; i < admission->count; i++)
        if (clause_refuses(&admission->clauses[i], moment))
            return (struct verdict){false, false, admission->clauses[i].rule};
    return (struct verdict){true, false, SOURCE_NONE};
}

int64_t admission_ends_at(const struct admission *admission, int64_t now)
{
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < admission->count; i++) {
        const struct admission_clause *clause = &admission->clauses[i];
        int64_t end = INT64_MAX;
        if (clause->term == TERM_EXPIRES)
            end = clause->expires > now ? clause->expires : now;
        else if (clause->term == TERM_HOURS)
            end = hours_end(clause->hours, now);
        if (end < first)
            first = end;
    }
    return first;
}

/* ---- Making -------------------------------------------------------------------- */

static void clause_done(struct admission_clause *clause)
{
    hours_free(clause->hours);
    memory_free(clause->networks);
    memory_free(clause->rule);
}

static enum fault take_networks(struct admission_clause *clause, char *const *texts, size_t count,
                                struct complaint *ret_complaint)
{
    clause->networks = memory_new_array(count, sizeof(*clause->networks));
    if (!clause->networks)
        return FAULT_NO_MEMORY;
    for (; clause->network_count < count; clause->network_count++) {
        struct text text = text_of(texts[clause->network_count]);
        if (!endpoint_parse_network(text, &clause->networks[clause->network_count])) {
            *ret_complaint = (struct complaint){
                text, "is no address or network (192.0.2.0/24, nothing set behind the 24 bits)"};
            return FAULT_ARGUMENT;
        }
    }
    return FAULT_NONE;
}

/* What its term says, in the form it is asked in. */
static enum fault read_clause(const struct policy_source *source, char *const *texts, size_t count,
                              struct admission_clause *clause, char message[TERMS_MESSAGE_SIZE])
{
    struct complaint complaint;
    enum fault f = FAULT_NONE;
    if (clause->term == TERM_EXPIRES)
        clause->expires = (int64_t)source->terms->values[TERM_EXPIRES].number;
    else if (clause->term == TERM_HOURS)
        f = hours_new(texts, count, &clause->hours, &complaint);
    else if (clause->term == TERM_ALLOW_FROM || clause->term == TERM_DENY_FROM)
        f = take_networks(clause, texts, count, &complaint);
    if (f == FAULT_ARGUMENT)
        return source_complain(source, clause->term, &complaint, message);
    if (f)
        return f;
    clause->rule = source_rule(source, clause->term, texts, count, NULL);
    return clause->rule ? FAULT_NONE : FAULT_NO_MEMORY;
}

/* Takes the clause over, if there is memory. */
static enum fault keep(struct admission *admission, const struct admission_clause *clause)
{
    struct admission_clause *clauses = memory_resize(admission->clauses, admission->count + 1,
                                                     sizeof(*clauses));
    if (!clauses)
        return FAULT_NO_MEMORY;
    clauses[admission->count++] = *clause;
    admission->clauses = clauses;
    return FAULT_NONE;
}

/* Adds a clause of these texts; where the source has no say they are only looked at. */
static enum fault add(struct admission *admission, const struct policy_source *source,
                      struct admission_clause clause, char *const *texts, size_t count,
                      bool has_say, char message[TERMS_MESSAGE_SIZE])
{
    enum fault f = read_clause(source, texts, count, &clause, message);
    bool is_kept = !f && has_say && !(f = keep(admission, &clause));
    if (!is_kept)
        clause_done(&clause);
    return f;
}

static enum fault add_term(struct admission *admission, const struct policy_source *sources,
                           size_t index, enum term term, char message[TERMS_MESSAGE_SIZE])
{
    const struct policy_source *source = &sources[index];
    const struct term_value *value = &source->terms->values[term];
    const struct admission_clause clause = {.term = term};
    enum fault f = FAULT_NONE;
    if (!value->is_set || (term_rows[term].kind == TERM_FLAG && !value->number))
        return FAULT_NONE;
    if (term != TERM_DENY_FROM) {
        bool has_say = term != TERM_ALLOW_FROM || source_has_say(sources, index, term);
        return add(admission, source, clause, value->texts, value->text_count, has_say, message);
    }
    /* One clause for each network, so that an answer names the one that decided. */
    for (size_t i = 0; i < value->text_count && !f; i++)
        f = add(admission, source, clause, &value->texts[i], 1, true, message);
    return f;
}

enum fault admission_make(const struct policy_source *sources, size_t count,
                          struct admission *ret_admission, char message[TERMS_MESSAGE_SIZE])
{
    /* In the order of deciding. */
    static const enum term order[] = {TERM_DISABLED,   TERM_EXPIRES,     TERM_DENY_FROM,
                                      TERM_ALLOW_FROM, TERM_REQUIRE_TLS, TERM_REQUIRE_TLS_CONTROL,
                                      TERM_HOURS};
    struct admission admission = {0};
    enum fault f = FAULT_NONE;
    for (size_t t = 0; t < sizeof(order) / sizeof(order[0]); t++)
        for (size_t i = 0; i < count && !f; i++)
            f = add_term(&admission, sources, i, order[t], message);
    if (f)
        admission_done(&admission);
    else
        *ret_admission = admission;
    return f;
}

void admission_done(struct admission *admission)
{
    for (size_t i = 0; i < admission->count; i++)
        clause_done(&admission->clauses[i]);
    memory_free(admission->clauses);
    *admission = (struct admission){0};
}
