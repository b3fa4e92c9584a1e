/* SPDX-License-Identifier: Apache-2.0 */
#include "client/mirror.h"

#include <pthread.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/memory.h"
#include "client/directory_facts.h"
#include "client/prune.h"

/* One run, which all tasks share. */
struct run {
    struct crew *crew; /* borrowed, as all below that is not guarded */
    const struct local_tree *tree;
    const char *path; /* the server's root */
    const struct mirror_rules *rules;
    struct transfer_progress *progress;
    pthread_mutex_t lock;
    struct mirror_tally tally;    /* guarded, as all below */
    enum fault fault;             /* the first one */
    struct directory_facts facts; /* set when all is done */
};

/* A file to be carried or a directory to be compared. */
struct errand {
    struct crew_task task;
    struct run *run; /* borrowed: it waits for all that begin; who is freed undone outlives it */
    unsigned depth;
    bool is_target_new; /* a directory just made: there is nothing in it to look at */
    bool has_same_time; /* a directory as old as its source */
    bool has_entry;
    struct entry entry; /* what its listing said; without its name */
    char path[];        /* below the roots */
};

/* A name that comes from the server becomes one here; one of ours must only be one part of a path.
 */
static bool is_name(const struct run *run, const struct entry *entry, bool is_of_source)
{
    struct text name = text_of(entry->name);
    if (run->rules->direction == MIRROR_DOWN && is_of_source)
        return safe_name_is_local(name, run->rules->names);
    return text_find(name, '/') == name.len;
}

static void tell(struct run *run, enum mirror_event event, const char *path, enum fault f,
                 struct text reason, unsigned code, const struct carry_outcome *outcome)
{
    struct mirror_tally *tally = &run->tally;
    pthread_mutex_lock(&run->lock);
    uint64_t *counts[] = {
        [MIRROR_COPIED] = &tally->files,
        [MIRROR_REPLACED] = &tally->files,
        [MIRROR_MADE_DIRECTORY] = &tally->directories,
        [MIRROR_LINKED] = &tally->files,
        [MIRROR_DELETED] = &tally->deleted,
        [MIRROR_SKIPPED] = &tally->skipped,
        [MIRROR_DOUBTED] = NULL,
        [MIRROR_CONFLICT] = &tally->failed,
        [MIRROR_FAILED] = &tally->failed,
    };
    if (counts[event])
        ++*counts[event];
    if (outcome && (event == MIRROR_COPIED || event == MIRROR_REPLACED))
        tally->bytes += outcome->size - (outcome->begun < outcome->size ? outcome->begun : 0);
    if (f && !run->fault)
        run->fault = f;
    if (run->rules->on_event)
        run->rules->on_event(run->rules->owner, event, path, f, reason, code, outcome);
    pthread_mutex_unlock(&run->lock);
}

static void count_same(struct run *run)
{
    pthread_mutex_lock(&run->lock);
    run->tally.same++;
    pthread_mutex_unlock(&run->lock);
}

/* `remote` is whose fault it is; NULL: not the server's. */
static void fail(struct run *run, const char *path, enum fault f, const struct remote *remote,
                 const struct carry_outcome *outcome)
{
    struct text reason = remote ? remote_reason(remote) : TEXT_NONE;
    tell(run, MIRROR_FAILED, path, f, reason.len ? reason : text_of(fault_text(f)),
         remote ? remote_code(remote) : 0, outcome);
}

/* The server's name of a place. False when it is too long. */
static bool name_there(const struct run *run, const char *path, char bytes[ENTRY_PATH_SIZE])
{
    return entry_path(bytes, run->path, path);
}

static struct errand *errand_new(struct run *run, const char *path, unsigned depth,
                                 const struct entry *entry,
                                 void (*run_task)(struct crew_task *task, struct crew_hand *hand))
{
    size_t len = strlen(path);
    struct errand *errand = memory_new(sizeof(*errand) + len + 1);
    if (!errand)
        return NULL;
    errand->task.run = run_task;
    errand->run = run;
    errand->depth = depth;
    errand->has_entry = entry != NULL;
    if (entry)
        errand->entry = *entry;
    errand->entry.name = errand->entry.target = NULL;
    memcpy(errand->path, path, len);
    return errand;
}

