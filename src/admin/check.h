/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check: does a record make sense before it is stored? Each refusal names the
 * field. What is stored is read back by the database's own strict checks; here
 * is what needs the disk, other records, or the policy.
 */
#ifndef FERRY_ADMIN_CHECK_H
#define FERRY_ADMIN_CHECK_H

#include "account/account.h"
#include "admin/admin.h"
#include "admin/answer.h"

/* What its terms say must be understood by the policy. */
bool check_terms(enum terms_owner owner, const char *name, const struct terms *terms,
                 struct refusal *refusal);
bool check_name(struct text name, struct refusal *refusal);
/* "/a/b": absolute, without empty parts, "." or "..". */
bool check_is_normal(const char *path);
/* An absolute, normal path of a directory that there is. */
bool check_directory(const char *field, const char *path, struct refusal *refusal);
/* A directory that the request names is one that the server, if one runs, can reach. */
bool check_reach(const struct admin *admin, const json_t *request, const char *field,
                 struct refusal *refusal);

/*
 * A user with their groups and all folders, theirs and the groups': they exist,
 * are mounted beside each other, and no file can be reached by two ways. A group
 * or folder that is about to change (or NULL) stands for the stored one.
 */
bool check_user(struct account_store *store, const struct account *user,
                const struct account_group *group, const struct account_folder *folder,
                struct refusal *refusal);
/* Mount points of one record, and that its folders exist. */
bool check_mounts(struct account_store *store, const struct account_mount *mounts, size_t count,
                  struct refusal *refusal);

#endif
