/* SPDX-License-Identifier: Apache-2.0 */
/* protocol/features: lists stay in bounds, a line said twice says no more, case is no matter. */
#include "protocol/facts.h"
#include "protocol/features.h"
#include "tests/fuzz/fuzz.h"

static void check_list(struct text list, size_t size)
{
    struct text name;
    bool selected;
    PROMISE(list.len <= size && (!list.len || list.at[list.len - 1] == ';'));
    while (features_take_item(&list, &name, &selected))
        PROMISE(name.len && text_find(name, ' ') == name.len && text_find(name, ';') == name.len);
}

static void check(const struct features *features)
{
    const unsigned all = (1U << FACT_COUNT) - 1;
    PROMISE(!(features->mask >> FEATURE_COUNT));
    PROMISE(!(features->facts & ~all) && !(features->facts_settable & ~all));
    PROMISE(!(features->facts_selected & ~features->facts));
    PROMISE(!features->facts || features_has(features, FEATURE_MLST));
    PROMISE(!features->facts_settable || features_has(features, FEATURE_MFF));
    PROMISE(!features->hashes_len || features_has(features, FEATURE_HASH));
    PROMISE(!features->languages_len || features_has(features, FEATURE_LANG));
    check_list(features_hashes(features), sizeof(features->hashes));
    check_list(features_languages(features), sizeof(features->languages));
}

static void check_same(const struct features *a, const struct features *b)
{
    PROMISE(a->mask == b->mask && a->facts == b->facts && a->facts_selected == b->facts_selected);
    PROMISE(a->facts_settable == b->facts_settable);
    PROMISE(text_equal(features_hashes(a), features_hashes(b)));
    PROMISE(text_equal(features_languages(a), features_languages(b)));
}

/* In capitals, with a space or a code in front, it is the same line. */
static void check_line(struct text line)
{
    static const char *const before[] = {" ", "211-", "211- "};
    char bytes[1024];
    struct features plain = {0};
    features_take_line(&plain, line);
    if (line.len && text_is_digit(line.at[0]))
        return;
    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
        struct builder b = builder_on(bytes, sizeof(bytes));
        struct features other = {0};
        builder_put_string(&b, before[i]);
        for (size_t j = 0; j < line.len; j++)
            builder_put_byte(&b, text_upper(line.at[j]));
        if (b.full)
            return;
        features_take_line(&other, builder_text(&b));
        PROMISE(other.mask == plain.mask && other.facts == plain.facts);
        PROMISE(other.facts_selected == plain.facts_selected);
        PROMISE(other.hashes_len == plain.hashes_len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = {(const char *)data, size};
    struct features once = {0};
    struct features twice = {0};
    while (input.len) {
        struct text line = text_take_until(&input, '\n');
        features_take_line(&once, line);
        features_take_line(&twice, line);
        features_take_line(&twice, line);
        check(&once);
        check_same(&once, &twice);
        check_line(line);
    }
    return 0;
}
