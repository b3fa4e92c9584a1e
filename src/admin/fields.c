/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/fields.h"

#include "base/memory.h"

enum { NUMBER_TEXT_SIZE = 32, VALUE_TEXT_SIZE = 64 };

bool fields_text(const json_t *request, const char *field, bool required, struct text *ret_text,
                 struct refusal *refusal)
{
    const json_t *value = json_object_get(request, field);
    if (!value || json_is_null(value)) {
        *ret_text = TEXT("");
        return !required || refuse(refusal, FAULT_ARGUMENT, field, "is missing");
    }
    struct text text = fields_bytes(value);
    if (!json_is_string(value) || text_find(text, '\0') != text.len)
        return refuse(refusal, FAULT_ARGUMENT, field, "takes a text");
    if (!text.len && required)
        return refuse(refusal, FAULT_ARGUMENT, field, "is empty");
    *ret_text = text;
    return true;
}

bool fields_number(const json_t *request, const char *field, uint64_t max, uint64_t *ret_number,
                   struct refusal *refusal)
{
    const json_t *value = json_object_get(request, field);
    if (!value || json_is_null(value))
        return true;
    json_int_t number = json_integer_value(value);
    if (json_is_integer(value) && number >= 0 && (uint64_t)number <= max) {
        *ret_number = (uint64_t)number;
        return true;
    }
    return (json_is_string(value) && text_to_number(fields_bytes(value), max, ret_number)) ||
           refuse(refusal, FAULT_ARGUMENT, field, "takes a number from 0 to %llu",
                  (unsigned long long)max);
}

bool fields_string(const json_t *request, const char *field, char **place, struct refusal *refusal)
{
    const json_t *value = json_object_get(request, field);
    struct text text = TEXT("");
    if (!value)
        return true;
    if (!fields_text(request, field, !json_is_null(value), &text, refusal))
        return false;
    char *copy = json_is_null(value) ? NULL : memory_copy(text.at, text.len);
    if (!copy && !json_is_null(value))
        return refuse_fault(refusal, FAULT_NO_MEMORY, field);
    memory_free_secret(*place, *place ? strlen(*place) : 0);
    *place = copy;
    return true;
}

/* ---- Lists ------------------------------------------------------------------------------ */

/* What a list may be given as: an array, one text, null. */
static size_t list_count(const json_t *value)
{
    if (json_is_array(value))
        return json_array_size(value);
    return json_is_null(value) ? 0 : 1;
}

static const json_t *list_at(const json_t *value, size_t index)
{
    return json_is_array(value) ? json_array_get(value, index) : value;
}

static bool is_list(const json_t *value)
{
    for (size_t i = 0; i < list_count(value); i++)
        if (!json_is_string(list_at(value, i)))
            return false;
    return true;
}

/* The value of a field that is a list, with at most `max` texts; NULL when it is refused. */
static const json_t *find_list(const json_t *request, const char *field, size_t max,
                               struct refusal *refusal)
{
    const json_t *value = json_object_get(request, field);
    if (!is_list(value))
        (void)refuse(refusal, FAULT_ARGUMENT, field, "takes a list of texts");
    else if (list_count(value) > max)
        (void)refuse(refusal, FAULT_ARGUMENT, field, "has more than %zu", max);
    else
        return value;
    return NULL;
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        memory_free(names[i]);
    memory_free(names);
}

bool fields_groups(const json_t *request, struct account *account, struct refusal *refusal)
{
    static const char field[] = "group";
    if (!json_object_get(request, field))
        return true;
    const json_t *list = find_list(request, field, ACCOUNT_GROUPS_MAX, refusal);
    if (!list)
        return false;
    free_names(account->groups, account->group_count);
    account->group_count = 0;
    account->groups = memory_new_array(list_count(list) + 1, sizeof(char *));
    if (!account->groups)
        return refuse_fault(refusal, FAULT_NO_MEMORY, field);
    for (size_t i = 0; i < list_count(list); i++) {
        struct text name = fields_bytes(list_at(list, i));
        account->groups[i] = memory_copy(name.at, name.len);
        if (!account->groups[i])
            return refuse_fault(refusal, FAULT_NO_MEMORY, field);
        account->group_count++;
    }
    return true;
}

/* No name has a slash: the first ":/" is where the path begins. */
static bool read_mount(struct text value, struct account_mount *mount)
{
    size_t end = 0;
    while (end < value.len && !text_starts_with(text_after(value, end), TEXT(":/")))
        end++;
    if (end < value.len) {
        mount->at = memory_copy(value.at + end + 1, value.len - end - 1);
    } else {
        mount->at = memory_new(value.len + 2);
        if (mount->at) {
            mount->at[0] = '/';
            memcpy(mount->at + 1, value.at, value.len);
        }
    }
    mount->folder = memory_copy(value.at, end);
    return mount->at && mount->folder;
}

static void free_mounts(struct account_mount *mounts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        memory_free(mounts[i].folder);
        memory_free(mounts[i].at);
    }
    memory_free(mounts);
}

