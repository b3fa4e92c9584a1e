/* SPDX-License-Identifier: Apache-2.0 */
/*
 * database_schema: the tables, their versions, and the way from each to the
 * next. PRAGMA user_version counts what steps were taken; a column of a term
 * that came later is added without one. Between the files of the database.
 */
#ifndef FERRY_ACCOUNT_DATABASE_SCHEMA_H
#define FERRY_ACCOUNT_DATABASE_SCHEMA_H

#include "account/database_query.h"

/*
 * Brings the database up to date, all at once or not at all. False with a
 * message: it is another program's, of a newer ferryd, or has a column that
 * says something we would not heed.
 */
bool schema_bring_up(struct connection *connection, struct builder *message);

#endif
