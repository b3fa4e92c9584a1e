/* SPDX-License-Identifier: Apache-2.0 */
#include "load_options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { SESSIONS_MAX = 100 * 1000, THREADS_MAX = 64 };

enum key {
    KEY_BYTES,
    KEY_DIRECTORY,
    KEY_EAGER,
    KEY_ENTRIES,
    KEY_FILE,
    KEY_HOST,
    KEY_IDLE,
    KEY_OPERATIONS,
    KEY_PASSWORD,
    KEY_PASV,
    KEY_PATIENCE,
    KEY_RESUME,
    KEY_SECONDS,
    KEY_SESSIONS,
    KEY_SPREAD,
    KEY_THREADS,
    KEY_TLS,
    KEY_USER,
};

static const struct option known[] = {
    {"bytes", required_argument, NULL, KEY_BYTES},
    {"directory", required_argument, NULL, KEY_DIRECTORY},
    {"eager", no_argument, NULL, KEY_EAGER},
    {"entries", required_argument, NULL, KEY_ENTRIES},
    {"file", required_argument, NULL, KEY_FILE},
    {"host", required_argument, NULL, KEY_HOST},
    {"idle", required_argument, NULL, KEY_IDLE},
    {"operations", required_argument, NULL, KEY_OPERATIONS},
    {"password", required_argument, NULL, KEY_PASSWORD},
    {"pasv", no_argument, NULL, KEY_PASV},
    {"patience", required_argument, NULL, KEY_PATIENCE},
    {"resume", no_argument, NULL, KEY_RESUME},
    {"seconds", required_argument, NULL, KEY_SECONDS},
    {"sessions", required_argument, NULL, KEY_SESSIONS},
    {"spread", no_argument, NULL, KEY_SPREAD},
    {"threads", required_argument, NULL, KEY_THREADS},
    {"tls", required_argument, NULL, KEY_TLS},
    {"user", required_argument, NULL, KEY_USER},
    {0},
};

static _Noreturn void refuse(const char *what, const char *word)
{
    char names[256];
    struct builder b = builder_on(names, sizeof(names));
    work_names(&b);
    (void)fprintf(stderr, "bench_load: %s%s\nusage: bench_load WORK PORT [options]\nworks: %s\n",
                  what, word, builder_end(&b));
    (void)fprintf(stderr, "options:");
    for (const struct option *o = known; o->name; o++)
        (void)fprintf(stderr, " --%s%s", o->name, o->has_arg ? "=..." : "");
    (void)fprintf(stderr, "\n");
    exit(2);
}

static uint64_t number(const char *word, uint64_t max)
{
    uint64_t value;
    if (!text_to_size(text_of(word), max, &value))
        refuse("not a number here: ", word);
    return value;
}

static uint64_t duration_ns(const char *word)
{
    char *end;
    double seconds = strtod(word, &end);
    if (*end || end == word || !(seconds > 0 && seconds < 1e6))
        refuse("not a time: ", word);
    return (uint64_t)(seconds * 1e9);
}

static enum security security(const char *word)
{
    if (!strcmp(word, "1.2"))
        return SECURITY_TLS12;
    if (strcmp(word, "1.3") != 0)
        refuse("not a version of TLS: ", word);
    return SECURITY_TLS13;
}

static void take_flag(struct options *o, enum key key)
{
    switch (key) {
    case KEY_EAGER:
        o->is_eager = true;
        break;
    case KEY_PASV:
        o->is_pasv_only = true;
        break;
    case KEY_RESUME:
        o->is_resuming = true;
        break;
    case KEY_SPREAD:
        o->is_spread = true;
        break;
    default:
        refuse("an option is not known", "");
    }
}

static void take_word(struct options *o, enum key key, const char *word)
{
    switch (key) {
    case KEY_DIRECTORY:
        o->directory = word;
        break;
    case KEY_FILE:
        o->file = word;
        break;
    case KEY_HOST:
        if (inet_pton(AF_INET, word, &o->server.sin_addr) != 1)
            refuse("not an IPv4 address: ", word);
        break;
    case KEY_PASSWORD:
        o->password = word;
        break;
    case KEY_TLS:
        o->security = security(word);
        break;
    case KEY_USER:
        o->user = word;
        break;
    default:
        take_flag(o, key);
    }
}

static void take(struct options *o, enum key key, const char *word)
{
    switch (key) {
    case KEY_BYTES:
        o->bytes = number(word, INT64_MAX);
        break;
    case KEY_ENTRIES:
        o->entries = number(word, INT64_MAX);
        break;
    case KEY_IDLE:
        o->idle = (unsigned)number(word, SESSIONS_MAX);
        break;
    case KEY_OPERATIONS:
        o->operations = number(word, INT64_MAX);
        break;
    case KEY_PATIENCE:
        o->patience_ms = number(word, 1000) * 1000;
        break;
    case KEY_SECONDS:
        o->duration_ns = duration_ns(word);
        break;
    case KEY_SESSIONS:
        o->sessions = (unsigned)number(word, SESSIONS_MAX);
        break;
    case KEY_THREADS:
        o->threads = (unsigned)number(word, THREADS_MAX);
        break;
    default:
        take_word(o, key, word);
    }
}

void options_read(int count, char **words, struct options *ret_options)
{
    struct options o = {
        .user = "demo",
        .password = "secret",
        .file = "small",
        .directory = "many",
        .sessions = 1,
        .threads = 1,
        .duration_ns = 3000000000,
        .patience_ms = 20000,
    };
    o.server.sin_family = AF_INET;
    o.server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int key;
    while ((key = getopt_long(count, words, "", known, NULL)) != -1)
        take(&o, (enum key)key, optarg);
    if (count - optind != 2)
        refuse("a work and a port are needed", "");
    o.work = work_find(words[optind]);
    if (!o.work)
        refuse("no such work: ", words[optind]);
    o.server.sin_port = htons((uint16_t)number(words[optind + 1], UINT16_MAX));
    if (!o.sessions || !o.threads)
        refuse("at least one session and one thread", "");
    if (o.threads > o.sessions)
        o.threads = o.sessions;
    *ret_options = o;
}
