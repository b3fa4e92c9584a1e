/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/proxy_form: a proxy that answers anything. The first byte: the kind, whether
 * there is a user, and what the host is; the second: into how large pieces the
 * answers come. However they are divided, the same comes of them.
 */
#include "net/proxy_form.h"
#include "tests/fuzz/fuzz.h"

struct end {
    enum fault fault;
    enum proxy_stage stage;
    size_t used;
    unsigned said; /* how often there was something to be sent */
    char message[PROXY_MESSAGE_SIZE];
};

static void check_message(struct text message, enum fault f)
{
    PROMISE((message.len != 0) == (f != FAULT_NONE));
    for (size_t i = 0; i < message.len; i++)
        PROMISE(message.at[i] >= ' ' && message.at[i] <= '~');
}

static struct end play(const struct proxy *proxy, struct text host, struct text input, size_t piece)
{
    struct end end = {FAULT_NONE};
    struct proxy_dialogue dialogue;
    struct builder b = builder_on(end.message, sizeof(end.message));
    PROMISE(proxy_dialogue_begin(&dialogue, proxy, host, 21, &b) == FAULT_NONE);
    PROMISE(dialogue.said_len);
    while (!end.fault && end.used < input.len && dialogue.stage != PROXY_STAGE_OPEN) {
        struct text next = text_after(input, end.used);
        size_t used = 0;
        if (next.len > piece)
            next.len = piece;
        end.fault = proxy_dialogue_hear(&dialogue, next, &used, &b);
        PROMISE(end.fault || (used && used <= next.len));
        PROMISE(dialogue.said_len <= sizeof(dialogue.said));
        if (end.fault)
            break;
        end.used += used;
        end.said += dialogue.said_len != 0;
    }
    end.stage = dialogue.stage;
    PROMISE(end.said <= 2);
    PROMISE(end.stage != PROXY_STAGE_OPEN || proxy->kind == PROXY_HTTP || end.said);
    PROMISE(!b.full);
    check_message(builder_text(&b), end.fault);
    builder_end(&b);
    return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct text hosts[] = {
        {"ftp.example", 11}, {"192.0.2.1", 9}, {"2001:db8::1", 11}, {"a", 1}};
    if (size < 2)
        return 0;
    struct proxy proxy = {.kind = data[0] & 1 ? PROXY_HTTP : PROXY_SOCKS5};
    if (data[0] & 2)
        proxy.user = proxy.password = TEXT("secret");
    struct text host = hosts[data[0] >> 2 & 3];
    struct text input = {(const char *)data + 2, size - 2};
    struct end whole = play(&proxy, host, input, input.len);
    struct end divided = play(&proxy, host, input, data[1] ? data[1] : 1);
    PROMISE(whole.fault == divided.fault && whole.stage == divided.stage);
    PROMISE(whole.fault || whole.used == divided.used);
    PROMISE(text_equal(text_of(whole.message), text_of(divided.message)));
    return 0;
}
