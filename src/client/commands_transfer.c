/* SPDX-License-Identifier: Apache-2.0 */
/* get put cat */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "client/commands.h"
#include "client/one_file.h"
#include "client/safe_name.h"

enum { PATH_SIZE = 8192, NAME_SIZE = 256 /* a name of this machine, and its end */ };

static struct text last_part(const char *path)
{
    struct text whole = text_of(path);
    while (whole.len && whole.at[whole.len - 1] == '/')
        whole.len--;
    size_t slash = text_find_last(whole, '/');
    return slash == whole.len ? whole : text_after(whole, slash + 1);
}

static bool is_local_directory(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* ---- Several of one name ------------------------------------------------------------------ */

/* What files are going to be called in one directory. */
struct names {
    char (*all)[NAME_SIZE]; /* owned */
    size_t count;
};

static bool names_begin(struct run *run, struct names *names)
{
    *names = (struct names){memory_new(run->invocation->word_count * NAME_SIZE), 0};
    if (!names->all)
        run_failed(run, "names", NULL, FAULT_NO_MEMORY);
    return names->all;
}

/* What is none, and what is too long to be one, is told when its turn comes. */
static void names_add(struct names *names, struct text name)
{
    struct builder b = builder_on(names->all[names->count], NAME_SIZE);
    builder_put(&b, name);
    builder_end(&b);
    names->count += name.len && !b.full;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* False when it has been told which one would replace another. */
static bool names_end(struct run *run, struct names *names)
{
    bool differ = true;
    qsort(names->all, names->count, NAME_SIZE, compare_names);
    for (size_t i = 1; differ && i < names->count; i++) {
        differ = strcmp(names->all[i - 1], names->all[i]) != 0;
        if (!differ)
            run_complain(run, names->all[i], "several have this name: one would replace the other",
                         EXIT_STATUS_USAGE);
    }
    memory_free(names->all);
    return differ;
}

/* Of several files; of one its own line says it all. */
static void sum_up(struct run *run, size_t wanted)
{
    if (wanted < 2)
        return;
    pthread_mutex_lock(&run->lock);
    const struct report_totals totals = {
        .files = run->done,
        .bytes = atomic_load(&run->moved.bytes),
        .failed = run->failed,
        .duration_ms = (uint64_t)(clock_running_ms() - run->begun_ms),
    };
    enum exit_status status = run->signal ? EXIT_STATUS_INTERRUPTED
                                          : exit_status_of_many(run->done, run->failed, run->last);
    report_summary(&run->report, &totals, status);
    pthread_mutex_unlock(&run->lock);
}

/* ---- From a server ----------------------------------------------------------------------- */

/* Where it is to be: -o, or its own name, if that can be one here. */
static bool choose_local(struct run *run, const char *path, char local[PATH_SIZE])
{
    const char *output = run->invocation->output;
    struct text name = last_part(path);
    struct builder b = builder_on(local, PATH_SIZE);
    bool is_into = !output || is_local_directory(output);
    if (output)
        builder_put_string(&b, output);
    if (is_into && output && output[0] && output[strlen(output) - 1] != '/')
        builder_put_byte(&b, '/');
    if (is_into && !safe_name_is_local(name, settings_name_rule(&run->invocation->settings))) {
        run_complain(run, path, "cannot be a name here; say where to put it with -o FILE",
                     EXIT_STATUS_USAGE);
        return false;
    }
    if (is_into)
        builder_put(&b, name);
    builder_end(&b);
    return !b.full;
}

/* What is written as it comes takes one behind the other. */
static bool is_stream(const char *path)
{
    struct stat info;
    return strcmp(path, "-") == 0 ||
           (stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode));
}

/* None is fetched where the last would be all that is left; false when that has been told. */
static bool have_places(struct run *run)
{
    const struct invocation *invocation = run->invocation;
    const char *output = invocation->output;
    struct names names;
    struct url url;
    if (invocation->word_count < 2 || (output && is_stream(output)))
        return true;
    if (output && !is_local_directory(output)) {
        run_complain(run, output, "several files need a directory", EXIT_STATUS_USAGE);
        return false;
    }
    if (!names_begin(run, &names))
        return false;
    for (size_t i = 0; i < invocation->word_count; i++)
        if (url_parse(text_of(invocation->words[i]), &url))
            names_add(&names, last_part(url.path));
    explicit_bzero(&url, sizeof(url));
    return names_end(run, &names);
}

static void fetch_all(struct run *run)
{
    const struct invocation *invocation = run->invocation;
    struct visit visit = {.run = run};
    char local[PATH_SIZE];
    if (invocation->output && strcmp(invocation->output, "-") == 0)
        run_give_up_output(run);
    if (!have_places(run))
        return;
    for (size_t i = 0; i < invocation->word_count && !run_is_interrupted(run); i++) {
        const char *path = visit_to(&visit, invocation->words[i]);
        if (!path || !choose_local(run, path, local))
            continue;
        const struct one_file file = {
            .site = visit.site, .remote = visit.remote, .rules = site_carry_rules(visit.site)};
        one_file_get(run, &file, path, local);
    }
    visit_end(&visit);
}

void command_get(struct run *run)
{
    fetch_all(run);
    sum_up(run, run->invocation->word_count);
}

void command_cat(struct run *run)
{
    run->invocation->output = "-";
    fetch_all(run);
}

/* ---- To a server -------------------------------------------------------------------------- */

/* An empty path, or one that ends with a slash, is a directory, in which a file keeps its name. */
static bool is_directory(const char *path)
{
    size_t len = strlen(path);
    return !len || path[len - 1] == '/';
}

static bool choose_remote(const char *local, const char *path, char there[PATH_SIZE])
{
    struct builder b = builder_on(there, PATH_SIZE);
    builder_put_string(&b, path);
    if (is_directory(path))
        builder_put(&b, last_part(local));
    builder_end(&b);
    return !b.full;
}

/* As have_places, of `count` files that are to be sent to `path`. */
static bool have_names(struct run *run, const char *path, size_t count)
{
    const char *const *words = run->invocation->words;
    struct names names;
    if (!is_directory(path)) {
        if (count > 1)
            run_complain(run, path, "several files need a directory: a URL that ends with a slash",
                         EXIT_STATUS_USAGE);
        return count == 1;
    }
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], "-") == 0) {
            run_complain(run, words[i], "say what it is to be called there", EXIT_STATUS_USAGE);
            return false;
        }
    if (!names_begin(run, &names))
        return false;
    for (size_t i = 0; i < count; i++)
        names_add(&names, last_part(words[i]));
    return names_end(run, &names);
}

void command_put(struct run *run)
{
    const struct invocation *invocation = run->invocation;
    struct visit visit = {.run = run};
    struct url url;
    char there[PATH_SIZE];
    size_t count = invocation->word_count - 1;
    bool is_clear = !url_parse(text_of(invocation->words[count]), &url) ||
                    have_names(run, url.path, count);
    const char *path = is_clear ? visit_to(&visit, invocation->words[count]) : NULL;
    explicit_bzero(&url, sizeof(url));
    for (size_t i = 0; path && i < count && !run_is_interrupted(run); i++) {
        const struct one_file file = {
            .site = visit.site, .remote = visit.remote, .rules = site_carry_rules(visit.site)};
        const char *local = invocation->words[i];
        if (choose_remote(local, path, there))
            one_file_put(run, &file, local, there);
        else
            run_failed(run, local, NULL, FAULT_NAME_INVALID);
    }
    visit_end(&visit);
    sum_up(run, count);
}
