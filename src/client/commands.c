/* SPDX-License-Identifier: Apache-2.0 */
#include "client/commands.h"

#include "base/memory.h"

enum { PATH_SIZE = 4096 };

/* Is it the same server, and the same user of it? */
static bool is_same(const struct url *a, const struct url *b)
{
    return a->scheme == b->scheme && a->port == b->port && strcmp(a->host, b->host) == 0 &&
           strcmp(a->user, b->user) == 0 && strcmp(a->password, b->password) == 0 &&
           a->type == b->type;
}

const char *visit_to(struct visit *visit, const char *text)
{
    struct site *site = NULL;
    if (!run_open_site(visit->run, text, &site))
        return NULL;
    if (!site) {
        run_complain(visit->run, text, "is no URL of a server", EXIT_STATUS_USAGE);
        return NULL;
    }
    if (visit->remote && is_same(site_url(site), site_url(visit->site))) {
        site_move_path(site, visit->site);
        site_close(site);
        return site_url(visit->site)->path;
    }
    visit_end(visit);
    visit->site = site;
    if (run_connect(visit->run, site, &visit->remote))
        return site_url(site)->path;
    visit_end(visit);
    return NULL;
}

void visit_end(struct visit *visit)
{
    run_disconnect(visit->run, visit->remote);
    site_close(visit->site);
    visit->remote = NULL;
    visit->site = NULL;
}

void visit_each(struct run *run,
                void (*act)(struct run *run, const struct visit *visit, const char *path))
{
    struct visit visit = {.run = run};
    for (size_t i = 0; i < run->invocation->word_count && !run_is_interrupted(run); i++) {
        const char *path = visit_to(&visit, run->invocation->words[i]);
        if (path)
            act(run, &visit, path);
    }
    visit_end(&visit);
}

bool local_name_open(struct run *run, const char *path, struct local_name *ret_name)
{
    char bytes[PATH_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct text whole = text_of(path);
    size_t slash = text_find_last(whole, '/');
    bool has_directory = slash < whole.len;
    builder_put(&b, has_directory ? (struct text){path, slash ? slash : 1} : TEXT("."));
    ret_name->name = has_directory ? path + slash + 1 : path;
    enum fault f = b.full ? FAULT_NAME_INVALID
                          : local_tree_open(builder_end(&b), false, &ret_name->tree);
    if (f)
        run_failed(run, path, NULL, f);
    return !f;
}

void local_name_close(struct local_name *name)
{
    local_tree_free(name->tree);
    name->tree = NULL;
}
