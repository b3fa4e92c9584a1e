/* SPDX-License-Identifier: Apache-2.0 */
/* copy: from one server to another, or within one. */
#include "base/clock.h"
#include "client/commands.h"
#include "client/fxp.h"

static void tell(struct run *run, const char *from, const char *to, int64_t begun_ms,
                 const struct fxp_outcome *copied)
{
    const struct report_transfer transfer = {
        .remote = text_of(from), .local = text_of(to), .size = copied->size};
    const struct report_outcome outcome = {
        .bytes = atomic_load(&run->moved.bytes),
        .duration_ms = (uint64_t)(clock_running_ms() - begun_ms),
        .verified_by = copied->was_checked ? TEXT("size") : TEXT(""),
        .is_direct = copied->is_direct,
    };
    pthread_mutex_lock(&run->lock);
    report_transfer_end(&run->report, &transfer, &outcome);
    run->done++;
    pthread_mutex_unlock(&run->lock);
}

void command_copy(struct run *run)
{
    const struct invocation *invocation = run->invocation;
    struct visit source = {.run = run};
    struct visit target = {.run = run};
    int64_t begun_ms = clock_running_ms();
    const char *from_path = visit_to(&source, invocation->words[0]);
    const char *to_path = from_path ? visit_to(&target, invocation->words[1]) : NULL;
    if (to_path) {
        const struct fxp_end from = {source.remote, from_path};
        const struct fxp_end to = {target.remote, to_path};
        const struct carry_rules rules = site_carry_rules(source.site);
        struct fxp_outcome outcome;
        enum fault f = fxp_copy(&from, &to, FXP_AUTO, &rules, &run->moved, &outcome);
        if (f && outcome.differs)
            run_differs(run, outcome.failed->path);
        else if (f)
            run_failed(run, outcome.failed->path, outcome.failed->remote, f);
        else
            tell(run, from_path, to_path, begun_ms, &outcome);
    }
    visit_end(&target);
    visit_end(&source);
}
