/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields: between the fields of a request and records. A field has the name of
 * ferryctl's option; null clears it, a list that is given replaces the one there
 * was, and what is of the wrong type is refused: nothing is guessed.
 */
#ifndef FERRY_ADMIN_FIELDS_H
#define FERRY_ADMIN_FIELDS_H

#include "account/account.h"
#include "admin/answer.h"

/* The bytes of a string; of anything else none. */
static inline struct text fields_bytes(const json_t *value)
{
    return (struct text){json_string_value(value), json_string_length(value)};
}

/* The text of a field; empty when it is not there (or refused, when it is required). */
bool fields_text(const json_t *request, const char *field, bool required, struct text *ret_text,
                 struct refusal *refusal);
/* A number up to `max`, as a number or its digits. Untouched when it is not there. */
bool fields_number(const json_t *request, const char *field, uint64_t max, uint64_t *ret_number,
                   struct refusal *refusal);

/* Replaces a string that may be absent; NULL when the field is null. */
bool fields_string(const json_t *request, const char *field, char **place, struct refusal *refusal);
/* "group": names. */
bool fields_groups(const json_t *request, struct account *account, struct refusal *refusal);
/* "folder": NAME (mounted at /NAME) or NAME:/AT. */
bool fields_mounts(const json_t *request, struct account_mount **mounts, size_t *count,
                   struct refusal *refusal);
/* Every term that its owner may have. */
bool fields_terms(const json_t *request, enum terms_owner owner, struct terms *terms,
                  struct refusal *refusal);

/* ---- And back: put into an answer's object --------------------------------------------- */

void fields_put_groups(json_t **object, const struct account *account);
void fields_put_mounts(json_t **object, const struct account_mount *mounts, size_t count);
void fields_put_terms(json_t **object, const struct terms *terms);
/* One that is set: true or false, a number, a text or an array of texts. */
json_t *fields_term(const struct terms *terms, enum term term);

#endif
