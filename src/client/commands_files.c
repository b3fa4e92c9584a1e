/* SPDX-License-Identifier: Apache-2.0 */
/* ls rm mkdir mv raw */
#include "client/commands.h"
#include "client/prune.h"

/* ---- ls ------------------------------------------------------------------------------- */

enum fault list_entries(struct remote *remote, const char *path, struct entries *ret_entries)
{
    struct entry one;
    enum fault f = remote_list(remote, path, ret_entries);
    bool is_name = f == FAULT_NOT_FOUND || f == FAULT_NOT_DIRECTORY || f == FAULT_UNSUPPORTED;
    if (is_name && path[0] && !remote_look(remote, path, &one) && one.kind != ENTRY_DIRECTORY) {
        one.target = NULL;
        f = entries_add(ret_entries, &one, text_of(path), TEXT_NONE);
    }
    entries_sort(ret_entries);
    return f;
}

static void list(struct run *run, const struct visit *visit, const char *path)
{
    struct entries entries = {0};
    enum fault f = list_entries(visit->remote, path, &entries);
    pthread_mutex_lock(&run->lock);
    for (size_t i = 0; !f && i < entries.count; i++)
        report_entry(&run->report, text_of(path), &entries.all[i]);
    if (!f && entries.doubt > ENTRIES_UNENDED)
        report_warning(&run->report, text_of(path[0] ? path : "."),
                       text_of(entries_doubt_text(entries.doubt)));
    pthread_mutex_unlock(&run->lock);
    entries_clear(&entries);
    if (f)
        run_failed(run, path[0] ? path : site_url(visit->site)->host, visit->remote, f);
    else
        run_succeeded(run);
}

void command_ls(struct run *run)
{
    visit_each(run, list);
}

/* ---- rm, mkdir ------------------------------------------------------------------------- */

static void done(struct run *run, const struct visit *visit, const char *path, enum fault f,
                 void (*report)(struct report *report, struct text path))
{
    if (f) {
        run_failed(run, path, visit->remote, f);
        return;
    }
    pthread_mutex_lock(&run->lock);
    report(&run->report, text_of(path));
    run->done++;
    pthread_mutex_unlock(&run->lock);
}

static void remove_one(struct run *run, const struct visit *visit, const char *path)
{
    bool is_recursive = run->invocation->is_recursive;
    struct entry entry = {.kind = ENTRY_FILE};
    bool is_kept = false;
    enum fault f = is_recursive ? remote_look(visit->remote, path, &entry) : FAULT_NONE;
    if (!f)
        f = prune_there(visit->remote, path, path, &entry, NULL, &is_kept);
    done(run, visit, path, f, report_removed);
}

void command_rm(struct run *run)
{
    visit_each(run, remove_one);
}

static void make_one(struct run *run, const struct visit *visit, const char *path)
{
    enum fault f = run->invocation->makes_parents ? remote_make_path(visit->remote, path)
                                                  : remote_make_directory(visit->remote, path);
    done(run, visit, path, f, report_made);
}

void command_mkdir(struct run *run)
{
    visit_each(run, make_one);
}

/* ---- mv, raw ------------------------------------------------------------------------------ */

static void rename_one(struct run *run, const struct visit *visit, const char *path, const char *to)
{
    enum fault f = remote_rename(visit->remote, path, to);
    if (f) {
        run_failed(run, path, visit->remote, f);
        return;
    }
    pthread_mutex_lock(&run->lock);
    report_renamed(&run->report, text_of(path), text_of(to));
    run->done++;
    pthread_mutex_unlock(&run->lock);
}

/* A login that the new name does not tell is the old one's. */
static bool is_elsewhere(const struct url *from, const struct url *to)
{
    return strcmp(from->host, to->host) != 0 || from->port != to->port ||
           (to->has_user && strcmp(from->user, to->user) != 0);
}

/* "ftp://host/old new": the new name is one of the same server, from where the login lands. */
void command_mv(struct run *run)
{
    const struct invocation *invocation = run->invocation;
    const char *name = invocation->words[1];
    struct visit visit = {.run = run};
    struct url from;
    struct url to;
    bool has_url = url_parse(text_of(name), &to);
    const char *path = NULL;
    if (has_url && url_parse(text_of(invocation->words[0]), &from) && is_elsewhere(&from, &to))
        run_complain(run, "mv", "the two are on different servers, or of different users",
                     EXIT_STATUS_USAGE);
    else
        path = visit_to(&visit, invocation->words[0]);
    if (path)
        rename_one(run, &visit, path, has_url ? to.path : name);
    visit_end(&visit);
    explicit_bzero(&from, sizeof(from));
    explicit_bzero(&to, sizeof(to));
}

/* A URL and commands, as they are, each its own word. */
void command_raw(struct run *run)
{
    const struct invocation *invocation = run->invocation;
    struct visit visit = {.run = run};
    const char *path = visit_to(&visit, invocation->words[0]);
    char verb[RUN_WHAT_SIZE];
    for (size_t i = 1; path && i < invocation->word_count && !run_is_interrupted(run); i++) {
        struct text rest = text_of(invocation->words[i]);
        struct builder b = builder_on(verb, sizeof(verb));
        builder_put(&b, text_take_until(&rest, ' '));
        builder_end(&b);
        enum fault f = remote_command(visit.remote, verb, rest.at && rest.len ? rest : TEXT_NONE,
                                      false);
        run_show_reply(run, text_of(invocation->words[i]), visit.remote);
        if (f)
            run_command_failed(run, text_of(invocation->words[i]), visit.remote, f);
        else
            run_succeeded(run);
    }
    visit_end(&visit);
}
