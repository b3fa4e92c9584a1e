/* SPDX-License-Identifier: Apache-2.0 */
/* One value of a setting, from text. */
#include "base/memory.h"
#include "server/config.h"

static bool set_range(struct port_range *range, struct text value)
{
    uint64_t first;
    uint64_t last;
    struct text rest = value;
    struct text low = text_take_until(&rest, '-');
    if (!text_to_number(low, UINT16_MAX, &first) || !text_to_number(rest, UINT16_MAX, &last) ||
        !first || first > last)
        return false;
    *range = (struct port_range){(uint16_t)first, (uint16_t)last};
    return true;
}

/* The index of a word among those of a setting. */
static bool find_word(const char *words, struct text value, uint64_t *ret_index)
{
    struct text rest = text_of(words);
    for (uint64_t i = 0; rest.len; i++) {
        if (text_equal(value, text_take_until(&rest, '|'))) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

/* A bit for each word, in their order. */
static bool set_words(uint64_t *place, const char *words, struct text value)
{
    uint64_t mask = 0;
    bool is_all = text_equal(value, TEXT("all")) || text_equal(value, TEXT("on"));
    struct text rest = is_all ? text_of(words) : value;
    char separator = is_all ? '|' : ',';
    if (text_equal(value, TEXT("off")))
        rest.len = 0;
    else if (!rest.len || rest.at[rest.len - 1] == separator)
        return false;
    while (rest.len) {
        uint64_t index;
        if (!find_word(words, text_take_until(&rest, separator), &index))
            return false;
        mask |= UINT64_C(1) << index;
    }
    *place = mask;
    return true;
}

static bool set_switch(bool *place, const char *words, struct text value)
{
    struct text no = text_of(words);
    struct text yes = text_take_until(&no, '|');
    if (!text_equal(value, yes) && !text_equal(value, no))
        return false;
    *place = text_equal(value, yes);
    return true;
}

/* As libConfuse takes a boolean, so that a file has one way of writing them. */
static bool set_flag(bool *place, struct text value)
{
    return set_switch(place, "on|off", value) || set_switch(place, "true|false", value) ||
           set_switch(place, "yes|no", value);
}

/* --user NAME:PASSWORD; only the first colon separates. */
static enum fault set_user(struct config *config, struct text value)
{
    struct config_host *host = &config->hosts[0];
    struct text password = value;
    struct text name = text_take_until(&password, ':');
    if (!name.len || !password.len)
        return FAULT_ARGUMENT;
    struct config_user *user = config_grow((void **)&host->users, &host->user_count, sizeof(*user));
    if (!user)
        return FAULT_NO_MEMORY;
    user->is_clear = true;
    bool copied = config_copy_string(&user->name, name) &&
                  config_copy_string(&user->password, password);
    return copied ? FAULT_NONE : FAULT_NO_MEMORY;
}

static bool is_string(struct text value)
{
    return value.len && text_find(value, '\0') == value.len && text_find(value, '\n') == value.len;
}

static enum fault set_string(char **place, struct text value)
{
    if (!is_string(value))
        return FAULT_ARGUMENT;
    return config_copy_string(place, value) ? FAULT_NONE : FAULT_NO_MEMORY;
}

static bool is_path(struct text value)
{
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.at[i] < ' ')
            return false;
    return value.len > 1 && value.at[0] == '/' && value.at[value.len - 1] != '/';
}

bool config_set_term(struct terms *terms, struct text value)
{
    char message[TERMS_MESSAGE_SIZE];
    struct text word = text_take_until(&value, '=');
    enum term term = term_find(word);
    return term != TERM_NUMBER_OF && term_rows[term].owners & TERMS_GROUP &&
           terms_set(terms, term, value, message);
}

static bool is_term(struct text value)
{
    struct terms terms = {0};
    bool is_one = config_set_term(&terms, value);
    terms_done(&terms);
    return is_one;
}

static bool is_item(const struct setting *setting, struct text value)
{
    union endpoint endpoint;
    struct endpoint_network network;
    switch (setting->kind) {
    case SETTING_ADDRESSES:
        return endpoint_parse_host(value, 0, &endpoint);
    case SETTING_NETWORKS:
        return endpoint_parse_network(value, &network);
    case SETTING_PATHS:
        return is_path(value);
    case SETTING_FILES:
        return is_string(value);
    default:
        return is_term(value);
    }
}

static enum fault add_item(struct config_list *list, const struct setting *setting,
                           struct text value)
{
    if (!is_item(setting, value) || (setting->max && list->count >= setting->max))
        return FAULT_ARGUMENT;
    char **place = config_grow((void **)&list->items, &list->count, sizeof(char *));
    return place && config_copy_string(place, value) ? FAULT_NONE : FAULT_NO_MEMORY;
}

static enum fault or_argument(bool understood)
{
    return understood ? FAULT_NONE : FAULT_ARGUMENT;
}

static enum fault set_by_kind(struct config *config, const struct setting *setting,
                              struct text value)
{
    void *place = (char *)config + setting->offset;
    switch (setting->kind) {
    case SETTING_NUMBER:
        return or_argument(text_to_number(value, setting->max, place));
    case SETTING_SIZE:
        return or_argument(text_to_size(value, setting->max, place));
    case SETTING_OCTAL:
        return or_argument(text_to_octal(value, setting->max, place));
    case SETTING_FLAG:
        return or_argument(set_flag(place, value));
    case SETTING_SWITCH:
        return or_argument(setting->words ? set_switch(place, setting->words, value)
                                          : set_flag(place, value));
    case SETTING_CHOICE:
        return or_argument(find_word(setting->words, value, place));
    case SETTING_WORDS:
        return or_argument(set_words(place, setting->words, value));
    case SETTING_RANGE:
        return or_argument(set_range(place, value));
    case SETTING_ADDRESSES:
    case SETTING_NETWORKS:
    case SETTING_PATHS:
    case SETTING_FILES:
    case SETTING_TERMS:
        return add_item(place, setting, value);
    case SETTING_USER:
        return set_user(config, value);
    case SETTING_STRING:
        return set_string(place, value);
    case SETTING_HOST:
    case SETTING_ANONYMOUS:
        return set_string((char **)((char *)&config->hosts[0] + setting->offset), value);
    case SETTING_OPTION:
        break;
    }
    return FAULT_ARGUMENT;
}

bool config_set(struct config *config, const struct setting *setting, struct text value,
                char message[CONFIG_MESSAGE_SIZE])
{
    enum fault f = set_by_kind(config, setting, value);
    if (!f)
        return true;
    if (f == FAULT_NO_MEMORY)
        return config_complain(message, "out of memory");
    /* A password must not be shown to whoever reads the terminal or the log. */
    if (setting->kind == SETTING_USER)
        return config_complain(message, "user: give it as NAME:PASSWORD");
    return config_complain(message, "%s: \"%.*s\" is not right here; it takes %s", setting->name,
                           TEXT_ARGS(value), setting->argument ? setting->argument : "on or off");
}
