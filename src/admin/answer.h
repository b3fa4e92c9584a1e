/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer: making answers. Out of memory is looked at once, at the end: what was
 * put into an object that could not grow is a NULL object from there on.
 */
#ifndef FERRY_ADMIN_ANSWER_H
#define FERRY_ADMIN_ANSWER_H

#include <jansson.h>
#include <stdbool.h>

#include "base/fault.h"
#include "base/text.h"

enum { REFUSAL_TEXT_SIZE = 640, REFUSAL_FIELD_SIZE = 40 };

/* Why a request is not carried out. */
struct refusal {
    enum fault fault;
    char field[REFUSAL_FIELD_SIZE]; /* "": about none in particular */
    char text[REFUSAL_TEXT_SIZE];
};

/* Fills it in; always false, to be returned. `field` may be NULL. */
bool refuse(struct refusal *refusal, enum fault fault, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Likewise, with what is generally said of a fault. */
bool refuse_fault(struct refusal *refusal, enum fault fault, const char *field);

/* {"ok": true} */
json_t *answer_ok(void);
/* The same with one more; takes `value`, which may be NULL: then so is the answer. */
json_t *answer_with(const char *key, json_t *value);
json_t *answer_refusal(const struct refusal *refusal);
/* {"ok": true}, or why it was refused. */
json_t *answer_outcome(bool done, const struct refusal *refusal);

/* Takes `value`. When that fails, *object is given up and NULL. */
void answer_put(json_t **object, const char *key, json_t *value);
void answer_put_text(json_t **object, const char *key, struct text value);
void answer_put_number(json_t **object, const char *key, uint64_t number);
/* The same for an array. */
void answer_append(json_t **array, json_t *value);

#endif