static enum fault add(struct errand *errand)
{
    if (!errand)
        return FAULT_NO_MEMORY;
    bool is_directory = errand->has_entry && errand->entry.kind == ENTRY_DIRECTORY;
    crew_add(errand->run->crew, &errand->task, !is_directory);
    return FAULT_NONE;
}

/* The hand's connection; false when the errand has been dealt with otherwise. */
static bool take_remote(struct errand *errand, struct crew_hand *hand, struct remote **ret_remote)
{
    enum fault f = crew_hand_remote(hand, ret_remote);
    if (f == FAULT_TOO_MANY) {
        crew_leave(hand, &errand->task);
        return false;
    }
    if (f) {
        fail(errand->run, errand->path, f, *ret_remote, NULL);
        memory_free(errand);
    }
    return !f;
}

/* ---- A file ----------------------------------------------------------------------------- */

static void carry_file(struct crew_task *task, struct crew_hand *hand)
{
    struct errand *errand = (struct errand *)task;
    struct run *run = errand->run;
    char there[ENTRY_PATH_SIZE];
    struct carry_outcome outcome = {.begun = 0};
    struct remote *remote = NULL;
    if (!hand) {
        memory_free(errand);
        return;
    }
    if (!take_remote(errand, hand, &remote))
        return;
    const struct mirror_rules *rules = run->rules;
    enum fault f = name_there(run, errand->path, there) ? FAULT_NONE : FAULT_NAME_INVALID;
    bool is_down = rules->direction == MIRROR_DOWN;
    int64_t begun_ms = clock_running_ms();
    if (!f && is_down && rules->carry.keeps_time)
        f = remote_ask_time(remote, there, &errand->entry);
    if (!f && is_down)
        f = carry_fetch(remote, there, &errand->entry, run->tree, errand->path, &rules->carry,
                        run->progress, &outcome);
    else if (!f)
        f = carry_send(remote, run->tree, errand->path, there, &rules->carry, run->progress,
                       &outcome);
    outcome.duration_ms = (uint64_t)(clock_running_ms() - begun_ms);
    if (f)
        fail(run, errand->path, f, remote, &outcome);
    else
        tell(run, MIRROR_COPIED, errand->path, FAULT_NONE, TEXT_NONE, 0, &outcome);
    memory_free(errand);
}

static void compare_file(struct crew_task *task, struct crew_hand *hand)
{
    struct errand *errand = (struct errand *)task;
    struct run *run = errand->run;
    char there[ENTRY_PATH_SIZE];
    struct carry_outcome outcome = {.size = errand->entry.size};
    struct remote *remote = NULL;
    if (!hand) {
        memory_free(errand);
        return;
    }
    if (!take_remote(errand, hand, &remote))
        return;
    enum fault f = name_there(run, errand->path, there)
                       ? carry_compare(remote, there, run->tree, errand->path, &outcome)
                       : FAULT_NAME_INVALID;
    if (f == FAULT_UNSUPPORTED) /* the server cannot tell: as if it had not been asked for */
        f = FAULT_NONE;
    if (f) {
        fail(run, errand->path, f, remote, NULL);
    } else if (outcome.differs && !run->rules->is_dry_run) {
        carry_file(task, hand);
        return;
    } else if (outcome.differs) {
        tell(run, MIRROR_REPLACED, errand->path, FAULT_NONE, TEXT_NONE, 0, &outcome);
    } else {
        count_same(run);
    }
    memory_free(errand);
}

/* ---- A directory --------------------------------------------------------------------------- */

static void compare_directory(struct crew_task *task, struct crew_hand *hand);

/* Where both sides of a comparison are while it goes on. */
struct visit {
    struct errand *errand; /* borrowed: the directory's */
    struct remote *remote; /* borrowed: the hand's */
    bool changes;          /* names in it are made, replaced or removed */
};

