/* SPDX-License-Identifier: Apache-2.0 */
#include "server/config_json.h"

enum { VALUE_SIZE = 32, WORDS_SIZE = 128 };

static json_t *text_or_null(const char *string)
{
    return string ? json_string(string) : json_null();
}

static json_t *describe_number(uint64_t number)
{
    char bytes[VALUE_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    builder_put_number(&b, number);
    return json_stringn(b.at, b.len);
}

static json_t *describe_octal(uint64_t number)
{
    char bytes[VALUE_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    builder_put_octal(&b, (unsigned)number, 3);
    return json_stringn(b.at, b.len);
}

static json_t *describe_switch(bool is_first, const char *words)
{
    struct text no = text_of(words ? words : "on|off");
    struct text yes = text_take_until(&no, '|');
    struct text word = is_first ? yes : no;
    return json_stringn(word.at, word.len);
}

static json_t *describe_choice(uint64_t index, const char *words)
{
    struct text rest = text_of(words);
    struct text word = text_take_until(&rest, '|');
    for (uint64_t i = 0; i < index; i++)
        word = text_take_until(&rest, '|');
    return json_stringn(word.at, word.len);
}

/* As the setting takes them. */
static json_t *describe_words(uint64_t mask, const char *words)
{
    char bytes[WORDS_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct text rest = text_of(words);
    for (uint64_t bit = 1; rest.len; bit <<= 1) {
        struct text word = text_take_until(&rest, '|');
        if (!(mask & bit))
            continue;
        if (b.len)
            builder_put_byte(&b, ',');
        builder_put(&b, word);
    }
    return b.len ? json_stringn(b.at, b.len) : json_string("off");
}

static json_t *describe_range(const struct port_range *range)
{
    return range->first ? json_sprintf("%u-%u", range->first, range->last) : json_null();
}

static json_t *describe_list(const struct config_list *list)
{
    json_t *texts = json_array();
    for (size_t i = 0; i < list->count; i++)
        if (json_array_append_new(texts, json_string(list->items[i]))) {
            json_decref(texts);
            return NULL;
        }
    return texts;
}

static json_t *describe_value(const struct config *config, const struct setting *setting)
{
    const void *place = (const char *)config + setting->offset;
    switch (setting->kind) {
    case SETTING_NUMBER:
    case SETTING_SIZE:
        return describe_number(*(const uint64_t *)place);
    case SETTING_OCTAL:
        return describe_octal(*(const uint64_t *)place);
    case SETTING_STRING:
        return text_or_null(*(char *const *)place);
    case SETTING_FLAG:
    case SETTING_SWITCH:
        return describe_switch(*(const bool *)place, setting->words);
    case SETTING_CHOICE:
        return describe_choice(*(const uint64_t *)place, setting->words);
    case SETTING_WORDS:
        return describe_words(*(const uint64_t *)place, setting->words);
    case SETTING_RANGE:
        return describe_range(place);
    case SETTING_HOST:
    case SETTING_ANONYMOUS:
        return text_or_null(*(char *const *)((const char *)&config->hosts[0] + setting->offset));
    case SETTING_ADDRESSES:
    case SETTING_NETWORKS:
    case SETTING_PATHS:
    case SETTING_FILES:
    case SETTING_TERMS:
        return describe_list(place);
    case SETTING_USER:
    case SETTING_OPTION:
        break;
    }
    return NULL;
}

json_t *config_describe(const struct config *config)
{
    json_t *object = json_object();
    for (const struct setting *s = config_settings; s->name; s++) {
        if (s->kind == SETTING_USER || s->kind == SETTING_OPTION)
            continue;
        if (json_object_set_new(object, s->name, describe_value(config, s))) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}
