/* SPDX-License-Identifier: Apache-2.0 */
/* client/url: what is read is written back as what reads the same, and hides what it should. */
#include "client/url.h"
#include "tests/fuzz/fuzz.h"

static bool is_printable(struct text t)
{
    for (size_t i = 0; i < t.len; i++)
        if (t.at[i] <= ' ' || t.at[i] > '~')
            return false;
    return true;
}

static void check_part(const char *part)
{
    const struct text t = text_of(part);
    PROMISE(text_find(t, '\r') == t.len && text_find(t, '\n') == t.len);
}

static void check_value(const struct url *url)
{
    check_part(url->user);
    check_part(url->password);
    check_part(url->host);
    check_part(url->path);
    PROMISE(url->scheme < URL_SCHEME_COUNT && url->port && url->host[0]);
    PROMISE(url->has_user || (!url->has_password && !url->user[0]));
    PROMISE(url->has_password || !url->password[0]);
    PROMISE(!url->type || text_find(TEXT("AID"), url->type) < 3);
}

static void check_same(const struct url *a, const struct url *b)
{
    PROMISE(a->scheme == b->scheme && a->port == b->port && a->type == b->type);
    PROMISE(a->has_user == b->has_user && a->has_password == b->has_password);
    PROMISE(text_equal(text_of(a->user), text_of(b->user)));
    PROMISE(text_equal(text_of(a->password), text_of(b->password)));
    PROMISE(text_equal(text_of(a->host), text_of(b->host)));
    PROMISE(text_equal(text_of(a->path), text_of(b->path)));
}

/* With another password the shown URL is the same: nothing of it is in there. */
static void check_hidden(const struct url *url)
{
    static char shown[URL_TEXT_SIZE];
    static char other_shown[URL_TEXT_SIZE];
    static struct url other;
    struct builder b = builder_on(shown, sizeof(shown));
    struct builder c = builder_on(other_shown, sizeof(other_shown));
    url_put(&b, url, true);
    other = *url;
    struct builder password = builder_on(other.password, sizeof(other.password));
    builder_put(&password, TEXT("another"));
    builder_end(&password);
    url_put(&c, &other, true);
    PROMISE(text_equal(builder_text(&b), builder_text(&c)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct url url;
    static struct url back;
    static char bytes[URL_TEXT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (!url_parse((struct text){(const char *)data, size}, &url))
        return 0;
    check_value(&url);
    url_put(&b, &url, false);
    PROMISE(!b.full && is_printable(builder_text(&b)));
    PROMISE(url_parse(builder_text(&b), &back));
    check_same(&url, &back);
    check_hidden(&url);
    return 0;
}
