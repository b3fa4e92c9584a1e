/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/answer.h"

#include <stdarg.h>
#include <stdio.h>

bool refuse(struct refusal *refusal, enum fault fault, const char *field, const char *format, ...)
{
    struct builder b = builder_on(refusal->field, sizeof(refusal->field));
    va_list arguments;
    builder_put_string(&b, field);
    builder_end(&b);
    refusal->fault = fault;
    va_start(arguments, format);
    (void)vsnprintf(refusal->text, sizeof(refusal->text), format, arguments);
    va_end(arguments);
    refusal->text[text_cut_utf8(text_of(refusal->text), sizeof(refusal->text) - 1)] = '\0';
    return false;
}

bool refuse_fault(struct refusal *refusal, enum fault fault, const char *field)
{
    return refuse(refusal, fault, field, "%s", fault_text(fault));
}

json_t *answer_ok(void)
{
    return json_pack("{s:b}", "ok", 1);
}

json_t *answer_with(const char *key, json_t *value)
{
    json_t *answer = answer_ok();
    answer_put(&answer, key, value);
    return answer;
}

json_t *answer_refusal(const struct refusal *refusal)
{
    char bytes[REFUSAL_FIELD_SIZE + REFUSAL_TEXT_SIZE + 2];
    struct builder b = builder_on(bytes, sizeof(bytes));
    json_t *answer = json_pack("{s:b, s:s}", "ok", 0, "fault", fault_name(refusal->fault));
    if (refusal->field[0]) {
        answer_put_text(&answer, "field", text_of(refusal->field));
        builder_put_string(&b, refusal->field);
        builder_put(&b, TEXT(": "));
    }
    builder_put_string(&b, refusal->text);
    answer_put_text(&answer, "error", builder_text(&b));
    return answer;
}

json_t *answer_outcome(bool done, const struct refusal *refusal)
{
    return done ? answer_ok() : answer_refusal(refusal);
}

void answer_put(json_t **object, const char *key, json_t *value)
{
    if (json_object_set_new(*object, key, value)) {
        json_decref(*object);
        *object = NULL;
    }
}

/* What came from a disk need not be UTF-8, which JSON must be. */
static json_t *text_value(struct text value)
{
    char bytes[REFUSAL_TEXT_SIZE * 8];
    struct builder b = builder_on(bytes, sizeof(bytes));
    json_t *whole = json_stringn(value.at ? value.at : "", value.len);
    if (whole)
        return whole;
    while (value.len) {
        size_t len = text_utf8_len(value);
        builder_put(&b, len ? (struct text){value.at, len} : TEXT("?"));
        value = text_after(value, len ? len : 1);
    }
    return json_stringn(b.at, b.len);
}

void answer_put_text(json_t **object, const char *key, struct text value)
{
    answer_put(object, key, text_value(value));
}

void answer_put_number(json_t **object, const char *key, uint64_t number)
{
    answer_put(object, key, json_integer(number > INT64_MAX ? INT64_MAX : (json_int_t)number));
}

void answer_append(json_t **array, json_t *value)
{
    if (json_array_append_new(*array, value)) {
        json_decref(*array);
        *array = NULL;
    }
}
