/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/permission.h"

#include "base/memory.h"
#include "base/pattern.h"
#include "policy/rule.h"

/* When it fits, of the actions that it is about. */
enum clause_when {
    WHEN_ALWAYS,
    WHEN_PATH_FITS,
    WHEN_NAME_FITS,     /* the last part */
    WHEN_NAME_FITS_NOT, /* none of the patterns */
    WHEN_ANY_PART_FITS, /* what is hidden hides what is below */
};

struct permission_clause {
    char *rule;           /* owned: what answers say, and the patterns */
    const char *patterns; /* borrowed: in our rule, one behind the other */
    uint16_t pattern_count;
    bool any_case;
    bool allows;
    enum clause_when when;
    unsigned actions; /* set of 1 << action */
};

/* ---- Asking -------------------------------------------------------------------- */

static bool any_pattern_fits(const struct permission_clause *clause, struct text name)
{
    const char *at = clause->patterns;
    for (unsigned i = 0; i < clause->pattern_count; i++) {
        struct text pattern = text_of(at);
        if (pattern_fits_name(pattern, name, clause->any_case))
            return true;
        at += pattern.len + 1;
    }
    return false;
}

static bool any_part_fits(const struct permission_clause *clause, struct text path)
{
    path = text_after(path, 1);
    while (path.len)
        if (any_pattern_fits(clause, text_take_until(&path, '/')))
            return true;
    return false;
}

/* Whatever it is about. */
static bool clause_fits(const struct permission_clause *clause, struct text path)
{
    /* Empty for the root, which has no name, and where no path is asked about. */
    struct text name = text_after(path, text_find_last(path, '/') + 1);
    switch (clause->when) {
    case WHEN_ALWAYS:
        return true;
    case WHEN_PATH_FITS:
        return path.len && pattern_fits_path(text_of(clause->patterns), path, clause->any_case);
    case WHEN_NAME_FITS:
        return name.len && any_pattern_fits(clause, name);
    case WHEN_NAME_FITS_NOT:
        return name.len && !any_pattern_fits(clause, name);
    case WHEN_ANY_PART_FITS:
        return any_part_fits(clause, path);
    }
    return false;
}

/* The index of the clause that decides, or their count. */
static size_t find(const struct permission *permission, enum action action, const char *path)
{
    const struct permission_clause *clauses = permission->clauses;
    size_t i = 0;
    while (i < permission->count &&
           !(clauses[i].actions & 1U << action && clause_fits(&clauses[i], text_of(path))))
        i++;
    return i;
}

struct verdict permission_decide(const struct permission *permission, enum action action,
                                 const char *path)
{
    size_t found = find(permission, action, path);
    if (found == permission->count)
        return (struct verdict){true, false, SOURCE_NONE};
    const struct permission_clause *clause = &permission->clauses[found];
    return (struct verdict){clause->allows, clause->when == WHEN_ANY_PART_FITS, clause->rule};
}

unsigned permission_rights(const struct permission *permission, const char *path)
{
    unsigned undecided = (1U << ACTION_COUNT) - 1;
    unsigned rights = 0;
    for (size_t i = 0; i < permission->count && undecided; i++) {
        const struct permission_clause *clause = &permission->clauses[i];
        unsigned decides = clause->actions & undecided;
        if (!decides || !clause_fits(clause, text_of(path)))
            continue;
        if (clause->allows)
            rights |= decides;
        undecided &= ~decides;
    }
    return rights | undecided; /* nothing speaks against it */
}

size_t permission_explain(const struct permission *permission, enum action action, const char *path,
                          struct policy_step *steps, size_t size)
{
    size_t found = find(permission, action, path);
    size_t count = 0;
    /* The one that decided is always among them. */
    for (size_t i = 0; i < found && count + 1 < size; i++)
        steps[count++] = (struct policy_step){permission->clauses[i].rule, false};
    if (count < size) {
        bool by_clause = found < permission->count;
        steps[count++] = (struct policy_step){
            by_clause ? permission->clauses[found].rule : SOURCE_NONE, true};
    }
    return count;
}

bool permission_tells_names_apart(const struct permission *permission, const char *directory)
{
    for (size_t i = 0; i < permission->count; i++) {
        const struct permission_clause *clause = &permission->clauses[i];
        bool is_about_path = clause->when == WHEN_PATH_FITS;
        if (clause->when != WHEN_ALWAYS &&
            (!is_about_path || pattern_tells_names_apart(text_of(clause->patterns),
                                                         text_of(directory), clause->any_case)))
            return true;
    }
    return false;
}

/* ---- Making -------------------------------------------------------------------- */

/* What is being made, and of whom. */
struct making {
    const struct policy_source *source; /* borrowed for the call */
    bool has_say_on_allowed;            /* whether its allow-name counts */
    struct permission *permission;      /* borrowed: permission_make's */
    char *message;                      /* borrowed: the caller's */
};

/* Adds a clause of these texts. */
static enum fault add(const struct making *making, enum term term, char *const *texts, size_t count,
                      struct permission_clause clause)
{
    struct permission *permission = making->permission;
    struct permission_clause *clauses = memory_resize(permission->clauses, permission->count + 1,
                                                      sizeof(*clauses));
    if (!clauses)
        return FAULT_NO_MEMORY;
    permission->clauses = clauses;
    clause.rule = source_rule(making->source, term, texts, count, &clause.patterns);
    if (!clause.rule)
        return FAULT_NO_MEMORY;
    clause.pattern_count = (uint16_t)count; /* at most TERM_LIST_MAX */
    clause.any_case = terms_flag(making->source->terms, TERM_IGNORE_CASE);
    clauses[permission->count++] = clause;
    permission->depends_on_path |= clause.when != WHEN_ALWAYS;
    permission->hides |= clause.when == WHEN_ANY_PART_FITS;
    return FAULT_NONE;
}

