/* SPDX-License-Identifier: Apache-2.0 */
/* find du */
#include <time.h>

#include "client/commands.h"
#include "client/remote_walk.h"

/* ---- Either ---------------------------------------------------------------------------- */

/* Why a part of a tree was not visited; the rest of it is, but for a connection that is gone. */
static enum fault tell(struct run *run, const struct remote *remote, const char *path, enum fault f)
{
    bool is_ours = f == FAULT_LINK_LOOP || f == FAULT_NAME_INVALID;
    if (run_is_interrupted(run))
        return FAULT_CANCELLED;
    run_failed(run, path[0] ? path : ".", is_ours ? NULL : remote, f);
    return fault_is_of_the_way(f) ? f : FAULT_NONE;
}

/* Is what cannot be listed a file? */
static bool is_file(struct remote *remote, const char *path, enum fault f, struct entry *ret_entry)
{
    bool can_be = f == FAULT_NOT_FOUND || f == FAULT_NOT_DIRECTORY || f == FAULT_UNSUPPORTED;
    return can_be && path[0] && !remote_look(remote, path, ret_entry) &&
           ret_entry->kind != ENTRY_DIRECTORY;
}

/* ---- find -------------------------------------------------------------------------------- */

struct search {
    struct run *run;         /* borrowed */
    struct remote *remote;   /* borrowed */
    const struct find *find; /* borrowed */
    const char *root;        /* borrowed */
    int64_t now;
    bool is_lost; /* all of it: the root could not be listed */
};

static void show_if_meant(struct search *search, const char *path, unsigned depth,
                          const struct entry *entry)
{
    if (!find_takes(search->find, path, depth, entry, search->now))
        return;
    pthread_mutex_lock(&search->run->lock);
    report_found(&search->run->report, text_of(path), entry);
    pthread_mutex_unlock(&search->run->lock);
}

static enum fault on_found(void *owner, const char *path, unsigned depth, const struct entry *entry,
                           bool *ret_enters)
{
    struct search *search = owner;
    show_if_meant(search, path, depth, entry);
    *ret_enters = find_goes_below(search->find, depth);
    return run_is_interrupted(search->run) ? FAULT_CANCELLED : FAULT_NONE;
}

static enum fault on_lost(void *owner, const char *path, enum fault f)
{
    struct search *search = owner;
    struct entry entry;
    if (strcmp(path, search->root) == 0 && is_file(search->remote, path, f, &entry)) {
        const struct text name = text_after(text_of(path), text_find_last(text_of(path), '/') + 1);
        entry.name = name.len ? name.at : path;
        show_if_meant(search, path, 0, &entry);
        return FAULT_NONE;
    }
    search->is_lost = search->is_lost || strcmp(path, search->root) == 0;
    return tell(search->run, search->remote, path, f);
}

void walk_find(struct run *run, struct remote *remote, const char *path, const struct find *find)
{
    struct search search = {run, remote, find, path, (int64_t)time(NULL), false};
    const struct remote_visitor visitor = {
        .on_entry = on_found, .on_fault = on_lost, .owner = &search};
    enum fault f = find_goes_below(find, 0) ? remote_walk(remote, path, &visitor) : FAULT_NONE;
    if (!f && !search.is_lost) /* some of it, if something was told (exit_status_of_many) */
        run_succeeded(run);
}

/* URLs up to the first word that is a test. */
static size_t count_urls(const struct invocation *invocation)
{
    size_t count = 0;
    while (count < invocation->word_count && invocation->words[count][0] != '-')
        count++;
    return count;
}

void command_find(struct run *run)
{
    const struct invocation *invocation = run->invocation;
    const size_t urls = count_urls(invocation);
    struct visit visit = {.run = run};
    struct find find;
    char message[FIND_MESSAGE_SIZE] = "takes a URL, and tests behind it";
    if (!urls ||
        !find_parse(invocation->words + urls, invocation->word_count - urls, &find, message)) {
        run_complain(run, "find", message, EXIT_STATUS_USAGE);
        return;
    }
    for (size_t i = 0; i < urls && !run_is_interrupted(run); i++) {
        const char *path = visit_to(&visit, invocation->words[i]);
        if (path)
            walk_find(run, visit.remote, path, &find);
    }
    visit_end(&visit);
}

/* ---- du ---------------------------------------------------------------------------------- */

struct sum {
    uint64_t bytes;
    uint64_t files;
    bool is_rough;
};

struct usage {
    struct run *run;       /* borrowed */
    struct remote *remote; /* borrowed */
    const char *root;      /* borrowed */
    bool is_summary;
    bool is_lost;                               /* what comes next could not be looked at */
    struct sum sums[REMOTE_WALK_DEPTH_MAX + 2]; /* of the directory at each depth, so far */
};

static void add(struct sum *sum, const struct sum *more)
{
    sum->bytes += more->bytes < UINT64_MAX - sum->bytes ? more->bytes : UINT64_MAX - sum->bytes;
    sum->files += more->files;
    sum->is_rough = sum->is_rough || more->is_rough;
}

static void add_file(struct sum *sum, const struct entry *entry)
{
    const struct sum one = {
        .bytes = entry->has_size ? entry->size : 0,
        .files = 1,
        .is_rough = !entry->has_size || entry->size_is_rough,
    };
    if (entry->kind == ENTRY_FILE)
        add(sum, &one);
}

static enum fault on_counted(void *owner, const char *path, unsigned depth,
                             const struct entry *entry, bool *ret_enters)
{
    struct usage *usage = owner;
    (void)path;
    *ret_enters = true;
    if (entry->kind == ENTRY_DIRECTORY)
        usage->sums[depth] = (struct sum){0};
    else
        add_file(&usage->sums[depth - 1], entry);
    return run_is_interrupted(usage->run) ? FAULT_CANCELLED : FAULT_NONE;
}

static enum fault on_summed(void *owner, const char *path, unsigned depth)
{
    struct usage *usage = owner;
    struct sum *sum = &usage->sums[depth];
    sum->is_rough = sum->is_rough || usage->is_lost;
    usage->is_lost = false;
    const struct report_usage told = {text_of(path), sum->bytes, sum->files, sum->is_rough};
    if (depth)
        add(&usage->sums[depth - 1], sum);
    if (depth && usage->is_summary)
        return FAULT_NONE;
    pthread_mutex_lock(&usage->run->lock);
    report_usage(&usage->run->report, &told);
    pthread_mutex_unlock(&usage->run->lock);
    return FAULT_NONE;
}

static enum fault on_uncounted(void *owner, const char *path, enum fault f)
{
    struct usage *usage = owner;
    struct entry entry;
    if (strcmp(path, usage->root) == 0 && is_file(usage->remote, path, f, &entry)) {
        add_file(&usage->sums[0], &entry);
        return FAULT_NONE;
    }
    usage->is_lost = true;
    enum fault end = tell(usage->run, usage->remote, path, f);
    return strcmp(path, usage->root) == 0 ? f : end;
}

void walk_du(struct run *run, struct remote *remote, const char *path, bool is_summary)
{
    struct usage usage = {.run = run, .remote = remote, .root = path, .is_summary = is_summary};
    const struct remote_visitor visitor = {
        .on_entry = on_counted, .on_leave = on_summed, .on_fault = on_uncounted, .owner = &usage};
    if (!remote_walk(remote, path, &visitor)) /* some of it, if something was told */
        run_succeeded(run);
}

static void du_at(struct run *run, const struct visit *visit, const char *path)
{
    walk_du(run, visit->remote, path, run->invocation->is_summary);
}

void command_du(struct run *run)
{
    visit_each(run, du_at);
}
