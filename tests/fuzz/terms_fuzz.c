/* SPDX-License-Identifier: Apache-2.0 */
/* base/terms: what is taken is bounded and means the same when it is written and read again. */
#include "base/terms.h"
#include "tests/fuzz/fuzz.h"

static void check_again(const struct terms *terms, enum term term)
{
    char bytes[TERMS_MESSAGE_SIZE];
    char message[TERMS_MESSAGE_SIZE];
    struct terms again = {0};
    const struct term_value *value = &terms->values[term];
    PROMISE(value->is_set && value->number <= TERM_NUMBER_MAX);
    struct builder b = builder_on(bytes, sizeof(bytes));
    terms_put(terms, term, &b);
    PROMISE(!b.full && terms_set(&again, term, builder_text(&b), message));
    PROMISE(again.values[term].number == value->number);
    PROMISE(again.values[term].second == value->second);
}

/* The first byte chooses the term. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char message[TERMS_MESSAGE_SIZE] = "";
    struct terms terms = {0};
    if (!size)
        return 0;
    enum term term = (enum term)(data[0] % TERM_NUMBER_OF);
    struct text value = {(const char *)data + 1, size - 1};
    if (!terms_set(&terms, term, value, message))
        PROMISE(text_starts_with(text_of(message), text_of(term_rows[term].word)));
    else if (term_rows[term].kind != TERM_LIST)
        check_again(&terms, term);
    terms_done(&terms);
    return 0;
}
