/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/features.h"

#include "protocol/facts.h"

_Static_assert(FEATURE_COUNT <= 64, "one bit each");

enum { CODE_LEN = 3 };

static const struct {
    struct text word;
    struct text parameter;
} features_known[FEATURE_COUNT] = {
#define FEATURE_ROW(name, word, parameter)                                                         \
    [FEATURE_##name] = {{word, sizeof(word) - 1}, {parameter, sizeof(parameter) - 1}},
    FEATURE_LIST(FEATURE_ROW)
#undef FEATURE_ROW
};

/* Other words for the same. */
static const struct {
    struct text word;
    enum feature feature;
} features_otherwise[] = {
    {{"MLSD", 4}, FEATURE_MLST}, /* servers that list only the half of RFC 3659 7 that is used */
    {{"UTF-8", 5}, FEATURE_UTF8},
};

static bool is_separator(char c)
{
    return c == ' ' || c == '\t' || c == ';';
}

/* Takes the next word: what separates is blanks, and in a list semicolons. */
static struct text take_word(struct text *rest)
{
    size_t start = 0;
    while (start < rest->len && is_separator(rest->at[start]))
        start++;
    size_t end = start;
    while (end < rest->len && !is_separator(rest->at[end]))
        end++;
    struct text word = {rest->len ? rest->at + start : rest->at, end - start};
    *rest = text_after(*rest, end);
    return word;
}

static bool has_word(struct text parameters, struct text wanted)
{
    struct text word;
    while ((word = take_word(&parameters)).len)
        if (text_equal_any_case(word, wanted))
            return true;
    return false;
}

/* REST, PROT and RANG alone mean what the document's only parameter says. */
static bool is_enough_alone(enum feature feature)
{
    return feature == FEATURE_REST_STREAM || feature == FEATURE_PROT || feature == FEATURE_RANG;
}

static bool is_feature(enum feature feature, struct text word, struct text parameters)
{
    const struct text wanted = features_known[feature].parameter;
    if (!text_equal_any_case(word, features_known[feature].word))
        return false;
    struct text rest = parameters;
    const bool is_alone = !take_word(&rest).len;
    return !wanted.len || has_word(parameters, wanted) || (is_alone && is_enough_alone(feature));
}

/* "211-" or "211 " in front: lines of servers that take RFC 2389 3.2 for RFC 959 4.2. */
static struct text without_code(struct text line)
{
    for (size_t i = 0; i < CODE_LEN; i++)
        if (i >= line.len || !text_is_digit(line.at[i]))
            return line;
    const char after = line.len > CODE_LEN ? line.at[CODE_LEN] : '\0';
    return after == '-' || after == ' ' ? text_after(line, CODE_LEN + 1) : line;
}

/* Names that fit, each with its semicolon: nothing of one that does not. Returns the length. */
static size_t keep_list(struct text parameters, char *place, size_t size)
{
    struct builder b = builder_on(place, size);
    struct text word;
    while ((word = take_word(&parameters)).len) {
        if (text_equal(word, TEXT("*")) || size - b.len < word.len + 1)
            continue;
        builder_put(&b, word);
        builder_put_byte(&b, ';');
    }
    return b.len;
}

static void take_parameters(struct features *features, enum feature feature, struct text parameters)
{
    unsigned marked;
    switch (feature) {
    case FEATURE_MLST:
        facts_parse_offer(parameters, &features->facts, &features->facts_selected);
        break;
    case FEATURE_MFF:
        facts_parse_offer(parameters, &features->facts_settable, &marked);
        break;
    case FEATURE_HASH:
        features->hashes_len = keep_list(parameters, features->hashes, sizeof(features->hashes));
        break;
    case FEATURE_LANG:
        features->languages_len = keep_list(parameters, features->languages,
                                            sizeof(features->languages));
        break;
    default:
        break;
    }
}

void features_take_line(struct features *features, struct text line)
{
    struct text parameters = without_code(line);
    struct text word = take_word(&parameters);
    for (unsigned i = 0; i < FEATURE_COUNT; i++) {
        if (!is_feature((enum feature)i, word, parameters))
            continue;
        features->mask |= (uint64_t)1 << i;
        take_parameters(features, (enum feature)i, parameters);
    }
    for (size_t i = 0; i < sizeof(features_otherwise) / sizeof(features_otherwise[0]); i++)
        if (text_equal_any_case(word, features_otherwise[i].word))
            features->mask |= (uint64_t)1 << features_otherwise[i].feature;
}

struct text features_hashes(const struct features *features)
{
    return (struct text){features->hashes, features->hashes_len};
}

struct text features_languages(const struct features *features)
{
    return (struct text){features->languages, features->languages_len};
}

bool features_take_item(struct text *list, struct text *ret_name, bool *ret_selected)
{
    if (!list->len)
        return false;
    struct text name = text_take_until(list, ';');
    const bool is_selected = name.len && name.at[name.len - 1] == '*';
    name.len -= is_selected;
    *ret_name = name;
    *ret_selected = is_selected;
    return true;
}
