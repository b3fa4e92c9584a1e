/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/source.h"

#include "base/memory.h"

enum { LABEL_SIZE = 256 };

static void put_label(const struct policy_source *source, enum term term, struct builder *b)
{
    switch (source->who) {
    case POLICY_USER:
        builder_put_string(b, "user ");
        builder_put_string(b, source->name);
        break;
    case POLICY_GROUP:
        builder_put_string(b, "group ");
        builder_put_string(b, source->name);
        break;
    case POLICY_ANONYMOUS:
        builder_put_string(b, "anonymous");
        break;
    }
    builder_put_string(b, ": ");
    builder_put_string(b, term_rows[term].word);
}

bool source_has_say(const struct policy_source *sources, size_t index, enum term term)
{
    return terms_has(sources[index].terms, term) &&
           (index == 0 || !terms_has(sources[0].terms, term));
}

char *source_rule(const struct policy_source *source, enum term term, char *const *texts,
                  size_t count, const char **ret_texts)
{
    char label[LABEL_SIZE];
    struct builder l = builder_on(label, sizeof(label));
    put_label(source, term, &l);
    size_t size = l.len + 1;
    for (size_t i = 0; i < count; i++)
        size += strlen(texts[i]) + 1;
    char *rule = memory_new(size); /* zeroed: the NUL behind each text is there */
    if (!rule)
        return NULL;
    struct builder b = builder_on(rule, size);
    builder_put(&b, builder_text(&l));
    builder_put_byte(&b, count == 1 ? ' ' : '\0');
    if (ret_texts)
        *ret_texts = rule + b.len;
    for (size_t i = 0; i < count; i++)
        builder_put(&b, (struct text){texts[i], strlen(texts[i]) + 1});
    return rule;
}

enum fault source_complain(const struct policy_source *source, enum term term,
                           const struct complaint *complaint, char message[TERMS_MESSAGE_SIZE])
{
    enum { SHOWN_MAX = 200 };
    struct builder b = builder_on(message, TERMS_MESSAGE_SIZE);
    put_label(source, term, &b);
    builder_put_string(&b, ": \"");
    builder_put(&b, (struct text){complaint->what.at, text_cut_utf8(complaint->what, SHOWN_MAX)});
    builder_put_string(&b, "\" ");
    builder_put_string(&b, complaint->why);
    builder_end(&b);
    return FAULT_ARGUMENT;
}
