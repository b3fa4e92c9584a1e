/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands: what each row of admin.c's table calls, between the files of admin.
 * Each takes a request whose fields are known to its command, and gives an
 * answer (a new reference; NULL when out of memory).
 */
#ifndef FERRY_ADMIN_COMMANDS_H
#define FERRY_ADMIN_COMMANDS_H

#include "admin/admin.h"
#include "admin/answer.h"

json_t *admin_user_add(const struct admin *admin, const json_t *request);
json_t *admin_user_set(const struct admin *admin, const json_t *request);
json_t *admin_user_show(const struct admin *admin, const json_t *request);
json_t *admin_user_list(const struct admin *admin, const json_t *request);
json_t *admin_user_passwd(const struct admin *admin, const json_t *request);

json_t *admin_group_add(const struct admin *admin, const json_t *request);
json_t *admin_group_set(const struct admin *admin, const json_t *request);
json_t *admin_group_show(const struct admin *admin, const json_t *request);
json_t *admin_group_list(const struct admin *admin, const json_t *request);

json_t *admin_folder_add(const struct admin *admin, const json_t *request);
json_t *admin_folder_set(const struct admin *admin, const json_t *request);
json_t *admin_folder_show(const struct admin *admin, const json_t *request);
json_t *admin_folder_list(const struct admin *admin, const json_t *request);

json_t *admin_user_remove(const struct admin *admin, const json_t *request);
json_t *admin_group_remove(const struct admin *admin, const json_t *request);
json_t *admin_folder_remove(const struct admin *admin, const json_t *request);

json_t *admin_accounts_changed(const struct admin *admin, const json_t *request);
json_t *admin_status(const struct admin *admin, const json_t *request);
json_t *admin_reload(const struct admin *admin, const json_t *request);
json_t *admin_settings(const struct admin *admin, const json_t *request);
json_t *admin_session_list(const struct admin *admin, const json_t *request);
json_t *admin_session_kick(const struct admin *admin, const json_t *request);

json_t *admin_ban_list(const struct admin *admin, const json_t *request);
json_t *admin_ban_add(const struct admin *admin, const json_t *request);
json_t *admin_ban_remove(const struct admin *admin, const json_t *request);

json_t *admin_quota_show(const struct admin *admin, const json_t *request);
json_t *admin_quota_recount(const struct admin *admin, const json_t *request);

json_t *admin_explain(const struct admin *admin, const json_t *request);
json_t *admin_log_tail(const struct admin *admin, const json_t *request);

/* ---- Of records.c, for the others ------------------------------------------------------ */

/* The record that `field` of the request names. */
bool find_user(const struct admin *admin, const json_t *request, const char *field,
               struct account **ret_account, struct refusal *refusal);
/* Asks for each name; the names as an array of objects made by `describe`. */
json_t *list_records(const struct admin *admin, enum database_kind kind, const char *key,
                     json_t *(*describe)(struct account_store *store, struct text name));
/* A record that makes no sense is listed all the same, so that somebody sees it. */
json_t *describe_damaged(struct text name);
/* What database_put_... says, with its message of FAULT_ARGUMENT. */
bool or_refuse_put(enum fault f, enum database_kind kind, const char *name, const char *message,
                   struct refusal *refusal);

/* Of quota.c: what is used and left of the quotas that hold for a user; NULL: cannot be told. */
json_t *quota_rows(const struct admin *admin, const struct account *account, bool recount,
                   struct refusal *refusal);

#endif
