/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole session, from connecting to QUIT, again and again while its first,
 * second, third … allocation fails, once or with all after it. Each command is
 * answered or the connection closed; the tree holds whole files only; and the
 * next session finds the server as it was.
 */
#include <openssl/crypto.h>

#include "tests/unit/failing_memory.h"

#define PROMISE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("allocation %u%s: %s", shortage.nth, shortage.lasts ? " on" : "",             \
                     #condition);                                                                  \
    } while (0)

#include "tests/unit/player.h"
#include "tests/unit/whole_session.h"

/* ---- OpenSSL asks us, too ------------------------------------------------------------------- */

static bool openssl_fails; /* its allocations count */

static void *new_for_openssl(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return openssl_fails ? malloc(size) : __real_malloc(size);
}

static void *resize_for_openssl(void *block, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return openssl_fails ? reallocarray(block, size, 1) : __real_reallocarray(block, size, 1);
}

static void free_for_openssl(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    free(block);
}

/* ---- The session ---------------------------------------------------------------------------- */

static void play_with_shortage(unsigned nth, bool lasts)
{
    shortage.lasts = lasts;
    shortage.made = 0;
    shortage.met = false;
    shortage.nth = nth;
    whole_session_play();
    shortage.nth = 0;
}

/* The next session is met by the next failure later on; now and then by none. */
static void until_it_goes_through(unsigned step, bool lasts)
{
    enum { WITHOUT_EVERY = 16 };
    unsigned plays = 0;
    for (unsigned nth = 1; !plays || shortage.met; nth += step) {
        play_with_shortage(nth, lasts);
        whole_session_check_tree();
        if (plays++ % WITHOUT_EVERY && shortage.met)
            continue;
        whole_session_play();
        whole_session_check_replies();
    }
    assert_true(plays > 50); /* a lot did fail */
}

TEST(a_session_survives_any_allocation_that_fails)
{
    until_it_goes_through(1, false);
}

TEST(a_session_survives_the_end_of_all_memory_at_any_moment)
{
    enum { STEP = 5 };
    until_it_goes_through(STEP, true);
}

/* They are thousands: some of them. */
TEST(a_session_survives_what_openssl_cannot_allocate)
{
    enum { STEP = 17 };
    openssl_fails = true;
    until_it_goes_through(STEP, false);
    openssl_fails = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_session_survives_any_allocation_that_fails),
        RUN(a_session_survives_the_end_of_all_memory_at_any_moment),
        RUN(a_session_survives_what_openssl_cannot_allocate),
    };
    is_spared = true;
    if (!CRYPTO_set_mem_functions(new_for_openssl, resize_for_openssl, free_for_openssl))
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, whole_session_set_up, whole_session_tear_down);
}
