/* SPDX-License-Identifier: Apache-2.0 */
/* protocol/facts, reading: what is read is part of the line, and written reads as the same. */
#include "protocol/facts.h"
#include "tests/fuzz/fuzz.h"

enum { EVERYTHING = (1 << FACT_COUNT) - 1 };

static bool is_inside(struct text part, struct text whole)
{
    return !part.len || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len);
}

static void check_texts(const struct facts *facts, struct text line)
{
    const struct text texts[] = {facts->type, facts->perm, facts->unique, facts->owner_name,
                                 facts->group_name};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        PROMISE(is_inside(texts[i], line) && text_find(texts[i], ';') == texts[i].len);
    struct text target;
    enum fact_kind kind = facts_kind(facts, &target);
    PROMISE(is_inside(target, facts->type));
    PROMISE(!target.len || kind == FACT_KIND_LINK);
}

static void check_same(const struct facts *a, const struct facts *b)
{
    PROMISE(a->present == b->present);
    PROMISE(text_equal(a->type, b->type) && text_equal(a->perm, b->perm));
    PROMISE(text_equal(a->unique, b->unique));
    PROMISE(text_equal(a->owner_name, b->owner_name) && text_equal(a->group_name, b->group_name));
    PROMISE(a->size == b->size && a->mode == b->mode);
}

static void check_line(struct text line)
{
    static char bytes[1 << 16];
    struct facts facts;
    struct facts back;
    struct text name;
    struct text name_back;
    if (!facts_parse_line(line, &facts, &name))
        return;
    PROMISE(name.len && name.at + name.len == line.at + line.len && name.at[-1] == ' ');
    PROMISE(!(facts.present & ~(unsigned)EVERYTHING) && facts.mode <= 07777);
    PROMISE(facts.modify.nanoseconds < 1000000000 && facts.create.nanoseconds < 1000000000);
    check_texts(&facts, line);
    struct builder b = builder_on(bytes, sizeof(bytes));
    facts_put(&b, &facts, EVERYTHING);
    builder_put(&b, name);
    if (b.full)
        return;
    PROMISE(facts_parse_line(builder_text(&b), &back, &name_back));
    PROMISE(text_equal(name, name_back));
    check_same(&facts, &back);
}

static void check_offer(struct text input)
{
    unsigned mask;
    unsigned marked;
    unsigned mask_back;
    unsigned marked_back;
    char bytes[512];
    struct builder b = builder_on(bytes, sizeof(bytes));
    facts_parse_offer(input, &mask, &marked);
    PROMISE(!(mask & ~(unsigned)EVERYTHING) && !(marked & ~mask));
    facts_put_selection(&b, mask, marked);
    facts_parse_offer(builder_text(&b), &mask_back, &marked_back);
    PROMISE(!b.full && mask_back == mask && marked_back == marked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = {(const char *)data, size};
    struct facts facts;
    struct text name;
    check_line(input);
    check_offer(input);
    if (facts_parse_mlst(input, &facts, &name))
        PROMISE(is_inside(name, input) && name.len);
    return 0;
}
