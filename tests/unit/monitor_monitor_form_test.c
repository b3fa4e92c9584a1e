/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "monitor/monitor_form.h"
#include "tests/unit/unit.h"

static union endpoint somewhere(void)
{
    union endpoint endpoint;
    assert_true(endpoint_parse_host(TEXT("192.0.2.7"), 2121, &endpoint));
    return endpoint;
}

static enum fault take_login(struct text name, struct text password)
{
    struct monitor_request request = {.kind = MONITOR_BIND};
    const union endpoint peer = somewhere();
    struct message *message = message_new();
    monitor_put_login(message, name, password, &peer);
    enum fault f = monitor_take_request(message, &request);
    if (!f) {
        assert_int_equal(request.kind, MONITOR_AUTHENTICATE);
        assert_text(text_of(request.name), name.at);
        assert_text(text_of(request.password), password.at);
        assert_true(endpoint_same_host(&request.endpoint, &peer));
    } else {
        assert_int_equal(request.kind, MONITOR_BIND); /* untouched */
    }
    message_free(message);
    return f;
}

TEST(a_login_is_taken_as_it_was_put)
{
    assert_fault(take_login(TEXT("anna"), TEXT("s p:c\xC3\xB1")), FAULT_NONE);
    assert_fault(take_login(TEXT("DOM\\anna@x"), TEXT("")), FAULT_NONE);
}

TEST(a_name_that_no_user_has_is_refused)
{
    const struct text names[] = {TEXT(""),    TEXT("-x"),   TEXT("a b"),  TEXT("a/b"),
                                 TEXT("a:b"), TEXT("a\nb"), TEXT("a\0b"), TEXT("a\x7f")};
    for (size_t i = 0; i < COUNT(names); i++)
        assert_fault(take_login(names[i], TEXT("secret")), FAULT_MALFORMED);
}

TEST(what_is_too_long_is_refused_not_cut)
{
    static char bytes[MONITOR_PASSWORD_SIZE];
    memset(bytes, 'a', sizeof(bytes));
    assert_fault(take_login(TEXT("anna"), (struct text){bytes, sizeof(bytes)}), FAULT_MALFORMED);
    assert_fault(take_login((struct text){bytes, MONITOR_NAME_SIZE}, TEXT("x")), FAULT_MALFORMED);
}

TEST(a_request_of_no_kind_or_with_more_behind_it_is_refused)
{
    struct monitor_request request;
    const union endpoint local = somewhere();
    struct message *message = message_new();
    message_put_number(message, MONITOR_REQUEST_COUNT);
    assert_fault(monitor_take_request(message, &request), FAULT_MALFORMED);
    message_begin(message);
    assert_fault(monitor_take_request(message, &request), FAULT_MALFORMED);
    monitor_put_bind(message, &local);
    message_put_number(message, 0);
    assert_fault(monitor_take_request(message, &request), FAULT_MALFORMED);
    monitor_put_bind(message, &local);
    assert_fault(monitor_take_request(message, &request), FAULT_NONE);
    assert_int_equal(request.kind, MONITOR_BIND);
    assert_int_equal(endpoint_port(&request.endpoint), 2121);
    message_free(message);
}

TEST(a_file_is_asked_for_by_its_number_and_nothing_else)
{
    struct monitor_request request = {.kind = MONITOR_BIND};
    struct message *message = message_new();
    monitor_put_open(message, MONITOR_FILES_MAX - 1);
    assert_fault(monitor_take_request(message, &request), FAULT_NONE);
    assert_int_equal(request.kind, MONITOR_OPEN_FILE);
    assert_int_equal(request.file, MONITOR_FILES_MAX - 1);
    monitor_put_open(message, MONITOR_FILES_MAX);
    assert_fault(monitor_take_request(message, &request), FAULT_MALFORMED);
    monitor_put_open(message, 0);
    message_put_text(message, TEXT("/etc/shadow"));
    assert_fault(monitor_take_request(message, &request), FAULT_MALFORMED);
    message_free(message);
}

