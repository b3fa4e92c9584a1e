/* SPDX-License-Identifier: Apache-2.0 */
/* What store_agent adds to the promises of a store: that it survives the other side. */
#include <sys/socket.h>

#include "store/store_agent_objects.h"
#include "tests/unit/store_tree.h"

static int set_up_agent(void **state)
{
    (void)set_up(state);
    put_agent_between();
    return 0;
}

static int tear_down_agent(void **state)
{
    world.store->type->free(world.store);
    take_agent_away();
    return tear_down(state);
}

/* ---- With an agent ----------------------------------------------------------------- */

TEST(a_directory_of_many_names_comes_whole_and_with_all_about_them)
{
    enum { FILES = 3 * AGENT_ENTRIES_MAX + 1 };
    static bool seen[FILES];
    struct store_directory *directory = NULL;
    struct text name;
    enum store_kind kind;
    char path[32];
    memset(seen, 0, sizeof(seen));
    for (int i = 0; i < FILES; i++) {
        (void)snprintf(path, sizeof(path), "%d", i);
        put(in_root(path), path);
    }
    assert_fault(world.store->type->open_directory(world.store, "/", true, &directory), FAULT_NONE);
    for (unsigned count = 0;; count++) {
        struct store_info info;
        uint64_t number;
        assert_fault(directory->type->next(directory, &name, &kind), FAULT_NONE);
        if (!name.len) {
            assert_int_equal(count, FILES);
            break;
        }
        (void)snprintf(path, sizeof(path), "%.*s", TEXT_ARGS(name));
        assert_true(text_to_number(name, FILES - 1, &number) && !seen[number]);
        seen[number] = true;
        assert_fault(directory->type->info(directory, path, false, &info), FAULT_NONE);
        assert_int_equal(info.size, strlen(path));
        assert_int_equal(info.kind, STORE_FILE);
    }
    assert_fault(directory->type->next(directory, &name, &kind), FAULT_NONE);
    assert_int_equal(name.len, 0);
    directory->type->close(directory);
}

TEST(an_upload_of_many_writes_is_the_file)
{
    static char block[200000];
    struct store_info info;
    struct store_upload *upload = begin(STORE_REPLACE, 0, "/f");
    memset(block, 'x', sizeof(block));
    for (int i = 0; i < 5; i++)
        assert_fault(stream_write(&upload->stream, block, sizeof(block)), FAULT_NONE);
    assert_fault(upload->type->publish(upload), FAULT_NONE);
    assert_fault(world.store->type->stat(world.store, "/f", true, &info), FAULT_NONE);
    assert_int_equal(info.size, 5 * sizeof(block));
}

TEST(several_at_once_each_have_a_connection)
{
    enum { UPLOADS = 20 };
    struct store_upload *uploads[UPLOADS];
    char path[16];
    for (int i = 0; i < UPLOADS; i++) {
        (void)snprintf(path, sizeof(path), "/%d", i);
        uploads[i] = begin(STORE_REPLACE, 0, path);
    }
    for (int i = 0; i < UPLOADS; i++)
        pour(uploads[i], "content");
    for (int i = 0; i < UPLOADS; i++)
        assert_fault(uploads[i]->type->publish(uploads[i]), FAULT_NONE);
    assert_int_equal(names_in(world.root), UPLOADS);
}

TEST(an_upload_that_is_dropped_without_a_word_leaves_what_arrived)
{
    struct store_upload *upload = begin(STORE_REPLACE, 0, "/f");
    struct store_info info;
    pour(upload, "half");
    stream_close(&(struct stream *){&upload->stream});
    /* It is the agent's to end it; the directory is not asked before. */
    while (world.store->type->stat(world.store, "/f", true, &info) == FAULT_NOT_FOUND)
        (void)usleep(1000);
    assert_int_equal(info.size, 4);
}

TEST(a_path_longer_than_any_is_refused_before_it_is_asked_for)
{
    static char path[MESSAGE_SIZE + 2];
    struct store_info info;
    memset(path, '/', sizeof(path) - 1);
    assert_fault(world.store->type->stat(world.store, path, true, &info), FAULT_ARGUMENT);
    assert_fault(world.store->type->stat(world.store, "/", true, &info), FAULT_NONE);
}