static enum fault make_directory(const struct visit *visit, const char *path)
{
    const struct run *run = visit->errand->run;
    char there[ENTRY_PATH_SIZE];
    if (run->rules->is_dry_run)
        return FAULT_NONE;
    if (run->rules->direction == MIRROR_DOWN)
        return local_tree_make_directory(run->tree, path);
    return name_there(run, path, there) ? remote_make_directory(visit->remote, there)
                                        : FAULT_NAME_INVALID;
}

/* *ret_is_kept: not all of it goes, since the filter leaves something out. */
static enum fault delete_entry(const struct visit *visit, const char *path,
                               const struct entry *entry, bool *ret_is_kept)
{
    const struct run *run = visit->errand->run;
    const struct filter *filter = run->rules->compare.filter;
    char there[ENTRY_PATH_SIZE];
    if (run->rules->is_dry_run)
        return FAULT_NONE;
    if (run->rules->direction == MIRROR_DOWN)
        return prune_here(run->tree, path, entry, filter, ret_is_kept);
    return name_there(run, path, there)
               ? prune_there(visit->remote, there, path, entry, filter, ret_is_kept)
               : FAULT_NAME_INVALID;
}

/*
 * What only the target has, or has in another's place: then FAULT_EXISTS, as compare wants it, when
 * it is still there.
 */
static enum fault drop(const struct visit *visit, const char *path,
                       const struct compare_action *action)
{
    struct run *run = visit->errand->run;
    bool is_servers = run->rules->direction == MIRROR_UP;
    bool is_kept = false;
    enum fault f = delete_entry(visit, path, action->target, &is_kept);
    if (f)
        fail(run, path, f, is_servers ? visit->remote : NULL, NULL);
    else if (!is_kept)
        tell(run, MIRROR_DELETED, path, FAULT_NONE, TEXT_NONE, 0, NULL);
    else if (action->source)
        tell(run, MIRROR_CONFLICT, path, FAULT_EXISTS, text_of(fault_text(FAULT_EXISTS)), 0, NULL);
    return action->source && (f || is_kept) ? FAULT_EXISTS : FAULT_NONE;
}

/* `target` is what is there already; NULL: it has just been made. */
static enum fault enter(const struct visit *visit, const char *path, const struct entry *source,
                        const struct entry *target)
{
    struct run *run = visit->errand->run;
    unsigned depth = visit->errand->depth + 1;
    if (depth >= MIRROR_DEPTH_MAX)
        return FAULT_LINK_LOOP;
    struct errand *errand = errand_new(run, path, depth, source, compare_directory);
    if (errand) {
        errand->is_target_new = !target;
        errand->has_same_time = target &&
                                entry_same_time(source, target, run->rules->compare.slack_s);
    }
    return add(errand);
}

static enum fault copy(const struct visit *visit, const char *path, const struct entry *entry,
                       bool replaces)
{
    struct run *run = visit->errand->run;
    const struct carry_outcome outcome = {.size = entry->size};
    if (!run->rules->is_dry_run) {
        if (run->rules->on_plan)
            run->rules->on_plan(run->rules->owner, entry->has_size ? entry->size : 0);
        return add(errand_new(run, path, visit->errand->depth + 1, entry, carry_file));
    }
    tell(run, replaces ? MIRROR_REPLACED : MIRROR_COPIED, path, FAULT_NONE, TEXT_NONE, 0, &outcome);
    return FAULT_NONE;
}

/* Nothing in the listings tells them apart; their bytes may. */
static enum fault keep(const struct visit *visit, const char *path, const struct entry *entry)
{
    struct run *run = visit->errand->run;
    const struct compare_rules *compare = &run->rules->compare;
    bool is_replaceable = !compare->only_missing && !compare->only_newer;
    bool looks_closer = entry->kind == ENTRY_FILE && is_replaceable &&
                        run->rules->carry.check == CARRY_CHECK_DIGEST;
    if (looks_closer)
        return add(errand_new(run, path, visit->errand->depth + 1, entry, compare_file));
    count_same(run);
    return FAULT_NONE;
}

