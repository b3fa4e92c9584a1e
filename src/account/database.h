/* SPDX-License-Identifier: Apache-2.0 */
/*
 * database: the embedded database (SQLite): users, groups, folders, usage and
 * bans. One file that ferryd and ferryctl may have open at the same time; a
 * schema with a version, brought forward when it is opened. Rows that another
 * program wrote are not trusted: what makes no sense is a fault that names the
 * field, never a missing limit.
 *
 * Any thread; everything but database_generation may block.
 */
#ifndef FERRY_ACCOUNT_DATABASE_H
#define FERRY_ACCOUNT_DATABASE_H

#include "account/account.h"
#include "account/records.h"

struct database;

enum { DATABASE_MESSAGE_SIZE = 512 };

/*
 * Opens the file, made with mode 0600 when it is missing. False with a message:
 * not a database, of a newer ferryd, not readable.
 */
bool database_open(const char *file, struct database **ret_database,
                   char message[DATABASE_MESSAGE_SIZE]);
/* Accepts NULL. */
void database_close(struct database *database);

/* Borrowed: as long as the database. Its `free` does nothing. */
struct account_store *database_accounts(struct database *database);
struct records *database_records(struct database *database);

/*
 * For a server, as long as the database is open: only one may count what is stored
 * and who is inside. False with a message: another one does.
 */
bool database_claim(struct database *database, const char *file,
                    char message[DATABASE_MESSAGE_SIZE]);

/* Looks whether another process changed something, and counts that as a change. */
void database_poll(struct database *database);
/* Nothing changed, but who is inside is to be looked at again (other settings). */
void database_touch(struct database *database);

/*
 * Where the running server can be told of changes: the path of its socket, kept
 * in the database while it runs. NULL: it does not run any more.
 */
enum fault database_set_server(struct database *database, const char *socket);
/* FAULT_NOT_FOUND: none runs, as far as is known. */
enum fault database_server(struct database *database, struct builder *socket);

/* ---- Records, for administration --------------------------------------------------- */

/* All at once or not at all. `create`: FAULT_EXISTS; else FAULT_NOT_FOUND. With a message that
 * names what is wrong with FAULT_ARGUMENT (a group or folder that there is not). */
enum fault database_put_user(struct database *database, const struct account *account, bool create,
                             char message[DATABASE_MESSAGE_SIZE]);
enum fault database_put_group(struct database *database, const struct account_group *group,
                              bool create, char message[DATABASE_MESSAGE_SIZE]);
enum fault database_put_folder(struct database *database, const struct account_folder *folder,
                               bool create, char message[DATABASE_MESSAGE_SIZE]);

enum database_kind { DATABASE_USERS, DATABASE_GROUPS, DATABASE_FOLDERS };

/* FAULT_NOT_FOUND; FAULT_NOT_EMPTY for a group or folder that somebody has. */
enum fault database_remove(struct database *database, enum database_kind kind, struct text name);

/*
 * Calls with each name, in order, until it returns false. The callback may use
 * the database.
 */
enum fault database_each(struct database *database, enum database_kind kind,
                         bool (*on_name)(void *context, struct text name), void *context);
/* The users that are members of a group. */
enum fault database_each_member(struct database *database, struct text group,
                                bool (*on_name)(void *context, struct text name), void *context);

#endif
