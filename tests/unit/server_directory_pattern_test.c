/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "protocol/pathname.h"
#include "server/directory_pattern.h"
#include "tests/unit/world.h"

static enum fault expand(const char *directory, const char *name, struct visits *visits,
                         char **ret_last)
{
    struct caller reader = world_enter("reader");
    const struct directory_request request = {
        .caller = &reader, .directory = text_of(directory), .name = text_of(name)};
    return pattern_expand(&request, visits, ret_last);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What it stands for as "path>shown path>shown", sorted: directories have no order. */
static void check(const char *directory, const char *name, const char *expected,
                  const char *expected_last)
{
    char each[16][64];
    const char *sorted[COUNT(each)];
    char bytes[1024];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct visits visits = {NULL, 0, 0};
    char *last = NULL;
    size_t count = 0;
    assert_fault(expand(directory, name, &visits, &last), FAULT_NONE);
    for (; visits.first && count < COUNT(each); count++) {
        struct visit *visit = visits_take(&visits);
        (void)snprintf(each[count], sizeof(each[0]), "%s>%s ", visit->path, visit->shown);
        sorted[count] = each[count];
        visit_free(visit);
    }
    assert_null(visits.first);
    qsort(sorted, count, sizeof(sorted[0]), compare);
    for (size_t i = 0; i < count; i++)
        builder_put_string(&b, sorted[i]);
    assert_text(builder_text(&b), expected);
    assert_string_equal(last, expected_last);
    memory_free(last);
}

static void refused(const char *name, enum fault expected)
{
    struct visits visits = {NULL, 0, 0};
    char *last = NULL;
    assert_fault(expand("/", name, &visits, &last), expected);
    assert_null(last);
    visits_clear(&visits);
}

static void make_directories(void)
{
    world_make_directory("/a1");
    world_make_directory("/a1/sub");
    world_make_directory("/a2");
    world_make_directory("/.a3");
    world_make_directory("/b");
    world_make_directory("/b/a1");
    world_write("/a4", "a file");
}

TEST(a_single_part_is_left_to_be_matched_in_the_working_directory)
{
    make_directories();
    check("/", "a*", "/> ", "a*");
    check("/b", "a*", "/b> ", "a*");
    check("/b", "/a*", "/>/ ", "a*");
    check("/b", "*/", "/b> ", "*");
}

TEST(all_parts_but_the_last_are_expanded)
{
    make_directories();
    check("/", "a*/x*", "/a1>a1/ /a2>a2/ ", "x*");
    check("/b", "/a?/*", "/a1>/a1/ /a2>/a2/ ", "*");
    check("/", "*/a*/*", "/b/a1>b/a1/ ", "*");
    check("/b", "a*/*", "/b/a1>a1/ ", "*");
    check("/", "//a1//*", "/a1>/a1/ ", "*");
}

TEST(a_leading_dot_is_matched_only_by_a_dot)
{
    make_directories();
    check("/", ".a*/*", "/.a3>.a3/ ", "*");
    check("/", "*3/*", "", "*");
}

TEST(parts_without_wildcards_are_as_the_client_wrote_them)
{
    make_directories();
    check("/b", "../a1/./*", "/a1>../a1/./ ", "*");
    check("/", "../../*", "/>../../ ", "*");
    check("/", "a[1]/../b/*", "/b>a1/../b/ ", "*");
    check("/", "none/*", "/none>none/ ", "*"); /* told when it is listed */
}

TEST(a_pattern_that_matches_nothing_stands_for_nothing)
{
    make_directories();
    check("/", "z*/*", "", "*");
    check("/", "a4*/*", "", "*");
    check("/", "none/*/*", "", "*");
    check("/", "z*/*/*/*/x", "", "x");
}

/* Where it leads is seen when it is listed. */
TEST(a_link_may_be_a_directory)
{
    make_directories();
    world_link("/b", "/link1");
    world_link("/nowhere", "/link2");
    check("/", "link*/*", "/link1>link1/ /link2>link2/ ", "*");
    check("/", "link*/a*/*", "/link1/a1>link1/a1/ ", "*");
}

TEST(links_that_lead_nowhere_or_in_circles_are_passed_over)
{
    make_directories();
    world_link("l2", "/l1");
    world_link("l1", "/l2");
    world_link("nowhere", "/l3");
    world_link("a4", "/l4");
    check("/", "*/*/*", "/a1/sub>a1/sub/ /b/a1>b/a1/ ", "*");
    check("/", "l*/*/*", "", "*");
}

TEST(too_many_directories_are_refused)
{
    char name[16];
    for (int i = 0; i < 320; i++) {
        (void)snprintf(name, sizeof(name), "/d%d", i);
        world_make_directory(name);
    }
    refused("*/../*/*", FAULT_LISTING_TOO_LARGE); /* 320 times 320 */
}

TEST(a_name_that_gets_too_long_is_refused)
{
    char name[2 * PATHNAME_MAX];
    struct builder b = builder_on(name, sizeof(name));
    world_make_directory("/d");
    builder_put(&b, TEXT("d*/"));
    while (b.len <= PATHNAME_MAX + 4)
        builder_put(&b, TEXT("./"));
    builder_put_byte(&b, '*');
    refused(builder_end(&b), FAULT_NAME_INVALID);
}

TEST(a_part_longer_than_a_name_is_refused)
{
    char name[PATHNAME_PART_MAX + 4];
    make_directories();
    memset(name, '[', sizeof(name));
    memcpy(name, "*/", 2);
    name[2 + PATHNAME_PART_MAX] = '\0';
    check("/a1", name, "/a1/sub>sub/ ", name + 2);
    name[2 + PATHNAME_PART_MAX] = '[';
    name[2 + PATHNAME_PART_MAX + 1] = '\0';
    refused(name, FAULT_NAME_INVALID);
}

TEST(the_work_ends_when_nobody_wants_it_any_more)
{
    static const atomic_bool cancelled = true;
    struct caller reader = world_enter("reader");
    const struct directory_request request = {
        .caller = &reader, .directory = TEXT("/"), .name = TEXT("*/x"), .cancelled = &cancelled};
    struct visits visits = {NULL, 0, 0};
    char *last = NULL;
    make_directories();
    assert_fault(pattern_expand(&request, &visits, &last), FAULT_CANCELLED);
    assert_null(last);
    visits_clear(&visits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_single_part_is_left_to_be_matched_in_the_working_directory),
        IN_WORLD(all_parts_but_the_last_are_expanded),
        IN_WORLD(a_leading_dot_is_matched_only_by_a_dot),
        IN_WORLD(parts_without_wildcards_are_as_the_client_wrote_them),
        IN_WORLD(a_pattern_that_matches_nothing_stands_for_nothing),
        IN_WORLD(a_link_may_be_a_directory),
        IN_WORLD(links_that_lead_nowhere_or_in_circles_are_passed_over),
        IN_WORLD(too_many_directories_are_refused),
        IN_WORLD(a_name_that_gets_too_long_is_refused),
        IN_WORLD(a_part_longer_than_a_name_is_refused),
        IN_WORLD(the_work_ends_when_nobody_wants_it_any_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
