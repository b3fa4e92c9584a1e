/* SPDX-License-Identifier: Apache-2.0 */
#include "server/directory_visits.h"
#include "tests/unit/unit.h"

/* The limits, as directory_visits.c has them. */
enum { VISITS_MAX = 100000, VISITS_BYTES_MAX = 16 * 1024 * 1024 };

static void add_first(struct visits *visits, const char *path)
{
    assert_fault(visits_add(visits, &visits->first, text_of(path), TEXT(""), NULL), FAULT_NONE);
}

static void take(struct visits *visits, const char *path, const char *shown)
{
    struct visit *visit = visits_take(visits);
    assert_string_equal(visit->path, path);
    assert_string_equal(visit->shown, shown);
    assert_null(visit->next);
    visit_free(visit);
}

TEST(visits_are_taken_in_the_order_of_their_places)
{
    struct visits visits = {NULL, 0, 0};
    struct visit **place = &visits.first;
    assert_fault(visits_add(&visits, place, TEXT("/a"), TEXT("a/"), &place), FAULT_NONE);
    assert_fault(visits_add(&visits, place, TEXT("/b"), TEXT("b/"), &place), FAULT_NONE);
    add_first(&visits, "/0");
    assert_fault(visits_add(&visits, place, TEXT("/c"), TEXT("c/"), NULL), FAULT_NONE);
    assert_int_equal(visits.count, 4);
    take(&visits, "/0", "");
    take(&visits, "/a", "a/");
    take(&visits, "/b", "b/");
    take(&visits, "/c", "c/");
    assert_null(visits.first);
    assert_int_equal(visits.count, 0);
    assert_int_equal(visits.bytes, 0);
}

TEST(a_visit_keeps_a_copy_of_what_it_was_given)
{
    struct visits visits = {NULL, 0, 0};
    char path[] = "/path";
    add_first(&visits, path);
    path[1] = 'X';
    take(&visits, "/path", "");
}

TEST(as_many_as_the_limit_are_kept_and_no_more)
{
    struct visits visits = {NULL, 0, 0};
    struct visit **next = NULL;
    for (int i = 0; i < VISITS_MAX; i++)
        add_first(&visits, "/");
    struct visit *first = visits.first;
    size_t bytes = visits.bytes;
    assert_fault(visits_add(&visits, &visits.first, TEXT("/"), TEXT(""), &next),
                 FAULT_LISTING_TOO_LARGE);
    assert_null(next);
    assert_ptr_equal(visits.first, first);
    assert_int_equal(visits.count, VISITS_MAX);
    assert_int_equal(visits.bytes, bytes);
    take(&visits, "/", "");
    add_first(&visits, "/");
    visits_clear(&visits);
    assert_int_equal(visits.count, 0);
    assert_int_equal(visits.bytes, 0);
}

TEST(long_paths_reach_a_limit_of_bytes)
{
    struct visits visits = {NULL, 0, 0};
    char bytes[4096];
    const struct text path = {memset(bytes, 'x', sizeof(bytes)), sizeof(bytes)};
    enum fault f;
    while ((f = visits_add(&visits, &visits.first, path, path, NULL)) == FAULT_NONE)
        assert_true(visits.bytes <= VISITS_BYTES_MAX);
    assert_fault(f, FAULT_LISTING_TOO_LARGE);
    assert_in_range(visits.count, 1000, VISITS_BYTES_MAX / (2 * sizeof(bytes)));
    /* What still fits is still taken. */
    size_t left = VISITS_BYTES_MAX - visits.bytes - sizeof(struct visit);
    assert_true(left < 2 * sizeof(bytes));
    const struct text last = {bytes, left / 2};
    assert_fault(
        visits_add(&visits, &visits.first, last, (struct text){bytes, left - last.len}, NULL),
        FAULT_NONE);
    assert_int_equal(visits.bytes, VISITS_BYTES_MAX);
    assert_fault(visits_add(&visits, &visits.first, TEXT(""), TEXT(""), NULL),
                 FAULT_LISTING_TOO_LARGE);
    visits_clear(&visits);
    assert_int_equal(visits.bytes, 0);
}

TEST(nothing_can_be_cleared_and_freed)
{
    struct visits visits = {NULL, 0, 0};
    visits_clear(&visits);
    assert_int_equal(visits.count, 0);
    visit_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(visits_are_taken_in_the_order_of_their_places),
        RUN(a_visit_keeps_a_copy_of_what_it_was_given),
        RUN(as_many_as_the_limit_are_kept_and_no_more),
        RUN(long_paths_reach_a_limit_of_bytes),
        RUN(nothing_can_be_cleared_and_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
