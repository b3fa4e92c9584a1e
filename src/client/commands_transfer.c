/* SPDX-License-Identifier: Apache-2.0 */
/* get put cat */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/commands.h"
#include "client/one_file.h"
#include "client/safe_name.h"

enum { PATH_SIZE = 8192 };

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

void command_get(struct run *run)
{
    const struct invocation *invocation = run->invocation;
    struct visit visit = {.run = run};
    char local[PATH_SIZE];
    if (invocation->output && strcmp(invocation->output, "-") == 0)
        run_give_up_output(run);
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

void command_cat(struct run *run)
{
    run->invocation->output = "-";
    command_get(run);
}

/* ---- To a server -------------------------------------------------------------------------- */

/* An empty path, or one that ends with a slash, is a directory, in which it keeps its name. */
static bool choose_remote(const char *local, const char *path, char there[PATH_SIZE])
{
    struct builder b = builder_on(there, PATH_SIZE);
    size_t len = strlen(path);
    builder_put_string(&b, path);
    if (!len || path[len - 1] == '/')
        builder_put(&b, last_part(local));
    builder_end(&b);
    return !b.full;
}

void command_put(struct run *run)
{
    const struct invocation *invocation = run->invocation;
    struct visit visit = {.run = run};
    char there[PATH_SIZE];
    size_t count = invocation->word_count - 1;
    const char *path = visit_to(&visit, invocation->words[count]);
    size_t len = path ? strlen(path) : 0;
    if (path && count > 1 && len && path[len - 1] != '/') {
        run_complain(run, path, "several files need a directory: a URL that ends with a slash",
                     EXIT_STATUS_USAGE);
        count = 0;
    }
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
}
