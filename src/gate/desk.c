/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/desk.h"

#include "base/memory.h"
#include "gate/standing.h"

enum fault desk_new(struct records *records, const struct tree_opener *opener,
                    struct desk **ret_desk)
{
    struct desk *desk = memory_new(sizeof(*desk));
    if (!desk)
        return FAULT_NO_MEMORY;
    desk->trees = trees_new(opener);
    desk->budgets = budgets_new();
    desk->verified = verified_new();
    desk->ledger = ledger_new(records);
    desk->standings = standings_new();
    enum fault f = guard_new(records, &desk->guard);
    if (!f && !(desk->trees && desk->budgets && desk->verified && desk->ledger && desk->standings))
        f = FAULT_NO_MEMORY;
    if (f) {
        desk_free(desk);
        return f;
    }
    *ret_desk = desk;
    return FAULT_NONE;
}

void desk_free(struct desk *desk)
{
    if (!desk)
        return;
    standings_free(desk->standings);
    ledger_free(desk->ledger);
    verified_free(desk->verified);
    guard_free(desk->guard);
    budgets_free(desk->budgets);
    trees_free(desk->trees);
    memory_free(desk);
}
