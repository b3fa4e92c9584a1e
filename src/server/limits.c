/* SPDX-License-Identifier: Apache-2.0 */
#include "server/limits.h"

struct register_limits limits_of_connections(const struct config *config)
{
    return (struct register_limits){
        .sessions = (unsigned)config->max_sessions,
        .unauthenticated = (unsigned)config->max_unauthenticated,
        .unauthenticated_per_host = (unsigned)config->max_unauthenticated_per_ip,
        .per_host = (unsigned)config->max_per_ip,
    };
}

struct guard_rules limits_of_guesses(const struct config *config)
{
    return (struct guard_rules){
        .delay_ms = config->login_delay_ms,
        .delay_max_ms = config->login_delay_max_ms,
        .ban_after = config->ban_after,
        .ban_user_after = config->ban_user_after,
        .window_s = config->ban_window_s,
        .ban_s = config->ban_time_s,
        .safe = config->safe_networks.items,
        .safe_count = config->safe_networks.count,
    };
}

/* In the settings, 0 is no limit. */
static uint64_t limit(uint64_t setting)
{
    return setting ? setting : BUDGET_NO_LIMIT;
}

struct budget_limits limits_of_server(const struct config *config)
{
    return (struct budget_limits){
        .sessions = BUDGET_NO_LIMIT,  /* the register's */
        .transfers = BUDGET_NO_LIMIT, /* the pool's */
        .download_rate = limit(config->download_rate),
        .upload_rate = limit(config->upload_rate),
    };
}

struct budget_limits limits_of_host(const struct config *config)
{
    return (struct budget_limits){
        .sessions = BUDGET_NO_LIMIT, /* the register's */
        .transfers = limit(config->max_transfers_per_ip),
        .download_rate = limit(config->download_rate_per_ip),
        .upload_rate = limit(config->upload_rate_per_ip),
    };
}