static enum fault link_to(const struct visit *visit, const char *path, const struct entry *entry)
{
    const struct run *run = visit->errand->run;
    if (run->rules->is_dry_run)
        return FAULT_NONE;
    if (run->rules->direction == MIRROR_UP || !entry->target)
        return FAULT_UNSUPPORTED;
    return local_tree_link(run->tree, path, entry->target);
}

static void tell_skipped(struct run *run, const char *path, const struct entry *entry)
{
    struct text why = entry->kind == ENTRY_LINK ? TEXT("is a link, and not to a file")
                                                : TEXT("is neither file nor directory");
    tell(run, MIRROR_SKIPPED, path, FAULT_NONE, why, 0, NULL);
}

static enum fault make(const struct visit *visit, const char *path, const struct entry *entry)
{
    enum fault f = make_directory(visit, path);
    if (f)
        return f;
    tell(visit->errand->run, MIRROR_MADE_DIRECTORY, path, FAULT_NONE, TEXT_NONE, 0, NULL);
    return enter(visit, path, entry, NULL);
}

/* What is to be done about one name that the source has. */
static enum fault carry_out(const struct visit *visit, const char *path,
                            const struct compare_action *action)
{
    const struct entry *entry = action->source;
    struct run *run = visit->errand->run;
    enum fault f = FAULT_NONE;
    switch (action->deed) {
    case COMPARE_COPY:
        return copy(visit, path, entry, action->target != NULL);
    case COMPARE_MAKE_DIRECTORY:
        return make(visit, path, entry);
    case COMPARE_DESCEND:
        return enter(visit, path, entry, action->target);
    case COMPARE_LINK:
        f = link_to(visit, path, entry);
        if (!f)
            tell(run, MIRROR_LINKED, path, FAULT_NONE, TEXT_NONE, 0, NULL);
        return f;
    case COMPARE_SAME:
        return keep(visit, path, entry);
    case COMPARE_SKIP:
        tell_skipped(run, path, entry);
        return FAULT_NONE;
    default:
        tell(run, MIRROR_CONFLICT, path, FAULT_EXISTS, text_of(fault_text(FAULT_EXISTS)), 0, NULL);
        return FAULT_NONE;
    }
}

/* What is to be done about one name; what fails costs that name alone. */
static enum fault act(void *owner, const struct compare_action *action)
{
    struct visit *visit = owner;
    struct run *run = visit->errand->run;
    bool is_surplus = action->deed == COMPARE_DELETE;
    const struct entry *entry = is_surplus ? action->target : action->source;
    char path[ENTRY_PATH_SIZE];
    if (crew_is_stopped(run->crew))
        return FAULT_CANCELLED;
    if (local_is_part(text_of(entry->name))) /* somebody's, who is not done with it or will go on */
        return FAULT_NONE;
    visit->changes |= action->deed != COMPARE_DESCEND && action->deed != COMPARE_SAME;
    /* What seems to be the same may be found to be another. */
    visit->changes |= run->rules->carry.check == CARRY_CHECK_DIGEST;
    if (!is_name(run, entry, action->source != NULL) ||
        !entry_path(path, visit->errand->path, entry->name)) {
        fail(run, entry->name, FAULT_NAME_INVALID, NULL, NULL);
        return FAULT_NONE;
    }
    if (is_surplus)
        return drop(visit, path, action);
    enum fault f = carry_out(visit, path, action);
    if (f)
        fail(run, path, f, run->rules->direction == MIRROR_UP ? visit->remote : NULL, NULL);
    return FAULT_NONE;
}