bool fields_mounts(const json_t *request, struct account_mount **mounts, size_t *count,
                   struct refusal *refusal)
{
    static const char field[] = "folder";
    if (!json_object_get(request, field))
        return true;
    const json_t *list = find_list(request, field, ACCOUNT_MOUNTS_MAX, refusal);
    if (!list)
        return false;
    free_mounts(*mounts, *count);
    *count = 0;
    *mounts = memory_new_array(list_count(list) + 1, sizeof(**mounts));
    if (!*mounts)
        return refuse_fault(refusal, FAULT_NO_MEMORY, field);
    for (size_t i = 0; i < list_count(list); i++) {
        (*count)++;
        if (!read_mount(fields_bytes(list_at(list, i)), &(*mounts)[i]))
            return refuse_fault(refusal, FAULT_NO_MEMORY, field);
    }
    return true;
}

/* ---- Terms --------------------------------------------------------------------------------- */

/* terms_set's message begins with the word, which an answer has by itself. */
static bool set_term(struct terms *terms, enum term term, struct text value,
                     struct refusal *refusal)
{
    char message[TERMS_MESSAGE_SIZE];
    const char *word = term_rows[term].word;
    if (terms_set(terms, term, value, message))
        return true;
    struct text what = text_of(message);
    if (text_starts_with(what, text_of(word)))
        what = text_after(what, strlen(word));
    if (text_starts_with(what, TEXT(":")))
        what = text_trim_start(text_after(what, 1));
    return refuse(refusal, FAULT_ARGUMENT, word, "%.*s", TEXT_ARGS(what));
}

static bool set_list_term(struct terms *terms, enum term term, const json_t *request,
                          struct refusal *refusal)
{
    const json_t *list = find_list(request, term_rows[term].word, TERM_LIST_MAX, refusal);
    if (!list)
        return false;
    for (size_t i = 0; i < list_count(list); i++)
        if (!set_term(terms, term, fields_bytes(list_at(list, i)), refusal))
            return false;
    return true;
}

static bool set_one_term(struct terms *terms, enum term term, const json_t *value,
                         struct refusal *refusal)
{
    char bytes[NUMBER_TEXT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    bool is_flag = term_rows[term].kind == TERM_FLAG;
    if (json_is_null(value))
        return true;
    if (is_flag && json_is_boolean(value))
        return set_term(terms, term, json_is_true(value) ? TEXT("on") : TEXT("off"), refusal);
    if (json_is_string(value))
        return set_term(terms, term, fields_bytes(value), refusal);
    if (is_flag || !json_is_integer(value))
        return refuse(refusal, FAULT_ARGUMENT, term_rows[term].word, "takes %s",
                      is_flag ? "true or false" : term_rows[term].argument);
    if (json_integer_value(value) < 0)
        return refuse(refusal, FAULT_ARGUMENT, term_rows[term].word, "is less than nothing");
    builder_put_number(&b, (uint64_t)json_integer_value(value));
    return set_term(terms, term, builder_text(&b), refusal);
}

bool fields_terms(const json_t *request, enum terms_owner owner, struct terms *terms,
                  struct refusal *refusal)
{
    for (unsigned i = 0; i < TERM_NUMBER_OF; i++) {
        enum term term = (enum term)i;
        const json_t *value = json_object_get(request, term_rows[term].word);
        if (!value || !(term_rows[term].owners & owner))
            continue;
        terms_clear(terms, term);
        if (term_rows[term].kind == TERM_LIST ? !set_list_term(terms, term, request, refusal)
                                              : !set_one_term(terms, term, value, refusal))
            return false;
    }
    return true;
}

/* ---- And back ----------------------------------------------------------------------------------
 */

void fields_put_groups(json_t **object, const struct account *account)
{
    json_t *names = json_array();
    for (size_t i = 0; i < account->group_count; i++)
        answer_append(&names, json_string(account->groups[i]));
    answer_put(object, "group", names);
}

void fields_put_mounts(json_t **object, const struct account_mount *mounts, size_t count)
{
    json_t *texts = json_array();
    for (size_t i = 0; i < count; i++)
        answer_append(&texts, json_sprintf("%s:%s", mounts[i].folder, mounts[i].at));
    answer_put(object, "folder", texts);
}

static json_t *list_term(const struct term_value *value)
{
    json_t *texts = json_array();
    for (size_t i = 0; i < value->text_count; i++)
        answer_append(&texts, json_string(value->texts[i]));
    return texts;
}

json_t *fields_term(const struct terms *terms, enum term term)
{
    char bytes[VALUE_TEXT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    const struct term_value *value = &terms->values[term];
    switch (term_rows[term].kind) {
    case TERM_FLAG:
        return json_boolean(value->number);
    case TERM_COUNT:
    case TERM_BYTES:
    case TERM_RATE:
    case TERM_SECONDS:
        return json_integer((json_int_t)value->number);
    case TERM_DATE:
    case TERM_PROPORTION:
        terms_put(terms, term, &b);
        return json_stringn(b.at, b.len);
    case TERM_LIST:
        break;
    }
    return list_term(value);
}

void fields_put_terms(json_t **object, const struct terms *terms)
{
    for (unsigned term = 0; term < TERM_NUMBER_OF; term++)
        if (terms_has(terms, (enum term)term))
            answer_put(object, term_rows[term].word, fields_term(terms, (enum term)term));
}