static enum fault check_names(const struct making *making, enum term term,
                              const struct term_value *value)
{
    struct complaint complaint;
    for (size_t i = 0; i < value->text_count; i++)
        if (!rule_check_name_pattern(text_of(value->texts[i]), &complaint))
            return source_complain(making->source, term, &complaint, making->message);
    return FAULT_NONE;
}

/* One clause for each pattern, so that an answer names the one that decided. */
static enum fault add_names(const struct making *making, enum term term,
                            struct permission_clause clause)
{
    const struct term_value *value = &making->source->terms->values[term];
    enum fault f = check_names(making, term, value);
    for (size_t i = 0; i < value->text_count && !f; i++)
        f = add(making, term, &value->texts[i], 1, clause);
    return f;
}

static enum fault add_allowed_names(const struct making *making)
{
    const struct term_value *value = &making->source->terms->values[TERM_ALLOW_NAMES];
    const struct permission_clause clause = {.when = WHEN_NAME_FITS_NOT,
                                             .actions = rule_actions(RULE_USES_FILE)};
    enum fault f = check_names(making, TERM_ALLOW_NAMES, value);
    if (f || !making->has_say_on_allowed)
        return f;
    return add(making, TERM_ALLOW_NAMES, value->texts, value->text_count, clause);
}

static enum fault add_rule(const struct making *making, char *const *text)
{
    struct rule rule;
    struct complaint complaint;
    if (!rule_parse(text_of(*text), &rule, &complaint))
        return source_complain(making->source, TERM_RULES, &complaint, making->message);
    struct permission_clause clause = {.allows = rule.allows, .actions = rule.actions};
    if (!rule_pattern_is_everything(rule.pattern))
        clause.when = rule_pattern_is_path(rule.pattern) ? WHEN_PATH_FITS : WHEN_NAME_FITS;
    enum fault f = add(making, TERM_RULES, text, 1, clause);
    if (!f) /* the pattern alone, without its actions */
        making->permission->clauses[making->permission->count - 1].patterns += rule.pattern.at -
                                                                               *text;
    return f;
}

/* The rules of one source, and read-only as the rule behind them. */
static enum fault add_rules(const struct making *making)
{
    const struct policy_source *source = making->source;
    const struct term_value *value = &source->terms->values[TERM_RULES];
    enum fault f = FAULT_NONE;
    for (size_t i = 0; i < value->text_count && !f; i++)
        f = add_rule(making, &value->texts[i]);
    bool read_only = source->who == POLICY_ANONYMOUS || terms_flag(source->terms, TERM_READ_ONLY);
    if (!f && read_only)
        f = add(making, TERM_READ_ONLY, NULL, 0,
                (struct permission_clause){.actions = rule_actions(RULE_CHANGES)});
    return f;
}

static enum fault add_changed_password(const struct making *making)
{
    const struct permission_clause clause = {.actions = rule_actions(RULE_HAS_WORD) &
                                                        ~(1U << ACTION_SITE)};
    if (!terms_flag(making->source->terms, TERM_MUST_CHANGE_PASSWORD))
        return FAULT_NONE;
    return add(making, TERM_MUST_CHANGE_PASSWORD, NULL, 0, clause);
}

/* What of one source comes in at this step of the order, which is the order of deciding. */
enum step { STEP_PASSWORD, STEP_HIDE, STEP_DENY_NAMES, STEP_ALLOW_NAMES, STEP_RULES, STEP_COUNT };

static enum fault add_step(const struct making *making, enum step step)
{
    switch (step) {
    case STEP_PASSWORD:
        return add_changed_password(making);
    case STEP_HIDE:
        return add_names(making, TERM_HIDE_NAMES,
                         (struct permission_clause){.when = WHEN_ANY_PART_FITS, .actions = ~0U});
    case STEP_DENY_NAMES:
        return add_names(making, TERM_DENY_NAMES,
                         (struct permission_clause){.when = WHEN_NAME_FITS,
                                                    .actions = rule_actions(RULE_USES_FILE)});
    case STEP_ALLOW_NAMES:
        return add_allowed_names(making);
    case STEP_RULES:
        return add_rules(making);
    case STEP_COUNT:
        break;
    }
    return FAULT_BUG;
}

enum fault permission_make(const struct policy_source *sources, size_t count,
                           struct permission *ret_permission, char message[TERMS_MESSAGE_SIZE])
{
    struct permission permission = {0};
    struct making making = {.permission = &permission};
    enum fault f = FAULT_NONE;
    making.message = message;
    for (unsigned step = 0; step < STEP_COUNT; step++) {
        for (size_t i = 0; i < count && !f; i++) {
            making.source = &sources[i];
            making.has_say_on_allowed = source_has_say(sources, i, TERM_ALLOW_NAMES);
            f = add_step(&making, (enum step)step);
        }
    }
    if (f)
        permission_done(&permission);
    else
        *ret_permission = permission;
    return f;
}

void permission_done(struct permission *permission)
{
    for (size_t i = 0; i < permission->count; i++)
        memory_free(permission->clauses[i].rule);
    memory_free(permission->clauses);
    *permission = (struct permission){0};
}