/* Both listings, whole, or a fault. A directory that is not there yet has nothing in it. */
static enum fault list_both(const struct visit *visit, struct entries *ours, struct entries *theirs)
{
    const struct errand *errand = visit->errand;
    const struct run *run = errand->run;
    bool is_down = run->rules->direction == MIRROR_DOWN;
    char there[ENTRY_PATH_SIZE];
    enum fault f = name_there(run, errand->path, there) ? FAULT_NONE : FAULT_NAME_INVALID;
    if (!f && !(errand->is_target_new && is_down))
        f = local_tree_list(run->tree, errand->path, ours);
    if (!f && !(errand->is_target_new && !is_down))
        f = remote_list(visit->remote, there, theirs);
    if (f == FAULT_NOT_FOUND && !errand->depth && !is_down) { /* the root itself is to be made */
        f = run->rules->is_dry_run ? FAULT_NONE : remote_make_path(visit->remote, there);
        entries_clear(theirs);
    }
    entries_sort(ours);
    entries_sort(theirs);
    return f;
}

/* What links lead to: a file is copied as one. Where a link to a directory leads there may be no
 * end. */
static enum fault follow_links(const struct visit *visit, const struct entries *source)
{
    const struct errand *errand = visit->errand;
    const struct run *run = errand->run;
    char path[ENTRY_PATH_SIZE];
    char there[ENTRY_PATH_SIZE];
    enum fault f = FAULT_NONE;
    for (size_t i = 0; !f && i < source->count; i++) {
        struct entry *entry = &source->all[i];
        struct entry found = {.kind = ENTRY_OTHER};
        if (entry->kind != ENTRY_LINK || !is_name(run, entry, true) ||
            !entry_path(path, errand->path, entry->name) || !name_there(run, path, there))
            continue;
        if (run->rules->direction == MIRROR_DOWN) {
            f = remote_follow(visit->remote, there, entry);
        } else if (!local_tree_look(run->tree, path, &found) && found.kind == ENTRY_FILE) {
            found.name = entry->name;
            found.target = entry->target;
            *entry = found;
        }
    }
    return f;
}

/* A source that may have more than its listing says: then nothing is removed for want of it. */
static void tell_doubt(const struct visit *visit, enum entries_doubt doubt, bool deletes)
{
    struct run *run = visit->errand->run;
    const char *path = visit->errand->path;
    bool is_source = run->rules->direction == MIRROR_DOWN;
    char why[128];
    if (doubt == ENTRIES_WHOLE || (doubt <= ENTRIES_UNENDED && !(is_source && deletes)))
        return;
    (void)snprintf(why, sizeof(why), "%s%s", entries_doubt_text(doubt),
                   is_source && deletes ? ": nothing in it is removed" : "");
    if (is_source && (deletes || doubt == ENTRIES_CUT))
        tell(run, MIRROR_FAILED, path, FAULT_MALFORMED, text_of(why), 0, NULL);
    else
        tell(run, MIRROR_DOUBTED, path, FAULT_NONE, text_of(why), 0, NULL);
}

/* What gets no time of its own when it is copied has that of the copying. */
static struct compare_rules rules_of(const struct visit *visit)
{
    const struct mirror_rules *rules = visit->errand->run->rules;
    struct compare_rules compare = rules->compare;
    bool is_dated_there = rules->direction == MIRROR_UP &&
                          !features_has(remote_features(visit->remote), FEATURE_MFMT);
    compare.target_dates_it = !rules->carry.keeps_time || is_dated_there;
    return compare;
}

/* What it is to have when all that is in it is done. The root is whose it is, as it is. */
static enum fault note_facts(const struct visit *visit)
{
    const struct errand *errand = visit->errand;
    struct run *run = errand->run;
    const struct carry_rules *carry = &run->rules->carry;
    const char *path = errand->path;
    char there[ENTRY_PATH_SIZE];
    bool is_as_it_was = errand->has_same_time && !visit->changes;
    if (!errand->has_entry || run->rules->is_dry_run || is_as_it_was)
        return FAULT_NONE;
    if (run->rules->direction == MIRROR_UP) {
        if (!name_there(run, path, there))
            return FAULT_NAME_INVALID;
        path = there;
    }
    pthread_mutex_lock(&run->lock);
    enum fault f = directory_facts_note(&run->facts, path, &errand->entry, carry->keeps_time,
                                        carry->keeps_mode && errand->is_target_new);
    pthread_mutex_unlock(&run->lock);
    return f;
}

