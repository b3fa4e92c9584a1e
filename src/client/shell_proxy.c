/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files between the two servers of a shell: `proxy get` and `proxy mget` take
 * them from the first to the second, `proxy put` and `proxy mput` back
 * (RFC 959 2.3, figure 2; fxp.h).
 */
#include "client/fxp.h"
#include "client/shell.h"

struct route {
    struct shell_session *from; /* borrowed, as all below */
    struct shell_session *to;
};

static void copy(struct shell *shell, const struct route *route, const char *path,
                 const char *target)
{
    const struct fxp_end from = {route->from->remote, path};
    const struct fxp_end to = {route->to->remote, target};
    const struct carry_rules rules = site_carry_rules(route->from->site);
    struct fxp_outcome copied;
    run_show(shell->run, path, PROGRESS_UNKNOWN);
    enum fault f = fxp_copy(&from, &to, FXP_AUTO, &rules, &shell->run->moved, &copied);
    run_show(shell->run, "", PROGRESS_UNKNOWN);
    if (f && copied.differs)
        run_differs(shell->run, copied.failed->path);
    else if (f)
        run_failed(shell->run, copied.failed->path, copied.failed->remote, f);
    if (f)
        return;
    const struct report_transfer transfer = {
        .remote = text_of(path), .local = text_of(target), .size = copied.size};
    const struct report_outcome outcome = {.bytes = atomic_load(&shell->run->moved.bytes),
                                           .is_direct = copied.is_direct,
                                           .verified_by = copied.was_checked ? TEXT("size")
                                                                             : TEXT("")};
    pthread_mutex_lock(&shell->run->lock);
    report_transfer_end(&shell->run->report, &transfer, &outcome);
    pthread_mutex_unlock(&shell->run->lock);
    run_succeeded(shell->run);
}

/* Its own name there, as the maps have it. */
static void copy_named(struct shell *shell, const struct route *route, const char *path,
                       const char *word)
{
    char target[SHELL_PATH_SIZE];
    if (shell_choose_remote(shell, path, word, target))
        copy(shell, route, path, target);
}

static bool copy_matching(struct shell *shell, const struct route *route,
                          const struct shell_call *call, const struct shell_word *word, bool *asks)
{
    struct remote_names names;
    enum shell_answer answer = SHELL_YES;
    if (!shell_expand(shell, route->from->remote, word, &names))
        return true;
    for (size_t i = 0; i < names.entries.count && answer != SHELL_QUIT; i++) {
        char path[SHELL_PATH_SIZE];
        struct builder b = builder_on(path, sizeof(path));
        if (names.entries.all[i].kind == ENTRY_DIRECTORY || !remote_names_put_path(&names, i, &b))
            continue;
        builder_end(&b);
        answer = shell_confirm(shell, call->row->name, builder_text(&b), asks);
        if (answer == SHELL_YES)
            copy_named(shell, route, path, NULL);
        if (run_is_interrupted(shell->run))
            answer = SHELL_QUIT;
    }
    remote_names_clear(&names);
    return answer != SHELL_QUIT;
}

void shell_proxy_transfer(struct shell *shell, const struct shell_call *call)
{
    bool is_put = call->row->act == shell_act_put || call->row->act == shell_act_mput;
    bool is_many = call->row->act == shell_act_mget || call->row->act == shell_act_mput;
    const struct route there = {&shell->other, &shell->here};
    const struct route back = {&shell->here, &shell->other};
    const struct route *route = is_put ? &back : &there;
    bool asks = true;
    if (!shell->other.remote) {
        shell_complain(shell, call, "the first server is not connected; open HOST connects");
        return;
    }
    if (!is_many) {
        copy_named(shell, route, call->words[0].text.at,
                   call->count > 1 ? call->words[1].text.at : NULL);
        return;
    }
    for (size_t i = 0; i < call->count; i++)
        if (!copy_matching(shell, route, call, &call->words[i], &asks))
            return;
}