/* ---- With an agent that is not to be trusted -------------------------------------------- */

/* Takes the door's connection and answers each question on it with the same bytes. */
struct liar {
    int door;
    struct message *answer; /* owned */
    int gives;              /* owned: a descriptor to go along; -1 */
    pthread_t thread;
    struct store *store; /* owned */
};

static void lie_once(struct liar *liar, int connection, struct message *question)
{
    struct message *copy = message_new();
    if (!message_receive(connection, MESSAGE_WAIT_FOREVER, question)) {
        *copy = *liar->answer;
        copy->fd = liar->gives >= 0 ? dup(liar->gives) : -1;
        (void)message_send(connection, copy);
    }
    message_free(copy);
    close(connection);
}

/* The first question is store_agent_open's and is answered well. */
static void answer_the_probe(int connection, struct message *message)
{
    const struct store_info root = {.kind = STORE_DIRECTORY, .letter = 'd'};
    assert_fault(message_receive(connection, MESSAGE_WAIT_FOREVER, message), FAULT_NONE);
    message_begin(message);
    message_put_number(message, FAULT_NONE);
    agent_put_info(message, &root);
    assert_fault(message_send(connection, message), FAULT_NONE);
}

static void *run_liar(void *argument)
{
    struct liar *liar = argument;
    struct message *message = message_new();
    assert_fault(message_receive(liar->door, MESSAGE_WAIT_FOREVER, message), FAULT_NONE);
    int connection = message_take_fd(message);
    answer_the_probe(connection, message);
    lie_once(liar, connection, message);
    message_free(message);
    return NULL;
}

static void begin_lies(struct liar *liar, int gives)
{
    int door[2];
    assert_fault(message_connect(door), FAULT_NONE);
    liar->door = door[1];
    liar->gives = gives;
    liar->answer = message_new();
    message_put_number(liar->answer, FAULT_NONE);
    assert_int_equal(pthread_create(&liar->thread, NULL, run_liar, liar), 0);
    assert_fault(store_agent_open(door[0], &liar->store), FAULT_NONE);
}

static void end_lies(struct liar *liar)
{
    pthread_join(liar->thread, NULL);
    liar->store->type->free(liar->store);
    message_free(liar->answer);
    if (liar->gives >= 0)
        close(liar->gives);
    close(liar->door);
}

TEST(an_agent_that_ends_is_a_fault_not_an_end)
{
    struct liar liar;
    struct store_info info;
    begin_lies(&liar, -1);
    message_begin(liar.answer);
    message_put_number(liar.answer, FAULT_BUG);
    assert_fault(liar.store->type->stat(liar.store, "/", true, &info), FAULT_BUG);
    close(liar.door);
    liar.door = -1;
    assert_fault(liar.store->type->stat(liar.store, "/", true, &info), FAULT_IO);
    end_lies(&liar);
}

TEST(an_answer_that_says_too_little_too_much_or_nonsense_is_a_fault)
{
    const struct store_info fine = {.kind = STORE_FILE, .letter = '-'};
    const struct store_info odd = {.kind = STORE_FILE, .letter = '\n'};
    const struct store_info *infos[] = {NULL, &fine, &odd};
    for (size_t i = 0; i < COUNT(infos); i++) {
        struct liar liar;
        struct store_info info = {.size = 77};
        begin_lies(&liar, -1);
        if (infos[i])
            agent_put_info(liar.answer, infos[i]);
        if (infos[i] == &fine)
            message_put_number(liar.answer, 1);
        assert_fault(liar.store->type->stat(liar.store, "/f", true, &info), FAULT_IO);
        assert_int_equal(info.size, 77);
        end_lies(&liar);
    }
}

static enum fault read_lie(int gives, uint64_t size)
{
    const struct store_info info = {.kind = STORE_FILE, .letter = '-', .size = size};
    struct store_info told;
    struct stream *stream = NULL;
    struct liar liar;
    begin_lies(&liar, gives);
    agent_put_info(liar.answer, &info);
    enum fault f = liar.store->type->open_read(liar.store, "/f", &stream, &told);
    stream_close(&stream);
    end_lies(&liar);
    return f;
}

