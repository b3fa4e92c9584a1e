/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show: answers for people: tables and lines of "name: value". What came from
 * elsewhere is shown without the control characters that a terminal would obey.
 */
#ifndef FERRY_CTL_SHOW_H
#define FERRY_CTL_SHOW_H

#include <jansson.h>

#include "base/text.h"

/* The members of an answer, one after the other; `columns` of tables, NULL: all there are. */
void show_answer(const json_t *answer, const char *columns);
void show_table(const json_t *rows, const char *columns);
/* A value on its line. */
void show_value(const json_t *value);
void show_text(struct text text);
/* One line, as it is. */
void show_json(const json_t *value);

#endif
