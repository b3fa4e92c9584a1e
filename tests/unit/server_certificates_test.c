/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "net/tls.h"
#include "server/certificates.h"
#include "tests/unit/unit.h"

enum { PATH_SIZE = 96, OPENED_MAX = 8 };

/* A directory, a certificate and its key, and settings that name them. */
static struct site {
    char base[32];
    char certificate_path[PATH_SIZE];
    char key_path[PATH_SIZE];
    char own_path[PATH_SIZE];
    char *certificate;
    char *key;
    struct config *config;
    char message[CONFIG_MESSAGE_SIZE];
} site;

static void write_file(const char *path, const char *content, size_t len)
{
    (void)unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, len), len);
    close(fd);
}

static void write_text(const char *path, const char *content)
{
    write_file(path, content, strlen(content));
}

/* Reads the settings: --root and two options more. */
static void configure(const char *first, const char *second)
{
    char *argv[] = {(char *)"ferryd", (char *)"--root", site.base, (char *)first, (char *)second};
    struct config_request request;
    config_unref(site.config);
    site.config = config_load(second ? 5 : 4, argv, &request, site.message);
    if (!site.config)
        fail_msg("%s", site.message);
}

static void name_files(const char *certificate, const char *key)
{
    char first[PATH_SIZE * 2];
    char second[PATH_SIZE * 2];
    (void)snprintf(first, sizeof(first), "--tls-cert=%s", certificate);
    (void)snprintf(second, sizeof(second), "--tls-key=%s", key ? key : "");
    configure(first, key ? second : NULL);
}

static int set_up(void **unused)
{
    (void)unused;
    (void)snprintf(site.base, sizeof(site.base), "/tmp/ferry-certs-XXXXXX");
    assert_non_null(mkdtemp(site.base));
    (void)snprintf(site.certificate_path, PATH_SIZE, "%s/cert.pem", site.base);
    (void)snprintf(site.key_path, PATH_SIZE, "%s/key.pem", site.base);
    (void)snprintf(site.own_path, PATH_SIZE, "%s/" CERTIFICATES_SELF_SIGNED, site.base);
    assert_fault(tls_make_self_signed("one.test", &site.certificate, &site.key), FAULT_NONE);
    write_text(site.certificate_path, site.certificate);
    write_text(site.key_path, site.key);
    site.message[0] = '\0';
    return 0;
}

static int tear_down(void **unused)
{
    char command[64];
    (void)unused;
    config_unref(site.config);
    site.config = NULL;
    memory_free(site.certificate);
    memory_free(site.key);
    (void)snprintf(command, sizeof(command), "rm -rf %s", site.base);
    return system(command);
}

static bool load(void)
{
    return certificates_load(site.config, &opener_self, site.base, site.message);
}

static void refused(const char *expected)
{
    if (load() || !strstr(site.message, expected))
        fail_msg("says \"%s\", not \"%s\"", site.message, expected);
    assert_null(site.config->tls);
}

TEST(without_certificates_there_is_no_tls_and_nothing_is_opened)
{
    configure("--port=0", NULL);
    assert_true(certificates_load(site.config, NULL, NULL, site.message));
    assert_null(site.config->tls);
}

TEST(a_certificate_and_its_key_make_tls)
{
    size_t index;
    name_files(site.certificate_path, site.key_path);
    assert_true(load());
    assert_true(tls_find_pair(site.config->tls, TEXT("one.test"), &index));
}

TEST(the_key_may_be_in_the_certificates_file)
{
    char both[8192];
    (void)snprintf(both, sizeof(both), "%s%s", site.certificate, site.key);
    write_text(site.certificate_path, both);
    name_files(site.certificate_path, NULL);
    assert_true(load());
}

TEST(a_file_that_is_wrong_is_named_with_the_reason)
{
    char *other = NULL;
    char *other_key = NULL;
    name_files("/no/such.pem", NULL);
    refused("tls-cert: /no/such.pem: No such file or directory");
    name_files(site.certificate_path, "/no/such.key");
    refused("tls-key: /no/such.key: No such file or directory");
    name_files(site.base, NULL);
    refused("is no plain file");
    name_files(site.certificate_path, NULL);
    refused("cert.pem: is no private key in PEM");
    assert_fault(tls_make_self_signed("two.test", &other, &other_key), FAULT_NONE);
    write_text(site.key_path, other_key);
    name_files(site.certificate_path, site.key_path);
    refused("key.pem: is not that of the certificate");
    write_text(site.key_path, "");
    refused("key.pem: is empty");
    write_text(site.certificate_path, "no certificate\n");
    write_text(site.key_path, site.key);
    refused("cert.pem: is no certificate in PEM");
    memory_free(other);
    memory_free(other_key);
}

TEST(a_pipe_is_not_waited_for)
{
    assert_int_equal(unlink(site.key_path), 0);
    assert_int_equal(mkfifo(site.key_path, 0600), 0);
    name_files(site.certificate_path, site.key_path);
    refused("key.pem: is no plain file");
}

