/* SPDX-License-Identifier: Apache-2.0 */
/* mirror sync check */
#include "base/clock.h"
#include "client/commands.h"
#include "client/mirror.h"

/* A tree here and one there, and what is to be done about them. */
struct trees {
    struct run *run; /* borrowed, as all below but what is said to be owned */
    const struct invocation *invocation;
    const struct site *site;
    struct local_tree *tree; /* owned */
    struct filter *filter;   /* owned; NULL: none */
    const char *local;
    const char *path; /* the server's */
    struct mirror_rules rules;
    size_t differences;    /* told so far; guarded by the run's lock */
    bool is_check;         /* in what they differ is told, and is no success */
    bool is_first_contact; /* nobody has spoken with the server yet */
};

static bool add_filters(struct trees *trees)
{
    struct run *run = trees->run;
    const struct invocation *invocation = trees->invocation;
    enum fault f = invocation->rule_count ? filter_new(&trees->filter) : FAULT_NONE;
    for (size_t i = 0; !f && i < invocation->rule_count; i++) {
        const struct invocation_rule *rule = &invocation->rules[i];
        f = filter_add(trees->filter, rule->includes, text_of(rule->pattern));
        if (f == FAULT_ARGUMENT)
            run_complain(run, rule->pattern, "is no pattern", EXIT_STATUS_USAGE);
    }
    if (f && f != FAULT_ARGUMENT)
        run_failed(run, "patterns", NULL, f);
    trees->rules.compare.filter = trees->filter;
    return !f;
}

static bool open_trees(struct trees *trees)
{
    struct run *run = trees->run;
    bool is_down = trees->rules.direction == MIRROR_DOWN;
    bool makes = is_down && !trees->rules.is_dry_run;
    enum fault f = local_tree_open(trees->local, makes, &trees->tree);
    if (f == FAULT_NOT_FOUND && is_down && !trees->is_check) {
        trees->rules.is_target_missing = true;
        f = FAULT_NONE;
    }
    if (f)
        run_failed(run, trees->local, NULL, f);
    return !f && add_filters(trees);
}

static void close_trees(struct trees *trees)
{
    local_tree_free(trees->tree);
    filter_free(trees->filter);
}

/* ---- What happened ------------------------------------------------------------------------- */

static void tell_copied(const struct trees *trees, const char *path,
                        const struct carry_outcome *outcome)
{
    const struct report_transfer transfer = {
        .remote = text_of(path),
        .local = text_of(path),
        .is_upload = trees->rules.direction == MIRROR_UP,
        .size = outcome->size,
        .resumed_from = outcome->begun,
    };
    const struct report_outcome told = {
        .bytes = outcome->size - (outcome->begun < outcome->size ? outcome->begun : 0),
        .duration_ms = outcome->duration_ms,
        .verified_by = outcome->was_digested  ? text_of(digest_kind_name(outcome->digest))
                       : outcome->was_checked ? TEXT("size")
                                              : TEXT(""),
    };
    report_transfer_end(&trees->run->report, &transfer, &told);
}

/* What a dry run says of a name, or a check; false: nothing of its own. */
static bool tell_finding(struct trees *trees, enum mirror_event event, const char *path)
{
    static const struct {
        const char *planned;
        const char *difference;
    } words[] = {
        [MIRROR_COPIED] = {"copy", "missing"},
        [MIRROR_REPLACED] = {"replace", "differs"},
        [MIRROR_MADE_DIRECTORY] = {"make", "missing"},
        [MIRROR_LINKED] = {"link", "missing"},
        [MIRROR_DELETED] = {"remove", "extra"},
        [MIRROR_SKIPPED] = {NULL, NULL},
        [MIRROR_DOUBTED] = {NULL, NULL},
        [MIRROR_CONFLICT] = {NULL, "kind"},
        [MIRROR_FAILED] = {NULL, NULL},
    };
    struct run *run = trees->run;
    const char *word = trees->is_check ? words[event].difference : words[event].planned;
    if (!trees->rules.is_dry_run || !word)
        return false;
    report_finding(&run->report, trees->is_check ? "difference" : "planned", text_of(word),
                   text_of(path));
    trees->differences++;
    return true;
}

static void on_event(void *owner, enum mirror_event event, const char *path, enum fault f,
                     struct text reason, unsigned code, const struct carry_outcome *outcome)
{
    struct trees *trees = owner;
    struct run *run = trees->run;
    bool is_each_told = run->report.is_json || trees->invocation->settings.verbose >= 2;
    bool differs = event == MIRROR_FAILED && outcome && outcome->differs;
    const struct report_problem problem = {
        .what = text_of(path[0]          ? path
                        : trees->path[0] ? trees->path
                                         : "."),
        .code = code,
        .text = differs ? TEXT("what arrived is not what was sent: size or checksum differ")
                        : reason,
        .fault = f,
        .status = differs ? EXIT_STATUS_VERIFY : exit_status_of(f, code),
    };
    pthread_mutex_lock(&run->lock);
    if (tell_finding(trees, event, path)) {
        pthread_mutex_unlock(&run->lock);
        return;
    }
    switch (event) {
    case MIRROR_COPIED:
    case MIRROR_REPLACED:
        run->state.files_done++;
        if (is_each_told)
            tell_copied(trees, path, outcome);
        break;
    case MIRROR_MADE_DIRECTORY:
    case MIRROR_LINKED:
        if (is_each_told)
            report_made(&run->report, text_of(path));
        break;
    case MIRROR_DELETED:
        if (is_each_told)
            report_removed(&run->report, text_of(path));
        break;
    case MIRROR_SKIPPED:
    case MIRROR_DOUBTED:
        report_warning(&run->report, problem.what, reason);
        break;
    case MIRROR_CONFLICT:
    case MIRROR_FAILED:
        run->failed++;
        run->last = problem.status;
        report_error(&run->report, &problem);
        break;
    }
    pthread_mutex_unlock(&run->lock);
}

