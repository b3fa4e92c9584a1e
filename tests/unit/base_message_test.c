/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/message.h"
#include "tests/unit/unit.h"

TEST(what_is_put_in_is_taken_out)
{
    struct message *m = message_new();
    message_put_number(m, UINT64_MAX);
    message_put_text(m, TEXT("a\0b"));
    message_put_text(m, TEXT("string"));
    message_put_number(m, 1);
    assert_true(message_take_number(m, UINT64_MAX) == UINT64_MAX);
    struct text text = message_take_text(m, 3);
    assert_int_equal(text.len, 3);
    assert_memory_equal(text.at, "a\0b", 3);
    assert_string_equal(message_take_string(m, 7), "string");
    assert_false(message_is_read(m));
    assert_true(message_take_flag(m));
    assert_true(message_is_read(m));
    message_free(m);
}

TEST(what_is_beyond_its_limit_is_wrong)
{
    struct message *m = message_new();
    message_put_number(m, 8);
    assert_int_equal(message_take_number(m, 7), 0);
    assert_false(message_is_read(m));
    message_begin(m);
    message_put_text(m, TEXT("four"));
    assert_string_equal(message_take_string(m, 4), ""); /* no room for the NUL */
    assert_false(message_is_read(m));
    message_begin(m);
    message_put_text(m, TEXT("a\0b"));
    assert_string_equal(message_take_string(m, 8), "");
    assert_false(message_is_read(m));
    message_begin(m);
    message_put_number(m, 2);
    assert_false(message_take_flag(m));
    assert_false(message_is_read(m));
    message_free(m);
}

TEST(what_is_not_there_is_wrong_and_stays_so)
{
    struct message *m = message_new();
    message_put_number(m, 5); /* the length of a text that does not follow */
    assert_int_equal(message_take_text(m, 100).len, 0);
    assert_int_equal(message_take_number(m, 100), 0);
    assert_int_equal(message_take_fd(m), -1);
    assert_false(message_is_read(m));
    message_free(m);
}

TEST(what_does_not_fit_is_not_sent)
{
    int ends[2];
    struct message *m = message_new();
    char *large = memory_new(MESSAGE_SIZE);
    message_put_text(m, (struct text){large, MESSAGE_SIZE});
    assert_fault(message_connect(ends), FAULT_NONE);
    assert_fault(message_send(ends[0], m), FAULT_ARGUMENT);
    assert_fault(message_receive(ends[1], 0, m), FAULT_TIMED_OUT);
    close(ends[0]);
    assert_fault(message_receive(ends[1], 0, m), FAULT_CONNECTION_LOST);
    message_put_number(m, 1);
    assert_fault(message_send(ends[1], m), FAULT_CONNECTION_LOST);
    close(ends[1]);
    memory_free(large);
    message_free(m);
}

TEST(a_descriptor_goes_along_and_is_the_receivers)
{
    int ends[2];
    int pipes[2];
    char byte = 'x';
    struct message *m = message_new();
    assert_fault(message_connect(ends), FAULT_NONE);
    assert_int_equal(pipe(pipes), 0);
    message_put_number(m, 3);
    message_put_fd(m, pipes[1]);
    assert_fault(message_send(ends[0], m), FAULT_NONE);
    assert_int_equal(write(pipes[1], &byte, 1), -1); /* ours is closed */
    assert_fault(message_receive(ends[1], 0, m), FAULT_NONE);
    assert_int_equal(message_take_number(m, 9), 3);
    assert_false(message_is_read(m));
    int fd = message_take_fd(m);
    assert_true(message_is_read(m));
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(write(fd, &byte, 1), 1);
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    close(fd);
    close(pipes[0]);
    close(ends[0]);
    close(ends[1]);
    message_free(m);
}

static int count_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 100; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* The descriptors a hostile sender adds must neither be taken nor stay open. */
TEST(a_message_with_two_descriptors_is_refused_and_leaves_none)
{
    int ends[2];
    union {
        char bytes[CMSG_SPACE(2 * sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    uint64_t number = 1;
    struct iovec part = {&number, sizeof(number)};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof(control.bytes)};
    struct message *m = message_new();
    assert_fault(message_connect(ends), FAULT_NONE);
    struct cmsghdr *item = CMSG_FIRSTHDR(&header);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(2 * sizeof(int));
    memcpy(CMSG_DATA(item), (int[]){ends[0], ends[1]}, 2 * sizeof(int));
    int before = count_descriptors();
    assert_int_equal(sendmsg(ends[0], &header, 0), sizeof(number));
    assert_fault(message_receive(ends[1], 0, m), FAULT_MALFORMED);
    assert_int_equal(count_descriptors(), before);
    close(ends[0]);
    close(ends[1]);
    message_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(what_is_put_in_is_taken_out),
        RUN(what_is_beyond_its_limit_is_wrong),
        RUN(what_is_not_there_is_wrong_and_stays_so),
        RUN(what_does_not_fit_is_not_sent),
        RUN(a_descriptor_goes_along_and_is_the_receivers),
        RUN(a_message_with_two_descriptors_is_refused_and_leaves_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