TEST(a_file_that_is_none_is_not_read)
{
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    assert_fault(read_lie(pipes[0], 5), FAULT_IO); /* it would block for ever */
    close(pipes[1]);
    assert_fault(read_lie(-1, 5), FAULT_IO);
    FILE *file = tmpfile();
    (void)fputs("12345", file);
    (void)fflush(file);
    assert_fault(read_lie(dup(fileno(file)), 6), FAULT_IO);
    assert_fault(read_lie(dup(fileno(file)), 5), FAULT_NONE);
    (void)fclose(file);
}

/* A name with a slash would be another place, in a listing and to whoever removes a tree. */
TEST(a_name_that_no_directory_can_have_is_a_fault)
{
    const struct text names[] = {TEXT(".."), TEXT("."), TEXT("a/b"), TEXT("a\0b")};
    for (size_t i = 0; i < COUNT(names); i++) {
        int ends[2];
        struct text name;
        enum store_kind kind;
        struct message *message = message_new();
        struct agent_link *link = NULL;
        struct store_directory *directory = NULL;
        assert_fault(message_connect(ends), FAULT_NONE);
        assert_fault(agent_link_new(ends[0], &link), FAULT_NONE);
        assert_fault(agent_new_directory(link, &directory), FAULT_NONE);
        message_put_number(message, FAULT_NONE);
        message_put_text(message, names[i]);
        message_put_number(message, STORE_FILE);
        assert_fault(message_send(ends[1], message), FAULT_NONE); /* waits for the question */
        assert_fault(directory->type->next(directory, &name, &kind), FAULT_IO);
        directory->type->close(directory);
        close(ends[1]);
        message_free(message);
    }
}

/* ---- And of the agent ---------------------------------------------------------------------- */

TEST(a_request_that_makes_no_sense_is_refused)
{
    static const uint64_t requests[][3] = {
        {AGENT_REQUEST_COUNT, 0, 0},  {AGENT_UPLOAD_PUBLISH, 0, 0}, /* not of a store */
        {AGENT_DIRECTORY_NEXT, 1, 0}, {AGENT_OPEN_UPLOAD, 0, 0},
        {AGENT_STAT, UINT64_MAX, 0},  {UINT64_MAX, UINT64_MAX, UINT64_MAX},
        {AGENT_OPEN_DIRECTORY, 1, 0},
    };
    int through[2];
    int ends[2];
    struct message *message = message_new();
    assert_fault(message_connect(through), FAULT_NONE);
    assert_fault(message_connect(ends), FAULT_NONE);
    message_put_number(message, 0);
    message_put_fd(message, through[1]);
    assert_fault(message_send(world.agent_socket, message), FAULT_NONE);
    message_put_number(message, 0);
    message_put_fd(message, ends[1]);
    assert_fault(message_send(through[0], message), FAULT_NONE);
    for (size_t i = 0; i < COUNT(requests); i++) {
        message_begin(message);
        for (size_t j = 0; j < COUNT(requests[i]); j++)
            message_put_number(message, requests[i][j]);
        assert_fault(message_send(ends[0], message), FAULT_NONE);
        assert_fault(message_receive(ends[0], MESSAGE_WAIT_FOREVER, message), FAULT_NONE);
        assert_int_equal(message_take_number(message, FAULT_COUNT), FAULT_BUG);
    }
    close(ends[0]);
    close(through[0]);
    message_free(message);
}

#define WITH_AGENT(name) cmocka_unit_test_setup_teardown(name, set_up_agent, tear_down_agent)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_AGENT(a_directory_of_many_names_comes_whole_and_with_all_about_them),
        WITH_AGENT(an_upload_of_many_writes_is_the_file),
        WITH_AGENT(several_at_once_each_have_a_connection),
        WITH_AGENT(an_upload_that_is_dropped_without_a_word_leaves_what_arrived),
        WITH_AGENT(a_path_longer_than_any_is_refused_before_it_is_asked_for),
        RUN(an_agent_that_ends_is_a_fault_not_an_end),
        RUN(an_answer_that_says_too_little_too_much_or_nonsense_is_a_fault),
        RUN(a_file_that_is_none_is_not_read),
        RUN(a_name_that_no_directory_can_have_is_a_fault),
        WITH_AGENT(a_request_that_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