/* Makes the target like the source, as far as both listings tell. */
static enum fault compare(struct visit *visit, const struct entries *ours,
                          const struct entries *theirs)
{
    bool is_down = visit->errand->run->rules->direction == MIRROR_DOWN;
    const struct entries *source = is_down ? theirs : ours;
    struct compare_rules rules = rules_of(visit);
    enum fault f = rules.takes_links ? FAULT_NONE : follow_links(visit, source);
    if (f)
        return f;
    tell_doubt(visit, theirs->doubt, rules.deletes);
    rules.deletes = rules.deletes && (!is_down || theirs->doubt == ENTRIES_WHOLE);
    f = compare_directories(&rules, visit->errand->path, source, is_down ? ours : theirs, act,
                            visit);
    return f ? f : note_facts(visit);
}

static void compare_directory(struct crew_task *task, struct crew_hand *hand)
{
    struct errand *errand = (struct errand *)task;
    struct visit visit = {.errand = errand};
    struct entries ours = {0};
    struct entries theirs = {0};
    if (!hand) {
        memory_free(errand);
        return;
    }
    if (!take_remote(errand, hand, &visit.remote))
        return;
    enum fault f = list_both(&visit, &ours, &theirs);
    if (!f)
        f = compare(&visit, &ours, &theirs);
    if (f && f != FAULT_CANCELLED)
        fail(errand->run, errand->path, f, f == FAULT_NO_MEMORY ? NULL : visit.remote, NULL);
    entries_clear(&ours);
    entries_clear(&theirs);
    memory_free(errand);
}

/* ---- The tree ------------------------------------------------------------------------------ */

static void set_facts(struct crew_task *task, struct crew_hand *hand)
{
    struct errand *errand = (struct errand *)task;
    struct run *run = errand->run;
    struct remote *remote = NULL;
    if (!hand) {
        memory_free(errand);
        return;
    }
    if (!take_remote(errand, hand, &remote))
        return;
    enum fault f = directory_facts_set_there(&run->facts, remote);
    if (f)
        fail(run, "", f, remote, NULL);
    memory_free(errand);
}

/* Times and modes of directories, behind all that is in them. */
static enum fault finish(struct run *run)
{
    if (crew_is_stopped(run->crew) || !run->facts.last)
        return FAULT_NONE;
    if (run->rules->direction == MIRROR_DOWN) {
        directory_facts_set_here(&run->facts, run->tree);
        return FAULT_NONE;
    }
    enum fault f = add(errand_new(run, "", 0, NULL, set_facts));
    return f ? f : crew_wait(run->crew);
}

enum fault mirror_run(struct crew *crew, const struct local_tree *tree, const char *path,
                      const struct mirror_rules *rules, struct transfer_progress *progress,
                      struct mirror_tally *ret_tally)
{
    struct run run = {
        .crew = crew, .tree = tree, .path = path, .rules = rules, .progress = progress};
    pthread_mutex_init(&run.lock, NULL);
    struct errand *errand = errand_new(&run, "", 0, NULL, compare_directory);
    if (errand)
        errand->is_target_new = rules->is_target_missing;
    enum fault f = add(errand);
    if (!f)
        f = crew_wait(crew);
    if (!f)
        f = finish(&run);
    if (f == FAULT_CONNECTION_LOST)
        tell(&run, MIRROR_FAILED, "", f,
             TEXT("the server does not come back: what was still to be done is left"), 0, NULL);
    else if (f)
        fail(&run, "", f, NULL, NULL);
    directory_facts_clear(&run.facts);
    pthread_mutex_destroy(&run.lock);
    *ret_tally = run.tally;
    return !f && crew_is_stopped(crew) ? FAULT_CANCELLED : run.fault;
}
