/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/confinement.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"

/* PR_GET_SECCOMP's word for a filter. */
enum { SECCOMP_IS_FILTER = 2 };

/* ---- Looking ------------------------------------------------------------------------ */

bool confinement_forbid_core_dumps(void)
{
    const struct rlimit none = {0, 0};
    return !setrlimit(RLIMIT_CORE, &none) && !prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static bool dumps_no_core(void)
{
    struct rlimit limit;
    return !getrlimit(RLIMIT_CORE, &limit) && !limit.rlim_max &&
           !prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
}

void confinement_observe(struct confinement *confinement)
{
    confinement->is_root = geteuid() == 0;
    confinement->capabilities = privileges_left();
    confinement->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    confinement->seccomp = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_IS_FILTER;
    confinement->no_core_dumps = dumps_no_core();
}

/* ---- Telling ------------------------------------------------------------------------ */

/* Those that ferry may keep have a name here, others a number. */
static void put_capability(int capability, struct builder *b)
{
    if (b->len)
        builder_put_byte(b, ',');
    if (capability == CAP_NET_BIND_SERVICE)
        builder_put(b, TEXT("net_bind_service"));
    else
        builder_put_number(b, (uint64_t)capability);
}

void confinement_put_capabilities(const struct confinement *confinement, struct builder *b)
{
    if (!confinement->capabilities)
        builder_put(b, TEXT("none"));
    for (int capability = 0; capability < 64; capability++)
        if (confinement->capabilities & PRIVILEGE(capability))
            put_capability(capability, b);
}

void confinement_put_landlock(const struct confinement *confinement, struct builder *b)
{
    if (!confinement->landlock_abi) {
        builder_put(b, TEXT("off"));
    } else if (confinement->landlock_partial) {
        builder_put(b, TEXT("partial"));
    } else {
        builder_put(b, TEXT("abi"));
        builder_put_number(b, (uint64_t)confinement->landlock_abi);
    }
}

void confinement_put(const struct confinement *confinement, struct builder *b)
{
    builder_put(b, TEXT("user "));
    builder_put_string(b, confinement->user);
    if (confinement->capabilities) {
        char bytes[CONFINEMENT_TEXT_SIZE];
        struct builder names = builder_on(bytes, sizeof(bytes));
        confinement_put_capabilities(confinement, &names);
        builder_put(b, TEXT(", capabilities "));
        builder_put(b, builder_text(&names));
    } else {
        builder_put(b, TEXT(", no capabilities"));
    }
    builder_put_string(b, confinement->no_new_privs ? ", no new privileges" : ", NEW PRIVILEGES");
    builder_put_string(b, confinement->seccomp ? ", seccomp on" : ", NO SECCOMP");
    builder_put_string(b, !confinement->landlock_abi      ? ", NO LANDLOCK"
                          : confinement->landlock_partial ? ", landlock partial"
                                                          : ", landlock on");
    builder_put_string(b, confinement->no_core_dumps ? ", no core dumps" : ", CORE DUMPS");
}

static struct text on_or_off(bool on)
{
    return on ? TEXT("on") : TEXT("off");
}

static void warn_unless(bool holds, const char *layer, const char *reason)
{
    if (!holds)
        log_warning("sandbox-incomplete", LOG_TEXT("layer", text_of(layer)),
                    LOG_TEXT("reason", text_of(reason)));
}

void confinement_log(const struct confinement *confinement)
{
    char names[CONFINEMENT_TEXT_SIZE];
    char landlock[CONFINEMENT_TEXT_SIZE];
    struct builder b = builder_on(names, sizeof(names));
    struct builder l = builder_on(landlock, sizeof(landlock));
    confinement_put_capabilities(confinement, &b);
    confinement_put_landlock(confinement, &l);
    log_info("sandbox", LOG_TEXT("user", text_of(confinement->user)),
             LOG_TEXT("capabilities", builder_text(&b)),
             LOG_TEXT("no_new_privs", on_or_off(confinement->no_new_privs)),
             LOG_TEXT("seccomp", on_or_off(confinement->seccomp)),
             LOG_TEXT("landlock", builder_text(&l)),
             LOG_TEXT("core_dumps", on_or_off(!confinement->no_core_dumps)));
    warn_unless(!confinement->is_root, "user",
                "the server is root, though without its capabilities: say run-as, or give the "
                "root directory to another user");
    warn_unless(confinement->no_new_privs, "no_new_privs", "the kernel refused it");
    warn_unless(confinement->seccomp, "seccomp", "the kernel has no system call filters");
    warn_unless(confinement->landlock_abi, "landlock", "the kernel has none, or only ABI 1");
    warn_unless(!confinement->landlock_partial, "landlock",
                "partial: users of the database may get any directory as their root; set "
                "user-roots");
    warn_unless(confinement->no_core_dumps, "core_dumps", "the kernel refused it");
}
