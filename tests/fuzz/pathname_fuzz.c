/* SPDX-License-Identifier: Apache-2.0 */
/* protocol/pathname: results are absolute, normal and never longer than allowed. */
#include "protocol/pathname.h"
#include "tests/fuzz/fuzz.h"

static void check_normal(struct text path)
{
    PROMISE(path.len >= 1 && path.len <= PATHNAME_MAX && path.at[0] == '/');
    PROMISE(text_find(path, '\0') == path.len);
    if (path.len == 1)
        return;
    struct text rest = text_after(path, 1);
    PROMISE(rest.at[rest.len - 1] != '/');
    while (rest.len) {
        struct text part = text_take_until(&rest, '/');
        PROMISE(part.len && !text_equal(part, TEXT(".")) && !text_equal(part, TEXT("..")));
    }
}

static void check_resolve(struct text name)
{
    char bytes[PATHNAME_MAX + 2];
    char again[PATHNAME_MAX + 2];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (!pathname_resolve(TEXT("/home/user"), name, &b))
        return;
    check_normal(builder_text(&b));
    /* A normal path means itself. */
    struct builder c = builder_on(again, sizeof(again));
    PROMISE(pathname_resolve(TEXT("/elsewhere"), builder_text(&b), &c));
    PROMISE(text_equal(builder_text(&b), builder_text(&c)));
    struct text parent = pathname_parent(builder_text(&b));
    struct text last = pathname_last(builder_text(&b));
    PROMISE(parent.len + last.len <= b.len);
}

/* What is quoted is read as it was; and of anything there comes no more than there is room for. */
static void check_quoted(struct text name)
{
    char bytes[2 * PATHNAME_MAX + 8];
    char again[PATHNAME_MAX + 1];
    struct builder b = builder_on(again, sizeof(again));
    (void)pathname_take_quoted(name, &b);
    PROMISE(b.len <= sizeof(again) && b.len <= name.len);
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] == '\0' || name.at[i] == '\r' || name.at[i] == '\n')
            return; /* no name that a reply could tell: it is refused */
    if (!name.len || name.len >= PATHNAME_MAX)
        return;
    b = builder_on(bytes, sizeof(bytes));
    struct builder c = builder_on(again, sizeof(again));
    pathname_put_quoted(&b, name);
    PROMISE(pathname_take_quoted(builder_text(&b), &c));
    PROMISE(text_equal(builder_text(&c), name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_resolve((struct text){(const char *)data, size});
    check_quoted((struct text){(const char *)data, size});
    return 0;
}