TEST(settings_are_taken_as_they_were_put)
{
    const struct monitor_settings settings = {.service = "ferryd",
                                              .root = "%h",
                                              .first_user = 1000,
                                              .any_shell = true,
                                              .ports = {21, 990},
                                              .files = {"/a/key", "/b/certificate"},
                                              .file_count = 2};
    struct monitor_settings back;
    struct message *message = message_new();
    monitor_put_settings(message, &settings);
    assert_fault(monitor_take_settings(message, &back), FAULT_NONE);
    assert_text(text_of(back.service), settings.service);
    assert_text(text_of(back.root), settings.root);
    assert_int_equal(back.first_user, settings.first_user);
    assert_true(back.any_shell);
    assert_memory_equal(back.ports, settings.ports, sizeof(back.ports));
    assert_int_equal(back.file_count, settings.file_count);
    for (size_t i = 0; i < settings.file_count; i++)
        assert_text(text_of(back.files[i]), settings.files[i]);
    message_free(message);
}

TEST(more_files_than_there_is_room_for_are_refused)
{
    struct monitor_settings settings = {.service = "", .root = ""};
    struct message *message = message_new();
    monitor_put_settings(message, &settings);
    message->len -= sizeof(uint64_t); /* their count, which is the last of it */
    message_put_number(message, MONITOR_FILES_MAX + 1);
    for (int i = 0; i <= MONITOR_FILES_MAX; i++)
        message_put_text(message, TEXT("/a"));
    assert_fault(monitor_take_settings(message, &settings), FAULT_MALFORMED);
    message_free(message);
}

TEST(a_person_keeps_uid_gid_and_groups)
{
    struct monitor_person *person = memory_new(2 * sizeof(*person));
    struct message *message = message_new();
    person[0] = (struct monitor_person){.uid = 1001,
                                        .gid = 1002,
                                        .groups = {1002, 7, UINT32_MAX},
                                        .group_count = 3,
                                        .name = "anna",
                                        .home = "/home/anna"};
    monitor_put_person(message, &person[0]);
    assert_fault(monitor_take_person(message, &person[1]), FAULT_NONE);
    assert_true(message_is_read(message));
    assert_memory_equal(&person[0], &person[1], sizeof(*person));
    message_free(message);
    memory_free(person);
}

TEST(more_groups_than_there_is_room_for_are_refused)
{
    struct monitor_person *person = memory_new(sizeof(*person));
    struct message *message = message_new();
    message_put_number(message, 1);
    message_put_number(message, 1);
    message_put_number(message, MONITOR_GROUPS_MAX + 1);
    for (int i = 0; i <= MONITOR_GROUPS_MAX; i++)
        message_put_number(message, 1);
    message_put_text(message, TEXT("anna"));
    message_put_text(message, TEXT("/"));
    assert_fault(monitor_take_person(message, person), FAULT_MALFORMED);
    message_free(message);
    memory_free(person);
}

static bool expand(const char *root, char *bytes, size_t size)
{
    struct monitor_person *person = memory_new(sizeof(*person));
    struct builder b = builder_on(bytes, size);
    memcpy(person->name, "anna", 5);
    memcpy(person->home, "/home/anna", 11);
    bool fine = monitor_expand_root(root, person, &b);
    memory_free(person);
    return fine;
}

TEST(a_root_is_made_of_home_and_name)
{
    char bytes[32];
    assert_true(expand("%h", bytes, sizeof(bytes)));
    assert_string_equal(bytes, "/home/anna");
    assert_true(expand("/srv/%u/100%%", bytes, sizeof(bytes)));
    assert_string_equal(bytes, "/srv/anna/100%");
    assert_true(expand("/", bytes, sizeof(bytes)));
    assert_false(expand("%x", bytes, sizeof(bytes)));
    assert_false(expand("/a%", bytes, sizeof(bytes)));
    assert_false(expand("relative", bytes, sizeof(bytes)));
    assert_false(expand("", bytes, sizeof(bytes)));
    assert_false(expand("/%h/%h/%h", bytes, sizeof(bytes))); /* cut it would be another place */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_login_is_taken_as_it_was_put),
        RUN(a_name_that_no_user_has_is_refused),
        RUN(what_is_too_long_is_refused_not_cut),
        RUN(a_request_of_no_kind_or_with_more_behind_it_is_refused),
        RUN(a_file_is_asked_for_by_its_number_and_nothing_else),
        RUN(settings_are_taken_as_they_were_put),
        RUN(more_files_than_there_is_room_for_are_refused),
        RUN(a_person_keeps_uid_gid_and_groups),
        RUN(more_groups_than_there_is_room_for_are_refused),
        RUN(a_root_is_made_of_home_and_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
