/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "account/verified.h"
#include "tests/unit/unit.h"

/* The linker sends verified.c's clock here (tests/meson.build). */
static time_t seconds = 1000;

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time);

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    (void)clock;
    *ret_time = (struct timespec){.tv_sec = seconds};
    return 0;
}

TEST(what_was_right_is_known_and_nothing_else)
{
    struct verified *verified = verified_new();
    assert_false(verified_has(verified, TEXT("anna"), TEXT("secret"), "$y$1"));
    verified_add(verified, TEXT("anna"), TEXT("secret"), "$y$1");
    assert_true(verified_has(verified, TEXT("anna"), TEXT("secret"), "$y$1"));
    assert_false(verified_has(verified, TEXT("anna"), TEXT("Secret"), "$y$1"));
    assert_false(verified_has(verified, TEXT("bert"), TEXT("secret"), "$y$1"));
    assert_false(verified_has(verified, TEXT("annas"), TEXT("ecret"), "$y$1"));
    assert_false(verified_has(verified, TEXT("anna"), TEXT("secret$y$1"), ""));
    verified_free(verified);
}

TEST(a_changed_password_has_no_entry)
{
    struct verified *verified = verified_new();
    verified_add(verified, TEXT("anna"), TEXT("secret"), "$y$1");
    assert_false(verified_has(verified, TEXT("anna"), TEXT("secret"), "$y$2"));
    verified_free(verified);
}

TEST(an_entry_ends_after_its_time)
{
    struct verified *verified = verified_new();
    verified_add(verified, TEXT("anna"), TEXT("secret"), "$y$1");
    seconds += VERIFIED_SECONDS - 1;
    assert_true(verified_has(verified, TEXT("anna"), TEXT("secret"), "$y$1"));
    verified_add(verified, TEXT("anna"), TEXT("secret"), "$y$1"); /* gives it no more time */
    seconds += 1;
    assert_false(verified_has(verified, TEXT("anna"), TEXT("secret"), "$y$1"));
    verified_add(verified, TEXT("anna"), TEXT("secret"), "$y$1");
    assert_true(verified_has(verified, TEXT("anna"), TEXT("secret"), "$y$1"));
    verified_free(verified);
}

static void add_numbered(struct verified *verified, unsigned number)
{
    verified_add(verified, (struct text){(const char *)&number, sizeof(number)}, TEXT("x"), "y");
}

static bool has_numbered(struct verified *verified, unsigned number)
{
    return verified_has(verified, (struct text){(const char *)&number, sizeof(number)}, TEXT("x"),
                        "y");
}

TEST(when_it_is_full_the_oldest_goes)
{
    struct verified *verified = verified_new();
    for (unsigned i = 0; i < VERIFIED_ENTRIES; i++)
        add_numbered(verified, i);
    assert_true(has_numbered(verified, 0));
    add_numbered(verified, 0); /* is there: no entry goes for it */
    assert_true(has_numbered(verified, 1));
    add_numbered(verified, VERIFIED_ENTRIES);
    assert_false(has_numbered(verified, 0));
    assert_true(has_numbered(verified, 1));
    assert_true(has_numbered(verified, VERIFIED_ENTRIES));
    verified_free(verified);
}

TEST(however_many_come_and_go_the_last_ones_are_known)
{
    enum { COME = 3 * VERIFIED_ENTRIES };
    struct verified *verified = verified_new();
    for (unsigned i = 0; i < COME; i++)
        add_numbered(verified, i);
    for (unsigned i = 0; i < COME; i++)
        assert_int_equal(has_numbered(verified, i), i >= COME - VERIFIED_ENTRIES);
    verified_clear(verified);
    add_numbered(verified, COME);
    assert_true(has_numbered(verified, COME));
    assert_false(has_numbered(verified, COME - 1));
    verified_free(verified);
}

TEST(cleared_it_knows_nobody)
{
    struct verified *verified = verified_new();
    verified_add(verified, TEXT("anna"), TEXT("secret"), "$y$1");
    verified_clear(verified);
    assert_false(verified_has(verified, TEXT("anna"), TEXT("secret"), "$y$1"));
    verified_free(verified);
}

TEST(without_one_nothing_is_remembered)
{
    verified_add(NULL, TEXT("anna"), TEXT("secret"), "$y$1");
    assert_false(verified_has(NULL, TEXT("anna"), TEXT("secret"), "$y$1"));
    verified_clear(NULL);
    verified_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(what_was_right_is_known_and_nothing_else),
        RUN(a_changed_password_has_no_entry),
        RUN(an_entry_ends_after_its_time),
        RUN(when_it_is_full_the_oldest_goes),
        RUN(however_many_come_and_go_the_last_ones_are_known),
        RUN(cleared_it_knows_nobody),
        RUN(without_one_nothing_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
