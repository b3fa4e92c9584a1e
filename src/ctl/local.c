/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/local.h"

#include <stdio.h>
#include <stdlib.h>

#include "account/password.h"
#include "base/memory.h"
#include "ctl/reach.h"
#include "ctl/secret.h"
#include "ctl/settings.h"
#include "ctl/show.h"

/* Prints what goes into `password` of a user block in ferryd.conf. */
int local_password_hash(struct call *call)
{
    char password[SECRET_SIZE];
    const char *why;
    char *hash = NULL;
    if (!secret_read(false, password, &why))
        return reach_fail("password hash", why, EXIT_FAILURE);
    enum fault f = password_hash(text_of(password), &hash);
    explicit_bzero(password, sizeof(password));
    if (f)
        return reach_fail("password hash", fault_text(f), EXIT_FAILURE);
    if (call_has(call, "json"))
        (void)printf("{\"ok\":true,\"hash\":\"%s\"}\n", hash); /* of letters that need no escape */
    else
        (void)printf("%s\n", hash);
    memory_free(hash);
    return EXIT_SUCCESS;
}

/* ---- Settings
 * ------------------------------------------------------------------------------------ */

int local_config_check(struct call *call)
{
    const char *file = call_option(call, "config");
    if (!settings_check(file ? file : SETTINGS_FILE))
        return EXIT_USAGE;
    (void)printf(call_has(call, "json") ? "{\"ok\":true}\n" : "The settings are right.\n");
    return EXIT_SUCCESS;
}

/* Of the file, or of the server that runs: {"ok": true, "settings": {...}}; NULL: it was said why
 * not. */
static json_t *ask_settings(const struct call *call, int *ret_status)
{
    const char *file = call_option(call, "config");
    if (file) {
        json_t *settings = settings_load(file);
        *ret_status = settings ? EXIT_SUCCESS : EXIT_USAGE;
        return settings ? json_pack("{s:b, s:o}", "ok", 1, "settings", settings) : NULL;
    }
    json_t *request = json_pack("{s:s}", "command", "config show");
    json_t *answer = reach_execute(call, request);
    json_decref(request);
    *ret_status = reach_status(answer);
    if (!*ret_status)
        return answer;
    json_decref(answer);
    return NULL;
}

int local_config_show(struct call *call)
{
    int status;
    json_t *answer = ask_settings(call, &status);
    if (answer && call_has(call, "json"))
        show_json(answer);
    else if (answer)
        show_answer(answer, NULL);
    json_decref(answer);
    return status;
}

/* ---- Firewalls
 * -------------------------------------------------------------------------------------- */

/* What passive data connections get when nothing is said (RFC 6335 6: dynamic ports). */
static const char dynamic_ports[] = "49152-65535";

struct ports {
    uint64_t control;
    struct text first; /* of passive connections */
    struct text last;
};

static bool find_ports(const json_t *settings, struct ports *ret_ports)
{
    const char *control = json_string_value(json_object_get(settings, "port"));
    const char *passive = json_string_value(json_object_get(settings, "passive-ports"));
    ret_ports->last = text_of(passive ? passive : dynamic_ports);
    ret_ports->first = text_take_until(&ret_ports->last, '-');
    return text_to_number(text_of(control), UINT16_MAX, &ret_ports->control) &&
           ret_ports->control && ret_ports->last.len;
}

static int show_firewall(struct call *call, void (*show)(const struct ports *ports))
{
    int status;
    struct ports ports;
    json_t *answer = ask_settings(call, &status);
    if (answer && find_ports(json_object_get(answer, "settings"), &ports))
        show(&ports);
    else if (answer)
        status = reach_fail("port", "any free one: there is no rule for that", EXIT_FAILURE);
    json_decref(answer);
    return status;
}

static void show_nftables(const struct ports *ports)
{
    (void)printf("add rule inet filter input tcp dport %u accept comment \"ferryd: control\"\n"
                 "add rule inet filter input tcp dport %.*s-%.*s accept comment "
                 "\"ferryd: passive data\"\n",
                 (unsigned)ports->control, TEXT_ARGS(ports->first), TEXT_ARGS(ports->last));
}

static void show_ufw(const struct ports *ports)
{
    (void)printf("ufw allow %u/tcp comment 'ferryd: control'\n"
                 "ufw allow %.*s:%.*s/tcp comment 'ferryd: passive data'\n",
                 (unsigned)ports->control, TEXT_ARGS(ports->first), TEXT_ARGS(ports->last));
}

int local_firewall_nftables(struct call *call)
{
    return show_firewall(call, show_nftables);
}

int local_firewall_ufw(struct call *call)
{
    return show_firewall(call, show_ufw);
}

/* ---- Explaining
 * ---------------------------------------------------------------------------------------- */

static struct text text_in(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return (struct text){json_string_value(value), json_string_length(value)};
}

static const char *verdict_word(const json_t *check)
{
    if (json_is_true(json_object_get(check, "allowed")))
        return "allowed";
    return json_is_true(json_object_get(check, "hidden")) ? "hidden" : "denied";
}

static void show_check(const json_t *check)
{
    const json_t *steps = json_object_get(check, "steps");
    struct text when = text_in(check, "when");
    show_text(text_in(check, "about"));
    (void)printf(when.len ? " %.*s: " : "%.*s: ", TEXT_ARGS(when));
    (void)printf("%s: ", verdict_word(check));
    show_text(text_in(check, "rule"));
    (void)putchar('\n');
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *step = json_array_get(steps, i);
        bool fits = json_is_true(json_object_get(step, "fits"));
        (void)printf("    %s  ", fits ? "fits   " : "fits not");
        show_text(text_in(step, "rule"));
        (void)putchar('\n');
    }
}

static void show_explanation(const struct call *call, const json_t *answer)
{
    const json_t *checks = json_object_get(answer, "checks");
    const json_t *quota = json_object_get(answer, "quota");
    (void)printf("%s\n\n", json_is_true(json_object_get(answer, "allowed")) ? "allowed" : "denied");
    for (size_t i = 0; i < json_array_size(checks); i++)
        show_check(json_array_get(checks, i));
    if (quota) {
        (void)putchar('\n');
        show_table(quota, call->command->columns);
    }
}

int local_explain(struct call *call)
{
    json_t *answer = reach_execute(call, call->request);
    int status = reach_status(answer);
    if (!status && !json_is_true(json_object_get(answer, "allowed")))
        status = EXIT_DENIED;
    if (answer && call_has(call, "json"))
        show_json(answer);
    else if (answer && (!status || status == EXIT_DENIED))
        show_explanation(call, answer);
    json_decref(answer);
    return status;
}