static void on_plan(void *owner, uint64_t bytes)
{
    const struct trees *trees = owner;
    run_expect(trees->run, bytes);
}

/* ---- The command --------------------------------------------------------------------------- */

static void fill_rules(struct trees *trees)
{
    const struct invocation *invocation = trees->invocation;
    trees->rules = (struct mirror_rules){
        .compare = {.deletes = invocation->deletes,
                    .only_missing = invocation->only_missing,
                    .only_newer = invocation->only_newer},
        .direction = trees->rules.direction,
        .is_dry_run = invocation->is_dry_run,
        .names = settings_name_rule(&invocation->settings),
        .on_event = on_event,
        .on_plan = on_plan,
        .owner = trees,
    };
}

static void sum_up(struct trees *trees, const struct mirror_tally *tally, enum fault f)
{
    struct run *run = trees->run;
    const struct report_totals totals = {
        .files = tally->files,
        .bytes = tally->bytes,
        .failed = tally->failed,
        .skipped = tally->same,
        .removed = tally->deleted,
        .duration_ms = (uint64_t)(clock_running_ms() - run->begun_ms),
        .is_plan = trees->rules.is_dry_run && !trees->is_check,
        .is_check = trees->is_check,
        .differences = trees->differences,
    };
    pthread_mutex_lock(&run->lock);
    if (trees->is_check && trees->differences) {
        run->failed += trees->differences;
        run->last = EXIT_STATUS_VERIFY;
    } else {
        run->done += tally->files + tally->same + tally->directories;
    }
    enum exit_status status = exit_status_of_many(run->done, run->failed, run->last);
    report_summary(&run->report, &totals, f == FAULT_CANCELLED ? EXIT_STATUS_INTERRUPTED : status);
    pthread_mutex_unlock(&run->lock);
}

/* The first connection is made before: that there is none is not the tree's failure. */
static struct crew *call_crew(struct trees *trees)
{
    struct run *run = trees->run;
    struct remote *remote = NULL;
    if (trees->is_first_contact && !run_connect(run, trees->site, &remote))
        return NULL;
    struct crew *crew = crew_new(site_remote(trees->site),
                                 (unsigned)trees->invocation->settings.parallel);
    if (!crew) {
        run_failed(run, trees->local, NULL, FAULT_NO_MEMORY);
        run_disconnect(run, remote);
        return NULL;
    }
    if (remote)
        crew_give(crew, remote);
    run_watch_crew(run, crew);
    run_release(run, remote);
    return crew;
}

static void run_trees(struct trees *trees)
{
    struct run *run = trees->run;
    const struct settings *settings = &trees->invocation->settings;
    struct mirror_tally tally = {0};
    trees->rules.carry = site_carry_rules(trees->site);
    trees->rules.carry.shares_connection = settings->share_data_connection;
    trees->rules.compare.takes_links = settings->keep_links;
    trees->rules.compare.is_text = trees->rules.carry.parameters.type == TYPE_ASCII;
    /* A tree is checked by size: a digest for each of its files is asked for with --verify hash. */
    struct crew *crew = call_crew(trees);
    if (!crew)
        return;
    enum fault f = mirror_run(crew, trees->tree, trees->path, &trees->rules, &run->moved, &tally);
    run_watch_crew(run, NULL);
    crew_free(crew);
    sum_up(trees, &tally, f);
}

static void act(struct trees *trees)
{
    fill_rules(trees);
    if (open_trees(trees))
        run_trees(trees);
    close_trees(trees);
}

void tree_mirror(struct run *run, const struct invocation *invocation, const struct site *site,
                 enum mirror_direction direction, const char *local, const char *path)
{
    struct trees trees = {.run = run,
                          .invocation = invocation,
                          .site = site,
                          .local = local,
                          .path = path,
                          .rules = {.direction = direction}};
    act(&trees);
}

/* Which of the two words is the server's tells the direction. */
static void act_on_words(struct run *run, bool is_check)
{
    const struct invocation *invocation = run->invocation;
    const char *const *words = invocation->words;
    struct site *sites[2] = {NULL, NULL};
    bool are_open = run_open_site(run, words[0], &sites[0]) &&
                    run_open_site(run, words[1], &sites[1]);
    bool is_down = sites[0] != NULL;
    if (are_open && is_down == (sites[1] != NULL)) {
        run_complain(run, is_check ? "check" : "mirror",
                     "one of the two is to be a URL of a server, the other a directory here",
                     EXIT_STATUS_USAGE);
    } else if (are_open) {
        const struct site *site = sites[is_down ? 0 : 1];
        struct trees trees = {.run = run,
                              .invocation = invocation,
                              .site = site,
                              .local = words[is_down ? 1 : 0],
                              .path = site_url(site)->path,
                              .rules = {.direction = is_down ? MIRROR_DOWN : MIRROR_UP},
                              .is_check = is_check,
                              .is_first_contact = true};
        act(&trees);
    }
    site_close(sites[0]);
    site_close(sites[1]);
}

void command_mirror(struct run *run)
{
    act_on_words(run, false);
}

/* The target is like the source afterwards: what it alone has goes. */
void command_sync(struct run *run)
{
    run->invocation->deletes = true;
    act_on_words(run, false);
}

/* What sync would do, and nothing of it: what differs is told, and is no success. */
void command_check(struct run *run)
{
    run->invocation->is_dry_run = true;
    run->invocation->deletes = true;
    act_on_words(run, true);
}
