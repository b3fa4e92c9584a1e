/* SPDX-License-Identifier: Apache-2.0 */
/*
 * database_row: records out of rows that nobody vouches for. What is of the
 * wrong type, out of range, too long, too much or leads nowhere is a
 * FAULT_ARGUMENT with a message that begins with the field's name. Between the
 * files of the database; with the connection's lock, in a transaction.
 */
#ifndef FERRY_ACCOUNT_DATABASE_ROW_H
#define FERRY_ACCOUNT_DATABASE_ROW_H

#include "account/database.h"
#include "account/database_query.h"

/* FAULT_NOT_FOUND when there is none. */
enum fault row_user(struct connection *connection, struct text name, struct account **ret_account,
                    char message[DATABASE_MESSAGE_SIZE]);
enum fault row_group(struct connection *connection, struct text name,
                     struct account_group **ret_group, char message[DATABASE_MESSAGE_SIZE]);
enum fault row_folder(struct connection *connection, struct text name,
                      struct account_folder **ret_folder, char message[DATABASE_MESSAGE_SIZE]);

/* FAULT_ARGUMENT, with "FIELD: WRONG". */
enum fault row_refuse(char message[DATABASE_MESSAGE_SIZE], const char *field, const char *wrong);

#endif