TEST(a_file_without_an_end_is_not_read)
{
    assert_int_equal(truncate(site.key_path, (16 << 20) + 1), 0);
    name_files(site.certificate_path, site.key_path);
    refused("key.pem: is too large");
}

/* ---- Who opens ------------------------------------------------------------------------- */

struct opened {
    char paths[OPENED_MAX][PATH_SIZE];
    size_t count;
};

/* Gives what is nowhere in the file system. */
static int open_elsewhere(void *context, const char *path, const char **ret_reason)
{
    (void)ret_reason;
    struct opened *opened = context;
    assert_true(opened->count < OPENED_MAX);
    (void)snprintf(opened->paths[opened->count++], PATH_SIZE, "%s", path);
    bool is_key = strstr(path, "key") != NULL;
    const char *content = is_key ? site.key : site.certificate;
    int fd = memfd_create("certificate", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

TEST(whoever_may_read_the_files_opens_them)
{
    struct opened opened = {.count = 0};
    const struct opener opener = {open_elsewhere, &opened};
    name_files("/secret/cert", "/secret/key");
    if (!certificates_load(site.config, &opener, site.base, site.message))
        fail_msg("%s", site.message);
    assert_int_equal(opened.count, 2);
    assert_string_equal(opened.paths[0], "/secret/cert");
    assert_string_equal(opened.paths[1], "/secret/key");
    assert_non_null(site.config->tls);
}

static int refuse_to_open(void *context, const char *path, const char **ret_reason)
{
    (void)context;
    (void)path;
    *ret_reason = "needs a restart";
    return -1;
}

TEST(where_nobody_opens_nothing_is_made_of_it)
{
    const struct opener opener = {refuse_to_open, NULL};
    name_files(site.certificate_path, site.key_path);
    assert_false(certificates_load(site.config, &opener, site.base, site.message));
    assert_non_null(strstr(site.message, "tls-cert: "));
    assert_non_null(strstr(site.message, ": needs a restart"));
}

/* ---- The certificate of our own ----------------------------------------------------------- */

static void fingerprint(char bytes[TLS_FINGERPRINT_SIZE + 1])
{
    struct builder b = builder_on(bytes, TLS_FINGERPRINT_SIZE + 1);
    assert_true(load());
    tls_put_fingerprint(site.config->tls, 0, &b);
    assert_int_equal(b.len, TLS_FINGERPRINT_SIZE - 1);
    builder_end(&b);
}

TEST(a_certificate_of_our_own_is_made_once_and_kept)
{
    char first[TLS_FINGERPRINT_SIZE + 1];
    char second[TLS_FINGERPRINT_SIZE + 1];
    char third[TLS_FINGERPRINT_SIZE + 1];
    struct stat info;
    configure("--tls-self-signed", NULL);
    fingerprint(first);
    assert_int_equal(stat(site.own_path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    configure("--tls-self-signed", NULL);
    fingerprint(second);
    assert_string_equal(first, second);
    assert_int_equal(unlink(site.own_path), 0);
    configure("--tls-self-signed", NULL);
    fingerprint(third);
    assert_string_not_equal(first, third);
}

/* A start that was killed left something; who can write there may have put a link. */
TEST(what_stands_in_the_way_is_no_part_of_it)
{
    char unfinished[PATH_SIZE + 4];
    char bytes[TLS_FINGERPRINT_SIZE + 1];
    struct stat info;
    (void)snprintf(unfinished, sizeof(unfinished), "%s.new", site.own_path);
    assert_int_equal(symlink(site.key_path, unfinished), 0);
    configure("--tls-self-signed", NULL);
    fingerprint(bytes);
    assert_int_equal(lstat(unfinished, &info), -1);
    assert_int_equal(stat(site.key_path, &info), 0);
    assert_int_equal(info.st_size, strlen(site.key));
}

TEST(one_that_is_broken_is_left_for_people_to_look_at)
{
    struct stat info;
    write_text(site.own_path, "half");
    configure("--tls-self-signed", NULL);
    refused(CERTIFICATES_SELF_SIGNED ": is no certificate in PEM");
    assert_int_equal(stat(site.own_path, &info), 0);
    assert_int_equal(info.st_size, 4);
}

TEST(without_a_state_directory_there_is_no_place_for_it)
{
    configure("--tls-self-signed", NULL);
    assert_false(certificates_load(site.config, &opener_self, NULL, site.message));
    assert_string_equal(site.message, "tls-self-signed: there is no state directory");
    assert_false(certificates_load(site.config, &opener_self, "/no/such", site.message));
    assert_string_equal(site.message,
                        "tls-self-signed: /no/such/self-signed.pem: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_certificates_there_is_no_tls_and_nothing_is_opened,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_certificate_and_its_key_make_tls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_key_may_be_in_the_certificates_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_is_wrong_is_named_with_the_reason, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_pipe_is_not_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_without_an_end_is_not_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whoever_may_read_the_files_opens_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(where_nobody_opens_nothing_is_made_of_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_certificate_of_our_own_is_made_once_and_kept, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_stands_in_the_way_is_no_part_of_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_is_broken_is_left_for_people_to_look_at, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_a_state_directory_there_is_no_place_for_it, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
